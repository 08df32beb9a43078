/** Widths and addresses that several views share. */
import { indexBits } from '../design/bits.js';
import { segmentsOf, type Design, type MemorySpec } from '../design/design.js';

/** Field widths that several modules share. */
export interface Widths {
  /** Address of a word of h. */
  readonly hidden: number;
  /** Word of x; with an input table, output of layer 0. */
  readonly index: number;
  /** Beat of a step's x. */
  readonly loadIndex: number;
  readonly k: number;
  readonly fold: number;
  readonly weight: number;
  readonly row: number;
  readonly rowAddr: number;
  readonly rowWord: number;
  readonly layer: number;
  readonly segment: number;
  readonly pad: number;
  readonly unit: number;
  readonly class: number;
  readonly job: number;
  readonly factorAddr: number;
}

/** The design's memory of this role; undefined where it has none. */
export function memoryOf(design: Design, role: MemorySpec['role']): MemorySpec | undefined {
  return design.memories.find((spec) => spec.role === role);
}

export function depthOf(design: Design, role: MemorySpec['role']): number {
  const found = memoryOf(design, role);
  if (!found) throw new Error(`the design has no ${role} memory`);
  return found.depth;
}

export function widths(design: Design): Widths {
  const { jobs, layers, input } = design;
  const units = layers.reduce((sum, layer) => sum + layer.hiddenSize, 0);
  const segments = jobs.flatMap(segmentsOf);
  const passes = jobs.flatMap((job) => job.passes);
  const isToken = input.kind === 'tokens';
  return {
    hidden: indexBits(depthOf(design, 'hidden')),
    index: isToken ? input.strideBits : indexBits(Math.ceil(input.size / design.array.pack)),
    loadIndex: isToken
      ? 1
      : packBits(design) + indexBits(Math.ceil(input.size / design.array.pack)),
    k: indexBits(Math.max(...segments.map((segment) => segment.length))),
    fold: indexBits(Math.max(...jobs.map((job) => job.folds))),
    weight: indexBits(depthOf(design, 'weights')),
    row: indexBits(design.rows),
    rowAddr: indexBits(depthOf(design, 'rows')),
    rowWord: memoryOf(design, 'rows')!.width,
    layer: indexBits(layers.length),
    segment: indexBits(segments.length),
    pad: indexBits(Math.max(...passes.map((pass) => pass.padCycles)) + 1),
    unit: indexBits(units),
    class: indexBits(design.classes),
    job: indexBits(jobs.length),
    factorAddr: indexBits(memoryOf(design, 'factors')?.depth ?? 2),
  };
}

/** Bits of an activation's place in its word. */
export function packBits({ array }: Pick<Design, 'array'>): number {
  return Math.log2(array.pack);
}

/** Words that h of this many units takes. */
function hiddenWords({ array }: Design, units: number): number {
  return Math.ceil(units / array.pack);
}

/** First address of a layer's h in the hidden memory, in words: all bank 0s, then all bank 1s. */
export function hiddenBase(design: Design, layer: number, bank: 0 | 1): number {
  const words = design.layers.map(({ hiddenSize }) => hiddenWords(design, hiddenSize));
  const sum = (count: number): number => words.slice(0, count).reduce((total, n) => total + n, 0);
  return bank * sum(words.length) + sum(layer);
}

/** First address of a layer's c in the cell memory. */
export function cellBase(design: Design, layer: number): number {
  return design.layers.slice(0, layer).reduce((sum, { hiddenSize }) => sum + hiddenSize, 0);
}

/** Whether the x part of layer 0 comes from a table. */
export function isTabled({ input }: Design): boolean {
  return input.kind === 'tokens' && input.table !== undefined;
}

/** Bits of one column's field in the input and output beats: whole bytes. */
export function beatBits(width: number): number {
  return 8 * Math.ceil(width / 8);
}

export function inputBits(design: Design): number {
  return design.input.kind === 'tokens' ? beatBits(design.input.tokenBits) : 8;
}

/** Address bits of an h, as the lane counts them: of its word and of its place there. */
export function laneHiddenBits(design: Design): number {
  return widths(design).hidden + packBits(design);
}
