#include "checksum.h"

#include <string.h>

// Slicing by one byte is enough: it runs only where the processor lacks the instruction.
static uint32_t table[256];

__attribute__((constructor)) static void fill_table(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; bit++) c = c & 1 ? c >> 1 ^ 0x82f63b78u : c >> 1;
    table[i] = c;
  }
}

uint32_t daybook_crc32c_table(uint32_t crc, const void *p, size_t n) {
  const uint8_t *at = p;
  crc = ~crc;
  while (n--) crc = table[(crc ^ *at++) & 0xff] ^ crc >> 8;
  return ~crc;
}

#if defined(__x86_64__)

#include <nmmintrin.h>

// The instruction takes three cycles and one can start in each, so three streams run side by side;
// `skip[k]` moves a checksum past LANE zero bytes, by which the streams are joined (the technique of
// Gopal et al., "Fast CRC computation for iSCSI polynomial using CRC32 instruction", Intel 2011).
#define LANE 1024

static uint32_t skip[4][256];

__attribute__((constructor)) static void fill_skip(void) {
  uint32_t byte_table[256];
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; bit++) c = c & 1 ? c >> 1 ^ 0x82f63b78u : c >> 1;
    byte_table[i] = c;
  }
  for (int part = 0; part < 4; part++) {
    for (uint32_t i = 0; i < 256; i++) {
      uint32_t c = i << (8 * part);
      for (int zero = 0; zero < LANE; zero++) c = byte_table[c & 0xff] ^ c >> 8;
      skip[part][i] = c;
    }
  }
}

static inline uint32_t past_lane(uint32_t c) {
  return skip[0][c & 0xff] ^ skip[1][c >> 8 & 0xff] ^ skip[2][c >> 16 & 0xff] ^ skip[3][c >> 24];
}

static inline uint64_t word(const uint8_t *p) {
  uint64_t w;
  memcpy(&w, p, 8);
  return w;
}

__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(
    uint32_t crc, const uint8_t *at, size_t n) {
  uint64_t a = ~crc;
  while (n >= 3 * LANE) {
    uint64_t b = 0, c = 0;
    for (size_t i = 0; i < LANE; i += 8) {
      a = _mm_crc32_u64(a, word(at + i));
      b = _mm_crc32_u64(b, word(at + LANE + i));
      c = _mm_crc32_u64(c, word(at + 2 * LANE + i));
    }
    a = past_lane(past_lane((uint32_t)a) ^ (uint32_t)b) ^ (uint32_t)c;
    at += 3 * LANE;
    n -= 3 * LANE;
  }
  for (; n >= 8; at += 8, n -= 8) a = _mm_crc32_u64(a, word(at));
  uint32_t last = (uint32_t)a;
  while (n--) last = _mm_crc32_u8(last, *at++);
  return ~last;
}

uint32_t daybook_crc32c(uint32_t crc, const void *p, size_t n) {
  if (__builtin_cpu_supports("sse4.2")) return crc32c_sse42(crc, p, n);
  return daybook_crc32c_table(crc, p, n);
}

#elif defined(__ARM_FEATURE_CRC32)

#include <arm_acle.h>

uint32_t daybook_crc32c(uint32_t crc, const void *p, size_t n) {
  const uint8_t *at = p;
  crc = ~crc;
  for (; n >= 8; at += 8, n -= 8) {
    uint64_t w;
    memcpy(&w, at, 8);
    crc = __crc32cd(crc, w);
  }
  while (n--) crc = __crc32cb(crc, *at++);
  return ~crc;
}

#else

uint32_t daybook_crc32c(uint32_t crc, const void *p, size_t n) {
  return daybook_crc32c_table(crc, p, n);
}

#endif
