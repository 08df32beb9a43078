/** Networks and batches for the tests. */
import type { Batch } from '../../src/engine/engine.js';
import type { NetworkConfig, Variant } from '../../src/integer-training/network-config.js';
import { Random } from '../../src/model/random.js';

export const LANES = 3;
export const STEPS = 6;

/** All 16 combinations, with clips that some values reach. */
export const VARIANTS: readonly Variant[] = Array.from({ length: 16 }, (_, k) => ({
  isCifg: (k & 1) !== 0,
  hasPeephole: (k & 2) !== 0,
  hasLayerNorm: (k & 8) !== 0,
  projection: (k & 4) !== 0 ? 3 : 0,
  cellClip: 0.5,
  projectionClip: (k & 4) !== 0 ? 0.6 : 0,
}));

/** `CIFG, projection`, or `plain`. */
export function variantName({ isCifg, hasPeephole, hasLayerNorm, projection }: Variant): string {
  const names = [
    isCifg && 'CIFG',
    hasPeephole && 'peephole',
    projection > 0 && 'projection',
    hasLayerNorm && 'layer norm',
  ];
  return names.filter(Boolean).join(', ') || 'plain';
}

export function textConfig(variant: Variant, changes: Partial<NetworkConfig> = {}): NetworkConfig {
  return {
    input: { kind: 'tokens', vocabSize: 5, embeddingSize: 3 },
    hiddenSizes: [5],
    bidirectional: false,
    variant,
    classes: 5,
    when: 'every-step',
    output: 'class',
    ...changes,
  };
}

export const TAGGING: Pick<NetworkConfig, 'input' | 'classes'> = {
  input: {
    kind: 'features',
    features: [
      { name: 'word', count: 6, size: 3 },
      { name: 'shape', count: 3, size: 2 },
    ],
  },
  classes: 4,
};

export const SERIES: Pick<NetworkConfig, 'input' | 'classes' | 'when'> = {
  input: { kind: 'dense', mean: [0, 0], gain: [1, 1] },
  classes: 3,
  when: 'last-step',
};

/** Every parameter at random, wide enough that clips and saturation happen. */
export function randomParameters(size: number, seed: number, width = 0.9): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: size }, () => random.range(-width, width));
}

export function randomBatch(config: NetworkConfig, seed: number, timeSteps = STEPS): Batch {
  const random = new Random(seed);
  const { input, classes, when, output } = config;
  const steps = timeSteps * LANES;
  const rows = when === 'last-step' ? LANES : steps;
  const targets = Int32Array.from({ length: rows }, () => random.integer(classes));
  if (output === 'value') {
    const reals = Float32Array.from({ length: rows }, () => random.range(-1, 1));
    return { timeSteps, values: values(), reals };
  }
  function values(): Float32Array {
    const channels = input.kind === 'dense' ? input.mean.length : 0;
    return Float32Array.from({ length: steps * channels }, () => random.range(-1, 1));
  }
  if (input.kind === 'dense') return { timeSteps, values: values(), targets };
  if (input.kind !== 'features') {
    const tokens = Int32Array.from({ length: steps }, () => random.integer(input.vocabSize));
    return { timeSteps, tokens, targets };
  }
  const lengths = Int32Array.from({ length: LANES }, (_, lane) => timeSteps - lane);
  const { features } = input;
  for (let k = 0; k < steps; k++) {
    if (Math.floor(k / LANES) >= lengths[k % LANES]) targets[k] = -1;
  }
  return {
    ...{ timeSteps, lengths, targets },
    features: Int32Array.from({ length: steps * features.length }, (_, k) =>
      random.integer(features[k % features.length].count),
    ),
  };
}
