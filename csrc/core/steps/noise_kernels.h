// Random numbers for noise.cpp, compiled once per CPU target and chosen at run time; with a plain twin.
#pragma once

#include <cstdint>

namespace pixfeed::kernels {

// Philox4x32-10 with the counters (first, 0, 0, 0), (first + 1, 0, 0, 0) ...: 4 * blocks words. `blocks` is a multiple of 16.
void philox(const std::uint32_t key[2], std::uint32_t first, int blocks, std::uint32_t* words);
void philox_plain(const std::uint32_t key[2], std::uint32_t first, int blocks, std::uint32_t* words);

}  // namespace pixfeed::kernels
