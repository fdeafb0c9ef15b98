// Activations and their slopes; the slope is computed from what the activation gave, which is what is kept.
#pragma once

#include <type_traits>

#include "functions.hpp"

namespace ceteris {

enum class Activation { none, relu, leaky_relu, tanh };

constexpr float kLeak = 0.01f;

template <Activation kind>
inline Lanes activate(Lanes sum) {
  if constexpr (kind == Activation::relu) return at_least(Lanes{}, sum);
  if constexpr (kind == Activation::leaky_relu) return select(sum > 0.0f, sum, sum * kLeak);
  if constexpr (kind == Activation::tanh) return hyperbolic_tangent(sum);
  return sum;
}

template <Activation kind>
inline Lanes times_slope(Lanes gradient, Lanes output) {
  if constexpr (kind == Activation::relu) return select(output > 0.0f, gradient, Lanes{});
  if constexpr (kind == Activation::leaky_relu) return select(output > 0.0f, gradient, gradient * kLeak);
  if constexpr (kind == Activation::tanh) return gradient * multiply_add(-output, output, broadcast(1.0f));
  return gradient;
}

// Calls `body` with the activation as a compile-time constant.
template <typename Body>
inline void with_activation(Activation kind, Body body) {
  switch (kind) {
    case Activation::none:
      return body(std::integral_constant<Activation, Activation::none>{});
    case Activation::relu:
      return body(std::integral_constant<Activation, Activation::relu>{});
    case Activation::leaky_relu:
      return body(std::integral_constant<Activation, Activation::leaky_relu>{});
    case Activation::tanh:
      return body(std::integral_constant<Activation, Activation::tanh>{});
  }
}

}  // namespace ceteris
