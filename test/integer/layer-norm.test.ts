import { describe, expect, test } from 'vitest';
import { quantizeMultiplier } from '../../src/integer/fixed-point.js';
import { inverseSqrt, type LayerNorm, layerNorm } from '../../src/integer/layer-norm.js';
import { Random } from '../../src/model/random.js';

const SEED = 42;

/** Weights and biases around 1 and 0. */
function randomNorm(random: Random, n: number): LayerNorm {
  const scale = 2 ** -14;
  return {
    weights: Int16Array.from({ length: n }, () => Math.round(random.range(0.5, 1.5) / scale)),
    bias: Int32Array.from({ length: n }, () => Math.round((random.range(-1, 1) / scale) * 1024)),
    scale: quantizeMultiplier(scale),
    varianceGuard: 1,
  };
}

function exactNorm(values: Int16Array, { weights, bias }: LayerNorm): number[] {
  const n = values.length;
  const mean = values.reduce((sum, v) => sum + v, 0) / n;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / n;
  return Array.from(values, (v, k) => {
    const normal = (v - mean) / Math.sqrt(variance);
    return Math.max(
      -8,
      Math.min(32767 / 4096, normal * weights[k] * 2 ** -14 + bias[k] * 2 ** -24),
    );
  });
}

/** The same arithmetic in BigInt, written from the formulas; double rounding. */
function bigNorm(values: Int16Array, norm: LayerNorm): number[] {
  const n = BigInt(values.length);
  const sum = values.reduce((total, v) => total + BigInt(v), 0n);
  const squares = values.reduce((total, v) => total + BigInt(v) ** 2n, 0n);
  const mean = (1024n * sum) / n;
  const variance = (squares * (1048576n / n) - mean ** 2n) / 1048576n;
  const inverse = inverseSqrt(variance < 1n ? norm.varianceGuard : Number(variance));
  const rescale = (x: bigint, multiplier: number, shift: number): bigint => {
    const left = shift > 0 ? BigInt(shift) : 0n;
    const high = ((x << left) * BigInt(multiplier) + (1n << 30n)) >> 31n;
    if (shift >= 0) return high;
    const half = 1n << BigInt(-shift - 1);
    return high < 0n ? -((-high + half) >> BigInt(-shift)) : (high + half) >> BigInt(-shift);
  };
  return Array.from(values, (v, k) => {
    const normal = rescale(1024n * BigInt(v) - mean, inverse.multiplier, inverse.shift);
    const y = BigInt.asIntN(32, normal * BigInt(norm.weights[k]) + BigInt(norm.bias[k]));
    const rounded = (y + (y > 0n ? 512n : -512n)) / 1024n;
    const z = rescale(rounded, norm.scale.multiplier, norm.scale.shift + 12);
    return Number(z < -32768n ? -32768n : z > 32767n ? 32767n : z);
  });
}

describe('inverseSqrt', () => {
  test.each([
    [0, 2147483647, 0],
    [1, 2147483647, 0],
    [2, 1518498372, 0],
    [3, 1239850284, 0],
    [100, 214748363, 0],
    [12345, 309246148, -4],
    [1_000_000, 274877901, -7],
  ])('of %d is %d, shift %d', (value, multiplier, shift) => {
    expect(inverseSqrt(value)).toEqual({ multiplier, shift });
  });

  test('is within 1e-5 of the exact value up to 2^31 - 1', () => {
    const random = new Random(SEED);
    for (let n = 0; n < 2000; n++) {
      const value = 2 + random.integer(2 ** (2 + random.integer(29)));
      const { multiplier, shift } = inverseSqrt(value);
      expect(multiplier).toBeLessThan(2 ** 31);
      const product = multiplier * 2 ** (shift - 31) * Math.sqrt(value);
      expect(Math.abs(product - 1), `${value}`).toBeLessThan(1e-5);
    }
  });
});

describe('layerNorm', () => {
  test.each([1, 2, 3, 9, 16, 20, 31, 64, 100])('equals BigInt arithmetic for %d cells', (n) => {
    const random = new Random(SEED + n);
    for (let round = 0; round < 50; round++) {
      const norm = randomNorm(random, n);
      const spread = 2 ** random.integer(16);
      const values = Int16Array.from({ length: n }, () =>
        Math.max(-32768, Math.min(32767, Math.round(random.range(-spread, spread)))),
      );
      const expected = bigNorm(values, norm);
      layerNorm(values, norm, 'double');
      expect([...values]).toEqual(expected);
    }
  });

  test.each([16, 20, 64])('is within 6 steps of 2^-12 of the real value for %d cells', (n) => {
    const random = new Random(SEED + n);
    const norm = randomNorm(random, n);
    const values = Int16Array.from({ length: n }, () => random.integer(40000) - 20000);
    const exact = exactNorm(values, norm);
    layerNorm(values, norm, 'single');
    exact.forEach((value, k) => expect(Math.abs(values[k] - value * 4096)).toBeLessThan(6));
  });

  test('far from zero mean the variance of a size that is no power of two falls to the guard', () => {
    const spread = (n: number): Int16Array =>
      Int16Array.from({ length: n }, (_, k) => 30000 + 40 * (k % 2));
    const norm = (n: number): LayerNorm => ({
      weights: new Int16Array(n).fill(16384),
      bias: new Int32Array(n),
      scale: quantizeMultiplier(2 ** -14),
      varianceGuard: 1,
    });
    const [even, odd] = [spread(8), spread(10)];
    layerNorm(even, norm(8), 'double');
    layerNorm(odd, norm(10), 'double');
    // +-1 as it should be, and clipped to +-8.
    expect([...even.subarray(0, 2)]).toEqual([-4096, 4096]);
    expect([...odd.subarray(0, 2)]).toEqual([-32768, 32767]);
  });

  test('equal values give the bias alone', () => {
    const norm = randomNorm(new Random(SEED), 8);
    const values = new Int16Array(8).fill(1234);
    layerNorm(values, norm, 'double');
    values.forEach((value, k) => {
      expect(Math.abs(value - norm.bias[k] * 2 ** -12)).toBeLessThan(1);
    });
  });
});
