// The units that bench/units.mjs measures, at the widths of the forms they are compared with.
import { readFileSync } from 'node:fs';
import { tanhFile } from '../../dist/src/emit/memories.js';
import { SCHEMES } from '../../dist/src/quant/scheme.js';

// Outputs that pass operands on to the next element are left open: what remains is the unit itself.
const ELEMENT = ['clear_o', 'act_o', 'weight_o'];
const RECODED = ['hg_multiply_add', 'hg_digit_product'];
const CELL = ['hg_ram', 'hg_rom', 'hg_tanh_lookup', 'hg_shift_multiplier'];
const CELL_SIZES = { LAYERS: 1, UNITS: 32, UNIT_WIDTH: 5, HIDDEN_WIDTH: 6 };
const tanhOf = (tanh) => ({ 'tanh.hex': tanhFile({ scheme: { ...SCHEMES.int8, tanh } }) });
const TABLE = tanhOf('table');
const LOOKUP = ['hg_rom', 'hg_tanh_interpolated', 'hg_tanh_piecewise'];
const SQUASH = { SQUASH_FILE: '"tanh.hex"' };

/**
 * name: in the table; module: of rtl-templates/; uses: other modules; open: outputs left open; peer: of
 * peers/units.json; memory: whether it holds one, which no cell library has.
 */
export const UNITS = [
  {
    ...{ name: 'ternary MAC, 24 bits', module: 'hg_pe_ternary', open: ELEMENT },
    ...{ parameters: { ACC_WIDTH: 24 }, peer: 'mac_tern_sr24' },
  },
  {
    ...{ name: 'ternary MAC, 16 bits', module: 'hg_pe_ternary', open: ELEMENT },
    ...{ parameters: { ACC_WIDTH: 16 }, peer: 'mac_tern_sr16' },
  },
  {
    ...{ name: 'binary MAC, 24 bits', module: 'hg_pe_binary', open: ELEMENT },
    ...{ parameters: { ACC_WIDTH: 24 }, peer: 'mac_bin_sr24' },
  },
  {
    ...{ name: 'binary MAC, 16 bits', module: 'hg_pe_binary', open: ELEMENT },
    ...{ parameters: { ACC_WIDTH: 16 }, peer: 'mac_bin_sr16' },
  },
  {
    ...{ name: 'power-of-two MAC, +-64, 24 bits', module: 'hg_pe_pow2', open: ELEMENT },
    parameters: { WEIGHT_WIDTH: 4, ACC_WIDTH: 24 },
  },
  {
    ...{ name: 'popcount MAC, 8 ternary pairs, 16 bits', module: 'hg_pe_popcount', open: ELEMENT },
    parameters: { PACK: 8, WEIGHT_BITS: 2, ACC_WIDTH: 16 },
  },
  {
    ...{ name: 'int4 MAC recoded, 20 bits', module: 'hg_pe_recoded', open: ELEMENT },
    ...{ uses: RECODED, parameters: { WEIGHT_WIDTH: 4, ACC_WIDTH: 20 } },
  },
  {
    ...{ name: 'int8 MAC recoded, 24 bits', module: 'hg_pe_recoded', open: ELEMENT },
    ...{ uses: RECODED, parameters: { ACC_WIDTH: 24 }, peer: 'mac_int8_r4_24' },
  },
  {
    ...{ name: 'int8 MAC recoded, 32 bits', module: 'hg_pe_recoded', open: ELEMENT },
    ...{ uses: RECODED, parameters: { ACC_WIDTH: 32 }, peer: 'mac_int8_r4_32' },
  },
  {
    ...{ name: 'int8 MAC by `*`, no DSP, 24 bits', module: 'hg_pe_int', open: ELEMENT },
    ...{ parameters: { ACC_WIDTH: 24 }, peer: 'mac_int8_sr24' },
  },
  {
    ...{ name: 'int8 MAC by `*`, DSP, 24 bits', module: 'hg_pe_int', open: ELEMENT },
    ...{ parameters: { ACC_WIDTH: 24 }, peer: 'mac_int8_sr24', dsp: true },
  },
  {
    ...{ name: 'gate times value, 16 bits', module: 'hg_shift_multiplier' },
    ...{ parameters: { WIDTH: 16 }, peer: 'gate_mul16_floor' },
  },
  {
    ...{ name: 'gate times value, 8 bits', module: 'hg_shift_multiplier' },
    ...{ parameters: { WIDTH: 8 }, peer: 'gate_mul8_floor' },
  },
  {
    ...{ name: 'thresholds from memory, 16 bits', module: 'hg_threshold' },
    ...{ parameters: { ACC_WIDTH: 16 }, peer: 'gate_q3_prog' },
  },
  {
    ...{ name: 'cell arithmetic, three-level gates', module: 'cell_arithmetic' },
    ...{ uses: ['hg_shift_multiplier'], parameters: {}, peer: 'ew_gate_floor' },
    own: readFileSync(new URL('cell_arithmetic.v', import.meta.url), 'utf8'),
  },
  {
    ...{ name: 'cell unit, three-level gates, whole', module: 'hg_cell_level', uses: CELL },
    ...{ parameters: { ...CELL_SIZES, ...SQUASH }, files: TABLE, memory: true },
  },
  {
    ...{ name: 'cell unit, int16 gates, DSP, whole', module: 'hg_cell_int16', uses: CELL, dsp: true },
    ...{ parameters: { ...CELL_SIZES, ...SQUASH }, files: TABLE, memory: true },
  },
  {
    ...{ name: 'requantizer, 24 x 8 bits, no DSP', module: 'hg_requantize' },
    parameters: { ACC_WIDTH: 24, MULTIPLIER_WIDTH: 8, SHIFT_MIN: 8, SELECT_WIDTH: 1 },
  },
  {
    ...{ name: 'requantizer, 24 x 8 bits, DSP', module: 'hg_requantize', dsp: true },
    parameters: { ACC_WIDTH: 24, MULTIPLIER_WIDTH: 8, SHIFT_MIN: 8, SELECT_WIDTH: 1 },
  },
  {
    ...{ name: 'requantizer, shifts alone, 16 bits', module: 'hg_requantize' },
    parameters: { ACC_WIDTH: 16, MULTIPLIER_WIDTH: 0, SHIFT_MIN: 3, SELECT_WIDTH: 2 },
  },
  {
    ...{ name: 'two int8 MACs in a DSP block of a UP5K, 24 bits', module: 'hg_pe_int_pair' },
    ...{ uses: ['hg_product_pair'], open: ['clear_o', 'act_o', 'weights_o'], dsp: true },
    parameters: { ACC_WIDTH: 24 },
  },
  {
    ...{ name: 'tanh, sigmoid by table', module: 'hg_tanh_lookup', uses: ['hg_rom'] },
    ...{ parameters: { INIT_FILE: '"tanh.hex"' }, files: TABLE, memory: true },
  },
  {
    ...{ name: 'tanh, sigmoid interpolated', module: 'hg_tanh_lookup', uses: LOOKUP, memory: true },
    ...{ parameters: { FORM: 1, INIT_FILE: '"tanh.hex"' }, files: tanhOf('interpolated') },
  },
  {
    ...{ name: 'tanh, sigmoid by lines', module: 'hg_tanh_lookup', uses: LOOKUP },
    ...{ parameters: { FORM: 2 } },
  },
  {
    ...{ name: 'combiner, factors 2^n', module: 'hg_combine', uses: ['hg_ram'] },
    parameters: { ACC_WIDTH: 14, FACTOR_KIND: 1, FACTOR_WIDTH: 3, SUM_WIDTH: 20 },
  },
  {
    ...{ name: 'combiner, any factors, no DSP', module: 'hg_combine', uses: ['hg_ram'] },
    parameters: { ACC_WIDTH: 14, FACTOR_KIND: 2, FACTOR_WIDTH: 8, SUM_WIDTH: 24 },
  },
  { ...{ name: 'argmax, 8-bit index', module: 'hg_argmax' }, parameters: { INDEX_WIDTH: 8 } },
];

/**
 * Whole designs: random weights, 32 inputs and units, 8 classes, 8 rows. dsp: elements of the array that have a DSP
 * block on the UP5K, whose other blocks the lane takes.
 */
export const DESIGNS = [
  { scheme: 'ternary-level3' },
  { scheme: 'hitnet' },
  { scheme: 'int8-level3', dsp: 6 },
  { scheme: 'int8', dsp: 4 },
];
