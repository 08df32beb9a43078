// Coding the weights, their gradients, and Adam.
#pragma once
#include "rows.h"
#include "simd.h"

namespace halfgate {
namespace HALFGATE_ISA {

static void rowStatistics(const float *w, int columns, int64_t n, double *sumAbs, float *maxAbs,
                          Range panels) {
  const int begin = panels.begin * 16;
  const int end = panels.end * 16;
  for (int r = begin; r < end; r++) sumAbs[r] = maxAbs[r] = 0;
  for (int c = 0; c < columns; c += 4, w += 4 * n) {
    const int count = columns - c < 4 ? columns - c : 4;
    for (int r = begin; r < end; r += W) {
      D low = load<D>(sumAbs + r);
      D high = load<D>(sumAbs + r + W / 2);
      F top = load<F>(maxAbs + r);
      for (int j = 0; j < count; j++) {
        const F v = absF(load<F>(w + j * n + r));
        low += lowD(v);
        high += highD(v);
        top = maxF(top, v);
      }
      store(sumAbs + r, low);
      store(sumAbs + r + W / 2, high);
      store(maxAbs + r, top);
    }
  }
}

/** The largest float that is not above v >= 0: w > v and w > it are the same for every float w. */
static float roundDown(double v) {
  float f = (float)v;
  if ((double)f > v) {
    int32_t b = bits<int32_t>(f);
    f = bits<float>(b - 1);
  }
  return f;
}

static void ternarize(const float *w, int columns, int64_t n, int realColumns,
                      const double *sumAbs, uint8_t *packed, int32_t *nonzeros, Range panels) {
  const int64_t panelBytes = (int64_t)columns * 32;
  for (int at = panels.begin * 16; at < panels.end * 16; at += COLUMNS) {
    const int size = panels.end * 16 - at < COLUMNS ? panels.end * 16 - at : COLUMNS;
    alignas(64) float delta[COLUMNS];
    for (int r = 0; r < size; r++) {
      delta[r] = roundDown((0.7 * sumAbs[at + r]) / realColumns);
      nonzeros[at + r] = 0;
    }
    for (int block = 0; block < columns; block += ROWS) {
      const int end = block + ROWS < columns ? block + ROWS : columns;
      for (int r = 0; r < size; r += W) {
        uint8_t *to = packed + (at + r) / 16 * panelBytes + r % 16 * 4;
        const F limit = load<F>(delta + r);
        const auto code = [&](int c) {
          const F v = load<F>(w + c * n + at + r);
          return (I)(v < -limit) - (I)(v > limit);
        };
        I count = load<I>(nonzeros + at + r);
        for (int c = block; c < end; c += 2) {
          const I even = code(c);
          const I odd = code(c + 1);
          store(to + c * 32, pair(even, odd));
          count += (even & 1) + (odd & 1);
        }
        store(nonzeros + at + r, count);
      }
    }
  }
}

/** |w| / scale to nearest, ties upwards, at most 127. */
INLINE I divide8(F magnitude, const double *scale) {
  const D limit = D{} + 127;
  const D low = minD(lowD(magnitude) / load<D>(scale), limit);
  const D high = minD(highD(magnitude) / load<D>(scale + W / 2), limit);
  // Half more would round the largest doubles below a half up: it is compared with what is left.
  const I m = truncD(low, high);
  const L one = bits<L>(D{} + 1);
  const L up = (L)(low - lowD(m) >= D{} + 0.5) & one;
  const L upHigh = (L)(high - highD(m) >= D{} + 0.5) & one;
  return m + truncD(bits<D>(up), bits<D>(upHigh));
}

/** The same by multiplying with the float nearest to 1 / scale, unless that is too close to call. */
INLINE I divide8(F magnitude, const double *scale, F inverse) {
  constexpr float CLOSE = 1e-4f;
  const F a = minF(magnitude * inverse, splat(127)) + splat(0.5f);
  const I m = toI(a);
  const F rest = a - toF(m);
  const I far = (I)(rest > splat(CLOSE)) & (I)(rest < splat(1 - CLOSE));
  if (__builtin_expect(any(~far), 0)) return divide8(magnitude, scale);
  return m;
}

/** w / scale, to nearest, ties away from zero, within +-127. */
static void code8(const float *w, int columns, int64_t n, const double *scale, uint8_t *packed,
                  Range panels) {
  const int64_t panelBytes = (int64_t)columns * 32;
  for (int at = panels.begin * 16; at < panels.end * 16; at += COLUMNS) {
    const int size = panels.end * 16 - at < COLUMNS ? panels.end * 16 - at : COLUMNS;
    alignas(64) float inverse[COLUMNS];
    for (int r = 0; r < size; r++) inverse[r] = (float)(1 / scale[at + r]);
    for (int block = 0; block < columns; block += ROWS) {
      const int end = block + ROWS < columns ? block + ROWS : columns;
      for (int r = 0; r < size; r += W) {
        uint8_t *to = packed + (at + r) / 16 * panelBytes + r % 16 * 4;
        const F by = load<F>(inverse + r);
        const auto code = [&](int c) {
          const F v = load<F>(w + c * n + at + r);
          const I q = divide8(absF(v), scale + at + r, by);
          return v < F{} ? -q : q;
        };
        for (int c = block; c < end; c += 2) store(to + c * 32, pair(code(c), code(c + 1)));
      }
    }
  }
}

/** Output panels of 16 columns; a pair of rows by a pair of columns is one 8-byte word, mirrored. */
static void transpose16Panels(const uint8_t *packed, int64_t panelStride, int firstPair,
                              int columns, int n, uint8_t *back, Range panels) {
  for (int p = panels.begin; p < panels.end; p++) {
    uint8_t *panel = back + (int64_t)p * n * 32;
    const int pairs = columns / 2 - p * 8 < 8 ? columns / 2 - p * 8 : 8;
    for (int r = 0; r < n / 16; r++) {
      const uint8_t *from = packed + r * panelStride + (int64_t)(firstPair + p * 8) * 64;
      uint8_t *to = panel + r * 512;
      if (pairs < 8) memset(to, 0, 512);
      for (int k = 0; k < pairs; k++) {
        for (int j = 0; j < 8; j++) {
          const uint64_t v = load<uint64_t>(from + k * 64 + j * 8);
          const uint64_t mirrored = (v & 0xffff00000000ffff) | ((v >> 16) & 0xffff0000) |
                                    ((v & 0xffff0000) << 16);
          store(to + j * 64 + k * 8, mirrored);
        }
      }
    }
  }
}

static void transpose32Panels(const float *w, int columns, int64_t n, uint8_t *back,
                              Range panels) {
  for (int p = panels.begin; p < panels.end; p++) {
    uint8_t *panel = back + p * n * 64;
    for (int c = 0; c < 16; c += 4) {
      const float *from = w + (p * 16 + c) * n;
      for (int r = 0; r < n; r += 4) {
        F4 v[4];
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++)
          v[j] = p * 16 + c + j < columns ? load<F4>(from + j * n + r) : F4{};
        transpose4(v[0], v[1], v[2], v[3]);
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++) store(panel + (int64_t)(r + j) * 64 + c * 4, v[j]);
      }
    }
  }
}

static void normalizedGradient(float *gradient, int columns, int64_t n, const uint8_t *packed,
                               const int32_t *nonzeros, const float *scale, float *dGain,
                               Range panels) {
  const int64_t panelBytes = (int64_t)columns * 32;
  for (int at = panels.begin * 16; at < panels.end * 16; at += COLUMNS) {
    const int size = panels.end * 16 - at < COLUMNS ? panels.end * 16 - at : COLUMNS;
    alignas(64) float share[COLUMNS];
    memset(share, 0, sizeof share);
    // visit(row, first column, end of a block of columns, where its codes are)
    const auto blocks = [&](auto visit) {
      for (int block = 0; block < columns; block += ROWS) {
        const int end = block + ROWS < columns ? block + ROWS : columns;
        for (int r = 0; r < size; r += W)
          visit(r, block, end, packed + (at + r) / 16 * panelBytes + r % 16 * 4);
      }
    };
    blocks([&](int r, int begin, int end, const uint8_t *codes) {
      F dot = load<F>(share + r);
      for (int c = begin; c < end; c += 2) {
        const float *even = gradient + c * n + at + r;
        const I code = load<I>(codes + c * 32);
        dot += load<F>(even) * toF((code << 16) >> 16);
        dot += load<F>(even + n) * toF(code >> 16);
      }
      store(share + r, dot);
    });
    for (int r = 0; r < size; r += W) {
      const I count = load<I>(nonzeros + at + r);
      const F dot = load<F>(share + r);
      const I some = (I)(count != 0);
      store(share + r, bits<F>(bits<I>(dot / toF(count)) & some));
      store(dGain + at + r, bits<F>(bits<I>(dot / sqrtF(toF(count))) & some));
    }
    blocks([&](int r, int begin, int end, const uint8_t *codes) {
      const F s = load<F>(share + r);
      const F by = load<F>(scale + at + r);
      for (int c = begin; c < end; c += 2) {
        float *even = gradient + c * n + at + r;
        float *odd = even + n;
        const I code = load<I>(codes + c * 32);
        store(even, (load<F>(even) - toF((code << 16) >> 16) * s) * by);
        store(odd, (load<F>(odd) - toF(code >> 16) * s) * by);
      }
    });
  }
}

/** Blocks side by side: their sums do not wait for one another. */
template <int BLOCKS>
static void sumSquares(const float *values, int count, double *partial) {
  D lanes[BLOCKS][2 * PANEL_VECTORS] = {};
  for (int k = 0; k < count; k += 16) {
#pragma GCC unroll 4
    for (int b = 0; b < BLOCKS; b++) {
#pragma GCC unroll 4
      for (int j = 0; j < PANEL_VECTORS; j++) {
        const F v = load<F>(values + b * NORM_BLOCK + k + j * W);
        const D low = lowD(v);
        const D high = highD(v);
        lanes[b][2 * j] += low * low;
        lanes[b][2 * j + 1] += high * high;
      }
    }
  }
  for (int b = 0; b < BLOCKS; b++) {
    double l[16];
    memcpy(l, lanes[b], sizeof l);
    for (int w = 8; w > 0; w /= 2)
      for (int j = 0; j < w; j++) l[j] += l[j + w];
    partial[b] = l[0];
  }
}

static void sumSquares(const float *values, int count, double *partial, Range blocks) {
  constexpr int MANY = VECTOR_BYTES == 64 ? 4 : VECTOR_BYTES == 32 ? 2 : 1;
  int b = blocks.begin;
  for (; b < blocks.end; ) {
    const float *from = values + (int64_t)b * NORM_BLOCK;
    const int64_t left = count - (int64_t)b * NORM_BLOCK;
    if (b + MANY <= blocks.end && left >= MANY * NORM_BLOCK) {
      sumSquares<MANY>(from, NORM_BLOCK, partial + b);
      b += MANY;
    } else {
      sumSquares<1>(from, left < NORM_BLOCK ? (int)left : NORM_BLOCK, partial + b);
      b++;
    }
  }
}

static void clip(const double *partial, int blocks, float limit, uint8_t *result) {
  double sum = 0;
  for (int b = 0; b < blocks; b++) sum += partial[b];
  const double norm = __builtin_sqrt(sum);
  const bool finite = norm <= 1.7976931348623157e308;
  const float factor = !finite ? -1 : norm > limit ? (float)((double)limit / norm) : 1;
  store(result, norm);
  store(result + 8, factor);
}

struct Adam {
  float *values;
  const float *gradient;
  float *first;
  float *second;
  float clip;
  float rate;
  float beta1;
  float beta2;
  float epsilon;
  float low;
  float high;
};

static void adam(const Adam &a, Range runs) {
  const F keep1 = splat(a.beta1);
  const F keep2 = splat(a.beta2);
  const F take1 = splat(1 - a.beta1);
  const F take2 = splat(1 - a.beta2);
  for (int64_t k = (int64_t)runs.begin * 16; k < (int64_t)runs.end * 16; k += W) {
    const F g = load<F>(a.gradient + k) * splat(a.clip);
    const F m = load<F>(a.first + k) * keep1 + g * take1;
    const F v = load<F>(a.second + k) * keep2 + (g * g) * take2;
    store(a.first + k, m);
    store(a.second + k, v);
    const F value = load<F>(a.values + k) - (m * splat(a.rate)) / (sqrtF(v) + splat(a.epsilon));
    store(a.values + k, maxF(minF(value, splat(a.high)), splat(a.low)));
  }
}

}  // namespace HALFGATE_ISA
}  // namespace halfgate
