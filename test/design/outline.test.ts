import { describe, expect, test } from 'vitest';
import { widthsOf } from '../../src/cost/inventory.js';
import type { Design } from '../../src/design/design.js';
import { outline, type DesignPoint } from '../../src/design/outline.js';
import { plan } from '../../src/design/plan.js';
import { SCHEMES } from '../../src/quant/scheme.js';
import { randomCase } from '../../src/verify/random.js';
import { pointOf } from './points.js';

const POINT: DesignPoint = {
  scheme: SCHEMES['int8'],
  input: { kind: 'dense', size: 5 },
  hiddenSizes: [7],
  classes: 3,
  when: 'every-step',
  rows: 4,
  columns: 1,
};

/** Whether weights stay in this design, which no outline has: then it says so. */
function refusesStationary({ stationary }: Design, ...drawn: Parameters<typeof pointOf>): boolean {
  if (stationary === undefined) return false;
  expect(() => outline(pointOf(...drawn))).toThrow('"ws" is none of os, sparse');
  return true;
}

describe('the outline of a design', () => {
  test.each(Array.from({ length: 120 }, (_, index) => index))(
    'is what the planner makes of a model with these widths (random design %i of seed 11)',
    (index) => {
      const { design, shape, options } = randomCase(11, index);
      if (refusesStationary(design, shape, options)) return;
      const { name: _, model: __, ...structure } = design;
      const widths = widthsOf(design);
      const made = outline(pointOf(shape, options), widths);
      expect(made.structure).toEqual(structure);
      expect(made.rowWordBits).toBe(widths.rowWordBits);
    },
  );

  test.each(Array.from({ length: 60 }, (_, index) => index))(
    'assumes the widths of a design whose weights are loaded (random design %i of seed 12)',
    (index) => {
      const { design, shape, options } = randomCase(12, index);
      if (refusesStationary(design, shape, options)) return;
      const loaded = { ...options, weights: 'ram', control: 'axi-lite' } as const;
      const { structure } = outline(pointOf(shape, loaded));
      const planned = plan(design.model, loaded);
      // Few rows may happen to have factors that are powers of two, or all alike.
      if (JSON.stringify(structure.combiner) !== JSON.stringify(planned.combiner)) return;
      expect(structure.accBits).toBe(planned.accBits);
      expect(structure.sumBits).toBe(planned.sumBits);
      expect(structure.multiplierBits).toBe(planned.multiplierBits);
      expect(structure.input).toEqual(planned.input);
    },
  );

  test('has the combiner of random weights as long as they are many', () => {
    let same = 0;
    let drawn = 0;
    for (let index = 0; index < 60; index++) {
      const { design, shape, options } = randomCase(13, index);
      if (refusesStationary(design, shape, options)) continue;
      drawn++;
      const { structure } = outline(pointOf(shape, options));
      if (JSON.stringify(structure.combiner) === JSON.stringify(design.combiner)) same++;
      expect(structure.accBits).toBeGreaterThanOrEqual(design.accBits);
    }
    expect(drawn).toBeGreaterThan(30);
    expect(same).toBeGreaterThan((2 / 3) * drawn);
  });

  test.each<[string, Partial<DesignPoint>, string]>([
    ['no rows', { rows: 0 }, 'rows: 0 is not an integer in 1..64'],
    ['no layer', { hiddenSizes: [] }, 'hiddenSizes: none given'],
    ['half a unit', { hiddenSizes: [2.5] }, 'hiddenSizes[0]: 2.5 is not an integer in 1..8192'],
    ['sparse columns', { dataflow: 'sparse', columns: 2 }, 'dataflow: sparse takes 1 column'],
    ['three streams', { streams: 3 }, 'streams: 3 is not a power of two'],
    ['no classes', { classes: 0 }, 'classes: 0 is not an integer'],
  ])('refuses %s', (_, change, message) => {
    expect(() => outline({ ...POINT, ...change })).toThrow(message);
  });
});
