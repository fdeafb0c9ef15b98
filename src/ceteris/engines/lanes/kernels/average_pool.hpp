// The mean of each window of pixels.
#pragma once

#include "layer.hpp"
#include "window.hpp"

namespace ceteris {

class AveragePool : public Layer {
 public:
  AveragePool(Shape input, Window window)
      : Layer(input, window.after(input)), window_(window), area_(broadcast(static_cast<float>(window.height * window.width))) {}

  void forward(const Step&, Images images, const Boundary& in, const Boundary& out) override {
    for (int image = images.first; image < images.last; ++image) {
      const Map from = in.image(image), to = out.image(image);
      each_window([&](int y, int c, int x) {
        Lanes sum{};
        each_pixel(y, c, x, from, [&](Lanes& pixel) { sum += pixel; });
        to.row(y, c)[x] = sum / area_;
      });
    }
  }

  void backward(const Step&, Images images, const Boundary&, const Boundary&, const Boundary& out_gradient,
                const Boundary& in_gradient) override {
    if (!in_gradient.exists()) return;
    for (int image = images.first; image < images.last; ++image) {
      const Map from = out_gradient.image(image), to = in_gradient.image(image);
      if (!window_.tiles(input_)) clear(to);
      each_window([&](int y, int c, int x) {
        const Lanes share = from.row(y, c)[x] / area_;
        if (window_.overlaps())
          each_pixel(y, c, x, to, [&](Lanes& pixel) { pixel += share; });
        else
          each_pixel(y, c, x, to, [&](Lanes& pixel) { pixel = share; });
      });
    }
  }

 private:
  template <typename Body>
  void each_window(Body body) const {
    for (int y = 0; y < output_.height; ++y)
      for (int c = 0; c < output_.channels; ++c)
        for (int x = 0; x < output_.width; ++x) body(y, c, x);
  }
  template <typename Body>
  void each_pixel(int y, int c, int x, const Map& map, Body body) const {
    for (int row = 0; row < window_.height; ++row)
      for (int column = 0; column < window_.width; ++column)
        body(map.row(y * window_.stride + row, c)[x * window_.stride + column]);
  }

  Window window_;
  Lanes area_;
};

}  // namespace ceteris
