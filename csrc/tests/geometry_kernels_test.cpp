// Warped and mirrored rows: every SIMD kernel on every CPU target against its plain twin. Buffers have exactly the size
// that is allowed, so an address sanitizer sees a byte too far.
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/steps/geometry_kernels.h"
#include "tests/check.h"
#include "tests/random.h"

namespace {

using namespace pixfeed::kernels;
using namespace pixfeed::testing;

double uniform(double low, double high) { return low + (high - low) * (random_bits() / 4294967296.0); }
int below(int n) { return static_cast<int>(random_bits() % static_cast<unsigned>(n)); }

struct Picture {
  explicit Picture(int width, int height)
      : pixels(bytes(3 * width * height + kWarpSlack)), view{pixels.data(), width, height, std::ptrdiff_t{3} * width} {}

  std::vector<std::uint8_t> pixels;
  pixfeed::ImageView view;
};

// Turned, scaled and moved, so that something of it is seen; now and then by numbers that are exact in few bits.
Mapping some_mapping(int width, int height, int repeat) {
  const double angle = uniform(-4, 4), scale = uniform(0.3, 3);
  Mapping mapping{{scale * std::cos(angle), scale * std::sin(angle), uniform(-0.5, 0.9) * width,
                   -scale * std::sin(angle), scale * std::cos(angle), uniform(-0.5, 0.9) * height, 0, 0},
                  repeat % 2 == 1};
  if (mapping.perspective) {
    mapping.a[6] = uniform(-0.02, 0.02);
    mapping.a[7] = uniform(-0.02, 0.02);
  }
  if (repeat % 3 == 0) {
    for (int i = 0; i < 6; ++i) mapping.a[i] = std::round(4 * mapping.a[i]) / 4;
  }
  return mapping;
}

TEST_CASE("warping: rows") {
  for_each_target([](const char* target) {
    for (int repeat = 0; repeat < (kSanitized ? 300 : 3000); ++repeat) {
      const Picture picture(1 + below(repeat % 2 == 0 ? 6 : 70), 1 + below(repeat % 5 == 0 ? 6 : 70));
      const Mapping mapping = some_mapping(picture.view.width, picture.view.height, repeat);
      const Filter filter = repeat % 7 < 2 ? Filter::nearest : repeat % 7 < 4 ? Filter::bilinear : Filter::bicubic;
      const auto fill = bytes(3);
      const int width = 1 + below(90), y = below(90);
      auto made = bytes(3 * width), plain = made;
      warp_row(picture.view, mapping, filter, fill.data(), y, width, made.data());
      warp_row_plain(picture.view, mapping, filter, fill.data(), y, width, plain.data());
      EXPECT(made == plain, "%s: filter %d, %d x %d pixels to %d, case %d", target, static_cast<int>(filter),
             picture.view.width, picture.view.height, width, repeat);
    }
  });
}

TEST_CASE("warping: pixels along a line") {
  for_each_target([](const char* target) {
    for (int repeat = 0; repeat < 1000; ++repeat) {
      const Picture picture(1 + below(90), 1 + below(90));
      const int n = 1 + below(kLongest);
      const auto line = [&](int side) {  // from one place inside to another
        const std::int32_t begin = below(side << 16), end = below(side << 16);
        return std::pair(begin, n == 1 ? (1 << 30) : (end - begin) / (n - 1));
      };
      const auto [x, dx] = line(picture.view.width);
      const auto [y, dy] = line(picture.view.height);
      auto made = bytes(3 * n), plain = made;
      copy_along(picture.view, x, y, dx, dy, n, made.data());
      copy_along_plain(picture.view, x, y, dx, dy, n, plain.data());
      EXPECT(made == plain, "%s: %d pixels, case %d", target, n, repeat);
    }
  });
}

TEST_CASE("rows in reverse order") {
  for_each_target([](const char* target) {
    for (int n = 1; n <= kLongest; ++n) {
      const Picture row(n, 1);
      auto made = bytes(3 * n), plain = made;
      reverse(row.view.data, n, made.data());
      reverse_plain(row.view.data, n, plain.data());
      EXPECT(made == plain, "%s: %d pixels", target, n);
    }
  });
}

}  // namespace
