import { describe, expect, test } from 'vitest';
import { Random } from '../../src/model/random.js';
import { paretoFront } from '../../src/search/dominance.js';
import { hypervolume } from '../../src/search/hypervolume.js';
import { isBetterOutcome, Nsga2, type Nsga2Options } from '../../src/search/nsga2.js';
import { decode, randomGenome, type Point, type Space } from '../../src/search/space.js';
import { DTLZ2, ZDT1, ZDT2, ZDT3, type Problem } from './problems.js';

function run(problem: Problem, evaluations: number, options: Partial<Nsga2Options> = {}): Nsga2 {
  const population = options.population ?? 100;
  const search = new Nsga2({ space: problem.space, seed: 1, population, ...options });
  for (let done = 0; done < evaluations; done += population) {
    search.tell(
      search.ask().map((point) => ({ objectives: problem.evaluate(point), violation: 0 })),
    );
  }
  return search;
}

const share = ({ reference, ideal }: Problem, points: readonly (readonly number[])[]): number =>
  hypervolume(points, reference) / ideal;

describe('the fronts of ZDT and DTLZ', () => {
  // Shares of the whole front's hypervolume after 25,000 evaluations, two seeds.
  test.each([
    ['ZDT1', ZDT1, 0.99],
    ['ZDT2', ZDT2, 0.985],
    ['ZDT3', ZDT3, 0.99],
    ['DTLZ2', DTLZ2, 0.86],
  ] as const)(
    '%s',
    (_, problem, least) => {
      for (const seed of [1, 2]) {
        const found = run(problem, 25_000, { seed }).population();
        const reached = share(
          problem,
          found.map(({ objectives }) => objectives),
        );
        expect(reached).toBeGreaterThan(least);
        expect(reached).toBeLessThanOrEqual(1);
      }
    },
    120_000,
  );

  test('many evaluations at random are far from it', () => {
    const random = new Random(1);
    const points = Array.from({ length: 25_000 }, () =>
      ZDT1.evaluate(decode(ZDT1.space, randomGenome(ZDT1.space, random))),
    );
    expect(
      share(
        ZDT1,
        paretoFront(points).map((n) => points[n]),
      ),
    ).toBeLessThan(0.5);
  }, 60_000);
});

describe('over a mixed space', () => {
  const space: Space = {
    scheme: { kind: 'choice', values: ['a', 'b', 'c', 'd'] },
    rows: { kind: 'ordinal', values: [1, 2, 4, 8, 16, 32] },
    hidden: { kind: 'integer', low: 8, high: 128 },
    rate: { kind: 'real', low: 1e-4, high: 1e-1, scale: 'log' },
  };
  const evaluate = ({ scheme, rows, hidden, rate }: Point): number[] => {
    const penalty = { a: 0, b: 1, c: 2, d: 3 }[scheme as string]!;
    const distance = Math.abs(Math.log10(rate as number) + 2.5);
    return [
      (hidden as number) * (1 + penalty) + distance,
      1000 / (hidden as number) + penalty + 32 / (rows as number) + distance,
    ];
  };
  const problem: Problem = { space, evaluate, reference: [1000, 1000], ideal: 1 };

  test('finds the values that are best for all, and no point twice', () => {
    const asked: string[] = [];
    const watched = {
      ...problem,
      evaluate: (point: Point) => {
        asked.push(JSON.stringify(point));
        return evaluate(point);
      },
    };
    const found = run(watched, 2000, { population: 40 }).population();
    const best = found.filter(({ point }) => point['scheme'] === 'a' && point['rows'] === 32);
    expect(best.length).toBeGreaterThanOrEqual(25);
    expect(new Set(found.map(({ point }) => point['hidden'])).size).toBeGreaterThan(15);
    expect(new Set(asked).size).toBe(asked.length);
  });

  test('the same seed gives the same points, another others', () => {
    const points = (seed: number): string =>
      JSON.stringify(run(problem, 200, { population: 20, seed }).population());
    expect(points(5)).toBe(points(5));
    expect(points(5)).not.toBe(points(6));
  });

  test('a space with fewer points than a generation is gone through and then repeated', () => {
    const small: Space = { scheme: { kind: 'choice', values: ['a', 'b', 'c'] } };
    const search = new Nsga2({ space: small, seed: 1, population: 4 });
    for (let n = 0; n < 3; n++) {
      const points = search.ask();
      expect(points).toHaveLength(4);
      search.tell(
        points.map(({ scheme }) => ({ objectives: [scheme === 'b' ? 0 : 1], violation: 0 })),
      );
    }
    expect(search.population()[0].point['scheme']).toBe('b');
  });

  test('begins with the points it is given', () => {
    const given = { scheme: 'c', rows: 4, hidden: 100, rate: 1e-3 };
    const search = new Nsga2({ space, seed: 1, population: 8, initial: [given] });
    const [first] = search.ask();
    expect({ ...first, rate: 0 }).toEqual({ ...given, rate: 0 });
    expect(first['rate']).toBeCloseTo(1e-3, 12);
    expect(() =>
      new Nsga2({ space, seed: 1, population: 8, initial: [{ ...given, rows: 5 }] }).ask(),
    ).toThrow(/rows: 5 is none of 1, 2, 4/);
  });
});

test('constraints come first', () => {
  const valid = { objectives: [9, 9], violation: 0 };
  const broken = { objectives: [0, 0], violation: 2 };
  expect(isBetterOutcome(valid, broken)).toBe(true);
  expect(isBetterOutcome({ ...broken, violation: 1 }, broken)).toBe(true);
  expect(isBetterOutcome(valid, valid)).toBe(false);
  const space: Space = { x: { kind: 'integer', low: 0, high: 1000 } };
  const search = new Nsga2({ space, seed: 3, population: 10 });
  for (let n = 0; n < 30; n++) {
    search.tell(
      search.ask().map(({ x }) => ({
        objectives: [x as number],
        violation: Math.max(0, 700 - (x as number)),
      })),
    );
  }
  expect(search.population()[0].point['x']).toBe(700);
});

test('a population that is odd or small is refused, as are outcomes of other points', () => {
  const space: Space = { x: { kind: 'real', low: 0, high: 1 } };
  expect(() => new Nsga2({ space, seed: 1, population: 7 })).toThrow(/population: 7/);
  const search = new Nsga2({ space, seed: 1, population: 4 });
  search.ask();
  expect(() => search.tell([{ objectives: [1], violation: 0 }])).toThrow(/1 outcomes of 4 points/);
});
