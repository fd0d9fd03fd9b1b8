// platform.h on Windows.
#ifndef NOMINMAX
#define NOMINMAX
#endif
#define WIN32_LEAN_AND_MEAN
#include <fcntl.h>
#include <io.h>
#include <malloc.h>
#include <share.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <windows.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdlib>

#include "core/platform.h"

namespace pixfeed::platform {
namespace {

constexpr std::size_t kMostAtOnce = std::size_t{1} << 30;  // bytes: counts are 32 bits

// Empty if the bytes are no UTF-8.
std::wstring wide(const std::string& path) {
  const int size = static_cast<int>(path.size());
  const int n = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path.data(), size, nullptr, 0);
  std::wstring result(static_cast<std::size_t>(std::max(n, 0)), L'\0');
  MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path.data(), size, result.data(), n);
  return result;
}

}  // namespace

void* take_pages(std::size_t size) { return _aligned_malloc(size, 4096); }

void give_pages(void* pages) { _aligned_free(pages); }

void in_forked_child(void (*)()) {}

File open_file(const std::string& path, GiveUp) {
  const std::wstring name = wide(path);
  if (name.empty()) return File{.error = ENOENT};
  const DWORD attributes = GetFileAttributesW(name.c_str());
  if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) {
    return File{.error = EISDIR};
  }
  File file;
  const int error = _wsopen_s(&file.descriptor, name.c_str(), _O_RDONLY | _O_BINARY | _O_NOINHERIT, _SH_DENYNO, 0);
  if (error != 0) return File{.error = error};
  struct _stat64 info{};
  if (_fstat64(file.descriptor, &info) != 0) {
    const int why = errno;
    close_file(file);
    return File{.error = why};
  }
  file.size = info.st_size;
  return file;
}

void close_file(const File& file) {
  if (file.descriptor >= 0) _close(file.descriptor);
}

// A pipe blocks in read_next() itself.
bool until_readable(const File&, GiveUp give_up) { return !give_up(); }

std::int64_t read_next(const File& file, void* to, std::size_t size, GiveUp) {
  return _read(file.descriptor, to, static_cast<unsigned>(std::min(size, kMostAtOnce)));
}

std::int64_t read_at(int descriptor, void* to, std::size_t size, std::int64_t place) {
  OVERLAPPED at{};
  at.Offset = static_cast<DWORD>(place);
  at.OffsetHigh = static_cast<DWORD>(place >> 32);
  DWORD n = 0;
  const HANDLE handle = reinterpret_cast<HANDLE>(_get_osfhandle(descriptor));
  if (ReadFile(handle, to, static_cast<DWORD>(std::min(size, kMostAtOnce)), &n, &at) != 0) return n;
  if (GetLastError() == ERROR_HANDLE_EOF) return 0;
  errno = EIO;
  return -1;
}

double c_strtod(const char* text, char** end) {
  static const _locale_t c = _create_locale(LC_ALL, "C");
  return _strtod_l(text, end, c);
}

}  // namespace pixfeed::platform
