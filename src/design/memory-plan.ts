/** The memories of a design. */
import { PREACT_BITS, TANH_FRACTION, TANH_TABLE_SIZE } from '../quant/arithmetic.js';
import { indexBits } from './bits.js';
import type { Design, MemorySpec } from './design.js';
import { squashShape } from './squash.js';

export function planMemories(design: Omit<Design, 'memories'>): MemorySpec[] {
  const { rows, columns, jobs, layers, input, array, combiner, scheme } = design;
  const { pack, activationBits } = array;
  const hiddenWords = layers.reduce((sum, layer) => sum + Math.ceil(layer.hiddenSize / pack), 0);
  const units = layers.reduce((sum, layer) => sum + layer.hiddenSize, 0);
  const hasThresholds = scheme.gates !== 'int16' || scheme.candidate === 'ternary';
  const linearBits = design.shiftBits + design.multiplierBits + PREACT_BITS;
  const memories: MemorySpec[] = [];
  const add = (
    name: string,
    role: MemorySpec['role'],
    kind: MemorySpec['kind'],
    [width, depth]: readonly [number, number],
    copies: number,
  ): void => void memories.push({ name, role, kind, width, depth, copies });

  const weightWords = jobs.reduce((sum, job) => sum + job.folds * job.k, 0);
  add('weight_bank', 'weights', 'rom', [array.weightBits * pack, weightWords], rows);
  const rowBits = hasThresholds ? Math.max(2 * design.sumBits, linearBits) : linearBits;
  const rowWords = jobs.reduce((sum, job) => sum + job.outputs, 0);
  add('row_parameters', 'rows', 'rom', [rowBits, rowWords], 1);
  if (combiner !== undefined && combiner.factors !== 'one') {
    const sums = jobs.reduce((sum, job) => sum + job.sums * job.passes.length, 0);
    const places = combiner.passes * 2 ** (indexBits(jobs.length) + combiner.placeBits);
    const words = combiner.factorsBy === 'sum' ? sums : places;
    add('factors', 'factors', 'rom', [combiner.factorBits, words], 1);
  }
  if (combiner?.passes === 2)
    add('partial_sums', 'partial', 'ram', [design.sumBits, rows], columns);
  if (usesTanh(design)) {
    add('tanh_table', 'tanh', 'rom', [TANH_FRACTION, TANH_TABLE_SIZE], columns);
  }
  if (usesSquash(design)) {
    const { bits, depth } = squashShape(scheme);
    add('squash_table', 'squash', 'rom', [bits, depth], columns);
  }
  add('hidden', 'hidden', 'ram', [activationBits * pack, 2 * hiddenWords], columns);
  add('cell', 'cell', 'ram', [scheme.cell.bits, units], columns);
  if (input.kind === 'tokens') {
    const depth = input.vocabSize * 2 ** input.strideBits;
    if (input.table) add('input_table', 'table', 'rom', [input.table.bits, depth], columns);
    else add('embedding', 'embedding', 'rom', [activationBits * pack, depth], columns);
  } else {
    const depth = 2 * 2 ** indexBits(Math.ceil(input.size / pack));
    add('input_buffer', 'input', 'ram', [activationBits * pack, depth], columns);
  }
  return memories;
}

/** Whether gates or the candidate go through the table of tanh(z). */
export function usesTanh({ scheme }: Pick<Design, 'scheme'>): boolean {
  return scheme.gates === 'int16' || scheme.candidate === 'int16';
}

/** Whether c goes through the table of tanh(s c); else h is decided by comparing c. */
export function usesSquash({ scheme }: Pick<Design, 'scheme'>): boolean {
  return scheme.gates === 'int16' || scheme.activations === 'int8';
}
