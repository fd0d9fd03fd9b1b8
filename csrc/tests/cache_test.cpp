// The cache of decoded pictures: what is put can be read, whatever happens to its files.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "core/cache/store.h"
#include "tests/check.h"
#include "tests/folder.h"

namespace {

using pixfeed::Buffer;
using pixfeed::ImageView;
using namespace pixfeed::cache;

constexpr Limits kPlenty{std::int64_t{1} << 40, 0};

Key key_of_number(int number) { return key_of("picture " + std::to_string(number), "224 x 224"); }

// Picture `number` has sides and pixels that follow from it.
struct Picture {
  explicit Picture(int number) : width(40 + number % 7), height(30 + number % 501), rows(width * height * 3) {
    std::uint32_t state = static_cast<std::uint32_t>(number) * 2654435761u + 1;
    for (std::uint8_t& value : rows) value = static_cast<std::uint8_t>((state = state * 1664525u + 1013904223u) >> 24);
  }
  ImageView view() { return {rows.data(), width, height, width * 3}; }
  int width, height;
  std::vector<std::uint8_t> rows;
};

void put(Store& store, int number) {
  Picture picture(number);
  store.put(key_of_number(number), picture.view(), 3,
            {100, 200, 6, pixfeed::Format::jpeg, pixfeed::Status::ok, pixfeed::InCache::nothing, 1000 + number});
}

enum class Result { missing, damaged, right, wrong };

Result read(Store& store, int number, Buffer& scratch, int first = 0, int count = -1) {
  const std::optional<Found> found = store.find(key_of_number(number));
  if (!found) return Result::missing;
  const Picture picture(number);
  if (found->entry.width != picture.width || found->entry.height != picture.height) return Result::wrong;
  if (count < 0) count = picture.height;
  const std::uint8_t* rows = store.read(*found, first, count, scratch);
  if (rows == nullptr) return Result::damaged;
  const std::size_t row = found->entry.row_bytes();
  return std::memcmp(rows, picture.rows.data() + row * first, row * count) == 0 ? Result::right : Result::wrong;
}

Options options_of(const Folder& folder, std::size_t pages = 64) { return {folder.path, kPlenty, pages}; }

TEST_CASE("cache: pictures and rows of them are read, also by the store of another process") {
  const Folder folder;
  Store store(options_of(folder));
  std::string why;
  REQUIRE(store.open(&why));
  Buffer scratch;
  CHECK(read(store, 1, scratch) == Result::missing);
  for (int i = 0; i < 600; ++i) put(store, i);
  CHECK(store.why_stopped().empty());
  Store other(options_of(folder));
  for (int i = 0; i < 600; ++i) {
    EXPECT(read(store, i, scratch) == Result::right, "picture %d", i);
    EXPECT(read(other, i, scratch, 7, 9) == Result::right, "rows of %d, checked", i);
    EXPECT(read(other, i, scratch, 5, 11) == Result::right, "rows of %d", i);
  }
  CHECK(other.counts().hits == 1200);
  CHECK(store.counts().misses == 1);
}

TEST_CASE("cache: more pictures than the first index has slots; others see the new index") {
  const Folder folder;
  Store store(options_of(folder, 1)), reader(options_of(folder, 1));
  Buffer scratch;
  CHECK(read(reader, 0, scratch) == Result::missing);  // opens it, with one index
  for (int i = 0; i < 500; ++i) put(store, i);
  CHECK(std::filesystem::exists(folder.path + "/index-2"));
  for (int i = 0; i < 500; ++i) EXPECT(read(reader, i, scratch) == Result::right, "picture %d", i);
  int entries = 0;
  CHECK(reader.for_each([&](const Found&) { ++entries; }));
  CHECK(entries == 500);
}

TEST_CASE("cache: flipped bits and cut-off files are noticed, and the picture is forgotten") {
  const Folder folder;
  {
    Store store(options_of(folder));
    for (int i = 0; i < 50; ++i) put(store, i);
  }
  const std::string segment = folder.path + "/segment-1";
  {
    std::fstream file(segment, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(5000);
    file.put('x').put('y').put('z');
  }
  std::filesystem::resize_file(segment, std::filesystem::file_size(segment) - 100);
  Store store(options_of(folder));
  Buffer scratch;
  int right = 0, damaged = 0;
  for (int i = 0; i < 50; ++i) {
    const Result result = read(store, i, scratch, 3, 2);
    right += result == Result::right;
    damaged += result == Result::damaged;
  }
  CHECK(right == 48);
  CHECK(damaged == 2);
  CHECK(store.counts().damaged == 2);
  CHECK(read(store, 49, scratch) == Result::missing);  // the last one
  put(store, 49);
  CHECK(read(store, 49, scratch) == Result::right);
}

TEST_CASE("cache: an entry whose segment was replaced is damaged") {
  const Folder folder, other;
  {
    Store store(options_of(folder)), different(options_of(other));
    put(store, 1);
    Picture picture(1);
    for (std::uint8_t& value : picture.rows) value ^= 1;
    different.put(key_of_number(1), picture.view(), 3,
                  {100, 200, 1, pixfeed::Format::png, pixfeed::Status::ok, pixfeed::InCache::nothing, 1});
  }
  std::filesystem::copy_file(other.path + "/segment-1", folder.path + "/segment-1",
                             std::filesystem::copy_options::overwrite_existing);
  Store store(options_of(folder));
  Buffer scratch;
  CHECK(read(store, 1, scratch) == Result::damaged);
}

TEST_CASE("cache: the limit holds for all processes, and filling stops") {
  const Folder folder;
  Options options = options_of(folder);
  options.limits.max_bytes = 4 << 20;
  Store store(options), other(options);
  for (int i = 0; i < 400; ++i) put(i % 2 == 0 ? store : other, i);
  CHECK(store.why_stopped() == "it is full (max_bytes or keep_free)");
  std::uintmax_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder.path)) {
    if (file.path().filename().string().rfind("segment", 0) == 0) bytes += file.file_size();
  }
  CHECK(bytes <= (4u << 20));
  CHECK(bytes > (2u << 20));
  Buffer scratch;
  for (int i = 0; i < 400; ++i) {
    const Result result = read(store, i, scratch);
    EXPECT(result == Result::right || result == Result::missing, "picture %d", i);
  }
}

TEST_CASE("cache: a folder that cannot be written stops filling; one of another version is refused") {
  const Folder folder;
  {
    std::ofstream(folder.path + "/index-0") << "something else entirely, longer than a title of 32 bytes";
  }
  Store store(options_of(folder));
  std::string why;
  CHECK_FALSE(store.open(&why));
  CHECK(why == "it is no index of this version");
  put(store, 1);
  Buffer scratch;
  CHECK(read(store, 1, scratch) == Result::missing);
}

TEST_CASE("cache: threads") {
  const Folder folder;
  Store store(options_of(folder, 1));
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Buffer scratch;
      for (int i = t; i < 400; i += 4) put(store, i);
      for (int i = 0; i < 400; ++i) {
        const Result result = read(store, i, scratch);
        wrong += result == Result::wrong || result == Result::damaged;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  Buffer scratch;
  for (int i = 0; i < 400; ++i) EXPECT(read(store, i, scratch) == Result::right, "picture %d", i);
}

// What is there after three processes were killed while they filled is right, and what is missing can be put.
TEST_CASE("cache: kill -9 while three processes fill") {
  const int rounds = pixfeed::testing::kSanitized ? 4 : 20;
  const Folder folder;
  Buffer scratch;
  Store before(options_of(folder, 1));  // children begin anew
  put(before, 0);
  for (int round = 0; round < rounds; ++round) {
    std::vector<pid_t> children;
    for (int c = 0; c < 3; ++c) {
      const pid_t child = fork();
      if (child == 0) {
        for (int i = 0;; ++i) {
          const int number = (i * 7 + c * 31 + round * 101) % 3000;
          if (!before.find(key_of_number(number))) put(before, number);
        }
      }
      children.push_back(child);
    }
    usleep(static_cast<useconds_t>(3000 + round * 1700));
    for (const pid_t child : children) kill(child, SIGKILL);
    for (const pid_t child : children) waitpid(child, nullptr, 0);
    Store store(options_of(folder, 1));
    int right = 0;
    for (int i = 0; i < 3000; ++i) {
      const Result result = read(store, i, scratch);
      EXPECT(result == Result::right || result == Result::missing, "round %d, picture %d: %d", round, i,
             static_cast<int>(result));
      right += result == Result::right;
    }
    CHECK(right > 0);
  }
  CHECK(before.why_stopped().empty());
}

}  // namespace
