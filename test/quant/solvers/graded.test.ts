import { describe, expect, test } from 'vitest';
import { bwn } from '../../../src/quant/solvers/binary.js';
import { absmax, dorefa, laqLinear, laqLog } from '../../../src/quant/solvers/graded.js';
import { latApproximate } from '../../../src/quant/solvers/ternary.js';
import { approximate, bestScale, newPlanes, objective, randomCase, SEEDS } from './cases.js';

type Formula = 'compat' | 'exact';
const roundHalfAway = (x: number): number => Math.sign(x) * Math.floor(Math.abs(x) + 0.5);
const clip = (x: number): number => Math.max(-1, Math.min(1, x));

/** Levels b in [-1, 1] of w / alpha, as the authors' code computes them. */
const LEVELS = {
  linear: (x: number, k: number): number => roundHalfAway(clip(x) * k) / k,
  log: (x: number, k: number): number => {
    if (Math.abs(x) < 2 ** -k) return 0;
    const exponent = roundHalfAway(Math.log2(Math.abs(clip(x))) - 0.0849625);
    return Math.sign(x) * 2 ** Math.max(exponent, -(k - 1));
  },
};

/** The loss-aware quantization of the paper, literally: alpha and b. */
function literal(
  w: Float64Array,
  d: Float64Array,
  levels: (x: number, k: number) => number,
  bits: number,
  formula: Formula,
) {
  const k = 2 ** (bits - 1) - 1;
  const fit = (b: Float64Array): number => {
    if (formula === 'exact') return bestScale(w, d, b);
    let weighted = 0;
    let total = 0;
    for (let n = 0; n < w.length; n++) {
      weighted += Math.abs(b[n] * d[n] * w[n]);
      total += Math.abs(b[n] * d[n]);
    }
    return weighted / total;
  };
  const mean = w.reduce((sum, v) => sum + Math.abs(v), 0) / w.length;
  let alpha = fit(w.map((v) => (Math.abs(v) > 0.7 * mean ? Math.sign(v) : 0)));
  const code = (): Float64Array => w.map((v) => levels(v / alpha, k));
  for (let round = 0; round < 10; round++) {
    const previous = alpha;
    alpha = fit(code());
    if (Math.abs(alpha - previous) < 1e-6 * alpha) break;
  }
  return { alpha, b: code() };
}

const VARIANTS = [2, 3, 4].flatMap((bits) =>
  (['compat', 'exact'] as const).flatMap((formula) =>
    (['linear', 'log'] as const).map((kind) => [bits, formula, kind] as const),
  ),
);

describe.each(VARIANTS)('%i bits, %s, %s', (bits, formula, kind) => {
  const k = 2 ** (bits - 1) - 1;
  const top = kind === 'linear' ? k : 2 ** (k - 1);
  const solver = kind === 'linear' ? laqLinear : laqLog;

  test.each(SEEDS)('is the alternation of the paper (seed %i)', (seed) => {
    const { w, d } = randomCase(seed, 20 + seed);
    const planes = newPlanes(1, w.length);
    const [scale] = solver(w, d, planes, bits, formula);
    const { alpha, b } = literal(w, d, LEVELS[kind], bits, formula);
    expect(Math.abs((scale * top) / alpha - 1)).toBeLessThan(1e-9);
    expect(planes[0]).toEqual(Int8Array.from(b, (value) => Math.round(value * top)));
  });

  test('codes are the levels, each the nearest', () => {
    const magnitudes =
      kind === 'linear'
        ? Array.from({ length: k + 1 }, (_, code) => code)
        : [0, ...Array.from({ length: k }, (_, j) => 2 ** j)];
    for (const seed of SEEDS) {
      const { w, d } = randomCase(seed, 300);
      const planes = newPlanes(1, w.length);
      const [scale] = solver(w, d, planes, bits, formula);
      const nearest = Int8Array.from(w, (v) => {
        const distances = magnitudes.map((m) => Math.abs(Math.abs(v) / scale - m));
        return Math.sign(v) * magnitudes[distances.indexOf(Math.min(...distances))];
      });
      expect(planes[0], `seed ${seed}`).toEqual(nearest);
    }
  });
});

test('three bits: 0, 1, 2, 3 over 3 and 0, 1, 2, 4 over 4', () => {
  const w = Float64Array.from({ length: 401 }, (_, n) => (n - 200) / 200);
  const planes = newPlanes(1, w.length);
  const codes = (): number[] => [...new Set(planes[0])].sort((a, b) => a - b);
  laqLinear(w, undefined, planes, 3);
  expect(codes()).toEqual([-3, -2, -1, 0, 1, 2, 3]);
  laqLog(w, undefined, planes, 3);
  expect(codes()).toEqual([-4, -2, -1, 0, 1, 2, 4]);
});

test('midpoints of powers of two go to the larger, also to the smallest from 0', () => {
  // Weights of no curvature to speak of leave alpha = 1, which those of size 1 want.
  const points = [0.75, 0.375, 0.125];
  const w = [1, 1, -1, 1, ...points, ...points.map((p) => p - 2 ** -40), 5, 0.01];
  const d = w.map((_, n) => (n < 4 ? 1 : 1e-30));
  const planes = newPlanes(1, w.length);
  expect(laqLog(w, d, planes, 3, 'exact')).toEqual([0.25]);
  expect([...planes[0]]).toEqual([4, 4, -4, 4, 4, 2, 1, 2, 1, 0, 4, 0]);
});

test('halves of linear levels round away from zero', () => {
  const w = [3, -3, 3, 3, 0.5, -0.5, 1.5, -2.5, 0.4999, 4];
  const d = w.map((_, n) => (n < 4 ? 1 : 1e-30));
  const planes = newPlanes(1, w.length);
  expect(laqLinear(w, d, planes, 3, 'exact')).toEqual([1]);
  expect([...planes[0]]).toEqual([3, -3, 3, 3, 1, -1, 2, -3, 0, 3]);
});

test.each(SEEDS)('least squares: no worse than its start, nor than compat (seed %i)', (seed) => {
  const { w, d } = randomCase(seed, 200);
  const planes = newPlanes(1, w.length);
  const errors = (['exact', 'compat'] as const).map((formula) =>
    objective(w, d, laqLinear(w, d, planes, 3, formula), planes),
  );
  expect(errors[0]).toBeLessThanOrEqual(errors[1]);
  const log = objective(w, d, laqLog(w, d, planes, 3, 'exact'), planes);
  const ternary = objective(w, d, latApproximate(w, d, planes), planes);
  expect(Math.min(log, errors[0])).toBeLessThan(ternary);
});

test.each(SEEDS)('two bits are latApproximate but for decision points (seed %i)', (seed) => {
  const { w, d } = randomCase(seed, 40);
  const wanted = newPlanes(1, w.length);
  const scale = latApproximate(w, d, wanted);
  for (const solver of [laqLinear, laqLog]) {
    for (const formula of ['compat', 'exact'] as const) {
      const planes = newPlanes(1, w.length);
      expect(solver(w, d, planes, 2, formula)[0]).toBeCloseTo(scale[0], 12);
      expect(planes).toEqual(wanted);
    }
  }
});

test('the two formulas differ where codes are graded', () => {
  const w = [3, 2.2, 1.1, -3];
  const planes = newPlanes(1, 4);
  expect(laqLinear(w, undefined, planes, 3, 'exact')[0]).toBeCloseTo(23.5 / 23, 12);
  expect([...planes[0]]).toEqual([3, 2, 1, -3]);
  expect(laqLinear(w, undefined, planes, 3, 'compat')[0]).toBeLessThan(0.98);
});

test('absmax: the largest has the largest code', () => {
  const planes = newPlanes(1, 5);
  expect(absmax([7, -3.5, 0.4, 0.5, -1.5], undefined, planes, 4)).toEqual([1]);
  expect([...planes[0]]).toEqual([7, -4, 0, 1, -2]);
  for (const seed of SEEDS) {
    const { w } = randomCase(seed, 50);
    for (const bits of [2, 3, 5, 8]) {
      const codes = newPlanes(1, 50);
      const [scale] = absmax(w, undefined, codes, bits);
      const values = approximate([scale], codes);
      const error = Math.max(...w.map((v, n) => Math.abs(v - values[n])));
      expect(error, `seed ${seed}`).toBeLessThanOrEqual(scale * 0.5000001);
      expect(Math.max(...codes[0].map(Math.abs))).toBe(2 ** (bits - 1) - 1);
    }
  }
});

describe('dorefa', () => {
  test.each([2, 3, 4, 8])('%i bits: the formula of the paper', (bits) => {
    const steps = 2 ** bits - 1;
    for (const seed of SEEDS) {
      const { w } = randomCase(seed, 50);
      const planes = newPlanes(bits, w.length);
      const scales = dorefa(w, undefined, planes, bits);
      expect(scales).toEqual(planes.map((_, j) => 2 ** j / steps));
      expect(planes.every((plane) => plane.every((code) => Math.abs(code) === 1))).toBe(true);
      const most = Math.max(...w.map((v) => Math.abs(Math.tanh(v))));
      const errors = approximate(scales, planes).map((value, n) => {
        const unit = Math.tanh(w[n]) / (2 * most) + 0.5;
        return Math.abs(value - ((2 * Math.round(steps * unit)) / steps - 1));
      });
      expect(Math.max(...errors), `seed ${seed}`).toBeLessThan(1e-12);
    }
  });

  test('three bits: the odd integers over 7', () => {
    const w = Float64Array.from({ length: 2001 }, (_, n) => (n - 1000) / 500);
    const planes = newPlanes(3, w.length);
    const values = approximate(dorefa(w, undefined, planes, 3), planes);
    const levels = [...new Set(values.map((v) => Math.round(v * 7)))].sort((a, b) => a - b);
    expect(levels).toEqual([-7, -5, -3, -1, 1, 3, 5, 7]);
    expect(values[1000]).toBeCloseTo(1 / 7, 14);
  });

  test('one bit is bwn', () => {
    const { w } = randomCase(3, 30);
    const [a, b] = [newPlanes(1, 30), newPlanes(1, 30)];
    expect(dorefa(w, undefined, a, 1)).toEqual(bwn(w, undefined, b));
    expect(a).toEqual(b);
  });
});

test('refuses widths that codes do not fit', () => {
  const planes = newPlanes(1, 1);
  expect(() => laqLinear([1], undefined, planes, 1)).toThrow('1 bits given; allowed are 2 to 8');
  expect(() => laqLinear([1], undefined, planes, 9)).toThrow(RangeError);
  expect(() => laqLog([1], undefined, planes, 5)).toThrow('5 bits given; allowed are 2 to 4');
  expect(() => absmax([1], undefined, planes, 2.5)).toThrow('2.5 bits given');
  expect(() => dorefa([1], undefined, planes, 0)).toThrow('0 bits given; allowed are 1 to 8');
});
