// Steps that change each value by itself, composed into one table per channel.
#pragma once

#include "core/image_view.h"
#include "core/steps/look_up_kernels.h"
#include "core/steps/step.h"

namespace pixfeed {

// What is still to be done with the values of a picture. Autocontrast and equalize depend on how many pixels have which
// value, which follows from the picture as it is and from the tables.
class PendingTables {
 public:
  // `picture` is packed RGB.
  explicit PendingTables(const ImageView& picture) : picture_(picture) { clear(); }

  // Adds a step. False if it is none that changes each value by itself.
  bool take(const Step& step);

  // Adds other + factor * (value - other), as Image.blend.
  void blend_with(std::uint8_t other, float factor);

  // Does all of it to the picture.
  void apply();

 private:
  void clear();
  void stretch();
  void equalize();
  // Adds what `change` makes of values, one array [256] for each channel.
  template <class Change>
  void change_all(const Change& change);
  kernels::Histogram histogram() const;

  ImageView picture_;
  kernels::Tables tables_;
  bool pending_ = false;
};

}  // namespace pixfeed
