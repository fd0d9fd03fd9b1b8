// The lines of a list, and the fields of a line. Inline: a list has millions of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "core/list.h"

namespace pixfeed {

inline bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f'; }
inline bool is_line_end(char c) { return c == '\n' || c == '\r'; }

struct Text {
  const char* begin;
  const char* end;
};

inline Text strip(Text text) {
  while (text.begin < text.end && is_blank(*text.begin)) ++text.begin;
  while (text.begin < text.end && is_blank(text.end[-1])) --text.end;
  return text;
}

// A byte order mark begins a file, and stands at the beginning of some line if files were joined.
inline Text without_mark(Text line) {
  const bool has_mark = line.end - line.begin >= 3 && std::memcmp(line.begin, "\xef\xbb\xbf", 3) == 0;
  return {has_mark ? line.begin + 3 : line.begin, line.end};
}

// One line after the other; LF, CRLF or CR ends a line.
class Lines {
 public:
  Lines(const char* begin, const char* end) : at_(begin), end_(end), lf_(find('\n')), cr_(find('\r')) {}

  // The next line without its end, and without a byte order mark.
  bool next(Text* line) {
    if (at_ == end_) return false;
    const char* begin = at_;
    at_ = std::min(lf_, cr_);
    *line = without_mark({begin, at_});
    if (at_ < end_) {
      const bool is_cr = *at_++ == '\r';
      if (is_cr && at_ < end_ && *at_ == '\n') ++at_;
    }
    if (lf_ < at_) lf_ = find('\n');
    if (cr_ < at_) cr_ = find('\r');
    return true;
  }

 private:
  const char* find(char c) const {
    const void* found = at_ < end_ ? std::memchr(at_, c, static_cast<std::size_t>(end_ - at_)) : nullptr;
    return found != nullptr ? static_cast<const char*>(found) : end_;
  }

  const char* at_;
  const char* end_;
  const char* lf_;  // the next of each kind, or the end
  const char* cr_;
};

// One field of a line after the other.
class Fields {
 public:
  Fields(Text line, char delimiter) : at_(line.begin), end_(line.end), delimiter_(delimiter) {}

  // False at the end of the line, and at a fault. A quoted field is what stands between its quotes.
  bool next(Text* field) {
    if (delimiter_ == 0) return next_word(field);
    if (ended_) return false;
    if (at_ < end_ && *at_ == '"') {
      const char* close = at_ + 1;
      while (close < end_ && (*close != '"' || (close + 1 < end_ && close[1] == '"'))) close += *close == '"' ? 2 : 1;
      if (close == end_) return fail(ListFault::open_quote);
      *field = {at_ + 1, close};
      at_ = close + 1;
      if (at_ < end_ && *at_ != delimiter_) return fail(ListFault::after_quote);
    } else {
      const void* found = at_ < end_ ? std::memchr(at_, delimiter_, static_cast<std::size_t>(end_ - at_)) : nullptr;
      *field = {at_, found != nullptr ? static_cast<const char*>(found) : end_};
      at_ = field->end;
    }
    ended_ = at_ == end_;  // after a delimiter there is one more field, if only an empty one
    if (!ended_) ++at_;
    return true;
  }
  ListFault fault() const { return fault_; }

 private:
  bool next_word(Text* field) {
    while (at_ < end_ && is_blank(*at_)) ++at_;
    field->begin = at_;
    while (at_ < end_ && !is_blank(*at_)) ++at_;
    field->end = at_;
    return field->begin < field->end;
  }
  bool fail(ListFault fault) {
    fault_ = fault;
    return false;
  }

  const char* at_;
  const char* end_;
  char delimiter_;
  bool ended_ = false;
  ListFault fault_ = ListFault::none;
};

}  // namespace pixfeed
