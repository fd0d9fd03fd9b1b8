// Builds the look-up tables, and keeps the last few of each kind per thread.
#include "core/jpeg/huffman.h"

#include <algorithm>
#include <cstdlib>
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
    const bool fits = code != 0 && length <= DcTable::kBits && length + size <= DcTable::kMaxUsed;
    table.entry[window] = static_cast<std::uint16_t>(fits ? (63 - size) << 8 | length << 4 | (length + size) : 0);
  }
  return true;
}

constexpr int kMaxFirst = 15, kMaxLast = 127;  // values that an entry has room for, either sign

std::uint32_t pack(int bits, int to_first, int to_last, int first, int last) {
  return static_cast<std::uint32_t>(bits) | static_cast<std::uint32_t>(to_first - 1) << 6 |
         static_cast<std::uint32_t>(to_last) << 10 | (static_cast<std::uint32_t>(first) & 31) << 19 |
         static_cast<std::uint32_t>(last) << 24;
}

// The AC symbol at the head of every window, as an entry of a coefficient alone; with no distance for the end of the
// block. 0 if it takes more than there is, or its value more than kMaxLast.
void read_symbols(const CodeTable& codes, std::uint32_t* symbols) {
  constexpr int kBits = AcTable::kBits;
  static_assert(kBits == CodeTable::kBits);
  for (unsigned window = 0; window < 1U << kBits;) {
    const int code = codes.entry[window];
    const int length = code >> 8;
    const int run = code >> 4 & 15;
    const int size = code & 15;
    const int spare = kBits - length - size;
    std::uint32_t symbol = 0;
    unsigned alike = 1;  // windows
    if (code != 0 && spare < 0) {
      alike = 1U << (kBits - length);
    } else if (code != 0) {
      alike = 1U << spare;
      const std::uint64_t after_code = std::uint64_t{window} << (64 - kBits) << length;
      const int value = value_at(after_code, static_cast<unsigned>(63 - size));
      const int distance = size == 0 && run != 15 ? 0 : run + 1;
      if (std::abs(value) <= kMaxLast) symbol = pack(length + size, 1, distance, 0, value);
    }
    std::fill_n(symbols + window, alike, symbol);
    window += alike;
  }
}

// The entry for a window, from its code and the symbols that stand at the head of all windows.
std::uint32_t ac_entry(const std::uint32_t* symbols, int code, unsigned window) {
  const std::uint32_t first = symbols[window];
  // The stores that go with these two entries write a 0 where nothing was decoded yet, or outside the block.
  if (first == 0) return pack(0, std::max(1, code >> 8), AcTable::kSlow, 0, code & 255);
  const auto distance = static_cast<int>(AcTable::to_last(first));
  if (distance == 0) return pack(static_cast<int>(AcTable::bits_used(first)), 1, AcTable::kEndAlone, 0, 0);

  std::uint32_t entry = first + pack(0, distance, 0, 0, 0);
  // What follows is looked up with zeros after it, and counts if it takes none of them.
  const auto following = [&] {
    const unsigned bits = AcTable::bits_used(entry);
    const std::uint32_t symbol = symbols[window << bits & ((1U << AcTable::kBits) - 1)];
    return AcTable::bits_used(symbol) + bits <= AcTable::kBits ? symbol : 0;
  };
  std::uint32_t next = following();
  const int value = AcTable::last(first);
  if (AcTable::to_last(next) != 0 && std::abs(value) <= kMaxFirst) {
    // All but the values is added up.
    entry = entry - pack(0, 1, 0, 0, value) + pack(0, 1, 0, value, 0) + next;
    next = following();
  }
  if (next != 0 && AcTable::to_last(next) == 0) {
    entry += pack(static_cast<int>(AcTable::bits_used(next)), 1, AcTable::kEnd, 0, 0);
  }
  return entry;
}

bool build(const HuffmanSpec& spec, AcTable& table) {
  constexpr unsigned kWindows = 1U << AcTable::kBits;
  if (!build_codes(spec, table.codes)) return false;
  std::uint32_t symbols[kWindows];
  read_symbols(table.codes, symbols);
  for (unsigned window = 0; window < kWindows; ++window) {
    table.entry[window] = ac_entry(symbols, table.codes.entry[window], window);
  }
  return true;
}

bool build(const HuffmanSpec& spec, SymbolTable& table) {
  CodeTable codes;
  if (!build_codes(spec, codes)) return false;
  for (unsigned window = 0; window < 1U << SymbolTable::kBits; ++window) {
    const int code = codes.entry[window];
    const int run = code >> 4 & 15;
    const int size = code & 15;
    const int distance = size == 0 && run != 15 ? SymbolTable::kEnd : run + 1;
    const int length = code >> 8;
    const bool is_slow = code == 0 || (run == 15 && size == 0);
    const auto rest = static_cast<std::uint32_t>((64 - std::max(size, 1)) << 16 | length << 8 | (length + size));
    table.entry[window] = is_slow ? SymbolTable::kSlow : static_cast<std::uint32_t>(distance) << 24 | rest;
  }
  return true;
}

// The entry for a window that begins with AC symbols or, if `dc` is not null, with a DC difference.
std::uint16_t skip_entry(const CodeTable* dc, const CodeTable& ac, unsigned window) {
  constexpr int kBits = SkipTable::kBits;
  static_assert(kBits >= CodeTable::kBits);
  const auto entry = [](int used, int distance) { return static_cast<std::uint16_t>(used | distance << 8); };
  int used = 0;
  int distance = 0;
  while (used < kBits) {
    const bool is_dc = dc != nullptr && used == 0;
    const CodeTable& codes = is_dc ? *dc : ac;
    const int code = codes.entry[(window << used & ((1U << kBits) - 1)) >> (kBits - CodeTable::kBits)];
    const int length = code >> 8;
    const int run = code >> 4 & 15;
    const int size = code & 15;
    const int after = used + length + size;
    if (code == 0 || length > kBits - used || after > SkipTable::kMaxUsed) break;
    if (is_dc) {
      used = after;
      continue;
    }
    if (size == 0 && run != 15) return entry(after, distance + SkipTable::kEnd);
    if (distance + run + 1 > 63) break;  // more would look like an end
    used = after;
    distance += run + 1;
  }
  return entry(used, used == 0 ? SkipTable::kSlow : distance);
}

bool build(const HuffmanSpec& spec, SkipTable& table) {
  CodeTable codes;
  if (!build_codes(spec, codes)) return false;
  for (unsigned window = 0; window < 1U << SkipTable::kBits; ++window) {
    table.entry[window] = skip_entry(nullptr, codes, window);
  }
  return true;
}

struct DcAndAc {
  HuffmanSpec dc, ac;
};

bool build(const DcAndAc& specs, SkipTables& tables) {
  CodeTable dc, ac;
  if (!build_codes(specs.dc, dc) || !build_codes(specs.ac, ac)) return false;
  for (unsigned window = 0; window < 1U << SkipTable::kBits; ++window) {
    tables.whole.entry[window] = skip_entry(&dc, ac, window);
    const std::uint16_t rest = skip_entry(nullptr, ac, window);
    tables.rest.entry[window] = SkipTable::bits_used(rest) == 0 ? std::uint16_t{0} : rest;
  }
  return true;
}

bool same(const HuffmanSpec& a, const HuffmanSpec& b) {
  return std::memcmp(a.counts, b.counts, sizeof(a.counts)) == 0 &&
         std::memcmp(a.symbols, b.symbols, static_cast<std::size_t>(a.size)) == 0;
}

bool same(const DcAndAc& a, const DcAndAc& b) { return same(a.dc, b.dc) && same(a.ac, b.ac); }

// A few tables, found by their content; the one not used for longest makes room.
template <class Table, class Spec = HuffmanSpec>
class Cache {
 public:
  const Table* get(const Spec& spec) {
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
    Spec spec;
    Table table;
  };

  std::unique_ptr<Entry[]> entries_;
  std::uint64_t now_ = 0;
};

}  // namespace

unsigned long_code(std::uint64_t bits, const CodeTable& codes) {
  const auto window = static_cast<std::uint32_t>(bits >> 48);
  for (int length = CodeTable::kBits + 1; length <= 16; ++length) {
    if (window >= codes.limit[length]) continue;
    const int index = codes.offset[length] + static_cast<int>(window >> (16 - length));
    return static_cast<unsigned>(length) << 8 | codes.symbols[index & 255];
  }
  return 0;
}

const DcTable* dc_table(const HuffmanSpec& spec) {
  thread_local Cache<DcTable> cache;
  return cache.get(spec);
}

const AcTable* ac_table(const HuffmanSpec& spec) {
  thread_local Cache<AcTable> cache;
  return cache.get(spec);
}

const SymbolTable* symbol_table(const HuffmanSpec& ac) {
  thread_local Cache<SymbolTable> cache;
  return cache.get(ac);
}

const SkipTable* skip_table(const HuffmanSpec& ac) {
  thread_local Cache<SkipTable> cache;
  return cache.get(ac);
}

const SkipTables* skip_tables(const HuffmanSpec& dc, const HuffmanSpec& ac) {
  thread_local Cache<SkipTables, DcAndAc> cache;
  return cache.get({dc, ac});
}

}  // namespace pixfeed::jpeg
