// A stored picture turned upright, as its EXIF orientation says. No upright row is complete before the last stored row.
#pragma once

#include "core/image_view.h"
#include "core/resample/resampler.h"
#include "core/row_sink.h"
#include "core/scratch.h"

namespace pixfeed {

// Undoes an EXIF orientation of 2 to 8 while the stored picture comes in. Of the upright picture it keeps what the
// resampler is going to want.
class Turner : public RowSink {
 public:
  // For a crop of an upright picture of `width` x `height` pixels, which is a picture of its own for `resampler`. False
  // if memory is short.
  bool prepare(int width, int height, const Area& crop, int orientation, const Resampler& resampler, Scratch& scratch);

  // After the last stored row: everything to `next`, which leads to the resampler.
  void pass_on(RowSink& next);

  bool begin(int width, int height) override;
  Area area() const override { return area_; }
  bool wants(int y) const override;
  void put_row(int y, const std::uint8_t* rgb) override;

 private:
  int upright_line(int y) const;
  void turn_band();

  int width_ = 0, height_ = 0;            // of the whole stored picture
  int crop_width_ = 0, crop_height_ = 0;  // upright
  Area area_{};                           // of the stored picture
  Area part_{};                           // the same, as a part of the crop
  bool swaps_ = false, back_x_ = false, back_y_ = false;
  // The wanted ones of the part's rows: how many, which, where each is in `kept_` (-1: nowhere), their pixels. Of
  // columns that are not wanted the pixels mean nothing.
  int count_ = 0;
  int* rows_ = nullptr;
  int* kept_index_ = nullptr;
  bool* column_wanted_ = nullptr;
  ImageView kept_{};
  ImageView band_{};  // stored rows that are turned together, in the order of the upright columns
  int first_ = -1;    // the column of the first of them; -1: none
};

}  // namespace pixfeed
