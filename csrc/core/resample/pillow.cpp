// Pillow's weights, and the order of the two passes.
#include "core/resample/pillow.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>

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
                return std::sin(x) / x * (0.54f + 0.46f * std::cos(x));  // floats in Pillow
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

// How the part from `begin` to `end` of a side of `in` pixels becomes `out` pixels.
struct Scale {
  Filter filter;
  int in;
  double begin, step, stretch, support;  // source pixels

  Scale(Filter filter, int in, float begin, float end, int out) : filter(filter), in(in), begin(begin) {
    step = static_cast<double>(end - begin) / out;  // the difference is rounded to float, as in Pillow
    stretch = std::max(step, 1.0);
    support = filter.support * stretch;
  }
  int most_taps() const { return std::min(static_cast<int>(std::ceil(support)) * 2 + 1, in); }
  double centre(int i) const { return begin + (i + 0.5) * step; }

  // The source pixels of output pixel i.
  kernels::Span span(int i) const {
    const int first = std::max(static_cast<int>(centre(i) - support + 0.5), 0);
    return {first, std::min(static_cast<int>(centre(i) + support + 0.5), in) - first};
  }

  // Their weights, to 22 bits, rounded away from zero at one half; zeros up to `room`. `values` has room for them, too.
  void weigh(int i, kernels::Span span, double* values, int room, std::int32_t* weights) const {
    const double at = centre(i), inverse = 1.0 / stretch;
    double sum = 0;
    for (int k = 0; k < span.count; ++k) {
      values[k] = filter.at((k + span.first - at + 0.5) * inverse);
      sum += values[k];
    }
    for (int k = 0; k < span.count; ++k) {
      if (sum != 0) values[k] /= sum;
      const double scaled = values[k] * (1 << kernels::kWeightBits);
      weights[k] = static_cast<std::int32_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    }
    std::fill(weights + span.count, weights + room, 0);
  }
};

// The spans of `n` output pixels from `start` on, and the length of the longest.
int find_spans(const Scale& scale, int start, int n, kernels::Span* spans) {
  int longest = 1;
  for (int i = 0; i < n; ++i) {
    spans[i] = scale.span(start + i);
    longest = std::max(longest, static_cast<int>(spans[i].count));
  }
  return longest;
}

// Split and paired as kernels::filter_rows wants it.
void pair_weights(const std::int32_t* weights, int pairs, std::int16_t* paired) {
  for (int k = 0; k < 2 * pairs; ++k) {
    std::int16_t* to = paired + std::ptrdiff_t{4} * (k / 2) + k % 2;
    to[0] = static_cast<std::int16_t>(weights[k] >> 11);
    to[2] = static_cast<std::int16_t>(weights[k] & (kernels::kSplit - 1));
  }
}

std::size_t aligned(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace

bool PillowResampler::prepare(const Plan& plan, int width, int height, int window_w, int window_h, Buffer& memory,
                              RowWriter& writer) {
  expect(plan, width, height, window_w, window_h, writer);
  const Filter filter = filter_of(plan.interpolation);
  const Scale x(filter, plan.crop_w, plan.box[0], plan.box[2], plan.resize_w);
  const Scale y(filter, plan.crop_h, plan.box[1], plan.box[3], plan.resize_h);
  // The order of the passes since Pillow 13 (python-pillow/Pillow#9549); the rounding between them makes it visible.
  down_first_ = plan.resize_h < plan.crop_h && plan.crop_h - plan.resize_h > 2 * (plan.crop_w - plan.resize_w);
  const std::size_t w = static_cast<std::size_t>(window_w), h = static_cast<std::size_t>(window_h);

  const std::size_t taps_x = static_cast<std::size_t>(x.most_taps()), taps_y = static_cast<std::size_t>(y.most_taps());
  kept_ = y.most_taps();
  pairs_y_ = (kept_ + 1) / 2;
  stride_ = aligned(3 * (down_first_ ? static_cast<std::size_t>(plan.crop_w) : w));
  const std::size_t sizes[] = {w * sizeof(kernels::Span),
                               h * sizeof(kernels::Span),
                               w * taps_x * sizeof(std::int32_t),
                               kernels::packed_bytes(window_w, x.most_taps()),
                               kernels::planes_bytes(plan.crop_w),
                               h * static_cast<std::size_t>(pairs_y_) * 4 * sizeof(std::int16_t),
                               static_cast<std::size_t>(kept_) * stride_,
                               static_cast<std::size_t>(kept_) * sizeof(std::uint8_t*),
                               stride_,
                               aligned(3 * w),
                               std::max(taps_x, taps_y) * sizeof(double),
                               (taps_y + 1) * sizeof(std::int32_t)};
  std::size_t total = 0;
  for (std::size_t size : sizes) total += aligned(size);
  std::uint8_t* at = memory.get(total);
  if (at == nullptr) return false;
  std::uint8_t* parts[std::size(sizes)];
  for (std::size_t i = 0; i < std::size(sizes); ++i) {
    parts[i] = at;
    at += aligned(sizes[i]);
  }
  kernels::Span* across = reinterpret_cast<kernels::Span*>(parts[0]);
  down_ = reinterpret_cast<kernels::Span*>(parts[1]);
  std::int32_t* weights_x = reinterpret_cast<std::int32_t*>(parts[2]);
  weights_y_ = reinterpret_cast<std::int16_t*>(parts[5]);
  rows_ = parts[6];
  taps_ = reinterpret_cast<const std::uint8_t**>(parts[7]);
  between_ = parts[8];
  out_ = parts[9];
  double* values = reinterpret_cast<double*>(parts[10]);
  std::int32_t* weights = reinterpret_cast<std::int32_t*>(parts[11]);

  const int longest = find_spans(x, plan.window_x, window_w, across);
  for (int i = 0; i < window_w; ++i) {
    x.weigh(plan.window_x + i, across[i], values, longest, weights_x + std::ptrdiff_t{longest} * i);
  }
  kept_ = find_spans(y, plan.window_y, window_h, down_);
  pairs_y_ = (kept_ + 1) / 2;
  for (int i = 0; i < window_h; ++i) {
    y.weigh(plan.window_y + i, down_[i], values, 2 * pairs_y_, weights);
    pair_weights(weights, pairs_y_, weights_y_ + std::ptrdiff_t{4} * pairs_y_ * i);
  }
  // Neither end of a span ever moves back.
  const kernels::Span &last_x = across[window_w - 1], &last_y = down_[window_h - 1];
  const int left = across[0].first, right = last_x.first + last_x.count;
  need(left, down_[0].first, right, last_y.first + last_y.count);
  for (int i = 0; i < window_w; ++i) across[i].first -= left;
  across_ = {right - left, window_w, longest, across, weights_x, {}, 0, parts[3], parts[4]};
  kernels::choose_method(across_);
  return true;
}

Range PillowResampler::rows_of(int i) const { return {down_[i].first, down_[i].first + down_[i].count - 1}; }

Range PillowResampler::columns_of(int i) const {
  const kernels::Span& span = across_.spans[i];
  return {span.first, span.first + span.count - 1};
}

void PillowResampler::put_row(int y, const std::uint8_t* rgb) {
  if (!wants(y)) return;
  const int at = crop_row(y);
  if (down_first_) {
    std::memcpy(row(at), rgb, std::size_t{3} * static_cast<std::size_t>(area_.width));
  } else {
    kernels::filter_row(across_, rgb, row(at));
  }
  // One source row can complete several rows when enlarging.
  for (; next_ < window_h_ && down_[next_].first + down_[next_].count - 1 <= at; ++next_) {
    if (down_first_) {
      filter_down(3 * area_.width, between_);
      kernels::filter_row(across_, between_, out_);
    } else {
      filter_down(3 * window_w_, out_);
    }
    writer_->write(next_, out_);
  }
}

void PillowResampler::filter_down(int n, std::uint8_t* to) const {
  const auto [first, count] = down_[next_];
  for (int k = 0; k < count; ++k) taps_[k] = row(first + k);
  kernels::filter_rows(taps_, weights_y_ + std::ptrdiff_t{4} * pairs_y_ * next_, count, n, to);
}

}  // namespace pixfeed
