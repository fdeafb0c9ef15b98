// What a stride makes of the pixels of an image: the columns sorted by their rest, so that a convolution with any stride
// reads pixels that lie in a row.
#pragma once

#include "map.hpp"

namespace ceteris {

// One image with its frame, [row][channel][rest of the column][column / stride].
class Phases {
 public:
  Phases() = default;
  Phases(Shape framed, int stride)
      : stride_(stride),
        width_((framed.width + stride - 1) / stride),
        map_{nullptr, framed, static_cast<ptrdiff_t>(width_) * stride * framed.channels, static_cast<ptrdiff_t>(width_) * stride},
        storage_(static_cast<size_t>(map_.row_stride) * framed.height) {
    map_.origin = storage_.get();
  }

  // Sorts an image, frame and all.
  const Map& sort(const Map& image) {
    for (int y = 0; y < map_.shape.height; ++y)
      for (int c = 0; c < map_.shape.channels; ++c) {
        const Lanes* source = image.row(y, c);
        Lanes* target = map_.row(y, c);
        for (int rest = 0; rest < stride_; ++rest)
          for (int x = rest, i = rest * width_; x < map_.shape.width; x += stride_, ++i) target[i] = source[x];
      }
    return map_;
  }

 private:
  int stride_ = 1, width_ = 0;
  Map map_;
  Storage storage_;
};

}  // namespace ceteris
