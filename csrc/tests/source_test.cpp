// Reading files: what signals interrupt is done again.
#include "core/source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include "tests/check.h"
#include "tests/folder.h"

namespace {

std::atomic<int> interruptions{0};  // of open(): how many are to come

}  // namespace

// In place of the C library's, in this program: a network file system's is interrupted now and then.
extern "C" int open(const char* path, int flags, ...) {
  if (interruptions > 0) {
    --interruptions;
    errno = EINTR;
    return -1;
  }
  va_list more;
  va_start(more, flags);
  const unsigned mode = (flags & O_CREAT) != 0 ? va_arg(more, unsigned) : 0;
  va_end(more);
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

namespace {

void write(const std::string& path, const char* text) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  std::fputs(text, file);
  std::fclose(file);
}

std::string text_of(const pixfeed::Source& source) {
  return {reinterpret_cast<const char*>(source.bytes().data), source.bytes().size};
}

TEST_CASE("source: an interrupted open() is done again") {
  const Folder folder;
  write(folder.path + "/a", "picture");
  pixfeed::Source source;
  std::string note;
  interruptions = 3;
  CHECK(source.read(folder.path + "/a", &note) == pixfeed::Status::ok);
  CHECK(interruptions == 0);
  CHECK(text_of(source) == "picture");
}

TEST_CASE("source: a pipe is read to its end, whenever its writer comes") {
  const Folder folder;
  const std::string path = folder.path + "/pipe";
  CHECK(mkfifo(path.c_str(), 0600) == 0);
  std::thread writer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    std::FILE* file = std::fopen(path.c_str(), "wb");
    for (const char* part : {"pic", "tu", "re"}) {
      std::fputs(part, file);
      std::fflush(file);
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    std::fclose(file);
  });
  pixfeed::Source source;
  std::string note;
  CHECK(source.read(path, &note) == pixfeed::Status::ok);
  CHECK(text_of(source) == "picture");
  writer.join();
}

}  // namespace
