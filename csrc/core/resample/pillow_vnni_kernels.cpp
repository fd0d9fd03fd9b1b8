// filter_row in AVX-512 VBMI and VNNI intrinsics.
#include "core/resample/pillow_vnni_kernels.h"

#include <hwy/targets.h>

#if HWY_ARCH_X86_64

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // in GCC's own header (its bug 105593)
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>

#include <algorithm>
#include <cstring>

// Not Highway's target AVX3_DL: release 1.0.3 turns on AVX-VNNI for it, which Ice Lake does not have.
#define PIXFEED_VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni")))

namespace pixfeed::kernels {
namespace {

// vpdpbusd adds four products of a uint8 and an int8 to each 32-bit lane. So a weight is three signed digits of base
// 256, and a vector of 64 bytes has, in each of its four blocks of 16: four taps of R, four of G, four of B, and four
// that are not used. vpermb picks them out of 64 bytes of the row, wherever they are.
//
// Three ways, all with 3 digits x 64 bytes of weights a vector:
// one column at a time, 16 of its taps a vector: many taps;
// four columns, four taps each, which lie within 64 bytes of the row (enlarging, or shrinking to a sixth at most): the
// weights of a group begin with 64 indices for vpermb;
// four columns, four taps each, which lie apart: loaded one by one. (The place of the indices is left empty.)
constexpr int kVector = 64, kDigits = 3;
constexpr int kMostApart = 28;      // taps; with more, one column at a time is faster
constexpr int kReach = 64 / 3 - 4;  // pixels from the first tap of the first column to that of the fourth

// Values of RowFilter::step.
enum { kOne = 1, kFour, kFourApart };

bool four_at_once(const RowFilter& filter) {
  for (int i = 0; i < filter.n; i += 4) {
    if (filter.spans[std::min(i + 3, filter.n - 1)].first - filter.spans[i].first > kReach) return false;
  }
  return true;
}

// The digits of four weights into the lanes of R, G and B of one block.
void put_digits(const std::int32_t* weights, int count, std::int8_t* block) {
  for (int t = 0; t < count; ++t) {
    std::int32_t rest = weights[t];
    for (int digit = kDigits - 1; digit >= 0; --digit) {
      const std::int8_t low = static_cast<std::int8_t>(rest & 255);
      for (int c = 0; c < 3; ++c) block[digit * kVector + 4 * c + t] = low;
      rest = (rest - low) >> 8;
    }
  }
}

// 64 bytes from `at` on; zeros after the end of the row, which is not read.
PIXFEED_VNNI inline __m512i load(const std::uint8_t* row, int at, int end) {
  const int left = end - at;
  if (left >= kVector) return _mm512_loadu_si512(row + at);
  if (left <= 0) return _mm512_setzero_si512();
  return _mm512_maskz_loadu_epi8(~std::uint64_t{0} >> (kVector - left), row + at);
}

// Sums of products, a register for each digit.
struct Sums {
  __m512i digit[kDigits];
};

PIXFEED_VNNI inline void add(Sums& sums, __m512i taps, const std::uint8_t* weights) {
  for (int d = 0; d < kDigits; ++d) {
    sums.digit[d] = _mm512_dpbusd_epi32(sums.digit[d], taps, _mm512_load_si512(weights + d * kVector));
  }
}

PIXFEED_VNNI inline __m512i together(const Sums& sums) {
  __m512i all = sums.digit[0];
  for (int d = 1; d < kDigits; ++d) all = _mm512_add_epi32(_mm512_slli_epi32(all, 8), sums.digit[d]);
  return all;
}

// The sum of the four blocks of a, of b, of c and of d, a block each.
PIXFEED_VNNI inline __m512i sums_of_blocks(__m512i a, __m512i b, __m512i c, __m512i d) {
  const __m512i ab = _mm512_add_epi32(_mm512_shuffle_i32x4(a, b, 0x44), _mm512_shuffle_i32x4(a, b, 0xEE));
  const __m512i cd = _mm512_add_epi32(_mm512_shuffle_i32x4(c, d, 0x44), _mm512_shuffle_i32x4(c, d, 0xEE));
  return _mm512_add_epi32(_mm512_shuffle_i32x4(ab, cd, 0x88), _mm512_shuffle_i32x4(ab, cd, 0xDD));
}

// Four pixels, or `columns` if they are the last. `left`: pixels from here to the end of the row.
PIXFEED_VNNI inline void store(__m512i sums, int left, std::uint8_t* rgb) {
  const __m512i half = _mm512_set1_epi32(1 << (kWeightBits - 1));
  const __m512i values = _mm512_srai_epi32(_mm512_add_epi32(sums, half), kWeightBits);
  const __m128i four = _mm512_cvtusepi32_epi8(_mm512_max_epi32(values, _mm512_setzero_si512()));
  const __m128i order = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
  const __m128i packed = _mm_shuffle_epi8(four, order);
  if (left >= 6) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(rgb), packed);
  } else {
    _mm_mask_storeu_epi8(rgb, static_cast<__mmask16>((1u << (3 * std::min(left, 4))) - 1), packed);
  }
}

PIXFEED_VNNI void filter_four(const RowFilter& filter, const std::uint8_t* row, std::uint8_t* rgb) {
  const int n = filter.n, end = 3 * filter.width, steps = (filter.taps + 3) / 4;
  const std::uint8_t* packed = filter.packed;
  for (int i = 0; i < n; i += 4, rgb += 12) {
    const __m512i indices = _mm512_load_si512(packed);
    packed += kVector;
    Sums sums{};
    int at = 3 * filter.spans[i].first;
    for (int k = 0; k < steps; ++k, at += 12, packed += kDigits * kVector) {
      add(sums, _mm512_permutexvar_epi8(indices, load(row, at, end)), packed);
    }
    store(together(sums), n - i, rgb);
  }
}

// 16 bytes from `at` on; zeros after the end of the row, which is not read.
PIXFEED_VNNI inline __m128i load_16(const std::uint8_t* row, int at, int end) {
  const int left = end - at;
  if (left >= 16) return _mm_loadu_si128(reinterpret_cast<const __m128i*>(row + at));
  if (left <= 0) return _mm_setzero_si128();
  return _mm_maskz_loadu_epi8(static_cast<__mmask16>((1u << left) - 1), row + at);
}

PIXFEED_VNNI void filter_four_apart(const RowFilter& filter, const std::uint8_t* row, std::uint8_t* rgb) {
  const int n = filter.n, end = 3 * filter.width, steps = (filter.taps + 3) / 4;
  const __m512i indices = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11, -1, -1, -1, -1));
  const std::uint8_t* packed = filter.packed;
  for (int i = 0; i < n; i += 4, rgb += 12) {
    packed += kVector;
    int at[4];
    for (int c = 0; c < 4; ++c) at[c] = 3 * filter.spans[std::min(i + c, n - 1)].first;
    for (int c = 0; c < 4; ++c) _mm_prefetch(reinterpret_cast<const char*>(row + at[c] + kAhead), _MM_HINT_T0);
    Sums sums{};
    for (int k = 0; k < steps; ++k, packed += kDigits * kVector) {
      __m512i taps = _mm512_castsi128_si512(load_16(row, at[0] + 12 * k, end));
      taps = _mm512_inserti32x4(taps, load_16(row, at[1] + 12 * k, end), 1);
      taps = _mm512_inserti32x4(taps, load_16(row, at[2] + 12 * k, end), 2);
      taps = _mm512_inserti32x4(taps, load_16(row, at[3] + 12 * k, end), 3);
      add(sums, _mm512_shuffle_epi8(taps, indices), packed);
    }
    store(together(sums), n - i, rgb);
  }
}

PIXFEED_VNNI void filter_one(const RowFilter& filter, const std::uint8_t* row, std::uint8_t* rgb) {
  const int n = filter.n, end = 3 * filter.width, steps = (filter.taps + 15) / 16;
  alignas(kVector) std::uint8_t index[kVector] = {};
  for (int b = 0; b < 4; ++b) {
    for (int c = 0; c < 3; ++c) {
      for (int t = 0; t < 4; ++t) index[16 * b + 4 * c + t] = static_cast<std::uint8_t>(3 * (4 * b + t) + c);
    }
  }
  const __m512i indices = _mm512_load_si512(index);
  const std::uint8_t* packed = filter.packed;
  for (int i = 0; i < n; i += 4, rgb += 12) {
    __m512i columns[4];
    for (int c = 0; c < 4; ++c) {
      Sums sums{};
      if (i + c < n) {
        int at = 3 * filter.spans[i + c].first;
        _mm_prefetch(reinterpret_cast<const char*>(row + at + kAhead), _MM_HINT_T0);
        for (int k = 0; k < steps; ++k, at += 48, packed += kDigits * kVector) {
          add(sums, _mm512_permutexvar_epi8(indices, load(row, at, end)), packed);
        }
      }
      columns[c] = together(sums);
    }
    store(sums_of_blocks(columns[0], columns[1], columns[2], columns[3]), n - i, rgb);
  }
}

}  // namespace

bool has_vnni() { return (hwy::SupportedTargets() & HWY_AVX3_DL) != 0; }

std::size_t vnni_packed_bytes(int n, int taps) {
  const std::size_t columns = static_cast<std::size_t>(n);
  const std::size_t vectors = kDigits * static_cast<std::size_t>((taps + 15) / 16);
  return ((columns + 3) * vectors + (columns + 3) / 4) * kVector;
}

void vnni_prepare(RowFilter& filter) {
  const int n = filter.n, taps = filter.taps;
  std::memset(filter.packed, 0, vnni_packed_bytes(n, taps));
  filter.step = four_at_once(filter) ? kFour : taps <= kMostApart ? kFourApart : kOne;
  if (filter.step == kOne) {
    const int steps = (taps + 15) / 16;
    for (int i = 0; i < n; ++i) {
      auto* to = reinterpret_cast<std::int8_t*>(filter.packed) + std::ptrdiff_t{kVector} * kDigits * steps * i;
      for (int k = 0; k < taps; k += 4) {
        put_digits(filter.weights + std::ptrdiff_t{taps} * i + k, std::min(taps - k, 4),
                   to + std::ptrdiff_t{kVector} * kDigits * (k / 16) + 4 * (k % 16));
      }
    }
    return;
  }
  const int steps = (taps + 3) / 4;
  for (int i = 0; i < n; ++i) {
    std::uint8_t* group = filter.packed + std::ptrdiff_t{kVector} * (1 + kDigits * steps) * (i / 4);
    const int block = 16 * (i % 4), from = filter.spans[i].first - filter.spans[i - i % 4].first;
    for (int c = 0; c < 3; ++c) {
      for (int t = 0; t < 4; ++t) group[block + 4 * c + t] = static_cast<std::uint8_t>(3 * (from + t) + c);
    }
    for (int k = 0; k < taps; k += 4) {
      put_digits(filter.weights + std::ptrdiff_t{taps} * i + k, std::min(taps - k, 4),
                 reinterpret_cast<std::int8_t*>(group) + std::ptrdiff_t{kVector} * (1 + kDigits * (k / 4)) + block);
    }
  }
}

void vnni_filter_row(const RowFilter& filter, const std::uint8_t* row, std::uint8_t* rgb) {
  switch (filter.step) {
    case kFour:
      return filter_four(filter, row, rgb);
    case kFourApart:
      return filter_four_apart(filter, row, rgb);
    default:
      return filter_one(filter, row, rgb);
  }
}

}  // namespace pixfeed::kernels

#else

namespace pixfeed::kernels {

bool has_vnni() { return false; }
std::size_t vnni_packed_bytes(int, int) { return 0; }
void vnni_prepare(RowFilter&) {}
void vnni_filter_row(const RowFilter& filter, const std::uint8_t* row, std::uint8_t* rgb) {
  filter_row_plain(filter, row, rgb);
}

}  // namespace pixfeed::kernels

#endif
