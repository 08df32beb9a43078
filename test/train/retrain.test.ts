import { describe, expect, test } from 'vitest';
import { buildEngine } from '../../scripts/build-engine.mjs';
import { kernelEngine } from '../../src/engine/create.js';
import { wasmKernels } from '../../src/engine/wasm-kernels.js';
import type { TextDataset } from '../../src/model/dataset.js';
import { Random } from '../../src/model/random.js';
import { quantize } from '../../src/quant/quantize.js';
import { SCHEMES } from '../../src/quant/scheme.js';
import { evaluate } from '../../src/train/evaluate.js';
import { retrain } from '../../src/train/retrain.js';
import { train, trainConfig, type TrainState } from '../../src/train/train.js';

await buildEngine();
const engine = kernelEngine(wasmKernels());

/** Symbols that mostly follow one another: learnable, not trivial. */
function walk(length: number, seed: number): Uint16Array {
  const random = new Random(seed);
  const out = new Uint16Array(length);
  for (let n = 1; n < length; n++) {
    out[n] = random.uniform() < 0.8 ? (out[n - 1] + 1) % 9 : random.integer(9);
  }
  return out;
}

const text: TextDataset = {
  kind: 'text',
  symbols: [...'abcdefghi'],
  train: walk(9000, 1),
  valid: walk(2500, 2),
  test: walk(2500, 3),
};
const sizes = { hiddenSizes: [16], embeddingSize: 0, timeSteps: 20, batch: 10, validations: 2 };
const float = trainConfig({ ...sizes, scheme: 'float', steps: 300, learningRate: 1e-2 });
const { model: start } = await train(text, float, engine);

const retraining = { rounds: 4, steps: 40, learningRate: 3e-3, sparsity: 0 };
const config = (name: string, change = {}) => ({
  ...trainConfig({ ...sizes, scheme: SCHEMES[name] }),
  retraining: { ...retraining, ...change },
});

describe('iterative retraining', () => {
  test('each round quantizes with less loss; the best round is the result', async () => {
    const { model, log } = await retrain(text, config('bcq-1'), engine, start);
    const rounds = log.rounds!;
    expect(rounds.map(({ round }) => round)).toEqual([0, 1, 2, 3, 4]);
    expect(rounds[1].relativeError).toBeLessThan(rounds[0].relativeError / 3);
    expect(rounds[4].loss).toBeLessThan(rounds[0].loss);
    const best = Math.min(...rounds.map(({ loss }) => loss));
    const again = await evaluate(model, text, 'valid', engine);
    expect(again.loss).toBeCloseTo(best, 10);
    expect(log.steps).toBe(4 * 40);
  });

  test('round 0 is quantization after training', async () => {
    const { log, model } = await retrain(text, config('bcq-2', { rounds: 0 }), engine, start);
    expect(log.rounds!.length).toBe(1);
    expect([...model.layers[0].weights]).toEqual([...start.layers[0].weights]);
  });

  test('pruned weights stay exactly 0, in the codes too', async () => {
    const { model } = await retrain(
      text,
      config('bcq-1-masked', { sparsity: 0.5, rounds: 2 }),
      engine,
      start,
    );
    const { weights } = model.layers[0];
    const zeros = weights.reduce((count, w) => count + (w === 0 ? 1 : 0), 0);
    expect(zeros).toBe(weights.length / 2);
    const codes = quantize(model).layers[0].weights;
    expect(codes.every((code, n) => (code === 0) === (weights[n] === 0))).toBe(true);
  });

  test('the same call gives the same model', async () => {
    const runs = [1, 2].map(() => retrain(text, config('bcq-1', { rounds: 1 }), engine, start));
    const [a, b] = await Promise.all(runs);
    expect(b.model).toEqual(a.model);
    expect(b.log.rounds).toEqual(a.log.rounds);
  });

  test('resumes between rounds as if never stopped', async () => {
    const settings = config('bcq-1', { rounds: 3 });
    const states: TrainState[] = [];
    const whole = await retrain(text, settings, engine, start, {
      onCheckpoint: (state) => void states.push(structuredClone(state)),
    });
    expect(states.map(({ meta }) => meta.rounds!.length)).toEqual([1, 2, 3]);
    const resumed = await retrain(text, settings, engine, start, { resume: states[1] });
    expect(resumed.model).toEqual(whole.model);
    expect(resumed.log.rounds).toEqual(whole.log.rounds);
    const other = config('bcq-1', { rounds: 9 });
    await expect(retrain(text, other, engine, start, { resume: states[1] })).rejects.toThrow(
      'under other settings',
    );
  });

  test('refuses schemes that train norms', async () => {
    await expect(retrain(text, config('ternary-level3'), engine, start)).rejects.toThrow(
      'ternary-level3 has norms to train beside its codes',
    );
  });
});
