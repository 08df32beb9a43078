/**
 * Quantizers of activations: real values to int8 codes, x ~ scale * code with the scale returned.
 * All throw RangeError on a value that is not finite.
 */
import { type Random } from '../../model/random.js';
import { checkBits, checkFinite, checkPlanes } from './group.js';
import { HITNET_FACTOR } from './ternary.js';

/**
 * Bernoulli ternary quantization of HitNet (Wang et al. 2018), deterministic: sign(x) where |x| > 1/2,
 * else 0.
 */
export function btq(x: ArrayLike<number>, codes: Int8Array): number {
  checkInput(x, codes);
  ternary(x, 0.5, codes);
  return 1;
}

/**
 * The same, sampled: sign(x) with probability min(|x|, 1), else 0. Draws one uniform number for each
 * value, whatever it is.
 */
export function btqSampled(x: ArrayLike<number>, random: Random, codes: Int8Array): number {
  checkInput(x, codes);
  for (let n = 0; n < codes.length; n++) {
    const keep = random.uniform() < Math.abs(x[n]) ? 1 : 0;
    codes[n] = x[n] < 0 ? -keep : keep;
  }
  return 1;
}

/**
 * Threshold ternary quantization of HitNet: sign(x) where |x| > threshold, else 0; scale 1. Without a
 * threshold it is that of `ttqThreshold` for this batch.
 */
export function ttq(
  x: ArrayLike<number>,
  codes: Int8Array,
  threshold: number = ttqThreshold(x),
): number {
  checkInput(x, codes);
  if (!(threshold >= 0)) throw new RangeError(`threshold ${threshold} is not a number >= 0`);
  ternary(x, threshold, codes);
  return 1;
}

/** 2/3 mean|x|; 0 for an empty batch. */
export function ttqThreshold(x: ArrayLike<number>): number {
  let sum = 0;
  for (let n = 0; n < x.length; n++) sum += Math.abs(x[n]);
  return x.length === 0 ? 0 : (HITNET_FACTOR * sum) / x.length;
}

/**
 * Uniform quantization of 1 to 7 bits, on x clipped to [-1, 1]. With N = 2^bits - 1
 *
 *   UQ(x) = 2 * (round(N * (x + 1) / 2) / N - 1/2)
 *
 * The code is the odd integer in -N..N, the scale 1 / N. Halves round away from zero, 0 up.
 */
export function uniform(x: ArrayLike<number>, bits: number, codes: Int8Array): number {
  checkBits(bits, 1, 7);
  checkInput(x, codes);
  const steps = 2 ** bits - 1;
  for (let n = 0; n < codes.length; n++) {
    // For x >= 0 the formula is 2 * floor(N x / 2) + 1, N being odd.
    const code = 2 * Math.floor(Math.min(Math.abs(x[n]), 1) * (steps / 2)) + 1;
    codes[n] = x[n] < 0 ? -code : code;
  }
  return 1 / steps;
}

function ternary(x: ArrayLike<number>, threshold: number, codes: Int8Array): void {
  for (let n = 0; n < codes.length; n++) {
    codes[n] = (x[n] > threshold ? 1 : 0) - (x[n] < -threshold ? 1 : 0);
  }
}

function checkInput(x: ArrayLike<number>, codes: Int8Array): void {
  checkPlanes([codes], 1, x.length);
  checkFinite(x);
}
