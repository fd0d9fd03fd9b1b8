// The orientation tag, found in the TIFF structure of an EXIF segment.
#include "core/exif.h"

namespace pixfeed {

int exif_orientation(const std::uint8_t* tiff, std::size_t size) {
  constexpr int kUpright = 1;
  constexpr unsigned kOrientationTag = 0x0112;
  if (size < 8 || tiff[0] != tiff[1] || (tiff[0] != 'I' && tiff[0] != 'M')) return kUpright;
  const bool little = tiff[0] == 'I';
  auto u16 = [&](std::size_t at) -> unsigned {
    return little ? tiff[at] | tiff[at + 1] << 8 : tiff[at] << 8 | tiff[at + 1];
  };
  auto u32 = [&](std::size_t at) -> std::size_t {
    return little ? u16(at) | std::size_t{u16(at + 2)} << 16 : std::size_t{u16(at)} << 16 | u16(at + 2);
  };
  if (u16(2) != 42) return kUpright;
  const std::size_t directory = u32(4);
  if (directory + 2 > size) return kUpright;
  const unsigned entries = u16(directory);
  for (unsigned i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + std::size_t{12} * i;
    if (entry + 12 > size) return kUpright;
    if (u16(entry) != kOrientationTag) continue;
    const unsigned value = u16(entry + 8);  // a SHORT, left-justified in its four bytes
    return value >= 1 && value <= 8 ? static_cast<int>(value) : kUpright;
  }
  return kUpright;
}

}  // namespace pixfeed
