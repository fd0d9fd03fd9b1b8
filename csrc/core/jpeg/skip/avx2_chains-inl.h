// Eight chains side by side, or sixteen, in vectors. Included once per CPU target.
//
// A look-up takes as many steps for eight chains as look_up_one() does for three. What is found is written down for 30
// look-ups (Log) and put in order afterwards, as vectors can't write to eight tables.
#if defined(PIXFEED_JPEG_EIGHT_CHAINS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PIXFEED_JPEG_EIGHT_CHAINS_INL_H_
#undef PIXFEED_JPEG_EIGHT_CHAINS_INL_H_
#else
#define PIXFEED_JPEG_EIGHT_CHAINS_INL_H_
#endif

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "core/jpeg/skip/avx2_lanes-inl.h"
#include "core/jpeg/skip/scan_ahead-inl.h"

#if PIXFEED_JPEG_EIGHT

HWY_BEFORE_NAMESPACE();
namespace pixfeed::jpeg {
namespace HWY_NAMESPACE {

constexpr int kPhases = kEight;  // blocks of an MCU that there is room for
constexpr int kRows = 30;        // look-ups in a log

struct Log {
  Lanes at[kRows + 2];                        // after each look-up
  alignas(32) std::uint8_t ended[kRows + 2];  // bit i: a block of lane i ended there
};

// Where a chain is: its table, as entries from the first one on, times 8, and the block of the MCU.
class ChainTables {
 public:
  ChainTables(const SkipLayout& layout, const State* states) : states_(states), first_(layout.block[0].whole->entry) {
    for (int b = 0; b < layout.blocks; ++b) {
      first_ = std::min({first_, layout.block[b].whole->entry, layout.block[b].rest->entry}, std::less<>());
    }
    for (int b = 0; b < kPhases; ++b) {
      const State& state = states[b < layout.blocks ? b : 0];
      rest.of[b] = number(state.rest, &state);
      next.of[b] = number(state.next_whole, state.next);
    }
  }

  std::uint32_t number(const std::uint16_t* table, const State* state) const {
    return static_cast<std::uint32_t>((table - first_) * kPhases + (state - states_));
  }
  const std::uint16_t* table(std::uint32_t number) const { return first_ + number / kPhases; }
  const State* state(std::uint32_t number) const { return states_ + number % kPhases; }
  const std::uint16_t* first() const { return first_; }

  Lanes rest, next;  // by the block of the MCU: where a chain is after a look-up, and after the block's last one

 private:
  const State* states_;
  const std::uint16_t* first_;
};

struct EightChains {
  V32 at, left, table;
};

// One look-up each. `odd` gathers what kOdd says; `used` are the bits used: none for a symbol that this is no way over.
HWY_INLINE void look_up_all(const ChainTables& tables, V32 rest, V32 next, EightBits& bits, EightChains& chains,
                            Log& log, int row, V32& odd, V32& used) {
  const V32 index = hn::Add(hn::ShiftRight<32 - SkipTable::kBits>(bits.head()), hn::ShiftRight<3>(chains.table));
  const V32 entry = look_up(tables.first(), index);
  used = hn::And(entry, all(255));
  bits.skip(used);
  chains.at = hn::Add(chains.at, used);
  const V32 left = hn::Sub(chains.left, hn::ShiftRight<8>(entry));
  odd = hn::Or(odd, hn::Add(left, all(1)));
  chains.table = where_negative(left, permute(next, chains.table), permute(rest, chains.table));
  chains.left = where_negative(left, all(kLeft), left);
  hn::Store(chains.at, d32, log.at[row].of);
  log.ended[row] = static_cast<std::uint8_t>(signs(left));
}

// A group of eight, and where they write to.
struct Group {
  EightChains chains;
  Lanes until;  // see Chain
  Log log;
  Chain* to;             // `blocks` counts what has been put in order; `restart` is the next one
  std::uint32_t* found;  // of lane i from i * span on
  int span;
  bool has_true;  // the first lane is true: damage there is damage
};

// Sees to those `lanes` that met something in the three look-ups from `row` on: a symbol too long for the table, or, if
// in `odd`, anything else, as a restart. `before` is where they were. False if the true chain met damage.
HWY_NOINLINE inline bool look_into(const std::uint8_t* bytes, const SkipLayout& layout, const ChainTables& tables,
                                   const EightChains& before, unsigned lanes, unsigned odd, int row, Group& group) {
  Lanes at(group.chains.at), left(group.chains.left), table(group.chains.table);
  Lanes at_before, left_before, table_before;
  if (odd != 0) {
    at_before = Lanes(before.at);
    left_before = Lanes(before.left);
    table_before = Lanes(before.table);
  }
  Log& log = group.log;
  const State* const states = tables.state(0);
  for (; lanes != 0; lanes &= lanes - 1) {
    const int lane = std::countr_zero(lanes);
    const auto bit = static_cast<std::uint8_t>(1U << lane);
    const std::uint32_t*& restart = group.to[lane].restart;
    Chain chain{at.of[lane], tables.table(table.of[lane]), tables.state(table.of[lane]), left.of[lane], 0, restart};
    int next_row = row + 2;  // a lane that does not get on has nothing in its last row
    if ((odd & bit) != 0) {
      chain = {at_before.of[lane],
               tables.table(table_before.of[lane]),
               tables.state(table_before.of[lane]),
               left_before.of[lane],
               0,
               restart};
      next_row = row;
    }
    std::uint64_t bits = bits_at(bytes, chain.at);
    for (; next_row < row + 3; ++next_row) {
      std::uint32_t nowhere[2];
      chain.blocks = 0;
      if (!look_up_one(bytes, layout, states, true, bits, chain, nowhere)) {
        if (group.has_true && lane == 0) return false;
        // It was not in step, and starts again.
        chain = chain_at(layout, states, chain.at + 8, chain.restart);
        bits = bits_at(bytes, chain.at);
        for (int i = 0; i <= next_row; ++i) log.ended[i] &= static_cast<std::uint8_t>(~bit);
        group.to[lane].blocks = 0;
        group.found[lane * group.span] = static_cast<std::uint32_t>(chain.at);
      }
      log.at[next_row].of[lane] = static_cast<std::uint32_t>(chain.at);
      log.ended[next_row] = static_cast<std::uint8_t>((log.ended[next_row] & ~bit) | chain.blocks << lane);
    }
    at.of[lane] = static_cast<std::uint32_t>(chain.at);
    left.of[lane] = chain.left;
    table.of[lane] = tables.number(chain.table, chain.state);
    restart = chain.restart;
    group.until.of[lane] = static_cast<std::uint32_t>(chain.until());
  }
  group.chains = {at.load(), left.load(), table.load()};
  return true;
}

// Appends what is in the log's first `rows` rows to what the group's chains have found.
HWY_INLINE void put_in_order(Group& group, int rows) {
  Log& log = group.log;
  std::fill(log.ended + rows, std::end(log.ended), std::uint8_t{0});
  auto ended = _mm256_load_si256(reinterpret_cast<const __m256i*>(log.ended));
  for (int lane = kEight - 1; lane >= 0; --lane) {
    auto rows_left = static_cast<unsigned>(_mm256_movemask_epi8(ended));
    ended = _mm256_add_epi8(ended, ended);
    std::uint64_t& blocks = group.to[lane].blocks;
    std::uint32_t* to = group.found + lane * group.span + 1 + blocks;
    blocks += static_cast<std::uint64_t>(std::popcount(rows_left));
    // Two at a time, as a branch for each would be mispredicted; the last one may mean nothing.
    while (rows_left != 0) {
      to[0] = log.at[std::countr_zero(rows_left)].of[lane];
      rows_left &= rows_left - 1;
      to[1] = log.at[std::countr_zero(rows_left) & (kRows + 1)].of[lane];
      rows_left &= rows_left - 1;
      to += 2;
    }
  }
}

// run_chains() for kGroups times eight chains, those of a layout of at most kPhases blocks.
template <int kGroups>
HWY_INLINE bool run_eights(const std::uint8_t* bytes, const SkipLayout& layout, const State* states, Chain* chains,
                           const std::uint64_t* limit, std::uint64_t end, std::uint64_t most, std::uint32_t* found,
                           int span) {
  const ChainTables tables(layout, states);
  const V32 rest = tables.rest.load(), next = tables.next.load();
  Group groups[kGroups];
  Lanes limits[kGroups];
  for (int g = 0; g < kGroups; ++g) {
    Chain* const its = chains + kEight * g;
    Lanes at, left, table;
    for (int i = 0; i < kEight; ++i) {
      at.of[i] = static_cast<std::uint32_t>(its[i].at);
      left.of[i] = its[i].left;
      table.of[i] = tables.number(its[i].table, its[i].state);
      groups[g].until.of[i] = static_cast<std::uint32_t>(its[i].until());
      limits[g].of[i] = static_cast<std::uint32_t>(limit[kEight * g + i]);
    }
    groups[g].chains = {at.load(), left.load(), table.load()};
    groups[g].to = its;
    groups[g].found = found + kEight * g * span;
    groups[g].span = span;
    groups[g].has_true = g == 0;
  }
  bool good = true, done = false;
  while (!done) {
    int row = 0;
    for (; good && row < kRows; row += 3) {
      EightChains before[kGroups];
      V32 odd[kGroups], used[kGroups];
      // In turns, as each group waits for its own look-ups.
      EightBits bits[kGroups];
      HWY_UNROLL(2)
      for (int g = 0; g < kGroups; ++g) {
        before[g] = groups[g].chains;
        bits[g] = EightBits(bytes, groups[g].chains.at);
        odd[g] = all(0);
      }
      HWY_UNROLL(3)
      for (int i = 0; i < 3; ++i) {
        HWY_UNROLL(2)
        for (int g = 0; g < kGroups; ++g) {
          look_up_all(tables, rest, next, bits[g], groups[g].chains, groups[g].log, row + i, odd[g], used[g]);
        }
      }
      for (int g = 0; g < kGroups; ++g) {
        const V32 left = hn::Sub(groups[g].until.load(), groups[g].chains.at);
        const V32 is_odd = hn::Or(left, hn::ShiftLeft<31 - std::countr_zero(kOdd)>(odd[g]));
        const V32 stays = hn::VecFromMask(d32, hn::Eq(used[g], all(0)));
        const unsigned lanes = signs(hn::Or(is_odd, stays));
        if (HWY_LIKELY(lanes == 0)) continue;
        good &= look_into(bytes, layout, tables, before[g], lanes, signs(is_odd), row, groups[g]);
      }
    }
    if (!good) row -= 3;
    unsigned short_of_limit = 0, beyond_end = 0;
    for (int g = 0; g < kGroups; ++g) {
      put_in_order(groups[g], row);
      const V32 at = groups[g].chains.at;
      short_of_limit |= signs(hn::Sub(at, limits[g].load()));
      beyond_end |= signs(hn::Sub(all(static_cast<std::uint32_t>(end)), at));
    }
    done = !good || short_of_limit == 0 || beyond_end != 0;
    for (int i = 0; i < kGroups * kEight; ++i) done |= chains[i].blocks >= most;
  }
  for (int g = 0; g < kGroups; ++g) {
    const Lanes at(groups[g].chains.at), left(groups[g].chains.left), table(groups[g].chains.table);
    for (int i = 0; i < kEight; ++i) {
      Chain& chain = chains[kEight * g + i];
      chain = {at.of[i], tables.table(table.of[i]), tables.state(table.of[i]), left.of[i], chain.blocks, chain.restart};
    }
  }
  return good;
}

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::jpeg
HWY_AFTER_NAMESPACE();

#endif  // PIXFEED_JPEG_EIGHT
#endif  // include guard
