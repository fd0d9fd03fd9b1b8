// Comparing with libjpeg-turbo, in all the ways to ask for a picture.
#include "tests/jpeg_files.h"

#include "core/jpeg/decode.h"
#include "tests/check.h"
#include "tests/random.h"

namespace pixfeed::testing {

namespace {

int reduced_side(int side, int reduced) { return (side + reduced - 1) / reduced; }

}  // namespace

std::string describe(const Recipe& r) {
  return std::to_string(r.width) + "x" + std::to_string(r.height) + " components " + std::to_string(r.components) +
         " sampling " + std::to_string(r.h) + "x" + std::to_string(r.v) + " and " + std::to_string(r.chroma_h) + "x" +
         std::to_string(r.chroma_v) + " quality " + std::to_string(r.quality) + (r.noise ? " noise" : " smooth") +
         (r.optimise ? " optimised" : "") + " restart " + std::to_string(r.restart);
}

std::string describe(const Request& r, const Area& a) {
  return " at 1/" + std::to_string(r.reduced) + (r.low_pass ? " low-pass" : "") + (r.gray ? " gray" : "") +
         (r.whole ? " whole" : "") + " area " + std::to_string(a.x) + "," + std::to_string(a.y) + " " +
         std::to_string(a.width) + "x" + std::to_string(a.height);
}

Result compare(const std::vector<std::uint8_t>& file, const Picture& turbo, const Request& request, const Area& area,
               int every) {
  Collector sink(turbo.width, turbo.height, area, every);
  // An exact copy in memory of its own, so that a sanitizer sees reads past the end.
  const std::vector<std::uint8_t> bytes(file);
  if (jpeg::decode(bytes.data(), bytes.size(), request, sink) != jpeg::Outcome::done) return Result::declined;
  if (turbo.rgb.empty()) return Result::same;  // libjpeg-turbo failed: there is nothing to compare with
  return sink.same(turbo) ? Result::same : Result::different;
}

Result compare(const std::vector<std::uint8_t>& file, const Picture& turbo, const Request& request) {
  return compare(file, turbo, request, {0, 0, turbo.width, turbo.height});
}

Area random_area(const Picture& picture) {
  const auto below = [](int n) { return static_cast<int>(next_random() % static_cast<unsigned>(n)); };
  const int x = below(picture.width);
  const int y = below(picture.height);
  if (below(8) == 0) return {x, y, 0, 0};
  return {x, y, 1 + below(picture.width - x), 1 + below(picture.height - y)};
}

Picture low_pass(const std::vector<std::uint8_t>& file, int width, int height, const Request& request) {
  Collector sink(reduced_side(width, request.reduced), reduced_side(height, request.reduced));
  const std::vector<std::uint8_t> bytes(file);
  if (jpeg::decode(bytes.data(), bytes.size(), request, sink) != jpeg::Outcome::done) return {};
  return sink.picture();
}

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

void check_recipe(const Recipe& recipe) {
  const auto file = make_jpeg(recipe);
  Picture turbo;
  if (turbo_decode(file.data(), file.size(), turbo) != Verdict::clean) {
    fail("libjpeg-turbo does not like its own " + describe(recipe));
  } else if (!check_file(file, describe(recipe), false)) {
    fail("declined: " + describe(recipe));
  }
}

}  // namespace pixfeed::testing
