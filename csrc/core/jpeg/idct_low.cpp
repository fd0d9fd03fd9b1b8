// Small pictures from low frequencies. The n x n lowest coefficients of an 8 x 8 DCT are those of an n x n DCT of the
// same picture at n / 8 of its size, but for a factor: what is left out is what the smaller picture cannot show.
#include <algorithm>

#include "idct.h"

namespace pixfeed::jpeg {
namespace {

int dequantised(const BlockRef& block, const std::int16_t* quant, int place) {
  return static_cast<std::int16_t>(block.coefs[place] * quant[place]);
}

std::uint8_t to_sample(int x) { return static_cast<std::uint8_t>(std::clamp(x, -128, 127) + 128); }

// For two, all the cosines are alike.
void to_2(const BlockRef& block, const std::int16_t* quant, std::ptrdiff_t stride) {
  const int c0 = dequantised(block, quant, 0) + 4, c1 = dequantised(block, quant, 1);
  const int c8 = dequantised(block, quant, 8), c9 = dequantised(block, quant, 9);
  block.samples[0] = to_sample((c0 + c1 + c8 + c9) >> 3);
  block.samples[1] = to_sample((c0 - c1 + c8 - c9) >> 3);
  block.samples[stride] = to_sample((c0 + c1 - c8 - c9) >> 3);
  block.samples[stride + 1] = to_sample((c0 - c1 - c8 + c9) >> 3);
}

// 2^10 * sqrt(2) * cos(pi / 8) and sin(pi / 8): with fewer bits than elsewhere, as 32 have to hold what damaged files say.
constexpr int kBits = 10, kCos = 1338, kSin = 554;

// Four numbers to four, times 2^kBits.
void transform(int x0, int x1, int x2, int x3, int* out, int step) {
  const int sum = (x0 + x2) << kBits, difference = (x0 - x2) << kBits;
  const int outer = x1 * kCos + x3 * kSin, inner = x1 * kSin - x3 * kCos;
  out[0] = sum + outer;
  out[step] = difference + inner;
  out[2 * step] = difference - inner;
  out[3 * step] = sum - outer;
}

void to_4(const BlockRef& block, const std::int16_t* quant, std::ptrdiff_t stride) {
  // Between the passes two bits more than whole numbers, and no more than samples can need.
  constexpr int kBetween = 2, kLimit = 1 << 15;
  int columns[16];
  for (int x = 0; x < 4; ++x) {
    int c[4];
    for (int y = 0; y < 4; ++y) c[y] = dequantised(block, quant, 8 * y + x);
    transform(c[0], c[1], c[2], c[3], columns + x, 4);
  }
  for (int& value : columns) {
    value = std::clamp((value + (1 << (kBits - kBetween - 1))) >> (kBits - kBetween), -kLimit, kLimit - 1);
  }
  for (int y = 0; y < 4; ++y) {
    const int* row = columns + 4 * y;
    int out[4];
    transform(row[0], row[1], row[2], row[3], out, 1);
    constexpr int kShift = kBits + kBetween + 3;
    for (int x = 0; x < 4; ++x) block.samples[y * stride + x] = to_sample((out[x] + (1 << (kShift - 1))) >> kShift);
  }
}

}  // namespace

void idct_low(int size, const BlockRef* blocks, std::size_t n, const std::int16_t* quant, std::ptrdiff_t stride) {
  if (size == 2) {
    for (std::size_t i = 0; i < n; ++i) to_2(blocks[i], quant, stride);
  } else {
    for (std::size_t i = 0; i < n; ++i) to_4(blocks[i], quant, stride);
  }
}

}  // namespace pixfeed::jpeg
