// Rows of the window with the fill color around the part that is seen.
#include "core/frame.h"

#include <algorithm>
#include <cstring>

namespace pixfeed {

Area part_of(const Plan& plan, int width, int height) {
  const int left = std::max(plan.window_x, 0), top = std::max(plan.window_y, 0);
  const int right = std::min(plan.window_x + width, plan.resize_w);
  const int bottom = std::min(plan.window_y + height, plan.resize_h);
  return {left, top, std::max(right - left, 0), std::max(bottom - top, 0)};
}

bool Framer::prepare(const Plan& plan, int width, int height, RowWriter& writer, Buffer& memory) {
  const Area part = part_of(plan, width, height);
  height_ = height;
  left_ = part.x - plan.window_x;
  top_ = part.y - plan.window_y;
  part_w_ = part.width;
  part_h_ = part.height;
  writer_ = &writer;
  const std::size_t row = 3 * static_cast<std::size_t>(width);
  row_ = memory.get(2 * row);
  if (row_ == nullptr) return false;
  empty_ = row_ + row;
  for (std::size_t i = 0; i < row; ++i) row_[i] = empty_[i] = static_cast<std::uint8_t>(plan.fill[i % 3]);
  return true;
}

void Framer::write(int y, const std::uint8_t* rgb) {
  if (y == 0) {
    for (int i = 0; i < top_; ++i) writer_->write(i, empty_);
  }
  std::memcpy(row_ + std::ptrdiff_t{3} * left_, rgb, 3 * static_cast<std::size_t>(part_w_));
  writer_->write(top_ + y, row_);
  if (y == part_h_ - 1) {
    for (int i = top_ + part_h_; i < height_; ++i) writer_->write(i, empty_);
  }
}

void Framer::fill() {
  for (int i = 0; i < height_; ++i) writer_->write(i, empty_);
}

}  // namespace pixfeed
