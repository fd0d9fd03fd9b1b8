// Blocks of a deflate stream (RFC 1951) that zlib refuses and libdeflate decodes all the same.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pixfeed::png {

// Longer streams are looked at up to the codes of their first block with codes: finding the next block takes decoding.
inline constexpr std::size_t kMostWalked = 4096;  // bytes

// Whether zlib decodes a deflate stream, as far as its lengths of codes and the numbers of its symbols say. True also for
// what is not looked at. False also for some odd streams that zlib decodes, and if the data ends too early.
bool blocks_are_legal(const std::uint8_t* data, std::size_t size);

}  // namespace pixfeed::png
