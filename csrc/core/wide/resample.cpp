// One loop for each way; the compiler makes vectors of them.
#include "core/wide/resample.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/buffer_parts.h"
#include "core/resample/nearest.h"
#include "core/resample/position.h"

namespace pixfeed::wide {
namespace {

constexpr float kMost = 65535;

}  // namespace

bool Resampler::knows(Interpolation interpolation) {
  return interpolation == Interpolation::nearest || interpolation == Interpolation::nearest_exact ||
         interpolation == Interpolation::linear;
}

bool Resampler::prepare(const Picture& picture, const Plan& plan, Buffer& memory) {
  picture_ = picture;
  plan_ = plan;
  const bool same = plan.resize_w == picture.width && plan.resize_h == picture.height;
  const bool half = 2 * plan.resize_w == picture.width && 2 * plan.resize_h == picture.height;
  const bool linear = plan.interpolation == Interpolation::linear;
  way_ = same ? Way::copy : !linear ? Way::nearest : half ? Way::half : Way::linear;

  const auto w = static_cast<std::size_t>(plan.window_w), h = static_cast<std::size_t>(plan.window_h);
  const std::size_t samples = w * static_cast<std::size_t>(picture.channels);
  BufferParts parts;
  const auto columns = parts.add<Tap>(w), rows = parts.add<Tap>(h);
  const auto even = parts.add<float>(samples), odd = parts.add<float>(samples);
  const auto out = parts.add<std::uint16_t>(samples);
  const auto pixels = parts.add<std::int32_t>(std::max(w, h));
  std::uint8_t* const begin = memory.get(parts.size());
  if (begin == nullptr) return false;
  columns_ = columns.in(begin);
  rows_ = rows.in(begin);
  floats_[0] = even.in(begin);
  floats_[1] = odd.in(begin);
  there_[0] = there_[1] = -1;
  out_ = out.in(begin);

  if (way_ == Way::nearest) {
    std::int32_t* const found = pixels.in(begin);
    nearest_pixels(plan.interpolation, plan.window_x, plan.window_w, picture.width, plan.resize_w, found);
    for (int i = 0; i < plan.window_w; ++i) columns_[i].first = found[i];
    nearest_pixels(plan.interpolation, plan.window_y, plan.window_h, picture.height, plan.resize_h, found);
    for (int i = 0; i < plan.window_h; ++i) rows_[i].first = found[i];
  }
  if (way_ != Way::linear) return true;
  const int right = picture.width - 1, bottom = picture.height - 1;
  for (int i = 0; i < plan.window_w; ++i) {
    auto [x, fx] = position(plan.window_x + i, scale_of(picture.width, plan.resize_w));
    if (x < 0) x = 0, fx = 0;
    if (x >= right) x = right, fx = 0;
    columns_[i] = {x, std::min(x + 1, right), 1.f - fx, fx};
  }
  for (int i = 0; i < plan.window_h; ++i) {  // vertically OpenCV leaves the weights: both rows may be the same
    const auto [y, fy] = position(plan.window_y + i, scale_of(picture.height, plan.resize_h));
    rows_[i] = {std::clamp(y, 0, bottom), std::clamp(y + 1, 0, bottom), 1.f - fy, fy};
  }
  return true;
}

// Row `y` of the picture, resized across.
const float* Resampler::across(int y) {
  float* out = floats_[y % 2];
  if (there_[y % 2] == y) return out;
  there_[y % 2] = y;
  const std::uint16_t* const row = picture_.row(y);
  const int channels = picture_.channels;
  for (int i = 0; i < plan_.window_w; ++i) {
    const Tap& tap = columns_[i];
    for (int c = 0; c < channels; ++c) {
      *out++ = static_cast<float>(row[tap.first * channels + c]) * tap.weight_first +
               static_cast<float>(row[tap.second * channels + c]) * tap.weight_second;
    }
  }
  return floats_[y % 2];
}

void Resampler::copy_columns(const std::uint16_t* from) {
  const int channels = picture_.channels;
  std::uint16_t* out = out_;
  for (int i = 0; i < plan_.window_w; ++i) {
    for (int c = 0; c < channels; ++c) *out++ = from[columns_[i].first * channels + c];
  }
}

const std::uint16_t* Resampler::row(int y) {
  const int channels = picture_.channels, samples = plan_.window_w * channels, left = plan_.window_x * channels;
  switch (way_) {
    case Way::copy:
      return picture_.row(plan_.window_y + y) + left;
    case Way::nearest:
      copy_columns(picture_.row(rows_[y].first));
      break;
    case Way::half: {
      const std::uint16_t* upper = picture_.row(2 * (plan_.window_y + y)) + 2 * left;
      const std::uint16_t* lower = upper + std::ptrdiff_t{picture_.width} * channels;
      for (int i = 0; i < samples; ++i) {
        const int x = i / channels * 2 * channels + i % channels;
        out_[i] =
            static_cast<std::uint16_t>((upper[x] + upper[x + channels] + lower[x] + lower[x + channels] + 2) >> 2);
      }
      break;
    }
    case Way::linear: {
      const Tap& tap = rows_[y];
      const float* const first = across(tap.first);
      const float* const second = across(tap.second);
      for (int i = 0; i < samples; ++i) {
        const float value = first[i] * tap.weight_first + second[i] * tap.weight_second;
        out_[i] = static_cast<std::uint16_t>(std::lrintf(std::clamp(value, 0.f, kMost)));
      }
      break;
    }
  }
  return out_;
}

}  // namespace pixfeed::wide
