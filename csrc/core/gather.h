// Many pieces of memory of one size -> one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/pool.h"

namespace pixfeed {

// Copies `size` bytes from each of `sources`, one after the other, to `out`. The memory is the caller's; `out` overlaps none of the sources.
void gather(const std::vector<const std::uint8_t*>& sources, std::size_t size, std::uint8_t* out,
            const Workers& workers);

}  // namespace pixfeed
