/** Problems whose fronts are known: ZDT (Zitzler, Deb, Thiele 2000) and DTLZ (Deb et al. 2002). */
import type { Point, Space } from '../../src/search/space.js';

export interface Problem {
  readonly space: Space;
  readonly evaluate: (point: Point) => number[];
  readonly reference: readonly number[];
  /** Hypervolume of the whole front, by integration. */
  readonly ideal: number;
}

const reals = (count: number): Space =>
  Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`x${n}`, { kind: 'real', low: 0, high: 1 } as const]),
  );
const numbers = (point: Point): number[] => Object.values(point) as number[];
const mean = (values: readonly number[]): number =>
  values.reduce((a, b) => a + b, 0) / values.length;

/** Area in front of (1.1, 1.1) that a front f2 = f(f1), f1 in [0, 1], dominates, by the midpoint rule. */
function areaBelow(f: (x: number) => number): number {
  const n = 1e5;
  let [sum, least] = [0, Infinity];
  for (let k = 0; k < n; k++) {
    least = Math.min(least, f((k + 0.5) / n));
    sum += Math.max(0, 1.1 - least) / n;
  }
  return sum + 0.1 * (1.1 - Math.min(least, f(1)));
}

function zdt(front: (f1: number) => number, h: (f1: number, g: number) => number): Problem {
  return {
    space: reals(30),
    evaluate: (point) => {
      const [f1, ...rest] = numbers(point);
      const g = 1 + 9 * mean(rest);
      return [f1, g * h(f1, g)];
    },
    reference: [1.1, 1.1],
    ideal: areaBelow(front),
  };
}

export const ZDT1 = zdt(
  (x) => 1 - Math.sqrt(x),
  (f1, g) => 1 - Math.sqrt(f1 / g),
);
export const ZDT2 = zdt(
  (x) => 1 - x * x,
  (f1, g) => 1 - (f1 / g) ** 2,
);
export const ZDT3 = zdt(
  (x) => 1 - Math.sqrt(x) - x * Math.sin(10 * Math.PI * x),
  (f1, g) => 1 - Math.sqrt(f1 / g) - (f1 / g) * Math.sin(10 * Math.PI * f1),
);

/** Three objectives; the front is an eighth of the unit sphere. */
export const DTLZ2: Problem = {
  space: reals(12),
  evaluate: (point) => {
    const [x, y, ...rest] = numbers(point);
    const g = 1 + rest.reduce((sum, value) => sum + (value - 0.5) ** 2, 0);
    const [a, b] = [(x * Math.PI) / 2, (y * Math.PI) / 2];
    return [g * Math.cos(a) * Math.cos(b), g * Math.cos(a) * Math.sin(b), g * Math.sin(a)];
  },
  reference: [1.1, 1.1, 1.1],
  ideal: 1.1 ** 3 - Math.PI / 6,
};
