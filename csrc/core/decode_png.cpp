// The only file that includes png.h, and zlib.h for its version.
#include "core/decode.h"

#include <png.h>
#include <zlib.h>

#include <cmath>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <optional>

#include "core/png/chunks.h"
#include "core/png/decode.h"
#include "core/png/deflate.h"

namespace pixfeed {
namespace {

constexpr int kSignature = 8;          // bytes
constexpr std::size_t kColorType = 9;  // where it stands in the header

// Everything the callbacks and the jump need. Trivial, so that longjmp may leave any frame that holds one.
struct Reader {
  PngChunks chunks;                    // of the file, up to the one that is being read
  const std::uint8_t* next = nullptr;  // in that one
  std::size_t left = 0;                // bytes of it
  bool palette = false;                // pixels are numbers of colors
  bool begun = false, ended = false;   // the first run of IDAT chunks
  bool truncated = false;
  bool warned = false;    // about something that pixels depend on
  bool complete = false;  // all rows were read
  png_structp png = nullptr;
  png_infop info = nullptr, end = nullptr;
  std::jmp_buf escape{};
  char note[200] = "";
};

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  Reader& reader = *static_cast<Reader*>(png_get_error_ptr(png));
  std::snprintf(reader.note, sizeof(reader.note), "%s", message);
  std::longjmp(reader.escape, 1);
}

// What is wrong with the sBIT chunk, which libpng names first, is no reason to refuse the picture.
void on_warning(png_structp png, png_const_charp message) {
  Reader& reader = *static_cast<Reader*>(png_get_error_ptr(png));
  if (reader.warned || std::strncmp(message, "sBIT:", 5) == 0) return;
  reader.warned = true;
  std::snprintf(reader.note, sizeof(reader.note), "%s", message);
}

// Whether pixels depend on a chunk. Others are not shown to libpng, so that it neither minds what is wrong with them nor
// sees in them what only some of its versions see: the gamma of a profile, the frames of an animation.
bool matters(const PngChunk& chunk, bool palette) {
  const bool critical = (chunk.name[0] & 0x20) == 0;
  return chunk.is("PLTE") ? palette : critical || chunk.is("sBIT");  // which rounds 16-bit gray
}

// libpng reads a chunk's length and name, its data and its checksum one by one. The data of a picture ends with the first
// chunk that is no IDAT, which libpng may not be shown: it is not shown the rest of them either.
void on_read(png_structp png, png_bytep out, std::size_t size) {
  Reader& reader = *static_cast<Reader*>(png_get_io_ptr(png));
  while (reader.left == 0) {
    const std::optional<PngChunk> chunk = reader.chunks.next();
    if (!chunk) break;
    const bool data = chunk->is("IDAT");
    reader.ended = reader.ended || (reader.begun && !data);
    reader.begun = reader.begun || data;
    if (!matters(*chunk, reader.palette) || (data && reader.ended)) continue;
    reader.next = chunk->name - 4;
    reader.left = 4 + 4 + chunk->size + 4;
  }
  if (size > reader.left) {
    reader.truncated = true;
    png_error(png, "the data ends before the picture does");
  }
  std::memcpy(out, reader.next, size);
  reader.next += size;
  reader.left -= size;
}

// The gamma that libpng 1.6.58 takes from a file, the version inside OpenCV 5.0; in 1/100,000, 0 for none.
png_fixed_point gamma_of(Bytes file) {
  constexpr png_fixed_point kOfSrgb = 45455;
  std::optional<png_fixed_point> gamma;  // of the first gAMA chunk, whatever it says
  PngChunks chunks(file);
  while (const std::optional<PngChunk> chunk = chunks.next()) {
    const bool palette = chunk->is("PLTE") && chunk->size % 3 == 0 && chunk->size <= 3 * PNG_MAX_PALETTE_LENGTH;
    if (palette || chunk->is("IDAT")) break;  // what follows stands too late
    if (chunk->is("sRGB") && chunk->size == 1 && chunk->data[0] < PNG_sRGB_INTENT_LAST && chunk->sound())
      return kOfSrgb;
    if (!gamma && chunk->is("gAMA") && chunk->size == 4 && chunk->number(0) <= PNG_UINT_31_MAX && chunk->sound()) {
      gamma = static_cast<png_fixed_point>(chunk->number(0));
    }
  }
  return gamma.value_or(0);
}

// It makes no sense, and libpng's interface refuses it (since 1.6.47, below 0.01 and above 100). What the libpng inside
// OpenCV makes of such a chunk can then not be said.
bool is_beyond_libpng(png_fixed_point gamma) { return gamma > 0 && (gamma < 1000 || gamma > 10000000); }

// Gray is made of light, as IMREAD_GRAYSCALE has it, where the file tells how bright its numbers are. The screen is one
// that shows them as they are.
void set_gray(png_structp png, png_fixed_point gamma) {
  png_set_rgb_to_gray(png, 1, 0.299, 0.587);  // 1: no warning
  if (gamma <= 0 || is_beyond_libpng(gamma)) return;
  png_set_gamma_fixed(png, static_cast<png_fixed_point>(std::floor(1e10 / gamma + 0.5)), gamma);
}

// Every transformation that OpenCV asks libpng for with IMREAD_COLOR, but in the order R, G, B; or IMREAD_GRAYSCALE.
void set_transformations(png_structp png, int color_type, int depth, bool gray, Bytes file) {
  if (depth == 16) png_set_strip_16(png);
  png_set_strip_alpha(png);
  if (color_type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
  if ((color_type & PNG_COLOR_MASK_COLOR) == 0) {
    if (depth < 8) png_set_expand_gray_1_2_4_to_8(png);
    if (!gray) png_set_gray_to_rgb(png);
  }
  if (gray && (color_type & PNG_COLOR_MASK_COLOR) != 0) set_gray(png, gamma_of(file));
}

// The frame that longjmp comes back to: every local is trivial.
Status run(Reader& reader, Bytes bytes, const Request& request, RowSink& sink, Buffer& buffer) {
  const bool gray = request.gray;
  if (setjmp(reader.escape) != 0) {
    // For the libpng inside OpenCV a damaged end is worth a warning.
    const bool harmless = reader.complete && !reader.truncated && std::strncmp(reader.note, "IEND:", 5) == 0;
    if (harmless) reader.warned = true;
    return harmless ? Status::ok : reader.truncated ? Status::truncated : Status::corrupt;
  }
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, on_error, on_warning);
  if (reader.png == nullptr) return Status::out_of_memory;
  reader.info = png_create_info_struct(reader.png);
  reader.end = png_create_info_struct(reader.png);
  if (reader.info == nullptr || reader.end == nullptr) return Status::out_of_memory;
  png_set_read_fn(reader.png, &reader, on_read);
  png_set_sig_bytes(reader.png, kSignature);
  // The limit on pixels was checked before; libpng's own limit on a side (1,000,000) would refuse what OpenCV reads.
  png_set_user_limits(reader.png, 0x7FFFFFFF, 0x7FFFFFFF);
  png_read_info(reader.png, reader.info);
  png_uint_32 width = 0, height = 0;
  int depth = 0, color_type = 0, interlace = 0;
  png_get_IHDR(reader.png, reader.info, &width, &height, &depth, &color_type, &interlace, nullptr, nullptr);
  if (!sink.begin(static_cast<int>(width), static_cast<int>(height))) return Status::corrupt;
  set_transformations(reader.png, color_type, depth, gray, bytes);
  const int passes = png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  const std::size_t stride = png_get_rowbytes(reader.png, reader.info);
  const std::size_t channels = gray ? 1 : 3;
  if (stride != channels * width) return Status::unsupported;

  // An interlaced picture comes in seven passes over all rows, so all of them have to be kept.
  const std::size_t kept = passes > 1 ? height : 1;
  std::uint8_t* rows = buffer.get(kept * stride + std::size_t{3} * width);
  if (rows == nullptr) return Status::out_of_memory;
  std::uint8_t* const spread = rows + kept * stride;  // one gray row as R G B
  const Area area = sink.area();
  const png_uint_32 end = request.whole || passes > 1 ? height : static_cast<png_uint_32>(area.bottom());
  for (int pass = 0; pass < passes; ++pass) {
    for (png_uint_32 y = 0; y < end; ++y) {
      std::uint8_t* row = rows + (passes > 1 ? y * stride : 0);
      png_read_row(reader.png, row, nullptr);
      if (pass + 1 != passes || !sink.needs(static_cast<int>(y))) continue;
      row += static_cast<std::ptrdiff_t>(channels) * area.x;
      if (gray) {
        gray_to_rgb(row, area.width, spread);
        row = spread;
      }
      sink.put_row(static_cast<int>(y), row);
    }
  }
  reader.complete = true;
  if (end == height) png_read_end(reader.png, reader.end);
  return Status::ok;
}

}  // namespace

Status decode_png(Bytes bytes, const Request& request, const DecodeOptions& options, RowSink& sink, Scratch& scratch,
                  std::string* note) {
  if (!options.libpng && png::decode(bytes, request, sink, scratch.codec) == png::Outcome::done) {
    return Status::ok;
  }
  const std::optional<PngChunk> header = PngChunks(bytes).next();
  if (!header || !header->is("IHDR") || header->size <= kColorType) {
    *note = "the header is not the first chunk";
    return Status::corrupt;
  }
  const int color = header->data[kColorType];
  if (options.defer && request.gray && (color & PNG_COLOR_MASK_COLOR) != 0 && is_beyond_libpng(gamma_of(bytes))) {
    *note = "its gamma makes no sense";
    return Status::unsupported;
  }
  Reader reader{PngChunks(bytes)};
  reader.palette = color == PNG_COLOR_TYPE_PALETTE;
  Status status = run(reader, bytes, request, sink, scratch.codec);
  png_destroy_read_struct(&reader.png, &reader.info, &reader.end);
  if (status == Status::ok && options.strict && reader.warned) status = Status::corrupt;
  if (status != Status::ok) *note = reader.note;
  return status;
}

std::string png_version() {
  return std::string("libpng ") + png_get_libpng_ver(nullptr) + ", " + png::deflate_version();
}

std::string inflate_version() {
#ifdef ZLIBNG_VERSION
  return "zlib-ng " ZLIBNG_VERSION;
#else
  return std::string("zlib ") + zlibVersion();
#endif
}

}  // namespace pixfeed
