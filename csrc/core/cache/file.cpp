// pread and pwrite until everything is done.
#include "core/cache/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

namespace pixfeed::cache {

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

bool File::open(const std::string& path, int flags) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return false;
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
  return true;
}

bool File::read(void* out, std::size_t size, std::uint64_t offset) const {
  auto* to = static_cast<std::uint8_t*>(out);
  while (size > 0) {
    const ssize_t n = ::pread(fd_, to, size, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) errno = 0;
    if (n <= 0) return false;
    to += n;
    size -= static_cast<std::size_t>(n);
    offset += static_cast<std::uint64_t>(n);
  }
  return true;
}

bool File::write(const void* data, std::size_t size, std::uint64_t offset) const {
  const auto* from = static_cast<const std::uint8_t*>(data);
  while (size > 0) {
    const ssize_t n = ::pwrite(fd_, from, size, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    from += n;
    size -= static_cast<std::size_t>(n);
    offset += static_cast<std::uint64_t>(n);
  }
  return true;
}

bool File::write(const void* first, std::size_t first_size, const void* second, std::size_t second_size,
                 std::uint64_t offset) const {
  const iovec parts[2] = {{const_cast<void*>(first), first_size}, {const_cast<void*>(second), second_size}};
  const ssize_t n = ::pwritev(fd_, parts, 2, static_cast<off_t>(offset));
  if (n == static_cast<ssize_t>(first_size + second_size)) return true;
  return write(first, first_size, offset) && write(second, second_size, offset + first_size);
}

std::int64_t File::append(const void* data, std::size_t size) const {
  ssize_t n = -1;
  do {
    n = ::write(fd_, data, size);
  } while (n < 0 && errno == EINTR);
  return n == static_cast<ssize_t>(size) ? ::lseek(fd_, 0, SEEK_CUR) : -1;
}

std::int64_t File::size() const {
  struct stat info{};
  return ::fstat(fd_, &info) == 0 ? static_cast<std::int64_t>(info.st_size) : -1;
}

bool File::resize(std::uint64_t size) const {
  int done = -1;
  do {
    done = ::ftruncate(fd_, static_cast<off_t>(size));
  } while (done < 0 && errno == EINTR);
  return done == 0;
}

}  // namespace pixfeed::cache
