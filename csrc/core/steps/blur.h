// Gaussian blurs: Pillow's by boxes, and torchvision's by a kernel.
#pragma once

#include "core/image_view.h"
#include "core/scratch.h"

namespace pixfeed {

// Blurs a picture of packed RGB in place, bit for bit as Pillow's ImageFilter.GaussianBlur: three averages along x, then
// three along y, whose lengths follow from `radius`, the standard deviation in pixels. Pixels at the borders are
// repeated. False if memory is short.
bool blur_by_boxes(const ImageView& picture, double radius, Buffer& memory);

// Blurs a picture of packed RGB in place by a Gaussian kernel of width x height pixels, odd numbers, with the standard
// deviations sigma_x and sigma_y in pixels. What lies outside is the picture reflected, without its outermost pixels.
// torchvision does the same in float32; here weights have 14 bits. False if memory is short.
bool blur_by_kernel(const ImageView& picture, int width, int height, double sigma_x, double sigma_y, Buffer& memory);

}  // namespace pixfeed
