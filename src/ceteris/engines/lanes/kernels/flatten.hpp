// Copies an image out of the frame of zeros that a convolution wants around its gradient, so that a dense layer finds all
// features of an image in a row.
#pragma once

#include <algorithm>

#include "layer.hpp"

namespace ceteris {

class Flatten : public Layer {
 public:
  explicit Flatten(Shape shape) : Layer(shape, shape) {}

  void forward(const Step&, Images images, const Boundary& in, const Boundary& out) override { copy(images, in, out); }
  void backward(const Step&, Images images, const Boundary&, const Boundary&, const Boundary& out_gradient,
                const Boundary& in_gradient) override {
    if (in_gradient.exists()) copy(images, out_gradient, in_gradient);
  }

 private:
  void copy(Images images, const Boundary& from, const Boundary& to) const {
    for (int image = images.first; image < images.last; ++image)
      for (int y = 0; y < input_.height; ++y)
        for (int c = 0; c < input_.channels; ++c) std::copy_n(from.image(image).row(y, c), input_.width, to.image(image).row(y, c));
  }
};

}  // namespace ceteris
