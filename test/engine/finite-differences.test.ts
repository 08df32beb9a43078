import { describe, expect, test } from 'vitest';
import { DEFAULT_OPTIMIZER } from '../../src/engine/engine.js';
import { referenceEngine } from '../../src/engine/reference.js';
import type { Model } from '../../src/model/model.js';
import { fromTensors, toTensors } from '../../src/model/model.js';
import { Random } from '../../src/model/random.js';
import { ternaryCode, ternaryDelta } from '../../src/quant/quantizers.js';
import { type Scheme, SCHEMES } from '../../src/quant/scheme.js';
import { randomBatch, randomModel, SHAPES, title } from './random-model.js';

const engine = referenceEngine();

/** The model with tensor `name` moved by `by` at index k. */
function moved(model: Model, name: string, k: number, by: number): Model {
  const { meta, tensors } = toTensors(model);
  const data = tensors[name].data.slice();
  data[k] += by;
  return fromTensors(meta, { ...tensors, [name]: { ...tensors[name], data } });
}

describe('float gradients agree with finite differences', () => {
  test.each(SHAPES.map((s) => [title(s), s] as const))('%s', (_, shape) => {
    const model = randomModel('float', shape, 2, 1.5);
    const batch = randomBatch(shape, 1);
    const run = (m: Model) =>
      engine.createSession({ model: m, ...shape, optimizer: DEFAULT_OPTIMIZER });
    const { tensors } = run(model).gradients(batch);
    const random = new Random(9);
    const step = 2 ** -10;
    for (const [name, { data }] of Object.entries(tensors)) {
      if (name.endsWith('.gain')) continue;
      for (let n = 0; n < 4; n++) {
        const k = random.integer(data.length);
        const up = run(moved(model, name, k, step)).forward(batch).loss;
        const down = run(moved(model, name, k, -step)).forward(batch).loss;
        const slope = (up - down) / (2 * step);
        expect(Math.abs(slope - data[k]), `${name}[${k}]`).toBeLessThan(
          1e-4 + 1e-3 * Math.abs(slope),
        );
      }
    }
  });
});

test('head bias gradients of quantized schemes agree with whole-step differences', () => {
  const shape = SHAPES[1];
  for (const name of ['int8', 'ternary-level3', 'hitnet', 'hitnet-h', 'bcq-2', 'ttq']) {
    const model = randomModel(SCHEMES[name], shape, 2, 1.5);
    const batch = randomBatch(shape, 1);
    const run = (m: Model) =>
      engine.createSession({ model: m, ...shape, optimizer: DEFAULT_OPTIMIZER });
    const { tensors } = run(model).gradients(batch);
    // The bias is an integer over 2^9: move it by 8 of its units.
    const step = 2 ** -6;
    for (let k = 0; k < shape.classes; k++) {
      const up = run(moved(model, 'head.bias', k, step)).forward(batch).loss;
      const down = run(moved(model, 'head.bias', k, -step)).forward(batch).loss;
      expect(tensors['head.bias'].data[k], name).toBeCloseTo((up - down) / (2 * step), 4);
    }
  }
});

/**
 * A float LSTM with a slope, in double: what a scheme approximates whose formats are fine. One layer on
 * channels, one sequence, cross-entropy after every step.
 */
function slopedLoss(model: Model, values: Float32Array, targets: Int32Array, s: number): number {
  const { inputSize, hiddenSize, weights, bias } = model.layers[0];
  const columns = inputSize + hiddenSize;
  const { head } = model;
  let [h, c] = [0, 1].map(() => new Array<number>(hiddenSize).fill(0));
  let loss = 0;
  targets.forEach((target, t) => {
    const x = [...values.subarray(t * inputSize, (t + 1) * inputSize), ...h];
    const a = Array.from(bias, (b, r) =>
      x.reduce((sum, v, k) => sum + v * weights[r * columns + k], b),
    );
    const sigmoid = (row: number): number => 1 / (1 + Math.exp(-s * a[row]));
    c = c.map((before, u) => {
      const g = Math.tanh(s * a[2 * hiddenSize + u]);
      return sigmoid(hiddenSize + u) * before + sigmoid(u) * g;
    });
    h = c.map((v, u) => sigmoid(3 * hiddenSize + u) * Math.tanh(s * v));
    const logits = Array.from(head.bias, (b, n) =>
      h.reduce((sum, v, k) => sum + v * head.weights[n * hiddenSize + k], b),
    );
    const total = logits.reduce((sum, v) => sum + Math.exp(v), 0);
    loss += (Math.log(total) - logits[target]) / targets.length;
  });
  return loss;
}

test.each([
  ['int8', { slope: 1 }],
  ['int8', { slope: 2 }],
  ['int8', { slope: 0.5, operandScales: 'separate' }],
  ['bcq-4', { slope: 2, operandScales: 'separate' }],
  ['int8', { slope: 2, cell: { bits: 15, fraction: 11 } }],
] as const)('gradients of %s %o are those of a float LSTM with that slope', (name, rest) => {
  const shape = {
    ...SHAPES[3],
    ...{ batch: 1, timeSteps: 6, hiddenSizes: [8], when: 'every-step' as const },
  };
  const weights = [{ i: name, f: name, g: name, o: name }];
  const scheme: Scheme = { ...SCHEMES['int8'], weights, head: 'int8', ...rest };
  const model = randomModel(scheme, shape, 4, 1);
  const batch = randomBatch(shape, 3);
  const targets = batch.targets!.map((target) => Math.max(target, 0));
  const session = engine.createSession({ model, ...shape, optimizer: DEFAULT_OPTIMIZER });
  const { tensors, loss } = session.gradients({ ...batch, targets });
  const values = batch.values!.map((v) => Math.max(-1, Math.min(1, v)));
  const run = (m: Model): number => slopedLoss(m, values, targets, scheme.slope);
  expect(loss).toBeCloseTo(run(model), 1);
  for (const tensor of ['layer0.weights', 'layer0.bias', 'head.weights', 'head.bias']) {
    const { data } = tensors[tensor];
    let [apart, size] = [0, 0];
    const step = 2 ** -10;
    data.forEach((d, k) => {
      const slope =
        (run(moved(model, tensor, k, step)) - run(moved(model, tensor, k, -step))) / (2 * step);
      apart += (d - slope) ** 2;
      size += slope ** 2;
    });
    // What 8 bits leave; a slope forgotten anywhere would be off by half.
    expect(Math.sqrt(apart / size), tensor).toBeLessThan(0.15);
  }
});

/**
 * With the signs t frozen, w = gain * t . v' / ||t . v'|| where v' starts at the codes: the smooth
 * function whose derivative the weight-norm gradient is, at v = t. Checked on L(w) = sum of u . w + w^2.
 */
test('the weight-norm gradient agrees with finite differences, signs frozen', () => {
  const random = new Random(5);
  const size = 9;
  const v = Float64Array.from({ length: size }, () => random.range(-1, 1));
  const u = Float64Array.from({ length: size }, () => random.range(-1, 1));
  const gain = 1.7;
  const delta = ternaryDelta(
    v.reduce((s, w) => s + Math.abs(w), 0),
    size,
  );
  const t = v.map((w) => ternaryCode(w, delta));
  const loss = (direction: Float64Array, g: number): number => {
    const norm = Math.hypot(...direction);
    return direction.reduce((s, d, k) => {
      const w = (g * d) / norm;
      return s + u[k] * w + w * w * (k + 1);
    }, 0);
  };
  const n = t.reduce((s, c) => s + c * c, 0);
  const scale = gain / Math.sqrt(n);
  const G = t.map((c, k) => u[k] + 2 * scale * c * (k + 1));
  const dot = G.reduce((s, g, k) => s + g * t[k], 0);
  const h = 1e-5;
  const slope = (f: (x: number) => number): number => (f(h) - f(-h)) / (2 * h);
  expect(dot / Math.sqrt(n)).toBeCloseTo(
    slope((x) => loss(t, gain + x)),
    6,
  );
  for (let k = 0; k < size; k++) {
    const along = (x: number) =>
      loss(
        t.map((c, j) => (j === k ? c + x : c)),
        gain,
      );
    expect(scale * (G[k] - (t[k] * dot) / n)).toBeCloseTo(slope(along), 6);
  }
});

test('a quantized session reports weight-norm gradients of exactly that form', () => {
  const shape = SHAPES[1];
  const model = randomModel(SCHEMES['ternary-level3'], shape, 6, 1.5);
  const { tensors } = engine
    .createSession({ model, ...shape, optimizer: DEFAULT_OPTIMIZER })
    .gradients(randomBatch(shape, 2));
  // dv is orthogonal to t in every row.
  const columns = shape.inputSize + shape.hiddenSizes[0];
  const { weights } = model.layers[0];
  for (let r = 0; r < 4 * shape.hiddenSizes[0]; r++) {
    const row = weights.subarray(r * columns, (r + 1) * columns);
    const delta = ternaryDelta(
      row.reduce((s, w) => s + Math.abs(w), 0),
      columns,
    );
    let dot = 0;
    row.forEach(
      (w, k) => (dot += ternaryCode(w, delta) * tensors['layer0.weights'].data[r * columns + k]),
    );
    expect(Math.abs(dot)).toBeLessThan(1e-6);
  }
});
