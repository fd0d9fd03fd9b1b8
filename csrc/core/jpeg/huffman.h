// Step 2: Huffman tables as look-up tables that give whole coefficients, two at a time where they are short.
#pragma once

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

struct DcTable {
  static constexpr int kBits = 10;
  std::int32_t entry[1 << kBits];  // difference << 8 | bits used; 0 if it takes more than kBits
  CodeTable codes;
};

// An AC entry holds up to two coefficients and a following end of block. Positions count along the zigzag, from
// the last coefficient decoded; `k` is that coefficient's place.
//   bits  0..5   bits used
//   bits  6..9   from k + 1 to the first of two coefficients, or to the only one
//   bits 10..18  from k to the last coefficient, plus kEnd, kEndAlone or kSlow
//   bits 19..23  the first of two coefficients; 0 if there is only one, which is stored afterwards in the same place
//   bits 24..31  the last coefficient
// kEnd: the block ends behind these coefficients. kEndAlone: it ends here, and there is no coefficient. kSlow: the
// symbol takes more than kBits, or its value more than 8. The three are chosen such that k + distance >= 63 whenever
// there is something to look into, and that (k + distance) & 127 is the place of the block's last coefficient, at most
// 62, only for a sound end. Four bytes an entry, because two tables share the first cache with everything else.
struct AcTable {
  static constexpr int kBits = 11;
  static constexpr int kEnd = 128;
  static constexpr int kEndAlone = 256;
  static constexpr int kSlow = 448;
  std::uint32_t entry[1 << kBits];

  static unsigned bits_used(std::uint32_t entry) { return entry & 63; }
  static int to_first(std::uint32_t entry) { return static_cast<int>(entry >> 6 & 15) + 1; }
  static int to_last(std::uint32_t entry) { return static_cast<int>(entry >> 10 & 511); }
  static int first(std::uint32_t entry) { return static_cast<std::int32_t>(entry << 8) >> 27; }
  static int last(std::uint32_t entry) { return static_cast<std::int32_t>(entry) >> 24; }
  CodeTable codes;
};

// The way through a block whose AC coefficients nobody needs: as many symbols at a time as one look at the next bits
// can tell, of which the last one's value may lie behind them.
//   bits 0..3   bits used
//   bits 4..15  from k to the last coefficient, plus kEnd or kSlow of AcTable, which mean the same here
struct SkipTable {
  static constexpr int kBits = 12;
  static constexpr int kMaxUsed = 15;  // bits
  std::uint16_t entry[1 << kBits];

  static unsigned bits_used(unsigned entry) { return entry & 15; }
  static int to_last(unsigned entry) { return static_cast<int>(entry >> 4); }
};

// The look-up tables for a table of a file, kept per thread, since most files come with one of few. The result is good
// until kCachedTables other tables of its kind were asked for. Null if the table breaks the rules.
inline constexpr int kCachedTables = 8;
const DcTable* dc_table(const HuffmanSpec& spec);
const AcTable* ac_table(const HuffmanSpec& spec);
const SkipTable* skip_table(const HuffmanSpec& spec);

// The `size` bits in `bits` as the standard's EXTEND reads them: the upper half is positive.
inline int extend(unsigned bits, int size) {
  return size == 0 || (bits >> (size - 1)) != 0 ? static_cast<int>(bits)
                                                : static_cast<int>(bits) - static_cast<int>((1U << size) - 1);
}

}  // namespace pixfeed::jpeg
