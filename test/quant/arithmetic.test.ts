import { describe, expect, test } from 'vitest';
import { Random } from '../../src/model/random.js';
import {
  cellArithmetic,
  type CellFormats,
  quantizeActivation,
  requantize,
  sigmoidFixed,
  tanhFixed,
  ternaryActivation,
} from '../../src/quant/arithmetic.js';
import { tanhTable } from '../../src/quant/tanh.js';

const FORMATS: CellFormats = {
  gates: 'int16',
  activations: 'int8',
  cell: { bits: 16, fraction: 12 },
  slope: 1,
};
const saturate16 = (v: number): number => Math.max(-32768, Math.min(32767, v));

describe('requantize', () => {
  test('rounds halves up and saturates after the bias', () => {
    expect(requantize(3, 1, 1, 0)).toBe(2);
    expect(requantize(-3, 1, 1, 0)).toBe(-1);
    expect(requantize(-1, 1, 2, 0)).toBe(0);
    expect(requantize(1 << 20, 255, 1, -5)).toBe(32767);
    expect(requantize(100, 255, 8, -100)).toBe(0);
  });

  test('a shift below 1 goes to the left, without rounding', () => {
    for (const acc of [-7, 0, 5]) {
      for (const shift of [0, -1, -6])
        expect(requantize(acc, 3, shift, 1)).toBe(acc * 3 * 2 ** -shift + 1);
    }
  });
});

describe('the formats that kernels have', () => {
  const random = new Random(1);
  const draws = Array.from({ length: 2000 }, () => ({
    f: 3 + random.integer(8187),
    i: 3 + random.integer(8187),
    o: 3 + random.integer(8187),
    g: random.integer(8187) - 4093,
    c: random.integer(65536) - 32768,
    levels: [0, 1, 2].map(() => random.integer(3)),
  }));

  test('int16 gates: one rounding of f c + i g, h rounded from Q0.25', () => {
    const { update, hidden, squash, one } = cellArithmetic(FORMATS);
    expect(one).toBe(4096);
    for (const { f, i, o, g, c } of draws) {
      expect(update(f, c, i, g)).toBe(saturate16(Math.floor((f * c + i * g + 4096) / 8192)));
      const h = Math.floor((o * tanhFixed(c) + 2 ** 17) / 2 ** 18);
      expect(hidden(o, c, 0)).toBe(Math.max(-127, Math.min(127, h)));
      expect(squash(c)).toBe(tanhFixed(c));
    }
  });

  test('three-level gates: every half rounds down', () => {
    const { update, hidden, one, candidate } = cellArithmetic({ ...FORMATS, gates: 'level3' });
    const times = (level: number, v: number): number => Math.floor((level * v) / 2) + 0;
    expect(one).toBe(4096);
    for (const {
      levels: [f, i, o],
      g,
      c,
    } of draws) {
      expect(update(f, c, i, g)).toBe(saturate16(times(f, c) + times(i, g)));
      const h = Math.floor((times(o, tanhFixed(c)) + 16) / 32);
      expect(hidden(o, c, 0)).toBe(Math.max(-127, Math.min(127, h)));
      expect(candidate(c)).toBe(tanhFixed(c) + 0);
    }
  });
});

describe('cell formats', () => {
  const cells = [
    { bits: 16, fraction: 12 },
    { bits: 12, fraction: 8 },
    { bits: 8, fraction: 4 },
    { bits: 8, fraction: 0 },
  ];

  test.each(cells)(
    'c of $bits bits, $fraction of them fraction: nearest, then saturated',
    (cell) => {
      const random = new Random(2);
      const unit = 2 ** -cell.fraction;
      const most = 2 ** (cell.bits - 1);
      const { update } = cellArithmetic({ ...FORMATS, cell });
      for (let n = 0; n < 500; n++) {
        const [f, i] = [random.integer(8192), random.integer(8192)];
        const g = random.integer(8187) - 4093;
        const c = random.integer(2 * most) - most;
        const real = (f / 8192) * c * unit + (i / 8192) * (g / 4096);
        const next = update(f, c, i, g);
        if (next === most - 1 || next === -most)
          expect(Math.abs(real / unit)).toBeGreaterThan(most - 2);
        else expect(Math.abs(next * unit - real)).toBeLessThanOrEqual(unit / 2);
      }
    },
  );

  test.each(cells)('tanh(c) is that of the real c ($bits.$fraction)', (cell) => {
    for (const slope of [1, 2]) {
      const { squash } = cellArithmetic({ ...FORMATS, cell, slope });
      for (let c = -(2 ** (cell.bits - 1)); c < 2 ** (cell.bits - 1); c += 1 + (cell.bits >> 3)) {
        const real = Math.tanh(slope * c * 2 ** -cell.fraction);
        expect(Math.abs(squash(c) / 4096 - real)).toBeLessThan(0.0045 * slope);
        expect(squash(-c) + squash(c)).toBe(0);
      }
    }
  });

  test('beside gates that only shift, the candidate has the fraction bits of c', () => {
    const cell = { bits: 8, fraction: 6 };
    const { candidate, one } = cellArithmetic({ ...FORMATS, gates: 'level3', cell });
    expect(one).toBe(64);
    for (let z = -32768; z < 32768; z += 97) {
      expect(Math.abs(candidate(z) / 64 - tanhFixed(z) / 4096)).toBeLessThanOrEqual(1 / 128);
    }
    expect(cellArithmetic({ ...FORMATS, cell }).candidate(4096)).toBe(tanhFixed(4096));
  });

  test('a counter goes up and down by 1 and stops at its ends', () => {
    const cell = { bits: 8, fraction: 0 };
    const { update, one } = cellArithmetic({ ...FORMATS, gates: 'binary', cell });
    expect(one).toBe(1);
    expect([update(2, 5, 2, 1), update(2, 5, 2, -1), update(2, 5, 0, 1)]).toEqual([6, 4, 5]);
    expect([update(0, 5, 2, -1), update(2, 127, 2, 1), update(2, -128, 2, -1)]).toEqual([
      -1, 127, -128,
    ]);
  });
});

describe('ternary h', () => {
  test('has the sign of o tanh(s c) from the decision on', () => {
    const { hidden } = cellArithmetic({ ...FORMATS, activations: 'ternary' });
    // tanh(0.5) = 1893 / 4096; o = 1/2 makes it 946.5 in Q0.12.
    expect(tanhFixed(2048)).toBe(1893);
    expect([946, 947].map((decision) => hidden(4096, 2048, decision))).toEqual([1, 0]);
    expect([946, 947].map((decision) => hidden(4096, -2048, decision) + 0)).toEqual([-1, 0]);
  });

  test('levels round down before they are compared', () => {
    const { hidden } = cellArithmetic({ ...FORMATS, gates: 'level3', activations: 'ternary' });
    // Half of 1893 is 946, half of -1893 is -947.
    expect([946, 947].map((decision) => hidden(1, 2048, decision))).toEqual([1, 0]);
    expect([947, 948].map((decision) => hidden(1, -2048, decision) + 0)).toEqual([-1, 0]);
    expect([1893, 1894].map((decision) => hidden(2, 2048, decision))).toEqual([1, 0]);
    expect(hidden(0, 2048, 1)).toBe(0);
  });
});

test('slope 1 has the one table; another slope its own', () => {
  expect(tanhTable('table', 2)[64]).toBe(tanhTable()[128]);
  expect(tanhTable('table', 2)).toHaveLength(512);
  expect(tanhTable('table', 0.5)[2]).toBe(tanhTable()[1]);
});

test('sigmoid and tanh are symmetric and do not fall', () => {
  let [t, s] = [-4096, 0];
  for (let z = -32767; z < 32768; z++) {
    expect(tanhFixed(-z) + tanhFixed(z)).toBe(0);
    expect(sigmoidFixed(-z) + sigmoidFixed(z)).toBe(8192);
    if (tanhFixed(z) < t || sigmoidFixed(z) < s) throw new Error(`falls at ${z}`);
    [t, s] = [tanhFixed(z), sigmoidFixed(z)];
  }
});

test('activations: nearest with ties away from zero; ternary from 1/2 on', () => {
  expect([0.5 / 128, -0.5 / 128, 1, -1, 0.49 / 128].map(quantizeActivation)).toEqual([
    1, -1, 127, -127, 0,
  ]);
  expect([0.5, -0.5, 0.49, -0.49, 3].map((v) => ternaryActivation(v) + 0)).toEqual([
    1, -1, 0, 0, 1,
  ]);
});
