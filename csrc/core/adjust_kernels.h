// The inner loops of adjust.cpp, compiled once per CPU target and chosen at run time; each with a plain twin.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pixfeed::kernels {

// n values, in place: other + factor * (value - other) in float32, cut off at 0 and 255, without its fraction.
void blend_with(std::uint8_t* values, std::ptrdiff_t n, std::uint8_t other, float factor);
void blend_with_plain(std::uint8_t* values, std::ptrdiff_t n, std::uint8_t other, float factor);

// n pixels of packed RGB, in place: the same with each pixel's gray in place of `other`.
void blend_with_gray(std::uint8_t* rgb, std::ptrdiff_t n, float factor);
void blend_with_gray_plain(std::uint8_t* rgb, std::ptrdiff_t n, float factor);

// The sum of the gray of n pixels of packed RGB.
std::uint64_t sum_of_gray(const std::uint8_t* rgb, std::ptrdiff_t n);
std::uint64_t sum_of_gray_plain(const std::uint8_t* rgb, std::ptrdiff_t n);

}  // namespace pixfeed::kernels
