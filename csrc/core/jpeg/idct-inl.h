// What the vector IDCTs of all sizes have in common. Included once per CPU target.
#if defined(PIXFEED_JPEG_IDCT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PIXFEED_JPEG_IDCT_INL_H_
#undef PIXFEED_JPEG_IDCT_INL_H_
#else
#define PIXFEED_JPEG_IDCT_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

#ifndef PIXFEED_JPEG_IDCT_BITS
#define PIXFEED_JPEG_IDCT_BITS
namespace pixfeed::jpeg {

inline constexpr int kConstBits = 13;
inline constexpr int kPassBits = 2;        // extra precision between the passes
inline constexpr int kTopRowLimit = 8192;  // a dequantised top row must stay below: see idct.h

}  // namespace pixfeed::jpeg
#endif  // PIXFEED_JPEG_IDCT_BITS

#if HWY_TARGET != HWY_SCALAR

HWY_BEFORE_NAMESPACE();
namespace pixfeed::jpeg {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Vectors whose 128-bit pieces each hold a row of one block: fixed-size vectors of 16 bytes or a multiple.
using D16 = hn::ScalableTag<std::int16_t>;
using D32 = hn::RepartitionToWide<D16>;
using V16 = hn::Vec<D16>;
using V32 = hn::Vec<D32>;
constexpr D16 d16;
constexpr D32 d32;
constexpr std::size_t kAtOnce = HWY_MAX_BYTES / 16 > 4 ? 4 : HWY_MAX_BYTES / 16;  // blocks

// The 32-bit results for a vector's lanes, the lower and the upper four of each 128-bit piece.
struct Wide {
  V32 lower, upper;
};

HWY_INLINE Wide plus(const Wide& a, const Wide& b) { return {hn::Add(a.lower, b.lower), hn::Add(a.upper, b.upper)}; }
HWY_INLINE Wide minus(const Wide& a, const Wide& b) { return {hn::Sub(a.lower, b.lower), hn::Sub(a.upper, b.upper)}; }

// a * ka + b * kb, where `factors` holds ka, kb, ka, kb, ...
HWY_INLINE V32 pair_sum(V16 interleaved, V16 factors) {
  V32 upper = hn::Zero(d32);
  const V32 lower = hn::ReorderWidenMulAccumulate(d32, interleaved, factors, hn::Zero(d32), upper);
  return hn::RearrangeToOddPlusEven(lower, upper);
}
HWY_INLINE V16 pair_of(int ka, int kb) {
  const auto both = static_cast<std::int32_t>(static_cast<std::uint32_t>(kb) << 16 | (ka & 0xFFFF));
  return hn::BitCast(d16, hn::Set(d32, both));
}
HWY_INLINE Wide rotate(V16 a, V16 b, int ka, int kb) {
  const V16 factors = pair_of(ka, kb);
  return {pair_sum(hn::InterleaveLower(d16, a, b), factors), pair_sum(hn::InterleaveUpper(d16, a, b), factors)};
}

// Sign-extended, times 2^kBits.
template <int kBits>
HWY_INLINE Wide widen(V16 a) {
  const V16 zero = hn::Zero(d16);
  constexpr int kShift = 16 - kBits;
  return {hn::ShiftRight<kShift>(hn::BitCast(d32, hn::InterleaveLower(d16, zero, a))),
          hn::ShiftRight<kShift>(hn::BitCast(d32, hn::InterleaveUpper(d16, zero, a)))};
}

template <int kShift>
HWY_INLINE V16 narrow(const Wide& a) {
  return hn::ReorderDemote2To(d16, hn::ShiftRight<kShift>(a.lower), hn::ShiftRight<kShift>(a.upper));
}

// Row `row` of kAtOnce blocks, one in each 128-bit piece.
HWY_INLINE V16 load_row(const std::int16_t* const* coefs, int row) {
#if HWY_MAX_BYTES >= 32
  const hn::Half<D16> half;
#endif
#if HWY_MAX_BYTES >= 64
  const hn::Half<hn::Half<D16>> quarter;
  const auto first = hn::Combine(half, hn::LoadU(quarter, coefs[1] + 8 * row), hn::LoadU(quarter, coefs[0] + 8 * row));
  const auto second = hn::Combine(half, hn::LoadU(quarter, coefs[3] + 8 * row), hn::LoadU(quarter, coefs[2] + 8 * row));
  return hn::Combine(d16, second, first);
#elif HWY_MAX_BYTES >= 32
  return hn::Combine(d16, hn::LoadU(half, coefs[1] + 8 * row), hn::LoadU(half, coefs[0] + 8 * row));
#else
  return hn::LoadU(d16, coefs[0] + 8 * row);
#endif
}

// Two columns of saturated samples, side by side.
HWY_INLINE V16 sample_pair(V16 left, V16 right) {
  const V16 lowest = hn::Set(d16, -128);
  const V16 highest = hn::Set(d16, 127);
  const V16 a = hn::And(hn::Min(hn::Max(left, lowest), highest), hn::Set(d16, 0xFF));
  const V16 b = hn::ShiftLeft<8>(hn::Min(hn::Max(right, lowest), highest));
  // Adding 128 to each byte is the same as flipping its top bit.
  return hn::Xor(hn::Or(a, b), hn::Set(d16, static_cast<std::int16_t>(0x8080)));
}

// True if `top`, which gathered dequantised top rows by collect_top, says that all of them are below the limit.
HWY_INLINE bool top_is_low(V16 top) { return hn::AllTrue(d16, hn::Lt(top, hn::Set(d16, kTopRowLimit))); }
// Negative numbers' bits are flipped: |x| or |x| - 1.
HWY_INLINE V16 collect_top(V16 top, V16 row) { return hn::Or(top, hn::Xor(row, hn::ShiftRight<15>(row))); }

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::jpeg
HWY_AFTER_NAMESPACE();

#endif  // fixed-size vectors

#endif  // include guard
