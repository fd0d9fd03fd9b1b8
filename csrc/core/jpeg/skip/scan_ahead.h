// A chain of look-ups that goes from block to block: what block_starts is made of.
#pragma once

#include <cstdint>

#include "core/jpeg/skip/block_starts.h"

namespace pixfeed::jpeg {

// What may follow a look-up: another one in the same block, or the next block.
struct State {
  const std::uint16_t* rest;
  const std::uint16_t* next_whole;
  const State* next;
};

struct Chain {
  std::uint64_t at;            // in bits
  const std::uint16_t* table;  // for the next look-up
  const State* state;
  unsigned left;                 // coefficients of the block that are left, less one
  std::uint64_t blocks;          // found so far
  const std::uint32_t* restart;  // the next one: see ByteFeed::restarts()

  // The last bit at which the next block may begin that is not after the restart: from there on, there is padding.
  std::uint64_t until() const { return *restart - 8; }
};

inline constexpr unsigned kLeft = 62;  // after a DC
// This bit of `left + 1` is set exactly when SkipTable::odd() is true.
inline constexpr unsigned kOdd = 64;

// `chain` after one more symbol, however long it is, and after the restart marker if one follows. Its table is null if
// the data is damaged. `states` are those of an MCU.
Chain step_over(const std::uint8_t* bytes, const SkipLayout& layout, const State* states, Chain chain);

// A chain that takes `bit` for the beginning of an MCU, or the end of the next restart marker if that comes first.
Chain chain_at(const SkipLayout& layout, const State* states, std::uint64_t bit, const std::uint32_t* restart);

}  // namespace pixfeed::jpeg
