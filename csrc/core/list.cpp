// A list in two passes over pieces of a megabyte: count the samples, then fill the tables.
#include "core/list.h"

#include <algorithm>
#include <atomic>
#include <type_traits>
#include <unordered_set>
#include <utility>

#include "core/list_fields.h"
#include "core/list_numbers.h"
#include "core/platform.h"
#include "core/pool.h"

namespace pixfeed {
namespace {

constexpr std::int64_t kPiece = 1 << 20;  // bytes

// The number of a class, and what is written where there are no labels.
struct ClassNumber {
  std::int64_t number;
};
struct NoLabel {};

// The word in a field of a list with that delimiter; two quotes inside a quoted field stand for one. `buffer` may hold
// it.
std::string_view word_in(Text field, const char* line, char delimiter, std::string& buffer) {
  const bool is_quoted = delimiter != 0 && field.begin > line && field.begin[-1] == '"';
  const Text text = strip(field);
  const std::string_view word(text.begin, static_cast<std::size_t>(text.end - text.begin));
  if (!is_quoted || word.find('"') == word.npos) return word;
  buffer.clear();
  for (std::size_t i = 0; i < word.size(); ++i) {
    buffer += word[i];
    if (word[i] == '"') ++i;  // the second of two
  }
  return buffer;
}

template <class Label>
ListFault read_label(Text field, const char* line, const ListFormat& format, Label* label) {
  if constexpr (std::is_same_v<Label, ClassNumber>) {
    std::string buffer;
    const std::string_view word = word_in(field, line, format.delimiter, buffer);
    if (word.empty()) return ListFault::no_label;
    const std::int64_t* number = format.words->find(word);
    if (number == nullptr) return ListFault::unknown_word;
    label->number = *number;
    return ListFault::none;
  } else {
    return read_number(field, label);
  }
}

// The numbers of one line go to `rois` and `labels`, which has room for `expected` of them; -1: they are only counted.
template <class Label>
ListFault parse_line(Text line, const ListFormat& format, std::int64_t expected, std::int64_t* rois, Label* labels,
                     std::int64_t* found) {
  Fields fields(line, format.delimiter);
  Text field;
  *found = 0;
  if (!fields.next(&field)) return fields.fault();
  if (field.begin == field.end) return ListFault::no_name;
  std::int64_t column = 0;
  constexpr bool has_labels = !std::is_same_v<Label, NoLabel>;
  for (; (has_labels || column < format.roi_columns) && fields.next(&field); ++column) {
    ListFault fault = ListFault::none;
    if (column < format.roi_columns) {
      std::int64_t number = 0;
      fault = read_number(field, &number);
      if (rois != nullptr) rois[column] = number;
    } else if constexpr (has_labels) {
      Label label{};
      fault = read_label(field, line.begin, format, &label);
      if (*found < expected) labels[*found] = label;
      ++*found;
    }
    if (fault != ListFault::none) return fault;
  }
  if (fields.fault() != ListFault::none) return fields.fault();
  if (has_labels ? *found == 0 : column < format.roi_columns) return ListFault::no_label;
  return expected >= 0 && *found != expected ? ListFault::other_count : ListFault::none;
}

bool is_empty(Text line) {
  while (line.begin < line.end && is_blank(*line.begin)) ++line.begin;
  return line.begin == line.end;
}

// Calls do_it(Label()) with the C++ type of labels.
template <class Function>
auto with_type(LabelType labels, Function do_it) {
  if (labels == LabelType::float32) return do_it(float());
  if (labels == LabelType::float64) return do_it(double());
  if (labels == LabelType::none) return do_it(NoLabel());
  if (labels == LabelType::words) return do_it(ClassNumber());
  return do_it(std::int64_t());
}

}  // namespace

// Bytes [begin, end): in the caller's memory, or read into `buffer`.
ListFault List::read(std::int64_t begin, std::int64_t end, Buffer& buffer, const char** data) const {
  if (source_.file < 0) {
    *data = reinterpret_cast<const char*>(source_.memory.data) + begin;
    return ListFault::none;
  }
  char* at = reinterpret_cast<char*>(buffer.get(static_cast<std::size_t>(end - begin)));
  if (at == nullptr) return ListFault::out_of_memory;
  *data = at;
  while (begin < end) {
    const std::int64_t n = platform::read_at(source_.file, at, static_cast<std::size_t>(end - begin), begin);
    if (n < 0) return ListFault::unreadable;
    if (n == 0) return ListFault::shorter;
    at += n;
    begin += n;
  }
  return ListFault::none;
}

// The first position after `place` where a line begins, or the end of the list.
ListFault List::line_end_behind(std::int64_t place, Buffer& buffer, std::int64_t* found) const {
  for (std::int64_t window = 4096; place < end_; place += window, window *= 2) {
    const std::int64_t stop = std::min(end_, place + window);
    const char* data = nullptr;
    // One byte more, to see whether a CR at the end is half of a CRLF.
    const ListFault fault = read(place, std::min(end_, stop + 1), buffer, &data);
    if (fault != ListFault::none) return fault;
    const char* end = std::find_if(data, data + (stop - place), is_line_end);
    if (end == data + (stop - place)) continue;
    place += end - data + 1;
    if (*end == '\r' && place < end_ && end[1] == '\n') ++place;
    *found = place;
    return ListFault::none;
  }
  *found = end_;
  return ListFault::none;
}

ListFault List::cut() {
  if (!pieces_.empty()) return ListFault::none;
  Buffer buffer;
  for (std::int64_t begin = begin_; begin < end_;) {
    Piece piece;
    piece.begin = begin;
    const ListFault fault = line_end_behind(std::min(end_, begin + kPiece), buffer, &piece.end);
    if (fault != ListFault::none) return fault;
    pieces_.push_back(piece);
    begin = piece.end;
  }
  return ListFault::none;
}

// Calls task(piece, its bytes) for every piece; what comes after a problem may be left out. The first problem.
ListProblem List::for_pieces(int threads, void (List::*task)(Piece&, const char*)) {
  const int n = static_cast<int>(pieces_.size());
  std::atomic<int> next{0}, first_bad{n};
  parallel_for(std::min(n, threads), Workers{threads}, [&](int) {
    Buffer buffer;  // a thread's own, for all of its pieces
    for (int i; (i = next.fetch_add(1)) < n && i < first_bad.load();) {
      Piece& piece = pieces_[static_cast<std::size_t>(i)];
      const char* data = nullptr;
      piece.problem.fault = read(piece.begin, piece.end, buffer, &data);
      if (piece.problem.fault == ListFault::none) (this->*task)(piece, data);
      if (piece.problem.fault == ListFault::none) continue;
      for (int bad = first_bad.load(); i < bad && !first_bad.compare_exchange_weak(bad, i);) {
      }
    }
  });
  const int bad = first_bad.load();
  return bad < n ? pieces_[static_cast<std::size_t>(bad)].problem : ListProblem{};
}

void List::count(Piece& piece, const char* data) {
  Lines lines(data, data + (piece.end - piece.begin));
  for (Text line; lines.next(&line); ++piece.lines) piece.samples += !is_empty(line);
}

void List::collect_piece(Piece& piece, const char* data) {
  std::unordered_set<std::string> found;
  Lines lines(data, data + (piece.end - piece.begin));
  std::string buffer;
  for (Text line; lines.next(&line);) {
    if (is_empty(line)) continue;
    Fields fields(line, format_.delimiter);
    Text field;
    for (int column = -1; fields.next(&field); ++column) {  // -1: the name
      if (column < format_.roi_columns) continue;
      const std::string_view word = word_in(field, line.begin, format_.delimiter, buffer);
      if (!word.empty()) found.emplace(word);
    }
  }
  const std::lock_guard lock(collecting_);
  collected_.merge(std::set<std::string>(found.begin(), found.end()));
}

ListProblem List::collect(int threads, std::vector<std::string>* words) {
  ListProblem problem;
  problem.fault = cut();
  if (problem.fault == ListFault::none) problem = for_pieces(threads, &List::collect_piece);
  words->assign(collected_.begin(), collected_.end());
  collected_.clear();
  return problem;
}

ListProblem List::scan(int threads) {
  ListProblem problem;
  problem.fault = cut();
  if (problem.fault == ListFault::none) problem = for_pieces(threads, &List::count);
  if (problem.fault != ListFault::none) return problem;
  std::int64_t line = first_line_;
  for (Piece& piece : pieces_) {
    piece.first_line = line;
    piece.first_sample = samples_;
    line += piece.lines;
    samples_ += piece.samples;
  }
  const auto first = std::find_if(pieces_.begin(), pieces_.end(), [](const Piece& piece) { return piece.samples > 0; });
  if (first == pieces_.end()) return problem;
  Buffer buffer;
  const char* data = nullptr;
  problem.fault = read(first->begin, first->end, buffer, &data);
  if (problem.fault != ListFault::none) return problem;
  Lines lines(data, data + (first->end - first->begin));
  Text text{};
  for (problem.line = first->first_line; lines.next(&text) && is_empty(text);) ++problem.line;
  first_sample_line_ = problem.line;
  problem.begin = first->begin + (text.begin - data);
  problem.end = first->begin + (text.end - data);
  problem.fault = with_type(format_.labels, [&](auto label) {
    return parse_line<decltype(label)>(text, format_, -1, nullptr, nullptr, &labels_);
  });
  return problem;
}

template <class Label>
void List::parse_piece(Piece& piece, const char* data) {
  Lines lines(data, data + (piece.end - piece.begin));
  std::int64_t number = piece.first_line, sample = piece.first_sample;
  for (Text line; lines.next(&line); ++number) {
    const std::int64_t begin = piece.begin + (line.begin - data), end = piece.begin + (line.end - data);
    Text text = line;
    while (text.begin < text.end && is_blank(*text.begin)) ++text.begin;
    if (text.begin == text.end) continue;
    if (sample == piece.first_sample + piece.samples) {  // the file was written to since it was counted
      piece.problem.fault = ListFault::shorter;
      return;
    }
    if (format_.delimiter != 0) text.begin = line.begin;
    const std::int64_t offset = piece.begin + (text.begin - data);
    if (tables_.wide) {
      static_cast<std::int64_t*>(tables_.offsets)[sample] = offset;
    } else {
      static_cast<std::uint32_t*>(tables_.offsets)[sample] = static_cast<std::uint32_t>(offset);
    }
    if (sample % ListTables::kStride == 0) tables_.lines[sample / ListTables::kStride] = number;
    if (sample == samples_ - 1) tables_.lines[(samples_ + ListTables::kStride - 1) / ListTables::kStride] = number;
    std::int64_t found = 0;
    const ListFault fault = parse_line(text, format_, labels_, tables_.rois + sample * format_.roi_columns,
                                       static_cast<Label*>(tables_.labels) + sample * labels_, &found);
    if (fault != ListFault::none) {
      piece.problem = {fault, number, begin, end};
      if (fault == ListFault::other_count) {
        piece.problem = {fault, number, begin, end, found, first_sample_line_, labels_};
      }
      return;
    }
    ++sample;
  }
  if (sample != piece.first_sample + piece.samples) piece.problem.fault = ListFault::shorter;
}

ListProblem List::parse(const ListTables& tables, int threads) {
  tables_ = tables;
  if (tables.wide) {
    static_cast<std::int64_t*>(tables.offsets)[samples_] = end_;
  } else {
    static_cast<std::uint32_t*>(tables.offsets)[samples_] = static_cast<std::uint32_t>(end_);
  }
  return with_type(format_.labels,
                   [&](auto label) { return for_pieces(threads, &List::parse_piece<decltype(label)>); });
}

}  // namespace pixfeed
