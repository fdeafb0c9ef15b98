// Stochastic gradient descent and Adam (Kingma and Ba 2015) with PyTorch's definitions; every setting is per run.
#pragma once

#include <array>
#include <vector>

#include "map.hpp"

namespace ceteris {

// The settings of one run, as its study declares them.
struct Settings {
  double learning_rate, momentum, beta1, beta2, epsilon, weight_decay;
};

// What an optimiser remembers of a network; `steps` counts the updates so far.
struct Moments {
  Storage first, second;
  int64_t steps = 0;
};

namespace detail {

// Lanes of float from a double of each run: computed in double, rounded once.
template <typename Function>
Lanes per_run(const std::vector<Settings>& settings, Function function) {
  Lanes lanes{};
  for (int lane = 0; lane < kWidth; ++lane) lanes[lane] = static_cast<float>(function(settings[static_cast<size_t>(lane)]));
  return lanes;
}

// base to a whole power by squaring: the same bits everywhere, which the library's pow does not promise.
inline double whole_power(double base, int64_t exponent) {
  double result = 1;
  for (; exponent > 0; exponent >>= 1, base *= base)
    if (exponent & 1) result *= base;
  return result;
}

}  // namespace detail

inline void adam(const std::vector<Settings>& settings, Moments& moments, Lanes* values, const Lanes* gradients) {
  using detail::per_run;
  const int64_t step = ++moments.steps;
  const Lanes beta1 = per_run(settings, [](const Settings& s) { return s.beta1; });
  const Lanes beta2 = per_run(settings, [](const Settings& s) { return s.beta2; });
  const Lanes rest1 = per_run(settings, [](const Settings& s) { return 1 - s.beta1; });
  const Lanes rest2 = per_run(settings, [](const Settings& s) { return 1 - s.beta2; });
  const Lanes decay = per_run(settings, [](const Settings& s) { return s.weight_decay; });
  const Lanes epsilon = per_run(settings, [](const Settings& s) { return s.epsilon; });
  const Lanes rate =
      per_run(settings, [=](const Settings& s) { return s.learning_rate / (1 - detail::whole_power(s.beta1, step)); });
  const Lanes root = per_run(settings, [=](const Settings& s) { return 1 / std::sqrt(1 - detail::whole_power(s.beta2, step)); });
  Lanes *first = moments.first.get(), *second = moments.second.get();
  for (size_t i = 0; i < moments.first.size(); ++i) {
    const Lanes gradient = multiply_add(decay, values[i], gradients[i]);
    first[i] = multiply_add(beta1, first[i], rest1 * gradient);
    second[i] = multiply_add(beta2, second[i], rest2 * gradient * gradient);
    values[i] -= rate * first[i] / multiply_add(square_root(second[i]), root, epsilon);
  }
}

inline void gradient_descent(const std::vector<Settings>& settings, Moments& moments, Lanes* values, const Lanes* gradients) {
  using detail::per_run;
  const bool first_step = moments.steps++ == 0;
  const Lanes rate = per_run(settings, [](const Settings& s) { return s.learning_rate; });
  const Lanes decay = per_run(settings, [](const Settings& s) { return s.weight_decay; });
  // PyTorch's velocity starts as the first gradient itself.
  const Lanes momentum = first_step ? Lanes{} : per_run(settings, [](const Settings& s) { return s.momentum; });
  Lanes* velocity = moments.first.get();
  for (size_t i = 0; i < moments.first.size(); ++i) {
    const Lanes gradient = multiply_add(decay, values[i], gradients[i]);
    velocity[i] = multiply_add(momentum, velocity[i], gradient);
    values[i] -= rate * velocity[i];
  }
}

}  // namespace ceteris
