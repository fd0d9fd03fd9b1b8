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

  // The last bit at which the next block may begin that is not behind the restart: from there on, there is padding.
  std::uint64_t until() const { return *restart - 8; }
};

inline constexpr unsigned kLeft = 62;  // behind a DC
// Of what is left and one, 0 to 63, or below 0 after an end of block, this bit says what SkipTable::odd() says.
inline constexpr unsigned kOdd = 64;

// `chain` behind one symbol of the block it is in, however long that is, and behind the restart if that is what follows; the
// table is null for damage. `states` are those of an MCU.
Chain step_over(const std::uint8_t* bytes, const SkipLayout& layout, const State* states, Chain chain);

// A chain at a block that is an MCU's first one, or is taken for it, at `bit` or behind the restart that follows.
Chain chain_at(const SkipLayout& layout, const State* states, std::uint64_t bit, const std::uint32_t* restart);

}  // namespace pixfeed::jpeg
