// The inner loops of geometry.cpp, compiled once per CPU target and chosen at run time; with a plain twin.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/image_view.h"
#include "core/steps/geometry_pixels.h"

namespace pixfeed::kernels {

// Bytes that may be read after the last pixel of a picture.
inline constexpr int kWarpSlack = 8;

// The largest picture, in bytes from its first to its last: offsets have 31 bits.
inline constexpr std::ptrdiff_t kMostWarped = 0x7FFFFFFF - 64;

// Row `y` of a warped picture, `width` pixels: pixels from outside are `fill` (R, G, B).
void warp_row(const ImageView& from, const Mapping& mapping, Filter filter, const std::uint8_t* fill, int y, int width,
              std::uint8_t* to);
void warp_row_plain(const ImageView& from, const Mapping& mapping, Filter filter, const std::uint8_t* fill, int y,
                    int width, std::uint8_t* to);

// n pixels from (x >> 16, y >> 16) on, all inside, each dx and dy further than the one before.
void copy_along(const ImageView& from, std::int32_t x, std::int32_t y, std::int32_t dx, std::int32_t dy, int n,
                std::uint8_t* to);
void copy_along_plain(const ImageView& from, std::int32_t x, std::int32_t y, std::int32_t dx, std::int32_t dy, int n,
                      std::uint8_t* to);

// n pixels of a row in reverse order.
void reverse(const std::uint8_t* from, int n, std::uint8_t* to);
void reverse_plain(const std::uint8_t* from, int n, std::uint8_t* to);

}  // namespace pixfeed::kernels
