// Step 8: the components' samples, two rows of MCUs of them, and the pixel rows that come out of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/jpeg/geometry.h"
#include "core/row_sink.h"
#include "core/scratch.h"

namespace pixfeed::jpeg {

// Samples of the MCU row at work, of those columns of MCUs that an area of the picture depends on. Where upsampling
// looks at the rows above, too, rows of MCUs alternate between two halves of each component's buffer, so that those
// rows are still there.
class Planes {
 public:
  // Memory for what `area` needs; false if there is not enough. Nothing is freed between pictures.
  bool start(const Geometry& geometry, const Area& area);

  // The columns of MCUs that are needed; an empty range if the area is empty.
  int first_mcu() const { return first_mcu_; }
  int end_mcu() const { return end_mcu_; }

  // Distance of a component's sample rows in bytes.
  std::ptrdiff_t stride(int component) const { return component_[component].stride; }

  // Where the top left sample of the MCU first_mcu() of row `mcu_row` lies. It and all blocks right of it, up to
  // end_mcu(), and below may be written.
  std::uint8_t* mcu_row(int component, int mcu_row);

  // True if the sink wants any row that depends on samples of this MCU row.
  bool wanted(const RowSink& sink, int mcu_row) const;

  // All samples of a wanted MCU row are there: carries its edge samples on, as upsampling expects it. Where the columns
  // end before the picture does, nothing depends on what is written.
  void close(int mcu_row);

  // Hands the sink all rows that became complete with this MCU row. Those of skipped MCU rows may hold anything: no
  // row that the sink wants depends on them.
  void emit(RowSink& sink, int mcu_row);

  // True if no row of the area is missing any more before this MCU row.
  bool complete(int mcu_row) const { return rows_before(mcu_row) >= area_.bottom(); }

 private:
  struct Plane {
    Buffer memory;
    std::uint8_t* samples;  // row 0, first needed column
    std::ptrdiff_t stride;
    int kept_rows;    // in memory: those of one MCU row or of two
    int first;        // column of the picture that is the first here
    int count;        // columns here that count
    Buffer full_row;  // the current row at full width
  };

  std::uint8_t* row(const Plane& plane, int y) const { return plane.samples + y % plane.kept_rows * plane.stride; }
  const std::uint8_t* full_width(int component, int y);
  int rows_before(int mcu_row) const;

  Plane component_[3];
  Buffer rgb_;
  Geometry geometry_;
  Area area_;
  int first_mcu_, end_mcu_;
  bool looks_around_;  // some component's upsampling needs the rows above and below
};

}  // namespace pixfeed::jpeg
