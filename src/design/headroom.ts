/**
 * Widths for weights that are not known yet. A design whose weights are loaded computes exactly what any model
 * of its shape and codings says, so its sums are as wide as the largest codes, factors and activations make
 * them, and its shifts have a range around those of the model that it was planned with.
 */
import { MULTIPLIER_BITS, SHIFT_MAX, SHIFT_MIN } from '../quant/arithmetic.js';
import { activationMax, oneHotCode, type QuantizedModel } from '../quant/quantized-model.js';
import type { Scheme } from '../quant/scheme.js';
import type { WeightAlphabet } from './array.js';
import { signedBits } from './bits.js';
import type { Combiner, InputTable, Job } from './design.js';
import type { ArrayMatrix } from './planes.js';

/** Shifts that a loadable requantizer knows: a window of 2^3. */
const SHIFTS = 8;

/** What the widths depend on besides the weights' values. */
export interface LoadedShape {
  readonly model: QuantizedModel;
  readonly array: WeightAlphabet;
  readonly jobs: readonly Job[];
  readonly matrices: readonly ArrayMatrix[];
  /** With the factor bits of any factors. */
  readonly combiner: Combiner | undefined;
}

/** Largest magnitude that one of the array's elements multiplies by. */
export function largestCode({ kind, weightBits }: WeightAlphabet): number {
  switch (kind) {
    case 'binary':
    case 'ternary':
      return 1;
    case 'pow2':
      // {negative, exponent + 1}
      return 2 ** (2 ** (weightBits - 1) - 2);
    case 'int':
      return 2 ** (weightBits - 1) - 1;
  }
}

/** Factors that powers of two belong to the coding and stay; others are learned, of up to 8 bits. */
export function anyFactorBits({ factors, factorBits }: Combiner): number {
  return factors === 'any' ? Math.max(MULTIPLIER_BITS, factorBits) : factorBits;
}

/** Sum over the planes of an output of the largest factors, by pass's operand. */
function factorSum(
  { combiner, matrices }: LoadedShape,
  j: number,
  output: number,
  operand: number,
): number {
  const factors = matrices[j].outputs[output].factors[operand];
  if (combiner?.factors !== 'any') return factors.reduce((sum, factor) => sum + factor, 0);
  return factors.length * (2 ** combiner.factorBits - 1);
}

/** Largest magnitudes of the array's sums and of what the lane is given, one more for thresholds never met. */
export function anySums(
  shape: LoadedShape,
  table: InputTable | undefined,
): { array: number; output: number } {
  const { model, array, jobs, matrices } = shape;
  const product = largestCode(array) * activationMax(model.scheme);
  const bounds = { array: 0, output: 0 };
  jobs.forEach((job, j) => {
    const elements = job.passes.map(({ segments }) =>
      segments.reduce((sum, segment) => sum + segment.elements, 0),
    );
    bounds.array = Math.max(bounds.array, ...elements.map((count) => count * product));
    matrices[j].outputs.forEach((_, n) => {
      let sum = 0;
      job.passes.forEach(({ operand }, p) => {
        sum += elements[p] * product * factorSum(shape, j, n, operand);
      });
      if (job.isTabled && table) sum += 2 ** (table.bits - 1 + table.shift);
      bounds.output = Math.max(bounds.output, sum + 1);
    });
  });
  return bounds;
}

/** The input table of any embedding and any weights of layer 0. */
export function anyTable(shape: LoadedShape): InputTable {
  const { model, array, jobs, matrices } = shape;
  const isOneHot = model.input.kind === 'one-hot';
  // Of one symbol, x is 1 in units of the shift; of an embedding, anything an activation may be.
  const ofX = isOneHot ? 1 : model.layers[0].inputSize * activationMax(model.scheme);
  let most = 0;
  jobs.forEach((job, j) => {
    if (!job.isTabled) return;
    matrices[j].outputs.forEach((_, n) => {
      most = Math.max(most, ofX * largestCode(array) * factorSum(shape, j, n, 0));
    });
  });
  return { bits: signedBits(most), shift: isOneHot ? Math.log2(oneHotCode(model.scheme)) : 0 };
}

/** Smallest and largest shift: those used in the middle of a window of at least 8. */
export function shiftWindow(
  [min, max]: readonly [number, number],
  { activations }: Scheme,
): readonly [number, number] {
  const room = Math.max(0, SHIFTS - (max - min + 1));
  const least = activations === 'ternary' ? SHIFT_MIN : 1;
  const low = Math.max(Math.min(min, least), min - Math.ceil(room / 2));
  const high = Math.min(Math.max(max, SHIFT_MAX + 1), low + Math.max(SHIFTS, max - low + 1) - 1);
  return [low, high];
}
