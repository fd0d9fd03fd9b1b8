#include "huffman.h"

#include <cstring>
#include <memory>
#include <new>

namespace pixfeed::jpeg {
namespace {

bool build_codes(const HuffmanSpec& spec, CodeTable& table) {
  std::memset(table.entry, 0, sizeof(table.entry));
  std::memset(table.symbols, 0, sizeof(table.symbols));
  std::memcpy(table.symbols, spec.symbols, static_cast<std::size_t>(spec.size));
  std::uint32_t code = 0;
  int index = 0;
  for (int length = 1; length <= 16; ++length) {
    const int count = spec.counts[length - 1];
    table.offset[length] = index - static_cast<std::int32_t>(code);
    for (int i = 0; i < count; ++i, ++code, ++index) {
      if (length > CodeTable::kBits) continue;
      const int spare = CodeTable::kBits - length;
      const auto entry = static_cast<std::uint16_t>(length << 8 | spec.symbols[index]);
      for (std::uint32_t j = 0; j < 1U << spare; ++j) {
        const std::uint32_t at = (code << spare) + j;
        if (at < 1U << CodeTable::kBits) table.entry[at] = entry;
      }
    }
    // No code may be all ones, and there may not be more codes than fit. libjpeg checks where a length is in use.
    if (count > 0 && code >= 1U << length) return false;
    table.limit[length] = code << (16 - length);
    code <<= 1;
  }
  return true;
}

bool build(const HuffmanSpec& spec, DcTable& table) {
  for (int i = 0; i < spec.size; ++i) {
    if (spec.symbols[i] > 15) return false;
  }
  if (!build_codes(spec, table.codes)) return false;
  for (unsigned window = 0; window < 1U << DcTable::kBits; ++window) {
    const int code = table.codes.entry[window << (CodeTable::kBits - DcTable::kBits)];
    const int length = code >> 8;
    const int size = code & 255;
    const int spare = DcTable::kBits - length - size;
    if (code == 0 || spare < 0) {
      table.entry[window] = 0;
      continue;
    }
    const int value = extend(window >> spare & ((1U << size) - 1), size);
    table.entry[window] = static_cast<std::int32_t>(static_cast<std::uint32_t>(value) << 8) | (length + size);
  }
  return true;
}

// One AC symbol at the head of a window.
struct Symbol {
  bool known;     // false: it takes more bits than there are
  bool end;       // end of block
  int bits;       // used, value included
  int distance;   // zigzag places from the coefficient before
  int value;
};

// Reads the symbol whose bits lie at the top of the low `bits` bits of `window`.
Symbol read_symbol(const CodeTable& codes, unsigned window, int bits) {
  window &= (1U << bits) - 1;
  const unsigned at = bits >= CodeTable::kBits ? window >> (bits - CodeTable::kBits)
                                               : window << (CodeTable::kBits - bits);
  const int code = codes.entry[at];
  const int length = code >> 8;
  const int run = code >> 4 & 15;
  const int size = code & 15;
  if (code == 0 || length + size > bits) return {false, false, 0, 0, 0};
  if (size == 0 && run != 15) return {true, true, length, 0, 0};
  const int value = extend(window >> (bits - length - size) & ((1U << size) - 1), size);
  return {true, false, length + size, run + 1, value};
}

std::uint64_t pack(int bits, int first, int last, int first_value, int last_value) {
  return static_cast<std::uint64_t>(bits) | static_cast<std::uint64_t>(first) << 8 |
         static_cast<std::uint64_t>(last) << 16 |
         static_cast<std::uint64_t>(static_cast<std::uint16_t>(first_value)) << 32 |
         static_cast<std::uint64_t>(static_cast<std::uint16_t>(last_value)) << 48;
}

std::uint64_t ac_entry(const CodeTable& codes, unsigned window) {
  constexpr int kBits = AcTable::kBits;
  const Symbol first = read_symbol(codes, window, kBits);
  // The stores that go with these two entries write a 0 where nothing was decoded yet, or outside the block.
  if (!first.known) return pack(0, 1, AcTable::kSlow, 0, 0);
  if (first.end) return pack(first.bits, 1, AcTable::kEndAlone, 0, 0);

  int bits = first.bits;
  int last = first.distance;
  int last_value = first.value;
  Symbol next = read_symbol(codes, window, kBits - bits);
  if (next.known && !next.end) {
    bits += next.bits;
    last += next.distance;
    last_value = next.value;
    next = read_symbol(codes, window, kBits - bits);
  }
  if (next.known && next.end) {
    bits += next.bits;
    last += AcTable::kEnd;
  }
  return pack(bits, first.distance, last, first.value, last_value);
}

bool build(const HuffmanSpec& spec, AcTable& table) {
  if (!build_codes(spec, table.codes)) return false;
  for (unsigned window = 0; window < 1U << AcTable::kBits; ++window) {
    table.entry[window] = ac_entry(table.codes, window);
  }
  return true;
}

// A few tables, found by their content; the one not used for longest makes room.
template <class Table>
class Cache {
 public:
  const Table* get(const HuffmanSpec& spec) {
    if (entries_ == nullptr) entries_.reset(new (std::nothrow) Entry[kCachedTables]);
    if (entries_ == nullptr) return nullptr;
    Entry* oldest = &entries_[0];
    for (int i = 0; i < kCachedTables; ++i) {
      Entry& entry = entries_[i];
      if (entry.used != 0 && same(entry.spec, spec)) {
        entry.used = ++now_;
        return &entry.table;
      }
      if (entry.used < oldest->used) oldest = &entry;
    }
    oldest->used = 0;
    if (!build(spec, oldest->table)) return nullptr;
    oldest->spec = spec;
    oldest->used = ++now_;
    return &oldest->table;
  }

 private:
  struct Entry {
    std::uint64_t used = 0;  // when last; 0 for empty
    HuffmanSpec spec;
    Table table;
  };

  static bool same(const HuffmanSpec& a, const HuffmanSpec& b) {
    return std::memcmp(a.counts, b.counts, sizeof(a.counts)) == 0 &&
           std::memcmp(a.symbols, b.symbols, static_cast<std::size_t>(a.size)) == 0;
  }

  std::unique_ptr<Entry[]> entries_;
  std::uint64_t now_ = 0;
};

}  // namespace

const DcTable* dc_table(const HuffmanSpec& spec) {
  thread_local Cache<DcTable> cache;
  return cache.get(spec);
}

const AcTable* ac_table(const HuffmanSpec& spec) {
  thread_local Cache<AcTable> cache;
  return cache.get(spec);
}

}  // namespace pixfeed::jpeg
