// Our path for PNG beside libpng: files that it has to take, files that it has to leave alone, and starts of streams.
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "core/png/deflate.h"
#include "tests/check.h"
#include "tests/png_files.h"
#include "tests/random.h"

namespace {

using namespace pixfeed;
using namespace pixfeed::testing;

struct Kind {
  int color, depth;
};
constexpr Kind kKinds[] = {{0, 1}, {0, 2}, {0, 4}, {0, 8}, {0, 16}, {2, 8}, {2, 16}, {3, 1},
                           {3, 2}, {3, 4}, {3, 8}, {4, 8}, {4, 16}, {6, 8}, {6, 16}};

bool may_be_declined(const PngRecipe& recipe, const Request& request) {
  return request.gray && recipe.depth == 16 && (recipe.color & 2) != 0;
}

void check(const PngRecipe& recipe, const File& file, const Request& request, const Area& area) {
  Collector ours(recipe.width, recipe.height, area), reference(recipe.width, recipe.height, area);
  const std::string what = describe(recipe) + (request.gray ? " gray" : "");
  if (libpng_decode(file, request, false, reference) != Status::ok) return fail("libpng refuses " + what);
  if (own_decode(file, request, ours)) {
    if (!ours.same(reference.picture())) fail("other pixels of " + what);
  } else if (!may_be_declined(recipe, request)) {
    fail("declined: " + what);
  }
}

void check(const PngRecipe& recipe) {
  const File file = make_png(recipe);
  for (const bool gray : {false, true}) {
    check(recipe, file, {gray, 1, true}, {0, 0, recipe.width, recipe.height});
    const int x = static_cast<int>(next_random()) % recipe.width, y = static_cast<int>(next_random()) % recipe.height;
    check(recipe, file, {gray, 1, false}, {x, y, (recipe.width - x + 1) / 2, (recipe.height - y + 1) / 2});
  }
}

TEST_CASE("png: every color type, depth and filter") {
  for (const auto& [color, depth] : kKinds) {
    for (int filter = 0; filter <= 5; ++filter) {
      for (int side = 1; side <= 33; side += kSanitized ? 4 : 1) {
        PngRecipe recipe{side, 34 - side, color, depth, filter};
        recipe.cut = side % 3 == 0 ? 7 : 1 << 16;
        check(recipe);
      }
    }
  }
}

TEST_CASE("png: large pictures, and regions of them") {
  for (const auto& [color, depth] : kKinds) {
    for (const int level : {0, 1, 9}) {
      PngRecipe recipe{301, 403, color, depth, 5, level};
      recipe.smooth = level == 9;
      recipe.fixed = level == 1;
      recipe.cut = 8192;
      check(recipe);
    }
  }
}

TEST_CASE("png: 16 bits, whole and in part") {
  for (const int color : {0, 2, 4, 6}) {
    const File file = make_png({37, 23, color, 16});
    for (const bool whole : {true, false}) {
      const Area crop = whole ? Area{0, 0, 37, 23} : Area{5, 3, 11, 9};
      const std::vector<std::uint16_t> own = own_wide(file, false, whole, crop);
      CHECK(!own.empty());
      CHECK(own == libpng_wide(file, whole, crop));
    }
  }
}

TEST_CASE("png: the start of a stream") {
  for (int round = 0; round < 60; ++round) {
    PngRecipe recipe{400, 400, 2, 8, 5, round % 3 == 0 ? 0 : 6};
    recipe.smooth = round % 3 == 1;
    const std::vector<std::uint8_t> rows = filtered_rows(recipe);
    const File data = deflated(rows, recipe.level, round % 2 != 0);
    const std::size_t wanted = 1 + next_random() % rows.size();
    std::vector<std::uint8_t> out(wanted + png::kInflateSlack);
    if (!png::inflate_start(data.data(), data.size(), out.data(), wanted)) fail("the start is not there");
    if (std::memcmp(out.data(), rows.data(), wanted) != 0) fail("other bytes at the start");
  }
}

TEST_CASE("png: numbers outside the palette") {
  for (const int colors : {1, 3, 200}) {
    PngRecipe recipe{37, 20, 3, 8, 0};
    std::vector<std::uint8_t> rows = filtered_rows(recipe);
    recipe.colors = colors;
    check(recipe, make_png(recipe, rows), {}, {0, 0, 37, 20});
  }
}

// The chunks of a small RGB file, its header and data.
File with(const char* name, const std::vector<std::uint8_t>& chunk, bool before_data) {
  const File good = make_png({4, 4});
  File file(good.begin(), good.begin() + 33);
  const auto end = good.end() - 12;
  if (before_data) add_chunk(file, name, chunk);
  file.insert(file.end(), good.begin() + 33, end);
  if (!before_data) add_chunk(file, name, chunk);
  file.insert(file.end(), end, good.end());
  return file;
}

bool declines(const File& file, const Request& request = {}) {
  Collector sink(4, 4);
  return !own_decode(file, request, sink);
}

TEST_CASE("png: what is left to libpng") {
  CHECK(!declines(make_png({4, 4})));
  CHECK(!declines(with("tEXt", {1}, true)));
  CHECK(!declines(with("gAMA", {0, 0, 177, 143}, true)));
  CHECK(declines(with("gAMA", {0, 0, 177, 143}, true), {true, 1, true}));
  CHECK(declines(with("CRIT", {1}, true)));
  CHECK(declines(with("IDAT", {}, false)));
  CHECK(declines(with("IDAT", {1}, false)));
  CHECK(declines(with("IHDR", {1}, false)));

  File file = make_png({4, 4});
  file[8 + 8 + 12] = 1;  // interlaced
  mend_sums(file);
  CHECK(declines(file));
  file = make_png({4, 4});
  file[file.size() - 1] ^= 1;  // the checksum of IEND
  CHECK(declines(file));
  file = make_png({4, 4});
  file[file.size() - 12 - 4 - 1] ^= 1;  // zlib's
  mend_sums(file);
  CHECK(declines(file));
  for (const std::size_t size : {51U, 53U}) {  // a byte too few, or too many
    std::vector<std::uint8_t> rows(size);
    CHECK(declines(make_png({4, 4}, rows)));
  }
  std::vector<std::uint8_t> rows(52);
  rows[13] = 5;  // no filter
  CHECK(declines(make_png({4, 4}, rows)));

  // A window that the distances may not fit into.
  file = make_png({4, 200, 2, 8, 0});
  const auto data = std::search(file.begin(), file.end(), "IDAT", "IDAT" + 4) + 4;
  data[0] = 0x08, data[1] = 0x1D;  // 256 bytes
  mend_sums(file);
  Collector sink(4, 200);
  CHECK(!own_decode(file, {}, sink));
}

}  // namespace
