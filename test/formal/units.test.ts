/** Proofs that succeed of the units as they are, and fail, with values, of units with one planted fault. */
import { describe, expect, test } from 'vitest';
import { templateSource } from '../../src/emit/render.js';
import { PROPERTIES, type Property } from '../../src/formal/catalogue.js';
import { prove, type Proof } from '../../src/formal/prove.js';

const bits32 = (value: number): string => (value >>> 0).toString(2).padStart(32, '0');

/** The property that a specification states. */
function propertyOf(spec: string): Property {
  const found = PROPERTIES.find((property) => property.spec === spec);
  if (found === undefined) throw new Error(`no property ${spec}`);
  return found;
}

/** Prove a property with these parameters, of the unit as it is or with one text replaced by another. */
function proofOf(
  spec: string,
  parameters: Readonly<Record<string, number | string>>,
  fault?: { readonly from: string; readonly to: string },
): Promise<Proof> {
  const property = propertyOf(spec);
  const names = [property.unit, ...(property.uses ?? [])];
  const sources = Object.fromEntries(
    names.map((name) => [`${name}.v`, templateSource(`${name}.v`)]),
  );
  if (fault !== undefined) {
    const file = `${property.unit}.v`;
    expect(sources[file].split(fault.from)).toHaveLength(2);
    sources[file] = sources[file].replace(fault.from, () => fault.to);
  }
  const bits = Object.entries(parameters).map(([name, value]): [string, string] => [
    name,
    typeof value === 'number' ? bits32(value) : value,
  ]);
  return prove(property, Object.fromEntries(bits), sources, { limitSeconds: 60 });
}

/** Two layers of one unit and two. */
const CELL = {
  ...{ LAYERS: 2, UNITS: 3, UNIT_WIDTH: 2, HIDDEN_WIDTH: 3 },
  ...{ CELL_BASES: '0100', HIDDEN_BASES: '100011001000' },
} as const;
/** Decisions of 1, 2, 3 and 17, of each layer. */
const TERNARY = {
  ACT_WIDTH: 2,
  CELL_DECISIONS: '010001000011000010000001'.repeat(2),
} as const;

/** A layer of 1, 1, 2, 1 planes and a head of 2, two passes. */
const PLANES = {
  ...{ ROW_SELECT_WIDTH: 2, ROW_ADDR_WIDTH: 4, JOBS: 2, JOB_WIDTH: 1, PLACE_WIDTH: 3, PASSES: 2 },
  ...{ LAST_PLACES: '001100', LAST_PLANES: '0000001000011011', FACTOR_ADDR_WIDTH: 6 },
} as const;
const FEATURES = {
  ...{ WIDTH: 4, FEATURES: 2, TOKEN_WIDTH: 3, START_WIDTH: 4, UNIT_WIDTH: 2, INDEX_WIDTH: 2 },
  ...{ BASES: '10000000', SHIFTS: '0000000000000001' },
} as const;

describe('a unit equals its specification', () => {
  test.each([
    ['hg_threshold', { ACC_WIDTH: 9 }],
    ['hg_shift_multiplier', { LEVELS: 3, WIDTH: 8 }],
    ['hg_shift_multiplier', { LEVELS: 2, WIDTH: 8 }],
    [
      'hg_feature_start',
      {
        ...{ FEATURES: 2, TOKEN_WIDTH: 4, START_WIDTH: 6 },
        BASES: '100000000011',
        SHIFTS: '0000000000000001',
      },
    ],
    ['hg_pe_binary', { ACC_WIDTH: 6 }],
    ['hg_pe_ternary', { ACC_WIDTH: 12 }],
    ['hg_pe_pow2', { WEIGHT_WIDTH: 3, ACC_WIDTH: 13 }],
    ['hg_pe_int', { WEIGHT_WIDTH: 4, ACC_WIDTH: 14 }],
    ['hg_pe_int_product', { ACT_WIDTH: 5, WEIGHT_WIDTH: 4, ACC_WIDTH: 12 }],
    ['hg_digit_product', { WIDTH: 8, IS_TOP: 0 }],
    ['hg_digit_product', { WIDTH: 8, IS_TOP: 1 }],
    ...[2, 3, 4, 5, 6, 7, 8].map(
      (bits) =>
        [
          'hg_multiply_add',
          { MULTIPLICAND_WIDTH: 8, MULTIPLIER_WIDTH: bits, SUM_WIDTH: 24 },
        ] as const,
    ),
    ['hg_multiply_add', { MULTIPLICAND_WIDTH: 8, MULTIPLIER_WIDTH: 8, SUM_WIDTH: 11 }],
    ['hg_pe_recoded', { WEIGHT_WIDTH: 8, ACC_WIDTH: 20 }],
    ['hg_pe_popcount', { PACK: 8, WEIGHT_BITS: 2, ACC_WIDTH: 7 }],
    ['hg_pe_popcount', { PACK: 4, WEIGHT_BITS: 1, ACC_WIDTH: 3 }],
    ['hg_pe_int_pair', { WEIGHT_WIDTH: 5, ACC_WIDTH: 9 }],
    ['hg_product_pair', { WEIGHT_WIDTH: 4 }],
    ['hg_product_pair', {}],
    ['hg_requantize', { ACC_WIDTH: 10, SHIFT_MIN: 3, SELECT_WIDTH: 2 }],
    ['hg_requantize', { ACC_WIDTH: 8, MULTIPLIER_WIDTH: 0, SHIFT_MIN: -3, SELECT_WIDTH: 3 }],
    ['hg_requantize_product', { ACC_WIDTH: 7, MULTIPLIER_WIDTH: 4 }],
    ['hg_combine', { ACC_WIDTH: 6, FACTOR_KIND: 2, SUM_WIDTH: 12, PASSES: 2, TABLE_WIDTH: 8 }],
    ['hg_combine', { ACC_WIDTH: 6, FACTOR_KIND: 1, FACTOR_WIDTH: 2, SUM_WIDTH: 9 }],
    ['hg_combine', { ACC_WIDTH: 6, FACTOR_KIND: 0, SUM_WIDTH: 8, TABLE_WIDTH: 8 }],
    ['hg_combine_product', { ACC_WIDTH: 6, FACTOR_WIDTH: 4 }],
    ['hg_tanh_lookup', { VALUE_WIDTH: 10, SHIFT: 2, DEPTH: 64, ENTRY_WIDTH: 6, OUT_WIDTH: 7 }],
    [
      'hg_tanh_lookup',
      { ...{ VALUE_WIDTH: 7, SHIFT: 0, DEPTH: 33 }, ENTRY_WIDTH: 7, DROP: 3, OUT_WIDTH: 6 },
    ],
    ...[1, 2].map(
      (FORM) => ['hg_tanh_lookup', { VALUE_WIDTH: 12, SHIFT: 1, DEPTH: 512, FORM }] as const,
    ),
    ['hg_tanh_interpolated', { WIDTH: 12, DEPTH: 512, ADDR_WIDTH: 9 }],
    ['hg_tanh_interpolated', { WIDTH: 13, DEPTH: 257, ADDR_WIDTH: 9 }],
    ['hg_tanh_piecewise', {}],
    ['hg_argmax', { INDEX_WIDTH: 3 }],
    ['hg_value', {}],
    ['hg_ram', { WIDTH: 3, DEPTH: 5, ADDR_WIDTH: 3 }],
    ['hg_weight_bank', { WIDTH: 2, DEPTH: 8, ADDR_WIDTH: 3 }],
    ['hg_cell_level', { ...CELL, CELL_BITS: 5, CELL_FRACTION: 3, ACT_WIDTH: 8 }],
    ['hg_cell_level', { ...CELL, CELL_BITS: 5, CELL_FRACTION: 0, ...TERNARY, LEVELS: 2 }],
    ['hg_cell_int16', { ...CELL, CELL_BITS: 4, CELL_FRACTION: 2, ACT_WIDTH: 8 }],
    [
      'hg_drain',
      { ...{ ROW_SELECT_WIDTH: 2, ROW_ADDR_WIDTH: 4, JOBS: 3 }, ROW_BASES: '100101000001' },
    ],
    ['hg_pack', { WIDTH: 2, INDEX_WIDTH: 2, ADDR_WIDTH: 2 }],
    ['hg_queue', { WIDTH: 2, INDEX_WIDTH: 2, DEPTH: 16, ADDR_WIDTH: 4, LISTS: 3, LIST_WIDTH: 2 }],
    ['hg_drain_planes', PLANES],
    ['hg_drain_planes', { ...PLANES, FACTOR_BY_SUM: 1, SUM_BASES: '010010000001' }],
    ['hg_source_dense', { ...{ WIDTH: 2, PACK_WIDTH: 2, INDEX_WIDTH: 2 }, LAST_INDEX: '1010' }],
    ['hg_source_features', { ...FEATURES, DEPTH: 64 }],
    [
      'hg_sequence_dense',
      { ...{ WIDTH: 2, PACK_WIDTH: 2, INDEX_WIDTH: 3, ADDR_WIDTH: 3 }, LAST_INDEX: '101' },
    ],
    ['hg_sequence_tokens', { ...FEATURES, TOKENS: 8, TOKEN_ADDR_WIDTH: 3, DEPTH: 64 }],
    ['hg_source_token', { WIDTH: 4, TOKEN_WIDTH: 3, INDEX_WIDTH: 2 }],
    ['hg_source_features_ram', { ...FEATURES, DEPTH: 64 }],
    ['hg_sequence_tokens_ram', { ...FEATURES, TOKENS: 8, TOKEN_ADDR_WIDTH: 3, DEPTH: 64 }],
    ['hg_weight_bank_ram', { WIDTH: 2, DEPTH: 8, ADDR_WIDTH: 3 }],
    ['hg_axi_lite', { ADDR_WIDTH: 5 }],
    ['hg_stream_out', {}],
    ['hg_stream_in', { INDEX_WIDTH: 3, LAST_INDEX: '100' }],
    [
      'hg_sequence_in',
      { ...{ INDEX_WIDTH: 3, PACK_WIDTH: 1, ADDR_WIDTH: 4 }, LAST_INDEX: '100', LAST_STEP: '1001' },
    ],
  ] as const)('%s %o', async (spec, parameters) => {
    expect(await proofOf(spec, parameters)).toMatchObject({ status: 'proved' });
  });
});

describe('a planted fault is caught, with values that show it', () => {
  test.each([
    {
      title: 'a response that does not wait to be taken',
      spec: 'hg_axi_lite',
      parameters: { ADDR_WIDTH: 5 },
      from: 'if (s_axil_bready) s_axil_bvalid',
      to: 's_axil_bvalid',
    },
    {
      title: 'a write done while the response before still waits',
      spec: 'hg_axi_lite',
      parameters: { ADDR_WIDTH: 5 },
      from: 'has_w_q && (!s_axil_bvalid || s_axil_bready)',
      to: 'has_w_q',
    },
    {
      title: 'data taken while others wait for their address',
      spec: 'hg_axi_lite',
      parameters: { ADDR_WIDTH: 5 },
      from: 'assign s_axil_wready = !has_w_q',
      to: 'assign s_axil_wready = !has_aw_q || !has_w_q',
    },
    {
      title: 'read data that change while they wait',
      spec: 'hg_axi_lite',
      parameters: { ADDR_WIDTH: 5 },
      from: 'if (read_o) begin\n      s_axil_rdata',
      to: 'if (has_ar_q) begin\n      s_axil_rdata',
    },
    {
      title: 'a threshold off by one',
      spec: 'hg_threshold',
      parameters: { ACC_WIDTH: 9 },
      from: 'acc_i < low_i',
      to: 'acc_i <= low_i',
    },
    {
      title: 'an unsigned threshold, which makes the comparison unsigned',
      spec: 'hg_threshold',
      parameters: { ACC_WIDTH: 9 },
      from: 'input  wire signed [ACC_WIDTH-1:0] high_i',
      to: 'input  wire        [ACC_WIDTH-1:0] high_i',
    },
    {
      title: 'a logical shift where the half of a negative value is meant',
      spec: 'hg_shift_multiplier',
      parameters: { WIDTH: 8 },
      from: '{value_i[WIDTH-1], value_i[WIDTH-1:1]}',
      to: "{1'b0, value_i[WIDTH-1:1]}",
    },
    {
      title: 'rounding down instead of half up',
      spec: 'hg_requantize',
      parameters: { ACC_WIDTH: 10, SHIFT_MIN: 3, SELECT_WIDTH: 2 },
      from: '(halves + ONE) >>> 1',
      to: 'halves >>> 1',
    },
    {
      title: 'no saturation',
      spec: 'hg_requantize',
      parameters: { ACC_WIDTH: 10, SHIFT_MIN: 3, SELECT_WIDTH: 2 },
      from: 'if (overflows)',
      to: "if (1'b0)",
    },
    {
      title: 'a multiplier whose top digit counts as a sign',
      spec: 'hg_requantize_product',
      parameters: { ACC_WIDTH: 7, MULTIPLIER_WIDTH: 4 },
      from: "multiplier = {1'b0, multiplier_i}",
      to: 'multiplier = $signed(multiplier_i)',
    },
    {
      title: 'an unsigned operand of a product',
      spec: 'hg_pe_int_product',
      parameters: { ACT_WIDTH: 5, WEIGHT_WIDTH: 4, ACC_WIDTH: 12 },
      from: 'product = act_i * weight_i',
      to: 'product = act_i * $unsigned(weight_i)',
    },
    {
      title: 'a digit -2 that is taken for -1',
      spec: 'hg_digit_product',
      parameters: {},
      from: '~once : ~twice',
      to: '~once : ~once',
    },
    {
      title: 'a top digit without the 2 of its carry',
      spec: 'hg_digit_product',
      parameters: { IS_TOP: 1 },
      from: '(high_i ^ is_full) && !is_odd',
      to: 'high_i && !is_odd',
    },
    {
      title: 'a term one bit too far to the left',
      spec: 'hg_multiply_add',
      parameters: {},
      from: 'localparam LOW = 2 * d;',
      to: 'localparam LOW = d == 3 ? 5 : 2 * d;',
    },
    {
      title: 'a carry that skips a digit',
      spec: 'hg_multiply_add',
      parameters: {},
      from: '.carry_i       (carry[d])',
      to: '.carry_i       (carry[d > 2 ? 2 : d])',
    },
    {
      title: 'the missing one of the lowest term forgotten',
      spec: 'hg_multiply_add',
      parameters: {},
      from: 'wide[SUM_WIDTH-1:0], negative[0]}',
      to: "wide[SUM_WIDTH-1:0], 1'b0}",
    },
    {
      title: 'an element that adds to the sum it clears',
      spec: 'hg_pe_recoded',
      parameters: {},
      from: 'if (clear_i)',
      to: "if (1'b0)",
    },
    {
      title: 'a sign that is not extended',
      spec: 'hg_pe_ternary',
      parameters: { ACC_WIDTH: 12 },
      from: '{{ACC_WIDTH{addend[ACT_WIDTH-1]}}, addend}',
      to: "{{ACC_WIDTH{1'b0}}, addend}",
    },
    {
      title: 'a dropped carry of the negative sign',
      spec: 'hg_pe_pow2',
      parameters: { WEIGHT_WIDTH: 3, ACC_WIDTH: 13 },
      from: 'wide[ACC_WIDTH-1:0], is_negative}',
      to: "wide[ACC_WIDTH-1:0], 1'b0}",
    },
    {
      title: 'a queue that counts its last element even where it is zero',
      spec: 'hg_queue',
      parameters: { WIDTH: 2, INDEX_WIDTH: 2, DEPTH: 16, ADDR_WIDTH: 4, LISTS: 3, LIST_WIDTH: 2 },
      from: 'count_q[list_q] <= kept',
      to: "count_q[list_q] <= kept_q + 1'b1",
    },
    {
      title: 'no clear',
      spec: 'hg_pe_binary',
      parameters: { ACC_WIDTH: 10 },
      from: 'if (clear_i)',
      to: "if (1'b0)",
    },
    {
      title: 'a pair that counts nothing',
      spec: 'hg_pe_popcount',
      parameters: { PACK: 4, ACC_WIDTH: 6 },
      from: 'for (b = 0; b < GROUP;',
      to: 'for (b = 1; b < GROUP;',
    },
    {
      title: 'a pass that forgets those before it',
      spec: 'hg_combine',
      parameters: { ACC_WIDTH: 6, FACTOR_KIND: 2, SUM_WIDTH: 12, PASSES: 2, TABLE_WIDTH: 8 },
      from: '{SUM_WIDTH{!pass_first_q}}',
      to: "{SUM_WIDTH{1'b0}}",
    },
    {
      title: 'an index that does not round',
      spec: 'hg_tanh_lookup',
      parameters: { VALUE_WIDTH: 10, SHIFT: 2, DEPTH: 64, ENTRY_WIDTH: 6, OUT_WIDTH: 7 },
      from: 'half_i ? ONE << SHIFT : (ONE << SHIFT) >> 1',
      to: 'half_i ? ONE << SHIFT : 0',
    },
    {
      title: 'a southern element that clears with the northern',
      spec: 'hg_pe_int_pair',
      parameters: { WEIGHT_WIDTH: 5, ACC_WIDTH: 9 },
      from: 'clear_q ? {ACC_WIDTH',
      to: 'clear_i ? {ACC_WIDTH',
    },
    {
      title: 'two products of one activation',
      spec: 'hg_product_pair',
      parameters: { WEIGHT_WIDTH: 4 },
      from: 'act_1 = acts_i[15:8]',
      to: 'act_1 = acts_i[7:0]',
    },
    {
      title: 'a line that does not round',
      spec: 'hg_tanh_interpolated',
      parameters: { WIDTH: 12, DEPTH: 512, ADDR_WIDTH: 9 },
      from: "{value, 4'd8}",
      to: "{value, 4'd0}",
    },
    {
      title: 'a line that ends too late',
      spec: 'hg_tanh_piecewise',
      parameters: {},
      from: "16'd150",
      to: "16'd160",
    },
    {
      title: 'the highest index of a tie',
      spec: 'hg_argmax',
      parameters: { INDEX_WIDTH: 3 },
      from: 'logit_i > best_q',
      to: 'logit_i >= best_q',
    },
    {
      title: 'a cell that wraps instead of saturating',
      spec: 'hg_cell_level',
      parameters: { ...CELL, CELL_BITS: 5, CELL_FRACTION: 3, ACT_WIDTH: 8 },
      from: 'if (c_overflows)',
      to: "if (1'b0)",
    },
    {
      title: 'a cell update without the half of its rounding',
      spec: 'hg_cell_int16',
      parameters: { ...CELL, CELL_BITS: 4, CELL_FRACTION: 2, ACT_WIDTH: 8 },
      from: 'ONE <<< (SUM_FRACTION - 1)',
      to: 'ONE <<< (SUM_FRACTION - 2)',
    },
    {
      title: 'a drain that begins a cycle early',
      spec: 'hg_drain',
      parameters: { ROW_SELECT_WIDTH: 2, ROW_ADDR_WIDTH: 4 },
      from: 'else if (start_q) valid_o <= 1',
      to: 'else if (flush_i) valid_o <= 1',
    },
    {
      title: 'a second pass that goes on instead of beginning again',
      spec: 'hg_drain_planes',
      parameters: PLANES,
      from: 'state_d = start_state_q;',
      to: 'state_d = state_after;',
    },
    {
      title: 'a buffer that is not told from the other',
      spec: 'hg_source_dense',
      parameters: { ...{ WIDTH: 2, PACK_WIDTH: 2, INDEX_WIDTH: 2 }, LAST_INDEX: '1010' },
      from: '.read_addr_i ({buffer_i, index_i})',
      to: ".read_addr_i ({1'b0, index_i})",
    },
    {
      title: 'a word that keeps an element of the one before',
      spec: 'hg_pack',
      parameters: { WIDTH: 2, INDEX_WIDTH: 2, ADDR_WIDTH: 2 },
      from: '{WIDTH{|index}}',
      to: "{WIDTH{1'b1}}",
    },
    {
      title: 'a valid that drops under back-pressure',
      spec: 'hg_stream_out',
      parameters: {},
      from: 'else if (m_axis_tready) m_axis_tvalid',
      to: 'else m_axis_tvalid',
    },
    {
      title: 'a beat that is taken without room for it',
      spec: 'hg_stream_in',
      parameters: { INDEX_WIDTH: 3, LAST_INDEX: '100' },
      from: '!full_q[load_buffer_o]',
      to: '!full_q[0] || !full_q[1] || s_axis_tlast',
    },
    {
      title: 'a sequence that ends one word late',
      spec: 'hg_sequence_in',
      parameters: { ...{ INDEX_WIDTH: 1, ADDR_WIDTH: 3 }, LAST_INDEX: '0', LAST_STEP: '001' },
      from: 'last_step_o == LAST_STEP',
      to: 'last_step_o > LAST_STEP',
    },
  ])('$title', async ({ spec, parameters, from, to }) => {
    const proof = await proofOf(spec, parameters, { from, to });
    expect(proof.status).toBe('failed');
    expect(proof.counterexample?.cycles.length).toBeGreaterThan(0);
  });
});

test('the values of a counterexample break the claim', async () => {
  const fault = { from: 'acc_i < low_i', to: 'acc_i <= low_i' };
  const { counterexample } = await proofOf('hg_threshold', { ACC_WIDTH: 9 }, fault);
  const [{ values }] = counterexample!.cycles;
  expect(values.acc_i).toBe(values.low_i);
  expect(Number(values.expected)).toBe(Number(values.level_o) + 1);
});

test('a proof beyond its time limit is unfinished, not proved', async () => {
  const property = propertyOf('hg_requantize_product');
  const parameters = { ACC_WIDTH: bits32(24), MULTIPLIER_WIDTH: bits32(16) };
  const sources = { 'hg_requantize.v': templateSource('hg_requantize.v') };
  const proof = await prove(property, parameters, sources, { limitSeconds: 1 });
  expect(proof.status).toBe('unfinished');
});
