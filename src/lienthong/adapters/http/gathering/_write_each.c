/* Bytes to many sockets with one call of the system: module lienthong.adapters.http.gathering._write_each (decision
   0026).

   Written by io_submit(2), which does one write after the other before it returns, as a socket that does not wait
   takes or refuses what it is given at once. What is refused, for whatever reason, counts as nothing written: the
   caller tries again in its usual way, and finds the reason. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <errno.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST 128

typedef struct {
    PyObject_HEAD
    aio_context_t context; /* 0: none */
    struct iocb blocks[MOST], *each[MOST];
    struct io_event events[MOST];
} Writer;

/* How many of the first `count` were done, in order; their results are in `events`, by number. Without the
   interpreter. */
static long submitted(Writer *self, long count)
{
    long taken = syscall(SYS_io_submit, self->context, count, self->each);
    for (long done = 0; done < taken;) {
        long more = syscall(SYS_io_getevents, self->context, taken - done, taken - done, self->events + done, NULL);
        if (more < 0 && errno != EINTR)
            return -1;
        done += more > 0 ? more : 0;
    }
    return taken > 0 ? taken : 0;
}

/* 0 with an error where an argument is not as it has to be. */
static int prepared(Writer *self, Py_ssize_t number, PyObject *file, PyObject *chunk)
{
    if (!PyBytes_CheckExact(chunk)) {
        PyErr_SetString(PyExc_TypeError, "a chunk is bytes");
        return 0;
    }
    int descriptor = PyObject_AsFileDescriptor(file);
    if (descriptor < 0)
        return 0;
    struct iocb *block = &self->blocks[number];
    memset(block, 0, sizeof *block);
    block->aio_data = (uint64_t)number;
    block->aio_lio_opcode = IOCB_CMD_PWRITE;
    block->aio_fildes = (uint32_t)descriptor;
    block->aio_buf = (uint64_t)(uintptr_t)PyBytes_AS_STRING(chunk);
    block->aio_nbytes = (uint64_t)PyBytes_GET_SIZE(chunk);
    self->each[number] = block;
    return 1;
}

/* A list of numbers, that of each result, 0 where there is none. */
static PyObject *told(const Writer *self, Py_ssize_t count, long done)
{
    int64_t written[MOST] = {0};
    for (long at = 0; at < done; at++)
        written[self->events[at].data] = self->events[at].res > 0 ? self->events[at].res : 0;
    PyObject *list = PyList_New(count);
    for (Py_ssize_t at = 0; list != NULL && at < count; at++) {
        PyObject *number = PyLong_FromLongLong(written[at]);
        if (number == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, at, number);
    }
    return list;
}

static PyObject *write_each(PyObject *object, PyObject *const *args, Py_ssize_t given)
{
    Writer *self = (Writer *)object;
    if (given != 2 || !PyList_CheckExact(args[0]) || !PyList_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "write_each takes a list of descriptors and one of bytes");
        return NULL;
    }
    if (PyList_GET_SIZE(args[0]) != PyList_GET_SIZE(args[1]) || PyList_GET_SIZE(args[0]) > MOST) {
        PyErr_Format(PyExc_ValueError, "as many of both are written at once, at most %d", MOST);
        return NULL;
    }
    Py_ssize_t count = PyList_GET_SIZE(args[0]);
    for (Py_ssize_t at = 0; at < count; at++)
        if (!prepared(self, at, PyList_GET_ITEM(args[0], at), PyList_GET_ITEM(args[1], at)))
            return NULL;
    /* The caller keeps the lists as they are. Others may have the interpreter meanwhile: a commit begins the sooner. */
    long done;
    Py_BEGIN_ALLOW_THREADS
    done = submitted(self, count);
    Py_END_ALLOW_THREADS
    return done < 0 ? PyErr_SetFromErrno(PyExc_OSError) : told(self, count, done);
}

static PyObject *new_writer(PyTypeObject *type, PyObject *args, PyObject *named)
{
    if (PyTuple_GET_SIZE(args) != 0 || (named != NULL && PyDict_GET_SIZE(named) != 0)) {
        PyErr_SetString(PyExc_TypeError, "Writer takes no arguments");
        return NULL;
    }
    Writer *self = (Writer *)type->tp_alloc(type, 0);
    if (self != NULL && syscall(SYS_io_setup, MOST, &self->context) < 0) {
        self->context = 0;
        PyErr_SetFromErrno(PyExc_OSError);
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

static void dealloc(PyObject *object)
{
    if (((Writer *)object)->context != 0)
        syscall(SYS_io_destroy, ((Writer *)object)->context);
    Py_TYPE(object)->tp_free(object);
}

static PyMethodDef methods[] = {
    {"write_each", (PyCFunction)(void (*)(void))write_each, METH_FASTCALL, "How many bytes each of them took."},
    {NULL, NULL, 0, NULL},
};
static PyTypeObject writer = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "lienthong.adapters.http.gathering._write_each.Writer",
    .tp_doc = "Writes to many sockets with one call of the system.",
    .tp_basicsize = sizeof(Writer),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = new_writer,
    .tp_dealloc = dealloc,
    .tp_methods = methods,
};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_write_each", NULL, -1, NULL, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__write_each(void)
{
    if (PyType_Ready(&writer) < 0)
        return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL && PyModule_AddObjectRef(module, "Writer", (PyObject *)&writer) < 0)
        Py_CLEAR(module);
    return module;
}
