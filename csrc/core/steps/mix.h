// Several versions of a picture, added with weights: AugMix.
#pragma once

#include "core/image_view.h"
#include "core/scratch.h"
#include "core/steps/step.h"

namespace pixfeed {

// Step::mode of StepCode::blend. The picture is kept, and the sum begins with values[0] times it; what steps have made
// of it is added, times values[0], and the picture is there again; the same, but then the sum is there instead of the
// picture, blended with it by values[1]. `over` blends the sum with what steps have made by values[0], as Image.blend
// does with uint8, and the picture is there again.
enum class Blend : std::int32_t { begin = 0, add = 1, end = 2, over = 3 };

// nullptr, or what is wrong with a step of StepCode::blend by itself.
const char* check_blend(const Step& step);

// Sums are float32; fractions of what comes out are dropped.
class Mix {
 public:
  // `memory` is its alone until it has ended. False if memory is short.
  bool begin(const ImageView& picture, const Step& step, Buffer& memory);

  // `picture` has the same sides.
  void add(const ImageView& picture, const Step& step);
  void over(const ImageView& picture, const Step& step);
  void end(const ImageView& picture, const Step& step);

 private:
  void restore(const ImageView& picture) const;

  std::ptrdiff_t count_ = 0;          // of values in a row
  std::uint8_t* original_ = nullptr;  // packed
  float* sums_ = nullptr;
};

}  // namespace pixfeed
