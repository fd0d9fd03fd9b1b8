// libFuzzer: whatever csrc/core/jpeg says is done must be, pixel by pixel, what libjpeg-turbo gives without a warning.
//   clang++ -std=c++20 -g -O2 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -I csrc \
//     csrc/fuzz/jpeg_fuzz.cpp csrc/core/jpeg/*.cpp -ljpeg -lhwy -o jpeg_fuzz
//   jpeg_test --seeds corpus && ./jpeg_fuzz -max_len=4096 corpus
// Built with -DPIXFEED_FUZZ_STATISTICS it says at its end how many inputs went which way.
#include <cstdio>
#include <cstdlib>
#include <cstring>

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
  void take(int, const std::uint8_t*) override {}
};

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
  const Verdict verdict = turbo_decode(bytes, size, turbo, kMaxPixels);
  if (turbo.width == 0) {  // libjpeg-turbo does not even get through the header
    Anything sink;
    if (jpeg::decode(bytes, size, {}, sink) == jpeg::Outcome::done) die("done, where libjpeg-turbo fails in the header");
    return 0;
  }
  if (static_cast<long>(turbo.width) * turbo.height > kMaxPixels) return 0;

  Collector sink(turbo.width, turbo.height);
  const bool done = jpeg::decode(bytes, size, {}, sink) == jpeg::Outcome::done;
#ifdef PIXFEED_FUZZ_STATISTICS
  if (done) ++statistics.done;
  else if (verdict == Verdict::clean) ++statistics.declined_clean;
  else if (verdict == Verdict::warned) ++statistics.declined_warned;
  else ++statistics.declined_failed;
#endif
  if (!done) return 0;
  if (verdict == Verdict::warned) die("done, where libjpeg-turbo warns");
  if (verdict == Verdict::failed) die("done, where libjpeg-turbo fails");
  if (sink.taken != turbo.height) die("done, but not every row was given");
  if (sink.rgb != turbo.rgb) die("different pixels");

  // Only some rows: what is left out must not change the others.
  const int from = bytes[size / 2] % turbo.height;
  Collector part(turbo.width, turbo.height, from, from + 3);
  if (jpeg::decode(bytes, size, {}, part) != jpeg::Outcome::done) die("rows in the middle declined");
  const std::size_t row = 3 * static_cast<std::size_t>(turbo.width);
  const std::size_t begin = row * static_cast<std::size_t>(from);
  if (std::memcmp(part.rgb.data() + begin, turbo.rgb.data() + begin, row * static_cast<std::size_t>(part.taken)) != 0) {
    die("rows in the middle differ");
  }
  return 0;
}
