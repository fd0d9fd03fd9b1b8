// What we need of DLPack: how a library describes a tensor. The layout of these structs is a published ABI,
// https://dmlc.github.io/dlpack, fixed for major version 1.
#pragma once

#include <cstdint>

namespace pixfeed::dlpack {

struct Tensor {
  void* data;  // null if there are no elements
  std::int32_t device, device_id;
  std::int32_t ndim;
  std::uint8_t code, bits;  // the kind of number, and its size
  std::uint16_t lanes;      // numbers per element
  std::int64_t* shape;
  std::int64_t* strides;  // in elements
  std::uint64_t byte_offset;
};

// The exchange table, by which a newer torch describes a tensor to C without giving out a reference.
struct Exchange {
  std::uint32_t major, minor;
  void *previous, *allocate, *from_object, *to_object;
  int (*describe)(void* object, Tensor* out);  // 0, or -1 with a Python exception set; may be null
  void* current_stream;
};

constexpr const char* kCapsule = "dlpack_exchange_api";
constexpr std::uint32_t kMajor = 1;
constexpr std::int32_t kCpu = 1;
constexpr std::uint8_t kComplex = 5;

}  // namespace pixfeed::dlpack
