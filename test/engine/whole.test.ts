import { describe, expect, test } from 'vitest';
import { buildEngine } from '../../scripts/build-engine.mjs';
import { kernelEngine } from '../../src/engine/create.js';
import { type Batch, DEFAULT_OPTIMIZER, type Session } from '../../src/engine/engine.js';
import { wasmKernels } from '../../src/engine/wasm-kernels.js';
import {
  initModel,
  type Model,
  type ModelConfig,
  type ModelScheme,
  type Tensors,
} from '../../src/model/model.js';
import { Random } from '../../src/model/random.js';
import { quantizeActivation, ternaryActivation } from '../../src/quant/arithmetic.js';
import { embedFeatures, headLogits, runSequence } from '../../src/quant/golden.js';
import { quantize } from '../../src/quant/quantize.js';
import { SCHEMES } from '../../src/quant/scheme.js';

await buildEngine();
const engine = kernelEngine(wasmKernels());

const LANES = 3;
const STEPS = 5;
const FEATURES = [
  { name: 'word', count: 7, size: 4 },
  { name: 'shape', count: 3, size: 2 },
];

function tagger(scheme: ModelScheme, layers = 2): Model {
  const config: ModelConfig = {
    ...{ scheme, classes: 4, when: 'every-step', bidirectional: true },
    input: { kind: 'features', features: FEATURES },
    hiddenSizes: [5, 3].slice(0, layers),
  };
  return initModel(config, 3);
}

function regressor(scheme: ModelScheme): Model {
  return initModel(
    {
      ...{ scheme, classes: 1, when: 'last-step', output: 'value' },
      input: { kind: 'dense', mean: [0, 0], gain: [1, 1] },
      hiddenSizes: [6],
    },
    4,
  );
}

/** Sentences of 5, 3 and 1 tokens; padding has features of its own, which must not matter. */
function sentences(seed: number): Batch {
  const random = new Random(seed);
  const lengths = Int32Array.of(5, 3, 1);
  const features = new Int32Array(STEPS * LANES * 2);
  const targets = new Int32Array(STEPS * LANES).fill(-1);
  for (let t = 0; t < STEPS; t++) {
    for (let lane = 0; lane < LANES; lane++) {
      const at = t * LANES + lane;
      features[2 * at] = random.integer(7);
      features[2 * at + 1] = random.integer(3);
      if (t < lengths[lane]) targets[at] = random.integer(4);
    }
  }
  return { timeSteps: STEPS, features, targets, lengths };
}

function series(seed: number): Batch {
  const random = new Random(seed);
  return {
    timeSteps: STEPS,
    values: Float32Array.from({ length: STEPS * LANES * 2 }, () => random.range(-1, 1)),
    reals: Float32Array.from({ length: LANES }, () => random.range(-1, 1)),
  };
}

function session(model: Model, dropout?: { input: number; output: number; seed: number }): Session {
  const config = { model, batch: LANES, timeSteps: STEPS, optimizer: DEFAULT_OPTIMIZER };
  return engine.createSession({ ...config, ...(dropout && { dropout }) });
}

const quantized = ['int8', 'ternary-level3', 'twn', 'ttq', 'hitnet', 'bcq-2'];

describe('tagging in both directions', () => {
  test.each(quantized)('%s: logits equal the golden model, whatever the padding', (name) => {
    const model = tagger(SCHEMES[name]);
    const q = quantize(model);
    const batch = sentences(5);
    const { logits } = session(model).forward(batch);
    for (let lane = 0; lane < LANES; lane++) {
      const length = batch.lengths![lane];
      const xs = Array.from({ length }, (_, t) => {
        const at = 2 * (t * LANES + lane);
        return embedFeatures(q, batch.features!.subarray(at, at + 2));
      });
      runSequence(q, xs).forEach((h, t) => {
        const from = (t * LANES + lane) * 4;
        expect([...logits.subarray(from, from + 4)]).toEqual([...headLogits(q, h)]);
      });
    }
  });

  test('float: gradients are those of finite differences', () => {
    compareDifferences(tagger('float'), sentences(6));
  });

  test.each(['float', ...quantized])('%s: training lowers the loss', (name) => {
    const s = session(tagger(name === 'float' ? 'float' : SCHEMES[name], 1));
    const batch = sentences(7);
    const before = s.forward(batch).loss;
    for (let n = 0; n < 80; n++) s.trainStep(batch, 2e-2);
    expect(s.forward(batch).loss).toBeLessThan(before * 0.7);
  });

  test('dropout disturbs training alone, and follows from seed and step', () => {
    const dropout = { input: 0.3, output: 0.3, seed: 1 };
    const model = tagger(SCHEMES['ternary-level3']);
    const batch = sentences(8);
    const [plain, dropped, again] = [
      session(model),
      session(model, dropout),
      session(model, dropout),
    ];
    expect(dropped.forward(batch).logits).toEqual(plain.forward(batch).logits);
    const losses = [plain, dropped, again].map((s) => s.trainStep(batch, 1e-2).loss);
    expect(losses[1]).not.toBe(losses[0]);
    expect(losses[2]).toBe(losses[1]);
  });

  test('a restored snapshot goes on bit for bit', () => {
    const model = tagger(SCHEMES['ternary-level3']);
    const batch = sentences(9);
    const a = session(model);
    for (let n = 0; n < 3; n++) a.trainStep(batch, 1e-2);
    const b = session(model);
    b.restore(a.snapshot());
    a.trainStep(batch, 1e-2);
    b.trainStep(batch, 1e-2);
    expect(b.snapshot()).toEqual(a.snapshot());
  });

  test('refuses what it cannot do, with the reason', () => {
    expect(() => session(tagger(SCHEMES['lat-exact']))).toThrow('loss-aware codings train on text');
  });
});

describe('regression', () => {
  test.each(quantized)('%s: the value equals the golden model', (name) => {
    const model = regressor(SCHEMES[name]);
    const q = quantize(model);
    const batch = series(5);
    const activation = name === 'hitnet' ? ternaryActivation : quantizeActivation;
    const { logits } = session(model).forward(batch);
    for (let lane = 0; lane < LANES; lane++) {
      const xs = Array.from({ length: STEPS }, (_, t) =>
        Int8Array.from([0, 1], (c) => activation(batch.values![(t * LANES + lane) * 2 + c])),
      );
      const outputs = runSequence(q, xs);
      expect(logits[lane]).toBe(headLogits(q, outputs[STEPS - 1])[0]);
    }
  });

  test('float: gradients are those of finite differences', () => {
    compareDifferences(regressor('float'), series(6));
  });

  test('lanes without a target count for nothing', () => {
    const s = session(regressor('float'));
    const batch = series(7);
    const reals = batch.reals!.slice();
    reals[1] = NaN;
    expect(s.forward({ ...batch, reals }).count).toBe(2);
    expect(s.gradients({ ...batch, reals }).loss).toBeCloseTo(
      s.forward({ ...batch, reals }).loss,
      6,
    );
  });
});

/** Central differences at some places of every tensor. */
function compareDifferences(model: Model, batch: Batch): void {
  const s = session(model);
  const { tensors } = s.gradients(batch);
  const start = s.snapshot();
  const step = 2e-3;
  const lossWith = (name: string, index: number, change: number): number => {
    const { shape } = start[name];
    const data = (start[name].data as Float32Array).slice();
    data[index] += change;
    s.restore({ ...start, [name]: { dtype: 'F32', shape, data } } as Tensors);
    return s.forward(batch).loss;
  };
  for (const [name, { data }] of Object.entries(tensors)) {
    if (name.endsWith('.gain')) continue;
    for (let index = 0; index < data.length; index += Math.ceil(data.length / 6)) {
      const slope = (lossWith(name, index, step) - lossWith(name, index, -step)) / (2 * step);
      expect(data[index], `${name}[${index}]`).toBeCloseTo(slope, 3);
    }
  }
}
