// Kernels of csrc/core/png on every CPU target against their plain twins.
#include <cstring>
#include <string>
#include <vector>

#include "core/png/samples.h"
#include "core/png/unfilter.h"
#include "tests/check.h"
#include "tests/random.h"

namespace {

using namespace pixfeed;
using namespace pixfeed::testing;
using Row = std::vector<std::uint8_t>;

constexpr int kSteps[] = {1, 2, 3, 4, 6, 8};

// Values that are close to each other make other choices than random ones.
Row row_of(std::size_t size, bool close) {
  Row row(size + png::kUnfilterSlack);
  for (auto& value : row) value = static_cast<std::uint8_t>(close ? 250 + next_random() % 12 : next_random());
  return row;
}

TEST_CASE("png: filters are undone") {
  for_each_target([](const std::string& target) {
    for (int number = 0; number <= 4; ++number) {
      for (const int step : kSteps) {
        for (int pixels = 1; pixels < 70; ++pixels) {
          const auto size = static_cast<std::size_t>(step * pixels);
          const Row in = row_of(size, pixels % 2 != 0), above = row_of(size, pixels % 2 != 0);
          Row ours(size + png::kUnfilterSlack), plain(size);
          png::unfilter(static_cast<png::Filter>(number), in.data(), above.data(), step, size, ours.data());
          png::unfilter_plain(static_cast<png::Filter>(number), in.data(), above.data(), step, size, plain.data());
          if (std::memcmp(ours.data(), plain.data(), size) != 0) {
            fail("filter " + std::to_string(number) + " step " + std::to_string(step) + " on " + target);
          }
        }
      }
    }
  });
}

TEST_CASE("png: several rows by Paeth") {
  for_each_target([](const std::string& target) {
    for (int step = 1; step <= 4; ++step) {
      for (int pixels = 1; pixels < 200; pixels += pixels < 20 ? 1 : 13) {
        for (int count = 2; count <= png::PaethRows::kMost; count += 2) {
          const auto size = static_cast<std::size_t>(step * pixels);
          const Row above = row_of(size, count == 2);
          Row in[png::PaethRows::kMost], ours[png::PaethRows::kMost], plain[png::PaethRows::kMost];
          png::PaethRows rows{};
          for (int i = 0; i < count; ++i) {
            in[i] = row_of(size, count == 2);
            ours[i].resize(size + png::kUnfilterSlack);
            plain[i].resize(size);
            rows.filtered[i] = in[i].data();
            rows.row[i] = ours[i].data();
          }
          png::unfilter_paeth(rows, count, above.data(), step, size);
          for (int i = 0; i < count; ++i) {
            const std::uint8_t* over = i == 0 ? above.data() : plain[i - 1].data();
            png::unfilter_plain(png::Filter::paeth, in[i].data(), over, step, size, plain[i].data());
            if (std::memcmp(ours[i].data(), plain[i].data(), size) != 0) {
              fail("row " + std::to_string(i) + " of " + std::to_string(count) + " on " + target);
            }
          }
        }
      }
    }
  });
}

// Left and above come from the rows before; every pair of them with many above the left one.
TEST_CASE("png: every choice of Paeth") {
  for_each_target([](const std::string& target) {
    constexpr std::size_t kSize = 256;
    Row in(kSize + png::kUnfilterSlack), above(kSize + png::kUnfilterSlack), ours(kSize + png::kUnfilterSlack),
        plain(kSize);
    for (int left = 0; left < 256; ++left) {
      for (int first = 0; first < 256; first += 5) {
        for (std::size_t x = 0; x < kSize; ++x) {
          above[x] = static_cast<std::uint8_t>(x % 2 == 0 ? first : static_cast<int>(x) + left);
        }
        in[0] = static_cast<std::uint8_t>(left - first);
        png::unfilter(png::Filter::paeth, in.data(), above.data(), 1, kSize, ours.data());
        png::unfilter_plain(png::Filter::paeth, in.data(), above.data(), 1, kSize, plain.data());
        if (std::memcmp(ours.data(), plain.data(), kSize) != 0) fail("Paeth on " + target);
      }
    }
  });
}

TEST_CASE("png: samples") {
  for_each_target([](const std::string& target) {
    for (int n = 1; n < 300; n += n < 140 ? 1 : 37) {
      const auto size = static_cast<std::size_t>(n);
      constexpr auto kSlack = static_cast<std::size_t>(png::kSamplesSlack);
      Row in(4 * (size + kSlack)), ours(3 * (size + kSlack)), plain(3 * size);
      for (auto& value : in) value = static_cast<std::uint8_t>(next_random());
      const auto compare = [&](std::size_t bytes, const char* what) {
        if (std::memcmp(ours.data(), plain.data(), bytes) != 0) fail(std::string(what) + " on " + target);
      };
      png::first_of_two(in.data(), n, ours.data());
      png::first_of_two_plain(in.data(), n, plain.data());
      compare(size, "first_of_two");
      png::drop_alpha(in.data(), n, ours.data());
      png::drop_alpha_plain(in.data(), n, plain.data());
      compare(3 * size, "drop_alpha");
      png::spread_gray(in.data(), n, ours.data());
      png::spread_gray_plain(in.data(), n, plain.data());
      compare(3 * size, "spread_gray");
    }
  });
}

}  // namespace
