// Two passes. The first finds where blocks begin: a chain of look-ups, each of which has to wait for the one before,
// and therefore without anything else, above all without branches that follow the data. The second decodes what is
// needed of each block; as blocks do not wait for each other there, the CPU does several at once.
#include "skim.h"

#include <cstring>
#include <iterator>

#include "entropy.h"
#include "zigzag.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/jpeg/skim.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

// Nothing here is a vector: it is compiled per target for BMI2, whose shifts take one step where x86's own take three.

#ifndef PIXFEED_JPEG_SKIM
#define PIXFEED_JPEG_SKIM
namespace pixfeed::jpeg {

// The 64 bits from the bit `at` on, of which the last 7 may be missing.
inline std::uint64_t bits_at(const std::uint8_t* bytes, std::uint64_t at) {
  std::uint64_t word;
  std::memcpy(&word, bytes + (at >> 3), 8);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  return word << (at & 7);
}

// The value of `size` bits (0 to 15) at the head of `bits`.
inline int value_of(std::uint64_t bits, unsigned size) { return PickTable::value_behind(bits, 63 - size); }

// The Huffman code at the head of `bits`: its length << 8 | its symbol. 0 if there is none.
unsigned long_code(std::uint64_t bits, const CodeTable& codes);
inline unsigned code_of(std::uint64_t bits, const CodeTable& codes) {
  const unsigned entry = codes.entry[bits >> (64 - CodeTable::kBits)];
  return entry != 0 ? entry : long_code(bits, codes);
}

// The way over one symbol of a block, a DC difference or an AC coefficient, however long it is.
struct Step {
  std::uint64_t end;  // in bits
  int left;           // as SkipTable has it, negative at the end of the block
  bool damaged;
};
Step step_over(const std::uint8_t* bytes, std::uint64_t at, const SkimLayout::Block& block, bool is_dc, int left);

// Decodes those of a block's AC coefficients that are needed, one by one, from the bit `at` on. For 4 x 4 they have to
// be 0 before.
void pick_slowly(const std::uint8_t* bytes, std::uint64_t at, const SkimLayout::Block& block, std::int16_t* places);

// Where the coefficient at k / 4 along the zigzag goes if 2 x 2 are needed. The others go behind them, and so does what
// a code gives that the table lacks: k is no multiple of 4 then.
struct PlacesOf2 {
  static constexpr int kBehind = SkimLayout::places(2);
  static constexpr int kCount = 4 * PickTable::kEnd + 1;
  std::uint8_t place[kCount];

  constexpr PlacesOf2() : place() {
    for (int k = 0; k < kCount; ++k) place[k] = kBehind;
    place[4 * 1] = 1;
    place[4 * 2] = 2;
    place[4 * kEnoughFor2] = 3;
  }
};
inline constexpr PlacesOf2 kPlacesOf2;

}  // namespace pixfeed::jpeg
#endif  // PIXFEED_JPEG_SKIM

HWY_BEFORE_NAMESPACE();
namespace pixfeed::jpeg {
namespace HWY_NAMESPACE {

// What may follow a look-up: another one in the same block, or the next block.
struct State {
  const std::uint16_t* rest;
  const std::uint16_t* next_whole;
  const State* next;
};

// Subtracts `entry` from `left`, and sets `table` and `state` to what follows. In assembler because compilers make a
// branch of it, which is mispredicted once a block.
HWY_INLINE void advance(int& left, unsigned entry, const std::uint16_t*& table, const State*& state) {
  table = state->rest;
#if defined(__x86_64__) && !defined(__ILP32__) && defined(__GNUC__)
  asm("subl %[entry], %[left]\n\t"
      "cmovsq %[next_whole], %[table]\n\t"
      "cmovsq %[next], %[state]"
      : [left] "+&r"(left), [table] "+&r"(table), [state] "+r"(state)
      : [entry] "r"(entry), [next_whole] "r"(state->next_whole), [next] "r"(state->next)
      : "cc");
#else
  left -= static_cast<int>(entry);
  if (left < 0) {
    table = state->next_whole;
    state = state->next;
  }
#endif
}

// Where each of `n` blocks begins, and where the last one ends. False for damage.
bool FindStarts(const std::uint8_t* bytes, std::uint64_t at, const SkimLayout& layout, int n, std::uint64_t* starts) {
  static_assert(57 - 2 * SkipTable::kMaxUsed >= SkipTable::kBits);
  State states[std::size(decltype(layout.block){})];
  for (int b = 0; b < layout.blocks; ++b) {
    const int next = b + 1 < layout.blocks ? b + 1 : 0;
    states[b] = {layout.block[b].rest->entry, layout.block[next].whole->entry, states + next};
  }
  const State* state = states;
  const std::uint16_t* table = layout.block[0].whole->entry;
  std::uint64_t* const end = starts + n;
  // Both begin at the bit `at`. `ahead` is there in time for the next look-up but one, `bits` was `ahead` before.
  std::uint64_t ahead = bits_at(bytes, at);
  std::uint64_t bits = ahead;
  int left = SkipTable::left_after(0);
  *starts = at;
  while (starts != end) {
    const unsigned entry = table[bits >> (64 - SkipTable::kBits)];
    const std::uint64_t fresh = bits_at(bytes, at);
    const bool is_dc = table != state->rest;
    const State* next = state;
    int after = left;
    advance(after, entry, table, next);
    const unsigned used = SkipTable::bits_used(entry);
    bits = ahead << used;
    ahead = fresh << used;
    at += used;
    if (HWY_UNLIKELY(SkipTable::odd(after))) {
      // Nothing of this entry counts: only its first symbol does.
      const Step step = step_over(bytes, at - used, layout.block[state - states], is_dc, left);
      if (step.damaged) return false;
      at = step.end;
      ahead = bits_at(bytes, at);
      bits = ahead;
      after = step.left;
      next = state;
      advance(after, 0, table, next);
    }
    state = next;
    starts[1] = at;
    const int ended = after >> 31;  // all bits or none
    starts -= ended;
    left = ((after | 63) & ~ended) + (SkipTable::left_after(0) & ended);
  }
  return true;
}

// One symbol at the bit `at`, which is the first of `bits`.
HWY_INLINE void pick_one(std::uint64_t& bits, std::uint64_t& at, const PickTable& table, int& k, std::int16_t* places) {
  const std::uint32_t entry = table.entry[bits >> (64 - PickTable::kBits)];
  k += PickTable::distance_by_4(entry);
  places[kPlacesOf2.place[k]] = static_cast<std::int16_t>(PickTable::value(entry, bits));
  bits <<= PickTable::bits_used(entry);
  at += PickTable::bits_used(entry);
}

// The AC coefficients of 2 x 2: always four symbols, without branches, whether they mean something or not.
HWY_INLINE void pick_2(const std::uint8_t* bytes, std::uint64_t at, const SkimLayout::Block& block,
                       std::int16_t* places) {
  static_assert(kEnoughFor2 == 4 && PickTable::kMaxUsed + PickTable::kMaxUsed <= 57);
  const std::uint64_t first = at;
  int k = 0;
  places[1] = places[2] = places[3] = 0;
  std::uint64_t bits = bits_at(bytes, at);
  pick_one(bits, at, *block.pick, k, places);
  pick_one(bits, at, *block.pick, k, places);
  bits = bits_at(bytes, at);
  pick_one(bits, at, *block.pick, k, places);
  pick_one(bits, at, *block.pick, k, places);
  // Four symbols go that far, unless the table lacks one of them: then it lacks all that follow, as no bits are used.
  if (HWY_UNLIKELY(k < 4 * kEnoughFor2)) pick_slowly(bytes, first, block, places);
}

// The AC coefficients of 4 x 4.
HWY_INLINE void pick_4(const std::uint8_t* bytes, std::uint64_t at, const SkimLayout::Block& block,
                       std::int16_t* places) {
  const std::uint64_t first = at;
  std::memset(places + 1, 0, (4 * 8 - 1) * sizeof(*places));
  int k = 0;
  for (;;) {
    std::uint64_t bits = bits_at(bytes, at);
    for (int i = 0; i < 2; ++i) {
      const std::uint32_t entry = block.pick->entry[bits >> (64 - PickTable::kBits)];
      if (HWY_UNLIKELY(entry == PickTable::kSlow)) return pick_slowly(bytes, first, block, places);
      k += PickTable::distance_by_4(entry) / 4;
      if (k > kEnoughFor4) return;
      places[kPlaces.place[k]] = static_cast<std::int16_t>(PickTable::value(entry, bits));
      bits <<= PickTable::bits_used(entry);
      at += PickTable::bits_used(entry);
    }
  }
}

bool SkimMcus(const std::uint8_t* bytes, std::uint64_t& at, const SkimLayout& layout, int mcus, int* dc,
              std::int16_t* coefs, std::uint64_t* starts) {
  const int n = mcus * layout.blocks;
  if (!FindStarts(bytes, at, layout, n, starts)) return false;
  at = starts[n];
  unsigned strange = 0;
  for (int mcu = 0; mcu < mcus; ++mcu) {
    for (int b = 0; b < layout.blocks; ++b, ++starts) {
      const SkimLayout::Block& block = layout.block[b];
      const std::uint64_t bits = bits_at(bytes, *starts);
      const unsigned code = code_of(bits, block.dc->codes);
      const unsigned length = code >> 8;
      const unsigned size = code & 15;
      const int sum = dc[block.component] + value_of(bits << length, size);
      dc[block.component] = sum;
      // libjpeg keeps 32 bits of the sum and 16 of the coefficient. No sound file needs more than 16 of either.
      strange |= static_cast<unsigned>(sum + 32768);
      std::int16_t* const places = coefs + block.first + mcu * block.step;
      places[0] = static_cast<std::int16_t>(sum);
      const std::uint64_t ac = *starts + length + size;
      if (block.size == 2) {
        pick_2(bytes, ac, block, places);
      } else if (block.size == 4) {
        pick_4(bytes, ac, block, places);
      }
    }
  }
  return strange <= 65535;
}

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::jpeg
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::jpeg {

HWY_EXPORT(SkimMcus);

unsigned long_code(std::uint64_t bits, const CodeTable& codes) {
  const auto window = static_cast<std::uint32_t>(bits >> 48);
  for (int length = CodeTable::kBits + 1; length <= 16; ++length) {
    if (window >= codes.limit[length]) continue;
    const int index = codes.offset[length] + static_cast<int>(window >> (16 - length));
    return static_cast<unsigned>(length) << 8 | codes.symbols[index & 255];
  }
  return 0;
}

Step step_over(const std::uint8_t* bytes, std::uint64_t at, const SkimLayout::Block& block, bool is_dc, int left) {
  const unsigned code = code_of(bits_at(bytes, at), is_dc ? block.dc->codes : block.ac->codes);
  if (code == 0) return {at, left, true};
  const int run = static_cast<int>(code >> 4 & 15);
  const unsigned size = code & 15;
  at += (code >> 8) + size;
  if (is_dc) return {at, left, false};
  if (size == 0 && run != 15) return {at, -1, false};
  left -= 64 * (run + 1);
  return {at, left, left < -64};  // the last coefficient leaves -1
}

void pick_slowly(const std::uint8_t* bytes, std::uint64_t at, const SkimLayout::Block& block, std::int16_t* places) {
  const int enough = block.size == 2 ? kEnoughFor2 : kEnoughFor4;
  if (block.size == 2) places[1] = places[2] = places[3] = 0;
  for (int k = 0; k < enough;) {
    const std::uint64_t bits = bits_at(bytes, at);
    const unsigned code = code_of(bits, block.ac->codes);
    const int run = static_cast<int>(code >> 4 & 15);
    const unsigned size = code & 15;
    if (size == 0 && run != 15) return;
    k += run + 1;
    if (k > enough) return;
    const int place = block.size == 2 ? kPlacesOf2.place[4 * k] : kPlaces.place[k];
    places[place] = static_cast<std::int16_t>(value_of(bits << (code >> 8), size));
    at += (code >> 8) + size;
  }
}

bool skim_mcus(const std::uint8_t* bytes, std::uint64_t& at, const SkimLayout& layout, int mcus, int dc[3],
               std::int16_t* coefs, std::uint64_t* starts) {
  return HWY_DYNAMIC_DISPATCH(SkimMcus)(bytes, at, layout, mcus, dc, coefs, starts);
}

}  // namespace pixfeed::jpeg
#endif  // HWY_ONCE
