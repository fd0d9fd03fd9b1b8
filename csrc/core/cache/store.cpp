// Index and segments together, once per process.
#include "core/cache/store.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace pixfeed::cache {

Store::~Store() {
  Own* const own = current_.load();
  if (own != nullptr && own->process == files::process()) delete own;
}

Store::Own& Store::own() {
  const std::int64_t process = files::process();
  Own* now = current_.load(std::memory_order_acquire);
  if (now != nullptr && now->process == process) return *now;
  auto fresh = std::make_unique<Own>();
  fresh->process = process;
  fresh->segments.open(options_.folder, options_.limits);
  fresh->is_open = fresh->index.open(options_.folder, options_.first_pages);
  if (!fresh->is_open) fresh->why = errno == EILSEQ ? "it is no index of this version" : std::strerror(errno);
  if (current_.compare_exchange_strong(now, fresh.get())) return *fresh.release();
  return *now;  // another thread of this process was faster
}

bool Store::open(std::string* why) {
  Own& own = this->own();
  *why = own.why;
  return own.is_open;
}

std::optional<Found> Store::find(const Key& key) {
  Own& own = this->own();
  if (!own.is_open) return std::nullopt;
  std::optional<Found> found = own.index.find(key);
  ++(found ? own.hits : own.misses);
  return found;
}

const std::uint8_t* Store::read(const Found& found, int first, int count, Buffer& scratch) {
  Own& own = this->own();
  const bool check = !own.index.checked(found);
  const std::size_t row = found.entry.row_bytes();
  std::uint8_t* out = scratch.get(check ? found.entry.bytes() : row * static_cast<std::size_t>(count));
  if (out == nullptr) return nullptr;
  if (!own.segments.read(found.entry, first, count, check, out)) {
    ++own.damaged;
    own.index.forget(found);
    return nullptr;
  }
  if (!check) return out;
  own.index.set_checked(found);
  return out + row * static_cast<std::size_t>(first);
}

void Store::put(const Key& key, const ImageView& picture, int channels, const Header& header) {
  Own& own = this->own();
  if (!own.is_open || own.stopped.load(std::memory_order_relaxed)) return;
  if (own.index.is_read_only()) return stop(own, "its folder is read-only");
  Entry entry{};
  entry.key = key;
  entry.source_width = header.width;
  entry.source_height = header.height;
  entry.source_bytes = static_cast<std::uint32_t>(std::min<std::int64_t>(header.bytes, 0xFFFFFFFF));
  entry.orientation = static_cast<std::uint8_t>(header.orientation);
  entry.format = static_cast<std::uint8_t>(header.format);
  switch (own.segments.append(picture, channels, entry)) {
    case Segments::Outcome::full:
      return stop(own, "it is full (max_bytes or keep_free)");
    case Segments::Outcome::failed:
      return stop(own, std::strerror(errno));
    case Segments::Outcome::done:
      break;
  }
  if (!own.index.publish(entry)) return stop(own, std::strerror(errno));
  ++own.stored;
  own.bytes += static_cast<std::int64_t>(entry.bytes());
}

void Store::stop(Own& own, std::string reason) {
  std::lock_guard lock(own.mutex);
  if (!own.stopped.exchange(true)) own.reason = std::move(reason);
}

std::string Store::why_stopped() {
  Own& own = this->own();
  if (!own.is_open) return own.why;
  std::lock_guard lock(own.mutex);
  return own.reason;
}

Counts Store::counts() {
  const Own& own = this->own();
  return {own.hits, own.misses, own.stored, own.bytes, own.damaged};
}

}  // namespace pixfeed::cache
