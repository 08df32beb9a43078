import { describe, expect, test } from 'vitest';
import { buildEngine } from '../../scripts/build-engine.mjs';
import { floatWord } from '../../src/engine/assembler.js';
import { dropFactor, dropKey, dropThreshold } from '../../src/engine/dropout.js';
import { DEFAULT_OPTIMIZER, type SessionConfig, type WeightMask } from '../../src/engine/engine.js';
import { fusedEngine } from '../../src/engine/fused.js';
import { HEAP_BASE } from '../../src/engine/kernels.js';
import { OP } from '../../src/engine/program.js';
import { SampledSession } from '../../src/engine/sampled.js';
import { wasmKernels } from '../../src/engine/wasm-kernels.js';
import { type ModelScheme, schemeName, type Tensors } from '../../src/model/model.js';
import { Random } from '../../src/model/random.js';
import { SCHEMES } from '../../src/quant/scheme.js';
import { randomBatch, randomModel, type Shape, SHAPES, title, VOCAB } from './random-model.js';

await buildEngine();
const engine = fusedEngine(wasmKernels());
const optimizer = DEFAULT_OPTIMIZER;
const dropout = { input: 0.3, output: 0.5, seed: 7 };
const ONE_HOT: Shape = {
  ...{ input: 'one-hot', inputSize: VOCAB, hiddenSizes: [7, 5], classes: 6 },
  ...{ batch: 3, timeSteps: 6, when: 'every-step' },
};
/** Dense and symbols, with and without an embedding; heads at every step and at the last. */
const shapes = [SHAPES[2], SHAPES[3], SHAPES[4], SHAPES[5], ONE_HOT];
const titled = shapes.map((shape) => [title(shape), shape] as const);
const byName = (schemes: readonly ModelScheme[]) =>
  schemes.map((scheme) => [schemeName(scheme), scheme] as const);

function norm(values: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += values[k] ** 2;
  return Math.sqrt(sum);
}

function apart(actual: Tensors, expected: Tensors, name: string): number {
  const { data } = expected[name];
  const differences = Float64Array.from(data, (v, k) => actual[name].data[k] - v);
  return norm(differences) / Math.max(norm(data), 1e-12);
}

const create = (scheme: ModelScheme, shape: Shape, rest: Partial<SessionConfig> = {}) =>
  engine.createSession({ model: randomModel(scheme, shape, 2, 1), ...shape, optimizer, ...rest });

describe('dropout', () => {
  test('keeps its part of the elements, others at each step and place', () => {
    const memory = wasmKernels().allocate(1 << 20);
    const [i32, f32] = [new Int32Array(memory.buffer), new Float32Array(memory.buffer)];
    const program = HEAP_BASE - (HEAP_BASE % 64) + 64;
    const [from, to, count] = [program + 256, program + 256 + 4 * 65536, 65536];
    f32.fill(1, from / 4, from / 4 + count);
    const run = (probability: number, step: number, site: number): Float32Array => {
      const rule = [dropThreshold(probability), floatWord(dropFactor('float', probability))];
      const size = [1, count / 64, 64, 0];
      i32.set([OP.dropout, from, to, ...size, dropKey(3, step, site), ...rule], program / 4);
      i32[program / 4 + 16] = OP.end;
      memory.run(program);
      return f32.slice(to / 4, to / 4 + count);
    };
    for (const probability of [0, 0.1, 0.5, 0.8]) {
      const kept = run(probability, 1, 0);
      const zeros = kept.filter((v) => v === 0).length;
      // Five standard deviations.
      const most = 5 * Math.sqrt((probability * (1 - probability)) / count);
      expect(Math.abs(zeros / count - probability)).toBeLessThanOrEqual(most);
      const factor = Math.fround(1 / (1 - probability));
      expect(kept.every((v) => v === 0 || v === factor)).toBe(true);
    }
    const [one, again, ...others] = [
      run(0.5, 1, 0),
      run(0.5, 1, 0),
      run(0.5, 2, 0),
      run(0.5, 1, 1),
    ];
    expect(again).toEqual(one);
    for (const other of others) {
      const equal = other.filter((v, k) => v === one[k]).length;
      expect(Math.abs(equal / count - 0.5)).toBeLessThan(0.02);
    }
    memory.dispose();
  });

  test.each(titled)('float gradients agree with finite differences: %s', (_, shape) => {
    const session = create('float', shape, { dropout });
    const batch = randomBatch(shape, 3);
    const start = session.snapshot();
    const { tensors } = session.gradients(batch);
    const random = new Random(4);
    const step = 2 ** -9;
    const lossAt = (name: string, k: number, by: number): number => {
      const data = Float32Array.from(start[name].data);
      data[k] += by;
      session.restore({ ...start, [name]: { dtype: 'F32', shape: start[name].shape, data } });
      return session.gradients(batch).loss;
    };
    for (const [name, { data }] of Object.entries(tensors)) {
      if (name.endsWith('.gain')) continue;
      for (let n = 0; n < 6; n++) {
        const k = random.integer(data.length);
        const slope = (lossAt(name, k, step) - lossAt(name, k, -step)) / (2 * step);
        expect(Math.abs(slope - data[k]), `${name}[${k}]`).toBeLessThan(
          3e-4 + 3e-3 * Math.abs(slope),
        );
      }
    }
  });

  test.each(titled)('int8 drops what float does: %s', (_, shape) => {
    const batch = randomBatch(shape, 3);
    const [float, int8] = (['float', SCHEMES['int8']] as const).map((scheme) => {
      const session = create(scheme, shape, { dropout });
      return session.gradients(batch);
    });
    expect(Math.abs(int8.loss / float.loss - 1)).toBeLessThan(0.02);
    for (const name of Object.keys(float.tensors)) {
      if (name.endsWith('.gain')) continue;
      expect(apart(int8.tensors, float.tensors, name), name).toBeLessThan(0.1);
    }
  });

  test.each(byName(['float', SCHEMES['int8'], SCHEMES['hitnet']]))(
    '%s: a batch cut in runs drops the same, and so does a resumed run',
    (_, scheme) => {
      for (const shape of shapes) {
        const whole = create(scheme, shape, { dropout });
        const cut = create(scheme, shape, { dropout, checkpointSteps: 4 });
        for (let n = 0; n < 2; n++) {
          const batch = randomBatch(shape, n);
          const [a, b] = [whole, cut].map((session) => session.gradients(batch));
          expect(b.loss).toBeCloseTo(a.loss, 6);
          for (const name of Object.keys(a.tensors)) {
            expect(apart(b.tensors, a.tensors, name), name).toBeLessThan(1e-4);
          }
          whole.trainStep(batch, 1e-3);
          cut.restore(structuredClone(whole.snapshot()));
        }
        const resumed = create(scheme, shape, { dropout });
        resumed.restore(structuredClone(whole.snapshot()));
        const batch = randomBatch(shape, 5);
        expect(resumed.trainStep(batch, 1e-3)).toEqual(whole.trainStep(batch, 1e-3));
        expect(resumed.snapshot()).toEqual(whole.snapshot());
      }
    },
  );

  test('is of training steps alone', () => {
    const [plain, dropping] = [{}, { dropout }].map((rest) => create('float', SHAPES[4], rest));
    const batch = randomBatch(SHAPES[4], 1);
    expect(dropping.forward(batch)).toEqual(plain.forward(batch));
    expect(dropping.gradients(batch).loss).not.toBe(plain.gradients(batch).loss);
    for (const session of [dropping, plain]) session.reset();
    expect(dropping.forward(batch)).toEqual(plain.forward(batch));
  });

  test('of more than 0.8 is refused', () => {
    expect(() => create('float', SHAPES[1], { dropout: { ...dropout, input: 0.9 } })).toThrow(
      'dropout.input: 0.9 is not in 0..0.8',
    );
  });
});

describe('drawn activations', () => {
  const drawn = (name: string, rest: Partial<SessionConfig> = {}) =>
    create(SCHEMES[name], SHAPES[2], { sampling: { seed: 5 }, ...rest });

  test.each(['hitnet', 'hitnet-h'])('%s: are of training alone, new at each step', (name) => {
    const batch = randomBatch(SHAPES[2], 3);
    const [plain, session, again] = [create(SCHEMES[name], SHAPES[2]), drawn(name), drawn(name)];
    expect(session.forward(batch).logits).toEqual(plain.forward(batch).logits);
    for (const s of [plain, session, again]) s.reset();
    const losses = [session, again].map((s) => s.trainStep(batch, 0).loss);
    expect(losses[1]).toBe(losses[0]);
    expect(plain.trainStep(batch, 0).loss).not.toBe(losses[0]);
    session.reset();
    expect(session.trainStep(batch, 0).loss).not.toBe(losses[0]);
  });

  test('are the same however the steps are cut', () => {
    const batch = randomBatch(SHAPES[2], 3);
    const losses = [undefined, 2].map(
      (checkpointSteps) => drawn('hitnet', { checkpointSteps }).trainStep(batch, 0).loss,
    );
    expect(losses[1]).toBeCloseTo(losses[0], 6);
  });

  test('need activations that can be drawn', () => {
    expect(() => drawn('int8')).toThrow('int8 has no activations of two or three values');
  });
});

describe('masks', () => {
  const schemes = ['int8', 'ternary-level3', 'bcq-3', 'hitnet', 'bcq-1-masked'];
  test.each(byName(['float', ...schemes.map((name) => SCHEMES[name])]))(
    '%s: masked weights stay exactly 0, others train',
    (_, scheme) => {
      for (const checkpointSteps of [undefined, 3]) {
        const shape = SHAPES[4];
        const random = new Random(5);
        const model = randomModel(scheme, shape, 2, 1);
        const maskOf = (weights: Float32Array): Uint8Array =>
          Uint8Array.from(weights, () => random.integer(2));
        const mask: WeightMask = {
          layers: [maskOf(model.layers[0].weights), undefined],
          head: maskOf(model.head.weights),
        };
        const session = create(scheme, shape, { mask, checkpointSteps });
        const kept = { 'layer0.weights': mask.layers[0]!, 'head.weights': mask.head! };
        const check = (tensors: Tensors): void => {
          for (const [name, m] of Object.entries(kept)) {
            const { data } = tensors[name];
            expect(data.filter((v, k) => m[k] === 0 && v !== 0).length, name).toBe(0);
            expect(data.filter((v, k) => m[k] === 1 && v !== 0).length).toBeGreaterThan(10);
          }
        };
        check(session.snapshot());
        for (let n = 0; n < 3; n++) {
          session.trainStep(randomBatch(shape, n), 1e-2);
          check(session.snapshot());
        }
        check(session.gradients(randomBatch(shape, 9)).tensors);
        const before = model.layers[1].weights;
        const after = session.model().layers[1].weights;
        expect(after.filter((v, k) => v !== before[k]).length).toBeGreaterThan(before.length / 4);
      }
    },
  );

  test('of another size are refused, and a head of sampled classes has none', () => {
    const model = randomModel('float', SHAPES[4], 1);
    const config = { model, ...SHAPES[4], optimizer };
    const mask = { layers: [new Uint8Array(3), undefined] };
    expect(() => engine.createSession({ ...config, mask })).toThrow(
      'mask: layer 0 has 2320 weights, its mask 3',
    );
    expect(() => engine.createSession({ ...config, mask: { layers: [] } })).toThrow(
      'mask: 0 layers, the model has 2',
    );
    const head = new Uint8Array(model.head.weights.length);
    const sampled = { sampledClasses: 9, frequencies: new Float64Array(11).fill(1), seed: 1 };
    const masked = { ...config, mask: { layers: [undefined, undefined], head } };
    expect(() => new SampledSession(engine, masked, sampled)).toThrow('the head takes no mask');
  });
});

test('wide one-hot input is refused where it is quantized', () => {
  const shape = { ...ONE_HOT, inputSize: 1100 };
  const model = randomModel(SCHEMES['int8'], ONE_HOT, 1);
  const [layer, ...rest] = model.layers;
  const weights = new Float32Array(4 * layer.hiddenSize * (1100 + layer.hiddenSize));
  const wide = {
    ...model,
    input: { kind: 'one-hot', vocabSize: 1100 } as const,
    layers: [{ ...layer, inputSize: 1100, weights }, ...rest],
  };
  expect(() => engine.createSession({ model: wide, ...shape })).toThrow(
    'one-hot input of 1100 symbols: a quantized layer takes 1024 at most; use an embedding',
  );
});
