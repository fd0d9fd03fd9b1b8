// libFuzzer: whatever csrc/core/png says is done, with 8 bits or (csrc/core/wide) with 16, must be, pixel by pixel, what
// libpng gives, and libpng must have nothing to say against it. The first byte says what the others are: a file; a file
// whose checksums are put right first; or filtered rows, from which a file is made.
//   png_corpus --seeds corpus && ./png_fuzz -max_len=4096 corpus
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "core/png/chunks.h"
#include "tests/png_files.h"

namespace {

using namespace pixfeed;
using namespace pixfeed::testing;

constexpr int kMaxSide = 1 << 12;      // pixels
constexpr long kMaxPixels = 1L << 15;  // larger ones only take longer

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "png_fuzz: %s\n", what);
  std::abort();
}

// The bytes of the input, one after the other, then zeros.
class Choices {
 public:
  Choices(const std::uint8_t* bytes, std::size_t size) : at_(bytes), end_(bytes + size) {}
  int below(int n) { return at_ == end_ ? 0 : *at_++ % n; }
  std::vector<std::uint8_t> rest() const { return {at_, end_}; }

 private:
  const std::uint8_t *at_, *end_;
};

File made_of(Choices& choices) {
  constexpr std::pair<int, int> kKinds[] = {{0, 1}, {0, 2}, {0, 4}, {0, 8}, {0, 16}, {2, 8}, {2, 16}, {3, 1},
                                            {3, 2}, {3, 4}, {3, 8}, {4, 8}, {4, 16}, {6, 8}, {6, 16}};
  const auto [color, depth] = kKinds[choices.below(15)];
  PngRecipe recipe{1 + choices.below(40), 1 + choices.below(40), color, depth};
  recipe.colors = 1 + choices.below(256);
  recipe.level = choices.below(3);
  recipe.cut = static_cast<std::size_t>(1 + choices.below(200));
  std::vector<std::uint8_t> rows = choices.rest();
  // As many bytes as there have to be, but for one input in 16.
  const std::size_t filtered = 1 + row_bytes(recipe);
  if (rows.size() % 16 != 15) rows.resize(filtered * static_cast<std::size_t>(recipe.height));
  for (std::size_t at = 0; at < rows.size(); at += filtered) {
    if (rows[at] != 255) rows[at] %= 5;
  }
  return make_png(recipe, rows);
}

void compare(const File& file, const Request& request, bool strict, int width, int height, const Area& area) {
  Collector own(width, height, area), reference(width, height, area);
  if (!own_decode(file, request, own)) return;
  if (libpng_decode(file, request, strict, reference) != Status::ok) die("done, where libpng fails");
  if (!own.same(reference.picture())) die("different pixels");
}

void compare_wide(const File& file, bool gray, bool whole, const Area& area) {
  const std::vector<std::uint16_t> own = own_wide(file, gray, whole, area);
  if (own.empty()) return;
  const std::vector<std::uint16_t> reference = libpng_wide(file, whole, area);
  if (reference.empty()) die("16 bits are done, where libpng fails");
  if (own != reference) die("different pixels of 16 bits");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  Choices choices(bytes, size);
  const int kind = choices.below(3), asked = choices.below(256);
  File file = kind == 2 ? made_of(choices) : choices.rest();
  if (kind == 1) mend_sums(file);
  const auto header = PngChunks({file.data(), file.size()}).next();
  if (!header || header->size < 8) return 0;
  const std::uint32_t width = header->number(0), height = header->number(4);
  if (width - 1 >= kMaxSide || height - 1 >= kMaxSide || static_cast<long>(width) * height > kMaxPixels) return 0;
  const int w = static_cast<int>(width), h = static_cast<int>(height);
  const bool gray = (asked & 1) != 0;
  compare(file, {gray, 1, true}, (asked & 2) != 0, w, h, {0, 0, w, h});
  const Area part{w * (asked >> 2 & 3) / 4, h * (asked >> 4 & 3) / 4, 1 + (w - 1) / 4, 1 + (h - 1) / 4};
  compare_wide(file, gray, true, {0, 0, w, h});
  if (part.right() > w || part.bottom() > h) return 0;
  compare(file, {gray, 1, false}, false, w, h, part);
  compare_wide(file, gray, false, part);
  return 0;
}
