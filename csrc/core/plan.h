// Everything that is to be done with one picture. One row of the PLAN table of python/pixfeed/plan.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace pixfeed {

// As OpenCV, with the numbers of its INTER_*; as Pillow, with those of its Resampling plus 16.
enum class Interpolation : std::int32_t {
  nearest = 0,
  linear = 1,
  cubic = 2,
  area = 3,
  lanczos4 = 4,
  linear_exact = 5,
  nearest_exact = 6,
  pillow_lanczos = 17,
  pillow_bilinear = 18,
  pillow_bicubic = 19,
  pillow_box = 20,
  pillow_hamming = 21,
};
constexpr bool is_opencv(Interpolation i) { return i >= Interpolation::nearest && i <= Interpolation::nearest_exact; }
constexpr bool is_pillow(Interpolation i) {
  return i >= Interpolation::pillow_lanczos && i <= Interpolation::pillow_hamming;
}

// One step of a change of colors, as Pillow's ImageEnhance and convert("L") do it; see adjust.h.
enum class Adjustment : std::int32_t { none = 0, brightness = 1, contrast = 2, saturation = 3, gray = 4 };
constexpr int kAdjustments = 4;  // steps at most

// "Decode `source`, take the crop, resize it, keep the window, change its colors, flip it, and write
// (value / 255 - mean) / std."
// The window's size, the channels (1: gray), the dtype (uint8 is written as it is) and the layout are those of the slot
// it is written to.
struct Plan {
  std::int32_t source;                          // index among the opened sources
  std::int32_t reduced;                         // 1, 2, 4 or 8: decoded at 1/reduced of its size (see reduced_side)
  std::int32_t low_pass;                        // 0 or 1: see decode.h's Request
  std::int32_t crop_x, crop_y, crop_w, crop_h;  // pixels of the displayed picture, reduced, inside it
  std::int32_t resize_w, resize_h;              // pixels: the size of the whole resized crop
  std::int32_t window_x, window_y;              // pixels of the resized crop: where the window begins
  std::int32_t flip_horizontal, flip_vertical;  // 0 or 1, after the window
  Interpolation interpolation;
  float box[4];                     // left, upper, right, lower in the crop: the part of it that is resized,
                                    // in fractions of pixels where `interpolation` is one of Pillow's
  float mean[3], std[3];            // R, G, B, in units of [0, 1]; for float slots only
  std::int32_t framed;              // 1: the window may reach beyond the resized crop, and is `fill` there
  std::int32_t fill[3];             // R, G, B, 0 to 255
  Adjustment adjust[kAdjustments];  // one after the other, before the flip
  float factor[kAdjustments];       // 1 changes nothing; gray has none

  // A gray slot of a picture that is read as gray, not one that is made gray afterwards.
  bool reads_gray(int channels) const {
    for (Adjustment a : adjust) {
      if (a == Adjustment::gray) return false;
    }
    return channels == 1;
  }
};

static_assert(std::is_trivially_copyable_v<Plan> && sizeof(Plan) == 144);
static_assert(offsetof(Plan, resize_w) == 28 && offsetof(Plan, interpolation) == 52 && offsetof(Plan, mean) == 72);
static_assert(offsetof(Plan, framed) == 96 && offsetof(Plan, adjust) == 112);

}  // namespace pixfeed
