// What is done around a step of an optimizer, with the settings of each lane's run, where 0 leaves a lane exactly as it is.
#pragma once

#include <algorithm>

#include "crew.hpp"
#include "map.hpp"

namespace ceteris {

constexpr size_t kSums = 8;

// Scales the gradients of each lane down to a norm of at most `limit`, with PyTorch's 1e-6 (clip_grad_norm_). The squares
// are added in eight sums of every eighth one, in the order of the weights, each by one thread; all see them in `shared`.
// Pascanu, Mikolov and Bengio 2013, https://proceedings.mlr.press/v28/pascanu13.html.
inline void clip(Storage& gradients, Lanes limit, const Thread& thread, Lanes (&shared)[kSums]) {
  const Span own = thread.share(kSums), span = thread.share(gradients.size());
  Lanes* values = gradients.get();
  for (size_t k = own.first; k < own.last; ++k) shared[k] = Lanes{};
  for (size_t i = 0; i < gradients.size(); i += kSums)
    for (size_t k = own.first; k < own.last && i + k < gradients.size(); ++k)
      shared[k] = multiply_add(values[i + k], values[i + k], shared[k]);
  thread.meet();
  Lanes sums[kSums];
  std::copy_n(shared, kSums, sums);
  for (size_t apart = kSums / 2; apart > 0; apart /= 2)
    for (size_t k = 0; k < apart; ++k) sums[k] += sums[k + apart];
  const Lanes one = broadcast(1.0f), share = limit / (square_root(sums[0]) + broadcast(1e-6f));
  // A norm that is not a number stays so.
  const Lanes factor = select(limit > Lanes{}, select(share > one, one, share), one);
  for (size_t i = span.first; i < span.last; ++i) values[i] *= factor;
}

// Moves an average of values towards them by `rest`, the share that does not stay; `begins` copies them, which is also what
// lanes without an average do. Polyak and Juditsky 1992, doi:10.1137/0330046, with PyTorch's AveragedModel for definition.
inline void follow(Storage& average, const Storage& values, Lanes rest, Integers copies, Span span) {
  for (size_t i = span.first; i < span.last; ++i) {
    const Lanes value = values.get()[i], before = average.get()[i];
    average.get()[i] = select(copies, value, multiply_add(rest, value - before, before));
  }
}

}  // namespace ceteris
