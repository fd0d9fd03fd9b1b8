// Chooses the loop for a slot's dtype and strides, and writes rows with it.
#include "core/write.h"

#include <algorithm>
#include <cstring>

#include "core/write_kernels.h"

namespace pixfeed {
namespace {

// Zeros from column `left` on in the rows from `top` to before `bottom`.
void clear(const Slot& slot, int left, int top, int bottom) {
  const std::ptrdiff_t size = slot.dtype == DType::uint8 ? 1 : slot.dtype == DType::float32 ? 4 : 2;
  const bool interleaved = slot.stride_c == size && slot.stride_x == slot.channels * size;
  const std::ptrdiff_t piece = interleaved ? slot.stride_x : size;  // bytes, of one pixel or of one of its values
  for (int c = 0; c < (interleaved ? 1 : slot.channels); ++c) {
    for (int y = top; y < bottom; ++y) {
      std::uint8_t* const from = slot.data + c * slot.stride_c + y * slot.stride_y + left * slot.stride_x;
      const std::ptrdiff_t n = slot.width - left;
      if (slot.stride_x == piece) {
        std::memset(from, 0, static_cast<std::size_t>(n * piece));
      } else {
        for (std::ptrdiff_t x = 0; x < n; ++x) {
          std::memset(from + x * slot.stride_x, 0, static_cast<std::size_t>(piece));
        }
      }
    }
  }
}

}  // namespace

bool SlotWriter::prepare(const Plan& plan, const Slot& slot, Scratch& scratch) {
  slot_ = slot;
  slot_.width = plan.window_w;
  slot_.height = plan.window_h;
  if (slot.width > slot_.width) clear(slot, slot_.width, 0, slot_.height);
  if (slot.height > slot_.height) clear(slot, 0, slot_.height, slot.height);
  flip_x_ = plan.flip_horizontal != 0;
  flip_y_ = plan.flip_vertical != 0;
  std::copy_n(plan.mean, 3, mean_);
  std::copy_n(plan.std, 3, std_);
  way_ = way();
  if (way_ == Way::float_table) floats_.fill(slot.dtype, mean_, std_, slot.channels);
  if (way_ == Way::half_table) halves_.fill(slot.dtype, mean_, std_, slot.channels);
  const std::size_t values = static_cast<std::size_t>(slot_.width) * 3;
  const std::size_t floats = way_ == Way::half_planes ? values * sizeof(float) : 0;
  std::uint8_t* const memory = scratch.row.get(floats + values);
  if (memory == nullptr) return false;
  halves_to_be_ = reinterpret_cast<float*>(memory);
  flipped_ = memory + floats;
  return true;
}

SlotWriter::Way SlotWriter::way() const {
  const bool color = slot_.channels == 3;
  if (slot_.dtype == DType::uint8) return color && slot_.stride_x == 1 ? Way::byte_planes : Way::bytes;
  constexpr std::ptrdiff_t kFloat = sizeof(float), kHalf = sizeof(std::uint16_t);
  const auto all_aligned = [this](std::ptrdiff_t size) {
    return reinterpret_cast<std::uintptr_t>(slot_.data) % static_cast<std::uintptr_t>(size) == 0 &&
           slot_.stride_y % size == 0 && slot_.stride_c % size == 0;
  };
  if (slot_.dtype != DType::float32) {
    return all_aligned(kHalf) && color && slot_.stride_x == kHalf ? Way::half_planes : Way::half_table;
  }
  const bool aligned = all_aligned(kFloat);
  const bool plain = std::all_of(mean_, mean_ + 3, [](float v) { return v == 0; }) &&
                     std::all_of(std_, std_ + 3, [](float v) { return v == 1; });
  if (aligned && color && slot_.stride_x == kFloat) return Way::float_planes;
  if (aligned && color && plain && slot_.stride_c == kFloat && slot_.stride_x == 3 * kFloat) return Way::floats;
  return Way::float_table;
}

void SlotWriter::write(int y, const std::uint8_t* rgb) {
  const int n = slot_.width;
  if (flip_x_) {
    for (int x = 0; x < n; ++x) std::memcpy(flipped_ + std::ptrdiff_t{3} * x, rgb + std::ptrdiff_t{3} * (n - 1 - x), 3);
    rgb = flipped_;
  }
  std::uint8_t* const row = slot_.data + (flip_y_ ? slot_.height - 1 - y : y) * slot_.stride_y;
  std::uint8_t* const planes[3] = {row, row + slot_.stride_c, row + 2 * slot_.stride_c};
  const auto floats = [](std::uint8_t* at) { return reinterpret_cast<float*>(at); };
  switch (way_) {
    case Way::byte_planes:
      kernels::rgb_to_byte_planes(rgb, n, planes[0], planes[1], planes[2]);
      break;
    case Way::bytes:
      if (slot_.channels == 3 && slot_.stride_c == 1 && slot_.stride_x == 3) {
        std::memcpy(row, rgb, static_cast<std::size_t>(n) * 3);
        break;
      }
      for (int c = 0; c < slot_.channels; ++c) {
        for (int x = 0; x < n; ++x) planes[c][x * slot_.stride_x] = rgb[std::ptrdiff_t{3} * x + c];
      }
      break;
    case Way::float_planes:
      kernels::rgb_to_float_planes(rgb, n, mean_, std_, floats(planes[0]), floats(planes[1]), floats(planes[2]));
      break;
    case Way::half_planes: {
      float* const found[3] = {halves_to_be_, halves_to_be_ + n, halves_to_be_ + 2 * n};
      kernels::rgb_to_float_planes(rgb, n, mean_, std_, found[0], found[1], found[2]);
      const auto convert = slot_.dtype == DType::float16 ? kernels::floats_to_float16 : kernels::floats_to_bfloat16;
      for (int c = 0; c < 3; ++c) convert(found[c], n, reinterpret_cast<std::uint16_t*>(planes[c]));
      break;
    }
    case Way::floats:
      kernels::bytes_to_floats(rgb, 3 * n, floats(row));
      break;
    case Way::float_table:
      for (int c = 0; c < slot_.channels; ++c) floats_.convert(c, rgb + c, 3, n, planes[c], slot_.stride_x);
      break;
    case Way::half_table:
      for (int c = 0; c < slot_.channels; ++c) halves_.convert(c, rgb + c, 3, n, planes[c], slot_.stride_x);
      break;
  }
}

}  // namespace pixfeed
