/** A float model of src/model computes the same as the network made of it. */
import { expect, test } from 'vitest';
import { createEngine } from '../../src/engine/create.js';
import { evaluateNetwork } from '../../src/integer-training/evaluate.js';
import { networkOfModel } from '../../src/integer-training/from-model.js';
import type { Dataset, TaggedSentence } from '../../src/model/dataset.js';
import { initModel, type ModelConfig } from '../../src/model/model.js';
import { Random } from '../../src/model/random.js';
import { SCHEMES } from '../../src/quant/scheme.js';
import { evaluate } from '../../src/train/evaluate.js';

const random = new Random(3);
const symbols = ['a', 'b', 'c', 'd', 'e'];
const tokens = (length: number): Uint16Array =>
  Uint16Array.from({ length }, () => random.integer(symbols.length));
const text: Dataset = {
  ...{ kind: 'text', symbols, train: tokens(50), valid: tokens(50), test: tokens(400) },
};

const counts = [6, 4];
const sentences = (number: number): TaggedSentence[] =>
  Array.from({ length: number }, () => {
    const length = 2 + random.integer(6);
    return {
      features: Int32Array.from({ length: 2 * length }, (_, k) => random.integer(counts[k % 2])),
      tags: Int32Array.from({ length }, () => random.integer(3)),
    };
  });
const tags: Dataset = {
  ...{ kind: 'tagging', scheme: 'IOB2', tags: ['O', 'B-X', 'I-X'] },
  features: counts.map((size, k) => ({ name: `f${k}`, size })),
  ...{ train: sentences(3), valid: sentences(3), test: sentences(9) },
};

const stack = { scheme: 'float', hiddenSizes: [6, 4], when: 'every-step' } as const;
const cases: [string, Dataset, ModelConfig][] = [
  [
    'an embedding',
    text,
    { ...stack, input: { kind: 'tokens', vocabSize: 5, embeddingSize: 3 }, classes: 5 },
  ],
  ['one-hot symbols', text, { ...stack, input: { kind: 'one-hot', vocabSize: 5 }, classes: 5 }],
  [
    'features in both directions',
    tags,
    {
      ...stack,
      input: {
        kind: 'features',
        features: counts.map((count, k) => ({ name: `f${k}`, count, size: 2 + k })),
      },
      ...{ bidirectional: true, classes: 3 },
    },
  ],
];

test.each(cases)('%s', async (_, dataset, config) => {
  const model = initModel(config, 7);
  const { network, params } = networkOfModel(model);
  const own = await evaluateNetwork(network, params, undefined, dataset, 'test');
  const other = await evaluate(model, dataset, 'test', await createEngine('wasm'));
  expect(own.count).toBe(other.count);
  expect(own.loss).toBeCloseTo(other.loss, 4);
  // Another model is not taken for this one.
  const wrong = networkOfModel(initModel(config, 8));
  const far = await evaluateNetwork(network, wrong.params, undefined, dataset, 'test');
  expect(Math.abs(far.loss - other.loss)).toBeGreaterThan(1e-4);
});

test('masters of a quantized scheme are refused', () => {
  const input = { kind: 'one-hot', vocabSize: 5 } as const;
  const model = initModel({ ...stack, scheme: SCHEMES.ternary, input, classes: 5 }, 1);
  expect(() => networkOfModel(model)).toThrow(
    'networkOfModel: the scheme is ternary, must be float',
  );
});
