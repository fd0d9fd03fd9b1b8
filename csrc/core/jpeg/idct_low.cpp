// Small pictures from low frequencies. The n x n lowest coefficients of an 8 x 8 DCT are those of an n x n DCT of the
// same picture at n / 8 of its size, but for a factor: what is left out is what the smaller picture cannot show.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

#include "core/jpeg/idct.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/jpeg/idct_low.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef PIXFEED_JPEG_IDCT_LOW
#define PIXFEED_JPEG_IDCT_LOW
namespace pixfeed::jpeg {

// 2^10 * sqrt(2) * cos(pi / 8) and sin(pi / 8): with fewer bits than elsewhere, as 32 have to hold what damaged files
// say.
inline constexpr int kLowBits = 10, kCos = 1338, kSin = 554;
// Between the passes two bits more than whole numbers, and no more than samples can need.
inline constexpr int kBetween = 2, kLimit = 1 << 15;
inline constexpr int kColumnShift = kLowBits - kBetween, kRowShift = kLowBits + kBetween + 3;

// What each of the six lowest coefficients is worth for each of 4 x 4 samples, row by row, times 2^kSixBits; two
// coefficients side by side.
inline constexpr int kSixBits = 15;
inline constexpr int kFromSix[6] = {0, 1, 8, 16, 9, 2};  // their places in a block
struct Six {
  alignas(64) std::int16_t weight[3][32];

  constexpr Six() : weight() {
    // sqrt(1 / 4) or sqrt(2 / 4) * cos((2 * i + 1) * k * pi / 8), for the k-th coefficient and the i-th sample
    constexpr double kBasis[3][4] = {{0.5, 0.5, 0.5, 0.5},
                                     {0.6532814824381883, 0.2705980500730985, -0.2705980500730985, -0.6532814824381883},
                                     {0.5, -0.5, -0.5, 0.5}};
    for (int k = 0; k < 6; ++k) {
      for (int i = 0; i < 16; ++i) {
        const double exact = kBasis[kFromSix[k] / 8][i / 4] * kBasis[kFromSix[k] % 8][i % 4] / 2 * (1 << kSixBits);
        weight[k / 2][2 * i + k % 2] = static_cast<std::int16_t>(exact < 0 ? exact - 0.5 : exact + 0.5);
      }
    }
  }
};
inline constexpr Six kSix;

}  // namespace pixfeed::jpeg
#endif  // PIXFEED_JPEG_IDCT_LOW

HWY_BEFORE_NAMESPACE();
namespace pixfeed::jpeg {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR

using D16 = hn::ScalableTag<std::int16_t>;
using V16 = hn::Vec<D16>;
constexpr D16 d16;
constexpr int kLanes = HWY_MAX_BYTES / 2;
static_assert(2 * kLanes <= kLowSlack);

// All lanes of `a` or, where `signs` is all ones, what they lack to 0.
HWY_INLINE V16 negate_where(V16 signs, V16 a) {
  return hn::IfVecThenElse(signs, hn::SaturatedSub(hn::Zero(d16), a), a);
}

// Four lanes a block: the coefficients at (0, 0), (0, 1), (1, 0) and (1, 1) become the samples there.
HWY_INLINE V16 samples_of(V16 c, V16 quant) {
  const hn::Repartition<std::int32_t, D16> d32;
  const V16 lower_row = hn::BitCast(d16, hn::Set(hn::Repartition<std::int64_t, D16>(), -0x100000000));
  const V16 right = hn::BitCast(d16, hn::Set(d32, -0x10000));
  c = hn::Mul(c, quant);
  // Columns: above = upper + lower, below = upper - lower. Then rows alike.
  const V16 rows_swapped = hn::BitCast(d16, hn::Shuffle2301(hn::BitCast(d32, c)));
  c = hn::SaturatedAdd(rows_swapped, negate_where(lower_row, c));
  const hn::Repartition<std::uint32_t, D16> du32;
  const V16 swapped = hn::BitCast(d16, hn::RotateRight<16>(hn::BitCast(du32, c)));
  c = hn::SaturatedAdd(swapped, negate_where(right, c));
  return hn::Add(hn::ShiftRight<3>(hn::SaturatedAdd(c, hn::Set(d16, 4))), hn::Set(d16, 128));
}

void idct_low_2_simd(const std::int16_t* coefs, int n, const std::int16_t* quant, std::uint8_t* samples,
                     std::ptrdiff_t stride) {
  const hn::Repartition<std::uint8_t, D16> d8;
  const hn::Repartition<std::uint16_t, D16> du16;
  const hn::Half<decltype(du16)> half;
  const hn::Half<decltype(d8)> half8;
  HWY_ALIGN std::int16_t factors[kLanes];
  for (int i = 0; i < kLanes; ++i) factors[i] = quant[8 * (i / 2 % 2) + i % 2];
  const V16 factor = hn::Load(d16, factors);
  for (int i = 0; i < n; i += kLanes / 2, coefs += 2 * kLanes, samples += kLanes) {
    const V16 a = samples_of(hn::LoadU(d16, coefs), factor);
    const V16 b = samples_of(hn::LoadU(d16, coefs + kLanes), factor);
    // Two samples are a pair of bytes: those of the upper row and those of the lower one alternate.
    const auto pairs = hn::BitCast(du16, hn::Combine(d8, hn::DemoteTo(half8, b), hn::DemoteTo(half8, a)));
    const auto upper = hn::LowerHalf(half, hn::ConcatEven(du16, pairs, pairs));
    const auto lower = hn::LowerHalf(half, hn::ConcatOdd(du16, pairs, pairs));
    hn::StoreU(hn::BitCast(half8, upper), half8, samples);
    hn::StoreU(hn::BitCast(half8, lower), half8, samples + stride);
  }
}

void idct_low_4_of_6_simd(const std::int16_t* coefs, int n, const std::int16_t* quant, std::uint8_t* samples,
                          std::ptrdiff_t stride) {
  const hn::FixedTag<std::int16_t, 8> one_block;
  const hn::FixedTag<std::int32_t, 4> its_pairs;
  const hn::CappedTag<std::int32_t, 8> d32;  // a row of samples or two
  const hn::Repartition<std::int16_t, decltype(d32)> pairs;
  const hn::Rebind<std::int16_t, decltype(d32)> row16;
  const hn::Rebind<std::uint8_t, decltype(d32)> row8;
  constexpr std::size_t kStep = hn::MaxLanes(d32);
  alignas(16) std::int16_t factors[8] = {};
  for (int k = 0; k < 6; ++k) factors[k] = quant[kFromSix[k]];
  const auto factor = hn::Load(one_block, factors);
  for (int i = 0; i < n; ++i, coefs += 8, samples += 4) {
    alignas(16) std::int32_t pair[4];
    hn::Store(hn::BitCast(its_pairs, hn::Mul(hn::LoadU(one_block, coefs), factor)), its_pairs, pair);
    alignas(16) std::uint8_t rows[16];
    for (std::size_t at = 0; at < 16; at += kStep) {
      auto sum = hn::Set(d32, 1 << (kSixBits - 1));
      for (int k = 0; k < 3; ++k) {
        auto odd = hn::Zero(d32);
        const auto even = hn::ReorderWidenMulAccumulate(d32, hn::BitCast(pairs, hn::Set(d32, pair[k])),
                                                        hn::Load(pairs, kSix.weight[k] + 2 * at), hn::Zero(d32), odd);
        sum = hn::Add(sum, hn::RearrangeToOddPlusEven(even, odd));
      }
      const auto sample = hn::DemoteTo(row16, hn::ShiftRight<kSixBits>(sum));
      hn::Store(hn::DemoteTo(row8, hn::SaturatedAdd(sample, hn::Set(row16, 128))), row8, rows + at);
    }
    for (int y = 0; y < 4; ++y) std::memcpy(samples + y * stride, rows + 4 * y, 4);
  }
}

// A row or a column of four in each lane, one block at a time: there are few such blocks.
using D4 = hn::FixedTag<std::int32_t, 4>;
using V4 = hn::Vec<D4>;
constexpr D4 d4;

HWY_INLINE void transform(V4 (&v)[4]) {
  const V4 cosine = hn::Set(d4, kCos), sine = hn::Set(d4, kSin);
  const V4 sum = hn::ShiftLeft<kLowBits>(hn::Add(v[0], v[2]));
  const V4 difference = hn::ShiftLeft<kLowBits>(hn::Sub(v[0], v[2]));
  const V4 outer = hn::Add(hn::Mul(v[1], cosine), hn::Mul(v[3], sine));
  const V4 inner = hn::Sub(hn::Mul(v[1], sine), hn::Mul(v[3], cosine));
  v[0] = hn::Add(sum, outer);
  v[1] = hn::Add(difference, inner);
  v[2] = hn::Sub(difference, inner);
  v[3] = hn::Sub(sum, outer);
}

HWY_INLINE void transpose(V4 (&v)[4]) {
  const V4 a = hn::InterleaveLower(d4, v[0], v[2]), b = hn::InterleaveUpper(d4, v[0], v[2]);
  const V4 c = hn::InterleaveLower(d4, v[1], v[3]), d = hn::InterleaveUpper(d4, v[1], v[3]);
  v[0] = hn::InterleaveLower(d4, a, c);
  v[1] = hn::InterleaveUpper(d4, a, c);
  v[2] = hn::InterleaveLower(d4, b, d);
  v[3] = hn::InterleaveUpper(d4, b, d);
}

void idct_low_4_simd(const BlockRef* blocks, std::size_t n, const std::int16_t* quant, std::ptrdiff_t stride) {
  const hn::FixedTag<std::int16_t, 4> d16x4;
  const hn::FixedTag<std::int16_t, 8> d16x8;
  const hn::FixedTag<std::uint8_t, 8> d8x8;
  const hn::FixedTag<std::uint8_t, 16> d8x16;
  alignas(16) static constexpr std::uint8_t kTransposed[16] = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};
  const V4 lowest = hn::Set(d4, -kLimit), highest = hn::Set(d4, kLimit - 1);
  const auto centre = hn::Set(d16x8, 128);
  for (std::size_t i = 0; i < n; ++i) {
    V4 v[4];
    for (int y = 0; y < 4; ++y) {
      const auto row = hn::Mul(hn::LoadU(d16x4, blocks[i].coefs + 8 * y), hn::LoadU(d16x4, quant + 8 * y));
      v[y] = hn::PromoteTo(d4, row);
    }
    transform(v);
    for (V4& x : v) {
      x = hn::ShiftRight<kColumnShift>(hn::Add(x, hn::Set(d4, 1 << (kColumnShift - 1))));
      x = hn::Min(hn::Max(x, lowest), highest);
    }
    transpose(v);
    transform(v);
    for (V4& x : v) x = hn::ShiftRight<kRowShift>(hn::Add(x, hn::Set(d4, 1 << (kRowShift - 1))));
    // Columns by now: 16-bit ones two by two, then bytes.
    const auto left = hn::Combine(d16x8, hn::DemoteTo(d16x4, v[1]), hn::DemoteTo(d16x4, v[0]));
    const auto right = hn::Combine(d16x8, hn::DemoteTo(d16x4, v[3]), hn::DemoteTo(d16x4, v[2]));
    const auto columns = hn::Combine(d8x16, hn::DemoteTo(d8x8, hn::SaturatedAdd(right, centre)),
                                     hn::DemoteTo(d8x8, hn::SaturatedAdd(left, centre)));
    alignas(16) std::uint8_t rows[16];
    hn::Store(hn::TableLookupBytes(columns, hn::Load(d8x16, kTransposed)), d8x16, rows);
    std::uint8_t* out = blocks[i].samples;
    for (int y = 0; y < 4; ++y, out += stride) std::memcpy(out, rows + 4 * y, 4);
  }
}

#else

void idct_low_4_simd(const BlockRef* blocks, std::size_t n, const std::int16_t* quant, std::ptrdiff_t stride) {
  for (std::size_t i = 0; i < n; ++i) idct_low_4_plain(blocks[i], quant, stride);
}

void idct_low_2_simd(const std::int16_t* coefs, int n, const std::int16_t* quant, std::uint8_t* samples,
                     std::ptrdiff_t stride) {
  idct_low_2_plain(coefs, n, quant, samples, stride);
}

void idct_low_4_of_6_simd(const std::int16_t* coefs, int n, const std::int16_t* quant, std::uint8_t* samples,
                          std::ptrdiff_t stride) {
  idct_low_4_of_6_plain(coefs, n, quant, samples, stride);
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::jpeg
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::jpeg {

HWY_EXPORT(idct_low_2_simd);
HWY_EXPORT(idct_low_4_simd);
HWY_EXPORT(idct_low_4_of_6_simd);

namespace {

int dequantised(const BlockRef& block, const std::int16_t* quant, int place) {
  return static_cast<std::int16_t>(block.coefs[place] * quant[place]);
}

std::uint8_t to_sample(int x) { return static_cast<std::uint8_t>(std::clamp(x, -128, 127) + 128); }

// Four numbers to four, times 2^kLowBits.
void transform(int x0, int x1, int x2, int x3, int* out, int step) {
  const int sum = (x0 + x2) * (1 << kLowBits), difference = (x0 - x2) * (1 << kLowBits);
  const int outer = x1 * kCos + x3 * kSin, inner = x1 * kSin - x3 * kCos;
  out[0] = sum + outer;
  out[step] = difference + inner;
  out[2 * step] = difference - inner;
  out[3 * step] = sum - outer;
}

// 16-bit sums that stay at the end of their range.
int saturated(int x) {
  using Limits = std::numeric_limits<std::int16_t>;
  return std::clamp<int>(x, Limits::min(), Limits::max());
}

}  // namespace

void idct_low_4(const BlockRef* blocks, std::size_t n, const std::int16_t* quant, std::ptrdiff_t stride) {
  HWY_DYNAMIC_DISPATCH(idct_low_4_simd)(blocks, n, quant, stride);
}

void idct_low_4_plain(const BlockRef& block, const std::int16_t* quant, std::ptrdiff_t stride) {
  int columns[16];
  for (int x = 0; x < 4; ++x) {
    int c[4];
    for (int y = 0; y < 4; ++y) c[y] = dequantised(block, quant, 8 * y + x);
    transform(c[0], c[1], c[2], c[3], columns + x, 4);
  }
  for (int& value : columns) {
    value = std::clamp((value + (1 << (kColumnShift - 1))) >> kColumnShift, -kLimit, kLimit - 1);
  }
  for (int y = 0; y < 4; ++y) {
    const int* row = columns + 4 * y;
    int out[4];
    transform(row[0], row[1], row[2], row[3], out, 1);
    std::uint8_t* const samples = block.samples + y * stride;
    for (int x = 0; x < 4; ++x) samples[x] = to_sample((out[x] + (1 << (kRowShift - 1))) >> kRowShift);
  }
}

void idct_low_2(const std::int16_t* coefs, int n, const std::int16_t* quant, std::uint8_t* samples,
                std::ptrdiff_t stride) {
  HWY_DYNAMIC_DISPATCH(idct_low_2_simd)(coefs, n, quant, samples, stride);
}

void idct_low_2_plain(const std::int16_t* coefs, int n, const std::int16_t* quant, std::uint8_t* samples,
                      std::ptrdiff_t stride) {
  constexpr int kFrom[4] = {0, 1, 8, 9};
  for (; n > 0; --n, coefs += 4, samples += 2) {
    int c[4];
    for (int i = 0; i < 4; ++i) c[i] = static_cast<std::int16_t>(coefs[i] * quant[kFrom[i]]);
    // For two, all the cosines are alike.
    for (int x = 0; x < 2; ++x) {
      const int upper = c[x], lower = c[x + 2];
      c[x] = saturated(upper + lower);
      c[x + 2] = saturated(upper + saturated(-lower));
    }
    for (int y = 0; y < 2; ++y) {
      const int left = c[2 * y], right = c[2 * y + 1];
      samples[y * stride] = to_sample(saturated(saturated(left + right) + 4) >> 3);
      samples[y * stride + 1] = to_sample(saturated(saturated(left + saturated(-right)) + 4) >> 3);
    }
  }
}

void idct_low_4_of_6(const std::int16_t* coefs, int n, const std::int16_t* quant, std::uint8_t* samples,
                     std::ptrdiff_t stride) {
  HWY_DYNAMIC_DISPATCH(idct_low_4_of_6_simd)(coefs, n, quant, samples, stride);
}

void idct_low_4_of_6_plain(const std::int16_t* coefs, int n, const std::int16_t* quant, std::uint8_t* samples,
                           std::ptrdiff_t stride) {
  for (; n > 0; --n, coefs += 8, samples += 4) {
    for (int i = 0; i < 16; ++i) {
      int sum = 1 << (kSixBits - 1);
      for (int k = 0; k < 6; ++k) {
        sum += static_cast<std::int16_t>(coefs[k] * quant[kFromSix[k]]) * kSix.weight[k / 2][2 * i + k % 2];
      }
      samples[i / 4 * stride + i % 4] = to_sample(sum >> kSixBits);
    }
  }
}

}  // namespace pixfeed::jpeg
#endif  // HWY_ONCE
