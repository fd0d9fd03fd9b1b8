// Whole pictures: csrc/core/jpeg against libjpeg-turbo, pixel by pixel.
#include <cstdio>
#include <iterator>
#include <string>
#include <vector>

#include "tests/check.h"
#include "tests/jpeg_files.h"
#include "tests/random.h"

namespace {

using namespace pixfeed;
using namespace pixfeed::testing;

TEST_CASE("jpeg: a small and a wide picture on every CPU target") {
  for_each_target([](const char*) {
    Recipe recipe;
    recipe.width = 67;
    recipe.height = 53;
    recipe.h = recipe.v = 2;
    check_recipe(recipe);
    recipe.width = 1500;  // enough for several chains of block_starts
    recipe.noise = true;
    check_recipe(recipe);
  });
}

TEST_CASE("jpeg: every sampling, size and quality") {
  for (const auto& sampling : kSamplings) {
    Recipe recipe = recipe_of(sampling);
    // Sizes: every width and every height once per residue, and all the small ones with each other.
    for (int width = 1; width <= 70; ++width) {
      for (int height = 1; height <= 70; ++height) {
        if ((width > 9 || height > 9) && (width * 7 + height * 3) % (kSanitized ? 97 : 23) != 0) continue;
        recipe.width = width;
        recipe.height = height;
        recipe.seed = static_cast<unsigned>(width * 100 + height);
        recipe.noise = (width + height) % 2 == 0;
        recipe.optimise = (width / 2 + height) % 2 == 0;
        recipe.quality = 1 + (width * 37 + height * 61) % 100;
        const int mcus_across = (width + 8 * recipe.h - 1) / (8 * recipe.h);
        const int restarts[] = {0, 0, 1, mcus_across, 3, 7};
        recipe.restart = restarts[(width + 5 * height) % 6];
        check_recipe(recipe);
      }
    }
    for (int quality = 1; quality <= 100; quality += kSanitized ? 7 : 1) {
      for (int variant = 0; variant < 4; ++variant) {
        recipe.width = 67;
        recipe.height = 45;
        recipe.quality = quality;
        recipe.noise = variant % 2 != 0;
        recipe.optimise = variant / 2 != 0;
        recipe.restart = quality % 5;
        check_recipe(recipe);
      }
    }
    // Wider than a chunk of MCUs and longer than the window of bytes.
    recipe.width = 1500;
    recipe.height = 131;
    recipe.noise = true;
    recipe.quality = 97;
    recipe.restart = 0;
    check_recipe(recipe);
    recipe.restart = 1001;
    check_recipe(recipe);
  }
}

// Pictures large enough for all chains of block_starts, sound and damaged ones: whatever finds and picks their blocks,
// the samples are the same, or the file is declined by all.
TEST_CASE("jpeg: all CPU targets give the same") {
  std::vector<std::vector<std::uint8_t>> files;
  std::vector<bool> sound;
  for (const int quality : {5, 50, 85, 97, 100}) {
    if (kSanitized && quality != 85 && quality != 97) continue;
    for (std::size_t i = 0; i < std::size(kSamplings); ++i) {
      Recipe recipe = recipe_of(kSamplings[i]);
      recipe.width = 400 + 37 * static_cast<int>(i);
      recipe.height = 1000 - recipe.width;
      recipe.quality = quality;
      recipe.noise = (i + static_cast<std::size_t>(quality)) % 3 != 0;
      recipe.optimise = i % 2 != 0;
      recipe.restart = quality == 85 ? 90 + static_cast<int>(i) : 0;
      files.push_back(make_jpeg(recipe));
      sound.push_back(true);
      for (int damaged = 0; damaged < 3; ++damaged) {
        auto file = files.back();
        // Behind the tables; a byte that is or becomes 0xFF would be found out too soon.
        const std::size_t at = file.size() / 8 + next_random() % (file.size() / 8 * 7);
        if (file[at] < 0x80 && file[at - 1] != 0xFF) file[at] ^= static_cast<std::uint8_t>(1U << next_random() % 7);
        files.push_back(std::move(file));
        sound.push_back(false);
      }
    }
  }
  for (const int quality : {1, 60}) {  // more restart markers than there is room for in a window
    Recipe recipe;
    recipe.width = 1100;
    recipe.height = 700;
    recipe.quality = quality;
    recipe.restart = 1;
    files.push_back(make_jpeg(recipe));
    sound.push_back(true);
  }
  std::vector<Picture> expected;
  std::string first;
  int done = 0;
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    std::size_t n = 0;
    for (const auto& file : files) {
      Picture size;
      turbo_decode(file.data(), file.size(), size);
      for (const int reduced : {4, 8}) {
        const Request request{false, reduced, true, true};
        const Picture picture = low_pass(file, size.width, size.height, request);
        done += !picture.rgb.empty();
        if (sound[n / 2] && picture.rgb.empty()) {
          fail("declined on " + std::string(hwy::TargetName(target)) + describe(request, {}));
        }
        if (first.empty()) {
          expected.push_back(picture);
        } else if (picture.rgb != expected[n].rgb) {
          fail(std::string(hwy::TargetName(target)) + " and " + first + " differ" + describe(request, {}) + " file " +
               std::to_string(n));
        }
        ++n;
      }
    }
    if (first.empty()) first = hwy::TargetName(target);
    if (first == hwy::TargetName(target)) std::printf("%zu large pictures, %d of them done\n", n, done);
  }
  hwy::SetSupportedTargetsForTest(0);
  if (done == 0) fail("no large picture was done");
}

}  // namespace
