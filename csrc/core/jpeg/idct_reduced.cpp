// The IDCT to 4 x 4 or 2 x 2 samples in vectors, as libjpeg reduces a picture.
#include <algorithm>
#include <cstring>

#include "core/jpeg/idct.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/jpeg/idct_reduced.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "core/jpeg/idct-inl.h"

// The transform of idct.cpp with fewer outputs: what the missing samples would take from each other is left out, so
// that column and row 4 do not matter for 4 x 4 samples, nor columns and rows 2, 4 and 6 for 2 x 2. Columns first;
// constants with 13 bits.

#ifndef PIXFEED_JPEG_IDCT_REDUCED_CONSTANTS
#define PIXFEED_JPEG_IDCT_REDUCED_CONSTANTS
namespace pixfeed::jpeg {

// One and two bits more are shifted out than in idct.cpp: the DC comes in doubled and times four.
inline constexpr int kColumnShift4 = kConstBits - kPassBits + 1, kRowShift4 = kConstBits + kPassBits + 3 + 1;
inline constexpr int kColumnShift2 = kConstBits - kPassBits + 2, kRowShift2 = kConstBits + kPassBits + 3 + 2;

// round(x * 2^13)
inline constexpr int k0_211 = 1730, k0_509 = 4176, k0_601 = 4926, k0_720 = 5906, k0_765 = 6270, k0_850 = 6967;
inline constexpr int k0_899 = 7373, k1_061 = 8697, k1_272 = 10426, k1_451 = 11893, k1_847 = 15137, k2_172 = 17799;
inline constexpr int k2_562 = 20995, k3_624 = 29692;

}  // namespace pixfeed::jpeg
#endif  // PIXFEED_JPEG_IDCT_REDUCED_CONSTANTS

HWY_BEFORE_NAMESPACE();
namespace pixfeed::jpeg {
namespace HWY_NAMESPACE {

#if HWY_TARGET != HWY_SCALAR

HWY_INLINE V32 swap_halves(V32 v) { return hn::Shuffle1032(v); }

// The row of kAtOnce blocks.
HWY_INLINE V16 dequantised(const std::int16_t* const* coefs, const std::int16_t* quant, int row) {
  return hn::Mul(load_row(coefs, row), hn::LoadDup128(d16, quant + 8 * row));
}

// kAtOnce blocks to 4 x 4 samples each.
HWY_INLINE void reduce4(const std::int16_t* const* coefs, const std::int16_t* quant, V16& top, std::uint32_t* out) {
  const auto row = [&](int i) HWY_ATTR { return dequantised(coefs, quant, i); };
  const V16 v0 = row(0), v1 = row(1), v2 = row(2), v3 = row(3), v5 = row(5), v6 = row(6), v7 = row(7);
  top = collect_top(top, v0);

  const V32 half = hn::Set(d32, 1 << (kColumnShift4 - 1));
  const Wide centre = plus(widen<kConstBits + 1>(v0), {half, half});
  const Wide even = rotate(v2, v6, k1_847, -k0_765);
  const Wide outer = plus(rotate(v1, v3, k2_562, k0_899), rotate(v5, v7, -k0_601, -k0_509));
  const Wide inner = plus(rotate(v1, v3, k1_061, -k2_172), rotate(v5, v7, k1_451, -k0_211));
  const Wide sum = plus(centre, even);
  const Wide difference = minus(centre, even);
  const V16 r0 = narrow<kColumnShift4>(plus(sum, outer)), r3 = narrow<kColumnShift4>(minus(sum, outer));
  const V16 r1 = narrow<kColumnShift4>(plus(difference, inner)), r2 = narrow<kColumnShift4>(minus(difference, inner));

  // Now four rows of eight columns. In columns, four to a half piece: 0 and 1, 2 and 3, ...
  const auto low = [](V16 a, V16 b) HWY_ATTR { return hn::BitCast(d32, hn::InterleaveLower(d16, a, b)); };
  const auto high = [](V16 a, V16 b) HWY_ATTR { return hn::BitCast(d32, hn::InterleaveUpper(d16, a, b)); };
  const auto narrowed = [](V32 a) HWY_ATTR { return hn::BitCast(d16, a); };
  const V32 top_left = low(r0, r1), bottom_left = low(r2, r3), top_right = high(r0, r1), bottom_right = high(r2, r3);
  const V16 c01 = narrowed(hn::InterleaveLower(d32, top_left, bottom_left));
  const V16 c23 = narrowed(hn::InterleaveUpper(d32, top_left, bottom_left));
  const V16 c45 = narrowed(hn::InterleaveLower(d32, top_right, bottom_right));
  const V16 c67 = narrowed(hn::InterleaveUpper(d32, top_right, bottom_right));

  const V32 row_half = hn::Set(d32, 1 << (kRowShift4 - 1));
  const V32 c0 = hn::BitCast(d32, hn::InterleaveLower(d16, hn::Zero(d16), c01));
  const V32 row_centre = hn::Add(hn::ShiftRight<16 - kConstBits - 1>(c0), row_half);
  const V32 row_even = pair_sum(hn::InterleaveLower(d16, c23, c67), pair_of(k1_847, -k0_765));
  const V16 c13 = hn::InterleaveUpper(d16, c01, c23);
  const V16 c57 = hn::InterleaveUpper(d16, c45, c67);
  const V32 row_outer = hn::Add(pair_sum(c13, pair_of(k2_562, k0_899)), pair_sum(c57, pair_of(-k0_601, -k0_509)));
  const V32 row_inner = hn::Add(pair_sum(c13, pair_of(k1_061, -k2_172)), pair_sum(c57, pair_of(k1_451, -k0_211)));
  const V32 row_sum = hn::Add(row_centre, row_even);
  const V32 row_difference = hn::Sub(row_centre, row_even);
  // The left and the right column of each pair, in the lower and the upper half of a piece.
  const V16 left = narrow<kRowShift4>({hn::Add(row_sum, row_outer), hn::Sub(row_difference, row_inner)});
  const V16 right = narrow<kRowShift4>({hn::Add(row_difference, row_inner), hn::Sub(row_sum, row_outer)});
  const V16 pairs = sample_pair(left, right);
  const V16 swapped = narrowed(swap_halves(hn::BitCast(d32, pairs)));
  hn::StoreU(low(pairs, swapped), d32, reinterpret_cast<std::int32_t*>(out));
}

// kAtOnce blocks to 2 x 2 samples each.
HWY_INLINE void reduce2(const std::int16_t* const* coefs, const std::int16_t* quant, V16& top, std::uint8_t* out) {
  const auto row = [&](int i) HWY_ATTR { return dequantised(coefs, quant, i); };
  const V16 v0 = row(0), v1 = row(1), v3 = row(3), v5 = row(5), v7 = row(7);
  top = collect_top(top, v0);

  const V32 half = hn::Set(d32, 1 << (kColumnShift2 - 1));
  const Wide centre = plus(widen<kConstBits + 2>(v0), {half, half});
  const Wide odd = plus(rotate(v1, v3, k3_624, -k1_272), rotate(v5, v7, k0_850, -k0_720));
  const Wide upper = plus(centre, odd);
  const Wide lower = minus(centre, odd);

  // The odd columns' products, summed over each row: both rows' sums end in a piece's first two lanes.
  alignas(16) static constexpr std::int16_t kFactors[8] = {0, k3_624, 0, -k1_272, 0, k0_850, 0, -k0_720};
  const V16 factors = hn::LoadDup128(d16, kFactors);
  const V32 products0 = pair_sum(narrow<kColumnShift2>(upper), factors);
  const V32 products1 = pair_sum(narrow<kColumnShift2>(lower), factors);
  const V32 quarters02 = hn::InterleaveLower(d32, products0, products1);
  const V32 quarters13 = hn::InterleaveUpper(d32, products0, products1);
  const V32 halves = hn::Add(quarters02, quarters13);
  const V32 row_odd = hn::Add(halves, swap_halves(halves));
  // Column 0 is not narrowed.
  const V32 column0 = hn::ShiftRight<kColumnShift2>(hn::InterleaveLower(d32, upper.lower, lower.lower));
  const V32 row_half = hn::Set(d32, 1 << (kRowShift2 - 1));
  const V32 row_centre = hn::Add(hn::ShiftLeft<kConstBits + 2>(column0), row_half);
  const V32 left = hn::ShiftRight<kRowShift2>(hn::Add(row_centre, row_odd));
  const V32 right = hn::ShiftRight<kRowShift2>(hn::Sub(row_centre, row_odd));
  const V32 samples = hn::Add(hn::InterleaveLower(d32, left, right), hn::Set(d32, 128));
  const hn::Rebind<std::uint8_t, D32> d8;
  hn::StoreU(hn::DemoteTo(d8, samples), d8, out);
}

template <int kSize>
HWY_INLINE bool reduce_blocks(const BlockRef* blocks, std::size_t n, const std::int16_t* quant, std::ptrdiff_t stride) {
  V16 top = hn::Zero(d16);
  for (std::size_t i = 0; i < n; i += kAtOnce) {
    const std::int16_t* coefs[kAtOnce];
    for (std::size_t b = 0; b < kAtOnce; ++b) coefs[b] = blocks[std::min(i + b, n - 1)].coefs;
    HWY_ALIGN std::uint32_t samples[4 * kAtOnce];
    if (kSize == 4) {
      reduce4(coefs, quant, top, samples);
    } else {
      reduce2(coefs, quant, top, reinterpret_cast<std::uint8_t*>(samples));
    }
    const auto* from = reinterpret_cast<const std::uint8_t*>(samples);
    for (std::size_t b = 0; b < std::min(kAtOnce, n - i); ++b) {
      std::uint8_t* out = blocks[i + b].samples;
      for (int row = 0; row < kSize; ++row, out += stride, from += kSize) std::memcpy(out, from, kSize);
    }
  }
  return top_is_low(top);
}

bool idct_reduced_simd(int size, const BlockRef* blocks, std::size_t n, const std::int16_t* quant,
                       std::ptrdiff_t stride) {
  if (n == 0) return true;
  return size == 4 ? reduce_blocks<4>(blocks, n, quant, stride) : reduce_blocks<2>(blocks, n, quant, stride);
}

#else

bool idct_reduced_simd(int size, const BlockRef* blocks, std::size_t n, const std::int16_t* quant,
                       std::ptrdiff_t stride) {
  bool good = true;
  for (std::size_t i = 0; i < n; ++i) good &= idct_reduced_plain(size, blocks[i], quant, stride);
  return good;
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::jpeg
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::jpeg {

HWY_EXPORT(idct_reduced_simd);

namespace {

// A single sample takes DCs below this only.
constexpr int kSingleLimit = 4088;

unsigned outside(int dc, int limit) { return static_cast<unsigned>(dc < -limit) | static_cast<unsigned>(dc >= limit); }

// A block without anything else has the same sample everywhere.
std::uint8_t of_dc(int dc) { return static_cast<std::uint8_t>(std::clamp((dc + 4) >> 3, -128, 127) + 128); }

}  // namespace

bool idct_reduced(int size, BlockKind kind, const BlockRef* blocks, std::size_t n, const std::int16_t* quant,
                  std::ptrdiff_t stride) {
  if (kind != BlockKind::flat) return HWY_DYNAMIC_DISPATCH(idct_reduced_simd)(size, blocks, n, quant, stride);
  unsigned beyond = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const int dc = static_cast<std::int16_t>(blocks[i].coefs[0] * quant[0]);
    beyond |= outside(dc, kTopRowLimit);
    const std::uint8_t sample = of_dc(dc);
    std::uint8_t* out = blocks[i].samples;
    for (int row = 0; row < size; ++row, out += stride) std::memset(out, sample, static_cast<std::size_t>(size));
  }
  return beyond == 0;
}

bool idct_single(const std::int16_t* coefs, int every, int n, int quant, std::uint8_t* samples, int step) {
  unsigned beyond = 0;
  for (; n > 0; --n, coefs += every, samples += step) {
    const int dc = coefs[0] * quant;
    beyond |= outside(dc, kSingleLimit);
    *samples = of_dc(dc);
  }
  return beyond == 0;
}

}  // namespace pixfeed::jpeg
#endif  // HWY_ONCE
