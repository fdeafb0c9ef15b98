// exp, log, tanh, erf and what is made of them, our own: the same bits on every machine, which no mathematics library
// promises.
//
// Ranges are reduced as in Cody and Waite (1980); the polynomials are minimax fits. Errors over the stated ranges are
// checked in the tests against scipy's float64: 2 units in the last place, 4 for what is made of several functions.
#pragma once

#include "vector.hpp"

namespace ceteris {

namespace detail {

// e to the power r less 1, |r| <= ln 2 / 2.
inline Lanes exponential_near_zero(Lanes r) {
  Lanes p = broadcast(1.9875691500e-4f);
  p = multiply_add(p, r, broadcast(1.3981999507e-3f));
  p = multiply_add(p, r, broadcast(8.3334519073e-3f));
  p = multiply_add(p, r, broadcast(4.1665795894e-2f));
  p = multiply_add(p, r, broadcast(1.6666665459e-1f));
  p = multiply_add(p, r, broadcast(5.0000001201e-1f));
  return multiply_add(p, r * r, r);
}

}  // namespace detail

// e to the power x; 0 below -87.3, infinity above 88.7, not-a-number for not-a-number.
inline Lanes exponential(Lanes x) {
  const Lanes low = broadcast(-87.33654f), high = broadcast(88.72283f);
  const Integers under = x<low, over = x> high, unordered = x != x;
  const Lanes input = x;
  x = select(under | over | unordered, Lanes{}, x);
  // x = n ln 2 + r with n whole and |r| <= ln 2 / 2; adding 1.5 * 2^23 rounds to a whole number.
  const Lanes round = broadcast(12582912.0f);
  const Lanes n = multiply_add(x, broadcast(1.44269504f), round) - round;
  Lanes r = multiply_add(n, broadcast(-0.693359375f), x);
  r = multiply_add(n, broadcast(2.12194440e-4f), r);
  const Lanes p = detail::exponential_near_zero(r) + broadcast(1.0f);
  // 2^n in two factors, because n may be 128.
  const Integers whole = __builtin_convertvector(n, Integers);
  const Integers half = whole >> 1;
  const Lanes first = as_lanes((half + 127) << 23), second = as_lanes((whole - half + 127) << 23);
  Lanes result = p * first * second;
  result = select(under, Lanes{}, result);
  result = select(over, broadcast(INFINITY), result);
  return select(unordered, input, result);
}

// e to the power x, less 1, precise near zero too.
inline Lanes exponential_less_one(Lanes x) {
  const Lanes size = as_lanes(as_integers(x) & 0x7FFFFFFF);
  return select(size < broadcast(0.34f), detail::exponential_near_zero(x), exponential(x) - broadcast(1.0f));
}

// Natural logarithm of a normal number x >= 1.2e-38; infinity and not-a-number stay what they are.
inline Lanes logarithm(Lanes x) {
  const Integers special = ~(x < broadcast(INFINITY));
  const Integers bits = as_integers(x);
  // x = m 2^e with m in [sqrt(1/2), sqrt(2)).
  Integers exponent = ((bits >> 23) & 0xFF) - 126;
  Lanes m = as_lanes((bits & 0x007FFFFF) | 0x3F000000);
  const Integers small = m < broadcast(0.70710678f);
  exponent = exponent + small;
  m = select(small, m + m, m) - broadcast(1.0f);
  const Lanes e = to_lanes(exponent), square = m * m;
  Lanes p = broadcast(7.0376836292e-2f);
  p = multiply_add(p, m, broadcast(-1.1514610310e-1f));
  p = multiply_add(p, m, broadcast(1.1676998740e-1f));
  p = multiply_add(p, m, broadcast(-1.2420140846e-1f));
  p = multiply_add(p, m, broadcast(1.4249322787e-1f));
  p = multiply_add(p, m, broadcast(-1.6668057665e-1f));
  p = multiply_add(p, m, broadcast(2.0000714765e-1f));
  p = multiply_add(p, m, broadcast(-2.4999993993e-1f));
  p = multiply_add(p, m, broadcast(3.3333331174e-1f));
  p = p * m * square;
  p = multiply_add(e, broadcast(-2.12194440e-4f), p);
  p = multiply_add(square, broadcast(-0.5f), p);
  const Lanes result = multiply_add(e, broadcast(0.693359375f), m + p);
  return select(special, x, result);
}

// Hyperbolic tangent; an odd polynomial near zero keeps its relative precision there.
inline Lanes hyperbolic_tangent(Lanes x) {
  const Lanes size = as_lanes(as_integers(x) & 0x7FFFFFFF);
  const Integers sign = as_integers(x) & static_cast<int32_t>(0x80000000);
  const Lanes bounded = select(size > broadcast(10.0f), broadcast(10.0f), size);
  const Lanes far = broadcast(1.0f) - broadcast(2.0f) / (exponential(bounded + bounded) + broadcast(1.0f));
  const Lanes square = x * x;
  Lanes p = broadcast(-5.70498872745e-3f);
  p = multiply_add(p, square, broadcast(2.06390887954e-2f));
  p = multiply_add(p, square, broadcast(-5.37397155531e-2f));
  p = multiply_add(p, square, broadcast(1.33314422036e-1f));
  p = multiply_add(p, square, broadcast(-3.33332819422e-1f));
  const Lanes near = multiply_add(p * square, x, x);
  return select(size < broadcast(0.625f), near, as_lanes(as_integers(far) | sign));
}

// Natural logarithm of 1 + x for x in [0, 1]; what 1 + x rounds away is put back in proportion.
inline Lanes logarithm_of_one_and(Lanes x) {
  const Lanes one = broadcast(1.0f), sum = one + x;
  return select(sum == one, x, logarithm(sum) * (x / (sum - one)));
}

// The logistic function, 1 / (1 + e^-x).
inline Lanes sigmoid(Lanes x) { return broadcast(1.0f) / (broadcast(1.0f) + exponential(-x)); }

constexpr float kRootOfHalf = 0.70710678f;   // 1 / sqrt(2)
constexpr float kNormalPeak = 0.398942280f;  // 1 / sqrt(2 pi), the density of the normal distribution at 0

// The error function; beyond 3.95 it is 1 in float. Away from zero 1 - e^q(|x|), where q fits the logarithm of what is left.
inline Lanes error_function(Lanes x) {
  const Lanes size = as_lanes(as_integers(x) & 0x7FFFFFFF);
  const Integers sign = as_integers(x) & static_cast<int32_t>(0x80000000);
  const Lanes t = select(size > broadcast(3.95f), broadcast(3.95f), size);
  Lanes q = broadcast(1.9536019e-4f);
  q = multiply_add(q, t, broadcast(-3.0375514e-3f));
  q = multiply_add(q, t, broadcast(2.2204312e-2f));
  q = multiply_add(q, t, broadcast(-1.0388465e-1f));
  q = multiply_add(q, t, broadcast(-6.3723582e-1f));
  q = multiply_add(q, t, broadcast(-1.1276438e0f));
  q = multiply_add(q, t, broadcast(-2.0339483e-4f));
  const Lanes far = broadcast(1.0f) - exponential(q);
  const Lanes square = x * x;
  Lanes p = broadcast(8.3169211e-5f);
  p = multiply_add(p, square, broadcast(-8.1300543e-4f));
  p = multiply_add(p, square, broadcast(5.1999111e-3f));
  p = multiply_add(p, square, broadcast(-2.6858944e-2f));
  p = multiply_add(p, square, broadcast(1.1283688e-1f));
  p = multiply_add(p, square, broadcast(-3.7612632e-1f));
  p = multiply_add(p, square, broadcast(1.2837917e-1f));
  const Lanes near = multiply_add(p, x, x);
  return select(size < broadcast(0.93f), near, as_lanes(as_integers(far) | sign));
}

}  // namespace ceteris
