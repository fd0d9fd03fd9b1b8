// The low-pass of decode="scaled", which libjpeg-turbo does not have.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "tests/check.h"
#include "tests/jpeg_files.h"
#include "tests/random.h"

namespace {

using namespace pixfeed;
using namespace pixfeed::testing;

// Samples of a gray picture's low-pass, which libjpeg-turbo does not have: the inverse DCT of a block's lowest
// coefficients, in double precision, of those whose row and column add up to `most` at most.
double low_pass_sample(const std::int16_t* block, const int* quant, int size, int most, int x, int y) {
  const double pi = std::acos(-1.0);
  const auto basis = [&](int k, int at) {
    return std::sqrt((k == 0 ? 1.0 : 2.0) / size) * std::cos((2 * at + 1) * k * pi / (2 * size));
  };
  double sum = 0;
  for (int v = 0; v < size; ++v) {
    for (int u = 0; u < size && u + v <= most; ++u)
      sum += block[8 * v + u] * quant[8 * v + u] * basis(u, x) * basis(v, y);
  }
  return std::clamp(128 + sum * size / 8, 0.0, 255.0);
}

TEST_CASE("jpeg: low-pass of gray is the inverse DCT") {
  double largest = 0;
  for (int round = 0; round < 600; ++round) {
    // Gray is a picture of its own or, every fourth time, the luma of one whose chroma is finer.
    const bool coarse = round % 4 == 0;
    Recipe recipe = recipe_of(kSamplings[coarse ? kFinerChroma : 0]);
    recipe.width = 1 + static_cast<int>(next_random() % 200);
    recipe.height = 1 + static_cast<int>(next_random() % 60);
    recipe.quality = 1 + round % 100;
    recipe.noise = round % 2 != 0;
    recipe.optimise = round % 3 == 0;
    recipe.seed = next_random();
    const auto file = make_jpeg(recipe);
    const Coefficients coefs = turbo_coefficients(file);
    for (const Request& request : kLowPasses) {
      const int size = 8 / request.reduced * (coarse ? 2 : 1);
      if (coarse && (!request.gray || size == 8)) continue;
      const Picture ours = low_pass(file, recipe.width, recipe.height, request);
      if (ours.rgb.empty()) {
        fail("declined: low-pass of " + describe(recipe));
        continue;
      }
      const int most = size == 2 ? 1 : size == 4 && coarse ? 2 : 6;
      for (int y = 0; y < ours.height; ++y) {
        for (int x = 0; x < ours.width; ++x) {
          const std::ptrdiff_t block = 64 * (y / size * coefs.across + x / size);
          const double expected = low_pass_sample(&coefs.blocks[static_cast<std::size_t>(block)], coefs.quant, size,
                                                  most, x % size, y % size);
          const std::uint8_t* rgb = &ours.rgb[3 * static_cast<std::size_t>(y * ours.width + x)];
          largest = std::max(largest, std::abs(rgb[0] - expected));
        }
      }
    }
  }
  std::printf("low-pass: up to %.2f from the inverse DCT\n", largest);
  if (largest > 1) fail("low-pass is not the inverse DCT of the lowest frequencies");
}

// In color it has to be near the reduced picture where that has no detail to speak of.
TEST_CASE("jpeg: low-pass of color is near the reduced picture") {
  double largest = 0;
  for (const auto& sampling : kSamplings) {
    Recipe recipe = recipe_of(sampling);
    recipe.width = 333;
    recipe.height = 217;
    recipe.gentle = true;
    const auto file = make_jpeg(recipe);
    for (const Request& request : kLowPasses) {
      const Picture ours = low_pass(file, recipe.width, recipe.height, request);
      Picture turbo;
      turbo_decode(file.data(), file.size(), turbo, {request.gray, request.reduced, true});
      if (ours.rgb.size() != turbo.rgb.size()) {
        fail("declined: low-pass of " + describe(recipe));
        continue;
      }
      double sum = 0;
      for (std::size_t i = 0; i < ours.rgb.size(); ++i) sum += std::abs(ours.rgb[i] - turbo.rgb[i]);
      const double mean = sum / static_cast<double>(ours.rgb.size());
      largest = std::max(largest, mean);
      if (mean > 1) fail("low-pass is far from the reduced picture: " + describe(recipe) + describe(request, {}));
    }
  }
  std::printf("low-pass: up to %.2f on average from the reduced picture\n", largest);
}

}  // namespace
