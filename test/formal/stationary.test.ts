/** Proofs of the units of weight-stationary designs, and of each that they fail with a planted fault. */
import { describe, expect, test } from 'vitest';
import { templateSource } from '../../src/emit/render.js';
import { prove, type Proof } from '../../src/formal/prove.js';
import { STATIONARY_PROPERTIES } from '../../src/formal/stationary-catalogue.js';

type Parameters = Readonly<Record<string, number | string>>;

const bits32 = (value: number): string => value.toString(2).padStart(32, '0');

function proofOf(spec: string, parameters: Parameters, from?: string, to = ''): Promise<Proof> {
  const property = STATIONARY_PROPERTIES.find((one) => one.spec === spec)!;
  const file = `${property.unit}.v`;
  const source = templateSource(file);
  if (from !== undefined) expect(source.split(from)).toHaveLength(2);
  const sources = { [file]: from === undefined ? source : source.replace(from, () => to) };
  const bits = Object.entries(parameters).map(([name, value]): [string, string] => [
    name,
    typeof value === 'number' ? bits32(value) : value,
  ]);
  return prove(property, Object.fromEntries(bits), sources, { limitSeconds: 60 });
}

const SEQUENCES = { SEQUENCE_WIDTH: 2, LAST_SEQUENCE: '10' } as const;
const DRAIN = {
  ...SEQUENCES,
  ...{ COLUMN_WIDTH: 2, LAST_COLUMN: '10', BLOCK_WIDTH: 2, ROW_ADDR_WIDTH: 5 },
} as const;
/** Layers of 5 and 4 units in groups of 3, on three rows. */
const HIDDEN = {
  ...SEQUENCES,
  ...{ ROW_WIDTH: 2, LAST_ROW: '10', GROUP_WIDTH: 2, LAST_OF_GROUP: '10', UNIT_WIDTH: 3 },
  ...{ TILE_WIDTH: 3, LAYERS: 2, LAST_UNITS: '011100', TILE_BASES: '010000', BANK_TILES: '100' },
} as const;
const INPUT = { ...SEQUENCES, ROW_WIDTH: 2, LAST_ROW: '10', TILE_WIDTH: 2 } as const;
const ROW = { WIDTH: 4, ADDR_WIDTH: 5, X_ADDR_WIDTH: 5, H_ADDR_WIDTH: 3 } as const;

/** Unit, parameters, and a fault: a text of the unit, and what stands there instead. */
const CASES: readonly (readonly [string, Parameters, string, string])[] = [
  ['hg_pe_stationary_ternary', { SUM_WIDTH: 11 }, 'if (shift_i)', 'if (!shift_i)'],
  [
    'hg_pe_stationary_int',
    { WEIGHT_WIDTH: 4, SUM_WIDTH: 14 },
    'if (swap_i) weight_q <= weight_o',
    'if (swap_i) weight_q <= weight_i',
  ],
  [
    'hg_pe_stationary_int_product',
    { ACT_WIDTH: 5, WEIGHT_WIDTH: 4, SUM_WIDTH: 12 },
    'act_i * weight_q',
    'act_i * weight_o',
  ],
  [
    'hg_pe_stationary_recoded',
    { WEIGHT_WIDTH: 4, SUM_WIDTH: 14 },
    '.multiplier_i  (weight_q)',
    '.multiplier_i  (weight_o)',
  ],
  ['hg_operand_row', ROW, 'if (!valid_o)', 'if (!valid_i)'],
  [
    'hg_operand_row',
    { ...ROW, X_ROM: 1 },
    'input_o ? x_data : h_data',
    'input_i ? x_data : h_data',
  ],
  ['hg_tile_sums', { PSUM_WIDTH: 6 }, 'first_o ? {SUM_WIDTH', '!first_o ? {SUM_WIDTH'],
  ['hg_tile_tags', SEQUENCES, 'if (arrive_i) tag_o <= next_q', 'if (start_i) tag_o <= next_q'],
  ['hg_drain_groups', DRAIN, 'at_last_sequence ? next_row : row_base_q', 'next_row'],
  ['hg_input_place', INPUT, 'if (row_o == LAST_ROW) tile_o', 'if (row_o != LAST_ROW) tile_o'],
  ['hg_hidden_place', HIDDEN, 'returns ? group_tile_q', '!returns ? group_tile_q'],
  ['hg_results', SEQUENCES, 'm_axis_tvalid <= left !=', 'm_axis_tvalid <= ready_q !='],
];

describe('a unit of a weight-stationary design', () => {
  test.each(CASES)('%s %o equals its specification', async (spec, parameters) => {
    expect(await proofOf(spec, parameters)).toMatchObject({ status: 'proved' });
  });

  test.each(CASES)('%s %o with a fault does not: %s', async (spec, parameters, from, to) => {
    expect(await proofOf(spec, parameters, from, to)).toMatchObject({ status: 'failed' });
  });

  test('has a fault planted for each of its properties', () => {
    const covered = new Set(CASES.map(([spec]) => spec));
    expect(STATIONARY_PROPERTIES.filter(({ spec }) => !covered.has(spec))).toEqual([]);
  });
});
