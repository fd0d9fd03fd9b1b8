// csrc/core/list on lists that are known, and on bytes at random: from a file and from memory, on one thread and on
// several, the same comes out. What it means is tested in tests/test_files.py, beside the plain twin.
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include "core/list.h"
#include "core/platform.h"
#include "tests/check.h"
#include "tests/folder.h"
#include "tests/random.h"

namespace {

using namespace pixfeed;
using namespace pixfeed::testing;

struct Result {
  ListProblem problem;
  std::int64_t samples = 0, columns = 0;
  std::vector<std::uint32_t> offsets;
  std::vector<std::int64_t> wide, rois, lines;
  std::vector<double> labels;  // bits of any label type
};

Result read(ListSource source, ListFormat format, std::int64_t size, int threads, bool wide) {
  Result result;
  List list(source, format, 0, size, 1);
  result.problem = list.scan(threads);
  if (result.problem.fault != ListFault::none) return result;
  const auto n = static_cast<std::size_t>(result.samples = list.samples());
  result.columns = list.labels();
  // Exactly as large as promised, for the sanitizer.
  result.offsets.resize(n + 1);
  result.wide.resize(n + 1);
  result.rois.resize(n * static_cast<std::size_t>(format.roi_columns));
  result.labels.resize(n * static_cast<std::size_t>(list.labels()));
  result.lines.resize((n + 255) / 256 + 1);
  if (n == 0) return result;
  ListTables tables;
  tables.wide = wide;
  tables.offsets = wide ? static_cast<void*>(result.wide.data()) : result.offsets.data();
  tables.rois = result.rois.data();
  tables.labels = result.labels.data();
  tables.lines = result.lines.data();
  result.problem = list.parse(tables, threads);
  if (wide) result.offsets.assign(result.wide.begin(), result.wide.end());
  return result;
}

// From memory that is exactly as large as the list, and from a file.
void compare(const std::string& text, ListFormat format) {
  const auto size = static_cast<std::int64_t>(text.size());
  std::vector<std::uint8_t> exact(text.begin(), text.end());
  ListSource memory;
  memory.memory = {exact.data(), exact.size()};
  const Result one = read(memory, format, size, 1, false);
  static const Folder folder;
  const std::string path = folder.path + "/list.txt";
  std::ofstream(path, std::ios::binary) << text;
  const platform::File opened = platform::open_file(path, [] { return false; });
  EXPECT(opened.error == 0 && opened.size == size, "the disk is full");
  ListSource file;
  file.file = opened.descriptor;
  const Result other = read(file, format, size, 3, true);
  EXPECT(one.problem.fault == other.problem.fault && one.problem.line == other.problem.line &&
             one.problem.begin == other.problem.begin && one.problem.end == other.problem.end,
         "fault %d in line %d", static_cast<int>(one.problem.fault), static_cast<int>(one.problem.line));
  EXPECT(one.problem.begin >= 0 && one.problem.begin <= one.problem.end && one.problem.end <= size, "outside");
  if (one.problem.fault == ListFault::none) {
    EXPECT(one.samples == other.samples && one.columns == other.columns && one.offsets == other.offsets &&
               one.rois == other.rois && one.lines == other.lines && one.labels.size() == other.labels.size() &&
               (format.labels == LabelType::float32 || one.labels.empty() ||
                std::memcmp(one.labels.data(), other.labels.data(), one.labels.size() * 8) == 0),
           "%d samples", static_cast<int>(one.samples));
    // A file that is cut off, before or after it was counted, is a fault.
    if (size > 0 && one.samples > 0) {
      std::error_code error;
      std::filesystem::resize_file(path, static_cast<std::uintmax_t>(size / 2), error);
      EXPECT(!error, "ftruncate");
      EXPECT(read(file, format, size, 2, true).problem.fault == ListFault::shorter, "cut off");
    }
  }
  platform::close_file(opened);
}

std::string random_list() {
  static const char* const kPieces[] = {" ",
                                        "\t",
                                        "\n",
                                        "\r",
                                        "\r\n",
                                        ",",
                                        "\"",
                                        "\"\"",
                                        "a.jpg",
                                        "0",
                                        "17",
                                        "-3",
                                        "+4",
                                        "+",
                                        ".5",
                                        "1e3",
                                        "1e400",
                                        "-1e-400",
                                        "1e99999999999999999999",
                                        "99999999999999999999",
                                        "nan",
                                        "inf",
                                        "nan(1)",
                                        "\xff",
                                        "\xef\xbb\xbf",
                                        "\v",
                                        "a,1\n",
                                        "b,2\n",
                                        "a 1 2 3 4 5\n",
                                        "b 1\n"};
  std::string text;
  for (unsigned n = next_random() % 40; n > 0; --n) {
    const unsigned pick = next_random() % (std::size(kPieces) + 1);
    if (pick == std::size(kPieces)) {
      text.push_back(static_cast<char>(next_random()));
    } else {
      text += kPieces[pick];
    }
  }
  return text;
}

TEST_CASE("list: bytes at random") {
  Words words;
  for (const char* word : {"0", "17", "a.jpg", "\""}) words.add(word, 7);
  for (int round = 0; round < 20000; ++round) {
    ListFormat format;
    format.delimiter = round % 2 == 0 ? 0 : ',';
    format.roi_columns = round % 3 == 0 ? 4 : 0;
    format.labels = static_cast<LabelType>(round % 5);
    format.words = &words;
    compare(random_list(), format);
  }
}

TEST_CASE("list: words of many pieces, each once and sorted") {
  std::string text;
  for (int i = 0; i < 300000; ++i) text += "a.jpg," + std::string(i % 2 == 0 ? "\"x \"\"y\"\"\"" : " b ") + ",\n";
  ListSource memory;
  memory.memory = {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
  for (int threads : {1, 3}) {
    List list(memory, {','}, 0, static_cast<std::int64_t>(text.size()), 1);
    std::vector<std::string> words;
    EXPECT(list.collect(threads, &words).fault == ListFault::none, "fault");
    EXPECT((words == std::vector<std::string>{"b", "x \"y\""}), "%d words", static_cast<int>(words.size()));
  }
}

TEST_CASE("list: several pieces, every kind of line end, a line longer than a piece, a list that a fault ends") {
  static const char* const kEnds[] = {"\n", "\r\n", "\r", "\n\n"};
  std::string large;
  for (int i = 0; i < 300000; ++i) {
    large += "name" + std::to_string(i) + (i == 1234 ? std::string(3 << 20, 'x') : "") + " " + std::to_string(i) +
             kEnds[i % 4];
  }
  compare(large, {});
  compare(large + "late x\n" + large + "later\n", {});
  compare(std::string(5 << 20, '\r') + "a 1", {});
}

}  // namespace
