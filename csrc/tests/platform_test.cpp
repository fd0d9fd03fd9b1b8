// core/platform.h, on every system alike. source_test.cpp has what only POSIX does.
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "core/platform.h"
#include "tests/check.h"
#include "tests/folder.h"

namespace {

using namespace pixfeed;

bool never() { return false; }

std::string utf8(const std::filesystem::path& path) {
  const std::u8string text = path.u8string();
  return {text.begin(), text.end()};
}

TEST_CASE("platform: a file is read on and at any place, whatever letters its name has") {
  const Folder folder;
  const std::filesystem::path path = std::filesystem::path(folder.path) / u8"größe 猫.jpg";
  const std::string bytes("a\r\nb\n\x1a\0c", 8);  // what Windows changes in files that are text
  std::ofstream(path, std::ios::binary) << bytes;
  const platform::File file = platform::open_file(utf8(path), never);
  REQUIRE(file.error == 0);
  CHECK(file.size == 8);
  CHECK_FALSE((file.waits || file.device));
  char got[16] = {};
  CHECK(platform::read_next(file, got, 3, never) == 3);
  CHECK(platform::read_next(file, got + 3, 3, never) == 3);
  CHECK(platform::read_at(file.descriptor, got + 6, 9, 6) == 2);
  CHECK(std::string(got, 8) == bytes);
  CHECK(platform::read_at(file.descriptor, got, 4, 8) == 0);
  platform::close_file(file);
}

TEST_CASE("platform: what cannot be opened is an errno") {
  const Folder folder;
  CHECK(platform::open_file(folder.path + "/missing.jpg", never).error == ENOENT);
  CHECK(platform::open_file(folder.path, never).error == EISDIR);
  CHECK(platform::open_file("", never).error == ENOENT);
}

TEST_CASE("platform: pages begin at a multiple of 4096 bytes") {
  for (const std::size_t size : {4096U, 1U << 20}) {
    void* pages = platform::take_pages(size);
    REQUIRE(pages != nullptr);
    CHECK(reinterpret_cast<std::uintptr_t>(pages) % 4096 == 0);
    std::memset(pages, 1, size);
    platform::give_pages(pages);
  }
}

TEST_CASE("platform: numbers have a decimal point") {
  char* end = nullptr;
  const std::string text = "0.125,";
  CHECK(platform::c_strtod(text.c_str(), &end) == 0.125);
  CHECK(end == text.c_str() + 5);
}

}  // namespace
