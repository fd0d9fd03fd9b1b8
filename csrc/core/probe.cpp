// Header fields of JPEG, PNG and WebP files, read without a codec.
#include "core/probe.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>
#include <utility>

#include "core/exif.h"
#include "core/png/chunks.h"

namespace pixfeed {
namespace {

unsigned be16(const std::uint8_t* p) { return p[0] << 8 | p[1]; }

bool starts_with(Bytes bytes, const char* magic, std::size_t n) {
  return bytes.size >= n && std::memcmp(bytes.data, magic, n) == 0;
}

bool is_frame_header(unsigned marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

// Segments that libjpeg passes over: application data, comments, DNL. One that is too short is an empty one to it.
bool is_passed_over(unsigned marker) { return (marker >= 0xE0 && marker <= 0xEF) || marker == 0xFE || marker == 0xDC; }

bool is_table(unsigned marker) {
  return marker == 0xC4 || marker == 0xC8 || marker == 0xCC || marker == 0xDB || marker == 0xDD;
}

// Walks the marker segments up to the first scan (ITU-T T.81, B.1.1.4), with libjpeg's patience. The first frame header
// counts, and the first Exif segment that has an orientation.
void probe_jpeg(Bytes bytes, Header& header) {
  header.format = Format::jpeg;
  header.status = Status::truncated;  // until a frame header and a scan have been seen
  bool framed = false;
  int orientation = 0;
  std::size_t at = 2;
  while (at + 2 <= bytes.size) {
    const unsigned marker = bytes.data[at + 1];
    if (bytes.data[at] != 0xFF || marker == 0xFF) {  // what stands between segments is skipped, and fill bytes
      ++at;
      continue;
    }
    if (marker == 0x00 || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD7)) {  // no segment follows
      at += 2;
      continue;
    }
    const bool frame = is_frame_header(marker), passed_over = is_passed_over(marker);
    if (marker == 0xDA) {
      header.status = framed ? Status::ok : Status::corrupt;
      break;
    }
    if ((frame && framed) || (!frame && !passed_over && !is_table(marker))) {
      header.status = Status::corrupt;
      break;
    }
    if (at + 4 > bytes.size) break;
    const std::uint8_t* segment = bytes.data + at + 4;
    const std::size_t length = be16(bytes.data + at + 2);
    if (length < (frame ? 8U : passed_over ? 0U : 2U)) {
      header.status = Status::corrupt;
      break;
    }
    const std::size_t size = length < 2 ? 0 : length - 2;
    if (size > bytes.size - at - 4) break;
    if (frame) {
      header.height = static_cast<int>(be16(segment + 1));
      header.width = static_cast<int>(be16(segment + 3));
      header.samples = segment[5] == 1   ? Samples::gray
                       : segment[5] == 3 ? Samples::rgb
                       : segment[5] == 4 ? Samples::cmyk
                                         : Samples::unknown;
      header.depth = segment[0];
      framed = true;
    } else if (marker == 0xE1 && orientation == 0 && size > 6 && std::memcmp(segment, "Exif\0\0", 6) == 0) {
      orientation = exif_orientation(segment + 6, size - 6);
    }
    at += 4 + size;
  }
  if (orientation != 0) header.orientation = orientation;
}

// Reads the depth and the color type of a PNG. Bits per pixel, 0 if the IHDR chunk makes no sense.
int read_samples(const PngChunk& ihdr, Header& header) {
  static constexpr struct {
    Samples samples;
    int channels;
  } kTypes[] = {{Samples::gray, 1},       {Samples::unknown, 0}, {Samples::rgb, 3},      {Samples::palette, 1},
                {Samples::gray_alpha, 2}, {Samples::unknown, 0}, {Samples::rgb_alpha, 4}};
  const std::uint8_t depth = ihdr.data[8], color = ihdr.data[9];
  if (color >= std::size(kTypes) || depth > 16) return 0;
  header.samples = kTypes[color].samples;
  header.depth = header.samples == Samples::unknown ? 0 : depth;
  return depth * kTypes[color].channels;
}

// libpng's limit in OpenCV; sides of JPEG and WebP are always less. A float32 is exact for what is computed with them.
constexpr int kMaxSide = 1'000'000;

// Deflate makes at most 1032 bytes of one (RFC 1951: 258 bytes by two codes of one bit each).
constexpr std::int64_t kMostInflated = 1032;

// The first eXIf chunk that libpng takes counts, wherever it stands. A picture that cannot be in the IDAT chunks is
// refused here: memory for it would be taken before the first row fails.
void probe_png(Bytes bytes, Header& header) {
  header.format = Format::png;
  header.status = Status::truncated;  // until IEND has been seen
  bool oriented = false;
  std::int64_t data = 0;
  int depth = 0;
  PngChunks chunks(bytes);
  while (const std::optional<PngChunk> chunk = chunks.next()) {
    if (chunk->is("IEND")) {
      const std::int64_t pixels = std::int64_t{header.width} * header.height;
      header.status = depth > 0 && pixels / 8 > kMostInflated * data / depth ? Status::corrupt : Status::ok;
      return;
    }
    if (chunk->is("IDAT")) data += static_cast<std::int64_t>(chunk->size);
    if (chunk->is("IHDR") && chunk->size == 13 && chunk->sound()) {
      // A side of more than 31 bits makes no sense; it becomes 0, which is refused below.
      const std::uint32_t width = chunk->number(0), height = chunk->number(4);
      header.width = width >> 31 != 0 ? 0 : static_cast<int>(width);
      header.height = height >> 31 != 0 ? 0 : static_cast<int>(height);
      depth = read_samples(*chunk, header);
    } else if (!oriented && chunk->is("eXIf") && chunk->size >= 4 &&
               (std::memcmp(chunk->data, "II*\0", 4) == 0 || std::memcmp(chunk->data, "MM\0*", 4) == 0) &&
               chunk->sound()) {
      header.orientation = std::max(exif_orientation(chunk->data, chunk->size), 1);
      oriented = true;
    }
  }
}

unsigned le16(const std::uint8_t* p) { return p[0] | p[1] << 8; }
unsigned le24(const std::uint8_t* p) { return le16(p) | p[2] << 16; }
std::uint32_t le32(const std::uint8_t* p) { return le16(p) | std::uint32_t{le16(p + 2)} << 16; }

// The chunks of a RIFF container (RFC 9649), as long as each ends before the container and the file do.
class RiffChunks {
 public:
  struct Chunk {
    const std::uint8_t *name, *data;
    std::size_t size;
    bool is(const char* other) const { return std::memcmp(name, other, 4) == 0; }
  };

  explicit RiffChunks(Bytes file) : file_(file), size_(std::size_t{8} + le32(file.data + 4)) {}
  bool cut_off() const { return size_ > file_.size; }
  bool at_end() const { return at_ == size_; }

  std::optional<Chunk> next() {
    const std::size_t end = std::min(size_, file_.size);
    if (end < at_ + 8) return std::nullopt;
    const std::uint8_t* begin = file_.data + at_;
    const Chunk chunk{begin, begin + 8, le32(begin + 4)};
    if (chunk.size > end - at_ - 8) return std::nullopt;
    at_ += 8 + chunk.size + (chunk.size & 1);
    return chunk;
  }

 private:
  Bytes file_;
  std::size_t size_;
  std::size_t at_ = 12;  // after "RIFF", the size and "WEBP"
};

// Of the first EXIF chunk, before or after the picture, if libwebp's demuxer finds it: in a container with one header and
// one picture, and whole chunks to its end. 0 otherwise.
int webp_orientation(Bytes bytes) {
  constexpr std::size_t kAnimationHeader = 6;  // bytes
  RiffChunks chunks(bytes);
  std::optional<int> orientation;
  bool alpha = false, pictured = false, after = false;
  chunks.next();  // VP8X
  while (const auto chunk = chunks.next()) {
    const bool transparency = chunk->is("ALPH"), lossless = chunk->is("VP8L"), picture = lossless || chunk->is("VP8 ");
    const bool animation = chunk->is("ANIM") && (!pictured || chunk->size + (chunk->size & 1) < kAnimationHeader);
    if (chunk->is("VP8X") || chunk->is("ANMF") || animation) return 0;
    // Transparency and colors follow one another, and lossless ones have both.
    if ((transparency || picture) && after) return 0;
    if ((picture && pictured) || ((transparency || lossless) && alpha)) return 0;
    if (!orientation && chunk->is("EXIF")) orientation = exif_orientation(chunk->data, chunk->size);
    alpha = alpha || transparency;
    pictured = pictured || picture;
    after = !transparency && !picture && (alpha || pictured);
  }
  return pictured && chunks.at_end() ? orientation.value_or(0) : 0;
}

// The picture's sides stand in the first chunk, whichever it is.
void probe_webp(Bytes bytes, Header& header) {
  constexpr unsigned kAnimated = 0x02, kHasExif = 0x08, kHasAlpha = 0x10, kReserved = 0xC1;
  header.format = Format::webp;
  RiffChunks chunks(bytes);
  const std::uint8_t* first = bytes.data + 12;
  const std::uint8_t* data = first + 8;
  const std::size_t left = bytes.size < 20 ? 0 : bytes.size - 20;
  unsigned flags = 0;
  bool alpha = false;
  if (left >= 10 && std::memcmp(first, "VP8X", 4) == 0 && le32(first + 4) >= 10) {
    header.width = static_cast<int>(le24(data + 4)) + 1;
    header.height = static_cast<int>(le24(data + 7)) + 1;
    flags = data[0];
    alpha = (flags & kHasAlpha) != 0;
    if ((flags & kAnimated) != 0) {
      header.status = Status::unsupported;
      return;
    }
  } else if (left >= 10 && std::memcmp(first, "VP8 ", 4) == 0) {
    header.width = static_cast<int>(le16(data + 6) & 0x3FFF);
    header.height = static_cast<int>(le16(data + 8) & 0x3FFF);
  } else if (left >= 5 && std::memcmp(first, "VP8L", 4) == 0) {
    const std::uint32_t sides = le32(data + 1);
    header.width = static_cast<int>(sides & 0x3FFF) + 1;
    header.height = static_cast<int>(sides >> 14 & 0x3FFF) + 1;
    alpha = (sides >> 28 & 1) != 0;
  }
  if (header.width > 0) {
    header.samples = alpha ? Samples::rgb_alpha : Samples::rgb;
    header.depth = 8;
  }
  header.status = chunks.cut_off() ? Status::truncated : Status::corrupt;  // unless there is a picture
  while (const auto chunk = chunks.next()) {
    const bool sides_are_known = header.width > 0 || !chunks.cut_off();
    if ((chunk->is("VP8 ") || chunk->is("VP8L")) && sides_are_known) header.status = Status::ok;
  }
  if ((flags & (kHasExif | kReserved)) == kHasExif) header.orientation = std::max(webp_orientation(bytes), 1);
}

// Formats that are none of ours, but OpenCV's.
bool is_known_elsewhere(Bytes bytes) {
  static constexpr struct {
    const char* magic;
    std::size_t size, at;
  } kFormats[] = {
      {"BM", 2, 0},  // BMP
      {"II*\0", 4, 0},
      {"MM\0*", 4, 0},
      {"II+\0", 4, 0},
      {"MM\0+", 4, 0},  // TIFF
      {"GIF8", 4, 0},   // GIF
      {"P1", 2, 0},
      {"P2", 2, 0},
      {"P3", 2, 0},
      {"P4", 2, 0},
      {"P5", 2, 0},
      {"P6", 2, 0},
      {"P7", 2, 0},  // PNM
      {"ftypavif", 8, 4},
      {"ftypavis", 8, 4},  // AVIF
      {"\0\0\0\x0CjP  ", 8, 0},
      {"\xFF\x4F\xFF\x51", 4, 0},  // JPEG 2000
      {"#?RADIANCE", 10, 0},
      {"#?RGBE", 6, 0},            // HDR
      {"\x76\x2F\x31\x01", 4, 0},  // OpenEXR
  };
  for (const auto& format : kFormats) {
    if (bytes.size >= format.at + format.size && std::memcmp(bytes.data + format.at, format.magic, format.size) == 0) {
      return true;
    }
  }
  return false;
}

}  // namespace

Header probe(Bytes bytes, const ProbeOptions& options) {
  Header header{};
  header.orientation = 1;
  header.bytes = static_cast<std::int64_t>(bytes.size);
  if (bytes.size == 0) {
    header.status = Status::empty;
  } else if (starts_with(bytes, "\xFF\xD8\xFF", 3)) {
    probe_jpeg(bytes, header);
  } else if (starts_with(bytes, "\x89PNG\r\n\x1A\n", 8)) {
    probe_png(bytes, header);
  } else if (starts_with(bytes, "RIFF", 4) && bytes.size >= 12 && std::memcmp(bytes.data + 8, "WEBP", 4) == 0) {
    probe_webp(bytes, header);
  } else {
    header.status = is_known_elsewhere(bytes) ? Status::unsupported : Status::not_an_image;
  }
  if (std::int64_t{header.width} * header.height > options.max_pixels || header.width > kMaxSide ||
      header.height > kMaxSide) {
    header.status = Status::too_large;
  } else if (header.status == Status::ok && (header.width <= 0 || header.height <= 0)) {
    header.status = Status::corrupt;
  }
  if (options.ignore_orientation) header.orientation = 1;
  if (swaps_sides(header.orientation)) std::swap(header.width, header.height);
  return header;
}

}  // namespace pixfeed
