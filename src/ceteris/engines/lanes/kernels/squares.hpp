// Squares of pixels and weights transformed for minimal filtering, and the way back: what a convolution with 3x3 taps and
// stride 1 then needs are four ninths of the multiplications.
//
// A square of 2x2 output pixels is A'[(G g G') * (B' d B)]A: d is the 4x4 input pixels that it sees, g are the taps, A' is A
// transposed, and * multiplies place by place (Winograd 1980; Lavin and Gray 2016, https://arxiv.org/abs/1509.09308, F(2x2, 3x3)).
//
//        1  0 -1  0          1    0    0
//   B' = 0  1  1  0     G = 1/2  1/2  1/2     A' = 1  1  1  0
//        0 -1  1  0         1/2 -1/2  1/2          0  1 -1 -1
//        0  1  0 -1          0    0    1
//
// Sums over channels are products of matrices, one for each of 16 places.
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "correlation.hpp"

namespace ceteris {

// Rows and columns of places; and how many squares a tile has, which stand where a direct convolution has columns.
constexpr int kPlaces = 4, kSquares = 4;
static_assert(tile_columns(kTileChannels) >= kSquares);
constexpr int squares_across(int pixels) { return (pixels + 1) / 2; }

// Row `Row` of B'd, at one column: `pixel` gives the column's four rows.
template <int Row, typename Pixel>
[[gnu::always_inline]] inline Lanes mixed_input(Pixel pixel) {
  if constexpr (Row == 0) return pixel(0) - pixel(2);
  if constexpr (Row == 1) return pixel(1) + pixel(2);
  if constexpr (Row == 2) return pixel(2) - pixel(1);
  if constexpr (Row == 3) return pixel(1) - pixel(3);
}

// Row `Row` of A times a gradient of the output, at one column.
template <int Row, typename Pixel>
[[gnu::always_inline]] inline Lanes mixed_gradient(Pixel pixel) {
  if constexpr (Row == 0) return pixel(0);
  if constexpr (Row == 1) return pixel(0) + pixel(1);
  if constexpr (Row == 2) return pixel(0) - pixel(1);
  if constexpr (Row == 3) return -pixel(1);
}

// G times a column of taps.
inline std::array<Lanes, kPlaces> spread(Lanes a, Lanes b, Lanes c) {
  const Lanes ends = a + c;
  return {a, (ends + b) * 0.5f, (ends - b) * 0.5f, c};
}
// G' times a column of places: the way back of a gradient.
inline std::array<Lanes, 3> gathered(Lanes a, Lanes b, Lanes c, Lanes d) {
  const Lanes half = (b + c) * 0.5f;
  return {a + half, (b - c) * 0.5f, half + d};
}

// A row of squares: where its pixels begin in what is read and in what is written, and how many rows it writes, 1 or 2.
struct SquareRow {
  ptrdiff_t in, out;
  int height;
};

// Where the numbers of some squares lie: [column of places][fours of squares][...], or by square alone.
struct SquareLayout {
  ptrdiff_t column;  // from one column of places to the next
  ptrdiff_t four;    // from a square to that four after it
  ptrdiff_t one;     // from a square to the next among four
  ptrdiff_t of(int square) const { return square / kSquares * four + square % kSquares * one; }
};

// Writes a row of places of the squares of one row and channel; `in` is the first pixel that the first square sees.
template <int Row>
void transform_input(const Lanes* in, ptrdiff_t row_stride, int across, int square, const SquareLayout& layout, Lanes* out) {
  const auto column = [&](int x) { return mixed_input<Row>([&](int y) { return in[y * row_stride + x]; }); };
  Lanes a = column(0), b = column(1);
  for (int i = 0; i < across; ++i) {
    const Lanes c = column(2 * i + 2), d = column(2 * i + 3);
    Lanes* place = out + layout.of(square + i);
    place[0] = a - c;
    place[layout.column] = b + c;
    place[2 * layout.column] = c - b;
    place[3 * layout.column] = b - d;
    a = c;
    b = d;
  }
}

// The same of a gradient of the output; squares lie `step` apart.
template <int Row>
void transform_gradient(const Lanes* in, ptrdiff_t row_stride, int across, ptrdiff_t column_stride, int step, Lanes* out) {
  for (int i = 0; i < across; ++i, in += 2, out += step) {
    const auto column = [&](int x) { return mixed_gradient<Row>([&](int y) { return in[y * row_stride + x]; }); };
    const Lanes a = column(0), b = column(1);
    out[0] = a;
    out[column_stride] = a + b;
    out[2 * column_stride] = a - b;
    out[3 * column_stride] = -b;
  }
}

// What a row of places adds to the output of the squares of one row and channel, which is complete after the last of them.
// `sums` are those of the channel; `begin` is the bias, or null to add to what is there.
template <int Row>
void transform_sums(const Lanes* sums, const SquareLayout& layout, int square, int width, const Lanes* begin, int height,
                    ptrdiff_t row_stride, Lanes* out) {
  const auto write = [&](int x, Lanes sum) {
    Lanes* pixel = out + x;
    if constexpr (Row < 3) *pixel = (Row == 0 && begin ? *begin : *pixel) + sum;
    if constexpr (Row > 0) {
      if (height == 1) return;
      pixel += row_stride;
      *pixel = Row == 1 ? (begin ? *begin : *pixel) + sum : *pixel - sum;
    }
  };
  for (int x = 0; x < width; x += 2) {
    const Lanes* place = sums + layout.of(square + x / 2);
    const Lanes b = place[layout.column], c = place[2 * layout.column];
    write(x, place[0] + b + c);
    if (x + 1 < width) write(x + 1, b - c - place[3 * layout.column]);
  }
}

// Output channels in as few groups as the registers allow.
class OutputGroups {
 public:
  explicit OutputGroups(int outputs) : outputs_(outputs), count_(piece_count(outputs, kTileChannels)) {}
  int count() const { return count_; }
  int first(int group) const { return group == 0 ? 0 : piece_end(outputs_, count_, group - 1); }
  int size(int group) const { return first(group + 1) - first(group); }

 private:
  int outputs_, count_;
};

// A tile of sums: [output channel][one of four], over terms that have both side by side.
inline void multiply(int outputs, const Lanes* left, const Lanes* right, const ptrdiff_t* offsets, int count, bool begins,
                     Lanes* sums) {
  static constexpr auto tiles = correlate_tiles<Activation::none>(std::make_index_sequence<kTileChannels>{});
  static const Lanes none[kTileChannels] = {};
  const Terms terms{left, none, offsets, count, begins, false, Lanes{}};
  tiles[outputs - 1][kSquares - 1](terms, right, sums, nullptr, Target{0});
}

// Transformed weights: [row of places][group of output channels][column of places][input channel][output channel].
class SquareWeights {
 public:
  SquareWeights(int outputs, int inputs) : groups(outputs), outputs_(outputs), inputs_(inputs), values_(all()) {}

  // `weight(o, c, ky, kx)` gives one weight. Each thread packs its share.
  template <typename Weight>
  void pack(const Thread& thread, Weight weight) {
    const Span own = thread.share(static_cast<size_t>(groups.count()));
    for (int group = static_cast<int>(own.first); group < static_cast<int>(own.last); ++group) {
      const int first = groups.first(group), size = groups.size(group);
      for (int o = 0; o < size; ++o)
        for (int c = 0; c < inputs_; ++c) {
          std::array<Lanes, kPlaces> column[3];
          for (int kx = 0; kx < 3; ++kx)
            column[kx] = spread(weight(first + o, c, 0, kx), weight(first + o, c, 1, kx), weight(first + o, c, 2, kx));
          for (int row = 0; row < kPlaces; ++row) {
            const size_t r = static_cast<size_t>(row);
            const auto place = spread(column[0][r], column[1][r], column[2][r]);
            for (int i = 0; i < kPlaces; ++i)
              values_.get()[at(row, group, i) + static_cast<ptrdiff_t>(c) * size + o] = place[static_cast<size_t>(i)];
          }
        }
    }
  }
  const Lanes* get(int row, int group, int column) const { return values_.get() + at(row, group, column); }
  int inputs() const { return inputs_; }

  OutputGroups groups;

 private:
  size_t all() const { return static_cast<size_t>(kPlaces * kPlaces) * outputs_ * inputs_; }
  ptrdiff_t at(int row, int group, int column) const {
    return (static_cast<ptrdiff_t>(row) * outputs_ * kPlaces + groups.first(group) * kPlaces + column * groups.size(group)) *
           inputs_;
  }

  int outputs_, inputs_;
  Storage values_;
};

// Sums that make the gradient of the weights: [row of places][group of output channels][column of places][fours of input
// channels][output channel][one of four].
class SquareGradient {
 public:
  SquareGradient(int outputs, int inputs)
      : groups(outputs), outputs_(outputs), inputs_(inputs), fours_((inputs + 3) / 4), values_(all()) {}

  // Threads share the groups of all rows of places.
  size_t pieces() const { return static_cast<size_t>(kPlaces) * groups.count(); }
  void clear(Span pieces) {
    const auto begin = [&](size_t piece) {
      const int row = static_cast<int>(piece) / groups.count(), group = static_cast<int>(piece) % groups.count();
      return get(row, group, 0, 0);
    };
    std::fill(begin(pieces.first), begin(pieces.last), Lanes{});
  }
  Lanes* get(int row, int group, int column, int four) {
    const int size = groups.size(group);
    return values_.get() + ((static_cast<ptrdiff_t>(row) * outputs_ + groups.first(group)) * kPlaces + column * size) * fours_ * 4 +
           four * size * 4;
  }
  int fours() const { return fours_; }

  // Writes a thread's share of the gradient, [output channel][input channel][ky][kx].
  void unpack(const Thread& thread, Lanes* gradients) {
    const Span own = thread.share(static_cast<size_t>(groups.count()));
    for (int group = static_cast<int>(own.first); group < static_cast<int>(own.last); ++group)
      for (int o = 0; o < groups.size(group); ++o)
        for (int c = 0; c < inputs_; ++c) {
          std::array<Lanes, 3> column[kPlaces];
          for (int i = 0; i < kPlaces; ++i) {
            const auto place = [&](int row) { return get(row, group, i, c / 4)[o * 4 + c % 4]; };
            column[i] = gathered(place(0), place(1), place(2), place(3));
          }
          Lanes* target = gradients + (static_cast<ptrdiff_t>(groups.first(group) + o) * inputs_ + c) * 9;
          for (size_t ky = 0; ky < 3; ++ky) {
            const auto taps = gathered(column[0][ky], column[1][ky], column[2][ky], column[3][ky]);
            for (size_t kx = 0; kx < 3; ++kx) *target++ = taps[kx];
          }
        }
  }

  OutputGroups groups;

 private:
  size_t all() const { return static_cast<size_t>(kPlaces * kPlaces) * outputs_ * fours_ * 4; }

  int outputs_, inputs_, fours_;
  Storage values_;
};

}  // namespace ceteris
