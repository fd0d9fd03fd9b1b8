// Finished rows into the caller's slot: dtype, layout, scale, flip.
#pragma once

#include <cstdint>

#include "image_view.h"
#include "plan.h"
#include "resample.h"
#include "scratch.h"

namespace pixfeed {

// uint8 slots get the values as they are, float slots (value / 255 - mean) / std with every step rounded to float32,
// which is ToTensor followed by Normalize. Writes inside the slot only.
class SlotWriter : public RowWriter {
 public:
  // False if memory is short. A slot with one channel gets the first of the three.
  bool prepare(const Plan& plan, const Slot& slot, Scratch& scratch);

  void write(int y, const std::uint8_t* rgb) override;

 private:
  Slot slot_{};
  bool flip_x_ = false, flip_y_ = false;
  float mean_[3] = {}, std_[3] = {1, 1, 1};
  std::uint8_t* flipped_ = nullptr;  // one row
};

}  // namespace pixfeed
