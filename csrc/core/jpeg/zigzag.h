// The way coefficients take through a block.
#pragma once

#include <cstdint>

#include "core/jpeg/huffman.h"

namespace pixfeed::jpeg {

// Where the coefficient at k + distance goes (see AcTable): its place in the block, row by row, for the distances that
// mean one, else 64, the place after the block. That is the next block's DC, which is written later.
struct ZigzagOrder {
  static constexpr int kCount = 62 + AcTable::kSlow + 1;
  std::uint8_t place[kCount];

  constexpr ZigzagOrder() : place() {
    for (int i = 0; i < kCount; ++i) place[i] = 64;
    int row = 0;
    int column = 0;
    for (int i = 0; i < 64; ++i) {
      place[i] = static_cast<std::uint8_t>(8 * row + column);
      if (i < 63) place[AcTable::kEnd + i] = place[i];
      const bool up = ((row + column) & 1) == 0;  // the way the zigzag goes on this diagonal
      if (up && column == 7) {
        ++row;
      } else if (up && row == 0) {
        ++column;
      } else if (!up && row == 7) {
        ++column;
      } else if (!up && column == 0) {
        ++row;
      } else {
        row += up ? -1 : 1;
        column += up ? 1 : -1;
      }
    }
  }
};
inline constexpr ZigzagOrder kZigzag;

}  // namespace pixfeed::jpeg
