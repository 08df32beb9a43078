// Moving, rounding and transposing rows, and the softmax.
#pragma once
#include "exp.h"
#include "simd.h"

namespace halfgate {
namespace HALFGATE_ISA {

/** To Q0.7, nearest, ties away from zero. */
INLINE I activation(F v) {
  const F a = minF(absF(v) * splat(128), splat(127));
  const I m = toI(a);
  const I r = m - (I)(a - toF(m) >= splat(0.5f));
  return v < F{} ? -r : r;
}

/** One row of `width` numbers, of which `channels` are there. */
template <class Convert>
INLINE void convertRow(const float *from, int channels, int width, Convert convert) {
  int c = 0;
  for (; c + W <= channels; c += W) convert(c, load<F>(from + c));
  for (; c < width; c += W) {
    float rest[W] = {};
    for (int j = 0; j < W && c + j < channels; j++) rest[j] = from[c + j];
    convert(c, load<F>(rest));
  }
}

static void embed(const uint8_t *table, const int32_t *unique, uint8_t *x, Range rows, int width,
                  bool quantized, int64_t stride) {
  for (int r = rows.begin; r < rows.end; r++) {
    const float *from = (const float *)(table + unique[r] * stride);
    if (quantized) {
      int16_t *to = (int16_t *)x + (int64_t)r * width;
      for (int c = 0; c < width; c += W) store(to + c, narrow(activation(load<F>(from + c))));
    } else memcpy(x + (int64_t)r * width * 4, from, (size_t)width * 4);
  }
}

static void input(const float *values, uint8_t *x, int groups, int lanes, Range part, int channels,
                  int width, bool quantized) {
  for (int g = 0; g < groups; g++) {
    for (int l = part.begin; l < part.end; l++) {
      const int64_t row = (int64_t)g * lanes + l;
      const float *from = values + row * channels;
      if (quantized) {
        int16_t *to = (int16_t *)x + row * width;
        convertRow(from, channels, width, [&](int c, F v) { store(to + c, narrow(activation(v))); });
      } else {
        float *to = (float *)x + row * width;
        // The second operand where one is NaN.
        convertRow(from, channels, width,
                   [&](int c, F v) { store(to + c, minF(splat(1), maxF(splat(-1), v))); });
      }
    }
  }
}

static void gather(const uint8_t *source, const int32_t *slots, uint8_t *acc, int groups, int lanes,
                   Range part, int n) {
  const size_t bytes = (size_t)n * 4;
  for (int g = 0; g < groups; g++) {
    for (int l = part.begin; l < part.end; l++) {
      const int64_t row = (int64_t)g * lanes + l;
      memcpy(acc + row * bytes, source + (int64_t)slots[row] * bytes, bytes);
    }
  }
}

typedef uint32_t U __attribute__((vector_size(VECTOR_BYTES)));

/** All bits where a number stays: its hash, as int32, is at least the threshold. */
INLINE I stays(U index, I threshold) {
  U x = index ^ (index >> 16);
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  x ^= x >> 16;
  return (I)x >= threshold;
}

static void dropout(const uint8_t *source, uint8_t *target, int groups, int lanes, Range part,
                    int width, bool quantized, uint32_t key, int32_t threshold, float factor) {
  U lane = {};
  for (int j = 0; j < W; j++) lane[j] = j;
  for (int g = 0; g < groups; g++) {
    for (int l = part.begin; l < part.end; l++) {
      const int64_t row = (int64_t)g * lanes + l;
      const U begin = lane + ((uint32_t)row * (uint32_t)width + key);
      for (int c = 0; c < width; c += W) {
        const I keep = stays(begin + (uint32_t)c, splatI(threshold));
        const int64_t at = row * width + c;
        if (quantized) {
          const F v = toF(widen(load<S>(source + at * 2))) * splat(factor);
          store(target + at * 2, narrow(roundI(v) & keep));
        } else {
          const F v = load<F>(source + at * 4) * splat(factor);
          store(target + at * 4, bits<F>(bits<I>(v) & keep));
        }
      }
    }
  }
}

constexpr float INFINITE = __builtin_inff();
/** 2^-100: below it everything rounds to 0, and 32767 / m stays finite. */
constexpr float LEAST = 7.888609052210118e-31f;

/** d * scale, rounded to int16 by m, their largest; low: what rounding left, by 2^16. */
static float quantizeRow(const float *d, const float *scale, int n, float m, int16_t *high,
                         int16_t *low) {
  const float inverse = m >= LEAST ? 32767 / m : 0;
  for (int c = 0; c < n; c += W) {
    const F t = load<F>(d + c) * load<F>(scale + c) * splat(inverse);
    const I q = roundI(t);
    store(high + c, narrow(q));
    const I rest = roundI((t - toF(q)) * splat(65536));
    store(low + c, narrow(maxI(rest, splatI(-32767))));
  }
  return m / 32767;
}

static void quantizeRows(const float *d, int columns, const float *scale, int16_t *high,
                         int16_t *low, float *highScale, float *lowScale, int groups, int lanes,
                         Range part) {
  for (int g = 0; g < groups; g++) {
    for (int l = part.begin; l < part.end; l++) {
      const int64_t row = (int64_t)g * lanes + l;
      const int64_t at = row * columns;
      F top = F{};
      for (int c = 0; c < columns; c += W)
        top = maxF(top, absF(load<F>(d + at + c) * load<F>(scale + c)));
      highScale[row] =
          quantizeRow(d + at, scale, columns, largest(top), high + at, low + at);
      lowScale[row] = highScale[row] * (1.0f / 65536);
    }
  }
}

/** Largest of each column, [n], of rows of a matrix. */
static void columnMaxima(const float *d, int rows, int64_t columns, int n, float *m) {
  for (int c = 0; c < n; c += W) store(m + c, F{});
  int r = 0;
  for (; r + 4 <= rows; r += 4, d += 4 * columns) {
    for (int c = 0; c < n; c += W) {
      const F a = maxF(absF(load<F>(d + c)), absF(load<F>(d + columns + c)));
      const F b = maxF(absF(load<F>(d + 2 * columns + c)), absF(load<F>(d + 3 * columns + c)));
      store(m + c, maxF(load<F>(m + c), maxF(a, b)));
    }
  }
  for (; r < rows; r++, d += columns) {
    for (int c = 0; c < n; c += W) store(m + c, maxF(load<F>(m + c), absF(load<F>(d + c))));
  }
}

/** Columns at once: what is kept per column stays in the first-level cache. */
constexpr int COLUMNS = 1024;
/** Rows at once, where rows become panels: each panel is written in runs of some cache lines. */
constexpr int ROWS = 8;

static void quantizeRun(const float *d, int rows, int64_t columns, uint8_t *packed,
                        int64_t panelBytes, float *scale, float unit, uint8_t *low,
                        float *lowScale, Range panels) {
  for (int at = panels.begin * 16; at < panels.end * 16; at += COLUMNS) {
    const int n = panels.end * 16 - at < COLUMNS ? panels.end * 16 - at : COLUMNS;
    alignas(64) float inverse[COLUMNS];
    columnMaxima(d + at, rows, columns, n, inverse);
    for (int c = 0; c < n; c += W) {
      const F m = load<F>(inverse + c);
      store(inverse + c, m >= splat(LEAST) ? splat(32767) / m : F{});
      const F s = m / splat(32767) * splat(unit);
      store(scale + at + c, s);
      if (low) store(lowScale + at + c, s * splat(1.0f / 65536));
    }
    for (int block = 0; block < rows; block += ROWS) {
      const int end = block + ROWS < rows ? block + ROWS : rows;
      for (int c = 0; c < n; c += W) {
        const F i = load<F>(inverse + c);
        uint8_t *to = packed + (at + c) / 16 * panelBytes + c % 16 * 4;
        const auto quantize = [&](int r) { return roundI(load<F>(d + r * columns + at + c) * i); };
        for (int r = block; r < end; r += 2)
          store(to + r * 32, pair(quantize(r), r + 1 < rows ? quantize(r + 1) : I{}));
        if (!low) continue;
        uint8_t *toLow = low + (at + c) / 16 * panelBytes + c % 16 * 4;
        const auto rest = [&](int r) {
          const F t = load<F>(d + r * columns + at + c) * i;
          return maxI(roundI((t - toF(roundI(t))) * splat(65536)), splatI(-32767));
        };
        const auto limited = [&](int r) { return minI(rest(r), splatI(32767)); };
        for (int r = block; r < end; r += 2)
          store(toLow + r * 32, pair(limited(r), r + 1 < rows ? limited(r + 1) : I{}));
      }
    }
  }
}

static void quantizeColumns(const float *d, int rows, int64_t columns, uint8_t *packed,
                            float *scale, float unit, int run, uint8_t *low, Range panels) {
  const int64_t panelBytes = (int64_t)(rows + 1) / 2 * 64;
  const int64_t lowScales = (int64_t)((rows + run - 1) / run) * columns;
  for (int r = 0; r < rows; r += run) {
    const int count = rows - r < run ? rows - r : run;
    float *scales = scale + r / run * columns;
    quantizeRun(d + r * columns, count, columns, packed + r * 32, panelBytes, scales, unit,
                low ? low + r * 32 : nullptr, scales + lowScales, panels);
  }
}

static void pack32(const float *w, int rows, int64_t columns, uint8_t *packed, Range panels) {
  for (int block = 0; block < rows; block += ROWS) {
    const int end = block + ROWS < rows ? block + ROWS : rows;
    for (int p = panels.begin; p < panels.end; p++) {
      uint8_t *to = packed + (int64_t)p * rows * 64;
      for (int r = block; r < end; r++) memcpy(to + r * 64, w + r * columns + p * 16, 64);
    }
  }
}

typedef int16_t S8 __attribute__((vector_size(16)));
typedef float F4 __attribute__((vector_size(16)));
typedef int32_t I4 __attribute__((vector_size(16)));
typedef int64_t L2 __attribute__((vector_size(16)));

INLINE void transpose4(F4 &a, F4 &b, F4 &c, F4 &d) {
  const F4 e = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  const F4 f = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const F4 g = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const F4 h = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  a = __builtin_shufflevector(e, g, 0, 1, 4, 5);
  b = __builtin_shufflevector(e, g, 2, 3, 6, 7);
  c = __builtin_shufflevector(f, h, 0, 1, 4, 5);
  d = __builtin_shufflevector(f, h, 2, 3, 6, 7);
}

/** 8 rows of 8 int16. */
INLINE void transpose8(S8 (&v)[8]) {
  S8 a[8];
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    a[2 * j] = __builtin_shufflevector(v[2 * j], v[2 * j + 1], 0, 8, 1, 9, 2, 10, 3, 11);
    a[2 * j + 1] = __builtin_shufflevector(v[2 * j], v[2 * j + 1], 4, 12, 5, 13, 6, 14, 7, 15);
  }
  // a[2 j], a[2 j + 1]: columns 0..3 and 4..7 of rows 2 j, 2 j + 1, as pairs; then as 4 x 4 of pairs.
#pragma GCC unroll 2
  for (int half = 0; half < 2; half++) {
    F4 p[4];
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) p[j] = bits<F4>(a[2 * j + half]);
    transpose4(p[0], p[1], p[2], p[3]);
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) v[4 * half + j] = bits<S8>(p[j]);
  }
}

/** Rows of the target, in groups of 16; blocks of so many rows of the source fill whole cache lines. */
static void transpose16(const uint8_t *source, int64_t sourceStride, int rows, uint8_t *target,
                        int64_t targetStride, Range groups) {
  for (int block = 0; block < rows; block += 32) {
    const int end = block + 32 < rows ? block + 32 : rows;
    for (int c = groups.begin * 16; c < groups.end * 16; c += 8) {
      for (int r = block; r < end; r += 8) {
        S8 v[8];
#pragma GCC unroll 8
        for (int j = 0; j < 8; j++)
          v[j] = r + j < rows ? load<S8>(source + (r + j) * sourceStride + c * 2) : S8{};
        transpose8(v);
#pragma GCC unroll 8
        for (int j = 0; j < 8; j++) store(target + (c + j) * targetStride + r * 2, v[j]);
      }
    }
  }
}

static void transpose32(const uint8_t *source, int64_t sourceStride, int rows, uint8_t *target,
                        int64_t targetStride, Range groups) {
  for (int block = 0; block < rows; block += 16) {
    const int end = block + 16 < rows ? block + 16 : rows;
    for (int c = groups.begin * 16; c < groups.end * 16; c += 4) {
      for (int r = block; r < end; r += 4) {
        F4 v[4];
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++)
          v[j] = r + j < rows ? load<F4>(source + (r + j) * sourceStride + c * 4) : F4{};
        transpose4(v[0], v[1], v[2], v[3]);
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++) store(target + (c + j) * targetStride + r * 4, v[j]);
      }
    }
  }
}

static void columnSums(const float *d, int rows, int64_t columns, float *sum, bool add,
                       Range panels) {
  const int begin = panels.begin * 16;
  const int end = panels.end * 16;
  if (!add)
    for (int c = begin; c < end; c += W) store(sum + c, F{});
  int r = 0;
  for (; r + 8 <= rows; r += 8, d += 8 * columns) {
    for (int c = begin; c < end; c += W) {
      F s = load<F>(sum + c);
#pragma GCC unroll 8
      for (int j = 0; j < 8; j++) s += load<F>(d + j * columns + c);
      store(sum + c, s);
    }
  }
  for (; r < rows; r++, d += columns)
    for (int c = begin; c < end; c += W) store(sum + c, load<F>(sum + c) + load<F>(d + c));
}

static void scatterAdd(const float *d, const int32_t *slots, int rows, int64_t n, float *target,
                       int count, Range panels) {
  const int begin = panels.begin * 16;
  const int end = panels.end * 16;
  for (int r = 0; r < count; r++)
    memset(target + r * n + begin, 0, (size_t)(end - begin) * 4);
  for (int r = 0; r < rows; r++) {
    const float *from = d + r * n;
    float *to = target + slots[r] * n;
    for (int c = begin; c < end; c += W) store(to + c, load<F>(to + c) + load<F>(from + c));
  }
}

static void scatterRows(const float *source, const int32_t *unique, int64_t width, float *target,
                        Range rows) {
  for (int r = rows.begin; r < rows.end; r++) {
    const float *from = source + r * width;
    float *to = target + unique[r] * width;
    for (int c = 0; c < width; c += W) store(to + c, load<F>(to + c) + load<F>(from + c));
  }
}

/** floor(acc * ratio + 1/2) within +-2^30. */
INLINE I rescale(I acc, const double *ratio) {
  constexpr double LIMIT = 1 << 30;
  const D low = lowD(acc) * load<D>(ratio) + 0.5;
  const D high = highD(acc) * load<D>(ratio + W / 2) + 0.5;
  return floorD(clampD(low, LIMIT), clampD(high, LIMIT));
}

#if VECTOR_BYTES == 64
/**
 * rescale of 16. The product is exact, so it may be fused with the addition; adding 1.5 * 2^52 rounded down
 * leaves the integer in the low half.
 */
INLINE I rescale16(const int32_t *acc, const double *ratio) {
  const auto eight = [&](int at) {
    const __m512d v = _mm512_cvtepi32_pd(_mm256_loadu_si256((const __m256i *)(acc + at)));
    const __m512d scaled = _mm512_fmadd_pd(v, _mm512_loadu_pd(ratio + at), _mm512_set1_pd(0.5));
    const __m512d limited = _mm512_range_pd(scaled, _mm512_set1_pd(1 << 30), 2);
    return _mm512_castpd_si512(_mm512_add_round_pd(limited, _mm512_set1_pd(6755399441055744),
                                                   _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC));
  };
  const __m512i even =
      _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
  return (I)_mm512_permutex2var_epi32(eight(0), even, eight(8));
}
#endif

/** Of a vector of accumulators in memory. */
INLINE I requantize(const uint8_t *acc, const double *ratio, const int32_t *bias) {
#if VECTOR_BYTES == 64
  const I scaled = rescale16((const int32_t *)acc, ratio);
#else
  const I scaled = rescale(load<I>(acc), ratio);
#endif
  return saturate16(scaled + load<I>(bias));
}

struct Softmax {
  const uint8_t *acc;
  float *logits;
  float *gradient;
  const int32_t *targets;
  const uint8_t *rows;
  double *sums;
  int groups;
  int lanes;
  int classes;
  int columns;
  bool quantized;
  float unit;
  float weight;
};

/** Rows at once: each phase of theirs has work to do while another row's maximum or sum is on its way. */
constexpr int SOFTMAX_ROWS = 8;

/** Logits of a row; the largest of its classes. */
INLINE F logitsOf(const Softmax &s, int64_t row, I index) {
  const int n = s.columns;
  const uint8_t *acc = s.acc + row * n * 4;
  float *logits = s.logits + row * n;
  const double *ratio = (const double *)s.rows;
  const int32_t *biasInt = (const int32_t *)(s.rows + (int64_t)n * 8);
  const float *bias = (const float *)(s.rows + (int64_t)n * 24);
  F most = splat(-INFINITE);
  for (int c = 0; c < n; c += W) {
    const F z = s.quantized ? toF(requantize(acc + c * 4, ratio + c, biasInt + c))
                            : load<F>(acc + c * 4) + load<F>(bias + c);
    store(logits + c, z);
    most = maxF(most, (I)(index < splatI(s.classes - c)) ? z : splat(-INFINITE));
  }
  return most;
}

/** Exponentials of a row, the target's apart: 0 in gradient, and not in the sum. */
INLINE float exponentials(const Softmax &s, const float *logits, float *gradient, float top,
                          int target, I index, float &ofTarget) {
  F lanes[PANEL_VECTORS] = {};
  F hit = F{};
  for (int c = 0; c < s.columns; c += W) {
    const F x = (load<F>(logits + c) - splat(top)) * splat(s.unit);
    const F e = (I)(index < splatI(s.classes - c)) ? exp(x) : F{};
    const I here = (I)(index == splatI(target - c));
    hit = bits<F>(bits<I>(hit) | (bits<I>(e) & here));
    const F other = bits<F>(bits<I>(e) & ~here);
    if (gradient) store(gradient + c, other);
    lanes[c / W % PANEL_VECTORS] += other;
  }
  ofTarget = largest(hit);
  float l[16];
  memcpy(l, lanes, sizeof l);
  float four[4];
  for (int j = 0; j < 4; j++) four[j] = (l[j] + l[4 + j]) + (l[8 + j] + l[12 + j]);
  return (four[0] + four[1]) + (four[2] + four[3]);
}

static void softmaxRows(const Softmax &s, int64_t row, int count) {
  const int n = s.columns;
  I index;
  for (int j = 0; j < W; j++) index[j] = j;
  F most[SOFTMAX_ROWS];
  for (int k = 0; k < count; k++) most[k] = logitsOf(s, row + k, index);
  if (!s.targets) return;
  float top[SOFTMAX_ROWS];
  for (int k = 0; k < count; k++) top[k] = largest(most[k]);
  float share[SOFTMAX_ROWS];
  float others[SOFTMAX_ROWS];
  for (int k = 0; k < count; k++) {
    const int64_t r = row + k;
    const float *logits = s.logits + r * n;
    const int target = s.targets[r];
    s.sums[2 * r] = 1;
    s.sums[2 * r + 1] = 0;
    share[k] = 0;
    if (target < 0) continue;
    float *gradient = s.gradient ? s.gradient + r * n : nullptr;
    float ofTarget;
    others[k] = exponentials(s, logits, gradient, top[k], target, index, ofTarget);
    const float sum = others[k] + ofTarget;
    s.sums[2 * r] = sum;
    s.sums[2 * r + 1] = (double)(logits[target] - top[k]) * (double)s.unit;
    share[k] = s.weight / sum;
  }
  if (!s.gradient) return;
  for (int k = 0; k < count; k++) {
    const int64_t r = row + k;
    const float *logits = s.logits + r * n;
    float *gradient = s.gradient + r * n;
    const int target = s.targets[r];
    if (target < 0) {
      memset(gradient, 0, (size_t)n * 4);
      continue;
    }
    for (int c = 0; c < n; c += W) {
      const F z = load<F>(logits + c);
      const I inside = (I)(z > splat(-32768)) & (I)(z < splat(32767));
      const F d = load<F>(gradient + c) * splat(share[k]);
      store(gradient + c, s.quantized ? bits<F>(bits<I>(d) & inside) : d);
    }
    const float z = logits[target];
    if (!s.quantized || (z > -32768 && z < 32767)) gradient[target] = -(others[k] * share[k]);
  }
}

static void softmax(const Softmax &s, Range part) {
  for (int g = 0; g < s.groups; g++)
    for (int l = part.begin; l < part.end; l += SOFTMAX_ROWS) {
      const int count = part.end - l < SOFTMAX_ROWS ? part.end - l : SOFTMAX_ROWS;
      softmaxRows(s, (int64_t)g * s.lanes + l, count);
    }
}

}  // namespace HALFGATE_ISA
}  // namespace halfgate
