// OpenCV's INTER_CUBIC and INTER_LANCZOS4: 4 or 8 taps each way.
#include "core/resample/cubic_lanczos4.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/buffer_parts.h"
#include "core/resample/cubic_lanczos4_kernels.h"
#include "core/resample/position.h"

namespace pixfeed {
namespace {

constexpr double kPi = 3.1415926535897932384626433832795;

// The four weights of a point that lies `x` after the second tap: the cubic with a = -0.75. In floats, in OpenCV's
// order.
void weigh_cubic(float x, float* weights) {
  constexpr float a = -0.75f;
  const auto near = [](float t) { return ((a + 2) * t - (a + 3)) * t * t + 1; };
  weights[0] = ((a * (x + 1) - 5 * a) * (x + 1) + 8 * a) * (x + 1) - 4 * a;
  weights[1] = near(x);
  weights[2] = near(1 - x);
  weights[3] = 1.f - weights[0] - weights[1] - weights[2];
}

// The eight weights of a point that lies `x` after the fourth tap. From one tap to the next the sine's argument moves
// by 45 degrees, so all eight follow from the sine and cosine of the first.
void weigh_lanczos(float x, float* weights) {
  constexpr double r = 0.70710678118654752440084436210485;
  constexpr double kTurns[8][2] = {{1, 0}, {-r, -r}, {0, 1}, {r, -r}, {-1, 0}, {r, r}, {0, -1}, {-r, r}};
  const double start = -(x + 3) * kPi * 0.25, sine = std::sin(start), cosine = std::cos(start);
  float sum = 0;
  for (int k = 0; k < 8; ++k) {
    const float distance = x + 3 - static_cast<float>(k);
    const double at = -distance * kPi * 0.25;
    // On a tap, that tap has all the weight.
    weights[k] = std::fabs(distance) < 1e-6f
                     ? 1e30f
                     : static_cast<float>((kTurns[k][0] * sine + kTurns[k][1] * cosine) / (at * at));
    sum += weights[k];
  }
  const float inverse = 1.f / sum;
  for (int k = 0; k < 8; ++k) weights[k] *= inverse;
}

// For `n` pixels from pixel `begin` on of a side of `from` that becomes `to`: the first tap and the weights of each.
void find(int begin, int n, int from, int to, int taps, std::int32_t* first, std::int16_t* weights) {
  const double scale = scale_of(from, to);
  float exact[8];
  for (int i = 0; i < n; ++i, weights += taps) {
    const auto [index, fraction] = position(begin + i, scale);
    first[i] = index - taps / 2 + 1;
    taps == 4 ? weigh_cubic(fraction, exact) : weigh_lanczos(fraction, exact);
    for (int k = 0; k < taps; ++k) weights[k] = fixed(exact[k]);
  }
}

}  // namespace

bool CubicLanczos4Resampler::prepare(const Plan& plan, int width, int height, int window_w, int window_h,
                                     Buffer& memory, RowWriter& writer) {
  expect(plan, width, height, window_w, window_h, writer);
  taps_ = plan.interpolation == Interpolation::cubic ? 4 : 8;
  // OpenCV's vectors take eight values of the whole row at a time; what is left over it does in integers.
  const std::int64_t values = channels_, vectors = values * plan.resize_w / 8 * 8;
  const std::int64_t in_window = std::clamp<std::int64_t>(vectors - values * plan.window_x, 0, values * window_w);
  in_floats_ = taps_ == 4 ? static_cast<int>(3 / values * in_window) : 0;

  const std::size_t w = static_cast<std::size_t>(window_w), h = static_cast<std::size_t>(window_h);
  const std::size_t taps = static_cast<std::size_t>(taps_), stride = (3 * w + kernels::kWideSlack + 15) / 16 * 16;
  BufferParts parts;
  const auto first_x = parts.add<std::int32_t>(w), first_y = parts.add<std::int32_t>(h);
  const auto weights_x = parts.add<std::int16_t>(taps * w), weights_y = parts.add<std::int16_t>(taps * h);
  const auto rows = parts.add<std::int32_t>(taps * stride);
  const auto out = parts.add<std::uint8_t>(3 * w);
  std::uint8_t* bytes = memory.get(parts.size());
  if (bytes == nullptr) return false;
  first_x_ = first_x.in(bytes), first_y_ = first_y.in(bytes);
  weights_x_ = weights_x.in(bytes), weights_y_ = weights_y.in(bytes);
  for (std::size_t k = 0; k < taps; ++k) rows_[k] = rows.in(bytes) + k * stride;
  out_ = out.in(bytes);

  find(plan.window_x, window_w, plan.crop_w, plan.resize_w, taps_, first_x_, weights_x_);
  find(plan.window_y, window_h, plan.crop_h, plan.resize_h, taps_, first_y_, weights_y_);
  const auto column = [&plan](int x) { return std::clamp(x, 0, plan.crop_w - 1); };
  const auto line = [&plan](int y) { return std::clamp(y, 0, plan.crop_h - 1); };
  const int left = column(first_x_[0]);
  need(left, line(first_y_[0]), column(first_x_[window_w - 1] + taps_ - 1) + 1,
       line(first_y_[window_h - 1] + taps_ - 1) + 1);
  // The area ends inside the crop only where no tap reaches further, so its edges can be repeated like the crop's.
  for (int i = 0; i < window_w; ++i) first_x_[i] -= left;
  return true;
}

int CubicLanczos4Resampler::tap_row(int i, int k) const { return std::clamp(first_y_[i] + k, 0, plan_.crop_h - 1); }

Range CubicLanczos4Resampler::rows_of(int i) const { return {tap_row(i, 0), tap_row(i, taps_ - 1)}; }

Range CubicLanczos4Resampler::columns_of(int i) const {
  const auto column = [this](int x) { return std::clamp(x, 0, area_.width - 1); };
  return {column(first_x_[i]), column(first_x_[i] + taps_ - 1)};
}

void CubicLanczos4Resampler::put_row(int y, const std::uint8_t* rgb) {
  if (!wants(y)) return;
  const int row = crop_row(y);
  kernels::wide_row(rgb, area_.width, first_x_, weights_x_, taps_, window_w_, rows_[row % taps_]);
  // One source row can complete many rows when enlarging.
  while (next_ < window_h_ && tap_row(next_, taps_ - 1) == row) {
    blend();
    writer_->write(next_++, out_);
  }
}

void CubicLanczos4Resampler::blend() {
  const std::int16_t* weights = weights_y_ + std::ptrdiff_t{taps_} * next_;
  const std::int32_t* rows[8] = {};
  for (int k = 0; k < taps_; ++k) rows[k] = rows_[tap_row(next_, k) % taps_];
  if (in_floats_ > 0) kernels::blend_in_floats(rows, weights, in_floats_, out_);
  for (int k = 0; k < taps_; ++k) rows[k] += in_floats_;
  kernels::blend_in_integers(rows, weights, taps_, 3 * window_w_ - in_floats_, out_ + in_floats_);
}

}  // namespace pixfeed
