// Finding a block's end takes a chain of look-ups, each of which has to wait for the one before. Therefore there is
// nothing else in this loop, above all no branch that follows the data; and therefore several chains run side by side:
// one from where we are, and others from places further on, which are most likely in the middle of some block. Huffman
// codes fall into step: in photos, half of such chains arrive at the true beginnings within 10 blocks, nearly all within
// 100. As soon as a chain meets one that began further on, at the beginning of the same block of an MCU, all that the
// other has found since then is true. Where two don't meet, the first one goes on alone: it costs time, nothing else.
#include "block_starts.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <iterator>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/jpeg/block_starts.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "core/jpeg/eight_chains-inl.h"

// Where it is not vectors it is compiled per target for BMI2, whose shifts take one step where x86's own take three.

#ifndef PIXFEED_JPEG_BLOCK_STARTS
#define PIXFEED_JPEG_BLOCK_STARTS
namespace pixfeed::jpeg {

// Room behind a chain's last block: it is looked at every 30 look-ups at the least, each of which may end a block, and one
// more may be written.
inline constexpr int kChainSpare = 32;
inline constexpr std::uint64_t kWorthIt = 64;  // Below that many blocks a chain hardly falls into step.

}  // namespace pixfeed::jpeg
#endif  // PIXFEED_JPEG_BLOCK_STARTS

HWY_BEFORE_NAMESPACE();
namespace pixfeed::jpeg {
namespace HWY_NAMESPACE {

// The look-up for the first of `bits`. False if the chain is the true one and the data damaged.
HWY_INLINE bool LookUp(const std::uint8_t* bytes, const SkipLayout& layout, const State* states, bool is_true,
                       std::uint64_t& bits, Chain& chain, std::uint32_t* found) {
  const unsigned entry = chain.table[bits >> (64 - SkipTable::kBits)];
  const unsigned used = SkipTable::bits_used(entry);
  const std::uint16_t* table = chain.state->rest;
  const State* state = chain.state;
  const unsigned distance = SkipTable::distance(entry);
  unsigned left = chain.left - distance;
  std::uint64_t blocks = chain.blocks, at = chain.at + used;
  bits <<= used;
  if (HWY_UNLIKELY(((left + 1) & kOdd) != 0 || used == 0)) {
    // Nothing of this entry counts, but for its first symbol.
    Chain after = step_over(bytes, layout.block[chain.state - states], chain);
    if (after.table == nullptr) {
      if (is_true) return false;
      after = {chain.at + 8, layout.block[0].whole->entry, states, kLeft, 0};  // it was not in step, and starts again
      found[0] = static_cast<std::uint32_t>(after.at);
    }
    at = after.at;
    table = after.table;
    state = after.state;
    left = after.left;
    blocks = after.blocks;
    bits = bits_at(bytes, at);
  } else if (distance > chain.left) {
    table = state->next_whole;
    state = state->next;
    left = kLeft;
    ++blocks;
  }
  // Written until the block has ended: then it is where the next one begins.
  found[chain.blocks + 1] = static_cast<std::uint32_t>(at);
  chain = {at, table, state, left, blocks};
  return true;
}

// Three look-ups: as many as 57 bits are good for. False if the chain is the true one and the data damaged.
HWY_INLINE bool LookUpThree(const std::uint8_t* bytes, const SkipLayout& layout, const State* states, bool is_true,
                            Chain& chain, std::uint32_t* found) {
  static_assert(57 - 2 * SkipTable::kMaxUsed >= SkipTable::kBits);
  std::uint64_t bits = bits_at(bytes, chain.at);
  return LookUp(bytes, layout, states, is_true, bits, chain, found) &&
         LookUp(bytes, layout, states, is_true, bits, chain, found) &&
         LookUp(bytes, layout, states, is_true, bits, chain, found);
}

// Lets kN chains run until each has come as far as its `limit`, or one of them beyond `end` or to `most` blocks. Chain i
// writes to found[i * span] on. False if the first one, which is true, met damage: what it found before is good.
template <int kN>
HWY_INLINE bool Run(const std::uint8_t* bytes, const SkipLayout& layout, const State* states, Chain* chains,
                    const std::uint64_t* limit, std::uint64_t end, std::uint64_t most, std::uint32_t* found, int span) {
  Chain chain[kN];
  for (int i = 0; i < kN; ++i) chain[i] = chains[i];
  bool good = true, done;
  do {
    for (int round = 0; round < 4; ++round) {
      HWY_UNROLL(8)
      for (int i = 0; i < kN; ++i) {
        good = LookUpThree(bytes, layout, states, i == 0, chain[i], found + i * span);
        if (HWY_UNLIKELY(i == 0 && !good)) goto stop;
      }
    }
    done = true;
    for (int i = 0; i < kN; ++i) done &= chain[i].at >= limit[i];
    for (int i = 0; i < kN; ++i) done |= chain[i].at > end || chain[i].blocks >= most;
  } while (!done);
stop:
  for (int i = 0; i < kN; ++i) chains[i] = chain[i];
  return good;
}

// Lets `chain`, whose blocks are in `found`, go on until it meets one of the `n` of `other`: `chain.blocks` are those in
// front of that one then. Gives its place, or -1 where there is no `room` or nothing more to meet.
int Meet(const std::uint8_t* bytes, const SkipLayout& layout, const State* states, std::uint64_t end, Chain& chain,
         std::uint32_t* found, std::uint64_t room, const std::uint32_t* other, std::uint64_t n) {
  auto i = static_cast<std::uint64_t>(std::lower_bound(found, found + chain.blocks, other[0]) - found);
  for (std::uint64_t j = 0; j <= n; ++i) {
    while (chain.blocks < i) {
      if (i >= room || chain.at > end) return -1;
      std::uint64_t bits = bits_at(bytes, chain.at);
      if (!LookUp(bytes, layout, states, true, bits, chain, found)) return -1;
    }
    while (j <= n && other[j] < found[i]) ++j;
    const auto phases = static_cast<std::uint64_t>(layout.blocks);
    if (j <= n && other[j] == found[i] && i % phases == j % phases) {
      chain.blocks = i;
      return static_cast<int>(j);
    }
  }
  return -1;
}

struct Search {
  const std::uint8_t* bytes;
  std::uint64_t at, end;
  const SkipLayout& layout;
  const State* states;
  int most;
  std::uint32_t* found;

  Chain chain_at(std::uint64_t bit, std::uint32_t* its) const {
    its[0] = static_cast<std::uint32_t>(bit);
    return {bit, layout.block[0].whole->entry, states, kLeft, 0};
  }

  // What lies behind `end` was read from bytes that are not there yet.
  int within(const Chain& chain) const {
    int count = std::min(most, static_cast<int>(chain.blocks));
    while (count > 0 && found[count] > end) --count;
    return count;
  }
};

// By kN chains, each of which begins `stride` bits behind the one before.
template <int kN>
HWY_NOINLINE int FindByChains(const Search& search, std::uint64_t stride) {
  constexpr int kSpan = BlockStarts::kRoom / kN;
  const auto& [bytes, at, end, layout, states, most, found] = search;
  Chain chains[kN];
  std::uint64_t limit[kN];
  for (int i = 0; i < kN; ++i) {
    chains[i] = search.chain_at(at + i * stride, found + i * kSpan);
    limit[i] = chains[i].at + stride + (i + 1 < kN ? stride / 16 : 0);
  }
  constexpr int kMost = kSpan - kChainSpare;
#if PIXFEED_JPEG_EIGHT
  const bool good = RunEights<kN / kEight>(bytes, layout, states, chains, limit, end, kMost, found, kSpan);
#else
  const bool good = Run<kN>(bytes, layout, states, chains, limit, end, kMost, found, kSpan);
#endif
  Chain& chain = chains[0];
  for (int i = 1; good && i < kN; ++i) {
    const std::uint32_t* const other = found + i * kSpan;
    const std::uint64_t n = chains[i].blocks;
    const auto room = static_cast<std::uint64_t>(i * kSpan - 1);  // up to `other`
    const int place = Meet(bytes, layout, states, end, chain, found, room, other, n);
    if (place < 0) {
      if (chain.at < other[n]) break;
      continue;  // it has passed the other one, and may meet the next
    }
    const std::uint64_t more = n - static_cast<std::uint64_t>(place);
    std::memmove(found + chain.blocks, other + place, (more + 1) * sizeof(*found));
    const std::uint64_t blocks = chain.blocks + more;
    chain = chains[i];
    chain.blocks = blocks;
  }
  return search.within(chain);
}

int FindAlone(const Search& search) {
  Chain chain = search.chain_at(search.at, search.found);
  const std::uint64_t most = std::min<std::uint64_t>(search.most, BlockStarts::kRoom - kChainSpare);
  Run<1>(search.bytes, search.layout, search.states, &chain, &search.end, search.end, most, search.found, 0);
  return search.within(chain);
}

// Finds up to `most` blocks, and gives how many.
int FindStarts(const std::uint8_t* bytes, std::uint64_t at, std::uint64_t end, const SkipLayout& layout, int most,
               int bits_a_block, std::uint32_t* found) {
  State states[std::size(decltype(layout.block){})];
  for (int b = 0; b < layout.blocks; ++b) {
    const int next = b + 1 < layout.blocks ? b + 1 : 0;
    states[b] = {layout.block[b].rest->entry, layout.block[next].whole->entry, states + next};
  }
  const Search search{bytes, at, end, layout, states, most, found};
  // How far chains may lie apart: as far as there are bits and blocks, and room.
  const auto stride_of = [&](int chains) {
    const std::uint64_t there = at < end ? end - at : 0;
    const std::uint64_t blocks = std::min(most, (BlockStarts::kRoom - chains * kChainSpare) * 3 / 4) / chains;
    return std::min(blocks * static_cast<std::uint64_t>(bits_a_block), there / chains);
  };
  const std::uint64_t worth_it = kWorthIt * static_cast<std::uint64_t>(bits_a_block);
#if PIXFEED_JPEG_EIGHT
  if (layout.blocks > kPhases) return FindAlone(search);
  if (stride_of(2 * kEight) >= worth_it) return FindByChains<2 * kEight>(search, stride_of(2 * kEight));
  if (stride_of(kEight) >= worth_it) return FindByChains<kEight>(search, stride_of(kEight));
#else
  if (stride_of(3) >= worth_it) return FindByChains<3>(search, stride_of(3));
#endif
  return FindAlone(search);
}

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::jpeg
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::jpeg {

HWY_EXPORT(FindStarts);

int BlockStarts::find(ByteFeed& feed, const SkipLayout& layout, int most, int ahead) {
  if (count_ - next_ < layout.blocks) {
    feed.fill();
    next_ = 0;
    const int blocks = std::min(ahead, static_cast<int>(std::size(found_))) * layout.blocks;
    count_ = HWY_DYNAMIC_DISPATCH(FindStarts)(feed.bytes(), feed.bit(), feed.end_bit(), layout, blocks, bits_, found_);
    if (count_ > 0) bits_ = std::max(1, static_cast<int>(found_[count_] - found_[0]) / count_);
  }
  return std::min(most, (count_ - next_) / layout.blocks);
}

Chain step_over(const std::uint8_t* bytes, const SkipLayout::Block& block, Chain chain) {
  const State& state = *chain.state;
  const bool is_dc = chain.table != state.rest;
  const unsigned code = code_of(bits_at(bytes, chain.at), is_dc ? *block.dc : *block.ac);
  const unsigned run = code >> 4 & 15;
  const unsigned size = code & 15;
  const std::uint64_t at = chain.at + (code >> 8) + size;
  const bool ends = size == 0 && run != 15;
  if (code == 0 || (!is_dc && !ends && run > chain.left)) return {at, nullptr, &state, 0, 0};
  if (is_dc) return {at, state.rest, &state, chain.left, chain.blocks};
  if (!ends && run < chain.left) return {at, state.rest, &state, chain.left - run - 1, chain.blocks};
  return {at, state.next_whole, state.next, kLeft, chain.blocks + 1};
}

}  // namespace pixfeed::jpeg
#endif  // HWY_ONCE
