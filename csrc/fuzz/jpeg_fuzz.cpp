// libFuzzer: whatever csrc/core/jpeg says is done must be, pixel by pixel, what libjpeg-turbo gives without a warning.
// A low-pass has nothing to compare with but itself: parts of it are those of the whole.
//   clang++ -std=c++20 -g -O2 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -I csrc \
//     csrc/fuzz/jpeg_fuzz.cpp csrc/core/jpeg/*.cpp -ljpeg -lhwy -o jpeg_fuzz
//   jpeg_corpus --seeds corpus && ./jpeg_fuzz -max_len=4096 corpus
// Built with -DPIXFEED_FUZZ_STATISTICS it says at its end how many inputs went which way.
#include <cstdio>
#include <cstdlib>

#include "tests/jpeg_turbo.h"

namespace {

using namespace pixfeed;
using namespace pixfeed::testing;

constexpr long kMaxPixels = 1L << 15;  // larger ones only take longer

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "jpeg_fuzz: %s\n", what);
  std::abort();
}

// For a picture whose size is not known.
class Anything : public RowSink {
 public:
  bool begin(int, int) override { return true; }
  Area area() const override { return {}; }
  bool wants(int) const override { return true; }
  void put_row(int, const std::uint8_t*) override {}
};

// Small numbers that depend on all of the input's bytes.
class Choices {
 public:
  Choices(const std::uint8_t* bytes, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) state_ = (state_ ^ bytes[i]) * 0x100000001B3U;
  }
  int below(int n) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<int>((state_ >> 33) % static_cast<std::uint64_t>(n));
  }

 private:
  std::uint64_t state_ = 0xCBF29CE484222325U;
};

constexpr int kReductions = 4;  // 1, 2, 4, 8

#ifdef PIXFEED_FUZZ_STATISTICS
struct Statistics {
  long done = 0, declined_clean = 0, declined_warned = 0, declined_failed = 0;
  ~Statistics() {
    std::fprintf(stderr, "done %ld; declined where libjpeg-turbo is fine %ld, warns %ld, fails %ld\n", done,
                 declined_clean, declined_warned, declined_failed);
  }
} statistics;
#endif

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  Picture turbo;
  const Verdict verdict = turbo_decode(bytes, size, turbo, {}, kMaxPixels);
  if (turbo.width == 0) {  // libjpeg-turbo does not even get through the header
    Anything sink;
    const jpeg::Outcome outcome = jpeg::decode(bytes, size, {}, sink);
    if (outcome == jpeg::Outcome::done) die("done, where libjpeg-turbo fails in the header");
    return 0;
  }
  if (static_cast<long>(turbo.width) * turbo.height > kMaxPixels) return 0;

  Collector sink(turbo.width, turbo.height);
  const bool done = jpeg::decode(bytes, size, {}, sink) == jpeg::Outcome::done;
#ifdef PIXFEED_FUZZ_STATISTICS
  if (done)
    ++statistics.done;
  else if (verdict == Verdict::clean)
    ++statistics.declined_clean;
  else if (verdict == Verdict::warned)
    ++statistics.declined_warned;
  else
    ++statistics.declined_failed;
#endif
  if (done) {
    if (verdict == Verdict::warned) die("done, where libjpeg-turbo warns");
    if (verdict == Verdict::failed) die("done, where libjpeg-turbo fails");
    if (!sink.same(turbo)) die("different pixels");
  }

  // Another way to ask for it, whatever became of the whole: its data may be sound as far as the area goes.
  Choices choices(bytes, size);
  Request request;
  request.gray = choices.below(2) != 0;
  request.reduced = 1 << choices.below(kReductions);
  request.whole = choices.below(3) == 0;
  request.low_pass = request.reduced > 1 && choices.below(2) != 0;
  const auto side = [&](int n) { return (n + request.reduced - 1) / request.reduced; };
  const int width = side(turbo.width);
  const int height = side(turbo.height);
  Area area{0, 0, width, height};
  if (choices.below(4) != 0) {
    area.x = choices.below(width);
    area.y = choices.below(height);
    area.width = 1 + choices.below(width - area.x);
    area.height = 1 + choices.below(height - area.y);
  }
  Collector part(width, height, area, choices.below(4) == 0 ? 1 + choices.below(40) : 1);
  const bool part_done = jpeg::decode(bytes, size, request, part) == jpeg::Outcome::done;
  if (request.low_pass) {
    request.whole = true;
    Collector everything(width, height);
    const bool all_done = jpeg::decode(bytes, size, request, everything) == jpeg::Outcome::done;
    if (all_done && !part_done) die("low-pass done, but a part of it is declined");
    if (all_done && verdict == Verdict::warned) die("low-pass done, where libjpeg-turbo warns");
    if (all_done && !part.same(everything.picture())) die("different pixels in a part of a low-pass");
    return 0;
  }
  // Only numbers far outside what samples give may be taken in one size and not in another.
  if (done && !part_done && request.reduced == 1) die("done, but a part of it is declined");
  if (!part_done) return 0;
  Picture other;
  const Verdict second = turbo_decode(bytes, size, other, request, kMaxPixels, request.whole ? height : area.bottom());
  if (request.whole && second == Verdict::warned) die("part done, where libjpeg-turbo warns");
  if (request.whole && second == Verdict::failed) die("part done, where libjpeg-turbo fails");
  // Behind the area's last row libjpeg-turbo may read on, to data that it fails at.
  if (second != Verdict::failed && !part.same(other)) die("different pixels in a part");
  return 0;
}
