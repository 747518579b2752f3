/* Keys of 16 bytes in little memory: module lienthong.exchange.replay._key_set (decision 0024).

   4,096 tables, each with open addressing and linear probing, grown alone: no addition moves more than one in four
   thousand of the keys. A key is found with one look into memory, as a rule. Keys are digests, so that their first
   bytes say where they stand; a place whose 16 bytes are zero is free, and the key of zeros is counted apart. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

#define KEY_SIZE 16
#define TABLES (1 << 12)
#define SMALLEST 8

typedef struct {
    uint64_t low, high;
} Key;

typedef struct {
    Key *places;
    uint32_t mask; /* places - 1; places are a power of two, or none */
    uint32_t used;
} Table;

typedef struct {
    PyObject_HEAD
    Py_ssize_t count;
    int has_zeros;
    Table *tables;
} KeySet;

static int is_free(Key key) { return (key.low | key.high) == 0; }
static int is_same(Key a, Key b) { return a.low == b.low && a.high == b.high; }
static Table *table_of(const KeySet *set, Key key) { return &set->tables[key.low & (TABLES - 1)]; }
static uint32_t home_of(const Table *table, Key key) { return (uint32_t)(key.low >> 12) & table->mask; }

/* 0 with an error where the argument is no key. */
static int key_from(PyObject *given, Key *key)
{
    if (!PyBytes_CheckExact(given) || PyBytes_GET_SIZE(given) != KEY_SIZE) {
        PyErr_SetString(PyExc_TypeError, "a key is 16 bytes");
        return 0;
    }
    memcpy(key, PyBytes_AS_STRING(given), KEY_SIZE);
    return 1;
}

/* Where the key stands, or the free place where it would; the table is never full. */
static uint32_t place_of(const Table *table, Key key)
{
    uint32_t at = home_of(table, key);
    while (!is_free(table->places[at]) && !is_same(table->places[at], key))
        at = (at + 1) & table->mask;
    return at;
}

static int grown(Table *table)
{
    uint32_t places = table->places == NULL ? SMALLEST : 2 * (table->mask + 1);
    Table larger = {PyMem_RawCalloc(places, sizeof(Key)), places - 1, table->used};
    if (larger.places == NULL)
        return 0;
    for (uint32_t at = 0; table->places != NULL && at <= table->mask; at++)
        if (!is_free(table->places[at]))
            larger.places[place_of(&larger, table->places[at])] = table->places[at];
    PyMem_RawFree(table->places);
    *table = larger;
    return 1;
}

static int holds(const KeySet *set, Key key)
{
    if (is_free(key))
        return set->has_zeros;
    const Table *table = table_of(set, key);
    return table->places != NULL && !is_free(table->places[place_of(table, key)]);
}

static int contains(PyObject *self, PyObject *given)
{
    Key key;
    return key_from(given, &key) ? holds((KeySet *)self, key) : -1;
}

static PyObject *add(PyObject *self, PyObject *given)
{
    KeySet *set = (KeySet *)self;
    Key key;
    if (!key_from(given, &key))
        return NULL;
    if (holds(set, key))
        Py_RETURN_NONE;
    if (is_free(key)) {
        set->has_zeros = 1;
    } else {
        Table *table = table_of(set, key);
        /* At most seven eighths of the places are taken: a key never needs more than 37 bytes. */
        if ((table->places == NULL || 8 * (table->used + 1) > 7 * (table->mask + 1)) && !grown(table))
            return PyErr_NoMemory();
        table->places[place_of(table, key)] = key;
        table->used++;
    }
    set->count++;
    Py_RETURN_NONE;
}

/* Those behind the place that becomes free move up, as far as they may: no search ends too soon. */
static void taken_out(Table *table, uint32_t hole)
{
    uint32_t at = hole;
    for (;;) {
        at = (at + 1) & table->mask;
        if (is_free(table->places[at]))
            break;
        uint32_t home = home_of(table, table->places[at]);
        if (((at - home) & table->mask) < ((at - hole) & table->mask))
            continue;
        table->places[hole] = table->places[at];
        hole = at;
    }
    memset(&table->places[hole], 0, sizeof(Key));
    table->used--;
}

static PyObject *discard(PyObject *self, PyObject *given)
{
    KeySet *set = (KeySet *)self;
    Key key;
    if (!key_from(given, &key))
        return NULL;
    if (holds(set, key)) {
        if (is_free(key))
            set->has_zeros = 0;
        else
            taken_out(table_of(set, key), place_of(table_of(set, key), key));
        set->count--;
    }
    Py_RETURN_NONE;
}

static Py_ssize_t length(PyObject *self) { return ((KeySet *)self)->count; }

static PyObject *new_set(PyTypeObject *type, PyObject *args, PyObject *named)
{
    if (PyTuple_GET_SIZE(args) != 0 || (named != NULL && PyDict_GET_SIZE(named) != 0)) {
        PyErr_SetString(PyExc_TypeError, "KeySet takes no arguments");
        return NULL;
    }
    KeySet *set = (KeySet *)type->tp_alloc(type, 0);
    if (set == NULL)
        return NULL;
    set->tables = PyMem_RawCalloc(TABLES, sizeof(Table));
    if (set->tables == NULL) {
        Py_DECREF(set);
        return PyErr_NoMemory();
    }
    return (PyObject *)set;
}

static void dealloc(PyObject *self)
{
    KeySet *set = (KeySet *)self;
    for (int at = 0; set->tables != NULL && at < TABLES; at++)
        PyMem_RawFree(set->tables[at].places);
    PyMem_RawFree(set->tables);
    Py_TYPE(self)->tp_free(self);
}

static PyMethodDef methods[] = {
    {"add", add, METH_O, "Take up a key; one that is there stays."},
    {"discard", discard, METH_O, "Take it out, if it is there."},
    {NULL, NULL, 0, NULL},
};
static PySequenceMethods as_sequence = {.sq_length = length, .sq_contains = contains};
static PyTypeObject key_set_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "lienthong.exchange.replay._key_set.KeySet",
    .tp_doc = "Keys of 16 bytes that are evenly spread (digests).",
    .tp_basicsize = sizeof(KeySet),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = new_set,
    .tp_dealloc = dealloc,
    .tp_as_sequence = &as_sequence,
    .tp_methods = methods,
};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_key_set", NULL, -1, NULL, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__key_set(void)
{
    if (PyType_Ready(&key_set_type) < 0)
        return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL && PyModule_AddObjectRef(module, "KeySet", (PyObject *)&key_set_type) < 0)
        Py_CLEAR(module);
    return module;
}
