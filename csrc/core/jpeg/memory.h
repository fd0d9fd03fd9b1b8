// Scratch memory that grows and is kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace pixfeed::jpeg {

class Memory {
 public:
  // At least `size` bytes, zero when new; what an earlier call gave is void if it was less. Null if there is no memory.
  std::uint8_t* get(std::size_t size) {
    if (size > size_) {
      size_ = 0;
      bytes_.reset();  // first, so that old and new are never there together
      bytes_.reset(new (std::nothrow) std::uint8_t[size]());
      if (bytes_ != nullptr) size_ = size;
    }
    return bytes_.get();
  }

  std::uint8_t* data() const { return bytes_.get(); }

 private:
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t size_ = 0;
};

}  // namespace pixfeed::jpeg
