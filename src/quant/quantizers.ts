/**
 * Real weights to integer codes, row by row: the one place that decides codes, scales, shifts and
 * decision points. Training calls it before every step, `quantize` once; both get the same integers.
 *
 * A row r stands for the real weights s_r * code. Its accumulator means acc * s_r / 128, since
 * activations are Q0.7. All arithmetic is in doubles, in a stated order, so engines agree.
 */
import {
  ACTIVATION_FRACTION,
  ACTIVATION_MAX,
  INT16_MAX,
  INT16_MIN,
  LEVEL3_DECISION,
  LOGIT_FRACTION,
  MULTIPLIER_MAX,
  PREACT_FRACTION,
  saturate,
  SHIFT_MAX,
} from './arithmetic.js';
import type { RowParameters, Scheme } from './quantized-model.js';

/** z_int = acc * s_r * 2^GATE_EXPONENT: from Q0.7 activations to Q3.12. */
export const GATE_EXPONENT = PREACT_FRACTION - ACTIVATION_FRACTION;
/** logit_int = acc * s_r * 2^HEAD_EXPONENT: from Q0.7 activations to Q6.9. */
export const HEAD_EXPONENT = LOGIT_FRACTION - ACTIVATION_FRACTION;
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

/**
 * int8 row scales: S is the largest in 1..24 for which every
 * M_r = max(1, ceil(maxAbs_r / 127 * 2^(exponent + S))) is at most 255. Rounding up keeps the codes
 * within +-127. Throws where a weight is not finite or above 127 * 255 / 2^(exponent + 1).
 */
export function int8Scales(maxAbs: ArrayLike<number>, exponent: number): RowScales {
  let largest = 0;
  for (let r = 0; r < maxAbs.length; r++) {
    if (!(maxAbs[r] <= largest)) largest = maxAbs[r];
  }
  const multiplier = (value: number, shift: number): number =>
    Math.max(1, Math.ceil((value / CODE_MAX) * POWERS[exponent + shift]));
  let shift = SHIFT_MAX;
  while (shift >= 1 && !(multiplier(largest, shift) <= MULTIPLIER_MAX)) shift--;
  if (shift < 1) {
    const limit = (CODE_MAX * MULTIPLIER_MAX) / 2 ** (exponent + 1);
    throw new RangeError(
      `a weight of magnitude ${largest} cannot be coded as int8 (at most ${limit}); ` +
        'training diverged: lower the learning rate',
    );
  }
  const multipliers = new Array<number>(maxAbs.length);
  for (let r = 0; r < maxAbs.length; r++) multipliers[r] = multiplier(maxAbs[r], shift);
  return { shift, multipliers };
}

/** code = round-half-away(w / s), within +-127. */
export function int8Code(weight: number, scale: number): number {
  return saturate(roundHalfAway(weight / scale), -CODE_MAX, CODE_MAX);
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
 * Ternary rows that keep a requantizer: M_r = round(s_r * 2^(exponent + S)) within 1..255, S the
 * largest in 1..24 for which the largest s_r still fits.
 */
export function ternaryRowScales(scales: ArrayLike<number>, exponent: number): RowScales {
  let largest = 0;
  for (let r = 0; r < scales.length; r++) largest = Math.max(largest, scales[r]);
  const raw = (scale: number, shift: number): number =>
    roundHalfAway(scale * POWERS[exponent + shift]);
  let shift = SHIFT_MAX;
  while (shift > 1 && raw(largest, shift) > MULTIPLIER_MAX) shift--;
  const multipliers = new Array<number>(scales.length);
  for (let r = 0; r < scales.length; r++) {
    multipliers[r] = saturate(raw(scales[r], shift), 1, MULTIPLIER_MAX);
  }
  return { shift, multipliers };
}

/**
 * Decision points of a three-level gate on the raw accumulator. From a = acc * s / 128 + b and
 * a >= +-ln 3: high = ceil((ln 3 - b) / (s / 128)), low likewise with -ln 3, both within [-B, B + 1]
 * with B = 127 * nonzeros, the largest |acc|: B + 1 means never, -B always.
 */
export function decisionPoints(
  scale: number,
  bias: number,
  nonzeros: number,
): { low: number; high: number } {
  const bound = ACTIVATION_MAX * nonzeros;
  return {
    low: decisionPoint(-LEVEL3_DECISION, scale, bias, nonzeros, bound),
    high: decisionPoint(LEVEL3_DECISION, scale, bias, nonzeros, bound),
  };
}

function decisionPoint(
  decision: number,
  scale: number,
  bias: number,
  nonzeros: number,
  bound: number,
): number {
  if (nonzeros === 0) return bias >= decision ? 0 : 1;
  const acc = Math.ceil((decision - bias) / (scale / ACTIVATION_SCALE));
  return saturate(acc, 0 - bound, bound + 1) + 0;
}

/** Rows of real weights as coded: what the forward and the backward pass need. */
export interface CodedRows {
  /** [rows, columns]. */
  readonly codes: Int8Array;
  /** Effective s_r; exactly multiplier / 2^(exponent + shift) for linear rows. */
  readonly scale: Float64Array;
  readonly nonzeros: Int32Array;
  readonly rows: readonly RowParameters[];
}

/** Per-row sums a coder starts from. */
export interface RowStatistics {
  readonly maxAbs: ArrayLike<number>;
  readonly sumAbs: ArrayLike<number>;
}

export function rowStatistics(weights: Float32Array, columns: number): RowStatistics {
  const rows = weights.length / columns;
  const maxAbs = new Float64Array(rows);
  const sumAbs = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < columns; k++) {
      const magnitude = Math.abs(weights[r * columns + k]);
      if (!(magnitude <= maxAbs[r])) maxAbs[r] = magnitude;
      sumAbs[r] += magnitude;
    }
  }
  return { maxAbs, sumAbs };
}

/** Groups of rows that share a shift: the four gates of a layer, or the whole head. */
export interface RowGroup {
  readonly begin: number;
  readonly end: number;
  readonly exponent: number;
  readonly biasFraction: number;
  readonly threshold: boolean;
}

/** The groups of one layer's 4 * hiddenSize rows. */
export function gateGroups(scheme: Scheme, hiddenSize: number): RowGroup[] {
  return [0, 1, 2, 3].map((gate) => ({
    begin: gate * hiddenSize,
    end: (gate + 1) * hiddenSize,
    exponent: GATE_EXPONENT,
    biasFraction: PREACT_FRACTION,
    threshold: scheme.gates === 'level3' && gate !== 2,
  }));
}

export function headGroups(classes: number): RowGroup[] {
  return [
    {
      begin: 0,
      end: classes,
      exponent: HEAD_EXPONENT,
      biasFraction: LOGIT_FRACTION,
      threshold: false,
    },
  ];
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

/** Scale and hardware parameters of the rows of one group. */
export function scaleRows(
  group: RowGroup,
  weights: Scheme['weights'],
  source: {
    readonly maxAbs: ArrayLike<number>;
    readonly nonzeros: ArrayLike<number>;
    readonly gain: ArrayLike<number>;
    readonly bias: ArrayLike<number>;
  },
  sink: RowSink,
): void {
  const { begin, end, exponent, biasFraction } = group;
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
  if (group.threshold) {
    for (let n = 0; n < count; n++) {
      const r = begin + n;
      const { low, high } = decisionPoints(wanted[n], source.bias[r], source.nonzeros[r]);
      sink.threshold(r, wanted[n], low, high);
    }
    return;
  }
  const { shift, multipliers } =
    weights === 'ternary' ? ternaryRowScales(wanted, exponent) : int8Scales(wanted, exponent);
  const unit = 1 / POWERS[exponent + shift];
  const ratioUnit = 1 / POWERS[shift];
  for (let n = 0; n < count; n++) {
    const r = begin + n;
    const bias = quantizeBias(source.bias[r], biasFraction);
    const multiplier = multipliers[n];
    sink.linear(r, multiplier * unit, multiplier, shift, bias, multiplier * ratioUnit);
  }
}

/** Code all rows of a matrix. */
export function codeRows(
  format: Scheme['weights'],
  groups: readonly RowGroup[],
  source: {
    readonly weights: Float32Array;
    readonly bias: Float32Array;
    readonly gain: Float32Array;
  },
): CodedRows {
  const count = source.bias.length;
  const columns = source.weights.length / count;
  const { maxAbs, sumAbs } = rowStatistics(source.weights, columns);
  const codes = new Int8Array(source.weights.length);
  const nonzeros = new Int32Array(count);
  const scale = new Float64Array(count);
  const rows: RowParameters[] = new Array<RowParameters>(count);
  if (format === 'ternary') {
    for (let r = 0; r < count; r++) {
      const delta = ternaryDelta(sumAbs[r], columns);
      for (let k = r * columns; k < (r + 1) * columns; k++) {
        codes[k] = ternaryCode(source.weights[k], delta);
        if (codes[k] !== 0) nonzeros[r]++;
      }
    }
  }
  const statistics = { maxAbs, nonzeros, gain: source.gain, bias: source.bias };
  const sink: RowSink = {
    threshold(row, s, low, high) {
      scale[row] = s;
      rows[row] = { kind: 'threshold', low, high };
    },
    linear(row, s, multiplier, shift, bias) {
      scale[row] = s;
      rows[row] = { kind: 'linear', multiplier, shift, bias };
    },
  };
  for (const group of groups) scaleRows(group, format, statistics, sink);
  if (format === 'int8') {
    for (let r = 0; r < count; r++) {
      for (let k = r * columns; k < (r + 1) * columns; k++) {
        codes[k] = int8Code(source.weights[k], scale[r]);
        if (codes[k] !== 0) nonzeros[r]++;
      }
    }
  }
  return { codes, scale, nonzeros, rows };
}

/** Throws unless every accumulator of `codes` stays below 2^24 in magnitude, exact in float32. */
export function checkExact(codes: ArrayLike<number>, columns: number, where: string): void {
  const limit = EXACT_LIMIT / ACTIVATION_MAX;
  for (let r = 0; r < codes.length; r += columns) {
    let sum = 0;
    for (let k = r; k < r + columns; k++) sum += Math.abs(codes[k]);
    if (sum >= limit) {
      throw new RangeError(
        `${where}: an accumulator may reach ${sum * ACTIVATION_MAX}, training is exact below 2^24; ` +
          `use fewer inputs than ${columns} or ternary weights`,
      );
    }
  }
}
