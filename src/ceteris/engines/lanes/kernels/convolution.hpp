// Convolution with any stride, margin and number of groups, and both of its gradients.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "bend.hpp"
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
  }

  bool goes_back_together() const override { return true; }
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
  void reserve(int, int threads, bool wants_input_gradient) override {
    for (Group& group : groups_) {
      group.turned.clear();
      for (int ry = 0; wants_input_gradient && ry < stride(); ++ry)
        for (int rx = 0; rx < stride(); ++rx) group.turned.emplace_back(inputs(), outputs(), taps(ry), taps(rx), places(rx));
    }
    const Group& group = groups_.front();
    size_t waiting = group.forward.waiting();
    for (const PackedWeights& turned : group.turned) waiting = std::max(waiting, turned.waiting());
    places_.clear();
    for (int thread = 0; thread < threads; ++thread) {
      Phases phases = stride() > 1 ? Phases(framed(input_), stride(), images_at_once()) : Phases();
      places_.push_back({{{}, Storage(waiting)}, {}, Storage(group.gradient.block()), std::move(phases), {}, {}});
    }
  }

  // A rising activation and max pooling may change places; the pool then activates a quarter of the values.
  Bend hand_over_activation() { return std::exchange(bend_, Bend{}); }

  void begin(const Step& step) override {
    for (int g = 0; g < geometry_.groups; ++g) {
      const Lanes* weight = parameters_.values + g * weight_count() / geometry_.groups;
      const auto at = [=](int o, int c, int ky, int kx) { return weight[((o * inputs() + c) * kernel() + ky) * kernel() + kx]; };
      groups_[g].forward.pack(step.thread, has_bias_ ? parameters_.values + weight_count() + g * outputs() : nullptr, at);
      if (!step.training) continue;
      groups_[g].gradient.clear(tiles(step.thread, g));
      // One convolution for each rest that the place of an input pixel may leave: the taps that meet it, turned round.
      for (size_t i = 0; i < groups_[g].turned.size(); ++i) {
        const int ry = static_cast<int>(i) / stride(), rx = static_cast<int>(i) % stride();
        groups_[g].turned[i].pack(step.thread, nullptr, [&](int c, int o, int ky, int kx) {
          return at(o, c, ry + (taps(ry) - 1 - ky) * stride(), rx + (taps(rx) - 1 - kx) * stride());
        });
      }
    }
  }

  void end(const Thread& thread) override {
    for (int g = 0; g < geometry_.groups; ++g) {
      Lanes* target = parameters_.gradients + g * weight_count() / geometry_.groups;
      groups_[g].gradient.unpack(tiles(thread, g), target);
    }
  }

  void forward(const Step& step, Images images, const Boundary& in, const Boundary& out) override {
    Place& own = places_[static_cast<size_t>(step.thread.number)];
    const Map source = seen(own, images, in), target = out.image(images.first);
    const auto distance = [&](int image) {
      return stride() > 1 ? (image - images.first) * own.phases.image_stride() : in.between(images.first, image);
    };
    own.rows.clear();
    for (int image = images.first; image < images.last; ++image)
      for (int y = 0; y < output_.height; ++y)
        own.rows.push_back(
            {distance(image) + y * stride() * source.row_stride, out.between(images.first, image) + y * target.row_stride});
    const OutputRows rows{own.rows.data(), static_cast<int>(own.rows.size()), output_.width, {target.channel_stride}};
    groups_.front().forward.aim(own.bench, source, stride());
    with_tiled_activation(bend_.kind, [&](auto kind) {
      for (int g = 0; g < geometry_.groups; ++g)
        correlate<decltype(kind)::value>(groups_[g].forward, own.bench, bend_.slope, source.row(0, g * inputs()),
                                         target.row(0, g * outputs()), rows);
    });
    if (!is_tiled(bend_.kind)) bend_images(images, out, bend_);
  }

  void backward(const Step& step, Images images, const Boundary& in, const Boundary& out, const Boundary& out_gradient,
                const Boundary& in_gradient) override {
    // Where weights are few, an image does all that there is to do while it is hot.
    const int at_once = are_many() || step.thread.count > 1 ? images.last - images.first : 1;
    for (int image = images.first; image < images.last; image += at_once)
      back(step.thread, {image, image + at_once}, in, out, out_gradient, in_gradient);
  }

 private:
  struct Group {
    PackedWeights forward;
    std::vector<PackedWeights> turned;  // [rest of the row][rest of the column]
    PackedGradient gradient;
  };

  // What a thread has for itself.
  struct Place {
    Workbench bench;
    std::vector<ptrdiff_t> offsets;  // of the terms of the gradient of the weights
    Storage block;                   // of rows of the output gradient, interleaved
    Phases phases;
    std::vector<OutputRows::Row> rows;
    std::vector<ptrdiff_t> begins;
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

  // The tiles of the gradient of a group's weights that a thread adds up: its share of those of all groups.
  Span tiles(const Thread& thread, int g) const {
    const size_t tiles = groups_.front().gradient.tiles(), before = tiles * static_cast<size_t>(g);
    const Span own = thread.share(tiles * groups_.size());
    return {std::clamp(own.first, before, before + tiles) - before, std::clamp(own.last, before, before + tiles) - before};
  }

  bool are_many() const { return groups_.front().forward.are_many(); }

  // The first of the images as the tiles read it: with its frame, and with sorted columns where there is a stride.
  Map seen(const Place& own, Images images, const Boundary& in) const {
    if (stride() == 1) return in.image(images.first).grown(margin());
    for (int image = images.first + 1; image < images.last; ++image)
      own.phases.sort(in.image(image).grown(margin()), image - images.first, kernel());
    return own.phases.sort(in.image(images.first).grown(margin()), 0, kernel());
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

  // Every thread brings the gradient of its images through the activation, adds up its share of the gradient of the weights
  // over all images, and writes the gradient of the input of its own.
  void back(const Thread& thread, Images images, const Boundary& in, const Boundary& out, const Boundary& out_gradient,
            const Boundary& in_gradient) {
    Place& place = places_[static_cast<size_t>(thread.number)];
    const Images own = images.of(thread);
    bend_gradients(own, out, out_gradient, bend_);
    thread.meet();
    add_up(thread, place, images, in, out_gradient);
    if (in_gradient.exists() && own.first < own.last)
      stride() == 1 ? pass_back(place, own, out_gradient, in_gradient) : pass_back_by_rest(place, own, out_gradient, in_gradient);
    thread.meet();
  }

  // Goes down the rows of all images, some at once where sums are many, and adds what they contribute to a thread's share.
  void add_up(const Thread& thread, Place& place, Images images, const Boundary& in, const Boundary& out_gradient) {
    const int height = output_.height, count = (images.last - images.first) * height;
    const Map source = in.image(images.first).grown(margin());
    groups_.front().gradient.aim(place.offsets, source);
    const int block = groups_.front().gradient.rows();
    for (int row = 0, end; row < count; row = end) {
      end = std::min(row + block, count);
      place.begins.clear();
      for (int i = row; i < end; ++i)
        place.begins.push_back(in.between(images.first, images.first + i / height) + i % height * stride() * source.row_stride);
      for (int g = 0; g < geometry_.groups; ++g) {
        const Span own = tiles(thread, g);
        if (own.first == own.last) continue;
        for (int i = row; i < end; ++i)
          interleave(out_gradient.image(images.first + i / height), i % height, i - row, g, own, place.block.get());
        groups_[static_cast<size_t>(g)].gradient.add(own, source.row(0, g * inputs()), place.offsets.data(), place.block.get(),
                                                     {place.begins.data(), end - row, output_.width, stride()});
      }
    }
  }

  // Writes the gradient of the input: row r of it reads rows of the output gradient up to r + margin.
  void pass_back(Place& place, Images images, const Boundary& out_gradient, const Boundary& in_gradient) {
    const Map framed = out_gradient.image(images.first).grown(kernel() - 1 - margin()), target = in_gradient.image(images.first);
    groups_.front().turned.front().aim(place.bench, framed);
    place.rows.clear();
    for (int image = images.first; image < images.last; ++image)
      for (int y = 0; y < input_.height; ++y)
        place.rows.push_back({out_gradient.between(images.first, image) + y * framed.row_stride,
                              in_gradient.between(images.first, image) + y * target.row_stride});
    const OutputRows rows{
        place.rows.data(), static_cast<int>(place.rows.size()), input_.width, {target.channel_stride, 1, in_gradient.adds()}};
    for (int g = 0; g < geometry_.groups; ++g)
      correlate<Activation::none>(groups_[static_cast<size_t>(g)].turned.front(), place.bench, Lanes{},
                                  framed.row(0, g * outputs()), target.row(0, g * inputs()), rows);
  }

  // The same with a stride, in as many parts as places have rests.
  void pass_back_by_rest(Place& place, Images images, const Boundary& out_gradient, const Boundary& in_gradient) {
    const Map gradient = out_gradient.image(images.first), target = in_gradient.image(images.first);
    for (int ry = 0; ry < stride(); ++ry)
      for (int rx = 0; rx < stride(); ++rx) {
        const int width = places(rx);
        if (width == 0) continue;
        const size_t rest = static_cast<size_t>(ry * stride() + rx);
        const PackedWeights& turned = groups_.front().turned[rest];
        const int column = first(rx) - (turned.columns() - 1);
        turned.aim(place.bench, gradient);
        place.rows.clear();
        for (int image = images.first; image < images.last; ++image)
          for (int y = first_pixel(ry); y < input_.height; y += stride())
            place.rows.push_back({out_gradient.between(images.first, image) +
                                      ((y + margin()) / stride() - (turned.rows() - 1)) * gradient.row_stride + column,
                                  in_gradient.between(images.first, image) + y * target.row_stride + first_pixel(rx)});
        const OutputRows rows{
            place.rows.data(), static_cast<int>(place.rows.size()), width, {target.channel_stride, stride(), in_gradient.adds()}};
        for (int g = 0; g < geometry_.groups; ++g)
          if (turned.empty())
            write_zeros(target.row(0, g * inputs()), rows);
          else
            correlate<Activation::none>(groups_[static_cast<size_t>(g)].turned[rest], place.bench, Lanes{},
                                        gradient.row(0, g * outputs()), target.row(0, g * inputs()), rows);
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

  // Interleaves one row of the gradient of the output, as far as a thread's tiles need it, and adds up that of the bias.
  void interleave(const Map& gradient, int y, int row, int g, Span tiles, Lanes* block) {
    const PackedGradient& packed = groups_[static_cast<size_t>(g)].gradient;
    for (int piece = packed.first_piece(tiles); piece < packed.last_piece(tiles); ++piece) {
      const int begin = packed.begin(piece), end = packed.begin(piece + 1);
      for (int o = begin; o < end; ++o) {
        const int channel = g * outputs() + o;
        const Lanes* d = gradient.row(y, channel);
        Lanes* target = block + packed.row(piece, row) + (o - begin);
        Lanes sum{};
        for (int x = 0; x < output_.width; ++x, target += end - begin) {
          *target = d[x];
          sum += d[x];
        }
        if (has_bias_ && packed.is_first(tiles, piece)) parameters_.gradients[weight_count() + channel] += sum;
      }
    }
  }

  static constexpr int kPixelsAtOnce = 128, kMostAtOnce = 8;

  Geometry geometry_;
  bool has_bias_;
  Bend bend_;
  Parameters parameters_;
  std::vector<Group> groups_;
  std::vector<Place> places_;  // of each thread
};

}  // namespace ceteris
