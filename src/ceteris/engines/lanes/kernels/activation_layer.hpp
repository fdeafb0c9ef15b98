// An activation as a layer of its own, and the tail of a convolution or dense layer whose slope follows from its input.
#pragma once

#include "activation.hpp"
#include "layer.hpp"

namespace ceteris {

class ActivationLayer : public Layer {
 public:
  ActivationLayer(Shape shape, Bend bend) : Layer(shape, shape), bend_(bend) {}

  bool is_cheap() const override { return true; }
  bool reads_input() const override { return !reads_output(); }
  bool reads_output() const override { return follows_from_output(bend_.kind); }

  void forward(const Step&, Images images, const Boundary& in, const Boundary& out) override {
    with_activation(bend_.kind, [&](auto kind) {
      each_row(images, [&](int image, int y, int c) {
        const Lanes* from = in.image(image).row(y, c);
        Lanes* to = out.image(image).row(y, c);
        for (int x = 0; x < input_.width; ++x) to[x] = activate<decltype(kind)::value>(from[x], bend_.slope);
      });
    });
  }

  void backward(const Step&, Images images, const Boundary& in, const Boundary& out, const Boundary& out_gradient,
                const Boundary& in_gradient) override {
    if (!in_gradient.exists()) return;
    const Boundary& known = reads_output() ? out : in;
    with_activation(bend_.kind, [&](auto kind) {
      each_row(images, [&](int image, int y, int c) {
        const Lanes *value = known.image(image).row(y, c), *from = out_gradient.image(image).row(y, c);
        Lanes* to = in_gradient.image(image).row(y, c);
        for (int x = 0; x < input_.width; ++x) to[x] = times_slope<decltype(kind)::value>(from[x], value[x], bend_.slope);
      });
    });
  }

 private:
  template <typename Body>
  void each_row(Images images, Body body) const {
    for (int image = images.first; image < images.last; ++image)
      for (int y = 0; y < input_.height; ++y)
        for (int c = 0; c < input_.channels; ++c) body(image, y, c);
  }

  Bend bend_;
};

}  // namespace ceteris
