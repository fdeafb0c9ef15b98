// Minimal filtering with 3 taps along one side of a square (Winograd 1980; Lavin and Gray 2016, https://arxiv.org/abs/1509.09308):
// `Size` outputs are A'[(G g) * (B'd)], with d the `Size + 2` inputs that they see, g the taps, A' A transposed, and *
// multiplying place by place. A square of outputs takes the same along its rows and its columns: (Size + 2)^2 multiplications
// where sums over taps need 9 Size^2.
#pragma once

#include <array>

#include "vector.hpp"

namespace ceteris {

template <int Size>
struct Filter;

// The points 0, 1, -1 and infinity:
//
//        1  0 -1  0          1    0    0
//   B' = 0  1  1  0     G = 1/2  1/2  1/2     A' = 1  1  1  0
//        0 -1  1  0         1/2 -1/2  1/2          0  1 -1 -1
//        0  1  0 -1          0    0    1
template <>
struct Filter<2> {
  static constexpr int kSize = 2, kPlaces = 4;
  using Places = std::array<Lanes, kPlaces>;

  // Row `Row` of B'd.
  template <int Row, typename Input>
  [[gnu::always_inline]] static Lanes input(Input d) {
    if constexpr (Row == 0) return d(0) - d(2);
    if constexpr (Row == 1) return d(1) + d(2);
    if constexpr (Row == 2) return d(2) - d(1);
    if constexpr (Row == 3) return d(1) - d(3);
  }
  // Row `Row` of A times a gradient of the outputs.
  template <int Row, typename Gradient>
  [[gnu::always_inline]] static Lanes gradient(Gradient d) {
    if constexpr (Row == 0) return d(0);
    if constexpr (Row == 1) return d(0) + d(1);
    if constexpr (Row == 2) return d(0) - d(1);
    if constexpr (Row == 3) return -d(1);
  }
  // G times taps, and its way back: G' times places.
  static Places taps(Lanes a, Lanes b, Lanes c) {
    const Lanes ends = a + c;
    return {a, (ends + b) * 0.5f, (ends - b) * 0.5f, c};
  }
  static std::array<Lanes, 3> tap_gradient(const Places& m) {
    const Lanes half = (m[1] + m[2]) * 0.5f;
    return {m[0] + half, (m[1] - m[2]) * 0.5f, half + m[3]};
  }
  // A' times places.
  [[gnu::always_inline]] static std::array<Lanes, kSize> output(const Places& m) {
    return {m[0] + m[1] + m[2], m[1] - m[2] - m[3]};
  }
  // The number of A' for an output and a place.
  static constexpr float share(int output, int place) {
    constexpr float shares[kSize][kPlaces] = {{1, 1, 1, 0}, {0, 1, -1, -1}};
    return shares[output][place];
  }
};

// The points 0, a, -a, b, -b and infinity, with a = 3/4 and b = 3/2. In float32 a sum over 64 channels is off by 2.7 times as
// much as by taps; with the usual 1 and 2 it would be 5 times (200 squares drawn at random). A power of a point is a number of
// A', and B' holds the products of all others:
//
//        a^2 b^2    0   -a^2-b^2     0     1 0        1/(a^2 b^2)   0       0
//           0   -a b^2    -b^2       a     1 0            u        a u    a^2 u        1 1    1  1    1  0
//   B' =    0    a b^2    -b^2      -a     1 0     G =    u       -a u    a^2 u   A' = 0 a   -a  b   -b  0
//           0   -a^2 b    -a^2       b     1 0            v        b v    b^2 v        0 a^2 a^2 b^2 b^2 0
//           0    a^2 b    -a^2      -b     1 0            v       -b v    b^2 v        0 a^3 -a^3 b^3 -b^3 1
//           0   a^2 b^2     0   -a^2-b^2   0 1            0         0       1
//
//   u = 1/(2 a^2 (a^2 - b^2)), v = 1/(2 b^2 (b^2 - a^2))
template <>
struct Filter<4> {
  static constexpr int kSize = 4, kPlaces = 6;
  using Places = std::array<Lanes, kPlaces>;

  template <int Row, typename Input>
  [[gnu::always_inline]] static Lanes input(Input d) {
    if constexpr (Row == 0) return plus(kA2 * kB2, d(0), plus(-kA2 - kB2, d(2), d(4)));
    if constexpr (Row == 1) return plus(kA, plus(-kB2, d(1), d(3)), plus(-kB2, d(2), d(4)));
    if constexpr (Row == 2) return plus(-kA, plus(-kB2, d(1), d(3)), plus(-kB2, d(2), d(4)));
    if constexpr (Row == 3) return plus(kB, plus(-kA2, d(1), d(3)), plus(-kA2, d(2), d(4)));
    if constexpr (Row == 4) return plus(-kB, plus(-kA2, d(1), d(3)), plus(-kA2, d(2), d(4)));
    if constexpr (Row == 5) return plus(kA2 * kB2, d(1), plus(-kA2 - kB2, d(3), d(5)));
  }
  template <int Row, typename Gradient>
  [[gnu::always_inline]] static Lanes gradient(Gradient d) {
    if constexpr (Row == 0) return d(0);
    if constexpr (Row == 1) return plus(kA, plus(kA2, d(3), d(1)), plus(kA2, d(2), d(0)));
    if constexpr (Row == 2) return plus(-kA, plus(kA2, d(3), d(1)), plus(kA2, d(2), d(0)));
    if constexpr (Row == 3) return plus(kB, plus(kB2, d(3), d(1)), plus(kB2, d(2), d(0)));
    if constexpr (Row == 4) return plus(-kB, plus(kB2, d(3), d(1)), plus(kB2, d(2), d(0)));
    if constexpr (Row == 5) return d(3);
  }
  static Places taps(Lanes a, Lanes b, Lanes c) {
    const Lanes near = plus(kA2, c, a), far = plus(kB2, c, a);
    return {
        a * kOrigin, plus(kA, b, near) * kNear, plus(-kA, b, near) * kNear, plus(kB, b, far) * kFar, plus(-kB, b, far) * kFar, c};
  }
  static std::array<Lanes, 3> tap_gradient(const Places& m) {
    const Lanes near = (m[1] + m[2]) * kNear, far = (m[3] + m[4]) * kFar;
    const Lanes nearer = (m[1] - m[2]) * kNear, farther = (m[3] - m[4]) * kFar;
    return {plus(kOrigin, m[0], near + far), plus(kA, nearer, farther * kB), plus(kA2, near, plus(kB2, far, m[5]))};
  }
  [[gnu::always_inline]] static std::array<Lanes, kSize> output(const Places& m) {
    const Lanes near = m[1] + m[2], far = m[3] + m[4], nearer = m[1] - m[2], farther = m[3] - m[4];
    return {m[0] + near + far, plus(kA, nearer, farther * kB), plus(kA2, near, far * kB2),
            plus(kA * kA2, nearer, plus(kB * kB2, farther, m[5]))};
  }
  static constexpr float share(int output, int place) {
    constexpr float shares[kSize][kPlaces] = {
        {1, 1, 1, 1, 1, 0}, {0, kA, -kA, kB, -kB, 0}, {0, kA2, kA2, kB2, kB2, 0}, {0, kA * kA2, -kA * kA2, kB * kB2, -kB * kB2, 1}};
    return shares[output][place];
  }

 private:
  // All but the last three are exact.
  static constexpr float kA = 0.75f, kB = 1.5f, kA2 = kA * kA, kB2 = kB * kB;
  static constexpr float kOrigin = 1 / (kA2 * kB2), kNear = 1 / (2 * kA2 * (kA2 - kB2)), kFar = 1 / (2 * kB2 * (kB2 - kA2));

  [[gnu::always_inline]] static Lanes plus(float factor, Lanes value, Lanes rest) {
    return multiply_add(broadcast(factor), value, rest);
  }
};

}  // namespace ceteris
