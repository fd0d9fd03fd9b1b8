// csrc/core/jpeg against libjpeg-turbo, pixel by pixel, and every kernel on every CPU target against its plain twin.
//   jpeg_test                 the pictures it makes itself
//   jpeg_test FILE|DIR...     those files as well; says how many were declined
//   jpeg_test --seeds DIR     writes a small corpus for the fuzzer
#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <hwy/targets.h>

#include "core/jpeg/color.h"
#include "core/jpeg/idct.h"
#include "core/jpeg/upsample.h"
#include "tests/jpeg_turbo.h"

namespace {

using namespace pixfeed;
using namespace pixfeed::testing;
namespace fs = std::filesystem;

int failures = 0;

void fail(const std::string& what) {
  if (++failures <= 20) std::fprintf(stderr, "FAILED: %s\n", what.c_str());
}

unsigned next_random() {
  static unsigned state = 12345;
  state = state * 1664525U + 1013904223U;
  return state >> 8;
}

// Every kernel, with numbers that sound files give and with numbers that overflow.
void check_kernels(const std::string& target) {
  for (int round = 0; round < 3000; ++round) {
    const std::size_t n = 1 + next_random() % 9;
    const auto kind = static_cast<jpeg::BlockKind>(next_random() % 3);
    const int range = round % 3 == 0 ? 65536 : round % 3 == 1 ? 2048 : 64;
    alignas(64) std::int16_t coefs[9 * 64] = {};
    std::int16_t quant[64];
    for (auto& q : quant) q = static_cast<std::int16_t>(1 + next_random() % (round % 2 ? 16 : 255));
    for (std::size_t b = 0; b < n; ++b) {
      for (int i = 0; i < 64; ++i) {
        const bool outside_corner = i > 31 || i % 8 > 3;
        const bool zero = kind == jpeg::BlockKind::flat ? i > 0 : kind == jpeg::BlockKind::corner && outside_corner;
        const int value = static_cast<int>(next_random() % static_cast<unsigned>(range)) - range / 2;
        if (zero || next_random() % 3 == 0) continue;
        coefs[b * 64 + static_cast<std::size_t>(i)] = static_cast<std::int16_t>(value);
      }
    }
    constexpr std::ptrdiff_t kStride = 9 * 8;
    std::uint8_t ours[8 * kStride] = {};
    std::uint8_t plain[8 * kStride] = {};
    jpeg::BlockRef refs[9];
    bool good = true;
    for (std::size_t b = 0; b < n; ++b) {
      refs[b] = {coefs + 64 * b, ours + 8 * b};
      good &= jpeg::idct_plain({coefs + 64 * b, plain + 8 * b}, quant, kStride);
    }
    const bool said = jpeg::idct(kind, refs, n, quant, kStride);
    if (said != good || (good && std::memcmp(ours, plain, sizeof(ours)) != 0)) fail("idct on " + target);
    std::memset(ours, 0, sizeof(ours));
    std::memset(plain, 0, sizeof(plain));
    for (std::size_t b = 0; b < n; ++b) jpeg::idct_low_4_plain({coefs + 64 * b, plain + 8 * b}, quant, kStride);
    jpeg::idct_low_4(refs, n, quant, kStride);
    if (std::memcmp(ours, plain, sizeof(ours)) != 0) fail("idct_low_4 on " + target);
    for (int size = 2; size <= 4; size *= 2) {
      std::memset(ours, 0, sizeof(ours));
      std::memset(plain, 0, sizeof(plain));
      good = true;
      for (std::size_t b = 0; b < n; ++b) {
        good &= jpeg::idct_reduced_plain(size, {coefs + 64 * b, plain + 8 * b}, quant, kStride);
      }
      const bool reduced = jpeg::idct_reduced(size, kind, refs, n, quant, kStride);
      if (reduced != good || (good && std::memcmp(ours, plain, sizeof(ours)) != 0)) {
        fail("idct_reduced to " + std::to_string(size) + " on " + target);
      }
    }
  }
  for (int round = 0; round < 3000; ++round) {
    constexpr int kMost = 70;
    const int n = 1 + static_cast<int>(next_random() % kMost);
    const int range = round % 3 == 0 ? 65536 : round % 3 == 1 ? 2048 : 64;
    std::int16_t coefs[8 * kMost + jpeg::kLowSlack];
    std::int16_t quant[64];
    for (auto& q : quant) q = static_cast<std::int16_t>(1 + next_random() % (round % 2 ? 16 : 255));
    for (auto& c : coefs) {
      c = static_cast<std::int16_t>(static_cast<int>(next_random() % static_cast<unsigned>(range)) - range / 2);
      if (round % 6 == 0 && next_random() % 3 == 0) c = next_random() % 2 ? 32767 : -32768;
    }
    constexpr std::ptrdiff_t kStride = 4 * kMost + jpeg::kLowSlack;
    std::uint8_t ours[4 * kStride], plain[4 * kStride];
    const auto same = [&](int size) {
      const auto columns = static_cast<std::size_t>(size * n);
      bool all = true;
      for (int y = 0; y < size; ++y) all &= std::memcmp(ours + y * kStride, plain + y * kStride, columns) == 0;
      return all;
    };
    jpeg::idct_low_2(coefs, n, quant, ours, kStride);
    jpeg::idct_low_2_plain(coefs, n, quant, plain, kStride);
    if (!same(2)) fail("idct_low_2 on " + target);
    jpeg::idct_low_4_of_6(coefs, n, quant, ours, kStride);
    jpeg::idct_low_4_of_6_plain(coefs, n, quant, plain, kStride);
    if (!same(4)) fail("idct_low_4_of_6 on " + target);
  }
  for (int n = 1; n < 300; n += n < 140 ? 1 : 37) {
    const auto size = static_cast<std::size_t>(n);
    std::vector<std::uint8_t> in[3];
    for (auto& row : in) {
      row.resize(size + 2 * 64);
      for (auto& sample : row) sample = static_cast<std::uint8_t>(next_random());
    }
    const std::uint8_t* a = in[0].data() + 64;
    const std::uint8_t* b = in[1].data() + 64;
    const std::uint8_t* c = in[2].data() + 64;
    std::vector<std::uint8_t> ours(3 * (size + 64)), plain(3 * (size + 64));
    const auto compare = [&](std::size_t bytes, const char* what) {
      if (std::memcmp(ours.data(), plain.data(), bytes) != 0) fail(std::string(what) + " on " + target);
    };
    jpeg::upsample_h2v1(a, n, ours.data());
    jpeg::upsample_h2v1_plain(a, n, plain.data());
    compare(2 * size, "upsample_h2v1");
    jpeg::upsample_h2v2(a, b, n, ours.data());
    jpeg::upsample_h2v2_plain(a, b, n, plain.data());
    compare(2 * size, "upsample_h2v2");
    for (int bias = 1; bias <= 2; ++bias) {
      jpeg::upsample_h1v2(a, b, n, bias, ours.data());
      jpeg::upsample_h1v2_plain(a, b, n, bias, plain.data());
      compare(size, "upsample_h1v2");
    }
    jpeg::ycc_to_rgb(a, b, c, n, ours.data());
    jpeg::ycc_to_rgb_plain(a, b, c, n, plain.data());
    compare(3 * size, "ycc_to_rgb");
    jpeg::gray_to_rgb(a, n, ours.data());
    jpeg::gray_to_rgb_plain(a, n, plain.data());
    compare(3 * size, "gray_to_rgb");
  }
  // Every pair of colour samples: rounding is where conversions differ.
  std::vector<std::uint8_t> luma(256 + 64), blue(256 + 64), red(256 + 64), ours(3 * (256 + 64)), plain(3 * (256 + 64));
  for (int b = 0; b < 256; ++b) {
    for (int x = 0; x < 256; ++x) {
      luma[static_cast<std::size_t>(x)] = static_cast<std::uint8_t>(next_random());
      blue[static_cast<std::size_t>(x)] = static_cast<std::uint8_t>(b);
      red[static_cast<std::size_t>(x)] = static_cast<std::uint8_t>(x);
    }
    jpeg::ycc_to_rgb(luma.data(), blue.data(), red.data(), 256, ours.data());
    jpeg::ycc_to_rgb_plain(luma.data(), blue.data(), red.data(), 256, plain.data());
    if (std::memcmp(ours.data(), plain.data(), 3 * 256) != 0) fail("ycc_to_rgb's colours on " + target);
  }
}

enum class Result { same, declined, different };

Result compare(const std::vector<std::uint8_t>& file, const Picture& turbo, const Request& request, const Area& area,
               int every = 1) {
  Collector sink(turbo.width, turbo.height, area, every);
  // An exact copy in memory of its own, so that a sanitizer sees reads past the end.
  const std::vector<std::uint8_t> bytes(file);
  if (jpeg::decode(bytes.data(), bytes.size(), request, sink) != jpeg::Outcome::done) return Result::declined;
  if (turbo.rgb.empty()) return Result::same;  // libjpeg-turbo failed: there is nothing to compare with
  return sink.same(turbo) ? Result::same : Result::different;
}

Result compare(const std::vector<std::uint8_t>& file, const Picture& turbo, const Request& request = {}) {
  return compare(file, turbo, request, {0, 0, turbo.width, turbo.height});
}

// A rectangle of a picture, one time in eight without any pixels.
Area random_area(const Picture& picture) {
  const auto below = [](int n) { return static_cast<int>(next_random() % static_cast<unsigned>(n)); };
  const int x = below(picture.width);
  const int y = below(picture.height);
  if (below(8) == 0) return {x, y, 0, 0};
  return {x, y, 1 + below(picture.width - x), 1 + below(picture.height - y)};
}

std::string describe(const Request& r, const Area& a) {
  return " at 1/" + std::to_string(r.reduced) + (r.low_pass ? " low-pass" : "") + (r.gray ? " gray" : "") +
         (r.whole ? " whole" : "") + " area " + std::to_string(a.x) + "," + std::to_string(a.y) + " " +
         std::to_string(a.width) + "x" + std::to_string(a.height);
}

// Every way to ask for a picture.
constexpr Request kRequests[] = {{false, 1, true}, {true, 1, true}, {false, 2, true}, {true, 2, true},
                                 {false, 4, true}, {true, 4, true}, {false, 8, true}, {true, 8, true}};
constexpr Request kLowPasses[] = {{false, 2, true, true}, {true, 2, true, true},  {false, 4, true, true},
                                  {true, 4, true, true},  {false, 8, true, true}, {true, 8, true, true}};

int reduced_side(int side, int reduced) { return (side + reduced - 1) / reduced; }

// A low-pass of a whole file; without pixels if it is declined.
Picture low_pass(const std::vector<std::uint8_t>& file, int width, int height, const Request& request) {
  Collector sink(reduced_side(width, request.reduced), reduced_side(height, request.reduced));
  const std::vector<std::uint8_t> bytes(file);
  if (jpeg::decode(bytes.data(), bytes.size(), request, sink) != jpeg::Outcome::done) return {};
  return sink.picture();
}

// Parts of a low-pass are those of the whole. False if the file is declined.
bool check_low_pass_parts(const std::vector<std::uint8_t>& file, int width, int height, Request request,
                          const std::string& name) {
  const Picture whole = low_pass(file, width, height, request);
  if (whole.rgb.empty()) return false;
  for (int part = 0; part < 2; ++part) {
    const Area area = random_area(whole);
    request.whole = part == 0;
    const int every = next_random() % 4 == 0 ? 1 + static_cast<int>(next_random() % 40) : 1;
    if (compare(file, whole, request, area, every) != Result::same) fail(name + describe(request, area));
  }
  return true;
}

// A sound file in every way or, without `thorough`, in about every third, and parts of it. False if it is declined as it
// is: that may be right. What is taken as it is has to be taken in every other way, too.
bool check_file(const std::vector<std::uint8_t>& file, const std::string& name, bool thorough) {
  for (Request request : kRequests) {
    const bool plain = request.reduced == 1 && !request.gray;
    if (!plain && !thorough && next_random() % 3 != 0) continue;
    Picture turbo;
    turbo_decode(file.data(), file.size(), turbo, request);
    Area area{0, 0, turbo.width, turbo.height};
    const Result whole = compare(file, turbo, request, area);
    if (whole == Result::declined && plain) return false;
    if (whole != Result::same) {
      fail(std::string(whole == Result::declined ? "declined: " : "differs: ") + name + describe(request, area));
      continue;
    }
    for (int part = 0; part < 2; ++part) {
      area = random_area(turbo);
      request.whole = part == 0;
      const int every = next_random() % 4 == 0 ? 1 + static_cast<int>(next_random() % 40) : 1;
      if (compare(file, turbo, request, area, every) != Result::same) fail(name + describe(request, area));
    }
  }
  Picture size;
  turbo_decode(file.data(), file.size(), size, {}, 0);
  for (const Request& request : kLowPasses) {
    if (!thorough && next_random() % 3 != 0) continue;
    if (!check_low_pass_parts(file, size.width, size.height, request, name)) {
      fail("declined: " + name + describe(request, {}));
    }
  }
  return true;
}

std::string describe(const Recipe& r) {
  return std::to_string(r.width) + "x" + std::to_string(r.height) + " components " + std::to_string(r.components) +
         " sampling " + std::to_string(r.h) + "x" + std::to_string(r.v) + " and " + std::to_string(r.chroma_h) + "x" +
         std::to_string(r.chroma_v) + " quality " + std::to_string(r.quality) + (r.noise ? " noise" : " smooth") +
         (r.optimise ? " optimised" : "") + " restart " + std::to_string(r.restart);
}

void check_recipe(const Recipe& recipe) {
  const auto file = make_jpeg(recipe);
  Picture turbo;
  if (turbo_decode(file.data(), file.size(), turbo) != Verdict::clean) {
    fail("libjpeg-turbo does not like its own " + describe(recipe));
  } else if (!check_file(file, describe(recipe), false)) {
    fail("declined: " + describe(recipe));
  }
}

// Components, luma's sampling factors, and those of the others.
constexpr int kSamplings[][5] = {{1, 1, 1, 1, 1}, {3, 1, 1, 1, 1}, {3, 2, 1, 1, 1}, {3, 2, 2, 1, 1}, {3, 1, 2, 1, 1},
                                 {3, 4, 1, 1, 1}, {3, 4, 2, 1, 1}, {3, 3, 1, 1, 1}, {3, 1, 4, 1, 1}, {3, 2, 2, 2, 1},
                                 {3, 2, 2, 1, 2}, {3, 1, 1, 2, 2}, {3, 2, 1, 1, 2}, {3, 1, 1, 4, 1}};
constexpr std::size_t kFinerChroma = 11;
static_assert(kSamplings[kFinerChroma][1] < kSamplings[kFinerChroma][3]);

Recipe recipe_of(const int (&sampling)[5]) {
  Recipe recipe;
  recipe.components = sampling[0];
  recipe.h = sampling[1];
  recipe.v = sampling[2];
  recipe.chroma_h = sampling[3];
  recipe.chroma_v = sampling[4];
  return recipe;
}

int check_made_pictures() {
  int made = 0;
  const auto check = [&](const Recipe& recipe) {
    ++made;
    check_recipe(recipe);
  };
  for (const auto& sampling : kSamplings) {
    Recipe recipe = recipe_of(sampling);
    // Sizes: every width and every height once per residue, and all the small ones with each other.
    for (int width = 1; width <= 70; ++width) {
      for (int height = 1; height <= 70; ++height) {
        if ((width > 9 || height > 9) && (width * 7 + height * 3) % 23 != 0) continue;
        recipe.width = width;
        recipe.height = height;
        recipe.seed = static_cast<unsigned>(width * 100 + height);
        recipe.noise = (width + height) % 2 == 0;
        recipe.optimise = (width / 2 + height) % 2 == 0;
        recipe.quality = 1 + (width * 37 + height * 61) % 100;
        const int mcus_across = (width + 8 * recipe.h - 1) / (8 * recipe.h);
        const int restarts[] = {0, 0, 1, mcus_across, 3, 7};
        recipe.restart = restarts[(width + 5 * height) % 6];
        check(recipe);
      }
    }
    for (int quality = 1; quality <= 100; ++quality) {
      for (int variant = 0; variant < 4; ++variant) {
        recipe.width = 67;
        recipe.height = 45;
        recipe.quality = quality;
        recipe.noise = variant % 2 != 0;
        recipe.optimise = variant / 2 != 0;
        recipe.restart = quality % 5;
        check(recipe);
      }
    }
    // Wider than a chunk of MCUs and longer than the window of bytes.
    recipe.width = 1500;
    recipe.height = 131;
    recipe.noise = true;
    recipe.quality = 97;
    recipe.restart = 0;
    check(recipe);
    recipe.restart = 1001;
    check(recipe);
  }
  return made;
}

// Samples of a gray picture's low-pass, which libjpeg-turbo does not have: the inverse DCT of a block's lowest
// coefficients, in double precision, of those whose row and column add up to `most` at most.
double low_pass_sample(const std::int16_t* block, const int* quant, int size, int most, int x, int y) {
  const double pi = std::acos(-1.0);
  const auto basis = [&](int k, int at) {
    return std::sqrt((k == 0 ? 1.0 : 2.0) / size) * std::cos((2 * at + 1) * k * pi / (2 * size));
  };
  double sum = 0;
  for (int v = 0; v < size; ++v) {
    for (int u = 0; u < size && u + v <= most; ++u)
      sum += block[8 * v + u] * quant[8 * v + u] * basis(u, x) * basis(v, y);
  }
  return std::clamp(128 + sum * size / 8, 0.0, 255.0);
}

void check_low_pass_of_gray() {
  double largest = 0;
  for (int round = 0; round < 600; ++round) {
    // Gray is a picture of its own or, every fourth time, the luma of one whose chroma is finer.
    const bool coarse = round % 4 == 0;
    Recipe recipe = recipe_of(kSamplings[coarse ? kFinerChroma : 0]);
    recipe.width = 1 + static_cast<int>(next_random() % 200);
    recipe.height = 1 + static_cast<int>(next_random() % 60);
    recipe.quality = 1 + round % 100;
    recipe.noise = round % 2 != 0;
    recipe.optimise = round % 3 == 0;
    recipe.seed = next_random();
    const auto file = make_jpeg(recipe);
    const Coefficients coefs = turbo_coefficients(file);
    for (const Request& request : kLowPasses) {
      const int size = 8 / request.reduced * (coarse ? 2 : 1);
      if (coarse && (!request.gray || size == 8)) continue;
      const Picture ours = low_pass(file, recipe.width, recipe.height, request);
      if (ours.rgb.empty()) {
        fail("declined: low-pass of " + describe(recipe));
        continue;
      }
      const int most = size == 2 ? 1 : size == 4 && coarse ? 2 : 6;
      for (int y = 0; y < ours.height; ++y) {
        for (int x = 0; x < ours.width; ++x) {
          const std::ptrdiff_t block = 64 * (y / size * coefs.across + x / size);
          const double expected = low_pass_sample(&coefs.blocks[static_cast<std::size_t>(block)], coefs.quant, size,
                                                  most, x % size, y % size);
          const std::uint8_t* rgb = &ours.rgb[3 * static_cast<std::size_t>(y * ours.width + x)];
          largest = std::max(largest, std::abs(rgb[0] - expected));
        }
      }
    }
  }
  std::printf("low-pass: up to %.2f from the inverse DCT\n", largest);
  if (largest > 1) fail("low-pass is not the inverse DCT of the lowest frequencies");
}

// In colour it has to be near the reduced picture where that has no detail to speak of.
void check_low_pass_of_colour() {
  double largest = 0;
  for (const auto& sampling : kSamplings) {
    Recipe recipe = recipe_of(sampling);
    recipe.width = 333;
    recipe.height = 217;
    recipe.gentle = true;
    const auto file = make_jpeg(recipe);
    for (const Request& request : kLowPasses) {
      const Picture ours = low_pass(file, recipe.width, recipe.height, request);
      Picture turbo;
      turbo_decode(file.data(), file.size(), turbo, {request.gray, request.reduced, true});
      if (ours.rgb.size() != turbo.rgb.size()) {
        fail("declined: low-pass of " + describe(recipe));
        continue;
      }
      double sum = 0;
      for (std::size_t i = 0; i < ours.rgb.size(); ++i) sum += std::abs(ours.rgb[i] - turbo.rgb[i]);
      const double mean = sum / static_cast<double>(ours.rgb.size());
      largest = std::max(largest, mean);
      if (mean > 1) fail("low-pass is far from the reduced picture: " + describe(recipe) + describe(request, {}));
    }
  }
  std::printf("low-pass: up to %.2f on average from the reduced picture\n", largest);
}

// Damage that must not be taken for a sound file.
void check_damage() {
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

// Pictures large enough for all chains of block_starts, sound and damaged ones: whatever finds and picks their blocks, the
// samples are the same, or the file is declined by all.
void check_targets_agree() {
  std::vector<std::vector<std::uint8_t>> files;
  std::vector<bool> sound;
  for (const int quality : {5, 50, 85, 97, 100}) {
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

// Files with changed bytes: damage, but also sound files with quantisation tables and coefficients that no encoder
// would write. What is done must be what libjpeg-turbo gives, and it must not have warned.
void check_mutations() {
  int done = 0;
  constexpr int kRounds = 20000;
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
      // Every quantisation table: 64 bytes behind its marker, length and number.
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
    if (result == Result::different) fail("mutation differs: " + describe(recipe) + describe(request, {}));
    if (verdict == Verdict::clean && compare(file, turbo, request, random_area(turbo)) != Result::same) {
      fail("part of a mutation: " + describe(recipe) + describe(request, {}));
    }
  }
  std::printf("%d mutations, %d of them done\n", kRounds, done);
  if (done < kRounds / 5) fail("hardly any mutation is done");
}

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

void write_seeds(const fs::path& folder) {
  fs::create_directories(folder);
  int n = 0;
  for (const auto& sampling : kSamplings) {
    for (int variant = 0; variant < 4; ++variant) {
      Recipe recipe = recipe_of(sampling);
      recipe.width = 9 + 7 * variant;
      recipe.height = 31 - 6 * variant;
      recipe.quality = 35 + 20 * variant;
      recipe.noise = variant % 2 != 0;
      recipe.optimise = variant > 1;
      recipe.restart = variant == 3 ? 2 : 0;
      const auto file = make_jpeg(recipe);
      std::ofstream(folder / ("seed_" + std::to_string(n++) + ".jpg"), std::ios::binary)
          .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "--seeds") {
    write_seeds(argv[2]);
    return 0;
  }
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    check_kernels(hwy::TargetName(target));
    Recipe recipe;
    recipe.width = 67;
    recipe.height = 53;
    recipe.h = recipe.v = 2;
    check_recipe(recipe);
    recipe.width = 1500;  // enough for several chains of block_starts
    recipe.noise = true;
    check_recipe(recipe);
    std::printf("kernels on %s\n", hwy::TargetName(target));
  }
  hwy::SetSupportedTargetsForTest(0);
  std::printf("%d made pictures\n", check_made_pictures());
  check_targets_agree();
  check_low_pass_of_gray();
  check_low_pass_of_colour();
  check_damage();
  check_mutations();
  for (int i = 1; i < argc; ++i) check_files(argv[i]);
  if (failures != 0) {
    std::fprintf(stderr, "%d failures\n", failures);
    return 1;
  }
  std::printf("all well\n");
  return 0;
}
