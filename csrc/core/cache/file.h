// A file that is read and written at given places. Nothing is mapped: a file that somebody cuts off, or a disk that
// fails, is an error here and no SIGBUS.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace pixfeed::cache {

// A descriptor that is closed with its owner.
class File {
 public:
  File() = default;
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~File();

  // `flags` are those of open(2); errno says why not.
  bool open(const std::string& path, int flags);
  bool is_open() const { return fd_ >= 0; }

  // All of it or false; errno is 0 if the file ends before.
  bool read(void* out, std::size_t size, std::uint64_t offset) const;
  bool write(const void* data, std::size_t size, std::uint64_t offset) const;
  // Two parts one after the other, in one call where the system takes them so.
  bool write(const void* first, std::size_t first_size, const void* second, std::size_t second_size,
             std::uint64_t offset) const;
  // Appends; the length of the file after it, or -1. For files that are opened with O_APPEND.
  std::int64_t append(const void* data, std::size_t size) const;

  std::int64_t size() const;  // bytes, or -1
  bool resize(std::uint64_t size) const;

 private:
  int fd_ = -1;
};

}  // namespace pixfeed::cache
