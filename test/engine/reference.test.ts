import { describe, expect, test } from 'vitest';
import { type Batch, DEFAULT_OPTIMIZER, type Session } from '../../src/engine/engine.js';
import { referenceEngine } from '../../src/engine/reference.js';
import { initModel, type Model, type ModelScheme } from '../../src/model/model.js';
import { Random } from '../../src/model/random.js';
import { activationMax } from '../../src/quant/quantized-model.js';
import { cellArithmetic } from '../../src/quant/arithmetic.js';
import * as golden from '../../src/quant/golden.js';
import { quantize } from '../../src/quant/quantize.js';
import { GAIN_MIN } from '../../src/quant/quantizers.js';
import { type Scheme, SCHEMES } from '../../src/quant/scheme.js';

const engine = referenceEngine();
const VOCAB = 5;
const SHAPE = { batch: 4, timeSteps: 6 };
const NAMES = Object.keys(SCHEMES);

function modelOf(scheme: ModelScheme, hiddenSizes = [6, 4], oneHot = false): Model {
  const input = oneHot
    ? ({ kind: 'one-hot', vocabSize: VOCAB } as const)
    : ({ kind: 'tokens', vocabSize: VOCAB, embeddingSize: 4 } as const);
  return initModel({ scheme, input, hiddenSizes, classes: VOCAB, when: 'every-step' }, 3);
}

function sessionOf(model: Model): Session {
  return engine.createSession({ model, ...SHAPE, optimizer: DEFAULT_OPTIMIZER });
}

/** Next symbol = (symbol + 1 or + 2) % VOCAB, by what came before. */
function batchOf(seed: number): Batch {
  const random = new Random(seed);
  const { batch, timeSteps } = SHAPE;
  const [tokens, targets] = [0, 1].map(() => new Int32Array(batch * timeSteps));
  for (let lane = 0; lane < batch; lane++) {
    let symbol = random.integer(VOCAB);
    for (let t = 0; t < timeSteps; t++) {
      tokens[t * batch + lane] = symbol;
      symbol = (symbol + 1 + (symbol % 2)) % VOCAB;
      targets[t * batch + lane] = symbol;
    }
  }
  return { timeSteps, tokens, targets };
}

describe.each(NAMES)('%s', (name) => {
  const scheme = SCHEMES[name];

  test.each(['embedding', 'one-hot'])(
    'logits are golden (%s), before and after a step',
    (input) => {
      const session = sessionOf(modelOf(scheme, [6, 4], input === 'one-hot'));
      for (let step = 0; step < 2; step++) {
        const q = quantize(session.model());
        session.reset();
        const batch = batchOf(step);
        const { logits } = session.forward(batch);
        const states = Array.from({ length: SHAPE.batch }, () => golden.initialState(q));
        const wanted: number[] = [];
        batch.tokens!.forEach((token, n) => {
          const state = states[n % SHAPE.batch];
          golden.step(q, state, golden.embed(q, token));
          wanted.push(...golden.logits(q, state));
        });
        expect(Array.from(logits, (v) => v + 0)).toEqual(wanted);
        session.trainStep(batch, 0.01);
      }
    },
  );

  test('a restored snapshot goes on bit for bit', () => {
    const straight = sessionOf(modelOf(scheme));
    straight.trainStep(batchOf(1), 0.01);
    const resumed = sessionOf(modelOf(scheme));
    resumed.restore(structuredClone(straight.snapshot()));
    expect(resumed.model()).toEqual(straight.model());
    for (const seed of [2, 3]) {
      expect(resumed.trainStep(batchOf(seed), 0.01)).toEqual(
        straight.trainStep(batchOf(seed), 0.01),
      );
    }
    expect(resumed.snapshot()).toEqual(straight.snapshot());
  });
});

/** Loss of the first ten steps, and of the last ten. */
function learn(scheme: ModelScheme, steps: number, rate: number): [number, number] {
  const session = sessionOf(modelOf(scheme, [12], false));
  const losses: number[] = [];
  for (let n = 0; n < steps; n++) {
    session.reset();
    losses.push(session.trainStep(batchOf(n % 7), rate).loss);
  }
  const mean = (part: number[]): number => part.reduce((a, b) => a + b, 0) / part.length;
  return [mean(losses.slice(0, 10)), mean(losses.slice(-10))];
}

test.each(['float', ...NAMES])('%s learns', (name) => {
  const [first, last] = learn(name === 'float' ? name : SCHEMES[name], 120, 0.01);
  expect(last).toBeLessThan(0.6 * first);
});

test('curvature is the root of the second moment, and ones before the first step', () => {
  const session = sessionOf(modelOf(SCHEMES['lat-exact']));
  expect(session.model().layers[0].curvature!.every((d) => d === 1)).toBe(true);
  session.trainStep(batchOf(1), 0.01);
  const { layers, head } = session.model();
  const snapshot = session.snapshot();
  for (const [part, m] of [
    ['layer0', layers[0]],
    ['layer1', layers[1]],
    ['head', head],
  ] as const) {
    const v = snapshot[`adam.second.${part}.weights`].data;
    expect(m.curvature).toEqual(Float32Array.from(v, (x) => Math.sqrt(x) + 1e-8));
  }
  expect(snapshot['adam.first.layer0.curvature']).toBeUndefined();
});

test('tracked decisions follow the means of a training step', () => {
  const scheme = SCHEMES['hitnet-ttq'];
  const session = sessionOf(modelOf(scheme));
  const batch = batchOf(1);
  const { layers } = session.forward(batch, true);
  session.reset();
  const before = session.model().layers.map(({ decisions }) => decisions!);
  session.trainStep(batch, 0.01);
  session.model().layers.forEach(({ hiddenSize, decisions }, l) => {
    const { gates, c } = layers![l];
    const { squash } = cellArithmetic(scheme);
    let sum = 0;
    c.forEach((value, n) => {
      const at = Math.floor(n / hiddenSize) * 4 * hiddenSize + 3 * hiddenSize + (n % hiddenSize);
      sum += Math.abs((gates[at] / 2) * (squash(value) / 4096));
    });
    const seen = ((2 / 3) * sum) / c.length;
    expect(decisions![2]).toBeCloseTo(before[l][2] + 0.01 * (seen - before[l][2]), 6);
    // Mean sigmoids lie in (0, 1), mean |tanh| too: a hundredth of the way to 2/3 of them.
    for (const k of [0, 1]) {
      expect(decisions![k]).not.toBe(before[l][k]);
      expect(decisions![k]).toBeGreaterThan(0.99 * before[l][k]);
      expect(decisions![k]).toBeLessThan(0.99 * before[l][k] + 0.01 * (2 / 3));
    }
  });
});

test('forward alone moves nothing', () => {
  for (const name of ['lat-exact', 'hitnet-ttq', 'ttq']) {
    const session = sessionOf(modelOf(SCHEMES[name]));
    const before = session.model();
    session.forward(batchOf(1));
    session.gradients(batchOf(1));
    expect(session.model()).toEqual(before);
  }
});

test('masters and scales stay in their ranges', () => {
  const after = (scheme: Scheme): Model => {
    const session = sessionOf(modelOf(scheme));
    for (let n = 0; n < 5; n++) session.trainStep(batchOf(n), 1);
    return session.model();
  };
  const largest = (values: Float32Array): number =>
    values.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  for (const name of ['ternary-level3', 'binaryconnect', 'twn', 'ttq', 'lat-exact']) {
    expect(largest(after(SCHEMES[name]).layers[0].weights), name).toBe(1);
  }
  for (const name of ['int8', 'bcq-2']) {
    expect(largest(after(SCHEMES[name]).layers[0].weights), name).toBeGreaterThan(1);
  }
  expect(Math.min(...after(SCHEMES['ttq']).layers[0].scales!)).toBeGreaterThanOrEqual(GAIN_MIN);
  const { gain } = after(SCHEMES['ternary-level3']).layers[0];
  expect(Math.min(...gain)).toBeGreaterThanOrEqual(GAIN_MIN);
  expect(after(SCHEMES['int8']).layers[0].gain.every((g) => g === 1)).toBe(true);
});

test('h is within the activations of the scheme', () => {
  for (const name of ['int8', 'hitnet', 'hitnet-h']) {
    const { layers } = sessionOf(modelOf(SCHEMES[name])).forward(batchOf(1), true);
    const most = activationMax(SCHEMES[name]);
    expect(layers![0].h.every((h) => Number.isInteger(h) && Math.abs(h) <= most)).toBe(true);
  }
});

describe('refuses', () => {
  const model = modelOf(SCHEMES['int8']);

  test('what the oracle does not know', () => {
    const dropout = { input: 0.5, output: 0, seed: 1 };
    expect(() => engine.createSession({ model, ...SHAPE, dropout })).toThrow('nor dropout');
    const mask = { layers: [undefined, undefined] };
    expect(() => engine.createSession({ model, ...SHAPE, mask })).toThrow('neither masks');
    const both = initModel(
      {
        ...{ scheme: 'float', hiddenSizes: [2], classes: 2, when: 'last-step' },
        ...{ input: { kind: 'one-hot', vocabSize: 3 }, bidirectional: true },
      },
      1,
    );
    expect(() => engine.createSession({ model: both, ...SHAPE })).toThrow('runs streams');
  });

  test('a snapshot that lacks a moment', () => {
    const session = sessionOf(model);
    const { 'adam.second.head.bias': _, ...rest } = session.snapshot();
    expect(() => session.restore(rest)).toThrow('snapshot: adam.second.head.bias is not [5]');
  });
});
