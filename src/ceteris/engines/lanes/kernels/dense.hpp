// A fully connected layer. Its weights are the largest array of the network, so all images of a group pass at once and
// each weight is loaded once a pass. Weights lie [feature][neuron], features in the order [row][channel][column].
#pragma once

#include <algorithm>

#include "activation.hpp"
#include "layer.hpp"

namespace ceteris {

class Dense : public Layer {
 public:
  Dense(Shape input, int neurons, Bend bend)
      : Layer(input, {1, 1, neurons}), features_(static_cast<int>(input.values())), neurons_(neurons), bend_(bend) {}

  bool takes_many_images() const override { return true; }
  bool reads_input() const override { return true; }
  bool reads_output() const override { return bend_.kind != Activation::none; }
  bool changes_gradient() const override { return reads_output(); }
  size_t parameter_count() const override { return static_cast<size_t>(features_ + 1) * neurons_; }
  void bind(Parameters parameters, Lanes*) override { parameters_ = parameters; }

  // Each thread has some of the images on the way forward, some of the features on the way back.
  void forward(const Step& step, Images group, const Boundary& in, const Boundary& out) override {
    const Images images = group.of(step.thread);
    for (int image = images.first; image < images.last; ++image)
      for (int neuron = 0; neuron < neurons_; ++neuron) out.flat(image)[neuron] = bias()[neuron];
    // A chunk of features and its weights stay in the first-level cache while all images pass.
    for (int feature = 0; feature < features_; feature += kChunk) {
      const int end = std::min(feature + kChunk, features_);
      for (int neuron = 0; neuron < neurons_; neuron += kNeurons) {
        int image = images.first;
        for (; image + 2 <= images.last; image += 2) multiply<2>(in, out, image, feature, end, neuron);
        for (; image < images.last; ++image) multiply<1>(in, out, image, feature, end, neuron);
      }
    }
    with_activation(bend_.kind, [&](auto kind) {
      for (int image = images.first; image < images.last; ++image)
        for (int neuron = 0; neuron < neurons_; ++neuron)
          out.flat(image)[neuron] = activate<decltype(kind)::value>(out.flat(image)[neuron], bend_.slope);
    });
  }

  void backward(const Step& step, Images images, const Boundary& in, const Boundary& out, const Boundary& out_gradient,
                const Boundary& in_gradient) override {
    Lanes* bias_gradient = parameters_.gradients + static_cast<size_t>(features_) * neurons_;
    const Span neurons = step.thread.share(static_cast<size_t>(neurons_));
    with_activation(bend_.kind, [&](auto kind) {
      for (int image = images.first; image < images.last; ++image)
        for (size_t neuron = neurons.first; neuron < neurons.last; ++neuron) {
          Lanes& d = out_gradient.flat(image)[neuron];
          d = times_slope<decltype(kind)::value>(d, out.flat(image)[neuron], bend_.slope);
          bias_gradient[neuron] += d;
        }
    });
    step.thread.meet();
    const Span tiles = step.thread.share(static_cast<size_t>((features_ + kFeatures - 1) / kFeatures));
    for (int feature = static_cast<int>(tiles.first) * kFeatures; feature < static_cast<int>(tiles.last) * kFeatures;
         feature += kFeatures)
      for (int neuron = 0; neuron < neurons_; neuron += kNeurons) {
        const bool whole = feature + kFeatures <= features_ && neuron + kNeurons <= neurons_;
        for (int f = feature; f < std::min(feature + kFeatures, features_); f += whole ? kFeatures : 1)
          for (int n = neuron; n < std::min(neuron + kNeurons, neurons_); n += whole ? kNeurons : 1) {
            if (whole)
              differentiate<kFeatures, kNeurons>(images, in, out_gradient, in_gradient, f, n);
            else
              differentiate<1, 1>(images, in, out_gradient, in_gradient, f, n);
          }
      }
  }

 private:
  static constexpr int kNeurons = kRegisters == 32 ? 10 : 5;
  static constexpr int kFeatures = 2, kAhead = 4;
  static constexpr int kChunk = 48;

  const Lanes* bias() const { return parameters_.values + static_cast<size_t>(features_) * neurons_; }

  template <int Count>
  void multiply(const Boundary& in, const Boundary& out, int image, int feature, int end, int neuron) const {
    if (neurons_ - neuron >= kNeurons)
      multiply_tile<Count, kNeurons>(in, out, image, feature, end, neuron);
    else
      for (; neuron < neurons_; ++neuron) multiply_tile<Count, 1>(in, out, image, feature, end, neuron);
  }

  template <int Count, int Neurons>
  void multiply_tile(const Boundary& in, const Boundary& out, int image, int feature, int end, int neuron) const {
    Lanes sum[Count][Neurons];
    const Lanes* value[Count];
    each<Count>([&](auto i) {
      value[i] = in.flat(image + i);
      each<Neurons>([&](auto n) { sum[i][n] = out.flat(image + i)[neuron + n]; });
    });
    for (; feature < end; ++feature) {
      const Lanes* weight = parameters_.values + static_cast<size_t>(feature) * neurons_ + neuron;
      Lanes own[Count];
      each<Count>([&](auto i) { own[i] = held(value[i][feature]); });
      each<Neurons>([&](auto n) {
        const Lanes w = held(weight[n]);
        each<Count>([&](auto i) { sum[i][n] = multiply_add(w, own[i], sum[i][n]); });
      });
    }
    each<Count>([&](auto i) { each<Neurons>([&](auto n) { out.flat(image + i)[neuron + n] = sum[i][n]; }); });
  }

  // Some features against some neurons: gradient of the weights over all images, and of the features in each. Neurons
  // are added to a feature's gradient in their order, whatever the tile.
  template <int Features, int Neurons>
  void differentiate(Images images, const Boundary& in, const Boundary& out_gradient, const Boundary& in_gradient, int feature,
                     int neuron) const {
    const Lanes* weight = parameters_.values + static_cast<size_t>(feature) * neurons_ + neuron;
    Lanes* target = parameters_.gradients + static_cast<size_t>(feature) * neurons_ + neuron;
    Lanes sum[Features][Neurons];
    each<Features>([&](auto f) { each<Neurons>([&](auto n) { sum[f][n] = target[f * neurons_ + n]; }); });
    for (int image = images.first; image < images.last; ++image) {
      const Lanes *value = in.flat(image) + feature, *d = out_gradient.flat(image) + neuron;
      Lanes* out_value = in_gradient.exists() ? in_gradient.flat(image) + feature : nullptr;
      // Each image lies on pages of its own, too many for the processor to foresee.
      __builtin_prefetch(value + kAhead);
      Lanes own[Features], back[Features];
      each<Features>([&](auto f) { own[f] = held(value[f]); });
      each<Features>([&](auto f) { back[f] = neuron == 0 || !out_value ? Lanes{} : out_value[f]; });
      each<Neurons>([&](auto n) {
        const Lanes gradient = held(d[n]);
        each<Features>([&](auto f) {
          sum[f][n] = multiply_add(own[f], gradient, sum[f][n]);
          back[f] = multiply_add(weight[f * neurons_ + n], gradient, back[f]);
        });
      });
      if (!out_value) continue;
      __builtin_prefetch(out_value + kAhead, 1);
      each<Features>([&](auto f) { out_value[f] = back[f]; });
    }
    each<Features>([&](auto f) { each<Neurons>([&](auto n) { target[f * neurons_ + n] = sum[f][n]; }); });
  }

  int features_, neurons_;
  Bend bend_;
  Parameters parameters_;
};

}  // namespace ceteris
