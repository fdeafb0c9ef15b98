// Batch normalisation (Ioffe and Szegedy 2015), as torch.nn.BatchNorm2d defines it: momentum 0.1, epsilon 1e-5, the
// running variance unbiased, the batch's own variance not. Each run has its own statistics.
//
// What it needs of the whole minibatch is gathered image by image, while the values are hot: the sums of rows, which one thread
// then adds up for each channel. Between such sums and their use the network puts a barrier.
#pragma once

#include "activation.hpp"
#include "layer.hpp"

namespace ceteris {

class BatchNorm : public Layer {
 public:
  explicit BatchNorm(Shape shape)
      : Layer(shape, shape),
        mean_(channels()),
        inverse_(channels()),
        factor_(channels()),
        shift_(channels()),
        squares_(channels()),
        gradient_sum_(channels()),
        gradient_product_(channels()) {}

  // Takes over an activation right behind it, if that costs less than a pass over the values.
  bool take_over(Bend bend) {
    const bool takes = is_tiled(bend.kind) && bend_.kind == Activation::none;
    if (takes) bend_ = bend;
    return takes;
  }

  bool changes_gradient() const override { return bend_.kind != Activation::none; }
  bool measures() const override { return true; }
  bool is_cheap() const override { return true; }
  bool reads_input() const override { return true; }
  size_t parameter_count() const override { return 2 * channels(); }
  size_t statistics_count() const override { return 2 * channels(); }
  void bind(Parameters parameters, Lanes* statistics) override {
    parameters_ = parameters;
    statistics_ = statistics;
  }

  void reserve(int images, int, bool) override { sums_ = Storage(2 * rows(images)); }
  size_t reserved(int images) const override { return 2 * rows(images) * sizeof(Lanes); }

  void begin(const Step& step) override {
    if (step.training) return;
    const Span own = step.thread.share(channels());
    for (size_t c = own.first; c < own.last; ++c) set(c, statistics_[c], statistics_[channels() + c]);
  }

  // Rows are summed apart, so that the error grows with the rows and not with the pixels.
  void gather(Images images, const Boundary& in) override {
    each_row(images, in, all(), [&](int image, int y, size_t c, const Lanes* row) {
      Lanes row_sum{};
      for (int x = 0; x < input_.width; ++x) row_sum += row[x];
      sums_.get()[place(image, y, c)] = row_sum;
    });
  }

  // Mean first, then the squares of what is left: no digits are lost to a large mean.
  void measure(const Thread& thread, Images images, const Boundary& in) override {
    const Span own = thread.share(channels());
    const float pixels = pixels_of(images);
    add_up(images, own, sums_.get(), mean_.get());
    for (size_t c = own.first; c < own.last; ++c) {
      mean_.get()[c] /= broadcast(pixels);
      squares_.get()[c] = Lanes{};
    }
    each_row(images, in, own, [&](int, int, size_t c, const Lanes* row) {
      const Lanes mean = mean_.get()[c];
      Lanes row_squares{};
      for (int x = 0; x < input_.width; ++x) row_squares = multiply_add(row[x] - mean, row[x] - mean, row_squares);
      squares_.get()[c] += row_squares;
    });
    for (size_t c = own.first; c < own.last; ++c) {
      const Lanes mean = mean_.get()[c], sum = squares_.get()[c];
      set(c, mean, sum / pixels);
      // One value alone has no unbiased variance; PyTorch refuses to train on it, and the study reader does too.
      const float unbiased = pixels > 1 ? pixels - 1 : 1;
      Lanes &running_mean = statistics_[c], &running_variance = statistics_[channels() + c];
      running_mean = multiply_add(broadcast(kMomentum), mean, running_mean * (1 - kMomentum));
      running_variance = multiply_add(broadcast(kMomentum), sum / unbiased, running_variance * (1 - kMomentum));
    }
  }

  void forward(const Step&, Images images, const Boundary& in, const Boundary& out) override {
    with_tiled_activation(bend_.kind, [&](auto kind) {
      each_row(images, in, all(), [&](int image, int y, size_t c, const Lanes* row) {
        const Lanes factor = factor_.get()[c], shift = shift_.get()[c], slope = bend_.slope;
        Lanes* target = out.image(image).row(y, static_cast<int>(c));
        for (int x = 0; x < input_.width; ++x)
          target[x] = activate<decltype(kind)::value>(multiply_add(row[x], factor, shift), slope);
      });
    });
  }

  // The gradient goes back through the activation here, in place.
  void collect(Images images, const Boundary& in, const Boundary& out_gradient) override {
    with_tiled_activation(bend_.kind, [&](auto kind) {
      constexpr Activation own = decltype(kind)::value;
      each_row(images, in, all(), [&](int image, int y, size_t c, const Lanes* row) {
        const Lanes mean = mean_.get()[c], inverse_deviation = inverse_.get()[c];
        const Lanes factor = factor_.get()[c], shift = shift_.get()[c], slope = bend_.slope;
        Lanes* d = out_gradient.image(image).row(y, static_cast<int>(c));
        Lanes row_sum{}, row_product{};
        for (int x = 0; x < input_.width; ++x) {
          if constexpr (own != Activation::none)
            d[x] = times_slope<own>(d[x], activate<own>(multiply_add(row[x], factor, shift), slope), slope);
          row_sum += d[x];
          row_product = multiply_add(d[x], (row[x] - mean) * inverse_deviation, row_product);
        }
        sums_.get()[place(image, y, c)] = row_sum;
        products()[place(image, y, c)] = row_product;
      });
    });
  }

  void settle(const Thread& thread, Images images) override {
    const Span own = thread.share(channels());
    add_up(images, own, sums_.get(), gradient_sum_.get());
    add_up(images, own, products(), gradient_product_.get());
    const Lanes pixels = broadcast(pixels_of(images));
    for (size_t c = own.first; c < own.last; ++c) {
      parameters_.gradients[c] += gradient_product_.get()[c];
      parameters_.gradients[channels() + c] += gradient_sum_.get()[c];
      gradient_sum_.get()[c] /= pixels;  // means from here on
      gradient_product_.get()[c] /= pixels;
    }
  }

  void backward(const Step&, Images images, const Boundary& in, const Boundary&, const Boundary& out_gradient,
                const Boundary& in_gradient) override {
    if (!in_gradient.exists()) return;
    each_row(images, in, all(), [&](int image, int y, size_t c, const Lanes* row) {
      const Lanes mean = mean_.get()[c], inverse_deviation = inverse_.get()[c], factor = factor_.get()[c];
      const Lanes mean_gradient = gradient_sum_.get()[c], mean_product = gradient_product_.get()[c];
      const Lanes* d = out_gradient.image(image).row(y, static_cast<int>(c));
      Lanes* target = in_gradient.image(image).row(y, static_cast<int>(c));
      for (int x = 0; x < input_.width; ++x) {
        const Lanes normal = (row[x] - mean) * inverse_deviation;
        target[x] = factor * (d[x] - multiply_add(normal, mean_product, mean_gradient));
      }
    });
  }

 private:
  static constexpr float kMomentum = 0.1f, kEpsilon = 1e-5f;

  size_t channels() const { return static_cast<size_t>(input_.channels); }
  Lanes weight(size_t c) const { return parameters_.values[c]; }
  Lanes bias(size_t c) const { return parameters_.values[channels() + c]; }
  void set(size_t c, Lanes mean, Lanes variance) {
    mean_.get()[c] = mean;
    const Lanes inverse = broadcast(1.0f) / square_root(variance + kEpsilon), factor = weight(c) * inverse;
    inverse_.get()[c] = inverse;
    factor_.get()[c] = factor;
    shift_.get()[c] = multiply_add(-mean, factor, bias(c));
  }

  float pixels_of(Images images) const { return static_cast<float>(images.last - images.first) * input_.height * input_.width; }

  // Rows of all channels of so many images, and the place of one of them.
  size_t rows(int images) const { return static_cast<size_t>(images) * input_.height * channels(); }
  size_t place(int image, int y, size_t c) const { return rows(image) + static_cast<size_t>(y) * channels() + c; }
  Lanes* products() const { return sums_.get() + sums_.size() / 2; }

  // Adds up the sums of rows, in the order of images and rows, for some channels.
  void add_up(Images images, Span channels, const Lanes* sums, Lanes* totals) const {
    for (size_t c = channels.first; c < channels.last; ++c) totals[c] = Lanes{};
    for (int image = images.first; image < images.last; ++image)
      for (int y = 0; y < input_.height; ++y)
        for (size_t c = channels.first; c < channels.last; ++c) totals[c] += sums[place(image, y, c)];
  }

  Span all() const { return {0, channels()}; }

  template <typename Body>
  void each_row(Images images, const Boundary& in, Span channels, Body body) const {
    for (int image = images.first; image < images.last; ++image) {
      const Map map = in.image(image);
      for (int y = 0; y < input_.height; ++y)
        for (size_t c = channels.first; c < channels.last; ++c) body(image, y, c, map.row(y, static_cast<int>(c)));
    }
  }

  Bend bend_;
  Parameters parameters_;
  Lanes* statistics_ = nullptr;
  Storage mean_, inverse_, factor_, shift_, squares_, gradient_sum_, gradient_product_;
  Storage sums_;  // of rows, [image][row][channel], and behind them, on the way back, those of products
};

}  // namespace ceteris
