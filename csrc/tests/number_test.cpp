// number_by_strtod, which only other standard libraries need, beside this one's std::from_chars.
#include <bit>
#include <cmath>
#include <cstdint>
#include <sstream>
#include <string>

#include "core/number.h"
#include "tests/check.h"
#include "tests/random.h"

namespace {

using namespace pixfeed;
using namespace pixfeed::testing;

void check_equal(const std::string& text) {
  double want = -1, value = -1;
  const char *begin = text.data(), *end = begin + text.size();
  const auto [want_stop, want_error] = number_from_chars(begin, end, want);
  const auto [stop, error] = number_by_strtod(begin, end, value);
  CAPTURE(text);
  CHECK(stop - begin == want_stop - begin);
  CHECK(error == want_error);
  // What stands in the brackets of a NaN does not matter.
  const bool both_nan = std::isnan(value) && std::isnan(want);
  CHECK((both_nan || std::bit_cast<std::uint64_t>(value) == std::bit_cast<std::uint64_t>(want)));
}

TEST_CASE("numbers by strtod: known texts") {
  const char* const plain =
      ". .5 5. -.e1 0 -0 0.1 1.5 1,5 1_000 1e 1e+ 1e+3 1e-3 1E5x +1 - -- --1 -+1 0x10 -0X1p3 00x1";
  const char* const odd =
      "inf -INF infini infinity nan -nan nan(1) nan( 9007199254740993 1e308 1e309 -1e309 4.9e-324 "
      "1e-310 1e-400 -1e-400 1e99999999999";
  for (const char* list : {plain, odd}) {
    std::istringstream texts(list);
    for (std::string text; texts >> text;) check_equal(text);
  }
  for (const char* text : {"", " 1", "- 1"}) check_equal(text);
}

TEST_CASE("numbers by strtod: texts at random") {
  const std::string letters = "0123456789..--+eEinfx ";
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (unsigned left = next_random() % 13; left > 0; --left) text += letters[next_random() % letters.size()];
    check_equal(text);
  }
}

}  // namespace
