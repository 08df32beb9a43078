/** Integer layer normalization as TensorFlow Lite computes it (arXiv:2101.05453, ApplyLayerNorm). */
import {
  highProduct32,
  INT32_MAX,
  type Multiplier,
  requantize,
  type Rounding,
  roundingShiftRight,
  saturate16,
  shiftLeftSaturating,
} from './fixed-point.js';

export interface LayerNorm {
  /** [n] int16, zero point 0. */
  readonly weights: Int16Array;
  /** [n], unit: weight scale * 2^-10. */
  readonly bias: Int32Array;
  /** The weight scale. */
  readonly scale: Multiplier;
  /** Stands for the variance, in units of the input's squared, where that is below 1. */
  readonly varianceGuard: number;
}

/** Normalized values carry 10 fraction bits, results 12. */
const FRACTION = 2 ** 10;
const RESULT_FRACTION_BITS = 12;
const RECIPROCAL = 2 ** 20;
const SQRT_HALF = 1518500250;

/**
 * 1 / sqrt(value) as multiplier and shift, value an integer of 32 bits: scaled by powers of 4 into
 * [1/4, 1) of Q3.28, five Newton steps x = x (3 - v x^2) / 2 from 1, then by sqrt(1/2). 1 or less gives
 * 1 - 2^-31.
 */
export function inverseSqrt(value: number): Multiplier {
  if (value <= 1) return { multiplier: INT32_MAX, shift: 0 };
  let v = value;
  let right = 11;
  for (; v >= 2 ** 29; right++) v = Math.trunc(v / 4);
  const pairs = ((Math.clz32(v) - 1) >> 1) - 1;
  right -= pairs;
  v *= 4 ** pairs;
  const half = roundingShiftRight(Math.floor(v / 2), 1);
  let x = 2 ** 28;
  for (let k = 0; k < 5; k++) {
    const cube = shiftLeftSaturating(highProduct32(highProduct32(x, x), x), 6, 32);
    const next = highProduct32(3 * 2 ** 27, x) - highProduct32(half, cube);
    x = shiftLeftSaturating(next, 3, 32);
  }
  x = highProduct32(x, SQRT_HALF);
  return right <= 0 ? { multiplier: x * 2 ** -right, shift: 0 } : { multiplier: x, shift: -right };
}

/** Variance of the values in their unit squared, and 1024 times their mean. */
function moments(values: Int16Array): { mean: number; variance: number } {
  const n = values.length;
  let sum = 0;
  let squares = 0;
  for (let j = 0; j < n; j++) {
    sum += values[j];
    squares += values[j] * values[j];
  }
  const mean = Math.trunc((sum * FRACTION) / n);
  // floor(2^20 / n) is exact only for powers of two: otherwise the variance comes out slightly low, even
  // negative far from zero mean. Exact alternative, not what the kernels do: floor(squares * 2^20 / n).
  const scaled = squares * Math.floor(RECIPROCAL / n) - mean * mean;
  return { mean, variance: Math.trunc(scaled / RECIPROCAL) };
}

/**
 * Normalize one row in place: values [n] of any scale become Q3.12,
 *
 *   w (v - mean) / sqrt(variance) + b,
 *
 * n below 2^20. The weighted value is a 32-bit sum: it holds 1024 sqrt(n) 32767 only for n < 4096.
 */
export function layerNorm(values: Int16Array, norm: LayerNorm, rounding: Rounding): void {
  const { mean, variance } = moments(values);
  const inverse = inverseSqrt(variance < 1 ? norm.varianceGuard : variance);
  const { multiplier, shift } = norm.scale;
  const scale = { multiplier, shift: shift + RESULT_FRACTION_BITS };
  for (let j = 0; j < values.length; j++) {
    const normal = requantize(values[j] * FRACTION - mean, inverse, rounding);
    const weighted = (Math.imul(normal, norm.weights[j]) + norm.bias[j]) | 0;
    const rounded = Math.trunc(
      (weighted + (weighted > 0 ? FRACTION / 2 : -FRACTION / 2)) / FRACTION,
    );
    values[j] = saturate16(requantize(rounded, scale, rounding));
  }
}
