// The largest value of each square of pixels, then an activation that the convolution before may have handed over.
#pragma once

#include "activation.hpp"
#include "layer.hpp"
#include "window.hpp"

namespace ceteris {

class MaxPool : public Layer {
 public:
  // A winner's place in its square is kept in a byte.
  static constexpr int kLargest = 16;

  MaxPool(Shape input, int size, int stride, Bend bend)
      : Layer(input, Window{size, size, stride}.after(input)), window_{size, size, stride}, bend_(bend) {}

  bool reads_output() const override { return bend_.kind != Activation::none; }
  void reserve(int images, int, bool) override { winners_.resize(output_.values() * static_cast<size_t>(images)); }
  size_t reserved(int images) const override { return output_.values() * static_cast<size_t>(images) * sizeof(Bytes); }

  void forward(const Step& step, Images images, const Boundary& in, const Boundary& out) override {
    for (int image = images.first; image < images.last; ++image)
      with_activation(bend_.kind, [&](auto kind) {
        if (is_usual())
          pool<decltype(kind)::value, 2>(step, image, in.image(image), out.image(image));
        else
          pool<decltype(kind)::value, 0>(step, image, in.image(image), out.image(image));
      });
  }

  void backward(const Step&, Images images, const Boundary&, const Boundary& out, const Boundary& out_gradient,
                const Boundary& in_gradient) override {
    if (!in_gradient.exists()) return;
    for (int image = images.first; image < images.last; ++image)
      with_activation(bend_.kind, [&](auto kind) {
        if (is_usual())
          unpool<decltype(kind)::value, 2>(image, out.image(image), out_gradient.image(image), in_gradient.image(image));
        else
          unpool<decltype(kind)::value, 0>(image, out.image(image), out_gradient.image(image), in_gradient.image(image));
      });
  }

 private:
  bool is_usual() const { return window_.height == 2 && window_.stride == 2; }

  // `Size` 0 means any size; 2 lets the compiler unroll the square that nearly everybody uses.
  template <Activation kind, int Size>
  void pool(const Step& step, int image, const Map& in, const Map& out) {
    const int size = Size ? Size : window_.height, stride = Size ? Size : window_.stride;
    Bytes* winner = winners_.data() + output_.values() * static_cast<size_t>(image);
    for (int y = 0; y < output_.height; ++y)
      for (int c = 0; c < output_.channels; ++c) {
        Lanes* target = out.row(y, c);
        for (int x = 0; x < output_.width; ++x, ++winner) {
          Lanes largest = in.row(y * stride, c)[x * stride];
          Integers place{};
          for (int i = 1; i < size * size; ++i) {
            const Lanes value = in.row(y * stride + i / size, c)[x * stride + i % size];
            const Integers wins = ~(value <= largest);  // not-a-number wins, as in PyTorch
            largest = select(wins, value, largest);
            place = select(wins, broadcast(i), place);
          }
          target[x] = activate<kind>(largest, bend_.slope);
          if (step.training) *winner = to_bytes(place);
        }
      }
  }

  template <Activation kind, int Size>
  void unpool(int image, const Map& out, const Map& out_gradient, const Map& in_gradient) const {
    const int size = Size ? Size : window_.height, stride = Size ? Size : window_.stride;
    const bool adds = !Size && window_.overlaps();
    const Bytes* winner = winners_.data() + output_.values() * static_cast<size_t>(image);
    if (!window_.tiles(input_)) clear(in_gradient);
    for (int y = 0; y < output_.height; ++y)
      for (int c = 0; c < output_.channels; ++c) {
        const Lanes *gradient = out_gradient.row(y, c), *output = out.row(y, c);
        for (int x = 0; x < output_.width; ++x, ++winner) {
          const Lanes d = times_slope<kind>(gradient[x], output[x], bend_.slope);
          const Integers place = to_integers(*winner);
          for (int i = 0; i < size * size; ++i) {
            Lanes& pixel = in_gradient.row(y * stride + i / size, c)[x * stride + i % size];
            const Lanes share = select(place == broadcast(i), d, Lanes{});
            pixel = adds ? pixel + share : share;
          }
        }
      }
  }

  Window window_;
  Bend bend_;
  std::vector<Bytes> winners_;
};

}  // namespace ceteris
