// std::from_chars for double. libc++ has it from version 20 on, and macOS from 26 on.
#pragma once

#include <charconv>

namespace pixfeed {

// The same by strtod.
std::from_chars_result number_by_strtod(const char* begin, const char* end, double& value);

// A template, because only there may an expression be asked for that does not compile.
template <class Double>
std::from_chars_result number_from_chars(const char* begin, const char* end, Double& value) {
  if constexpr (requires { std::from_chars(begin, end, value); }) {
    return std::from_chars(begin, end, value);
  } else {
    return number_by_strtod(begin, end, value);
  }
}

}  // namespace pixfeed
