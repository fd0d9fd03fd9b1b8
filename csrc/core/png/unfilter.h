// Step 3: a row's filter is undone (PNG specification, 9.2). SIMD loops and plain twins.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pixfeed::png {

enum class Filter : std::uint8_t { none = 0, sub = 1, up = 2, average = 3, paeth = 4 };

// Rows may be read this many bytes past their ends, and `row` written so far.
inline constexpr std::size_t kUnfilterSlack = 64;

// `size` bytes of a filtered row, and the finished row above it, to the finished row; the two rows are other memory than
// `filtered`. `step` is 1, 2, 3, 4, 6 or 8 bytes: see Layout.
void unfilter(Filter filter, const std::uint8_t* filtered, const std::uint8_t* above, int step, std::size_t size,
              std::uint8_t* row);

// Rows one below the other, all filtered by Paeth.
struct PaethRows {
  static constexpr int kMost = 4;
  const std::uint8_t* filtered[kMost];
  std::uint8_t* row[kMost];  // where they go
};

// 2 or 4 rows at once, which is faster: no pixel waits for all those before it. `step` is at most 4.
void unfilter_paeth(const PaethRows& rows, int count, const std::uint8_t* above, int step, std::size_t size);

// The plain twin, which writes nothing past the end.
void unfilter_plain(Filter filter, const std::uint8_t* filtered, const std::uint8_t* above, int step, std::size_t size,
                    std::uint8_t* row);

}  // namespace pixfeed::png
