// The inner loop of gather.cpp, compiled once per CPU target and chosen at run time; its plain twin is memcpy.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pixfeed::kernels {

// memcpy past the caches: `out` is written without being read first, and pushes nothing else out of them. For
// memory that is not read again soon.
void copy_streaming(const std::uint8_t* in, std::size_t size, std::uint8_t* out);

}  // namespace pixfeed::kernels
