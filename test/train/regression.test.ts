/** Real targets: what a trained model predicts, in the target's own unit. */
import { expect, test } from 'vitest';
import { createEngine } from '../../src/engine/create.js';
import type { RegressionCase, RegressionDataset } from '../../src/model/dataset.js';
import { Random } from '../../src/model/random.js';
import { SCHEMES } from '../../src/quant/scheme.js';
import { evaluate } from '../../src/train/evaluate.js';
import { train, trainConfig } from '../../src/train/train.js';

const STEPS = 8;

/** Lives of 0..100 cycles that the one channel tells by its mean. */
function lives(count: number, random: Random): RegressionCase[] {
  return Array.from({ length: count }, () => {
    const level = random.range(-0.9, 0.9);
    return {
      values: Float32Array.from({ length: STEPS }, () => level + random.range(-0.1, 0.1)),
      target: 50 + (50 * level) / 0.9,
    };
  });
}

function lifeDataset(): RegressionDataset {
  const random = new Random(5);
  return {
    ...{ kind: 'regression', channels: 1, mean: [0], gain: [1] },
    target: { name: 'life', mean: 50, gain: 1 / 50, isLife: true },
    train: lives(120, random),
    valid: lives(30, random),
    test: lives(40, random),
  };
}

test('a quantized model learns lives; RMSE and PHM score are those of its predictions', async () => {
  const dataset = lifeDataset();
  const engine = await createEngine('wasm');
  const config = trainConfig({
    ...{ scheme: SCHEMES['ternary-level3'] },
    ...{ hiddenSizes: [16], batch: 12, steps: 400, learningRate: 1e-2, seed: 3 },
  });
  const { model } = await train(dataset, config, engine);
  const whole = await evaluate(model, dataset, 'test', engine);
  // Targets are uniform over 100 cycles: their own deviation is 29.
  expect(whole.rmse).toBeLessThan(10);
  expect(whole.goldenSteps).toBeGreaterThan(0);
  // Of one case, the score tells how far off it was: one of the two signs explains both figures.
  const one = await evaluate(model, { ...dataset, test: [dataset.test[0]] }, 'test', engine);
  const [late, early] = [Math.exp(one.rmse! / 10) - 1, Math.exp(one.rmse! / 13) - 1];
  const error = Math.min(Math.abs(one.nasaScore! - late), Math.abs(one.nasaScore! - early));
  expect(error).toBeLessThan(1e-9);
  const plain = { ...dataset, target: { ...dataset.target, isLife: false } };
  expect(await evaluate(model, plain, 'test', engine)).not.toHaveProperty('nasaScore');
});
