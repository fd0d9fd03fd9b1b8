// libjpeg's fancy upsampling: SIMD loops and plain twins.
#include "core/jpeg/upsample.h"

#include <cstddef>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/jpeg/upsample.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace pixfeed::jpeg {
namespace HWY_NAMESPACE {
#if HWY_TARGET != HWY_SCALAR
namespace hn = hwy::HWY_NAMESPACE;

// 16-bit lanes, at most 32 of them: a vector of results is then at most kRowSlack bytes.
const hn::CappedTag<std::uint16_t, kRowSlack / 2> d16;
const hn::Rebind<std::uint8_t, decltype(d16)> d8;              // as many bytes
const hn::Repartition<std::uint8_t, decltype(d16)> d8_double;  // twice as many
using V16 = hn::Vec<decltype(d16)>;

HWY_INLINE V16 load(const std::uint8_t* p) { return hn::PromoteTo(d16, hn::LoadU(d8, p)); }
HWY_INLINE V16 times3(V16 v) { return hn::Add(hn::Add(v, v), v); }

// Samples for even and odd places, each below 256, in turn.
HWY_INLINE void store_pairs(V16 even, V16 odd, std::uint8_t* out) {
  hn::StoreU(hn::BitCast(d8_double, hn::Or(even, hn::ShiftLeft<8>(odd))), d8_double, out);
}

void upsample_h2v1_simd(const std::uint8_t* in, int n, std::uint8_t* out) {
  const int step = static_cast<int>(hn::Lanes(d16));
  const V16 one = hn::Set(d16, 1);
  const V16 two = hn::Set(d16, 2);
  for (int x = 0; x < n; x += step) {
    const V16 centre = times3(load(in + x));
    const V16 left = hn::Add(load(in + x - 1), one);
    const V16 right = hn::Add(load(in + x + 1), two);
    store_pairs(hn::ShiftRight<2>(hn::Add(centre, left)), hn::ShiftRight<2>(hn::Add(centre, right)), out + 2 * x);
  }
}

// A column of two samples, weighed 3 to 1.
HWY_INLINE V16 column(const std::uint8_t* near, const std::uint8_t* far) {
  return hn::Add(times3(load(near)), load(far));
}

void upsample_h2v2_simd(const std::uint8_t* near, const std::uint8_t* far, int n, std::uint8_t* out) {
  const int step = static_cast<int>(hn::Lanes(d16));
  const V16 eight = hn::Set(d16, 8);
  const V16 seven = hn::Set(d16, 7);
  for (int x = 0; x < n; x += step) {
    const V16 centre = times3(column(near + x, far + x));
    const V16 left = hn::Add(column(near + x - 1, far + x - 1), eight);
    const V16 right = hn::Add(column(near + x + 1, far + x + 1), seven);
    store_pairs(hn::ShiftRight<4>(hn::Add(centre, left)), hn::ShiftRight<4>(hn::Add(centre, right)), out + 2 * x);
  }
}

void upsample_h1v2_simd(const std::uint8_t* near, const std::uint8_t* far, int n, int bias, std::uint8_t* out) {
  const int step = static_cast<int>(hn::Lanes(d16));
  const V16 rounding = hn::Set(d16, static_cast<std::uint16_t>(bias));
  const hn::RebindToSigned<decltype(d16)> di16;
  for (int x = 0; x < n; x += step) {
    const V16 sum = hn::ShiftRight<2>(hn::Add(column(near + x, far + x), rounding));
    hn::StoreU(hn::DemoteTo(d8, hn::BitCast(di16, sum)), d8, out + x);
  }
}

#else

void upsample_h2v1_simd(const std::uint8_t* in, int n, std::uint8_t* out) { upsample_h2v1_plain(in, n, out); }

void upsample_h2v2_simd(const std::uint8_t* near, const std::uint8_t* far, int n, std::uint8_t* out) {
  upsample_h2v2_plain(near, far, n, out);
}

void upsample_h1v2_simd(const std::uint8_t* near, const std::uint8_t* far, int n, int bias, std::uint8_t* out) {
  upsample_h1v2_plain(near, far, n, bias, out);
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::jpeg
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::jpeg {

HWY_EXPORT(upsample_h2v1_simd);
HWY_EXPORT(upsample_h2v2_simd);
HWY_EXPORT(upsample_h1v2_simd);

void upsample_h2v1(const std::uint8_t* in, int n, std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(upsample_h2v1_simd)(in, n, out);
}

void upsample_h2v2(const std::uint8_t* near, const std::uint8_t* far, int n, std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(upsample_h2v2_simd)(near, far, n, out);
}

void upsample_h1v2(const std::uint8_t* near, const std::uint8_t* far, int n, int bias, std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(upsample_h1v2_simd)(near, far, n, bias, out);
}

void replicate(const std::uint8_t* in, int n, int factor, std::uint8_t* out) {
  for (int x = 0; x < n; ++x) {
    for (int i = 0; i < factor; ++i) *out++ = in[x];
  }
}

void upsample_h2v1_plain(const std::uint8_t* in, int n, std::uint8_t* out) {
  for (int x = 0; x < n; ++x) {
    out[2 * x] = static_cast<std::uint8_t>((3 * in[x] + in[x - 1] + 1) >> 2);
    out[2 * x + 1] = static_cast<std::uint8_t>((3 * in[x] + in[x + 1] + 2) >> 2);
  }
}

void upsample_h2v2_plain(const std::uint8_t* near, const std::uint8_t* far, int n, std::uint8_t* out) {
  const auto sum = [&](int x) { return 3 * near[x] + far[x]; };
  for (int x = 0; x < n; ++x) {
    out[2 * x] = static_cast<std::uint8_t>((3 * sum(x) + sum(x - 1) + 8) >> 4);
    out[2 * x + 1] = static_cast<std::uint8_t>((3 * sum(x) + sum(x + 1) + 7) >> 4);
  }
}

void upsample_h1v2_plain(const std::uint8_t* near, const std::uint8_t* far, int n, int bias, std::uint8_t* out) {
  for (int x = 0; x < n; ++x) out[x] = static_cast<std::uint8_t>((3 * near[x] + far[x] + bias) >> 2);
}

}  // namespace pixfeed::jpeg
#endif  // HWY_ONCE
