// In which order the layers of a network meet the images of a group, and which values are kept on the way.
//
// A sweep takes one image at a time through as many layers as it can, while the values are hot in the cache. What needs
// all images ends it: a layer that takes many at once, or one that measures them. Values that are cheap to compute are not
// kept but computed again in each sweep that reads them, on the way back too.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include "join.hpp"
#include "layer.hpp"

namespace ceteris {

// A layer and the values that it reads: value 0 is the image, value i + 1 what node i makes.
struct Node {
  std::unique_ptr<Layer> layer;
  int in;
  int second = -1;             // of a join, what is added
  const Join* join = nullptr;  // the layer, if it is one
};

enum class Act { forward, gather, backward, collect };

struct Sweep {
  struct Measured {
    int node;
    bool gathered;  // in the sweep that made its values, while they were hot
  };
  struct Operation {
    Act act;
    int node;
  };
  bool many;                       // one layer that takes all images at once
  int images = 1;                  // that pass at a time, those layers by themselves that do not want several
  std::vector<Measured> measured;  // before the first image
  std::vector<Operation> operations;

  bool has(Act act, int node) const { return find(act, node) < operations.size(); }
  size_t find(Act act, int node) const {
    size_t i = 0;
    while (i < operations.size() && (operations[i].act != act || operations[i].node != node)) ++i;
    return i;
  }
  void insert_after(size_t place, Operation operation) {
    operations.insert(operations.begin() + static_cast<ptrdiff_t>(std::min(place + 1, operations.size())), operation);
  }
};

class Schedule {
 public:
  Schedule() = default;
  explicit Schedule(const std::vector<Node>& nodes)
      : kept(nodes.size() + 1),
        gradient_kept(nodes.size() + 1),
        wants_gradient(nodes.size() + 1),
        gradient_owner(nodes.size() + 1),
        first_sweep(nodes.size() + 1),
        last_sweep(nodes.size() + 1),
        images_at_once(nodes.size() + 1, 1),
        nodes_(&nodes),
        consumers_(nodes.size() + 1),
        is_stored_(nodes.size() + 1),
        made_in_(nodes.size() + 1, -1) {
    for (int n = 0; n < count(); ++n)
      for (int value : inputs(n)) consumers_[at(value)].push_back(n);
    for (int n = 0; n < count(); ++n) {
      const auto wants = [&](int value) { return wants_gradient[at(value)]; };
      const auto read = inputs(n);
      wants_gradient[at(n + 1)] = layer(n).parameter_count() > 0 || std::any_of(read.begin(), read.end(), wants);
    }
    choose_stored();
    plan_forward();
    plan_backward();
    share_gradients();
    for (Sweep& sweep : forward) choose_images(sweep);
    for (Sweep& sweep : backward) choose_images(sweep);
    nodes_ = nullptr;
  }

  std::vector<Sweep> forward, backward;
  std::vector<bool> kept, gradient_kept;  // of each value: whether of all images of a group
  std::vector<bool> wants_gradient;
  std::vector<int> gradient_owner;  // the value whose gradient's memory it has
  // The sweeps on the way back in which the gradient of a value is used; of an owner, of all that share it.
  std::vector<int> first_sweep, last_sweep;
  std::vector<int> images_at_once;  // of each value: of how many images a thread needs it and its gradient in a sweep

  // Whether the gradient that a node makes for a value is added to what others have made.
  bool adds(int node, int value) const { return consumers_[at(value)].back() != node; }

 private:
  static size_t at(int value) { return static_cast<size_t>(value); }
  int count() const { return static_cast<int>(nodes_->size()); }
  const Node& node(int n) const { return (*nodes_)[at(n)]; }
  const Layer& layer(int n) const { return *node(n).layer; }
  std::vector<int> inputs(int n) const {
    return node(n).second < 0 ? std::vector<int>{node(n).in} : std::vector<int>{node(n).in, node(n).second};
  }

  void choose_images(Sweep& sweep) {
    for (const Sweep::Operation& one : sweep.operations) sweep.images = std::max(sweep.images, layer(one.node).images_at_once());
    const auto note = [&](int value) { images_at_once[at(value)] = std::max(images_at_once[at(value)], sweep.images); };
    for (const Sweep::Operation& one : sweep.operations) {
      for (int value : inputs(one.node)) note(value);
      note(one.node + 1);
    }
  }

  void choose_stored() {
    is_stored_[0] = true;
    for (int n = 0; n < count(); ++n) {
      const auto wants_it = [&](int c) { return layer(c).takes_many_images() || layer(c).measures(); };
      const auto& readers = consumers_[at(n + 1)];
      is_stored_[at(n + 1)] = !layer(n).is_cheap() || n + 1 == count() || std::any_of(readers.begin(), readers.end(), wants_it);
    }
  }

  // The cheap layers to run for a value, in order.
  void pull(int value, std::vector<int>& needed) const {
    if (is_stored_[at(value)] || std::count(needed.begin(), needed.end(), value - 1)) return;
    pull(node(value - 1).in, needed);
    needed.push_back(value - 1);
  }

  // Notes that a sweep reads a value, if it is stored, which another sweep may have made.
  void read(int value, int sweep) {
    if (is_stored_[at(value)] && made_in_[at(value)] != sweep) kept[at(value)] = true;
  }

  void plan_forward() {
    forward.push_back({false, 1, {}, {}});
    made_in_[0] = 0;
    std::vector<bool> is_measured(at(count()));
    for (int n = 0; n < count(); ++n) {
      if (!is_stored_[at(n + 1)]) continue;
      std::vector<int> needed;
      for (int value : inputs(n)) pull(value, needed);
      needed.push_back(n);
      const bool many = layer(n).takes_many_images();
      bool is_new = many || forward.back().many;
      std::vector<int> measured;
      for (int m : needed) {
        if (!layer(m).measures() || is_measured[at(m)]) continue;
        is_measured[at(m)] = true;
        measured.push_back(m);
        is_new = is_new || made_in_[at(node(m).in)] + 1 == static_cast<int>(forward.size());
      }
      if (is_new) forward.push_back({many, 1, {}, {}});
      const int current = static_cast<int>(forward.size()) - 1;
      for (int m : measured) {
        const int value = node(m).in;
        Sweep& maker = forward[at(made_in_[at(value)])];
        forward.back().measured.push_back({m, !maker.many});
        kept[at(value)] = true;
        if (maker.many) continue;
        if (value == 0)
          maker.operations.insert(maker.operations.begin(), {Act::gather, m});
        else
          maker.insert_after(maker.find(Act::forward, value - 1), {Act::gather, m});
      }
      for (int m : needed) {
        if (forward.back().has(Act::forward, m)) continue;
        for (int value : inputs(m)) read(value, current);
        forward.back().operations.push_back({Act::forward, m});
      }
      made_in_[at(n + 1)] = current;
      if (many) kept[at(n + 1)] = kept[at(node(n).in)] = true;
    }
    kept.back() = true;
  }

  void plan_backward() {
    constexpr int kNever = -1;
    const std::vector<int> made_in(made_in_.size(), kNever);  // no sweep on the way back makes a value that is stored
    made_in_ = made_in;
    std::vector<int> written(at(count() + 1), kNever);
    std::fill(first_sweep.begin(), first_sweep.end(), kNever);
    for (int n = count() - 1; n >= 0; --n) {
      if (!wants_gradient[at(n + 1)]) continue;
      const bool many = layer(n).takes_many_images();
      const int w = written[at(n + 1)];
      bool is_new = backward.empty() || many || backward.back().many;
      is_new = is_new || (layer(n).measures() && w + 1 == static_cast<int>(backward.size()));
      if (is_new) backward.push_back({many, 1, {}, {}});
      const int current = static_cast<int>(backward.size()) - 1;
      if (layer(n).measures()) {
        const bool is_hot = w != kNever && !backward[at(w)].many;
        backward.back().measured.push_back({n, is_hot});
        if (is_hot)
          backward[at(w)].insert_after(backward[at(w)].find(Act::backward, consumers_[at(n + 1)].front()), {Act::collect, n});
      }
      std::vector<int> wanted, needed;
      if (layer(n).reads_input()) wanted.push_back(node(n).in);
      if (layer(n).reads_output()) wanted.push_back(n + 1);
      for (int value : wanted) {
        read(value, current);
        pull(value, needed);
      }
      for (int m : needed) {
        if (backward.back().has(Act::forward, m)) continue;
        read(node(m).in, current);
        backward.back().operations.push_back({Act::forward, m});
      }
      backward.back().operations.push_back({Act::backward, n});
      touch(n + 1, current, many);
      for (int value : inputs(n)) {
        written[at(value)] = current;
        touch(value, current, many);
      }
    }
    touch(count(), kNever, true);
  }

  // Notes that a sweep on the way back uses the gradient of a value.
  void touch(int value, int sweep, bool many) {
    int &first = first_sweep[at(value)], &last = last_sweep[at(value)];
    if (first < 0) first = sweep;
    if (many || first != sweep) gradient_kept[at(value)] = true;
    last = std::max(last, sweep);
  }

  // Lets the gradients before a join have the memory of that after it where no layer needs them apart.
  void share_gradients() {
    for (size_t value = 0; value < gradient_owner.size(); ++value) gradient_owner[value] = static_cast<int>(value);
    for (int n = count() - 1; n >= 0; --n) {
      if (!node(n).join || !wants_gradient[at(n + 1)]) continue;
      for (int value : inputs(n)) {
        if (!wants_gradient[at(value)]) continue;
        const auto& readers = consumers_[at(value)];
        const Layer& maker = layer(value - 1);
        // The end of a branch; or what both branches began with, whose gradient the other one completes at its very end.
        const bool ends = readers.size() == 1 && !maker.changes_gradient() && !maker.takes_many_images();
        // A branch of one layer would read the gradient that it writes.
        const bool begins = value == node(n).second && readers.size() == 2 && readers.back() == n && readers.front() == value &&
                            node(n).in != value + 1;
        if (ends || begins) unite(value, n + 1);
      }
    }
  }

  void unite(int value, int with) {
    const int from = gradient_owner[at(value)], owner = gradient_owner[at(with)];
    if (from == owner) return;
    gradient_kept[at(owner)] = gradient_kept[at(owner)] || gradient_kept[at(from)] ||
                               first_sweep[at(owner)] != first_sweep[at(from)] || last_sweep[at(owner)] != last_sweep[at(from)];
    first_sweep[at(owner)] = std::min(first_sweep[at(owner)], first_sweep[at(from)]);
    last_sweep[at(owner)] = std::max(last_sweep[at(owner)], last_sweep[at(from)]);
    for (int& one : gradient_owner)
      if (one == from) one = owner;
  }

  const std::vector<Node>* nodes_ = nullptr;
  std::vector<std::vector<int>> consumers_;
  std::vector<bool> is_stored_;
  std::vector<int> made_in_;
};

}  // namespace ceteris
