// Reads files into buffers that are used again for other files.
#include "core/source.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <mutex>
#include <utility>
#include <vector>

#include "core/per_process.h"
#include "core/pool.h"

namespace pixfeed {
namespace {

constexpr int kAskEvery = 50;  // milliseconds: whether a pipe is still wanted

// File buffers outlive the batch they were read for. Bounded: what does not fit is freed.
class BufferShelf {
 public:
  Buffer take() {
    std::lock_guard lock(mutex_);
    if (shelf_.empty()) return {};
    Buffer buffer = std::move(shelf_.back());
    shelf_.pop_back();
    kept_ -= buffer.capacity();
    return buffer;
  }
  void give(Buffer buffer) {
    std::lock_guard lock(mutex_);
    if (buffer.capacity() == 0 || kept_ + buffer.capacity() > kMaxKept || shelf_.size() >= kMaxBuffers) return;
    kept_ += buffer.capacity();
    shelf_.push_back(std::move(buffer));
  }

 private:
  static constexpr std::size_t kMaxKept = 64u << 20;  // bytes
  static constexpr std::size_t kMaxBuffers = 1024;
  std::mutex mutex_;
  std::vector<Buffer> shelf_;
  std::size_t kept_ = 0;
};

Status say(int error, std::string* note) {
  *note = std::strerror(error);
  return error == ENOENT || error == ENOTDIR ? Status::missing : Status::unreadable;
}

// A descriptor, or -1 and errno. Nobody waits here for the writer of a pipe: until_readable() does. A file that has to
// be waited for in any case (a lease) says so.
int open_file(const char* path) {
  const auto open_now = [path](int flags) {
    int fd = -1;
    do {
      fd = ::open(path, O_RDONLY | O_CLOEXEC | flags);
    } while (fd < 0 && errno == EINTR && !unwanted());
    return fd;
  };
  const int fd = open_now(O_NONBLOCK);
  return fd < 0 && errno == EAGAIN ? open_now(0) : fd;
}

// Waits until a pipe has bytes or has ended. False if nobody wants them any more.
bool until_readable(int fd) {
  pollfd entry{fd, POLLIN, 0};
  while (!unwanted()) {
    if (::poll(&entry, 1, kAskEvery) > 0) return true;
  }
  return false;
}

Stamp stamp_in(const struct stat& info) {
  constexpr std::int64_t kSecond = 1000000000;
#ifdef __APPLE__
  const timespec &modified = info.st_mtimespec, &changed = info.st_ctimespec;
#else
  const timespec &modified = info.st_mtim, &changed = info.st_ctim;
#endif
  return {static_cast<std::int64_t>(info.st_ino), static_cast<std::int64_t>(info.st_size),
          modified.tv_sec * kSecond + modified.tv_nsec, changed.tv_sec * kSecond + changed.tv_nsec};
}

}  // namespace

std::optional<Stamp> stamp_of(const std::string& path) {
  struct stat info{};
  if (path.find('\0') != std::string::npos || ::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  return stamp_in(info);
}

bool may_change_unseen(const Stamp& stamp) {
  constexpr std::int64_t kSecond = 1000000000, kTick = kSecond / 20;  // the kernel's clock has 100 ticks or more
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const std::int64_t last = std::max(stamp.modified, stamp.changed);
  const std::int64_t step = stamp.modified % kSecond == 0 && stamp.changed % kSecond == 0 ? 3 * kSecond : kTick;
  return now.tv_sec * kSecond + now.tv_nsec - last < step;
}

Source::~Source() { per_process<BufferShelf>().give(std::move(buffer_)); }

Status Source::read(const std::string& path, std::string* note) {
  if (path.find('\0') != std::string::npos) {  // the system would stop reading there, and open another file
    *note = "a NUL byte in the name";
    return Status::missing;
  }
  int fd = open_file(path.c_str());
  if (fd < 0) return say(errno, note);
  struct stat info{};
  Status status = Status::ok;
  if (::fstat(fd, &info) != 0) {
    status = say(errno, note);
  } else if (S_ISDIR(info.st_mode)) {
    status = say(EISDIR, note);
  } else {
    const bool waits = !S_ISREG(info.st_mode);
    buffer_ = per_process<BufferShelf>().take();
    // A pipe has no size, and a file may grow while it is read: read until there is nothing more.
    std::size_t room = static_cast<std::size_t>(info.st_size) + 1, size = 0;
    std::uint8_t* data = buffer_.get(room);
    while (data != nullptr) {
      if (size == buffer_.capacity()) {
        Buffer larger;
        std::uint8_t* moved = larger.get(2 * size);
        if (moved != nullptr) std::memcpy(moved, data, size);
        std::swap(buffer_, larger);
        data = moved;
        continue;
      }
      if (waits && !until_readable(fd)) {
        status = say(EINTR, note);
        break;
      }
      ssize_t n = ::read(fd, data + size, buffer_.capacity() - size);
      if (n < 0 && (errno == EINTR || errno == EAGAIN) && !unwanted()) continue;
      if (n < 0) status = say(errno, note);
      if (n <= 0) break;
      size += static_cast<std::size_t>(n);
    }
    if (data == nullptr) status = Status::out_of_memory;
    bytes_ = status == Status::ok ? Bytes{data, size} : Bytes{};
  }
  ::close(fd);
  return status;
}

}  // namespace pixfeed
