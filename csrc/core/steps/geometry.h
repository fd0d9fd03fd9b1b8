// Steps that move pixels, as Pillow moves them.
#pragma once

#include "core/image_view.h"
#include "core/scratch.h"
#include "core/steps/step.h"

namespace pixfeed {

// nullptr, or what is wrong with a step that moves the pixels of a picture of `width` x `height` pixels.
const char* check_warp(const Step& step, int width, int height);

// So many bytes may be read after the last pixel of the picture that a step takes.
inline constexpr int kGeometrySlack = 8;

// Carries out a step that moves pixels. `to` has the step's sides, and does not overlap `from`. False if memory is
// short.
bool warp(const ImageView& from, const Step& step, const ImageView& to, Buffer& memory);

}  // namespace pixfeed
