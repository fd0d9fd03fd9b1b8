// OpenCV's INTER_AREA where the picture shrinks: weighted means, or plain ones if the factors are whole numbers.
#include "core/resample/area.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/buffer_parts.h"
#include "core/resample/area_kernels.h"
#include "core/resample/position.h"

namespace pixfeed {
namespace {

// A side of `from` pixels that becomes `to`.
struct Side {
  int from;
  double scale;

  Side(int from, int to) : from(from), scale(scale_of(from, to)) {}

  int most() const { return static_cast<int>(std::ceil(scale)) + 2; }  // pixels in one pixel of the result, at most

  // Which pixels those of pixel `i` are, and their weights: OpenCV's computeResizeAreaTab.
  template <class Span>
  Span weigh(int i, float* weights) const {
    constexpr double kLeast = 1e-3;  // a part of a pixel that is smaller does not count
    const double begin = i * scale, end = begin + scale, width = std::min(scale, from - begin);
    const int last = std::min(static_cast<int>(std::floor(end)), from - 1);
    const int whole = std::min(static_cast<int>(std::ceil(begin)), last);
    Span span{whole, 0};
    if (whole - begin > kLeast) {
      --span.first;
      weights[span.count++] = static_cast<float>((whole - begin) / width);
    }
    for (int at = whole; at < last; ++at) weights[span.count++] = static_cast<float>(1.0 / width);
    if (end - last > kLeast) {
      weights[span.count++] = static_cast<float>(std::min(std::min(end - last, 1.0), width) / width);
    }
    return span;
  }
};

}  // namespace

bool AreaResampler::prepare(const Plan& plan, int width, int height, int window_w, int window_h, Buffer& memory,
                            RowWriter& writer) {
  expect(plan, width, height, window_w, window_h, writer);
  factor_x_ = whole_scale(plan.crop_w, plan.resize_w);
  factor_y_ = whole_scale(plan.crop_h, plan.resize_h);
  if (factor_x_ == 0 || factor_y_ == 0) factor_x_ = factor_y_ = 0;
  const bool whole = factor_x_ != 0;
  const Side x(plan.crop_w, plan.resize_w), y(plan.crop_h, plan.resize_h);
  const std::size_t w = static_cast<std::size_t>(window_w), h = static_cast<std::size_t>(window_h);
  const std::size_t values = 3 * w + kernels::kAreaSlack;
  static_assert(sizeof(float) == sizeof(std::uint32_t));
  BufferParts parts;
  const auto row = parts.add<float>(values), sum = parts.add<float>(values);
  const auto out = parts.add<std::uint8_t>(3 * w);
  const auto across = parts.add<Columns>(whole ? 0 : w);
  const auto down = parts.add<Rows>(h);
  const auto weights_x = parts.add<float>(whole ? 0 : w * static_cast<std::size_t>(x.most()));
  const auto weights_y = parts.add<float>(whole ? 0 : h * static_cast<std::size_t>(y.most()));
  std::uint8_t* bytes = memory.get(parts.size());
  if (bytes == nullptr) return false;
  row_ = row.in(bytes), sum_ = sum.in(bytes);
  whole_row_ = reinterpret_cast<std::uint32_t*>(row_), whole_sum_ = reinterpret_cast<std::uint32_t*>(sum_);
  out_ = out.in(bytes);
  across_ = across.in(bytes);
  down_ = down.in(bytes);
  weights_x_ = weights_x.in(bytes);

  if (whole) {
    for (int i = 0; i < window_h; ++i) down_[i] = {(plan.window_y + i) * factor_y_, factor_y_, nullptr};
    need(plan.window_x * factor_x_, plan.window_y * factor_y_, (plan.window_x + window_w) * factor_x_,
         (plan.window_y + window_h) * factor_y_);
    return true;
  }
  float* weights = weights_x_;
  for (int i = 0; i < window_w; ++i) {
    across_[i] = x.weigh<Columns>(plan.window_x + i, weights);
    weights += across_[i].count;
  }
  weights = weights_y.in(bytes);
  for (int i = 0; i < window_h; ++i) {
    down_[i] = y.weigh<Rows>(plan.window_y + i, weights);
    down_[i].weights = weights;
    weights += down_[i].count;
  }
  const Columns last_x = across_[window_w - 1];
  const Rows last_y = down_[window_h - 1];
  const int left = across_[0].first;
  need(left, down_[0].first, last_x.first + last_x.count, last_y.first + last_y.count);
  for (int i = 0; i < window_w; ++i) across_[i].first -= left;
  return true;
}

Range AreaResampler::rows_of(int i) const { return {down_[i].first, down_[i].first + down_[i].count - 1}; }

Range AreaResampler::columns_of(int i) const {
  if (factor_x_ != 0) return {i * factor_x_, (i + 1) * factor_x_ - 1};
  return {across_[i].first, across_[i].first + across_[i].count - 1};
}

void AreaResampler::put_row(int y, const std::uint8_t* rgb) {
  if (!wants(y)) return;
  if (factor_x_ != 0) {
    kernels::sum_row(rgb, factor_x_, window_w_, whole_row_);
  } else {
    static_assert(sizeof(Columns) == 2 * sizeof(std::int32_t));
    kernels::area_row(rgb, 3 * area_.width, &across_[0].first, weights_x_, window_w_, row_);
  }
  // The last row of one window row may be the first of the next.
  const int row = crop_row(y);
  while (next_ < window_h_ && row >= down_[next_].first) {
    add(row);
    if (row < down_[next_].first + down_[next_].count - 1) break;
    emit();
  }
}

void AreaResampler::add(int row) {
  const Rows& rows = down_[next_];
  const int n = 3 * window_w_;
  const std::size_t bytes = static_cast<std::size_t>(n) * sizeof(float);
  if (factor_x_ != 0) {
    if (row == rows.first) std::memset(whole_sum_, 0, bytes);
    kernels::add_row(whole_row_, n, whole_sum_);
  } else {
    if (row == rows.first) std::memset(sum_, 0, bytes);
    kernels::add_weighted(row_, rows.weights[row - rows.first], n, sum_);
  }
}

void AreaResampler::emit() {
  if (factor_x_ != 0) {
    kernels::scale_sums(whole_sum_, 1.f / static_cast<float>(factor_x_ * factor_y_), 3 * window_w_, out_);
  } else {
    kernels::round_sums(sum_, 3 * window_w_, out_);
  }
  writer_->write(next_++, out_);
}

}  // namespace pixfeed
