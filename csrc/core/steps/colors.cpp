// Steps that change each value by itself wait until something else needs the pixels.
#include "core/steps/colors.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "core/adjust_kernels.h"
#include "core/buffer_parts.h"
#include "core/steps/blur.h"
#include "core/steps/color_kernels.h"
#include "core/steps/noise.h"
#include "core/steps/runs.h"
#include "core/steps/tables.h"

namespace pixfeed {
namespace {

constexpr int kMostKernel = (1 << 15) - 1;  // pixels of the side of a kernel

bool is_whole(double value, double least, double most) {
  return value >= least && value <= most && value == std::floor(value);
}

bool is_permutation(const double values[3]) {
  int seen = 0;
  for (int c = 0; c < 3; ++c) {
    if (is_whole(values[c], 0, 2)) seen |= 1 << static_cast<int>(values[c]);
  }
  return seen == 0b111;
}

bool lies_inside(const Step& step) {
  const double *v = step.values, far = 1 << 30;
  return std::all_of(v, v + 4, [&](double value) { return is_whole(value, 0, far); }) && v[0] + v[2] <= step.width &&
         v[1] + v[3] <= step.height;
}

// Blends with the picture smoothed, as ImageEnhance.Sharpness. The outermost pixels stay as they are.
bool sharpen(const ImageView& picture, float factor, Buffer& memory) {
  if (picture.width < 3 || picture.height < 3) return true;
  const std::size_t size = 3 * static_cast<std::size_t>(picture.width);
  BufferParts parts;
  const auto kept_above = parts.add<std::uint8_t>(size), kept = parts.add<std::uint8_t>(size);
  const auto smoothed = parts.add<std::uint8_t>(size);
  const auto sums = parts.add<std::uint16_t>(size);
  std::uint8_t* const room = memory.get(parts.size());
  if (room == nullptr) return false;
  std::uint8_t *above = kept_above.in(room), *here = kept.in(room);  // rows as they were
  std::memcpy(above, picture.row(0), size);
  for (int y = 1; y + 1 < picture.height; ++y) {
    std::uint8_t* const row = picture.row(y);
    std::memcpy(here, row, size);
    kernels::smooth_row(above, here, picture.row(y + 1), picture.width, sums.in(room), smoothed.in(room));
    kernels::blend_values(row, smoothed.in(room), static_cast<std::ptrdiff_t>(size), factor);
    std::swap(above, here);
  }
  return true;
}

void erase(const ImageView& picture, const Step& step) {
  const int x = static_cast<int>(step.values[0]), y = static_cast<int>(step.values[1]);
  const int width = static_cast<int>(step.values[2]), height = static_cast<int>(step.values[3]);
  for (int row = y; row < y + height; ++row) {
    std::uint8_t* rgb = picture.row(row) + std::ptrdiff_t{3} * x;
    for (int i = 0; i < width; ++i, rgb += 3) {
      for (int c = 0; c < 3; ++c) rgb[c] = static_cast<std::uint8_t>(step.fill[c]);
    }
  }
}

std::uint8_t mean_gray(const ImageView& picture) {
  std::uint64_t sum = 0;
  for_runs(picture, [&](const std::uint8_t* rgb, std::ptrdiff_t n) { sum += kernels::sum_of_gray(rgb, n); });
  const double count = static_cast<double>(picture.width) * static_cast<double>(picture.height);
  return static_cast<std::uint8_t>(static_cast<double>(sum) / count + 0.5);
}

// A step that is not done by tables. False if memory is short.
bool recolor(const ImageView& picture, const Step& step, Buffer& memory) {
  const double* v = step.values;
  switch (step.code) {
    case StepCode::saturation:
    case StepCode::gray: {
      const float factor = step.code == StepCode::gray ? 0 : static_cast<float>(v[0]);
      for_runs(picture, [=](std::uint8_t* rgb, std::ptrdiff_t n) { kernels::blend_with_gray(rgb, n, factor); });
      return true;
    }
    case StepCode::sharpness:
      return sharpen(picture, static_cast<float>(v[0]), memory);
    case StepCode::hue: {
      const int shift = hue_shift(v[0]);
      for_runs(picture, [=](std::uint8_t* rgb, std::ptrdiff_t n) { kernels::shift_hue(rgb, n, shift); });
      return true;
    }
    case StepCode::permute: {
      const int from[3] = {static_cast<int>(v[0]), static_cast<int>(v[1]), static_cast<int>(v[2])};
      for_runs(picture, [&](std::uint8_t* rgb, std::ptrdiff_t n) { kernels::permute(rgb, n, from); });
      return true;
    }
    case StepCode::gaussian_blur:
      return blur_by_boxes(picture, v[0], memory);
    case StepCode::gaussian_blur_kernel:
      return blur_by_kernel(picture, static_cast<int>(v[0]), static_cast<int>(v[1]), v[2], v[3], memory);
    case StepCode::noise: {
      const std::uint32_t key[2] = {static_cast<std::uint32_t>(v[2]), static_cast<std::uint32_t>(v[3])};
      return add_noise(picture, v[0], v[1], key, step.mode != 0, memory);
    }
    case StepCode::erase:
      erase(picture, step);
      return true;
    default:
      return true;  // check_recolor knows no others
  }
}

}  // namespace

const char* check_recolor(const Step& step) {
  const double* v = step.values;
  switch (step.code) {
    case StepCode::brightness:
    case StepCode::contrast:
    case StepCode::saturation:
    case StepCode::sharpness:
    case StepCode::solarize:
    case StepCode::autocontrast:
    case StepCode::equalize:
    case StepCode::invert:
    case StepCode::gray:
      return nullptr;
    case StepCode::hue:
      return std::abs(v[0]) <= 0.5 ? nullptr : "a hue is moved by -0.5 to 0.5";
    case StepCode::posterize:
      return is_whole(v[0], 0, 8) ? nullptr : "posterize keeps 0 to 8 bits";
    case StepCode::solarize_add:
      return is_whole(v[0], -255, 255) ? nullptr : "solarize_add adds a whole number, -255 to 255";
    case StepCode::permute:
      return is_permutation(v) ? nullptr : "permute needs each of 0, 1 and 2 once";
    case StepCode::gaussian_blur:
      return v[0] >= 0 && v[0] <= 1e4 ? nullptr : "the radius of a blur may be 0 to 10000";
    case StepCode::gaussian_blur_kernel: {
      const auto is_side = [](double side) { return is_whole(side, 1, kMostKernel) && std::fmod(side, 2) == 1; };
      if (!is_side(v[0]) || !is_side(v[1])) return "the sides of a kernel must be odd numbers, up to 32767";
      return v[2] > 0 && v[3] > 0 ? nullptr : "the sigma of a blur must be positive";
    }
    case StepCode::noise: {
      const double most = 4294967295.0;
      if (v[1] < 0) return "the sigma of noise must not be negative";
      return is_whole(v[2], 0, most) && is_whole(v[3], 0, most) ? nullptr : "a key is two numbers of 32 bits";
    }
    case StepCode::erase:
      return lies_inside(step) ? nullptr : "the rectangle does not lie inside the picture";
    default:
      return "unknown step";
  }
}

int hue_shift(double shift) { return static_cast<int>(shift * 255) & 255; }

bool keeps_gray(const Step& step) {
  if (step.code == StepCode::erase) return step.fill[0] == step.fill[1] && step.fill[0] == step.fill[2];
  return step.code != StepCode::noise || step.mode != 0;
}

bool recolor_run(const ImageView& picture, Steps steps, Buffer& memory) {
  PendingTables pending(picture);
  for (const Step& step : steps) {
    if (pending.take(step)) continue;
    pending.apply();
    if (step.code == StepCode::contrast) {  // it needs all pixels, and then only tables
      pending.blend_with(mean_gray(picture), static_cast<float>(step.values[0]));
    } else if (!recolor(picture, step, memory)) {
      return false;
    }
  }
  pending.apply();
  return true;
}

}  // namespace pixfeed
