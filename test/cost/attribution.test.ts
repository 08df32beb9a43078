import { describe, expect, test } from 'vitest';
import { simulate } from '../../sim/simulate.js';
import { type AmountNode, attribute } from '../../src/cost/attribution.js';
import { type EnergyPortion } from '../../src/cost/energy.js';
import { type CostNode, estimate, type PartCost } from '../../src/cost/estimate.js';
import { shareOut, shareOutWhole, toGrid } from '../../src/cost/grid.js';
import { loadProfile, profileNames } from '../../src/cost/profile.js';
import { jobName } from '../../src/design/design.js';
import { Random } from '../../src/model/random.js';
import { randomCase } from '../../src/verify/random.js';

function checkAmounts(node: AmountNode): void {
  if (node.children.length === 0) return;
  expect(node.children.reduce((sum, { amount }) => sum + amount, 0)).toBe(node.amount);
  node.children.forEach(checkAmounts);
}

function checkCosts(node: CostNode): void {
  if (node.children.length === 0) return;
  for (const name of Object.keys(node.total) as (keyof PartCost)[]) {
    expect(node.children.reduce((sum, child) => sum + child.total[name], 0)).toBe(node.total[name]);
  }
  node.children.forEach(checkCosts);
}

describe('what is attributed', () => {
  const profiles = profileNames().map(loadProfile);

  test.each(Array.from({ length: 60 }, (_, index) => index))(
    'adds up exactly, in every order (random design %i of seed 31)',
    (index) => {
      const { design, lengths } = randomCase(31, index);
      const report = simulate(design, { sequences: lengths });
      const result = estimate(design, profiles[index % profiles.length], report);
      const { cycles, energyPj, resources } = attribute(design, report, result);
      checkAmounts(cycles);
      checkAmounts(energyPj);
      checkCosts(resources);
      expect(cycles.amount).toBe(report.cycles);
      expect(energyPj.amount).toBe(result.energy!.perStepPj);

      // Jobs are the run.
      const { jobs, breakdown, activity } = report;
      for (const name of ['macs', 'peOperations', 'combinations', 'cellUpdates'] as const) {
        expect(jobs.reduce((sum, job) => sum + job.activity[name], 0)).toBe(activity[name]);
      }
      activity.memories.forEach(({ reads, writes }, m) => {
        const of = (name: 'reads' | 'writes'): number =>
          jobs.reduce((sum, job) => sum + job.activity.memories[m][name], 0);
        expect([of('reads'), of('writes')]).toEqual([reads, writes]);
      });
      expect(jobs.reduce((sum, job) => sum + job.cycles, 0) + breakdown.tail).toBe(report.cycles);

      // By share, by job, by gate: the same to the last bit.
      const { portions, shares, perStepPj } = result.energy!;
      const total = (of: (portion: EnergyPortion) => boolean): number =>
        portions.filter(of).reduce((sum, { pj }) => sum + pj, 0);
      for (const [share, pj] of Object.entries(shares)) {
        expect(total((portion) => portion.share === share)).toBe(pj);
      }
      expect([...portions].reverse().reduce((sum, { pj }) => sum + pj, 0)).toBe(perStepPj);
      expect(energyPj.children.map(({ name }) => name)).toEqual(
        [...design.jobs.map(jobName), 'after the last step'].filter((name) =>
          energyPj.children.some((child) => child.name === name),
        ),
      );
      for (const portion of portions) expect(portion.pj).toBeGreaterThan(0);
    },
  );

  test('gives a gate of more planes more of the array', () => {
    const random = Array.from({ length: 200 }, (_, index) => randomCase(33, index).design);
    const design = random.find(({ jobs }) => new Set(jobs[0].planes).size > 1)!;
    const report = simulate(design, { sequences: [4] });
    const { portions } = estimate(design, profiles[0], report).energy!;
    const of = (gate: string): number =>
      portions
        .filter((p) => p.gate === gate && p.job === 0 && p.act === 'arithmetic')
        .reduce((sum, { pj }) => sum + pj, 0);
    const [i, f, g, o] = design.jobs[0].planes;
    expect(of('i') / i).toBeCloseTo(of('f') / f, 4);
    expect(of('g') / g).toBeCloseTo(of('o') / o, 4);
    expect(of('i') * g).toBeCloseTo(of('g') * i, 3);
  });
});

describe('shares', () => {
  test('add up to the amount, each within a step of its own', () => {
    const random = new Random(1);
    for (let n = 0; n < 200; n++) {
      const amount = toGrid(1e5 * random.uniform());
      const weights = Array.from({ length: 1 + random.integer(9) }, () => random.integer(50));
      weights[0] += 1;
      const all = weights.reduce((sum, weight) => sum + weight, 0);
      const shares = shareOut(amount, weights);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(amount);
      shares.forEach((share, k) => {
        expect(Math.abs(share - (amount * weights[k]) / all)).toBeLessThanOrEqual(2 ** -20);
      });
    }
  });

  test('of whole things are whole', () => {
    expect(shareOutWhole(10, [1, 1, 1])).toEqual([3, 4, 3]);
    expect(shareOutWhole(0, [1, 2])).toEqual([0, 0]);
  });
});
