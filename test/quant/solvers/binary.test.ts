import { describe, expect, test } from 'vitest';
import { binaryConnect, bwn, lab } from '../../../src/quant/solvers/binary.js';
import { bestScale, energy, newPlanes, objective, randomCase, SEEDS, vectors } from './cases.js';

test('zero counts as positive', () => {
  const planes = newPlanes(1, 4);
  expect(binaryConnect([0, -0, 0.1, -0.1], undefined, planes)).toEqual([1]);
  expect([...planes[0]]).toEqual([1, 1, 1, -1]);
});

test('scales are the means of the papers', () => {
  const planes = newPlanes(1, 3);
  expect(bwn([1, -2, 6], [9, 1, 1], planes)).toEqual([3]);
  expect(lab([1, -2, 6], [2, 1, 1], planes)).toEqual([2.5]);
});

describe.each(SEEDS)('seed %i', (seed) => {
  const { w, d } = randomCase(seed, 1 + (seed % 10));

  test('no signs and scale are better', () => {
    for (const curvature of [undefined, d]) {
      const planes = newPlanes(1, w.length);
      const error = objective(w, curvature, lab(w, curvature, planes), planes);
      let least = Infinity;
      for (const signs of vectors([-1, 1], w.length)) {
        const codes = Int8Array.from(signs);
        least = Math.min(least, objective(w, curvature, [bestScale(w, curvature, codes)], [codes]));
      }
      expect(error).toBeLessThanOrEqual(least + 1e-12 * energy(w, curvature));
    }
  });

  test('bwn is lab without curvature', () => {
    const [a, b] = [newPlanes(1, w.length), newPlanes(1, w.length)];
    expect(bwn(w, d, a)).toEqual(lab(w, undefined, b));
    expect(a).toEqual(b);
  });
});
