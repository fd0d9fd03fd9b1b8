// Kernels of csrc/core/jpeg on every CPU target against their plain twins, with numbers that sound files give and with
// numbers that overflow.
#include <cstring>
#include <string>
#include <vector>

#include "core/jpeg/color.h"
#include "core/jpeg/idct.h"
#include "core/jpeg/upsample.h"
#include "tests/check.h"
#include "tests/jpeg_files.h"
#include "tests/random.h"

namespace {

using namespace pixfeed;
using namespace pixfeed::testing;

TEST_CASE("jpeg: inverse DCTs") {
  for_each_target([](const std::string& target) {
    for (int round = 0; round < 3000; ++round) {
      const std::size_t n = 1 + next_random() % 9;
      const auto kind = static_cast<jpeg::BlockKind>(next_random() % 3);
      const int range = round % 3 == 0 ? 65536 : round % 3 == 1 ? 2048 : 64;
      alignas(64) std::int16_t coefs[9 * 64] = {};
      std::int16_t quant[64];
      for (auto& q : quant) q = static_cast<std::int16_t>(1 + next_random() % (round % 2 ? 16 : 255));
      for (std::size_t b = 0; b < n; ++b) {
        for (int i = 0; i < 64; ++i) {
          const bool outside_corner = i > 31 || i % 8 > 3;
          const bool zero = kind == jpeg::BlockKind::flat ? i > 0 : kind == jpeg::BlockKind::corner && outside_corner;
          const int value = static_cast<int>(next_random() % static_cast<unsigned>(range)) - range / 2;
          if (zero || next_random() % 3 == 0) continue;
          coefs[b * 64 + static_cast<std::size_t>(i)] = static_cast<std::int16_t>(value);
        }
      }
      constexpr std::ptrdiff_t kStride = 9 * 8;
      std::uint8_t ours[8 * kStride] = {};
      std::uint8_t plain[8 * kStride] = {};
      jpeg::BlockRef refs[9];
      bool good = true;
      for (std::size_t b = 0; b < n; ++b) {
        refs[b] = {coefs + 64 * b, ours + 8 * b};
        good &= jpeg::idct_plain({coefs + 64 * b, plain + 8 * b}, quant, kStride);
      }
      const bool said = jpeg::idct(kind, refs, n, quant, kStride);
      if (said != good || (good && std::memcmp(ours, plain, sizeof(ours)) != 0)) fail("idct on " + target);
      std::memset(ours, 0, sizeof(ours));
      std::memset(plain, 0, sizeof(plain));
      for (std::size_t b = 0; b < n; ++b) jpeg::idct_low_4_plain({coefs + 64 * b, plain + 8 * b}, quant, kStride);
      jpeg::idct_low_4(refs, n, quant, kStride);
      if (std::memcmp(ours, plain, sizeof(ours)) != 0) fail("idct_low_4 on " + target);
      for (int size = 2; size <= 4; size *= 2) {
        std::memset(ours, 0, sizeof(ours));
        std::memset(plain, 0, sizeof(plain));
        good = true;
        for (std::size_t b = 0; b < n; ++b) {
          good &= jpeg::idct_reduced_plain(size, {coefs + 64 * b, plain + 8 * b}, quant, kStride);
        }
        const bool reduced = jpeg::idct_reduced(size, kind, refs, n, quant, kStride);
        if (reduced != good || (good && std::memcmp(ours, plain, sizeof(ours)) != 0)) {
          fail("idct_reduced to " + std::to_string(size) + " on " + target);
        }
      }
    }
  });
}

TEST_CASE("jpeg: inverse DCTs of few coefficients") {
  for_each_target([](const std::string& target) {
    for (int round = 0; round < 3000; ++round) {
      constexpr int kMost = 70;
      const int n = 1 + static_cast<int>(next_random() % kMost);
      const int range = round % 3 == 0 ? 65536 : round % 3 == 1 ? 2048 : 64;
      std::int16_t coefs[8 * kMost + jpeg::kLowSlack];
      std::int16_t quant[64];
      for (auto& q : quant) q = static_cast<std::int16_t>(1 + next_random() % (round % 2 ? 16 : 255));
      for (auto& c : coefs) {
        c = static_cast<std::int16_t>(static_cast<int>(next_random() % static_cast<unsigned>(range)) - range / 2);
        if (round % 6 == 0 && next_random() % 3 == 0) c = next_random() % 2 ? 32767 : -32768;
      }
      constexpr std::ptrdiff_t kStride = 4 * kMost + jpeg::kLowSlack;
      std::uint8_t ours[4 * kStride], plain[4 * kStride];
      const auto same = [&](int size) {
        const auto columns = static_cast<std::size_t>(size * n);
        bool all = true;
        for (int y = 0; y < size; ++y) all &= std::memcmp(ours + y * kStride, plain + y * kStride, columns) == 0;
        return all;
      };
      jpeg::idct_low_2(coefs, n, quant, ours, kStride);
      jpeg::idct_low_2_plain(coefs, n, quant, plain, kStride);
      if (!same(2)) fail("idct_low_2 on " + target);
      jpeg::idct_low_4_of_6(coefs, n, quant, ours, kStride);
      jpeg::idct_low_4_of_6_plain(coefs, n, quant, plain, kStride);
      if (!same(4)) fail("idct_low_4_of_6 on " + target);
    }
  });
}

TEST_CASE("jpeg: upsampling and colors") {
  for_each_target([](const std::string& target) {
    for (int n = 1; n < 300; n += n < 140 ? 1 : 37) {
      const auto size = static_cast<std::size_t>(n);
      std::vector<std::uint8_t> in[3];
      for (auto& row : in) {
        row.resize(size + 2 * 64);
        for (auto& sample : row) sample = static_cast<std::uint8_t>(next_random());
      }
      const std::uint8_t* a = in[0].data() + 64;
      const std::uint8_t* b = in[1].data() + 64;
      const std::uint8_t* c = in[2].data() + 64;
      std::vector<std::uint8_t> ours(3 * (size + 64)), plain(3 * (size + 64));
      const auto compare = [&](std::size_t bytes, const char* what) {
        if (std::memcmp(ours.data(), plain.data(), bytes) != 0) fail(std::string(what) + " on " + target);
      };
      jpeg::upsample_h2v1(a, n, ours.data());
      jpeg::upsample_h2v1_plain(a, n, plain.data());
      compare(2 * size, "upsample_h2v1");
      jpeg::upsample_h2v2(a, b, n, ours.data());
      jpeg::upsample_h2v2_plain(a, b, n, plain.data());
      compare(2 * size, "upsample_h2v2");
      for (int bias = 1; bias <= 2; ++bias) {
        jpeg::upsample_h1v2(a, b, n, bias, ours.data());
        jpeg::upsample_h1v2_plain(a, b, n, bias, plain.data());
        compare(size, "upsample_h1v2");
      }
      jpeg::ycc_to_rgb(a, b, c, n, ours.data());
      jpeg::ycc_to_rgb_plain(a, b, c, n, plain.data());
      compare(3 * size, "ycc_to_rgb");
      jpeg::gray_to_rgb(a, n, ours.data());
      jpeg::gray_to_rgb_plain(a, n, plain.data());
      compare(3 * size, "gray_to_rgb");
    }
  });
}

TEST_CASE("jpeg: every pair of color samples") {
  for_each_target([](const std::string& target) {
    // Every pair of color samples: rounding is where conversions differ.
    std::vector<std::uint8_t> luma(256 + 64), blue(256 + 64), red(256 + 64), ours(3 * (256 + 64)),
        plain(3 * (256 + 64));
    for (int b = 0; b < 256; ++b) {
      for (int x = 0; x < 256; ++x) {
        luma[static_cast<std::size_t>(x)] = static_cast<std::uint8_t>(next_random());
        blue[static_cast<std::size_t>(x)] = static_cast<std::uint8_t>(b);
        red[static_cast<std::size_t>(x)] = static_cast<std::uint8_t>(x);
      }
      jpeg::ycc_to_rgb(luma.data(), blue.data(), red.data(), 256, ours.data());
      jpeg::ycc_to_rgb_plain(luma.data(), blue.data(), red.data(), 256, plain.data());
      if (std::memcmp(ours.data(), plain.data(), 3 * 256) != 0) fail("ycc_to_rgb's colors on " + target);
    }
  });
}

}  // namespace
