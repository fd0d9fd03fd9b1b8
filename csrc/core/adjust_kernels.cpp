// Blending with one value or with gray, and the sum of gray values: SIMD loops and plain twins.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/adjust_kernels.cpp"
#include <hwy/foreach_target.h>
// The order matters: highway.h after foreach_target.h.
#include <hwy/highway.h>

#include <algorithm>

#include "core/adjust_kernels.h"
#include "core/floats-inl.h"

#ifndef PIXFEED_ADJUST_PLAIN
#define PIXFEED_ADJUST_PLAIN
namespace pixfeed::kernels {

// Pillow's weights of R, G and B in convert("L"), in units of 1 / 65536.
constexpr int kRed = 19595, kGreen = 38470, kBlue = 7471, kHalf = 32768;

inline int gray_of(const std::uint8_t* rgb) { return (kRed * rgb[0] + kGreen * rgb[1] + kBlue * rgb[2] + kHalf) >> 16; }

inline std::uint8_t blend(int value, int other, float factor) {
  const float scaled = factor * static_cast<float>(value - other);  // rounded on its own: no fused multiply-add
  return static_cast<std::uint8_t>(std::clamp(static_cast<float>(other) + scaled, 0.f, 255.f));
}

}  // namespace pixfeed::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace pixfeed::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

HWY_INLINE VQuarter blended(VQuarter values, VF other, VF factor) {
  const VF value = hn::ConvertTo(df, hn::PromoteTo(di32, values));
  const VF sum = hn::Add(other, hn::Mul(factor, hn::Sub(value, other)));
  const VF cut = hn::Min(hn::Max(sum, hn::Zero(df)), hn::Set(df, 255.f));
  return hn::DemoteTo(dquarter, hn::ConvertTo(di32, cut));
}

HWY_INLINE VI gray(VQuarter r, VQuarter g, VQuarter b) {
  const VI red = hn::Mul(hn::PromoteTo(di32, r), hn::Set(di32, kRed));
  const VI green = hn::Mul(hn::PromoteTo(di32, g), hn::Set(di32, kGreen));
  const VI blue = hn::Mul(hn::PromoteTo(di32, b), hn::Set(di32, kBlue));
  return hn::ShiftRight<16>(hn::Add(hn::Add(red, green), hn::Add(blue, hn::Set(di32, kHalf))));
}

void blend_with_simd(std::uint8_t* values, std::ptrdiff_t n, std::uint8_t other, float factor) {
  const std::ptrdiff_t step = static_cast<std::ptrdiff_t>(hn::Lanes(df));
  const VF others = hn::Set(df, static_cast<float>(other)), factors = hn::Set(df, factor);
  std::ptrdiff_t i = 0;
  for (; i + step <= n; i += step) {
    hn::StoreU(blended(hn::LoadU(dquarter, values + i), others, factors), dquarter, values + i);
  }
  for (; i < n; ++i) values[i] = blend(values[i], other, factor);
}

void blend_with_gray_simd(std::uint8_t* rgb, std::ptrdiff_t n, float factor) {
  const std::ptrdiff_t step = static_cast<std::ptrdiff_t>(hn::Lanes(df));
  const VF factors = hn::Set(df, factor);
  std::ptrdiff_t i = 0;
  for (; i + step <= n; i += step) {
    VQuarter r, g, b;
    hn::LoadInterleaved3(dquarter, rgb + 3 * i, r, g, b);
    if (factor == 0) {
      const VQuarter only = hn::DemoteTo(dquarter, gray(r, g, b));
      hn::StoreInterleaved3(only, only, only, dquarter, rgb + 3 * i);
      continue;
    }
    const VF other = hn::ConvertTo(df, gray(r, g, b));
    hn::StoreInterleaved3(blended(r, other, factors), blended(g, other, factors), blended(b, other, factors), dquarter,
                          rgb + 3 * i);
  }
  blend_with_gray_plain(rgb + 3 * i, n - i, factor);
}

std::uint64_t sum_of_gray_simd(const std::uint8_t* rgb, std::ptrdiff_t n) {
  const std::ptrdiff_t step = static_cast<std::ptrdiff_t>(hn::Lanes(df));
  constexpr std::ptrdiff_t kRun = 1 << 20;  // vectors whose sum an int32 can hold
  std::uint64_t total = 0;
  std::ptrdiff_t i = 0;
  while (i + step <= n) {
    VI sum = hn::Zero(di32);
    for (std::ptrdiff_t k = 0; k < kRun && i + step <= n; ++k, i += step) {
      VQuarter r, g, b;
      hn::LoadInterleaved3(dquarter, rgb + 3 * i, r, g, b);
      sum = hn::Add(sum, gray(r, g, b));
    }
    HWY_ALIGN std::int32_t lanes[HWY_MAX_BYTES / sizeof(std::int32_t)];
    hn::Store(sum, di32, lanes);
    for (std::ptrdiff_t k = 0; k < step; ++k) total += static_cast<std::uint64_t>(lanes[k]);
  }
  return total + sum_of_gray_plain(rgb + 3 * i, n - i);
}

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::kernels {

HWY_EXPORT(blend_with_simd);
HWY_EXPORT(blend_with_gray_simd);
HWY_EXPORT(sum_of_gray_simd);

void blend_with(std::uint8_t* values, std::ptrdiff_t n, std::uint8_t other, float factor) {
  HWY_DYNAMIC_DISPATCH(blend_with_simd)(values, n, other, factor);
}

void blend_with_gray(std::uint8_t* rgb, std::ptrdiff_t n, float factor) {
  HWY_DYNAMIC_DISPATCH(blend_with_gray_simd)(rgb, n, factor);
}

std::uint64_t sum_of_gray(const std::uint8_t* rgb, std::ptrdiff_t n) {
  return HWY_DYNAMIC_DISPATCH(sum_of_gray_simd)(rgb, n);
}

void blend_with_plain(std::uint8_t* values, std::ptrdiff_t n, std::uint8_t other, float factor) {
  for (std::ptrdiff_t i = 0; i < n; ++i) values[i] = blend(values[i], other, factor);
}

void blend_with_gray_plain(std::uint8_t* rgb, std::ptrdiff_t n, float factor) {
  for (std::ptrdiff_t i = 0; i < n; ++i, rgb += 3) {
    const int gray = gray_of(rgb);
    for (int c = 0; c < 3; ++c) rgb[c] = blend(rgb[c], gray, factor);
  }
}

std::uint64_t sum_of_gray_plain(const std::uint8_t* rgb, std::ptrdiff_t n) {
  std::uint64_t total = 0;
  for (std::ptrdiff_t i = 0; i < n; ++i) total += static_cast<std::uint64_t>(gray_of(rgb + 3 * i));
  return total;
}

}  // namespace pixfeed::kernels
#endif
