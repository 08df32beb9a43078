import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { directionsOf, type IntegerModel, weightBytes } from '../../src/integer/model.js';
import { type NetworkConfig, PLAIN } from '../../src/integer-training/network-config.js';
import {
  floatLayers,
  fromTensors,
  initialParameters,
  layoutOf,
  toTensors,
} from '../../src/integer-training/parameters.js';
import { type IntegerOptions, quantizeNetwork } from '../../src/integer-training/quantize-model.js';
import { calibrateLayers } from '../../src/integer-training/ranges.js';
import {
  readFloatNetwork,
  readInteger,
  writeFloatNetwork,
  writeInteger,
} from '../../src/store/integer-file.js';
import { scratchFolder } from '../scratch.js';
import { LANES, randomBatch, SERIES, TAGGING, textConfig, VARIANTS } from './cases.js';
import { laneInput } from './reference.js';

const folder = scratchFolder();

function quantized(config: NetworkConfig, options: IntegerOptions): IntegerModel {
  const layout = layoutOf(config);
  const params = initialParameters(config, 3);
  const batch = randomBatch(config, 4);
  const x = laneInput(config, layout, params, batch, 0, LANES);
  const ranges = calibrateLayers(floatLayers(layout, params), [x]);
  return quantizeNetwork(config, layout, params, ranges, options).model;
}

const training = {
  ...{ engine: 'typescript', engineVersion: '1', steps: 10, stepsPerEpoch: 5 },
  ...{ parametersAtStep: 10, validations: [], curve: [], seconds: 1, msPerStep: 1 },
};
const evaluation = { split: 'test' as const, loss: 1, accuracy: 0.5, count: 10, goldenSteps: 9 };
const about = {
  ...{ inputs: { float: 'ab' }, warnings: ['cell: too large'], evaluation },
  saturations: { gateSums: 1, cells: 2, outputs: 3 },
};

describe('integer models come back whole', () => {
  test.each([
    ['tokens, every variant', textConfig(VARIANTS[15], { hiddenSizes: [4, 5] }), {}],
    [
      'one-hot, 16-bit activations',
      textConfig(PLAIN, { input: { kind: 'one-hot', vocabSize: 5 } }),
      { activationBits: 16, arithmetic: 'cmsis-nn' },
    ],
    [
      'features in both directions',
      textConfig(VARIANTS[6], { ...TAGGING, bidirectional: true }),
      { weightBits: 3, cellBits: 10, activation: 'gemmlowp', rounding: 'double' },
    ],
    ['values', textConfig(PLAIN, SERIES), { arithmetic: 'tflm' }],
  ] as const)('%s', (name, config, options) => {
    const model = quantized(config, options);
    const path = join(folder.path, name, 'qat.json');
    const stored = { ...about, model, weightBytes: weightBytes(model) };
    writeInteger(path, { ...stored, method: 'quantization-aware', training });
    expect(readInteger(path)).toEqual({ ...stored, method: 'quantization-aware', training });
  });

  test('a file of another kind, and one that is not there', () => {
    const path = join(folder.path, 'other.json');
    writeFileSync(path, '{"format": "halfgate.model", "version": 1}');
    expect(() => readInteger(path)).toThrow('must be "halfgate.integer"');
    expect(readInteger(join(folder.path, 'none.json'))).toBeUndefined();
  });
});

describe('real networks', () => {
  const config = textConfig(VARIANTS[15]);
  const params = initialParameters(config, 5);

  test('come back whole', () => {
    const path = join(folder.path, 'float.json');
    const stored = { inputs: {}, network: config, seed: 5, training, evaluation, params };
    writeFloatNetwork(path, stored);
    expect(readFloatNetwork(path)).toEqual(stored);
  });

  test('tensors that do not fit are named', () => {
    const layout = layoutOf(config);
    const tensors = toTensors(layout, params);
    const { 'layer0.bias': _, ...rest } = tensors;
    expect(() => fromTensors(layout, rest)).toThrow('layer0.bias: must be float32 [15]');
  });
});

test('weight bytes count every stored parameter once', () => {
  const plain = quantized(textConfig(PLAIN), { weightBits: 4 });
  const [{ gates }] = directionsOf(plain.layers);
  expect(gates.i!.inputWeights).toHaveLength(15);
  // 4 bits of W [20, 3] and R [20, 5], 20 biases; embedding [5, 3]; head [5, 5] and 5 biases.
  expect(weightBytes(plain)).toBe((20 * 8) / 2 + 20 * 4 + 15 + 25 + 5 * 4);
  const all = quantized(textConfig(VARIANTS[15]), {});
  // CIFG: 3 gates of 5 cells, 3 outputs; peepholes of f and o, layer norm of all, projection [3, 5].
  expect(weightBytes(all)).toBe(15 * 6 + 15 * 4 + 2 * (10 + 15) + 15 + 3 * 4 + 15 + 15 + 5 * 4);
});
