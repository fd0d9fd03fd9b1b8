// The IDCTs' plain twins: one number at a time, wrapping and saturating where the vectors do.
#include <algorithm>

#include "core/jpeg/idct.h"

namespace pixfeed::jpeg {
namespace {

int wrap16(int x) { return static_cast<std::int16_t>(x); }

// Sums of products may pass 32 bits in damaged files, and then wrap.
int wrap32(std::int64_t x) { return static_cast<int>(static_cast<std::uint32_t>(x)); }

// round(x * 2^13)
constexpr std::int64_t k0_298 = 2446, k0_390 = 3196, k0_541 = 4433, k0_765 = 6270, k0_899 = 7373, k1_175 = 9633;
constexpr std::int64_t k1_501 = 12299, k1_847 = 15137, k1_961 = 16069, k2_053 = 16819, k2_562 = 20995, k3_072 = 25172;

// Eight numbers, `step` apart, in place; the results are shifted right by `shift` and saturated to 16 bits.
void transform(std::int16_t* v, int step, int shift) {
  const int x0 = v[0], x1 = v[step], x2 = v[2 * step], x3 = v[3 * step];
  const int x4 = v[4 * step], x5 = v[5 * step], x6 = v[6 * step], x7 = v[7 * step];

  const std::int64_t even0 = static_cast<std::int64_t>(wrap16(x0 + x4)) * 8192;
  const std::int64_t even1 = static_cast<std::int64_t>(wrap16(x0 - x4)) * 8192;
  const std::int64_t even2 = x2 * k0_541 + x6 * (k0_541 - k1_847);
  const std::int64_t even3 = x2 * (k0_541 + k0_765) + x6 * k0_541;

  const std::int64_t z3 = wrap16(x7 + x3);
  const std::int64_t z4 = wrap16(x5 + x1);
  const std::int64_t turn3 = z3 * (k1_175 - k1_961) + z4 * k1_175;
  const std::int64_t turn4 = z3 * k1_175 + z4 * (k1_175 - k0_390);
  const std::int64_t odd0 = x7 * (k0_298 - k0_899) - x1 * k0_899 + turn3;
  const std::int64_t odd1 = x5 * (k2_053 - k2_562) - x3 * k2_562 + turn4;
  const std::int64_t odd2 = -x5 * k2_562 + x3 * (k3_072 - k2_562) + turn3;
  const std::int64_t odd3 = -x7 * k0_899 + x1 * (k1_501 - k0_899) + turn4;

  const auto put = [&](int i, std::int64_t sum) {
    const int rounded = wrap32(sum + (1 << (shift - 1))) >> shift;
    v[i * step] = static_cast<std::int16_t>(std::clamp(rounded, -32768, 32767));
  };
  put(0, even0 + even3 + odd3);
  put(7, even0 + even3 - odd3);
  put(1, even1 + even2 + odd2);
  put(6, even1 + even2 - odd2);
  put(2, even1 - even2 + odd1);
  put(5, even1 - even2 - odd1);
  put(3, even0 - even3 + odd0);
  put(4, even0 - even3 - odd0);
}

std::int16_t saturate16(int x) { return static_cast<std::int16_t>(std::clamp(x, -32768, 32767)); }

// Dequantised coefficients; false if the top row passes its limit.
bool dequantise(const BlockRef& block, const std::int16_t* quant, std::int16_t* v) {
  bool good = true;
  for (int i = 0; i < 64; ++i) {
    v[i] = static_cast<std::int16_t>(block.coefs[i] * quant[i]);
    if (i < 8) good &= v[i] >= -8192 && v[i] < 8192;
  }
  return good;
}

// Eight numbers, `in_step` apart, to four.
void transform_to_4(const std::int16_t* v, int in_step, int shift, std::int16_t* out, int out_step) {
  const std::int64_t x1 = v[in_step], x2 = v[2 * in_step], x3 = v[3 * in_step];
  const std::int64_t x5 = v[5 * in_step], x6 = v[6 * in_step], x7 = v[7 * in_step];
  const std::int64_t centre = v[0] * std::int64_t{16384} + (1 << (shift - 1));
  const std::int64_t even = x2 * 15137 - x6 * 6270;
  const std::int64_t outer = x1 * 20995 + x3 * 7373 - x5 * 4926 - x7 * 4176;
  const std::int64_t inner = x1 * 8697 - x3 * 17799 + x5 * 11893 - x7 * 1730;
  out[0] = saturate16(wrap32(centre + even + outer) >> shift);
  out[out_step] = saturate16(wrap32(centre - even + inner) >> shift);
  out[2 * out_step] = saturate16(wrap32(centre - even - inner) >> shift);
  out[3 * out_step] = saturate16(wrap32(centre + even - outer) >> shift);
}

// The odd ones of eight numbers, as they count for two.
std::int64_t odd_of_2(const std::int16_t* v, int step) {
  return std::int64_t{v[step]} * 29692 - std::int64_t{v[3 * step]} * 10426 + std::int64_t{v[5 * step]} * 6967 -
         std::int64_t{v[7 * step]} * 5906;
}

std::uint8_t to_sample(int x) { return static_cast<std::uint8_t>(std::clamp(x, -128, 127) + 128); }

}  // namespace

bool idct_plain(const BlockRef& block, const std::int16_t* quant, std::ptrdiff_t stride) {
  std::int16_t v[64];
  const bool good = dequantise(block, quant, v);
  for (int column = 0; column < 8; ++column) transform(v + column, 8, 11);
  for (int row = 0; row < 8; ++row) transform(v + 8 * row, 1, 18);
  for (int i = 0; i < 64; ++i) block.samples[i / 8 * stride + i % 8] = to_sample(v[i]);
  return good;
}

bool idct_reduced_plain(int size, const BlockRef& block, const std::int16_t* quant, std::ptrdiff_t stride) {
  std::int16_t v[64];
  const bool good = dequantise(block, quant, v);
  std::int16_t columns[4 * 8];  // 4 or 2 rows of what the columns gave
  if (size == 4) {
    for (int x = 0; x < 8; ++x) transform_to_4(v + x, 8, 12, columns + x, 8);
    for (int y = 0; y < 4; ++y) {
      std::int16_t row[4];
      transform_to_4(columns + 8 * y, 1, 19, row, 1);
      for (int x = 0; x < 4; ++x) block.samples[y * stride + x] = to_sample(row[x]);
    }
    return good;
  }
  int first[2] = {};  // column 0 keeps all its bits
  for (int x = 0; x < 8; ++x) {
    const std::int64_t centre = v[x] * std::int64_t{32768} + (1 << 12);
    const std::int64_t odd = odd_of_2(v + x, 8);
    const int both[2] = {wrap32(centre + odd) >> 13, wrap32(centre - odd) >> 13};
    for (int y = 0; y < 2; ++y) {
      if (x == 0) first[y] = both[y];
      columns[8 * y + x] = saturate16(both[y]);
    }
  }
  for (int y = 0; y < 2; ++y) {
    const std::int64_t centre = first[y] * std::int64_t{32768} + (1 << 19);
    const std::int64_t odd = odd_of_2(columns + 8 * y, 1);
    block.samples[y * stride] = to_sample(wrap32(centre + odd) >> 20);
    block.samples[y * stride + 1] = to_sample(wrap32(centre - odd) >> 20);
  }
  return good;
}

}  // namespace pixfeed::jpeg
