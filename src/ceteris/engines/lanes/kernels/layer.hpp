// What every layer is: a forward pass, a backward pass, and what it must find again on the way back.
#pragma once

#include <cstdint>
#include <vector>

#include "crew.hpp"
#include "map.hpp"

namespace ceteris {

// A group of images on its way through the network: a minibatch, or a part of one.
struct Step {
  int images;         // how many images it has
  uint32_t position;  // place of its first image in the epoch's order
  uint32_t epoch;     // epochs done before this one
  bool training;      // dropout and batch statistics on
  Thread thread;      // which of those that train the packed batch this is
};

// The images of a group that a pass is about: all of them, or one.
struct Images {
  int first, last;

  // Those of them that a thread has.
  Images of(const Thread& thread) const {
    const Span span = thread.share(static_cast<size_t>(last - first));
    return {first + static_cast<int>(span.first), first + static_cast<int>(span.last)};
  }
};

// Trainable parameters of a layer, and the gradient of the loss by each.
struct Parameters {
  Lanes *values = nullptr, *gradients = nullptr;
  size_t count = 0;
};

class Layer {
 public:
  Layer(Shape input, Shape output) : input_(input), output_(output) {}
  virtual ~Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  Shape input() const { return input_; }
  Shape output() const { return output_; }

  // Whether the layer takes all images of a group in one call, in which all threads do their shares.
  virtual bool takes_many_images() const { return false; }
  // Whether all threads do its backward pass together, on the images of all of them, because it has sums over images.
  virtual bool goes_back_together() const { return false; }
  // Whether it needs sums over the whole minibatch, which then is one group: over what comes in before the forward pass of
  // any image, over the gradient of what goes out before the backward pass of any.
  virtual bool measures() const { return false; }
  // How many images, a power of two, it wants in one call, as far as available; other layers of its sweep take one by one.
  virtual int images_at_once() const { return 1; }
  // Whether its output is sooner computed again than kept; it must draw nothing and keep nothing of an image.
  virtual bool is_cheap() const { return false; }
  // Whether the backward pass changes the gradient of the output in place.
  virtual bool changes_gradient() const { return false; }
  // Whether the backward pass adds the gradient of the input to what is there, where that is asked for (`Boundary::adds`).
  virtual bool can_add() const { return false; }
  // Whether the backward pass reads what came in, and what went out.
  virtual bool reads_input() const { return false; }
  virtual bool reads_output() const { return false; }
  // Zeros that the forward pass wants around its input, and the backward pass around the gradient of its output.
  virtual int input_border() const { return 0; }
  virtual int gradient_border() const { return 0; }

  virtual size_t parameter_count() const { return 0; }
  virtual size_t statistics_count() const { return 0; }
  virtual void bind(Parameters, Lanes* /*statistics*/) {}
  // Makes room for what the backward pass needs besides the boundaries, and for what each of so many threads needs.
  virtual void reserve(int /*images*/, int /*threads*/, bool /*wants_input_gradient*/) {}
  // Bytes of that, for one thread.
  virtual size_t reserved(int /*images*/) const { return 0; }
  // Called once by each thread before each minibatch, after the weights have changed.
  virtual void begin(const Step&) {}
  // Called once by each thread after the backward pass of each minibatch, before the gradients are used.
  virtual void end(const Thread&) {}

  // Of a layer that measures: notes what it needs of some images, then draws its conclusions from all of them, each thread for
  // its share of the channels; the same for the gradient of what goes out.
  virtual void gather(Images, const Boundary& /*in*/) {}
  virtual void measure(const Thread&, Images, const Boundary& /*in*/) {}
  virtual void collect(Images, const Boundary& /*in*/, const Boundary& /*out_gradient*/) {}
  virtual void settle(const Thread&, Images) {}

  virtual void forward(const Step&, Images, const Boundary& in, const Boundary& out) = 0;
  // Adds to the gradients of the trainable parameters; writes the gradient of the input if that boundary exists.
  virtual void backward(const Step&, Images, const Boundary& in, const Boundary& out, const Boundary& out_gradient,
                        const Boundary& in_gradient) = 0;

 protected:
  Shape input_, output_;
};

}  // namespace ceteris
