import type { FloatGate, FloatLstm } from '../../src/integer/float-lstm.js';
import { Random } from '../../src/model/random.js';

export interface FloatVariant {
  readonly isCifg: boolean;
  readonly hasPeephole: boolean;
  readonly hasProjection: boolean;
  readonly hasLayerNorm: boolean;
}

/** All 16 of them. */
export const VARIANTS: readonly FloatVariant[] = Array.from({ length: 16 }, (_, k) => ({
  isCifg: (k & 1) !== 0,
  hasPeephole: (k & 2) !== 0,
  hasProjection: (k & 4) !== 0,
  hasLayerNorm: (k & 8) !== 0,
}));

/** `CIFG, projection`, or `plain`. */
export function variantName(variant: FloatVariant): string {
  const names = [
    variant.isCifg && 'CIFG',
    variant.hasPeephole && 'peephole',
    variant.hasProjection && 'projection',
    variant.hasLayerNorm && 'layer norm',
  ];
  return names.filter(Boolean).join(', ') || 'plain';
}

export interface FloatSizes {
  readonly input: number;
  readonly cell: number;
  /** With a projection. */
  readonly output: number;
}

export function randomReals(random: Random, n: number, limit: number): Float64Array {
  return Float64Array.from({ length: n }, () => random.range(-limit, limit));
}

/** Weights of the size that trained layers have. */
export function randomFloatLstm(seed: number, variant: FloatVariant, sizes: FloatSizes): FloatLstm {
  const random = new Random(seed);
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
