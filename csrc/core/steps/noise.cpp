// Normal numbers by a table of their quantiles.
#include "core/steps/noise.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/buffer_parts.h"
#include "core/steps/noise_kernels.h"

namespace pixfeed {
namespace {

constexpr int kLevels = 1 << 16, kMost = 255;
constexpr int kBlocks = 64;  // of Philox, at a time

// What is added, by 16 bits: whole numbers from -kMost to kMost.
void fill_quantiles(double mean, double sigma, std::int16_t* quantiles) {
  const double middle = 255 * mean, spread = 255 * sigma;
  if (spread == 0) {
    const double only = std::clamp(std::trunc(middle), -1.0 * kMost, 1.0 * kMost);
    std::fill_n(quantiles, kLevels, static_cast<std::int16_t>(only));
    return;
  }
  int begin = 0;
  for (int level = -kMost; level <= kMost; ++level) {
    const int edge = level < 0 ? level : level + 1;  // up to which numbers become `level` or less
    const double below = 0.5 * std::erfc((middle - edge) / spread / std::numbers::sqrt2);
    const int end = level == kMost ? kLevels : static_cast<int>(std::floor(below * kLevels + 0.5));
    std::fill(quantiles + begin, quantiles + std::max(begin, end), static_cast<std::int16_t>(level));
    begin = std::max(begin, end);
  }
}

}  // namespace

bool add_noise(const ImageView& picture, double mean, double sigma, const std::uint32_t key[2], bool gray,
               Buffer& memory) {
  constexpr int kNumbers = 8 * kBlocks;
  BufferParts parts;
  const auto table = parts.add<std::int16_t>(kLevels);
  const auto drawn = parts.add<std::uint16_t>(kNumbers);
  std::uint8_t* const room = memory.get(parts.size());
  if (room == nullptr) return false;
  std::int16_t* const quantiles = table.in(room);
  std::uint16_t* const numbers = drawn.in(room);
  fill_quantiles(mean, sigma, quantiles);
  const auto noisy = [](int value, int noise) { return static_cast<std::uint8_t>(std::clamp(value + noise, 0, 255)); };
  std::uint32_t block = 0;
  int used = kNumbers;
  for (int y = 0; y < picture.height; ++y) {
    std::uint8_t* at = picture.row(y);
    for (int left = gray ? picture.width : 3 * picture.width; left > 0;) {
      if (used == kNumbers) {
        kernels::philox(key, block, kBlocks, numbers);
        block += kBlocks;
        used = 0;
      }
      const int n = std::min(left, kNumbers - used);
      for (int i = 0; i < n; ++i) {
        const int noise = quantiles[numbers[used + i]];
        if (gray) {
          at[0] = noisy(at[0], noise), at[1] = noisy(at[1], noise), at[2] = noisy(at[2], noise);
          at += 3;
        } else {
          *at = noisy(*at, noise);
          ++at;
        }
      }
      used += n;
      left -= n;
    }
  }
  return true;
}

}  // namespace pixfeed
