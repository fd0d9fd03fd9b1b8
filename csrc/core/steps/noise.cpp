// Normal numbers by a table of their quantiles.
#include "core/steps/noise.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/buffer_parts.h"
#include "core/steps/noise_kernels.h"

namespace pixfeed {
namespace {

constexpr int kMost = 255;              // what is added lies between -kMost and kMost
constexpr int kLevels = 2 * kMost + 1;  // as many whole numbers
constexpr int kCells = 1 << 16;         // of the upper halves of words
constexpr int kBlocks = 64;             // of Philox, at a time
constexpr int kNumbers = 4 * kBlocks;

// Words below ends[k] give level k or less, which adds k - kMost. A cell has twice the level of its first word, and 1 more
// if another one begins in it.
struct Quantiles {
  std::uint64_t* ends;
  std::int16_t* cells;

  int at(std::uint32_t word) const {
    const int cell = cells[word >> 16];
    int level = cell >> 1;
    if ((cell & 1) != 0) {
      while (word >= ends[level]) ++level;
    }
    return level - kMost;
  }
};

void fill(double mean, double sigma, const Quantiles& quantiles) {
  constexpr double kWords = 4294967296.0;
  const double middle = 255 * mean, spread = 255 * sigma;
  for (int level = 0; level < kLevels; ++level) {
    const int added = level - kMost, edge = added < 0 ? added : added + 1;  // numbers up to there give it, or less
    const double below = spread > 0      ? 0.5 * std::erfc((middle - edge) / spread / std::numbers::sqrt2)
                         : middle < edge ? 1.0
                                         : 0.0;
    quantiles.ends[level] = static_cast<std::uint64_t>(std::floor(below * kWords + 0.5));
  }
  quantiles.ends[kLevels - 1] = static_cast<std::uint64_t>(kWords);
  std::int16_t* cell = quantiles.cells;
  for (int level = 0; level < kLevels; ++level) {
    std::int16_t* const next = std::max(cell, quantiles.cells + ((quantiles.ends[level] + 0xFFFF) >> 16));
    std::fill(cell, next, static_cast<std::int16_t>(2 * level));
    cell = next;
  }
  for (int level = 0; level < kLevels; ++level) {
    if ((quantiles.ends[level] & 0xFFFF) != 0) quantiles.cells[quantiles.ends[level] >> 16] |= 1;
  }
}

}  // namespace

bool add_noise(const ImageView& picture, double mean, double sigma, const std::uint32_t key[2], bool gray,
               Buffer& memory) {
  BufferParts parts;
  const auto ends = parts.add<std::uint64_t>(kLevels);
  const auto cells = parts.add<std::int16_t>(kCells);
  const auto drawn = parts.add<std::uint32_t>(kNumbers);
  std::uint8_t* const room = memory.get(parts.size());
  if (room == nullptr) return false;
  const Quantiles quantiles{ends.in(room), cells.in(room)};
  std::uint32_t* const numbers = drawn.in(room);
  fill(mean, sigma, quantiles);
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
        const int noise = quantiles.at(numbers[used + i]);
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
