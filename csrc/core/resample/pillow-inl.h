// Weighted sums of 22-bit weights, split in two: for both passes of Pillow's filters. Included once per CPU target.
#if defined(PIXFEED_RESAMPLE_PILLOW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PIXFEED_RESAMPLE_PILLOW_INL_H_
#undef PIXFEED_RESAMPLE_PILLOW_INL_H_
#else
#define PIXFEED_RESAMPLE_PILLOW_INL_H_
#endif

#include "core/resample/pairs-inl.h"
#include "core/resample/pillow_kernels.h"

#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128

HWY_BEFORE_NAMESPACE();
namespace pixfeed::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The sums of the high and of the low halves, put together.
template <class V>
HWY_INLINE V together(V high, V low) {
  return hn::Add(hn::ShiftLeft<11>(high), low);
}

template <class V>
HWY_INLINE V rounded(V sum) {
  const hn::DFromV<V> d;
  return hn::ShiftRight<kWeightBits>(hn::Add(sum, hn::Set(d, 1 << (kWeightBits - 1))));
}

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::kernels
HWY_AFTER_NAMESPACE();

#endif
#endif
