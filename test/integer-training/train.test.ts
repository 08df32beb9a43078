import { describe, expect, test } from 'vitest';
import type { Dataset, TaggingDataset, TextDataset } from '../../src/model/dataset.js';
import { Random } from '../../src/model/random.js';
import { calibrateNetwork } from '../../src/integer-training/calibrate.js';
import { evaluateInteger, evaluateNetwork } from '../../src/integer-training/evaluate.js';
import { networkFor, PLAIN, type Variant } from '../../src/integer-training/network-config.js';
import { initialParameters, layoutOf } from '../../src/integer-training/parameters.js';
import { type IntegerOptions, quantizeNetwork } from '../../src/integer-training/quantize-model.js';
import { rangesToArray } from '../../src/integer-training/ranges.js';
import type { Learned } from '../../src/integer-training/session.js';
import { type NetworkTraining, trainNetwork } from '../../src/integer-training/train.js';
import { type TrainConfig, trainConfig, type TrainState } from '../../src/train/train.js';

const CALIBRATION = { sequences: 20, timeSteps: 40 };

/** Syllables of a few kinds in random order: half of the symbols can be known. */
function syllables(length: number, seed: number): Uint16Array {
  const random = new Random(seed);
  const kinds = ['abc', 'bad', 'cede', 'dab', 'ebb'];
  const text = Array.from({ length }, () => kinds[random.integer(kinds.length)]).join('');
  return Uint16Array.from(text.slice(0, length), (letter) => letter.charCodeAt(0) - 97);
}

const TEXT: TextDataset = {
  kind: 'text',
  symbols: ['a', 'b', 'c', 'd', 'e'],
  train: syllables(4000, 1),
  valid: syllables(600, 2),
  test: syllables(900, 3),
};

/** Class: whether the series rises or falls, in both channels. */
function slopes(count: number, seed: number) {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, n) => {
    const slope = n % 2 === 0 ? 0.1 : -0.1;
    const values = Float32Array.from({ length: 20 }, (_, k) =>
      Math.fround(slope * Math.floor(k / 2) + random.range(-0.3, 0.3)),
    );
    return { values, label: n % 2, target: slope };
  });
}

const SERIES: Dataset = {
  ...{ kind: 'series', channels: 2, classes: ['up', 'down'], mean: [0, 0], gain: [1, 1] },
  ...{ train: slopes(40, 1), valid: slopes(10, 2), test: slopes(20, 3) },
};

const REGRESSION: Dataset = {
  ...{ kind: 'regression', channels: 2, mean: [0, 0], gain: [1, 1] },
  target: { name: 'slope', mean: 0, gain: 5 },
  ...{ train: slopes(40, 1), valid: slopes(10, 2), test: slopes(20, 3) },
};

/** A word is an entity where the next word says so: only a backward layer knows. */
function sentences(count: number, seed: number): TaggingDataset['train'] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => {
    const length = 3 + random.integer(5);
    const words = Array.from({ length }, () => random.integer(6));
    return {
      features: Int32Array.from(words.flatMap((word) => [word, word % 2])),
      tags: Int32Array.from(words, (_, t) => (words[t + 1] === 5 ? 1 : 0)),
    };
  });
}

const TAGGING: TaggingDataset = {
  kind: 'tagging',
  scheme: 'IOB2',
  tags: ['O', 'B-X', 'I-X'],
  features: [
    { name: 'word', size: 6 },
    { name: 'parity', size: 2 },
  ],
  train: sentences(80, 1),
  valid: sentences(20, 2),
  test: sentences(30, 3),
};

function setUp(
  dataset: Dataset,
  given: Partial<Omit<TrainConfig, 'optimizer' | 'scheme'>>,
  variant: Variant = PLAIN,
): { config: NetworkTraining; start: Learned } {
  const training = trainConfig({
    ...{ scheme: 'float', hiddenSizes: [8], embeddingSize: 4, batch: 8, timeSteps: 20 },
    ...{ steps: 60, validations: 3 },
    ...given,
  });
  const network = networkFor(dataset, training, variant);
  return { config: { network, training }, start: { params: initialParameters(network, 1) } };
}

/** Float training, then all in integers. */
async function all(dataset: Dataset, setup: ReturnType<typeof setUp>, options: IntegerOptions) {
  const { config, start } = setup;
  const { network } = config;
  const { learned, log } = await trainNetwork(dataset, config, start);
  const { params } = learned;
  const float = await evaluateNetwork(network, params, undefined, dataset, 'test');
  const ranges = calibrateNetwork(network, params, dataset, CALIBRATION);
  const quantized = quantizeNetwork(network, layoutOf(network), params, ranges, options);
  const batched = await evaluateNetwork(network, params, quantized, dataset, 'test');
  const integer = await evaluateInteger(quantized.model, dataset, 'test');
  return { log, params, ranges, float, quantized, batched, integer };
}

const EVERYTHING: Variant = {
  ...{ isCifg: true, hasPeephole: true, hasLayerNorm: true },
  ...{ projection: 6, cellClip: 4, projectionClip: 2 },
};

describe('learns, and keeps it in integers', () => {
  test.each([
    ['text', TEXT, {}, PLAIN, 1.2],
    ['text, one-hot, two layers', TEXT, { embeddingSize: 0, hiddenSizes: [8, 6] }, PLAIN, 1.25],
    ['text, every variant at once', TEXT, {}, EVERYTHING, 1.2],
    ['series in both directions', SERIES, { bidirectional: true, learningRate: 1e-2 }, PLAIN, 0.2],
    ['a real target', REGRESSION, { learningRate: 1e-2 }, PLAIN, 0.05],
    ['sentences in both directions', TAGGING, { bidirectional: true }, EVERYTHING, 0.3],
  ] as const)('%s', async (_, dataset, given, variant, limit) => {
    const setup = setUp(dataset, { ...given, steps: 120 } as Partial<TrainConfig>, variant);
    const { float, batched, integer } = await all(dataset, setup, {});
    expect(float.loss).toBeLessThan(limit);
    expect(Math.abs(integer.loss - float.loss)).toBeLessThan(0.02);
    const { saturations: __, goldenSteps, ...figures } = integer;
    const { goldenSteps: ___, ...same } = batched;
    // The batched integers and the golden step: one loss sums rows in another order.
    expect(figures.accuracy).toBe(same.accuracy);
    expect(figures.f1).toBe(same.f1);
    expect(figures.loss).toBeCloseTo(same.loss, 12);
    expect(goldenSteps).toBeGreaterThan(0);
  });
});

describe('quantization-aware training', () => {
  test('wins back most of what 2-bit weights cost, and never ends worse than it began', async () => {
    const setup = setUp(TEXT, { hiddenSizes: [12], steps: 150 });
    const options = { weightBits: 2, arithmetic: 'cmsis-nn', rounding: 'double' } as const;
    const { float, integer, params, ranges } = await all(TEXT, setup, options);
    const cost = integer.loss - float.loss;
    expect(cost).toBeGreaterThan(0.05);
    const { network, training } = setup.config;
    const aware = { ...training, steps: 100, learningRate: 5e-3 };
    const { learned, log } = await trainNetwork(
      TEXT,
      { network, training: aware, options },
      { params, ranges },
    );
    expect(log.validations[0].step).toBe(0);
    const layout = layoutOf(network);
    const { model } = quantizeNetwork(network, layout, learned.params, learned.ranges!, options);
    const { loss } = await evaluateInteger(model, TEXT, 'test');
    expect(loss - float.loss).toBeLessThan(cost / 2);
    const hopeless = { ...aware, steps: 5, learningRate: 5 };
    const result = await trainNetwork(
      TEXT,
      { network, training: hopeless, options },
      { params, ranges },
    );
    expect(result.log.parametersAtStep).toBe(0);
    expect(result.learned.params).toEqual(params);
  });
});

describe('runs', () => {
  const OPTIONS: IntegerOptions = { weightBits: 4 };

  /** Trains; with `stopAt` in two parts, through a checkpoint. */
  async function run(isAware: boolean, stopAt?: number): Promise<Float32Array> {
    const { config, start } = setUp(TEXT, { steps: 30 }, { ...EVERYTHING, isCifg: false });
    const { network } = config;
    const ranges = calibrateNetwork(network, start.params, TEXT, CALIBRATION);
    const whole = isAware ? { ...config, options: OPTIONS } : config;
    const begin = isAware ? { ...start, ranges } : start;
    let state: TrainState | undefined;
    if (stopAt !== undefined) {
      const stop = new AbortController();
      await expect(
        trainNetwork(TEXT, whole, begin, {
          signal: stop.signal,
          checkpointSeconds: 0,
          onCheckpoint: (made) => {
            state = made;
            if (made.meta.step === stopAt) stop.abort(new Error('stopped'));
          },
        }),
      ).rejects.toThrow('stopped');
    }
    const { learned, log } = await trainNetwork(TEXT, whole, begin, state ? { resume: state } : {});
    const numbers = learned.ranges ? rangesToArray(learned.ranges) : new Float32Array(0);
    return Float32Array.from([
      ...learned.params,
      ...[...numbers].filter(Number.isFinite),
      ...log.validations.map(({ loss }) => loss),
    ]);
  }

  test.each([
    ['in float', false],
    ['through integers', true],
  ])('%s: the same again, also across a checkpoint', async (_, isAware) => {
    const once = await run(isAware);
    expect(await run(isAware)).toEqual(once);
    expect(await run(isAware, 13)).toEqual(once);
  });

  test('a checkpoint of other settings is refused', async () => {
    const { config, start } = setUp(TEXT, { steps: 3 });
    let state: TrainState | undefined;
    await trainNetwork(TEXT, config, start, {
      checkpointSeconds: 0,
      onCheckpoint: (made) => void (state = made),
    });
    const other = { ...config, training: { ...config.training, learningRate: 1 } };
    await expect(trainNetwork(TEXT, other, start, { resume: state! })).rejects.toThrow(
      'the checkpoint was made under other settings',
    );
  });

  test('progress tells the time left', async () => {
    const { config, start } = setUp(TEXT, { steps: 5 });
    const told: number[] = [];
    await trainNetwork(TEXT, config, start, {
      onProgress: ({ etaSeconds }) => told.push(etaSeconds),
    });
    expect(told[told.length - 1]).toBe(0);
  });

  test('a text is not read backward', () => {
    expect(() => setUp(TEXT, { bidirectional: true })).toThrow(
      'a language model cannot read its text backward',
    );
  });
});
