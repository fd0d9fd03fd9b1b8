#include "resample_filter.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>

#include "resample_filter_kernels.h"

namespace pixfeed {
namespace {

constexpr double kPi = 3.14159265358979323846;

double sinc(double x) { return x == 0 ? 1 : std::sin(x * kPi) / (x * kPi); }

// Pillow's filters (libImaging/Resample.c): how far they reach, and their height at x.
struct Filter {
  double support;
  double (*at)(double x);
};

Filter filter_of(Interpolation interpolation) {
  switch (interpolation) {
    case Interpolation::pillow_box:
      return {0.5, [](double x) { return x > -0.5 && x <= 0.5 ? 1.0 : 0.0; }};
    case Interpolation::pillow_hamming:
      return {1.0, [](double x) {
                x = std::fabs(x);
                if (x == 0) return 1.0;
                if (x >= 1) return 0.0;
                x *= kPi;
                return std::sin(x) / x * (0.54f + 0.46f * std::cos(x));  // these two are floats in Pillow
              }};
    case Interpolation::pillow_bicubic:
      return {2.0, [](double x) {
                constexpr double a = -0.5;
                x = std::fabs(x);
                if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
                if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
                return 0.0;
              }};
    case Interpolation::pillow_lanczos:
      return {3.0, [](double x) { return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0.0; }};
    default:
      return {1.0, [](double x) { return std::fabs(x) < 1 ? 1 - std::fabs(x) : 0.0; }};
  }
}

// How a side of `in` pixels, of which from `begin` to `end`, becomes `out` pixels.
struct Scale {
  Filter filter;
  int in;
  double begin, step, stretch, support;  // source pixels

  Scale(Filter filter, int in, float begin, float end, int out) : filter(filter), in(in), begin(begin) {
    step = static_cast<double>(end - begin) / out;  // the difference is rounded to float, as in Pillow
    stretch = std::max(step, 1.0);
    support = filter.support * stretch;
  }
  int taps() const { return static_cast<int>(std::ceil(support)) * 2 + 1; }

  // The source pixels of output pixel i, and their weights into `values` (room for taps()).
  template <class Span>
  Span weigh(int i, double* values) const {
    const double centre = begin + (i + 0.5) * step, inverse = 1.0 / stretch;
    const int first = std::max(static_cast<int>(centre - support + 0.5), 0);
    const int count = std::min(static_cast<int>(centre + support + 0.5), in) - first;
    double sum = 0;
    for (int k = 0; k < count; ++k) {
      values[k] = filter.at((k + first - centre + 0.5) * inverse);
      sum += values[k];
    }
    for (int k = 0; k < count; ++k) {
      if (sum != 0) values[k] /= sum;
    }
    return {first, count};
  }
};

// To 22 bits, rounded away from zero at one half, split and paired as resample_filter_kernels.h says.
void pack(const double* values, int count, int pairs, std::int16_t* weights) {
  std::fill_n(weights, std::size_t{4} * static_cast<std::size_t>(pairs), std::int16_t{0});
  for (int k = 0; k < count; ++k) {
    const double scaled = values[k] * (1 << kernels::kWeightBits);
    const int weight = static_cast<int>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    std::int16_t* to = weights + std::ptrdiff_t{4} * (k / 2) + k % 2;
    to[0] = static_cast<std::int16_t>(weight >> 11);
    to[2] = static_cast<std::int16_t>(weight & (kernels::kSplit - 1));
  }
}

std::size_t aligned(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace

bool FilterResampler::prepare(const Plan& plan, int width, int height, int window_w, int window_h, Buffer& memory,
                              RowWriter& writer) {
  expect(plan, width, height, window_w, window_h, writer);
  const Filter filter = filter_of(plan.interpolation);
  const Scale x(filter, plan.crop_w, plan.box[0], plan.box[2], plan.resize_w);
  const Scale y(filter, plan.crop_h, plan.box[1], plan.box[3], plan.resize_h);
  pairs_x_ = (std::min(x.taps(), plan.crop_w) + 1) / 2;
  pairs_y_ = (std::min(y.taps(), plan.crop_h) + 1) / 2;
  kept_ = std::min(y.taps(), plan.crop_h);
  // The order of the passes since Pillow 13 (python-pillow/Pillow#9549); the rounding between them makes it visible.
  down_first_ = plan.resize_h < plan.crop_h && plan.crop_h - plan.resize_h > 2 * (plan.crop_w - plan.resize_w);
  const std::size_t w = static_cast<std::size_t>(window_w), h = static_cast<std::size_t>(window_h);
  stride_ = aligned(3 * (down_first_ ? static_cast<std::size_t>(plan.crop_w) : w));

  const std::size_t sizes[] = {w * sizeof(Span),
                               h * sizeof(Span),
                               w * static_cast<std::size_t>(pairs_x_) * 4 * sizeof(std::int16_t),
                               h * static_cast<std::size_t>(pairs_y_) * 4 * sizeof(std::int16_t),
                               static_cast<std::size_t>(kept_) * stride_,
                               static_cast<std::size_t>(kept_) * sizeof(std::uint8_t*),
                               stride_,
                               aligned(3 * w),
                               static_cast<std::size_t>(std::max(x.taps(), y.taps())) * sizeof(double)};
  std::size_t total = 0;
  for (std::size_t size : sizes) total += aligned(size);
  std::uint8_t* at = memory.get(total);
  if (at == nullptr) return false;
  std::uint8_t* parts[std::size(sizes)];
  for (std::size_t i = 0; i < std::size(sizes); ++i) {
    parts[i] = at;
    at += aligned(sizes[i]);
  }
  across_ = reinterpret_cast<Span*>(parts[0]);
  down_ = reinterpret_cast<Span*>(parts[1]);
  weights_x_ = reinterpret_cast<std::int16_t*>(parts[2]);
  weights_y_ = reinterpret_cast<std::int16_t*>(parts[3]);
  rows_ = parts[4];
  taps_ = reinterpret_cast<const std::uint8_t**>(parts[5]);
  between_ = parts[6];
  out_ = parts[7];
  double* values = reinterpret_cast<double*>(parts[8]);

  for (int i = 0; i < window_w; ++i) {
    across_[i] = x.weigh<Span>(plan.window_x + i, values);
    pack(values, across_[i].count, pairs_x_, weights_x_ + std::ptrdiff_t{4} * pairs_x_ * i);
  }
  for (int i = 0; i < window_h; ++i) {
    down_[i] = y.weigh<Span>(plan.window_y + i, values);
    pack(values, down_[i].count, pairs_y_, weights_y_ + std::ptrdiff_t{4} * pairs_y_ * i);
  }
  // Neither end of a span ever moves back.
  const Span &last_x = across_[window_w - 1], &last_y = down_[window_h - 1];
  const int left = across_[0].first;
  need(left, down_[0].first, last_x.first + last_x.count, last_y.first + last_y.count);
  for (int i = 0; i < window_w; ++i) across_[i].first -= left;
  return true;
}

bool FilterResampler::wants(int y) const {
  const int row = crop_row(y);
  return row >= 0 && next_ < window_h_ && row >= down_[next_].first;
}

void FilterResampler::take(int y, const std::uint8_t* rgb) {
  if (!wants(y)) return;
  const int at = crop_row(y);
  if (down_first_) {
    std::memcpy(row(at), rgb, std::size_t{3} * static_cast<std::size_t>(area_.width));
  } else {
    filter_across(rgb, row(at));
  }
  // One source row can complete several rows when enlarging.
  for (; next_ < window_h_ && down_[next_].first + down_[next_].count - 1 <= at; ++next_) {
    if (down_first_) {
      filter_down(3 * area_.width, between_);
      filter_across(between_, out_);
    } else {
      filter_down(3 * window_w_, out_);
    }
    writer_->write(next_, out_);
  }
}

void FilterResampler::filter_across(const std::uint8_t* from, std::uint8_t* to) const {
  static_assert(sizeof(Span) == 2 * sizeof(std::int32_t));
  kernels::filter_row(from, 3 * area_.width, &across_[0].first, weights_x_, pairs_x_, window_w_, to);
}

void FilterResampler::filter_down(int n, std::uint8_t* to) const {
  const auto [first, count] = down_[next_];
  for (int k = 0; k < count; ++k) taps_[k] = row(first + k);
  kernels::filter_rows(taps_, weights_y_ + std::ptrdiff_t{4} * pairs_y_ * next_, count, n, to);
}

}  // namespace pixfeed
