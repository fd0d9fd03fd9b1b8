// Copies in pieces of equal size, which the threads of the pool share.
#include "core/gather.h"

#include <algorithm>
#include <cstring>

#include "core/gather_kernels.h"

namespace pixfeed {
namespace {

// What one task copies: waking a thread costs some microseconds, copying this much about thirty.
constexpr std::size_t kPiece = std::size_t{256} << 10;
// From here on the caches could not hold the result anyway.
constexpr std::size_t kStreaming = std::size_t{4} << 20;

}  // namespace

void gather(const std::vector<const std::uint8_t*>& sources, std::size_t size, std::uint8_t* out,
            const Workers& workers) {
  const std::size_t total = sources.size() * size;
  if (total == 0) return;
  const bool streaming = total >= kStreaming;
  const auto copy = [&](int piece) {
    const std::size_t end = std::min(total, (static_cast<std::size_t>(piece) + 1) * kPiece);
    for (std::size_t at = static_cast<std::size_t>(piece) * kPiece; at < end;) {
      const std::size_t offset = at % size;
      const std::size_t length = std::min(size - offset, end - at);
      const std::uint8_t* from = sources[at / size] + offset;
      if (streaming) {
        kernels::copy_streaming(from, length, out + at);
      } else {
        std::memcpy(out + at, from, length);
      }
      at += length;
    }
  };
  const int pieces = static_cast<int>((total + kPiece - 1) / kPiece);
  if (pieces == 1) {
    copy(0);  // done before a crew in the middle of a picture would begin
  } else {
    parallel_for(pieces, workers, copy);
  }
}

}  // namespace pixfeed
