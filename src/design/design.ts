/**
 * A Design maps a QuantizedModel onto one accelerator: the array, the memories and the schedule. The
 * simulator and the Verilog generator both read it and never each other, so mapping is decided once.
 *
 * The accelerator: `rows` x `columns` processing elements (PEs), output-stationary. Column c works on
 * sequence c. Activations enter a column from the north and move one row down per cycle; weights enter
 * a row from the west and move one column east per cycle. A *job* is one matrix-vector product (an LSTM
 * layer or the head). Each of its outputs takes as many consecutive *sums* of the array as it has planes
 * of codes; the sums are cut into *folds* of `rows`. Outputs of an LSTM layer are ordered unit by unit,
 * four gates each (n = 4 * unit + gate), so that cell updates follow the array without waiting.
 *
 * Jobs run step by step: every job once for a step, then the next step. Where a layer also runs backward it
 * needs whole sequences, and jobs run one after the other, each over all steps of a sequence that waits in
 * a memory (SequenceMemory). A job's run over the steps is its *phase*.
 *
 * Where operands have scales of their own, a fold makes a *pass* for each: the array drains and clears
 * after every pass. Behind the array, the *combiner* adds factor * sum over the planes and passes of an
 * output. A design in which every output is one sum of the array has none.
 *
 * In a sparse design zero activations take no cycles: how long a pass takes depends on the data.
 *
 * In a weight-stationary design (Stationary) rows are k's and columns are outputs: sequences stream past weights.
 */
import type { QuantizedModel } from '../quant/quantized-model.js';
import type { Scheme } from '../quant/scheme.js';
import type { ArrayFormat } from './array.js';

/** Passes of a fold keep at least this far apart, so that the combiner's memory is written when it is read. */
export const MIN_PASS_CYCLES = 3;

/** What a segment of K reads. */
export type SegmentSource =
  /** x of this step, from the input buffer. */
  | 'input'
  /** h of `layer` at the previous step, backward the next: zero in the first step that runs. */
  | 'previous'
  /** h of `layer` at this step. */
  | 'current';

/** A layer's second direction, from the last step to the first; absent from what runs forward. */
export type Direction = 'backward';

/** A run of consecutive k's that read one source. */
export interface Segment {
  readonly source: SegmentSource;
  /** Layer whose h is read; 0 for `input`. */
  readonly layer: number;
  /** Which h of the layer. */
  readonly direction?: Direction;
  /** Of an `input` segment of several features: which one. */
  readonly feature?: number;
  /** Operand words, one a cycle. */
  readonly length: number;
  /** Activations in them; the last word may not be full. */
  readonly elements: number;
  /** First column of the job's weight matrix that this segment multiplies. */
  readonly column: number;
  /**
   * The segment's first operand waits until at most this many earlier jobs are still being finished by
   * the cell unit; `input` segments wait for x instead. In the first step of a phase none may be.
   */
  readonly maxPending: number;
  /** Waits for x: an `input` segment, or the first of a job whose x comes from the input table. */
  readonly needsInput: boolean;
}

/** What a fold does between two drains of the array. */
export interface Pass {
  readonly segments: readonly Segment[];
  /** Which of a row's operands (RowParameters) it sums: that operand's factors apply. */
  readonly operand: number;
  /** Operand words: the sum of the segments' lengths. */
  readonly k: number;
  /**
   * Idle cycles before it, so that passes end far enough apart for the drain (drainGap). In a sparse design
   * the data say how many there are, behind the operands; this is 0.
   */
  readonly padCycles: number;
  /** Without stalls: padCycles + k + 1; the last one drains and clears. Sparse: where nothing is zero. */
  readonly cycles: number;
}

/** One matrix-vector product of the step. */
export interface Job {
  readonly kind: 'lstm' | 'head';
  /** Layer index; the head's is the last layer. */
  readonly layer: number;
  readonly direction?: Direction;
  /** 4 * hiddenSize, or classes. */
  readonly outputs: number;
  /** Sums of the array that one output takes: of gates i, f, g, o, or of a class. */
  readonly planes: readonly number[];
  /** Sums of the array that all outputs take. */
  readonly sums: number;
  readonly folds: number;
  readonly passes: readonly Pass[];
  /** Operand words per fold. */
  readonly k: number;
  /** Cycles of one fold without stalls. */
  readonly foldCycles: number;
  /** First word of this job in every weight bank; it takes folds * k words. */
  readonly weightBase: number;
  /** First word of this job in the row-parameter memory; it takes `outputs` words. */
  readonly rowBase: number;
  /** The x part of its sums comes from the input table. */
  readonly isTabled: boolean;
}

/** What stands between the array and the lane where outputs are more than one sum of the array. */
export interface Combiner {
  /** What factors are: always 1, powers of two, or any. */
  readonly factors: 'one' | 'power' | 'any';
  /** Bits of a factor, or of its exponent. */
  readonly factorBits: number;
  /**
   * Whether the factor memory has a word for each sum, in drain order, or one for each kind of sum: by
   * pass, job, and place among the sums of a unit (of a class).
   */
  readonly factorsBy: 'sum' | 'place';
  /** Bits that number the sums of a unit. */
  readonly placeBits: number;
  /** Most passes of a job. */
  readonly passes: 1 | 2;
}

/** Sums of x for every token, instead of operands. */
export interface InputTable {
  /** Bits of a word, signed. */
  readonly bits: number;
  /** Words count in units of 2^shift. */
  readonly shift: number;
}

/** A table of the rows that a feature's values stand for. */
export interface FeatureTable {
  readonly name: string;
  readonly count: number;
  /** First word; a multiple of 2^strideBits. */
  readonly base: number;
  /** Rows begin 2^strideBits words apart. */
  readonly strideBits: number;
}

/** Which elements of an int array multiply in a DSP block. */
export interface Multipliers {
  /**
   * So many elements, column by column from the north, are a `*`, which the tools map to a DSP block; the others
   * recode their weight and add.
   */
  readonly dsp: number;
  /** Two elements of a column, one south of the other, share a block: `dsp` counts blocks, for two elements each. */
  readonly isPaired?: true;
}

/** Where a design that runs whole sequences keeps them. */
export interface SequenceMemory {
  /** Steps of the longest sequence; a longer one is cut. */
  readonly maxSteps: number;
  /** Words of the input memory that a step takes: of x, or its tokens. */
  readonly inputWords: number;
  /** Words of the hidden memory that a step takes: h of an even layer's directions, then of an odd layer's. */
  readonly hiddenWords: number;
}

/**
 * Where what is learned is: in the configuration, loaded at run time, or, `stream`, the weights off chip, from where
 * they come anew for every step, and all else in the configuration.
 */
export const WEIGHT_STORES = ['rom', 'ram', 'stream'] as const;
export type WeightStore = (typeof WEIGHT_STORES)[number];

/** How weights that are not kept come from off chip (weight-stream.ts). */
export interface WeightStream {
  /** Bits of a beat of s_axis_weights. */
  readonly bits: number;
  /** Operands whose weights a line holds. */
  readonly perLine: number;
  /** Bits of a row's share of a line in the stream. */
  readonly itemBits: number;
  /** Rows whose shares are written at once: those in a beat, or the one that takes several. */
  readonly rowsPerWrite: number;
  /** Beats of a row's share; more than one only where rowsPerWrite is 1. */
  readonly beatsPerItem: number;
  /** Lines of a beat, a power of two; more than one only where a beat holds the shares of all rows. */
  readonly linesPerBeat: number;
  /** Lines of either half of the buffer, a power of two. */
  readonly halfLines: number;
  /** Lines of a step. */
  readonly lines: number;
}

/** What a processor has to do with the core: nothing, or registers and memories behind AXI4-Lite. */
export const CONTROLS = ['none', 'axi-lite'] as const;
export type Control = (typeof CONTROLS)[number];

/** One memory of the design, for estimates and documentation. */
export interface MemorySpec {
  readonly name: string;
  readonly role:
    | 'weights'
    | 'rows'
    | 'factors'
    | 'partial'
    | 'tanh'
    | 'squash'
    | 'embedding'
    | 'table'
    | 'tokens'
    | 'input'
    | 'hidden'
    | 'cell'
    | 'results';
  readonly kind: 'rom' | 'ram';
  readonly width: number;
  readonly depth: number;
  /** How many such memories the design has. */
  readonly copies: number;
}

/** Latencies of the pipeline in cycles, named from the cycle in which the array's PE (0,0) drains. */
export interface Pipeline {
  /**
   * From the drain command behind a pass's last operand to the drain of row 0. `ws`: from the first operand of a
   * group's last tile to the drain of the group's first sum, if nothing else drains.
   */
  readonly issueToDrain: number;
  /** From a row's drain to its gate value (or logit) being available. */
  readonly drainToGate: number;
  /** From o's gate value to h being written. */
  readonly gateToHidden: number;
  /** From a head row's drain to its argmax being registered. */
  readonly drainToArgmax: number;
}

/**
 * How operands reach the array. `os`, output-stationary: all of them, one a cycle. `sparse`: those that are not
 * zero, queued as value and index where they arise, in the time that they take; one column. `ws`,
 * weight-stationary: weights stay in the array while many sequences stream past them.
 */
export const DATAFLOWS = ['os', 'sparse', 'ws'] as const;
export type Dataflow = (typeof DATAFLOWS)[number];

/**
 * What a weight-stationary design has besides. A *tile* is the `rows` x `columns` weights in the array: rows hold
 * k's of one segment, columns sums of a job. `sequences` vectors stream past it, one a cycle, while the next tile
 * shifts in behind. A *block* is `columns` sums of all k's (a fold of the job): its tiles add up in a memory at the
 * foot of each column. Blocks whose sums drain together are a *group*: the gates of a unit, all classes of a head.
 */
export interface Stationary {
  /** Sequences in lockstep: step t of all of them, then step t + 1. */
  readonly sequences: number;
  /** Of a tile: a cycle for each sequence, but no fewer than the next tile takes to shift in. */
  readonly tileCycles: number;
  /** Of each job: blocks in a group; the last group may have fewer. */
  readonly groupBlocks: readonly number[];
  /** Signed width of the sums that leave the array: holds those of any tile. */
  readonly tileBits: number;
}

export interface Design {
  /** Top module name; a checked Verilog identifier. */
  readonly name: string;
  readonly scheme: Scheme;
  readonly rows: number;
  readonly columns: number;
  /** Absent where it is output-stationary. */
  readonly dataflow?: Exclude<Dataflow, 'os'>;
  /** Present where the dataflow is `ws`. */
  readonly stationary?: Stationary;
  readonly array: ArrayFormat;
  /** Present where an int array leaves multiplier blocks to other uses; without, every element may have one. */
  readonly multipliers?: Multipliers;
  /** Signed accumulator width of the array; holds every reachable sum. */
  readonly accBits: number;
  readonly combiner: Combiner | undefined;
  /** Signed width of what the lane is given: holds every output's sum and every threshold. */
  readonly sumBits: number;
  /** Bits of a requantization's multiplier; 0 where every one is 1. */
  readonly multiplierBits: number;
  /** Smallest requantization shift and the number of bits that select a larger one. */
  readonly shiftMin: number;
  readonly shiftBits: number;
  readonly layers: readonly {
    readonly inputSize: number;
    readonly hiddenSize: number;
    /** Absent where the layer runs forward alone. */
    readonly isBidirectional?: true;
  }[];
  /** Present where a layer is bidirectional. */
  readonly sequence?: SequenceMemory;
  readonly classes: number;
  /** Present where the head's one output is not a class but the value itself, int16 in Q6.9. */
  readonly headOutput?: 'value';
  readonly input:
    | {
        /** Symbols, by an embedding or one-hot. */
        readonly kind: 'tokens';
        readonly vocabSize: number;
        readonly tokenBits: number;
        /** Bits of the place among a token's words in the embedding or in the table. */
        readonly strideBits: number;
        readonly table: InputTable | undefined;
      }
    | {
        /** Several symbols a step, one after the other, each by an embedding of its own. */
        readonly kind: 'features';
        /** In the order in which symbols come. */
        readonly tables: readonly FeatureTable[];
        /** Of the largest of them. */
        readonly tokenBits: number;
        readonly strideBits: number;
        /** Words of all tables. */
        readonly words: number;
      }
    | { readonly kind: 'dense'; readonly size: number };
  readonly headWhen: 'every-step' | 'last-step';
  /**
   * Present where what is learned lies in memories that are loaded, whose widths then hold for any weights, or where
   * weights come from off chip.
   */
  readonly weights?: 'ram' | 'stream';
  /** Present where weights come from off chip. */
  readonly weightStream?: WeightStream;
  /** Present where the core has registers. */
  readonly control?: 'axi-lite';
  /** Present where several streams of steps share the core, each with its own h and c: a power of two. */
  readonly streams?: number;
  readonly jobs: readonly Job[];
  readonly pipeline: Pipeline;
  readonly memories: readonly MemorySpec[];
  readonly model: QuantizedModel;
}

/** A design as far as nothing depends on its weights but widths. */
export type Structure = Omit<Design, 'model' | 'name'>;

/** The input table of the design, where it has one. */
export function tableOf({ input }: Pick<Design, 'input'>): InputTable | undefined {
  return input.kind === 'tokens' ? input.table : undefined;
}

/** Jobs that update cells: a layer's directions are one each. */
export function lstmJobs({ jobs }: Pick<Design, 'jobs'>): readonly Job[] {
  return jobs.filter(({ kind }) => kind === 'lstm');
}

/** What is learned, by the memory that holds it: loaded where the design's weights are. */
const LEARNED: readonly MemorySpec['role'][] = ['weights', 'rows', 'factors', 'embedding', 'table'];

/** Memories that are written through the core's registers, in the order of their roles above. */
export function loadableMemories({
  weights,
  memories,
}: Pick<Design, 'weights' | 'memories'>): MemorySpec[] {
  if (weights !== 'ram') return [];
  return LEARNED.flatMap((role) => memories.filter((spec) => spec.role === role));
}

/** Sequences that run side by side, or one behind the other in lockstep. */
export function sequencesOf({
  columns,
  stationary,
}: Pick<Design, 'columns' | 'stationary'>): number {
  return stationary?.sequences ?? columns;
}

/** Fields of a beat: of s_axis, of m_axis. Sequences in lockstep have beats of their own, one after the other. */
export function beatFields({
  columns,
  stationary,
}: Pick<Design, 'columns' | 'stationary'>): number {
  return stationary === undefined ? columns : 1;
}

/** Beats of m_axis that a result of all sequences takes. */
export function beatsPerResult({ stationary }: Pick<Design, 'stationary'>): number {
  return stationary?.sequences ?? 1;
}

/** Beats in which one sequence's x of a step arrives. */
export function elementsPerStep({ input }: Pick<Design, 'input'>): number {
  if (input.kind === 'dense') return input.size;
  return input.kind === 'features' ? input.tables.length : 1;
}

/** Beats in which a step's x arrives, of all sequences. */
export function beatsPerStep(design: Pick<Design, 'input' | 'stationary'>): number {
  return elementsPerStep(design) * (design.stationary?.sequences ?? 1);
}

/** Fewest cycles between a sparse design's drain commands: a row a cycle, and the combiner's memory behind. */
export function drainGap({ rows, combiner }: Pick<Design, 'rows' | 'combiner'>): number {
  return combiner?.passes === 2 ? Math.max(rows, MIN_PASS_CYCLES) : rows;
}

/** Whether a segment's operands come without its zeros. */
export function skipsZeros(
  { dataflow, input }: Pick<Design, 'dataflow' | 'input'>,
  { source }: Pick<Segment, 'source'>,
): boolean {
  return dataflow === 'sparse' && (source !== 'input' || input.kind === 'dense');
}

/** "layer 1", "layer 1 backward", "head". */
export function jobName({ kind, layer, direction }: Job): string {
  if (kind === 'head') return 'head';
  return direction === undefined ? `layer ${layer}` : `layer ${layer} ${direction}`;
}

/** All segments of a job in the order of the schedule. */
export function segmentsOf(job: Job): readonly Segment[] {
  return job.passes.flatMap(({ segments }) => segments);
}

/** Whether the drain tells sums apart, by plane, pass or factor; without, each is an output as it is. */
export function usesPlanes({ jobs, combiner }: Pick<Design, 'jobs' | 'combiner'>): boolean {
  if (combiner === undefined) return false;
  const { factors, passes } = combiner;
  return factors !== 'one' || passes === 2 || jobs.some(({ sums, outputs }) => sums !== outputs);
}

/** Multiply-accumulates of the array that one step needs, without and with the head; every plane counts. */
export function macsPerStep(design: Design): { lstm: number; head: number } {
  let lstm = 0;
  let head = 0;
  for (const job of design.jobs) {
    const elements = segmentsOf(job).reduce((sum, segment) => sum + segment.elements, 0);
    if (job.kind === 'lstm') lstm += job.sums * elements;
    else head += job.sums * elements;
  }
  return { lstm, head };
}

export class DesignError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(
      `${problems.length} problem${problems.length === 1 ? '' : 's'}\n` +
        problems.map((problem) => `  ${problem}`).join('\n'),
    );
    this.name = 'DesignError';
  }
}
