// Finds where blocks begin.
//
// To find a block's end takes a chain of look-ups, each of which has to wait for the one before it. So several chains
// run side by side, in vectors (avx2_chains-inl.h) or interleaved. One starts where decoding is; the others start
// further on, most likely in the middle of a block. Huffman codes resynchronise: in photos half of such chains reach a
// true beginning within 10 blocks, nearly all within 100, and all at a restart marker. When a chain meets one that
// started further on, at the same block of an MCU, everything that the other one found from there on is true. If two do
// not meet, the first one goes on alone and may meet the next one. That costs time, nothing else.
#include "core/jpeg/skip/block_starts.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/jpeg/skip/block_starts.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "core/jpeg/skip/avx2_chains-inl.h"
#include "core/jpeg/skip/scan_ahead-inl.h"

// Where there are no vectors, it is compiled per target because BMI2's shifts are one instruction instead of three.

#ifndef PIXFEED_JPEG_BLOCK_STARTS
#define PIXFEED_JPEG_BLOCK_STARTS
namespace pixfeed::jpeg {

// Room after a chain's last block. Chains are checked at least every 30 look-ups; each may end a block, and one more
// number may be written.
inline constexpr int kChainSpare = 32;
inline constexpr std::uint64_t kWorthIt = 64;  // Below that many blocks a chain hardly falls into step.

}  // namespace pixfeed::jpeg
#endif  // PIXFEED_JPEG_BLOCK_STARTS

HWY_BEFORE_NAMESPACE();
namespace pixfeed::jpeg {
namespace HWY_NAMESPACE {

// Three look-ups: as many as 57 bits are good for. False if the chain is the true one and the data damaged.
HWY_INLINE bool look_up_three(const std::uint8_t* bytes, const SkipLayout& layout, const State* states, bool is_true,
                              Chain& chain, std::uint32_t* found) {
  static_assert(57 - 2 * SkipTable::kMaxUsed >= SkipTable::kBits);
  std::uint64_t bits = bits_at(bytes, chain.at);
  return look_up_one(bytes, layout, states, is_true, bits, chain, found) &&
         look_up_one(bytes, layout, states, is_true, bits, chain, found) &&
         look_up_one(bytes, layout, states, is_true, bits, chain, found);
}

// Lets kN chains run until each has come as far as its `limit`, or one of them beyond `end` or to `most` blocks. Chain
// i writes to found[i * span] on. False if the first one, which is true, met damage: what it found before is good.
template <int kN>
HWY_INLINE bool run_chains(const std::uint8_t* bytes, const SkipLayout& layout, const State* states, Chain* chains,
                           const std::uint64_t* limit, std::uint64_t end, std::uint64_t most, std::uint32_t* found,
                           int span) {
  Chain chain[kN];
  for (int i = 0; i < kN; ++i) chain[i] = chains[i];
  bool good = true, done;
  do {
    for (int round = 0; round < 4; ++round) {
      HWY_UNROLL(8)
      for (int i = 0; i < kN; ++i) {
        good = look_up_three(bytes, layout, states, i == 0, chain[i], found + i * span);
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

// Lets `chain`, whose blocks are in `found`, go on until it meets one of the `n` of `other`: `chain.blocks` are those
// in front of that one then. Gives its place, or -1 where `found` has no `room` left or there is nothing more to meet.
int meet(const std::uint8_t* bytes, const SkipLayout& layout, const State* states, std::uint64_t end, Chain& chain,
         std::uint32_t* found, std::uint64_t room, const std::uint32_t* other, std::uint64_t n) {
  auto i = static_cast<std::uint64_t>(std::lower_bound(found, found + chain.blocks, other[0]) - found);
  for (std::uint64_t j = 0; j <= n; ++i) {
    while (chain.blocks < i) {
      if (i >= room || chain.at > end) return -1;
      std::uint64_t bits = bits_at(bytes, chain.at);
      if (!look_up_one(bytes, layout, states, true, bits, chain, found)) return -1;
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

// What find_starts_simd was asked.
struct Search {
  const std::uint8_t* bytes;
  std::uint64_t at, end;
  const std::uint32_t* restarts;
  const SkipLayout& layout;
  const State* states;
  int most;
  std::uint32_t* found;

  Chain chain_at(std::uint64_t bit, std::uint32_t* its) const {
    const Chain chain = jpeg::chain_at(layout, states, bit, restarts);
    its[0] = static_cast<std::uint32_t>(chain.at);
    return chain;
  }

  // What lies after `end` was read from bytes that are not there yet.
  int within(const Chain& chain) const {
    int count = std::min(most, static_cast<int>(chain.blocks));
    while (count > 0 && found[count] > end) --count;
    return count;
  }
};

// By kN chains, each of which begins about `stride` bits after the one before.
template <int kN>
HWY_NOINLINE int find_by_chains(const Search& search, std::uint64_t stride) {
  constexpr int kSpan = BlockStarts::kRoom / kN;
  const auto& [bytes, at, end, restarts, layout, states, most, found] = search;
  Chain chains[kN];
  std::uint64_t limit[kN];
  const std::uint32_t* restart = restarts;
  for (int i = 0; i < kN; ++i) {
    std::uint64_t begin = at + i * stride;
    std::uint64_t more = stride / 16;
    while (*restart < begin) ++restart;
    if (*restart < begin + stride / 8) {  // where a chain is in step from the beginning
      if (i != 0) begin = *restart;
      more = 0;
    }
    chains[i] = search.chain_at(begin, found + i * kSpan);
    if (i != 0) limit[i - 1] = chains[i].at + more;
  }
  limit[kN - 1] = at + kN * stride;
  constexpr int kMost = kSpan - kChainSpare;
  // The last chain may come there long before the others come as far as they should. What it reads then means nothing,
  // and is left out below.
  const std::uint64_t far_beyond = end + std::min<std::uint64_t>(stride, ByteFeed::kSlack / 2 * 8);
#if PIXFEED_JPEG_EIGHT
  const bool good = run_eights<kN / kEight>(bytes, layout, states, chains, limit, far_beyond, kMost, found, kSpan);
#else
  const bool good = run_chains<kN>(bytes, layout, states, chains, limit, far_beyond, kMost, found, kSpan);
#endif
  Chain& chain = chains[0];
  for (int i = 1; good && i < kN; ++i) {
    const std::uint32_t* const other = found + i * kSpan;
    const std::uint64_t n = chains[i].blocks;
    const auto room = static_cast<std::uint64_t>(i * kSpan - 1);  // up to `other`
    const int place = meet(bytes, layout, states, end, chain, found, room, other, n);
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

int find_alone(const Search& search) {
  Chain chain = search.chain_at(search.at, search.found);
  const std::uint64_t most = std::min<std::uint64_t>(search.most, BlockStarts::kRoom - kChainSpare);
  run_chains<1>(search.bytes, search.layout, search.states, &chain, &search.end, search.end, most, search.found, 0);
  return search.within(chain);
}

// Finds up to `most` blocks, and gives how many.
int find_starts_simd(const std::uint8_t* bytes, std::uint64_t at, std::uint64_t end, const std::uint32_t* restarts,
                     const SkipLayout& layout, int most, int bits_a_block, std::uint32_t* found) {
  State states[std::size(decltype(layout.block){})];
  for (int b = 0; b < layout.blocks; ++b) {
    const int next = b + 1 < layout.blocks ? b + 1 : 0;
    states[b] = {layout.block[b].rest->entry, layout.block[next].whole->entry, states + next};
  }
  const Search search{bytes, at, end, restarts, layout, states, most, found};
  // How far chains may lie apart: as far as there are bits and blocks, and room.
  const auto stride_of = [&](int chains) {
    const std::uint64_t there = at < end ? end - at : 0;
    const std::uint64_t blocks = std::min(most, (BlockStarts::kRoom - chains * kChainSpare) * 3 / 4) / chains;
    return std::min(blocks * static_cast<std::uint64_t>(bits_a_block), there / chains);
  };
  const std::uint64_t worth_it = kWorthIt * static_cast<std::uint64_t>(bits_a_block);
#if PIXFEED_JPEG_EIGHT
  if (layout.blocks > kPhases) return find_alone(search);
  if (stride_of(2 * kEight) >= worth_it) return find_by_chains<2 * kEight>(search, stride_of(2 * kEight));
  if (stride_of(kEight) >= worth_it) return find_by_chains<kEight>(search, stride_of(kEight));
#else
  if (stride_of(3) >= worth_it) return find_by_chains<3>(search, stride_of(3));
#endif
  return find_alone(search);
}

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::jpeg
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::jpeg {

HWY_EXPORT(find_starts_simd);

int BlockStarts::find(ByteFeed& feed, const SkipLayout& layout, int most, int ahead) {
  if (count_ - next_ < layout.blocks) {
    feed.fill();
    next_ = 0;
    const int blocks = std::min(ahead, static_cast<int>(std::size(found_))) * layout.blocks;
    count_ = HWY_DYNAMIC_DISPATCH(find_starts_simd)(feed.bytes(), feed.bit(), feed.end_bit(), feed.restarts(), layout,
                                                    blocks, bits_, found_);
    if (count_ > 0) bits_ = std::max(1, static_cast<int>(found_[count_] - found_[0]) / count_);
  }
  return std::min(most, (count_ - next_) / layout.blocks);
}

Chain step_over(const std::uint8_t* bytes, const SkipLayout& layout, const State* states, Chain chain) {
  const State& state = *chain.state;
  const SkipLayout::Block& block = layout.block[&state - states];
  const bool is_dc = chain.table != state.rest;
  const unsigned code = code_of(bits_at(bytes, chain.at), is_dc ? *block.dc : *block.ac);
  const unsigned run = code >> 4 & 15;
  const unsigned size = code & 15;
  const bool ends = size == 0 && run != 15;
  Chain after = chain;
  after.at += (code >> 8) + size;
  after.table = nullptr;
  if (code == 0 || (!is_dc && !ends && run > chain.left)) return after;
  if (is_dc) {
    after.table = state.rest;
  } else if (!ends && run < chain.left) {
    after.table = state.rest;
    after.left -= run + 1;
  } else {
    after.table = state.next_whole;
    after.state = state.next;
    after.left = kLeft;
    ++after.blocks;
  }
  if (HWY_LIKELY(after.at <= chain.until())) return after;
  if (after.at > *chain.restart) {
    after.table = nullptr;
  } else if (after.state == states && after.table != states->rest) {
    after.at = *after.restart++;  // where an MCU ends, the rest is padding
  }
  return after;
}

Chain chain_at(const SkipLayout& layout, const State* states, std::uint64_t bit, const std::uint32_t* restart) {
  while (*restart <= bit) ++restart;
  if (bit > std::uint64_t{*restart} - 8) bit = *restart++;
  return {bit, layout.block[0].whole->entry, states, kLeft, 0, restart};
}

}  // namespace pixfeed::jpeg
#endif  // HWY_ONCE
