// What rows are converted by: SIMD loops and plain twins, on samples of 8 bits unless said otherwise.
#pragma once

#include <cstdint>

namespace pixfeed::png {

// Rows may be read up to 4 kSamplesSlack bytes past their ends, and written 3 kSamplesSlack bytes past.
inline constexpr int kSamplesSlack = 64;

// The first of every two bytes, `n` of them: of 16-bit samples the upper half, of gray and alpha the gray.
void first_of_two(const std::uint8_t* in, int n, std::uint8_t* out);

// `n` pixels of R, G, B and alpha without the alpha.
void drop_alpha(const std::uint8_t* in, int n, std::uint8_t* rgb);

// `n` values three times each.
void spread_gray(const std::uint8_t* gray, int n, std::uint8_t* rgb);

// `n` samples of `depth` bits from the sample `first` of a row on, each as a number.
void unpack(const std::uint8_t* in, int depth, int first, int n, std::uint8_t* out);

// The gray that libpng makes of `n` pixels whose brightness is not known (png_set_rgb_to_gray).
void gray_of(const std::uint8_t* rgb, int n, std::uint8_t* gray);

// The plain twins, which write nothing past the end.
void first_of_two_plain(const std::uint8_t* in, int n, std::uint8_t* out);
void drop_alpha_plain(const std::uint8_t* in, int n, std::uint8_t* rgb);
void spread_gray_plain(const std::uint8_t* gray, int n, std::uint8_t* rgb);

}  // namespace pixfeed::png
