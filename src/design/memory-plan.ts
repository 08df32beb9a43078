/** The memories of a design. */
import { PREACT_BITS } from '../quant/arithmetic.js';
import { indexBits } from './bits.js';
import type { Design, MemorySpec, Structure } from './design.js';
import { squashStore, tanhStore, type StoredLookup } from './lookup.js';

export function planMemories(design: Omit<Structure, 'memories'>): MemorySpec[] {
  const { rows, columns, jobs, layers, input, array, combiner, scheme, sequence, dataflow } =
    design;
  const learned = design.weights === 'ram' ? 'ram' : 'rom';
  const { pack, activationBits } = array;
  const hiddenWords = layers.reduce((sum, layer) => sum + Math.ceil(layer.hiddenSize / pack), 0);
  const units = layers.map(({ hiddenSize }) => hiddenSize);
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
  const { weightStream } = design;
  if (weightStream) {
    const lineBits = array.weightBits * pack * weightStream.perLine;
    add('weight_bank', 'weights', 'ram', [lineBits, 2 * weightStream.halfLines], rows);
  } else {
    add('weight_bank', 'weights', learned, [array.weightBits * pack, weightWords], rows);
  }
  const rowBits = hasThresholds ? Math.max(2 * design.sumBits, linearBits) : linearBits;
  const rowWords = jobs.reduce((sum, job) => sum + job.outputs, 0);
  add('row_parameters', 'rows', learned, [rowBits, rowWords], 1);
  if (combiner !== undefined && combiner.factors !== 'one') {
    const sums = jobs.reduce((sum, job) => sum + job.sums * job.passes.length, 0);
    const places = combiner.passes * 2 ** (indexBits(jobs.length) + combiner.placeBits);
    const words = combiner.factorsBy === 'sum' ? sums : places;
    add('factors', 'factors', learned, [combiner.factorBits, words], 1);
  }
  if (combiner?.passes === 2)
    add('partial_sums', 'partial', 'ram', [design.sumBits, rows], columns);
  const addLookup = (role: 'tanh' | 'squash', store: StoredLookup | undefined): void => {
    if (store) add(`${role}_table`, role, 'rom', [store.bits, store.words.length], columns);
  };
  if (usesTanh(design)) addLookup('tanh', tanhStore(scheme));
  if (usesSquash(design)) addLookup('squash', squashStore(scheme));
  // Whole sequences: h of every step; c of one direction at a time, since it begins each phase at zero.
  const hiddenDepth = sequence ? sequence.maxSteps * sequence.hiddenWords : 2 * hiddenWords;
  const cellDepth = sequence ? Math.max(...units) : units.reduce((sum, n) => sum + n, 0);
  // A sparse design keeps with each h where it belongs.
  const isSparse = dataflow === 'sparse';
  const hiddenIndex = isSparse ? indexBits(Math.max(...units)) : 0;
  // State of several streams: each begins at a power of two.
  const banked = (depth: number): number =>
    design.streams === undefined ? depth : design.streams * 2 ** indexBits(depth);
  const hiddenBits = activationBits * pack + hiddenIndex;
  add('hidden', 'hidden', 'ram', [hiddenBits, banked(hiddenDepth)], columns);
  add('cell', 'cell', 'ram', [scheme.cell.bits, banked(cellDepth)], columns);
  const wordBits = activationBits * pack;
  const inputDepth = sequence ? sequence.maxSteps * sequence.inputWords : 0;
  if (input.kind === 'dense') {
    const index = indexBits(Math.ceil(input.size / pack));
    const depth = 2 * 2 ** index;
    if (sequence) add('input_sequence', 'input', 'ram', [wordBits, inputDepth], columns);
    else add('input_buffer', 'input', 'ram', [wordBits + (isSparse ? index : 0), depth], columns);
    return memories;
  }
  if (sequence) add('tokens', 'tokens', 'ram', [startBits(input), inputDepth], columns);
  if (input.kind === 'features') {
    add('embedding', 'embedding', learned, [wordBits, input.words], columns);
    return memories;
  }
  const depth = input.vocabSize * 2 ** input.strideBits;
  if (input.table) add('input_table', 'table', learned, [input.table.bits, depth], columns);
  else add('embedding', 'embedding', learned, [wordBits, depth], columns);
  return memories;
}

/** Bits that say where a token's row begins, in the narrowest rows' widths. */
export function startBits(input: Exclude<Design['input'], { kind: 'dense' }>): number {
  if (input.kind === 'tokens') return input.tokenBits;
  return Math.max(1, indexBits(input.words) - narrowestStrideBits(input));
}

/** Bits of the width of the narrowest rows. */
export function narrowestStrideBits(input: Exclude<Design['input'], { kind: 'dense' }>): number {
  if (input.kind === 'tokens') return input.strideBits;
  return Math.min(...input.tables.map(({ strideBits }) => strideBits));
}

/** Whether gates or the candidate are a tanh of z. */
export function usesTanh({ scheme }: Pick<Design, 'scheme'>): boolean {
  return scheme.gates === 'int16' || scheme.candidate === 'int16';
}

/** Whether h has a tanh(s c) in it; else it is decided by comparing c. */
export function usesSquash({ scheme }: Pick<Design, 'scheme'>): boolean {
  return scheme.gates === 'int16' || scheme.activations === 'int8';
}
