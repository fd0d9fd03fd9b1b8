// Makes PNG files with zlib, as plainly as possible.
#include "tests/png_files.h"

#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <string>

#include "core/decode.h"
#include "core/png/decode.h"
#include "core/wide/decode.h"
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

// What is left of a file, as libpng asks for it.
struct Rest {
  const std::uint8_t *at, *end;
};

void read_rest(png_structp png, png_bytep out, std::size_t size) {
  Rest& rest = *static_cast<Rest*>(png_get_io_ptr(png));
  if (size > static_cast<std::size_t>(rest.end - rest.at)) png_error(png, "the file is cut off");
  std::memcpy(out, rest.at, size);
  rest.at += size;
}

void ignore(png_structp, png_const_charp) {}

// Packed rows without alpha, from the top down to `rows`; `out` is sized before. The frame that longjmp comes back to.
bool read_rows(png_structp png, png_infop info, Rest& rest, bool whole, int rows, std::vector<std::uint8_t>& out) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_read_fn(png, &rest, read_rest);
  rest.at += 8;  // the signature, which nobody minds
  png_set_sig_bytes(png, 8);
  png_set_user_limits(png, 0x7FFFFFFF, 0x7FFFFFFF);
  png_read_info(png, info);
  png_set_strip_alpha(png);
  png_read_update_info(png, info);
  const std::size_t stride = png_get_rowbytes(png, info);
  const int height = static_cast<int>(png_get_image_height(png, info)), count = whole ? height : rows;
  out.resize(stride * static_cast<std::size_t>(height));
  for (int y = 0; y < count; ++y) png_read_row(png, &out[stride * static_cast<std::size_t>(y)], nullptr);
  if (whole) png_read_end(png, nullptr);
  return true;
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

std::vector<std::uint16_t> own_wide(const File& file, bool gray, bool whole, const Area& crop) {
  const File bytes(file);
  wide::Picture picture;
  if (!wide::decode_png({bytes.data(), bytes.size()}, gray, whole, crop, scratch().codec, scratch().upright, picture)) {
    return {};
  }
  return {picture.data, picture.row(picture.height)};
}

std::vector<std::uint16_t> libpng_wide(const File& file, bool whole, const Area& crop) {
  Rest rest{file.data(), file.data() + file.size()};
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, ignore);
  png_infop info = png_create_info_struct(png);
  std::vector<std::uint8_t> rows;
  std::vector<std::uint16_t> out;
  if (read_rows(png, info, rest, whole, crop.bottom(), rows)) {
    const int channels = png_get_channels(png, info);
    const std::size_t stride = png_get_rowbytes(png, info);
    for (int y = crop.y; y < crop.bottom(); ++y) {
      const std::uint8_t* in = &rows[stride * static_cast<std::size_t>(y)] + std::ptrdiff_t{2} * channels * crop.x;
      for (int i = 0; i < channels * crop.width; ++i, in += 2) {
        out.push_back(static_cast<std::uint16_t>(in[0] << 8 | in[1]));
      }
    }
  }
  png_destroy_read_struct(&png, &info, nullptr);
  return out;
}

}  // namespace pixfeed::testing
