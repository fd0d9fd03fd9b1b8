// Masks of a batch: files of class numbers, read and moved with their pictures.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/cache/pixels.h"
#include "core/pool.h"

namespace pixfeed {

struct Mask {
  std::string path;
  int width, height;          // that it has to have
  const std::int64_t *y, *x;  // the row and the column that each row and column of the result shows; -1: none
};

// [n, rows, columns], in one piece, of std::int64_t or std::uint8_t.
struct MaskSlots {
  void* data;
  int bytes;  // of a number: 8 or 1
  int rows, columns;
};

// Which rows of `y` or `x` lie outside, a programming error: nullptr, or words.
const char* check_masks(const std::vector<Mask>& masks, const MaskSlots& slots);

// The class of each number; kUnknown for none. Empty: numbers are the classes.
using Classes = std::vector<std::int64_t>;
inline constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::min();

// Reads masks[i] into the slot i; done[i] becomes 1 if that went well. What is no PNG of numbers that our own path takes,
// cannot be read, or has a number that is no class, is left to the caller. Where nothing is shown the slot has `fill`.
// Classes and `fill` fit the slots. With a cache, files are read once. False if interrupted.
bool read_masks(const std::vector<Mask>& masks, const MaskSlots& slots, std::int64_t fill, const Classes& classes,
                const cache::Caching& caching, const Workers& workers, std::uint8_t* done);

}  // namespace pixfeed
