import { describe, expect, test } from 'vitest';
import { buildEngine } from '../../scripts/build-engine.mjs';
import type { Engine } from '../../src/engine/engine.js';
import { referenceEngine } from '../../src/engine/reference.js';
import { fusedEngine } from '../../src/engine/fused.js';
import { wasmKernels } from '../../src/engine/wasm-kernels.js';
import type { SeriesDataset, TextDataset } from '../../src/model/dataset.js';
import type { ModelScheme } from '../../src/model/model.js';
import { SCHEMES } from '../../src/quant/scheme.js';
import { Random } from '../../src/model/random.js';
import { quantizeActivation } from '../../src/quant/arithmetic.js';
import { adaptScheme, quantize } from '../../src/quant/quantize.js';
import { groupByLength, textBatches } from '../../src/train/batches.js';
import { classifyGolden, evaluate } from '../../src/train/evaluate.js';
import {
  learningRateAt,
  train,
  type TrainConfig,
  trainConfig,
  type TrainProgress,
  type TrainState,
} from '../../src/train/train.js';

await buildEngine();
const engine = fusedEngine(wasmKernels());
const NAMES = ['float', 'int8', 'ternary-level3'] as const;
const named = (name: string): ModelScheme => (name === 'float' ? 'float' : SCHEMES[name]);

/** Words of a tiny language: every symbol but the first of a word is certain. */
function words(length: number, seed: number): Uint16Array {
  const random = new Random(seed);
  const lexicon = [
    [1, 2, 3, 0],
    [4, 5, 6, 7, 0],
    [2, 6, 1, 0],
  ];
  const out: number[] = [];
  while (out.length < length) out.push(...lexicon[random.integer(lexicon.length)]);
  return Uint16Array.from(out.slice(0, length));
}

const text: TextDataset = {
  kind: 'text',
  symbols: [...' abcdefg'],
  train: words(6000, 1),
  valid: words(2500, 2),
  test: words(2500, 3),
};

/** Two channels; the class is the sign of their phase. */
function waves(count: number, seed: number, lengths = [12, 20]): SeriesDataset['train'] {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, n) => {
    const label = n % 2;
    const steps = lengths[random.integer(lengths.length)];
    const start = random.range(0, 6);
    const values = new Float32Array(steps * 2);
    for (let t = 0; t < steps; t++) {
      values[2 * t] = 3 + 2 * Math.sin(start + t / 2);
      values[2 * t + 1] = 2 * Math.sin(start + t / 2 + (label ? 1.5 : -1.5));
    }
    return { values, label };
  });
}

const series: SeriesDataset = {
  kind: 'series',
  channels: 2,
  classes: ['lag', 'lead'],
  mean: [3, 0],
  gain: [0.4, 0.4],
  train: waves(60, 1),
  valid: waves(20, 2),
  test: waves(30, 3),
};

const small = { hiddenSizes: [12], embeddingSize: 6, timeSteps: 15, batch: 8, validations: 4 };

describe('text', () => {
  test.each(NAMES)('%s learns a small language, figures from golden', async (scheme) => {
    const config = trainConfig({ ...small, scheme: named(scheme), steps: 500, learningRate: 1e-2 });
    const progress: TrainProgress[] = [];
    const { model, log } = await train(text, config, engine, {
      onProgress: (p) => void progress.push(p),
    });
    const result = await evaluate(model, text, 'test', engine);
    // log2(3) bits once per word of 4.33 symbols: 0.366 is the best there is.
    expect(result.bitsPerSymbol).toBeLessThan(0.5);
    expect(result.count).toBe(2499);
    expect(result.goldenSteps).toBe(scheme === 'float' ? 0 : 300);
    expect(log.validations.length).toBe(4);
    expect(progress[progress.length - 1]).toMatchObject({ step: 500, steps: 500 });
    if (scheme === 'float') {
      const int8 = await evaluate(adaptScheme(model, SCHEMES['int8']), text, 'test', engine);
      expect(int8.bitsPerSymbol! - result.bitsPerSymbol!).toBeLessThan(0.05);
    }
  });

  test.each(NAMES)('%s: stopped and resumed equals uninterrupted, bit for bit', async (scheme) => {
    const config = trainConfig({ ...small, scheme: named(scheme), steps: 60 });
    const whole = await train(text, config, engine);
    const stop = new AbortController();
    const states: TrainState[] = [];
    let steps = 0;
    const counting: Engine = {
      ...engine,
      createSession(c) {
        const session = engine.createSession(c);
        const { trainStep } = session;
        session.trainStep = (...args) => {
          if (++steps === 23) stop.abort(new Error('stopped'));
          return trainStep.apply(session, args);
        };
        return session;
      },
    };
    await expect(
      train(text, config, counting, {
        signal: stop.signal,
        onCheckpoint: (s) => void states.push(structuredClone(s)),
      }),
    ).rejects.toThrow('stopped');
    const resume = states[states.length - 1];
    expect(resume.meta.step).toBe(23);
    // Through JSON, as a file would carry it.
    const meta = JSON.parse(JSON.stringify(resume.meta));
    const rest = await train(text, config, engine, { resume: { ...resume, meta } });
    expect(rest.model).toEqual(whole.model);
    expect(rest.log.validations).toEqual(whole.log.validations);
    expect(rest.log.curve).toEqual(whole.log.curve);
  });

  test('resumes at the very step where quantization begins', async () => {
    const config = trainConfig({ ...small, scheme: SCHEMES['int8'], steps: 20, floatPart: 0.5 });
    const states: TrainState[] = [];
    const whole = await train(text, config, engine, {
      checkpointSeconds: 0,
      onCheckpoint: (s) => void states.push(structuredClone(s)),
    });
    for (const step of [9, 10, 11]) {
      const resume = states.find((s) => s.meta.step === step)!;
      expect((await train(text, config, engine, { resume })).model, `step ${step}`).toEqual(
        whole.model,
      );
    }
  });

  test('refuses to resume under other settings', async () => {
    const config = trainConfig({ ...small, scheme: SCHEMES['int8'], steps: 4 });
    const states: TrainState[] = [];
    const onCheckpoint = (s: TrainState) => void states.push(s);
    await train(text, config, engine, { onCheckpoint, checkpointSeconds: 0 });
    const other = { ...config, seed: 2 };
    await expect(train(text, other, engine, { resume: states[0] })).rejects.toThrow(
      'other settings',
    );
  });

  test('the reference engine learns the same', async () => {
    const config = trainConfig({
      ...small,
      hiddenSizes: [5],
      scheme: SCHEMES['ternary-level3'],
      steps: 6,
      validations: 1,
    });
    const slow = await train(text, config, referenceEngine());
    const fast = await train(text, config, engine);
    expect(slow.log.validations[0].loss).toBeCloseTo(fast.log.validations[0].loss, 2);
  });

  test('refuses a text shorter than one step', () => {
    expect(() => textBatches(words(100, 1), 8, 15)).toThrow(
      'the training text has 100 symbols, one step takes 121',
    );
  });

  test('consecutive batches continue each lane', () => {
    const tokens = Uint16Array.from({ length: 41 }, (_, n) => n);
    const batches = textBatches(tokens, 2, 5);
    expect(batches.stepsPerEpoch).toBe(4);
    const second = batches.at(1);
    expect(second.fresh).toEqual([]);
    expect([...second.batch.tokens!]).toEqual([5, 25, 6, 26, 7, 27, 8, 28, 9, 29]);
    expect([...second.batch.targets!]).toEqual([6, 26, 7, 27, 8, 28, 9, 29, 10, 30]);
    expect(batches.at(4)).toEqual(batches.at(0));
    expect(batches.at(4).fresh).toEqual([0, 1]);
  });
});

test('each lane starts from zero again at its own time', () => {
  const batches = textBatches(words(2000, 1), 4, 5, 8);
  const fresh = Array.from({ length: 17 }, (_, step) => batches.at(step).fresh.join());
  expect(fresh).toEqual([
    '0,1,2,3',
    '',
    '3',
    '',
    '2',
    '',
    '1',
    '',
    '0',
    '',
    '3',
    '',
    '2',
    '',
    '1',
    '',
    '0',
  ]);
});

describe('series', () => {
  test.each(NAMES)('%s learns to tell lag from lead', async (scheme) => {
    const config = trainConfig({ ...small, scheme: named(scheme), epochs: 30, learningRate: 1e-2 });
    const { model } = await train(series, config, engine);
    const result = await evaluate(model, series, 'test', engine);
    expect(result.accuracy).toBeGreaterThan(0.9);
    expect(result.count).toBe(30);
    if (scheme === 'float') return;
    const q = quantize(model);
    const right = series.test.filter(({ values, label }) => {
      const logits = classifyGolden(q, values);
      return (logits[1] > logits[0] ? 1 : 0) === label;
    });
    expect(right.length / 30).toBe(result.accuracy);
  });

  test('groups hold series of one length only', () => {
    const cases = waves(20, 5, [3, 4, 5]);
    const groups = groupByLength(
      cases,
      Int32Array.from(cases, (_, n) => n),
      4,
    );
    expect(groups.flat().sort((a, b) => a - b)).toEqual(cases.map((_, n) => n));
    for (const group of groups) {
      expect(group.length).toBeLessThanOrEqual(4);
      expect(new Set(group.map((n) => cases[n].values.length)).size).toBe(1);
    }
  });

  test.each([
    [{ values: Float32Array.of(1, NaN), label: 0 }, 'a value is not finite'],
    [{ values: Float32Array.of(1), label: 0 }, '1 values are not whole steps of 2'],
    [{ values: Float32Array.of(1, 2), label: 7 }, 'label 7 is not in 0..1'],
  ])('refuses %o', async (bad, message) => {
    const config = trainConfig({ ...small, scheme: SCHEMES['int8'], epochs: 1 });
    const broken = { ...series, test: [bad] };
    await expect(train(broken, config, engine)).rejects.toThrow(message);
  });
});

test('evaluation throws where an engine and golden differ', async () => {
  const config = trainConfig({ ...small, scheme: SCHEMES['int8'], steps: 2, validations: 1 });
  const { model } = await train(text, config, engine);
  const wrong: Engine = {
    ...engine,
    createSession(c) {
      const session = engine.createSession(c);
      const { forward } = session;
      session.forward = (...args) => {
        const result = forward.apply(session, args);
        result.logits[1] += 1;
        return result;
      };
      return session;
    },
  };
  await expect(evaluate(model, text, 'test', wrong)).rejects.toThrow(
    'disagree at test step 0: logit 1',
  );
  expect(quantizeActivation(1)).toBe(127);
});

test('the learning rate holds, then falls to its last value', () => {
  const config = trainConfig({ scheme: 'float', learningRate: 1, hold: 0.5, finalRate: 0.1 });
  const at = (step: number, decay: TrainConfig['decay'], worse = 0) =>
    learningRateAt({ ...config, decay }, step, 100, worse);
  expect([at(0, 'linear'), at(50, 'linear')]).toEqual([1, 1]);
  expect(at(75, 'linear')).toBeCloseTo(0.55);
  expect(at(75, 'cosine')).toBeCloseTo(0.55);
  expect(at(100, 'cosine')).toBeCloseTo(0.1);
  expect(at(50, 'exponential')).toBe(1);
  expect(at(75, 'exponential')).toBeCloseTo(0.1 ** 0.5);
  expect(at(100, 'exponential')).toBeCloseTo(0.1);
  expect([at(99, 'plateau'), at(1, 'plateau', 2)]).toEqual([1, 0.1 ** 2]);
});
