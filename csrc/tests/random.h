// Numbers for the tests: the same in every run of a program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace pixfeed::testing {

inline constexpr int kLongest = 200;  // columns; more than two of the longest vectors

inline std::mt19937 random_bits(1);

inline std::vector<std::uint8_t> bytes(int n) {
  std::vector<std::uint8_t> result(static_cast<std::size_t>(n));
  for (auto& value : result) value = static_cast<std::uint8_t>(random_bits());
  return result;
}

// A simpler generator, below 2^24.
inline unsigned next_random() {
  static unsigned state = 12345;
  state = state * 1664525U + 1013904223U;
  return state >> 8;
}

}  // namespace pixfeed::testing
