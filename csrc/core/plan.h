// Everything that is to be done with one picture. One row of the PLAN table of python/pixfeed/plan.py.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "core/steps/step.h"

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
enum class Adjustment : std::int32_t { none = 0, brightness = 1, contrast = 2, saturation = 3, gray = 4, hue = 5 };
constexpr int kAdjustments = 4;  // steps at most

// What a window shows where it reaches beyond the resized crop; the last three with numpy.pad's names. With `none` it
// must not.
enum class Framed : std::int32_t { none = 0, constant = 1, edge = 2, reflect = 3, symmetric = 4 };

// Plan::source of a row that goes on with what the row before has made.
constexpr std::int32_t kRowBefore = -1;

// "Decode `source`, take the crop, resize it, keep the window, change its colors, flip it, and write
// (value / 255 - mean) / std."
// The channels (1: gray), the dtype (uint8 is written as it is) and the layout are those of the slot it is written to.
// A picture may have several rows. All but the last one write uint8 RGB, which the next one takes.
struct Plan {
  std::int32_t source;                          // index among the sources, or kRowBefore
  std::int32_t reduced;                         // 1, 2, 4 or 8: decoded at 1/reduced of its size (see reduced_side)
  std::int32_t low_pass;                        // 0 or 1: see decode.h's Request
  std::int32_t crop_x, crop_y, crop_w, crop_h;  // pixels of the displayed picture, reduced, inside it
  std::int32_t resize_w, resize_h;              // pixels: the size of the whole resized crop
  std::int32_t window_x, window_y;              // pixels of the resized crop: where the window begins
  std::int32_t window_w, window_h;              // pixels; the slot may be larger, and is 0 right of it and below
  std::int32_t flip_horizontal, flip_vertical;  // 0 or 1, after the window
  Interpolation interpolation;
  float box[4];                     // left, upper, right, lower in the crop: the part of it that is resized,
                                    // in fractions of pixels where `interpolation` is one of Pillow's
  float mean[3], std[3];            // R, G, B, in units of [0, 1]; for float slots only
  Framed framed;                    // what the window shows beyond the resized crop
  std::int32_t fill[3];             // R, G, B, 0 to 255: of Framed::constant
  Adjustment adjust[kAdjustments];  // one after the other, before the flip
  float factor[kAdjustments];       // 1 changes nothing; gray has none; hue has a shift
  std::int32_t gray;                // 1: takes a gray picture: a source is read as gray
  std::int32_t keep;                // 1: what it makes is kept in the batch's cache, if there is one

  // Whether R, G and B of what it makes are alike.
  bool makes_gray() const {
    return gray != 0 || std::find(adjust, adjust + kAdjustments, Adjustment::gray) != adjust + kAdjustments;
  }
};

static_assert(std::is_trivially_copyable_v<Plan> && sizeof(Plan) == 160);
static_assert(offsetof(Plan, resize_w) == 28 && offsetof(Plan, interpolation) == 60 && offsetof(Plan, mean) == 80);
static_assert(offsetof(Plan, framed) == 104 && offsetof(Plan, adjust) == 120 && offsetof(Plan, gray) == 152);

// The rows of one picture, one after the other, and the steps that come after them.
struct PlanRows {
  std::span<const Plan> plans;
  Steps steps;         // of all of these rows, in their order
  std::int32_t first;  // which row of the table the first one is

  const Plan& front() const { return plans.front(); }
  const Plan& back() const { return plans.back(); }
  std::size_t size() const { return plans.size(); }
  const Plan& operator[](std::size_t i) const { return plans[i]; }

  // Those after row `i`.
  Steps steps_after(std::size_t i) const;
};

// nullptr, or what is wrong with the order of steps after a table of `plans` rows.
const char* check_order(Steps steps, std::size_t plans);

// The rows and steps of each picture. They are those of `plans` and `steps`, which must live as long.
std::vector<PlanRows> rows_by_picture(const std::vector<Plan>& plans, const std::vector<Step>& steps);

}  // namespace pixfeed
