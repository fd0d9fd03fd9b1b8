// Reads the header segments, and refuses whatever is not plain baseline JPEG.
#include "core/jpeg/markers.h"

#include <algorithm>
#include <cstring>

namespace pixfeed::jpeg {
namespace {

constexpr int kMaxDimension = 65500;  // libjpeg's limit, in pixels
constexpr int kMaxBlocksPerMcu = 10;  // the standard's limit

// Position in an 8 x 8 block, row by row, of the n-th coefficient in the file.
constexpr std::uint8_t kNaturalOrder[64] = {0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,
                                            12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6,  7,  14, 21, 28,
                                            35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
                                            58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

// One marker segment's payload.
struct Segment {
  const std::uint8_t* data;
  std::size_t size;
};

// What the markers said that only matters once all of them are known.
struct Seen {
  bool start_of_frame = false;
  bool jfif = false;
  bool adobe = false;
  int adobe_transform = 0;
  unsigned quant = 0;  // one bit a table
};

int big_endian16(const std::uint8_t* p) { return p[0] << 8 | p[1]; }

bool read_quant_tables(Segment s, ScanHeader& header, Seen& seen) {
  while (s.size > 0) {
    const int wide = s.data[0] >> 4;
    const int index = s.data[0] & 15;
    const std::size_t need = 1 + (wide ? 128 : 64);
    if (wide > 1 || index > 3 || s.size < need) return false;
    for (int i = 0; i < 64; ++i) {
      const int value = wide ? big_endian16(s.data + 1 + 2 * i) : s.data[1 + i];
      header.quant[index][kNaturalOrder[i]] = static_cast<std::int16_t>(value);
    }
    seen.quant |= 1U << index;
    s.data += need;
    s.size -= need;
  }
  return true;
}

bool read_huffman_tables(Segment s, ScanHeader& header) {
  while (s.size > 0) {
    const int index = s.data[0];
    if ((index & ~0x13) != 0 || s.size < 17) return false;
    HuffmanSpec& spec = index & 0x10 ? header.ac[index & 3] : header.dc[index & 3];
    std::size_t total = 0;
    for (int length = 1; length <= 16; ++length) total += s.data[length];
    if (total > 256 || s.size < 17 + total) return false;
    spec.present = true;
    spec.size = static_cast<int>(total);
    std::memcpy(spec.counts, s.data + 1, 16);
    std::memcpy(spec.symbols, s.data + 17, total);
    s.data += 17 + total;
    s.size -= 17 + total;
  }
  return true;
}

bool read_start_of_frame(Segment s, ScanHeader& header, Seen& seen) {
  if (seen.start_of_frame || s.size < 6 || s.data[0] != 8) return false;
  seen.start_of_frame = true;
  header.height = big_endian16(s.data + 1);
  header.width = big_endian16(s.data + 3);
  header.components = s.data[5];
  if (header.height < 1 || header.height > kMaxDimension) return false;
  if (header.width < 1 || header.width > kMaxDimension) return false;
  if (header.components != 1 && header.components != 3) return false;
  if (s.size != 6 + 3 * static_cast<std::size_t>(header.components)) return false;
  header.max_h = header.max_v = 1;
  int blocks = 0;
  for (int c = 0; c < header.components; ++c) {
    const std::uint8_t* p = s.data + 6 + 3 * c;
    Component& component = header.component[c];
    component.id = p[0];
    component.h = p[1] >> 4;
    component.v = p[1] & 15;
    component.quant = p[2];
    if (component.h < 1 || component.h > 4 || component.v < 1 || component.v > 4 || component.quant > 3) return false;
    for (int other = 0; other < c; ++other) {
      if (header.component[other].id == component.id) return false;
    }
    if (header.components == 1) component.h = component.v = 1;
    blocks += component.h * component.v;
    header.max_h = std::max(header.max_h, component.h);
    header.max_v = std::max(header.max_v, component.v);
  }
  if (blocks > kMaxBlocksPerMcu) return false;
  for (int c = 0; c < header.components; ++c) {
    // 3 : 2 and the like cannot be upsampled by whole pixels; libjpeg gives up, too.
    if (header.max_h % header.component[c].h != 0 || header.max_v % header.component[c].v != 0) return false;
  }
  return true;
}

bool read_scan(Segment s, ScanHeader& header) {
  const auto n = static_cast<std::size_t>(header.components);
  if (s.size != 4 + 2 * n || s.data[0] != n) return false;
  for (std::size_t c = 0; c < n; ++c) {
    Component& component = header.component[c];
    component.dc = s.data[2 + 2 * c] >> 4;
    component.ac = s.data[2 + 2 * c] & 15;
    if (s.data[1 + 2 * c] != component.id || component.dc > 3 || component.ac > 3) return false;
    if (!header.dc[component.dc].present || !header.ac[component.ac].present) return false;
  }
  const std::uint8_t* spectrum = s.data + 1 + 2 * n;  // a sequential scan has all 64 coefficients, in full precision
  return spectrum[0] == 0 && spectrum[1] == 63 && spectrum[2] == 0;
}

// How libjpeg tells the colours of three components: JFIF, else Adobe, else the components' names.
bool is_ycc(const ScanHeader& header, const Seen& seen) {
  if (seen.jfif) return true;
  if (seen.adobe) return seen.adobe_transform == 1;
  const Component* c = header.component;
  return !(c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B');
}

// Application data that decide about colours. False where libjpeg would warn.
bool read_application(int marker, Segment s, Seen& seen) {
  if (marker == 0xE0 && s.size >= 14 && std::memcmp(s.data, "JFIF\0", 5) == 0) {
    seen.jfif = true;
    return s.data[5] == 1;  // the version; libjpeg-turbo warns of others
  }
  if (marker == 0xEE && s.size >= 12 && std::memcmp(s.data, "Adobe", 5) == 0) {
    seen.adobe = true;
    seen.adobe_transform = s.data[11];
  }
  return true;
}

}  // namespace

bool parse_header(const std::uint8_t* bytes, std::size_t size, ScanHeader& header) {
  if (size < 4 || bytes[0] != 0xFF || bytes[1] != 0xD8) return false;
  Seen seen;
  header.restart_interval = 0;
  for (int i = 0; i < 4; ++i) header.dc[i].present = header.ac[i].present = false;

  std::size_t at = 2;
  for (;;) {
    if (at >= size || bytes[at] != 0xFF) return false;  // stray bytes between segments make libjpeg warn
    while (at < size && bytes[at] == 0xFF) ++at;        // any number of fill bytes is allowed
    if (at + 3 > size) return false;
    const int marker = bytes[at];
    const auto length = static_cast<std::size_t>(big_endian16(bytes + at + 1));
    if (length < 2 || length > size - at - 1) return false;
    const Segment segment{bytes + at + 3, length - 2};
    at += 1 + length;

    bool good = true;
    switch (marker) {
      case 0xC0:  // baseline
      case 0xC1:  // extended sequential, Huffman
        good = read_start_of_frame(segment, header, seen);
        break;
      case 0xC4:
        good = read_huffman_tables(segment, header);
        break;
      case 0xDB:
        good = read_quant_tables(segment, header, seen);
        break;
      case 0xDD:
        good = segment.size == 2;
        if (good) header.restart_interval = big_endian16(segment.data);
        break;
      case 0xDA:
        if (!seen.start_of_frame || !read_scan(segment, header)) return false;
        for (int c = 0; c < header.components; ++c) {
          if ((seen.quant >> header.component[c].quant & 1) == 0) return false;
        }
        header.scan = bytes + at;
        return header.components == 1 || is_ycc(header, seen);
      case 0xFE:
        break;
      default:
        good = marker >= 0xE0 && marker <= 0xEF && read_application(marker, segment, seen);
    }
    if (!good) return false;
  }
}

}  // namespace pixfeed::jpeg
