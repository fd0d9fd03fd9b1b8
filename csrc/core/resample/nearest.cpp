// OpenCV's INTER_NEAREST and INTER_NEAREST_EXACT: rows and columns are copied.
#include "core/resample/nearest.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/buffer_parts.h"
#include "core/resample/position.h"

namespace pixfeed {
namespace {

// The source pixels of the `n` pixels from `first` on, of a side of `from` pixels that becomes `to`.
void nearest(int first, int n, int from, int to, std::int32_t* pixels) {
  const double scale = scale_of(from, to);
  for (int i = 0; i < n; ++i) pixels[i] = std::min(static_cast<int>(std::floor((first + i) * scale)), from - 1);
}

// The pixel under the middle, as Pillow finds it: step by step, so that roundings add up. That has to begin at pixel 0.
void nearest_exact(int first, int n, int from, int to, std::int32_t* pixels) {
  const double scale = static_cast<double>(from) / to;
  double at = scale * 0.5;
  for (int i = 0; i < first; ++i) at += scale;
  for (int i = 0; i < n; ++i, at += scale) pixels[i] = std::min(static_cast<int>(std::floor(at)), from - 1);
}

}  // namespace

void nearest_pixels(Interpolation interpolation, int first, int n, int from, int to, std::int32_t* pixels) {
  const auto find = interpolation == Interpolation::nearest ? nearest : nearest_exact;
  find(first, n, from, to, pixels);
}

bool NearestResampler::prepare(const Plan& plan, int width, int height, int window_w, int window_h, Buffer& memory,
                               RowWriter& writer) {
  expect(plan, width, height, window_w, window_h, writer);
  const std::size_t w = static_cast<std::size_t>(window_w), h = static_cast<std::size_t>(window_h);
  BufferParts parts;
  const auto offset = parts.add<std::int32_t>(w);
  const auto row = parts.add<std::int32_t>(h);
  const auto out = parts.add<std::uint8_t>(3 * w);
  std::uint8_t* bytes = memory.get(parts.size());
  if (bytes == nullptr) return false;
  offset_ = offset.in(bytes);
  row_ = row.in(bytes);
  out_ = out.in(bytes);

  nearest_pixels(plan.interpolation, plan.window_x, window_w, plan.crop_w, plan.resize_w, offset_);
  nearest_pixels(plan.interpolation, plan.window_y, window_h, plan.crop_h, plan.resize_h, row_);
  const int left = offset_[0];
  need(left, row_[0], offset_[window_w - 1] + 1, row_[window_h - 1] + 1);
  for (int i = 0; i < window_w; ++i) offset_[i] = 3 * (offset_[i] - left);
  return true;
}

Range NearestResampler::rows_of(int i) const { return {row_[i], row_[i]}; }

Range NearestResampler::columns_of(int i) const { return {offset_[i] / 3, offset_[i] / 3}; }

void NearestResampler::put_row(int y, const std::uint8_t* rgb) {
  if (!wants(y)) return;
  // Four bytes at a time, the fourth to be overwritten. The last pixels may be the row's last, after which there is
  // nothing.
  const int limit = 3 * area_.width;
  int safe = window_w_ - 1;
  while (safe > 0 && offset_[safe - 1] + 4 > limit) --safe;
  for (int i = 0; i < safe; ++i) std::memcpy(out_ + 3 * i, rgb + offset_[i], 4);
  for (int i = safe; i < window_w_; ++i) std::memcpy(out_ + 3 * i, rgb + offset_[i], 3);
  const int row = crop_row(y);
  for (; next_ < window_h_ && row_[next_] == row; ++next_) writer_->write(next_, out_);
}

}  // namespace pixfeed
