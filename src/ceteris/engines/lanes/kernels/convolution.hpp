// Convolution with stride 1, and both of its gradients.
//
// A tile of the output, some channels by some columns, stays in registers while the loop runs over rows of taps, input
// channels and taps. Every sum adds its terms in that order whatever the tile, so its bits do not depend on the tiling.
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "activation.hpp"
#include "layer.hpp"

namespace ceteris {

// Cuts `length` into the fewest pieces of at most `most`, as even as possible; piece i of `pieces` ends here.
inline int piece_count(int length, int most) { return (length + most - 1) / most; }
inline int piece_end(int length, int pieces, int i) { return static_cast<int>(static_cast<long>(length) * (i + 1) / pieces); }

// ---- correlation: out[o][y][x] = bias[o] + sum over ky, c, kx of weight[o][c][ky][kx] * in[c][y + ky][x + kx]

// A tile holds channels * columns sums, one weight per channel and one input: it must fit the registers.
constexpr int kTileChannels = kRegisters == 32 ? 4 : 3;
constexpr int tile_columns(int channels) { return std::min(9, (kRegisters - 1 - channels) / channels); }
constexpr int kTileColumns = 9;

struct Taps {
  const Lanes* weights;  // [ky][channel][kx][output channel of the tile]
  const Lanes* bias;     // [output channel of the tile], or nothing
  int channels, kernel;
};

template <Activation kind, int Channels, int Columns>
inline void correlate_tile(const Taps& taps, const Map& in, const Map& out, int y, int x, int first_channel) {
  Lanes sum[Channels][Columns];
  for (int o = 0; o < Channels; ++o)
    for (int i = 0; i < Columns; ++i) sum[o][i] = taps.bias ? taps.bias[o] : Lanes{};
  const Lanes* weight = taps.weights;
  for (int ky = 0; ky < taps.kernel; ++ky)
    for (int c = 0; c < taps.channels; ++c) {
      const Lanes* pixel = in.row(y + ky, c) + x;
      for (int kx = 0; kx < taps.kernel; ++kx, ++pixel, weight += Channels) {
        Lanes w[Channels];
        for (int o = 0; o < Channels; ++o) w[o] = weight[o];
        for (int i = 0; i < Columns; ++i) {
          const Lanes value = pixel[i];
          for (int o = 0; o < Channels; ++o) sum[o][i] = multiply_add(w[o], value, sum[o][i]);
        }
      }
    }
  for (int o = 0; o < Channels; ++o) {
    Lanes* target = out.row(y, first_channel + o) + x;
    for (int i = 0; i < Columns; ++i) target[i] = activate<kind>(sum[o][i]);
  }
}

using CorrelateTile = void (*)(const Taps&, const Map&, const Map&, int, int, int);

template <Activation kind, int Channels, size_t... Columns>
constexpr std::array<CorrelateTile, kTileColumns> correlate_row(std::index_sequence<Columns...>) {
  return {(static_cast<int>(Columns) < tile_columns(Channels)
               ? static_cast<CorrelateTile>(correlate_tile<kind, Channels, std::min<int>(Columns + 1, tile_columns(Channels))>)
               : nullptr)...};
}

template <Activation kind, size_t... Channels>
constexpr std::array<std::array<CorrelateTile, kTileColumns>, kTileChannels> correlate_tiles(std::index_sequence<Channels...>) {
  return {correlate_row<kind, static_cast<int>(Channels) + 1>(std::make_index_sequence<kTileColumns>{})...};
}

// Weights in the order in which the tiles read them.
class PackedWeights {
 public:
  PackedWeights() = default;
  PackedWeights(int outputs, int inputs, int kernel)
      : outputs_(outputs), inputs_(inputs), kernel_(kernel), storage_(static_cast<size_t>(outputs) * inputs * kernel * kernel) {}

  // `weight(o, c, ky, kx)` gives one weight.
  template <typename Weight>
  void pack(Weight weight) {
    Lanes* target = storage_.get();
    for (int group = 0; group < groups(); ++group)
      for (int ky = 0; ky < kernel_; ++ky)
        for (int c = 0; c < inputs_; ++c)
          for (int kx = 0; kx < kernel_; ++kx)
            for (int o = first(group); o < first(group + 1); ++o) *target++ = weight(o, c, ky, kx);
  }

  int groups() const { return piece_count(outputs_, kTileChannels); }
  int first(int group) const { return group == 0 ? 0 : piece_end(outputs_, groups(), group - 1); }
  Taps taps(int group, const Lanes* bias) const {
    const Lanes* weights = storage_.get() + static_cast<size_t>(first(group)) * inputs_ * kernel_ * kernel_;
    return {weights, bias ? bias + first(group) : nullptr, inputs_, kernel_};
  }

 private:
  int outputs_ = 0, inputs_ = 0, kernel_ = 0;
  Storage storage_;
};

template <Activation kind>
inline void correlate(const PackedWeights& weights, const Lanes* bias, const Map& in, const Map& out) {
  static constexpr auto tiles = correlate_tiles<kind>(std::make_index_sequence<kTileChannels>{});
  for (int y = 0; y < out.shape.height; ++y)
    for (int group = 0; group < weights.groups(); ++group) {
      const int channel = weights.first(group), channels = weights.first(group + 1) - channel;
      const Taps taps = weights.taps(group, bias);
      const int pieces = piece_count(out.shape.width, tile_columns(channels));
      for (int piece = 0, x = 0; piece < pieces; ++piece) {
        const int end = piece_end(out.shape.width, pieces, piece);
        tiles[channels - 1][end - x - 1](taps, in, out, y, x, channel);
        x = end;
      }
    }
}

// ---- gradient of the weights: gradient[o][c][ky][kx] += sum over y, x of out_gradient[o][y][x] * in[c][y + ky][x + kx]

constexpr int kTileTaps = 5;
constexpr int tile_outputs(int taps) { return std::min(9, (kRegisters - 1 - taps) / taps); }
constexpr int kTileOutputs = 9;

// One row of output gradients meets one row of one input channel; sums stay in registers along the row.
template <int Taps, int Outputs>
inline void weight_gradient_tile(const Lanes* pixel, const Lanes* gradient, ptrdiff_t channel_stride, int width, Lanes* target,
                                 ptrdiff_t target_stride) {
  Lanes sum[Outputs][Taps];
  for (int o = 0; o < Outputs; ++o)
    for (int t = 0; t < Taps; ++t) sum[o][t] = target[o * target_stride + t];
  for (int x = 0; x < width; ++x, ++pixel, ++gradient) {
    Lanes value[Taps];
    for (int t = 0; t < Taps; ++t) value[t] = pixel[t];
    for (int o = 0; o < Outputs; ++o) {
      const Lanes d = gradient[o * channel_stride];
      for (int t = 0; t < Taps; ++t) sum[o][t] = multiply_add(d, value[t], sum[o][t]);
    }
  }
  for (int o = 0; o < Outputs; ++o)
    for (int t = 0; t < Taps; ++t) target[o * target_stride + t] = sum[o][t];
}

using WeightGradientTile = void (*)(const Lanes*, const Lanes*, ptrdiff_t, int, Lanes*, ptrdiff_t);

template <int Taps, size_t... Outputs>
constexpr std::array<WeightGradientTile, kTileOutputs> weight_gradient_row(std::index_sequence<Outputs...>) {
  return {(static_cast<int>(Outputs) < tile_outputs(Taps)
               ? static_cast<WeightGradientTile>(weight_gradient_tile<Taps, std::min<int>(Outputs + 1, tile_outputs(Taps))>)
               : nullptr)...};
}

template <size_t... Taps>
constexpr std::array<std::array<WeightGradientTile, kTileOutputs>, kTileTaps> weight_gradient_tiles(std::index_sequence<Taps...>) {
  return {weight_gradient_row<static_cast<int>(Taps) + 1>(std::make_index_sequence<kTileOutputs>{})...};
}

inline void add_weight_gradient(const Map& in, const Map& out_gradient, int kernel, Lanes* gradients) {
  static constexpr auto tiles = weight_gradient_tiles(std::make_index_sequence<kTileTaps>{});
  const int inputs = in.shape.channels, outputs = out_gradient.shape.channels, width = out_gradient.shape.width;
  const ptrdiff_t stride = static_cast<ptrdiff_t>(inputs) * kernel * kernel;
  const int tap_pieces = piece_count(kernel, kTileTaps);
  for (int y = 0; y < out_gradient.shape.height; ++y)
    for (int ky = 0; ky < kernel; ++ky)
      for (int c = 0; c < inputs; ++c)
        for (int tap_piece = 0, tap = 0; tap_piece < tap_pieces; ++tap_piece) {
          const int tap_end = piece_end(kernel, tap_pieces, tap_piece), taps = tap_end - tap;
          const int pieces = piece_count(outputs, tile_outputs(taps));
          for (int piece = 0, o = 0; piece < pieces; ++piece) {
            const int end = piece_end(outputs, pieces, piece);
            tiles[taps - 1][end - o - 1](in.row(y + ky, c) + tap, out_gradient.row(y, o), out_gradient.channel_stride, width,
                                         gradients + o * stride + (static_cast<ptrdiff_t>(c) * kernel + ky) * kernel + tap, stride);
            o = end;
          }
          tap = tap_end;
        }
}

// ---- the layer

class Convolution : public Layer {
 public:
  Convolution(Shape input, int channels, int kernel, bool same, Activation activation)
      : Layer(input, after(input, channels, kernel, same)),
        kernel_(kernel),
        padding_(same ? (kernel - 1) / 2 : 0),
        activation_(activation),
        forward_(channels, input.channels, kernel) {}

  bool reads_input() const override { return true; }
  bool reads_output() const override { return activation_ != Activation::none; }
  int input_border() const override { return padding_; }
  int gradient_border() const override { return kernel_ - 1 - padding_; }
  size_t learnt_count() const override { return weight_count() + output_.channels; }
  void bind(Learnt learnt, Lanes*) override { learnt_ = learnt; }
  void reserve(int, bool wants_input_gradient) override {
    if (wants_input_gradient) turned_ = PackedWeights(input_.channels, output_.channels, kernel_);
    wants_input_gradient_ = wants_input_gradient;
  }

  // A rising activation and max pooling may change places; the pool then activates a quarter of the values.
  Activation hand_over_activation() { return std::exchange(activation_, Activation::none); }

  void begin(const Step& step) override {
    const Lanes* weight = learnt_.values;
    const int inputs = input_.channels, kernel = kernel_;
    const auto at = [=](int o, int c, int ky, int kx) { return weight[((o * inputs + c) * kernel + ky) * kernel + kx]; };
    forward_.pack(at);
    if (step.training && wants_input_gradient_)
      turned_.pack([=](int c, int o, int ky, int kx) { return at(o, c, kernel - 1 - ky, kernel - 1 - kx); });
  }

  void forward(const Step&, Images images, const Boundary& in, const Boundary& out) override {
    for (int image = images.first; image < images.last; ++image)
      with_activation(activation_, [&](auto kind) {
        correlate<decltype(kind)::value>(forward_, bias(), in.image(image).grown(padding_), out.image(image));
      });
  }

  void backward(const Step&, Images images, const Boundary& in, const Boundary& out, const Boundary& out_gradient,
                const Boundary& in_gradient) override {
    for (int image = images.first; image < images.last; ++image) {
      const Map gradient = out_gradient.image(image);
      with_activation(activation_, [&](auto kind) { through_activation<decltype(kind)::value>(out, image, gradient); });
      add_weight_gradient(in.image(image).grown(padding_), gradient, kernel_, learnt_.gradients);
      if (in_gradient.exists())
        correlate<Activation::none>(turned_, nullptr, gradient.grown(kernel_ - 1 - padding_), in_gradient.image(image));
    }
  }

 private:
  static Shape after(Shape input, int channels, int kernel, bool same) {
    const int shrink = same ? 0 : kernel - 1;
    return {input.height - shrink, input.width - shrink, channels};
  }
  size_t weight_count() const { return static_cast<size_t>(output_.channels) * input_.channels * kernel_ * kernel_; }
  const Lanes* bias() const { return learnt_.values + weight_count(); }

  // Turns the gradient of the output into that of the sums, in place, and adds up the gradient of the bias.
  template <Activation kind>
  void through_activation(const Boundary& out, int image, const Map& gradient) {
    Lanes* target = learnt_.gradients + weight_count();
    for (int y = 0; y < output_.height; ++y)
      for (int o = 0; o < output_.channels; ++o) {
        Lanes* d = gradient.row(y, o);
        Lanes sum{};
        for (int x = 0; x < output_.width; ++x) {
          if constexpr (kind != Activation::none) d[x] = times_slope<kind>(d[x], out.image(image).row(y, o)[x]);
          sum += d[x];
        }
        target[o] += sum;
      }
  }

  int kernel_, padding_;
  Activation activation_;
  bool wants_input_gradient_ = false;
  Learnt learnt_;
  PackedWeights forward_, turned_;
};

}  // namespace ceteris
