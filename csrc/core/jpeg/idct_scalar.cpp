// The IDCT's plain twin: one number at a time, wrapping and saturating where the vectors do.
#include <algorithm>

#include "idct.h"

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

}  // namespace

bool idct_scalar(const BlockRef& block, const std::int16_t* quant, std::ptrdiff_t stride) {
  std::int16_t v[64];
  bool good = true;
  for (int i = 0; i < 64; ++i) {
    v[i] = static_cast<std::int16_t>(block.coefs[i] * quant[i]);
    if (i < 8) good &= v[i] >= -8192 && v[i] < 8192;
  }
  for (int column = 0; column < 8; ++column) transform(v + column, 8, 11);
  for (int row = 0; row < 8; ++row) transform(v + 8 * row, 1, 18);
  for (int i = 0; i < 64; ++i) {
    const int sample = std::clamp<int>(v[i], -128, 127) + 128;
    block.samples[i / 8 * stride + i % 8] = static_cast<std::uint8_t>(sample);
  }
  return good;
}

}  // namespace pixfeed::jpeg
