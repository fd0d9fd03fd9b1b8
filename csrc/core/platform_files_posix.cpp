// files.h on Linux and macOS: pread and pwrite until everything is done.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "core/files.h"

namespace pixfeed::files {
namespace {

constexpr std::int64_t kSecond = 1000000000;       // nanoseconds
constexpr std::int64_t kTick = kSecond / 20;       // the kernel's clock has 100 ticks per second or more
constexpr std::int64_t kCoarseTick = 3 * kSecond;  // FAT has two seconds

int flags_of(Access access) {
  switch (access) {
    case Access::write:
      return O_RDWR;
    case Access::create:
      return O_RDWR | O_CREAT | O_EXCL;
    case Access::append:
      return O_WRONLY | O_CREAT | O_APPEND;
    case Access::read:
      break;
  }
  return O_RDONLY;
}

std::int64_t nanoseconds_of(const timespec& time) { return time.tv_sec * kSecond + time.tv_nsec; }

}  // namespace

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool File::open(const std::string& path, Access access) {
  int descriptor = -1;
  do {
    descriptor = ::open(path.c_str(), flags_of(access) | O_CLOEXEC, 0666);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) return false;
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = descriptor;
  return true;
}

bool File::read(void* out, std::size_t size, std::uint64_t offset) const {
  auto* to = static_cast<std::uint8_t*>(out);
  while (size > 0) {
    const ssize_t n = ::pread(descriptor_, to, size, static_cast<off_t>(offset));
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
    const ssize_t n = ::pwrite(descriptor_, from, size, static_cast<off_t>(offset));
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
  const ssize_t n = ::pwritev(descriptor_, parts, 2, static_cast<off_t>(offset));
  if (n == static_cast<ssize_t>(first_size + second_size)) return true;
  return write(first, first_size, offset) && write(second, second_size, offset + first_size);
}

std::int64_t File::append(const void* data, std::size_t size) const {
  ssize_t n = -1;
  do {
    n = ::write(descriptor_, data, size);
  } while (n < 0 && errno == EINTR);
  return n == static_cast<ssize_t>(size) ? ::lseek(descriptor_, 0, SEEK_CUR) : -1;
}

std::int64_t File::size() const {
  struct stat info{};
  return ::fstat(descriptor_, &info) == 0 ? static_cast<std::int64_t>(info.st_size) : -1;
}

bool File::resize(std::uint64_t size) const {
  int done = -1;
  do {
    done = ::ftruncate(descriptor_, static_cast<off_t>(size));
  } while (done < 0 && errno == EINTR);
  return done == 0;
}

bool link(const std::string& from, const std::string& to) { return ::link(from.c_str(), to.c_str()) == 0; }

void remove(const std::string& path) { ::unlink(path.c_str()); }

std::int64_t free_bytes(const std::string& folder) {
  struct statvfs disk{};
  if (::statvfs(folder.c_str(), &disk) != 0) return -1;
  return static_cast<std::int64_t>(disk.f_bavail) * static_cast<std::int64_t>(disk.f_frsize);
}

std::int64_t process() { return ::getpid(); }

std::optional<Stamp> stamp_of(const std::string& path) {
  struct stat info{};
  if (path.find('\0') != std::string::npos || ::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
#ifdef __APPLE__
  const timespec &modified = info.st_mtimespec, &changed = info.st_ctimespec;
#else
  const timespec &modified = info.st_mtim, &changed = info.st_ctim;
#endif
  return Stamp{static_cast<std::int64_t>(info.st_ino), static_cast<std::int64_t>(info.st_size),
               nanoseconds_of(modified), nanoseconds_of(changed)};
}

bool may_change_unseen(const Stamp& stamp) {
  const auto now =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch());
  const bool coarse = stamp.modified % kSecond == 0 && stamp.changed % kSecond == 0;
  return now.count() - std::max(stamp.modified, stamp.changed) < (coarse ? kCoarseTick : kTick);
}

}  // namespace pixfeed::files
