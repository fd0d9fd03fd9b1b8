// Fills the window of unstuffed bytes, and finds markers on the way.
#include "core/jpeg/bit_reader.h"

#include <algorithm>

namespace pixfeed::jpeg {

void ByteFeed::start(const std::uint8_t* begin, const std::uint8_t* end, bool through_restarts) {
  source_ = begin;
  source_end_ = end;
  filled_ = window_ + kBehind;
  marker_ = -1;
  ended_ = false;
  through_restarts_ = through_restarts;
  restart_marker_ = next_restart_ = end_restart_ = 0;
  restarts_[0] = kNoRestart;
  reader = {filled_, 0, 0};
  fill();
}

void ByteFeed::fill() {
  if (ended_ || (filled_ > reader.next && static_cast<std::size_t>(filled_ - reader.next) >= kSlack)) return;
  const std::ptrdiff_t unread = filled_ - reader.next;
  if (unread < 0) return;  // within() says so
  const auto moved = static_cast<std::uint32_t>(reader.next - window_ - static_cast<std::ptrdiff_t>(kBehind)) * 8;
  std::memmove(window_ + kBehind - kKept, reader.next - kKept, kKept + static_cast<std::size_t>(unread));
  for (int i = next_restart_; i < end_restart_; ++i) restarts_[i - next_restart_] = restarts_[i] - moved;
  end_restart_ -= next_restart_;
  next_restart_ = 0;
  restarts_[end_restart_] = kNoRestart;
  reader.next = window_ + kBehind;
  filled_ = window_ + kBehind + unread;

  std::uint8_t* const limit = window_ + kWindow;
  while (filled_ < limit && end_restart_ < kRestarts) {
    const auto room = static_cast<std::size_t>(std::min<std::ptrdiff_t>(limit - filled_, source_end_ - source_));
    const auto* escape = room == 0 ? nullptr : static_cast<const std::uint8_t*>(std::memchr(source_, 0xFF, room));
    const std::size_t plain = escape == nullptr ? room : static_cast<std::size_t>(escape - source_);
    std::memcpy(filled_, source_, plain);
    filled_ += plain;
    source_ += plain;
    if (escape == nullptr) {
      if (source_ < source_end_) return;  // the window is full
      ended_ = true;                      // the file ends without a marker
      return;
    }
    if (source_end_ - source_ >= 2 && source_[1] == 0) {
      *filled_++ = 0xFF;
      source_ += 2;
      continue;
    }
    while (source_ < source_end_ && *source_ == 0xFF) ++source_;  // a marker may be preceded by any number of these
    if (source_ < source_end_ && *source_ != 0) marker_ = *source_++;
    if (through_restarts_ && marker_ == 0xD0 + restart_marker_) {
      marker_ = -1;
      restart_marker_ = (restart_marker_ + 1) & 7;
      restarts_[end_restart_++] = static_cast<std::uint32_t>(filled_ - window_) * 8;
      restarts_[end_restart_] = kNoRestart;
      continue;
    }
    ended_ = true;
    return;
  }
}

int ByteFeed::finish() {
  fill();
  // Everything is in the window by now, if it is sound: what remains is at most a byte's padding.
  if (!ended_) return -1;
  const std::ptrdiff_t left = bits_left();
  return left >= 0 && left < 8 ? marker_ : -1;
}

}  // namespace pixfeed::jpeg
