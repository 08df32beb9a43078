import { describe, expect, test } from 'vitest';
import { Random } from '../../../src/model/random.js';
import {
  btq,
  btqSampled,
  ttq,
  ttqThreshold,
  uniform,
} from '../../../src/quant/solvers/activations.js';
import { SEEDS } from './cases.js';

const codesOf = (x: ArrayLike<number>, run: (codes: Int8Array) => number) => {
  const codes = new Int8Array(x.length);
  const scale = run(codes);
  return { codes: [...codes], scale };
};

test('deterministic BTQ: beyond 1/2, not at it', () => {
  const x = [0.5, -0.5, 0.500001, -0.500001, 0, -0, 1, -7];
  const { codes, scale } = codesOf(x, (out) => btq(x, out));
  expect(codes).toEqual([0, 0, 1, -1, 0, 0, 1, -1]);
  expect(scale).toBe(1);
});

describe('sampled BTQ', () => {
  test.each([0, 0.1, -0.5, 0.9, 1, -1, 3])('is nonzero with probability |%d|', (value) => {
    const x = new Float32Array(20_000).fill(value);
    const { codes } = codesOf(x, (out) => btqSampled(x, new Random(3), out));
    const probability = Math.min(Math.abs(value), 1);
    const count = codes.filter((code) => code !== 0).length;
    const deviation = Math.sqrt(20_000 * probability * (1 - probability));
    expect(Math.abs(count - 20_000 * probability)).toBeLessThanOrEqual(4 * deviation);
    expect(codes.every((code) => code === 0 || code === Math.sign(value))).toBe(true);
  });

  test.each(SEEDS)(
    'draws once for each value, so that the next draw is the same (seed %i)',
    (seed) => {
      const random = new Random(seed);
      const other = new Random(seed);
      btqSampled([0, 0.5, 9], random, new Int8Array(3));
      for (let n = 0; n < 3; n++) other.uniform();
      expect(random.uniform()).toBe(other.uniform());
    },
  );

  test.each(SEEDS)('-x has the negative codes (seed %i)', (seed) => {
    const random = new Random(seed);
    const x = Float64Array.from({ length: 50 }, () => random.range(-1.2, 1.2));
    const plain = codesOf(x, (out) => btqSampled(x, new Random(seed), out)).codes;
    const minus = x.map((value) => -value);
    const turned = codesOf(minus, (out) => btqSampled(minus, new Random(seed), out)).codes;
    expect(turned).toEqual(plain.map((code) => 0 - code));
  });
});

test('TTQ: 2/3 of the mean, or a constant', () => {
  const x = [1, -2, 3, 0];
  expect(ttqThreshold(x)).toBe(1);
  expect(codesOf(x, (out) => ttq(x, out)).codes).toEqual([0, -1, 1, 0]);
  expect(codesOf(x, (out) => ttq(x, out, 2)).codes).toEqual([0, 0, 1, 0]);
  expect(codesOf(x, (out) => ttq(x, out, 0)).codes).toEqual([1, -1, 1, 0]);
  expect(codesOf([0, 0], (out) => ttq([0, 0], out)).codes).toEqual([0, 0]);
  expect(ttqThreshold([])).toBe(0);
  expect(() => ttq(x, new Int8Array(4), -1)).toThrow('threshold -1');
});

test.each([1, 2, 3, 7])('uniform %i bits: the formula, and odd', (bits) => {
  const steps = 2 ** bits - 1;
  for (const seed of SEEDS) {
    const random = new Random(seed);
    const x = Float64Array.from({ length: 100 }, () => random.range(-1.5, 1.5));
    const { codes, scale } = codesOf(x, (out) => uniform(x, bits, out));
    expect(scale).toBe(1 / steps);
    const errors = x.map((value, n) => {
      const unit = (Math.max(-1, Math.min(1, value)) + 1) / 2;
      return Math.abs(codes[n] * scale - 2 * (Math.round(steps * unit) / steps - 0.5));
    });
    expect(Math.max(...errors), `seed ${seed}`).toBeLessThan(1e-12);
    expect(codes.every((code) => Math.abs(code % 2) === 1)).toBe(true);
    const minus = x.map((value) => -value);
    const turned = codesOf(minus, (out) => uniform(minus, bits, out)).codes;
    expect(turned).toEqual(codes.map((code) => -code));
  }
  expect(codesOf([0, 1, -1], (out) => uniform([0, 1, -1], bits, out)).codes).toEqual([
    1,
    steps,
    -steps,
  ]);
});

test.each([NaN, Infinity])('refuses %d', (bad) => {
  const x = [0.5, bad, 0.5];
  const codes = new Int8Array(3);
  for (const run of [
    () => btq(x, codes),
    () => btqSampled(x, new Random(1), codes),
    () => ttq(x, codes),
    () => uniform(x, 3, codes),
  ]) {
    expect(run).toThrow(RangeError);
    expect(run).toThrow('not a finite number');
  }
});

test('refuses codes of another length, and widths that do not fit', () => {
  expect(() => btq([1, 2], new Int8Array(3))).toThrow('has 3 entries');
  expect(() => uniform([1], 8, new Int8Array(1))).toThrow('8 bits given; allowed are 1 to 7');
});
