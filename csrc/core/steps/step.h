// One operation on a picture after a row of its plan. One row of the STEP table of python/pixfeed/plan_steps.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace pixfeed {

// What `values` and `mode` mean for each stands in plan_steps.py.
enum class StepCode : std::int32_t {
  affine = 1,
  perspective = 2,
  transpose = 3,
  brightness = 10,
  contrast = 11,
  saturation = 12,
  sharpness = 13,
  hue = 14,
  posterize = 15,
  solarize = 16,
  solarize_add = 17,
  autocontrast = 18,
  equalize = 19,
  invert = 20,
  gray = 21,
  permute = 22,
  gaussian_blur = 23,
  gaussian_blur_kernel = 24,
  noise = 25,
  erase = 26,
  blend = 27,
};

// Whether it moves pixels: it makes another picture of the one it takes. The others change colors in place.
constexpr bool moves_pixels(StepCode code) { return code >= StepCode::affine && code <= StepCode::transpose; }

struct Step {
  std::int32_t plan;           // which row of the PLAN table it comes after
  StepCode code;               //
  std::int32_t width, height;  // pixels of what it makes
  std::int32_t mode;
  std::int32_t fill[3];  // R, G, B, 0 to 255
  double values[8];
};

static_assert(std::is_trivially_copyable_v<Step> && sizeof(Step) == 96);
static_assert(offsetof(Step, mode) == 16 && offsetof(Step, fill) == 20 && offsetof(Step, values) == 32);

using Steps = std::span<const Step>;

}  // namespace pixfeed
