/** What is proved of each unit, and how. */
import { parameterNumber, type Parameters } from './specification.js';
import { STATIONARY_PROPERTIES } from './stationary-catalogue.js';

/**
 * combinational: for all inputs, in one step. unrolled: `steps` cycles from any state with any inputs, which is
 * each cycle of any run: an inductive step whose hypothesis is that the unit has a state. induction: an invariant,
 * true in the first `steps` cycles and in every cycle after `steps` in which it was. enumeration: every value is read
 * and compared (memories.ts).
 */
export type Method = 'combinational' | 'unrolled' | 'induction' | 'enumeration';

/** Modules that can be replaced by anything: those of rtl-specs/cut/. */
export type CutModule =
  | 'hg_ram'
  | 'hg_rom'
  | 'hg_tanh_lookup'
  | 'hg_tanh_interpolated'
  | 'hg_tanh_piecewise'
  | 'hg_digit_product'
  | 'hg_product_pair'
  | 'hg_multiply_add';

export interface Property {
  /** Module of rtl-templates/. */
  readonly unit: string;
  /** File of rtl-specs/, without `.v`; its module ends in `_spec`. */
  readonly spec: string;
  /** The claim, in a few words. */
  readonly claim: string;
  readonly method: Method;
  readonly steps: number;
  /** Shortest window that is worth trying, where it is known. */
  readonly from?: number;
  /** Modules that are replaced by anything (rtl-specs/cut/). */
  readonly cut?: readonly CutModule[];
  /** Signals inside the unit, or registers of them, whose multiplications are replaced by anything. */
  readonly products?: readonly string[];
  /** Other modules inside. */
  readonly uses?: readonly string[];
  /** Whether a unit with these parameters has the property at all. */
  readonly when?: (parameters: Parameters) => boolean;
  /** Parameters to prove it with, where the unit's own would only repeat the same proof at length. */
  readonly reduce?: (parameters: Parameters) => Parameters;
}

const bits32 = (value: number): string => value.toString(2).padStart(32, '0');

/** Words beyond this repeat what is proved of the others. */
const MOST_PROVED_WORDS = 16;

/** A memory of few words, which are all alike. */
function fewWords(parameters: Parameters): Parameters {
  const depth = Math.min(parameterNumber(parameters.DEPTH), MOST_PROVED_WORDS);
  return { ...parameters, DEPTH: bits32(depth) };
}

/** Short halves and few rows to wait for, which are like long ones and many. */
function fewLines(parameters: Parameters): Parameters {
  const least = (name: string, most: number): string =>
    bits32(Math.min(parameterNumber(parameters[name]), most));
  return {
    ...parameters,
    LINE_WIDTH: least('LINE_WIDTH', 3),
    RELEASE_DELAY: least('RELEASE_DELAY', 4),
  };
}

const has =
  (name: string) =>
  (parameters: Parameters): boolean =>
    name in parameters && parameterNumber(parameters[name]) > 0;

const OWN_PROPERTIES: readonly Property[] = [
  {
    ...{ unit: 'hg_threshold', spec: 'hg_threshold', method: 'combinational', steps: 1 },
    claim: 'level = (acc >= low) + (acc >= high)',
  },
  {
    ...{ unit: 'hg_shift_multiplier', spec: 'hg_shift_multiplier' },
    ...{ method: 'combinational', steps: 1 },
    claim: 'product = floor(level * value / 2)',
  },
  {
    ...{ unit: 'hg_feature_start', spec: 'hg_feature_start', method: 'combinational', steps: 1 },
    claim: 'start = base + token * 2^shift',
  },
  ...['hg_pe_binary', 'hg_pe_ternary', 'hg_pe_pow2'].map((unit): Property => ({
    ...{ unit, spec: unit, method: 'unrolled', steps: 2 },
    claim: "acc' = clear ? 0 : acc + weight * act",
  })),
  {
    ...{ unit: 'hg_pe_popcount', spec: 'hg_pe_popcount', method: 'unrolled', steps: 3 },
    claim: "acc' = clear ? 0 : acc + sum of weight * act",
  },
  {
    ...{ unit: 'hg_pe_int', spec: 'hg_pe_int', method: 'unrolled', steps: 2 },
    products: ['g_product.product'],
    claim: "acc' = clear ? 0 : acc + product",
  },
  {
    ...{ unit: 'hg_pe_int', spec: 'hg_pe_int_product', method: 'combinational', steps: 1 },
    claim: 'product = weight * act, digit by digit',
  },
  {
    ...{ unit: 'hg_pe_int_pair', spec: 'hg_pe_int_pair', method: 'unrolled', steps: 3 },
    cut: ['hg_product_pair'],
    claim: "both acc' = clear ? 0 : acc + product, the southern a cycle later",
  },
  {
    ...{ unit: 'hg_product_pair', spec: 'hg_product_pair', method: 'combinational', steps: 1 },
    claim: 'each product = weight * act, digit by digit',
  },
  {
    ...{ unit: 'hg_digit_product', spec: 'hg_digit_product', method: 'combinational', steps: 1 },
    claim: 'term + negative = digit * multiplicand',
  },
  {
    ...{ unit: 'hg_multiply_add', spec: 'hg_multiply_add', method: 'combinational', steps: 1 },
    cut: ['hg_digit_product'],
    claim: 'sum = addend + sum of digits * 4^d * multiplicand',
  },
  {
    ...{ unit: 'hg_pe_recoded', spec: 'hg_pe_recoded', method: 'unrolled', steps: 2 },
    cut: ['hg_multiply_add'],
    claim: "acc' = clear ? 0 : sum of acc, weight and act",
  },
  {
    ...{ unit: 'hg_requantize', spec: 'hg_requantize', method: 'unrolled', steps: 4 },
    products: ['g_multiplier.product'],
    claim: 'q = saturate(round(product / 2^shift) + bias)',
  },
  {
    ...{ unit: 'hg_requantize', spec: 'hg_requantize_product', method: 'unrolled', steps: 2 },
    claim: 'product = acc * multiplier, digit by digit',
    when: has('MULTIPLIER_WIDTH'),
  },
  {
    ...{ unit: 'hg_combine', spec: 'hg_combine', method: 'unrolled', steps: 3 },
    cut: ['hg_ram'],
    products: ['g_multiply.product'],
    claim: 'sum = table + sum of products, over planes and passes',
  },
  {
    ...{ unit: 'hg_combine', spec: 'hg_combine_product', method: 'unrolled', steps: 2 },
    uses: ['hg_ram'],
    claim: 'product = acc * factor, digit by digit',
    when: ({ FACTOR_KIND }) => parameterNumber(FACTOR_KIND) === 2,
  },
  {
    ...{ unit: 'hg_tanh_lookup', spec: 'hg_tanh_lookup', method: 'unrolled', steps: 3 },
    cut: ['hg_rom', 'hg_tanh_interpolated', 'hg_tanh_piecewise'],
    claim: 'sign(v) table[min(round(|v| / 2^shift), last)], rounded',
  },
  {
    ...{ unit: 'hg_tanh_interpolated', spec: 'hg_tanh_interpolated', method: 'unrolled', steps: 3 },
    cut: ['hg_rom'],
    claim: 'value + n rise / 16, rounded, of the word of 16 indices',
  },
  {
    ...{ unit: 'hg_tanh_piecewise', spec: 'hg_tanh_piecewise', method: 'unrolled', steps: 2 },
    claim: 'tanh(k / 128) = 2 PLAN(k / 64) - 1, below 1',
  },
  {
    ...{ unit: 'hg_argmax', spec: 'hg_argmax', method: 'induction', steps: 3 },
    claim: 'index of the largest logit, the lowest of several',
  },
  {
    ...{ unit: 'hg_value', spec: 'hg_value', method: 'unrolled', steps: 2 },
    claim: 'value = the last logit',
  },
  {
    ...{ unit: 'hg_ram', spec: 'hg_ram', method: 'unrolled', steps: 3, reduce: fewWords },
    claim: 'a word reads what was written to it last',
  },
  {
    ...{ unit: 'hg_weight_bank', spec: 'hg_weight_bank', method: 'unrolled', steps: 2 },
    cut: ['hg_rom'],
    claim: 'word and address, one cycle later',
  },
  {
    ...{ unit: 'hg_weight_bank_ram', spec: 'hg_weight_bank_ram', method: 'unrolled', steps: 2 },
    cut: ['hg_ram'],
    claim: 'word and address, one cycle later; written where it is loaded',
  },
  {
    ...{ unit: 'hg_trits', spec: 'hg_trits', method: 'combinational', steps: 1 },
    claim: 'five codes of -1, 0, +1, which give the byte, base 3',
  },
  {
    ...{ unit: 'hg_weight_bank_stream', spec: 'hg_weight_bank_stream' },
    ...{ method: 'unrolled', steps: 2, cut: ['hg_ram'] },
    claim: 'word of the line, one cycle later; 0 where none is taken',
  },
  {
    ...{ unit: 'hg_weight_stream', spec: 'hg_weight_stream', method: 'induction', steps: 4 },
    claim: 'no beat lost or made up; no half written while it is read',
    reduce: fewLines,
  },
  {
    ...{ unit: 'hg_axi_lite', spec: 'hg_axi_lite', method: 'induction', steps: 6 },
    claim: 'every access done once, with its own data, and answered once; valid stays',
  },
  {
    ...{ unit: 'hg_stream_out', spec: 'hg_stream_out', method: 'induction', steps: 6 },
    claim: 'valid stays until ready; as many beats as results',
  },
  {
    ...{ unit: 'hg_stream_in', spec: 'hg_stream_in', method: 'induction', steps: 6 },
    claim: 'no beat lost, made up or overwritten; ready if there is room',
  },
  {
    ...{ unit: 'hg_sequence_in', spec: 'hg_sequence_in', method: 'induction', steps: 6 },
    claim: 'no beat lost or made up; ready unless a sequence waits',
  },
  {
    ...{ unit: 'hg_cell_level', spec: 'hg_cell_level', method: 'induction', steps: 6 },
    ...{ cut: ['hg_ram', 'hg_tanh_lookup'], uses: ['hg_shift_multiplier'], from: 5 },
    claim: "c' = saturate(f c + i g), h = saturate(round(o tanh(s c')))",
  },
  {
    ...{ unit: 'hg_cell_int16', spec: 'hg_cell_int16', method: 'induction', steps: 8 },
    ...{ cut: ['hg_ram', 'hg_tanh_lookup'], products: ['product', 'output_q'], from: 7 },
    claim: "c' = saturate(round(f c + i g)), h = saturate(round(o tanh(s c')))",
  },
  {
    ...{ unit: 'hg_drain', spec: 'hg_drain', method: 'induction', steps: 6, from: 2 },
    claim: 'row r drains r + 2 cycles after flush, with its output and word',
  },
  {
    ...{ unit: 'hg_pack', spec: 'hg_pack', method: 'induction', steps: 3 },
    claim: 'field n of a word is its n-th element, 0 behind the last',
  },
  {
    ...{ unit: 'hg_queue', spec: 'hg_queue', method: 'induction', steps: 3 },
    cut: ['hg_ram'],
    claim: 'what is not zero, side by side with its place; how many of a list',
  },
  {
    ...{ unit: 'hg_source_token', spec: 'hg_source_token', method: 'unrolled', steps: 2 },
    cut: ['hg_rom'],
    claim: 'word {token, index} of the token loaded last',
  },
  {
    ...{ unit: 'hg_drain_planes', spec: 'hg_drain_planes', method: 'induction', steps: 6, from: 2 },
    claim: 'row r drains r + 2 cycles after flush, with its plane, output, factor',
  },
  ...['hg_source_dense', 'hg_sequence_dense'].map((unit): Property => ({
    ...{ unit, spec: unit, method: 'induction', steps: 3 },
    ...{ cut: ['hg_ram'], uses: ['hg_pack'] },
    claim: 'elements gathered to words; written and read at their address',
  })),
  {
    ...{ unit: 'hg_source_features', spec: 'hg_source_features', method: 'unrolled', steps: 2 },
    ...{ cut: ['hg_rom'], uses: ['hg_feature_start'] },
    claim: "word index of the row of the feature's token loaded last",
  },
  {
    ...{ unit: 'hg_source_features_ram', spec: 'hg_source_features_ram' },
    ...{ method: 'unrolled', steps: 2, cut: ['hg_ram'], uses: ['hg_feature_start'] },
    claim: "word index of the row of the feature's token loaded last",
  },
  {
    ...{ unit: 'hg_sequence_tokens_ram', spec: 'hg_sequence_tokens_ram' },
    ...{ method: 'combinational', steps: 1, cut: ['hg_ram'], uses: ['hg_feature_start'] },
    claim: 'word index of the row of the token at the address',
  },
  {
    ...{
      unit: 'hg_sequence_tokens',
      spec: 'hg_sequence_tokens',
      method: 'combinational',
      steps: 1,
    },
    ...{ cut: ['hg_ram', 'hg_rom'], uses: ['hg_feature_start'] },
    claim: 'word index of the row of the token at the address',
  },
];

export const PROPERTIES: readonly Property[] = [...OWN_PROPERTIES, ...STATIONARY_PROPERTIES];
