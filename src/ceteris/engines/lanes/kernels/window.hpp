// The rectangles of pixels that pooling looks at.
#pragma once

#include <cstring>

#include "map.hpp"

namespace ceteris {

struct Window {
  int height, width, stride;

  Shape after(Shape input) const {
    return {(input.height - height) / stride + 1, (input.width - width) / stride + 1, input.channels};
  }
  // Whether each pixel of the input belongs to exactly one window.
  bool tiles(Shape input) const {
    const Shape output = after(input);
    return height == stride && width == stride && output.height * stride == input.height && output.width * stride == input.width;
  }
  bool overlaps() const { return stride < height || stride < width; }
};

inline void clear(const Map& map) {
  for (int y = 0; y < map.shape.height; ++y)
    for (int c = 0; c < map.shape.channels; ++c)
      std::memset(static_cast<void*>(map.row(y, c)), 0, sizeof(Lanes) * static_cast<size_t>(map.shape.width));
}

}  // namespace ceteris
