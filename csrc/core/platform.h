// What POSIX and Windows do differently. platform_posix.cpp and platform_windows.cpp are the only files that know either.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace pixfeed::platform {

// `size` bytes, a multiple of 4096, at an address that is one as well; nullptr if there is no memory.
void* take_pages(std::size_t size);
void give_pages(void* pages);

// `function` is called in every child that is forked from now on, before anything else runs there. Nothing where
// processes are not forked.
void in_forked_child(void (*function)());

// A file that is open for reading. `error` is an errno, 0 if it could be opened; a directory is EISDIR.
struct File {
  int descriptor = -1;
  int error = 0;
  std::int64_t size = 0;  // bytes; 0 for what has no size
  bool waits = false;     // a pipe, whose bytes may have to be waited for
  bool device = false;    // it is a device or a socket, and was not opened: its bytes may have no end
};

// What follows may be interrupted by signals and then goes on, unless `give_up` says that nobody wants the result.
using GiveUp = bool (*)();

// `path`: as the system has it; UTF-8 on Windows. Nobody waits here for the writer of a pipe.
File open_file(const std::string& path, GiveUp give_up);
void close_file(const File& file);

// Waits until there are bytes, or the end. False if nobody wants them any more.
bool until_readable(const File& file, GiveUp give_up);

// The number of bytes read, at most `size`; 0 at the end, -1 on failure, with errno.
std::int64_t read_next(const File& file, void* to, std::size_t size, GiveUp give_up);

// The same at a place of a file that somebody else has opened, wherever that stands; on Windows it stands behind these
// bytes from then on.
std::int64_t read_at(int descriptor, void* to, std::size_t size, std::int64_t place);

// strtod with the decimal point of C, whatever the program's locale is.
double c_strtod(const char* text, char** end);

}  // namespace pixfeed::platform
