/* One sync at a time by the kernel: module lienthong.adapters.ledger_files._kernel_syncs (decision 0027).

   The calls are those of `kernel_syncs` in Python, which has the words to each. None of them waits, so the interpreter
   is kept. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <errno.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct {
    PyObject_HEAD
    aio_context_t context; /* 0: none, or given back */
    int done; /* -1: none, or given back */
} Syncs;

static PyObject *submit(PyObject *object, PyObject *file)
{
    Syncs *self = (Syncs *)object;
    int descriptor = PyObject_AsFileDescriptor(file);
    if (descriptor < 0)
        return NULL;
    struct iocb block, *each[] = {&block}; /* the kernel has its own copy when the call ends */
    memset(&block, 0, sizeof block);
    block.aio_lio_opcode = IOCB_CMD_FDSYNC;
    block.aio_fildes = (uint32_t)descriptor;
    block.aio_flags = IOCB_FLAG_RESFD;
    block.aio_resfd = (uint32_t)self->done;
    if (syscall(SYS_io_submit, self->context, 1L, each) != 1)
        return PyErr_SetFromErrno(PyExc_OSError);
    Py_RETURN_NONE;
}

static PyObject *result(PyObject *object, PyObject *none)
{
    Syncs *self = (Syncs *)object;
    uint64_t count;
    struct io_event event;
    struct timespec no_time = {0, 0};
    if (read(self->done, &count, sizeof count) < 0)
        return PyErr_SetFromErrno(PyExc_OSError);
    long found = syscall(SYS_io_getevents, self->context, 1L, 1L, &event, &no_time);
    if (found == 1)
        return PyLong_FromLongLong((long long)event.res);
    errno = found < 0 ? errno : EAGAIN;
    return PyErr_SetFromErrno(PyExc_OSError);
}

static void give_back(Syncs *self)
{
    if (self->context != 0)
        syscall(SYS_io_destroy, self->context);
    if (self->done >= 0)
        close(self->done);
    self->context = 0;
    self->done = -1;
}

static PyObject *close_it(PyObject *object, PyObject *none)
{
    give_back((Syncs *)object);
    Py_RETURN_NONE;
}

static PyObject *descriptor(PyObject *object, void *closure) { return PyLong_FromLong(((Syncs *)object)->done); }

static PyObject *new_syncs(PyTypeObject *type, PyObject *args, PyObject *named)
{
    if (PyTuple_GET_SIZE(args) != 0 || (named != NULL && PyDict_GET_SIZE(named) != 0)) {
        PyErr_SetString(PyExc_TypeError, "KernelSyncs takes no arguments");
        return NULL;
    }
    Syncs *self = (Syncs *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->done = -1;
    if (syscall(SYS_io_setup, 1L, &self->context) < 0)
        self->context = 0;
    else
        self->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->done < 0) {
        PyErr_SetFromErrno(PyExc_OSError);
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

static void dealloc(PyObject *object)
{
    give_back((Syncs *)object);
    Py_TYPE(object)->tp_free(object);
}

static PyMethodDef methods[] = {
    {"submit", submit, METH_O, "Begin to make a file durable."},
    {"result", result, METH_NOARGS, "How it went."},
    {"close", close_it, METH_NOARGS, "Give everything back."},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef getters[] = {
    {"descriptor", descriptor, NULL, "What can be read from when it is done.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
static PyTypeObject syncs = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "lienthong.adapters.ledger_files._kernel_syncs.KernelSyncs",
    .tp_doc = "One sync at a time by the kernel.",
    .tp_basicsize = sizeof(Syncs),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = new_syncs,
    .tp_dealloc = dealloc,
    .tp_methods = methods,
    .tp_getset = getters,
};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_kernel_syncs", NULL, -1, NULL, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__kernel_syncs(void)
{
    if (PyType_Ready(&syncs) < 0)
        return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL && PyModule_AddObjectRef(module, "KernelSyncs", (PyObject *)&syncs) < 0)
        Py_CLEAR(module);
    return module;
}
