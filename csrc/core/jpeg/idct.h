// Step 5: quantised coefficients to 8 x 8 samples, bit for bit libjpeg's accurate integer IDCT ("islow").
#pragma once

#include <cstddef>
#include <cstdint>

namespace pixfeed::jpeg {

// One block: 64 coefficients, row by row, and where its top left sample goes.
struct BlockRef {
  const std::int16_t* coefs;
  std::uint8_t* samples;
};

// What is known to be zero.
enum class BlockKind {
  flat,    // everything but the DC
  corner,  // everything outside the top left 4 x 4
  full     // nothing
};

// The last place along the zigzag of a block's coefficients tells its kind.
inline BlockKind block_kind(int last) {
  return static_cast<BlockKind>(static_cast<int>(last > 0) + static_cast<int>(last > 9));
}

// Dequantises and transforms `n` blocks of one component and one kind. `quant` is row by row, `stride` is the distance
// of sample rows in bytes. Arithmetic wraps and saturates as in libjpeg-turbo's SIMD code; in the one case where that
// has two ways (a top row of more than 14 bits), the result is false: leave such a file to libjpeg-turbo.
bool idct(BlockKind kind, const BlockRef* blocks, std::size_t n, const std::int16_t* quant, std::ptrdiff_t stride);

// The same to `size` x `size` samples: 4 or 2, as libjpeg has it for pictures of reduced size.
bool idct_reduced(int size, BlockKind kind, const BlockRef* blocks, std::size_t n, const std::int16_t* quant,
                  std::ptrdiff_t stride);

// Another way to 4 x 4 and 2 x 2 samples: the inverse DCT of that size, of the 4 x 4 or 2 x 2 lowest coefficients. No
// other coefficient counts, or has to be there.
void idct_low_4(const BlockRef* blocks, std::size_t n, const std::int16_t* quant, std::ptrdiff_t stride);
// Here the blocks are side by side, and the coefficients at (0, 0), (0, 1), (1, 0) and (1, 1) are all that they have.
// Reads up to kLowSlack coefficients, and writes up to kLowSlack samples a row, more than there are.
void idct_low_2(const std::int16_t* coefs, int n, const std::int16_t* quant, std::uint8_t* samples,
                std::ptrdiff_t stride);
// The same for 4 x 4 samples of eight places a block: the six lowest coefficients along the zigzag, and two 0.
void idct_low_4_of_6(const std::int16_t* coefs, int n, const std::int16_t* quant, std::uint8_t* samples,
                     std::ptrdiff_t stride);
inline constexpr int kLowSlack = 64;

// `n` blocks to one sample each, which only takes their DC. Their DCs are `every` places apart, samples `step`
// bytes. False if a DC has more than 13 bits: libjpeg's sample then goes from one end of its range to the other.
bool idct_single(const std::int16_t* coefs, int every, int n, int quant, std::uint8_t* samples, int step);

// The same for one block of any kind, in plain C++: what the tests compare with.
bool idct_plain(const BlockRef& block, const std::int16_t* quant, std::ptrdiff_t stride);
bool idct_reduced_plain(int size, const BlockRef& block, const std::int16_t* quant, std::ptrdiff_t stride);
void idct_low_4_plain(const BlockRef& block, const std::int16_t* quant, std::ptrdiff_t stride);
void idct_low_2_plain(const std::int16_t* coefs, int n, const std::int16_t* quant, std::uint8_t* samples,
                      std::ptrdiff_t stride);
void idct_low_4_of_6_plain(const std::int16_t* coefs, int n, const std::int16_t* quant, std::uint8_t* samples,
                           std::ptrdiff_t stride);

}  // namespace pixfeed::jpeg
