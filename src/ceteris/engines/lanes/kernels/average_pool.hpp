// The mean of each square of pixels.
#pragma once

#include "layer.hpp"

namespace ceteris {

class AveragePool : public Layer {
 public:
  AveragePool(Shape input, int size)
      : Layer(input, {input.height / size, input.width / size, input.channels}),
        size_(size),
        area_(broadcast(static_cast<float>(size * size))) {}

  void forward(const Step&, Images images, const Boundary& in, const Boundary& out) override {
    for (int image = images.first; image < images.last; ++image) {
      const Map from = in.image(image), to = out.image(image);
      for (int y = 0; y < output_.height; ++y)
        for (int c = 0; c < output_.channels; ++c)
          for (int x = 0; x < output_.width; ++x) {
            Lanes sum{};
            for (int row = 0; row < size_; ++row)
              for (int column = 0; column < size_; ++column) sum += from.row(y * size_ + row, c)[x * size_ + column];
            to.row(y, c)[x] = sum / area_;
          }
    }
  }

  void backward(const Step&, Images images, const Boundary&, const Boundary&, const Boundary& out_gradient,
                const Boundary& in_gradient) override {
    if (!in_gradient.exists()) return;
    for (int image = images.first; image < images.last; ++image) {
      const Map from = out_gradient.image(image), to = in_gradient.image(image);
      for (int y = 0; y < output_.height; ++y)
        for (int c = 0; c < output_.channels; ++c)
          for (int x = 0; x < output_.width; ++x) {
            const Lanes share = from.row(y, c)[x] / area_;
            for (int row = 0; row < size_; ++row)
              for (int column = 0; column < size_; ++column) to.row(y * size_ + row, c)[x * size_ + column] = share;
          }
    }
  }

 private:
  int size_;
  Lanes area_;
};

}  // namespace ceteris
