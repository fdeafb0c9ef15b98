// The activation of a layer over whole images: applied to what the layer wrote, and undone in the gradient of it.
#pragma once

#include "activation.hpp"
#include "layer.hpp"

namespace ceteris {

// Applies an activation to images, in place.
inline void bend_images(Images images, const Boundary& out, const Bend& bend) {
  if (bend.kind == Activation::none) return;
  with_activation(bend.kind, [&](auto kind) {
    for (int image = images.first; image < images.last; ++image) {
      const Map values = out.image(image);
      for (int y = 0; y < values.shape.height; ++y)
        for (int c = 0; c < values.shape.channels; ++c) {
          Lanes* value = values.row(y, c);
          for (int x = 0; x < values.shape.width; ++x) value[x] = activate<decltype(kind)::value>(value[x], bend.slope);
        }
    }
  });
}

// Turns the gradient of activated images into that of what went in, in place.
inline void bend_gradients(Images images, const Boundary& out, const Boundary& out_gradient, const Bend& bend) {
  if (bend.kind == Activation::none) return;
  with_activation(bend.kind, [&](auto kind) {
    for (int image = images.first; image < images.last; ++image) {
      const Map values = out.image(image), gradient = out_gradient.image(image);
      for (int y = 0; y < values.shape.height; ++y)
        for (int c = 0; c < values.shape.channels; ++c) {
          Lanes* d = gradient.row(y, c);
          const Lanes* value = values.row(y, c);
          for (int x = 0; x < values.shape.width; ++x) d[x] = times_slope<decltype(kind)::value>(d[x], value[x], bend.slope);
        }
    }
  });
}

}  // namespace ceteris
