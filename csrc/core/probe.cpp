#include "probe.h"

#include <cstring>
#include <utility>

#include "exif.h"

namespace pixfeed {
namespace {

unsigned be16(const std::uint8_t* p) { return p[0] << 8 | p[1]; }
std::uint32_t be32(const std::uint8_t* p) { return std::uint32_t{be16(p)} << 16 | be16(p + 2); }

bool starts_with(Bytes bytes, const char* magic, std::size_t n) {
  return bytes.size >= n && std::memcmp(bytes.data, magic, n) == 0;
}

// Walks the marker segments (ITU-T T.81, B.1.1.4) up to the first scan.
void probe_jpeg(Bytes bytes, Header& header) {
  header.format = Format::jpeg;
  header.status = Status::truncated;  // until a frame header and a scan have been seen
  bool framed = false, oriented = false;
  std::size_t at = 2;
  while (at + 2 <= bytes.size) {
    if (bytes.data[at] != 0xFF) {  // libjpeg skips what stands between segments
      ++at;
      continue;
    }
    const unsigned marker = bytes.data[at + 1];
    if (marker == 0xFF) {  // fill byte
      ++at;
      continue;
    }
    if (marker == 0x00 || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) {  // no segment follows
      at += 2;
      continue;
    }
    if (marker == 0xD9) {  // the end, and no scan before it
      if (!framed) header.status = Status::corrupt;
      return;
    }
    if (marker == 0xDA) {
      header.status = framed ? Status::ok : Status::corrupt;
      return;
    }
    if (at + 4 > bytes.size) return;
    const std::uint8_t* segment = bytes.data + at + 4;
    const std::size_t length = be16(bytes.data + at + 2), end = at + 2 + length;
    if (length < 2) {
      header.status = Status::corrupt;
      return;
    }
    if (end > bytes.size) return;
    const std::size_t size = length - 2;
    if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC && !framed) {
      if (size < 6) {
        header.status = Status::corrupt;
        return;
      }
      header.height = static_cast<int>(be16(segment + 1));
      header.width = static_cast<int>(be16(segment + 3));
      framed = true;
    } else if (marker == 0xE1 && !oriented && size >= 6 && std::memcmp(segment, "Exif\0\0", 6) == 0) {
      header.orientation = exif_orientation(segment + 6, size - 6);
      oriented = true;
    }
    at = end;
  }
}

// Walks the chunks (PNG specification, 5.3) to the last one. An eXIf chunk counts wherever it stands; the first wins.
void probe_png(Bytes bytes, Header& header) {
  header.format = Format::png;
  header.status = Status::truncated;  // until IEND has been seen
  bool animated = false, oriented = false;
  std::size_t at = 8;
  while (at + 12 <= bytes.size) {
    const std::size_t size = be32(bytes.data + at);
    const std::uint8_t* name = bytes.data + at + 4;
    const std::uint8_t* data = bytes.data + at + 8;
    if (size > bytes.size - at - 12) return;
    if (std::memcmp(name, "IEND", 4) == 0) {
      header.status = animated ? Status::unsupported : Status::ok;
      return;
    }
    if (std::memcmp(name, "IHDR", 4) == 0 && size == 13) {
      // A side of more than 31 bits makes no sense; it becomes 0, which is refused below.
      header.width = data[0] & 0x80 ? 0 : static_cast<int>(be32(data));
      header.height = data[4] & 0x80 ? 0 : static_cast<int>(be32(data + 4));
    } else if (std::memcmp(name, "acTL", 4) == 0 && size == 8) {
      animated = be32(data) > 1;
    } else if (std::memcmp(name, "eXIf", 4) == 0 && !oriented) {
      header.orientation = exif_orientation(data, size);
      oriented = true;
    }
    at += 12 + size;
  }
}

}  // namespace

Header probe(Bytes bytes) {
  Header header{};
  header.orientation = 1;
  header.bytes = static_cast<std::int64_t>(bytes.size);
  if (bytes.size == 0) {
    header.status = Status::empty;
  } else if (starts_with(bytes, "\xFF\xD8\xFF", 3)) {
    probe_jpeg(bytes, header);
  } else if (starts_with(bytes, "\x89PNG\r\n\x1A\n", 8)) {
    probe_png(bytes, header);
  } else {
    header.status = Status::not_an_image;
  }
  if (std::int64_t{header.width} * header.height > kMaxPixels) {
    header.status = Status::too_large;
  } else if (header.status == Status::ok && (header.width <= 0 || header.height <= 0)) {
    header.status = Status::corrupt;
  }
  if (swaps_sides(header.orientation)) std::swap(header.width, header.height);
  return header;
}

}  // namespace pixfeed
