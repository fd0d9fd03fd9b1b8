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

// Nothing here is a vector: it is compiled per target for BMI2, whose shifts take one step where x86's own take three.

#ifndef PIXFEED_JPEG_BLOCK_STARTS
#define PIXFEED_JPEG_BLOCK_STARTS
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
  unsigned left;               // coefficients of the block that are left, less one
  std::uint64_t blocks;        // found so far
};

inline constexpr unsigned kLeft = 62;  // behind a DC
// Of what is left and one, 0 to 63, or below 0 after an end of block, this bit says what SkipTable::odd() says.
inline constexpr unsigned kOdd = 64;

// `chain` behind one symbol of the block it is in, however long that is; the table is null for damage.
Chain step_over(const std::uint8_t* bytes, const SkipLayout::Block& block, Chain chain);

// Room behind a chain's last block: it is looked at every 12 look-ups, each of which may end a block.
inline constexpr int kChainSpare = 16;
// Blocks that a chain takes on alone to meet the next one.
inline constexpr int kPatience = 96;
inline constexpr int kChainBlocks = BlockStarts::kSpan - kPatience - kChainSpare;  // that a chain may find
inline constexpr std::uint64_t kWorthIt = 64;  // Below that many blocks a chain hardly falls into step.

}  // namespace pixfeed::jpeg
#endif  // PIXFEED_JPEG_BLOCK_STARTS

#undef PIXFEED_JPEG_ASSEMBLER
#if HWY_ARCH_X86_64 && !defined(__ILP32__) && defined(__GNUC__) && HWY_TARGET <= HWY_AVX2
#define PIXFEED_JPEG_ASSEMBLER 1
#else
#define PIXFEED_JPEG_ASSEMBLER 0
#endif

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
  if (HWY_UNLIKELY(((left + 1) & kOdd) != 0)) {
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
HWY_NOINLINE bool LookUpThreeSlowly(const std::uint8_t* bytes, const SkipLayout& layout, const State* states,
                                    bool is_true, Chain& chain, std::uint32_t* found) {
  static_assert(57 - 2 * SkipTable::kMaxUsed >= SkipTable::kBits);
  std::uint64_t bits = bits_at(bytes, chain.at);
  return LookUp(bytes, layout, states, is_true, bits, chain, found) &&
         LookUp(bytes, layout, states, is_true, bits, chain, found) &&
         LookUp(bytes, layout, states, is_true, bits, chain, found);
}

#if PIXFEED_JPEG_ASSEMBLER
// The same for a chain whose next three entries are not odd; otherwise false, and `chain` is what it was. In assembler
// because compilers make a branch of going on to the next block, which is mispredicted once a block, and write the chain
// back to memory after every look-up.
HWY_INLINE bool LookUpThreeQuickly(const std::uint8_t* bytes, Chain& chain, std::uint32_t* found) {
// at: rdx, bits: rcx, table: rsi, state: rdi, left: r8d, blocks: r9.
#define PIXFEED_JPEG_LOOK_UP                                                                     \
  "shrxq %[shift], %%rcx, %%rax\n\t"                                                             \
  "movzwl (%%rsi,%%rax,2), %%eax\n\t" /* the entry */                                            \
  "movq %c[rest](%%rdi), %%rsi\n\t"                                                              \
  "shlxq %%rax, %%rcx, %%rcx\n\t"                                                                \
  "movzbl %%al, %%r10d\n\t"                                                                      \
  "addq %%r10, %%rdx\n\t"                                                                        \
  "movzbl %%ah, %%eax\n\t"                                                                       \
  "subl %%eax, %%r8d\n\t"             /* the distance; if there is less left, the block ends */  \
  "leal 1(%%r8), %%eax\n\t"                                                                      \
  "cmovcq %c[next_whole](%%rdi), %%rsi\n\t"                                                      \
  "cmovcq %c[next](%%rdi), %%rdi\n\t"                                                            \
  "cmovcl %[whole], %%r8d\n\t"                                                                   \
  "movl %%edx, 4(%[found],%%r9,4)\n\t"                                                           \
  "adcq $0, %%r9\n\t"                                                                            \
  "testb %[is_odd], %%al\n\t"                                                                    \
  "jnz %l[odd]\n\t"
  asm goto(
      "movq %c[at](%[chain]), %%rdx\n\t"
      "movq %%rdx, %%rax\n\t"
      "shrq $3, %%rax\n\t"
      "movq (%[bytes],%%rax), %%rcx\n\t"
      "movl %%edx, %%eax\n\t"
      "andl $7, %%eax\n\t"
      "bswapq %%rcx\n\t"
      "shlxq %%rax, %%rcx, %%rcx\n\t"
      "movq %c[table](%[chain]), %%rsi\n\t"
      "movq %c[state](%[chain]), %%rdi\n\t"
      "movl %c[left](%[chain]), %%r8d\n\t"
      "movq %c[blocks](%[chain]), %%r9\n\t"
      PIXFEED_JPEG_LOOK_UP PIXFEED_JPEG_LOOK_UP PIXFEED_JPEG_LOOK_UP
      "movq %%rdx, %c[at](%[chain])\n\t"
      "movq %%rsi, %c[table](%[chain])\n\t"
      "movq %%rdi, %c[state](%[chain])\n\t"
      "movl %%r8d, %c[left](%[chain])\n\t"
      "movq %%r9, %c[blocks](%[chain])\n\t"
      :
      : [chain] "r"(&chain), [bytes] "r"(bytes), [found] "r"(found), [shift] "r"(std::uint64_t{64 - SkipTable::kBits}),
        [whole] "r"(kLeft), [is_odd] "i"(kOdd), [at] "i"(offsetof(Chain, at)), [table] "i"(offsetof(Chain, table)),
        [state] "i"(offsetof(Chain, state)), [left] "i"(offsetof(Chain, left)), [blocks] "i"(offsetof(Chain, blocks)),
        [rest] "i"(offsetof(State, rest)), [next_whole] "i"(offsetof(State, next_whole)),
        [next] "i"(offsetof(State, next))
      : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "cc", "memory"
      : odd);
#undef PIXFEED_JPEG_LOOK_UP
  return true;
odd:
  return false;
}
#endif

HWY_INLINE bool LookUpThree(const std::uint8_t* bytes, const SkipLayout& layout, const State* states, bool is_true,
                            Chain& chain, std::uint32_t* found) {
#if PIXFEED_JPEG_ASSEMBLER
  if (HWY_LIKELY(LookUpThreeQuickly(bytes, chain, found))) return true;
#endif
  return LookUpThreeSlowly(bytes, layout, states, is_true, chain, found);
}

// Lets chains run until each has come as far as its `limit`, or one of them beyond `end` or to its last place. False if
// the first one, which is true, met damage: it stands there then.
template <int kN>
HWY_INLINE bool Run(const std::uint8_t* bytes, const SkipLayout& layout, const State* states, Chain* chains,
                    const std::uint64_t* limit, std::uint64_t end, std::uint64_t most, std::uint32_t* found) {
  Chain chain[kN];
  for (int i = 0; i < kN; ++i) chain[i] = chains[i];
  bool good = true, done;
  do {
    for (int round = 0; round < 4; ++round) {
      HWY_UNROLL(8)
      for (int i = 0; i < kN; ++i) {
        good = LookUpThree(bytes, layout, states, i == 0, chain[i], found + i * BlockStarts::kSpan);
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
// front of that one then. Gives its place, or -1.
int Meet(const std::uint8_t* bytes, const SkipLayout& layout, const State* states, std::uint64_t end, Chain& chain,
         std::uint32_t* found, const std::uint32_t* other, std::uint64_t n) {
  auto i = static_cast<std::uint64_t>(std::lower_bound(found, found + chain.blocks, other[0]) - found);
  const std::uint64_t last = chain.blocks + kPatience;
  for (std::uint64_t j = 0; j <= n; ++i) {
    while (chain.blocks < i) {
      if (i > last || chain.at > end) return -1;
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

// Finds up to `most` blocks, and gives how many.
int FindStarts(const std::uint8_t* bytes, std::uint64_t at, std::uint64_t end, const SkipLayout& layout, int most,
               int bits_a_block, std::uint32_t* found) {
  constexpr int kN = BlockStarts::kChains;
  State states[std::size(decltype(layout.block){})];
  for (int b = 0; b < layout.blocks; ++b) {
    const int next = b + 1 < layout.blocks ? b + 1 : 0;
    states[b] = {layout.block[b].rest->entry, layout.block[next].whole->entry, states + next};
  }
  const auto chain_at = [&](std::uint64_t bit, std::uint32_t* its) {
    its[0] = static_cast<std::uint32_t>(bit);
    return Chain{bit, layout.block[0].whole->entry, states, kLeft, 0};
  };
  const auto within = [&](const Chain& chain) {  // what lies behind `end` was read from bytes that are not there yet
    int count = std::min(most, static_cast<int>(chain.blocks));
    while (count > 0 && found[count] > end) --count;
    return count;
  };

  const std::uint64_t there = at < end ? end - at : 0;
  const auto bits = static_cast<std::uint64_t>(bits_a_block);
  const auto a_chain = static_cast<std::uint64_t>(std::min(most / kN, kChainBlocks * 3 / 4));
  const std::uint64_t stride = std::min(a_chain * bits, there / kN);
  if (stride < kWorthIt * bits) {
    Chain chain = chain_at(at, found);
    Run<1>(bytes, layout, states, &chain, &end, end, std::min<std::uint64_t>(most, kChainBlocks), found);
    return within(chain);
  }
  Chain chains[kN];
  std::uint64_t limit[kN];
  for (int i = 0; i < kN; ++i) {
    chains[i] = chain_at(at + i * stride, found + i * BlockStarts::kSpan);
    limit[i] = chains[i].at + stride + (i + 1 < kN ? stride / 16 : 0);
  }
  const bool good = Run<kN>(bytes, layout, states, chains, limit, end, kChainBlocks, found);
  Chain& chain = chains[0];
  for (int i = 1; good && i < kN; ++i) {
    const std::uint32_t* const other = found + i * BlockStarts::kSpan;
    const std::uint64_t n = chains[i].blocks;
    const int place = Meet(bytes, layout, states, end, chain, found, other, n);
    if (place < 0) break;
    const std::uint64_t more = n - static_cast<std::uint64_t>(place);
    std::memmove(found + chain.blocks, other + place, (more + 1) * sizeof(*found));
    const std::uint64_t blocks = chain.blocks + more;
    chain = chains[i];
    chain.blocks = blocks;
  }
  return within(chain);
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
