// The inner loops of write.cpp, compiled once per CPU target and chosen at run time; each with a plain twin.
#pragma once

#include <cstdint>

namespace pixfeed::kernels {

// n pixels of packed RGB to three planes of float: (value / 255 - mean[c]) / std[c], each step rounded to float32.
void rgb_to_float_planes(const std::uint8_t* rgb, int n, const float* mean, const float* std, float* r, float* g,
                         float* b);

// n pixels of packed RGB to three planes of uint8.
void rgb_to_byte_planes(const std::uint8_t* rgb, int n, std::uint8_t* r, std::uint8_t* g, std::uint8_t* b);

// n values, whatever they are, to value / 255.
void bytes_to_floats(const std::uint8_t* in, int n, float* out);

// n floats, none of them NaN, to the bits of 16-bit floats; the plain twins are those of half.h.
void floats_to_float16(const float* in, int n, std::uint16_t* out);
void floats_to_bfloat16(const float* in, int n, std::uint16_t* out);

// The plain twin of the first three, one value at a time.
float to_float(std::uint8_t value, float mean, float std);

}  // namespace pixfeed::kernels
