// Tags of vectors of floats, and of the integers and bytes that become them. Included once per CPU target.
#if defined(PIXFEED_FLOATS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PIXFEED_FLOATS_INL_H_
#undef PIXFEED_FLOATS_INL_H_
#else
#define PIXFEED_FLOATS_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>

// No HWY_BEFORE_NAMESPACE: there are no functions, and clang warns of attributes for none.
namespace pixfeed::kernels {
namespace HWY_NAMESPACE {

const hwy::HWY_NAMESPACE::ScalableTag<float> df;
const hwy::HWY_NAMESPACE::RebindToSigned<decltype(df)> di32;
const hwy::HWY_NAMESPACE::Rebind<std::uint8_t, decltype(df)> dquarter;  // as many bytes as there are floats in a vector
using VF = hwy::HWY_NAMESPACE::VFromD<decltype(df)>;
using VI = hwy::HWY_NAMESPACE::VFromD<decltype(di32)>;
using VQuarter = hwy::HWY_NAMESPACE::VFromD<decltype(dquarter)>;

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::kernels

#endif
