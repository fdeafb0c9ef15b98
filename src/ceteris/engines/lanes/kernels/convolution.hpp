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
      groups_.push_back({PackedWeights(outputs, inputs, kernel(), kernel(), output_.width),
                         {},
                         PackedGradient(outputs, inputs, kernel(), output_.width)});
    if (stride() > 1) phases_ = Phases(framed(input), stride(), images_at_once());
  }

  // As many as make the weights worth their way through the caches.
  int images_at_once() const override {
    int images = 1;
    while (are_many() && images < kMostAtOnce && 2 * images * output_.height * output_.width <= kPixelsAtOnce) images *= 2;
    return images;
  }
  bool can_add() const override { return true; }
  bool reads_input() const override { return true; }
  bool reads_output() const override { return bend_.kind != Activation::none; }
  bool changes_gradient() const override { return reads_output(); }
  int input_border() const override { return margin(); }
  int gradient_border() const override {
    return std::max(reach(input_.height, output_.height), reach(input_.width, output_.width));
  }
  size_t parameter_count() const override { return weight_count() + (has_bias_ ? output_.channels : 0); }
  void bind(Parameters parameters, Lanes*) override { parameters_ = parameters; }
  void reserve(int, bool wants_input_gradient) override {
    wants_input_gradient_ = wants_input_gradient;
    if (!wants_input_gradient) return;
    for (Group& group : groups_)
      for (int ry = 0; ry < stride(); ++ry)
        for (int rx = 0; rx < stride(); ++rx) group.turned.emplace_back(inputs(), outputs(), taps(ry), taps(rx), places(rx));
  }

  // A rising activation and max pooling may change places; the pool then activates a quarter of the values.
  Bend hand_over_activation() { return std::exchange(bend_, Bend{}); }

  void begin(const Step& step) override {
    for (int g = 0; g < geometry_.groups; ++g) {
      const Lanes* weight = parameters_.values + g * weight_count() / geometry_.groups;
      const auto at = [=](int o, int c, int ky, int kx) { return weight[((o * inputs() + c) * kernel() + ky) * kernel() + kx]; };
      groups_[g].forward.pack(has_bias_ ? parameters_.values + weight_count() + g * outputs() : nullptr, at);
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
      groups_[g].gradient.unpack(parameters_.gradients + g * weight_count() / geometry_.groups);
  }

  void forward(const Step&, Images images, const Boundary& in, const Boundary& out) override {
    const Map source = seen(images, in), target = out.image(images.first);
    const auto distance = [&](int image) {
      return stride() > 1 ? (image - images.first) * phases_.image_stride() : in.between(images.first, image);
    };
    rows_.clear();
    for (int image = images.first; image < images.last; ++image)
      for (int y = 0; y < output_.height; ++y)
        rows_.push_back(
            {distance(image) + y * stride() * source.row_stride, out.between(images.first, image) + y * target.row_stride});
    with_tiled_activation(bend_.kind, [&](auto kind) {
      for (int g = 0; g < geometry_.groups; ++g) {
        PackedWeights& weights = groups_[g].forward;
        weights.aim(source, stride());
        correlate<decltype(kind)::value>(weights, bend_.slope, source.row(0, g * inputs()), target.row(0, g * outputs()),
                                         {rows_.data(), static_cast<int>(rows_.size()), output_.width, {target.channel_stride}});
      }
    });
    if (!is_tiled(bend_.kind))
      for (int image = images.first; image < images.last; ++image) activate_all(out.image(image));
  }

  void backward(const Step&, Images images, const Boundary& in, const Boundary& out, const Boundary& out_gradient,
                const Boundary& in_gradient) override {
    // Where weights are few, an image does all that there is to do while it is hot.
    const int at_once = are_many() ? images.last - images.first : 1;
    for (int image = images.first; image < images.last; image += at_once)
      back({image, image + at_once}, in, out, out_gradient, in_gradient);
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

  bool are_many() const { return groups_.front().forward.are_many(); }

  // The first of the images as the tiles read it: with its frame, and with sorted columns where there is a stride.
  Map seen(Images images, const Boundary& in) const {
    if (stride() == 1) return in.image(images.first).grown(margin());
    for (int image = images.first + 1; image < images.last; ++image)
      phases_.sort(in.image(image).grown(margin()), image - images.first, kernel());
    return phases_.sort(in.image(images.first).grown(margin()), 0, kernel());
  }

  // Taps that meet pixels whose place, counted with the margin, leaves this rest; and the first such pixel of the image.
  int taps(int rest) const { return rest < kernel() ? (kernel() - 1 - rest) / stride() + 1 : 0; }
  int first(int rest) const { return (std::max(margin() - rest, 0) + stride() - 1) / stride(); }
  int first_pixel(int rest) const { return first(rest) * stride() + rest - margin(); }
  // How many such pixels a row of the input has.
  int places(int rest) const { return std::max(0, (input_.width - 1 - first_pixel(rest) + stride()) / stride()); }

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

  // Goes down the rows of the output gradient, and does with each all that there is to do while it is hot; where weights are
  // many, they are streamed through the cache once for the gradient of the weights and once for that of the input.
  void back(Images images, const Boundary& in, const Boundary& out, const Boundary& out_gradient, const Boundary& in_gradient) {
    const int height = output_.height, count = (images.last - images.first) * height;
    const int above = stride() == 1 ? kernel() - 1 - margin() : 0;
    const Map source = in.image(images.first).grown(margin()), framed = out_gradient.image(images.first).grown(above);
    for (Group& group : groups_) {
      group.gradient.aim(source);
      if (in_gradient.exists())
        for (PackedWeights& turned : group.turned) turned.aim(framed);
    }
    const int block = groups_.front().gradient.rows();
    int ready = 0;
    for (int row = 0, end; row < count; row = end) {
      end = std::min(row + block, count);
      begins_.clear();
      for (int i = row; i < end; ++i) {
        const int image = images.first + i / height, y = i % height;
        begins_.push_back(in.between(images.first, image) + y * stride() * source.row_stride);
        with_activation(bend_.kind, [&](auto kind) {
          for (int g = 0; g < geometry_.groups; ++g)
            for (int piece = 0; piece < groups_[g].gradient.pieces(); ++piece)
              through_activation<decltype(kind)::value>(out.image(image), out_gradient.image(image), y, i - row, g, piece);
        });
      }
      for (int g = 0; g < geometry_.groups; ++g)
        groups_[g].gradient.add(source.row(0, g * inputs()), {begins_.data(), end - row, output_.width, stride()});
      if (!in_gradient.exists() || stride() > 1 || (are_many() && end < count)) continue;
      // Row r of the input gradient reads rows of the output gradient up to r + margin.
      const int last = end == count ? input_.height : std::clamp(end - margin(), 0, input_.height);
      const Map target = in_gradient.image(images.first);
      rows_.clear();
      for (int image = images.first; image < images.last; ++image)
        for (int y = ready; y < last; ++y)
          rows_.push_back({out_gradient.between(images.first, image) + y * framed.row_stride,
                           in_gradient.between(images.first, image) + y * target.row_stride});
      ready = last;
      for (int g = 0; g < geometry_.groups; ++g)
        correlate<Activation::none>(
            groups_[g].turned.front(), Lanes{}, framed.row(0, g * outputs()), target.row(0, g * inputs()),
            {rows_.data(), static_cast<int>(rows_.size()), input_.width, {target.channel_stride, 1, in_gradient.adds()}});
    }
    if (in_gradient.exists() && stride() > 1) back_by_rest(images, out_gradient, in_gradient);
  }

  // Writes the gradient of the input in as many parts as places have rests.
  void back_by_rest(Images images, const Boundary& out_gradient, const Boundary& in_gradient) {
    const Map gradient = out_gradient.image(images.first), target = in_gradient.image(images.first);
    for (int ry = 0; ry < stride(); ++ry)
      for (int rx = 0; rx < stride(); ++rx) {
        const int width = places(rx);
        if (width == 0) continue;
        const size_t rest = static_cast<size_t>(ry * stride() + rx);
        const PackedWeights& turned = groups_.front().turned[rest];
        const int column = first(rx) - (turned.columns() - 1);
        rows_.clear();
        for (int image = images.first; image < images.last; ++image)
          for (int y = first_pixel(ry); y < input_.height; y += stride())
            rows_.push_back({out_gradient.between(images.first, image) +
                                 ((y + margin()) / stride() - (turned.rows() - 1)) * gradient.row_stride + column,
                             in_gradient.between(images.first, image) + y * target.row_stride + first_pixel(rx)});
        const OutputRows rows{
            rows_.data(), static_cast<int>(rows_.size()), width, {target.channel_stride, stride(), in_gradient.adds()}};
        for (int g = 0; g < geometry_.groups; ++g)
          if (turned.empty())
            write_zeros(target.row(0, g * inputs()), rows);
          else
            correlate<Activation::none>(groups_[g].turned[rest], Lanes{}, gradient.row(0, g * outputs()),
                                        target.row(0, g * inputs()), rows);
      }
  }

  // Where no tap meets a pixel; adding them turns -0 to 0, as adding any sum does.
  void write_zeros(Lanes* out, const OutputRows& rows) const {
    for (int row = 0; row < rows.count; ++row)
      for (int c = 0; c < inputs(); ++c) {
        Lanes* target = out + rows.rows[row].out + c * rows.target.channel_stride;
        for (int x = 0; x < rows.width; ++x, target += rows.target.column_stride)
          *target = rows.target.adds ? *target + Lanes{} : Lanes{};
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
      if (has_bias_) parameters_.gradients[weight_count() + channel] += sum;
    }
  }

  static constexpr int kPixelsAtOnce = 128, kMostAtOnce = 8;

  Geometry geometry_;
  bool has_bias_;
  Bend bend_;
  bool wants_input_gradient_ = false;
  Parameters parameters_;
  std::vector<Group> groups_;
  Phases phases_;
  std::vector<OutputRows::Row> rows_;
  std::vector<ptrdiff_t> begins_;
};

}  // namespace ceteris
