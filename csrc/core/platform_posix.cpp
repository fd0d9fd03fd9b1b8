// platform.h on Linux and macOS.
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__APPLE__)
#include <xlocale.h>
#endif

#include <cerrno>
#include <clocale>
#include <cstdlib>

#include "core/platform.h"

namespace pixfeed::platform {
namespace {

constexpr int kAskEvery = 50;  // milliseconds: whether a pipe is still wanted

int open_descriptor(const char* path, int flags, GiveUp give_up) {
  int descriptor = -1;
  do {
    descriptor = ::open(path, O_RDONLY | O_CLOEXEC | flags);
  } while (descriptor < 0 && errno == EINTR && !give_up());
  return descriptor;
}

}  // namespace

void* take_pages(std::size_t size) { return std::aligned_alloc(4096, size); }

void give_pages(void* pages) { std::free(pages); }

void in_forked_child(void (*function)()) { pthread_atfork(nullptr, nullptr, function); }

File open_file(const std::string& path, GiveUp give_up) {
  File file;
  file.descriptor = open_descriptor(path.c_str(), O_NONBLOCK, give_up);
  // A file that has to be waited for in any case (a lease) says so.
  if (file.descriptor < 0 && errno == EAGAIN) file.descriptor = open_descriptor(path.c_str(), 0, give_up);
  struct stat info{};
  if (file.descriptor < 0 || ::fstat(file.descriptor, &info) != 0) {
    file.error = errno;
  } else if (S_ISDIR(info.st_mode)) {
    file.error = EISDIR;
  }
  if (file.error == 0 && !S_ISREG(info.st_mode) && !S_ISFIFO(info.st_mode)) {
    close_file(file);
    return File{.device = true};
  }
  if (file.error != 0) {
    close_file(file);
    return File{.error = file.error};
  }
  file.size = info.st_size;
  file.waits = !S_ISREG(info.st_mode);
  return file;
}

void close_file(const File& file) {
  if (file.descriptor >= 0) ::close(file.descriptor);
}

bool until_readable(const File& file, GiveUp give_up) {
  pollfd entry{file.descriptor, POLLIN, 0};
  while (!give_up()) {
    if (::poll(&entry, 1, kAskEvery) > 0) return true;
  }
  return false;
}

std::int64_t read_next(const File& file, void* to, std::size_t size, GiveUp give_up) {
  while (true) {
    const ssize_t n = ::read(file.descriptor, to, size);
    if (n >= 0 || (errno != EINTR && errno != EAGAIN)) return n;
    if (errno == EAGAIN ? !until_readable(file, give_up) : give_up()) {
      errno = EINTR;
      return -1;
    }
  }
}

std::int64_t read_at(int descriptor, void* to, std::size_t size, std::int64_t place) {
  while (true) {
    const ssize_t n = ::pread(descriptor, to, size, place);
    if (n >= 0 || errno != EINTR) return n;
  }
}

double c_strtod(const char* text, char** end) {
  static const locale_t c = ::newlocale(LC_ALL_MASK, "C", locale_t{});
  return ::strtod_l(text, end, c);
}

}  // namespace pixfeed::platform
