// What pictures cost: nanoseconds of the threads that read them.
#pragma once

#include <chrono>
#include <cstdint>

#include "core/resample/resampler.h"
#include "core/row_sink.h"

namespace pixfeed {

inline std::int64_t nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// How the time of pictures divides up among the three things that a row meets.
struct Split {
  std::int64_t decoding = 0, resizing = 0, writing = 0;
};

struct Costs {
  std::int64_t bytes = 0;    // encoded
  std::int64_t reading = 0;  // files
  std::int64_t running = 0;  // decoding, resizing and writing, of all pictures
  Split sample;              // the same of some pictures, apart: two clock calls a row are too many for all of them
};

// One picture in kSampled is timed row by row. That takes four clock calls per row, 20 to 45 ns each: up to 6 % of the
// time of a small picture, so 0.2 % on average.
constexpr unsigned kSampled = 32;

// The resampler as the decoder sees it, timed. Its time includes the writer's.
class TimedSink : public RowSink {
 public:
  TimedSink(RowSink& sink, std::int64_t& spent) : sink_(sink), spent_(spent) {}

  bool begin(int width, int height) override { return sink_.begin(width, height); }
  Area area() const override { return sink_.area(); }
  bool wants(int y) const override { return sink_.wants(y); }
  void put_row(int y, const std::uint8_t* rgb) override {
    const std::int64_t start = nanoseconds();
    sink_.put_row(y, rgb);
    spent_ += nanoseconds() - start;
  }

 private:
  RowSink& sink_;
  std::int64_t& spent_;
};

// The writer as the resampler sees it, timed.
class TimedWriter : public RowWriter {
 public:
  TimedWriter(RowWriter& writer, std::int64_t& spent) : writer_(writer), spent_(spent) {}

  void write(int y, const std::uint8_t* rgb) override {
    const std::int64_t start = nanoseconds();
    writer_.write(y, rgb);
    spent_ += nanoseconds() - start;
  }

 private:
  RowWriter& writer_;
  std::int64_t& spent_;
};

}  // namespace pixfeed
