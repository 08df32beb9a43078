/**
 * What the weight solvers share: the checks of their input, and copies of it they may work on.
 *
 * A solver approximates a group of real weights, a row or a whole matrix, by
 *
 *   w[n] ~ sum_j scales[j] * planes[j][n]
 *
 * with small integer codes, and returns the scales. Solvers are pure but for the planes they write,
 * and deterministic. Sums are doubles, in index order or in descending order of |w|.
 */

/** Diagonal d > 0 of the quadratic model of the loss; undefined: all ones. */
export type Curvature = ArrayLike<number> | undefined;

/** Scratch arrays by number, so that a solver allocates only when a group is the largest so far. */
export const VALUES = 0;
export const CURVATURE = 1;
export const MAGNITUDES = 2;
export const PART = 3;
export const SUMS = 4;
export const SORT = 6;

const arrays: Float64Array[] = Array.from({ length: SORT + 4 }, () => new Float64Array(0));

/** At least `length` long, contents unspecified; valid until the next call with this number. */
export function scratch(slot: number, length: number): Float64Array {
  if (arrays[slot].length < length) arrays[slot] = new Float64Array(length);
  return arrays[slot];
}

/** Index of the high word of a double in a Uint32Array. */
export const HIGH_WORD = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/** The power of two u with 1 <= value * u < 2; 2^1023, and 0 <= value * u < 2, below 2^-1022. */
function unitOf(value: number): number {
  double[0] = value;
  return 2 ** (1023 - (words[HIGH_WORD] >>> 20));
}

/** A group as solvers read it: entries 0..length-1 of scratch arrays. */
export interface Group {
  readonly length: number;
  /** w * unit: magnitudes below 2, so that no sum or square overflows or vanishes. */
  readonly values: Float64Array;
  /** d times a power of two, which no scale depends on; below 2. */
  readonly curvature: Float64Array;
  /** Power of two: a scale of the values over unit is the scale of the weights. */
  readonly unit: number;
  /** max |values|. */
  readonly largest: number;
}

/**
 * Copies a group, without the entries whose mask is 0. Because the copy is normalised by a power of
 * two, codes ignore such a factor of w or d, and scales follow it exactly. Throws RangeError on a
 * weight that is not finite or a curvature that is not positive and finite, unless masked.
 */
export function load(w: ArrayLike<number>, d: Curvature, mask?: Uint8Array): Group {
  checkLength('curvature', d, w.length);
  checkLength('mask', mask, w.length);
  const values = scratch(VALUES, w.length);
  const curvature = scratch(CURVATURE, w.length);
  const length = copy(w, mask, values);
  if (d === undefined) curvature.fill(1, 0, length);
  else copy(d, mask, curvature);
  let largest = 0;
  for (let n = 0; n < length; n++) {
    const magnitude = Math.abs(values[n]);
    if (!(magnitude <= Number.MAX_VALUE)) throwNotFinite(values[n]);
    if (magnitude > largest) largest = magnitude;
  }
  const unit = unitOf(largest);
  for (let n = 0; n < length; n++) values[n] *= unit;
  if (d !== undefined) normaliseCurvature(curvature, length);
  return { length, values, curvature, unit, largest: largest * unit };
}

function copy(from: ArrayLike<number>, mask: Uint8Array | undefined, to: Float64Array): number {
  to.set(from);
  if (mask === undefined) return from.length;
  let length = 0;
  for (let n = 0; n < mask.length; n++) {
    to[length] = to[n];
    if (mask[n] !== 0) length++;
  }
  return length;
}

function normaliseCurvature(curvature: Float64Array, length: number): void {
  let largest = 0;
  for (let n = 0; n < length; n++) {
    const value = curvature[n];
    if (!(value > 0 && value <= Number.MAX_VALUE)) {
      throw new RangeError(`a curvature is ${value}; each must be positive and finite`);
    }
    if (value > largest) largest = value;
  }
  const unit = unitOf(largest);
  for (let n = 0; n < length; n++) curvature[n] *= unit;
}

function throwNotFinite(value: number): never {
  throw new RangeError(
    `a weight is ${value}, not a finite number; training diverged: lower the learning rate`,
  );
}

/** Throws RangeError unless all values are finite. */
export function checkFinite(values: ArrayLike<number>): void {
  for (let n = 0; n < values.length; n++) {
    if (!(Math.abs(values[n]) <= Number.MAX_VALUE)) throwNotFinite(values[n]);
  }
}

/** Throws RangeError unless `array`, if any, has `length` entries. */
export function checkLength(
  name: string,
  array: ArrayLike<number> | undefined,
  length: number,
): void {
  if (array !== undefined && array.length !== length) {
    throw new RangeError(`${name} has ${array.length} entries, the group ${length} weights`);
  }
}

/** Throws RangeError unless there are `count` planes of `length` codes each. */
export function checkPlanes(planes: readonly Int8Array[], count: number, length: number): void {
  if (planes.length !== count) {
    throw new RangeError(`${planes.length} planes given, ${count} needed`);
  }
  for (const plane of planes) checkLength('a plane', plane, length);
}

/** Throws RangeError unless `bits` is an integer in low..high. */
export function checkBits(bits: number, low: number, high: number): void {
  if (!(Number.isInteger(bits) && bits >= low && bits <= high)) {
    throw new RangeError(`${bits} bits given; allowed are ${low} to ${high}`);
  }
}
