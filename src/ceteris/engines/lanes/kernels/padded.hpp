// Option A of He et al. 2016: every so manieth pixel of the input, and channels of zeros behind its own.
#pragma once

#include <algorithm>

#include "layer.hpp"
#include "window.hpp"

namespace ceteris {

class Padded : public Layer {
 public:
  Padded(Shape input, int channels, int stride)
      : Layer(input, {(input.height + stride - 1) / stride, (input.width + stride - 1) / stride, channels}), stride_(stride) {}

  void forward(const Step&, Images images, const Boundary& in, const Boundary& out) override {
    for (int image = images.first; image < images.last; ++image) {
      const Map from = in.image(image), to = out.image(image);
      clear(to);
      each_pixel([&](int y, int c, int x) { to.row(y, c)[x] = from.row(y * stride_, c)[x * stride_]; });
    }
  }

  void backward(const Step&, Images images, const Boundary&, const Boundary&, const Boundary& out_gradient,
                const Boundary& in_gradient) override {
    if (!in_gradient.exists()) return;
    for (int image = images.first; image < images.last; ++image) {
      const Map from = out_gradient.image(image), to = in_gradient.image(image);
      clear(to);
      each_pixel([&](int y, int c, int x) { to.row(y * stride_, c)[x * stride_] = from.row(y, c)[x]; });
    }
  }

 private:
  template <typename Body>
  void each_pixel(Body body) const {
    for (int y = 0; y < output_.height; ++y)
      for (int c = 0; c < std::min(input_.channels, output_.channels); ++c)
        for (int x = 0; x < output_.width; ++x) body(y, c, x);
  }

  int stride_;
};

}  // namespace ceteris
