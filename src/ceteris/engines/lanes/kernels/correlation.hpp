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
#include "crew.hpp"
#include "map.hpp"

namespace ceteris {

// Cuts `length` into the fewest pieces of at most `most`, as even as possible; piece i of `pieces` ends here.
inline int piece_count(int length, int most) { return (length + most - 1) / most; }
inline int piece_end(int length, int pieces, int i) { return static_cast<int>(static_cast<long>(length) * (i + 1) / pieces); }

// out[o][y][x] = bias[o] + sum over ky, c, kx of weight[o][c][ky][kx] * in[c][y + ky][x + kx]

// A tile holds channels * columns sums, one weight per channel and one input: it must fit the registers.
constexpr int kTileChannels = kRegisters == 32 ? 6 : 3, kUsualChannels = kRegisters == 32 ? 4 : 3;
constexpr int tile_columns(int channels) { return std::min(9, (kRegisters - 1 - channels) / channels); }
constexpr int kTileColumns = 9;

// The terms of a sum, or a block of them: term t multiplies weights[t * output channels of the tile + o] by the pixel
// `offsets[t]` away. Sums that an earlier block has begun wait in the order of the tile.
struct Terms {
  const Lanes* weights;
  const Lanes* bias;
  const ptrdiff_t* offsets;
  int count;
  bool begins, ends;  // whether these are the first terms, and the last
  Lanes slope;        // of a leaky activation
};

// Where a tile writes: columns lie `column_stride` apart; `adds` adds to what is there. Both are for activation `none`.
struct Target {
  ptrdiff_t channel_stride, column_stride = 1;
  bool adds = false;
};

template <Activation kind, int Channels, int Columns>
void correlate_tile(const Terms& terms, const Lanes* in, Lanes* waiting, Lanes* out, const Target& to) {
  Lanes sum[Channels][Columns];
  if (terms.begins)
    each<Channels>([&](auto o) { each<Columns>([&](auto i) { sum[o][i] = terms.bias[o]; }); });
  else
    each<Channels>([&](auto o) { each<Columns>([&](auto i) { sum[o][i] = waiting[o * Columns + i]; }); });
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
  if (!terms.ends) return each<Channels>([&](auto o) { each<Columns>([&](auto i) { waiting[o * Columns + i] = sum[o][i]; }); });
  if constexpr (kind == Activation::none) {
    if (to.adds)
      return each<Channels>(
          [&](auto o) { each<Columns>([&](auto i) { out[o * to.channel_stride + i * to.column_stride] += sum[o][i]; }); });
    if (to.column_stride != 1)
      return each<Channels>(
          [&](auto o) { each<Columns>([&](auto i) { out[o * to.channel_stride + i * to.column_stride] = sum[o][i]; }); });
  }
  each<Channels>(
      [&](auto o) { each<Columns>([&](auto i) { out[o * to.channel_stride + i] = activate<kind>(sum[o][i], terms.slope); }); });
}

using CorrelateTile = void (*)(const Terms&, const Lanes*, Lanes*, Lanes*, const Target&);

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

// What a thread has before it while it correlates: how far the pixel of each term lies from that of the first, and the sums
// that wait.
struct Workbench {
  std::vector<ptrdiff_t> offsets;
  Storage waiting;
};

// Weights in the order in which the tiles read them: [block of terms][group of output channels][ky][input channel][kx]
// [output channel]. The weights of a block and a group stay in the first-level cache while many pixels meet them.
class PackedWeights {
 public:
  PackedWeights() = default;
  // `width` is that of the rows of the output.
  PackedWeights(int outputs, int inputs, int rows, int columns, int width)
      : outputs_(outputs),
        inputs_(inputs),
        rows_(rows),
        columns_(columns),
        most_(tiles(kTileChannels, width) < tiles(kUsualChannels, width) ? kTileChannels : kUsualChannels),
        groups_(piece_count(outputs, most_)),
        weights_(static_cast<size_t>(outputs) * inputs * rows * columns),
        biases_(static_cast<size_t>(outputs)),
        blocks_(are_many() ? piece_count(terms(), static_cast<int>(kBlockBytes / sizeof(Lanes)) / most_) : 1),
        rows_at_once_(are_many() ? std::max(1, kPixels / std::max(1, width)) : 1),
        waiting_(blocks_ > 1 ? static_cast<size_t>(outputs) * rows_at_once_ * width : 0) {}

  // `weight(o, c, ky, kx)` gives one weight; `bias` is one value per output channel, or null for zeros. Each thread packs its
  // share.
  template <typename Weight>
  void pack(const Thread& thread, const Lanes* bias, Weight weight) {
    if (bias && thread.leads()) std::copy_n(bias, outputs_, biases_.get());
    const Span own = thread.share(static_cast<size_t>(blocks_) * groups_);
    for (size_t i = own.first; i < own.last; ++i) {
      const int block = static_cast<int>(i) / groups_, group = static_cast<int>(i) % groups_;
      Lanes* target = weights_.get() + place(block, group);
      for (int term = first_term(block); term < first_term(block + 1); ++term) {
        const int kx = term % columns_, c = term / columns_ % inputs_, ky = term / columns_ / inputs_;
        for (int o = first(group); o < first(group + 1); ++o) *target++ = weight(o, c, ky, kx);
      }
    }
  }

  // Says how far the pixel of each term lies from that of the first, in images laid out like `in`; with a stride, in
  // images whose columns are sorted by their rest (`Phases`).
  void aim(Workbench& bench, const Map& in, int stride = 1) const {
    bench.offsets.resize(static_cast<size_t>(terms()));
    ptrdiff_t* offset = bench.offsets.data();
    for (int ky = 0; ky < rows_; ++ky)
      for (int c = 0; c < inputs_; ++c)
        for (int kx = 0; kx < columns_; ++kx)
          *offset++ = ky * in.row_stride + c * in.channel_stride + kx % stride * (in.channel_stride / stride) + kx / stride;
  }

  // Whether they and an image do not fit into half of a second-level cache of 1 MiB.
  bool are_many() const { return weights_.size() * sizeof(Lanes) >= size_t{1} << 18; }
  bool empty() const { return terms() == 0; }
  int rows() const { return rows_; }
  int columns() const { return columns_; }
  int groups() const { return groups_; }
  int blocks() const { return blocks_; }
  int rows_at_once() const { return rows_at_once_; }
  int first(int group) const { return group == 0 ? 0 : piece_end(outputs_, groups_, group - 1); }
  // Lanes for sums that wait: [group][row][piece of the columns][output channel][column], of the rows that are written at once.
  size_t waiting() const { return waiting_; }
  Terms terms(const Workbench& bench, int block, int group, Lanes slope) const {
    const int begin = first_term(block), count = first_term(block + 1) - begin;
    const Lanes *weights = weights_.get() + place(block, group), *bias = biases_.get() + first(group);
    return {weights, bias, bench.offsets.data() + begin, count, block == 0, block + 1 == blocks_, slope};
  }

 private:
  static constexpr size_t kBlockBytes = 24 << 10;
  static constexpr int kPixels = 128;

  // Tiles of a row whose groups have up to `most` channels.
  int tiles(int most, int width) const {
    const int groups = piece_count(outputs_, most);
    int tiles = 0;
    for (int group = 0, begin = 0; group < groups; ++group) {
      const int end = piece_end(outputs_, groups, group);
      tiles += piece_count(width, tile_columns(end - begin));
      begin = end;
    }
    return tiles;
  }
  int terms() const { return inputs_ * rows_ * columns_; }
  ptrdiff_t place(int block, int group) const {
    const int begin = first_term(block), count = first_term(block + 1) - begin;
    return static_cast<ptrdiff_t>(begin) * outputs_ + static_cast<ptrdiff_t>(first(group)) * count;
  }
  int first_term(int block) const { return block == 0 ? 0 : piece_end(terms(), blocks_, block - 1); }

  int outputs_ = 0, inputs_ = 0, rows_ = 0, columns_ = 0, most_ = 1, groups_ = 0;
  Storage weights_, biases_;
  int blocks_ = 0, rows_at_once_ = 1;
  size_t waiting_ = 0;
};

// Rows of `width` pixels that a correlation writes, of one image or of many: where each begins, and where what it reads.
struct OutputRows {
  struct Row {
    ptrdiff_t in, out;
  };
  const Row* rows;
  int count, width;
  Target target;
};

// Writes rows of all output channels; `in` is the pixel of the first term of a row at 0.
template <Activation kind>
void correlate(const PackedWeights& weights, const Workbench& bench, Lanes slope, const Lanes* in, Lanes* out,
               const OutputRows& rows) {
  static constexpr auto tiles = correlate_tiles<kind>(std::make_index_sequence<kTileChannels>{});
  for (int begin = 0; begin < rows.count; begin += weights.rows_at_once()) {
    const int end = std::min(begin + weights.rows_at_once(), rows.count);
    for (int block = 0; block < weights.blocks(); ++block) {
      Lanes* waiting = bench.waiting.get();
      for (int group = 0; group < weights.groups(); ++group) {
        const int channel = weights.first(group), channels = weights.first(group + 1) - channel;
        const Terms terms = weights.terms(bench, block, group, slope);
        const int pieces = piece_count(rows.width, tile_columns(channels));
        for (int row = begin; row < end; ++row) {
          const Lanes* source = in + rows.rows[row].in;
          Lanes* target = out + rows.rows[row].out + channel * rows.target.channel_stride;
          for (int piece = 0, x = 0; piece < pieces; ++piece) {
            const int next = piece_end(rows.width, pieces, piece);
            tiles[channels - 1][next - x - 1](terms, source + x, waiting, target + x * rows.target.column_stride, rows.target);
            if (weights.blocks() > 1) waiting += channels * (next - x);
            x = next;
          }
        }
      }
    }
  }
}

}  // namespace ceteris
