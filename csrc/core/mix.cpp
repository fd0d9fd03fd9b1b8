// Mixes images piece by piece: the same piece of all images, along the cycles of the partners.
#include "core/mix.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace pixfeed {
namespace {

// Values of an image that are mixed at a time: those of two images, and the ones that are kept, stay in cache.
constexpr std::ptrdiff_t kPiece = 4096;

// How all images of the batch lie in memory: `lines` lines of `length` values, `step` of them per pixel.
struct Layout {
  std::ptrdiff_t lines, length, step, height;

  std::ptrdiff_t values() const { return lines * length; }
};

bool is_planar(const Slot& slot) {
  const auto item = static_cast<std::ptrdiff_t>(sizeof(float));
  return (slot.stride_x == item || slot.width == 1) && (slot.stride_y == slot.width * item || slot.height == 1) &&
         (slot.stride_c == slot.height * slot.width * item || slot.channels == 1);
}

bool is_interleaved(const Slot& slot) {
  const auto item = static_cast<std::ptrdiff_t>(sizeof(float));
  return (slot.stride_c == item || slot.channels == 1) && slot.stride_x == slot.channels * item &&
         (slot.stride_y == slot.width * slot.channels * item || slot.height == 1);
}

Layout layout_of(const Slot& slot) {
  if (is_planar(slot)) return {std::ptrdiff_t{slot.channels} * slot.height, slot.width, 1, slot.height};
  return {slot.height, std::ptrdiff_t{slot.width} * slot.channels, slot.channels, slot.height};
}

bool stays(const Mix& mix) {
  return mix.cut ? mix.left >= mix.right || mix.top >= mix.bottom : mix.own == 1 && mix.other == 0;
}

void blend(const float* partner, const Mix& mix, std::ptrdiff_t n, float* image) {
  for (std::ptrdiff_t i = 0; i < n; ++i) image[i] = image[i] * mix.own + partner[i] * mix.other;
}

// The values begin ... begin + n of an image, at `image`; those of its partner at `partner`.
void mix_piece(const Layout& layout, const Mix& mix, std::ptrdiff_t begin, std::ptrdiff_t n, const float* partner,
               float* image) {
  if (stays(mix)) return;
  if (!mix.cut) return blend(partner, mix, n, image);
  const std::ptrdiff_t last = (begin + n - 1) / layout.length;
  for (std::ptrdiff_t line = begin / layout.length; line <= last; ++line) {
    const std::ptrdiff_t y = line % layout.height;
    if (y < mix.top || y >= mix.bottom) continue;
    const std::ptrdiff_t at = line * layout.length - begin;  // where the line begins
    const std::ptrdiff_t from = std::max<std::ptrdiff_t>(0, at + mix.left * layout.step);
    const std::ptrdiff_t to = std::min(n, at + mix.right * layout.step);
    if (from < to) std::memcpy(image + from, partner + from, static_cast<std::size_t>(to - from) * sizeof(float));
  }
}

// The images in an order in which a partner comes after the image that it is mixed into, but for each cycle's last.
std::vector<std::vector<std::size_t>> cycles_of(const std::vector<Mix>& mixes) {
  std::vector<std::vector<std::size_t>> cycles;
  std::vector<bool> seen(mixes.size());
  for (std::size_t first = 0; first < mixes.size(); ++first) {
    if (seen[first]) continue;
    cycles.emplace_back();
    for (std::size_t i = first; !seen[i]; i = static_cast<std::size_t>(mixes[i].partner)) {
      seen[i] = true;
      cycles.back().push_back(i);
    }
  }
  return cycles;
}

}  // namespace

const char* check_mix(const std::vector<Mix>& mixes, const std::vector<Slot>& slots) {
  if (mixes.size() != slots.size()) return "the table and the images differ in length";
  std::vector<bool> taken(mixes.size());
  for (std::size_t i = 0; i < mixes.size(); ++i) {
    const Mix& mix = mixes[i];
    const Slot& slot = slots[i];
    if (slot.dtype != DType::float32 || !(is_planar(slot) || is_interleaved(slot))) {
      return "images must be float32, and in one piece each";
    }
    if (mix.partner < 0 || static_cast<std::size_t>(mix.partner) >= mixes.size() ||
        taken[static_cast<std::size_t>(mix.partner)]) {
      return "each image must be the partner of one";
    }
    taken[static_cast<std::size_t>(mix.partner)] = true;
    if (mix.cut &&
        (mix.left < 0 || mix.top < 0 || mix.right > slot.width || mix.bottom > slot.height || mix.right < mix.left)) {
      return "a box does not fit the image";
    }
  }
  return nullptr;
}

void mix(const std::vector<Mix>& mixes, const std::vector<Slot>& slots, const Workers& workers) {
  if (slots.empty()) return;
  const Layout layout = layout_of(slots[0]);
  const std::vector<std::vector<std::size_t>> cycles = cycles_of(mixes);
  const auto piece_of = [&](std::size_t i, std::ptrdiff_t begin) {
    return reinterpret_cast<float*>(slots[i].data) + begin;
  };
  const auto pieces = static_cast<int>((layout.values() + kPiece - 1) / kPiece);
  parallel_for(pieces, workers, [&](int task) {
    alignas(64) float kept[kPiece];  // of a cycle's first image, as it was
    const std::ptrdiff_t begin = task * kPiece, n = std::min(kPiece, layout.values() - begin);
    for (const std::vector<std::size_t>& cycle : cycles) {
      const bool keeps = !stays(mixes[cycle.back()]);
      if (keeps) std::memcpy(kept, piece_of(cycle[0], begin), static_cast<std::size_t>(n) * sizeof(float));
      for (const std::size_t i : cycle) {
        const float* partner = i == cycle.back() ? kept : piece_of(static_cast<std::size_t>(mixes[i].partner), begin);
        mix_piece(layout, mixes[i], begin, n, partner, piece_of(i, begin));
      }
    }
  });
}

}  // namespace pixfeed
