/** Weights of m bits on a fixed set of levels: linear, powers of two, or odd integers. */
import { bwn } from './binary.js';
import { checkBits, checkPlanes, type Curvature, type Group, load } from './group.js';
import { LAT_ROUNDS, LAT_TOLERANCE, meanAbove, meanThreshold, TWN_FACTOR } from './ternary.js';

/**
 * How alpha follows from levels b in [-1, 1]. 'compat': sum d|b w| / sum d|b|, as the authors' code
 * has it, the minimiser only for b in {-1, 0, 1}. 'exact': sum d b w / sum d b^2, least squares.
 */
export type AlphaFormula = 'compat' | 'exact';

/** Largest code of a symmetric linear code of `bits` bits: k = 2^(bits - 1) - 1. */
function largestCode(bits: number): number {
  return 2 ** (bits - 1) - 1;
}

/**
 * Loss-aware quantization, linear levels (Hou and Kwok 2018, arXiv:1802.08635, section 3.4), 2 to 8
 * bits: codes -k..k, k = 2^(bits-1) - 1, w ~ alpha * code / k. Returns alpha / k. Alternates
 *
 *   alpha by the formula;   code = round(clip(w / alpha, -1, 1) * k), halves away from zero
 *
 * from codes 0, +-k with |w| > 0.7 mean|w|, with rounds and end as `latApproximate`.
 */
export function laqLinear(
  w: ArrayLike<number>,
  d: Curvature,
  planes: readonly Int8Array[],
  bits: number,
  formula: AlphaFormula = 'compat',
): number[] {
  checkBits(bits, 2, 8);
  checkPlanes(planes, 1, w.length);
  const top = largestCode(bits);
  const codes = Int8Array.from({ length: 2 * top + 1 }, (_, half) => (half + 1) >> 1);
  return [alternate(load(w, d), planes[0], codes, formula)];
}

/**
 * Loss-aware quantization, powers of two (Hou and Kwok 2018, section 3.4), 2 to 4 bits: codes 0, +-1,
 * +-2, .. +-2^(k-1), k = 2^(bits-1) - 1, w ~ alpha * code / 2^(k-1). Returns alpha / 2^(k-1).
 * Alternates as `laqLinear`; a code is the level nearest to w / alpha in linear distance: 0 below
 * 2^-k, the larger of two levels from their midpoint up.
 */
export function laqLog(
  w: ArrayLike<number>,
  d: Curvature,
  planes: readonly Int8Array[],
  bits: number,
  formula: AlphaFormula = 'compat',
): number[] {
  checkBits(bits, 2, 4);
  checkPlanes(planes, 1, w.length);
  const top = 2 ** (largestCode(bits) - 1);
  const codes = new Int8Array(2 * top + 1);
  codes[1] = 1;
  for (let half = 2; half <= 2 * top; half++) {
    // Between code and 2 * code the midpoint is 3 * code halves.
    const code = codes[half - 1];
    codes[half] = half >= 3 * code ? 2 * code : code;
  }
  return [alternate(load(w, d), planes[0], codes, formula)];
}

/**
 * The alternation of both: codesOfHalves[h] is the code of a magnitude in h/2..(h+1)/2 of the scale,
 * its last entry, the largest code, of all above. Returns the scale of code 1.
 */
function alternate(
  { length, values, curvature, unit }: Group,
  plane: Int8Array,
  codesOfHalves: Int8Array,
  formula: AlphaFormula,
): number {
  const last = codesOfHalves.length - 1;
  const top = codesOfHalves[last];
  const start = meanThreshold(values, length, TWN_FACTOR);
  let scale = meanAbove(values, curvature, length, start) / top;
  for (let round = 0; round < LAT_ROUNDS && scale > 0; round++) {
    const half = scale / 2;
    let weighted = 0;
    let total = 0;
    for (let n = 0; n < length; n++) {
      const magnitude = Math.abs(values[n]);
      const code = codesOfHalves[Math.min(magnitude / half, last) | 0];
      const weight = curvature[n] * code;
      weighted += weight * magnitude;
      total += formula === 'exact' ? weight * code : weight;
    }
    const previous = scale;
    scale = total > 0 ? weighted / total : 0;
    if (formula === 'compat') scale /= top;
    if (Math.abs(scale - previous) < LAT_TOLERANCE * scale) break;
  }
  const half = scale / 2;
  for (let n = 0; n < length; n++) {
    const code = scale > 0 ? codesOfHalves[Math.min(Math.abs(values[n]) / half, last) | 0] : 0;
    plane[n] = values[n] < 0 ? -code : code;
  }
  return scale / unit;
}

/**
 * Symmetric linear codes by the largest magnitude, 2 to 8 bits: scale = max|w| / k with
 * k = 2^(bits-1) - 1, code = round(w / scale), halves away from zero. Curvature is not read. A group of
 * zeros has scale and codes 0.
 */
export function absmax(
  w: ArrayLike<number>,
  _d: Curvature,
  planes: readonly Int8Array[],
  bits: number,
): number[] {
  checkBits(bits, 2, 8);
  checkPlanes(planes, 1, w.length);
  const { length, values, unit, largest } = load(w, undefined);
  const top = largestCode(bits);
  const scale = largest / top;
  const plane = planes[0];
  for (let n = 0; n < length; n++) {
    const code = scale > 0 ? Math.min(Math.floor(Math.abs(values[n]) / scale + 0.5), top) : 0;
    plane[n] = values[n] < 0 ? -code : code;
  }
  return [scale / unit];
}

/**
 * DoReFa-Net (Zhou et al. 2016, arXiv:1606.06160, section 2.3), 1 to 8 bits. With N = 2^bits - 1
 *
 *   w ~ 2 * round(N * (tanh(w) / (2 max|tanh(w)|) + 1/2)) / N - 1
 *
 * whose levels are the odd integers -N..N over N: sum_j 2^j / N * planes[j] with `bits` planes of -1
 * and +1, the largest scale last. Halves round away from zero, 0 up. One bit is `bwn`, as in the paper.
 * A group of zeros, where the formula is 0/0, has scales 0 and codes +1. Curvature is not read.
 */
export function dorefa(
  w: ArrayLike<number>,
  d: Curvature,
  planes: readonly Int8Array[],
  bits: number,
): number[] {
  checkBits(bits, 1, 8);
  checkPlanes(planes, bits, w.length);
  if (bits === 1) return bwn(w, d, planes);
  const { length, unit, largest } = load(w, undefined);
  if (largest === 0) {
    for (const plane of planes) plane.fill(1);
    return planes.map(() => 0);
  }
  const steps = 2 ** bits - 1;
  const most = Math.tanh(largest / unit);
  for (let n = 0; n < length; n++) {
    // The level 2q - N of a positive w is 2 * floor(N t / 2) + 1, that is q = (N + 1)/2 + floor(N t / 2).
    const step = Math.floor((Math.tanh(Math.abs(w[n])) / most) * (steps / 2));
    const level = w[n] < 0 ? (steps - 1) / 2 - step : (steps + 1) / 2 + step;
    for (let j = 0; j < bits; j++) planes[j][n] = (level >> j) & 1 ? 1 : -1;
  }
  return planes.map((_, j) => 2 ** j / steps);
}
