// Step 3: entropy-coded bytes without their stuffing, and a bit buffer that refills from them without a branch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace pixfeed::jpeg {

// A position in unstuffed bytes. The next bit is the highest of `bits`; at least `count` bits are good. Bits below
// those are either 0 or what the next refill will put there, so that a refill only ever ors.
struct BitReader {
  const std::uint8_t* next;  // first byte not counted in `count`
  std::uint64_t bits;
  unsigned count;  // 0 to 63

  // Afterwards count is at least 56. Reads 8 bytes from `next`.
  void refill() {
    std::uint64_t word;
    std::memcpy(&word, next, 8);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    bits |= word >> count;
    next += (63 - count) >> 3;
    count |= 56;
  }

  void skip(unsigned n) {
    bits <<= n;
    count -= n;
  }
};

// The 64 bits from the bit `at` of `bytes` on, the last 7 may be missing. Reads 8 bytes.
inline std::uint64_t bits_at(const std::uint8_t* bytes, std::uint64_t at) {
  std::uint64_t word;
  std::memcpy(&word, bytes + (at >> 3), 8);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  return word << (at & 7);
}

// Feeds a scan's bytes to a BitReader through a window: 0xFF 0x00 becomes 0xFF, and it stops at a marker.
class ByteFeed {
 public:
  // What the window may be read past its last good byte: a block may be decoded from bytes that are not there, and
  // is found out afterwards. A caller that decodes at most kSlack bytes' worth between two calls never leaves the
  // window.
  static constexpr std::size_t kSlack = 24 * 1024;

  // Starts at `begin`, a segment's first byte (after a scan header or a restart marker); `end` is the file's end. The
  // window ends with the segment or, `through_restarts`, goes on after RST0, RST1 and so on as they have to follow.
  void start(const std::uint8_t* begin, const std::uint8_t* end, bool through_restarts = false);

  // Sees to it that the window holds kSlack unread bytes, or all that remain of the segment or up to the last restart
  // that there is room for.
  void fill();

  // True if no more bits were read than the segment has. Where the window goes on through restarts, only one that is
  // due, now, may have been read past.
  bool within(bool restart_is_due = false) const {
    return bits_left() >= 0 && bit() < std::uint64_t{restarts_[next_restart_]} + restart_is_due;
  }

  // Where the next bit lies in the window, counted from bytes(), and the way back. Positions are good until fill().
  const std::uint8_t* bytes() const { return window_; }
  std::uint64_t bit() const { return static_cast<std::uint64_t>(reader.next - window_) * 8 - reader.count; }
  // How far set_bit() may go if this is not to be the last fill(): up to the reader's 8 bytes before the end, unless
  // the segment ends there.
  std::uint64_t end_bit() const { return static_cast<std::uint64_t>(filled_ - window_ - (ended_ ? 0 : 8)) * 8; }
  void set_bit(std::uint64_t bit) {
    reader = {window_ + bit / 8, 0, 0};
    reader.refill();
    reader.skip(bit % 8);
  }

  // The bits, counted from bytes(), where the window's segments begin after restart markers that were not passed yet,
  // and a number after them that is larger than any. Good until fill().
  const std::uint32_t* restarts() const { return restarts_ + next_restart_; }

  // The next bit is the first one after the next restart marker. False if it isn't.
  bool pass_restart() {
    if (bit() != restarts_[next_restart_]) return false;
    ++next_restart_;
    return true;
  }

  // The segment's last bit but the padding was read: gives the marker after it (0xD0 for RST0, ...) and leaves
  // `position` after the marker. -1 if bits are left or were read that do not exist, or if there is no marker.
  int finish();

  BitReader reader;
  const std::uint8_t* position() const { return source_; }

 private:
  static constexpr std::size_t kWindow = 96 * 1024;
  // The window's beginning holds the last bytes in front of `next`, as some of their bits may not have been read yet.
  static constexpr std::size_t kKept = 8;
  static constexpr std::size_t kBehind = 2 * kKept;  // set_bit() may leave `next` one byte before where it was

  std::ptrdiff_t bits_left() const { return (filled_ - reader.next) * 8 + static_cast<std::ptrdiff_t>(reader.count); }

  const std::uint8_t* source_ = nullptr;  // next stuffed byte
  const std::uint8_t* source_end_ = nullptr;
  std::uint8_t* filled_ = nullptr;  // end of the good bytes in window_
  int marker_ = -1;                 // that ended the segment
  bool through_restarts_ = false;
  int restart_marker_ = 0;  // 0 to 7: of the one that is to come
  int next_restart_ = 0, end_restart_ = 0;
  static constexpr int kRestarts = 4096;  // in a window, which is shorter if there would be more
  static constexpr std::uint32_t kNoRestart = 0x7FFFFFFF;
  std::uint32_t restarts_[kRestarts + 1] = {kNoRestart};
  bool ended_ = false;  // nothing more to fill in
  std::uint8_t window_[kWindow + kSlack + 64] = {};
};

}  // namespace pixfeed::jpeg
