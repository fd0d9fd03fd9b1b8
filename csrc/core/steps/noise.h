// Gaussian noise.
#pragma once

#include <cstdint>

#include "core/image_view.h"
#include "core/scratch.h"

namespace pixfeed {

// Adds normal numbers to a picture of packed RGB, in place, each without its fraction, and cuts off at 0 and 255: what
// torchvision's GaussianNoise does to uint8, with a generator of its own.
//
// The number for value i, counted over rows, columns and channels, follows from word i % 4 of Philox4x32-10 with the
// counter (i / 4, 0, 0, 0) and `key`: the word counts in units of 1 / 2^32 how much of the distribution lies below the
// number. With `gray` the channels of a pixel share a number: i counts pixels.
//
// `mean` and `sigma` are in units of 255. False if memory is short.
bool add_noise(const ImageView& picture, double mean, double sigma, const std::uint32_t key[2], bool gray,
               Buffer& memory);

}  // namespace pixfeed
