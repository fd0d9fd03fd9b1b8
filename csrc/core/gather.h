// Many pieces of memory of one size -> one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pixfeed {

// Copies `size` bytes from each of `sources`, one after the other, to `out`, on at most `threads` threads; the
// caller is one. The memory is the caller's; `out` overlaps none of the sources.
void gather(const std::vector<const std::uint8_t*>& sources, std::size_t size, std::uint8_t* out, int threads);

}  // namespace pixfeed
