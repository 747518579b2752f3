/* SHA-256 of many strings, two at a time: the processor's own instructions for it (FIPS 180-4, 6.2; Intel SHA
   extensions) wait for their results, and a second string fills the time. */

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#include <immintrin.h>

#define SHA256_BLOCK 64
#define WITH_SHA __attribute__((target("sha,sse4.1,ssse3")))

static const uint32_t SHA256_ROUND[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

typedef struct {
    const unsigned char *data;
    size_t size;
    unsigned char *out;
} String256;

typedef struct {
    const String256 *string;                /* NULL: nothing in this lane */
    size_t at, blocks;                      /* next block, and how many there are with the padding */
    unsigned char padded[2 * SHA256_BLOCK]; /* the end of the string, with what FIPS 180-4, 5.1.1 puts behind it */
    __m128i state[2];                       /* A B E F, and C D G H */
} Lane256;

static void begin256(Lane256 *lane, const String256 *string)
{
    size_t whole = string->size / SHA256_BLOCK, rest = string->size % SHA256_BLOCK;
    uint64_t bits = (uint64_t)string->size << 3;
    lane->string = string;
    lane->at = 0;
    lane->blocks = (string->size + 9 + SHA256_BLOCK - 1) / SHA256_BLOCK;
    size_t end = (lane->blocks - whole) * SHA256_BLOCK;
    memcpy(lane->padded, string->data + whole * SHA256_BLOCK, rest);
    memset(lane->padded + rest, 0, end - rest);
    lane->padded[rest] = 0x80;
    for (int byte = 0; byte < 8; byte++)
        lane->padded[end - 1 - byte] = (unsigned char)(bits >> (8 * byte));
    lane->state[0] = _mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c);
    lane->state[1] = _mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19);
}

static const unsigned char *next_block256(Lane256 *lane)
{
    size_t whole = lane->string->size / SHA256_BLOCK, at = lane->at++;
    return at < whole ? lane->string->data + at * SHA256_BLOCK : lane->padded + (at - whole) * SHA256_BLOCK;
}

/* One block of each of the first `count` lanes: 1 or 2, known when this is compiled. */
WITH_SHA static inline __attribute__((always_inline)) void compress256(Lane256 lanes[2], const int count)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i words[2][4], low[2], high[2];
    for (int lane = 0; lane < count; lane++) {
        const unsigned char *block = next_block256(&lanes[lane]);
        for (int four = 0; four < 4; four++)
            words[lane][four] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(block + 16 * four)), swap);
        low[lane] = lanes[lane].state[0];
        high[lane] = lanes[lane].state[1];
    }
#pragma GCC unroll 16
    for (int turn = 0; turn < 16; turn++) {
        const __m128i constants = _mm_load_si128((const __m128i *)(SHA256_ROUND + 4 * turn));
#pragma GCC unroll 2
        for (int lane = 0; lane < count; lane++) {
            __m128i *w = words[lane], sum = _mm_add_epi32(w[turn & 3], constants);
            high[lane] = _mm_sha256rnds2_epu32(high[lane], low[lane], sum);
            low[lane] = _mm_sha256rnds2_epu32(low[lane], high[lane], _mm_shuffle_epi32(sum, 0x0e));
            if (turn < 12) {
                __m128i begun = _mm_sha256msg1_epu32(w[turn & 3], w[(turn + 1) & 3]);
                begun = _mm_add_epi32(begun, _mm_alignr_epi8(w[(turn + 3) & 3], w[(turn + 2) & 3], 4));
                w[turn & 3] = _mm_sha256msg2_epu32(begun, w[(turn + 3) & 3]);
            }
        }
    }
    for (int lane = 0; lane < count; lane++) {
        lanes[lane].state[0] = _mm_add_epi32(lanes[lane].state[0], low[lane]);
        lanes[lane].state[1] = _mm_add_epi32(lanes[lane].state[1], high[lane]);
    }
}

WITH_SHA static void end256(Lane256 *lane)
{
    uint32_t low[4], high[4];
    _mm_storeu_si128((__m128i *)low, lane->state[0]);
    _mm_storeu_si128((__m128i *)high, lane->state[1]);
    const uint32_t found[8] = {low[3], low[2], high[3], high[2], low[1], low[0], high[1], high[0]};
    for (int word = 0; word < 8; word++) {
        uint32_t swapped = __builtin_bswap32(found[word]);
        memcpy(lane->string->out + 4 * word, &swapped, 4);
    }
    lane->string = NULL;
}

WITH_SHA static void two_at_a_time(const String256 *strings, size_t count)
{
    Lane256 lanes[2] = {{.string = NULL}, {.string = NULL}};
    size_t next = 0;
    for (;;) {
        for (int lane = 0; lane < 2; lane++)
            if (lanes[lane].string == NULL && next < count)
                begin256(&lanes[lane], &strings[next++]);
        if (lanes[0].string == NULL && lanes[1].string == NULL)
            return;
        if (lanes[0].string == NULL || lanes[1].string == NULL) {
            /* The last one, alone to its end. */
            if (lanes[0].string == NULL)
                lanes[0] = lanes[1], lanes[1].string = NULL;
            while (lanes[0].at < lanes[0].blocks)
                compress256(lanes, 1);
        } else {
            while (lanes[0].at < lanes[0].blocks && lanes[1].at < lanes[1].blocks)
                compress256(lanes, 2);
        }
        for (int lane = 0; lane < 2; lane++)
            if (lanes[lane].string != NULL && lanes[lane].at == lanes[lane].blocks)
                end256(&lanes[lane]);
    }
}

static int has_sha(void)
{
    unsigned int a, b, c, d;
    __builtin_cpu_init();
    return __builtin_cpu_supports("sse4.1") && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1);
}
#else
typedef struct {
    const unsigned char *data;
    size_t size;
    unsigned char *out;
} String256;
static void two_at_a_time(const String256 *strings, size_t count) {}
static int has_sha(void) { return 0; }
#endif
