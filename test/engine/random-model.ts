/** Seeded models and batches of any shape, for the engine tests. */
import type { Batch } from '../../src/engine/engine.js';
import { initModel, type Model, type ModelScheme } from '../../src/model/model.js';
import { Random } from '../../src/model/random.js';

export interface Shape {
  readonly input: 'tokens' | 'one-hot' | 'dense';
  /** Of one-hot input VOCAB. */
  readonly inputSize: number;
  readonly hiddenSizes: readonly number[];
  readonly classes: number;
  readonly batch: number;
  readonly timeSteps: number;
  readonly when: 'every-step' | 'last-step';
}

export const VOCAB = 11;

/** `spread` widens weights, scales and biases, so that gates saturate as trained ones do. */
export function randomModel(scheme: ModelScheme, shape: Shape, seed: number, spread = 3): Model {
  const random = new Random(seed);
  const channels = Array.from({ length: shape.inputSize }, () => 0);
  const model = initModel(
    {
      scheme,
      input:
        shape.input === 'tokens'
          ? { kind: 'tokens', vocabSize: VOCAB, embeddingSize: shape.inputSize }
          : shape.input === 'one-hot'
            ? { kind: 'one-hot', vocabSize: VOCAB }
            : { kind: 'dense', mean: channels, gain: channels.map(() => 1) },
      hiddenSizes: shape.hiddenSizes,
      classes: shape.classes,
      when: shape.when,
    },
    seed,
  );
  for (const m of [...model.layers, model.head]) {
    for (let k = 0; k < m.bias.length; k++) {
      m.bias[k] += random.range(-0.5, 0.5) * spread;
      m.gain[k] *= spread * random.range(0.3, 1);
    }
    for (let k = m.bias.length; k < m.gain.length; k++) {
      m.gain[k] *= spread * random.range(0.3, 1);
    }
    if (scheme === 'float' || scheme.normalization === 'none') {
      for (let k = 0; k < m.weights.length; k++) m.weights[k] *= spread;
    }
    m.curvature?.forEach((_, k, all) => void (all[k] = random.range(0.01, 1)));
  }
  for (const { scales, decisions } of model.layers) {
    scales?.forEach((_, k) => void (scales[k] *= spread * random.range(0.5, 2)));
    decisions?.forEach((_, k) => void (decisions[k] *= random.range(0.5, 1.5)));
  }
  return model;
}

export function randomBatch(shape: Shape, seed: number): Batch {
  const random = new Random(seed);
  const { timeSteps, batch } = shape;
  const rows = timeSteps * batch;
  const targets = Int32Array.from({ length: shape.when === 'every-step' ? rows : batch }, () =>
    random.uniform() < 0.1 && batch > 1 ? -1 : random.integer(shape.classes),
  );
  targets[0] = random.integer(shape.classes);
  return shape.input !== 'dense'
    ? { timeSteps, targets, tokens: Int32Array.from({ length: rows }, () => random.integer(VOCAB)) }
    : {
        timeSteps,
        targets,
        values: Float32Array.from({ length: rows * shape.inputSize }, () =>
          random.range(-1.1, 1.1),
        ),
      };
}

const every = 'every-step' as const;
export const SHAPES: readonly Shape[] = [
  {
    input: 'tokens',
    inputSize: 1,
    hiddenSizes: [1],
    classes: 2,
    batch: 1,
    timeSteps: 6,
    when: every,
  },
  {
    input: 'tokens',
    inputSize: 3,
    hiddenSizes: [5],
    classes: 7,
    batch: 3,
    timeSteps: 9,
    when: every,
  },
  {
    input: 'dense',
    inputSize: 7,
    hiddenSizes: [13],
    classes: 3,
    batch: 2,
    timeSteps: 12,
    when: 'last-step',
  },
  {
    input: 'dense',
    inputSize: 6,
    hiddenSizes: [16],
    classes: 5,
    batch: 4,
    timeSteps: 7,
    when: every,
  },
  {
    input: 'tokens',
    inputSize: 9,
    hiddenSizes: [20, 6],
    classes: 11,
    batch: 5,
    timeSteps: 8,
    when: every,
  },
  {
    input: 'tokens',
    inputSize: 16,
    hiddenSizes: [33, 18],
    classes: 4,
    batch: 5,
    timeSteps: 5,
    when: 'last-step',
  },
  {
    input: 'dense',
    inputSize: 1,
    hiddenSizes: [2, 3, 4],
    classes: 2,
    batch: 1,
    timeSteps: 20,
    when: 'last-step',
  },
];

export const title = (s: Shape): string =>
  `${s.input} ${s.inputSize} -> ${s.hiddenSizes.join(' -> ')} -> ${s.classes}, batch ${s.batch}, ${s.when}`;
