// Memory that is kept, because a page fault can cost more than copying the page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/platform.h"

namespace pixfeed {

// A buffer that only grows. Its contents are undefined after every call of get().
class Buffer {
 public:
  // At least `size` bytes, aligned for any vector, or nullptr if there is no memory.
  std::uint8_t* get(std::size_t size) {
    if (size > capacity_) {
      std::size_t rounded = (size + size / 4 + 4095) / 4096 * 4096;
      data_.reset(static_cast<std::uint8_t*>(platform::take_pages(rounded)));
      capacity_ = data_ ? rounded : 0;
    }
    return data_.get();
  }
  std::uint8_t* data() const { return data_.get(); }  // what get() gave last
  std::size_t capacity() const { return capacity_; }

 private:
  struct Free {
    void operator()(std::uint8_t* p) const { platform::give_pages(p); }
  };
  std::unique_ptr<std::uint8_t, Free> data_;
  std::size_t capacity_ = 0;
};

// What one thread needs for one image. Kept per thread, so nothing is allocated in the steady state.
struct Scratch {
  Buffer turned;        // stored rows that are being turned, where orientation needs it
  Buffer upright;       // the picture as displayed, there
  Buffer resample;      // a resampler's tables and rows
  Buffer reduce;        // the same of the resampler inside a Reducer
  Buffer frame;         // framed rows, or the whole resized crop
  Buffer adjust;        // a row whose colors are changed, or the window
  Buffer row;           // one finished row, uint8 RGB
  Buffer codec;         // the codec's rows
  Buffer row_of_cache;  // a gray row out of a cache, as RGB
  Buffer made[2];       // what a row of the plan, or a step, has made for the next one, by turns
  Buffer steps;         // what a step needs besides
  Buffer mix;           // what is mixed by steps
};

}  // namespace pixfeed
