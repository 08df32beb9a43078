/**
 * Multi-bit binary coding: a group as k sign vectors with a scale each,
 *
 *   w ~ sum_j scales[j] * planes[j],  planes[j] in {-1, +1}^n
 *
 * The levels lie symmetrically around 0, so it is |w| that is coded here, and a weight has the codes of its
 * magnitude times its sign. Magnitudes of one code are neighbours in order: with the group sorted and
 * summed up once, a round of alternation looks at 2^(k-1) intervals, not at every weight.
 */
import { fewValueScales } from './few-values.js';
import {
  checkPlanes,
  type Curvature,
  type Group,
  load,
  MAGNITUDES,
  scratch,
  SUMS,
} from './group.js';
import { sortDescending } from './sort.js';

export const BCQ_ROUNDS = 15;
/** Most planes: a code must fit a byte. */
export const BCQ_PLANES_MAX = 8;
/** A plane whose part outside the span of those before it is below this is dropped. */
const RANK_TOLERANCE = 1e-10;
/** A scale below this part of the largest is what rounding left. */
const SCALE_TOLERANCE = 1e-12;
/** As is a difference of errors below this part of sum d w^2. */
const ERROR_TOLERANCE = 1e-20;

export type BcqMethod = 'greedy' | 'refined' | 'alternating';

export interface BcqOptions {
  /** Default 'alternating'. */
  readonly method?: BcqMethod | undefined;
  /** Alternations after 'refined', 1 or more; fewer where the codes settle. Default 15. */
  readonly rounds?: number | undefined;
  /** 0: pruned. Such weights are in no sum, are not checked, and have code 0. */
  readonly mask?: Uint8Array | undefined;
}

/**
 * Binary coding with planes.length planes, 1 to 8, scales >= 0 in descending order. The error to
 * minimise is sum d (w - approximation)^2. Methods:
 *
 *   greedy       r = w; for each plane: signs of r (r >= 0: +1), scale sum d|r| / sum d, r -= scale * signs
 *                (Guo et al. 2017, arXiv:1706.02021, section 3.2; without d)
 *   refined      greedy, then all scales by least squares
 *   alternating  refined, then rounds of: each weight to the nearest of the 2^k levels (the outer one at
 *                a midpoint), all scales by least squares (Xu et al. 2018, arXiv:1802.00150, section 3)
 *
 * A plane that depends linearly on the planes before it gets scale 0; the next alternation gives it the
 * signs of what the others leave. Alternating also starts from `fewValueScales`, so that a group that
 * has an exact coding, its own approximation for one, keeps its values. Of all these the one with the
 * least error counts, an earlier one if equal but for rounding: alternating is never worse than refined,
 * refined never worse than greedy. With one plane all are `lab`. A plane of scale 0 has the signs of w.
 */
export function bcq(
  w: ArrayLike<number>,
  d: Curvature,
  planes: readonly Int8Array[],
  { method = 'alternating', rounds = BCQ_ROUNDS, mask }: BcqOptions = {},
): number[] {
  const k = planes.length;
  if (k < 1 || k > BCQ_PLANES_MAX) {
    throw new RangeError(`${k} planes given; allowed are 1 to ${BCQ_PLANES_MAX}`);
  }
  if (!(Number.isInteger(rounds) && rounds >= 1)) {
    throw new RangeError(`${rounds} rounds given; at least 1 is needed`);
  }
  checkPlanes(planes, k, w.length);
  const group = load(w, d, mask);
  const sorted = sort(group);
  return write(solve(sorted, k, method, rounds), sorted, group, planes, mask);
}

/** Magnitudes in descending order, with their curvature. */
interface Sorted {
  readonly length: number;
  readonly magnitudes: Float64Array;
  readonly curvature: Float64Array;
  /** [n]: sum of curvature[i], and of curvature[i] * magnitudes[i], over i < n. */
  readonly curvatureSums: Float64Array;
  readonly weightedSums: Float64Array;
}

/**
 * Which code each sorted magnitude has: codes[i] in ends[i-1]..ends[i] - 1; bit j set means +1 in plane
 * j. No interval is empty, equal magnitudes are in one, no code is twice.
 */
interface Partition {
  readonly ends: number[];
  readonly codes: number[];
}

/** What a method found; scales of any sign. */
interface Candidate {
  readonly partition: Partition;
  readonly scales: Float64Array;
}

function sort({ values, curvature, length }: Group): Sorted {
  const magnitudes = scratch(MAGNITUDES, length);
  for (let n = 0; n < length; n++) magnitudes[n] = Math.abs(values[n]);
  const { keys, payload } = sortDescending(magnitudes, curvature, length);
  const curvatureSums = scratch(SUMS, length + 1);
  const weightedSums = scratch(SUMS + 1, length + 1);
  let total = 0;
  let weighted = 0;
  for (let n = 0; n < length; n++) {
    curvatureSums[n] = total;
    weightedSums[n] = weighted;
    total += payload[n];
    weighted += payload[n] * keys[n];
  }
  curvatureSums[length] = total;
  weightedSums[length] = weighted;
  return { length, magnitudes: keys, curvature: payload, curvatureSums, weightedSums };
}

function solve(sorted: Sorted, k: number, method: BcqMethod, rounds: number): Candidate {
  let best = greedy(sorted, k);
  if (method === 'greedy' || k === 1 || sorted.length === 0) return best;
  let least = error(sorted, best);
  const zero = { partition: best.partition, scales: new Float64Array(k) };
  const tolerance = ERROR_TOLERANCE * error(sorted, zero);
  const keepBetter = (candidate: Candidate): void => {
    const candidateError = error(sorted, candidate);
    if (candidateError >= least - tolerance) return;
    best = candidate;
    least = candidateError;
  };
  const refined = leastSquares(sorted, best.partition, k);
  keepBetter({ partition: best.partition, scales: refined });
  if (method === 'refined') return best;
  const few = fewValueScales(sorted.magnitudes, sorted.length, k);
  if (few !== undefined) keepBetter(alternate(sorted, few, rounds));
  keepBetter(alternate(sorted, refined, rounds));
  return best;
}

/** [code]: sum_j +-scales[j]. */
function levelsOf(scales: Float64Array): Float64Array {
  const levels = new Float64Array(1 << scales.length);
  for (let code = 0; code < levels.length; code++) {
    for (let j = 0; j < scales.length; j++)
      levels[code] += (code >> j) & 1 ? scales[j] : -scales[j];
  }
  return levels;
}

/** In begin..end, the first place whose magnitude is below `limit`; end where none is. */
function firstBelow(magnitudes: Float64Array, limit: number, begin: number, end: number): number {
  while (begin < end) {
    const middle = (begin + end) >>> 1;
    if (magnitudes[middle] >= limit) begin = middle + 1;
    else end = middle;
  }
  return begin;
}

/** A plane splits every interval at its level. */
function greedy(sorted: Sorted, k: number): Candidate {
  const { magnitudes, curvature, length } = sorted;
  const scales = new Float64Array(k);
  let partition: Partition = { ends: length === 0 ? [] : [length], codes: length === 0 ? [] : [0] };
  for (let j = 0; j < k; j++) {
    const levels = levelsOf(scales.subarray(0, j));
    const next: Partition = { ends: [], codes: [] };
    let sum = 0;
    let begin = 0;
    partition.ends.forEach((end, i) => {
      const code = partition.codes[i];
      const level = levels[code];
      for (let n = begin; n < end; n++) sum += curvature[n] * Math.abs(magnitudes[n] - level);
      const cut = firstBelow(magnitudes, level, begin, end);
      append(next, begin, cut, code | (1 << j));
      append(next, cut, end, code);
      begin = end;
    });
    scales[j] = length === 0 ? 0 : sum / sorted.curvatureSums[length];
    partition = next;
  }
  return { partition, scales };
}

function append({ ends, codes }: Partition, begin: number, end: number, code: number): void {
  if (end === begin) return;
  ends.push(end);
  codes.push(code);
}

function alternate(sorted: Sorted, start: Float64Array, rounds: number): Candidate {
  const k = start.length;
  let partition: Partition = { ends: [], codes: [] };
  let scales = start;
  for (let round = 0; round < rounds; round++) {
    const previous = partition;
    partition = nearest(sorted, scales.map(Math.abs).sort().reverse());
    if (
      sameNumbers(partition.ends, previous.ends) &&
      sameNumbers(partition.codes, previous.codes)
    ) {
      break;
    }
    scales = leastSquares(sorted, partition, k);
  }
  return { partition, scales };
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

/**
 * Each magnitude to the nearest of the larger half of the levels. Of equal levels the larger code comes
 * first, so that the bits of a plane of scale 0 are the signs of the residual.
 */
function nearest({ magnitudes, length }: Sorted, scales: Float64Array): Partition {
  const levels = levelsOf(scales);
  const order = Array.from(levels.keys()).sort((a, b) => levels[b] - levels[a] || b - a);
  const partition: Partition = { ends: [], codes: [] };
  let begin = 0;
  for (let i = 0; i < levels.length / 2; i++) {
    const isLast = i === levels.length / 2 - 1;
    const middle = (levels[order[i]] + levels[order[i + 1]]) / 2;
    const end = isLast ? length : firstBelow(magnitudes, middle, begin, length);
    append(partition, begin, end, order[i]);
    begin = end;
  }
  return partition;
}

/**
 * The scales of least error for given codes, of any sign: normal equations B^T D B a = B^T D |w| by
 * Cholesky, plane by plane, scale 0 for a plane that depends on earlier ones.
 */
function leastSquares(
  { curvatureSums, weightedSums, length }: Sorted,
  { ends, codes }: Partition,
  k: number,
): Float64Array {
  const factor = new Float64Array(k * k);
  const scales = new Float64Array(k);
  for (let i = 0; i < k; i++) {
    let target = 0;
    codes.forEach((code, c) => {
      const sum = weightedSums[ends[c]] - weightedSums[c === 0 ? 0 : ends[c - 1]];
      target += (code >> i) & 1 ? sum : -sum;
    });
    for (let j = 0; j <= i; j++) {
      let product = 0;
      codes.forEach((code, c) => {
        const sum = curvatureSums[ends[c]] - curvatureSums[c === 0 ? 0 : ends[c - 1]];
        product += ((code >> i) ^ (code >> j)) & 1 ? -sum : sum;
      });
      for (let l = 0; l < j; l++) product -= factor[i * k + l] * factor[j * k + l];
      const pivot = factor[j * k + j];
      if (j < i) factor[i * k + j] = pivot > 0 ? product / pivot : 0;
      else if (product > RANK_TOLERANCE * curvatureSums[length]) {
        factor[i * k + i] = Math.sqrt(product);
      }
    }
    for (let l = 0; l < i; l++) target -= factor[i * k + l] * scales[l];
    scales[i] = factor[i * k + i] > 0 ? target / factor[i * k + i] : 0;
  }
  for (let i = k - 1; i >= 0; i--) {
    for (let l = i + 1; l < k; l++) scales[i] -= factor[l * k + i] * scales[l];
    scales[i] = factor[i * k + i] > 0 ? scales[i] / factor[i * k + i] : 0;
  }
  return scales;
}

/** sum d (|w| - level)^2. */
function error({ magnitudes, curvature }: Sorted, { partition, scales }: Candidate): number {
  const levels = levelsOf(scales);
  let sum = 0;
  let begin = 0;
  partition.ends.forEach((end, i) => {
    const level = levels[partition.codes[i]];
    for (let n = begin; n < end; n++) {
      const residual = magnitudes[n] - level;
      sum += curvature[n] * residual * residual;
    }
    begin = end;
  });
  return sum;
}

/** Planes in descending order of |scale|; where the scale is negative, with their signs turned. */
function write(
  { partition, scales }: Candidate,
  { magnitudes }: Sorted,
  { values, length, unit }: Group,
  planes: readonly Int8Array[],
  mask: Uint8Array | undefined,
): number[] {
  const sizes = scales.map(Math.abs);
  const least = SCALE_TOLERANCE * Math.max(...sizes);
  const isZero = Array.from(sizes, (size) => size <= least);
  const order = Array.from(sizes.keys()).sort((a, b) => sizes[b] - sizes[a]);
  // Interval i begins below limits[i - 1], the least magnitude of the one before.
  const limits = Float64Array.from(partition.ends.slice(0, -1), (end) => magnitudes[end - 1]);
  const intervals = new Uint8Array(length);
  for (let i = 0; i < limits.length; i++) {
    const limit = limits[i];
    for (let n = 0; n < length; n++) intervals[n] += Math.abs(values[n]) < limit ? 1 : 0;
  }
  planes.forEach((plane, place) => {
    const j = order[place];
    const signs = Int8Array.from(partition.codes, (code) =>
      isZero[j] || (((code >> j) & 1) === 1) === scales[j] >= 0 ? 1 : -1,
    );
    for (let n = 0; n < length; n++) {
      const sign = signs[intervals[n]];
      plane[n] = values[n] >= 0 ? sign : -sign;
    }
    if (mask !== undefined) spread(plane, mask, length);
  });
  return order.map((j) => (isZero[j] ? 0 : sizes[j] / unit));
}

/** Moves the first `length` codes to where the mask is not 0, from the last on; 0 elsewhere. */
function spread(plane: Int8Array, mask: Uint8Array, length: number): void {
  let from = length;
  for (let n = plane.length - 1; n >= 0; n--) plane[n] = mask[n] !== 0 ? plane[--from] : 0;
}
