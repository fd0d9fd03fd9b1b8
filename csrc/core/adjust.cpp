// The steps of plan.adjust, row by row or, for contrast, on the whole window.
#include "core/adjust.h"

#include <algorithm>
#include <cstring>

#include "core/adjust_kernels.h"
#include "core/steps/color_kernels.h"
#include "core/steps/colors.h"

namespace pixfeed {

bool adjusts(const Plan& plan) {
  return std::any_of(plan.adjust, plan.adjust + kAdjustments, [](Adjustment a) { return a != Adjustment::none; });
}

bool Adjuster::prepare(const Plan& plan, int width, int height, RowWriter& writer, Buffer& memory) {
  plan_ = plan;
  width_ = width;
  height_ = height;
  writer_ = &writer;
  whole_ = std::find(plan.adjust, plan.adjust + kAdjustments, Adjustment::contrast) != plan.adjust + kAdjustments;
  pixels_ = memory.get(3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(whole_ ? height : 1));
  return pixels_ != nullptr;
}

void Adjuster::write(int y, const std::uint8_t* rgb) {
  const std::ptrdiff_t stride = std::ptrdiff_t{3} * width_;
  std::uint8_t* row = pixels_ + (whole_ ? y * stride : 0);
  std::memcpy(row, rgb, static_cast<std::size_t>(stride));
  if (!whole_) {
    adjust(row, 1);
    writer_->write(y, row);
  } else if (y == height_ - 1) {
    adjust(pixels_, height_);
    for (int i = 0; i < height_; ++i) writer_->write(i, pixels_ + i * stride);
  }
}

void Adjuster::adjust(std::uint8_t* pixels, int rows) const {
  const std::ptrdiff_t n = std::ptrdiff_t{width_} * rows;
  for (int i = 0; i < kAdjustments; ++i) {
    switch (plan_.adjust[i]) {
      case Adjustment::brightness:
        kernels::blend_with(pixels, 3 * n, 0, plan_.factor[i]);
        break;
      case Adjustment::contrast: {
        const double mean = static_cast<double>(kernels::sum_of_gray(pixels, n)) / static_cast<double>(n);
        kernels::blend_with(pixels, 3 * n, static_cast<std::uint8_t>(mean + 0.5), plan_.factor[i]);
        break;
      }
      case Adjustment::saturation:
        kernels::blend_with_gray(pixels, n, plan_.factor[i]);
        break;
      case Adjustment::gray:
        kernels::blend_with_gray(pixels, n, 0);
        break;
      case Adjustment::hue:
        kernels::shift_hue(pixels, n, hue_shift(static_cast<double>(plan_.factor[i])));
        break;
      case Adjustment::none:
        break;
    }
  }
}

}  // namespace pixfeed
