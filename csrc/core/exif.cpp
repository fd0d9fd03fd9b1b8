// The orientation tag, found in the TIFF structure of an EXIF segment, as OpenCV finds it (exif.cpp of its imgcodecs).
#include "core/exif.h"

namespace pixfeed {
namespace {

constexpr unsigned kOrientation = 0x0112;

// Numbers in a TIFF structure. One that reaches beyond its end is 0 and spoils the reader.
class Reader {
 public:
  Reader(const std::uint8_t* bytes, std::size_t size)
      : bytes_(bytes), size_(size), little_(size >= 2 && bytes[0] == 'I' && bytes[1] == 'I') {}

  bool has(std::size_t at, std::size_t n) {
    good_ = good_ && at <= size_ && n <= size_ - at;
    return good_;
  }
  unsigned u16(std::size_t at) {
    if (!has(at, 2)) return 0;
    return little_ ? bytes_[at] | bytes_[at + 1] << 8 : bytes_[at] << 8 | bytes_[at + 1];
  }
  std::size_t u32(std::size_t at) {
    if (!has(at, 4)) return 0;
    const std::size_t first = u16(at), second = u16(at + 2);
    return little_ ? first | second << 16 : first << 16 | second;
  }
  bool good() const { return good_; }

 private:
  const std::uint8_t* bytes_;
  std::size_t size_;
  bool little_;
  bool good_ = true;
};

// Eight bytes each: how many fractions the value of this tag consists of; 0 if OpenCV takes it for something else.
std::size_t fractions(unsigned tag) {
  switch (tag) {
    case 0x011A:  // resolution
    case 0x011B:
      return 1;
    case 0x013E:  // white point
      return 2;
    case 0x0211:  // YCbCr coefficients
      return 3;
    case 0x013F:  // primary colors
    case 0x0214:  // reference black and white
      return 6;
    default:
      return 0;
  }
}

bool is_text(unsigned tag) {  // description, make, model, software, date, copyright
  return tag == 0x010E || tag == 0x010F || tag == 0x0110 || tag == 0x0131 || tag == 0x0132 || tag == 0x8298;
}

// False if OpenCV gives up at this entry of the directory, because its value lies beyond the end.
bool readable(Reader& tiff, std::size_t entry, unsigned tag) {
  if (is_text(tag)) {
    const std::size_t size = tiff.u32(entry + 4);
    return tiff.has(size > 4 ? tiff.u32(entry + 8) : 8, size);
  }
  if (const std::size_t n = fractions(tag)) return tiff.has(tiff.u32(entry + 8), 8 * n);
  if (tag == 0x0128 || tag == 0x0213) tiff.u16(entry + 8);  // unit of the resolution, position of chroma samples
  return tiff.good();
}

}  // namespace

int exif_orientation(const std::uint8_t* bytes, std::size_t size) {
  Reader tiff(bytes, size);
  if (tiff.u16(2) != 42) return 0;
  const std::size_t directory = tiff.u32(4);
  const unsigned entries = tiff.u16(directory);
  for (unsigned i = 0; tiff.good() && i < entries; ++i) {
    const std::size_t entry = directory + 2 + std::size_t{12} * i;
    const unsigned tag = tiff.u16(entry);
    if (tag == kOrientation) {
      const unsigned value = tiff.u16(entry + 8);  // a SHORT, left-justified in its four bytes
      if (!tiff.good()) return 0;
      return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
    }
    if (!readable(tiff, entry, tag)) return 0;
  }
  return 0;
}

}  // namespace pixfeed
