import { describe, expect, test } from 'vitest';
import { Random } from '../../src/model/random.js';
import {
  crowdingDistances,
  dominates,
  paretoFront,
  sortFronts,
} from '../../src/search/dominance.js';
import { hypervolume } from '../../src/search/hypervolume.js';

/** Hypervolume by counting cells of a grid: points have whole coordinates. */
function counted(points: readonly (readonly number[])[], reference: readonly number[]): number {
  const cells = reference.reduce((product, end) => product * end, 1);
  let count = 0;
  for (let cell = 0; cell < cells; cell++) {
    let rest = cell;
    const corner = reference.map((end) => {
      const at = rest % end;
      rest = (rest - at) / end;
      return at;
    });
    if (points.some((point) => point.every((value, k) => value <= corner[k]))) count++;
  }
  return count;
}

describe.each([2, 3, 4])('of %i objectives', (objectives) => {
  test.each([1, 2, 3, 4, 5])('equals a count of the cells that are dominated (seed %i)', (seed) => {
    const random = new Random(seed);
    const reference = Array.from({ length: objectives }, () => 7);
    for (const size of [0, 1, 2, 5, 12]) {
      const points = Array.from({ length: size }, () =>
        reference.map((end) => random.integer(end + 1)),
      );
      expect(hypervolume(points, reference)).toBe(counted(points, reference));
    }
  });
});

test('points without a number, or of another number of objectives, are refused', () => {
  expect(() => hypervolume([[1, NaN]], [2, 2])).toThrow(/point 0 has an objective that is NaN/);
  expect(() => hypervolume([[1]], [2, 2])).toThrow(/1 objectives, the reference 2/);
});

test('fronts peel off one by one', () => {
  const points = [
    [0, 3],
    [3, 0],
    [1, 1],
    [2, 2],
    [3, 3],
    [1, 1],
  ];
  const fronts = sortFronts(points.length, (a, b) => dominates(points[a], points[b]));
  expect(fronts).toEqual([[0, 1, 2, 5], [3], [4]]);
  expect(paretoFront(points)).toEqual([0, 1, 2]);
});

test('crowding counts the gaps beside a point, and ends without limit', () => {
  expect(
    crowdingDistances([
      [0, 4],
      [1, 2],
      [4, 0],
    ]),
  ).toEqual([Infinity, 2, Infinity]);
  expect(
    crowdingDistances([
      [1, 1],
      [1, 1],
      [1, 1],
    ]),
  ).toEqual([Infinity, 0, Infinity]);
  expect(crowdingDistances([])).toEqual([]);
});
