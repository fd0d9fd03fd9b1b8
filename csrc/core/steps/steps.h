// The steps after a row of a plan: whether they can be carried out, and carrying them out.
#pragma once

#include "core/image_view.h"
#include "core/scratch.h"
#include "core/steps/step.h"

namespace pixfeed {

// A picture in memory of its own, and memory for the next one that is made of it.
struct Made {
  ImageView picture;
  Buffer* memory;  // where it lies
  Buffer* other;
};

// nullptr, or what is wrong with a step after a picture of `width` x `height` pixels. `gray`: whether its R, G and B
// are alike. The three become those of what the step makes.
const char* check_step(const Step& step, int& width, int& height, bool& gray);

// Carries them out, one after the other. False if memory is short.
bool run_steps(Made& made, Steps steps, Buffer& memory);

// Memory for a picture of packed RGB that steps take. No data if memory is short.
ImageView room_for(int width, int height, Buffer& memory);

}  // namespace pixfeed
