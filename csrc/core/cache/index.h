// Where in the segments a picture lies: index files of slots.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "core/cache/checksum.h"
#include "core/files.h"

namespace pixfeed::cache {

// One slot of an index file. It is written by one pwrite, and is empty while `check` does not hold: a slot that is torn
// because somebody was killed, or because two processes wrote it at once, is an empty one.
struct Entry {
  Key key;
  std::uint64_t offset;        // bytes, in its segment
  std::uint32_t segment;       // number of the file
  std::int32_t width, height;  // pixels of what is kept
  std::int32_t source_width;   // pixels of the picture that it was made of, as displayed
  std::int32_t source_height;
  std::uint32_t source_bytes;  // of the encoded picture, 2^32 - 1 at most
  std::uint8_t channels;       // 3, or 1 for gray
  std::uint8_t orientation;    // of the picture that it was made of
  std::uint8_t format;         // of that
  std::uint8_t reserved;
  std::uint32_t sums_check;  // of the checksums of its rows: no other picture passes for it
  std::uint64_t check;       // checksum of what stands above

  std::size_t row_bytes() const { return static_cast<std::size_t>(width) * static_cast<std::size_t>(channels); }
  std::size_t bytes() const { return row_bytes() * static_cast<std::size_t>(height); }
};
static_assert(std::is_trivially_copyable_v<Entry> && sizeof(Entry) == 64);

// An entry, and where it stands.
struct Found {
  Entry entry;
  int file;           // which of the index files
  std::size_t place;  // which of its slots
};

// The index files of one cache. They are hash tables on disk: a key belongs to one page of 64 slots in each file. Where
// a page is full, another file of double size is added; look-ups try all, the newest first. No file changes its size,
// nothing is moved, nobody holds a lock: any number of processes may read and write.
//
// Two processes may publish into one slot at the same time. One of the pictures is then not found, and is made again.
class Index {
 public:
  static constexpr int kSlots = 64;  // per page of 4,096 bytes

  // `folder` is there. Files that are there are used. False, with errno, if the first file cannot be had.
  bool open(const std::string& folder, std::size_t first_pages);
  bool is_read_only() const { return read_only_; }  // the files may be read, but not written

  std::optional<Found> find(const Key& key);
  // Where nothing of that key is known. False, with errno, if the disk did not take it.
  bool publish(Entry entry);
  // Empties the slot, if it still holds the entry.
  void forget(const Found& found);

  // Whether this process has checked the picture's rows; the second call says that it has.
  bool checked(const Found& found) const;
  void set_checked(const Found& found);

  // All entries, for `verify` and `info`: calls back for each; false if a file cannot be read.
  template <class Visit>
  bool for_each(const Visit& visit);

 private:
  struct Free {
    void operator()(std::atomic<std::uint32_t>* p) const { std::free(p); }
  };
  // One file: a page that says what it is, then pages of slots.
  struct Table {
    files::File file;
    std::size_t pages = 0;
    // Per slot: what of its check is remembered, if this process has checked the rows. Zeros take no memory.
    std::unique_ptr<std::atomic<std::uint32_t>, Free> checked;

    std::size_t page_of(const Key& key) const { return key.low % pages; }
  };
  using Page = Entry[kSlots];

  std::optional<Found> find_in(const Key& key, int begin, int end) const;  // tables; the newest first
  bool add_table();                                                        // opens the next file, or makes it
  void look_for_tables();                                                  // opens what others have made
  bool read_page(const Table& table, std::size_t page, Page& entries) const;

  std::string folder_;
  bool read_only_ = false;
  std::size_t first_pages_ = 0;
  std::mutex publishing_;      // one at a time in this process; also for new tables
  std::atomic<int> count_{0};  // tables that are ready
  static constexpr int kMostTables = 24;
  Table tables_[kMostTables];
};

bool valid(const Entry& entry);  // whether `check` holds

template <class Visit>
bool Index::for_each(const Visit& visit) {
  const int count = count_.load(std::memory_order_acquire);
  for (int t = 0; t < count; ++t) {
    Page entries;
    for (std::size_t page = 0; page < tables_[t].pages; ++page) {
      if (!read_page(tables_[t], page, entries)) return false;
      for (int i = 0; i < kSlots; ++i) {
        if (valid(entries[i])) visit(Found{entries[i], t, page * kSlots + static_cast<std::size_t>(i)});
      }
    }
  }
  return true;
}

}  // namespace pixfeed::cache
