/** Small designs of every family of schemes: their units, and the widths that their weights ask for. */
import { describe, expect, test } from 'vitest';
import type { Design } from '../../src/design/design.js';
import { plan, type PlanOptions } from '../../src/design/plan.js';
import { Random } from '../../src/model/random.js';
import { PROPERTIES } from '../../src/formal/catalogue.js';
import { proveDesign, type UnitProof } from '../../src/formal/formal.js';
import { proveWidths } from '../../src/formal/widths.js';
import { randomModel } from '../../src/verify/random-model.js';
import { randomCase } from '../../src/verify/random.js';

/** Products of eight digits and cells of 16 bits take seconds each; units.test.ts has those of fewer. */
const quick = PROPERTIES.filter(
  ({ spec }) => !spec.endsWith('_product') && !spec.startsWith('hg_cell'),
);

function smallDesign(scheme: string, more: Partial<PlanOptions> = {}): Design {
  const shape = { scheme, inputSize: 3, hiddenSizes: [3], classes: 3, when: 'every-step' } as const;
  const model = randomModel(shape, new Random(5));
  return plan(model, { name: 'tiny', rows: 4, columns: 1, ...more });
}

describe('every unit and width of a small design is proved', () => {
  const done = new Map<string, UnitProof>();

  test('int8, elements of both kinds', async () => {
    const options = { properties: quick, done };
    const report = await proveDesign(smallDesign('int8', { dsp: 2 }), options);
    expect(report.passed).toBe(true);
    const units = report.units.map(({ unit }) => unit);
    expect(units).toEqual(
      expect.arrayContaining(['hg_pe_int', 'hg_pe_recoded', 'hg_multiply_add']),
    );
    // Proved where they are used, with the widths that they have there.
    expect(report.units.find(({ unit }) => unit === 'hg_multiply_add')!.parameters).toContain(
      'MULTIPLIER_WIDTH=8',
    );
  }, 60_000);

  test.each(['int8', 'ternary-level3', 'binary-level3', 'laq-log-3', 'ttq', 'bcq-2', 'hitnet'])(
    '%s',
    async (scheme) => {
      const report = await proveDesign(smallDesign(scheme), { properties: quick, done });
      const left = [...report.units, ...report.widths].filter(({ status }) => status !== 'proved');
      expect(left).toEqual([]);
      expect(report.passed).toBe(true);
      expect(report.units.length).toBeGreaterThan(8);
    },
    60_000,
  );
});

test('so is one whose weights are loaded, for several streams', async () => {
  const { model } = smallDesign('ternary-level3');
  const options = { weights: 'ram', control: 'axi-lite', streams: 2 } as const;
  const design = plan(model, { name: 'tiny', rows: 4, columns: 1, ...options });
  const report = await proveDesign(design, { properties: quick });
  expect(report.units.filter(({ status }) => status !== 'proved')).toEqual([]);
  expect(report.units.map(({ unit }) => unit)).toContain('hg_axi_lite');
  expect(report.passed).toBe(true);
}, 60_000);

describe('widths', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('those of random design %i suffice', (index) => {
    const failed = proveWidths(randomCase(11, index).design).filter(
      ({ status }) => status !== 'proved',
    );
    expect(failed).toEqual([]);
  });

  test('an accumulator one bit too narrow is caught, with the bound it cannot hold', () => {
    const design = smallDesign('ttq');
    const [first] = proveWidths(design).filter(({ what }) => what === 'accumulators');
    const narrow = { ...design, accBits: first.bits - 1 };
    const failed = proveWidths(narrow).filter(({ status }) => status === 'failed');
    expect(failed).toContainEqual({ ...first, width: first.bits - 1, status: 'failed' });
  });

  test('a threshold out of order is caught', () => {
    const design = smallDesign('ternary-level3');
    const [layer] = design.model.layers;
    const rows = layer.rows.map((row, r) =>
      r === 0 && row.kind === 'threshold' ? { ...row, low: 5, high: 4 } : row,
    );
    const model = { ...design.model, layers: [{ ...layer, rows }] };
    const failed = proveWidths({ ...design, model }).filter(({ status }) => status === 'failed');
    expect(failed.map(({ what }) => what)).toEqual(['thresholds']);
  });

  test('the bound of an accumulator is the sum that the largest activations make', () => {
    const design = smallDesign('int8');
    const { weights } = design.model.head;
    const sums = [0, 1, 2].map((row) =>
      weights.slice(3 * row, 3 * row + 3).reduce((sum, code) => sum + 127 * Math.abs(code), 0),
    );
    const [head] = proveWidths(design).filter(
      ({ where, what }) => where === 'head' && what === 'accumulators',
    );
    expect(head.rows).toEqual(sums);
    expect(head.bound).toBe(Math.max(...sums));
  });
});

test.each([
  ['ternary', 'ternary-level3', {}],
  ['int, of tokens', 'int8-level3', { vocabSize: 4 }],
] as const)(
  'so is one that holds its weights: %s',
  async (_, scheme, more) => {
    const shape = { scheme, inputSize: 3, hiddenSizes: [3, 2], classes: 3, ...more } as const;
    const model = randomModel({ ...shape, when: 'every-step' }, new Random(5));
    const options = { name: 'tiny', rows: 2, columns: 3, dataflow: 'ws', lockstep: 3 } as const;
    const design = plan(model, options);
    const report = await proveDesign(design, { properties: quick });
    expect(report.units.filter(({ status }) => status !== 'proved')).toEqual([]);
    expect(report.widths.map(({ what }) => what)).toContain('sums of tiles');
    expect(report.passed).toBe(true);
    const units = report.units.map(({ unit }) => unit);
    expect(units).toEqual(expect.arrayContaining(['hg_drain_groups', 'hg_hidden_place']));
    // Sums of tiles do not fit a bit less.
    const { stationary } = design;
    const narrow = {
      ...design,
      stationary: { ...stationary!, tileBits: stationary!.tileBits - 1 },
    };
    expect(proveWidths(narrow).some(({ status }) => status === 'failed')).toBe(true);
  },
  60_000,
);
