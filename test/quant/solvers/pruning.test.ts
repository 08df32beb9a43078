import { expect, test } from 'vitest';
import { magnitudeMask } from '../../../src/quant/solvers/pruning.js';
import { randomCase, SEEDS } from './cases.js';

const maskOf = (w: ArrayLike<number>, sparsity: number): number[] => {
  const mask = new Uint8Array(w.length).fill(7);
  const kept = magnitudeMask(w, sparsity, mask);
  expect(mask.reduce((sum, bit) => sum + bit, 0)).toBe(kept);
  return [...mask];
};

test('prunes the smallest magnitudes', () => {
  expect(maskOf([3, -1, 0.5, -4], 0.5)).toEqual([1, 0, 0, 1]);
  expect(maskOf([3, -1, 0.5, -4], 0)).toEqual([1, 1, 1, 1]);
  expect(maskOf([3, -1, 0.5, -4], 1)).toEqual([0, 0, 0, 0]);
  expect(maskOf([], 0.5)).toEqual([]);
});

test('rounds the number of pruned weights, halves up', () => {
  expect(maskOf([1, 2, 3], 0.5)).toEqual([0, 0, 1]);
  expect(maskOf([1, 2, 3], 0.49)).toEqual([0, 1, 1]);
});

test('of equal magnitudes the last are pruned', () => {
  expect(maskOf([1, -1, 1, 1, 2], 0.4)).toEqual([1, 1, 0, 0, 1]);
  expect(maskOf(new Float32Array(4), 0.75)).toEqual([1, 0, 0, 0]);
});

test.each(SEEDS)('no pruned weight is larger than a kept one, and masks nest (seed %i)', (seed) => {
  const { w } = randomCase(seed, 1 + 3 * seed);
  let before = new Array<number>(w.length).fill(1);
  for (const sparsity of [0, 0.1, 0.5, 0.9, 1]) {
    const mask = maskOf(w, sparsity);
    const kept = w.filter((_, n) => mask[n] === 1).map(Math.abs);
    const pruned = w.filter((_, n) => mask[n] === 0).map(Math.abs);
    expect(pruned.length).toBe(Math.round(sparsity * w.length));
    expect(Math.min(...kept)).toBeGreaterThanOrEqual(Math.max(0, ...pruned));
    expect(mask.every((bit, n) => bit <= before[n])).toBe(true);
    before = mask;
  }
});

test('refuses what makes no sense', () => {
  expect(() => magnitudeMask([1], 1.5, new Uint8Array(1))).toThrow('sparsity 1.5 is not in 0..1');
  expect(() => magnitudeMask([1], NaN, new Uint8Array(1))).toThrow(RangeError);
  expect(() => magnitudeMask([1], 0.5, new Uint8Array(2))).toThrow('mask has 2 entries');
  expect(() => magnitudeMask([NaN], 0.5, new Uint8Array(1))).toThrow('not a finite number');
});
