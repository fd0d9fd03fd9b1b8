// A list file: a name and its numbers a line -> where each line is, and tables of regions and labels.
// The plain twin is python/pixfeed/list_parser.py.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/source.h"

namespace pixfeed {

// none: what follows the name (and the region) is not read; words: names of classes, which become int64 numbers.
enum class LabelType { int64, float32, float64, none, words };

// The words that labels may be, and their numbers.
class Words {
 public:
  void add(std::string_view word, std::int64_t number) { numbers_.emplace(kept_.emplace_back(word), number); }
  // nullptr: there is no such word.
  const std::int64_t* find(std::string_view word) const {
    const auto found = numbers_.find(word);
    return found != numbers_.end() ? &found->second : nullptr;
  }

 private:
  std::deque<std::string> kept_;
  std::unordered_map<std::string_view, std::int64_t> numbers_;
};

struct ListFormat {
  char delimiter = 0;   // between fields, which may then be quoted as in CSV; 0: any run of blanks and tabs
  int roi_columns = 0;  // integers between the name and the labels
  LabelType labels = LabelType::int64;
  const Words* words = nullptr;  // of LabelType::words
};

// What can be wrong with a list: the same numbers in C++ and in Python (list_parser.py), which has the words.
enum class ListFault : std::int32_t {
  none = 0,
  shorter = 1,        // the file ends before it should
  unreadable = 2,     // reading failed
  out_of_memory = 3,  // a line is longer than there is memory for
  no_name = 4,        // the first field is empty
  open_quote = 5,     // a quoted field does not end on its line
  after_quote = 6,    // a quoted field goes on after its closing quote
  no_integer = 7,     // a number of the region or a label is no integer
  no_number = 8,      // a label is no number
  too_large = 9,      // an integer does not fit 64 bits, or a number its floating-point type
  no_label = 10,      // the line ends before its first label
  other_count = 11,   // not as many labels as the first line has
  unknown_word = 12,  // a label is none of the words
};

struct ListProblem {
  ListFault fault = ListFault::none;
  std::int64_t line = 0;                          // counted from 1
  std::int64_t begin = 0, end = 0;                // the bytes of that line, without its end
  std::int64_t labels = 0;                        // other_count: of that line
  std::int64_t first_line = 0, first_labels = 0;  // other_count: the first line that is not blank, and its labels
};

// Where the bytes come from: a file, read at given places and never mapped (a file that is cut off while it is mapped
// kills the process), or memory of the caller's, who keeps it alive.
struct ListSource {
  int file = -1;  // a descriptor; below 0: `memory`
  Bytes memory;
};

// What parse() fills; n samples, L labels each.
struct ListTables {
  static constexpr std::int64_t kStride = 256;

  void* offsets = nullptr;        // [n + 1]: where each sample's line begins (its name, if blanks separate fields), and
                                  // where the list ends
  bool wide = false;              // offsets are int64, not uint32
  std::int64_t* rois = nullptr;   // [n, roi_columns]
  void* labels = nullptr;         // [n, L] of the label type
  std::int64_t* lines = nullptr;  // [ceil(n / kStride) + 1]: the line of every kStride-th sample, and of the last one
};

class List {
 public:
  // The bytes from `begin`, where line number `first_line` starts, to `end`.
  List(ListSource source, ListFormat format, std::int64_t begin, std::int64_t end, std::int64_t first_line)
      : source_(source), format_(format), begin_(begin), end_(end), first_line_(first_line) {}

  // Counts the samples, and the labels of the first one. To be called once, before parse().
  ListProblem scan(int threads);
  std::int64_t samples() const { return samples_; }
  std::int64_t labels() const { return labels_; }

  // All words that stand where labels are, each once and in the order of their bytes; may be called before scan().
  ListProblem collect(int threads, std::vector<std::string>* words);

  // Fills the tables; at a problem, the first of the list, they are undefined.
  ListProblem parse(const ListTables& tables, int threads);

 private:
  // About a megabyte of whole lines: small enough for the cache, large enough for a thread's turn.
  struct Piece {
    std::int64_t begin = 0, end = 0;
    std::int64_t lines = 0, samples = 0;            // in it
    std::int64_t first_line = 0, first_sample = 0;  // before it, counting all pieces
    ListProblem problem;
  };

  ListFault read(std::int64_t begin, std::int64_t end, Buffer& buffer, const char** data) const;
  ListFault cut();
  ListFault line_end_behind(std::int64_t place, Buffer& buffer, std::int64_t* found) const;
  ListProblem for_pieces(int threads, void (List::*task)(Piece&, const char*));
  void count(Piece& piece, const char* data);
  void collect_piece(Piece& piece, const char* data);
  template <class Label>
  void parse_piece(Piece& piece, const char* data);

  ListSource source_;
  ListFormat format_;
  std::int64_t begin_, end_, first_line_;
  std::int64_t samples_ = 0, labels_ = 0;
  std::int64_t first_sample_line_ = 0;
  std::vector<Piece> pieces_;
  ListTables tables_;
  std::set<std::string> collected_;
  std::mutex collecting_;
};

}  // namespace pixfeed
