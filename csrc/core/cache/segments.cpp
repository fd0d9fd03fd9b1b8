// Appends pictures to this process's own segments, and reads them out of anybody's.
#include "core/cache/segments.h"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "core/cache/checksum.h"

namespace pixfeed::cache {
namespace {

using files::Access;

constexpr std::size_t kBlock = 64 << 10;                    // bytes of rows that have one checksum
constexpr std::int64_t kGrant = 1 << 20;                    // bytes that a process may write at once
constexpr std::uint64_t kLargest = std::uint64_t{8} << 30;  // bytes of a segment: 25 files for 200 GB
constexpr std::size_t kMostReaders = 256;                   // descriptors

std::size_t blocks_of(std::size_t bytes) { return (bytes + kBlock - 1) / kBlock; }

std::vector<std::uint64_t> checksums_of(const std::uint8_t* rows, std::size_t bytes) {
  std::vector<std::uint64_t> sums;
  sums.reserve(blocks_of(bytes));
  for (std::size_t at = 0; at < bytes; at += kBlock) sums.push_back(checksum(rows + at, std::min(kBlock, bytes - at)));
  return sums;
}

std::string path_of(const std::string& folder, std::uint32_t number) {
  return folder + "/segment-" + std::to_string(number);
}

}  // namespace

void Segments::open(const std::string& folder, const Limits& limits) {
  folder_ = folder;
  limits_ = limits;
}

bool Segments::take_segment(std::uint64_t bytes, Segment& segment) {
  if (!idle_.empty()) {
    segment = std::move(idle_.back());
    idle_.pop_back();
    if (segment.end + bytes <= kLargest) return true;
  }
  for (std::uint32_t number = number_ + 1; number != 0; ++number) {
    auto file = std::make_shared<files::File>();
    if (file->open(path_of(folder_, number), Access::create)) {
      number_ = number;
      readers_[number] = file;
      segment = {std::move(file), number, 0};
      return true;
    }
    if (errno != EEXIST) return false;
  }
  errno = ENFILE;
  return false;
}

// The counter is the length of a file, which grows by one byte per megabyte: O_APPEND makes that atomic between
// processes, and where this byte came to lie says whether it is still within the limit.
Segments::Outcome Segments::grant(std::int64_t bytes) {
  if (left_ >= bytes) return Outcome::done;
  if (!granted_.is_open() && !granted_.open(folder_ + "/granted", Access::append)) {
    return Outcome::failed;
  }
  const std::int64_t count = (bytes - left_ + kGrant - 1) / kGrant;
  const std::int64_t before = granted_.size();
  if (before < 0) return Outcome::failed;
  if ((before + count) * kGrant > limits_.max_bytes) return Outcome::full;
  const std::int64_t free = files::free_bytes(folder_);
  if (free < 0) return Outcome::failed;
  if (free - count * kGrant < limits_.free_bytes) return Outcome::full;
  const std::string marks(static_cast<std::size_t>(count), '+');
  const std::int64_t after = granted_.append(marks.data(), marks.size());
  if (after < 0) return Outcome::failed;
  if (after * kGrant > limits_.max_bytes) return Outcome::full;  // somebody else was faster
  left_ += count * kGrant;
  return Outcome::done;
}

Segments::Outcome Segments::append(const ImageView& picture, int channels, Entry& entry) {
  entry.width = picture.width;
  entry.height = picture.height;
  entry.channels = static_cast<std::uint8_t>(channels);
  const std::size_t bytes = entry.bytes();
  const std::vector<std::uint64_t> sums = checksums_of(picture.data, bytes);
  const std::size_t head = sums.size() * sizeof(std::uint64_t), all = head + bytes;
  entry.sums_check = static_cast<std::uint32_t>(checksum(sums.data(), head));
  Segment segment;
  {
    std::lock_guard lock(mutex_);
    const Outcome granted = grant(static_cast<std::int64_t>(all));
    if (granted != Outcome::done) return granted;
    if (!take_segment(all, segment)) return Outcome::failed;
    left_ -= static_cast<std::int64_t>(all);
  }
  entry.segment = segment.number;
  entry.offset = segment.end;
  segment.end += (all + 63) / 64 * 64;
  const bool written = segment.file->write(sums.data(), head, picture.data, bytes, entry.offset);
  const int error = errno;
  std::lock_guard lock(mutex_);
  idle_.push_back(std::move(segment));
  errno = error;
  return written ? Outcome::done : Outcome::failed;
}

std::shared_ptr<files::File> Segments::reader(std::uint32_t number) {
  std::lock_guard lock(mutex_);
  if (const auto known = readers_.find(number); known != readers_.end()) return known->second;
  auto file = std::make_shared<files::File>();
  if (!file->open(path_of(folder_, number), Access::read)) return nullptr;
  if (readers_.size() == kMostReaders) readers_.clear();  // who reads right now keeps his
  return readers_[number] = std::move(file);
}

bool Segments::read(const Entry& entry, int first, int count, bool check, std::uint8_t* out) {
  const std::shared_ptr<files::File> file = reader(entry.segment);
  if (!file) return false;
  const std::size_t bytes = entry.bytes(), head = blocks_of(bytes) * sizeof(std::uint64_t);
  const std::size_t row = entry.row_bytes();
  if (!check) {
    return file->read(out, row * static_cast<std::size_t>(count),
                      entry.offset + head + row * static_cast<std::size_t>(first));
  }
  std::vector<std::uint64_t> sums(blocks_of(bytes));
  return file->read(sums.data(), head, entry.offset) &&
         static_cast<std::uint32_t>(checksum(sums.data(), head)) == entry.sums_check &&
         file->read(out, bytes, entry.offset + head) && checksums_of(out, bytes) == sums;
}

}  // namespace pixfeed::cache
