/** What is proved of the units of weight-stationary designs. */
import type { Property } from './catalogue.js';

export const STATIONARY_PROPERTIES: readonly Property[] = [
  {
    ...{ unit: 'hg_pe_stationary_ternary', spec: 'hg_pe_stationary_ternary' },
    ...{ method: 'unrolled', steps: 2 },
    claim: "psum' = psum + weight * act; weights shift in and swap",
  },
  {
    ...{ unit: 'hg_pe_stationary_int', spec: 'hg_pe_stationary_int', method: 'unrolled', steps: 2 },
    products: ['product'],
    claim: "psum' = psum + product; weights shift in and swap",
  },
  {
    ...{ unit: 'hg_pe_stationary_int', spec: 'hg_pe_stationary_int_product' },
    ...{ method: 'unrolled', steps: 3 },
    claim: 'product = weight * act, digit by digit',
  },
  {
    ...{ unit: 'hg_pe_stationary_recoded', spec: 'hg_pe_stationary_recoded' },
    ...{ method: 'unrolled', steps: 2, cut: ['hg_multiply_add'] },
    claim: "psum' = sum of psum, weight and act; weights shift in and swap",
  },
  {
    ...{ unit: 'hg_operand_row', spec: 'hg_operand_row', method: 'unrolled', steps: 3 },
    cut: ['hg_ram', 'hg_rom'],
    claim: 'x or h at the address, two cycles later; 0 if not valid',
  },
  {
    ...{ unit: 'hg_tile_sums', spec: 'hg_tile_sums', method: 'unrolled', steps: 2 },
    cut: ['hg_ram'],
    claim: 'sums of tiles added up by sequence; the last one finishes',
  },
  {
    ...{ unit: 'hg_tile_tags', spec: 'hg_tile_tags', method: 'induction', steps: 4 },
    claim: 'of every sequence of a tile what was said of the tile',
  },
  {
    ...{ unit: 'hg_drain_groups', spec: 'hg_drain_groups', method: 'induction', steps: 6, from: 2 },
    claim: 'each output of each sequence of a group, with its row and gate',
  },
  {
    ...{ unit: 'hg_input_place', spec: 'hg_input_place', method: 'induction', steps: 3 },
    claim: 'element n of x: row n mod R, tile n / R, of each sequence',
  },
  {
    ...{ unit: 'hg_hidden_place', spec: 'hg_hidden_place', method: 'induction', steps: 3 },
    claim: 'unit n of h: row n mod R, tile n / R, in the order of the drain',
  },
  {
    ...{ unit: 'hg_results', spec: 'hg_results', method: 'induction', steps: 4 },
    cut: ['hg_ram'],
    claim: 'results leave in order, once; valid stays until ready',
  },
];
