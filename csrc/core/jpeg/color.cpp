// YCbCr to RGB in integers, as libjpeg-turbo rounds it: SIMD loops and plain twins.
#include "core/jpeg/color.h"

#include <algorithm>
#include <cstddef>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/jpeg/color.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

// JFIF's conversion with libjpeg's 16-bit constants, where b and r stand for Cb - 128 and Cr - 128:
//   R = Y + (91881 r + 32768 >> 16)   G = Y + (-22554 b - 46802 r + 32768 >> 16)   B = Y + (116130 b + 32768 >> 16)
// The vectors take whole multiples of 65536 out of the constants, so that what remains fits 16 bits.

HWY_BEFORE_NAMESPACE();
namespace pixfeed::jpeg {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

const hn::CappedTag<std::uint8_t, kColorSlack> d8;
#if HWY_TARGET != HWY_SCALAR
using D8 = decltype(d8);
using D16 = hn::RepartitionToWide<hn::RebindToSigned<D8>>;
using D32 = hn::RepartitionToWide<D16>;
using V8 = hn::Vec<D8>;
using V16 = hn::Vec<D16>;
using V32 = hn::Vec<D32>;
const D16 d16;
const D32 d32;

struct Rgb {
  V16 r, g, b;
};

// (x * kFactor + 32768) >> 16 for |x| <= 128.
HWY_INLINE V16 scale(V16 x, std::int16_t factor) {
  const V16 doubled = hn::MulHigh(hn::Add(x, x), hn::Set(d16, factor));
  return hn::ShiftRight<1>(hn::Add(doubled, hn::Set(d16, 1)));
}

HWY_INLINE V32 green_sum(V16 pairs) {
  const V16 factors = hn::BitCast(d16, hn::Set(d32, (46802 - 65536) * -65536 + (-22554 & 0xFFFF)));
  V32 upper = hn::Zero(d32);
  const V32 lower = hn::ReorderWidenMulAccumulate(d32, pairs, factors, hn::Zero(d32), upper);
  // Added last: on NEON the sums lie in another order up to there.
  return hn::Add(hn::RearrangeToOddPlusEven(lower, upper), hn::Set(d32, 32768));
}

// (-22554 b + 18734 r + 32768) >> 16: 32-bit sums for the even and for the odd lanes, whose upper halves are kept.
HWY_INLINE V16 green(V16 b, V16 r) {
  const V16 even_pairs = hn::OddEven(hn::BitCast(d16, hn::ShiftLeft<16>(hn::BitCast(d32, r))), b);
  const hn::RebindToUnsigned<D32> du32;
  const V16 odd_pairs = hn::OddEven(r, hn::BitCast(d16, hn::ShiftRight<16>(hn::BitCast(du32, b))));
  const V32 even = green_sum(even_pairs);
  const V32 odd = green_sum(odd_pairs);
  return hn::OddEven(hn::BitCast(d16, odd), hn::BitCast(d16, hn::ShiftRight<16>(even)));
}

HWY_INLINE Rgb convert(V16 y, V16 b, V16 r) {
  return {hn::Add(hn::Add(y, r), scale(r, 91881 - 65536)), hn::Add(hn::Sub(y, r), green(b, r)),
          hn::Add(hn::Add(y, hn::Add(b, b)), scale(b, 116130 - 131072))};
}

// Even and odd lanes, saturated to bytes, in turn.
HWY_INLINE V8 merge(V16 even, V16 odd) {
  const V16 zero = hn::Zero(d16);
  const V16 most = hn::Set(d16, 255);
  even = hn::Min(hn::Max(even, zero), most);
  odd = hn::Min(hn::Max(odd, zero), most);
  return hn::BitCast(d8, hn::Or(even, hn::ShiftLeft<8>(odd)));
}

HWY_INLINE V16 even_bytes(V8 v) { return hn::And(hn::BitCast(d16, v), hn::Set(d16, 255)); }
HWY_INLINE V16 odd_bytes(V8 v) {
  const hn::RebindToUnsigned<D16> du16;
  return hn::BitCast(d16, hn::ShiftRight<8>(hn::BitCast(du16, v)));
}

void ycc_to_rgb_simd(const std::uint8_t* y, const std::uint8_t* cb, const std::uint8_t* cr, int n, std::uint8_t* rgb) {
  const int step = static_cast<int>(hn::Lanes(d8));
  const V16 centre = hn::Set(d16, 128);
  for (int x = 0; x < n; x += step) {
    const V8 vy = hn::LoadU(d8, y + x);
    const V8 vb = hn::LoadU(d8, cb + x);
    const V8 vr = hn::LoadU(d8, cr + x);
    const Rgb even = convert(even_bytes(vy), hn::Sub(even_bytes(vb), centre), hn::Sub(even_bytes(vr), centre));
    const Rgb odd = convert(odd_bytes(vy), hn::Sub(odd_bytes(vb), centre), hn::Sub(odd_bytes(vr), centre));
    hn::StoreInterleaved3(merge(even.r, odd.r), merge(even.g, odd.g), merge(even.b, odd.b), d8, rgb + 3 * x);
  }
}

#else

void ycc_to_rgb_simd(const std::uint8_t* y, const std::uint8_t* cb, const std::uint8_t* cr, int n, std::uint8_t* rgb) {
  ycc_to_rgb_plain(y, cb, cr, n, rgb);
}

#endif

void gray_to_rgb_simd(const std::uint8_t* y, int n, std::uint8_t* rgb) {
  const int step = static_cast<int>(hn::Lanes(d8));
  for (int x = 0; x < n; x += step) {
    const auto v = hn::LoadU(d8, y + x);
    hn::StoreInterleaved3(v, v, v, d8, rgb + 3 * x);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::jpeg
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::jpeg {

HWY_EXPORT(ycc_to_rgb_simd);
HWY_EXPORT(gray_to_rgb_simd);

void ycc_to_rgb(const std::uint8_t* y, const std::uint8_t* cb, const std::uint8_t* cr, int n, std::uint8_t* rgb) {
  HWY_DYNAMIC_DISPATCH(ycc_to_rgb_simd)(y, cb, cr, n, rgb);
}

void gray_to_rgb(const std::uint8_t* y, int n, std::uint8_t* rgb) { HWY_DYNAMIC_DISPATCH(gray_to_rgb_simd)(y, n, rgb); }

void ycc_to_rgb_plain(const std::uint8_t* y, const std::uint8_t* cb, const std::uint8_t* cr, int n, std::uint8_t* rgb) {
  const auto byte = [](int v) { return static_cast<std::uint8_t>(std::clamp(v, 0, 255)); };
  for (int x = 0; x < n; ++x) {
    const int b = cb[x] - 128;
    const int r = cr[x] - 128;
    *rgb++ = byte(y[x] + ((91881 * r + 32768) >> 16));
    *rgb++ = byte(y[x] + ((-22554 * b - 46802 * r + 32768) >> 16));
    *rgb++ = byte(y[x] + ((116130 * b + 32768) >> 16));
  }
}

void gray_to_rgb_plain(const std::uint8_t* y, int n, std::uint8_t* rgb) {
  for (int x = 0; x < n; ++x) {
    for (int i = 0; i < 3; ++i) *rgb++ = y[x];
  }
}

}  // namespace pixfeed::jpeg
#endif  // HWY_ONCE
