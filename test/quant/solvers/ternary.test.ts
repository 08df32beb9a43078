import { describe, expect, test } from 'vitest';
import { Random } from '../../../src/model/random.js';
import {
  lat2,
  latApproximate,
  latExact,
  ternaryConnect,
  ttqCodes,
  twn,
} from '../../../src/quant/solvers/ternary.js';
import { bestScale, energy, newPlanes, objective, randomCase, SEEDS, vectors } from './cases.js';

const solve = (
  solver: typeof latExact,
  w: ArrayLike<number>,
  d: ArrayLike<number> | undefined,
  count = 1,
) => {
  const planes = newPlanes(count, w.length);
  const scales = solver(w, d, planes);
  return { scales, planes, error: objective(w, d, scales, planes) };
};

test('ternaryConnect has the codes of twn and no scale', () => {
  const w = [0.5, -0.5, 0.51, -0.01, 9, 0];
  const connected = solve(ternaryConnect, w, undefined);
  expect([...connected.planes[0]]).toEqual([...solve(twn, w, undefined).planes[0]]);
  expect(connected.scales).toEqual([1]);
});

test('twn takes the threshold from the mean, and its factor', () => {
  const w = [1, -2, 3, -6];
  const planes = newPlanes(1, 4);
  expect(twn(w, undefined, planes)).toEqual([4.5]);
  expect([...planes[0]]).toEqual([0, 0, 1, -1]);
  expect(twn(w, undefined, planes, 0.6)).toEqual([11 / 3]);
  expect([...planes[0]]).toEqual([0, -1, 1, -1]);
  expect(twn(w, undefined, planes, 3)).toEqual([0]);
  expect([...planes[0]]).toEqual([0, 0, 0, 0]);
  expect(() => twn(w, undefined, planes, NaN)).toThrow('threshold factor NaN');
});

test('the full support is a candidate', () => {
  const { planes, scales } = solve(latExact, [3, -3.1, 2.9], undefined);
  expect([...planes[0]]).toEqual([1, -1, 1]);
  expect(scales[0]).toBeCloseTo(3, 14);
});

test('of equal supports the smaller counts', () => {
  // 2^2 / 1 = (2 + 3 * 2/3)^2 / (1 + 3).
  expect([...solve(latExact, [2, 2 / 3], [1, 3]).planes[0]]).toEqual([1, 0]);
});

test('ttqCodes: threshold by the maximum, a plane per sign', () => {
  const planes = newPlanes(2, 5);
  expect(ttqCodes([10, 0.5, 0.6, -0.5, -4], undefined, planes)).toEqual([5.3, 4]);
  expect(planes.map((plane) => [...plane])).toEqual([
    [1, 0, 1, 0, 0],
    [0, 0, 0, 0, -1],
  ]);
  expect(ttqCodes([10, 0.5, 0.6, -0.5, -4], [1, 1, 3, 1, 1], planes, 0.5)).toEqual([10, 0]);
});

describe.each(SEEDS)('seed %i', (seed) => {
  const { w, d } = randomCase(seed, 1 + (seed % 8));

  test.each([false, true])('latExact and lat2: nothing is better (curvature: %s)', (isCurved) => {
    const curvature = isCurved ? d : undefined;
    let least = Infinity;
    let leastOfTwo = Infinity;
    for (const vector of vectors([-1, 0, 1], w.length)) {
      const codes = Int8Array.from(vector);
      const scale = bestScale(w, curvature, codes);
      least = Math.min(least, objective(w, curvature, [scale], [codes]));
      const parts = [codes.map((c) => (c > 0 ? c : 0)), codes.map((c) => (c < 0 ? c : 0))];
      const scales = parts.map((part) => Math.max(0, bestScale(w, curvature, part)));
      leastOfTwo = Math.min(leastOfTwo, objective(w, curvature, scales, parts));
    }
    const room = 1e-12 * energy(w, curvature);
    expect(solve(latExact, w, curvature).error).toBeLessThanOrEqual(least + room);
    expect(solve(lat2, w, curvature, 2).error).toBeLessThanOrEqual(leastOfTwo + room);
  });

  test('exact is no worse than approximate, that no worse than twn', () => {
    const large = randomCase(seed, 200 + seed);
    for (const curvature of [undefined, large.d]) {
      const errors = [latExact, latApproximate, twn].map(
        (solver) => solve(solver, large.w, curvature).error,
      );
      const room = 1e-12 * energy(large.w, curvature);
      expect(errors[0]).toBeLessThanOrEqual(errors[1] + room);
      expect(errors[1]).toBeLessThanOrEqual(errors[2] + room);
      const two = (['exact', 'approximate'] as const).map((method) => {
        const planes = newPlanes(2, large.w.length);
        return objective(large.w, curvature, lat2(large.w, curvature, planes, method), planes);
      });
      expect(two[0]).toBeLessThanOrEqual(two[1] + room);
      expect(two[0]).toBeLessThanOrEqual(errors[0] + room);
    }
  });

  test('no random scale and support beats latExact', () => {
    const group = randomCase(seed, 20 + 3 * seed);
    const { error, scales } = solve(latExact, group.w, group.d);
    const random = new Random(seed);
    let least = Infinity;
    for (let trial = 0; trial < 1000; trial++) {
      const alpha = scales[0] * random.range(0, 2);
      const limit = scales[0] * random.range(0, 1.5);
      const slip = trial % 2 === 0 ? 0 : 0.1;
      const codes = Int8Array.from(group.w, (v) =>
        Math.abs(v) > limit !== random.uniform() < slip ? Math.sign(v) : 0,
      );
      least = Math.min(least, objective(group.w, group.d, [alpha], [codes]));
    }
    expect(least).toBeGreaterThan(error * (1 - 1e-12));
  });

  test('without curvature latExact is the exact ternary weight network', () => {
    // argmax over thresholds of (sum of |w| above)^2 / (number above), as the paper states it.
    const group = randomCase(seed, 50 + seed);
    const magnitudes = group.w.map(Math.abs).sort().reverse();
    let best = { gain: 0, count: 0, mean: 0 };
    let sum = 0;
    magnitudes.forEach((magnitude, n) => {
      sum += magnitude;
      const gain = sum ** 2 / (n + 1);
      if (gain > best.gain) best = { gain, count: n + 1, mean: sum / (n + 1) };
    });
    const { planes, scales } = solve(latExact, group.w, undefined);
    expect(planes[0].reduce((count, code) => count + Math.abs(code), 0)).toBe(best.count);
    expect(Math.abs(scales[0] / best.mean - 1)).toBeLessThan(1e-12);
  });

  test('the scale of latExact is the best of its codes, its codes the nearest of its scale', () => {
    const group = randomCase(seed, 50 + seed);
    const { planes, scales } = solve(latExact, group.w, group.d);
    expect(Math.abs(scales[0] / bestScale(group.w, group.d, planes[0]) - 1)).toBeLessThan(1e-12);
    expect(planes[0]).toEqual(
      Int8Array.from(group.w, (v) => (Math.abs(v) > scales[0] / 2 ? Math.sign(v) : 0)),
    );
  });

  test('latApproximate follows the alternation of the paper', () => {
    const { w: ww, d: dd } = randomCase(seed, 30 + seed);
    const mean = ww.reduce((sum, v) => sum + Math.abs(v), 0) / ww.length;
    let codes = ww.map((v) => (Math.abs(v) > 0.7 * mean ? Math.sign(v) : 0));
    let alpha = bestScale(ww, dd, codes);
    for (let round = 0; round < 10; round++) {
      codes = ww.map((v) => (v > alpha / 2 ? 1 : v < -alpha / 2 ? -1 : 0));
      const next = bestScale(ww, dd, codes);
      const isSettled = Math.abs(next - alpha) < 1e-6 * next;
      alpha = next;
      if (isSettled) break;
    }
    const { planes, scales } = solve(latApproximate, ww, dd);
    expect(Math.abs(scales[0] / alpha - 1)).toBeLessThan(1e-12);
    expect(planes[0]).toEqual(
      Int8Array.from(ww, (v) => (Math.abs(v) > alpha / 2 ? Math.sign(v) : 0)),
    );
  });

  test('lat2 solves each sign alone', () => {
    const { w: ww, d: dd } = randomCase(seed, 30 + seed);
    for (const method of ['exact', 'approximate'] as const) {
      const planes = newPlanes(2, ww.length);
      const scales = lat2(ww, dd, planes, method);
      const solver = method === 'exact' ? latExact : latApproximate;
      [1, -1].forEach((sign, part) => {
        const keep = Array.from(ww.keys()).filter((n) => sign * ww[n] > 0);
        const alone = solve(
          solver,
          keep.map((n) => ww[n]),
          keep.map((n) => dd[n]),
        );
        expect(scales[part]).toBeCloseTo(alone.scales[0], 12);
        expect(keep.map((n) => planes[part][n])).toEqual([...alone.planes[0]]);
        expect(planes[part].filter((code) => code === -sign).length).toBe(0);
      });
    }
  });
});
