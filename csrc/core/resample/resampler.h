// From the rows of a picture to the rows of its resized crop: what every way of resampling has in common.
#pragma once

#include <cstdint>

#include "core/plan.h"
#include "core/row_sink.h"
#include "core/scratch.h"

namespace pixfeed {

// Where finished rows go: row `y` of the window, packed RGB, before any flip.
class RowWriter {
 public:
  virtual ~RowWriter() = default;
  virtual void write(int y, const std::uint8_t* rgb) = 0;
};

// Rows or columns, the last one included.
struct Range {
  int first, last;
};

// Takes the upright rows of a picture once, top to bottom, and emits the rows of the window of the resized crop as soon
// as they can be known. uint8 in, uint8 out. PillowResampler: as Pillow; all others: as OpenCV.
class Resampler : public RowSink {
 public:
  // For a picture of `width` x `height` pixels; the window is `window_w` x `window_h` pixels from (plan.window_x,
  // plan.window_y). `memory` is this resampler's alone until it is done. False if memory is short.
  virtual bool prepare(const Plan& plan, int width, int height, int window_w, int window_h, Buffer& memory,
                       RowWriter& writer) = 0;

  // Refuses any other picture than the one that was prepared for.
  bool begin(int width, int height) final;

  Area area() const final { return area_; }

  // Those of the window row that is emitted next: what it says changes with what was taken.
  bool wants(int y) const final;

  // The rows of the crop that row `i` of the window is made of, and the area's columns that column `i` is. Neither end
  // moves back as `i` grows.
  virtual Range rows_of(int i) const = 0;
  virtual Range columns_of(int i) const = 0;
  int window_rows() const { return window_h_; }
  int window_columns() const { return window_w_; }

 protected:
  // First thing in prepare(). The area is the whole crop until need() says otherwise.
  void expect(const Plan& plan, int width, int height, int window_w, int window_h, RowWriter& writer);

  // The columns from `left` to before `right` and the rows from `top` to before `bottom` of the crop are all that
  // matters. What put_row() gets begins at column `left`.
  void need(int left, int top, int right, int bottom);

  // The row of the crop that row `y` of the picture is, or -1.
  int crop_row(int y) const {
    const int row = y - plan_.crop_y;
    return row >= 0 && row < plan_.crop_h ? row : -1;
  }

  Plan plan_{};
  int width_ = 0, height_ = 0;
  Area area_{};
  int window_w_ = 0, window_h_ = 0;
  RowWriter* writer_ = nullptr;
  int next_ = 0;  // the window row to be emitted next
};

}  // namespace pixfeed
