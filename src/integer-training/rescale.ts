/** Requantization of many accumulators at once; equals `requantize` of src/integer on each. */
import {
  type Multiplier,
  powerOfTwo,
  requantizeDouble,
  requantizeReduced,
  requantizeSingle,
  type Rounding,
} from '../integer/fixed-point.js';
import type { Kernel } from '../integer/lstm.js';

/** Below it a product with a multiplier of 31 bits and half a unit fit 53 bits, at these shifts. */
const NARROW = 2 ** 21;
const MIN_SHIFT = -20;
const MAX_SHIFT = 10;

/** out[k] = requantize(acc[k] + bias[k]); ranges of `count` from the offsets on. */
function rescale(
  acc: Float64Array,
  from: number,
  bias: Float64Array,
  { multiplier, shift }: Multiplier,
  rounding: Rounding,
  out: Float64Array,
  to: number,
  count: number,
): void {
  const isPlain = shift >= MIN_SHIFT && shift <= MAX_SHIFT;
  if (rounding === 'single' || shift >= 0) {
    const factor = isPlain ? multiplier * powerOfTwo(shift - 31) : 0;
    const exact = rounding === 'single' ? requantizeSingle : requantizeDouble;
    for (let k = 0; k < count; k++) {
      const x = acc[from + k] + bias[k];
      out[to + k] =
        isPlain && x < NARROW && x > -NARROW
          ? Math.floor(x * factor + 0.5)
          : exact(x, multiplier, shift);
    }
    return;
  }
  const factor = multiplier * powerOfTwo(-31);
  const half = isPlain ? powerOfTwo(-shift - 1) : 0;
  const unit = isPlain ? powerOfTwo(shift) : 0;
  for (let k = 0; k < count; k++) {
    const x = acc[from + k] + bias[k];
    if (isPlain && x < NARROW && x > -NARROW) {
      const high = Math.floor(x * factor + 0.5);
      out[to + k] = Math.floor((high + half - (high < 0 ? 1 : 0)) * unit);
    } else out[to + k] = requantizeDouble(x, multiplier, shift);
  }
}

/** A matrix product's accumulators [count] with their biases [count], rescaled as the kernel does. */
export function rescaleSums(
  kernel: Kernel,
  acc: Float64Array,
  from: number,
  bias: Float64Array,
  scale: Multiplier,
  out: Float64Array,
  to: number,
): void {
  const count = bias.length;
  if (kernel.activationBits === 8) {
    rescale(acc, from, bias, scale, kernel.rounding, out, to, count);
    return;
  }
  for (let k = 0; k < count; k++) out[to + k] = requantizeReduced(acc[from + k] + bias[k], scale);
}
