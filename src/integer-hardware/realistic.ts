/** Layers as quantization leaves them: random real ones of the size that trained layers have, calibrated. */
import {
  type FloatGate,
  type FloatLstm,
  type FloatSequenceLayer,
  floatOutputWidth,
} from '../integer/float-lstm.js';
import type { IntegerLstm } from '../integer/lstm.js';
import type { SequenceLayer } from '../integer/sequence.js';
import { type QuantizeOptions, quantizeStack } from '../integer/quantize.js';
import { Random } from '../model/random.js';
import type { IntegerSizes, IntegerVariant } from './random.js';

const SEQUENCES = 4;
const STEPS = 12;

export function randomReals(random: Random, n: number, limit: number): Float64Array {
  return Float64Array.from({ length: n }, () => random.range(-limit, limit));
}

/** A real layer, with weights of the size that trained ones have. */
export function randomFloatLayer(
  random: Random,
  variant: IntegerVariant,
  sizes: IntegerSizes,
): FloatLstm {
  const { input, cell } = sizes;
  const output = variant.hasProjection ? sizes.output : cell;
  const gate = (isCandidate: boolean): FloatGate => ({
    inputWeights: randomReals(random, cell * input, 2 / Math.sqrt(input)),
    recurrentWeights: randomReals(random, cell * output, 2 / Math.sqrt(output)),
    bias: randomReals(random, cell, 0.5),
    peephole: variant.hasPeephole && !isCandidate ? randomReals(random, cell, 0.5) : null,
    layerNorm: variant.hasLayerNorm
      ? Float64Array.from({ length: cell }, () => random.range(0.5, 1.5))
      : null,
  });
  return {
    inputSize: input,
    cellSize: cell,
    outputSize: output,
    gates: {
      i: variant.isCifg ? null : gate(false),
      f: gate(false),
      g: gate(true),
      o: gate(false),
    },
    projection: variant.hasProjection
      ? {
          weights: randomReals(random, output * cell, 2 / Math.sqrt(cell)),
          bias: randomReals(random, output, 0.2),
        }
      : null,
    cellClip: 0,
    projectionClip: 0,
  };
}

/** Stacked layers, one for each variant; sizes.output counts where there is a projection. */
export function realisticLayers(
  seed: number,
  variants: readonly IntegerVariant[],
  sizes: IntegerSizes,
  options: QuantizeOptions = {},
): IntegerLstm[] {
  return stackOf(seed, variants, sizes, false, options) as IntegerLstm[];
}

/** The same in both directions. */
export function realisticBothWays(
  seed: number,
  variants: readonly IntegerVariant[],
  sizes: IntegerSizes,
  options: QuantizeOptions = {},
): SequenceLayer[] {
  return stackOf(seed, variants, sizes, true, options);
}

function stackOf(
  seed: number,
  variants: readonly IntegerVariant[],
  sizes: IntegerSizes,
  isBidirectional: boolean,
  options: QuantizeOptions,
): SequenceLayer[] {
  const random = new Random(seed);
  let { input } = sizes;
  const layers = variants.map((variant): FloatSequenceLayer => {
    const own = { ...sizes, input };
    const forward = randomFloatLayer(random, variant, own);
    const layer = isBidirectional
      ? { forward, backward: randomFloatLayer(random, variant, own) }
      : forward;
    input = floatOutputWidth(layer);
    return layer;
  });
  const sequences = Array.from({ length: SEQUENCES }, () =>
    randomReals(random, STEPS * sizes.input, 1),
  );
  return [...quantizeStack(layers, sequences, options).layers];
}
