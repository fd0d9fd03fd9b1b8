// Step 4a, where most of each block is not needed: finds where the blocks of a scan begin before any is decoded.
#pragma once

#include <cstdint>

#include "core/jpeg/bit_reader.h"
#include "core/jpeg/huffman.h"

namespace pixfeed::jpeg {

// How to get past the blocks of an MCU, in the order of the file.
struct SkipLayout {
  struct Block {
    const SkipTable* whole;  // from the DC on
    const SkipTable* rest;   // after it
    const CodeTable* dc;
    const CodeTable* ac;
  };
  int blocks = 0;
  Block block[10];
};

class BlockStarts {
 public:
  // Knows nothing yet: a new picture begins.
  void clear() { next_ = count_ = 0; }

  // How many MCUs' blocks are known: 1 to `most`, or 0 if the data is damaged. Looks at most `ahead` MCUs ahead, which
  // must be of this segment if the feed doesn't go on through restarts. May fill the feed's window: positions from
  // before are worth nothing then.
  int find(ByteFeed& feed, const SkipLayout& layout, int most, int ahead);

  // Where those blocks begin, in bits counted from feed.bytes(), and where the last one ends.
  const std::uint32_t* starts() const { return found_ + next_; }

  // The next `blocks` blocks are done with: the feed stands after them now. Whether it has bytes there is for its
  // within() to say.
  void pass(ByteFeed& feed, int blocks) {
    next_ += blocks;
    feed.set_bit(found_[next_]);
  }

  static constexpr int kRoom = 16 * 1024;  // numbers, for all chains

 private:
  int next_ = 0;   // the first one that is not passed
  int count_ = 0;  // blocks in found_
  int bits_ = 80;  // a block, on average so far
  std::uint32_t found_[kRoom] = {};
};

}  // namespace pixfeed::jpeg
