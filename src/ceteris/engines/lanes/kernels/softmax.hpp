// Softmax and categorical cross-entropy: class probabilities, the loss, and the gradient of its mean by the logits.
#pragma once

#include "functions.hpp"

namespace ceteris {

struct Score {
  Lanes loss;        // cross-entropy of one image, in nats
  Integers correct;  // 1 where the first largest logit is the label's
};

// Replaces `classes` logits by probabilities. Not-a-number among them makes all of them, and the loss, not-a-number.
inline Score softmax(Lanes* logits, int classes, Integers label) {
  Lanes largest = logits[0];
  Integers winner{};
  for (int k = 1; k < classes; ++k) {
    const Integers wins = logits[k] > largest;
    largest = select(wins, logits[k], largest);
    winner = select(wins, broadcast(k), winner);
  }
  Lanes sum{}, own{};
  for (int k = 0; k < classes; ++k) {
    const Lanes shifted = logits[k] - largest;
    own = select(label == broadcast(k), shifted, own);
    logits[k] = exponential(shifted);
    sum += logits[k];
  }
  for (int k = 0; k < classes; ++k) logits[k] = logits[k] / sum;
  const Lanes loss = logarithm(sum) - own;
  const Integers finite = loss == loss;
  return {loss, select(finite, (winner == label) & 1, Integers{})};
}

// The mean of the class probabilities of an image and of another look at it, both from `softmax`, left in `probabilities` in
// the lanes that are asked for; the others keep what they have.
inline Score mean_of_looks(Lanes* probabilities, const Score& own, const Lanes* others, const Score& other, int classes,
                           Integers label, Integers asked) {
  Lanes largest{};
  Integers winner{};
  for (int k = 0; k < classes; ++k) {
    const Lanes mean = (probabilities[k] + others[k]) * broadcast(0.5f);
    const Integers wins = mean > largest;
    largest = select(wins, mean, largest);
    winner = select(wins, broadcast(k), winner);
    probabilities[k] = select(asked, mean, probabilities[k]);
  }
  // By way of the losses, because a probability may be too small for a float.
  const Integers is_less = own.loss < other.loss;
  const Lanes least = select(is_less, own.loss, other.loss), most = select(is_less, other.loss, own.loss);
  const Lanes loss = least - logarithm((broadcast(1.0f) + exponential(least - most)) * broadcast(0.5f));
  const Integers finite = loss == loss;
  const Integers correct = select(finite, (winner == label) & 1, Integers{});
  return {select(asked, loss, own.loss), select(asked, correct, own.correct)};
}

// The share of the right class and of each class in what probabilities are compared with: PyTorch's label smoothing, of
// Szegedy et al. 2016, arXiv:1512.00567.
struct Targets {
  Lanes right, other;
};

// Turns probabilities into the gradient of the mean loss of a minibatch of `images`.
inline void cross_entropy_gradient(Lanes* probabilities, int classes, Integers label, int images, const Targets& targets) {
  const Lanes share = broadcast(1.0f / static_cast<float>(images));
  for (int k = 0; k < classes; ++k) {
    const Lanes target = select(label == broadcast(k), targets.right, targets.other);
    probabilities[k] = (probabilities[k] - target) * share;
  }
}

}  // namespace ceteris
