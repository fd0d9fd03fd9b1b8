// csrc/core/webp_color on every CPU target against its plain twin.
#include <cstring>
#include <vector>

#include "core/webp_color.h"
#include "tests/check.h"
#include "tests/random.h"

namespace {

using namespace pixfeed;
using namespace pixfeed::testing;

TEST_CASE("webp: luma and chroma to R G B") {
  for_each_target([](const char* target) {
    for (int n = 1; n < 200; ++n) {
      // Even lengths have any values, odd ones those at the ends, where something may overflow.
      const int columns = (n + 1) / 2 + 2;
      const auto any = [n](int count) {
        std::vector<std::uint8_t> row(static_cast<std::size_t>(count + kYuvSlack));
        for (auto& value : row) {
          value = static_cast<std::uint8_t>(n % 2 == 0 ? next_random() : (next_random() % 2 == 0 ? 255 : 0));
        }
        return row;
      };
      const auto y = any(n), u = any(columns), v = any(columns), other_u = any(columns), other_v = any(columns);
      const YuvRow row{y.data(), {u.data() + 1, other_u.data() + 1}, {v.data() + 1, other_v.data() + 1}};
      const auto size = static_cast<std::size_t>(3 * n);
      std::vector<std::uint8_t> ours(size + 3 * kYuvSlack), plain(size);
      yuv_to_rgb(row, n, ours.data());
      yuv_to_rgb_plain(row, n, plain.data());
      EXPECT(std::memcmp(ours.data(), plain.data(), size) == 0, "%s: %d pixels", target, n);
    }
  });
}

}  // namespace
