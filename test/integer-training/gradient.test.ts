import { describe, expect, test } from 'vitest';
import { Network } from '../../src/integer-training/network.js';
import { type NetworkConfig, PLAIN } from '../../src/integer-training/network-config.js';
import { layoutOf, type Place, viewOf } from '../../src/integer-training/parameters.js';
import { Random } from '../../src/model/random.js';
import {
  LANES,
  randomBatch,
  randomParameters,
  SERIES,
  STEPS,
  TAGGING,
  textConfig,
  variantName,
  VARIANTS,
} from './cases.js';
import { referenceLoss } from './reference.js';

const DELTA = 1e-5;

/** Layer-norm weights around 1, so that none vanishes. */
function parametersFor(config: NetworkConfig, seed: number): Float32Array {
  const layout = layoutOf(config);
  const params = randomParameters(layout.size, seed);
  for (const { forward, backward } of layout.layers) {
    for (const places of [forward, backward]) {
      if (places?.layerNorm)
        viewOf(params, places.layerNorm).forEach((v, k, all) => (all[k] = 1 + v / 2));
    }
  }
  return params;
}

/**
 * Compares loss and gradient with differences of the reference in double precision; all tensors but
 * `without` must have one.
 */
function check(
  config: NetworkConfig,
  seed: number,
  withState: boolean,
  without: readonly string[] = [],
): void {
  const layout = layoutOf(config);
  const params = parametersFor(config, seed);
  const network = new Network(config, params, {
    ...{ batch: LANES, timeSteps: STEPS, arithmetic: 'float', isTrained: true },
  });
  const random = new Random(seed);
  const states = network.states();
  if (withState) {
    for (const state of Object.values(states))
      state.forEach((_, k) => (state[k] = random.range(-0.2, 0.2)));
  }
  const start = Object.fromEntries(Object.entries(states).map(([name, s]) => [name, s.slice()]));
  const batch = randomBatch(config, seed + 1);
  const gradient = new Float64Array(layout.size);
  const { sum, count } = network.gradient(batch, gradient);
  const real = Float64Array.from(params);
  const loss = (): number => referenceLoss(config, layout, real, batch, LANES, start);
  expect(Math.abs(sum / count - loss())).toBeLessThan(1e-6);
  const numeric = (k: number): number => {
    const value = real[k];
    real[k] = value + DELTA;
    const above = loss();
    real[k] = value - DELTA;
    const below = loss();
    real[k] = value;
    return (above - below) / (2 * DELTA);
  };
  const problems: string[] = [];
  const compare = ({ name, offset, size }: Place): void => {
    let [error, norm] = [0, 0];
    for (let k = offset; k < offset + size; k++) {
      const wanted = numeric(k);
      error += (gradient[k] - wanted) ** 2;
      norm += wanted ** 2;
    }
    if (Math.sqrt(error) > 1e-4 * Math.sqrt(norm) || (norm === 0 && !without.includes(name))) {
      problems.push(`${name}: error ${Math.sqrt(error)}, norm ${Math.sqrt(norm)}`);
    }
  };
  layout.places.forEach(compare);
  expect(problems).toEqual([]);
}

describe('gradients equal differences of the double-precision reference', () => {
  test.each(
    VARIANTS.map(
      (variant, k) => [`${variantName(variant)}, seed ${20 + k}`, variant, 20 + k] as const,
    ),
  )('%s, with clips, from a carried state', (_, variant, seed) =>
    check(textConfig(variant), seed, true),
  );

  test.each([
    ['one-hot input', textConfig(PLAIN, { input: { kind: 'one-hot', vocabSize: 5 } })],
    ['two layers of all variants', textConfig(VARIANTS[15], { hiddenSizes: [4, 5] })],
  ])('%s', (_, config) => check(config, 77, true));

  test.each([
    ['series, the last step alone', textConfig(PLAIN, SERIES)],
    ['a real target', textConfig(PLAIN, { ...SERIES, classes: 1, output: 'value' })],
    [
      'sentences of several lengths, two layers in both directions',
      textConfig(VARIANTS[6], { ...TAGGING, bidirectional: true, hiddenSizes: [4, 3] }),
    ],
  ] as const)('%s', (_, config) => check(config, 77, false));

  test('the last step in both directions: the one backward is at its first', () => {
    const config = textConfig(VARIANTS[4], { ...SERIES, bidirectional: true });
    check(config, 77, false, ['layer0.backward.recurrentWeights']);
  });
});
