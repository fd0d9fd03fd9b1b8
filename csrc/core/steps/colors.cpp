// Gray.
#include "core/steps/colors.h"

namespace pixfeed {
namespace {

// convert("L"), in all of R, G and B.
void make_gray(const ImageView& picture) {
  for (int y = 0; y < picture.height; ++y) {
    std::uint8_t* rgb = picture.row(y);
    for (int x = 0; x < picture.width; ++x, rgb += 3) {
      const int gray = (rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16;
      rgb[0] = rgb[1] = rgb[2] = static_cast<std::uint8_t>(gray);
    }
  }
}

}  // namespace

const char* check_recolor(const Step& step) { return step.code == StepCode::gray ? nullptr : "unknown step"; }

bool keeps_gray(const Step&) { return true; }

bool recolor_run(const ImageView& picture, Steps steps, Buffer&) {
  for (std::size_t i = 0; i < steps.size(); ++i) make_gray(picture);
  return true;
}

}  // namespace pixfeed
