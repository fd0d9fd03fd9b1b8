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

// What a step takes: its sides, and whether R, G and B are alike.
struct Taken {
  int width, height;
  bool gray;
};

// nullptr, or what is wrong with steps, the first of which takes `taken`. That becomes what the last one makes.
const char* check_steps(Steps steps, Taken& taken);

// Carries them out, one after the other. False if memory is short.
bool run_steps(Made& made, Steps steps, Scratch& scratch);

// Memory for a picture of packed RGB that steps take. No data if memory is short.
ImageView room_for(int width, int height, Buffer& memory);

}  // namespace pixfeed
