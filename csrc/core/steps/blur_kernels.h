// The inner loops of blur.cpp, compiled once per CPU target and chosen at run time; each with a plain twin.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pixfeed::kernels {

// An average of 2 * radius + 1 values with the weight `inner`, and the two beyond them with the weight `outer`. The
// weights are in units of 1 / 2^24.
struct Box {
  int radius;
  std::uint32_t inner, outer;
};

// Up to this radius, a sum of values has 15 bits.
inline constexpr int kMostRadius = 63;

// The next row of n averages along y. `sums` moves on by one row: `entering` is added to it and `leaving` subtracted.
// `leaving` is also one of the two values beyond, `beyond` the other. radius <= kMostRadius.
void box_row(const Box& box, const std::uint8_t* leaving, const std::uint8_t* entering, const std::uint8_t* beyond,
             int n, std::uint16_t* sums, std::uint8_t* averages);
void box_row_plain(const Box& box, const std::uint8_t* leaving, const std::uint8_t* entering,
                   const std::uint8_t* beyond, int n, std::uint16_t* sums, std::uint8_t* averages);

// Weights in units of 1 / 2^14: of the middle, and of each pair of values that are equally far from it. There is one
// more behind them, if needed a 0, so that their number is even.
struct Symmetric {
  const std::int16_t* weights;
  int radius;
};
inline constexpr int kWeightBits = 14, kFractionBits = 6;

// n weighted sums along x, with kFractionBits bits of fraction. `values` are those of the first sum's middle; around
// them there are radius + 1 pixels more, on either side.
void weigh_across(const Symmetric& kernel, const std::uint8_t* values, int n, std::int16_t* sums);
void weigh_across_plain(const Symmetric& kernel, const std::uint8_t* values, int n, std::int16_t* sums);

// n weighted sums along y, of rows of weigh_across: rows[0] is the middle, rows[2 * k - 1] and rows[2 * k] are k away.
void weigh_down(const Symmetric& kernel, const std::int16_t* const* rows, int n, std::uint8_t* values);
void weigh_down_plain(const Symmetric& kernel, const std::int16_t* const* rows, int n, std::uint8_t* values);

}  // namespace pixfeed::kernels
