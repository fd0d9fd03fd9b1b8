#include "write.h"

#include <algorithm>
#include <cstring>

#include "write_kernels.h"

namespace pixfeed {
namespace {

// Any layout, one value at a time; also the twin that the fast ways are tested against.
template <class T, class Convert>
void write_strided(const Slot& slot, std::uint8_t* row, const std::uint8_t* rgb, Convert convert) {
  for (int c = 0; c < slot.channels; ++c) {
    std::uint8_t* at = row + c * slot.stride_c;
    for (int x = 0; x < slot.width; ++x, at += slot.stride_x) {
      const T value = convert(rgb[std::ptrdiff_t{3} * x + c], c);
      std::memcpy(at, &value, sizeof(T));
    }
  }
}

}  // namespace

bool SlotWriter::prepare(const Plan& plan, const Slot& slot, Scratch& scratch) {
  slot_ = slot;
  flip_x_ = plan.flip_horizontal != 0;
  flip_y_ = plan.flip_vertical != 0;
  std::copy_n(plan.mean, 3, mean_);
  std::copy_n(plan.std, 3, std_);
  flipped_ = scratch.row.get(static_cast<std::size_t>(slot.width) * 3);
  return flipped_ != nullptr;
}

void SlotWriter::write(int y, const std::uint8_t* rgb) {
  const int n = slot_.width;
  if (flip_x_) {
    for (int x = 0; x < n; ++x) std::memcpy(flipped_ + std::ptrdiff_t{3} * x, rgb + std::ptrdiff_t{3} * (n - 1 - x), 3);
    rgb = flipped_;
  }
  std::uint8_t* row = slot_.data + (flip_y_ ? slot_.height - 1 - y : y) * slot_.stride_y;
  std::uint8_t* const planes[3] = {row, row + slot_.stride_c, row + 2 * slot_.stride_c};
  const bool color = slot_.channels == 3;
  if (slot_.dtype == DType::uint8) {
    if (color && slot_.stride_x == 1) {
      kernels::rgb_to_byte_planes(rgb, n, planes[0], planes[1], planes[2]);
    } else if (color && slot_.stride_c == 1 && slot_.stride_x == 3) {
      std::memcpy(row, rgb, static_cast<std::size_t>(n) * 3);
    } else {
      write_strided<std::uint8_t>(slot_, row, rgb, [](std::uint8_t value, int) { return value; });
    }
    return;
  }
  constexpr std::ptrdiff_t kFloat = sizeof(float);
  const bool aligned = reinterpret_cast<std::uintptr_t>(row) % kFloat == 0 && slot_.stride_c % kFloat == 0;
  const bool plain = std::all_of(mean_, mean_ + 3, [](float v) { return v == 0; }) &&
                     std::all_of(std_, std_ + 3, [](float v) { return v == 1; });
  if (aligned && color && slot_.stride_x == kFloat) {
    kernels::rgb_to_float_planes(rgb, n, mean_, std_, reinterpret_cast<float*>(planes[0]),
                                 reinterpret_cast<float*>(planes[1]), reinterpret_cast<float*>(planes[2]));
  } else if (aligned && color && plain && slot_.stride_c == kFloat && slot_.stride_x == 3 * kFloat) {
    kernels::bytes_to_floats(rgb, 3 * n, reinterpret_cast<float*>(row));
  } else {
    write_strided<float>(slot_, row, rgb,
                         [this](std::uint8_t value, int c) { return kernels::to_float(value, mean_[c], std_[c]); });
  }
}

}  // namespace pixfeed
