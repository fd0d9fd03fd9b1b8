// Steps of color: every SIMD kernel on every CPU target against its plain twin.
// Buffers have exactly the size that is allowed, so an address sanitizer sees a byte too far.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/steps/blur_kernels.h"
#include "core/steps/color_kernels.h"
#include "core/steps/look_up_kernels.h"
#include "core/steps/noise_kernels.h"
#include "tests/check.h"
#include "tests/random.h"

namespace {

using namespace pixfeed::kernels;
using namespace pixfeed::testing;

std::vector<std::int16_t> weights(int radius) {
  std::vector<std::int16_t> made(static_cast<std::size_t>(radius) + 2);
  for (int k = 1; k <= radius; ++k) made[k] = static_cast<std::int16_t>(next_random() % (8192 / radius));
  int rest = 1 << kWeightBits;
  for (int k = 1; k <= radius; ++k) rest -= 2 * made[k];
  made[0] = static_cast<std::int16_t>(rest);
  return made;
}

// All hues of all saturations: pixels whose largest channel is 255, and some whose largest is another value.
TEST_CASE("moving hues") {
  std::vector<std::uint8_t> rgb;
  for (const int most : {255, 254, 131, 7, 1, 0}) {
    for (int least = 0; least <= most; ++least) {
      for (int middle = least; middle <= most; ++middle) {
        const std::uint8_t a = static_cast<std::uint8_t>(most), b = static_cast<std::uint8_t>(middle),
                           c = static_cast<std::uint8_t>(least);
        for (const auto& pixel : {std::vector{a, b, c}, {a, c, b}, {b, a, c}, {b, c, a}, {c, a, b}, {c, b, a}}) {
          rgb.insert(rgb.end(), pixel.begin(), pixel.end());
        }
      }
    }
  }
  for_each_target([&](const char* target) {
    for (const int shift : {0, 1, 100, 255}) {
      auto fast = rgb, plain = rgb;
      const std::ptrdiff_t n = static_cast<std::ptrdiff_t>(rgb.size() / 3);
      shift_hue(fast.data(), n, shift);
      shift_hue_plain(plain.data(), n, shift);
      EXPECT(fast == plain, "%s: moved by %d", target, shift);
    }
    for (int n = 1; n <= kLongest; ++n) {
      auto fast = bytes(3 * n), plain = fast;
      const int shift = static_cast<int>(random_bits() % 256);
      shift_hue(fast.data(), n, shift);
      shift_hue_plain(plain.data(), n, shift);
      EXPECT(fast == plain, "%s: %d pixels moved by %d", target, n, shift);
    }
  });
}

TEST_CASE("smoothing and blending") {
  for_each_target([](const char* target) {
    for (int n = 2; n <= kLongest; ++n) {
      const auto above = bytes(3 * n), row = bytes(3 * n), below = bytes(3 * n);
      std::vector<std::uint16_t> sums(row.size());
      std::vector<std::uint8_t> fast(row.size()), plain(row.size());
      smooth_row(above.data(), row.data(), below.data(), n, sums.data(), fast.data());
      smooth_row_plain(above.data(), row.data(), below.data(), n, sums.data(), plain.data());
      EXPECT(fast == plain, "%s: %d pixels smoothed", target, n);
      for (const float factor : {0.f, 0.3f, 1.f, 1.9f, 1e9f}) {
        auto one = row, other = row;
        blend_values(one.data(), fast.data(), 3 * n, factor);
        blend_values_plain(other.data(), fast.data(), 3 * n, factor);
        EXPECT(one == other, "%s: %d pixels blended by %g", target, n, static_cast<double>(factor));
      }
    }
  });
}

TEST_CASE("tables, permutations, extremes") {
  for_each_target([](const char* target) {
    for (int n = 1; n <= kLongest; ++n) {
      const auto rgb = bytes(3 * n);
      Tables tables;
      for (auto& table : tables.of) std::copy_n(bytes(256).begin(), 256, table);
      if (n % 2 == 0) std::copy_n(tables.of[0], 256, tables.of[1]), std::copy_n(tables.of[0], 256, tables.of[2]);
      auto fast = rgb, plain = rgb;
      look_up(fast.data(), n, tables);
      look_up_plain(plain.data(), n, tables);
      EXPECT(fast == plain, "%s: %d pixels looked up", target, n);
      const int orders[3][3] = {{2, 1, 0}, {1, 2, 0}, {0, 2, 1}};
      for (const auto& order : orders) {
        fast = plain = rgb;
        permute(fast.data(), n, order);
        permute_plain(plain.data(), n, order);
        EXPECT(fast == plain, "%s: %d pixels permuted", target, n);
      }
      Extremes one, other;
      widen(rgb.data(), n, one);
      widen_plain(rgb.data(), n, other);
      EXPECT(std::equal(one.least, one.least + 3, other.least) && std::equal(one.most, one.most + 3, other.most),
             "%s: extremes of %d pixels", target, n);
      Histogram counted{};
      count(rgb.data(), n, counted);
      for (int i = 0; i < 3 * n; ++i) --counted.of[i % 3][rgb[i]];
      for (const auto& channel : counted.of) {
        EXPECT(std::all_of(channel, channel + 256, [](auto left) { return left == 0; }), "%d pixels counted", n);
      }
    }
  });
}

TEST_CASE("averages") {
  for_each_target([](const char* target) {
    for (const int radius : {0, 1, 2, 17, kMostRadius}) {
      const std::uint32_t inner = static_cast<std::uint32_t>((1 << 24) / (2 * radius + 1.3));
      const Box box{radius, inner, ((1u << 24) - (2 * static_cast<std::uint32_t>(radius) + 1) * inner) / 2};
      for (int n = 1; n <= kLongest; ++n) {
        const auto leaving = bytes(n), entering = bytes(n), beyond = bytes(n);
        std::vector<std::uint16_t> sums(static_cast<std::size_t>(n));
        for (int i = 0; i < n; ++i) {  // so that the next sum is one, up to the largest
          const int most = 255 * (2 * radius + 1);
          const int next = i == 0 ? most : static_cast<int>(next_random() % static_cast<unsigned>(most + 1));
          sums[i] = static_cast<std::uint16_t>(next - entering[i] + leaving[i]);
        }
        auto sums_fast = sums, sums_plain = sums;
        std::vector<std::uint8_t> fast(leaving.size()), plain(leaving.size());
        box_row(box, leaving.data(), entering.data(), beyond.data(), n, sums_fast.data(), fast.data());
        box_row_plain(box, leaving.data(), entering.data(), beyond.data(), n, sums_plain.data(), plain.data());
        EXPECT(fast == plain && sums_fast == sums_plain, "%s: %d averages of radius %d", target, n, radius);
      }
    }
  });
}

TEST_CASE("weighted sums") {
  for_each_target([](const char* target) {
    for (const int radius : {0, 1, 2, 5, 11}) {
      const auto given = weights(radius);
      const Symmetric kernel{given.data(), radius};
      for (int n = 1; n <= kLongest; n += 3) {
        const auto row = bytes(n + 6 * (radius + 1));
        std::vector<std::int16_t> fast(static_cast<std::size_t>(n)), plain = fast;
        weigh_across(kernel, row.data() + 3 * (radius + 1), n, fast.data());
        weigh_across_plain(kernel, row.data() + 3 * (radius + 1), n, plain.data());
        EXPECT(fast == plain, "%s: %d sums along x of radius %d", target, n, radius);
        std::vector<std::vector<std::int16_t>> rows(static_cast<std::size_t>(2 * radius + 1), fast);
        std::vector<const std::int16_t*> starts;
        for (auto& each : rows) {
          for (auto& value : each) value = static_cast<std::int16_t>(next_random() % ((255 << kFractionBits) + 1));
          starts.push_back(each.data());
        }
        std::vector<std::uint8_t> one(static_cast<std::size_t>(n)), other = one;
        weigh_down(kernel, starts.data(), n, one.data());
        weigh_down_plain(kernel, starts.data(), n, other.data());
        EXPECT(one == other, "%s: %d sums along y of radius %d", target, n, radius);
      }
    }
  });
}

// The second: the known answer of Salmon et al. for a counter and key of zeros.
TEST_CASE("Philox") {
  const std::uint32_t zeros[2] = {0, 0}, known[4] = {0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8};
  for_each_target([&](const char* target) {
    for (const std::uint32_t first : {0u, 64u, 4294967232u}) {
      const std::uint32_t key[2] = {static_cast<std::uint32_t>(random_bits()),
                                    static_cast<std::uint32_t>(random_bits())};
      std::vector<std::uint32_t> fast(4 * 64), plain = fast;
      philox(key, first, 64, fast.data());
      philox_plain(key, first, 64, plain.data());
      EXPECT(fast == plain, "%s: from counter %u on", target, first);
    }
    std::vector<std::uint32_t> words(4 * 64);
    philox(zeros, 0, 64, words.data());
    EXPECT(std::equal(known, known + 4, words.begin()), "%s: zeros", target);
  });
}

}  // namespace
