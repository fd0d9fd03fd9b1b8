// The files that hold the pictures, and how much they may take.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/cache/index.h"
#include "core/files.h"
#include "core/image_view.h"

namespace pixfeed::cache {

// What may be written. All processes that use the folder share it.
struct Limits {
  std::int64_t max_bytes;   // of the segments together
  std::int64_t free_bytes;  // of the file system: what is left to others
};

// A segment is written by one process, by appending, and by one of its threads at a time: the system lets nobody else
// write to a file meanwhile. A picture is its checksums, one for each 64 kB of rows, and its rows. Where it stands is
// written down last, in the index: what a killed process leaves behind is never found.
class Segments {
 public:
  enum class Outcome { done, full, failed };  // failed: errno

  void open(const std::string& folder, const Limits& limits);

  // Appends `picture`, which has `channels`, and notes in `entry` where.
  Outcome append(const ImageView& picture, int channels, Entry& entry);

  // Rows [first, first + count) of a picture. With `check`, all of the picture is read and compared with its checksums
  // before; `scratch` then holds it. False if they do not agree or are not there.
  bool read(const Entry& entry, int first, int count, bool check, std::uint8_t* out);

 private:
  // One that this process has begun.
  struct Segment {
    std::shared_ptr<files::File> file;
    std::uint32_t number = 0;
    std::uint64_t end = 0;  // of what was written, in bytes
  };

  std::shared_ptr<files::File> reader(std::uint32_t number);
  bool take_segment(std::uint64_t bytes, Segment& segment);  // with the lock; false: errno
  Outcome grant(std::int64_t);                               // with the lock

  std::string folder_;
  Limits limits_{};
  std::mutex mutex_;
  std::vector<Segment> idle_;  // which no thread writes now: as many as have written at once
  std::uint32_t number_ = 0;   // of the segment that was begun last
  files::File granted_;        // its length is the number of megabytes that were granted to all
  std::int64_t left_ = 0;      // of what was granted to this process, in bytes
  std::map<std::uint32_t, std::shared_ptr<files::File>> readers_;
};

}  // namespace pixfeed::cache
