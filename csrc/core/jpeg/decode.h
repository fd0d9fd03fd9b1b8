// pixfeed's own baseline JPEG decoder: the door of this folder.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/request.h"
#include "core/row_sink.h"

namespace pixfeed::jpeg {

enum class Outcome {
  done,     // every row that the sink wants went to it, and every one is what libjpeg-turbo gives
  declined  // not a file for this decoder, or its data is damaged: let libjpeg-turbo have it from the start
};

// Decodes a whole baseline or extended sequential Huffman JPEG (8 bits, gray or three components) to RGB rows.
//
// `bytes` is the file as it lies on disk, `size` of them; nothing past them is read. Anything unusual is declined,
// before sink.begin() or in the middle of the picture: the caller then decodes with libjpeg-turbo, which begins anew.
// A sink that refuses the picture in begin() is declined, too. Never throws and prints nothing. Scratch memory is kept
// per thread.
Outcome decode(const std::uint8_t* bytes, std::size_t size, const Request& request, RowSink& sink);

}  // namespace pixfeed::jpeg
