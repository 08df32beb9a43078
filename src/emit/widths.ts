/** Widths and addresses that several views share. */
import { PREACT_BITS } from '../quant/arithmetic.js';
import { indexBits } from '../design/bits.js';
import {
  beatsPerStep,
  lstmJobs,
  segmentsOf,
  type Design,
  type Job,
  type MemorySpec,
} from '../design/design.js';
import { hiddenSlot } from '../design/sequence-memory.js';

/** Field widths that several modules share. */
export interface Widths {
  /** Address of a word of h. */
  readonly hidden: number;
  /** Word of x, or of a token's row; with an input table, output of layer 0. */
  readonly index: number;
  /** Place of an h in its layer. */
  readonly hiddenIndex: number;
  /** Beat of a step's x. */
  readonly loadIndex: number;
  /** Word of the input memory of a design that runs whole sequences. */
  readonly x: number;
  readonly k: number;
  readonly fold: number;
  readonly weight: number;
  readonly row: number;
  readonly rowAddr: number;
  readonly rowWord: number;
  /** Direction of a layer. */
  readonly layer: number;
  readonly segment: number;
  readonly pad: number;
  readonly unit: number;
  readonly class: number;
  readonly job: number;
  readonly factorAddr: number;
  /** Which stream; 0 where there is one alone. */
  readonly stream: number;
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
  const { jobs, input, sequence } = design;
  const segments = jobs.flatMap(segmentsOf);
  const passes = jobs.flatMap((job) => job.passes);
  const words = input.kind === 'dense' ? Math.ceil(input.size / design.array.pack) : 0;
  return {
    hidden: indexBits(depthOf(design, 'hidden')),
    index: input.kind === 'dense' ? indexBits(words) : input.strideBits,
    hiddenIndex: indexBits(Math.max(...design.layers.map(({ hiddenSize }) => hiddenSize))),
    loadIndex:
      input.kind === 'dense'
        ? packBits(design) + indexBits(words)
        : indexBits(beatsPerStep(design)),
    x: sequence ? indexBits(sequence.maxSteps * sequence.inputWords) : 1,
    k: indexBits(Math.max(...segments.map((segment) => segment.length))),
    fold: indexBits(Math.max(...jobs.map((job) => job.folds))),
    weight: indexBits(depthOf(design, 'weights')),
    row: indexBits(design.rows),
    rowAddr: indexBits(depthOf(design, 'rows')),
    rowWord: memoryOf(design, 'rows')!.width,
    layer: indexBits(lstmJobs(design).length),
    segment: indexBits(segments.length),
    pad: indexBits(Math.max(...passes.map((pass) => pass.padCycles)) + 1),
    unit: indexBits(depthOf(design, 'cell')),
    class: resultBits(design),
    job: indexBits(jobs.length),
    factorAddr: indexBits(memoryOf(design, 'factors')?.depth ?? 2),
    stream: Math.log2(design.streams ?? 1),
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

/** Words from a stream's h to the next one's. */
export function streamStride(design: Design, role: 'hidden' | 'cell'): number {
  return depthOf(design, role) / (design.streams ?? 1);
}

/**
 * A value for each layer, repeated for each stream: layers of a stream lie at a power of two, so that {stream,
 * layer} numbers them.
 */
export function perStream(
  design: Design,
  values: readonly number[],
  strides: number,
): readonly number[] {
  const { streams } = design;
  if (streams === undefined) return values;
  const layers = 2 ** widths(design).layer;
  return Array.from(
    { length: streams * layers },
    (_, n) => values[Math.min(n % layers, values.length - 1)] + Math.floor(n / layers) * strides,
  );
}

/** Bits that number the lists of h of a design that skips zeros: one of each layer for either bank. */
export function listBits({ layers }: Pick<Design, 'layers'>): number {
  return indexBits(2 * layers.length);
}

/** Where a job writes its h in a step of a sequence, of stream 0: in words of the hidden memory. */
export function hiddenAddress(design: Design, job: Job, step: number): number {
  return design.sequence
    ? step * design.sequence.hiddenWords + hiddenSlot(design, job)
    : hiddenBase(design, job.layer, (step % 2) as 0 | 1);
}

/** First address of a layer's c in the cell memory. */
export function cellBase(design: Design, layer: number): number {
  if (design.sequence) return 0;
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

export function inputBits({ input }: Design): number {
  return input.kind === 'dense' ? 8 : beatBits(input.tokenBits);
}

/** Bits of a result: a class, or an int16 value. */
export function resultBits({ classes, headOutput }: Design): number {
  return headOutput === 'value' ? PREACT_BITS : indexBits(classes);
}

/** Address bits of an h, as the lane counts them: of its word and of its place there. */
export function laneHiddenBits(design: Design): number {
  const words = design.sequence ? indexBits(design.sequence.hiddenWords) : widths(design).hidden;
  return words + packBits(design);
}
