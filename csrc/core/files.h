// Files that several processes read and write at given places at once, as a cache has them. Nothing is mapped: a file
// that somebody cuts off, or a disk that fails, is an error here and no SIGBUS. platform_files_posix.cpp has it; on
// Windows nothing can be opened.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace pixfeed::files {

enum class Access {
  read,    // what is there
  write,   // what is there, for reading as well
  create,  // the same; it must not be there before
  append,  // writes at its end; made if it is not there
};

// A descriptor that is closed with its owner.
class File {
 public:
  File() = default;
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~File();

  // All of these: false (or -1) on failure, with errno.
  bool open(const std::string& path, Access access);
  bool is_open() const { return descriptor_ >= 0; }

  // All of it, or false; errno is 0 if the file ends before.
  bool read(void* out, std::size_t size, std::uint64_t offset) const;
  bool write(const void* data, std::size_t size, std::uint64_t offset) const;
  // Two parts one after the other, in one call where the system takes them so.
  bool write(const void* first, std::size_t first_size, const void* second, std::size_t second_size,
             std::uint64_t offset) const;
  // The length of the file after it.
  std::int64_t append(const void* data, std::size_t size) const;

  std::int64_t size() const;  // bytes
  bool resize(std::uint64_t size) const;

 private:
  int descriptor_ = -1;
};

bool link(const std::string& from, const std::string& to);  // a second name; EEXIST if it is taken
void remove(const std::string& path);
std::int64_t free_bytes(const std::string& folder);  // what the disk has left for this user; -1: unknown
std::int64_t process();                              // number of this process

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

}  // namespace pixfeed::files
