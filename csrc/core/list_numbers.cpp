// Numbers by std::from_chars, which is stricter than Python in some places and laxer in others.
#include "core/list_numbers.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>

#include "core/number.h"

namespace pixfeed {
namespace {

// std::from_chars knows no plus.
bool skip_plus(Text* text) {
  if (text->begin == text->end || *text->begin != '+') return true;
  ++text->begin;
  return text->begin < text->end && *text->begin != '-';
}

// Whether a number that double cannot hold is too large for it (or else too small): where its first digit that is not
// zero stands, in powers of ten.
bool is_large(Text text) {
  const char* exponent = std::find_if(text.begin, text.end, [](char c) { return c == 'e' || c == 'E'; });
  const char* point = std::find(text.begin, exponent, '.');
  const char* digit = std::find_if(text.begin, exponent, [](char c) { return c >= '1' && c <= '9'; });
  if (digit == exponent) return false;
  const std::int64_t power = point - digit;
  std::int64_t shift = 0;
  if (exponent < text.end) {
    Text number{exponent + 1, text.end};
    skip_plus(&number);
    if (std::from_chars(number.begin, number.end, shift).ec == std::errc::result_out_of_range) {
      return *number.begin != '-';
    }
  }
  return power + std::clamp<std::int64_t>(shift, -(1LL << 60), 1LL << 60) > 0;
}

template <class Float>
ListFault read_float(Text field, Float* value) {
  Text text = strip(field);
  if (!skip_plus(&text)) return ListFault::no_number;
  double number = 0;
  const auto [stop, error] = number_from_chars(text.begin, text.end, number);
  // "nan(...)" is a number for C++ only.
  if (stop != text.end || error == std::errc::invalid_argument || text.end[-1] == ')') return ListFault::no_number;
  if (error == std::errc::result_out_of_range) {
    if (is_large(text)) return ListFault::too_large;
    number = *text.begin == '-' ? -0.0 : 0.0;
  }
  *value = static_cast<Float>(number);
  return std::isinf(*value) && !std::isinf(number) ? ListFault::too_large : ListFault::none;
}

}  // namespace

ListFault read_number(Text field, std::int64_t* value) {
  Text text = strip(field);
  if (!skip_plus(&text)) return ListFault::no_integer;
  const auto [stop, error] = std::from_chars(text.begin, text.end, *value);
  if (stop != text.end || error == std::errc::invalid_argument) return ListFault::no_integer;
  return error == std::errc() ? ListFault::none : ListFault::too_large;
}

ListFault read_number(Text field, float* value) { return read_float(field, value); }
ListFault read_number(Text field, double* value) { return read_float(field, value); }

}  // namespace pixfeed
