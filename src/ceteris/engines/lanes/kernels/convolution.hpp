// Convolution with any stride, margin and number of groups, and both of its gradients.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "layer.hpp"
#include "phases.hpp"
#include "weight_gradient.hpp"

namespace ceteris {

// How a convolution looks at its input; `margin` counts the zeros on each side of the image.
struct Geometry {
  int kernel, stride, margin, groups;
};

class Convolution : public Layer {
 public:
  Convolution(Shape input, int channels, Geometry geometry, bool has_bias, Bend bend)
      : Layer(input, after(input, channels, geometry)), geometry_(geometry), has_bias_(has_bias), bend_(bend) {
    const int inputs = input.channels / geometry.groups, outputs = channels / geometry.groups;
    for (int group = 0; group < geometry.groups; ++group)
      groups_.push_back({PackedWeights(outputs, inputs, kernel(), kernel()),
                         {},
                         PackedGradient(outputs, inputs, kernel(), stride(), output_.width)});
    if (stride() > 1) phases_ = Phases(framed(input), stride());
  }

  bool reads_input() const override { return true; }
  bool reads_output() const override { return bend_.kind != Activation::none; }
  bool changes_gradient() const override { return reads_output(); }
  int input_border() const override { return margin(); }
  int gradient_border() const override {
    return std::max(reach(input_.height, output_.height), reach(input_.width, output_.width));
  }
  size_t learnt_count() const override { return weight_count() + (has_bias_ ? output_.channels : 0); }
  void bind(Learnt learnt, Lanes*) override { learnt_ = learnt; }
  void reserve(int, bool wants_input_gradient) override {
    wants_input_gradient_ = wants_input_gradient;
    if (!wants_input_gradient) return;
    for (Group& group : groups_)
      for (int ry = 0; ry < stride(); ++ry)
        for (int rx = 0; rx < stride(); ++rx) group.turned.emplace_back(inputs(), outputs(), taps(ry), taps(rx));
    if (stride() > 1) row_ = Storage(static_cast<size_t>(input_.width) * inputs());
  }

  // A rising activation and max pooling may change places; the pool then activates a quarter of the values.
  Bend hand_over_activation() { return std::exchange(bend_, Bend{}); }

  void begin(const Step& step) override {
    for (int g = 0; g < geometry_.groups; ++g) {
      const Lanes* weight = learnt_.values + g * weight_count() / geometry_.groups;
      const auto at = [=](int o, int c, int ky, int kx) { return weight[((o * inputs() + c) * kernel() + ky) * kernel() + kx]; };
      groups_[g].forward.pack(has_bias_ ? learnt_.values + weight_count() + g * outputs() : nullptr, at);
      if (!step.training) continue;
      groups_[g].gradient.clear();
      // One convolution for each rest that the place of an input pixel may leave: the taps that meet it, turned round.
      for (size_t i = 0; i < groups_[g].turned.size(); ++i) {
        const int ry = static_cast<int>(i) / stride(), rx = static_cast<int>(i) % stride();
        groups_[g].turned[i].pack(nullptr, [&](int c, int o, int ky, int kx) {
          return at(o, c, ry + (taps(ry) - 1 - ky) * stride(), rx + (taps(rx) - 1 - kx) * stride());
        });
      }
    }
  }

  void end() override {
    for (int g = 0; g < geometry_.groups; ++g)
      groups_[g].gradient.unpack(learnt_.gradients + g * weight_count() / geometry_.groups);
  }

  void forward(const Step&, Images images, const Boundary& in, const Boundary& out) override {
    for (int image = images.first; image < images.last; ++image) {
      const Map source = seen(in.image(image)), target = out.image(image);
      with_tiled_activation(bend_.kind, [&](auto kind) {
        for (int g = 0; g < geometry_.groups; ++g) {
          PackedWeights& weights = groups_[g].forward;
          weights.aim(source, stride());
          correlate<decltype(kind)::value>(
              weights, bend_.slope, source.row(0, g * inputs()), target.row(0, g * outputs()),
              {output_.height, output_.width, source.row_stride * stride(), target.row_stride, target.channel_stride});
        }
      });
      if (!is_tiled(bend_.kind)) activate_all(target);
    }
  }

  void backward(const Step&, Images images, const Boundary& in, const Boundary& out, const Boundary& out_gradient,
                const Boundary& in_gradient) override {
    for (int image = images.first; image < images.last; ++image)
      back(seen(in.image(image)), out.image(image), out_gradient.image(image),
           in_gradient.exists() ? in_gradient.image(image) : Map{});
  }

 private:
  struct Group {
    PackedWeights forward;
    std::vector<PackedWeights> turned;  // [rest of the row][rest of the column]
    PackedGradient gradient;
  };

  static Shape after(Shape input, int channels, Geometry geometry) {
    const auto side = [&](int before) { return (before + 2 * geometry.margin - geometry.kernel) / geometry.stride + 1; };
    return {side(input.height), side(input.width), channels};
  }
  int kernel() const { return geometry_.kernel; }
  int stride() const { return geometry_.stride; }
  int margin() const { return geometry_.margin; }
  int inputs() const { return input_.channels / geometry_.groups; }
  int outputs() const { return output_.channels / geometry_.groups; }
  size_t weight_count() const { return static_cast<size_t>(output_.channels) * inputs() * kernel() * kernel(); }
  Shape framed(Shape shape) const { return {shape.height + 2 * margin(), shape.width + 2 * margin(), shape.channels}; }

  // The input as the tiles read it: with its frame, and with sorted columns where there is a stride.
  Map seen(const Map& in) {
    const Map map = in.grown(margin());
    return stride() > 1 ? phases_.sort(map) : map;
  }

  // Taps that meet pixels whose place, counted with the margin, leaves this rest; and the first such pixel of the image.
  int taps(int rest) const { return rest < kernel() ? (kernel() - 1 - rest) / stride() + 1 : 0; }
  int first(int rest) const { return (std::max(margin() - rest, 0) + stride() - 1) / stride(); }

  // How far beyond the output a side of the input reaches for gradients.
  int reach(int before, int after) const {
    int reach = std::max(0, (before + margin() - 1) / stride() - (after - 1));
    for (int rest = 0; rest < stride(); ++rest) reach = std::max(reach, taps(rest) - 1 - first(rest));
    return reach;
  }

  void activate_all(const Map& out) const {
    with_activation(bend_.kind, [&](auto kind) {
      for (int y = 0; y < output_.height; ++y) {
        Lanes* value = out.row(y, 0);
        for (int i = 0; i < output_.channels; ++i, value += out.channel_stride)
          for (int x = 0; x < output_.width; ++x) value[x] = activate<decltype(kind)::value>(value[x], bend_.slope);
      }
    });
  }

  // Goes down the rows of the output gradient, and does with each all that there is to do while it is hot.
  void back(const Map& in, const Map& out, const Map& gradient, const Map& in_gradient) {
    const int above = stride() == 1 ? kernel() - 1 - margin() : 0;
    const Map framed = gradient.grown(above);
    if (in_gradient.origin)
      for (Group& group : groups_)
        for (PackedWeights& turned : group.turned) turned.aim(framed);
    const int block = groups_.front().gradient.rows();
    const bool at_end = !groups_.front().turned.empty() && groups_.front().turned.front().are_many();
    int ready = 0;
    for (int y = 0, end; y < output_.height; y = end) {
      end = std::min(y + block, output_.height);
      with_activation(bend_.kind, [&](auto kind) {
        for (int row = y; row < end; ++row)
          for (int g = 0; g < geometry_.groups; ++g)
            for (int piece = 0; piece < groups_[g].gradient.pieces(); ++piece)
              through_activation<decltype(kind)::value>(out, gradient, row, row - y, g, piece);
      });
      for (int g = 0; g < geometry_.groups; ++g) groups_[g].gradient.add(in.from_channel(g * inputs()), y, end - y);
      if (!in_gradient.origin || stride() > 1 || (at_end && end < output_.height)) continue;
      // Row r of the input gradient reads rows of the output gradient up to r + margin.
      const int last = end == output_.height ? input_.height : std::clamp(end - margin(), 0, input_.height);
      for (int g = 0; g < geometry_.groups; ++g)
        correlate<Activation::none>(
            groups_[g].turned.front(), Lanes{}, framed.row(ready, g * outputs()), in_gradient.row(ready, g * inputs()),
            {last - ready, input_.width, framed.row_stride, in_gradient.row_stride, in_gradient.channel_stride});
      ready = last;
    }
    if (in_gradient.origin && stride() > 1) back_by_rest(gradient, in_gradient);
  }

  // Writes the gradient of the input, each row in as many parts as the stride has rests.
  void back_by_rest(const Map& gradient, const Map& in_gradient) {
    for (int y = 0; y < input_.height; ++y)
      for (int g = 0; g < geometry_.groups; ++g)
        for (int rx = 0; rx < stride(); ++rx) {
          const int ry = (y + margin()) % stride(), begin = first(rx) * stride() + rx - margin();
          const PackedWeights& turned = groups_[g].turned[static_cast<size_t>(ry * stride() + rx)];
          const int width = begin < input_.width ? (input_.width - 1 - begin) / stride() + 1 : 0;
          if (!turned.empty() && width > 0) {
            const int row = (y + margin()) / stride() - (turned.rows() - 1), column = first(rx) - (turned.columns() - 1);
            correlate<Activation::none>(turned, Lanes{}, gradient.row(row, g * outputs()) + column, row_.get(),
                                        {1, width, 0, 0, width});
          }
          for (int c = 0; c < inputs(); ++c) {
            Lanes* target = in_gradient.row(y, g * inputs() + c) + begin;
            for (int i = 0; i < width; ++i) target[i * stride()] = turned.empty() ? Lanes{} : row_.get()[c * width + i];
          }
        }
  }

  // Turns one row of the gradient of the output into that of the sums, in place and interleaved, and adds up the gradient
  // of the bias.
  template <Activation kind>
  void through_activation(const Map& out, const Map& gradient, int y, int row, int g, int piece) {
    PackedGradient& packed = groups_[static_cast<size_t>(g)].gradient;
    const int begin = packed.begin(piece), end = packed.begin(piece + 1);
    for (int o = begin; o < end; ++o) {
      const int channel = g * outputs() + o;
      Lanes *d = gradient.row(y, channel), *target = packed.row(piece, row) + (o - begin);
      const Lanes* output = out.row(y, channel);
      Lanes sum{};
      for (int x = 0; x < output_.width; ++x, target += end - begin) {
        if constexpr (kind != Activation::none) d[x] = times_slope<kind>(d[x], output[x], bend_.slope);
        *target = d[x];
        sum += d[x];
      }
      if (has_bias_) learnt_.gradients[weight_count() + channel] += sum;
    }
  }

  Geometry geometry_;
  bool has_bias_;
  Bend bend_;
  bool wants_input_gradient_ = false;
  Learnt learnt_;
  std::vector<Group> groups_;
  Phases phases_;
  Storage row_;
};

}  // namespace ceteris
