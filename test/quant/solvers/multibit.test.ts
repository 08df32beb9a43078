import { describe, expect, test } from 'vitest';
import { Random } from '../../../src/model/random.js';
import { lab } from '../../../src/quant/solvers/binary.js';
import { bcq, type BcqMethod } from '../../../src/quant/solvers/multibit.js';
import {
  approximate,
  bestScale,
  energy,
  newPlanes,
  objective,
  randomCase,
  SEEDS,
  vectors,
} from './cases.js';

function solve(
  w: ArrayLike<number>,
  d: ArrayLike<number> | undefined,
  count: number,
  method: BcqMethod = 'alternating',
) {
  const planes = newPlanes(count, w.length);
  const scales = bcq(w, d, planes, { method });
  return { scales, planes, error: objective(w, d, scales, planes) };
}

/** Error of the best two scales for two sign vectors. */
function errorOfTwo(w: Float64Array, d: Float64Array | undefined, a: Int8Array, b: Int8Array) {
  const weight = (n: number): number => d?.[n] ?? 1;
  let [total, same, wa, wb] = [0, 0, 0, 0];
  w.forEach((v, n) => {
    total += weight(n);
    same += weight(n) * a[n] * b[n];
    wa += weight(n) * v * a[n];
    wb += weight(n) * v * b[n];
  });
  const determinant = total * total - same * same;
  if (determinant < 1e-9 * total * total) return objective(w, d, [wa / total], [a]);
  const scales = [(total * wa - same * wb) / determinant, (total * wb - same * wa) / determinant];
  return objective(w, d, scales, [a, b]);
}

describe.each(SEEDS)('seed %i', (seed) => {
  test('one plane is lab, the optimum', () => {
    const { w, d } = randomCase(seed, 1 + (seed % 10));
    for (const curvature of [undefined, d]) {
      const planes = newPlanes(1, w.length);
      const wanted = lab(w, curvature, planes);
      let least = Infinity;
      for (const vector of vectors([-1, 1], w.length)) {
        const codes = Int8Array.from(vector);
        least = Math.min(least, objective(w, curvature, [bestScale(w, curvature, codes)], [codes]));
      }
      for (const method of ['greedy', 'refined', 'alternating'] as const) {
        const found = solve(w, curvature, 1, method);
        expect(Math.abs(found.scales[0] / wanted[0] - 1)).toBeLessThan(1e-12);
        expect(found.planes).toEqual(planes);
        expect(found.error).toBeLessThanOrEqual(least + 1e-12 * energy(w, curvature));
      }
    }
  });

  test('two planes: between the optimum and greedy', () => {
    const { w, d } = randomCase(seed, 1 + (seed % 6));
    for (const curvature of [undefined, d]) {
      let least = Infinity;
      const signs = [...vectors([-1, 1], w.length)].map((vector) => Int8Array.from(vector));
      for (const a of signs) {
        for (const b of signs) least = Math.min(least, errorOfTwo(w, curvature, a, b));
      }
      const room = 1e-9 * energy(w, curvature);
      const found = solve(w, curvature, 2);
      expect(found.error).toBeGreaterThanOrEqual(least - room);
      expect(found.error).toBeLessThanOrEqual(solve(w, curvature, 2, 'greedy').error + room);
      // Four levels for two magnitudes: nothing is left.
      if (w.length <= 2) expect(found.error).toBeLessThanOrEqual(room);
    }
  });

  test('alternating is no worse than refined, that no worse than greedy, more planes no worse', () => {
    const { w, d } = randomCase(seed, 3 + 7 * seed);
    for (const curvature of [undefined, d]) {
      const room = 1e-12 * energy(w, curvature);
      let fewer = Infinity;
      for (const count of [1, 2, 3, 4, 5]) {
        const greedy = solve(w, curvature, count, 'greedy');
        const refined = solve(w, curvature, count, 'refined');
        const alternating = solve(w, curvature, count);
        expect(refined.error).toBeLessThanOrEqual(greedy.error + room);
        expect(alternating.error).toBeLessThanOrEqual(refined.error + room);
        expect(greedy.error).toBeLessThanOrEqual(fewer + room);
        fewer = greedy.error;
        for (const { scales, planes } of [greedy, refined, alternating]) {
          expect([...scales].sort((a, b) => b - a)).toEqual(scales);
          expect(planes.every((plane) => plane.every((code) => Math.abs(code) === 1))).toBe(true);
        }
      }
    }
  });

  test('greedy is the recursion of the paper', () => {
    const { w, d } = randomCase(seed, 40);
    const { scales, planes } = solve(w, d, 3, 'greedy');
    const total = d.reduce((sum, value) => sum + value, 0);
    const residual = w.slice();
    const steps = [0, 1, 2].map(() => {
      const codes = Int8Array.from(residual, (r) => (r >= 0 ? 1 : -1));
      const scale = residual.reduce((sum, r, n) => sum + d[n] * Math.abs(r), 0) / total;
      residual.forEach((r, n) => (residual[n] = r - scale * codes[n]));
      return { scale, codes };
    });
    steps.sort((a, b) => b.scale - a.scale);
    steps.forEach(({ scale, codes }, j) => {
      expect(Math.abs(scales[j] / scale - 1)).toBeLessThan(1e-9);
      expect(planes[j]).toEqual(codes);
    });
  });

  test('least squares: the residual is orthogonal to every plane of a scale', () => {
    const { w, d } = randomCase(seed, 40);
    for (const method of ['refined', 'alternating'] as const) {
      const { scales, planes } = solve(w, d, 3, method);
      const values = approximate(scales, planes);
      planes.forEach((plane, j) => {
        if (scales[j] === 0) return;
        let product = 0;
        let size = 0;
        plane.forEach((code, n) => {
          product += d[n] * code * (w[n] - values[n]);
          size += d[n] * Math.abs(w[n]);
        });
        expect(Math.abs(product)).toBeLessThan(1e-9 * size);
      });
    }
  });

  test('settled codes are the nearest levels', () => {
    const { w } = randomCase(seed, 60);
    const planes = newPlanes(3, w.length);
    const scales = bcq(w, undefined, planes, { rounds: 1000 });
    const levels = [...vectors([-1, 1], 3)].map((signs) =>
      signs.reduce((sum, sign, j) => sum + sign * scales[j], 0),
    );
    const excess = approximate(scales, planes).map((value, n) => {
      const least = Math.min(...levels.map((level) => Math.abs(w[n] - level)));
      return Math.abs(w[n] - value) - least;
    });
    expect(Math.max(...excess)).toBeLessThanOrEqual(1e-9 * scales[0]);
  });

  test.each([2, 3, 4])('a group of random levels of %i planes is coded without error', (count) => {
    const random = new Random(seed);
    const wanted = Array.from({ length: count }, () => random.range(0, 1));
    if (seed % 4 === 0) wanted[1] = wanted[0];
    const length = seed % 3 === 0 ? 200 : 1 + random.integer(12);
    const w = Float32Array.from({ length }, () =>
      wanted.reduce((sum, scale) => sum + (random.uniform() < 0.3 ? -scale : scale), 0),
    );
    const { scales, planes } = solve(w, undefined, count);
    const largest = Math.max(...w.map(Math.abs));
    approximate(scales, planes).forEach((value, n) => {
      expect(Math.abs(value - w[n])).toBeLessThanOrEqual(1e-6 * largest);
    });
  });

  test('pruned weights do not exist', () => {
    const { w, d } = randomCase(seed, 30);
    const random = new Random(seed + 100);
    const mask = Uint8Array.from(w, () => (random.uniform() < 0.6 ? 0 : 1));
    const keep = Array.from(mask.keys()).filter((n) => mask[n] === 1);
    const pruned = w.map((v, n) => (mask[n] === 1 ? v : n % 2 === 0 ? 0 : NaN));
    for (const method of ['greedy', 'refined', 'alternating'] as const) {
      const planes = newPlanes(2, w.length);
      const scales = bcq(pruned, d, planes, { method, mask });
      const alone = solve(
        keep.map((n) => w[n]),
        keep.map((n) => d[n]),
        2,
        method,
      );
      expect(scales).toEqual(alone.scales);
      planes.forEach((plane, j) => {
        expect(keep.map((n) => plane[n])).toEqual([...alone.planes[j]]);
        expect(plane.every((code, n) => mask[n] === 1 || code === 0)).toBe(true);
      });
    }
  });
});

describe('collapse', () => {
  test.each([
    ['one magnitude', [1, -1, 1, 1]],
    ['one weight', [-0.3]],
    ['two magnitudes', [1, -1, 3, 3, 1]],
    ['three magnitudes', [1, -2, 4, 4, 2, -1]],
    ['a magnitude of zero', [0, 0, 2, -2, 0]],
    ['four of one pair of scales', [7, 5, -3, 1, 7, -1]],
  ])('three planes code %s without error', (_, w) => {
    const { scales, planes } = solve(w, undefined, 3);
    approximate(scales, planes).forEach((value, n) => {
      expect(Math.abs(value - w[n])).toBeLessThan(1e-12);
    });
  });

  test('planes that are not needed have scale 0', () => {
    for (const method of ['greedy', 'refined', 'alternating'] as const) {
      expect(solve([0.1, -0.1, 0.1], undefined, 3, method).scales.slice(1)).toEqual([0, 0]);
    }
    expect(solve([3, -1, 1, 3], undefined, 4).scales).toEqual([2, 1, 0, 0]);
  });

  test.each(SEEDS)('sign vectors that coincide leave numbers (seed %i)', (seed) => {
    const random = new Random(seed);
    // Few values, one far more frequent than the others.
    const few = Array.from({ length: 2 + (seed % 5) }, () => random.range(-1, 1));
    const w = Float32Array.from({ length: 50 }, () =>
      random.uniform() < 0.8 ? few[0] : few[random.integer(few.length)],
    );
    for (const count of [2, 3, 4, 8]) {
      for (const method of ['greedy', 'refined', 'alternating'] as const) {
        const { scales, error } = solve(w, undefined, count, method);
        expect(scales.every((scale) => scale >= 0 && scale <= 4)).toBe(true);
        expect(error).toBeLessThanOrEqual(energy(w, undefined));
      }
      if (few.length <= count) {
        expect(solve(w, undefined, count).error).toBeLessThan(1e-12 * energy(w, undefined));
      }
    }
  });
});

test('everything pruned: scale 0, codes 0', () => {
  const planes = [Int8Array.of(5, 5), Int8Array.of(5, 5)];
  expect(bcq([1, 2], undefined, planes, { mask: new Uint8Array(2) })).toEqual([0, 0]);
  expect(planes).toEqual(newPlanes(2, 2));
});

test('refuses what makes no sense', () => {
  expect(() => bcq([1], undefined, [])).toThrow('0 planes given; allowed are 1 to 8');
  expect(() => bcq([1], undefined, newPlanes(9, 1))).toThrow('9 planes given');
  expect(() => bcq([1], undefined, newPlanes(1, 1), { rounds: 0 })).toThrow('0 rounds given');
  expect(() => bcq([1, 2], undefined, newPlanes(1, 2), { mask: new Uint8Array(3) })).toThrow(
    'mask has 3 entries, the group 2 weights',
  );
});

test('two planes of normal weights come near the optimum of four levels', () => {
  // Max 1960, table I: the least mean squared error of four levels is 0.1175.
  const random = new Random(1);
  const w = Float32Array.from(
    { length: 100_000 },
    () => Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform()),
  );
  const { error } = solve(w, undefined, 2);
  expect(error / energy(w, undefined)).toBeGreaterThan(0.115);
  expect(error / energy(w, undefined)).toBeLessThan(0.12);
});
