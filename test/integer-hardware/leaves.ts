/** Modules of rtl-templates/ alone. */
import { templateSource } from '../../src/emit/render.js';

const LEAVES = [
  ...['hg_rom', 'hgi_requantize', 'hgi_activation_lut', 'hgi_activation_gemmlowp'],
  ...['hgi_inverse_sqrt', 'hgi_layer_norm', 'hgi_tape', 'hgi_pe', 'hgi_array'],
  ...['hg_ram', 'hgi_embedding', 'hgi_one_hot', 'hgi_argmax', 'hgi_sums', 'hgi_sequence_in'],
];

export const leafFiles = Object.fromEntries(
  LEAVES.map((leaf) => [`${leaf}.v`, templateSource(`${leaf}.v`)]),
);

export const signed = (value: bigint, bits: number): number => Number(BigInt.asIntN(bits, value));
