// Rows of the window with a frame around the part that is seen.
#include "core/frame.h"

#include <algorithm>
#include <cstring>

#include "core/buffer_parts.h"

namespace pixfeed {
namespace {

// Which of `n` pixels in a row stands at `at`, which may lie before or behind them.
int repeated(int at, int n, Framed how) {
  if (how == Framed::edge || n == 1) return std::clamp(at, 0, n - 1);
  const int last = how == Framed::reflect ? n - 1 : n;  // the outermost pixel is repeated as well, or it is not
  const std::int64_t there_and_back = std::int64_t{2} * last;
  const std::int64_t place = (at % there_and_back + there_and_back) % there_and_back;
  return static_cast<int>(place < n ? place : there_and_back - place - (how == Framed::reflect ? 0 : 1));
}

}  // namespace

bool is_framed(const Plan& plan) {
  return plan.window_x < 0 || plan.window_y < 0 || plan.window_x + plan.window_w > plan.resize_w ||
         plan.window_y + plan.window_h > plan.resize_h;
}

Area part_of(const Plan& plan) {
  if (plan.framed > Framed::constant && is_framed(plan)) return {0, 0, plan.resize_w, plan.resize_h};
  const int left = std::max(plan.window_x, 0), top = std::max(plan.window_y, 0);
  const int right = std::min(plan.window_x + plan.window_w, plan.resize_w);
  const int bottom = std::min(plan.window_y + plan.window_h, plan.resize_h);
  return {left, top, std::max(right - left, 0), std::max(bottom - top, 0)};
}

bool Framer::prepare(const Plan& plan, RowWriter& writer, Buffer& memory) {
  const Area part = part_of(plan);
  height_ = plan.window_h;
  left_ = part.x - plan.window_x;
  top_ = part.y - plan.window_y;
  part_w_ = part.width;
  part_h_ = part.height;
  writer_ = &writer;
  const std::size_t row = 3 * static_cast<std::size_t>(plan.window_w);
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

bool RepeatingFramer::prepare(const Plan& plan, RowWriter& writer, Buffer& memory) {
  plan_ = plan;
  writer_ = &writer;
  const std::size_t w = static_cast<std::size_t>(plan.window_w), pixels = static_cast<std::size_t>(plan.resize_w);
  BufferParts parts;
  const auto part = parts.add<std::uint8_t>(3 * pixels * static_cast<std::size_t>(plan.resize_h));
  const auto row = parts.add<std::uint8_t>(3 * w);
  const auto columns = parts.add<std::int32_t>(w);
  std::uint8_t* const bytes = memory.get(parts.size());
  if (bytes == nullptr) return false;
  part_ = part.in(bytes), row_ = row.in(bytes), columns_ = columns.in(bytes);
  for (int x = 0; x < plan.window_w; ++x) columns_[x] = repeated(plan.window_x + x, plan.resize_w, plan.framed);
  return true;
}

void RepeatingFramer::write(int y, const std::uint8_t* rgb) {
  const std::ptrdiff_t stride = std::ptrdiff_t{3} * plan_.resize_w;
  std::memcpy(part_ + y * stride, rgb, static_cast<std::size_t>(stride));
  if (y != plan_.resize_h - 1) return;
  for (int i = 0; i < plan_.window_h; ++i) {
    const std::uint8_t* const from = part_ + repeated(plan_.window_y + i, plan_.resize_h, plan_.framed) * stride;
    for (int x = 0; x < plan_.window_w; ++x) {
      std::memcpy(row_ + std::ptrdiff_t{3} * x, from + std::ptrdiff_t{3} * columns_[x], 3);
    }
    writer_->write(i, row_);
  }
}

}  // namespace pixfeed
