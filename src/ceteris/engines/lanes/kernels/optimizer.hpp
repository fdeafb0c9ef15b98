// The optimizers that there are kernels for, under the names that a study gives them, with PyTorch's definitions. A new one
// is a function and an entry in `optimizers`; whatever is not listed there is refused.
#pragma once

#include <array>
#include <cmath>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "crew.hpp"
#include "map.hpp"

namespace ceteris {

using OptimizerSettings = std::map<std::string, double>;

// What an optimizer remembers of a network; `steps` counts the updates so far, with the one that is being made.
struct Moments {
  Storage first, second;
  int64_t steps = 0;
};

// The settings of the run in each lane.
class RunSettings {
 public:
  using Numbers = std::array<double, kWidth>;

  RunSettings() = default;
  explicit RunSettings(const std::vector<const OptimizerSettings*>& lanes) {
    for (const auto& [name, value] : *lanes.front())
      for (size_t lane = 0; lane < lanes.size(); ++lane) numbers_[name][lane] = lanes[lane]->at(name);
    rates_ = numbers_.at("learning_rate");
  }

  // Gives each lane the learning rate of a step: its own times a factor.
  void schedule(const Numbers& factors) {
    Numbers& rates = numbers_.at("learning_rate");
    for (size_t lane = 0; lane < rates.size(); ++lane) rates[lane] = rates_[lane] * factors[lane];
  }

  // Lanes of float from settings of each run: computed in double, rounded once.
  Lanes lanes(const char* name) const {
    return lanes([](double value) { return value; }, name);
  }
  template <typename Function, typename... Names>
  Lanes lanes(Function function, Names... names) const {
    return combined(function, numbers_.at(names)...);
  }

 private:
  template <typename Function, typename... Columns>
  static Lanes combined(Function function, const Columns&... columns) {
    Lanes lanes{};
    for (int lane = 0; lane < kWidth; ++lane) lanes[lane] = static_cast<float>(function(columns[static_cast<size_t>(lane)]...));
    return lanes;
  }

  std::map<std::string, Numbers> numbers_;
  Numbers rates_{};
};

// What an optimizer honours: settings by name, those of them that may differ from run to run, and its update of some of the
// values, for the step that has just been counted.
struct OptimizerKind {
  std::vector<std::string> settings;
  std::vector<std::string> per_run;
  void (*update)(const RunSettings&, Moments&, Span, Lanes* values, const Lanes* gradients);
};

namespace detail {

// base to a whole power by squaring: the same bits everywhere, which the library's pow does not promise.
inline double whole_power(double base, int64_t exponent) {
  double result = 1;
  for (; exponent > 0; exponent >>= 1, base *= base)
    if (exponent & 1) result *= base;
  return result;
}

inline double rest(double share) { return 1 - share; }

}  // namespace detail

namespace detail {

// Moves parameters as Adam does; `decayed` gives the gradient at a place after weight decay has acted on it or on the value.
template <typename Decayed>
void adam_step(const RunSettings& settings, Moments& moments, Span span, Lanes* values, Decayed decayed) {
  const int64_t step = moments.steps;
  const Lanes beta1 = settings.lanes("beta1"), beta2 = settings.lanes("beta2");
  const Lanes rest1 = settings.lanes(rest, "beta1"), rest2 = settings.lanes(rest, "beta2");
  const Lanes epsilon = settings.lanes("epsilon");
  const Lanes rate =
      settings.lanes([=](double rate, double beta1) { return rate / (1 - whole_power(beta1, step)); }, "learning_rate", "beta1");
  const Lanes root = settings.lanes([=](double beta2) { return 1 / std::sqrt(1 - whole_power(beta2, step)); }, "beta2");
  Lanes *first = moments.first.get(), *second = moments.second.get();
  for (size_t i = span.first; i < span.last; ++i) {
    const Lanes gradient = decayed(i);
    first[i] = multiply_add(beta1, first[i], rest1 * gradient);
    second[i] = multiply_add(beta2, second[i], rest2 * gradient * gradient);
    values[i] -= rate * first[i] / multiply_add(square_root(second[i]), root, epsilon);
  }
}

}  // namespace detail

// Kingma and Ba 2015, arXiv:1412.6980.
inline void adam(const RunSettings& settings, Moments& moments, Span span, Lanes* values, const Lanes* gradients) {
  const Lanes decay = settings.lanes("weight_decay");
  detail::adam_step(settings, moments, span, values, [&](size_t i) { return multiply_add(decay, values[i], gradients[i]); });
}

// Loshchilov and Hutter 2019, arXiv:1711.05101.
inline void adamw(const RunSettings& settings, Moments& moments, Span span, Lanes* values, const Lanes* gradients) {
  const Lanes kept = settings.lanes([](double rate, double decay) { return 1 - rate * decay; }, "learning_rate", "weight_decay");
  detail::adam_step(settings, moments, span, values, [&](size_t i) {
    values[i] *= kept;
    return gradients[i];
  });
}

// With Nesterov's momentum (Sutskever et al. 2013, https://proceedings.mlr.press/v28/sutskever13.html) where a lane has it.
inline void gradient_descent(const RunSettings& settings, Moments& moments, Span span, Lanes* values, const Lanes* gradients) {
  const bool first_step = moments.steps == 1;
  const Lanes rate = settings.lanes("learning_rate"), decay = settings.lanes("weight_decay");
  // PyTorch's velocity starts as the first gradient itself.
  const Lanes momentum = first_step ? Lanes{} : settings.lanes("momentum"), ahead = settings.lanes("momentum");
  const Integers looks_ahead = settings.lanes("nesterov") > Lanes{};
  Lanes* velocity = moments.first.get();
  for (size_t i = span.first; i < span.last; ++i) {
    const Lanes gradient = multiply_add(decay, values[i], gradients[i]);
    velocity[i] = multiply_add(momentum, velocity[i], gradient);
    values[i] -= rate * select(looks_ahead, multiply_add(ahead, velocity[i], gradient), velocity[i]);
  }
}

// Tieleman and Hinton 2012, lecture 6.5; not centred.
inline void rmsprop(const RunSettings& settings, Moments& moments, Span span, Lanes* values, const Lanes* gradients) {
  const Lanes rate = settings.lanes("learning_rate"), decay = settings.lanes("weight_decay");
  const Lanes alpha = settings.lanes("alpha"), rest = settings.lanes(detail::rest, "alpha");
  const Lanes momentum = settings.lanes("momentum"), epsilon = settings.lanes("epsilon");
  Lanes *velocity = moments.first.get(), *squares = moments.second.get();
  for (size_t i = span.first; i < span.last; ++i) {
    const Lanes gradient = multiply_add(decay, values[i], gradients[i]);
    squares[i] = multiply_add(alpha, squares[i], rest * gradient * gradient);
    velocity[i] = multiply_add(momentum, velocity[i], gradient / (square_root(squares[i]) + epsilon));
    values[i] -= rate * velocity[i];
  }
}

// Duchi, Hazan and Singer 2011, https://jmlr.org/papers/v12/duchi11a.html; without decay of the rate.
inline void adagrad(const RunSettings& settings, Moments& moments, Span span, Lanes* values, const Lanes* gradients) {
  const Lanes start = moments.steps == 1 ? settings.lanes("initial_accumulator") : Lanes{};
  const Lanes rate = settings.lanes("learning_rate"), decay = settings.lanes("weight_decay"), epsilon = settings.lanes("epsilon");
  Lanes* sums = moments.second.get();
  for (size_t i = span.first; i < span.last; ++i) {
    const Lanes gradient = multiply_add(decay, values[i], gradients[i]);
    sums[i] = multiply_add(gradient, gradient, sums[i] + start);
    values[i] -= rate * (gradient / (square_root(sums[i]) + epsilon));
  }
}

// Settings besides an optimizer's; each run has its own.
inline const std::vector<std::string> kOtherSettings{"label_smoothing", "clip_norm", "average_decay", "test_time_flip"};

inline const std::map<std::string, OptimizerKind>& optimizers() {
  static const std::vector<std::string> of_adam{"learning_rate", "weight_decay", "beta1", "beta2", "epsilon"};
  static const std::vector<std::string> of_sgd{"learning_rate", "weight_decay", "momentum", "nesterov"};
  static const std::vector<std::string> of_rmsprop{"learning_rate", "weight_decay", "alpha", "momentum", "epsilon"};
  static const std::vector<std::string> of_adagrad{"learning_rate", "weight_decay", "epsilon", "initial_accumulator"};
  static const std::map<std::string, OptimizerKind> table{
      {"adagrad", {of_adagrad, of_adagrad, adagrad}}, {"adam", {of_adam, of_adam, adam}},
      {"adamw", {of_adam, of_adam, adamw}},           {"rmsprop", {of_rmsprop, of_rmsprop, rmsprop}},
      {"sgd", {of_sgd, of_sgd, gradient_descent}},
  };
  return table;
}

}  // namespace ceteris
