// Walks the blocks of a deflate stream without decoding them. Numbers in parentheses are sections of RFC 1951.
#include "core/png/blocks.h"

#include <algorithm>
#include <array>

namespace pixfeed::png {
namespace {

constexpr int kLongest = 15;                     // bits of a code
constexpr int kLiterals = 286, kDistances = 30;  // symbols that mean something (3.2.5)
constexpr int kFixedLiterals = 288;              // symbols with a fixed code (3.2.6)
constexpr int kFixedDistances = 32;
constexpr int kEndOfBlock = 256;
constexpr int kLengthCodes = 19;  // that lengths of codes are written with (3.2.7)

// The lowest bit of a byte first. After the last byte come zeros.
class Bits {
 public:
  Bits(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}

  // At least 48 bits can be peeked at or taken after it.
  void fill() {
    if (held_ >= 48) return;
    for (; held_ <= 56; held_ += 8) {
      if (at_ == end_) {
        ++missing_;
      } else {
        bits_ |= std::uint64_t{*at_++} << held_;
      }
    }
  }
  unsigned peek(int n) const { return static_cast<unsigned>(bits_ & ((std::uint64_t{1} << n) - 1)); }
  void drop(int n) {
    bits_ >>= n;
    held_ -= n;
  }
  int take(int n) {
    const unsigned bits = peek(n);
    drop(n);
    return static_cast<int>(bits);
  }

  // Bits that are not there were taken.
  bool over() const { return 8 * missing_ > held_; }

  // A stored block, without its type (3.2.4).
  bool skip_stored() {
    fill();
    drop(held_ % 8);
    const int size = take(16), inverted = take(16);
    if (over() || size != (inverted ^ 0xFFFF)) return false;
    at_ -= held_ / 8 - missing_;
    bits_ = 0;
    held_ = missing_ = 0;
    if (size > end_ - at_) return false;
    at_ += size;
    return true;
  }

 private:
  const std::uint8_t *at_, *end_;
  std::uint64_t bits_ = 0;
  int held_ = 0;     // bits
  int missing_ = 0;  // bytes after the end, among these bits
};

enum class Set { complete, incomplete, impossible };

// What the lengths of codes add up to; 0 for a symbol without a code (3.2.2). zlib takes a set that is not complete if it
// has no code, or one of one bit.
Set set_of(const std::uint8_t* lengths, int n) {
  int used = 0, longest = 0;  // of the codes of 15 bits
  for (int i = 0; i < n; ++i) {
    if (lengths[i] != 0) used += 1 << (kLongest - lengths[i]);
    longest = std::max<int>(longest, lengths[i]);
  }
  if (used == 1 << kLongest) return Set::complete;
  return used < 1 << kLongest && longest <= 1 ? Set::incomplete : Set::impossible;
}

// Symbols by their codes.
class Codes {
 public:
  Codes(const std::uint8_t* lengths, int n) {
    std::array<int, kLongest + 2> next{};  // by length; first how many there are of the length before
    for (int i = 0; i < n; ++i) {
      longest_ = std::max<int>(longest_, lengths[i]);
      if (lengths[i] != 0) ++next[lengths[i] + std::size_t{1}];
    }
    for (std::size_t length = 1; length < next.size(); ++length) next[length] = 2 * (next[length - 1] + next[length]);
    std::fill_n(table_.begin(), std::size_t{1} << longest_, std::uint16_t{0});
    for (int symbol = 0; symbol < n; ++symbol) {
      if (lengths[symbol] != 0) add(symbol, lengths[symbol], next[lengths[symbol]]++);
    }
  }

  // -1 for a code that no symbol has.
  int take(Bits& bits) const {
    const int found = table_[bits.peek(longest_)];
    bits.drop(found & 15);
    return (found & 15) == 0 ? -1 : found >> 4;
  }

 private:
  // Codes come with their highest bit first.
  void add(int symbol, int length, int code) {
    std::size_t at = 0;
    for (int i = 0; i < length; ++i) at = at << 1 | (static_cast<unsigned>(code) >> i & 1U);
    for (; at < std::size_t{1} << longest_; at += std::size_t{1} << length) {
      table_[at] = static_cast<std::uint16_t>(symbol << 4 | length);
    }
  }

  int longest_ = 0;
  std::array<std::uint16_t, 1 << kLongest>
      table_;  // by the next bits: symbol, and in the lower 4 bits its code's length
};

// Lengths of the codes of a block.
struct Lengths {
  std::uint8_t all[kFixedLiterals + kFixedDistances];
  int literals, distances;  // how many of either, in this order

  const std::uint8_t* of_distances() const { return all + literals; }
};

Lengths fixed_lengths() {
  Lengths lengths{{}, kFixedLiterals, kFixedDistances};
  for (int i = 0; i < kFixedLiterals; ++i) {
    lengths.all[i] = static_cast<std::uint8_t>(i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8);
  }
  std::fill_n(lengths.all + kFixedLiterals, kFixedDistances, std::uint8_t{5});
  return lengths;
}

// What stands before a block with codes of its own (3.2.7). False if zlib refuses it.
bool read_lengths(Bits& bits, Lengths& lengths) {
  constexpr std::uint8_t kOrder[kLengthCodes] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  lengths.literals = 257 + bits.take(5);
  lengths.distances = 1 + bits.take(5);
  const int count = 4 + bits.take(4), all = lengths.literals + lengths.distances;
  if (lengths.literals > kLiterals || lengths.distances > kDistances) return false;
  std::uint8_t own[kLengthCodes] = {};
  for (int i = 0; i < count; ++i) {
    bits.fill();
    own[kOrder[i]] = static_cast<std::uint8_t>(bits.take(3));
  }
  if (set_of(own, kLengthCodes) != Set::complete) return false;
  const Codes codes(own, kLengthCodes);
  for (int i = 0; i < all;) {
    bits.fill();
    const int symbol = codes.take(bits);
    if (symbol < 16) {
      lengths.all[i++] = static_cast<std::uint8_t>(symbol);
      continue;
    }
    if (symbol == 16 && i == 0) return false;
    const int times = symbol == 16 ? 3 + bits.take(2) : symbol == 17 ? 3 + bits.take(3) : 11 + bits.take(7);
    if (times > all - i) return false;
    std::fill_n(lengths.all + i, times, symbol == 16 ? lengths.all[i - 1] : std::uint8_t{0});
    i += times;
  }
  return lengths.all[kEndOfBlock] != 0 && set_of(lengths.all, lengths.literals) == Set::complete &&
         set_of(lengths.of_distances(), lengths.distances) != Set::impossible;
}

// The symbols of a block, to its end. False for one that means nothing.
bool walk(Bits& bits, const Lengths& lengths) {
  const Codes literals(lengths.all, lengths.literals), distances(lengths.of_distances(), lengths.distances);
  while (!bits.over()) {
    bits.fill();
    const int symbol = literals.take(bits);  // their set is complete
    if (symbol < kEndOfBlock) continue;
    if (symbol == kEndOfBlock) return true;
    if (symbol >= kLiterals) return false;
    const int length = symbol - kEndOfBlock - 1;
    if (length >= 8 && symbol < kLiterals - 1) bits.drop(length / 4 - 1);
    const int distance = distances.take(bits);
    if (distance < 0 || distance >= kDistances) return false;
    if (distance >= 4) bits.drop(distance / 2 - 1);
  }
  return false;
}

}  // namespace

bool blocks_are_legal(const std::uint8_t* data, std::size_t size) {
  const bool all = size <= kMostWalked;
  Bits bits(data, size);
  for (bool last = false; !last;) {
    if (bits.over()) return false;
    bits.fill();
    last = bits.take(1) != 0;
    const int type = bits.take(2);
    if (type == 0) {
      if (!bits.skip_stored()) return false;
    } else if (type == 1) {
      if (!all) return true;
      if (!walk(bits, fixed_lengths())) return false;
    } else {
      Lengths lengths;
      if (type == 3 || !read_lengths(bits, lengths)) return false;
      const bool any_symbol_is_legal = set_of(lengths.of_distances(), lengths.distances) == Set::complete;
      if (!all || (last && any_symbol_is_legal)) return true;
      if (!walk(bits, lengths)) return false;
    }
  }
  return true;
}

}  // namespace pixfeed::png
