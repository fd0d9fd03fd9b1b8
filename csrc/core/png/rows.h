// The finished rows of a picture: its data is inflated in one go, as far as it is needed, and filters are undone as rows
// are taken.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/png/layout.h"
#include "core/png/samples.h"
#include "core/png/unfilter.h"
#include "core/scratch.h"

namespace pixfeed::png {

// More is declined: a thread keeps its memory, and libpng needs two rows. These are 22 megapixels of R G B.
inline constexpr std::size_t kMostInflated = std::size_t{64} << 20;

class Rows {
 public:
  static constexpr std::size_t kSlack = kUnfilterSlack + 4 * kSamplesSlack;  // bytes that may be read past a row's end

  // The first `count` rows, and `more` bytes for the caller. `memory` is borrowed. False where libpng may know better, or
  // if memory is short.
  bool start(const Layout& layout, int count, std::size_t more, Buffer& memory);

  // The next of `count` rows, until the next call; nullptr if there is no such filter.
  const std::uint8_t* take();

  std::uint8_t* more() const { return more_; }

 private:
  // Rows with memory of their own: the one above the first, the last one, and those that are made at once.
  static constexpr std::size_t kKept = 2 + PaethRows::kMost;

  void make();
  int paeth_run() const;
  std::uint8_t* other();

  const std::uint8_t* next_;  // its filter
  int left_;                  // rows, from there on
  std::size_t size_;          // bytes of a row
  int step_;
  const std::uint8_t* last_;                    // the last row that was made
  const std::uint8_t* rows_[PaethRows::kMost];  // those that were made
  int made_, given_;
  std::uint8_t *memory_, *more_;
  std::size_t turn_;
};

}  // namespace pixfeed::png
