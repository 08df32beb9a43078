import { describe, expect, test } from 'vitest';
import { simulate } from '../../sim/simulate.js';
import { CapacityError } from '../../src/cost/errors.js';
import { ENERGY_SHARES, type EnergyNode } from '../../src/cost/energy.js';
import { inventory } from '../../src/cost/inventory.js';
import { assertFits, estimate, type CostNode, type PartCost } from '../../src/cost/estimate.js';
import { loadProfile, profileNames, RESOURCES } from '../../src/cost/profile.js';
import { recodeAll } from '../../src/design/multipliers.js';
import { plan, type PlanOptions } from '../../src/design/plan.js';
import type { Design } from '../../src/design/design.js';
import { Random } from '../../src/model/random.js';
import { SCHEMES } from '../../src/quant/scheme.js';
import { randomModel, type ModelShape } from '../../src/verify/random-model.js';

const SHAPE: ModelShape = {
  scheme: 'ternary-level3',
  inputSize: 16,
  hiddenSizes: [24],
  classes: 20,
  vocabSize: 30,
  when: 'every-step',
};

function design(
  rows: number,
  columns = 1,
  more: Partial<
    ModelShape & Pick<PlanOptions, 'pack' | 'inputTable' | 'dataflow' | 'lockstep'>
  > = {},
): Design {
  const { pack, inputTable, dataflow, lockstep, ...shape } = more;
  return plan(randomModel({ ...SHAPE, ...shape }, new Random(5)), {
    name: 'dut',
    rows,
    columns,
    ...(pack === undefined ? {} : { pack }),
    ...(inputTable === undefined ? {} : { inputTable }),
    ...(dataflow === undefined ? {} : { dataflow }),
    ...(lockstep === undefined ? {} : { lockstep }),
  });
}

const designs: [string, Design][] = [
  ['ternary', design(4)],
  ['int8', design(4, 1, { scheme: 'int8' })],
  ['ternary, two layers, three columns', design(5, 3, { hiddenSizes: [9, 12] })],
  [
    'int8, one element',
    design(1, 1, { scheme: 'int8', hiddenSizes: [3], classes: 2, when: 'last-step' }),
  ],
  ['more rows than outputs', design(16, 2, { hiddenSizes: [1], classes: 2 })],
  ['one-hot', design(4, 2, { scheme: 'twn', inputSize: 30, isOneHot: true })],
  ['tabled', design(4, 1, { inputTable: true })],
  ['hitnet, two columns', design(4, 2, { scheme: 'hitnet', pack: 4 })],
];
const cases = profileNames().flatMap((name) =>
  designs.map(([title, d]) => [name, title, d] as const),
);

describe.each(Object.keys(SCHEMES))('scheme %s', (scheme) => {
  const d = design(5, 2, { scheme });
  const report = simulate(d, { sequences: [6] });

  test.each(profileNames())('is estimated for %s, every act with its energy', (name) => {
    const { resources, energy, fmaxMhz } = estimate(d, loadProfile(name), report);
    expect(fmaxMhz.value).toBeGreaterThan(0);
    if (name !== 'asic-45nm') expect(resources.lut.value).toBeGreaterThan(300);
    const acts = (node: EnergyNode): EnergyNode[] => [node, ...node.children.flatMap(acts)];
    const named = Object.fromEntries(acts(energy!.tree).map((node) => [node.name, node]));
    expect(named['arithmetic'].totalPj).toBeGreaterThan(0);
    expect(named['combiner'].totalPj > 0).toBe(d.combiner !== undefined);
    for (const { name: memory } of d.memories) expect(named[memory].totalPj).toBeGreaterThan(0);
  });
});

test.each([
  ['table', 0, 2],
  ['interpolated', 2, 2],
  ['piecewise', 2, 0],
] as const)('tanh by %s: %i parts compute it, %i store it', (tanh, computed, stored) => {
  const scheme = { ...SCHEMES['int8'], name: 'formed', tanh };
  const d = design(4, 1, { scheme });
  const parts = inventory(d);
  expect(parts.filter((part) => part.path.at(-1) === 'lines')).toHaveLength(computed);
  expect(
    parts.filter((part) => part.path.at(-2) === 'tanh' && part.kind === 'memory'),
  ).toHaveLength(stored);
  const { resources } = estimate(d, loadProfile('ice40-up5k'));
  const { resources: plain } = estimate(
    design(4, 1, { scheme: 'int8' }),
    loadProfile('ice40-up5k'),
  );
  // Each of the tables takes two block RAMs.
  expect(plain.bram.value - resources.bram.value).toBe(tanh === 'table' ? 0 : 4);
});

describe('a design that holds its weights', () => {
  const held = { dataflow: 'ws', lockstep: 6 } as const;

  test.each(profileNames())(
    'on %s: every part of it has a cost, and a warning says how sure',
    (name) => {
      const d = design(4, 5, held);
      const report = simulate(d, { sequences: [9] });
      const estimated = estimate(d, loadProfile(name), report);
      checkSums(estimated.tree);
      checkEnergySums(estimated.energy!.tree);
      expect(estimated.warnings.some((text) => text.startsWith('dataflow ws: formulas'))).toBe(
        true,
      );
      const parts = inventory(d);
      const elements = parts.filter((part) => part.path.at(-1) === 'processing elements');
      expect(elements).toMatchObject([{ primitive: 'pe-stationary-ternary', count: 20 }]);
      // One lane, however many columns; a memory for each of the planner's.
      expect(parts.find((part) => part.path.at(-1) === 'update')).toMatchObject({ count: 1 });
      expect(parts.filter(({ kind }) => kind === 'memory')).toHaveLength(d.memories.length);
      // Six sequences get a step done together.
      const { clockMhz, speed } = estimated;
      expect(speed!.stepsPerSecond).toBeCloseTo((6e6 * clockMhz) / report.cyclesPerStep, 3);
    },
  );

  test('recodes its weights where there is no DSP block', () => {
    const d = recodeAll(design(2, 2, { ...held, scheme: 'int8' }));
    const found = inventory(d).find((part) => part.path.at(-1) === 'processing elements');
    expect(found).toMatchObject({ primitive: 'pe-stationary-recoded', count: 4 });
  });
});

function checkSums(node: CostNode): void {
  if (node.children.length === 0) return;
  for (const name of Object.keys(node.total) as (keyof PartCost)[]) {
    expect(node.children.reduce((sum, child) => sum + child.total[name], 0)).toBe(node.total[name]);
  }
  node.children.forEach(checkSums);
}

function checkEnergySums(node: EnergyNode): void {
  if (node.children.length === 0) return;
  expect(node.children.reduce((sum, child) => sum + child.totalPj, 0)).toBe(node.totalPj);
  node.children.forEach(checkEnergySums);
}

describe.each(cases)('%s, %s', (name, _, d) => {
  const profile = loadProfile(name);
  const report = simulate(d, { sequences: [20] });
  const result = estimate(d, profile, report);

  test('attributes everything, and what is attributed adds up exactly', () => {
    checkSums(result.tree);
    for (const resource of RESOURCES) {
      if (resource !== 'logicCells')
        expect(result.resources[resource].value).toBe(result.tree.total[resource]);
    }
    expect(result.areaUm2.value).toBe(result.tree.total.areaUm2);
  });

  test('adds up the energy exactly', () => {
    const energy = result.energy!;
    checkEnergySums(energy.tree);
    expect(energy.perStepPj).toBe(energy.tree.totalPj);
    expect(energy.tree.children.map((child) => child.name)).toEqual([...ENERGY_SHARES]);
    expect(energy.perStepPj).toBeGreaterThan(0);
    expect(energy.table).toBe(profile.data.energy.table);
    const seconds = report.cycles / (result.clockMhz * 1e6) / (20 * d.columns);
    expect(energy.powerMw).toBeCloseTo((1e-9 * energy.perStepPj) / seconds, 9);
  });

  test('tells speed from the simulated cycles', () => {
    const speed = result.speed!;
    expect(speed.latencyPerStepUs).toBeCloseTo(report.cyclesPerStep / result.clockMhz, 12);
    expect(speed.stepsPerSecond).toBeCloseTo((1e6 * d.columns) / speed.latencyPerStepUs, 6);
    expect(result.clockMhz).toBeLessThanOrEqual(profile.constants.clockMhz);
    expect(result.clockMhz).toBeLessThanOrEqual(result.fmaxMhz.value);
  });
});

describe('costs grow with the design', () => {
  test.each(profileNames())('%s: rows', (name) => {
    const profile = loadProfile(name);
    for (const scheme of ['ternary-level3', 'int8'] as const) {
      let before: PartCost | undefined;
      for (const rows of [1, 2, 4, 8, 16, 32]) {
        const { total } = estimate(design(rows, 1, { scheme, hiddenSizes: [64] }), profile).tree;
        if (before) {
          expect(total.areaUm2).toBeGreaterThanOrEqual(before.areaUm2);
          if (profile.data.family !== 'asic') {
            // Weights move out of logic into blocks or back as banks get shallower; the array only grows.
            expect(total.dsp).toBeGreaterThanOrEqual(before.dsp);
          }
        }
        before = total;
      }
    }
  });

  test.each(profileNames().filter((name) => name !== 'asic-45nm'))(
    '%s: array and columns',
    (name) => {
      const profile = loadProfile(name);
      const array = (d: Design): number =>
        estimate(d, profile).tree.children.find((child) => child.name === 'array')!.total.lut;
      for (let rows = 1; rows < 16; rows++)
        expect(array(design(rows + 1))).toBeGreaterThanOrEqual(array(design(rows)));
      const total = (columns: number): PartCost => estimate(design(4, columns), profile).tree.total;
      for (let columns = 1; columns < 6; columns++) {
        expect(total(columns + 1).lut).toBeGreaterThan(total(columns).lut);
        expect(total(columns + 1).ff).toBeGreaterThan(total(columns).ff);
      }
    },
  );
});

describe('a device', () => {
  test('holds what it can', () => {
    expect(() => assertFits(estimate(design(4), loadProfile('ice40-up5k')))).not.toThrow();
  });

  test('refuses what it cannot, with every reason and what to change', () => {
    const large = design(32, 4, { scheme: 'int8', hiddenSizes: [96], inputSize: 64 });
    const result = estimate(large, loadProfile('ice40-up5k'));
    expect(result.fits).toBe(false);
    expect(result.overflows.map(({ resource }) => resource)).toEqual(
      expect.arrayContaining(['dsp', 'bram']),
    );
    expect(() => assertFits(result)).toThrow(CapacityError);
    expect(() => assertFits(result)).toThrow(
      /does not fit ice40-up5k\n {2}dsp: needs \d+ \(estimated\), ice40-up5k has 8; use fewer DSP blocks[^]*\n {2}bram: needs/,
    );
  });

  test('is estimated beyond the calibrated range only with a warning and a wider error bar', () => {
    const far = estimate(design(64, 1, { hiddenSizes: [128] }), loadProfile('ice40-up5k'));
    expect(far.warnings.join('\n')).toMatch(
      /rows = 64 is outside \d+\.\.\d+, which the fits of ice40-up5k saw/,
    );
    const near = estimate(design(4), loadProfile('ice40-up5k'));
    const relative = ({ value, error }: { value: number; error: number }): number => error / value;
    expect(near.warnings.join('\n')).not.toContain('is outside');
    expect(relative(far.resources.lut)).toBeCloseTo(3 * relative(near.resources.lut));
  });
});

describe('the table horowitz45', () => {
  const { actions } = loadProfile('asic-45nm');

  test('gives 24 nJ of arithmetic for a step of H = 128, I = 40 in int8', () => {
    const macs = 168 * 512;
    const nj = (macs * actions['mac-int'].evaluate({ accBits: 24, weightBits: 8 })) / 1000;
    expect(nj).toBeGreaterThan(23);
    expect(nj).toBeLessThan(25);
  });

  test('gives 270 nJ for its weights from 128 KB in rows of 16 bytes, within the 25 % of the curve', () => {
    const nj = (5376 * actions['memory-read'].evaluate({ width: 128, depth: 8192 })) / 1000;
    expect(Math.abs(nj / 270 - 1)).toBeLessThan(0.25);
  });

  test.each([
    [0.5, 1.41],
    [2, 2.76],
    [8, 6.14],
    [32, 17.0],
    [128, 32.3],
    [1024, 93.5],
  ])('reads 64 bits of %f KB within 25 % of CACTI', (kilobytes, pj) => {
    const read = actions['memory-read'].evaluate({ width: 64, depth: (kilobytes * 8192) / 64 });
    expect(Math.abs(read / pj - 1)).toBeLessThan(0.26);
  });

  test('adds in 0.03 pJ at 8 bits and 0.1 pJ at 32', () => {
    expect(actions['mac-ternary'].evaluate({ accBits: 8 })).toBeCloseTo(0.03, 9);
    expect(actions['mac-ternary'].evaluate({ accBits: 32 })).toBeCloseTo(0.1, 9);
  });

  test('says which values nobody measured', () => {
    expect(actions['cell-update-int16'].data.quality).toBe('extrapolated');
    const d = design(4, 1, { scheme: 'int8' });
    const { warnings } = estimate(d, loadProfile('asic-45nm'), simulate(d, { sequences: [3] }));
    expect(warnings.join('\n')).toMatch(
      /energy table horowitz45: .*cell-update-int16 extrapolated/,
    );
  });
});
