// A fully connected layer. Its weights are the largest array of the network, so the whole minibatch passes at once and
// each weight is loaded once a pass. Weights lie [feature][neuron], features in the order [row][channel][column].
#pragma once

#include <algorithm>

#include "activation.hpp"
#include "layer.hpp"

namespace ceteris {

class Dense : public Layer {
 public:
  Dense(Shape input, int neurons, Activation activation)
      : Layer(input, {1, 1, neurons}), features_(static_cast<int>(input.values())), neurons_(neurons), activation_(activation) {}

  bool whole_minibatch() const override { return true; }
  bool reads_input() const override { return true; }
  bool reads_output() const override { return activation_ != Activation::none; }
  size_t learnt_count() const override { return static_cast<size_t>(features_ + 1) * neurons_; }
  void bind(Learnt learnt, Lanes*) override { learnt_ = learnt; }

  void forward(const Step&, Images images, const Boundary& in, const Boundary& out) override {
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
    with_activation(activation_, [&](auto kind) {
      for (int image = images.first; image < images.last; ++image)
        for (int neuron = 0; neuron < neurons_; ++neuron)
          out.flat(image)[neuron] = activate<decltype(kind)::value>(out.flat(image)[neuron]);
    });
  }

  void backward(const Step&, Images images, const Boundary& in, const Boundary& out, const Boundary& out_gradient,
                const Boundary& in_gradient) override {
    Lanes* bias_gradient = learnt_.gradients + static_cast<size_t>(features_) * neurons_;
    with_activation(activation_, [&](auto kind) {
      for (int image = images.first; image < images.last; ++image)
        for (int neuron = 0; neuron < neurons_; ++neuron) {
          Lanes& d = out_gradient.flat(image)[neuron];
          d = times_slope<decltype(kind)::value>(d, out.flat(image)[neuron]);
          bias_gradient[neuron] += d;
        }
    });
    for (int feature = 0; feature < features_; ++feature)
      for (int neuron = 0; neuron < neurons_; neuron += kNeurons) {
        const int count = std::min(kNeurons, neurons_ - neuron);
        if (count == kNeurons)
          differentiate<kNeurons>(images, in, out_gradient, in_gradient, feature, neuron, count);
        else if (count == 10 % kNeurons)  // ten classes
          differentiate<10 % kNeurons>(images, in, out_gradient, in_gradient, feature, neuron, count);
        else
          differentiate<0>(images, in, out_gradient, in_gradient, feature, neuron, count);
      }
  }

 private:
  static constexpr int kNeurons = kRegisters == 32 ? 10 : 5;
  static constexpr int kChunk = 48;

  const Lanes* bias() const { return learnt_.values + static_cast<size_t>(features_) * neurons_; }

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
    for (int i = 0; i < Count; ++i) {
      value[i] = in.flat(image + i);
      for (int n = 0; n < Neurons; ++n) sum[i][n] = out.flat(image + i)[neuron + n];
    }
    for (; feature < end; ++feature) {
      const Lanes* weight = learnt_.values + static_cast<size_t>(feature) * neurons_ + neuron;
      for (int n = 0; n < Neurons; ++n)
        for (int i = 0; i < Count; ++i) sum[i][n] = multiply_add(weight[n], value[i][feature], sum[i][n]);
    }
    for (int i = 0; i < Count; ++i)
      for (int n = 0; n < Neurons; ++n) out.flat(image + i)[neuron + n] = sum[i][n];
  }

  // One feature against `count` neurons: gradient of its weights over all images, and gradient of the feature in each.
  template <int Fixed>
  void differentiate(Images images, const Boundary& in, const Boundary& out_gradient, const Boundary& in_gradient, int feature,
                     int neuron, int count) const {
    constexpr int kMost = Fixed ? Fixed : kNeurons;
    const int neurons = Fixed ? Fixed : count;
    const size_t offset = static_cast<size_t>(feature) * neurons_ + neuron;
    Lanes weight[kMost], sum[kMost];
    for (int n = 0; n < neurons; ++n) {
      weight[n] = learnt_.values[offset + n];
      sum[n] = learnt_.gradients[offset + n];
    }
    for (int image = images.first; image < images.last; ++image) {
      const Lanes value = in.flat(image)[feature];
      const Lanes* d = out_gradient.flat(image) + neuron;
      for (int n = 0; n < neurons; ++n) sum[n] = multiply_add(value, d[n], sum[n]);
      if (!in_gradient.exists()) continue;
      Lanes back = neuron == 0 ? Lanes{} : in_gradient.flat(image)[feature];
      for (int n = 0; n < neurons; ++n) back = multiply_add(weight[n], d[n], back);
      in_gradient.flat(image)[feature] = back;
    }
    for (int n = 0; n < neurons; ++n) learnt_.gradients[offset + n] = sum[n];
  }

  int features_, neurons_;
  Activation activation_;
  Learnt learnt_;
};

}  // namespace ceteris
