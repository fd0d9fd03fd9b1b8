// One look-up of a chain. Included once per CPU target.
#if defined(PIXFEED_JPEG_CHAIN_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PIXFEED_JPEG_CHAIN_INL_H_
#undef PIXFEED_JPEG_CHAIN_INL_H_
#else
#define PIXFEED_JPEG_CHAIN_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>

#include "core/jpeg/bit_reader.h"
#include "core/jpeg/huffman.h"
#include "core/jpeg/skip/scan_ahead.h"

HWY_BEFORE_NAMESPACE();
namespace pixfeed::jpeg {
namespace HWY_NAMESPACE {

// The look-up for the first of `bits`. False if the chain is the true one and the data damaged.
HWY_INLINE bool look_up_one(const std::uint8_t* bytes, const SkipLayout& layout, const State* states, bool is_true,
                            std::uint64_t& bits, Chain& chain, std::uint32_t* found) {
  const unsigned entry = chain.table[bits >> (64 - SkipTable::kBits)];
  const unsigned used = SkipTable::bits_used(entry);
  const std::uint16_t* table = chain.state->rest;
  const State* state = chain.state;
  const unsigned distance = SkipTable::distance(entry);
  unsigned left = chain.left - distance;
  std::uint64_t blocks = chain.blocks, at = chain.at + used;
  bits <<= used;
  if (HWY_UNLIKELY(((left + 1) & kOdd) != 0 || used == 0 || at > chain.until())) {
    // Nothing of this entry counts, but for its first symbol.
    Chain after = step_over(bytes, layout, states, chain);
    if (after.table == nullptr) {
      if (is_true) return false;
      after = chain_at(layout, states, chain.at + 8, chain.restart);  // it was not in step, and starts again
      found[0] = static_cast<std::uint32_t>(after.at);
    }
    found[chain.blocks + 1] = static_cast<std::uint32_t>(after.at);
    bits = bits_at(bytes, after.at);
    chain = after;
    return true;
  }
  if (distance > chain.left) {
    table = state->next_whole;
    state = state->next;
    left = kLeft;
    ++blocks;
  }
  // Written until the block has ended: then it is where the next one begins.
  found[chain.blocks + 1] = static_cast<std::uint32_t>(at);
  chain = {at, table, state, left, blocks, chain.restart};
  return true;
}

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::jpeg
HWY_AFTER_NAMESPACE();

#endif  // include guard
