// Step 8: the components' samples, two rows of MCUs of them, and the pixel rows that come out of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../row_sink.h"
#include "markers.h"
#include "memory.h"

namespace pixfeed::jpeg {

// Samples of a picture around the MCU row at work. Where upsampling looks at the rows above, too, rows of MCUs
// alternate between two halves of each component's buffer, so that those rows are still there.
class Planes {
 public:
  // Memory for a picture; false if there is not enough. Nothing is freed between pictures.
  bool start(const Header& header);

  // Distance of a component's sample rows in bytes.
  std::ptrdiff_t stride(int component) const { return component_[component].stride; }

  // Where the top left sample of MCU row `mcu_row` lies. It and all blocks right of it and below may be written.
  std::uint8_t* mcu_row(int component, int mcu_row);

  // True if the sink wants any row that depends on samples of this MCU row.
  bool wanted(const RowSink& sink, int mcu_row) const;

  // Hands the sink all rows that became complete with this MCU row. Those of skipped MCU rows may hold anything: no
  // row that the sink wants depends on them.
  void emit(RowSink& sink, int mcu_row);

 private:
  enum class Method { none, h2v1, h2v2, h1v2, copies };

  struct Plane {
    Memory memory;
    std::uint8_t* samples;  // row 0, column 0
    std::ptrdiff_t stride;
    int rows;               // of an MCU row
    int kept_rows;          // in memory: those of one MCU row or of two
    int width, height;      // samples that count; behind them is filling
    int across, down;       // how many pixels one sample stands for
    Method method;
    Memory full_row;        // the current row at full width
  };

  std::uint8_t* row(const Plane& plane, int y) const;
  const std::uint8_t* full_width(Plane& plane, int y);

  Plane component_[3];
  Memory rgb_;
  int width_, height_;
  int components_;
  int mcu_height_;     // pixels
  int mcu_rows_;
  bool looks_around_;  // some component's upsampling needs the rows above and below
};

}  // namespace pixfeed::jpeg
