// A cache of decoded pictures in a folder: find, read, put.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/cache/checksum.h"
#include "core/cache/index.h"
#include "core/cache/segments.h"
#include "core/header.h"
#include "core/image_view.h"
#include "core/scratch.h"

namespace pixfeed::cache {

struct Options {
  std::string folder;  // is there
  Limits limits;
  std::size_t first_pages = 4096;  // of the first index file: 262,144 pictures
};

// What has happened in this process.
struct Counts {
  std::int64_t hits = 0;     // pictures that were found
  std::int64_t misses = 0;   // and those that were not
  std::int64_t stored = 0;   // pictures
  std::int64_t bytes = 0;    // of them
  std::int64_t damaged = 0;  // pictures that were found, and whose rows were not what had been written
};

// One folder, shared by threads, processes and jobs. A process that is forked begins anew: it has descriptors and a
// segment of its own. Nothing here is ever waited for, and nothing has to be repaired.
class Store {
 public:
  explicit Store(Options options) : options_(std::move(options)) {}
  ~Store();  // nobody may use it any more, which the extension cannot know: it never destroys one
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // False, with words, if the folder cannot be used.
  bool open(std::string* why);

  std::optional<Found> find(const Key& key);

  // Rows [first, first + count) of what was found: count * entry.row_bytes() bytes, valid until `scratch` is used
  // again. nullptr if they are not what was written: the picture is then forgotten.
  const std::uint8_t* read(const Found& found, int first, int count, Buffer& scratch);

  // Keeps a picture that was made of what `header` describes, and whose rows follow each other without a gap. What
  // cannot be kept is not kept, and after the first time that this happens nothing is any more: why_stopped() says why.
  void put(const Key& key, const ImageView& picture, int channels, const Header& header);

  std::string why_stopped();
  Counts counts();

  template <class Visit>
  bool for_each(const Visit& visit) {
    return own().index.for_each(visit);
  }

 private:
  // What belongs to one process.
  struct Own {
    Index index;
    Segments segments;
    bool is_open = false;
    std::string why;  // not
    std::atomic<bool> stopped{false};
    std::mutex mutex;  // of `reason`
    std::string reason;
    std::atomic<std::int64_t> hits{0}, misses{0}, stored{0}, bytes{0}, damaged{0};
    std::int64_t process = 0;
  };
  Own& own();
  void stop(Own& own, std::string reason);

  Options options_;
  std::atomic<Own*> current_{nullptr};  // a forked child leaves its parent's alone: see per_process.h
};

}  // namespace pixfeed::cache
