// std::from_chars for double by strtod of the C locale.
#include "core/number.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <string>
#include <system_error>

#include "core/platform.h"

namespace pixfeed {

std::from_chars_result number_by_strtod(const char* begin, const char* end, double& value) {
  // from_chars takes neither blanks nor a plus, and of hexadecimal digits only the 0 before the x. strtod takes all of
  // them.
  const char* digits = begin < end && *begin == '-' ? begin + 1 : begin;
  if (digits == end || std::strchr("0123456789.iInN", *digits) == nullptr) {
    return {begin, std::errc::invalid_argument};
  }
  const bool is_hexadecimal = end - digits > 1 && *digits == '0' && (digits[1] == 'x' || digits[1] == 'X');
  const std::string text(begin, is_hexadecimal ? digits + 1 : end);
  char* stop = nullptr;
  errno = 0;
  const double number = platform::c_strtod(text.c_str(), &stop);
  if (stop == text.c_str()) return {begin, std::errc::invalid_argument};
  const char* const after = begin + (stop - text.c_str());
  // ERANGE is also for numbers that are small but not 0, which from_chars takes.
  if (errno == ERANGE && (number == 0 || std::isinf(number))) return {after, std::errc::result_out_of_range};
  value = number;
  return {after, std::errc()};
}

}  // namespace pixfeed
