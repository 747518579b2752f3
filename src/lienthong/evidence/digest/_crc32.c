/* crc32 by carry-less multiplication: module lienthong.evidence.digest._crc32 (decision 0024).

   Every 16 bytes are folded into those 64 bytes further on: both leave the same remainder of the polynomial of crc32
   (ISO 3309, 0x04C11DB7, bits reflected). The last 16 bytes, and what is short, go through a table. Where the
   processor has no such instruction, the module cannot be imported. The interpreter is kept: who calls bounds what it
   gives. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

#define REFLECTED 0xEDB88320u

static uint32_t table[256];

static void fill_table(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t left = byte;
        for (int bit = 0; bit < 8; bit++)
            left = (left >> 1) ^ (left & 1 ? REFLECTED : 0);
        table[byte] = left;
    }
}

static uint32_t by_table(uint32_t state, const uint8_t *at, size_t size)
{
    for (const uint8_t *end = at + size; at < end; at++)
        state = (state >> 8) ^ table[(state ^ *at) & 0xFF];
    return state;
}

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define WIDE 64
#define ONE 16
#define WITH_FOLDING __attribute__((target("pclmul,sse4.1")))

static int can_fold(void) { return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1"); }

/* `by`: x to the power of the distance plus 32 and minus 32 bits, modulo the polynomial, reflected. */
WITH_FOLDING static __m128i folded(__m128i into, __m128i by, __m128i next)
{
    __m128i low = _mm_clmulepi64_si128(into, by, 0x00), high = _mm_clmulepi64_si128(into, by, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

WITH_FOLDING static __m128i read_at(const uint8_t *at) { return _mm_loadu_si128((const __m128i *)at); }

WITH_FOLDING static uint32_t crc_of(uint32_t state, const uint8_t *at, size_t size)
{
    if (size < WIDE)
        return by_table(state, at, size);
    const __m128i by_512 = _mm_set_epi64x(0x1C6E41596, 0x154442BD4), by_128 = _mm_set_epi64x(0x0CCAA009E, 0x1751997D0);
    __m128i lane[4];
    for (int one = 0; one < 4; one++)
        lane[one] = read_at(at + one * ONE);
    lane[0] = _mm_xor_si128(lane[0], _mm_cvtsi32_si128((int)state));
    for (at += WIDE, size -= WIDE; size >= WIDE; at += WIDE, size -= WIDE)
        for (int one = 0; one < 4; one++)
            lane[one] = folded(lane[one], by_512, read_at(at + one * ONE));
    __m128i all = lane[0];
    for (int one = 1; one < 4; one++)
        all = folded(all, by_128, lane[one]);
    for (; size >= ONE; at += ONE, size -= ONE)
        all = folded(all, by_128, read_at(at));
    uint8_t last[ONE];
    _mm_storeu_si128((__m128i *)last, all);
    return by_table(by_table(0, last, ONE), at, size);
}

#else

static int can_fold(void) { return 0; }
static uint32_t crc_of(uint32_t state, const uint8_t *at, size_t size) { return by_table(state, at, size); }

#endif

static PyObject *crc32(PyObject *module, PyObject *const *given, Py_ssize_t count)
{
    if (count < 1 || count > 2) {
        PyErr_SetString(PyExc_TypeError, "crc32 takes bytes, and the value to go on from");
        return NULL;
    }
    unsigned long before = count == 2 ? PyLong_AsUnsignedLongMask(given[1]) : 0;
    if (before == (unsigned long)-1 && PyErr_Occurred())
        return NULL;
    Py_buffer data;
    if (PyObject_GetBuffer(given[0], &data, PyBUF_SIMPLE) < 0)
        return NULL;
    uint32_t state = crc_of(~(uint32_t)before, data.buf, (size_t)data.len);
    PyBuffer_Release(&data);
    return PyLong_FromUnsignedLong((uint32_t)~state);
}

static PyMethodDef methods[] = {
    {"crc32", (PyCFunction)(void (*)(void))crc32, METH_FASTCALL, "As zlib.crc32."},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_crc32", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__crc32(void)
{
    if (!can_fold()) {
        PyErr_SetString(PyExc_ImportError, "this processor has no carry-less multiplication");
        return NULL;
    }
    fill_table();
    return PyModule_Create(&definition);
}
