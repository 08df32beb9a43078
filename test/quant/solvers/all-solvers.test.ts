/** What holds for every solver of weights. */
import { describe, expect, test } from 'vitest';
import { Random } from '../../../src/model/random.js';
import { binaryConnect, bwn, lab } from '../../../src/quant/solvers/binary.js';
import { absmax, dorefa, laqLinear, laqLog } from '../../../src/quant/solvers/graded.js';
import type { Curvature } from '../../../src/quant/solvers/group.js';
import { bcq } from '../../../src/quant/solvers/multibit.js';
import {
  HITNET_FACTOR,
  lat2,
  latApproximate,
  latExact,
  ternaryConnect,
  ttqCodes,
  twn,
} from '../../../src/quant/solvers/ternary.js';
import { approximate, newPlanes, randomCase, SEEDS } from './cases.js';

interface Entry {
  readonly name: string;
  readonly planes: number;
  readonly solve: (w: ArrayLike<number>, d: Curvature, planes: readonly Int8Array[]) => number[];
  /** Code of a zero in a group of zeros. */
  readonly zero: 0 | 1;
  /** Scales do not follow the weights: what they are is fixed. */
  readonly fixed?: true;
  /** Planes 0 and 1 are of positive and of negative codes. */
  readonly split?: true;
  /** Coding the approximation again need not give it back. */
  readonly drifts?: true;
}

const SOLVERS: readonly Entry[] = [
  { name: 'binaryConnect', planes: 1, solve: binaryConnect, zero: 1, fixed: true },
  { name: 'bwn', planes: 1, solve: bwn, zero: 1 },
  { name: 'lab', planes: 1, solve: lab, zero: 1 },
  { name: 'ternaryConnect', planes: 1, solve: ternaryConnect, zero: 0, fixed: true },
  { name: 'twn', planes: 1, solve: twn, zero: 0 },
  { name: 'twn of HitNet', planes: 1, solve: (w, d, p) => twn(w, d, p, HITNET_FACTOR), zero: 0 },
  { name: 'latExact', planes: 1, solve: latExact, zero: 0 },
  { name: 'latApproximate', planes: 1, solve: latApproximate, zero: 0 },
  {
    name: 'lat2 exact',
    planes: 2,
    solve: (w, d, p) => lat2(w, d, p, 'exact'),
    zero: 0,
    split: true,
  },
  {
    name: 'lat2 approximate',
    planes: 2,
    solve: (w, d, p) => lat2(w, d, p, 'approximate'),
    zero: 0,
    split: true,
  },
  { name: 'ttqCodes', planes: 2, solve: ttqCodes, zero: 0, split: true },
  ...([2, 3, 4, 8] as const).flatMap((bits): Entry[] => [
    { name: `absmax ${bits}`, planes: 1, solve: (w, d, p) => absmax(w, d, p, bits), zero: 0 },
    ...(['compat', 'exact'] as const).flatMap((formula): Entry[] => [
      {
        name: `laqLinear ${bits} ${formula}`,
        planes: 1,
        solve: (w, d, p) => laqLinear(w, d, p, bits, formula),
        zero: 0,
        drifts: true,
      },
      {
        name: `laqLog ${Math.min(bits, 4)} ${formula}`,
        planes: 1,
        solve: (w, d, p) => laqLog(w, d, p, Math.min(bits, 4), formula),
        zero: 0,
        drifts: true,
      },
    ]),
  ]),
  { name: 'dorefa 1', planes: 1, solve: (w, d, p) => dorefa(w, d, p, 1), zero: 1 },
  ...([2, 3, 8] as const).map((bits): Entry => ({
    name: `dorefa ${bits}`,
    planes: bits,
    solve: (w, d, p) => dorefa(w, d, p, bits),
    zero: 1,
    fixed: true,
    drifts: true,
  })),
  ...([1, 2, 3, 4] as const).flatMap((planes) =>
    (['greedy', 'refined', 'alternating'] as const).map((method): Entry => {
      const drifts = planes > 1 && method !== 'alternating';
      return {
        name: `bcq ${planes} ${method}`,
        planes,
        solve: (w, d, p) => bcq(w, d, p, { method }),
        zero: 1,
        ...(drifts ? { drifts } : {}),
      };
    }),
  ),
];

const entries = SOLVERS.map((entry) => [entry.name, entry] as const);

function run(entry: Entry, w: ArrayLike<number>, d?: Curvature) {
  const planes = newPlanes(entry.planes, w.length);
  const scales = entry.solve(w, d, planes);
  if (scales.length !== entry.planes || !scales.every((s) => s >= 0 && s < Infinity)) {
    throw new Error(`scales ${scales.join(', ')} of [${Array.from(w).join(', ')}]`);
  }
  return { scales, planes };
}

function expectClose(actual: readonly number[], wanted: readonly number[], note: string): void {
  const error = Math.max(...actual.map((value, j) => Math.abs(value - wanted[j])));
  expect(error, note).toBeLessThanOrEqual(1e-9 * Math.max(...wanted));
}

describe.each(entries)('%s', (_, entry) => {
  test('a power of two times w or d leaves the codes, and scales follow w exactly', () => {
    for (const seed of SEEDS) {
      const { w, d } = randomCase(seed);
      const plain = run(entry, w, d);
      const more = run(
        entry,
        w,
        d.map((value) => value * 2 ** 40),
      );
      expect(more, `seed ${seed}`).toEqual(plain);
      if (entry.fixed) continue;
      for (const factor of [2 ** 33, 2 ** -400, 2 ** 400]) {
        const scaled = run(
          entry,
          w.map((value) => value * factor),
          d,
        );
        expect(scaled.planes, `seed ${seed}`).toEqual(plain.planes);
        expect(scaled.scales, `seed ${seed}`).toEqual(plain.scales.map((s) => s * factor));
      }
    }
  });

  test('any factor of w leaves the codes, and scales follow', () => {
    if (entry.fixed) return;
    for (const seed of SEEDS) {
      // In very small groups magnitudes lie on decision points, where rounding decides.
      const { w, d } = randomCase(seed, 40 + seed);
      const plain = run(entry, w, d);
      const scaled = run(
        entry,
        w.map((value) => value * 0.3),
        d,
      );
      expect(scaled.planes, `seed ${seed}`).toEqual(plain.planes);
      expectClose(
        scaled.scales,
        plain.scales.map((s) => s * 0.3),
        `seed ${seed}`,
      );
    }
  });

  test('-w has the negative codes and the same scales', () => {
    for (const seed of SEEDS) {
      const { w, d } = randomCase(seed);
      const plain = run(entry, w, d);
      const negative = run(
        entry,
        w.map((value) => -value),
        d,
      );
      if (entry.split) {
        negative.scales.reverse();
        negative.planes.reverse();
      }
      const turned = negative.planes.map((plane) => plane.map((code) => -code));
      expect(turned, `seed ${seed}`).toEqual(plain.planes);
      expect(negative.scales, `seed ${seed}`).toEqual(plain.scales);
    }
  });

  test('a permutation of the weights permutes the codes', () => {
    for (const seed of SEEDS) {
      const { w, d } = randomCase(seed);
      const order = new Random(seed).shuffle(Array.from(w.keys()));
      const plain = run(entry, w, d);
      const mixed = run(
        entry,
        w.map((_v, n) => w[order[n]]),
        d.map((_v, n) => d[order[n]]),
      );
      const wanted = plain.planes.map((plane) => plane.map((_c, n) => plane[order[n]]));
      expect(mixed.planes, `seed ${seed}`).toEqual(wanted);
      expectClose(mixed.scales, plain.scales, `seed ${seed}`);
    }
  });

  test('coding the approximation again gives it back', () => {
    if (entry.drifts) return;
    for (const seed of SEEDS) {
      for (const kind of [Float64Array, Float32Array]) {
        const { w, d } = randomCase(seed);
        const first = run(entry, w, d);
        const values = kind.from(approximate(first.scales, first.planes));
        const again = run(entry, values, d);
        const back = approximate(again.scales, again.planes);
        const error = Math.max(...values.map((value, n) => Math.abs(value - back[n])));
        const largest = Math.max(...values.map(Math.abs));
        expect(error, `seed ${seed}`).toBeLessThanOrEqual(1e-6 * largest);
      }
    }
  });

  test('a result depends on the arguments alone, which stay as they are', () => {
    const { w, d } = randomCase(5, 100);
    const [wBefore, dBefore] = [w.slice(), d.slice()];
    const first = run(entry, w, d);
    const other = randomCase(6, 3000);
    run(entry, other.w, other.d);
    expect(run(entry, w, d)).toEqual(first);
    expect(run(entry, Array.from(w), Array.from(d))).toEqual(first);
    expect([w, d]).toEqual([wBefore, dBefore]);
  });

  test('windows of larger arrays are groups', () => {
    const w = randomCase(7, 90).w;
    const d = randomCase(8, 90).d;
    const planes = newPlanes(entry.planes, 90);
    const window = planes.map((plane) => plane.subarray(20, 70));
    const scales = entry.solve(w.subarray(20, 70), d.subarray(20, 70), window);
    const alone = run(entry, w.slice(20, 70), d.slice(20, 70));
    expect({ scales, planes: planes.map((plane) => plane.slice(20, 70)) }).toEqual(alone);
    const outside = planes.flatMap((plane) => [...plane.slice(0, 20), ...plane.slice(70)]);
    expect(outside.every((code) => code === 0)).toBe(true);
  });

  test('one weight is its own scale', () => {
    for (const value of [0.7, -3, 1e-300, -1e300, 2 ** -1022, -(2 ** 1023)]) {
      const { scales, planes } = run(entry, [value], [0.3]);
      if (entry.fixed) continue;
      const back = approximate(scales, planes)[0];
      expect(Math.abs(back / value - 1), `${value}`).toBeLessThan(1e-9);
    }
    const { planes } = run(entry, [5e-324]);
    expect(planes[0][0]).toBeGreaterThanOrEqual(1);
  });

  test('huge and tiny weights together give numbers', () => {
    for (const w of [
      [1e308, -1e308, 1.7e308, 1e-308, -5e-324, 0],
      [5e-324, -1e-323, 0, 0],
      [3, 1e-200, -1e-200, 1e-320],
    ]) {
      for (const d of [undefined, w.map((_v, n) => (n % 2 === 0 ? 1e300 : 1e-300))])
        run(entry, w, d);
    }
  });

  test('equal magnitudes have equal codes, and that magnitude for a scale', () => {
    const w = Float32Array.from({ length: 60 }, (_v, n) => (n % 3 === 0 ? -0.1 : 0.1));
    const { scales, planes } = run(entry, w);
    for (const plane of planes) {
      expect(new Set(plane.map((code, n) => code * Math.sign(w[n]))).size).toBeLessThanOrEqual(2);
    }
    if (entry.fixed) return;
    for (const value of approximate(scales, planes)) {
      expect(Math.abs(Math.abs(value) - w[1])).toBeLessThan(1e-12);
    }
  });

  test('a group of zeros has scale 0, no weights no scale', () => {
    for (const zeros of [new Float32Array(7), [0, -0, 0]]) {
      const { scales, planes } = run(entry, zeros);
      const isUnscaled = entry.name === 'binaryConnect' || entry.name === 'ternaryConnect';
      expect(scales.every((scale) => scale === (isUnscaled ? 1 : 0))).toBe(true);
      expect(planes.every((plane) => plane.every((code) => code === entry.zero))).toBe(true);
    }
    run(entry, []);
  });

  test.each([NaN, Infinity, -Infinity])('refuses a weight of %d, wherever it is', (bad) => {
    for (const at of [0, 1, 2]) {
      const w = [1, -2, 3];
      w[at] = bad;
      const message = `a weight is ${bad}, not a finite number; training diverged`;
      expect(() => run(entry, w)).toThrow(RangeError);
      expect(() => run(entry, w)).toThrow(message);
    }
  });

  test('refuses planes that do not fit', () => {
    const wanted = newPlanes(entry.planes, 3);
    const short = newPlanes(entry.planes, 2);
    expect(() => entry.solve([1, 2, 3], undefined, short)).toThrow('has 2 entries');
    expect(() => entry.solve([1, 2, 3], undefined, [])).toThrow('planes given');
    if (!entry.name.startsWith('bcq')) {
      const many = [...wanted, new Int8Array(3)];
      expect(() => entry.solve([1, 2, 3], undefined, many)).toThrow(
        `${entry.planes + 1} planes given, ${entry.planes} needed`,
      );
    }
  });
});

describe.each([
  'lab',
  'latExact',
  'latApproximate',
  'lat2 exact',
  'laqLog 3 exact',
  'bcq 2 alternating',
])('curvature of %s', (name) => {
  const entry = SOLVERS.find((candidate) => candidate.name === name)!;

  test('undefined stands for ones', () => {
    for (const seed of SEEDS) {
      const { w } = randomCase(seed);
      expect(run(entry, w, new Float32Array(w.length).fill(1)), `seed ${seed}`).toEqual(
        run(entry, w),
      );
    }
  });

  test.each([0, -1, NaN, Infinity])('refuses %d', (bad) => {
    expect(() => run(entry, [1, 2, 3], [1, bad, 1])).toThrow(
      `a curvature is ${bad}; each must be positive and finite`,
    );
  });

  test('refuses another length', () => {
    expect(() => run(entry, [1, 2, 3], [1, 1])).toThrow('curvature has 2 entries, the group 3');
  });

  test('draws the approximation to the weights that matter', () => {
    const { scales, planes } = run(entry, [1, 1.5, 0.2, 0.25], [1e6, 1, 1, 1]);
    expect(Math.abs(approximate(scales, planes)[0] - 1)).toBeLessThan(1e-3);
  });
});
