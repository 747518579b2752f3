/* Digests of many byte strings in one call: module lienthong.evidence.digest._of_each (decision 0024).

   SHA-256 is worked out for two strings at a time where the processor has instructions for it (`_sha256_two.h`).
   SHA-512, for which most processors have none, is worked out for eight strings side by side where there is AVX-512
   (FIPS 180-4, 6.4). Else both are OpenSSL's, whose algorithm is looked up once and not for each string. The
   interpreter is kept: who calls bounds what it gives. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "_sha256_two.h"

/* The few functions of libcrypto 3 that are used; its headers are not needed to build this. */
typedef struct evp_md_st EVP_MD;
typedef struct evp_md_ctx_st EVP_MD_CTX;
extern EVP_MD *EVP_MD_fetch(void *context, const char *name, const char *properties);
extern EVP_MD_CTX *EVP_MD_CTX_new(void);
extern int EVP_DigestInit_ex(EVP_MD_CTX *context, const EVP_MD *algorithm, void *engine);
extern int EVP_DigestUpdate(EVP_MD_CTX *context, const void *data, size_t size);
extern int EVP_DigestFinal_ex(EVP_MD_CTX *context, unsigned char *out, unsigned int *size);

#define STRINGS_MAX (1 << 20)
#define LEAST_SIDE_BY_SIDE 3 /* fewer are done sooner one by one */

typedef struct {
    EVP_MD *algorithm;
    EVP_MD_CTX *context;
    int size;
} Digest;

static Digest sha256, sha512;
static int has_lanes, has_two;

static int one(const Digest *digest, const void *data, size_t size, unsigned char *out)
{
    return EVP_DigestInit_ex(digest->context, digest->algorithm, NULL) == 1 &&
           EVP_DigestUpdate(digest->context, data, size) == 1 &&
           EVP_DigestFinal_ex(digest->context, out, NULL) == 1;
}

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define LANES 8
#define BLOCK 128
#define WITH_AVX512 __attribute__((target("avx512f,avx512bw")))

static const uint64_t ROUND[80] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538,
    0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe,
    0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
    0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5, 0x983e5152ee66dfab,
    0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
    0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed,
    0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
    0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8, 0x19a4c116b8d2d0c8, 0x1e376c085141ab53,
    0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373,
    0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b, 0xca273eceea26619c,
    0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6,
    0x113f9804bef90dae, 0x1b710b35131c471b, 0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
    0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};
static const uint64_t INITIAL[8] = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

typedef struct {
    const unsigned char *data;
    size_t size;
    unsigned char *out;
    size_t blocks; /* of the padded string */
} Job;

typedef struct {
    Job *job;                         /* NULL: nothing in this lane */
    size_t at;                        /* next block */
    unsigned char padded[2 * BLOCK];  /* the end of the string, with what FIPS 180-4, 5.1.2 puts behind it */
} Lane;

/* Longest first: those that are side by side end together. */
static int by_blocks(const void *left, const void *right)
{
    const Job *a = left, *b = right;
    return (a->blocks < b->blocks) - (a->blocks > b->blocks);
}

static void begin(Lane *lane, Job *job)
{
    size_t whole = job->size / BLOCK, rest = job->size % BLOCK, end = (job->blocks - whole) * BLOCK;
    uint64_t bits = (uint64_t)job->size << 3;
    lane->job = job;
    lane->at = 0;
    memcpy(lane->padded, job->data + whole * BLOCK, rest);
    memset(lane->padded + rest, 0, end - rest);
    lane->padded[rest] = 0x80;
    for (int byte = 0; byte < 8; byte++)
        lane->padded[end - 1 - byte] = (unsigned char)(bits >> (8 * byte));
}

static const unsigned char *block_of(const Lane *lane)
{
    size_t whole = lane->job->size / BLOCK;
    return lane->at < whole ? lane->job->data + lane->at * BLOCK : lane->padded + (lane->at - whole) * BLOCK;
}

/* Eight numbers of each lane become eight lanes of each number, in the byte order of this machine. */
WITH_AVX512 static inline void transposed(const unsigned char *const from[LANES], size_t at, __m512i out[8])
{
    const __m512i swap = _mm512_broadcast_i32x4(_mm_set_epi64x(0x08090a0b0c0d0e0f, 0x0001020304050607));
    __m512i row[8], pair[8], four[8];
    for (int lane = 0; lane < 8; lane++)
        row[lane] = _mm512_shuffle_epi8(_mm512_loadu_si512(from[lane] + at), swap);
    for (int lane = 0; lane < 8; lane += 2) {
        pair[lane] = _mm512_unpacklo_epi64(row[lane], row[lane + 1]);
        pair[lane + 1] = _mm512_unpackhi_epi64(row[lane], row[lane + 1]);
    }
    for (int half = 0; half < 8; half += 4)
        for (int odd = 0; odd < 2; odd++) {
            four[half + odd] = _mm512_shuffle_i64x2(pair[half + odd], pair[half + odd + 2], 0x88);
            four[half + odd + 2] = _mm512_shuffle_i64x2(pair[half + odd], pair[half + odd + 2], 0xdd);
        }
    for (int odd = 0; odd < 2; odd++) {
        out[0 + odd] = _mm512_shuffle_i64x2(four[odd], four[4 + odd], 0x88);
        out[4 + odd] = _mm512_shuffle_i64x2(four[odd], four[4 + odd], 0xdd);
        out[2 + odd] = _mm512_shuffle_i64x2(four[2 + odd], four[6 + odd], 0x88);
        out[6 + odd] = _mm512_shuffle_i64x2(four[2 + odd], four[6 + odd], 0xdd);
    }
}

#define ADD(x, y) _mm512_add_epi64(x, y)
#define ROTATED(x, n) _mm512_ror_epi64(x, n)
#define XOR3(x, y, z) _mm512_ternarylogic_epi64(x, y, z, 0x96)
#define CHOICE(x, y, z) _mm512_ternarylogic_epi64(x, y, z, 0xca)
#define MAJORITY(x, y, z) _mm512_ternarylogic_epi64(x, y, z, 0xe8)

/* One block of each lane, FIPS 180-4, 6.4.2. */
WITH_AVX512 static void compress(__m512i state[8], const unsigned char *const from[LANES])
{
    __m512i w[16], a = state[0], b = state[1], c = state[2], d = state[3];
    __m512i e = state[4], f = state[5], g = state[6], h = state[7];
    transposed(from, 0, w);
    transposed(from, 64, w + 8);
    for (int round = 0; round < 80; round += 16) {
        for (int t = 0; t < 16; t++) {
            if (round) {
                __m512i x = w[(t + 1) & 15], y = w[(t + 14) & 15];
                __m512i first = XOR3(ROTATED(x, 1), ROTATED(x, 8), _mm512_srli_epi64(x, 7));
                __m512i second = XOR3(ROTATED(y, 19), ROTATED(y, 61), _mm512_srli_epi64(y, 6));
                w[t] = ADD(ADD(w[t], first), ADD(w[(t + 9) & 15], second));
            }
            __m512i sum = XOR3(ROTATED(e, 14), ROTATED(e, 18), ROTATED(e, 41));
            __m512i one = ADD(ADD(h, sum), ADD(CHOICE(e, f, g), ADD(w[t], _mm512_set1_epi64((long long)ROUND[round + t]))));
            __m512i two = ADD(XOR3(ROTATED(a, 28), ROTATED(a, 34), ROTATED(a, 39)), MAJORITY(a, b, c));
            h = g, g = f, f = e, e = ADD(d, one), d = c, c = b, b = a, a = ADD(one, two);
        }
    }
    state[0] = ADD(state[0], a), state[1] = ADD(state[1], b), state[2] = ADD(state[2], c), state[3] = ADD(state[3], d);
    state[4] = ADD(state[4], e), state[5] = ADD(state[5], f), state[6] = ADD(state[6], g), state[7] = ADD(state[7], h);
}

/* All jobs, eight at a time; a lane that is at its end takes the next one. */
WITH_AVX512 static void side_by_side(Job *jobs, size_t count)
{
    static const unsigned char nothing[BLOCK];
    Lane lanes[LANES];
    const unsigned char *from[LANES];
    uint64_t words[8][LANES] __attribute__((aligned(64)));
    __m512i state[8];
    size_t next = 0, busy = 0;
    qsort(jobs, count, sizeof *jobs, by_blocks);
    for (int lane = 0; lane < LANES; lane++) {
        lanes[lane].job = NULL;
        if (next < count)
            begin(&lanes[lane], &jobs[next++]), busy++;
    }
    for (int word = 0; word < 8; word++)
        state[word] = _mm512_set1_epi64((long long)INITIAL[word]);
    while (busy) {
        int ended = 0;
        for (int lane = 0; lane < LANES; lane++) {
            Job *job = lanes[lane].job;
            from[lane] = job ? block_of(&lanes[lane]) : nothing;
            ended |= job && ++lanes[lane].at == job->blocks;
        }
        compress(state, from);
        if (!ended)
            continue;
        for (int word = 0; word < 8; word++)
            _mm512_store_si512(words[word], state[word]);
        for (int lane = 0; lane < LANES; lane++) {
            Job *job = lanes[lane].job;
            if (!job || lanes[lane].at < job->blocks)
                continue;
            for (int word = 0; word < 8; word++) {
                uint64_t value = __builtin_bswap64(words[word][lane]);
                memcpy(job->out + 8 * word, &value, 8);
                words[word][lane] = INITIAL[word];
            }
            lanes[lane].job = NULL;
            if (next < count)
                begin(&lanes[lane], &jobs[next++]);
            else
                busy--;
        }
        for (int word = 0; word < 8; word++)
            state[word] = _mm512_load_si512(words[word]);
    }
}

static int lanes_can(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
}

/* -1 with an error, 0: not done, 1: done. */
static int done_side_by_side(PyObject *strings, PyObject *found)
{
    Py_ssize_t count = PyList_GET_SIZE(strings);
    if (!has_lanes || count < LEAST_SIDE_BY_SIDE)
        return 0;
    Job *jobs = PyMem_Malloc(count * sizeof *jobs);
    if (jobs == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t at = 0; at < count; at++) {
        PyObject *string = PyList_GET_ITEM(strings, at);
        size_t size = PyBytes_GET_SIZE(string);
        jobs[at].data = (const unsigned char *)PyBytes_AS_STRING(string);
        jobs[at].size = size;
        jobs[at].out = (unsigned char *)PyBytes_AS_STRING(PyList_GET_ITEM(found, at));
        jobs[at].blocks = (size + 17 + BLOCK - 1) / BLOCK;
    }
    side_by_side(jobs, count);
    PyMem_Free(jobs);
    return 1;
}
#else
static int lanes_can(void) { return 0; }
static int done_side_by_side(PyObject *strings, PyObject *found) { return 0; }
#endif

/* As `done_side_by_side`, for SHA-256. */
static int done_two_at_a_time(PyObject *strings, PyObject *found)
{
    Py_ssize_t count = PyList_GET_SIZE(strings);
    if (!has_two)
        return 0;
    String256 *each = PyMem_Malloc((count ? count : 1) * sizeof *each);
    if (each == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t at = 0; at < count; at++) {
        PyObject *string = PyList_GET_ITEM(strings, at);
        each[at].data = (const unsigned char *)PyBytes_AS_STRING(string);
        each[at].size = PyBytes_GET_SIZE(string);
        each[at].out = (unsigned char *)PyBytes_AS_STRING(PyList_GET_ITEM(found, at));
    }
    two_at_a_time(each, count);
    PyMem_Free(each);
    return 1;
}

/* 0 with an error where it is no list of bytes. */
static int are_strings(PyObject *strings)
{
    if (!PyList_CheckExact(strings) || PyList_GET_SIZE(strings) > STRINGS_MAX) {
        PyErr_SetString(PyExc_TypeError, "a list of at most 1048576 bytes objects is needed");
        return 0;
    }
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(strings); at++)
        if (!PyBytes_CheckExact(PyList_GET_ITEM(strings, at))) {
            PyErr_SetString(PyExc_TypeError, "every member must be bytes");
            return 0;
        }
    return 1;
}

/* A list of digests that are to be filled in, or NULL with an error. */
static PyObject *room_for(Py_ssize_t count, const Digest *digest)
{
    PyObject *found = PyList_New(count);
    for (Py_ssize_t at = 0; found != NULL && at < count; at++) {
        PyObject *room = PyBytes_FromStringAndSize(NULL, digest->size);
        if (room == NULL)
            Py_CLEAR(found);
        else
            PyList_SET_ITEM(found, at, room);
    }
    return found;
}

static PyObject *each(PyObject *strings, const Digest *digest)
{
    PyObject *found = are_strings(strings) ? room_for(PyList_GET_SIZE(strings), digest) : NULL;
    if (found == NULL)
        return NULL;
    int done = digest == &sha512 ? done_side_by_side(strings, found) : done_two_at_a_time(strings, found);
    for (Py_ssize_t at = 0; done == 0 && at < PyList_GET_SIZE(strings); at++) {
        PyObject *string = PyList_GET_ITEM(strings, at);
        unsigned char *out = (unsigned char *)PyBytes_AS_STRING(PyList_GET_ITEM(found, at));
        if (!one(digest, PyBytes_AS_STRING(string), PyBytes_GET_SIZE(string), out)) {
            PyErr_SetString(PyExc_RuntimeError, "libcrypto could not make a digest");
            done = -1;
        }
    }
    if (done < 0)
        Py_CLEAR(found);
    return found;
}

/* The digest of the prefix and two strings after it, in the order they stand in. */
static int of_pair(PyObject *prefix, PyObject *left, PyObject *right, PyObject *out)
{
    EVP_MD_CTX *into = sha256.context;
    return EVP_DigestInit_ex(into, sha256.algorithm, NULL) == 1 &&
           EVP_DigestUpdate(into, PyBytes_AS_STRING(prefix), PyBytes_GET_SIZE(prefix)) == 1 &&
           EVP_DigestUpdate(into, PyBytes_AS_STRING(left), PyBytes_GET_SIZE(left)) == 1 &&
           EVP_DigestUpdate(into, PyBytes_AS_STRING(right), PyBytes_GET_SIZE(right)) == 1 &&
           EVP_DigestFinal_ex(into, (unsigned char *)PyBytes_AS_STRING(out), NULL) == 1;
}

/* As `done_two_at_a_time`, of the prefix with each pair of strings. */
static int done_by_pairs(PyObject *prefix, PyObject *strings, PyObject *found)
{
    Py_ssize_t pairs = PyList_GET_SIZE(found);
    size_t before = PyBytes_GET_SIZE(prefix), size = pairs * before;
    if (!has_two)
        return 0;
    for (Py_ssize_t at = 0; at < 2 * pairs; at++)
        size += PyBytes_GET_SIZE(PyList_GET_ITEM(strings, at));
    String256 *each = PyMem_Malloc((pairs ? pairs : 1) * sizeof *each);
    unsigned char *joined = PyMem_Malloc(size ? size : 1), *to = joined;
    if (each == NULL || joined == NULL) {
        PyMem_Free(each);
        PyMem_Free(joined);
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t at = 0; at < pairs; at++) {
        each[at].data = to;
        each[at].out = (unsigned char *)PyBytes_AS_STRING(PyList_GET_ITEM(found, at));
        memcpy(to, PyBytes_AS_STRING(prefix), before);
        to += before;
        for (int of = 0; of < 2; of++) {
            PyObject *string = PyList_GET_ITEM(strings, 2 * at + of);
            memcpy(to, PyBytes_AS_STRING(string), PyBytes_GET_SIZE(string));
            to += PyBytes_GET_SIZE(string);
        }
        each[at].size = (size_t)(to - each[at].data);
    }
    two_at_a_time(each, pairs);
    PyMem_Free(each);
    PyMem_Free(joined);
    return 1;
}

static PyObject *sha256_of_each(PyObject *module, PyObject *strings) { return each(strings, &sha256); }
static PyObject *sha512_of_each(PyObject *module, PyObject *strings) { return each(strings, &sha512); }

static PyObject *sha256_of_pairs(PyObject *module, PyObject *const *args, Py_ssize_t given)
{
    if (given != 2 || !PyBytes_CheckExact(args[0])) {
        PyErr_SetString(PyExc_TypeError, "a prefix in bytes and a list of bytes objects are needed");
        return NULL;
    }
    PyObject *strings = args[1];
    Py_ssize_t pairs = are_strings(strings) ? PyList_GET_SIZE(strings) / 2 : -1;
    PyObject *found = pairs < 0 ? NULL : room_for(pairs, &sha256);
    int done = found == NULL ? -1 : done_by_pairs(args[0], strings, found);
    for (Py_ssize_t at = 0; done == 0 && at < pairs; at++)
        if (!of_pair(args[0], PyList_GET_ITEM(strings, 2 * at), PyList_GET_ITEM(strings, 2 * at + 1),
                     PyList_GET_ITEM(found, at))) {
            PyErr_SetString(PyExc_RuntimeError, "libcrypto could not make a digest");
            done = -1;
        }
    if (done < 0)
        Py_CLEAR(found);
    return found;
}

static int prepare(Digest *digest, const char *name, int size)
{
    digest->algorithm = EVP_MD_fetch(NULL, name, NULL);
    digest->context = EVP_MD_CTX_new();
    digest->size = size;
    if (digest->algorithm != NULL && digest->context != NULL)
        return 1;
    PyErr_Format(PyExc_ImportError, "libcrypto has no %s", name);
    return 0;
}

static PyMethodDef methods[] = {
    {"sha256_of_each", sha256_of_each, METH_O, "The SHA-256 digests of a list of bytes, in order."},
    {"sha256_of_pairs", (PyCFunction)(void (*)(void))sha256_of_pairs, METH_FASTCALL,
     "The SHA-256 digests of a prefix with the first and the second, the third and the fourth, … of a list."},
    {"sha512_of_each", sha512_of_each, METH_O, "The SHA-512 digests of a list of bytes, in order."},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_of_each", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__of_each(void)
{
    if (!prepare(&sha256, "SHA256", 32) || !prepare(&sha512, "SHA512", 64))
        return NULL;
    has_lanes = lanes_can();
    has_two = has_sha();
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL && (PyModule_AddObject(module, "SIDE_BY_SIDE", PyBool_FromLong(has_lanes)) < 0 ||
                           PyModule_AddObject(module, "TWO_AT_A_TIME", PyBool_FromLong(has_two)) < 0))
        Py_CLEAR(module);
    return module;
}
