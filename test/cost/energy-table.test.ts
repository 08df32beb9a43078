import { describe, expect, test } from 'vitest';
import { simulate } from '../../sim/simulate.js';
import {
  checkEnergyTable,
  energyTableNames,
  loadEnergyTable,
  MARKS,
} from '../../src/cost/energy-table.js';
import { ProfileError } from '../../src/cost/errors.js';
import { estimate } from '../../src/cost/estimate.js';
import { ACTION_NAMES, ACTIONS, PARAMETERS } from '../../src/cost/primitives.js';
import { loadProfile, withEnergyTable, type Profile } from '../../src/cost/profile.js';
import { plan } from '../../src/design/plan.js';
import { Random } from '../../src/model/random.js';
import { randomModel } from '../../src/verify/random-model.js';

const asic = loadProfile('asic-45nm');
const of = (name: string): Profile => withEnergyTable(asic, loadEnergyTable(name));

function design(scheme: string) {
  const shape = { scheme, inputSize: 6, hiddenSizes: [8], classes: 4, when: 'every-step' } as const;
  return plan(randomModel(shape, new Random(2)), { name: 'dut', rows: 4, columns: 1 });
}

describe('energy tables', () => {
  test('are the named ones', () => {
    expect(energyTableNames()).toEqual([
      'aladdin40',
      'cacti45-sram',
      'horowitz45',
      'horowitz45-cache',
      'tpuv4i-7nm',
    ]);
  });

  test.each(energyTableNames())(
    '%s: every value has a source and a mark, every formula holds',
    (name) => {
      const table = loadEnergyTable(name);
      for (const { mark, source } of Object.values(table.values)) {
        expect(MARKS).toContain(mark);
        expect(source.length).toBeGreaterThan(10);
      }
      const { actions } = of(name);
      for (const action of ACTION_NAMES) {
        const at = Object.fromEntries(ACTIONS[action].map((p) => [p, PARAMETERS[p].to]));
        const energy = actions[action].evaluate(at);
        expect(energy > 0).toBe(table.actions[action] !== null);
      }
    },
  );

  test('horowitz45 is what asic-45nm has', () => {
    const random = new Random(4);
    const { actions } = of('horowitz45');
    for (const action of ACTION_NAMES) {
      for (let n = 0; n < 20; n++) {
        const at = Object.fromEntries(
          ACTIONS[action].map((p) => [p, PARAMETERS[p].from + random.integer(24)]),
        );
        expect(actions[action].evaluate(at)).toBeCloseTo(asic.actions[action].evaluate(at), 12);
      }
    }
    expect(of('horowitz45').constants).toEqual(asic.constants);
  });

  test('tpuv4i-7nm has the figures of its source', () => {
    const { actions } = of('tpuv4i-7nm');
    const read = (kilobytes: number): number =>
      actions['memory-read'].evaluate({ width: 64, depth: (kilobytes * 8192) / 64 });
    expect([read(8), read(32), read(1024)]).toEqual([7.5, 8.5, 14]);
    const add = (accBits: number): number => actions['mac-ternary'].evaluate({ accBits });
    expect(add(8)).toBeCloseTo(0.007, 12);
    expect(add(32)).toBeCloseTo(0.03, 12);
    const mac = actions['mac-int'].evaluate({ accBits: 32, weightBits: 8 });
    expect(mac - add(32)).toBeCloseTo(0.07, 12);
  });

  test('aladdin40 multiplies 8 x 8 in 0.793 pJ, as the plug-in scales it', () => {
    const { actions } = of('aladdin40');
    const mac = actions['mac-int'].evaluate({ accBits: 8, weightBits: 8 });
    expect(mac).toBeCloseTo(0.7925 + 0.0525, 6);
  });

  test('are of one kind: what a table lacks is not counted, and said', () => {
    const d = design('int8');
    const report = simulate(d, { sequences: [5] });
    const sram = estimate(d, of('cacti45-sram'), report);
    expect(sram.energy!.table).toBe('cacti45-sram');
    expect(sram.energy!.shares.mac).toBe(0);
    expect(sram.energy!.shares.weights).toBeGreaterThan(0);
    expect(sram.warnings.join('\n')).toMatch(
      /energy table cacti45-sram: no figure, not counted: .*mac-int/,
    );
    expect(estimate(d, of('tpuv4i-7nm'), report).energy!.shares.leakage).toBe(0);
  });

  test('flag what is extrapolated, and what was not read again', () => {
    const d = design('int8');
    const { warnings } = estimate(d, of('tpuv4i-7nm'), simulate(d, { sequences: [5] }));
    const all = warnings.join('\n');
    expect(all).toMatch(/tpuv4i-7nm: extrapolated: .*memory-read at width = 8 \(has 64\.\.64\)/);
    expect(all).toMatch(/tpuv4i-7nm: values not read again in their source: .*mult8/);
    expect(all).toMatch(/tpuv4i-7nm: no leakage/);
    expect(all).not.toContain('mac-int at weightBits');
  });

  test('keep the static power of a device', () => {
    const up5k = loadProfile('ice40-up5k');
    const other = withEnergyTable(up5k, loadEnergyTable('horowitz45'));
    expect(other.constants).toEqual(up5k.constants);
  });
});

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- to be damaged at any place
type Json = Record<string, any>;

describe('a table is refused', () => {
  const valid = () => structuredClone(loadEnergyTable('horowitz45')) as Json;
  const broken = (change: (table: Json) => void): string => {
    const table = valid();
    change(table);
    try {
      withEnergyTable(asic, checkEnergyTable(table, 't.json'));
    } catch (error) {
      if (error instanceof ProfileError) return error.message;
      throw error;
    }
    return 'accepted';
  };
  test.each<[string, (table: Json) => void, RegExp]>([
    ['with an unknown key', (t) => (t['colour'] = 1), /t\.json: top level: unknown key colour/],
    ['without a source', (t) => delete t['values'].add8.source, /t\.json: values\.add8/],
    ['with a mark nobody knows', (t) => (t['values'].add8.mark = 'X'), /t\.json: values\.add8/],
    ['with a negative energy', (t) => (t['values'].add8.value = -1), /t\.json: values\.add8/],
    ['without an action', (t) => delete t['actions'].compare, /t\.json: actions\.compare/],
    [
      'with a value named like a parameter',
      (t) => (t['values'].accBits = t['values'].add8),
      /values\.accBits: "accBits", must not be the name of a parameter/,
    ],
    [
      'with a formula that reads what is not there',
      (t) => (t['actions'].compare.formula = 'add9'),
      /energy\.actions\.compare\.formula: reads "add9"/,
    ],
    [
      'with a range of another parameter',
      (t) => (t['actions'].threshold.range = { rows: [1, 2] }),
      /actions\.threshold\.range\.rows: no parameter of it, sumBits/,
    ],
  ])('%s', (_, change, message) => {
    expect(broken(change)).toMatch(message);
  });

  test('that is not there', () => {
    expect(() => loadEnergyTable('nowhere')).toThrow(/energy: "nowhere", must be one of aladdin40/);
    expect(() => loadEnergyTable('none.json')).toThrow(/none\.json: cannot be read \(ENOENT\)/);
  });
});
