// Step 6: rows of subsampled components to full width and height, as libjpeg's "fancy upsampling" has it.
#pragma once

#include <cstdint>

namespace pixfeed::jpeg {

// Rows carry their edge samples on: in[-1] is in[0], and in[n] is in[n - 1]. Rows may be read up to kRowSlack bytes
// before and past their ends, and written as far past them.
inline constexpr int kRowSlack = 64;

// Twice as wide: every sample is 3/4 the near and 1/4 the other neighbour. `n` samples become 2 n.
void upsample_h2v1(const std::uint8_t* in, int n, std::uint8_t* out);

// Twice as wide and twice as high: one row of the result lies next to `near` and one further from `far`.
void upsample_h2v2(const std::uint8_t* near, const std::uint8_t* far, int n, std::uint8_t* out);

// Twice as high. `bias` is 1 where `far` lies above, else 2.
void upsample_h1v2(const std::uint8_t* near, const std::uint8_t* far, int n, int bias, std::uint8_t* out);

// Every sample `factor` times.
void replicate(const std::uint8_t* in, int n, int factor, std::uint8_t* out);

// The plain twins.
void upsample_h2v1_plain(const std::uint8_t* in, int n, std::uint8_t* out);
void upsample_h2v2_plain(const std::uint8_t* near, const std::uint8_t* far, int n, std::uint8_t* out);
void upsample_h1v2_plain(const std::uint8_t* near, const std::uint8_t* far, int n, int bias, std::uint8_t* out);

}  // namespace pixfeed::jpeg
