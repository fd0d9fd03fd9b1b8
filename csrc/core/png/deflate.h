// Step 2: the compressed rows to rows, by libdeflate; and the checksum of chunks.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pixfeed::png {

// As in a chunk (PNG specification, annex D), continued from `crc`, which is 0 at first.
std::uint32_t crc32(std::uint32_t crc, const std::uint8_t* data, std::size_t size);

// More bytes than `wanted` that inflate_start() needs room for: a stored block (RFC 1951, 3.2.4) comes whole or not at
// all.
inline constexpr std::size_t kInflateSlack = 1 << 16;

// A zlib stream that gives exactly `size` bytes and then ends, with the right checksum. False for any other, and for one
// whose header claims a window that may be too small.
bool inflate_all(const std::uint8_t* data, std::size_t data_size, std::uint8_t* out, std::size_t size);

// The first `wanted` bytes of a zlib stream; `out` has room for kInflateSlack more. False if they cannot be had.
bool inflate_start(const std::uint8_t* data, std::size_t data_size, std::uint8_t* out, std::size_t wanted);

const char* deflate_version();  // what was compiled against

}  // namespace pixfeed::png
