// A network for the lanes of one register: its layers, the values between them, and everything it learns.
#pragma once

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <vector>

#include "activation_layer.hpp"
#include "batch_norm.hpp"
#include "convolution.hpp"
#include "dense.hpp"
#include "dropout.hpp"
#include "flatten.hpp"
#include "join.hpp"
#include "layer.hpp"
#include "max_pool.hpp"
#include "optimizer.hpp"
#include "schedule.hpp"
#include "steady.hpp"

namespace ceteris {

class Network {
 public:
  explicit Network(Shape image) : shapes_{image} {}

  // What comes out of the layers added so far, in the branch that is being added to.
  Shape output() const { return shapes_[static_cast<size_t>(current_)]; }
  void add(std::unique_ptr<Layer> layer) { append({std::move(layer), current_}); }

  // Adds max pooling, which takes over the activation of a convolution right before it.
  void add_max_pool(int size, int stride) {
    auto* convolution = stride < size ? nullptr : dynamic_cast<Convolution*>(last());
    add(std::make_unique<MaxPool>(output(), size, stride, convolution ? convolution->hand_over_activation() : Bend{}));
  }

  // Adds an activation, which batch normalisation right before it may take over.
  void add_activation(Bend bend) {
    auto* norm = dynamic_cast<BatchNorm*>(last());
    if (!norm || !norm->take_over(bend)) add(std::make_unique<ActivationLayer>(output(), bend));
  }

  // Adds a dense layer, which wants its input and the gradient of it without a border.
  void add_dense(int neurons, Bend bend) {
    if (current_ > 0 && (!last() || last()->gradient_border() > 0)) add(std::make_unique<Flatten>(output()));
    add(std::make_unique<Dense>(output(), neurons, bend));
  }

  // Begins the first branch of a residual block, or, after its layers, the second, which may have none.
  void begin_branch(int number) {
    if (number == 0)
      blocks_.push_back({current_, kNone});
    else
      blocks_.back().end = std::exchange(current_, blocks_.back().begin);
  }
  // Ends the block: adds what the branches made, and applies an activation.
  void close_block(Bend bend) {
    if (blocks_.empty() || blocks_.back().end == kNone) throw std::invalid_argument("a block of two branches");
    auto join = std::make_unique<Join>(output(), bend);
    const Join* own = join.get();
    append({std::move(join), blocks_.back().end, current_, own});
    blocks_.pop_back();
    joined_ = current_;
  }

  bool needs_whole_minibatch() const {
    return std::any_of(nodes_.begin(), nodes_.end(), [](const Node& node) { return node.layer->measures(); });
  }

  // Bytes that `finish` and `lay_out` take, without what an optimizer keeps: values, gradients and packed weights.
  size_t memory(int images) {
    plan(images, 1);
    size_t lanes = 0, bytes = 0;
    for (const auto* boundaries : {&boundaries_, &scratch_})
      for (const Boundary& boundary : *boundaries) lanes += boundary.size();
    for (size_t size : arena_sizes_) lanes += size;
    for (const Node& node : nodes_) {
      lanes += kPacks * node.layer->parameter_count();
      bytes += node.layer->reserved(images);
    }
    return lanes * sizeof(Lanes) + bytes;
  }

  // Makes room for all parameters.
  void finish(bool averages) {
    size_t parameters = 0, statistics = 0;
    for (const Node& node : nodes_) {
      parameters += node.layer->parameter_count();
      statistics += node.layer->statistics_count();
    }
    values_ = Storage(parameters);
    gradients_ = Storage(parameters);
    statistics_ = Storage(statistics);
    moments_.first = Storage(parameters);
    moments_.second = Storage(parameters);
    averages_ = Storage(averages ? parameters : 0);
    averaged_statistics_ = Storage(averages ? statistics : 0);
    parameters = statistics = 0;
    for (const Node& node : nodes_) {
      node.layer->bind({values_.get() + parameters, gradients_.get() + parameters, node.layer->parameter_count()},
                       statistics_.get() + statistics);
      parameters += node.layer->parameter_count();
      statistics += node.layer->statistics_count();
    }
  }

  // Lays out memory for groups of up to `images`, and for so many threads; between two minibatches it may be laid out anew.
  void lay_out(int images, int threads) {
    plan(images, threads);
    place();
    for (const Node& node : nodes_) node.layer->reserve(images, threads, schedule_.wants_gradient[at(node.in)]);
  }

  // What follows is called by each of the threads at the same time, and ends when all have done their shares.

  // Called once before the first group of a minibatch.
  void begin(const Step& step) {
    const Span own = step.thread.share(gradients_.size());
    if (step.training) std::fill(gradients_.get() + own.first, gradients_.get() + own.last, Lanes{});
    for (const Node& node : nodes_) node.layer->begin(step);
    step.thread.meet();
  }

  // `load(image)` puts one image into `input()`, just before it is needed.
  template <typename Load>
  void forward(const Step& step, Load load) {
    const Images all{0, step.images};
    for (size_t s = 0; s < schedule_.forward.size(); ++s) {
      const Sweep& sweep = schedule_.forward[s];
      if (step.training) {
        for (const Sweep::Measured& one : sweep.measured)
          if (!one.gathered) layer(one.node).gather(all.of(step.thread), values(in(one.node)));
        if (!sweep.measured.empty()) step.thread.meet();
        for (const Sweep::Measured& one : sweep.measured) layer(one.node).measure(step.thread, all, values(in(one.node)));
        if (!sweep.measured.empty()) step.thread.meet();
      }
      if (sweep.many) {
        go(step, sweep.operations.front().node, all);
        step.thread.meet();
        continue;
      }
      const auto begin = [&](Images images) {
        for (int image = images.first; s == 0 && image < images.last; ++image) load(image);
      };
      pass(sweep, step, begin, [&](const Sweep::Operation& operation, Images images) {
        if (operation.act == Act::forward)
          go(step, operation.node, images);
        else if (step.training)
          layer(operation.node).gather(images, values(in(operation.node)));
      });
      step.thread.meet();
    }
  }

  // Adds the group's share to the gradients, from the gradient of its logits, which the caller has put into `logits_gradient`.
  void backward(const Step& step) {
    const Images all{0, step.images};
    for (const Sweep& sweep : schedule_.backward) {
      for (const Sweep::Measured& one : sweep.measured)
        if (!one.gathered) layer(one.node).collect(all.of(step.thread), values(in(one.node)), gradients(one.node + 1));
      if (!sweep.measured.empty()) step.thread.meet();
      for (const Sweep::Measured& one : sweep.measured) layer(one.node).settle(step.thread, all);
      if (!sweep.measured.empty()) step.thread.meet();
      if (sweep.many) {
        back(step, sweep.operations.front().node, all);
        step.thread.meet();
        continue;
      }
      pass(
          sweep, step, [](Images) {},
          [&](const Sweep::Operation& operation, Images images) {
            if (operation.act == Act::forward)
              go(step, operation.node, images);
            else if (operation.act == Act::backward)
              back(step, operation.node, images);
            else
              layer(operation.node).collect(images, values(in(operation.node)), gradients(operation.node + 1));
          });
      step.thread.meet();
    }
  }

  // Called once after the last group of a minibatch.
  void end(const Thread& thread) {
    for (const Node& node : nodes_) node.layer->end(thread);
    thread.meet();
  }

  // Scales gradients down to a norm, and moves parameters by a step that has been counted.
  void update(const OptimizerKind& optimizer, const RunSettings& settings, Lanes clip_norm, const Thread& thread) {
    if (any(clip_norm)) {
      clip(gradients_, clip_norm, thread, squares_);
      thread.meet();
    }
    optimizer.update(settings, moments_, thread.share(values_.size()), values_.get(), gradients_.get());
    thread.meet();
  }

  // Lets the averages follow the weights and statistics after a step; lanes whose `rest` is 0 have none.
  void average(Lanes rest, const Thread& thread) {
    const Integers copies = moments_.steps == 1 ? broadcast(-1) : rest == Lanes{};
    follow(averages_, values_, rest, copies, thread.share(averages_.size()));
    follow(averaged_statistics_, statistics_, rest, copies, thread.share(averaged_statistics_.size()));
    thread.meet();
  }

  const Boundary& input() const { return boundaries_.front(); }
  const Boundary& logits() const { return boundaries_.back(); }
  const Boundary& logits_gradient() const { return gradient_boundaries_.back(); }
  Storage& parameters() { return values_; }
  Storage& statistics() { return statistics_; }
  Storage& averages() { return averages_; }
  Storage& averaged_statistics() { return averaged_statistics_; }
  Moments& moments() { return moments_; }

 private:
  static constexpr int kNone = -1;
  // Copies of the weights that a convolution keeps: packed, turned, and their gradient.
  static constexpr size_t kPacks = 3;

  struct Block {
    int begin, end;
  };

  static size_t at(int value) { return static_cast<size_t>(value); }
  Layer& layer(int node) const { return *nodes_[at(node)].layer; }
  int in(int node) const { return nodes_[at(node)].in; }
  const Boundary& values(int value) const { return boundaries_[at(value)]; }
  const Boundary& gradients(int value) const { return gradient_boundaries_[at(value)]; }

  void append(Node node) {
    shapes_.push_back(node.layer->output());
    nodes_.push_back(std::move(node));
    current_ = static_cast<int>(nodes_.size());
  }

  // The layer that alone reads and writes what the next one meets: none at the begin of a branch, none after a block.
  Layer* last() const {
    const bool begins = !blocks_.empty() && (blocks_.back().begin == current_);
    return current_ == 0 || begins || joined_ == current_ ? nullptr : nodes_[at(current_ - 1)].layer.get();
  }

  // Takes the images through a sweep, some for each thread at a time: a layer that wants several gets them, and the others
  // between take each by itself, one after the other.
  template <typename Begin, typename Body>
  void pass(const Sweep& sweep, const Step& step, Begin begin_some, Body body) const {
    const int at_once = sweep.images * step.thread.count;
    const auto together = [&](size_t i) {
      const Sweep::Operation& one = sweep.operations[i];
      return step.thread.count > 1 && one.act == Act::backward && layer(one.node).goes_back_together();
    };
    const auto wants = [&](size_t i) { return together(i) || layer(sweep.operations[i].node).images_at_once() > 1; };
    for (int first = 0; first < step.images; first += at_once) {
      const Images of_all{first, std::min(first + at_once, step.images)}, some = of_all.of(step.thread);
      // A thread that has fewer images at the end than before may get memory that another one has used.
      if (first > 0 && of_all.last - first < at_once) step.thread.meet();
      begin_some(some);
      for (size_t begin = 0, end; begin < sweep.operations.size(); begin = end) {
        end = begin + 1;
        if (together(begin)) {
          body(sweep.operations[begin], of_all);
          continue;
        }
        if (wants(begin)) {
          const int own = layer(sweep.operations[begin].node).images_at_once();
          for (int image = some.first; image < some.last; image += own)
            body(sweep.operations[begin], {image, std::min(image + own, some.last)});
          continue;
        }
        while (end < sweep.operations.size() && !wants(end)) ++end;
        for (int image = some.first; image < some.last; ++image)
          for (size_t i = begin; i < end; ++i) body(sweep.operations[i], {image, image + 1});
      }
    }
  }

  void go(const Step& step, int n, Images images) {
    const Node& node = nodes_[at(n)];
    if (node.join)
      node.join->add(images.first, values(node.in), values(node.second), values(n + 1));
    else
      node.layer->forward(step, images, values(node.in), values(n + 1));
  }

  void back(const Step& step, int n, Images images) {
    const Node& node = nodes_[at(n)];
    if (node.join) {
      node.join->bend_gradient(images.first, values(n + 1), gradients(n + 1));
      for (int value : {node.in, node.second})
        if (schedule_.wants_gradient[at(value)] && schedule_.gradient_owner[at(value)] != schedule_.gradient_owner[at(n + 1)])
          pass_on(gradients(n + 1), gradients(value), images.first, schedule_.adds(n, value));
      return;
    }
    const bool adds = gradients(node.in).exists() && schedule_.adds(n, node.in);
    if (!adds || node.layer->can_add()) {
      const Boundary target = adds ? gradients(node.in).added() : gradients(node.in);
      return node.layer->backward(step, images, values(node.in), values(n + 1), gradients(n + 1), target);
    }
    const Boundary& apart = scratch_[at(node.in)];
    node.layer->backward(step, images, values(node.in), values(n + 1), gradients(n + 1), apart);
    pass_on(apart, gradients(node.in), images.first, true);
  }

  static void pass_on(const Boundary& from, const Boundary& to, int image, bool adds) {
    const Map source = from.image(image), target = to.image(image);
    for (int y = 0; y < source.shape.height; ++y)
      for (int c = 0; c < source.shape.channels; ++c) {
        const Lanes* gradient = source.row(y, c);
        Lanes* sum = target.row(y, c);
        for (int x = 0; x < source.shape.width; ++x) sum[x] = adds ? sum[x] + gradient[x] : gradient[x];
      }
  }

  // Decides what each boundary is; gradients of all images that are not needed at the same time share memory.
  void plan(int images, int threads) {
    schedule_ = Schedule(nodes_);
    for (int& at_once : schedule_.images_at_once) at_once *= threads;
    const size_t count = shapes_.size();
    boundaries_.assign(count, {});
    gradient_boundaries_.assign(count, {});
    scratch_.assign(count, {});
    std::vector<int> borders(count), gradient_borders(count);
    for (size_t n = 0; n < nodes_.size(); ++n) {
      borders[at(nodes_[n].in)] = std::max(borders[at(nodes_[n].in)], nodes_[n].layer->input_border());
      int& border = gradient_borders[at(schedule_.gradient_owner[n + 1])];
      border = std::max(border, nodes_[n].layer->gradient_border());
      const size_t value = at(nodes_[n].in);
      const Layer& layer = *nodes_[n].layer;
      const bool adds = !nodes_[n].join && schedule_.wants_gradient[value] && schedule_.adds(static_cast<int>(n), nodes_[n].in);
      if (adds && !layer.can_add()) scratch_[value] = Boundary(shapes_[value], 0, images, false, schedule_.images_at_once[value]);
    }
    std::vector<std::vector<int>> owners(schedule_.backward.size() + 1);
    std::vector<int> at_once(count, 1);  // of the gradients that share a memory
    for (size_t value = 0; value < count; ++value) {
      int& most = at_once[at(schedule_.gradient_owner[value])];
      most = std::max(most, schedule_.images_at_once[value]);
    }
    for (size_t value = 0; value < count; ++value) {
      boundaries_[value] = Boundary(shapes_[value], borders[value], images, schedule_.kept[value], schedule_.images_at_once[value]);
      if (!schedule_.wants_gradient[value]) continue;
      const size_t owner = at(schedule_.gradient_owner[value]);
      gradient_boundaries_[value] =
          Boundary(shapes_[value], gradient_borders[owner], images, schedule_.gradient_kept[owner], at_once[owner]);
      if (owner == value) owners[at(schedule_.first_sweep[value])].push_back(static_cast<int>(value));
    }
    assign_arenas(owners);
  }

  // `owners` lists the gradients by the sweep that writes them first.
  void assign_arenas(const std::vector<std::vector<int>>& owners) {
    arenas_of_.assign(shapes_.size(), 0);
    arena_sizes_.clear();
    std::vector<int> free_from;  // of each arena, the sweep from which it is free
    for (size_t sweep = 0; sweep < owners.size(); ++sweep)
      for (int value : owners[sweep]) {
        const Boundary& boundary = gradients(value);
        // What has a frame keeps its own memory, because the frame stays zero; so does what is of one image and hot.
        const bool shares = boundary.border() == 0 && schedule_.gradient_kept[at(value)];
        size_t arena = 0;
        while (arena < free_from.size() && (!shares || free_from[arena] > static_cast<int>(sweep))) ++arena;
        if (arena == free_from.size()) {
          free_from.push_back(0);
          arena_sizes_.push_back(0);
        }
        free_from[arena] = shares ? schedule_.last_sweep[at(value)] + 1 : static_cast<int>(owners.size()) + 1;
        arena_sizes_[arena] = std::max(arena_sizes_[arena], boundary.size());
        arenas_of_[at(value)] = arena;
      }
  }

  void place() {
    memory_.clear();
    for (auto* boundaries : {&boundaries_, &scratch_})
      for (Boundary& boundary : *boundaries) {
        if (boundary.size() == 0) continue;
        memory_.emplace_back(boundary.size());
        boundary.place(memory_.back().get());
      }
    const size_t first = memory_.size();
    for (size_t size : arena_sizes_) memory_.emplace_back(size);
    for (size_t value = 0; value < shapes_.size(); ++value)
      if (schedule_.wants_gradient[value])
        gradient_boundaries_[value].place(memory_[first + arenas_of_[at(schedule_.gradient_owner[value])]].get());
  }

  std::vector<Shape> shapes_;  // of each value
  std::vector<Node> nodes_;
  std::vector<Block> blocks_;
  int current_ = 0, joined_ = kNone;
  Schedule schedule_;
  std::vector<Boundary> boundaries_, gradient_boundaries_, scratch_;  // of each value
  std::vector<size_t> arenas_of_, arena_sizes_;
  std::vector<Storage> memory_;
  Storage values_, gradients_, statistics_, averages_, averaged_statistics_;
  Moments moments_;
  Lanes squares_[kSums];  // of gradients that are clipped
};

}  // namespace ceteris
