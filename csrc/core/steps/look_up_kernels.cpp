// Values by tables of 256 entries, in AVX-512 VBMI intrinsics and plainly, and counting them.
#include "core/steps/look_up_kernels.h"

#include <hwy/targets.h>

#include <algorithm>
#include <cstring>

#if HWY_ARCH_X86_64
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // in GCC's own header (its bug 105593)
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>

// Not Highway's target AVX3_DL, as in pillow_vnni_kernels.cpp.
#define PIXFEED_VBMI __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")))
#endif

namespace pixfeed::kernels {
namespace {

#if HWY_ARCH_X86_64

constexpr std::ptrdiff_t kVector = 64;

// A table of 256 entries in four registers.
struct Table {
  __m512i part[4];
};

PIXFEED_VBMI inline Table load(const std::uint8_t* table) {
  return {{_mm512_loadu_si512(table), _mm512_loadu_si512(table + 64), _mm512_loadu_si512(table + 128),
           _mm512_loadu_si512(table + 192)}};
}

PIXFEED_VBMI inline __m512i found(__m512i values, const Table& table) {
  const __m512i low = _mm512_permutex2var_epi8(table.part[0], values, table.part[1]);
  const __m512i high = _mm512_permutex2var_epi8(table.part[2], values, table.part[3]);
  return _mm512_mask_blend_epi8(_mm512_movepi8_mask(values), low, high);
}

// Bits 0, 3, 6 ... and the next two of every three.
constexpr std::uint64_t kThirds[3] = {0x9249249249249249, 0x2492492492492492, 0x4924924924924924};

PIXFEED_VBMI void look_up_vbmi(std::uint8_t* rgb, std::ptrdiff_t n, const Tables& tables) {
  const std::ptrdiff_t count = 3 * n;
  const Table r = load(tables.of[0]), g = load(tables.of[1]), b = load(tables.of[2]);
  for (std::ptrdiff_t i = 0; i < count; i += kVector) {
    const std::ptrdiff_t left = count - i;
    const __mmask64 there = left >= kVector ? ~std::uint64_t{0} : ~std::uint64_t{0} >> (kVector - left);
    const __m512i values = _mm512_maskz_loadu_epi8(there, rgb + i);
    const int phase = static_cast<int>(i % 3);  // the channel of the first byte
    __m512i made = found(values, r);
    made = _mm512_mask_mov_epi8(made, kThirds[(4 - phase) % 3], found(values, g));
    made = _mm512_mask_mov_epi8(made, kThirds[(5 - phase) % 3], found(values, b));
    _mm512_mask_storeu_epi8(rgb + i, there, made);
  }
}

PIXFEED_VBMI void look_up_vbmi(std::uint8_t* values, std::ptrdiff_t count, const std::uint8_t* table) {
  const Table loaded = load(table);
  for (std::ptrdiff_t i = 0; i < count; i += kVector) {
    const std::ptrdiff_t left = count - i;
    const __mmask64 there = left >= kVector ? ~std::uint64_t{0} : ~std::uint64_t{0} >> (kVector - left);
    _mm512_mask_storeu_epi8(values + i, there, found(_mm512_maskz_loadu_epi8(there, values + i), loaded));
  }
}

bool has_vbmi() { return (hwy::SupportedTargets() & HWY_AVX3_DL) != 0; }

#endif

}  // namespace

void look_up(std::uint8_t* rgb, std::ptrdiff_t n, const Tables& tables) {
#if HWY_ARCH_X86_64
  if (has_vbmi()) {
    const bool alike =
        std::memcmp(tables.of[0], tables.of[1], 256) == 0 && std::memcmp(tables.of[0], tables.of[2], 256) == 0;
    return alike ? look_up_vbmi(rgb, 3 * n, tables.of[0]) : look_up_vbmi(rgb, n, tables);
  }
#endif
  look_up_plain(rgb, n, tables);
}

void look_up_plain(std::uint8_t* rgb, std::ptrdiff_t n, const Tables& tables) {
  for (std::ptrdiff_t i = 0; i < n; ++i, rgb += 3) {
    const std::uint8_t r = tables.of[0][rgb[0]], g = tables.of[1][rgb[1]], b = tables.of[2][rgb[2]];
    rgb[0] = r, rgb[1] = g, rgb[2] = b;
  }
}

// Pixels by turns into four histograms: neighbours often have the same value, and an addition waits for the one before
// it to the same number.
void count(const std::uint8_t* rgb, std::ptrdiff_t n, Histogram& histogram) {
  constexpr std::ptrdiff_t kRun = std::ptrdiff_t{1} << 30;  // pixels that 32 bits can count
  for (std::ptrdiff_t done = 0; done < n; done += kRun) {
    std::uint32_t parts[4][3][256] = {};
    const std::ptrdiff_t run = std::min(kRun, n - done);
    std::ptrdiff_t i = 0;
    for (; i + 4 <= run; i += 4, rgb += 12) {
      for (int k = 0; k < 4; ++k) {
        for (int c = 0; c < 3; ++c) ++parts[k][c][rgb[3 * k + c]];
      }
    }
    for (; i < run; ++i, rgb += 3) {
      for (int c = 0; c < 3; ++c) ++parts[0][c][rgb[c]];
    }
    for (int c = 0; c < 3; ++c) {
      for (int v = 0; v < 256; ++v) {
        for (const auto& part : parts) histogram.of[c][v] += part[c][v];
      }
    }
  }
}

}  // namespace pixfeed::kernels
