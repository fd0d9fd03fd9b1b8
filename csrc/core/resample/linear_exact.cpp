// OpenCV's INTER_LINEAR_EXACT.
#include "core/resample/linear_exact.h"

#include <algorithm>
#include <cmath>

#include "core/buffer_parts.h"
#include "core/resample/linear_exact_kernels.h"
#include "core/resample/position.h"

namespace pixfeed {
namespace {

// Where pixel `i` of `to` falls between two of `from`: the first of them, and the weight of the second, of 256. All of
// it is double arithmetic, which OpenCV does in software to have it the same everywhere; ours is IEEE's as well.
struct Between {
  int index, weight;
};
Between between(int i, int from, int to) {
  const double at = scale_of(from, to) * (i + 0.5) - 0.5;
  const int index = static_cast<int>(std::floor(at));
  if (index < 0) return {0, 0};
  if (index >= from - 1) return {from - 1, 0};
  return {index, static_cast<int>(std::lrint((at - index) * 256))};
}

}  // namespace

bool LinearExactResampler::prepare(const Plan& plan, int width, int height, int window_w, int window_h, Buffer& memory,
                                   RowWriter& writer) {
  expect(plan, width, height, window_w, window_h, writer);
  const std::size_t w = static_cast<std::size_t>(window_w), h = static_cast<std::size_t>(window_h);
  BufferParts parts;
  const auto even = parts.add<std::uint16_t>(3 * w + kernels::kExactSlack);
  const auto odd = parts.add<std::uint16_t>(3 * w + kernels::kExactSlack);
  const auto out = parts.add<std::uint8_t>(3 * w);
  const auto offset = parts.add<std::int32_t>(w);
  const auto weight_x = parts.add<std::int16_t>(2 * w);
  const auto taps = parts.add<Taps>(h);
  std::uint8_t* bytes = memory.get(parts.size());
  if (bytes == nullptr) return false;
  rows_[0] = even.in(bytes), rows_[1] = odd.in(bytes);
  out_ = out.in(bytes);
  offset_ = offset.in(bytes);
  weight_x_ = weight_x.in(bytes);
  taps_ = taps.in(bytes);

  for (int i = 0; i < window_w; ++i) {
    const auto [x, weight] = between(plan.window_x + i, plan.crop_w, plan.resize_w);
    offset_[i] = 3 * x;
    weight_x_[2 * i] = static_cast<std::int16_t>(256 - weight);
    weight_x_[2 * i + 1] = static_cast<std::int16_t>(weight);
  }
  for (int i = 0; i < window_h; ++i) {
    const auto [y, weight] = between(plan.window_y + i, plan.crop_h, plan.resize_h);
    taps_[i] = {y, weight == 0 ? y : y + 1, weight};
  }
  const int left = offset_[0] / 3, last = window_w - 1;
  need(left, taps_[0].upper, offset_[last] / 3 + (weight_x_[2 * last + 1] == 0 ? 1 : 2), taps_[window_h - 1].lower + 1);
  for (int i = 0; i < window_w; ++i) offset_[i] -= 3 * left;
  return true;
}

Range LinearExactResampler::rows_of(int i) const { return {taps_[i].upper, taps_[i].lower}; }

Range LinearExactResampler::columns_of(int i) const {
  const int left = offset_[i] / 3;
  return {left, weight_x_[2 * i + 1] == 0 ? left : left + 1};
}

void LinearExactResampler::put_row(int y, const std::uint8_t* rgb) {
  if (!wants(y)) return;
  const int row = crop_row(y);
  // The two taps of a row are neighbours, so parity tells their places apart.
  kernels::exact_row(rgb, 3 * area_.width, offset_, weight_x_, window_w_, rows_[row % 2]);
  // One source row can complete many rows when enlarging.
  for (; next_ < window_h_ && taps_[next_].lower == row; ++next_) {
    const Taps& taps = taps_[next_];
    kernels::exact_blend(rows_[taps.upper % 2], rows_[taps.lower % 2], taps.weight_lower, 3 * window_w_, out_);
    writer_->write(next_, out_);
  }
}

}  // namespace pixfeed
