// Chroma between its samples, and the conversion of BT.601, in libwebp's integers.
#include "core/webp_color.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/webp_color.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

// With a . b = a * b >> 8 (libwebp's src/dsp/yuv.h):
//   R = (19077 . y + 26149 . v - 14234) >> 6
//   G = (19077 . y - 6419 . u - 13320 . v + 8708) >> 6
//   B = (19077 . y + 33050 . u - 17685) >> 6
// and a sample of chroma is 9, 3, 3 and 1 sixteenths of the four around it. In 16 bits without a sign nothing overflows,
// and what falls below 0 is saturated.

HWY_BEFORE_NAMESPACE();
namespace pixfeed {
namespace HWY_NAMESPACE {
#if HWY_TARGET != HWY_SCALAR
namespace hn = hwy::HWY_NAMESPACE;

const hn::CappedTag<std::uint8_t, kYuvSlack> d8;
const hn::RepartitionToWide<decltype(d8)> d16;
const hn::Rebind<std::uint8_t, decltype(d16)> d8_half;
using V8 = hn::Vec<decltype(d8)>;
using V16 = hn::Vec<decltype(d16)>;

struct Rgb {
  V16 r, g, b;
};

// Chroma of the even and the odd columns, times 256.
struct Pair {
  V16 even, odd;
};

HWY_INLINE V16 times3(V16 v) { return hn::Add(hn::Add(v, v), v); }

// A column of two samples, weighed 3 to 1.
HWY_INLINE V16 column(const std::uint8_t* const* rows, int x) {
  return hn::Add(times3(hn::PromoteTo(d16, hn::LoadU(d8_half, rows[0] + x))),
                 hn::PromoteTo(d16, hn::LoadU(d8_half, rows[1] + x)));
}

HWY_INLINE Pair chroma(const std::uint8_t* const* rows, int x) {
  const V16 upper = hn::Set(d16, 0xFF00);
  const V16 centre = hn::Add(times3(column(rows, x)), hn::Set(d16, 8));
  return {hn::And(hn::ShiftLeft<4>(hn::Add(centre, column(rows, x - 1))), upper),
          hn::And(hn::ShiftLeft<4>(hn::Add(centre, column(rows, x + 1))), upper)};
}

HWY_INLINE V16 byte_of(V16 v) { return hn::Min(hn::ShiftRight<6>(v), hn::Set(d16, 255)); }

// Of samples times 256.
HWY_INLINE Rgb convert(V16 y, V16 u, V16 v) {
  const auto times = [](V16 sample, int factor)
                         HWY_ATTR { return hn::MulHigh(sample, hn::Set(d16, static_cast<std::uint16_t>(factor))); };
  const V16 luma = times(y, 19077);
  const V16 less = hn::Add(times(u, 6419), times(v, 13320));
  return {byte_of(hn::SaturatedSub(hn::Add(luma, times(v, 26149)), hn::Set(d16, 14234))),
          byte_of(hn::SaturatedSub(hn::Add(luma, hn::Set(d16, 8708)), less)),
          byte_of(hn::SaturatedSub(hn::Add(luma, times(u, 33050)), hn::Set(d16, 17685)))};
}

HWY_INLINE V8 merge(V16 even, V16 odd) { return hn::BitCast(d8, hn::Or(even, hn::ShiftLeft<8>(odd))); }

void yuv_to_rgb_simd(const YuvRow& row, int n, std::uint8_t* rgb) {
  const int step = static_cast<int>(hn::Lanes(d8));
  for (int x = 0; x < n; x += step) {
    const V16 y = hn::BitCast(d16, hn::LoadU(d8, row.y + x));
    const Pair u = chroma(row.u, x / 2), v = chroma(row.v, x / 2);
    const Rgb even = convert(hn::ShiftLeft<8>(y), u.even, v.even);
    const Rgb odd = convert(hn::And(y, hn::Set(d16, 0xFF00)), u.odd, v.odd);
    hn::StoreInterleaved3(merge(even.r, odd.r), merge(even.g, odd.g), merge(even.b, odd.b), d8, rgb + 3 * x);
  }
}

#else

void yuv_to_rgb_simd(const YuvRow& row, int n, std::uint8_t* rgb) { yuv_to_rgb_plain(row, n, rgb); }

#endif

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed {

HWY_EXPORT(yuv_to_rgb_simd);

void yuv_to_rgb(const YuvRow& row, int n, std::uint8_t* rgb) { HWY_DYNAMIC_DISPATCH(yuv_to_rgb_simd)(row, n, rgb); }

void yuv_to_rgb_plain(const YuvRow& row, int n, std::uint8_t* rgb) {
  const auto byte = [](int v) { return static_cast<std::uint8_t>(std::clamp(v >> 6, 0, 255)); };
  const auto sample = [](const std::uint8_t* const* rows, int x) {
    const int near = x / 2, far = x % 2 == 0 ? near - 1 : near + 1;
    return (9 * rows[0][near] + 3 * rows[0][far] + 3 * rows[1][near] + rows[1][far] + 8) >> 4;
  };
  for (int x = 0; x < n; ++x) {
    const int luma = row.y[x] * 19077 >> 8, u = sample(row.u, x), v = sample(row.v, x);
    *rgb++ = byte(luma + (v * 26149 >> 8) - 14234);
    *rgb++ = byte(luma - (u * 6419 >> 8) - (v * 13320 >> 8) + 8708);
    *rgb++ = byte(luma + (u * 33050 >> 8) - 17685);
  }
}

}  // namespace pixfeed
#endif  // HWY_ONCE
