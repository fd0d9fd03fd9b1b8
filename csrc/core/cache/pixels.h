// Pictures in a cache as sources: their keys, and their rows as a decoder gives them.
#pragma once

#include <optional>
#include <string>

#include "core/cache/store.h"
#include "core/files.h"
#include "core/row_sink.h"
#include "core/scratch.h"
#include "core/source.h"
#include "core/status.h"

namespace pixfeed::cache {

// What a batch has to know about its cache. `how` says in words what is done with each picture before it is kept, and
// by which decoders.
struct Caching {
  Store* store = nullptr;
  std::string how;
  bool raw = false;  // the bytes of files are kept, and no pixels
};

// The key of a file, whose state is part of it, and of an encoded picture in memory. `more` are options of this picture
// alone, such as its region.
Key key_of_file(const std::string& path, const files::Stamp& stamp, const std::string& more, const std::string& how);
Key key_of_bytes(Bytes bytes, const std::string& more, const std::string& how);

// A picture that is there.
struct Kept {
  Store* store;
  Found found;
};

// A picture that is to be kept once it is made.
struct Keeping {
  Store* store;
  Key key;
  Header header;  // of the source

  // `picture` is RGB; of a gray one, whose channels are alike, one is kept.
  void put(const ImageView& picture, bool gray, Scratch& scratch) const;
};

// The bytes of a file, as a picture of one row; `header` describes the picture in it.
void put_bytes(Store& store, const Key& key, Bytes bytes, const Header& header);

// The rows of a picture that is there. `gone` if they are not what was written.
Status push_rows(const Kept& kept, RowSink& sink, Scratch& scratch);

}  // namespace pixfeed::cache
