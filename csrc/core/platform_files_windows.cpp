// files.h on Windows, where there is no cache: nothing can be opened.
#include <io.h>
#include <windows.h>

#include <cerrno>

#include "core/files.h"

namespace pixfeed::files {
namespace {

bool refuse() {
  errno = ENOSYS;
  return false;
}

}  // namespace

File::~File() {
  if (descriptor_ >= 0) _close(descriptor_);
}

bool File::open(const std::string&, Access) { return refuse(); }
bool File::read(void*, std::size_t, std::uint64_t) const { return refuse(); }
bool File::write(const void*, std::size_t, std::uint64_t) const { return refuse(); }
bool File::write(const void*, std::size_t, const void*, std::size_t, std::uint64_t) const { return refuse(); }
std::int64_t File::append(const void*, std::size_t) const { return refuse() ? 0 : -1; }
std::int64_t File::size() const { return refuse() ? 0 : -1; }
bool File::resize(std::uint64_t) const { return refuse(); }

bool link(const std::string&, const std::string&) { return refuse(); }
void remove(const std::string&) {}
std::int64_t free_bytes(const std::string&) { return -1; }
std::int64_t process() { return GetCurrentProcessId(); }

std::optional<Stamp> stamp_of(const std::string&) { return {}; }
bool may_change_unseen(const Stamp&) { return true; }

}  // namespace pixfeed::files
