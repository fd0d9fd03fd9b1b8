// A set of pictures in memory -> a batch of some of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/image_view.h"
#include "core/pool.h"

namespace pixfeed {

// uint8 [n, channels, height, width], any layout. The memory is the caller's. Strides are in bytes.
struct Pictures {
  const std::uint8_t* data;
  std::int64_t n;
  int channels;  // 3 or 1
  int height, width;
  std::ptrdiff_t stride_n, stride_c, stride_y, stride_x;
};

// Says what is wrong with the arguments of write_pictures(), or nullptr.
const char* check_write(const Pictures& pictures, const std::vector<std::int64_t>& rows, const std::vector<Slot>& slots,
                        const float* mean, const float* std);

// Picture rows[i] into slots[i]: uint8 as it is, others (value / 255 - mean[c]) / std[c], as SlotWriter writes them.
void write_pictures(const Pictures& pictures, const std::vector<std::int64_t>& rows, const std::vector<Slot>& slots,
                    const float* mean, const float* std, const Workers& workers);

}  // namespace pixfeed
