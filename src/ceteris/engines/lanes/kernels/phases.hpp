// What a stride makes of the pixels of an image: the columns sorted by their rest, so that a convolution with any stride
// reads pixels that lie in a row.
#pragma once

#include <algorithm>

#include "map.hpp"

namespace ceteris {

// Images with their frames, [image][row][channel][rest of the column][column / stride].
class Phases {
 public:
  Phases() = default;
  Phases(Shape framed, int stride, int images)
      : stride_(stride),
        width_((framed.width + stride - 1) / stride),
        map_{nullptr, framed, static_cast<ptrdiff_t>(width_) * stride * framed.channels, static_cast<ptrdiff_t>(width_) * stride},
        storage_(static_cast<size_t>(map_.row_stride) * framed.height * images) {
    map_.origin = storage_.get();
  }

  // How far one image lies from the next.
  ptrdiff_t image_stride() const { return map_.row_stride * map_.shape.height; }

  // Sorts one of the images, frame and all, as far as a window of `kernel` pixels on each side sees it.
  Map sort(const Map& image, int index, int kernel) const {
    Map sorted = map_;
    sorted.origin += index * image_stride();
    for (int y = 0; y < map_.shape.height; ++y)
      for (int c = 0; c < map_.shape.channels && y % stride_ < kernel; ++c) {
        const Lanes* source = image.row(y, c);
        Lanes* target = sorted.row(y, c);
        for (int rest = 0; rest < std::min(stride_, kernel); ++rest)
          for (int x = rest, i = rest * width_; x < map_.shape.width; x += stride_, ++i) target[i] = source[x];
      }
    return sorted;
  }

 private:
  int stride_ = 1, width_ = 0;
  Map map_;
  Storage storage_;
};

}  // namespace ceteris
