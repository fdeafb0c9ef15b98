// Activations and their slopes, PyTorch's definitions. The slope of one that rises everywhere follows from what it gave,
// which is kept anyway; GELU, SiLU and hard swish fall and rise, and theirs is computed from what went in.
#pragma once

#include <type_traits>

#include "functions.hpp"

namespace ceteris {

enum class Activation { none, relu, leaky_relu, elu, sigmoid, tanh, softplus, gelu, silu, hard_swish };

constexpr bool follows_from_output(Activation kind) { return kind < Activation::gelu; }

// An activation with its setting: the slope of leaky ReLU below zero, each run's own.
struct Bend {
  Activation kind = Activation::none;
  Lanes slope{};
};

template <Activation kind>
inline Lanes activate(Lanes sum, Lanes slope) {
  const Lanes one = broadcast(1.0f);
  if constexpr (kind == Activation::relu) return at_least(Lanes{}, sum);
  if constexpr (kind == Activation::leaky_relu) return select(sum > 0.0f, sum, sum * slope);
  if constexpr (kind == Activation::elu) return select(sum > 0.0f, sum, exponential_less_one(sum));
  if constexpr (kind == Activation::sigmoid) return sigmoid(sum);
  if constexpr (kind == Activation::tanh) return hyperbolic_tangent(sum);
  if constexpr (kind == Activation::softplus)
    return at_least(Lanes{}, sum) + logarithm_of_one_and(exponential(select(sum > 0.0f, -sum, sum)));
  if constexpr (kind == Activation::gelu) return sum * 0.5f * (one + error_function(sum * kRootOfHalf));
  if constexpr (kind == Activation::silu) return sum * sigmoid(sum);
  if constexpr (kind == Activation::hard_swish)
    return select(sum < -3.0f, Lanes{}, select(sum > 3.0f, sum, sum * (sum + 3.0f) / 6.0f));
  return sum;
}

// The gradient of what went in; `known` is what came out, or what went in where the slope follows from that alone.
template <Activation kind>
inline Lanes times_slope(Lanes gradient, Lanes known, Lanes slope) {
  const Lanes one = broadcast(1.0f);
  if constexpr (kind == Activation::relu) return select(known > 0.0f, gradient, Lanes{});
  if constexpr (kind == Activation::leaky_relu) return select(known > 0.0f, gradient, gradient * slope);
  if constexpr (kind == Activation::elu) return select(known > 0.0f, gradient, gradient * (known + one));
  if constexpr (kind == Activation::sigmoid) return gradient * (known * (one - known));
  if constexpr (kind == Activation::tanh) return gradient * multiply_add(-known, known, one);
  if constexpr (kind == Activation::softplus) return -gradient * exponential_less_one(-known);
  if constexpr (kind == Activation::gelu) {
    const Lanes share = multiply_add(error_function(known * kRootOfHalf), broadcast(0.5f), broadcast(0.5f));
    return gradient * multiply_add(known * kNormalPeak, exponential(known * known * -0.5f), share);
  }
  if constexpr (kind == Activation::silu) {
    const Lanes share = sigmoid(known);
    return gradient * (share * multiply_add(known, one - share, one));
  }
  if constexpr (kind == Activation::hard_swish)
    return select(known < -3.0f, Lanes{}, select(known > 3.0f, gradient, gradient * (known / 3.0f + 0.5f)));
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
    case Activation::elu:
      return body(std::integral_constant<Activation, Activation::elu>{});
    case Activation::sigmoid:
      return body(std::integral_constant<Activation, Activation::sigmoid>{});
    case Activation::tanh:
      return body(std::integral_constant<Activation, Activation::tanh>{});
    case Activation::softplus:
      return body(std::integral_constant<Activation, Activation::softplus>{});
    case Activation::gelu:
      return body(std::integral_constant<Activation, Activation::gelu>{});
    case Activation::silu:
      return body(std::integral_constant<Activation, Activation::silu>{});
    case Activation::hard_swish:
      return body(std::integral_constant<Activation, Activation::hard_swish>{});
  }
}

// The same for those that are worth a copy of a large kernel each; the others are applied to what it wrote.
template <typename Body>
inline void with_tiled_activation(Activation kind, Body body) {
  switch (kind) {
    case Activation::relu:
      return body(std::integral_constant<Activation, Activation::relu>{});
    case Activation::leaky_relu:
      return body(std::integral_constant<Activation, Activation::leaky_relu>{});
    default:
      return body(std::integral_constant<Activation, Activation::none>{});
  }
}

constexpr bool is_tiled(Activation kind) { return kind <= Activation::leaky_relu; }

}  // namespace ceteris
