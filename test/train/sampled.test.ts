/** Training on sampled classes, judged on all of them. */
import { describe, expect, test } from 'vitest';
import { SCHEMES } from '../../src/quant/scheme.js';
import { buildEngine } from '../../scripts/build-engine.mjs';
import { fusedEngine } from '../../src/engine/fused.js';
import { ClassSampler } from '../../src/engine/sampled.js';
import { wasmKernels } from '../../src/engine/wasm-kernels.js';
import type { TextDataset } from '../../src/model/dataset.js';
import { Random } from '../../src/model/random.js';
import { evaluate } from '../../src/train/evaluate.js';
import { train, trainConfig, type TrainState } from '../../src/train/train.js';

await buildEngine();
const engine = fusedEngine(wasmKernels());
const SYMBOLS = 200;

/** Each symbol is followed by one of three, the frequent ones far more often than the rest. */
function chain(length: number, seed: number): Uint16Array {
  const random = new Random(seed);
  const out = new Uint16Array(length);
  for (let n = 1; n < length; n++) {
    const next = (out[n - 1] * 7 + random.integer(3)) % SYMBOLS;
    out[n] = random.uniform() < 0.3 ? random.integer(10) : next;
  }
  return out;
}

const text: TextDataset = {
  kind: 'text',
  symbols: Array.from({ length: SYMBOLS }, (_, n) => `w${n}`),
  train: chain(40_000, 1),
  valid: chain(3000, 2),
  test: chain(3000, 3),
};

const settings = {
  ...{ hiddenSizes: [24], embeddingSize: 16, timeSteps: 10, batch: 8, validations: 2 },
  ...{ steps: 500, learningRate: 2e-2 },
};

describe('sampled classes', () => {
  test.each([
    ['float', 'float'],
    ['ternary-level3', SCHEMES['ternary-level3']],
  ] as const)('%s: learns nearly what the full softmax learns', async (_, scheme) => {
    const config = trainConfig({ ...settings, scheme });
    const losses = [];
    for (const sampledClasses of [undefined, 100]) {
      const { model } = await train(text, { ...config, sampledClasses }, engine);
      losses.push((await evaluate(model, text, 'test', engine)).loss);
    }
    expect(losses[0]).toBeLessThan(Math.log(SYMBOLS) - 1);
    expect(losses[1]).toBeLessThan(losses[0] + 0.35);
  });

  test('a resumed run repeats an uninterrupted one', async () => {
    const config = trainConfig({
      ...settings,
      scheme: SCHEMES['int8'],
      steps: 60,
      sampledClasses: 90,
    });
    const states: TrainState[] = [];
    const straight = await train(text, config, engine, {
      checkpointSeconds: 0,
      onCheckpoint: (state) => void states.push(structuredClone(state)),
    });
    // Once in the float part, once after it.
    for (const at of [20, 55]) {
      const resumed = await train(text, config, engine, { resume: states[at] });
      expect(resumed.model).toEqual(straight.model);
    }
  });

  test('draws as often as the frequencies say, targets always', () => {
    const sampler = new ClassSampler([1, 2, 4, 8, 16, 32]);
    const random = new Random(5);
    const counts = new Float64Array(6);
    for (let n = 0; n < 20_000; n++) {
      const { classes } = sampler.sample(Int32Array.of(0, -1, 0), 2, random);
      expect(classes[0]).toBe(0);
      counts[classes[1]]++;
    }
    for (let c = 1; c < 6; c++) expect(counts[c] / 20_000).toBeCloseTo(2 ** c / 62, 1);
    expect(() => sampler.sample(Int32Array.of(0, 1, 2), 2, random)).toThrow(
      'a batch has 3 distinct targets, a sample of 2 classes cannot hold them',
    );
  });

  test('refuses what cannot be sampled', async () => {
    const config = trainConfig({ ...settings, scheme: 'float', sampledClasses: SYMBOLS });
    await expect(train(text, config, engine)).rejects.toThrow('200 is not in 2..199');
  });
});
