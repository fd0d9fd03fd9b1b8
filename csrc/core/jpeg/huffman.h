// Step 2: Huffman tables as look-up tables that give whole coefficients, two at a time where they are short.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace pixfeed::jpeg {

// A table as it stands in the file: how many codes of each length (1 to 16 bits), and their symbols in code order.
struct HuffmanSpec {
  bool present = false;
  int size = 0;
  std::uint8_t counts[16];
  std::uint8_t symbols[256];
};

// The way to a symbol whose code is short (a look-up) or not (a comparison per length).
struct CodeTable {
  static constexpr int kBits = 11;
  std::uint16_t entry[1 << kBits];  // by the next bits: code length << 8 | symbol; 0 if the code is longer
  std::uint32_t limit[17];          // per length: the first 16-bit window past that length's codes
  std::int32_t offset[17];          // per length: symbol index = offset + code
  std::uint8_t symbols[256];
};

// The Huffman code at the head of `bits`: its length << 8 | its symbol. 0 if there is none.
unsigned long_code(std::uint64_t bits, const CodeTable& codes);
inline unsigned code_of(std::uint64_t bits, const CodeTable& codes) {
  const unsigned entry = codes.entry[bits >> (64 - CodeTable::kBits)];
  return entry != 0 ? entry : long_code(bits, codes);
}

// The first 63 - `less` bits (0 to 15) of `bits` as a signed value: the standard's EXTEND, without a branch.
inline int value_at(std::uint64_t bits, unsigned less) {
  const auto negative = static_cast<std::int64_t>(~bits) >> 63;
  const std::uint64_t amount = (bits ^ static_cast<std::uint64_t>(negative)) >> 1 >> less;
  return static_cast<int>((static_cast<std::int64_t>(amount) ^ negative) - negative);
}

// DC differences whose codes take no more than kBits, and which take no more than kMaxUsed with their values.
//   bits 0..3   bits used; 0 for all others
//   bits 4..7   the code's
//   bits 8..13  63 less those of the value
struct DcTable {
  static constexpr int kBits = 9;
  static constexpr int kMaxUsed = 12;
  std::uint16_t entry[1 << kBits];
  CodeTable codes;

  static unsigned bits_used(unsigned entry) { return entry & 15; }
  // The difference, if `bits` begin with it.
  static int value(unsigned entry, std::uint64_t bits) { return value_at(bits << (entry >> 4 & 15), entry >> 8); }
};

// An AC entry holds up to two coefficients and a following end of block. Positions count along the zigzag, from the
// last coefficient decoded; `k` is that coefficient's position.
//   bits  0..5   bits used
//   bits  6..9   from k + 1 to the first of two coefficients, or to the only one
//   bits 10..18  from k to the last coefficient, plus kEnd, kEndAlone or kSlow
//   bits 19..23  the first of two coefficients; 0 if there is only one, which is stored afterwards in the same place
//   bits 24..31  the last coefficient
// kEnd: the block ends after these coefficients. kEndAlone: it ends here, without a coefficient. kSlow: the symbol
// takes more than kBits, or its value more than 8 bits; no bits are used, and what is stored means nothing.
//
// Let sum = k + distance. The three constants are chosen so that one comparison, sum >= 63, finds everything special,
// and so that sum & 127 is at most 62 only for a sound end: it is the position of the block's last coefficient then.
//
// An entry has four bytes because two tables share the first-level cache with everything else.
struct AcTable {
  static constexpr int kBits = 11;
  static constexpr int kEnd = 128;
  static constexpr int kEndAlone = 256;
  static constexpr int kSlow = 448;
  std::uint32_t entry[1 << kBits];

  static unsigned bits_used(std::uint32_t entry) { return entry & 63; }
  static std::size_t to_first(std::uint32_t entry) { return std::size_t{entry >> 6 & 15} + 1; }
  static std::size_t to_last(std::uint32_t entry) { return entry >> 10 & 511; }
  static int first(std::uint32_t entry) { return static_cast<std::int32_t>(entry << 8) >> 27; }
  static int last(std::uint32_t entry) { return static_cast<std::int32_t>(entry) >> 24; }
  // Of a kSlow entry: the symbol, 0 if its code takes more than kBits, and that code's length.
  static unsigned symbol(std::uint32_t entry) { return entry >> 24; }
  static unsigned length(std::uint32_t entry) { return static_cast<unsigned>(to_first(entry)); }
  CodeTable codes;
};

// For blocks whose AC coefficients are not needed. An entry covers as many symbols as the next bits show in full; the
// value of the last one may reach beyond those bits.
//   bits 0..7   bits used
//   bits 8..15  from k to the last coefficient, plus kEnd if an end of block follows; or kSlow: no bits were used,
//               because the symbol's code takes more than kBits, or the symbol more than kMaxUsed
// Start with left_after(k). Subtract entries, and set the lowest 8 bits after each. A negative result means that the
// block has ended, or that odd() is true: kSlow, or symbols beyond the block's last coefficient.
struct SkipTable {
  static constexpr int kBits = 12;
  static constexpr int kMaxUsed = 22;
  static constexpr int kEnd = 129;
  static constexpr int kSlow = 64;
  std::uint16_t entry[1 << kBits];

  static unsigned bits_used(unsigned entry) { return entry & 255; }
  static unsigned distance(unsigned entry) { return entry >> 8; }

  // How many coefficients are left, less one, times 256.
  static constexpr int left_after(int k) { return (62 - k) * 256 + 255; }
  // Coefficients that are left: 0 to 63 after a sound entry, -128 to -66 after one with kEnd. Others have this bit set.
  static bool odd(int left) { return ((left + 256) & (64 * 256)) != 0; }
};

// The same for chains of look-ups from block to block. Both are in one struct so that all tables of a thread lie within
// a few 100 kB.
struct SkipTables {
  SkipTable whole;  // from a block's beginning on
  SkipTable rest;   // after the DC. It has 0 instead of kSlow: the chain stays where it is
};

// AC symbols one by one.
//   bits 0..5    bits used
//   bits 8..12   of those, the code's
//   bits 16..21  64 less those of the value
//   bits 24..31  the distance from k to the coefficient; kEnd at the end of the block
// If the code takes more than kBits, or stands for 16 zeros, the entry is kSlow: no bits used. The fields of two
// entries may be added.
struct SymbolTable {
  static constexpr int kBits = CodeTable::kBits;
  static constexpr int kMaxUsed = kBits + 15;
  static constexpr int kEnd = 32;
  static constexpr std::uint32_t kSlow = 64U << 24;
  std::uint32_t entry[1 << kBits];

  static unsigned bits_used(std::uint32_t entry) { return entry & 63; }
  static int distance(std::uint32_t entry) { return static_cast<int>(entry >> 24); }
  static bool slow(std::uint32_t entry) { return (entry & kSlow) != 0; }
  // The value, if `bits` begin with the symbol. Shifts look at 6 bits of what they are given.
  static int value(std::uint32_t entry, std::uint64_t bits) {
    bits <<= std::rotr(entry, 8) & 63;
    const auto negative = static_cast<std::int64_t>(~bits) >> 63;
    const auto amount = static_cast<int>((bits ^ static_cast<std::uint64_t>(negative)) >> (std::rotr(entry, 16) & 63));
    return (amount ^ static_cast<int>(negative)) - static_cast<int>(negative);
  }
};

// The look-up tables for a table of a file, kept per thread, since most files come with one of few. The result is good
// until kCachedTables other tables of its kind were asked for. Null if the table breaks the rules.
inline constexpr int kCachedTables = 8;
const DcTable* dc_table(const HuffmanSpec& spec);
const AcTable* ac_table(const HuffmanSpec& spec);
const SymbolTable* symbol_table(const HuffmanSpec& ac);
const SkipTable* skip_table(const HuffmanSpec& ac);
const SkipTables* skip_tables(const HuffmanSpec& dc, const HuffmanSpec& ac);

}  // namespace pixfeed::jpeg
