// Lanes: one float for each run of a bank, in one SIMD register.
//
// Every kernel is written as if for one network; the compiler makes each line as many runs wide as the instruction set
// allows. All operations are exact functions of their own lane (IEEE 754 with one rounding each), so a run has the same
// bits in any lane, beside any neighbours, and in every build that has fused multiply-add. The build must not contract
// or reorder floating-point expressions on its own (-ffp-contract=off): what is fused is written multiply_add.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace ceteris {

#if defined(__AVX512F__)
constexpr int kWidth = 16;
constexpr int kRegisters = 32;
constexpr bool kFused = true;
#elif defined(__AVX2__) && defined(__FMA__)
constexpr int kWidth = 8;
constexpr int kRegisters = 16;
constexpr bool kFused = true;
#elif defined(__ARM_NEON)
constexpr int kWidth = 4;
constexpr int kRegisters = 32;
constexpr bool kFused = true;
#else
constexpr int kWidth = 4;
constexpr int kRegisters = 16;
constexpr bool kFused = false;
#endif

using Lanes = float __attribute__((vector_size(4 * kWidth)));
using Integers = int32_t __attribute__((vector_size(4 * kWidth)));  // also what a comparison of Lanes gives: 0 or -1
using Words = uint32_t __attribute__((vector_size(4 * kWidth)));
using Bytes = uint8_t __attribute__((vector_size(kWidth)));

inline Lanes broadcast(float value) { return Lanes{} + value; }
inline Integers broadcast(int32_t value) { return Integers{} + value; }
inline Words broadcast(uint32_t value) { return Words{} + value; }

inline Lanes select(Integers mask, Lanes yes, Lanes no) { return mask ? yes : no; }
inline Integers select(Integers mask, Integers yes, Integers no) { return mask ? yes : no; }

inline bool any(Lanes values) {
  for (int lane = 0; lane < kWidth; ++lane)
    if (values[lane] != 0) return true;
  return false;
}

inline Lanes as_lanes(Integers bits) { return reinterpret_cast<Lanes>(bits); }
inline Integers as_integers(Lanes value) { return reinterpret_cast<Integers>(value); }

inline Lanes to_lanes(Integers value) { return __builtin_convertvector(value, Lanes); }
inline Bytes to_bytes(Integers value) { return __builtin_convertvector(value, Bytes); }

// Written out where there is one instruction for it: GCC 12 converts byte by byte, which cost a twentieth of all time.
inline Integers to_integers(Bytes value) {
#if defined(__AVX512F__)
  return reinterpret_cast<Integers>(_mm512_cvtepu8_epi32(reinterpret_cast<__m128i>(value)));
#elif defined(__AVX2__)
  int64_t bytes;
  std::memcpy(&bytes, &value, sizeof bytes);
  return reinterpret_cast<Integers>(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(bytes)));
#else
  return __builtin_convertvector(value, Integers);
#endif
}

// Calls `body` with each index below `Count` as a compile-time constant. A tile indexed so lives in registers; indexed by
// a loop, GCC 12 keeps it in memory around the loops that use it, however much it unrolls them.
template <typename Body, int... Index>
[[gnu::always_inline]] inline void each(Body body, std::integer_sequence<int, Index...>) {
  (body(std::integral_constant<int, Index>{}), ...);
}
template <int Count, typename Body>
[[gnu::always_inline]] inline void each(Body body) {
  each(body, std::make_integer_sequence<int, Count>{});
}

// Keeps a loaded value in one register for all its uses. Left alone, GCC 12 folds the load into each of them or, where
// values return in the next turn of a loop, carries them over until registers spill (-fno-predictive-commoning).
inline Lanes held(Lanes value) {
#if defined(__AVX512F__)
  asm("" : "+v"(value));
#elif defined(__x86_64__) && defined(__AVX2__)
  asm("" : "+x"(value));
#elif defined(__ARM_NEON)
  asm("" : "+w"(value));
#endif
  return value;
}

// a * b + c with one rounding where the machine can.
inline Lanes multiply_add(Lanes a, Lanes b, Lanes c) {
#if defined(__AVX512F__)
  return reinterpret_cast<Lanes>(_mm512_fmadd_ps(a, b, c));
#elif defined(__AVX2__) && defined(__FMA__)
  return reinterpret_cast<Lanes>(_mm256_fmadd_ps(a, b, c));
#elif defined(__ARM_NEON)
  return reinterpret_cast<Lanes>(vfmaq_f32(c, a, b));
#else
  return a * b + c;
#endif
}

inline Lanes square_root(Lanes value) {
#if defined(__AVX512F__)
  return reinterpret_cast<Lanes>(_mm512_sqrt_ps(value));
#elif defined(__AVX2__)
  return reinterpret_cast<Lanes>(_mm256_sqrt_ps(value));
#else
  for (int lane = 0; lane < kWidth; ++lane) value[lane] = std::sqrt(value[lane]);
  return value;
#endif
}

// The larger of two values; not-a-number in `value` stays, so that a diverged run cannot look healthy.
inline Lanes at_least(Lanes bound, Lanes value) {
#if defined(__AVX512F__)
  return reinterpret_cast<Lanes>(_mm512_max_ps(bound, value));
#elif defined(__AVX2__)
  return reinterpret_cast<Lanes>(_mm256_max_ps(bound, value));
#else
  return bound > value ? bound : value;
#endif
}

// High and low halves of the 64-bit products of 32-bit words.
struct Product {
  Words high, low;
};

inline Product multiply_wide(Words a, uint32_t factor) {
#if defined(__AVX512F__)
  const __m512i words = reinterpret_cast<__m512i>(a), multiplier = _mm512_set1_epi32(static_cast<int>(factor));
  const __m512i even = _mm512_mul_epu32(words, multiplier);
  const __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64(words, 32), multiplier);
  const __m512i high = _mm512_mask_mov_epi32(_mm512_srli_epi64(even, 32), 0xAAAA, odd);
  const __m512i low = _mm512_mask_mov_epi32(even, 0xAAAA, _mm512_slli_epi64(odd, 32));
  return {reinterpret_cast<Words>(high), reinterpret_cast<Words>(low)};
#elif defined(__AVX2__)
  const __m256i words = reinterpret_cast<__m256i>(a), multiplier = _mm256_set1_epi32(static_cast<int>(factor));
  const __m256i even = _mm256_mul_epu32(words, multiplier);
  const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(words, 32), multiplier);
  const __m256i high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
  const __m256i low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA);
  return {reinterpret_cast<Words>(high), reinterpret_cast<Words>(low)};
#else
  Product product{};
  for (int lane = 0; lane < kWidth; ++lane) {
    const uint64_t wide = static_cast<uint64_t>(a[lane]) * factor;
    product.high[lane] = static_cast<uint32_t>(wide >> 32);
    product.low[lane] = static_cast<uint32_t>(wide);
  }
  return product;
#endif
}

// Flushes numbers below 1.2e-38 to zero while a bank computes: a dead weight's moments decay into that range, where
// many processors are a hundred times slower.
class FlushTinyNumbers {
 public:
#if defined(__x86_64__)
  FlushTinyNumbers() : before_(_mm_getcsr()) { _mm_setcsr(static_cast<unsigned>(before_) | 0x8040); }
  ~FlushTinyNumbers() { _mm_setcsr(static_cast<unsigned>(before_)); }
#elif defined(__aarch64__)
  // A result just below the smallest normal number that rounds up to it stays on x86 and is flushed here.
  FlushTinyNumbers() {
    asm volatile("mrs %0, fpcr" : "=r"(before_));
    asm volatile("msr fpcr, %0" : : "r"(before_ | uint64_t{1} << 24));
  }
  ~FlushTinyNumbers() { asm volatile("msr fpcr, %0" : : "r"(before_)); }
#else
  FlushTinyNumbers() : before_(0) {}
#endif
  FlushTinyNumbers(const FlushTinyNumbers&) = delete;
  FlushTinyNumbers& operator=(const FlushTinyNumbers&) = delete;

 private:
  uint64_t before_;
};

}  // namespace ceteris
