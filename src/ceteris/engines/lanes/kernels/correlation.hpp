// Correlation of images with weights, which is the forward pass of a convolution and the gradient of its input.
//
// A tile of the output, some channels by some columns, stays in registers while the loop runs over rows of taps, input
// channels and taps. Every sum adds its terms in that order whatever the tile, so its bits do not depend on the tiling.
#pragma once

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "activation.hpp"
#include "map.hpp"

namespace ceteris {

// Cuts `length` into the fewest pieces of at most `most`, as even as possible; piece i of `pieces` ends here.
inline int piece_count(int length, int most) { return (length + most - 1) / most; }
inline int piece_end(int length, int pieces, int i) { return static_cast<int>(static_cast<long>(length) * (i + 1) / pieces); }

// out[o][y][x] = bias[o] + sum over ky, c, kx of weight[o][c][ky][kx] * in[c][y + ky][x + kx]

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
  Lanes slope;  // of a leaky activation
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
  each<Channels>(
      [&](auto o) { each<Columns>([&](auto i) { out[o * channel_stride + i] = activate<kind>(sum[o][i], terms.slope); }); });
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
  PackedWeights(int outputs, int inputs, int rows, int columns)
      : outputs_(outputs),
        inputs_(inputs),
        rows_(rows),
        columns_(columns),
        weights_(static_cast<size_t>(outputs) * inputs * rows * columns),
        biases_(static_cast<size_t>(outputs)),
        offsets_(static_cast<size_t>(inputs) * rows * columns) {}

  // `weight(o, c, ky, kx)` gives one weight; `bias` is one value per output channel, or null for zeros.
  template <typename Weight>
  void pack(const Lanes* bias, Weight weight) {
    if (bias) std::copy_n(bias, outputs_, biases_.get());
    Lanes* target = weights_.get();
    for (int group = 0; group < groups(); ++group)
      for (int ky = 0; ky < rows_; ++ky)
        for (int c = 0; c < inputs_; ++c)
          for (int kx = 0; kx < columns_; ++kx)
            for (int o = first(group); o < first(group + 1); ++o) *target++ = weight(o, c, ky, kx);
  }

  // Says how far the pixel of each term lies from that of the first, in images laid out like `in`; with a stride, in
  // images whose columns are sorted by their rest (`Phases`).
  void aim(const Map& in, int stride = 1) {
    ptrdiff_t* offset = offsets_.data();
    for (int ky = 0; ky < rows_; ++ky)
      for (int c = 0; c < inputs_; ++c)
        for (int kx = 0; kx < columns_; ++kx)
          *offset++ = ky * in.row_stride + c * in.channel_stride + kx % stride * (in.channel_stride / stride) + kx / stride;
  }

  // Whether they and an image do not fit into half of a second-level cache of 1 MiB.
  bool are_many() const { return weights_.size() * sizeof(Lanes) >= size_t{1} << 18; }
  bool empty() const { return offsets_.empty(); }
  int rows() const { return rows_; }
  int columns() const { return columns_; }
  int groups() const { return piece_count(outputs_, kTileChannels); }
  int first(int group) const { return group == 0 ? 0 : piece_end(outputs_, groups(), group - 1); }
  Terms terms(int group, Lanes slope) const {
    const Lanes* weights = weights_.get() + first(group) * offsets_.size();
    return {weights, biases_.get() + first(group), offsets_.data(), static_cast<int>(offsets_.size()), slope};
  }

 private:
  int outputs_ = 0, inputs_ = 0, rows_ = 0, columns_ = 0;
  Storage weights_, biases_;
  std::vector<ptrdiff_t> offsets_;
};

// Rows of an output: `count` of `width` pixels; those of the input that they begin to read lie `in_stride` apart.
struct OutputRows {
  int count, width;
  ptrdiff_t in_stride, out_stride, channel_stride;
};

// Writes rows of all output channels; `in` is the pixel of the first term of the first of them. Where the weights are
// many, a group of output channels writes all its rows before the next does, so that its weights stay in the cache.
template <Activation kind>
void correlate(const PackedWeights& weights, Lanes slope, const Lanes* in, Lanes* out, const OutputRows& rows) {
  static constexpr auto tiles = correlate_tiles<kind>(std::make_index_sequence<kTileChannels>{});
  const auto write = [&](int group, int row) {
    const int channel = weights.first(group), channels = weights.first(group + 1) - channel;
    const Terms terms = weights.terms(group, slope);
    const int pieces = piece_count(rows.width, tile_columns(channels));
    const Lanes* source = in + row * rows.in_stride;
    Lanes* target = out + row * rows.out_stride + channel * rows.channel_stride;
    for (int piece = 0, x = 0; piece < pieces; ++piece) {
      const int end = piece_end(rows.width, pieces, piece);
      tiles[channels - 1][end - x - 1](terms, source + x, target + x, rows.channel_stride);
      x = end;
    }
  };
  if (weights.are_many()) {
    for (int group = 0; group < weights.groups(); ++group)
      for (int row = 0; row < rows.count; ++row) write(group, row);
  } else {
    for (int row = 0; row < rows.count; ++row)
      for (int group = 0; group < weights.groups(); ++group) write(group, row);
  }
}

}  // namespace ceteris
