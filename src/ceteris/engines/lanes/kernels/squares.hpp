// Squares of pixels and weights transformed for minimal filtering (`filters.hpp`), and the way back.
//
// Sums over channels are products of matrices, one for each place of a transformed square.
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "correlation.hpp"
#include "filters.hpp"

namespace ceteris {

// How many squares a tile of sums has, which stand where a direct convolution has columns.
constexpr int kSquares = 4;
static_assert(tile_columns(kTileChannels) >= kSquares);

// A row of squares: where its pixels begin in what is read and in what is written, and how many rows it writes.
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

// Squares pass their rows of places one after the other: the first, pairs of rows, which share most of what they read, and the
// last.
template <typename Filter>
constexpr int kPasses = Filter::kPlaces / 2 + 1;
template <typename Filter, int Pass>
struct Rows {
  static constexpr int kFirst = Pass == 0 ? 0 : 2 * Pass - 1;
  static constexpr int kCount = Pass == 0 || Pass == kPasses<Filter> - 1 ? 1 : 2;
};

// Writes the rows of a pass of the squares of one row and channel; `in` is the first pixel that the first square sees.
template <typename Filter, int Pass>
void transform_input(const Lanes* in, ptrdiff_t row_stride, int across, int square, const SquareLayout& layout, Lanes* out) {
  using Own = Rows<Filter, Pass>;
  std::array<Lanes, Filter::kPlaces> seen[Own::kCount];
  const auto see = [&](int x, size_t place) {
    const auto pixel = [&](int y) { return in[y * row_stride + x]; };
    each<Own::kCount>([&](auto r) { seen[r][place] = Filter::template input<Own::kFirst + r>(pixel); });
  };
  each<2>([&](auto x) { see(x, Filter::kSize + x); });
  for (int i = 0; i < across; ++i) {
    each<Own::kCount>([&](auto r) { each<2>([&](auto x) { seen[r][x] = seen[r][Filter::kSize + x]; }); });
    each<Filter::kSize>([&](auto x) { see(Filter::kSize * i + x + 2, x + 2); });
    Lanes* place = out + layout.of(square + i);
    each<Own::kCount>([&](auto r) {
      each<Filter::kPlaces>([&](auto c) {
        place[(r * Filter::kPlaces + c) * layout.column] = Filter::template input<c>([&](int x) { return seen[r][x]; });
      });
    });
  }
}

// The same of a gradient of the output; squares lie `step` apart.
template <typename Filter, int Pass>
void transform_gradient(const Lanes* in, ptrdiff_t row_stride, int across, ptrdiff_t column_stride, int step, Lanes* out) {
  using Own = Rows<Filter, Pass>;
  for (int i = 0; i < across; ++i, in += Filter::kSize, out += step) {
    std::array<Lanes, Filter::kSize> column[Own::kCount];
    each<Filter::kSize>([&](auto x) {
      const auto pixel = [&](int y) { return in[y * row_stride + x]; };
      each<Own::kCount>([&](auto r) { column[r][x] = Filter::template gradient<Own::kFirst + r>(pixel); });
    });
    each<Own::kCount>([&](auto r) {
      each<Filter::kPlaces>([&](auto c) {
        out[(r * Filter::kPlaces + c) * column_stride] = Filter::template gradient<c>([&](int x) { return column[r][x]; });
      });
    });
  }
}

// What the rows of a pass add to the output of the squares of one row and channel, which is complete after the last of them.
// `sums` are those of the channel; `begin` is the bias, or null to add to what is there.
template <typename Filter, int Pass>
void transform_sums(const Lanes* sums, const SquareLayout& layout, int square, int width, const Lanes* begin, int height,
                    ptrdiff_t row_stride, Lanes* out) {
  using Own = Rows<Filter, Pass>;
  using Pixels = std::array<Lanes, Filter::kSize>;
  // The first output takes part from the first row of places on, the others from the second.
  const auto write = [&](auto y, int x, const Pixels* pixels, auto i) {
    Lanes* pixel = out + y * row_stride + x;
    Lanes value = Pass == (y == 0 ? 0 : 1) && begin ? *begin : *pixel;
    each<Own::kCount>([&](auto r) {
      constexpr float share = Filter::share(y, Own::kFirst + r);
      const Lanes sum = pixels[r][i];
      value = share == 1 ? value + sum : share == -1 ? value - sum : multiply_add(broadcast(share), sum, value);
    });
    *pixel = value;
  };
  for (int x = 0; x < width; x += Filter::kSize) {
    const Lanes* place = sums + layout.of(square + x / Filter::kSize);
    Pixels pixels[Own::kCount];
    each<Own::kCount>([&](auto r) {
      typename Filter::Places row;
      each<Filter::kPlaces>([&](auto c) { row[c] = place[(r * Filter::kPlaces + c) * layout.column]; });
      pixels[r] = Filter::output(row);
    });
    each<Filter::kSize>([&](auto y) {
      if constexpr (Filter::share(y, Own::kFirst) != 0)
        if (y < height)
          each<Filter::kSize>([&](auto i) {
            if (x + i < width) write(y, x + i, pixels, i);
          });
    });
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
template <typename Filter>
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
          typename Filter::Places column[3];
          for (int kx = 0; kx < 3; ++kx)
            column[kx] = Filter::taps(weight(first + o, c, 0, kx), weight(first + o, c, 1, kx), weight(first + o, c, 2, kx));
          for (int row = 0; row < kPlaces; ++row) {
            const size_t r = static_cast<size_t>(row);
            const auto place = Filter::taps(column[0][r], column[1][r], column[2][r]);
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
  static constexpr int kPlaces = Filter::kPlaces;

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
template <typename Filter>
class SquareGradient {
 public:
  SquareGradient(int outputs, int inputs)
      : groups(outputs), outputs_(outputs), inputs_(inputs), fours_((inputs + kSquares - 1) / kSquares), values_(all()) {}

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
    return values_.get() +
           ((static_cast<ptrdiff_t>(row) * outputs_ + groups.first(group)) * kPlaces + column * size) * fours_ * kSquares +
           four * size * kSquares;
  }
  int fours() const { return fours_; }

  // Writes a thread's share of the gradient, [output channel][input channel][ky][kx].
  void unpack(const Thread& thread, Lanes* gradients) {
    const Span own = thread.share(static_cast<size_t>(groups.count()));
    for (int group = static_cast<int>(own.first); group < static_cast<int>(own.last); ++group)
      for (int o = 0; o < groups.size(group); ++o)
        for (int c = 0; c < inputs_; ++c) {
          std::array<Lanes, 3> column[kPlaces];
          typename Filter::Places place;
          for (int i = 0; i < kPlaces; ++i) {
            for (int row = 0; row < kPlaces; ++row)
              place[static_cast<size_t>(row)] = get(row, group, i, c / kSquares)[o * kSquares + c % kSquares];
            column[i] = Filter::tap_gradient(place);
          }
          Lanes* target = gradients + (static_cast<ptrdiff_t>(groups.first(group) + o) * inputs_ + c) * 9;
          for (size_t ky = 0; ky < 3; ++ky) {
            for (int i = 0; i < kPlaces; ++i) place[static_cast<size_t>(i)] = column[i][ky];
            const auto taps = Filter::tap_gradient(place);
            for (size_t kx = 0; kx < 3; ++kx) *target++ = taps[kx];
          }
        }
  }

  OutputGroups groups;

 private:
  static constexpr int kPlaces = Filter::kPlaces;

  size_t all() const { return static_cast<size_t>(kPlaces * kPlaces) * outputs_ * fours_ * kSquares; }

  int outputs_, inputs_, fours_;
  Storage values_;
};

}  // namespace ceteris
