// Makes PNG files with zlib, as plainly as possible.
#include "tests/png_files.h"

#include <zlib.h>

#include <algorithm>
#include <string>

#include "core/decode.h"
#include "core/png/decode.h"
#include "tests/random.h"

namespace pixfeed::testing {
namespace {

int channels_of(int color) { return color == 2 ? 3 : color == 4 ? 2 : color == 6 ? 4 : 1; }

void add_number(File& file, std::size_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) file.push_back(static_cast<std::uint8_t>(value >> shift));
}

Scratch& scratch() {
  static Scratch kept;
  return kept;
}

}  // namespace

std::size_t row_bytes(const PngRecipe& recipe) {
  return (static_cast<std::size_t>(recipe.width * channels_of(recipe.color) * recipe.depth) + 7) / 8;
}

std::string describe(const PngRecipe& r) {
  return std::to_string(r.width) + "x" + std::to_string(r.height) + " color " + std::to_string(r.color) + " depth " +
         std::to_string(r.depth) + " filter " + std::to_string(r.filter) + " level " + std::to_string(r.level);
}

File deflated(const std::vector<std::uint8_t>& data, int level, bool fixed) {
  z_stream stream{};
  deflateInit2(&stream, level, Z_DEFLATED, MAX_WBITS, 8, fixed ? Z_FIXED : Z_DEFAULT_STRATEGY);
  File out(deflateBound(&stream, static_cast<uLong>(data.size())));
  stream.next_in = const_cast<Bytef*>(data.data());
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

void add_chunk(File& file, const char* name, const std::vector<std::uint8_t>& data) {
  add_number(file, data.size());
  const std::size_t begin = file.size();
  file.insert(file.end(), name, name + 4);
  file.insert(file.end(), data.begin(), data.end());
  add_number(file, ::crc32(0, file.data() + begin, static_cast<uInt>(file.size() - begin)));
}

std::vector<std::uint8_t> filtered_rows(const PngRecipe& recipe) {
  const std::size_t size = row_bytes(recipe);
  std::vector<std::uint8_t> rows;
  for (int y = 0; y < recipe.height; ++y) {
    rows.push_back(static_cast<std::uint8_t>(recipe.filter < 5 ? recipe.filter : static_cast<int>(next_random() % 5)));
    // Of a palette with fewer colors the lower numbers only.
    const int most = recipe.color == 3 && recipe.depth == 8 ? recipe.colors : 256;
    for (std::size_t x = 0; x < size; ++x) {
      const unsigned value = recipe.smooth ? next_random() % 8 / 7 : next_random();
      rows.push_back(static_cast<std::uint8_t>(value % static_cast<unsigned>(most)));
    }
  }
  return rows;
}

File make_png(const PngRecipe& recipe, const std::vector<std::uint8_t>& rows) {
  File file = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  std::vector<std::uint8_t> header;
  add_number(header, static_cast<std::size_t>(recipe.width));
  add_number(header, static_cast<std::size_t>(recipe.height));
  header.insert(header.end(),
                {static_cast<std::uint8_t>(recipe.depth), static_cast<std::uint8_t>(recipe.color), 0, 0, 0});
  add_chunk(file, "IHDR", header);
  if (recipe.color == 3) {
    std::vector<std::uint8_t> palette(3 * static_cast<std::size_t>(std::min(recipe.colors, 1 << recipe.depth)));
    for (std::size_t i = 0; i < palette.size(); ++i) palette[i] = static_cast<std::uint8_t>(37 * i);
    add_chunk(file, "PLTE", palette);
  }
  const File data = deflated(rows, recipe.level, recipe.fixed);
  for (std::size_t at = 0; at < data.size(); at += recipe.cut) {
    const auto begin = data.begin() + static_cast<std::ptrdiff_t>(at);
    add_chunk(file, "IDAT", {begin, begin + static_cast<std::ptrdiff_t>(std::min(recipe.cut, data.size() - at))});
  }
  add_chunk(file, "IEND", {});
  return file;
}

File make_png(const PngRecipe& recipe) { return make_png(recipe, filtered_rows(recipe)); }

void mend_sums(File& file) {
  const auto number = [&](std::size_t at) {
    return std::size_t{file[at]} << 24 | std::size_t{file[at + 1]} << 16 | std::size_t{file[at + 2]} << 8 |
           file[at + 3];
  };
  for (std::size_t at = 8; at + 12 <= file.size();) {
    const std::size_t size = number(at);
    if (size > file.size() - at - 12) return;
    const uLong sum = ::crc32(0, &file[at + 4], static_cast<uInt>(4 + size));
    for (std::size_t i = 0; i < 4; ++i) file[at + 8 + size + i] = static_cast<std::uint8_t>(sum >> (24 - 8 * i));
    at += 12 + size;
  }
}

Status libpng_decode(const File& file, const Request& request, bool strict, RowSink& sink) {
  DecodeOptions options;
  options.libpng = true;
  options.strict = strict;
  std::string note;
  return decode_png({file.data(), file.size()}, request, options, sink, scratch(), &note);
}

bool own_decode(const File& file, const Request& request, RowSink& sink) {
  const File bytes(file);  // of exactly this size, so that a sanitizer sees reads past the end
  return png::decode({bytes.data(), bytes.size()}, request, sink, scratch().codec) == png::Outcome::done;
}

}  // namespace pixfeed::testing
