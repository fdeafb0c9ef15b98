// Gradient of the weights of a convolution.
#pragma once

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "correlation.hpp"

namespace ceteris {

// gradient[o][c][ky][kx] += sum over y, x of out_gradient[o][y][x] * in[c][y + ky][x + kx]

constexpr int kTileTaps = 5;
constexpr int tile_outputs(int taps) { return std::min(9, (kRegisters - 1 - taps) / taps); }
constexpr int kTileOutputs = 9;

// Rows of the input that tiles meet: `stride` apart, `width` columns of each of `count`.
struct Rows {
  int count, width;
  ptrdiff_t stride;
};

// Rows of output gradients, interleaved [column][output channel of the tile], meet rows of one input channel; sums stay in
// registers along all of them.
template <int Taps, int Outputs>
void weight_gradient_tile(const Lanes* first, const Lanes* gradient, const Rows& rows, Lanes* target) {
  Lanes sum[Outputs][Taps];
  each<Outputs>([&](auto o) { each<Taps>([&](auto t) { sum[o][t] = target[o * Taps + t]; }); });
  for (int row = 0; row < rows.count; ++row, first += rows.stride) {
    const Lanes* pixel = first;
    for (int x = 0; x < rows.width; ++x, ++pixel, gradient += Outputs) {
      Lanes value[Taps];
      each<Taps>([&](auto t) { value[t] = held(pixel[t]); });
      each<Outputs>([&](auto o) {
        const Lanes d = held(gradient[o]);
        each<Taps>([&](auto t) { sum[o][t] = multiply_add(d, value[t], sum[o][t]); });
      });
    }
  }
  each<Outputs>([&](auto o) { each<Taps>([&](auto t) { target[o * Taps + t] = sum[o][t]; }); });
}

// The same for one channel that meets one, as in a depthwise convolution: all taps at once, or there are too few sums to
// hide the latency of each behind the others.
template <int Taps>
void depthwise_gradient_tile(const Lanes* const* pixel, const Lanes* gradient, int width, Lanes* target) {
  Lanes sum[Taps];
  each<Taps>([&](auto t) { sum[t] = target[t]; });
  for (int x = 0; x < width; ++x) {
    const Lanes d = held(gradient[x]);
    each<Taps>([&](auto t) { sum[t] = multiply_add(d, pixel[t][x], sum[t]); });
  }
  each<Taps>([&](auto t) { target[t] = sum[t]; });
}

using WeightGradientTile = void (*)(const Lanes*, const Lanes*, const Rows&, Lanes*);

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
  PackedGradient(int outputs, int inputs, int kernel, int stride, int width)
      : outputs_(outputs),
        inputs_(inputs),
        kernel_(kernel),
        stride_(stride),
        width_(width),
        spans_(spans_of_taps(kernel, stride)),
        pieces_(piece_count(outputs, tile_outputs(spans_.front().count))),
        sums_(static_cast<size_t>(outputs) * inputs * kernel * kernel),
        rows_(rows_at_once()),
        row_(static_cast<size_t>(width) * outputs * rows_) {}

  void clear() { sums_.clear(); }
  int pieces() const { return pieces_; }
  int begin(int piece) const { return piece == 0 ? 0 : piece_end(outputs_, pieces_, piece - 1); }

  // Rows of the output gradient that are added at once: several where the sums are many, because each sum then passes
  // through the second-level cache less often.
  int rows() const { return rows_; }

  // A row of a block of them, interleaved [column][output channel of the piece].
  Lanes* row(int piece, int row) {
    const ptrdiff_t outputs = begin(piece + 1) - begin(piece);
    return row_.get() + (static_cast<ptrdiff_t>(begin(piece)) * rows_ + outputs * row) * width_;
  }

  // Adds what `count` interleaved rows contribute, which are those of the output from `y` on.
  void add(const Map& in, int y, int count) {
    static constexpr auto tiles = weight_gradient_tiles(std::make_index_sequence<kTileTaps>{});
    Lanes* target = sums_.get();
    const ptrdiff_t phase = in.channel_stride / stride_;
    const Rows rows{count, width_, in.row_stride * stride_};
    if (inputs_ == 1 && outputs_ == 1 && kernel_ == kUsualKernel) {
      const Lanes* pixels[kUsualKernel * kUsualKernel];
      const Lanes** pixel = pixels;
      for (int ky = 0; ky < kernel_; ++ky)
        for (const Span& span : spans_)
          for (int t = 0; t < span.count; ++t)
            *pixel++ = in.row(y * stride_ + ky, 0) + span.first % stride_ * phase + span.first / stride_ + t;
      return depthwise_gradient_tile<kUsualKernel * kUsualKernel>(pixels, row(0, 0), width_, target);
    }
    for (int piece = 0; piece < pieces_; ++piece) {
      const int outputs = begin(piece + 1) - begin(piece);
      for (int c = 0; c < inputs_; ++c)
        for (int ky = 0; ky < kernel_; ++ky)
          for (const Span& span : spans_) {
            const Lanes* pixel = in.row(y * stride_ + ky, c) + span.first % stride_ * phase + span.first / stride_;
            tiles[span.count - 1][outputs - 1](pixel, row(piece, 0), rows, target);
            target += outputs * span.count;
          }
    }
  }

  // Writes the sums in the order of the weights: [output channel][input channel][ky][kx].
  void unpack(Lanes* gradients) const {
    const Lanes* source = sums_.get();
    for (int piece = 0; piece < pieces_; ++piece)
      for (int c = 0; c < inputs_; ++c)
        for (int ky = 0; ky < kernel_; ++ky)
          for (const Span& span : spans_)
            for (int o = begin(piece); o < begin(piece + 1); ++o)
              for (int t = 0; t < span.count; ++t)
                gradients[((o * inputs_ + c) * kernel_ + ky) * kernel_ + span.first + t * stride_] = *source++;
  }

 private:
  static constexpr int kUsualKernel = 3;
  static constexpr size_t kManySums = size_t{1} << 18, kRowsBytes = 40 << 10;

  int rows_at_once() const {
    if (sums_.size() * sizeof(Lanes) < kManySums) return 1;
    const size_t row = sizeof(Lanes) * static_cast<size_t>(width_) * piece_end(outputs_, pieces_, 0);
    return static_cast<int>(std::max<size_t>(1, kRowsBytes / row));
  }

  // Taps that read pixels in a row: `first`, `first` + stride and so on.
  struct Span {
    int first, count;
  };
  static std::vector<Span> spans_of_taps(int kernel, int stride) {
    std::vector<Span> spans;
    for (int rest = 0; rest < std::min(stride, kernel); ++rest) {
      const int taps = (kernel - rest + stride - 1) / stride, pieces = piece_count(taps, kTileTaps);
      for (int piece = 0, tap = 0; piece < pieces; ++piece) {
        const int end = piece_end(taps, pieces, piece);
        spans.push_back({rest + tap * stride, end - tap});
        tap = end;
      }
    }
    // The longest first: by it the output channels are cut into pieces.
    std::stable_sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.count > b.count; });
    return spans;
  }

  int outputs_, inputs_, kernel_, stride_, width_;
  std::vector<Span> spans_;
  int pieces_;
  Storage sums_;
  int rows_;
  Storage row_;
};

}  // namespace ceteris
