// Steps that change colors in place, as Pillow changes them.
#pragma once

#include "core/image_view.h"
#include "core/scratch.h"
#include "core/steps/step.h"

namespace pixfeed {

// nullptr, or what is wrong with a step that changes colors.
const char* check_recolor(const Step& step);

// Whether R, G and B of what a step makes of a picture with R = G = B are alike, too.
bool keeps_gray(const Step& step);

// How far a shift of -0.5 to 0.5 of the circle moves a hue on, of 256: torchvision's adjust_hue for PIL images.
int hue_shift(double shift);

// Carries out steps that change colors, one after the other. `memory` is theirs until they are done. False if memory is
// short.
bool recolor_run(const ImageView& picture, Steps steps, Buffer& memory);

}  // namespace pixfeed
