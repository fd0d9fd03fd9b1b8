// Products of pairs of 16-bit values, for the kernels of both resamplers. Included once per CPU target.
#if defined(PIXFEED_RESAMPLE_PAIRS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PIXFEED_RESAMPLE_PAIRS_INL_H_
#undef PIXFEED_RESAMPLE_PAIRS_INL_H_
#else
#define PIXFEED_RESAMPLE_PAIRS_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>
#include <cstring>

#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128

HWY_BEFORE_NAMESPACE();
namespace pixfeed::kernels {
namespace HWY_NAMESPACE {

// One pixel is two taps of three channels: 128 bits after widening, so the vectors are 128 bits on every target.
const hwy::HWY_NAMESPACE::FixedTag<std::uint8_t, 16> du8;
const hwy::HWY_NAMESPACE::FixedTag<std::int16_t, 8> di16;
const hwy::HWY_NAMESPACE::FixedTag<std::int32_t, 4> di32;
using I16 = hwy::HWY_NAMESPACE::VFromD<decltype(di16)>;
using I32 = hwy::HWY_NAMESPACE::VFromD<decltype(di32)>;

// R G B of one pixel and R G B of the next become R R G G B B, widened to 16 bits; 0x80 gives a zero. In the upper 128
// bits of a longer vector, which hold the same bytes, the two pixels after these do.
alignas(32) constexpr std::uint8_t kPairs[32] = {0,    0x80, 3,    0x80, 1,    0x80, 4,    0x80, 2,    0x80, 5,
                                                 0x80, 0x80, 0x80, 0x80, 0x80, 6,    0x80, 9,    0x80, 7,    0x80,
                                                 10,   0x80, 8,    0x80, 11,   0x80, 0x80, 0x80, 0x80, 0x80};

// sum + the products of lanes 2i and 2i + 1 in lane i. The products are rearranged before the sum is added: where the
// CPU has them in another order (NEON), the sum must not be rearranged with them.
template <class V16, class V32>
HWY_INLINE V32 add_pairs(V16 a, V16 b, V32 sum) {
  const hwy::HWY_NAMESPACE::DFromV<V32> d;
  V32 odd = hwy::HWY_NAMESPACE::Zero(d);
  const V32 even = hwy::HWY_NAMESPACE::ReorderWidenMulAccumulate(d, a, b, hwy::HWY_NAMESPACE::Zero(d), odd);
  return hwy::HWY_NAMESPACE::Add(sum, hwy::HWY_NAMESPACE::RearrangeToOddPlusEven(even, odd));
}

// A pair of weights as the bits of one 32-bit lane.
HWY_INLINE std::int32_t pair_bits(const std::int16_t* weights) {
  std::int32_t both;
  std::memcpy(&both, weights, sizeof(both));
  return both;
}

// A pair of weights in every 32-bit lane.
HWY_INLINE I16 pair(const std::int16_t* weights) {
  return hwy::HWY_NAMESPACE::BitCast(di16, hwy::HWY_NAMESPACE::Set(di32, pair_bits(weights)));
}

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::kernels
HWY_AFTER_NAMESPACE();

#endif
#endif
