// The accurate integer IDCT of 8 x 8 blocks in vectors.
#include "core/jpeg/idct.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/jpeg/idct.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "core/jpeg/idct-inl.h"

// The transform is Loeffler, Ligtenberg and Moschytz's with 13-bit constants: columns first (results keep 2 more bits
// and are saturated to 16), then rows. The rotations are written as sums of two products of 16-bit numbers.

#ifndef PIXFEED_JPEG_IDCT_CONSTANTS
#define PIXFEED_JPEG_IDCT_CONSTANTS
namespace pixfeed::jpeg {

inline constexpr int kColumnShift = kConstBits - kPassBits;
inline constexpr int kRowShift = kConstBits + kPassBits + 3;

// round(x * 2^13)
inline constexpr int k0_298 = 2446, k0_390 = 3196, k0_541 = 4433, k0_765 = 6270, k0_899 = 7373, k1_175 = 9633;
inline constexpr int k1_501 = 12299, k1_847 = 15137, k1_961 = 16069, k2_053 = 16819, k2_562 = 20995, k3_072 = 25172;

}  // namespace pixfeed::jpeg
#endif  // PIXFEED_JPEG_IDCT_CONSTANTS

HWY_BEFORE_NAMESPACE();
namespace pixfeed::jpeg {
namespace HWY_NAMESPACE {

#if HWY_TARGET != HWY_SCALAR

// One pass over eight vectors, in place. With kInputs == 4, v[4] to v[7] are zero, whatever they hold.
template <int kInputs, int kShift>
HWY_INLINE void transform(V16 (&v)[8]) {
  const V16 zero = hn::Zero(d16);
  const bool all = kInputs == 8;
  const Wide even3 = rotate(v[2], all ? v[6] : zero, k0_541 + k0_765, k0_541);
  const Wide even2 = rotate(v[2], all ? v[6] : zero, k0_541, k0_541 - k1_847);
  // Every result is rounded: half of what is shifted out comes in here, once for all of them.
  const V32 half = hn::Set(d32, 1 << (kShift - 1));
  const Wide rounding = {half, half};
  const Wide even0 = plus(widen<kConstBits>(all ? hn::Add(v[0], v[4]) : v[0]), rounding);
  const Wide even1 = all ? plus(widen<kConstBits>(hn::Sub(v[0], v[4])), rounding) : even0;
  const Wide sum0 = plus(even0, even3);
  const Wide sum3 = minus(even0, even3);
  const Wide sum1 = plus(even1, even2);
  const Wide sum2 = minus(even1, even2);

  const V16 v5 = all ? v[5] : zero;
  const V16 v7 = all ? v[7] : zero;
  const V16 z3 = all ? hn::Add(v7, v[3]) : v[3];
  const V16 z4 = all ? hn::Add(v5, v[1]) : v[1];
  const Wide turn3 = rotate(z3, z4, k1_175 - k1_961, k1_175);
  const Wide turn4 = rotate(z3, z4, k1_175, k1_175 - k0_390);
  const Wide odd0 = plus(rotate(v7, v[1], k0_298 - k0_899, -k0_899), turn3);
  const Wide odd1 = plus(rotate(v5, v[3], k2_053 - k2_562, -k2_562), turn4);
  const Wide odd2 = plus(rotate(v5, v[3], -k2_562, k3_072 - k2_562), turn3);
  const Wide odd3 = plus(rotate(v7, v[1], -k0_899, k1_501 - k0_899), turn4);

  v[0] = narrow<kShift>(plus(sum0, odd3));
  v[7] = narrow<kShift>(minus(sum0, odd3));
  v[1] = narrow<kShift>(plus(sum1, odd2));
  v[6] = narrow<kShift>(minus(sum1, odd2));
  v[2] = narrow<kShift>(plus(sum2, odd1));
  v[5] = narrow<kShift>(minus(sum2, odd1));
  v[3] = narrow<kShift>(plus(sum3, odd0));
  v[4] = narrow<kShift>(minus(sum3, odd0));
}

// Rows to columns in every 128-bit piece; only the first kOutputs columns are needed.
template <int kOutputs>
HWY_INLINE void transpose(V16 (&v)[8]) {
  const auto low = [](V16 a, V16 b) HWY_ATTR { return hn::InterleaveLower(d16, a, b); };
  const auto high = [](V16 a, V16 b) HWY_ATTR { return hn::InterleaveUpper(d16, a, b); };
  const V16 a0 = low(v[0], v[4]), a1 = low(v[1], v[5]), a2 = low(v[2], v[6]), a3 = low(v[3], v[7]);
  const V16 b0 = low(a0, a2), b1 = high(a0, a2), b2 = low(a1, a3), b3 = high(a1, a3);
  if (kOutputs == 8) {
    const V16 a4 = high(v[0], v[4]), a5 = high(v[1], v[5]), a6 = high(v[2], v[6]), a7 = high(v[3], v[7]);
    const V16 b4 = low(a4, a6), b5 = high(a4, a6), b6 = low(a5, a7), b7 = high(a5, a7);
    v[4] = low(b4, b6);
    v[5] = high(b4, b6);
    v[6] = low(b5, b7);
    v[7] = high(b5, b7);
  }
  v[0] = low(b0, b2);
  v[1] = high(b0, b2);
  v[2] = low(b1, b3);
  v[3] = high(b1, b3);
}

// The columns of kAtOnce blocks, saturated and written where they belong.
HWY_INLINE void store(const V16 (&v)[8], std::uint8_t* const* samples, std::ptrdiff_t stride) {
  const V16 p0 = sample_pair(v[0], v[1]), p1 = sample_pair(v[2], v[3]);
  const V16 p2 = sample_pair(v[4], v[5]), p3 = sample_pair(v[6], v[7]);
  const auto quad = [](V16 a) HWY_ATTR { return hn::BitCast(d32, a); };
  const V32 left0 = quad(hn::InterleaveLower(d16, p0, p1)), left4 = quad(hn::InterleaveUpper(d16, p0, p1));
  const V32 right0 = quad(hn::InterleaveLower(d16, p2, p3)), right4 = quad(hn::InterleaveUpper(d16, p2, p3));
  HWY_ALIGN std::int32_t rows[4][4 * kAtOnce];  // [rows 2q and 2q + 1][block][the two rows]
  hn::Store(hn::InterleaveLower(d32, left0, right0), d32, rows[0]);
  hn::Store(hn::InterleaveUpper(d32, left0, right0), d32, rows[1]);
  hn::Store(hn::InterleaveLower(d32, left4, right4), d32, rows[2]);
  hn::Store(hn::InterleaveUpper(d32, left4, right4), d32, rows[3]);
  for (std::size_t b = 0; b < kAtOnce; ++b) {
    std::uint8_t* out = samples[b];
    for (int q = 0; q < 4; ++q, out += 2 * stride) {
      std::memcpy(out, &rows[q][4 * b], 8);
      std::memcpy(out + stride, &rows[q][4 * b + 2], 8);
    }
  }
}

template <int kInputs>
HWY_INLINE bool idct_blocks(const BlockRef* blocks, std::size_t n, const std::int16_t* quant, std::ptrdiff_t stride) {
  V16 factors[kInputs];
  for (int row = 0; row < kInputs; ++row) factors[row] = hn::LoadDup128(d16, quant + 8 * row);
  V16 top = hn::Zero(d16);
  for (std::size_t i = 0; i < n; i += kAtOnce) {
    const std::int16_t* coefs[kAtOnce];
    std::uint8_t* samples[kAtOnce];
    for (std::size_t b = 0; b < kAtOnce; ++b) {
      const BlockRef& block = blocks[std::min(i + b, n - 1)];  // the last one fills up: it is written several times
      coefs[b] = block.coefs;
      samples[b] = block.samples;
    }
    V16 v[8];
    for (int row = 0; row < 8; ++row) {
      v[row] = row < kInputs ? hn::Mul(load_row(coefs, row), factors[row < kInputs ? row : 0]) : hn::Zero(d16);
    }
    top = collect_top(top, v[0]);
    transform<kInputs, kColumnShift>(v);
    transpose<kInputs>(v);
    transform<kInputs, kRowShift>(v);
    store(v, samples, stride);
  }
  return top_is_low(top);
}

bool idct_simd(BlockKind kind, const BlockRef* blocks, std::size_t n, const std::int16_t* quant,
               std::ptrdiff_t stride) {
  if (n == 0) return true;
  if (kind == BlockKind::corner) return idct_blocks<4>(blocks, n, quant, stride);
  return idct_blocks<8>(blocks, n, quant, stride);
}

#else

bool idct_simd(BlockKind /*kind*/, const BlockRef* blocks, std::size_t n, const std::int16_t* quant,
               std::ptrdiff_t stride) {
  bool good = true;
  for (std::size_t i = 0; i < n; ++i) good &= idct_plain(blocks[i], quant, stride);
  return good;
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::jpeg
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::jpeg {

HWY_EXPORT(idct_simd);

namespace {

// A block of one value.
bool idct_flat(const BlockRef& block, int quant, std::ptrdiff_t stride) {
  const int dc = static_cast<std::int16_t>(block.coefs[0] * quant);
  const int sample = std::clamp((dc * (1 << kPassBits) + 16) >> 5, -128, 127) + 128;
  const std::uint64_t eight = 0x0101010101010101U * static_cast<unsigned>(sample);
  std::uint8_t* out = block.samples;
  for (int row = 0; row < 8; ++row, out += stride) std::memcpy(out, &eight, 8);
  return dc >= -kTopRowLimit && dc < kTopRowLimit;
}

}  // namespace

bool idct(BlockKind kind, const BlockRef* blocks, std::size_t n, const std::int16_t* quant, std::ptrdiff_t stride) {
  if (kind != BlockKind::flat) return HWY_DYNAMIC_DISPATCH(idct_simd)(kind, blocks, n, quant, stride);
  bool good = true;
  for (std::size_t i = 0; i < n; ++i) good &= idct_flat(blocks[i], quant[0], stride);
  return good;
}

}  // namespace pixfeed::jpeg
#endif  // HWY_ONCE
