// Step 7: a row of full-size components to a row of R G B pixels.
#pragma once

#include <cstdint>

namespace pixfeed::jpeg {

// `n` pixels. Rows may be read up to kColorSlack bytes past their ends, and `rgb` written 3 kColorSlack bytes past.
inline constexpr int kColorSlack = 64;

void ycc_to_rgb(const std::uint8_t* y, const std::uint8_t* cb, const std::uint8_t* cr, int n, std::uint8_t* rgb);
void gray_to_rgb(const std::uint8_t* y, int n, std::uint8_t* rgb);

// The plain twins, which write nothing past the end.
void ycc_to_rgb_plain(const std::uint8_t* y, const std::uint8_t* cb, const std::uint8_t* cr, int n, std::uint8_t* rgb);
void gray_to_rgb_plain(const std::uint8_t* y, int n, std::uint8_t* rgb);

}  // namespace pixfeed::jpeg
