// Vectors of the widest registers that the flags allow: F floats, I ints, D doubles (half as many), S int16s
// (as many as floats, in half a register). Arithmetic is by operators; here is what these lack.
#pragma once
#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#else
#include <arm_neon.h>
#endif

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX2__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif

#define INLINE static inline __attribute__((always_inline))

namespace halfgate {
namespace HALFGATE_ISA {

typedef float F __attribute__((vector_size(VECTOR_BYTES)));
typedef int32_t I __attribute__((vector_size(VECTOR_BYTES)));
typedef double D __attribute__((vector_size(VECTOR_BYTES)));
typedef int64_t L __attribute__((vector_size(VECTOR_BYTES)));
typedef int16_t S __attribute__((vector_size(VECTOR_BYTES / 2)));
typedef float HalfF __attribute__((vector_size(VECTOR_BYTES / 2)));
typedef int32_t HalfI __attribute__((vector_size(VECTOR_BYTES / 2)));
/** Lanes of F, and vectors of a panel's width. */
constexpr int W = VECTOR_BYTES / 4;
constexpr int PANEL_VECTORS = 16 / W;

template <class V>
INLINE V load(const void *p) {
  V v;
  memcpy(&v, p, sizeof v);
  return v;
}

template <class V>
INLINE void store(void *p, V v) {
  memcpy(p, &v, sizeof v);
}

template <class V, class A>
INLINE V bits(A a) {
  static_assert(sizeof(V) == sizeof(A), "sizes differ");
  V v;
  memcpy(&v, &a, sizeof v);
  return v;
}

INLINE F toF(I v) { return __builtin_convertvector(v, F); }
INLINE I toI(F v) { return __builtin_convertvector(v, I); }
INLINE F absF(F v) { return bits<F>(bits<I>(v) & 0x7fffffff); }
INLINE D absD(D v) { return bits<D>(bits<L>(v) & 0x7fffffffffffffff); }
INLINE I minI(I a, I b) { return a < b ? a : b; }
INLINE I maxI(I a, I b) { return a > b ? a : b; }
INLINE I saturate16(I v) { return minI(maxI(v, I{} - 32768), I{} + 32767); }
/** Two int16 in one lane. */
INLINE I pair(I even, I odd) { return (even & 0xffff) | (odd << 16); }

template <class V, class H>
INLINE H lowHalf(V v) {
  H h;
  memcpy(&h, &v, sizeof h);
  return h;
}

template <class V, class H>
INLINE H highHalf(V v) {
  H h;
  memcpy(&h, reinterpret_cast<char *>(&v) + sizeof h, sizeof h);
  return h;
}

#if VECTOR_BYTES == 64

INLINE F splat(float x) { return (F)_mm512_set1_ps(x); }
INLINE I splatI(int32_t x) { return (I)_mm512_set1_epi32(x); }
// Where one is NaN: the second.
INLINE F minF(F a, F b) { return (F)_mm512_min_ps((__m512)a, (__m512)b); }
INLINE F maxF(F a, F b) { return (F)_mm512_max_ps((__m512)a, (__m512)b); }
INLINE F sqrtF(F a) { return (F)_mm512_sqrt_ps((__m512)a); }
INLINE I roundI(F v) { return (I)_mm512_cvtps_epi32((__m512)v); }
INLINE S narrow(I v) { return (S)_mm512_cvtsepi32_epi16((__m512i)v); }
INLINE I widen(S v) { return (I)_mm512_cvtepi16_epi32((__m256i)v); }
INLINE D lowD(F v) { return (D)_mm512_cvtps_pd(_mm512_castps512_ps256((__m512)v)); }
INLINE D highD(F v) { return (D)_mm512_cvtps_pd(_mm512_extractf32x8_ps((__m512)v, 1)); }
INLINE D lowD(I v) { return (D)_mm512_cvtepi32_pd(_mm512_castsi512_si256((__m512i)v)); }
INLINE D highD(I v) { return (D)_mm512_cvtepi32_pd(_mm512_extracti32x8_epi32((__m512i)v, 1)); }
INLINE D minD(D a, D b) { return (D)_mm512_min_pd((__m512d)a, (__m512d)b); }
INLINE D maxD(D a, D b) { return (D)_mm512_max_pd((__m512d)a, (__m512d)b); }
/** |v| < 2^31. */
INLINE I truncD(D low, D high) {
  const __m512i v = _mm512_castsi256_si512(_mm512_cvttpd_epi32((__m512d)low));
  return (I)_mm512_inserti32x8(v, _mm512_cvttpd_epi32((__m512d)high), 1);
}
INLINE I floorD(D low, D high) {
  const int down = _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC;
  const __m512i v = _mm512_castsi256_si512(_mm512_cvt_roundpd_epi32((__m512d)low, down));
  return (I)_mm512_inserti32x8(v, _mm512_cvt_roundpd_epi32((__m512d)high, down), 1);
}
/** v within +-limit. */
INLINE D clampD(D v, double limit) {
  return (D)_mm512_range_pd((__m512d)v, _mm512_set1_pd(limit), 2);
}
INLINE I lookup(const int32_t *table, I index) {
  return (I)_mm512_i32gather_epi32((__m512i)index, table, 4);
}
INLINE bool any(I mask) { return _mm512_movepi32_mask((__m512i)mask) != 0; }

#elif VECTOR_BYTES == 32

INLINE F splat(float x) { return (F)_mm256_set1_ps(x); }
INLINE I splatI(int32_t x) { return (I)_mm256_set1_epi32(x); }
INLINE F minF(F a, F b) { return (F)_mm256_min_ps((__m256)a, (__m256)b); }
INLINE F maxF(F a, F b) { return (F)_mm256_max_ps((__m256)a, (__m256)b); }
INLINE F sqrtF(F a) { return (F)_mm256_sqrt_ps((__m256)a); }
INLINE I roundI(F v) { return (I)_mm256_cvtps_epi32((__m256)v); }
INLINE S narrow(I v) {
  const __m256i a = (__m256i)v;
  return (S)_mm_packs_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
}
INLINE I widen(S v) { return (I)_mm256_cvtepi16_epi32((__m128i)v); }
INLINE D lowD(F v) { return (D)_mm256_cvtps_pd(_mm256_castps256_ps128((__m256)v)); }
INLINE D highD(F v) { return (D)_mm256_cvtps_pd(_mm256_extractf128_ps((__m256)v, 1)); }
INLINE D lowD(I v) { return (D)_mm256_cvtepi32_pd(_mm256_castsi256_si128((__m256i)v)); }
INLINE D highD(I v) { return (D)_mm256_cvtepi32_pd(_mm256_extracti128_si256((__m256i)v, 1)); }
INLINE D minD(D a, D b) { return (D)_mm256_min_pd((__m256d)a, (__m256d)b); }
INLINE D maxD(D a, D b) { return (D)_mm256_max_pd((__m256d)a, (__m256d)b); }
INLINE I truncD(D low, D high) {
  const __m128i a = _mm256_cvttpd_epi32((__m256d)low);
  return (I)_mm256_set_m128i(_mm256_cvttpd_epi32((__m256d)high), a);
}
INLINE I floorD(D low, D high) {
  return truncD((D)_mm256_floor_pd((__m256d)low), (D)_mm256_floor_pd((__m256d)high));
}
INLINE D clampD(D v, double limit) { return minD(maxD(v, D{} - limit), D{} + limit); }
INLINE I lookup(const int32_t *table, I index) {
  return (I)_mm256_i32gather_epi32(table, (__m256i)index, 4);
}
INLINE bool any(I mask) { return _mm256_movemask_epi8((__m256i)mask) != 0; }

#elif defined(__x86_64__)

INLINE F splat(float x) { return (F)_mm_set1_ps(x); }
INLINE I splatI(int32_t x) { return (I)_mm_set1_epi32(x); }
INLINE F minF(F a, F b) { return (F)_mm_min_ps((__m128)a, (__m128)b); }
INLINE F maxF(F a, F b) { return (F)_mm_max_ps((__m128)a, (__m128)b); }
INLINE F sqrtF(F a) { return (F)_mm_sqrt_ps((__m128)a); }
INLINE I roundI(F v) { return (I)_mm_cvtps_epi32((__m128)v); }
INLINE S narrow(I v) {
  return bits<S>((int64_t)_mm_cvtsi128_si64(_mm_packs_epi32((__m128i)v, (__m128i)v)));
}
INLINE I widen(S v) {
  const __m128i a = _mm_cvtsi64_si128(bits<int64_t>(v));
  return (I)_mm_srai_epi32(_mm_unpacklo_epi16(a, a), 16);
}
INLINE D lowD(F v) { return (D)_mm_cvtps_pd((__m128)v); }
INLINE D highD(F v) { return (D)_mm_cvtps_pd(_mm_movehl_ps((__m128)v, (__m128)v)); }
INLINE D lowD(I v) { return (D)_mm_cvtepi32_pd((__m128i)v); }
INLINE D highD(I v) { return (D)_mm_cvtepi32_pd(_mm_unpackhi_epi64((__m128i)v, (__m128i)v)); }
INLINE D minD(D a, D b) { return (D)_mm_min_pd((__m128d)a, (__m128d)b); }
INLINE D maxD(D a, D b) { return (D)_mm_max_pd((__m128d)a, (__m128d)b); }
INLINE I truncD(D low, D high) {
  return (I)_mm_unpacklo_epi64(_mm_cvttpd_epi32((__m128d)low), _mm_cvttpd_epi32((__m128d)high));
}
INLINE I floorD(D low, D high) {
  const __m128i t = (__m128i)truncD(low, high);
  const __m128i h = _mm_unpackhi_epi64(t, t);
  // -1 where truncating went up.
  const __m128 a = _mm_castpd_ps(_mm_cmpgt_pd(_mm_cvtepi32_pd(t), (__m128d)low));
  const __m128 b = _mm_castpd_ps(_mm_cmpgt_pd(_mm_cvtepi32_pd(h), (__m128d)high));
  const __m128i up = _mm_castps_si128(_mm_shuffle_ps(a, b, _MM_SHUFFLE(2, 0, 2, 0)));
  return (I)_mm_add_epi32(t, up);
}
INLINE D clampD(D v, double limit) { return minD(maxD(v, D{} - limit), D{} + limit); }
INLINE I lookup(const int32_t *table, I index) {
  return I{table[index[0]], table[index[1]], table[index[2]], table[index[3]]};
}
INLINE bool any(I mask) { return _mm_movemask_epi8((__m128i)mask) != 0; }

#else

INLINE F splat(float x) { return (F)vdupq_n_f32(x); }
INLINE I splatI(int32_t x) { return (I)vdupq_n_s32(x); }
INLINE F minF(F a, F b) { return a < b ? a : b; }
INLINE F maxF(F a, F b) { return a > b ? a : b; }
INLINE F sqrtF(F a) { return (F)vsqrtq_f32((float32x4_t)a); }
INLINE I roundI(F v) { return (I)vcvtnq_s32_f32((float32x4_t)v); }
INLINE S narrow(I v) { return (S)vqmovn_s32((int32x4_t)v); }
INLINE I widen(S v) { return (I)vmovl_s16((int16x4_t)v); }
INLINE D lowD(F v) { return (D)vcvt_f64_f32(vget_low_f32((float32x4_t)v)); }
INLINE D highD(F v) { return (D)vcvt_high_f64_f32((float32x4_t)v); }
INLINE D lowD(I v) { return (D)vcvtq_f64_s64(vmovl_s32(vget_low_s32((int32x4_t)v))); }
INLINE D highD(I v) { return (D)vcvtq_f64_s64(vmovl_high_s32((int32x4_t)v)); }
INLINE D minD(D a, D b) { return a < b ? a : b; }
INLINE D maxD(D a, D b) { return a > b ? a : b; }
INLINE I truncD(D low, D high) {
  const int32x2_t a = vmovn_s64(vcvtq_s64_f64((float64x2_t)low));
  return (I)vcombine_s32(a, vmovn_s64(vcvtq_s64_f64((float64x2_t)high)));
}
INLINE I floorD(D low, D high) {
  const int32x2_t a = vmovn_s64(vcvtmq_s64_f64((float64x2_t)low));
  return (I)vcombine_s32(a, vmovn_s64(vcvtmq_s64_f64((float64x2_t)high)));
}
INLINE D clampD(D v, double limit) { return minD(maxD(v, D{} - limit), D{} + limit); }
INLINE I lookup(const int32_t *table, I index) {
  return I{table[index[0]], table[index[1]], table[index[2]], table[index[3]]};
}
INLINE bool any(I mask) { return vmaxvq_u32((uint32x4_t)mask) != 0; }

#endif

/** Largest of the lanes, none of them NaN. */
INLINE float largest(F v) {
#if VECTOR_BYTES == 64
  return _mm512_reduce_max_ps((__m512)v);
#elif defined(__x86_64__)
#if VECTOR_BYTES == 32
  __m128 m = _mm_max_ps(_mm256_castps256_ps128((__m256)v), _mm256_extractf128_ps((__m256)v, 1));
#else
  __m128 m = (__m128)v;
#endif
  m = _mm_max_ps(m, _mm_movehl_ps(m, m));
  return _mm_cvtss_f32(_mm_max_ss(m, _mm_shuffle_ps(m, m, 1)));
#else
  return vmaxvq_f32((float32x4_t)v);
#endif
}

struct Range {
  int begin;
  int end;
};

/** Part of a range of so many that a thread does. */
INLINE Range part(int64_t count, int thread, int threads) {
  return {(int)(count * thread / threads), (int)(count * (thread + 1) / threads)};
}

}  // namespace HALFGATE_ISA
}  // namespace halfgate
