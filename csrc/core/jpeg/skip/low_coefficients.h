// Step 4b, after block_starts: blocks of which only the DC or the lowest coefficients are needed.
#pragma once

#include <cstdint>

#include "core/jpeg/huffman.h"

namespace pixfeed::jpeg {

// Which blocks an MCU consists of, in the order of the file, and where their coefficients go.
struct LowLayout {
  struct Block {
    const DcTable* dc;
    const AcTable* ac;
    const SymbolTable* symbols;
    int component;
    int size;   // how many samples a side, and coefficients, are wanted: 1, 2 or 4
    int first;  // where the first MCU's block goes
    int step;   // from there to the next MCU's
  };
  int blocks = 0;
  Block block[10];

  // Of 1 x 1 and 2 x 2 samples the coefs are (0, 0), (0, 1), (1, 0) and (1, 1), the last one always 0. 4 x 4 samples
  // come from the first six coefficients along the zigzag, and two that are 0: only a component that is coarser than
  // another one, which is to say chroma, has blocks as large as that, and hardly ever more to them.
  static constexpr int coefs(int size) { return size == 4 ? 8 : 4; }
  // The last coefficient along the zigzag that counts. 2 x 2 do without the one at (1, 1), which costs more time than
  // it is worth.
  static constexpr int enough(int size) { return size == 4 ? 5 : size == 2 ? 2 : 0; }
};

// Reads `mcus` MCUs, whose blocks begin at the bits `starts` of `bytes`. `dc` holds a predictor per component. Writes
// up to one block past each row of blocks. Reads at most 32 bytes from a block's beginning on; the caller checks
// afterwards whether those bits exist. False if a DC does not fit 16 bits: leave such a file to libjpeg-turbo.
bool decode_low_mcus(const std::uint8_t* bytes, const std::uint32_t* starts, const LowLayout& layout, int mcus,
                     int dc[3], std::int16_t* coefs);

}  // namespace pixfeed::jpeg
