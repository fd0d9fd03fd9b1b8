// Buffers of Python objects as the core's nouns.
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <vector>

#include "core/image_view.h"

// A table of T, which is as large as a row.
template <class T>
std::vector<T> rows(const pybind11::buffer_info& table) {
  if (table.ndim != 1 || table.itemsize != sizeof(T) || table.strides[0] != sizeof(T)) {
    throw pybind11::value_error("not a contiguous table of the expected dtype");
  }
  const T* begin = static_cast<const T*>(table.ptr);
  return {begin, begin + table.shape[0]};
}

// The slots of a batch [B, C, H, W]. Buffers know no bfloat16: uint16 stands for it, unless pictures have a `depth` of 16.
inline std::vector<pixfeed::Slot> slots_of(const pybind11::buffer_info& out, int depth = 8) {
  using pixfeed::DType;
  constexpr std::string_view kFormats = "BfeH";
  const DType kDTypes[] = {DType::uint8, DType::float32, DType::float16, depth == 16 ? DType::uint16 : DType::bfloat16};
  const std::size_t dtype = out.format.size() == 1 ? kFormats.find(out.format[0]) : std::string_view::npos;
  if (out.ndim != 4 || (out.shape[1] != 3 && out.shape[1] != 1) || dtype == std::string_view::npos) {
    throw pybind11::value_error(
        "out must be uint8, float32, float16 or uint16 (bfloat16) of shape [B, 3, H, W] or [B, 1, H, W]");
  }
  std::vector<pixfeed::Slot> result;
  result.reserve(static_cast<std::size_t>(out.shape[0]));
  for (pybind11::ssize_t i = 0; i < out.shape[0]; ++i) {
    result.push_back({static_cast<std::uint8_t*>(out.ptr) + i * out.strides[0], kDTypes[dtype],
                      static_cast<int>(out.shape[1]), static_cast<int>(out.shape[2]), static_cast<int>(out.shape[3]),
                      out.strides[1], out.strides[2], out.strides[3]});
  }
  return result;
}

// [H, W, 3], each row in one piece.
inline pixfeed::ImageView view_of(const pybind11::buffer_info& picture) {
  if (picture.ndim != 3 || picture.shape[2] != 3 || picture.format != "B" || picture.strides[2] != 1 ||
      picture.strides[1] != 3) {
    throw pybind11::value_error("pictures must be uint8 of shape [H, W, 3], each row in one piece");
  }
  return {static_cast<std::uint8_t*>(picture.ptr), static_cast<int>(picture.shape[1]),
          static_cast<int>(picture.shape[0]), picture.strides[0]};
}
