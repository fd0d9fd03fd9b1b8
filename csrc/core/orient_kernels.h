// The inner loop of orient.cpp, compiled once per CPU target and chosen at run time; with a plain twin.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pixfeed::kernels {

// `columns` columns of `rows` pixels of packed RGB become rows: pixel (x, y) goes to to + x * to_stride + 3 * y.
// Strides are in bytes; `to_stride` may be negative. Reads up to kTurnSlack bytes after the last pixel of a row.
inline constexpr int kTurnSlack = 4;
void turn(const std::uint8_t* from, std::ptrdiff_t from_stride, int columns, int rows, std::uint8_t* to,
          std::ptrdiff_t to_stride);
void turn_plain(const std::uint8_t* from, std::ptrdiff_t from_stride, int columns, int rows, std::uint8_t* to,
                std::ptrdiff_t to_stride);

}  // namespace pixfeed::kernels
