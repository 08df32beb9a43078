import { describe, expect, test } from 'vitest';
import {
  DEFAULT_OPTIMIZER,
  type Engine,
  type GateGradient,
  type Session,
  type SessionConfig,
} from '../../src/engine/engine.js';
import { referenceEngine } from '../../src/engine/reference.js';
import { fusedEngine } from '../../src/engine/fused.js';
import { nativeKernels, nativeProblem } from '../../src/engine/native.js';
import { SampledSession } from '../../src/engine/sampled.js';
import { wasmKernels } from '../../src/engine/wasm-kernels.js';
import {
  fromTensors,
  type Model,
  type ModelScheme,
  schemeName,
  type Tensors,
  toTensors,
} from '../../src/model/model.js';
import { quantizeActivation, ternaryActivation } from '../../src/quant/arithmetic.js';
import * as golden from '../../src/quant/golden.js';
import { adaptScheme, quantize } from '../../src/quant/quantize.js';
import { type Scheme, SCHEMES } from '../../src/quant/scheme.js';
import { randomBatch, randomModel, type Shape, SHAPES, title, VOCAB } from './random-model.js';
import { ALL_SCHEMES, SOME_SCHEMES } from './test-schemes.js';
import { buildEngine } from '../../scripts/build-engine.mjs';

await buildEngine();
/** Those that kernels alone compute: all shapes. */
const KERNEL_SCHEMES = [SCHEMES['int8'], SCHEMES['ternary-level3']];
const byName = <S extends ModelScheme>(schemes: readonly S[]) =>
  schemes.map((scheme) => [schemeName(scheme), scheme] as const);
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
const reference = referenceEngine();
const engines: readonly Engine[] = [reference, ...fusedEngines];
/** One of each kernel set. */
const [wasm] = fusedEngines;
const fewEngines = [wasm, ...fusedEngines.slice(3)];
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

const ONE_HOT: Shape = {
  ...{ input: 'one-hot', inputSize: VOCAB, hiddenSizes: [7, 5], classes: 6 },
  ...{ batch: 3, timeSteps: 6, when: 'every-step' },
};

/** Tokens and two layers; values and a head at the end; symbols without an embedding. */
const FEW_SHAPES = [SHAPES[4], SHAPES[2], ONE_HOT];
const titled = (shapes: readonly Shape[]) => shapes.map((shape) => [title(shape), shape] as const);

/** h, c and logits of two calls, the second from the carried state, equal golden's. */
function expectGolden(session: Session, scheme: Scheme, shape: Shape, seed: number): void {
  const q = quantize(session.model());
  const activation = scheme.activations === 'ternary' ? ternaryActivation : quantizeActivation;
  const states = Array.from({ length: shape.batch }, () => golden.initialState(q));
  session.reset();
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
              activation,
            );
        golden.step(q, states[lane], x);
        shape.hiddenSizes.forEach((size, l) => {
          const trace = result.layers![l];
          const where = `seed ${seed} call ${call} step ${t} lane ${lane} layer ${l}`;
          const part = (values: Float32Array) =>
            Array.from(values.subarray(at * size, (at + 1) * size), (v) => v + 0);
          expect(part(trace.h), where).toEqual(Array.from(states[lane].h[l], (v) => v + 0));
          expect(part(trace.c), where).toEqual([...states[lane].c[l]]);
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

/** h and c of a session's lanes. */
const states = (session: Session): Tensors =>
  Object.fromEntries(
    Object.entries(session.snapshot()).filter(([name]) => name.startsWith('state.')),
  );

interface Differentiated {
  /** Of the forward pass before. */
  readonly before: number;
  readonly loss: number;
  readonly tensors: Tensors;
}

/** Two calls, the second from the carried state. */
function differentiate(engine: Engine, config: SessionConfig, shape: Shape): Differentiated[] {
  const session = engine.createSession(config);
  const calls = [0, 1].map((call): Differentiated => {
    const batch = randomBatch(shape, call);
    return { before: session.forward(batch).loss, ...session.gradients(batch) };
  });
  session.dispose();
  return calls;
}

/** What the reference gives, which takes it long, by scheme, rule and shape. */
const expectations = new Map<string, Differentiated[]>();

/** Losses and gradients are the reference's, up to rounding. */
function expectReference(
  engine: Engine,
  scheme: ModelScheme,
  shape: Shape,
  gateGradient: GateGradient = 'sigmoid',
  skipWeight = 0,
): void {
  const model = randomModel(scheme, shape, 5, 2);
  const config = { model, ...shape, optimizer: { ...DEFAULT_OPTIMIZER, gateGradient, skipWeight } };
  const key = JSON.stringify([schemeName(scheme), gateGradient, skipWeight, shape]);
  const calls = expectations.get(key) ?? differentiate(reference, config, shape);
  expectations.set(key, calls);
  differentiate(engine, config, shape).forEach((actual, call) => {
    const expected = calls[call];
    expect(actual.before).toBeCloseTo(expected.before, 5);
    expect(actual.loss).toBeCloseTo(expected.loss, 5);
    expect(Object.keys(actual.tensors).sort()).toEqual(Object.keys(expected.tensors).sort());
    for (const [name, tensor] of Object.entries(expected.tensors)) {
      expect(difference(actual.tensors[name].data, tensor.data), name).toBeLessThan(1e-4);
    }
  });
}

describe.each(named(engines))('$name engine', ({ engine }) => {
  describe.each(byName(KERNEL_SCHEMES))('%s forward equals golden bit for bit', (_, scheme) => {
    test.each(titled(SHAPES))('%s', (_, shape) => {
      for (let seed = 1; seed <= 3; seed++) {
        const model = randomModel(scheme, shape, seed, [1, 3, 10][seed - 1]);
        expectGolden(engine.createSession({ model, ...shape }), scheme, shape, seed);
      }
    });
  });

  test.each(byName(['float', ...SOME_SCHEMES]))(
    '%s: a restored snapshot goes on bit for bit',
    (_, scheme) => {
      const shape = SHAPES[4];
      const model = randomModel(scheme, shape, 3);
      const create = () => engine.createSession({ model, ...shape, optimizer: DEFAULT_OPTIMIZER });
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
    },
  );

  test('refuses what does not fit', () => {
    const shape = SHAPES[1];
    const model = randomModel(SCHEMES['int8'], shape, 1);
    const session = engine.createSession({ model, ...shape });
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

describe.each(named(fewEngines))('$name', ({ engine }) => {
  test.each(byName(ALL_SCHEMES))(
    '%s: forward equals golden, before and after steps',
    (_, scheme) => {
      for (const shape of FEW_SHAPES) {
        const model = randomModel(scheme, shape, 1, 2);
        const session = engine.createSession({ model, ...shape, optimizer: DEFAULT_OPTIMIZER });
        expectGolden(session, scheme, shape, 1);
        for (let n = 0; n < 3; n++) session.trainStep(randomBatch(shape, n), 1e-2);
        expectGolden(session, scheme, shape, 2);
        session.dispose();
      }
    },
  );

  test.each(byName(ALL_SCHEMES))('%s: gradients equal the reference', (_, scheme) => {
    for (const shape of FEW_SHAPES) expectReference(engine, scheme, shape);
  });
});

describe('a session', () => {
  const shape = SHAPES[4];

  test.each(byName(SOME_SCHEMES))('%s: goes on from a float session', (_, scheme) => {
    const config = { ...shape, optimizer: DEFAULT_OPTIMIZER };
    const float = wasm.createSession({ ...config, model: randomModel('float', shape, 3) });
    for (let n = 0; n < 3; n++) float.trainStep(randomBatch(shape, n), 1e-2);
    const model = adaptScheme(float.model(), scheme);
    const session = wasm.createSession({ ...config, model });
    session.restore({ ...float.snapshot(), ...toTensors(model).tensors, ...states(session) });
    const { tensors } = toTensors(session.model());
    expect(tensors['layer0.weights'].data).toEqual(model.layers[0].weights);
    const [moments, before] = [session, float].map((s) => s.snapshot()['adam.second.head.weights']);
    expect(moments).toEqual(before);
    session.trainStep(randomBatch(shape, 3), 1e-2);
    expectGolden(session, scheme, shape, 1);
  });

  test('keeps masters of few-valued codes in their range, and others free', () => {
    const optimizer = { ...DEFAULT_OPTIMIZER, masterRange: 0.3 };
    const largest = (name: string): number => {
      const model = randomModel(SCHEMES[name], shape, 3);
      const session = wasm.createSession({ model, ...shape, optimizer });
      for (let n = 0; n < 4; n++) session.trainStep(randomBatch(shape, n), 0.1);
      return Math.max(...session.model().layers[0].weights.map(Math.abs));
    };
    for (const name of ['ternary-level3', 'binary', 'binaryconnect', 'bwn', 'lab', 'ttq']) {
      expect(largest(name), name).toBe(Math.fround(0.3));
    }
    for (const name of ['int8', 'bcq-2', 'dorefa-3']) {
      expect(largest(name), name).toBeGreaterThan(0.5);
    }
  });
});

describe.each(named(fusedEngines))('$name: gradients equal the reference', ({ engine }) => {
  describe.each(byName(['float', ...KERNEL_SCHEMES]))('%s', (_, scheme) => {
    test.each(titled([...SHAPES, LONG, WIDE]))('%s', (_, shape) => {
      expectReference(engine, scheme, shape);
    });
  });

  test.each(byName(SOME_SCHEMES))('%s: long sequences, slopes of the levels', (_, scheme) => {
    expectReference(engine, scheme, LONG);
    if (scheme.gates === 'level3') expectReference(engine, scheme, SHAPES[5], 'level');
  });
});

describe.each(named(fusedEngines))('$name: what h that are not zero cost', ({ engine }) => {
  test.each(byName(['float', ...SOME_SCHEMES]))('%s: as in the reference', (_, scheme) => {
    for (const shape of FEW_SHAPES) expectReference(engine, scheme, shape, 'sigmoid', 3);
  });

  test('is the mean of |h| times its weight, by finite differences', () => {
    const shape = { ...SHAPES[4], timeSteps: 4 };
    const model = randomModel('float', shape, 6, 2);
    const gradient = (skipWeight: number): Tensors => {
      const optimizer = { ...DEFAULT_OPTIMIZER, skipWeight };
      return engine.createSession({ model, ...shape, optimizer }).gradients(randomBatch(shape, 2))
        .tensors;
    };
    const [free, paid] = [0, 5].map(gradient);
    /** 5 times the mean of |h|, layer by layer, with one bias moved. */
    const cost = (gate: number, by: number): number => {
      const moved = fromTensors(...moveBias(model, gate, by));
      const { layers } = engine
        .createSession({ model: moved, ...shape })
        .forward(randomBatch(shape, 2), true);
      return layers!.reduce(
        (sum, { h }) => sum + (5 * h.reduce((s, v) => s + Math.abs(v), 0)) / h.length,
        0,
      );
    };
    const difference = (name: string, k: number): number => paid[name].data[k] - free[name].data[k];
    const units = shape.hiddenSizes[0];
    for (const k of [0, units, 2 * units, 4 * units - 1]) {
      const numeric = (cost(k, 1e-2) - cost(k, -1e-2)) / 2e-2;
      expect(difference('layer0.bias', k)).toBeCloseTo(numeric, 3);
    }
  });
});

/** The model with that bias of layer 0 moved. */
function moveBias(model: Model, k: number, by: number): Parameters<typeof fromTensors> {
  const { meta, tensors } = toTensors(model);
  const bias = tensors['layer0.bias'];
  const data = bias.data.slice();
  data[k] += by;
  return [meta, { ...tensors, 'layer0.bias': { ...bias, data } }];
}

describe.each(named(fusedEngines))('$name', ({ engine }) => {
  test.each(byName(['float', ...SOME_SCHEMES]))(
    '%s: one step moves parameters as the reference does',
    (_, scheme) => {
      const shape = SHAPES[4];
      const model = randomModel(scheme, shape, 8, 1.5);
      const config = { model, ...shape, optimizer: DEFAULT_OPTIMIZER };
      const [expectedSession, session] = [reference, engine].map((e) => e.createSession(config));
      const expected = expectedSession.trainStep(randomBatch(shape, 1), 1e-3);
      const actual = session.trainStep(randomBatch(shape, 1), 1e-3);
      expect(actual.gradNorm / expected.gradNorm).toBeCloseTo(1, 4);
      // Adam's first step is rate * sign(g): where g is rounding noise alone the sign may differ.
      const moved = session.snapshot();
      for (const [name, tensor] of Object.entries(expectedSession.snapshot())) {
        let apart = 0;
        tensor.data.forEach((v, k) => {
          apart += Math.abs(v - moved[name].data[k]) > 2e-5 * Math.max(1, Math.abs(v)) ? 1 : 0;
        });
        expect(apart, name).toBeLessThanOrEqual(Math.ceil(tensor.data.length / 200));
      }
    },
  );

  test.each(byName(['float', ...KERNEL_SCHEMES, SCHEMES['hitnet-ttq'], SCHEMES['lab']]))(
    '%s: steps between kept activations change nothing but rounding',
    (_, scheme) => {
      for (const shape of [LONG, SHAPES[5], SHAPES[6]]) {
        const model = randomModel(scheme, shape, 4, 2);
        const config = { model, ...shape, optimizer: DEFAULT_OPTIMIZER };
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
        if (shape === LONG) expect(cut.memoryBytes! / whole.memoryBytes!).toBeLessThan(0.45);
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
    },
  );

  test.each(byName(['float', ...KERNEL_SCHEMES, SCHEMES['bcq-2'], SCHEMES['lab']]))(
    '%s: as many sampled classes as there are, less one',
    (_, scheme) => {
      const shape = SHAPES[4];
      const model = randomModel(scheme, shape, 6, 1.5);
      const config = { model, ...shape, optimizer: DEFAULT_OPTIMIZER };
      const frequencies = Float64Array.from({ length: shape.classes }, (_, c) => 1 + c);
      const create = (e: Engine) =>
        new SampledSession(e, config, { sampledClasses: 9, frequencies, seed: 3 });
      const [expected, actual] = [create(reference), create(engine)];
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
      const rows = shape.batch * shape.timeSteps;
      expect(actual.forward(batch).logits.length).toBe(rows * shape.classes);
    },
  );
});

describe('every kernel set trains quantized schemes to the same bits, for any number of threads', () => {
  test.each(byName(SOME_SCHEMES))('%s', (_, scheme) => {
    for (const shape of [LONG, SHAPES[3], SHAPES[5], ONE_HOT]) {
      const config = {
        model: randomModel(scheme, shape, 2),
        ...shape,
        optimizer: DEFAULT_OPTIMIZER,
        ...(shape === LONG && { dropout: { input: 0.2, output: 0.5, seed: 4 } }),
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
  });
});
