// Finished rows into the caller's slot: dtype, layout, scale, flip.
#pragma once

#include <cstdint>

#include "core/image_view.h"
#include "core/plan.h"
#include "core/resample/resampler.h"
#include "core/scratch.h"
#include "core/value_table.h"

namespace pixfeed {

// uint8 slots get the values as they are, others (value / 255 - mean) / std with every step rounded to float32, which
// is ToTensor followed by Normalize, and then to the slot's dtype. Writes inside the slot only.
class SlotWriter : public RowWriter {
 public:
  // False if memory is short. A slot with one channel gets the first of the three. What a larger slot has beside the
  // window becomes 0.
  bool prepare(const Plan& plan, const Slot& slot, Scratch& scratch);

  void write(int y, const std::uint8_t* rgb) override;

 private:
  // How a row is written: fast where pixels and planes lie as they do in most batches, else by looking values up.
  enum class Way { bytes, byte_planes, float_planes, half_planes, floats, float_table, half_table };
  Way way() const;

  Slot slot_{};
  Way way_ = Way::bytes;
  bool flip_x_ = false, flip_y_ = false;
  float mean_[3] = {}, std_[3] = {1, 1, 1};
  float* halves_to_be_ = nullptr;    // three planes of one row, if way_ needs them
  std::uint8_t* flipped_ = nullptr;  // one row
  ValueTable<float> floats_;         // filled if way_ needs it
  ValueTable<std::uint16_t> halves_;
};

}  // namespace pixfeed
