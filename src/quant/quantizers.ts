/**
 * What coding a matrix is made of: roundings, row scales and decision points; and scaleRows, which does for
 * kernels that make codes themselves what codeMatrix (code-matrix.ts) does for all.
 *
 * A row r stands for the real weights s_r * code. Its accumulator means acc * s_r / 128 where activations
 * are Q0.7. All arithmetic is in doubles, in a stated order, so engines agree.
 */
import {
  ACTIVATION_FRACTION,
  INT16_MAX,
  INT16_MIN,
  MULTIPLIER_MAX,
  saturate,
  SHIFT_MAX,
} from './arithmetic.js';

/** Largest int8 weight code. */
export const CODE_MAX = 127;
/** Ternary threshold as a part of the row's mean |v| (Li et al. 2016, arXiv:1605.04711). */
export const TERNARY_THRESHOLD = 0.7;
/** A gain never falls below this, so a row never changes sign or dies. */
export const GAIN_MIN = 2 ** -10;
/** f32 accumulators are exact below this. */
export const EXACT_LIMIT = 2 ** 24;

/** 2^k for k in 0..63: this file runs between training steps, and pow is slow. */
const POWERS: readonly number[] = Array.from({ length: 64 }, (_, k) => 2 ** k);
const ACTIVATION_SCALE = 2 ** ACTIVATION_FRACTION;

/** Nearest integer, ties away from zero; never -0. */
export function roundHalfAway(value: number): number {
  return value < 0 ? 0 - Math.floor(0.5 - value) : Math.floor(value + 0.5);
}

/** A real bias as int16 with `fraction` fraction bits. */
export function quantizeBias(bias: number, fraction: number): number {
  return saturate(roundHalfAway(bias * POWERS[fraction]), INT16_MIN, INT16_MAX);
}

/** Multipliers and the shift they share: s_r = multipliers[r] * 2^-(exponent + shift), exactly. */
export interface RowScales {
  readonly shift: number;
  readonly multipliers: readonly number[];
}

/** Within what multipliers and shifts are looked for. */
export interface ScaleRange {
  /** Smallest shift, default 1; exponent + shiftMin must not be below 0. */
  readonly shiftMin?: number;
  /** Largest multiplier, default 255. */
  readonly most?: number;
}

/**
 * Row scales of integer codes -limit..limit: S is the largest up to 24 for which every
 * M_r = max(1, ceil(maxAbs_r / limit * 2^(exponent + S))) is at most `most`. Rounding up keeps the codes
 * within +-limit. Throws where a weight is not finite or above limit * most / 2^(exponent + shiftMin).
 */
export function intScales(
  maxAbs: ArrayLike<number>,
  exponent: number,
  limit: number,
  { shiftMin = 1, most = MULTIPLIER_MAX }: ScaleRange = {},
): RowScales {
  let largest = 0;
  for (let r = 0; r < maxAbs.length; r++) largest = Math.max(largest, maxAbs[r]);
  const multiplier = (value: number, shift: number): number =>
    Math.max(1, Math.ceil((value / limit) * POWERS[exponent + shift]));
  let shift = SHIFT_MAX;
  while (shift >= shiftMin && !(multiplier(largest, shift) <= most)) shift--;
  if (shift < shiftMin) {
    const bound = (limit * most) / 2 ** (exponent + shiftMin);
    throw new RangeError(
      `a weight of magnitude ${largest} cannot be coded as -${limit}..${limit} (at most ${bound}); ` +
        'training diverged: lower the learning rate',
    );
  }
  const multipliers = new Array<number>(maxAbs.length);
  for (let r = 0; r < maxAbs.length; r++) multipliers[r] = multiplier(maxAbs[r], shift);
  return { shift, multipliers };
}

/** code = round-half-away(w / s), within +-limit. */
export function intCode(weight: number, scale: number, limit: number): number {
  return saturate(roundHalfAway(weight / scale), -limit, limit);
}

/** Delta_r from the sum of |v| over the row, summed in column order. */
export function ternaryDelta(sumAbs: number, columns: number): number {
  return (TERNARY_THRESHOLD * sumAbs) / columns;
}

export function ternaryCode(weight: number, delta: number): -1 | 0 | 1 {
  return weight > delta ? 1 : weight < -delta ? -1 : 0;
}

/**
 * Weight normalization (Hou et al. 2019): s_r = gain_r / ||t_r||, and ||t_r||^2 = nonzeros. A row
 * without a nonzero has scale 0.
 */
export function ternaryScale(gain: number, nonzeros: number): number {
  return nonzeros === 0 ? 0 : Math.max(gain, GAIN_MIN) / Math.sqrt(nonzeros);
}

/**
 * Given scales as a requantizer has them: M_r = round(s_r * 2^(exponent + S)) within 1..255, S the
 * largest of shiftMin..24 for which the largest s_r still fits; beyond that, scales saturate.
 */
export function linearScales(scales: ArrayLike<number>, exponent: number, shiftMin = 1): RowScales {
  let largest = 0;
  for (let r = 0; r < scales.length; r++) largest = Math.max(largest, scales[r]);
  const raw = (scale: number, shift: number): number =>
    roundHalfAway(scale * POWERS[exponent + shift]);
  let shift = SHIFT_MAX;
  while (shift > shiftMin && raw(largest, shift) > MULTIPLIER_MAX) shift--;
  const multipliers = new Array<number>(scales.length);
  for (let r = 0; r < scales.length; r++) {
    multipliers[r] = saturate(raw(scales[r], shift), 1, MULTIPLIER_MAX);
  }
  return { shift, multipliers };
}

/**
 * Decision points on a row's sum. From a = sum * step + bias and a >= decision:
 * ceil((decision - bias) / step), within [-bound, bound + 1], bound being the largest |sum|: bound + 1
 * means never, -bound always. With step 0 the bias alone decides.
 */
export function decisionPoints(
  decisions: readonly number[],
  step: number,
  bias: number,
  bound: number,
): number[] {
  return decisions.map((decision) => {
    if (step === 0) return bias >= decision ? 0 - bound : bound + 1;
    return saturate(Math.ceil((decision - bias) / step), 0 - bound, bound + 1) + 0;
  });
}

/** Takes what scaleRows decides for each row: its effective scale, and what its hardware needs. */
export interface RowSink {
  threshold(row: number, scale: number, low: number, high: number): void;
  /** ratio = multiplier / 2^shift. */
  linear(
    row: number,
    scale: number,
    multiplier: number,
    shift: number,
    bias: number,
    ratio: number,
  ): void;
}

/** Rows begin..end-1 of a kernel's matrix that share an output. */
export interface KernelRows {
  readonly begin: number;
  readonly end: number;
  readonly columns: number;
  /** Fraction bits of a linear output; decision points of a threshold one. */
  readonly output:
    | { readonly kind: 'linear'; readonly biasFraction: number }
    | { readonly kind: 'threshold'; readonly low: number; readonly high: number };
}

/** Largest magnitude of an activation, that of a one-hot x included. */
const ANY_ACTIVATION = 2 ** ACTIVATION_FRACTION;

/**
 * Scale and hardware parameters of rows whose codes kernels make: `int8` (largest magnitude to 127) or
 * `ternary` (weight normalization); Q0.7 activations, slope 1. The integers of codeMatrix, except that
 * decision points which no sum reaches may be farther out, where they decide the same.
 */
export function scaleRows(
  { begin, end, columns, output }: KernelRows,
  weights: 'int8' | 'ternary',
  source: {
    readonly maxAbs: ArrayLike<number>;
    readonly nonzeros: ArrayLike<number>;
    readonly gain: ArrayLike<number>;
    readonly bias: ArrayLike<number>;
  },
  sink: RowSink,
): void {
  const count = end - begin;
  const wanted = new Float64Array(count);
  for (let n = 0; n < count; n++) {
    const r = begin + n;
    if (!Number.isFinite(source.bias[r]) || !Number.isFinite(source.maxAbs[r])) {
      throw new RangeError('a weight is not finite; training diverged: lower the learning rate');
    }
    wanted[n] =
      weights === 'ternary' ? ternaryScale(source.gain[r], source.nonzeros[r]) : source.maxAbs[r];
  }
  if (output.kind === 'threshold') {
    for (let n = 0; n < count; n++) {
      const r = begin + n;
      const scale = weights === 'ternary' ? wanted[n] : wanted[n] === 0 ? 1 : wanted[n] / CODE_MAX;
      const most = weights === 'ternary' ? source.nonzeros[r] : CODE_MAX * columns;
      const points = decisionPoints(
        [output.low, output.high],
        scale / ACTIVATION_SCALE,
        source.bias[r],
        ANY_ACTIVATION * most,
      );
      sink.threshold(r, scale, points[0], points[1]);
    }
    return;
  }
  const { biasFraction } = output;
  const exponent = biasFraction - ACTIVATION_FRACTION;
  const { shift, multipliers } =
    weights === 'ternary' ? linearScales(wanted, exponent) : intScales(wanted, exponent, CODE_MAX);
  const unit = 1 / POWERS[exponent + shift];
  const ratioUnit = 1 / POWERS[shift];
  for (let n = 0; n < count; n++) {
    const r = begin + n;
    const bias = quantizeBias(source.bias[r], biasFraction);
    const multiplier = multipliers[n];
    sink.linear(r, multiplier * unit, multiplier, shift, bias, multiplier * ratioUnit);
  }
}

/** Throws unless every sum of `effective` codes stays below 2^24 in magnitude, exact in float32. */
export function checkExact(
  effective: ArrayLike<number>,
  columns: number,
  activationMax: number,
  where: string,
): void {
  const limit = EXACT_LIMIT / activationMax;
  for (let r = 0; r < effective.length; r += columns) {
    let sum = 0;
    for (let k = r; k < r + columns; k++) sum += Math.abs(effective[k]);
    if (sum >= limit) {
      throw new RangeError(
        `${where}: an accumulator may reach ${sum * activationMax}, this engine is exact below 2^24; ` +
          `use fewer inputs than ${columns}, ternary weights, or --engine wasm`,
      );
    }
  }
}
