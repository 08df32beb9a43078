/** Seeded groups of weights, and what the tests of all solvers measure. */
import { Random } from '../../../src/model/random.js';
import type { Curvature } from '../../../src/quant/solvers/group.js';

export const SEEDS = Array.from({ length: 40 }, (_, n) => n);

export interface Case {
  readonly w: Float64Array;
  readonly d: Float64Array;
}

/** Weights of normal, uniform or skewed distribution, sizes over many octaves, no zeros and no ties. */
export function randomCase(seed: number, length = 1 + (seed % 37)): Case {
  const random = new Random(seed);
  const size = 2 ** random.range(-12, 6);
  const shape = seed % 3;
  const draw = (): number => {
    if (shape === 0) return random.range(-size, size);
    const normal =
      Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
    return size * (shape === 1 ? normal : normal * normal - 0.3);
  };
  return {
    w: Float64Array.from({ length }, draw),
    d: Float64Array.from({ length }, () => 2 ** random.range(-20, 4)),
  };
}

export function newPlanes(count: number, length: number): Int8Array[] {
  return Array.from({ length: count }, () => new Int8Array(length));
}

/** sum_j scales[j] * planes[j]. */
export function approximate(scales: readonly number[], planes: readonly Int8Array[]): Float64Array {
  return Float64Array.from(planes[0], (_, n) =>
    scales.reduce((sum, scale, j) => sum + scale * planes[j][n], 0),
  );
}

/** sum d (w - approximation)^2. */
export function objective(
  w: ArrayLike<number>,
  d: Curvature,
  scales: readonly number[],
  planes: readonly Int8Array[],
): number {
  const values = approximate(scales, planes);
  let sum = 0;
  for (let n = 0; n < w.length; n++) sum += (d?.[n] ?? 1) * (w[n] - values[n]) ** 2;
  return sum;
}

/** sum d w^2, what tolerances of objectives are relative to. */
export function energy(w: ArrayLike<number>, d: Curvature): number {
  let sum = 0;
  for (let n = 0; n < w.length; n++) sum += (d?.[n] ?? 1) * w[n] ** 2;
  return sum;
}

/** All vectors of `length` entries out of `values`. */
export function* vectors(values: readonly number[], length: number): Generator<number[]> {
  const digits = new Array<number>(length).fill(0);
  for (;;) {
    yield digits.map((digit) => values[digit]);
    let n = 0;
    while (n < length && digits[n] === values.length - 1) digits[n++] = 0;
    if (n === length) return;
    digits[n]++;
  }
}

/** sum d b w / sum d b^2, the best scale of codes b; 0 for codes 0. */
export function bestScale(w: ArrayLike<number>, d: Curvature, codes: ArrayLike<number>): number {
  let product = 0;
  let square = 0;
  for (let n = 0; n < w.length; n++) {
    const weight = d?.[n] ?? 1;
    product += weight * codes[n] * w[n];
    square += weight * codes[n] * codes[n];
  }
  return square === 0 ? 0 : product / square;
}
