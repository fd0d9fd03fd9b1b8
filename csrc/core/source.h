// From a path or borrowed bytes to bytes in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/scratch.h"
#include "core/status.h"

namespace pixfeed {

struct Bytes {
  const std::uint8_t* data = nullptr;
  std::size_t size = 0;
};

// The bytes of one encoded picture: read from a file, or borrowed from the caller, who keeps them alive.
class Source {
 public:
  Source() = default;
  Source(Source&&) = default;
  Source& operator=(Source&&) = default;
  ~Source();  // gives the file's buffer back, to be used for the next file

  // Reads the whole file. On failure `note` gets the operating system's words.
  Status read(const std::string& path, std::string* note);
  void borrow(Bytes bytes) { bytes_ = bytes; }
  // Takes what `load` puts into a buffer: load(buffer) gives the bytes there. False if it gives nullptr.
  template <class Load>
  bool load(std::size_t size, const Load& load) {
    buffer_ = spare_buffer();
    const std::uint8_t* data = load(buffer_);
    bytes_ = data == nullptr ? Bytes{} : Bytes{data, size};
    return data != nullptr;
  }

  Bytes bytes() const { return bytes_; }

 private:
  static Buffer spare_buffer();

  Buffer buffer_;
  Bytes bytes_;
};

}  // namespace pixfeed
