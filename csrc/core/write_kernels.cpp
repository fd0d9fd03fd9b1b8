#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/write_kernels.cpp"
#include <hwy/foreach_target.h>
// The order matters: highway.h after foreach_target.h.
#include <hwy/highway.h>

#include <cstddef>

#include "write_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace pixfeed::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

const hn::ScalableTag<float> df;
const hn::RebindToSigned<decltype(df)> di32;
const hn::Rebind<std::uint8_t, decltype(df)> dquarter;  // as many bytes as there are floats in a vector
using VF = hn::VFromD<decltype(df)>;
using VQuarter = hn::VFromD<decltype(dquarter)>;

HWY_INLINE VF unit(VQuarter bytes) {
  return hn::Div(hn::ConvertTo(df, hn::PromoteTo(di32, bytes)), hn::Set(df, 255.0f));
}

void rgb_to_float_planes_simd(const std::uint8_t* rgb, int n, const float* mean, const float* std, float* r, float* g,
                              float* b) {
  const int step = static_cast<int>(hn::Lanes(df));
  float* const planes[3] = {r, g, b};
  const bool plain = mean[0] == 0 && mean[1] == 0 && mean[2] == 0 && std[0] == 1 && std[1] == 1 && std[2] == 1;
  int i = 0;
  for (; i + step <= n; i += step) {
    VQuarter channel[3];
    hn::LoadInterleaved3(dquarter, rgb + std::ptrdiff_t{3} * i, channel[0], channel[1], channel[2]);
    for (int c = 0; c < 3; ++c) {
      VF value = unit(channel[c]);
      if (!plain) value = hn::Div(hn::Sub(value, hn::Set(df, mean[c])), hn::Set(df, std[c]));
      hn::StoreU(value, df, planes[c] + i);
    }
  }
  for (; i < n; ++i) {
    for (int c = 0; c < 3; ++c) planes[c][i] = to_float(rgb[std::ptrdiff_t{3} * i + c], mean[c], std[c]);
  }
}

void rgb_to_byte_planes_simd(const std::uint8_t* rgb, int n, std::uint8_t* r, std::uint8_t* g, std::uint8_t* b) {
  const hn::ScalableTag<std::uint8_t> d;
  const int step = static_cast<int>(hn::Lanes(d));
  int i = 0;
  for (; i + step <= n; i += step) {
    hn::VFromD<decltype(d)> vr, vg, vb;
    hn::LoadInterleaved3(d, rgb + std::ptrdiff_t{3} * i, vr, vg, vb);
    hn::StoreU(vr, d, r + i);
    hn::StoreU(vg, d, g + i);
    hn::StoreU(vb, d, b + i);
  }
  for (; i < n; ++i) {
    r[i] = rgb[std::ptrdiff_t{3} * i];
    g[i] = rgb[std::ptrdiff_t{3} * i + 1];
    b[i] = rgb[std::ptrdiff_t{3} * i + 2];
  }
}

void bytes_to_floats_simd(const std::uint8_t* in, int n, float* out) {
  const int step = static_cast<int>(hn::Lanes(df));
  int i = 0;
  for (; i + step <= n; i += step) hn::StoreU(unit(hn::LoadU(dquarter, in + i)), df, out + i);
  for (; i < n; ++i) out[i] = to_float(in[i], 0, 1);
}

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::kernels {

HWY_EXPORT(rgb_to_float_planes_simd);
HWY_EXPORT(rgb_to_byte_planes_simd);
HWY_EXPORT(bytes_to_floats_simd);

void rgb_to_float_planes(const std::uint8_t* rgb, int n, const float* mean, const float* std, float* r, float* g,
                         float* b) {
  HWY_DYNAMIC_DISPATCH(rgb_to_float_planes_simd)(rgb, n, mean, std, r, g, b);
}

void rgb_to_byte_planes(const std::uint8_t* rgb, int n, std::uint8_t* r, std::uint8_t* g, std::uint8_t* b) {
  HWY_DYNAMIC_DISPATCH(rgb_to_byte_planes_simd)(rgb, n, r, g, b);
}

void bytes_to_floats(const std::uint8_t* in, int n, float* out) {
  HWY_DYNAMIC_DISPATCH(bytes_to_floats_simd)(in, n, out);
}

float to_float(std::uint8_t value, float mean, float std) {
  // Three roundings, none fused: the compiler is told so by -ffp-contract=off.
  const float unit = static_cast<float>(value) / 255.0f;
  const float centred = unit - mean;
  return centred / std;
}

}  // namespace pixfeed::kernels
#endif
