// The one EXIF tag that moves pixels.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pixfeed {

// The orientation (1 to 8) in a TIFF structure of `size` bytes, as an Exif segment carries it after "Exif\0\0": 1,
// upright, for a value that makes no sense, and 0 if OpenCV does not get as far as the tag. Nothing else has to be whole.
int exif_orientation(const std::uint8_t* bytes, std::size_t size);

// True for the orientations that swap width and height.
constexpr bool swaps_sides(int orientation) { return orientation >= 5 && orientation <= 8; }

}  // namespace pixfeed
