// Dropout (Srivastava et al. 2014): each run has its own rate, and its own random numbers looked up by position.
#pragma once

#include "layer.hpp"
#include "philox.hpp"

namespace ceteris {

class Dropout : public Layer {
 public:
  // A value is dropped where its random word is below `threshold`; what stays is multiplied by `scale`.
  Dropout(Shape shape, Key key, Words threshold, Lanes scale)
      : Layer(shape, shape), key_(key), threshold_(threshold), scale_(scale) {}

  void reserve(int images, int, bool) override { kept_.resize(stride() * static_cast<size_t>(images)); }
  size_t reserved(int images) const override { return stride() * static_cast<size_t>(images) * sizeof(Bytes); }

  void forward(const Step& step, Images images, const Boundary& in, const Boundary& out) override {
    for (int image = images.first; image < images.last; ++image) {
      Bytes* kept = kept_.data() + stride() * static_cast<size_t>(image);
      if (step.training) look_up(step.position + static_cast<uint32_t>(image), step.epoch, kept);
      each_row(in.image(image), out.image(image), kept,
               [&](Lanes value, Bytes byte) { return step.training ? keep(value, byte) : value; });
    }
  }

  void backward(const Step&, Images images, const Boundary&, const Boundary&, const Boundary& out_gradient,
                const Boundary& in_gradient) override {
    if (!in_gradient.exists()) return;
    for (int image = images.first; image < images.last; ++image) {
      const Bytes* kept = kept_.data() + stride() * static_cast<size_t>(image);
      each_row(out_gradient.image(image), in_gradient.image(image), kept,
               [&](Lanes value, Bytes byte) { return keep(value, byte); });
    }
  }

 private:
  size_t stride() const { return (output_.values() + 3) / 4 * 4; }
  Lanes keep(Lanes value, Bytes byte) const { return select(to_integers(byte) != 0, value * scale_, Lanes{}); }

  // Value number i, counted [row][channel][column], uses word i % 4 of block i / 4.
  void look_up(uint32_t position, uint32_t epoch, Bytes* kept) const {
    const uint32_t blocks = static_cast<uint32_t>(stride() / 4);
    for (uint32_t block = 0; block < blocks; ++block) {
      const Block random = random_block(key_, block, position, epoch);
      for (int word = 0; word < 4; ++word) *kept++ = to_bytes((random.word[word] >= threshold_) & 1);
    }
  }

  template <typename Function>
  void each_row(const Map& from, const Map& to, const Bytes* kept, Function function) const {
    for (int y = 0; y < output_.height; ++y)
      for (int c = 0; c < output_.channels; ++c) {
        const Lanes* source = from.row(y, c);
        Lanes* target = to.row(y, c);
        for (int x = 0; x < output_.width; ++x) target[x] = function(source[x], *kept++);
      }
  }

  Key key_;
  Words threshold_;
  Lanes scale_;
  std::vector<Bytes> kept_;
};

}  // namespace ceteris
