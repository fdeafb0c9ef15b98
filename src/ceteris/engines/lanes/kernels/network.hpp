// A network for the lanes of one register: its layers, the values between them, and everything it learns.
//
// Layers that look at one image at a time pass it on while it is hot in the cache; a layer that takes many images at
// once (dense, batch normalisation) ends such a stretch.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "batch_norm.hpp"
#include "convolution.hpp"
#include "dense.hpp"
#include "dropout.hpp"
#include "flatten.hpp"
#include "layer.hpp"
#include "max_pool.hpp"
#include "optimizer.hpp"

namespace ceteris {

class Network {
 public:
  explicit Network(Shape image) : image_(image) {}

  Shape output() const { return layers_.empty() ? image_ : layers_.back()->output(); }
  void add(std::unique_ptr<Layer> layer) { layers_.push_back(std::move(layer)); }

  // Adds max pooling, which takes over the activation of a convolution right before it.
  void add_max_pool(int size) {
    auto* convolution = layers_.empty() ? nullptr : dynamic_cast<Convolution*>(layers_.back().get());
    const Activation activation = convolution ? convolution->hand_over_activation() : Activation::none;
    add(std::make_unique<MaxPool>(output(), size, activation));
  }

  void add_dense(int neurons, Activation activation) {
    if (!layers_.empty() && layers_.back()->gradient_border() > 0) add(std::make_unique<Flatten>(output()));
    add(std::make_unique<Dense>(output(), neurons, activation));
  }

  bool needs_whole_minibatch() const {
    return std::any_of(layers_.begin(), layers_.end(), [](const auto& layer) { return layer->needs_whole_minibatch(); });
  }

  // Lays out memory for groups of up to `images`.
  void finish(int images) {
    size_t learnt = 0, statistics = 0;
    for (const auto& layer : layers_) {
      learnt += layer->learnt_count();
      statistics += layer->statistics_count();
    }
    values_ = Storage(learnt);
    gradients_ = Storage(learnt);
    statistics_ = Storage(statistics);
    moments_.first = Storage(learnt);
    moments_.second = Storage(learnt);
    learnt = statistics = 0;
    for (const auto& layer : layers_) {
      layer->bind({values_.get() + learnt, gradients_.get() + learnt, layer->learnt_count()}, statistics_.get() + statistics);
      learnt += layer->learnt_count();
      statistics += layer->statistics_count();
    }
    lay_boundaries(images);
  }

  // Called once before the first group of a minibatch.
  void begin(const Step& step) {
    if (step.training) gradients_.clear();
    for (const auto& layer : layers_) layer->begin(step);
  }

  // `load(image)` puts one image into `input()`, just before it is needed.
  template <typename Load>
  void forward(const Step& step, Load load) {
    for (size_t first = 0, last; first < layers_.size(); first = last) {
      last = stretch_end(first);
      if (layers_[first]->takes_many_images()) {
        for (int image = 0; first == 0 && image < step.images; ++image) load(image);
        layers_[first]->forward(step, {0, step.images}, values(first), values(first + 1));
        continue;
      }
      for (int image = 0; image < step.images; ++image) {
        if (first == 0) load(image);
        for (size_t i = first; i < last; ++i) layers_[i]->forward(step, {image, image + 1}, values(i), values(i + 1));
      }
    }
  }

  // Adds the group's share to the gradients, from the gradient of its logits, which the caller has put into `logits_gradient`.
  void backward(const Step& step) {
    for (size_t last = layers_.size(), first; last > 0; last = first) {
      first = stretch_begin(last);
      if (layers_[first]->takes_many_images()) {
        back(step, first, {0, step.images});
        continue;
      }
      for (int image = 0; image < step.images; ++image)
        for (size_t i = last; i-- > first;) back(step, i, {image, image + 1});
    }
  }

  // Called once after the last group of a minibatch.
  void end() {
    for (const auto& layer : layers_) layer->end();
  }

  void update(const OptimizerKind& optimizer, const RunSettings& settings) {
    optimizer.update(settings, moments_, values_.get(), gradients_.get());
  }

  const Boundary& input() const { return boundaries_.front(); }
  const Boundary& logits() const { return boundaries_.back(); }
  const Boundary& logits_gradient() const { return gradient_boundaries_.back(); }
  Storage& learnt() { return values_; }
  Storage& statistics() { return statistics_; }
  Moments& moments() { return moments_; }

 private:
  const Boundary& values(size_t i) const { return boundaries_[i]; }

  void back(const Step& step, size_t i, Images images) {
    layers_[i]->backward(step, images, boundaries_[i], boundaries_[i + 1], gradient_boundaries_[i + 1], gradient_boundaries_[i]);
  }

  size_t stretch_end(size_t first) const {
    size_t last = first + 1;
    if (layers_[first]->takes_many_images()) return last;
    while (last < layers_.size() && !layers_[last]->takes_many_images()) ++last;
    return last;
  }
  size_t stretch_begin(size_t last) const {
    size_t first = last - 1;
    if (layers_[first]->takes_many_images()) return first;
    while (first > 0 && !layers_[first - 1]->takes_many_images()) --first;
    return first;
  }

  // Boundary i lies before layer i.
  void lay_boundaries(int images) {
    const size_t count = layers_.size();
    size_t first_learning = 0;
    while (first_learning < count && layers_[first_learning]->learnt_count() == 0) ++first_learning;
    boundaries_.resize(count + 1);
    gradient_boundaries_.resize(count + 1);
    for (size_t i = 0; i <= count; ++i) {
      const Layer *before = i > 0 ? layers_[i - 1].get() : nullptr, *after = i < count ? layers_[i].get() : nullptr;
      const Shape shape = before ? before->output() : image_;
      const bool edge = !before || !after || before->takes_many_images() || after->takes_many_images();
      const bool kept = edge || before->reads_output() || after->reads_input();
      boundaries_[i] = Boundary(shape, after ? after->input_border() : 0, images, kept);
      if (i > first_learning) gradient_boundaries_[i] = Boundary(shape, before->gradient_border(), images, edge);
      if (after) layers_[i]->reserve(images, i > first_learning);
    }
  }

  Shape image_;
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<Boundary> boundaries_, gradient_boundaries_;
  Storage values_, gradients_, statistics_;
  Moments moments_;
};

}  // namespace ceteris
