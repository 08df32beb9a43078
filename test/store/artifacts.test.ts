import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { initModel } from '../../src/model/model.js';
import { Random } from '../../src/model/random.js';
import { SCHEMES } from '../../src/quant/scheme.js';
import { quantize } from '../../src/quant/quantize.js';
import { type QuantizedModel, weightBytes } from '../../src/quant/quantized-model.js';
import { DEFAULT_OPTIMIZER } from '../../src/engine/engine.js';
import { readArtifact } from '../../src/store/artifact.js';
import { readCheckpoint, writeCheckpoint } from '../../src/store/checkpoint.js';
import { DATASET } from '../../src/store/dataset-file.js';
import { readModel, type StoredModel, writeModel } from '../../src/store/model-file.js';
import { readQuantized, writeQuantized } from '../../src/store/quantized-file.js';
import { trainConfig } from '../../src/train/train.js';
import { randomModel } from '../../src/verify/random-model.js';
import { scratchFolder } from '../scratch.js';

const folder = scratchFolder();

const evaluation = { split: 'test' as const, loss: 1, accuracy: 0.5, count: 10, goldenSteps: 3 };
const training = {
  engine: 'wasm',
  engineVersion: '1',
  steps: 10,
  stepsPerEpoch: 5,
  parametersAtStep: 10,
  validations: [{ step: 10, loss: 1, accuracy: 0.5 }],
  curve: [[1, 2] as [number, number], [2, 1.5] as [number, number]],
  seconds: 1,
  msPerStep: 1,
};

function storedModel(): StoredModel {
  const model = initModel(
    {
      scheme: SCHEMES['ternary-level3'],
      input: { kind: 'tokens', vocabSize: 7, embeddingSize: 3 },
      hiddenSizes: [4, 5],
      classes: 7,
      when: 'every-step',
    },
    1,
  );
  return { inputs: { dataset: 'ab' }, model, parameters: 10, seed: 1, training, evaluation };
}

function save(name: string, quantized: QuantizedModel): string {
  const path = join(folder.path, name, 'quantized.json');
  const about = {
    inputs: {},
    trainedInScheme: true,
    weightBytes: weightBytes(quantized),
    evaluation,
  };
  writeQuantized(path, { ...about, quantized });
  return path;
}

const shape = { inputSize: 3, hiddenSizes: [4, 2], classes: 5, when: 'last-step' as const };

/** Change one place of a JSON file. */
function edit(path: string, change: (value: Record<string, never>) => void): void {
  const value = JSON.parse(readFileSync(path, 'utf8')) as Record<string, never>;
  change(value);
  writeFileSync(path, JSON.stringify(value));
}

describe('model files', () => {
  test('a model reads back without loss', () => {
    const path = join(folder.path, 'a/model.json');
    const stored = storedModel();
    writeModel(path, stored);
    expect(readModel(path)).toEqual(stored);
    expect(readModel(join(folder.path, 'none.json'))).toBeUndefined();
  });

  test('truncated tensors, tensors of another model and missing ones are refused', () => {
    const path = join(folder.path, 'b/model.json');
    writeModel(path, storedModel());
    const tensors = join(folder.path, 'b/model.safetensors');
    const whole = readFileSync(tensors);
    writeFileSync(tensors, whole.subarray(0, whole.length - 4));
    expect(() => readModel(path)).toThrow(
      `${tensors}: truncated: the header says ${whole.length} bytes, the file has ${whole.length - 4}`,
    );
    whole[whole.length - 1] ^= 1;
    writeFileSync(tensors, whole);
    expect(() => readModel(path)).toThrow(
      /model\.safetensors: sha256 \w+\.\.\., .*model\.json says \w+\.\.\.; the files do not belong together/,
    );
    edit(path, (value) =>
      Object.assign(value, { tensors: { file: 'gone.safetensors', sha256: 'a'.repeat(64) } }),
    );
    expect(() => readModel(path)).toThrow(
      `${join(folder.path, 'b/gone.safetensors')}: the file is missing, ${path} names it`,
    );
    edit(path, (value) =>
      Object.assign(value, { tensors: { file: '../model.safetensors', sha256: 'a'.repeat(64) } }),
    );
    expect(() => readModel(path)).toThrow(
      'tensors.file: "../model.safetensors", must be a file beside it',
    );
  });

  test('unknown keys, wrong types and other versions are refused by name', () => {
    const path = join(folder.path, 'c/model.json');
    const check = (change: (value: never) => void, message: string): void => {
      writeModel(path, storedModel());
      edit(path, change as never);
      expect(() => readModel(path)).toThrow(`${path}: ${message}`);
    };
    check((v: { colour: string }) => void (v.colour = 'red'), 'colour: unknown key');
    check((v: { seed: unknown }) => void (v.seed = 'one'), 'seed: given "one", must be a number');
    check(
      (v: { meta: { scheme: string } }) => void (v.meta.scheme = 'int9'),
      'meta.scheme: given "int9", must be "float"',
    );
    check(
      (v: { meta: { layers: { hiddenSize: number }[] } }) => void (v.meta.layers[0].hiddenSize = 0),
      'meta.layers[0].hiddenSize: given 0, must be above 0',
    );
    check(
      (v: { meta: { layers: { hiddenSize: number }[] } }) => void (v.meta.layers[0].hiddenSize = 3),
      'layer0.weights is [16, 7], must be [12, 6]',
    );
    check(
      (v: { version: number }) => void (v.version = 9),
      'version 9, this halfgate reads version 2; repeat the stage that made it',
    );
    check(
      (v: { format: string }) => void (v.format = 'other'),
      'format "other", must be "halfgate.model"',
    );
    check(
      (v: { parameters?: number }) => delete v.parameters,
      'parameters: given nothing, must be a number',
    );
    writeFileSync(path, '{"format": ');
    expect(() => readModel(path)).toThrow(
      /model\.json: not JSON \(.*\); the file is damaged; repeat the stage that made it/,
    );
    writeFileSync(path, 'null');
    expect(() => readModel(path)).toThrow('format nothing, must be "halfgate.model"');
  });
});

describe('quantized model files', () => {
  test.each(['int8', 'ternary-level3'] as const)(
    'a random %s model reads back without loss',
    (scheme) => {
      for (const vocabSize of [undefined, 9]) {
        const tokens = vocabSize === undefined ? {} : { vocabSize };
        const quantized = randomModel({ ...shape, scheme, ...tokens }, new Random(5));
        expect(readQuantized(save(`q-${scheme}-${vocabSize}`, quantized))?.quantized).toEqual(
          quantized,
        );
      }
    },
  );

  test('what quantize makes reads back without loss', () => {
    const quantized = quantize(storedModel().model);
    expect(readQuantized(save('trained', quantized))?.quantized).toEqual(quantized);
  });

  test('integers that no hardware could hold are refused', () => {
    const path = join(folder.path, 'q-bad/quantized.json');
    const model = randomModel({ ...shape, scheme: 'ternary-level3' }, new Random(5));
    const check = (change: (value: never) => void, message: string): void => {
      save('q-bad', model);
      edit(path, change as never);
      expect(() => readQuantized(path)).toThrow(message);
    };
    type File = {
      scheme: { gates: string };
      layers: { rows: Record<string, unknown>[] }[];
      head: { rows: Record<string, unknown>[] };
    };
    check(
      (v: File) => void (v.head.rows[0].multiplier = 256),
      'head.rows[0].multiplier: given 256, must be at most 255',
    );
    check(
      (v: File) => void (v.head.rows[1].shift = 25),
      'head.rows[1].shift: given 25, must be at most 24',
    );
    check(
      (v: File) => void (v.layers[0].rows[0].low = 0.5),
      'layers[0].rows[0].low: given 0.5, must be an integer',
    );
    check(
      (v: File) => void Object.assign(v.layers[0].rows[0], { low: 5, high: 4 }),
      'layers[0].rows[0]: low is above high',
    );
    check((v: File) => void v.layers[1].rows.pop(), 'layers[1].rows: 7 rows, must be 8');
    check(
      (v: File) => void (v.scheme.gates = 'int16'),
      'layers[0].rows[0]: threshold, must be linear',
    );
  });

  test('codes outside of the format are refused', () => {
    const model = randomModel({ ...shape, scheme: 'ternary-level3' }, new Random(5));
    model.head.weights[3] = 2;
    expect(() => readQuantized(save('q-codes', model))).toThrow(
      'tensor head.weights: element 3 is 2, must be in -1..1',
    );
    const wide = randomModel({ ...shape, scheme: 'int8' }, new Random(5));
    wide.layers[0].weights[0] = -128;
    expect(() => readQuantized(save('q-codes', wide))).toThrow(
      'tensor layer0.weights: element 0 is -128, must be in -127..127',
    );
  });
});

describe('checkpoints', () => {
  test('read back without loss, only for the inputs they were made from', () => {
    const path = join(folder.path, 'checkpoint.safetensors');
    const config = trainConfig({ scheme: SCHEMES['int8'], optimizer: DEFAULT_OPTIMIZER });
    const state = {
      tensors: { w: { dtype: 'F32' as const, shape: [2], data: Float32Array.of(1, 2) } },
      meta: {
        version: 1 as const,
        step: 3,
        runningLoss: 0.5,
        validations: [],
        curve: [],
        best: -1,
        config,
      },
    };
    expect(readCheckpoint(path, {})).toBeUndefined();
    writeCheckpoint(path, { dataset: 'x' }, state);
    expect(readCheckpoint(path, { dataset: 'x' })).toEqual(state);
    // The trainer compares word for word.
    expect(JSON.stringify(readCheckpoint(path, { dataset: 'x' })?.meta.config)).toBe(
      JSON.stringify(config),
    );
    expect(readCheckpoint(path, { dataset: 'y' })).toBeUndefined();
  });
});

test('problems beyond five are counted', () => {
  const path = folder.write(
    'dataset.json',
    JSON.stringify({ format: 'halfgate.dataset', version: 1, a: 1, b: 2, c: 3 }),
  );
  expect(() => readArtifact(path, DATASET)).toThrow(/dataset\.json: .*; and \d more$/);
});
