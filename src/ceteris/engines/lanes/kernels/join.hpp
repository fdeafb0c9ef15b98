// The end of a residual block: what two branches made is added, then an activation. It has two inputs, so it is no layer
// like the others; the gradients of both are that of the sum, and where they may share its memory nothing is copied.
#pragma once

#include "activation.hpp"
#include "layer.hpp"

namespace ceteris {

class Join : public Layer {
 public:
  Join(Shape shape, Bend bend) : Layer(shape, shape), bend_(bend) {}

  bool reads_output() const override { return bend_.kind != Activation::none; }
  bool changes_gradient() const override { return bend_.kind != Activation::none; }

  void add(int image, const Boundary& first, const Boundary& second, const Boundary& out) const {
    const Map a = first.image(image), b = second.image(image), sum = out.image(image);
    with_activation(bend_.kind, [&](auto kind) {
      each_row([&](int y, int c) {
        const Lanes *one = a.row(y, c), *other = b.row(y, c);
        Lanes* target = sum.row(y, c);
        for (int x = 0; x < input_.width; ++x) target[x] = activate<decltype(kind)::value>(one[x] + other[x], bend_.slope);
      });
    });
  }

  // Turns the gradient of what came out into that of the sum, in place.
  void bend_gradient(int image, const Boundary& out, const Boundary& out_gradient) const {
    if (bend_.kind == Activation::none) return;
    const Map value = out.image(image), gradient = out_gradient.image(image);
    with_activation(bend_.kind, [&](auto kind) {
      each_row([&](int y, int c) {
        const Lanes* known = value.row(y, c);
        Lanes* d = gradient.row(y, c);
        for (int x = 0; x < input_.width; ++x) d[x] = times_slope<decltype(kind)::value>(d[x], known[x], bend_.slope);
      });
    });
  }

  void forward(const Step&, Images, const Boundary&, const Boundary&) override {}
  void backward(const Step&, Images, const Boundary&, const Boundary&, const Boundary&, const Boundary&) override {}

 private:
  template <typename Body>
  void each_row(Body body) const {
    for (int y = 0; y < input_.height; ++y)
      for (int c = 0; c < input_.channels; ++c) body(y, c);
  }

  Bend bend_;
};

}  // namespace ceteris
