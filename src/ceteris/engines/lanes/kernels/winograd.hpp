// Convolution with 3x3 taps and stride 1 of many channels, by minimal filtering (`squares.hpp`).
//
// All squares at hand go through a pass, some rows of places, before the next: a part of the memory is enough. The gradient of the
// input is the same with the weights turned round; that of the weights is made of products of transformed pixels and transformed
// gradients. Sums add their terms in one order, however many squares there are at hand.
#pragma once

#include <algorithm>
#include <vector>

#include "bend.hpp"
#include "convolution.hpp"
#include "squares.hpp"

namespace ceteris {

template <typename Filter>
class WinogradConvolution : public Layer {
 public:
  WinogradConvolution(Shape input, int channels, int margin, bool has_bias, Bend bend)
      : Layer(input, {input.height + 2 * margin - 2, input.width + 2 * margin - 2, channels}),
        margin_(margin),
        has_bias_(has_bias),
        bend_(bend),
        forward_(channels, input.channels),
        turned_(input.channels, channels),
        gradient_(channels, input.channels) {}

  bool goes_back_together() const override { return true; }
  int images_at_once() const override {
    const int squares = squares_across(output_.height) * squares_across(output_.width);
    int images = 1;
    while (images < kMostAtOnce && 2 * images * squares <= kAtOnce) images *= 2;
    return images;
  }
  bool can_add() const override { return true; }
  bool reads_input() const override { return true; }
  bool reads_output() const override { return bend_.kind != Activation::none; }
  bool changes_gradient() const override { return reads_output(); }
  // The last square of a side may look beyond it.
  int input_border() const override { return margin_ + beyond(output_); }
  int gradient_border() const override { return std::max(2 - margin_ + beyond(input_), beyond(output_)); }
  size_t parameter_count() const override { return weight_count() + (has_bias_ ? output_.channels : 0); }
  void bind(Parameters parameters, Lanes*) override { parameters_ = parameters; }
  void reserve(int, int threads, bool) override {
    offsets_.resize(std::max(static_cast<size_t>(room()), most_channels()));
    for (size_t i = 0; i < offsets_.size(); ++i) offsets_[i] = static_cast<ptrdiff_t>(i) * kSquares;
    places_.clear();
    for (int thread = 0; thread < threads; ++thread) places_.push_back({Storage(of_input()), Storage(of_output()), {}});
  }
  size_t reserved(int) const override {
    // Of the weights there are three, with a number for each place where there were 9, beyond those that each layer has.
    const size_t copies = weight_count() * (kPlaces * kPlaces - 9) / 3;
    return (copies + of_input() + of_output()) * sizeof(Lanes);
  }

  void begin(const Step& step) override {
    const Lanes* weight = parameters_.values;
    const auto at = [=](int o, int c, int ky, int kx) { return weight[((o * input_.channels + c) * 3 + ky) * 3 + kx]; };
    forward_.pack(step.thread, at);
    if (!step.training) return;
    turned_.pack(step.thread, [&](int c, int o, int ky, int kx) { return at(o, c, 2 - ky, 2 - kx); });
    gradient_.clear(pieces(step.thread));
  }
  void end(const Thread& thread) override { gradient_.unpack(thread, parameters_.gradients); }

  void forward(const Step& step, Images images, const Boundary& in, const Boundary& out) override {
    Place& place = places_[static_cast<size_t>(step.thread.number)];
    const Map source = in.image(images.first).grown(margin_), target = out.image(images.first);
    place.rows = rows(images, in, source, out, target);
    filter(forward_, place, has_bias_ ? parameters_.values + weight_count() : nullptr, false, source, target);
    bend_images(images, out, bend_);
  }

  // Every thread brings the gradient of its images through the activation, adds up its share of the gradient of the weights
  // over all images, and writes the gradient of the input of its own.
  void backward(const Step& step, Images images, const Boundary& in, const Boundary& out, const Boundary& out_gradient,
                const Boundary& in_gradient) override {
    Place& place = places_[static_cast<size_t>(step.thread.number)];
    const Images own = images.of(step.thread);
    bend_gradients(own, out, out_gradient, bend_);
    step.thread.meet();
    add_up(step.thread, place, images, in, out_gradient);
    if (in_gradient.exists() && own.first < own.last) {
      const Map source = out_gradient.image(own.first).grown(2 - margin_), target = in_gradient.image(own.first);
      place.rows = rows(own, out_gradient, source, in_gradient, target);
      filter(turned_, place, nullptr, in_gradient.adds(), source, target);
    }
    step.thread.meet();
  }

 private:
  // What a thread has for itself.
  struct Place {
    Storage squares;  // of what is read, transformed
    Storage sums;     // of a group of output channels; on the way back the gradient of the output, transformed
    std::vector<SquareRow> rows;
  };

  static constexpr int kSize = Filter::kSize, kPlaces = Filter::kPlaces, kRows = 2;

  static int squares_across(int pixels) { return (pixels + kSize - 1) / kSize; }
  static int beyond(Shape shape) {
    const auto over = [](int side) { return squares_across(side) * kSize - side; };
    return std::max(over(shape.height), over(shape.width));
  }
  size_t weight_count() const { return static_cast<size_t>(output_.channels) * input_.channels * 9; }
  Span pieces(const Thread& thread) const { return thread.share(gradient_.pieces()); }

  size_t most_channels() const { return static_cast<size_t>(std::max(input_.channels, output_.channels)); }
  // Lanes for a pass of the squares at hand: of what is read, and of the sums of some groups or of a gradient.
  size_t of_input() const { return kRows * kPlaces * static_cast<size_t>(room()) * (most_channels() + 3); }
  size_t of_output() const { return kRows * kPlaces * static_cast<size_t>(room()) * most_channels(); }
  // Squares that there is room for: as many, or a row of them, in whole fours.
  int room() const {
    const int across = squares_across(std::max(input_.width, output_.width));
    return (std::max(kAtOnce, across) + kSquares - 1) / kSquares * kSquares;
  }

  static std::vector<SquareRow> rows(Images images, const Boundary& in, const Map& source, const Boundary& out, const Map& target) {
    std::vector<SquareRow> rows;
    for (int image = images.first; image < images.last; ++image)
      for (int y = 0; y < target.shape.height; y += kSize)
        rows.push_back({in.between(images.first, image) + y * source.row_stride,
                        out.between(images.first, image) + y * target.row_stride, std::min(kSize, target.shape.height - y)});
    return rows;
  }

  // Some rows of squares, which are transformed at once.
  struct Some {
    const SquareRow* rows;
    int count, across;
    int squares() const { return count * across; }
    int fours() const { return (squares() + kSquares - 1) / kSquares; }
    // Calls `body` with each row, and the number of its first square.
    template <typename Body>
    void each_row(Body body) const {
      for (int row = 0; row < count; ++row) body(rows[row], row * across);
    }
  };

  template <typename Body>
  static void each_some(const Place& place, int across, int squares, Body body) {
    const int count = static_cast<int>(place.rows.size()), most = std::max(1, squares / across);
    for (int row = 0; row < count; row += most) body(Some{place.rows.data() + row, std::min(most, count - row), across});
  }

  // Writes a pass of what some squares see; the numbers of a channel begin at `target(channel)`.
  template <int Pass, typename Target>
  static void transform(const Some& some, const Map& in, int channels, const SquareLayout& layout, Target target) {
    some.each_row([&](const SquareRow& row, int square) {
      for (int x = 0; x < some.across; x += kSquares)
        for (int c = 0; c < channels; ++c)
          transform_input<Filter, Pass>(in.row(0, c) + row.in + kSize * x, in.row_stride, std::min(kSquares, some.across - x),
                                        square + x, layout, target(c));
    });
  }

  // Writes what the weights make of an image, or adds it to what is there.
  void filter(const SquareWeights<Filter>& weights, const Place& place, const Lanes* bias, bool adds, const Map& in,
              const Map& out) const {
    static const Lanes none{};
    const OutputGroups& groups = weights.groups;
    each_some(place, squares_across(out.shape.width), kFilteredAtOnce, [&](const Some& some) {
      const ptrdiff_t fours = some.fours(), four = static_cast<ptrdiff_t>(kSquares) * weights.inputs();
      each<kPasses<Filter>>([&](auto pass) {
        using Own = Rows<Filter, pass>;
        constexpr int places = Own::kCount * kPlaces;
        transform<pass>(some, in, weights.inputs(), {fours * four, four, 1},
                        [&](int c) { return place.squares.get() + c * kSquares; });
        for (int begin = 0; begin < groups.count(); begin += kGroupsAtOnce) {
          const int end = std::min(begin + kGroupsAtOnce, groups.count());
          const auto sums = [&](int group) {
            return place.sums.get() + (groups.first(group) - groups.first(begin)) * places * kSquares * fours;
          };
          for (int at = 0; at < places; ++at)
            for (int term = 0; term < weights.inputs(); term += kTerms)
              for (ptrdiff_t i = 0; i < fours; ++i)
                for (int group = begin; group < end; ++group) {
                  const int size = groups.size(group);
                  const Lanes* own = weights.get(Own::kFirst + at / kPlaces, group, at % kPlaces);
                  multiply(size, own + static_cast<ptrdiff_t>(term) * size,
                           place.squares.get() + (at * fours + i) * four + term * kSquares, offsets_.data(),
                           std::min(kTerms, weights.inputs() - term), term == 0, sums(group) + (at * fours + i) * size * kSquares);
                }
          for (int group = begin; group < end; ++group) {
            const int size = groups.size(group), channel = groups.first(group);
            const SquareLayout layout{fours * kSquares * size, static_cast<ptrdiff_t>(kSquares) * size, 1};
            some.each_row([&](const SquareRow& row, int square) {
              for (int o = 0; o < size; ++o)
                transform_sums<Filter, pass>(sums(group) + o * kSquares, layout, square, out.shape.width,
                                             adds   ? nullptr
                                             : bias ? bias + channel + o
                                                    : &none,
                                             row.height, out.row_stride, out.row(0, channel + o) + row.out);
            });
          }
        }
      });
    });
  }

  // Adds what some images contribute to a thread's share of the gradient of the weights, and of the biases.
  void add_up(const Thread& thread, Place& place, Images images, const Boundary& in, const Boundary& out_gradient) {
    const Span own = pieces(thread);
    const Map source = in.image(images.first).grown(margin_), gradient = out_gradient.image(images.first);
    const OutputGroups& groups = gradient_.groups;
    place.rows = rows(images, in, source, out_gradient, gradient);
    each_some(place, squares_across(output_.width), kAtOnce, [&](const Some& some) {
      const ptrdiff_t squares = some.squares(), channels = kSquares * gradient_.fours();
      each<kPasses<Filter>>([&](auto pass) {
        using Own = Rows<Filter, pass>;
        int first[Own::kCount], last[Own::kCount], begin = groups.count(), end = 0;
        for (int r = 0; r < Own::kCount; ++r) {
          const int before = (Own::kFirst + r) * groups.count();
          first[r] = std::clamp(static_cast<int>(own.first) - before, 0, groups.count());
          last[r] = std::clamp(static_cast<int>(own.last) - before, 0, groups.count());
          if (first[r] < last[r]) begin = std::min(begin, first[r]), end = std::max(end, last[r]);
        }
        if (begin >= end) return;
        transform<pass>(some, source, input_.channels, {squares * channels, kSquares * kSquares, kSquares},
                        [&](int c) { return place.squares.get() + c / kSquares * squares * kSquares + c % kSquares; });
        for (int group = begin; group < end; ++group) {
          const int size = groups.size(group), channel = groups.first(group);
          some.each_row([&](const SquareRow& row, int square) {
            for (int o = 0; o < size; ++o)
              transform_gradient<Filter, pass>(gradient.row(0, channel + o) + row.out, gradient.row_stride, some.across,
                                               squares * output_.channels, size,
                                               place.sums.get() + channel * squares + square * size + o);
          });
        }
        for (int r = 0; r < Own::kCount; ++r)
          for (int column = 0; column < kPlaces; ++column)
            for (int group = first[r]; group < last[r]; ++group)
              for (int four = 0; four < gradient_.fours(); ++four) {
                const ptrdiff_t at = r * kPlaces + column;
                multiply(groups.size(group), place.sums.get() + (at * output_.channels + groups.first(group)) * squares,
                         place.squares.get() + (at * channels + four * kSquares) * squares, offsets_.data(),
                         static_cast<int>(squares), false, gradient_.get(Own::kFirst + r, group, column, four));
              }
        if (pass == 0 && has_bias_) add_up_biases(some, groups.first(begin), groups.first(end), gradient);
      });
    });
  }

  void add_up_biases(const Some& some, int first, int last, const Map& gradient) {
    for (int c = first; c < last; ++c)
      some.each_row([&](const SquareRow& row, int) {
        for (int y = 0; y < row.height; ++y) {
          const Lanes* d = gradient.row(y, c) + row.out;
          Lanes sum{};
          for (int x = 0; x < output_.width; ++x) sum += d[x];
          parameters_.gradients[weight_count() + c] += sum;
        }
      });
  }

  // Squares that are transformed at once, for the gradient of the weights and for the others. The more they are, the less often
  // sums and weights come from beyond the second-level cache; the fewer, the more of what is written stays in it. Of 16, 32 and
  // 64 these were fastest (AMD EPYC, 1 MiB a core). Of 4x4 pixels they are sixteen images.
  static constexpr int kAtOnce = 64, kFilteredAtOnce = 32, kMostAtOnce = 16;
  // Input channels whose weights, with a group of outputs, stay in the first-level cache.
  static constexpr int kTerms = 48;
  // Groups whose sums are transformed before the next ones: few, so that these stay in the second-level cache.
  static constexpr int kGroupsAtOnce = 6 / kTileChannels;

  int margin_;
  bool has_bias_;
  Bend bend_;
  SquareWeights<Filter> forward_, turned_;
  SquareGradient<Filter> gradient_;
  Parameters parameters_;
  std::vector<ptrdiff_t> offsets_;  // of terms that lie four numbers apart
  std::vector<Place> places_;       // of each thread
};

// The side of the squares of a convolution; 0 where sums over taps are faster: with few channels the transforms take what the
// products save. The same on every machine, because the sums are others.
inline int square_size(Shape input, int channels, Geometry geometry) {
  constexpr int kFewestChannels = 16;
  const bool suits = geometry.kernel == 3 && geometry.stride == 1 && geometry.groups == 1 && geometry.margin <= 2 &&
                     std::min(input.channels, channels) >= kFewestChannels;
  if (!suits) return 0;
  // Products for an image and a pair of channels.
  const auto products = [&](int size, int places) {
    const auto along = [&](int side) { return (side + 2 * geometry.margin - 2 + size - 1) / size * places; };
    return along(input.height) * along(input.width);
  };
  // Of few large squares the transformed weights, four times as many numbers as the weights, pass for too little.
  const bool are_few = input.height + 2 * geometry.margin - 2 <= 4 || input.width + 2 * geometry.margin - 2 <= 4;
  return !are_few && products(4, Filter<4>::kPlaces) < products(2, Filter<2>::kPlaces) ? 4 : 2;
}

}  // namespace ceteris
