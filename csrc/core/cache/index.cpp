// Hash tables in files, read and written by any number of processes without locks.
#include "core/cache/index.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace pixfeed::cache {
namespace {

using files::Access;

constexpr std::size_t kPage = 4096;  // bytes

// The first page of an index file.
struct Title {
  char magic[16];
  std::uint64_t pages;
  std::uint64_t check;
};
constexpr char kMagic[16] = "pixfeed index 1";

std::uint64_t check_of(const Entry& entry) { return checksum(&entry, offsetof(Entry, check)); }

std::uint64_t offset_of(std::size_t place) {
  return kPage + std::uint64_t{place / Index::kSlots} * kPage + (place % Index::kSlots) * sizeof(Entry);
}

// What of an entry is remembered when its rows have been checked: the slot may get another entry. Not 0.
std::uint32_t mark_of(const Entry& entry) { return static_cast<std::uint32_t>(entry.check) | 1; }

}  // namespace

bool valid(const Entry& entry) { return entry.check != 0 && entry.check == check_of(entry); }

bool Index::open(const std::string& folder, std::size_t first_pages) {
  folder_ = folder;
  first_pages_ = first_pages;
  std::lock_guard lock(publishing_);
  if (!add_table()) {
    read_only_ = errno == EACCES || errno == EPERM || errno == EROFS;
    if (!read_only_ || !add_table()) return false;
  }
  look_for_tables();
  return true;
}

// A file is made under another name and linked to its own when it is ready, so that nobody sees half of one, and of
// two who make it one wins.
bool Index::add_table() {
  const int count = count_.load(std::memory_order_relaxed);
  if (count == kMostTables) {
    errno = ENOSPC;
    return false;
  }
  Table& table = tables_[count];
  const std::string path = folder_ + "/index-" + std::to_string(count);
  const Access access = read_only_ ? Access::read : Access::write;
  if (!table.file.open(path, access)) {
    if (errno != ENOENT || read_only_) return false;
    const std::size_t pages = first_pages_ << count;
    // Two threads may do this at once, each for an index of its own, when both are the first to use the store.
    static std::atomic<unsigned> made_before{0};
    const std::string making =
        path + "." + std::to_string(files::process()) + "-" + std::to_string(made_before++) + ".new";
    files::remove(making);  // of a process that was killed and had the same number
    files::File file;
    if (!file.open(making, Access::create)) return false;
    Title title{};
    std::memcpy(title.magic, kMagic, sizeof(kMagic));
    title.pages = pages;
    title.check = checksum(&title, offsetof(Title, check));
    const bool made = file.resize(kPage + std::uint64_t{pages} * kPage) && file.write(&title, sizeof(title), 0);
    const bool linked = made && files::link(making, path);
    const int error = errno;
    files::remove(making);
    if (!linked && (!made || error != EEXIST)) {
      errno = error;
      return false;
    }
    if (!table.file.open(path, access)) return false;
  }
  Title title{};
  if (!table.file.read(&title, sizeof(title), 0)) return false;
  if (std::memcmp(title.magic, kMagic, sizeof(kMagic)) != 0 ||
      title.check != checksum(&title, offsetof(Title, check)) || title.pages == 0) {
    errno = EILSEQ;
    return false;
  }
  table.pages = title.pages;
  void* zeros = std::calloc(table.pages * kSlots, sizeof(std::atomic<std::uint32_t>));
  if (zeros == nullptr) return false;
  table.checked.reset(static_cast<std::atomic<std::uint32_t>*>(zeros));
  count_.store(count + 1, std::memory_order_release);
  return true;
}

void Index::look_for_tables() {
  while (true) {
    const int count = count_.load(std::memory_order_relaxed);
    if (count == kMostTables) return;
    const std::string path = folder_ + "/index-" + std::to_string(count);
    if (!files::File().open(path, Access::read) || !add_table()) return;
  }
}

bool Index::read_page(const Table& table, std::size_t page, Page& entries) const {
  static_assert(sizeof(Page) == kPage);
  return table.file.read(entries, sizeof(Page), kPage + std::uint64_t{page} * kPage);
}

std::optional<Found> Index::find(const Key& key) {
  const int count = count_.load(std::memory_order_acquire);
  if (std::optional<Found> found = find_in(key, 0, count)) return found;
  {
    std::lock_guard lock(publishing_);
    look_for_tables();
  }
  return find_in(key, count, count_.load(std::memory_order_acquire));
}

std::optional<Found> Index::find_in(const Key& key, int begin, int end) const {
  for (int t = end - 1; t >= begin; --t) {
    const Table& table = tables_[t];
    const std::size_t page = table.page_of(key);
    Page entries;
    if (!read_page(table, page, entries)) continue;
    for (int i = 0; i < kSlots; ++i) {
      if (entries[i].key == key && valid(entries[i])) {
        return Found{entries[i], t, page * kSlots + static_cast<std::size_t>(i)};
      }
    }
  }
  return std::nullopt;
}

bool Index::publish(Entry entry) {
  entry.check = check_of(entry);
  std::lock_guard lock(publishing_);
  while (true) {
    const int last = count_.load(std::memory_order_relaxed) - 1;
    const Table& table = tables_[last];
    const std::size_t page = table.page_of(entry.key);
    Page entries;
    if (!read_page(table, page, entries)) return false;
    for (int i = 0; i < kSlots; ++i) {
      const std::size_t place = page * kSlots + static_cast<std::size_t>(i);
      if (!valid(entries[i])) return table.file.write(&entry, sizeof(entry), offset_of(place));
    }
    if (!add_table()) return false;
  }
}

void Index::forget(const Found& found) {
  if (read_only_) return;
  const Table& table = tables_[found.file];
  const std::uint64_t offset = offset_of(found.place);
  std::lock_guard lock(publishing_);
  Entry now{};
  if (!table.file.read(&now, sizeof(now), offset) || std::memcmp(&now, &found.entry, sizeof(now)) != 0) return;
  const Entry empty{};
  (void)table.file.write(&empty, sizeof(empty), offset);  // if it stays, it is found to be damaged again
}

bool Index::checked(const Found& found) const {
  return tables_[found.file].checked.get()[found.place].load(std::memory_order_relaxed) == mark_of(found.entry);
}

void Index::set_checked(const Found& found) {
  tables_[found.file].checked.get()[found.place].store(mark_of(found.entry), std::memory_order_relaxed);
}

}  // namespace pixfeed::cache
