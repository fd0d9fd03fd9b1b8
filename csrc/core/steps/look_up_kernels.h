// Values by tables of 256 entries, and counting them: compiled for more than one CPU and chosen at run time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pixfeed::kernels {

// What R, G and B become, by their values.
struct Tables {
  std::uint8_t of[3][256];
};

// Packed RGB, in place: n pixels by the tables.
void look_up(std::uint8_t* rgb, std::ptrdiff_t n, const Tables& tables);
void look_up_plain(std::uint8_t* rgb, std::ptrdiff_t n, const Tables& tables);

// How many pixels have which value of R, G and B.
struct Histogram {
  std::uint64_t of[3][256];
};
void count(const std::uint8_t* rgb, std::ptrdiff_t n, Histogram& histogram);  // adds those of n pixels

}  // namespace pixfeed::kernels
