// uint8 pixels to planes of uint8 or float, and float32 to 16-bit floats: SIMD loops.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/write_kernels.cpp"
#include <hwy/foreach_target.h>
// The order matters: highway.h after foreach_target.h.
#include <hwy/highway.h>

#include <cstddef>

#include "core/floats-inl.h"
#include "core/half.h"
#include "core/write_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace pixfeed::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

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

const hn::RebindToUnsigned<decltype(df)> du32;
const hn::Rebind<std::uint16_t, decltype(df)> dhalf;
using VU32 = hn::VFromD<decltype(du32)>;

HWY_INLINE VU32 bits_of(VF value) { return hn::BitCast(du32, value); }

// Bits to be thrown away are rounded to nearest, ties to even.
template <int kBits>
HWY_INLINE VU32 shift_out(VU32 bits) {
  const VU32 odd = hn::And(hn::ShiftRight<kBits>(bits), hn::Set(du32, 1));
  return hn::ShiftRight<kBits>(hn::Add(bits, hn::Add(odd, hn::Set(du32, (1u << (kBits - 1)) - 1))));
}

// As to_float16(), all three cases at once.
HWY_INLINE VU32 float16_bits(VF value) {
  const VU32 bits = bits_of(value), size = hn::And(bits, hn::Set(du32, 0x7FFFFFFFu));
  const VU32 sign = hn::And(hn::ShiftRight<16>(bits), hn::Set(du32, 0x8000u));
  const VU32 normal = shift_out<13>(hn::Sub(size, hn::Set(du32, 112u << 23)));
  const VF half = hn::Set(df, 0.5f);
  const VU32 subnormal = hn::Sub(bits_of(hn::Add(hn::BitCast(df, size), half)), bits_of(half));
  const auto at_least = [size](std::uint32_t least) HWY_ATTR {
    return hn::RebindMask(du32, hn::Gt(hn::BitCast(di32, size), hn::Set(di32, static_cast<std::int32_t>(least - 1))));
  };
  const VU32 finite = hn::IfThenElse(at_least(0x38800000u), normal, subnormal);
  return hn::Or(sign, hn::IfThenElse(at_least(0x47800000u), hn::Set(du32, 0x7C00u), finite));
}

void floats_to_float16_simd(const float* in, int n, std::uint16_t* out) {
  const int step = static_cast<int>(hn::Lanes(df));
  int i = 0;
  for (; i + step <= n; i += step)
    hn::StoreU(hn::TruncateTo(dhalf, float16_bits(hn::LoadU(df, in + i))), dhalf, out + i);
  for (; i < n; ++i) out[i] = to_float16(in[i]);
}

void floats_to_bfloat16_simd(const float* in, int n, std::uint16_t* out) {
  const int step = static_cast<int>(hn::Lanes(df));
  int i = 0;
  for (; i + step <= n; i += step) {
    hn::StoreU(hn::TruncateTo(dhalf, shift_out<16>(bits_of(hn::LoadU(df, in + i)))), dhalf, out + i);
  }
  for (; i < n; ++i) out[i] = to_bfloat16(in[i]);
}

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::kernels {

HWY_EXPORT(rgb_to_float_planes_simd);
HWY_EXPORT(rgb_to_byte_planes_simd);
HWY_EXPORT(bytes_to_floats_simd);
HWY_EXPORT(floats_to_float16_simd);
HWY_EXPORT(floats_to_bfloat16_simd);

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

void floats_to_float16(const float* in, int n, std::uint16_t* out) {
  HWY_DYNAMIC_DISPATCH(floats_to_float16_simd)(in, n, out);
}

void floats_to_bfloat16(const float* in, int n, std::uint16_t* out) {
  HWY_DYNAMIC_DISPATCH(floats_to_bfloat16_simd)(in, n, out);
}

float to_float(std::uint8_t value, float mean, float std) {
  // Three roundings, none fused: the compiler is told so by -ffp-contract=off.
  const float unit = static_cast<float>(value) / 255.0f;
  const float centred = unit - mean;
  return centred / std;
}

}  // namespace pixfeed::kernels
#endif
