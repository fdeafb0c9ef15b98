// Gradient of the weights of a convolution.
#pragma once

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "correlation.hpp"

namespace ceteris {

// gradient[o][c][ky][kx] += sum over images, y, x of out_gradient[o][y][x] * in[c][y * stride + ky][x * stride + kx]

// A tile holds the sums of some output channels with some terms, a term being an input channel and a tap. The values of
// the fewer of both are held as well, and one of the others: that must fit the registers. Few outputs by many terms need
// less of the first-level cache for the same sums; where one row is added at a time, many outputs by few terms were 10 % faster.
constexpr int kGradientOutputs = kRegisters == 32 ? 9 : 4, kFewOutputs = kRegisters == 32 ? 3 : 4, kGradientTerms = 9;
constexpr bool gradient_fits(int outputs, int terms) { return outputs * terms + std::min(outputs, terms) + 1 <= kRegisters; }
constexpr int gradient_terms(int outputs) {
  int terms = kGradientTerms;
  while (!gradient_fits(outputs, terms)) --terms;
  return terms;
}

// Rows of the input that a tile meets: where each begins, counted from the pixel of a term; `width` pixels `step` apart.
struct GradientRows {
  const ptrdiff_t* begins;
  int count, width;
  ptrdiff_t step;
};

// Rows of output gradients, interleaved [row][column][output channel of the tile], meet those of the input as each term
// sees them; sums stay in registers along all of them.
template <int Outputs, int Terms>
void weight_gradient_tile(const Lanes* const* pixels, const Lanes* gradient, const GradientRows& rows, Lanes* target) {
  Lanes sum[Outputs][Terms];
  const char* first[Terms];
  each<Terms>([&](auto t) { first[t] = reinterpret_cast<const char*>(pixels[t]); });
  each<Outputs>([&](auto o) { each<Terms>([&](auto t) { sum[o][t] = target[o * Terms + t]; }); });
  const ptrdiff_t step = rows.step * static_cast<ptrdiff_t>(sizeof(Lanes));
  for (int row = 0; row < rows.count; ++row) {
    ptrdiff_t at = rows.begins[row] * static_cast<ptrdiff_t>(sizeof(Lanes));
    for (const Lanes* end = gradient + rows.width * Outputs; gradient != end; gradient += Outputs, at += step) {
      const auto pixel = [&](auto t) { return held(*reinterpret_cast<const Lanes*>(first[t] + at)); };
      if constexpr (Outputs <= Terms) {
        Lanes d[Outputs];
        each<Outputs>([&](auto o) { d[o] = held(gradient[o]); });
        each<Terms>([&](auto t) {
          const Lanes value = pixel(t);
          each<Outputs>([&](auto o) { sum[o][t] = multiply_add(d[o], value, sum[o][t]); });
        });
      } else {
        Lanes value[Terms];
        each<Terms>([&](auto t) { value[t] = pixel(t); });
        each<Outputs>([&](auto o) {
          const Lanes d = held(gradient[o]);
          each<Terms>([&](auto t) { sum[o][t] = multiply_add(d, value[t], sum[o][t]); });
        });
      }
    }
  }
  each<Outputs>([&](auto o) { each<Terms>([&](auto t) { target[o * Terms + t] = sum[o][t]; }); });
}

using WeightGradientTile = void (*)(const Lanes* const*, const Lanes*, const GradientRows&, Lanes*);

template <int Outputs, size_t... Terms>
constexpr std::array<WeightGradientTile, kGradientTerms> weight_gradient_row(std::index_sequence<Terms...>) {
  return {(gradient_fits(Outputs, static_cast<int>(Terms) + 1)
               ? static_cast<WeightGradientTile>(weight_gradient_tile<Outputs, std::min<int>(Terms + 1, gradient_terms(Outputs))>)
               : nullptr)...};
}

template <size_t... Outputs>
constexpr std::array<std::array<WeightGradientTile, kGradientTerms>, kGradientOutputs> weight_gradient_tiles(
    std::index_sequence<Outputs...>) {
  return {weight_gradient_row<static_cast<int>(Outputs) + 1>(std::make_index_sequence<kGradientTerms>{})...};
}

// The gradient of the weights in the order in which its tiles are visited, so that they stream through the cache:
// [block of terms][piece of the output channels][piece of the terms][output channel][term]. A block of terms is what
// many rows of a few input channels show, which stay in the second-level cache meanwhile.
class PackedGradient {
 public:
  PackedGradient(int outputs, int inputs, int kernel, int width)
      : outputs_(outputs),
        kernel_(kernel),
        terms_(inputs * kernel * kernel),
        width_(width),
        sums_(static_cast<size_t>(outputs) * terms_),
        pieces_(piece_count(outputs, are_many() ? kFewOutputs : kGradientOutputs)),
        term_pieces_(piece_count(terms_, gradient_terms(piece_count(outputs, pieces_)))),
        rows_(rows_at_once()) {}

  // Threads share the tiles, counted [piece of the output channels][piece of the terms].
  size_t tiles() const { return static_cast<size_t>(pieces_) * term_pieces_; }
  // The pieces of the output channels that one of them looks at; and whether it is the first to look at a piece.
  int first_piece(Span tiles) const { return static_cast<int>(tiles.first) / term_pieces_; }
  int last_piece(Span tiles) const { return piece_count(static_cast<int>(tiles.last), term_pieces_); }
  bool is_first(Span tiles, int piece) const { return static_cast<int>(tiles.first) <= piece * term_pieces_; }

  void clear(Span tiles) {
    each_tile(tiles, [](Lanes* sums, int, int outputs, int, int terms) { std::fill_n(sums, outputs * terms, Lanes{}); });
  }
  int begin(int piece) const { return piece == 0 ? 0 : piece_end(outputs_, pieces_, piece - 1); }

  // Rows of the output gradient that are added at once: several where the sums are many, because each sum then passes
  // through the caches less often.
  int rows() const { return rows_; }

  // Lanes for a block of rows, and the place of a row among them, interleaved [column][output channel of the piece].
  size_t block() const { return static_cast<size_t>(width_) * outputs_ * rows_; }
  ptrdiff_t row(int piece, int row) const {
    const ptrdiff_t outputs = begin(piece + 1) - begin(piece);
    return (static_cast<ptrdiff_t>(begin(piece)) * rows_ + outputs * row) * width_;
  }

  // Says how far the pixel of each term lies from that of the first, in images laid out like `in`.
  void aim(std::vector<ptrdiff_t>& offsets, const Map& in) const {
    offsets.resize(static_cast<size_t>(terms_));
    for (int term = 0; term < terms_; ++term) {
      const int kx = term % kernel_, ky = term / kernel_ % kernel_, c = term / kernel_ / kernel_;
      offsets[static_cast<size_t>(term)] = ky * in.row_stride + c * in.channel_stride + kx;
    }
  }

  // Adds what a block of interleaved rows contributes; `in` is the pixel of the first term of a row that begins at 0.
  void add(Span own, const Lanes* in, const ptrdiff_t* offsets, const Lanes* block, const GradientRows& rows) {
    static constexpr auto tiles = weight_gradient_tiles(std::make_index_sequence<kGradientOutputs>{});
    each_tile(own, [&](Lanes* sums, int piece, int outputs, int first, int terms) {
      const Lanes* pixels[kGradientTerms];
      for (int i = 0; i < terms; ++i) pixels[i] = in + offsets[first + i];
      tiles[outputs - 1][terms - 1](pixels, block + row(piece, 0), rows, sums);
    });
  }

  // Writes the sums in the order of the weights: [output channel][input channel][ky][kx].
  void unpack(Span tiles, Lanes* gradients) const {
    each_tile(tiles, [&](const Lanes* sums, int piece, int, int first, int terms) {
      for (int o = begin(piece); o < begin(piece + 1); ++o)
        for (int term = first; term < first + terms; ++term) gradients[static_cast<ptrdiff_t>(o) * terms_ + term] = *sums++;
    });
  }

 private:
  static constexpr size_t kManySums = size_t{1} << 18;
  static constexpr int kBlock = 32, kPixels = 128;

  // Calls `body` with the sums of each of some tiles, in the order in which they lie, and which channels and terms these are of.
  template <typename Body>
  void each_tile(Span tiles, Body body) const {
    for (int block = 0; block < term_pieces_; block += kBlock) {
      const int end = std::min(block + kBlock, term_pieces_), width = first_term(end) - first_term(block);
      for (int piece = first_piece(tiles); piece < last_piece(tiles); ++piece) {
        const int outputs = begin(piece + 1) - begin(piece), before = piece * term_pieces_;
        for (int t = std::max(block, static_cast<int>(tiles.first) - before);
             t < std::min(end, static_cast<int>(tiles.last) - before); ++t) {
          const int first = first_term(t), terms = first_term(t + 1) - first;
          const ptrdiff_t place = static_cast<ptrdiff_t>(outputs_) * first_term(block) +
                                  static_cast<ptrdiff_t>(begin(piece)) * width + outputs * (first - first_term(block));
          body(sums_.get() + place, piece, outputs, first, terms);
        }
      }
    }
  }

  int first_term(int piece) const { return piece == 0 ? 0 : piece_end(terms_, term_pieces_, piece - 1); }
  bool are_many() const { return sums_.size() * sizeof(Lanes) >= kManySums; }
  int rows_at_once() const { return are_many() ? std::max(1, kPixels / width_) : 1; }

  int outputs_, kernel_, terms_, width_;
  Storage sums_;
  int pieces_, term_pieces_, rows_;
};

}  // namespace ceteris
