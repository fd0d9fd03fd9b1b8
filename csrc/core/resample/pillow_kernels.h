// The inner loops of pillow.cpp, compiled once per CPU target and chosen at run time; each with a plain twin.
//
// A weight has 22 fractional bits, too many for the CPU's 16-bit multipliers. So it is split, weight = high *
// 2048 + low with low in [0, 2047], and the two sums are put together at the end: sums are taken modulo 2^32, so that
// is exact. (pillow_vnni_kernels splits otherwise.)
#pragma once

#include <cstddef>
#include <cstdint>

namespace pixfeed::kernels {

inline constexpr int kWeightBits = 22;
inline constexpr int kSplit = 2048;

// The source pixels of one output pixel.
struct Span {
  std::int32_t first, count;
};

// How a row of `width` pixels becomes one of `n`. The caller fills in the first part and gives memory to the second.
struct RowFilter {
  int width, n;
  int taps;                     // the longest span
  const Span* spans;            // [n], inside the row; `first` never moves back
  const std::int32_t* weights;  // [n][taps], zeros after a span

  // What the kernels make of it; theirs alone.
  enum class Method { plain, pairs, planes, vnni } method;
  int step;              // taps or columns that are dealt with at a time
  std::uint8_t* packed;  // the weights again
  std::uint8_t* planes;  // a row as three planes
};

// How far the kernels fetch ahead, in bytes: rows often follow each other in memory, and the CPU itself stops looking
// ahead at every page.
inline constexpr int kAhead = 2048, kCacheLine = 64;

// The bytes that RowFilter::packed and RowFilter::planes need, both on 64-byte boundaries; enough for fewer taps, too.
std::size_t packed_bytes(int n, int taps);
std::size_t planes_bytes(int width);

// Once, before the first row. Weights must lie in (-2^22 * 1.9, 2^22 * 1.9); those of Pillow's filters do:
// the largest that 20,000 random boxes gave was 1.29 (lanczos, at an edge).
void choose_method(RowFilter& filter);

// One row of packed RGB: pixel i is the weighted sum of the pixels in spans[i].
void filter_row(const RowFilter& filter, const std::uint8_t* row, std::uint8_t* rgb);
void filter_row_plain(const RowFilter& filter, const std::uint8_t* row, std::uint8_t* rgb);

// out[i] = the weighted sum of rows[0..count)[i], for n bytes. Weights lie in pairs of rows, four values a pair: high,
// high, low, low. An odd count is filled up with a weight of 0.
void filter_rows(const std::uint8_t* const* rows, const std::int16_t* weights, int count, int n, std::uint8_t* out);
void filter_rows_plain(const std::uint8_t* const* rows, const std::int16_t* weights, int count, int n,
                       std::uint8_t* out);

}  // namespace pixfeed::kernels
