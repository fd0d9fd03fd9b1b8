// Damaged files: what is done must be what libjpeg-turbo gives without a warning.
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "tests/check.h"
#include "tests/jpeg_files.h"
#include "tests/random.h"

namespace {

using namespace pixfeed;
using namespace pixfeed::testing;

// Damage that must not be taken for a sound file.
TEST_CASE("jpeg: damage is declined") {
  Recipe recipe;
  recipe.width = 61;
  recipe.height = 47;
  recipe.h = recipe.v = 2;
  recipe.restart = 3;
  const auto file = make_jpeg(recipe);
  Picture turbo;
  turbo_decode(file.data(), file.size(), turbo);
  for (std::size_t size = 0; size < file.size(); ++size) {
    const std::vector<std::uint8_t> cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
    for (const Request& request : kRequests) {
      Picture same_size;
      same_size.width = (recipe.width + request.reduced - 1) / request.reduced;
      same_size.height = (recipe.height + request.reduced - 1) / request.reduced;
      const Area area = random_area(same_size);
      if (compare(cut, same_size, request, area) == Result::declined) continue;
      fail("cut off at byte " + std::to_string(size) + ", not declined" + describe(request, area));
    }
  }
  for (std::size_t size = 0; size < file.size(); ++size) {
    const std::vector<std::uint8_t> cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
    for (const Request& request : kLowPasses) {
      if (low_pass(cut, recipe.width, recipe.height, request).rgb.empty()) continue;
      fail("cut off at byte " + std::to_string(size) + ", not declined" + describe(request, {}));
    }
  }
  // What lies below the area is not looked at, unless the whole file is to be.
  const Request not_whole{false, 1, false};
  const Area top{5, 0, 20, 14};
  for (const std::size_t missing : {std::size_t{2}, file.size() / 4}) {
    const std::vector<std::uint8_t> cut(file.begin(), file.end() - static_cast<std::ptrdiff_t>(missing));
    if (compare(cut, turbo, not_whole, top) != Result::same) fail("looked below the area");
  }
  const auto declined_by_all = [&](const std::vector<std::uint8_t>& wrong, const std::string& what) {
    if (compare(wrong, turbo) != Result::declined) fail(what + ", not declined");
    for (const Request& request : kLowPasses) {
      if (low_pass(wrong, recipe.width, recipe.height, request).rgb.empty()) continue;
      fail(what + ", not declined" + describe(request, {}));
    }
  };
  for (std::size_t i = 0; i + 1 < file.size(); ++i) {
    if (file[i] != 0xFF) continue;
    auto wrong = file;
    if (file[i + 1] == 0xDD) {
      for (int interval = 0; interval < 20; ++interval) {
        if (interval == recipe.restart) continue;
        wrong[i + 5] = static_cast<std::uint8_t>(interval);
        declined_by_all(wrong, "a restart marker every " + std::to_string(interval) + " MCUs only");
      }
    }
    if (file[i + 1] < 0xD0 || file[i + 1] > 0xD7) continue;
    wrong[i + 1] ^= 1;
    declined_by_all(wrong, "a wrong restart marker");
    auto more = file;
    more.insert(more.begin() + static_cast<std::ptrdiff_t>(i), 0x55);
    declined_by_all(more, "a byte too many before a marker");
  }
}

// Whether `turbo`, the pixels of libjpeg-turbo, may come from sums that overflow: its instructions for x86 wrap around
// where ours do, those for Arm elsewhere, and C nowhere. With 2 x 2 samples of a block only those for x86 do.
bool overflows([[maybe_unused]] const std::vector<std::uint8_t>& file, [[maybe_unused]] const Request& request,
               [[maybe_unused]] const Picture& turbo) {
#ifdef __aarch64__
  if (request.reduced == 4) return true;
  Picture in_c;
  setenv("JSIMD_FORCENONE", "1", 1);  // libjpeg-turbo asks for it once in each thread
  std::thread([&] { turbo_decode(file.data(), file.size(), in_c, request, 1L << 20); }).join();
  unsetenv("JSIMD_FORCENONE");
  return in_c.rgb != turbo.rgb;
#else
  return false;
#endif
}

// Files with changed bytes: damage, but also sound files with quantisation tables and coefficients that no encoder
// would write. What is done must be what libjpeg-turbo gives, and it must not have warned.
TEST_CASE("jpeg: changed bytes") {
  int done = 0;
  constexpr int kRounds = kSanitized ? 4000 : 20000;
  for (int round = 0; round < kRounds; ++round) {
    Recipe recipe = recipe_of(kSamplings[next_random() % std::size(kSamplings)]);
    const unsigned longest = round % 8 < 2 ? 150 : 40;
    recipe.width = 1 + static_cast<int>(next_random() % longest);
    recipe.height = 1 + static_cast<int>(next_random() % longest);
    recipe.quality = 1 + static_cast<int>(next_random() % 100);
    recipe.noise = round % 4 != 0;
    recipe.seed = next_random();
    auto file = make_jpeg(recipe);
    if (round % 2 == 0) {
      // Every quantisation table: 64 bytes after its marker, length and number.
      const int range = round % 3 == 0 ? 256 : 32;
      for (std::size_t i = 0; i + 69 < file.size(); ++i) {
        if (file[i] != 0xFF || file[i + 1] != 0xDB) continue;
        for (std::size_t j = 5; j < 69; ++j) file[i + j] = static_cast<std::uint8_t>(next_random() % range);
      }
    } else {
      for (int changes = 1 + round % 3; changes > 0; --changes) {
        file[next_random() % file.size()] ^= static_cast<std::uint8_t>(1U << next_random() % 8);
      }
    }
    Picture turbo;
    const Request low = kLowPasses[next_random() % std::size(kLowPasses)];
    Picture size;
    const Verdict whole_verdict = turbo_decode(file.data(), file.size(), size, {}, 1L << 20);
    if (size.width != 0 && static_cast<long>(size.width) * size.height <= 1L << 20 &&
        check_low_pass_parts(file, size.width, size.height, low, "mutation " + std::to_string(round)) &&
        whole_verdict != Verdict::clean) {
      fail("mutation " + std::to_string(round) + ": low-pass done, but libjpeg-turbo complains");
    }
    const Request request = kRequests[next_random() % std::size(kRequests)];
    const Verdict verdict = turbo_decode(file.data(), file.size(), turbo, request, 1L << 20);
    if (turbo.width == 0 || static_cast<long>(turbo.width) * turbo.height > 1L << 20) continue;
    const Result result = compare(file, turbo, request);
    if (result == Result::declined) continue;
    ++done;
    if (verdict != Verdict::clean) fail("mutation " + std::to_string(round) + ": done, but libjpeg-turbo complains");
    if (result == Result::different) {
      if (overflows(file, request, turbo)) continue;
      fail("mutation differs: " + describe(recipe) + describe(request, {}));
    }
    if (verdict == Verdict::clean && compare(file, turbo, request, random_area(turbo)) != Result::same) {
      fail("part of a mutation: " + describe(recipe) + describe(request, {}));
    }
  }
  std::printf("%d mutations, %d of them done\n", kRounds, done);
  if (done < kRounds / 5) fail("hardly any mutation is done");
}

}  // namespace
