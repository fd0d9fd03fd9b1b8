// OpenCV's INTER_LINEAR, and what it turns into at the same size and at exactly half of it.
#include "core/resample/linear.h"

#include <algorithm>
#include <cstring>

#include "core/resample/linear_kernels.h"
#include "core/resample/position.h"

namespace pixfeed {
bool LinearResampler::prepare(const Plan& plan, int width, int height, int window_w, int window_h, Buffer& memory,
                              RowWriter& writer) {
  expect(plan, width, height, window_w, window_h, writer);
  const bool same = plan.resize_w == plan.crop_w && plan.resize_h == plan.crop_h;
  const bool half = 2 * plan.resize_w == plan.crop_w && 2 * plan.resize_h == plan.crop_h;
  way_ = same ? Way::copy : half ? Way::half : Way::linear;

  const std::size_t w = static_cast<std::size_t>(window_w), h = static_cast<std::size_t>(window_h);
  const std::size_t row = (w * 4 * sizeof(std::int16_t) + 63) / 64 * 64;
  const std::size_t out = (3 * w + kernels::kRowSlack + 63) / 64 * 64;
  std::uint8_t* bytes = memory.get(2 * row + out + h * sizeof(Taps) + w * (sizeof(std::int32_t) + 4) + 64);
  if (bytes == nullptr) return false;
  rows_[0] = reinterpret_cast<std::int16_t*>(bytes);
  rows_[1] = reinterpret_cast<std::int16_t*>(bytes + row);
  out_ = bytes + 2 * row;
  taps_ = reinterpret_cast<Taps*>(out_ + out);
  offset_ = reinterpret_cast<std::int32_t*>(taps_ + h);
  weight_x_ = reinterpret_cast<std::int16_t*>(offset_ + w);

  const int right = plan.window_x + window_w, bottom = plan.window_y + window_h;
  if (way_ == Way::copy) {
    need(plan.window_x, plan.window_y, right, bottom);
  } else if (way_ == Way::half) {
    need(2 * plan.window_x, 2 * plan.window_y, 2 * right, 2 * bottom);
  } else {
    const auto at = [&plan](int i, int from, int to) {
      return plan.interpolation == Interpolation::area ? area_position(i, from, to) : position(i, scale_of(from, to));
    };
    for (int i = 0; i < window_w; ++i) {
      auto [x, fx] = at(plan.window_x + i, plan.crop_w, plan.resize_w);
      if (x < 0) x = 0, fx = 0;
      if (x >= plan.crop_w - 1) x = plan.crop_w - 1, fx = 0;
      offset_[i] = 3 * x;
      weight_x_[2 * i] = fixed(1.f - fx);
      weight_x_[2 * i + 1] = fixed(fx);
    }
    for (int i = 0; i < window_h; ++i) {
      // Vertically OpenCV clips the rows and leaves the weights: both taps may be the same row.
      auto [y, fy] = at(plan.window_y + i, plan.crop_h, plan.resize_h);
      taps_[i] = {std::clamp(y, 0, plan.crop_h - 1), std::clamp(y + 1, 0, plan.crop_h - 1), fixed(1.f - fy), fixed(fy)};
    }
    const int left = offset_[0] / 3;
    need(left, taps_[0].upper, std::min(offset_[window_w - 1] / 3 + 2, plan.crop_w), taps_[window_h - 1].lower + 1);
    for (int i = 0; i < window_w; ++i) offset_[i] -= 3 * left;
  }
  return true;
}

Range LinearResampler::rows_of(int i) const {
  if (way_ != Way::linear) return whole(plan_.window_y + i);
  return {taps_[i].upper, taps_[i].lower};
}

Range LinearResampler::columns_of(int i) const {
  if (way_ != Way::linear) return whole(i);
  const int left = offset_[i] / 3;
  return {left, std::min(left + 1, area_.width - 1)};
}

// To copy or to halve: what pixel `i` of a row or a column is made of.
Range LinearResampler::whole(int i) const {
  const int n = way_ == Way::half ? 2 : 1;
  return {n * i, n * i + n - 1};
}

void LinearResampler::put_row(int y, const std::uint8_t* rgb) {
  if (!wants(y)) return;
  switch (way_) {
    case Way::copy:
      writer_->write(next_++, rgb);
      break;
    case Way::half:
      take_half(y - plan_.crop_y, rgb);
      break;
    case Way::linear:
      take_linear(y - plan_.crop_y, rgb);
      break;
  }
}

void LinearResampler::take_half(int y, const std::uint8_t* rgb) {
  std::uint8_t* upper = reinterpret_cast<std::uint8_t*>(rows_[0]);  // the first of the two rows waits here
  if (y % 2 == 0) {
    std::memcpy(upper, rgb, std::size_t{6} * static_cast<std::size_t>(window_w_));
  } else {
    kernels::halve_rows(upper, rgb, window_w_, out_);
    writer_->write(next_++, out_);
  }
}

void LinearResampler::take_linear(int y, const std::uint8_t* rgb) {
  // The two taps of a row are neighbours, so parity tells their places apart.
  kernels::resample_row(rgb, 3 * area_.width, offset_, weight_x_, window_w_, rows_[y % 2]);
  // One source row can complete many rows when enlarging.
  for (; next_ < window_h_ && taps_[next_].lower == y; ++next_) {
    const Taps& taps = taps_[next_];
    kernels::blend_rows(rows_[taps.upper % 2], rows_[taps.lower % 2], taps.weight_upper, taps.weight_lower, window_w_,
                        out_);
    writer_->write(next_, out_);
  }
}

}  // namespace pixfeed
