// PNG files that the tests and the fuzzer make, and our path beside libpng's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/request.h"
#include "core/status.h"
#include "tests/collector.h"

namespace pixfeed::testing {

using File = std::vector<std::uint8_t>;

// A file of random samples to make.
struct PngRecipe {
  int width = 1, height = 1;
  int color = 2, depth = 8;   // as IHDR has them
  int filter = 5;             // of every row; 5: another one each
  int level = 6;              // of zlib's; 0: stored
  bool fixed = false;         // without code tables
  std::size_t cut = 1 << 16;  // bytes of data in an IDAT chunk, at most
  int colors = 256;           // of the palette, at most
  bool smooth = false;        // instead of random
};

std::string describe(const PngRecipe& recipe);
std::size_t row_bytes(const PngRecipe& recipe);  // without the filter's number
std::vector<std::uint8_t> filtered_rows(const PngRecipe& recipe);
File make_png(const PngRecipe& recipe, const std::vector<std::uint8_t>& rows);
File make_png(const PngRecipe& recipe);
void add_chunk(File& file, const char* name, const std::vector<std::uint8_t>& data);
File deflated(const std::vector<std::uint8_t>& data, int level, bool fixed);

// Checksums of all chunks put right.
void mend_sums(File& file);

// By libpng alone.
Status libpng_decode(const File& file, const Request& request, bool strict, RowSink& sink);

// By our own path alone; false if it declines.
bool own_decode(const File& file, const Request& request, RowSink& sink);

// The crop of a file of 16 bits a sample, by our own path: gray, or R, G, B. Empty if it declines.
std::vector<std::uint16_t> own_wide(const File& file, bool gray, bool whole, const Area& crop);

// Its rows down to the crop's end, or all, by libpng alone, and of these the crop. Empty if libpng fails.
std::vector<std::uint16_t> libpng_wide(const File& file, bool whole, const Area& crop);

}  // namespace pixfeed::testing
