// Files of one's own: those in the folders that PIXFEED_JPEG_FILES names, separated by colons.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "tests/check.h"
#include "tests/jpeg_files.h"

namespace {

using namespace pixfeed;
using namespace pixfeed::testing;
namespace fs = std::filesystem;

std::vector<std::uint8_t> read(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

void check_files(const fs::path& root) {
  std::vector<fs::path> paths;
  if (fs::is_directory(root)) {
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      if (entry.is_regular_file()) paths.push_back(entry.path());
    }
  } else {
    paths.push_back(root);
  }
  std::sort(paths.begin(), paths.end());
  int same = 0, declined = 0, others = 0;
  for (const auto& path : paths) {
    const auto file = read(path);
    if (file.size() < 2 || file[0] != 0xFF || file[1] != 0xD8) {
      ++others;
      continue;
    }
    Picture turbo;
    const Verdict verdict = turbo_decode(file.data(), file.size(), turbo);
    const Result result = compare(file, turbo);
    if (result == Result::same && verdict == Verdict::clean) {
      ++same;
      check_file(file, path.string(), true);
    } else if (result == Result::declined) {
      ++declined;
      std::printf("  declined %s (libjpeg-turbo: %s)\n", path.c_str(),
                  verdict == Verdict::clean    ? "fine"
                  : verdict == Verdict::warned ? "warns"
                                               : "fails");
    } else {
      fail(path.string() + (result == Result::same ? ": done, but libjpeg-turbo warns" : ": different pixels"));
    }
  }
  std::printf("%s: %d identical, %d declined, %d not JPEG\n", root.c_str(), same, declined, others);
}

TEST_CASE("jpeg: own files" * doctest::skip(std::getenv("PIXFEED_JPEG_FILES") == nullptr)) {
  std::istringstream folders(std::getenv("PIXFEED_JPEG_FILES"));
  for (std::string folder; std::getline(folders, folder, ':');) check_files(folder);
}

}  // namespace
