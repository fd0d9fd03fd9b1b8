// What each of the 256 values becomes: normalising by look-up. A look-up takes 0.3 ns, as much as two AVX-512
// divisions, and works for any layout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/image_view.h"

namespace pixfeed {

// T: float, or std::uint16_t for the bits of float16 and bfloat16. Not for DType::uint8, whose values stay what they
// are.
template <class T>
class ValueTable {
 public:
  // (value / 255 - mean[c]) / std[c], each step rounded to float32, and at last to `dtype`.
  void fill(DType dtype, const float* mean, const float* std, int channels);

  // n values of channel c, `in_step` bytes apart, to n values `out_step` bytes apart, aligned or not.
  void convert(int c, const std::uint8_t* in, std::ptrdiff_t in_step, std::ptrdiff_t n, std::uint8_t* out,
               std::ptrdiff_t out_step) const;

 private:
  T values_[3][256];
};

extern template class ValueTable<float>;
extern template class ValueTable<std::uint16_t>;

}  // namespace pixfeed
