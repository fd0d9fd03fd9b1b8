// Step 4: entropy-coded bits to quantised coefficients, a run of MCUs at a time.
#pragma once

#include <cstdint>

#include "core/jpeg/bit_reader.h"
#include "core/jpeg/huffman.h"

namespace pixfeed::jpeg {

// Which blocks an MCU consists of, in the order of the file.
struct McuLayout {
  struct Block {
    const DcTable* dc;
    const AcTable* ac;
    const SkipTable* skip;  // for what follows them
    int enough;             // the last coefficient along the zigzag that is needed; 63 for all
    int component;
  };
  int blocks = 0;
  Block block[10];
};

// The last place along the zigzag of the top left 4 x 4 coefficients.
inline constexpr int kEnoughFor4 = 24;

// The most bytes that a block can take: 64 symbols of 16 + 15 bits.
inline constexpr int kMaxBlockBytes = 64 * 31 / 8;

// Reads `mcus` MCUs. `coefs` has 64 places per block and 64 to spare at its end and receives the coefficients that are
// needed row by row, of the others anything; `last` receives each block's last coefficient's place along the zigzag (0:
// there is only DC). `dc` holds a predictor per component. Never reads more than kMaxBlockBytes per block and 16 bytes:
// whether those bits exist is for the caller to find out, afterwards. False if the data is damaged or too strange to be
// taken at its word.
bool decode_mcus(BitReader& reader, const McuLayout& layout, int mcus, int dc[3], std::int16_t* coefs,
                 std::uint8_t* last);

}  // namespace pixfeed::jpeg
