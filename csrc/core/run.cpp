#include "run.h"

#include <cmath>
#include <cstring>

#include "exif.h"
#include "orient.h"
#include "resample_filter.h"
#include "resample_linear.h"
#include "write.h"

namespace pixfeed {
namespace {

// Keeps the whole stored picture, for those that have to be turned before anything else can be done.
class Keeper : public RowSink {
 public:
  explicit Keeper(const ImageView& image) : image_(image) {}
  bool begin(int width, int height) override { return width == image_.width && height == image_.height; }
  bool wants(int) const override { return true; }
  void take(int y, const std::uint8_t* rgb) override {
    std::memcpy(image_.row(y), rgb, static_cast<std::size_t>(image_.width) * 3);
  }

 private:
  ImageView image_;
};

ImageView view(Buffer& buffer, int width, int height) {
  const std::ptrdiff_t stride = std::ptrdiff_t{3} * width;
  return {buffer.get(static_cast<std::size_t>(stride) * static_cast<std::size_t>(height)), width, height, stride};
}

}  // namespace

Status run(Bytes bytes, const Header& header, const Plan& plan, const DecodeOptions& options, const Slot& slot,
           Scratch& scratch, std::string* note) {
  SlotWriter writer;
  LinearResampler linear;
  FilterResampler filter;
  Resampler& resampler = is_pillow(plan.interpolation) ? static_cast<Resampler&>(filter) : linear;
  if (!writer.prepare(plan, slot, scratch) ||
      !resampler.prepare(plan, header.width, header.height, slot.width, slot.height, scratch, writer)) {
    return Status::out_of_memory;
  }
  if (header.orientation == 1) return decode(bytes, header.format, options, resampler, scratch, note);

  const bool swapped = swaps_sides(header.orientation);
  const ImageView stored = view(scratch.decoded, swapped ? header.height : header.width,
                                swapped ? header.width : header.height);
  const ImageView upright = view(scratch.upright, header.width, header.height);
  if (stored.data == nullptr || upright.data == nullptr) return Status::out_of_memory;
  Keeper keeper(stored);
  const Status status = decode(bytes, header.format, options, keeper, scratch, note);
  if (status != Status::ok) return status;
  orient(stored, header.orientation, upright);
  resampler.begin(upright.width, upright.height);
  for (int y = 0; y < upright.height; ++y) resampler.take(y, upright.row(y));
  return Status::ok;
}

const char* check(const Plan& plan, const Header& header, int slot_height, int slot_width) {
  const std::int64_t right = std::int64_t{plan.crop_x} + plan.crop_w, bottom = std::int64_t{plan.crop_y} + plan.crop_h;
  if (plan.crop_w <= 0 || plan.crop_h <= 0 || plan.crop_x < 0 || plan.crop_y < 0 || right > header.width ||
      bottom > header.height) {
    return "the crop does not lie inside the picture";
  }
  const std::int64_t window_right = std::int64_t{plan.window_x} + slot_width;
  const std::int64_t window_bottom = std::int64_t{plan.window_y} + slot_height;
  if (plan.window_x < 0 || plan.window_y < 0 || window_right > plan.resize_w || window_bottom > plan.resize_h) {
    return "the window does not lie inside the resized crop";
  }
  const bool whole = plan.box[0] == 0 && plan.box[1] == 0 && plan.box[2] == static_cast<float>(plan.crop_w) &&
                     plan.box[3] == static_cast<float>(plan.crop_h);
  if (is_pillow(plan.interpolation)) {
    const bool inside = plan.box[0] >= 0 && plan.box[1] >= 0 && plan.box[0] < plan.box[2] && plan.box[1] < plan.box[3] &&
                        plan.box[2] <= static_cast<float>(plan.crop_w) && plan.box[3] <= static_cast<float>(plan.crop_h);
    if (!inside) return "the box does not lie inside the crop";
  } else if (plan.interpolation == Interpolation::linear) {
    if (!whole) return "a box in fractions of pixels needs one of Pillow's filters";
  } else {
    return "unknown interpolation";
  }
  for (int c = 0; c < 3; ++c) {
    if (!std::isfinite(plan.mean[c]) || !std::isfinite(plan.std[c]) || plan.std[c] == 0) return "unusable mean or std";
  }
  return nullptr;
}

}  // namespace pixfeed
