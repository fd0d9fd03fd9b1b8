// From a path or borrowed bytes to bytes in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "core/scratch.h"
#include "core/status.h"

namespace pixfeed {

struct Bytes {
  const std::uint8_t* data = nullptr;
  std::size_t size = 0;
};

// What changes if a file's contents do.
struct Stamp {
  std::int64_t inode = 0, size = 0, modified = 0, changed = 0;  // times in nanoseconds since 1970
  bool operator==(const Stamp&) const = default;
};

// Of a file; nothing if there is no regular file of that name.
std::optional<Stamp> stamp_of(const std::string& path);

// Whether a file of that stamp could be changed now without another stamp: times advance in steps, coarse ones on some
// disks.
bool may_change_unseen(const Stamp& stamp);

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

  Bytes bytes() const { return bytes_; }

 private:
  Buffer buffer_;
  Bytes bytes_;
};

}  // namespace pixfeed
