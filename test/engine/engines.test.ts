import { describe, expect, test } from 'vitest';
import { DEFAULT_OPTIMIZER, type Engine } from '../../src/engine/engine.js';
import { referenceEngine } from '../../src/engine/reference.js';
import { fusedEngine } from '../../src/engine/fused.js';
import { nativeKernels, nativeProblem } from '../../src/engine/native.js';
import { SampledSession } from '../../src/engine/sampled.js';
import { wasmKernels } from '../../src/engine/wasm-kernels.js';
import type { ModelScheme } from '../../src/model/model.js';
import { quantizeActivation } from '../../src/quant/arithmetic.js';
import * as golden from '../../src/quant/golden.js';
import { quantize } from '../../src/quant/quantize.js';
import { randomBatch, randomModel, type Shape, SHAPES, title } from './random-model.js';
import { buildEngine } from '../../scripts/build-engine.mjs';

await buildEngine();
const QUANTIZED = ['int8', 'ternary-level3'] as const;
const SCHEMES: readonly ModelScheme[] = ['float', ...QUANTIZED];
const problem = nativeProblem();
const fused = (name: 'wasm' | 'native', threads: number): Engine => ({
  ...fusedEngine((name === 'wasm' ? wasmKernels : nativeKernels)({ threads })),
  name: `${name}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
});
const fusedEngines: readonly Engine[] = [
  fused('wasm', 1),
  fused('wasm', 3),
  ...(problem === undefined ? [fused('native', 1), fused('native', 3)] : []),
];
const engines: readonly Engine[] = [referenceEngine(), ...fusedEngines];
const named = <E extends { name: string }>(list: readonly E[]) =>
  list.map((engine) => ({ engine, name: engine.name }));

test.skipIf(problem !== undefined)(`native engine: ${problem ?? 'built'}`, () => {
  expect(nativeKernels().version).toMatch(/^native /);
});

/** Norm of the difference as a part of the norm of what is expected. */
function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let apart = 0;
  let size = 0;
  for (let k = 0; k < expected.length; k++) {
    apart += (actual[k] - expected[k]) ** 2;
    size += expected[k] ** 2;
  }
  return Math.sqrt(apart / Math.max(size, 1e-24));
}

describe.each(named(engines))('$name engine', ({ engine }) => {
  describe.each(QUANTIZED)('%s forward equals golden bit for bit', (scheme) => {
    test.each(SHAPES.map((shape) => [title(shape), shape] as const))('%s', (_, shape) => {
      for (let seed = 1; seed <= 3; seed++) {
        const model = randomModel(scheme, shape, seed, [1, 3, 10][seed - 1]);
        const q = quantize(model);
        const session = engine.createSession({ model, ...shape });
        const states = Array.from({ length: shape.batch }, () => golden.initialState(q));
        // Two calls: the second goes on from the carried state.
        for (let call = 0; call < 2; call++) {
          const batch = randomBatch(shape, 100 * seed + call);
          const result = session.forward(batch, true);
          let row = 0;
          for (let t = 0; t < shape.timeSteps; t++) {
            for (let lane = 0; lane < shape.batch; lane++) {
              const at = t * shape.batch + lane;
              const x = batch.tokens
                ? golden.embed(q, batch.tokens[at])
                : Int8Array.from(
                    batch.values!.subarray(at * shape.inputSize, (at + 1) * shape.inputSize),
                    quantizeActivation,
                  );
              golden.step(q, states[lane], x);
              shape.hiddenSizes.forEach((size, l) => {
                const trace = result.layers![l];
                const where = `seed ${seed} call ${call} step ${t} lane ${lane} layer ${l}`;
                const part = (values: Float32Array) => [
                  ...values.subarray(at * size, (at + 1) * size),
                ];
                expect(part(trace.h), where).toEqual([...states[lane].h[l]].map((v) => v + 0));
                expect(
                  part(trace.c).map((v) => v + 0),
                  where,
                ).toEqual([...states[lane].c[l]]);
              });
              if (shape.when === 'every-step' || t === shape.timeSteps - 1) {
                const { classes } = shape;
                const logits = [...result.logits.subarray(row * classes, (row + 1) * classes)];
                expect(logits.map((v) => v + 0)).toEqual([...golden.logits(q, states[lane])]);
                row++;
              }
            }
          }
        }
      }
    });
  });

  test.each(SCHEMES)('%s: a restored snapshot goes on bit for bit', (scheme) => {
    const shape = SHAPES[4];
    const create = () =>
      engine.createSession({
        model: randomModel(scheme, shape, 3),
        ...shape,
        optimizer: DEFAULT_OPTIMIZER,
      });
    const straight = create();
    const stopped = create();
    for (let n = 0; n < 3; n++) {
      straight.trainStep(randomBatch(shape, n), 1e-2);
      stopped.trainStep(randomBatch(shape, n), 1e-2);
    }
    const resumed = create();
    resumed.restore(structuredClone(stopped.snapshot()));
    for (let n = 3; n < 6; n++) {
      const expected = straight.trainStep(randomBatch(shape, n), 1e-2);
      expect(resumed.trainStep(randomBatch(shape, n), 1e-2)).toEqual(expected);
    }
    expect(resumed.snapshot()).toEqual(straight.snapshot());
  });

  test('refuses what does not fit', () => {
    const shape = SHAPES[1];
    const session = engine.createSession({ model: randomModel('int8', shape, 1), ...shape });
    const batch = randomBatch(shape, 1);
    expect(() => session.forward({ ...batch, timeSteps: 99 })).toThrow(
      'timeSteps is 99, must be 1..9',
    );
    expect(() => session.forward({ ...batch, tokens: new Int32Array(3) })).toThrow(
      '3 tokens, must be 27',
    );
    const bad = batch.tokens!.slice().fill(77, 4, 5);
    expect(() => session.forward({ ...batch, tokens: bad })).toThrow('token 77 is not in 0..10');
    expect(() => session.trainStep(batch, 1e-3)).toThrow('without an optimizer');
  });
});

/** More rows than one run of exact products, units and lanes that fill no panel. */
const LONG: Shape = {
  ...{ input: 'tokens', inputSize: 19, hiddenSizes: [37], classes: 11 },
  ...{ batch: 21, timeSteps: 30, when: 'every-step' },
};

/** A head so wide that it runs a few steps at a time. */
const WIDE: Shape = {
  ...{ input: 'tokens', inputSize: 5, hiddenSizes: [6], classes: 200 },
  ...{ batch: 25, timeSteps: 20, when: 'every-step' },
};

describe.each(named(fusedEngines))('$name: gradients equal the reference', ({ engine }) => {
  describe.each(SCHEMES)('%s', (scheme) => {
    test.each([...SHAPES, LONG, WIDE].map((shape) => [title(shape), shape] as const))(
      '%s',
      (_, shape) => {
        for (const gateGradient of scheme === 'ternary-level3'
          ? (['sigmoid', 'level'] as const)
          : (['sigmoid'] as const)) {
          const config = {
            model: randomModel(scheme, shape, 5, 2),
            ...shape,
            optimizer: { ...DEFAULT_OPTIMIZER, gateGradient },
          };
          const [expectedSession, session] = [engines[0], engine].map((e) =>
            e.createSession(config),
          );
          for (let call = 0; call < 2; call++) {
            const batch = randomBatch(shape, call);
            const losses = [expectedSession, session].map((s) => s.forward(batch).loss);
            expect(losses[1]).toBeCloseTo(losses[0], 5);
            const expected = expectedSession.gradients(batch);
            const actual = session.gradients(batch);
            expect(actual.loss).toBeCloseTo(expected.loss, 5);
            for (const [name, tensor] of Object.entries(expected.tensors)) {
              expect(difference(actual.tensors[name].data, tensor.data), name).toBeLessThan(1e-4);
            }
          }
          session.dispose();
        }
      },
    );
  });
});

describe.each(named(fusedEngines))('$name', ({ engine }) => {
  test.each(SCHEMES)('%s: one step moves parameters as the reference does', (scheme) => {
    const shape = SHAPES[4];
    const config = {
      model: randomModel(scheme, shape, 8, 1.5),
      ...shape,
      optimizer: DEFAULT_OPTIMIZER,
    };
    const [reference, session] = [engines[0], engine].map((e) => e.createSession(config));
    const expected = reference.trainStep(randomBatch(shape, 1), 1e-3);
    const actual = session.trainStep(randomBatch(shape, 1), 1e-3);
    expect(actual.gradNorm / expected.gradNorm).toBeCloseTo(1, 4);
    // Adam's first step is rate * sign(g): where g is rounding noise alone the sign may differ.
    const moved = session.snapshot();
    for (const [name, tensor] of Object.entries(reference.snapshot())) {
      let apart = 0;
      tensor.data.forEach((v, k) => {
        apart += Math.abs(v - moved[name].data[k]) > 2e-5 * Math.max(1, Math.abs(v)) ? 1 : 0;
      });
      expect(apart, name).toBeLessThanOrEqual(Math.ceil(tensor.data.length / 200));
    }
  });

  test.each(SCHEMES)('%s: steps between kept activations change nothing but rounding', (scheme) => {
    for (const shape of [LONG, SHAPES[5], SHAPES[6]]) {
      const config = {
        model: randomModel(scheme, shape, 4, 2),
        ...shape,
        optimizer: DEFAULT_OPTIMIZER,
      };
      const whole = engine.createSession(config);
      const cut = engine.createSession({ ...config, checkpointSteps: 4 });
      for (let call = 0; call < 2; call++) {
        const batch = randomBatch(shape, call);
        const expected = whole.gradients(batch);
        const actual = cut.gradients(batch);
        expect(actual.loss).toBeCloseTo(expected.loss, 6);
        for (const [name, tensor] of Object.entries(expected.tensors)) {
          expect(difference(actual.tensors[name].data, tensor.data), name).toBeLessThan(1e-4);
        }
      }
      if (shape === LONG) expect(cut.memoryBytes! / whole.memoryBytes!).toBeLessThan(0.4);
      expect(cut.trainStep(randomBatch(shape, 3), 1e-3).loss).toBeCloseTo(
        whole.trainStep(randomBatch(shape, 3), 1e-3).loss,
        6,
      );
      const batch = randomBatch(shape, 9);
      const [a, b] = [cut, whole].map((session) => session.snapshot());
      for (const name of Object.keys(b).filter((n) => n.startsWith('state.'))) {
        if (scheme !== 'float') expect(a[name], name).toEqual(b[name]);
      }
      expect(cut.forward(batch).logits.length).toBe(whole.forward(batch).logits.length);
      cut.dispose();
      whole.dispose();
    }
  });

  test.each(SCHEMES)('%s: as many sampled classes as there are, less one', (scheme) => {
    const shape = SHAPES[4];
    const model = randomModel(scheme, shape, 6, 1.5);
    const config = { model, ...shape, optimizer: DEFAULT_OPTIMIZER };
    const frequencies = Float64Array.from({ length: shape.classes }, (_, c) => 1 + c);
    const create = (e: Engine) =>
      new SampledSession(e, config, { sampledClasses: 9, frequencies, seed: 3 });
    const [expected, actual] = [create(engines[0]), create(engine)];
    const batch = randomBatch({ ...shape, classes: 6 }, 2);
    const [a, b] = [actual.gradients(batch), expected.gradients(batch)];
    expect(a.loss).toBeCloseTo(b.loss, 5);
    for (const [name, tensor] of Object.entries(b.tensors)) {
      expect(difference(a.tensors[name].data, tensor.data), name).toBeLessThan(1e-4);
    }
    actual.trainStep(batch, 1e-3);
    const resumed = create(engine);
    resumed.restore(structuredClone(actual.snapshot()));
    expect(resumed.trainStep(batch, 1e-3)).toEqual(actual.trainStep(batch, 1e-3));
    expect(resumed.snapshot()).toEqual(actual.snapshot());
    expect(actual.forward(batch).logits.length).toBe(shape.batch * shape.timeSteps * shape.classes);
  });
});

test('every kernel set trains quantized schemes to the same bits, for any number of threads', () => {
  for (const scheme of QUANTIZED) {
    for (const shape of [LONG, SHAPES[3], SHAPES[5]]) {
      const config = {
        model: randomModel(scheme, shape, 2),
        ...shape,
        optimizer: DEFAULT_OPTIMIZER,
      };
      const [expected, ...others] = fusedEngines.map((engine) => {
        const session = engine.createSession(config);
        const steps = [0, 1, 2, 3].map((n) => session.trainStep(randomBatch(shape, n), 1e-2));
        const snapshot = session.snapshot();
        session.dispose();
        return { steps, snapshot };
      });
      others.forEach((other, n) => expect(other, fusedEngines[n + 1].name).toEqual(expected));
    }
  }
});
