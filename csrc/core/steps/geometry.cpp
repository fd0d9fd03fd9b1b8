// Turns and flips.
#include "core/steps/geometry.h"

#include <cstring>

namespace pixfeed {
namespace {

// The numbers of Pillow's Image.Transpose.
enum Transpose { flip_left_right, flip_top_bottom, rotate_90, rotate_180, rotate_270, transpose, transverse };

bool swaps_axes(int mode) { return mode == rotate_90 || mode >= rotate_270; }

void turn(const ImageView& from, int mode, const ImageView& to) {
  // Pixel (x, y) of `to` is the one at `start + x * along + y * down`.
  const std::ptrdiff_t right = 3, below = from.stride;
  const std::ptrdiff_t last_x = right * (from.width - 1), last_y = below * (from.height - 1);
  std::ptrdiff_t start = 0, along = right, down = below;
  if (swaps_axes(mode)) std::swap(along, down);
  if (mode == flip_left_right || mode == rotate_180 || mode == rotate_90 || mode == transverse) start += last_x;
  if (mode == flip_top_bottom || mode == rotate_180 || mode == rotate_270 || mode == transverse) start += last_y;
  if (mode == flip_left_right || mode == rotate_180) along = -along;
  if (mode == flip_top_bottom || mode == rotate_180) down = -down;
  if (mode == rotate_90 || mode == transverse) down = -down;
  if (mode == rotate_270 || mode == transverse) along = -along;
  for (int y = 0; y < to.height; ++y) {
    const std::uint8_t* in = from.data + start + y * down;
    std::uint8_t* out = to.row(y);
    for (int x = 0; x < to.width; ++x, in += along, out += 3) std::memcpy(out, in, 3);
  }
}

}  // namespace

const char* check_warp(const Step& step, int width, int height) {
  if (step.code != StepCode::transpose) return "unknown step";
  if (step.mode < flip_left_right || step.mode > transverse) return "unknown transposition";
  const bool swaps = swaps_axes(step.mode);
  const bool fits = step.width == (swaps ? height : width) && step.height == (swaps ? width : height);
  return fits ? nullptr : "a transposed picture has the sides of the picture";
}

void warp(const ImageView& from, const Step& step, const ImageView& to) { turn(from, step.mode, to); }

}  // namespace pixfeed
