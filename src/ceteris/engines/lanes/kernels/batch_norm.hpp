// Batch normalisation (Ioffe and Szegedy 2015), as torch.nn.BatchNorm2d defines it: momentum 0.1, epsilon 1e-5, the
// running variance unbiased, the batch's own variance not. Each run has its own statistics.
#pragma once

#include "layer.hpp"

namespace ceteris {

class BatchNorm : public Layer {
 public:
  explicit BatchNorm(Shape shape) : Layer(shape, shape), mean_(channels()), deviation_(channels()) {}

  bool takes_many_images() const override { return true; }
  bool needs_whole_minibatch() const override { return true; }
  bool reads_input() const override { return true; }
  size_t learnt_count() const override { return 2 * channels(); }
  size_t statistics_count() const override { return 2 * channels(); }
  void bind(Learnt learnt, Lanes* statistics) override {
    learnt_ = learnt;
    statistics_ = statistics;
  }

  void forward(const Step& step, Images images, const Boundary& in, const Boundary& out) override {
    if (step.training)
      measure(images, in);
    else
      for (size_t c = 0; c < channels(); ++c) set(c, statistics_[c], statistics_[channels() + c]);
    for (size_t c = 0; c < channels(); ++c) {
      const Lanes factor = weight(c) * inverse(c), shift = multiply_add(-mean_.get()[c], factor, bias(c));
      each_row(images, in, c, [&](int image, int y, const Lanes* row) {
        Lanes* target = out.image(image).row(y, static_cast<int>(c));
        for (int x = 0; x < input_.width; ++x) target[x] = multiply_add(row[x], factor, shift);
      });
    }
  }

  void backward(const Step&, Images images, const Boundary& in, const Boundary&, const Boundary& out_gradient,
                const Boundary& in_gradient) override {
    const Lanes count = broadcast(static_cast<float>(images.last - images.first) * input_.height * input_.width);
    for (size_t c = 0; c < channels(); ++c) {
      const Lanes mean = mean_.get()[c], inverse_deviation = inverse(c);
      Lanes sum{}, product{};
      each_row(images, in, c, [&](int image, int y, const Lanes* row) {
        const Lanes* d = out_gradient.image(image).row(y, static_cast<int>(c));
        Lanes row_sum{}, row_product{};
        for (int x = 0; x < input_.width; ++x) {
          row_sum += d[x];
          row_product = multiply_add(d[x], (row[x] - mean) * inverse_deviation, row_product);
        }
        sum += row_sum;
        product += row_product;
      });
      learnt_.gradients[c] += product;
      learnt_.gradients[channels() + c] += sum;
      if (!in_gradient.exists()) continue;
      const Lanes factor = weight(c) * inverse_deviation, mean_gradient = sum / count, mean_product = product / count;
      each_row(images, in, c, [&](int image, int y, const Lanes* row) {
        const Lanes* d = out_gradient.image(image).row(y, static_cast<int>(c));
        Lanes* target = in_gradient.image(image).row(y, static_cast<int>(c));
        for (int x = 0; x < input_.width; ++x) {
          const Lanes normal = (row[x] - mean) * inverse_deviation;
          target[x] = factor * (d[x] - multiply_add(normal, mean_product, mean_gradient));
        }
      });
    }
  }

 private:
  static constexpr float kMomentum = 0.1f, kEpsilon = 1e-5f;

  size_t channels() const { return static_cast<size_t>(input_.channels); }
  Lanes weight(size_t c) const { return learnt_.values[c]; }
  Lanes bias(size_t c) const { return learnt_.values[channels() + c]; }
  Lanes inverse(size_t c) const { return broadcast(1.0f) / deviation_.get()[c]; }
  void set(size_t c, Lanes mean, Lanes variance) {
    mean_.get()[c] = mean;
    deviation_.get()[c] = square_root(variance + kEpsilon);
  }

  template <typename Body>
  void each_row(Images images, const Boundary& in, size_t c, Body body) const {
    for (int image = images.first; image < images.last; ++image) {
      const Map map = in.image(image);
      for (int y = 0; y < input_.height; ++y) body(image, y, map.row(y, static_cast<int>(c)));
    }
  }

  // Mean first, then the squares of what is left: no digits are lost to a large mean. Rows are summed apart, so that the
  // error grows with the rows and not with the pixels.
  void measure(Images images, const Boundary& in) {
    const float pixels = static_cast<float>(images.last - images.first) * input_.height * input_.width;
    for (size_t c = 0; c < channels(); ++c) {
      Lanes sum{}, squares{};
      each_row(images, in, c, [&](int, int, const Lanes* row) {
        Lanes row_sum{};
        for (int x = 0; x < input_.width; ++x) row_sum += row[x];
        sum += row_sum;
      });
      const Lanes mean = sum / pixels;
      each_row(images, in, c, [&](int, int, const Lanes* row) {
        Lanes row_squares{};
        for (int x = 0; x < input_.width; ++x) row_squares = multiply_add(row[x] - mean, row[x] - mean, row_squares);
        squares += row_squares;
      });
      set(c, mean, squares / pixels);
      // One value alone has no unbiased variance; PyTorch refuses to train on it, and the study reader does too.
      const float unbiased = pixels > 1 ? pixels - 1 : 1;
      Lanes &running_mean = statistics_[c], &running_variance = statistics_[channels() + c];
      running_mean = multiply_add(broadcast(kMomentum), mean, running_mean * (1 - kMomentum));
      running_variance = multiply_add(broadcast(kMomentum), squares / unbiased, running_variance * (1 - kMomentum));
    }
  }

  Learnt learnt_;
  Lanes* statistics_ = nullptr;
  Storage mean_, deviation_;
};

}  // namespace ceteris
