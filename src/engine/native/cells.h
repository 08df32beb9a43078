// Forward and backward of a layer's units at one time step.
#pragma once
#include "exp.h"
#include "rows.h"
#include "simd.h"

namespace halfgate {
namespace HALFGATE_ISA {

/** A row block (ROW_BLOCK in ../program.ts) of n rows. */
struct Rows {
  const double *ratio;
  const int32_t *bias;
  const int32_t *low;
  const int32_t *high;
  const float *slope;
  const float *realBias;
  const float *scale;

  Rows(const uint8_t *at, int64_t n)
      : ratio((const double *)at),
        bias((const int32_t *)(at + 8 * n)),
        low((const int32_t *)(at + 12 * n)),
        high((const int32_t *)(at + 16 * n)),
        slope((const float *)(at + 20 * n)),
        realBias((const float *)(at + 24 * n)),
        scale((const float *)(at + 28 * n)) {}
};

/** Arrays of a cell's units, [lanes][units] or [lanes][4][units]. */
struct Cell {
  uint8_t *acc;
  uint8_t *gates;
  const uint8_t *cBefore;
  uint8_t *c;
  uint8_t *tanhC;
  uint8_t *h;
  const int32_t *table;
  int units;
};

template <int SHIFT>
INLINE I tableValue(const int32_t *table, I magnitude) {
  return lookup(table, minI((magnitude + (1 << (SHIFT - 1))) >> SHIFT, splatI(511)));
}

INLINE I absI(I v) {
  const I sign = v >> 31;
  return (v ^ sign) - sign;
}

INLINE I tanhFixed(const int32_t *table, I v) {
  const I t = tableValue<5>(table, absI(v));
  return v < 0 ? -t : t;
}

INLINE I sigmoidFixed(const int32_t *table, I z) {
  const I t = tableValue<6>(table, absI(z));
  return z < 0 ? 4096 - t : 4096 + t;
}

/** A three-level gate by the accumulator, times a value. */
INLINE I level3(I acc, const int32_t *low, const int32_t *high, I value) {
  const I half = (I)(acc >= load<I>(low)) & (value >> 1);
  return acc >= load<I>(high) ? value : half;
}

#if VECTOR_BYTES == 64 && defined(__AVX512BW__)
#define WIDE_CELLS

/** The table as int16 in registers: 32 lookups at once, eight of 64 entries each and choosing. */
struct Table16 {
  __m512i part[16];

  explicit Table16(const int32_t *table) {
#pragma GCC unroll 16
    for (int k = 0; k < 16; k++) {
      const __m512i low = _mm512_loadu_si512(table + 32 * k);
      const __m512i high = _mm512_loadu_si512(table + 32 * k + 16);
      part[k] = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtsepi32_epi16(low)),
                                   _mm512_cvtsepi32_epi16(high), 1);
    }
  }

  static __attribute__((always_inline)) __m512i choose(__mmask32 by, __m512i no, __m512i yes) {
    return _mm512_mask_blend_epi16(by, no, yes);
  }

  /** index: 0..511. */
  __attribute__((always_inline)) __m512i operator()(__m512i index) const {
    __m512i found[8];
#pragma GCC unroll 8
    for (int k = 0; k < 8; k++)
      found[k] = _mm512_permutex2var_epi16(part[2 * k], index, part[2 * k + 1]);
    const __mmask32 bit6 = _mm512_test_epi16_mask(index, _mm512_set1_epi16(64));
    const __mmask32 bit7 = _mm512_test_epi16_mask(index, _mm512_set1_epi16(128));
    const __mmask32 bit8 = _mm512_test_epi16_mask(index, _mm512_set1_epi16(256));
    const __m512i low = choose(bit7, choose(bit6, found[0], found[1]), choose(bit6, found[2], found[3]));
    const __m512i high = choose(bit7, choose(bit6, found[4], found[5]), choose(bit6, found[6], found[7]));
    return choose(bit8, low, high);
  }
};

/** Magnitudes up to 32768, unsigned. */
template <int SHIFT>
INLINE __m512i index16(__m512i magnitude) {
  const __m512i rounded = _mm512_add_epi16(magnitude, _mm512_set1_epi16(1 << (SHIFT - 1)));
  return _mm512_min_epu16(_mm512_srli_epi16(rounded, SHIFT), _mm512_set1_epi16(511));
}

INLINE __m512i negateWhere(__mmask32 by, __m512i v) {
  return _mm512_mask_sub_epi16(v, by, _mm512_setzero_si512(), v);
}

INLINE __m512i tanh16(const Table16 &table, __m512i v) {
  return negateWhere(_mm512_movepi16_mask(v), table(index16<5>(_mm512_abs_epi16(v))));
}

INLINE __m512i sigmoid16(const Table16 &table, __m512i z) {
  const __m512i t = negateWhere(_mm512_movepi16_mask(z), table(index16<6>(_mm512_abs_epi16(z))));
  return _mm512_add_epi16(t, _mm512_set1_epi16(4096));
}

/** Two of 16 int32, saturated, in order. */
INLINE __m512i join16(__m512i low, __m512i high) {
  const __m512i order = _mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0);
  return _mm512_permutexvar_epi64(order, _mm512_packs_epi32(low, high));
}

/** 32 units, or only the first 16. */
INLINE __m512i requantize16(const int32_t *acc, const double *ratio, const int32_t *bias,
                            bool both) {
  const I low = rescale16(acc, ratio) + load<I>(bias);
  const I high = both ? rescale16(acc + 16, ratio + 16) + load<I>(bias + 16) : I{};
  return join16((__m512i)low, (__m512i)high);
}

static void cellInt16(const Cell &cell, const Rows &rows, Range lanes) {
  const Table16 table(cell.table);
  const int units = cell.units;
  for (int l = lanes.begin; l < lanes.end; l++) {
    const int32_t *acc = (const int32_t *)cell.acc + (int64_t)l * 4 * units;
    int16_t *gates = (int16_t *)cell.gates + (int64_t)l * 4 * units;
    // The gates first: in one chain with what follows they would leave the processor waiting.
    for (int gate = 0; gate < 4; gate++) {
      for (int u = 0; u < units; u += 32) {
        const bool both = u + 16 < units;
        const int k = gate * units + u;
        const __m512i z = requantize16(acc + k, rows.ratio + k, rows.bias + k, both);
        const __m512i q = gate == 2 ? tanh16(table, z) : sigmoid16(table, z);
        _mm512_mask_storeu_epi16(gates + k, both ? 0xffffffff : 0xffff, q);
      }
    }
    for (int u = 0; u < units; u += 32) {
      const __mmask32 there = u + 16 < units ? 0xffffffff : 0xffff;
      const int64_t at = ((int64_t)l * units + u) * 2;
      const auto gate = [&](int k) {
        return _mm512_maskz_loadu_epi16(there, gates + k * units + u);
      };
      const __m512i i = gate(0);
      const __m512i f = gate(1);
      const __m512i g = gate(2);
      const __m512i before = _mm512_maskz_loadu_epi16(there, cell.cBefore + at);
      // f c + i g as pairs, in the order that unpacking and packing undo.
      const auto update = [&](__m512i a, __m512i b) {
        const __m512i sum = _mm512_add_epi32(_mm512_madd_epi16(a, b), _mm512_set1_epi32(4096));
        return _mm512_srai_epi32(sum, 13);
      };
      const __m512i c = _mm512_packs_epi32(
          update(_mm512_unpacklo_epi16(f, i), _mm512_unpacklo_epi16(before, g)),
          update(_mm512_unpackhi_epi16(f, i), _mm512_unpackhi_epi16(before, g)));
      _mm512_mask_storeu_epi16(cell.c + at, there, c);
      const __m512i t = tanh16(table, c);
      _mm512_mask_storeu_epi16(cell.tanhC + at, there, t);
      const __m512i o = gate(3);
      const __m512i zero = _mm512_setzero_si512();
      const auto output = [&](__m512i a, __m512i b) {
        const __m512i product = _mm512_madd_epi16(a, b);
        return _mm512_srai_epi32(_mm512_add_epi32(product, _mm512_set1_epi32(1 << 17)), 18);
      };
      __m512i h = _mm512_packs_epi32(
          output(_mm512_unpacklo_epi16(o, zero), _mm512_unpacklo_epi16(t, zero)),
          output(_mm512_unpackhi_epi16(o, zero), _mm512_unpackhi_epi16(t, zero)));
      h = _mm512_max_epi16(_mm512_min_epi16(h, _mm512_set1_epi16(127)), _mm512_set1_epi16(-127));
      _mm512_mask_storeu_epi16(cell.h + at, there, h);
    }
  }
}

static void cellLevel3(const Cell &cell, const Rows &rows, Range lanes) {
  const Table16 table(cell.table);
  const int units = cell.units;
  for (int l = lanes.begin; l < lanes.end; l++) {
    const int32_t *acc = (const int32_t *)cell.acc + (int64_t)l * 4 * units;
    for (int u = 0; u < units; u += 32) {
      const bool both = u + 16 < units;
      const __mmask32 there = both ? 0xffffffff : 0xffff;
      const int64_t at = ((int64_t)l * units + u) * 2;
      const auto reaches = [&](int gate, const int32_t *limit) {
        const int k = gate * units + u;
        const __mmask32 low = _mm512_cmpge_epi32_mask(_mm512_loadu_si512(acc + k),
                                                      _mm512_loadu_si512(limit + k));
        if (!both) return low;
        const __mmask32 high = _mm512_cmpge_epi32_mask(_mm512_loadu_si512(acc + k + 16),
                                                       _mm512_loadu_si512(limit + k + 16));
        return low | high << 16;
      };
      const auto level = [&](int gate, __m512i v) {
        const __m512i half = _mm512_maskz_srai_epi16(reaches(gate, rows.low), v, 1);
        return _mm512_mask_mov_epi16(half, reaches(gate, rows.high), v);
      };
      const int k = 2 * units + u;
      const __m512i g =
          tanh16(table, requantize16(acc + k, rows.ratio + k, rows.bias + k, both));
      _mm512_mask_storeu_epi16(cell.gates + at, there, g);
      const __m512i before = _mm512_maskz_loadu_epi16(there, cell.cBefore + at);
      const __m512i c = _mm512_adds_epi16(level(1, before), level(0, g));
      _mm512_mask_storeu_epi16(cell.c + at, there, c);
      const __m512i t = tanh16(table, c);
      _mm512_mask_storeu_epi16(cell.tanhC + at, there, t);
      __m512i h = _mm512_srai_epi16(_mm512_add_epi16(level(3, t), _mm512_set1_epi16(16)), 5);
      h = _mm512_max_epi16(_mm512_min_epi16(h, _mm512_set1_epi16(127)), _mm512_set1_epi16(-127));
      _mm512_mask_storeu_epi16(cell.h + at, there, h);
    }
  }
}

#else

static void cellInt16(const Cell &cell, const Rows &rows, Range lanes) {
  const int units = cell.units;
  const int32_t *table = cell.table;
  for (int l = lanes.begin; l < lanes.end; l++) {
    const int32_t *acc = (const int32_t *)cell.acc + (int64_t)l * 4 * units;
    int16_t *gates = (int16_t *)cell.gates + (int64_t)l * 4 * units;
    for (int u = 0; u < units; u += W) {
      const auto z = [&](int gate) {
        const int k = gate * units + u;
        return requantize((const uint8_t *)(acc + k), rows.ratio + k, rows.bias + k);
      };
      const int64_t at = ((int64_t)l * units + u) * 2;
      const I i = sigmoidFixed(table, z(0));
      const I f = sigmoidFixed(table, z(1));
      const I g = tanhFixed(table, z(2));
      const I o = sigmoidFixed(table, z(3));
      store(gates + u, narrow(i));
      store(gates + units + u, narrow(f));
      store(gates + 2 * units + u, narrow(g));
      store(gates + 3 * units + u, narrow(o));
      const I before = widen(load<S>(cell.cBefore + at));
      const I c = saturate16((f * before + i * g + (1 << 12)) >> 13);
      store(cell.c + at, narrow(c));
      const I t = tanhFixed(table, c);
      store(cell.tanhC + at, narrow(t));
      const I h = (o * t + (1 << 17)) >> 18;
      store(cell.h + at, narrow(minI(maxI(h, splatI(-127)), splatI(127))));
    }
  }
}

static void cellLevel3(const Cell &cell, const Rows &rows, Range lanes) {
  const int units = cell.units;
  for (int l = lanes.begin; l < lanes.end; l++) {
    const int32_t *acc = (const int32_t *)cell.acc + (int64_t)l * 4 * units;
    for (int u = 0; u < units; u += W) {
      const auto level = [&](int gate, I value) {
        const int k = gate * units + u;
        return level3(load<I>(acc + k), rows.low + k, rows.high + k, value);
      };
      const int k = 2 * units + u;
      const int64_t at = ((int64_t)l * units + u) * 2;
      const I g = tanhFixed(cell.table,
                            requantize((const uint8_t *)(acc + k), rows.ratio + k, rows.bias + k));
      store(cell.gates + at, narrow(g));
      const I before = widen(load<S>(cell.cBefore + at));
      const I c = saturate16(level(1, before) + level(0, g));
      store(cell.c + at, narrow(c));
      const I t = tanhFixed(cell.table, c);
      store(cell.tanhC + at, narrow(t));
      const I h = (level(3, t) + (1 << 4)) >> 5;
      store(cell.h + at, narrow(minI(maxI(h, splatI(-127)), splatI(127))));
    }
  }
}

#endif

static void cellFloat(const Cell &cell, const float *bias, Range lanes) {
  const int units = cell.units;
  for (int l = lanes.begin; l < lanes.end; l++) {
    float *acc = (float *)cell.acc + (int64_t)l * 4 * units;
    for (int u = 0; u < units; u += W) {
      const auto z = [&](int gate) {
        return load<F>(acc + gate * units + u) + load<F>(bias + gate * units + u);
      };
      const int64_t at = ((int64_t)l * units + u) * 4;
      const F i = sigmoid(z(0));
      const F f = sigmoid(z(1));
      const F g = tanh(z(2));
      const F o = sigmoid(z(3));
      store(acc + u, i);
      store(acc + units + u, f);
      store(acc + 2 * units + u, g);
      store(acc + 3 * units + u, o);
      const F c = f * load<F>(cell.cBefore + at) + i * g;
      const F t = tanh(c);
      store(cell.c + at, c);
      store(cell.tanhC + at, t);
      store(cell.h + at, o * t);
    }
  }
}

struct Back {
  const float *dOutput;
  const float *dRecurrent;
  float *dCell;
  const uint8_t *gates;
  uint8_t *dz;
  const uint8_t *cBefore;
  const uint8_t *c;
  const uint8_t *tanhC;
  int16_t *high;
  int16_t *low;
  /** Of high, and `lanes` later of low. */
  float *scales;
  int lanes;
  int units;
};

struct Reals {
  F i, f, g, o, before, t;
  /** Slopes of i, f and o. */
  F slopeI, slopeF, slopeO;
};

/**
 * One vector of units: dL/dz of the four gates and the new dCell. `open`: lanes where c is no end. scale:
 * of the units' rows; returns the largest |dz * scale| of each lane.
 */
INLINE F backUnits(const Back &b, int64_t unit, float *dz, const float *scale, const Reals &r,
                   I open) {
  F dh = load<F>(b.dRecurrent + unit);
  if (b.dOutput) dh = dh + load<F>(b.dOutput + unit);
  F dc = load<F>(b.dCell + unit) + (dh * r.o) * (splat(1) - r.t * r.t);
  dc = bits<F>(bits<I>(dc) & open);
  store(b.dCell + unit, dc * r.f);
  const F results[4] = {r.slopeI * (dc * r.g), r.slopeF * (dc * r.before),
                        (splat(1) - r.g * r.g) * (dc * r.i), r.slopeO * (dh * r.t)};
  F top = F{};
#pragma GCC unroll 4
  for (int gate = 0; gate < 4; gate++) {
    store(dz + gate * b.units, results[gate]);
    if (scale) top = maxF(top, absF(results[gate] * load<F>(scale + gate * b.units)));
  }
  return top;
}

INLINE I openAt(const uint8_t *c) {
  const I v = widen(load<S>(c));
  return (I)(v > splatI(-32768)) & (I)(v < splatI(32767));
}

INLINE F fixed(const uint8_t *q, float unit) { return toF(widen(load<S>(q))) * splat(unit); }

constexpr float UNIT_12 = 1.0f / 4096;
constexpr float UNIT_13 = 1.0f / 8192;

/** Lanes at once: their dL/dz is still in the cache when it is rounded, and no lane waits for its largest. */
constexpr int BACK_LANES = 4;

/** Rounds what `unit(lane)` has computed, whose largest elements it returned. */
template <class Unit>
INLINE void backLanes(const Back &b, const float *scale, Range lanes, const Unit &unit) {
  const int n = 4 * b.units;
  for (int from = lanes.begin; from < lanes.end; from += BACK_LANES) {
    const int count = lanes.end - from < BACK_LANES ? lanes.end - from : BACK_LANES;
    F top[BACK_LANES];
    for (int k = 0; k < count; k++) top[k] = unit(from + k);
    for (int k = 0; k < count; k++) {
      const int lane = from + k;
      const int64_t row = (int64_t)lane * n;
      const float m = largest(top[k]);
      b.scales[lane] =
          quantizeRow((const float *)b.dz + row, scale, n, m, b.high + row, b.low + row);
      b.scales[b.lanes + lane] = b.scales[lane] * (1.0f / 65536);
    }
  }
}

static void backInt16(const Back &b, const Rows &rows, Range lanes) {
  const int units = b.units;
  backLanes(b, rows.scale, lanes, [&](int l) {
    const int64_t row = (int64_t)l * 4 * units;
    const uint8_t *gates = b.gates + row * 2;
    float *dz = (float *)b.dz + row;
    F top = F{};
    for (int u = 0; u < units; u += W) {
      const int64_t unit = (int64_t)l * units + u;
      Reals r;
      r.i = fixed(gates + u * 2, UNIT_13);
      r.f = fixed(gates + (units + u) * 2, UNIT_13);
      r.g = fixed(gates + (2 * units + u) * 2, UNIT_12);
      r.o = fixed(gates + (3 * units + u) * 2, UNIT_13);
      r.before = fixed(b.cBefore + unit * 2, UNIT_12);
      r.t = fixed(b.tanhC + unit * 2, UNIT_12);
      r.slopeI = r.i * (splat(1) - r.i);
      r.slopeF = r.f * (splat(1) - r.f);
      r.slopeO = r.o * (splat(1) - r.o);
      top = maxF(top, backUnits(b, unit, dz + u, rows.scale + u, r, openAt(b.c + unit * 2)));
    }
    return top;
  });
}

static void backLevel3(const Back &b, const Rows &rows, Range lanes, bool narrowSlope) {
  const int units = b.units;
  backLanes(b, rows.scale, lanes, [&](int l) {
    const int64_t row = (int64_t)l * 4 * units;
    float *dz = (float *)b.dz + row;
    F top = F{};
    for (int u = 0; u < units; u += W) {
      const int64_t unit = (int64_t)l * units + u;
      const auto gate = [&](int k, F &value, F &slope) {
        const int at = k * units + u;
        const I acc = load<I>(dz + at);
        const I half = bits<I>(splat(0.5f));
        value = bits<F>((I)(acc >= load<I>(rows.low + at)) & half) +
                bits<F>((I)(acc >= load<I>(rows.high + at)) & half);
        if (narrowSlope) {
          slope = value * (splat(1) - value);
          return;
        }
        const F a = toF(acc) * load<F>(rows.slope + at) + load<F>(rows.realBias + at);
        const F e = exp(-absF(a));
        const F d = splat(1) + e;
        slope = e / (d * d);
      };
      Reals r;
      gate(0, r.i, r.slopeI);
      gate(1, r.f, r.slopeF);
      gate(3, r.o, r.slopeO);
      r.g = fixed(b.gates + unit * 2, UNIT_12);
      r.before = fixed(b.cBefore + unit * 2, UNIT_12);
      r.t = fixed(b.tanhC + unit * 2, UNIT_12);
      top = maxF(top, backUnits(b, unit, dz + u, rows.scale + u, r, openAt(b.c + unit * 2)));
    }
    return top;
  });
}

static void backFloat(const Back &b, Range lanes) {
  const int units = b.units;
  for (int l = lanes.begin; l < lanes.end; l++) {
    float *dz = (float *)b.dz + (int64_t)l * 4 * units;
    for (int u = 0; u < units; u += W) {
      const int64_t unit = (int64_t)l * units + u;
      Reals r;
      r.i = load<F>(dz + u);
      r.f = load<F>(dz + units + u);
      r.g = load<F>(dz + 2 * units + u);
      r.o = load<F>(dz + 3 * units + u);
      r.before = load<F>(b.cBefore + unit * 4);
      r.t = load<F>(b.tanhC + unit * 4);
      r.slopeI = r.i * (splat(1) - r.i);
      r.slopeF = r.f * (splat(1) - r.f);
      r.slopeO = r.o * (splat(1) - r.o);
      backUnits(b, unit, dz + u, nullptr, r, ~I{});
    }
  }
}

}  // namespace HALFGATE_ISA
}  // namespace halfgate
