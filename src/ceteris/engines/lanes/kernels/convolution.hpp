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

// The terms of a sum: term t multiplies weights[t * output channels of the tile + o] by the pixel `offsets[t]` away.
struct Terms {
  const Lanes* weights;
  const Lanes* bias;
  const ptrdiff_t* offsets;
  int count;
};

template <Activation kind, int Channels, int Columns>
void correlate_tile(const Terms& terms, const Lanes* in, Lanes* out, ptrdiff_t channel_stride) {
  Lanes sum[Channels][Columns];
  each<Channels>([&](auto o) { each<Columns>([&](auto i) { sum[o][i] = terms.bias[o]; }); });
  const Lanes* weight = terms.weights;
  for (int t = 0; t < terms.count; ++t, weight += Channels) {
    const Lanes* pixel = in + terms.offsets[t];
    Lanes w[Channels];
    each<Channels>([&](auto o) { w[o] = held(weight[o]); });
    each<Columns>([&](auto i) {
      const Lanes value = held(pixel[i]);
      each<Channels>([&](auto o) { sum[o][i] = multiply_add(w[o], value, sum[o][i]); });
    });
  }
  each<Channels>([&](auto o) { each<Columns>([&](auto i) { out[o * channel_stride + i] = activate<kind>(sum[o][i]); }); });
}

using CorrelateTile = void (*)(const Terms&, const Lanes*, Lanes*, ptrdiff_t);

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

// Weights in the order in which the tiles read them: [group of output channels][ky][input channel][kx][output channel].
class PackedWeights {
 public:
  PackedWeights() = default;
  PackedWeights(int outputs, int inputs, int kernel)
      : outputs_(outputs),
        inputs_(inputs),
        kernel_(kernel),
        weights_(static_cast<size_t>(outputs) * inputs * kernel * kernel),
        biases_(static_cast<size_t>(outputs)),
        offsets_(static_cast<size_t>(inputs) * kernel * kernel) {}

  // `weight(o, c, ky, kx)` gives one weight; `bias` is one value per output channel, or null for zeros.
  template <typename Weight>
  void pack(const Lanes* bias, Weight weight) {
    if (bias) std::copy_n(bias, outputs_, biases_.get());
    Lanes* target = weights_.get();
    for (int group = 0; group < groups(); ++group)
      for (int ky = 0; ky < kernel_; ++ky)
        for (int c = 0; c < inputs_; ++c)
          for (int kx = 0; kx < kernel_; ++kx)
            for (int o = first(group); o < first(group + 1); ++o) *target++ = weight(o, c, ky, kx);
  }

  // Says how far the pixel of each term lies from that of the first, in images laid out like `in`.
  void aim(const Map& in) {
    ptrdiff_t* offset = offsets_.data();
    for (int ky = 0; ky < kernel_; ++ky)
      for (int c = 0; c < inputs_; ++c)
        for (int kx = 0; kx < kernel_; ++kx) *offset++ = ky * in.row_stride + c * in.channel_stride + kx;
  }

  int groups() const { return piece_count(outputs_, kTileChannels); }
  int first(int group) const { return group == 0 ? 0 : piece_end(outputs_, groups(), group - 1); }
  Terms terms(int group) const {
    const Lanes* weights = weights_.get() + first(group) * offsets_.size();
    return {weights, biases_.get() + first(group), offsets_.data(), static_cast<int>(offsets_.size())};
  }

 private:
  int outputs_ = 0, inputs_ = 0, kernel_ = 0;
  Storage weights_, biases_;
  std::vector<ptrdiff_t> offsets_;
};

// Writes some rows of the output; the weights must have been aimed at `in`.
template <Activation kind>
void correlate(const PackedWeights& weights, const Map& in, const Map& out, int first_row, int last_row) {
  static constexpr auto tiles = correlate_tiles<kind>(std::make_index_sequence<kTileChannels>{});
  for (int y = first_row; y < last_row; ++y)
    for (int group = 0; group < weights.groups(); ++group) {
      const int channel = weights.first(group), channels = weights.first(group + 1) - channel;
      const Terms terms = weights.terms(group);
      const int pieces = piece_count(out.shape.width, tile_columns(channels));
      for (int piece = 0, x = 0; piece < pieces; ++piece) {
        const int end = piece_end(out.shape.width, pieces, piece);
        tiles[channels - 1][end - x - 1](terms, in.row(y, 0) + x, out.row(y, channel) + x, out.channel_stride);
        x = end;
      }
    }
}

// ---- gradient of the weights: gradient[o][c][ky][kx] += sum over y, x of out_gradient[o][y][x] * in[c][y + ky][x + kx]

constexpr int kTileTaps = 5;
constexpr int tile_outputs(int taps) { return std::min(9, (kRegisters - 1 - taps) / taps); }
constexpr int kTileOutputs = 9;

// One row of output gradients, interleaved [column][output channel of the tile], meets one row of one input channel; sums
// stay in registers along the row.
template <int Taps, int Outputs>
void weight_gradient_tile(const Lanes* pixel, const Lanes* gradient, int width, Lanes* target) {
  Lanes sum[Outputs][Taps];
  each<Outputs>([&](auto o) { each<Taps>([&](auto t) { sum[o][t] = target[o * Taps + t]; }); });
  for (int x = 0; x < width; ++x, ++pixel, gradient += Outputs) {
    Lanes value[Taps];
    each<Taps>([&](auto t) { value[t] = held(pixel[t]); });
    each<Outputs>([&](auto o) {
      const Lanes d = held(gradient[o]);
      each<Taps>([&](auto t) { sum[o][t] = multiply_add(d, value[t], sum[o][t]); });
    });
  }
  each<Outputs>([&](auto o) { each<Taps>([&](auto t) { target[o * Taps + t] = sum[o][t]; }); });
}

using WeightGradientTile = void (*)(const Lanes*, const Lanes*, int, Lanes*);

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

// The gradient of the weights in the order in which its tiles are visited, so that they stream through the cache:
// [piece of the output channels][input channel][ky][piece of the taps][output channel][tap].
class PackedGradient {
 public:
  PackedGradient(int outputs, int inputs, int kernel, int width)
      : outputs_(outputs),
        inputs_(inputs),
        kernel_(kernel),
        width_(width),
        tap_pieces_(piece_count(kernel, kTileTaps)),
        pieces_(piece_count(outputs, tile_outputs(piece_count(kernel, tap_pieces_)))),
        sums_(static_cast<size_t>(outputs) * inputs * kernel * kernel),
        row_(static_cast<size_t>(width) * outputs) {}

  void clear() { sums_.clear(); }
  int pieces() const { return pieces_; }
  int begin(int piece) const { return piece == 0 ? 0 : piece_end(outputs_, pieces_, piece - 1); }

  // One row of the output gradient, interleaved [column][output channel of the piece].
  Lanes* row(int piece) { return row_.get() + static_cast<ptrdiff_t>(begin(piece)) * width_; }

  // Adds what the interleaved row contributes, which is row `y` of the output.
  void add(const Map& in, int y) {
    static constexpr auto tiles = weight_gradient_tiles(std::make_index_sequence<kTileTaps>{});
    Lanes* target = sums_.get();
    for (int piece = 0; piece < pieces_; ++piece) {
      const int outputs = begin(piece + 1) - begin(piece);
      for (int c = 0; c < inputs_; ++c)
        for (int ky = 0; ky < kernel_; ++ky)
          for (int tap_piece = 0, tap = 0; tap_piece < tap_pieces_; ++tap_piece) {
            const int end = piece_end(kernel_, tap_pieces_, tap_piece), taps = end - tap;
            tiles[taps - 1][outputs - 1](in.row(y + ky, c) + tap, row(piece), width_, target);
            target += outputs * taps;
            tap = end;
          }
    }
  }

  // Writes the sums in the order of the weights: [output channel][input channel][ky][kx].
  void unpack(Lanes* gradients) const {
    const Lanes* source = sums_.get();
    for (int piece = 0; piece < pieces_; ++piece)
      for (int c = 0; c < inputs_; ++c)
        for (int ky = 0; ky < kernel_; ++ky)
          for (int tap_piece = 0, tap = 0; tap_piece < tap_pieces_; ++tap_piece) {
            const int end = piece_end(kernel_, tap_pieces_, tap_piece);
            for (int o = begin(piece); o < begin(piece + 1); ++o)
              for (int t = tap; t < end; ++t) gradients[((o * inputs_ + c) * kernel_ + ky) * kernel_ + t] = *source++;
            tap = end;
          }
  }

 private:
  int outputs_, inputs_, kernel_, width_, tap_pieces_, pieces_;
  Storage sums_, row_;
};

// ---- the layer

class Convolution : public Layer {
 public:
  Convolution(Shape input, int channels, int kernel, bool same, Activation activation)
      : Layer(input, after(input, channels, kernel, same)),
        kernel_(kernel),
        padding_(same ? (kernel - 1) / 2 : 0),
        activation_(activation),
        forward_(channels, input.channels, kernel),
        gradient_(channels, input.channels, kernel, output_.width) {}

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
    forward_.pack(weight + weight_count(), at);
    if (step.training) gradient_.clear();
    if (step.training && wants_input_gradient_)
      turned_.pack(nullptr, [=](int c, int o, int ky, int kx) { return at(o, c, kernel - 1 - ky, kernel - 1 - kx); });
  }

  void end() override { gradient_.unpack(learnt_.gradients); }

  void forward(const Step&, Images images, const Boundary& in, const Boundary& out) override {
    for (int image = images.first; image < images.last; ++image)
      with_activation(activation_, [&](auto kind) {
        const Map source = in.image(image).grown(padding_);
        forward_.aim(source);
        correlate<decltype(kind)::value>(forward_, source, out.image(image), 0, output_.height);
      });
  }

  void backward(const Step&, Images images, const Boundary& in, const Boundary& out, const Boundary& out_gradient,
                const Boundary& in_gradient) override {
    for (int image = images.first; image < images.last; ++image)
      with_activation(activation_, [&](auto kind) {
        back<decltype(kind)::value>(in.image(image).grown(padding_), out.image(image), out_gradient.image(image),
                                    in_gradient.exists() ? in_gradient.image(image) : Map{});
      });
  }

 private:
  static Shape after(Shape input, int channels, int kernel, bool same) {
    const int shrink = same ? 0 : kernel - 1;
    return {input.height - shrink, input.width - shrink, channels};
  }
  size_t weight_count() const { return static_cast<size_t>(output_.channels) * input_.channels * kernel_ * kernel_; }

  // Goes down the rows of the output gradient, and does with each all that there is to do while it is hot.
  template <Activation kind>
  void back(const Map& in, const Map& out, const Map& gradient, const Map& in_gradient) {
    const Map framed = gradient.grown(kernel_ - 1 - padding_);
    if (in_gradient.origin) turned_.aim(framed);
    int ready = 0;
    for (int y = 0; y < output_.height; ++y) {
      for (int piece = 0; piece < gradient_.pieces(); ++piece) through_activation<kind>(out, gradient, y, piece);
      gradient_.add(in, y);
      if (!in_gradient.origin) continue;
      // Row r of the input gradient reads rows of the output gradient up to r + padding.
      const int last = y + 1 == output_.height ? input_.height : std::max(y + 1 - padding_, 0);
      correlate<Activation::none>(turned_, framed, in_gradient, ready, last);
      ready = last;
    }
  }

  // Turns one row of the gradient of the output into that of the sums, in place and interleaved, and adds up the gradient
  // of the bias.
  template <Activation kind>
  void through_activation(const Map& out, const Map& gradient, int y, int piece) {
    const int begin = gradient_.begin(piece), end = gradient_.begin(piece + 1);
    Lanes* bias = learnt_.gradients + weight_count();
    for (int o = begin; o < end; ++o) {
      Lanes *d = gradient.row(y, o), *target = gradient_.row(piece) + (o - begin);
      const Lanes* output = out.row(y, o);
      Lanes sum{};
      for (int x = 0; x < output_.width; ++x, target += end - begin) {
        if constexpr (kind != Activation::none) d[x] = times_slope<kind>(d[x], output[x]);
        *target = d[x];
        sum += d[x];
      }
      bias[o] += sum;
    }
  }

  int kernel_, padding_;
  Activation activation_;
  bool wants_input_gradient_ = false;
  Learnt learnt_;
  PackedWeights forward_, turned_;
  PackedGradient gradient_;
};

}  // namespace ceteris
