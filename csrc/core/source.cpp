// Reads files into buffers that are used again for other files.
#include "core/source.h"

#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include "core/per_process.h"
#include "core/platform.h"
#include "core/pool.h"

namespace pixfeed {
namespace {

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

}  // namespace

Buffer Source::spare_buffer() { return per_process<BufferShelf>().take(); }

Source::~Source() { per_process<BufferShelf>().give(std::move(buffer_)); }

Status Source::read(const std::string& path, std::string* note) {
  if (path.find('\0') != std::string::npos) {  // the system would stop reading there, and open another file
    *note = "a NUL byte in the name";
    return Status::missing;
  }
  const platform::File file = platform::open_file(path, unwanted);
  if (file.error != 0) return say(file.error, note);
  if (file.device) {
    *note = "it is a device, and no file";
    return Status::unreadable;
  }
  Status status = Status::ok;
  buffer_ = spare_buffer();
  // A pipe has no size, and a file may grow while it is read: read until there is nothing more.
  std::size_t size = 0;
  std::uint8_t* data = buffer_.get(static_cast<std::size_t>(file.size) + 1);
  while (data != nullptr) {
    if (size == buffer_.capacity()) {
      Buffer larger;
      std::uint8_t* moved = larger.get(2 * size);
      if (moved != nullptr) std::memcpy(moved, data, size);
      std::swap(buffer_, larger);
      data = moved;
      continue;
    }
    if (file.waits && !platform::until_readable(file, unwanted)) {
      status = say(EINTR, note);
      break;
    }
    const std::int64_t n = platform::read_next(file, data + size, buffer_.capacity() - size, unwanted);
    if (n < 0) status = say(errno, note);
    if (n <= 0) break;
    size += static_cast<std::size_t>(n);
  }
  if (data == nullptr) status = Status::out_of_memory;
  bytes_ = status == Status::ok ? Bytes{data, size} : Bytes{};
  platform::close_file(file);
  return status;
}

}  // namespace pixfeed
