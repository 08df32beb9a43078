import { describe, expect, test } from 'vitest';
import { DEFAULT_OPTIMIZER, type Engine } from '../../src/engine/engine.js';
import { referenceEngine } from '../../src/engine/reference.js';
import { wasmEngine } from '../../src/engine/wasm.js';
import type { ModelScheme } from '../../src/model/model.js';
import { quantizeActivation } from '../../src/quant/arithmetic.js';
import * as golden from '../../src/quant/golden.js';
import { quantize } from '../../src/quant/quantize.js';
import { randomBatch, randomModel, type Shape, SHAPES, title } from './random-model.js';
import { buildEngine } from '../../scripts/build-engine.mjs';

await buildEngine();
const QUANTIZED = ['int8', 'ternary-level3'] as const;
const SCHEMES: readonly ModelScheme[] = ['float', ...QUANTIZED];
const engines: readonly Engine[] = [referenceEngine(), wasmEngine()];

function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let most = 0;
  let size = 0;
  for (let k = 0; k < expected.length; k++) {
    most = Math.max(most, Math.abs(actual[k] - expected[k]));
    size = Math.max(size, Math.abs(expected[k]));
  }
  return most / Math.max(size, 1e-12);
}

describe.each(engines.map((engine) => ({ engine, name: engine.name })))(
  '$name engine',
  ({ engine }) => {
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

    test('refuses accumulators beyond 2^24', () => {
      const shape: Shape = {
        ...SHAPES[3],
        inputSize: 1200,
        hiddenSizes: [1],
        batch: 1,
        timeSteps: 1,
      };
      const model = randomModel('int8', shape, 1);
      model.layers[0].weights.fill(1);
      const session = engine.createSession({ model, ...shape });
      expect(() => session.forward(randomBatch(shape, 1))).toThrow(
        /^layer0: an accumulator may reach 19\d{6}, training is exact below 2\^24; use fewer inputs than 1201/,
      );
    });
  },
);

describe.each(SCHEMES)('wasm gradients equal the reference: %s', (scheme) => {
  test.each(SHAPES.map((shape) => [title(shape), shape] as const))('%s', (_, shape) => {
    for (const gateGradient of scheme === 'ternary-level3'
      ? (['sigmoid', 'level'] as const)
      : (['sigmoid'] as const)) {
      const config = {
        model: randomModel(scheme, shape, 5, 2),
        ...shape,
        optimizer: { ...DEFAULT_OPTIMIZER, gateGradient },
      };
      const [reference, wasm] = engines.map((engine) => engine.createSession(config));
      for (let call = 0; call < 2; call++) {
        const batch = randomBatch(shape, call);
        const expected = reference.gradients(batch);
        const actual = wasm.gradients(batch);
        expect(actual.loss).toBeCloseTo(expected.loss, 5);
        for (const [name, tensor] of Object.entries(expected.tensors)) {
          expect(difference(actual.tensors[name].data, tensor.data), name).toBeLessThan(1e-4);
        }
      }
    }
  });
});

test.each(SCHEMES)('%s: one wasm step moves parameters as the reference does', (scheme) => {
  const shape = SHAPES[4];
  const config = {
    model: randomModel(scheme, shape, 8, 1.5),
    ...shape,
    optimizer: DEFAULT_OPTIMIZER,
  };
  const [reference, wasm] = engines.map((engine) => engine.createSession(config));
  const expected = reference.trainStep(randomBatch(shape, 1), 1e-3);
  const actual = wasm.trainStep(randomBatch(shape, 1), 1e-3);
  expect(actual.gradNorm / expected.gradNorm).toBeCloseTo(1, 4);
  // Adam's first step is rate * sign(g): where g is rounding noise alone the sign may differ.
  const moved = (session: typeof wasm) => session.snapshot();
  const a = moved(wasm);
  for (const [name, tensor] of Object.entries(moved(reference))) {
    let apart = 0;
    tensor.data.forEach(
      (v, k) => (apart += Math.abs(v - a[name].data[k]) > 2e-5 * Math.max(1, Math.abs(v)) ? 1 : 0),
    );
    expect(apart, name).toBeLessThanOrEqual(Math.ceil(tensor.data.length / 200));
  }
});
