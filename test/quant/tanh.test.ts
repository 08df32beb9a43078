/** The forms of tanh, against the function and against what their authors say of them. */
import { describe, expect, test } from 'vitest';
import { cellArithmetic, sigmoidFixed } from '../../src/quant/arithmetic.js';
import { SCHEMES, schemeProblems, type Scheme } from '../../src/quant/scheme.js';
import { TANH_FORMS, TANH_TABLE, tanhKnots, tanhTable } from '../../src/quant/tanh.js';

const ks = Array.from({ length: 512 }, (_, k) => k);
const worst = (values: readonly number[], of: (k: number) => number): number =>
  Math.max(...ks.map((k) => Math.abs(values[k] / 4096 - of(k))));

describe.each(TANH_FORMS)('%s', (form) => {
  const table = tanhTable(form);
  test('begins at 0, does not fall, stays below 1 and has 512 values', () => {
    expect(table).toHaveLength(512);
    expect(table[0]).toBe(0);
    expect(ks.slice(1).filter((k) => table[k] < table[k - 1])).toEqual([]);
    expect(table[511]).toBeLessThan(4096);
  });
});

test('a stored tanh is off by half a last place at most, an interpolated one by 0.0016', () => {
  const tanh = (k: number): number => Math.tanh(k / 128);
  expect(worst(TANH_TABLE, tanh)).toBeLessThanOrEqual(0.5 / 4096);
  // h^2 / 8 times the largest second derivative, 0.77, h being 1 / 8, and a last place.
  expect(worst(tanhTable('interpolated'), tanh)).toBeLessThan((0.77 / 8) * (1 / 64) + 1 / 4096);
});

test('the sigmoid of the lines is PLAN: off by 0.0189 at most (Amin et al., 1997)', () => {
  const lines = tanhTable('piecewise');
  const sigmoid = (k: number): number => 1 / (1 + Math.exp(-k / 64));
  const of = (k: number): number => sigmoidFixed(k * 64, lines) / 8192;
  const errors = ks.slice(0, 511).map((k) => Math.abs(of(k) - sigmoid(k)));
  expect(Math.max(...errors)).toBeLessThan(0.019);
  expect(Math.max(...errors)).toBeGreaterThan(0.0188);
});

test('stored values and the way to the next make the next', () => {
  for (const slope of [1, 0.5, 3]) {
    const knots = tanhKnots(slope, 32);
    knots.slice(1).forEach(({ value }, j) => expect(knots[j].value + knots[j].delta).toBe(value));
    const table = tanhTable('interpolated', slope);
    expect(knots.map(({ value }) => value)).toEqual(knots.map((_, j) => table[16 * j]));
  }
});

test('lines have no other slope', () => {
  expect(() => tanhTable('piecewise', 2)).toThrow(RangeError);
});

test('gates, candidate and h of a scheme follow its form', () => {
  const lines = cellArithmetic({ ...SCHEMES['int8'], tanh: 'piecewise' });
  const stored = cellArithmetic(SCHEMES['int8']);
  // At z = 1: tanh(1) by the second line, 1 / 2 + 1 / 4; sigmoid(1) at the end of PLAN's first, 3 / 4.
  expect(lines.candidate(4096)).toBe(3072);
  expect(stored.candidate(4096)).toBe(Math.round(Math.tanh(1) * 4096));
  expect(lines.sigmoid(4096)).toBe(6144);
  expect(lines.squash(-4096)).toBe(-3072);
  expect(lines.hidden(8192, 4096, 0)).not.toBe(stored.hidden(8192, 4096, 0));
});

const withForm = (fields: Partial<Scheme>): string[] =>
  schemeProblems({ ...SCHEMES['int8'], name: 'mine', ...fields });

test('a form that makes no sense is refused with the reason', () => {
  expect(withForm({ tanh: 'piecewise' })).toEqual([]);
  expect(withForm({ tanh: 'interpolated', slope: 3 })).toEqual([]);
  expect(withForm({ tanh: 'piecewise', slope: 3 }).join()).toMatch(/slope 3.*interpolated/);
  // h is decided by points of c there, and these follow tanh(s c) too.
  const ternary = { activations: 'ternary', gates: 'level3' } as const;
  expect(withForm({ ...ternary, tanh: 'piecewise', slope: 2 }).join()).toMatch(/slope 2/);
  expect(withForm({ ...ternary, tanh: 'piecewise' })).toEqual([]);
  expect(withForm({ tanh: 'interpolated', cell: { bits: 12, fraction: 6 } }).join()).toMatch(
    /7 fraction bits or more/,
  );
  expect(
    schemeProblems({ ...SCHEMES['hitnet'], name: 'mine', tanh: 'interpolated' }).join(),
  ).toMatch(/nothing takes a tanh/);
});
