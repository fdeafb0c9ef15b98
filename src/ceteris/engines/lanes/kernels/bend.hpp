// The activation of a layer over a whole image: applied to what the layer wrote, and undone in the gradient of it.
#pragma once

#include "activation.hpp"
#include "map.hpp"

namespace ceteris {

// Applies an activation to an image, in place.
inline void bend_image(const Map& out, const Bend& bend) {
  with_activation(bend.kind, [&](auto kind) {
    for (int y = 0; y < out.shape.height; ++y)
      for (int c = 0; c < out.shape.channels; ++c) {
        Lanes* value = out.row(y, c);
        for (int x = 0; x < out.shape.width; ++x) value[x] = activate<decltype(kind)::value>(value[x], bend.slope);
      }
  });
}

// Turns the gradient of an activated image into that of what went in, in place.
inline void bend_gradient(const Map& out, const Map& gradient, const Bend& bend) {
  with_activation(bend.kind, [&](auto kind) {
    for (int y = 0; y < out.shape.height; ++y)
      for (int c = 0; c < out.shape.channels; ++c) {
        Lanes* d = gradient.row(y, c);
        const Lanes* value = out.row(y, c);
        for (int x = 0; x < out.shape.width; ++x) d[x] = times_slope<decltype(kind)::value>(d[x], value[x], bend.slope);
      }
  });
}

}  // namespace ceteris
