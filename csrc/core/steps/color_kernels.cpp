// Hue, blending with a second row, smoothing, least and largest values: SIMD loops and plain twins.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/steps/color_kernels.cpp"
#include <hwy/foreach_target.h>
// The order matters: highway.h after foreach_target.h.
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "core/floats-inl.h"
#include "core/steps/color_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace pixfeed::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// -- hue ---------------------------------------------------------------------------------------------------------------
// In bytes, Pillow's HSV is: V the largest channel, S = 255 * (V - least) / V, H = 255 * sixths / 6, all without their
// fraction. `sixths` counts from red by way of yellow, and c = (V - middle) / (V - least) is the way back from the next
// pure color or the way on from it. These float32 operations, in this order, give Pillow's bytes for every pixel.

// Hue and saturation.
HWY_INLINE void hue_of(VI r, VI g, VI b, VI most, VI least, VI& hue, VI& saturation) {
  const VI range = hn::Sub(most, least), one = hn::Set(di32, 1);
  const VI middle = hn::Sub(hn::Sub(hn::Add(hn::Add(r, g), b), most), least);
  const VF c = hn::Div(hn::ConvertTo(df, hn::Sub(most, middle)), hn::ConvertTo(df, hn::Max(range, one)));
  const auto is_red = hn::Eq(r, most), is_green = hn::Eq(g, most);
  // The pure color between the two largest channels, in sixths, and whether the hue lies behind it.
  const auto blue_least = hn::Eq(b, least), red_least = hn::Eq(r, least);
  const VI at = hn::IfThenElse(is_red, hn::IfThenElse(blue_least, one, hn::Set(di32, -1)),
                               hn::IfThenElse(is_green, hn::IfThenElse(blue_least, one, hn::Set(di32, 3)),
                                              hn::IfThenElse(red_least, hn::Set(di32, 3), hn::Set(di32, 5))));
  const VI behind_bits =
      hn::IfThenElse(is_red, hn::Not(hn::VecFromMask(di32, blue_least)),
                     hn::IfThenElse(is_green, hn::VecFromMask(di32, blue_least), hn::VecFromMask(di32, red_least)));
  const auto behind = hn::RebindMask(df, hn::MaskFromVec(behind_bits));
  const VF sixths = hn::Add(hn::ConvertTo(df, at), hn::IfThenElse(behind, c, hn::Neg(c)));
  const VF turns = hn::Div(sixths, hn::Set(df, 6.f));
  const VF whole = hn::IfThenElse(hn::Lt(turns, hn::Zero(df)), hn::Add(turns, hn::Set(df, 1.f)), turns);
  hue = hn::ConvertTo(di32, hn::Mul(whole, hn::Set(df, 255.f)));
  const VF part = hn::Mul(hn::ConvertTo(df, range), hn::Set(df, 255.f));
  saturation = hn::ConvertTo(di32, hn::Div(part, hn::ConvertTo(df, hn::Max(most, one))));
}

// n / 255 without its fraction, of 0 <= n < 65535.
HWY_INLINE VI over_255(VI n) { return hn::ShiftRight<8>(hn::Add(hn::Add(n, hn::Set(di32, 1)), hn::ShiftRight<8>(n))); }

// n / 255^2 without its fraction, of 0 <= n < 2^24, which float32 can hold.
HWY_INLINE VI over_65025(VI n) {
  const VI square = hn::Set(di32, 65025);
  const VI near = hn::ConvertTo(di32, hn::Mul(hn::ConvertTo(df, n), hn::Set(df, 1.f / 65025.f)));
  const VI rest = hn::Sub(n, hn::Mul(near, square));  // may lie one beyond either end
  const VI more = hn::VecFromMask(di32, hn::Gt(rest, hn::Set(di32, 65024)));
  const VI less = hn::VecFromMask(di32, hn::Lt(rest, hn::Zero(di32)));
  return hn::Add(hn::Sub(near, more), less);  // masks are -1
}

void shift_hue_simd(std::uint8_t* rgb, std::ptrdiff_t n, int shift) {
  const std::ptrdiff_t step = static_cast<std::ptrdiff_t>(hn::Lanes(df));
  const VI shifts = hn::Set(di32, shift), byte = hn::Set(di32, 255), one = hn::Set(di32, 1), two = hn::Set(di32, 2),
           three = hn::Set(di32, 3);
  std::ptrdiff_t i = 0;
  for (; i + step <= n; i += step) {
    VQuarter red, green, blue;
    hn::LoadInterleaved3(dquarter, rgb + 3 * i, red, green, blue);
    const VI r = hn::PromoteTo(di32, red), g = hn::PromoteTo(di32, green), b = hn::PromoteTo(di32, blue);
    const VI most = hn::Max(hn::Max(r, g), b), least = hn::Min(hn::Min(r, g), b);
    VI hue, saturation;
    hue_of(r, g, b, most, least, hue, saturation);
    hue = hn::And(hn::Add(hue, shifts), byte);
    const VI six = hn::Add(hn::ShiftLeft<2>(hue), hn::ShiftLeft<1>(hue));
    const VI sixth = over_255(six);  // 0 to 6, where 6 is red again, as 0
    const VI on = hn::Sub(six, hn::Sub(hn::ShiftLeft<8>(sixth), sixth));
    const auto is_odd = hn::Eq(hn::And(sixth, one), one);
    const VI away = hn::Mul(saturation, hn::IfThenElse(is_odd, on, hn::Sub(byte, on)));
    const VI low = over_255(hn::Add(hn::Mul(most, hn::Sub(byte, saturation)), hn::Set(di32, 127)));
    const VI mid = over_65025(hn::Add(hn::Mul(most, hn::Sub(hn::Set(di32, 65025), away)), hn::Set(di32, 32512)));
    // By sixth: R is V, mid, low, low, mid, V; G the same two later, B four later.
    const VI at = hn::IfThenZeroElse(hn::Eq(sixth, hn::Set(di32, 6)), sixth);
    const auto value_at = [&](VI place) {                                                  // of 0 to 5
      const VI from_middle = hn::Abs(hn::Sub(hn::ShiftLeft<1>(place), hn::Set(di32, 5)));  // 5, 3, 1, 1, 3, 5
      return hn::IfThenElse(hn::Eq(from_middle, one), low, hn::IfThenElse(hn::Eq(from_middle, three), mid, most));
    };
    const auto turned = [&](VI by) {
      const VI place = hn::Add(at, by);
      return hn::IfThenElse(hn::Gt(place, hn::Set(di32, 5)), hn::Sub(place, hn::Set(di32, 6)), place);
    };
    const VI new_r = value_at(at), new_g = value_at(turned(hn::Set(di32, 4))), new_b = value_at(turned(two));
    hn::StoreInterleaved3(hn::DemoteTo(dquarter, new_r), hn::DemoteTo(dquarter, new_g), hn::DemoteTo(dquarter, new_b),
                          dquarter, rgb + 3 * i);
  }
  shift_hue_plain(rgb + 3 * i, n - i, shift);
}

// -- sharpness ---------------------------------------------------------------------------------------------------------

void blend_values_simd(std::uint8_t* values, const std::uint8_t* others, std::ptrdiff_t n, float factor) {
  const std::ptrdiff_t step = static_cast<std::ptrdiff_t>(hn::Lanes(df));
  const VF factors = hn::Set(df, factor), most = hn::Set(df, 255.f);
  std::ptrdiff_t i = 0;
  for (; i + step <= n; i += step) {
    const VF value = hn::ConvertTo(df, hn::PromoteTo(di32, hn::LoadU(dquarter, values + i)));
    const VF other = hn::ConvertTo(df, hn::PromoteTo(di32, hn::LoadU(dquarter, others + i)));
    const VF sum = hn::Add(other, hn::Mul(factors, hn::Sub(value, other)));
    const VF cut = hn::Min(hn::Max(sum, hn::Zero(df)), most);
    hn::StoreU(hn::DemoteTo(dquarter, hn::ConvertTo(di32, cut)), dquarter, values + i);
  }
  blend_values_plain(values + i, others + i, n - i, factor);
}

#if HWY_TARGET == HWY_SCALAR

void smooth_row_simd(const std::uint8_t* above, const std::uint8_t* row, const std::uint8_t* below, int n,
                     std::uint16_t* sums, std::uint8_t* smoothed) {
  smooth_row_plain(above, row, below, n, sums, smoothed);
}

#else

const hn::ScalableTag<std::uint16_t> du16;
const hn::RebindToSigned<decltype(du16)> di16;
const hn::Rebind<std::uint8_t, decltype(du16)> dhalf;
using VU16 = hn::VFromD<decltype(du16)>;

void smooth_row_simd(const std::uint8_t* above, const std::uint8_t* row, const std::uint8_t* below, int n,
                     std::uint16_t* sums, std::uint8_t* smoothed) {
  const int step = static_cast<int>(hn::Lanes(du16)), count = 3 * n;
  int i = 0;
  for (; i + step <= count; i += step) {
    const VU16 a = hn::PromoteTo(du16, hn::LoadU(dhalf, above + i)), b = hn::PromoteTo(du16, hn::LoadU(dhalf, row + i));
    const VU16 c = hn::PromoteTo(du16, hn::LoadU(dhalf, below + i));
    hn::StoreU(hn::Add(hn::Add(a, b), c), du16, sums + i);
  }
  for (; i < count; ++i) sums[i] = static_cast<std::uint16_t>(above[i] + row[i] + below[i]);
  std::memcpy(smoothed, row, 3);
  // sum / 13, rounded, is (sum + 6) * 5042 / 65536 without its fraction, of sums up to 13 * 255.
  const VU16 six = hn::Set(du16, 6), thirteenth = hn::Set(du16, 5042);
  for (i = 3; i + step <= count - 3; i += step) {
    const VU16 middle = hn::ShiftLeft<2>(hn::PromoteTo(du16, hn::LoadU(dhalf, row + i)));
    const VU16 sides = hn::Add(hn::LoadU(du16, sums + i - 3), hn::LoadU(du16, sums + i + 3));
    const VU16 sum = hn::Add(hn::Add(hn::LoadU(du16, sums + i), sides), hn::Add(middle, six));
    hn::StoreU(hn::DemoteTo(dhalf, hn::BitCast(di16, hn::MulHigh(sum, thirteenth))), dhalf, smoothed + i);
  }
  for (; i < count - 3; ++i) {
    smoothed[i] = static_cast<std::uint8_t>((sums[i - 3] + sums[i] + sums[i + 3] + 4 * row[i] + 6) / 13);
  }
  std::memcpy(smoothed + count - 3, row + count - 3, 3);
}

#endif

// -- least and largest -------------------------------------------------------------------------------------------------

// Three vectors are a whole number of pixels, so each lane always has the same channel.
void widen_simd(const std::uint8_t* rgb, std::ptrdiff_t n, Extremes& extremes) {
  const hn::ScalableTag<std::uint8_t> d8;
  const std::ptrdiff_t lanes = static_cast<std::ptrdiff_t>(hn::Lanes(d8));
  if (n < lanes) return widen_plain(rgb, n, extremes);
  auto least0 = hn::LoadU(d8, rgb), least1 = hn::LoadU(d8, rgb + lanes), least2 = hn::LoadU(d8, rgb + 2 * lanes);
  auto most0 = least0, most1 = least1, most2 = least2;
  std::ptrdiff_t i = lanes;
  for (; i + lanes <= n; i += lanes) {
    const std::uint8_t* at = rgb + 3 * i;
    const auto a = hn::LoadU(d8, at), b = hn::LoadU(d8, at + lanes), c = hn::LoadU(d8, at + 2 * lanes);
    least0 = hn::Min(least0, a), least1 = hn::Min(least1, b), least2 = hn::Min(least2, c);
    most0 = hn::Max(most0, a), most1 = hn::Max(most1, b), most2 = hn::Max(most2, c);
  }
  HWY_ALIGN std::uint8_t found[3 * HWY_MAX_BYTES];
  hn::StoreU(least0, d8, found), hn::StoreU(least1, d8, found + lanes), hn::StoreU(least2, d8, found + 2 * lanes);
  widen_plain(found, lanes, extremes);
  hn::StoreU(most0, d8, found), hn::StoreU(most1, d8, found + lanes), hn::StoreU(most2, d8, found + 2 * lanes);
  widen_plain(found, lanes, extremes);
  widen_plain(rgb + 3 * i, n - i, extremes);
}

void permute_simd(std::uint8_t* rgb, std::ptrdiff_t n, const int from[3]) {
  const hn::ScalableTag<std::uint8_t> d8;
  const std::ptrdiff_t lanes = static_cast<std::ptrdiff_t>(hn::Lanes(d8));
  const int x = from[0], y = from[1], z = from[2];
  std::ptrdiff_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::VFromD<decltype(d8)> r, g, b;
    hn::LoadInterleaved3(d8, rgb + 3 * i, r, g, b);
    const auto pick = [&](int c) { return c == 0 ? r : c == 1 ? g : b; };
    hn::StoreInterleaved3(pick(x), pick(y), pick(z), d8, rgb + 3 * i);
  }
  permute_plain(rgb + 3 * i, n - i, from);
}

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::kernels {

HWY_EXPORT(shift_hue_simd);
HWY_EXPORT(blend_values_simd);
HWY_EXPORT(smooth_row_simd);
HWY_EXPORT(widen_simd);
HWY_EXPORT(permute_simd);

void shift_hue(std::uint8_t* rgb, std::ptrdiff_t n, int shift) { HWY_DYNAMIC_DISPATCH(shift_hue_simd)(rgb, n, shift); }

void blend_values(std::uint8_t* values, const std::uint8_t* others, std::ptrdiff_t n, float factor) {
  HWY_DYNAMIC_DISPATCH(blend_values_simd)(values, others, n, factor);
}

void smooth_row(const std::uint8_t* above, const std::uint8_t* row, const std::uint8_t* below, int n,
                std::uint16_t* sums, std::uint8_t* smoothed) {
  HWY_DYNAMIC_DISPATCH(smooth_row_simd)(above, row, below, n, sums, smoothed);
}

void widen(const std::uint8_t* rgb, std::ptrdiff_t n, Extremes& extremes) {
  HWY_DYNAMIC_DISPATCH(widen_simd)(rgb, n, extremes);
}

void permute(std::uint8_t* rgb, std::ptrdiff_t n, const int from[3]) {
  HWY_DYNAMIC_DISPATCH(permute_simd)(rgb, n, from);
}

void shift_hue_plain(std::uint8_t* rgb, std::ptrdiff_t n, int shift) {
  for (std::ptrdiff_t i = 0; i < n; ++i, rgb += 3) {
    const int r = rgb[0], g = rgb[1], b = rgb[2];
    const int most = std::max({r, g, b}), least = std::min({r, g, b}), range = most - least;
    if (range == 0) continue;
    const float c = static_cast<float>(2 * most + least - r - g - b) / static_cast<float>(range);
    float sixths;
    if (r == most) {
      sixths = b == least ? 1 - c : c - 1;
    } else if (g == most) {
      sixths = b == least ? 1 + c : 3 - c;
    } else {
      sixths = r == least ? 3 + c : 5 - c;
    }
    float turns = sixths / 6;
    if (turns < 0) turns += 1;
    const int hue = (static_cast<int>(turns * 255) + shift) & 255, saturation = 255 * range / most;
    const int sixth = 6 * hue / 255, on = 6 * hue - 255 * sixth;
    const int away = saturation * (sixth % 2 != 0 ? on : 255 - on);
    const std::uint8_t high = static_cast<std::uint8_t>(most);
    const std::uint8_t low = static_cast<std::uint8_t>((most * (255 - saturation) + 127) / 255);
    const std::uint8_t mid = static_cast<std::uint8_t>((most * (65025 - away) + 32512) / 65025);
    const std::uint8_t wheel[6] = {high, mid, low, low, mid, high};
    for (int k = 0; k < 3; ++k) rgb[k] = wheel[(sixth + 6 - 2 * k) % 6];
  }
}

void blend_values_plain(std::uint8_t* values, const std::uint8_t* others, std::ptrdiff_t n, float factor) {
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const float scaled = factor * static_cast<float>(values[i] - others[i]);  // rounded on its own
    values[i] = static_cast<std::uint8_t>(std::clamp(static_cast<float>(others[i]) + scaled, 0.f, 255.f));
  }
}

void smooth_row_plain(const std::uint8_t* above, const std::uint8_t* row, const std::uint8_t* below, int n,
                      std::uint16_t*, std::uint8_t* smoothed) {
  std::memcpy(smoothed, row, 3 * static_cast<std::size_t>(n));
  for (int i = 3; i < 3 * n - 3; ++i) {
    int sum = 4 * row[i];
    for (const std::uint8_t* line : {above, row, below}) sum += line[i - 3] + line[i] + line[i + 3];
    smoothed[i] = static_cast<std::uint8_t>((sum + 6) / 13);
  }
}

void widen_plain(const std::uint8_t* rgb, std::ptrdiff_t n, Extremes& extremes) {
  for (std::ptrdiff_t i = 0; i < n; ++i, rgb += 3) {
    for (int c = 0; c < 3; ++c) {
      extremes.least[c] = std::min(extremes.least[c], rgb[c]);
      extremes.most[c] = std::max(extremes.most[c], rgb[c]);
    }
  }
}

void permute_plain(std::uint8_t* rgb, std::ptrdiff_t n, const int from[3]) {
  for (std::ptrdiff_t i = 0; i < n; ++i, rgb += 3) {
    const std::uint8_t pixel[3] = {rgb[0], rgb[1], rgb[2]};
    for (int c = 0; c < 3; ++c) rgb[c] = pixel[from[c]];
  }
}

}  // namespace pixfeed::kernels
#endif
