import { describe, expect, test } from 'vitest';
import { buildEngine } from '../../scripts/build-engine.mjs';
import { DEFAULT_OPTIMIZER, type Engine } from '../../src/engine/engine.js';
import { FusedLstm, loadTfjs, type TfjsBackend, tfjsEngine } from '../../src/engine/tfjs.js';
import { fusedEngine } from '../../src/engine/fused.js';
import { nativeKernels, nativeProblem } from '../../src/engine/native.js';
import { wasmKernels } from '../../src/engine/wasm-kernels.js';
import { type ModelScheme, schemeName } from '../../src/model/model.js';
import { SCHEMES } from '../../src/quant/scheme.js';
import { randomBatch, randomModel, type Shape, SHAPES, title, VOCAB } from './random-model.js';
import { SOME_SCHEMES } from './test-schemes.js';

await buildEngine();
const TRAINABLE: readonly ModelScheme[] = [
  'float',
  ...['int8', 'ternary-level3', 'bcq-3', 'hitnet'].map((name) => SCHEMES[name]),
  ...SOME_SCHEMES.filter(({ name }) => name === 'mixed-norm'),
];
const wasm = fusedEngine(wasmKernels());

async function available(backend: TfjsBackend): Promise<{ engine?: Engine; why: string }> {
  try {
    const engine = await tfjsEngine(backend);
    return { engine, why: engine.version };
  } catch (error) {
    return { why: `skipped: ${(error as Error).message}` };
  }
}

function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [most, size] = [0, 1e-12];
  for (let k = 0; k < expected.length; k++) {
    most = Math.max(most, Math.abs(actual[k] - expected[k]));
    size = Math.max(size, Math.abs(expected[k]));
  }
  return most / size;
}

for (const backend of ['tfjs-node', 'wasm', 'cpu'] as const) {
  const { engine, why } = await available(backend);
  describe.skipIf(engine === undefined)(`tfjs engine on ${backend} (${why})`, () => {
    // Backends of one process share one tfjs: choose ours again before every test.
    const select = async () => void (await loadTfjs(backend));

    describe.each(TRAINABLE.map((s) => [schemeName(s), s] as const))('%s', (_, scheme) => {
      test.each(SHAPES.slice(0, 6).map((s) => [title(s), s] as const))(
        'forward and gradients as the wasm engine, which equals golden: %s',
        async (_, shape) => {
          await select();
          const config = {
            model: randomModel(scheme, shape, 4, 2),
            ...shape,
            optimizer: DEFAULT_OPTIMIZER,
          };
          const [session, expected] = [engine!, wasm].map((e) => e.createSession(config));
          for (let call = 0; call < 2; call++) {
            const batch = randomBatch(shape, call);
            const [a, e] = [session, expected].map((s) => s.forward(batch, true));
            if (scheme === 'float') {
              expect(difference(a.logits, e.logits)).toBeLessThan(1e-4);
            } else {
              const plain = (v: Float32Array) => Array.from(v, (x) => x + 0);
              expect(plain(a.logits)).toEqual(plain(e.logits));
              a.layers!.forEach((layer, l) => {
                for (const part of ['gates', 'c', 'h'] as const) {
                  expect(plain(layer[part]), part).toEqual(plain(e.layers![l][part]));
                }
              });
            }
            expect(a.loss).toBeCloseTo(e.loss, 4);
            const [ga, ge] = [session, expected].map((s) => s.gradients(batch));
            expect(ga.loss).toBeCloseTo(ge.loss, 4);
            for (const [name, { data }] of Object.entries(ge.tensors)) {
              expect(difference(ga.tensors[name].data, data), name).toBeLessThan(1e-3);
            }
          }
          session.dispose();
        },
      );

      test('a step moves parameters as the wasm engine does, a restored snapshot goes on', async () => {
        await select();
        const shape = SHAPES[4];
        const config = {
          model: randomModel(scheme, shape, 3, 1.5),
          ...shape,
          optimizer: DEFAULT_OPTIMIZER,
        };
        const session = engine!.createSession(config);
        const other = wasm.createSession(config);
        const step = session.trainStep(randomBatch(shape, 0), 1e-2);
        const theirs = other.trainStep(randomBatch(shape, 0), 1e-2);
        expect(step.loss).toBeCloseTo(theirs.loss, 4);
        expect(step.gradNorm / theirs.gradNorm).toBeCloseTo(1, 3);
        const resumed = engine!.createSession(config);
        resumed.restore(structuredClone(session.snapshot()));
        for (let n = 1; n < 4; n++) {
          const batch = randomBatch(shape, n);
          expect(resumed.trainStep(batch, 1e-2)).toEqual(session.trainStep(batch, 1e-2));
        }
        expect(resumed.snapshot()).toEqual(session.snapshot());
        session.dispose();
        resumed.dispose();
      });
    });

    test('the operator works inside an ordinary tfjs model and leaks no tensor', async () => {
      await select();
      const { tf } = await loadTfjs(backend);
      const lstm = new FusedLstm(tf, {
        scheme: SCHEMES['int8'],
        inputSize: 3,
        hiddenSize: 5,
        batch: 2,
        timeSteps: 4,
      });
      const weights = tf.variable(tf.randomUniform([20, 8], -0.5, 0.5, 'float32', 1));
      const [bias, gain] = [tf.variable(tf.zeros([20])), tf.variable(tf.ones([20]))];
      const x = tf.randomUniform([4, 2, 3], -1, 1, 'float32', 2);
      const optimizer = tf.train.sgd(0.5);
      const loss = () => tf.mean(tf.square(tf.sub(lstm.apply(x, weights, bias, gain), 0.25)));
      const before = tf.tidy(() => loss().dataSync()[0]);
      const count = tf.memory().numTensors;
      for (let n = 0; n < 20; n++) optimizer.minimize(loss as () => never, false, [weights, bias]);
      expect(tf.tidy(() => loss().dataSync()[0])).toBeLessThan(before / 2);
      expect(tf.memory().numTensors).toBe(count);
    });
  });
}

const problem = nativeProblem();
test.skipIf(problem !== undefined)(
  `the operator on native kernels gives the same bits (${problem ?? 'built'})`,
  async () => {
    const { tf } = await loadTfjs('cpu');
    const config = { inputSize: 9, hiddenSize: 20, batch: 3, timeSteps: 7 };
    const [rows, columns] = [80, 29];
    const inputs = [
      tf.randomUniform([7, 3, 9], -1, 1, 'float32', 1),
      tf.randomUniform([rows, columns], -1, 1, 'float32', 2),
      tf.randomUniform([rows], -1, 1, 'float32', 3),
      tf.randomUniform([rows], 1, 4, 'float32', 4),
    ];
    const dy = tf.randomUniform([7, 3, 20], -1, 1, 'float32', 5);
    for (const scheme of [SCHEMES['int8'], SCHEMES['ternary-level3'], SCHEMES['ternary']]) {
      const [a, b] = [wasmKernels(), nativeKernels({ threads: 2 })].map((kernels) => {
        const lstm = new FusedLstm(tf, { scheme, ...config }, kernels);
        const { value, grads } = tf.valueAndGrads((...all) => {
          const [x, w, bias, gain] = all as typeof inputs;
          return tf.sum(tf.mul(lstm.apply(x, w, bias, gain), dy));
        })(inputs);
        return [value, ...grads].map((tensor) => [...tensor.dataSync()]);
      });
      expect(b).toEqual(a);
    }
  },
);

test('what it cannot train is refused', async () => {
  const engine = await tfjsEngine('cpu');
  const shape = SHAPES[1];
  const create = (scheme: ModelScheme, of: Shape, rest = {}) =>
    engine.createSession({ model: randomModel(scheme, of, 1), ...of, ...rest });
  for (const name of ['ttq', 'lab', 'hitnet-ttq']) {
    expect(() => create(SCHEMES[name], shape)).toThrow('weights, biases and norms only');
  }
  expect(() => create('float', { ...shape, input: 'one-hot', inputSize: VOCAB })).toThrow(
    'reads embedded tokens or values',
  );
  const dropout = { input: 0.1, output: 0, seed: 1 };
  expect(() => create('float', shape, { dropout })).toThrow('neither backward layers nor masks');
});

test('a backend that does not start says why', async () => {
  await expect(loadTfjs('no such' as TfjsBackend)).rejects.toThrow(
    'no tfjs backend starts: no such:',
  );
});
