// Tables of 256 values, and rows converted by look-up.
#include "core/value_table.h"

#include "core/half.h"
#include "core/write_kernels.h"

namespace pixfeed {
namespace {

template <class T>
T as(DType dtype, float value) {
  if constexpr (sizeof(T) == sizeof(float)) {
    return value;
  } else {
    return dtype == DType::float16 ? to_float16(value) : to_bfloat16(value);
  }
}

}  // namespace

template <class T>
void ValueTable<T>::fill(DType dtype, const float* mean, const float* std, int channels) {
  for (int c = 0; c < channels; ++c) {
    for (int value = 0; value < 256; ++value) {
      values_[c][value] = as<T>(dtype, kernels::to_float(static_cast<std::uint8_t>(value), mean[c], std[c]));
    }
  }
}

template <class T>
void ValueTable<T>::convert(int c, const std::uint8_t* in, std::ptrdiff_t in_step, std::ptrdiff_t n, std::uint8_t* out,
                            std::ptrdiff_t out_step) const {
  const T* const values = values_[c];
  std::ptrdiff_t i = 0;
  if (in_step == 1 && out_step == sizeof(T)) {  // one load and one store for eight values
    for (; i + 8 <= n; i += 8) {
      std::uint64_t eight;
      std::memcpy(&eight, in + i, 8);
      T found[8];
      for (int k = 0; k < 8; ++k) found[k] = values[eight >> (8 * k) & 255];
      std::memcpy(out + i * out_step, found, sizeof found);
    }
  }
  for (; i < n; ++i) std::memcpy(out + i * out_step, values + in[i * in_step], sizeof(T));
}

template class ValueTable<float>;
template class ValueTable<std::uint16_t>;

}  // namespace pixfeed
