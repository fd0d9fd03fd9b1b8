// Rows of sums, as torch and NumPy add them: every product and every sum is rounded to float32.
#include "core/steps/mix.h"

#include <algorithm>
#include <cstring>

#include "core/steps/color_kernels.h"

namespace pixfeed {
namespace {

void add_times(float weight, const std::uint8_t* values, std::ptrdiff_t n, float* sums) {
  for (std::ptrdiff_t i = 0; i < n; ++i) sums[i] += weight * static_cast<float>(values[i]);
}

void blend_sums(float weight, const std::uint8_t* values, std::ptrdiff_t n, float* sums) {
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const float blended = sums[i] + weight * (static_cast<float>(values[i]) - sums[i]);
    sums[i] = static_cast<float>(static_cast<std::uint8_t>(blended));
  }
}

}  // namespace

const char* check_blend(const Step& step) {
  if (step.mode < 0 || step.mode > static_cast<int>(Blend::over)) return "unknown way to blend";
  const bool fits = step.values[0] >= 0 && step.values[0] <= 1 && step.values[1] >= 0 && step.values[1] <= 1;
  return fits ? nullptr : "weights may be 0 to 1";
}

bool Mix::begin(const ImageView& picture, const Step& step, Buffer& memory) {
  count_ = std::ptrdiff_t{3} * picture.width;
  const std::size_t values = static_cast<std::size_t>(count_) * static_cast<std::size_t>(picture.height);
  std::uint8_t* const got = memory.get(values * (sizeof(float) + 1));
  if (got == nullptr) return false;
  sums_ = reinterpret_cast<float*>(got);
  original_ = got + values * sizeof(float);
  std::fill_n(sums_, values, 0.0F);
  const float weight = static_cast<float>(step.values[0]);
  for (int y = 0; y < picture.height; ++y) {
    std::memcpy(original_ + y * count_, picture.row(y), static_cast<std::size_t>(count_));
    add_times(weight, picture.row(y), count_, sums_ + y * count_);
  }
  return true;
}

void Mix::add(const ImageView& picture, const Step& step) {
  const float weight = static_cast<float>(step.values[0]);
  for (int y = 0; y < picture.height; ++y) add_times(weight, picture.row(y), count_, sums_ + y * count_);
  restore(picture);
}

void Mix::over(const ImageView& picture, const Step& step) {
  const float weight = static_cast<float>(step.values[0]);
  for (int y = 0; y < picture.height; ++y) blend_sums(weight, picture.row(y), count_, sums_ + y * count_);
  restore(picture);
}

void Mix::end(const ImageView& picture, const Step& step) {
  const float weight = static_cast<float>(step.values[0]), part = static_cast<float>(step.values[1]);
  for (int y = 0; y < picture.height; ++y) {
    std::uint8_t* const row = picture.row(y);
    float* const sums = sums_ + y * count_;
    add_times(weight, row, count_, sums);
    for (std::ptrdiff_t i = 0; i < count_; ++i) {
      row[i] = static_cast<std::uint8_t>(std::min(sums[i], 255.0F));
    }
    if (part < 1) kernels::blend_values(row, original_ + y * count_, count_, part);
  }
}

void Mix::restore(const ImageView& picture) const {
  for (int y = 0; y < picture.height; ++y) {
    std::memcpy(picture.row(y), original_ + y * count_, static_cast<std::size_t>(count_));
  }
}

}  // namespace pixfeed
