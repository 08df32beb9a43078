/**
 * Ternary weights: codes -1, 0, 1 in one plane, or positive and negative codes in a plane each with
 * its own scale. A group of zeros has codes and scales 0.
 */
import { checkPlanes, type Curvature, load, MAGNITUDES, PART, scratch } from './group.js';
import { sortDescending } from './sort.js';

/** Threshold as a part of mean|w| (Li et al. 2016, arXiv:1605.04711, equation 6). */
export const TWN_FACTOR = 0.7;
/** The same in HitNet (Wang et al. 2018): the optimum for uniform weights, not normal ones. */
export const HITNET_FACTOR = 2 / 3;
/** Threshold of trained ternary quantization as a part of max|w|. */
export const TTQ_FACTOR = 0.05;
/** Alternations of the approximate solver at most. */
export const LAT_ROUNDS = 10;
/** An alternation ends where alpha changes by less than this part of it. */
export const LAT_TOLERANCE = 1e-6;

export type LatMethod = 'exact' | 'approximate';

/**
 * Ternary weight network (Li et al. 2016, arXiv:1605.04711, equations 3 to 6): sign(w) where
 * |w| > factor * mean|w|, else 0; scale the mean of |w| there. Curvature is not read. The optimum
 * that this rule approximates is `latExact` without curvature.
 */
export function twn(
  w: ArrayLike<number>,
  _d: Curvature,
  planes: readonly Int8Array[],
  factor = TWN_FACTOR,
): number[] {
  checkPlanes(planes, 1, w.length);
  checkFactor(factor);
  const { length, values, curvature, unit } = load(w, undefined);
  const limit = meanThreshold(values, length, factor);
  threshold(values, limit, planes[0]);
  return [meanAbove(values, curvature, length, limit) / unit];
}

/**
 * Ternary weights without a scale (after Lin et al. 2016, arXiv:1510.03009, who draw them at random): the
 * codes of `twn`, scale 1, always. Rounding at 1/2 instead leaves nearly all codes 0 for most of training.
 */
export function ternaryConnect(
  w: ArrayLike<number>,
  d: Curvature,
  planes: readonly Int8Array[],
): number[] {
  twn(w, d, planes);
  return [1];
}

/**
 * Exact loss-aware ternarization (Hou and Kwok 2018, arXiv:1802.08635, section 3.2): the minimiser of
 * sum d (w - alpha * code)^2 over alpha and codes. With a support S the best alpha leaves
 * const - (sum_S d|w|)^2 / sum_S d, and the best support is a prefix of |w| in descending order:
 *
 *   k* = argmax_k A_k^2 / D_k,  A_k = sum_{i<=k} d_i |w_i|,  D_k = sum_{i<=k} d_i,  alpha = A_k* / D_k*
 *
 * Equal magnitudes enter together, which is never worse; of equal prefixes the shortest counts.
 */
export function latExact(
  w: ArrayLike<number>,
  d: Curvature,
  planes: readonly Int8Array[],
): number[] {
  checkPlanes(planes, 1, w.length);
  const { length, values, curvature, unit } = load(w, d);
  const magnitudes = scratch(MAGNITUDES, length);
  for (let n = 0; n < length; n++) magnitudes[n] = Math.abs(values[n]);
  const limit = exactThreshold(magnitudes, curvature, length);
  threshold(values, limit, planes[0]);
  return [meanAbove(values, curvature, length, limit) / unit];
}

/**
 * Approximate loss-aware ternarization (Hou and Kwok 2018, section 3.2): alternates
 *
 *   alpha = sum d|w| / sum d over the nonzero codes;   code = sign(w) where |w| > alpha / 2, else 0
 *
 * from codes sign(w) where |w| > 0.7 mean|w|, at most 10 times after the first alpha, until alpha
 * moves by less than 1e-6 alpha: relative, so that alpha follows a factor of w; the authors' 1e-6
 * stands for weights in [-1, 1]. The codes are those of the alpha returned.
 */
export function latApproximate(
  w: ArrayLike<number>,
  d: Curvature,
  planes: readonly Int8Array[],
): number[] {
  checkPlanes(planes, 1, w.length);
  const { length, values, curvature, unit } = load(w, d);
  const alpha = approximateAlpha(values, curvature, length);
  threshold(values, alpha / 2, planes[0]);
  return [alpha / unit];
}

/**
 * Loss-aware ternarization with two scales (Hou and Kwok 2018, algorithms 4 and 5): positive and
 * negative weights are two problems. Codes 0, +1 in planes[0] with alpha, 0, -1 in planes[1] with
 * beta: [alpha, beta].
 */
export function lat2(
  w: ArrayLike<number>,
  d: Curvature,
  planes: readonly Int8Array[],
  method: LatMethod = 'exact',
): number[] {
  checkPlanes(planes, 2, w.length);
  const { length, values, curvature, unit } = load(w, d);
  const magnitudes = scratch(MAGNITUDES, length);
  const weights = scratch(PART, length);
  return planes.map((plane, part) => {
    const sign = part === 0 ? 1 : -1;
    let count = 0;
    for (let n = 0; n < length; n++) {
      magnitudes[count] = sign * values[n];
      weights[count] = curvature[n];
      if (magnitudes[count] > 0) count++;
    }
    let alpha: number;
    let limit: number;
    if (method === 'exact') {
      limit = exactThreshold(magnitudes, weights, count);
      alpha = meanAbove(magnitudes, weights, count, limit);
    } else {
      alpha = approximateAlpha(magnitudes, weights, count);
      limit = alpha / 2;
    }
    for (let n = 0; n < length; n++) plane[n] = sign * values[n] > limit ? sign : 0;
    return alpha / unit;
  });
}

/**
 * Codes of trained ternary quantization (Zhu et al. 2017, arXiv:1612.01064, equation 6): +1 in
 * planes[0] where w > factor * max|w|, -1 in planes[1] where w < -factor * max|w|. The scales of that
 * method are trained; returned are values to start from, sum d|w| / sum d over each plane's codes.
 */
export function ttqCodes(
  w: ArrayLike<number>,
  d: Curvature,
  planes: readonly Int8Array[],
  factor = TTQ_FACTOR,
): number[] {
  checkPlanes(planes, 2, w.length);
  checkFactor(factor);
  const { length, values, curvature, unit, largest } = load(w, d);
  const limit = factor * largest;
  return planes.map((plane, part) => {
    const sign = part === 0 ? 1 : -1;
    let weighted = 0;
    let total = 0;
    for (let n = 0; n < length; n++) {
      const value = sign * values[n];
      const keep = value > limit ? 1 : 0;
      plane[n] = sign * keep;
      weighted += keep * curvature[n] * value;
      total += keep * curvature[n];
    }
    return total > 0 ? weighted / total / unit : 0;
  });
}

function checkFactor(factor: number): void {
  if (!(factor >= 0 && factor < Infinity)) {
    throw new RangeError(`threshold factor ${factor} is not a number >= 0`);
  }
}

/** codes = sign(value) where |value| > limit, else 0; limit >= 0. */
function threshold(values: ArrayLike<number>, limit: number, codes: Int8Array): void {
  for (let n = 0; n < codes.length; n++) {
    codes[n] = (values[n] > limit ? 1 : 0) - (values[n] < -limit ? 1 : 0);
  }
}

/** factor * mean|value|. */
export function meanThreshold(values: Float64Array, length: number, factor: number): number {
  let sum = 0;
  for (let n = 0; n < length; n++) sum += Math.abs(values[n]);
  return length === 0 ? 0 : (factor * sum) / length;
}

/** sum d|value| / sum d where |value| > limit; 0 where none is. */
export function meanAbove(
  values: Float64Array,
  d: Float64Array,
  length: number,
  limit: number,
): number {
  let weighted = 0;
  let total = 0;
  for (let n = 0; n < length; n++) {
    const magnitude = Math.abs(values[n]);
    const weight = magnitude > limit ? d[n] : 0;
    weighted += weight * magnitude;
    total += weight;
  }
  return total > 0 ? weighted / total : 0;
}

/** The limit above which magnitudes belong to the best support. */
function exactThreshold(magnitudes: Float64Array, d: Float64Array, length: number): number {
  const { keys, payload } = sortDescending(magnitudes, d, length);
  let weighted = 0;
  let total = 0;
  let best = 0;
  let limit = 0;
  for (let k = 0; k < length; k++) {
    const magnitude = keys[k];
    weighted += payload[k] * magnitude;
    total += payload[k];
    const next = k + 1 < length ? keys[k + 1] : 0;
    if (next === magnitude) continue;
    const gain = (weighted * weighted) / total;
    if (gain > best) {
      best = gain;
      limit = next;
    }
  }
  return limit;
}

function approximateAlpha(values: Float64Array, d: Float64Array, length: number): number {
  let alpha = meanAbove(values, d, length, meanThreshold(values, length, TWN_FACTOR));
  for (let round = 0; round < LAT_ROUNDS; round++) {
    const previous = alpha;
    alpha = meanAbove(values, d, length, previous / 2);
    if (Math.abs(alpha - previous) < LAT_TOLERANCE * alpha) break;
  }
  return alpha;
}
