// What can be said about one image: the same numbers in C++, in HEADER rows and in Python (errors.py).
#pragma once

#include <cstdint>

namespace pixfeed {

// A bad image is a value, not an exception. The names say what is wrong with the image, never what failed inside.
enum class Status : std::int32_t {
  ok = 0,
  missing = 1,        // no such file
  unreadable = 2,     // the file is there, but reading it failed (a folder, no permission, an I/O error)
  empty = 3,          // no bytes
  not_an_image = 4,   // no known magic bytes, or a header that makes no sense
  truncated = 5,      // the data ends before the picture does
  corrupt = 6,        // the codec gave up, or warned and `strict` was asked for
  unsupported = 7,    // a valid image that this build cannot decode
  too_large = 8,      // more pixels than the limit allows
  out_of_memory = 9,  // scratch memory could not be had
  recovered = 10,     // decoded, but rows at its end are made up: DecodeOptions::min_recovered
  gone = 11,          // it was in the cache when it was opened, and cannot be read there any more
};

}  // namespace pixfeed
