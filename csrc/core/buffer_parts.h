// Several tables in one Buffer: first say what is needed, then see where it lies.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pixfeed {

// Where a table of T lies in memory that is yet to be had.
template <class T>
struct Part {
  std::size_t offset;

  T* in(std::uint8_t* memory) const { return reinterpret_cast<T*>(memory + offset); }
};

class BufferParts {
 public:
  // Room for n elements, aligned for any vector.
  template <class T>
  Part<T> add(std::size_t n) {
    const Part<T> part{size_};
    size_ += (n * sizeof(T) + 63) / 64 * 64;
    return part;
  }

  std::size_t size() const { return size_; }  // bytes

 private:
  std::size_t size_ = 0;
};

}  // namespace pixfeed
