import { describe, expect, test } from 'vitest';
import {
  fromTensors,
  initModel,
  type ModelConfig,
  parameterCount,
  toTensors,
} from '../../src/model/model.js';
import { SCHEMES } from '../../src/quant/scheme.js';
import { Random } from '../../src/model/random.js';

const config = {
  scheme: SCHEMES['ternary-level3'],
  input: { kind: 'tokens', vocabSize: 5, embeddingSize: 3 },
  hiddenSizes: [4, 2],
  classes: 6,
  when: 'every-step',
} satisfies ModelConfig;

describe('random numbers', () => {
  test('a seed always gives the same words', () => {
    const random = new Random(1);
    const again = new Random(1);
    expect(Array.from({ length: 9 }, () => random.word())).toEqual(
      Array.from({ length: 9 }, () => again.word()),
    );
    expect(new Random(2).word()).not.toBe(new Random(1).word());
  });

  test('go on from a saved state', () => {
    const random = new Random(7);
    random.word();
    const copy = Random.fromState(random.state());
    expect(copy.word()).toBe(random.word());
  });

  test('are uniform enough', () => {
    const random = new Random(3);
    const values = Array.from({ length: 20000 }, () => random.uniform());
    const mean = values.reduce((a, b) => a + b) / values.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.01);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
  });

  test('shuffle keeps every value', () => {
    expect([...new Random(1).shuffle(Int32Array.from([5, 6, 7, 8]))].sort()).toEqual([5, 6, 7, 8]);
  });
});

describe('model', () => {
  test('both directions and several features survive tensors and JSON', () => {
    const both = initModel(
      {
        ...config,
        input: { kind: 'features', features: [{ name: 'word', count: 4, size: 3 }] },
        bidirectional: true,
        output: 'class',
      },
      1,
    );
    expect(both.layers.map(({ inputSize }) => inputSize)).toEqual([3, 8]);
    expect(both.head.weights.length).toBe(6 * 4);
    const { meta, tensors } = toTensors(both);
    expect(tensors['layer1.backward.weights'].shape).toEqual([8, 10]);
    expect(fromTensors(JSON.parse(JSON.stringify(meta)), tensors)).toEqual(both);
  });

  test('the same seed gives the same model', () => {
    expect(initModel(config, 4)).toEqual(initModel(config, 4));
    expect(initModel(config, 5)).not.toEqual(initModel(config, 4));
  });

  test('forget biases start at 1, the others at 0', () => {
    const { bias } = initModel(config, 1).layers[0];
    expect([...bias]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test('counts parameters, gains where they are used', () => {
    // 5x3 embedding, 16x7 + 16, 8x6 + 8, 6x2 + 6, gains 16 + 8 + 6
    expect(parameterCount(initModel(config, 1))).toBe(15 + 128 + 56 + 18 + 30);
    expect(parameterCount(initModel({ ...config, scheme: SCHEMES['int8'] }, 1))).toBe(
      15 + 128 + 56 + 18,
    );
  });

  test('survives tensors and JSON without loss', () => {
    const model = initModel(config, 1);
    const { meta, tensors } = toTensors(model);
    expect(fromTensors(JSON.parse(JSON.stringify(meta)), tensors)).toEqual(model);
  });

  test('names every tensor that is wrong', () => {
    const { meta, tensors } = toTensors(initModel(config, 1));
    const { embedding, ...rest } = tensors;
    const head = { ...tensors['head.bias'], shape: [7] };
    const gain = { ...tensors['layer0.gain'], data: new Float32Array(16).fill(NaN) };
    expect(embedding.shape).toEqual([5, 3]);
    expect(() => fromTensors(meta, { ...rest, 'head.bias': head, 'layer0.gain': gain })).toThrow(
      'fromTensors: layer0.gain holds a value that is not finite; embedding is missing; ' +
        'head.bias is [7], must be [6]',
    );
  });

  test.each([
    [{ hiddenSizes: [] }, 'hiddenSizes is empty'],
    [{ hiddenSizes: [0] }, 'hiddenSizes[0] is 0'],
    [{ classes: 1.5 }, 'classes is 1.5'],
  ])('refuses %o', (change, message) => {
    expect(() => initModel({ ...config, ...change }, 1)).toThrow(message);
  });
});
