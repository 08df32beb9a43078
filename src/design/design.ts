/**
 * A Design maps a QuantizedModel onto one accelerator: the array, the memories and the schedule. The
 * simulator and the Verilog generator both read it and never each other, so mapping is decided once.
 *
 * The accelerator: `rows` x `columns` processing elements (PEs), output-stationary. Column c works on
 * sequence c. Activations enter a column from the north and move one row down per cycle; weights enter
 * a row from the west and move one column east per cycle. A *job* is one matrix-vector product (an LSTM
 * layer or the head), cut into *folds* of `rows` outputs each. Outputs of an LSTM layer are ordered unit
 * by unit, four gates each (n = 4 * unit + gate), so that cell updates follow the array without waiting.
 */
import type { QuantizedModel, Scheme } from '../quant/quantized-model.js';

/** What a segment of K reads. */
export type SegmentSource =
  /** x of this step, from the input buffer. */
  | 'input'
  /** h of `layer` at the previous step: zero in the first step of a sequence. */
  | 'previous'
  /** h of `layer` at this step. */
  | 'current';

/** A run of consecutive k's that read one source. */
export interface Segment {
  readonly source: SegmentSource;
  /** Layer whose h is read; 0 for `input`. */
  readonly layer: number;
  readonly length: number;
  /** First column of the job's weight matrix that this segment multiplies. */
  readonly column: number;
  /**
   * The segment's first operand waits until at most this many earlier jobs are still being finished by
   * the cell unit; `input` segments wait for x instead.
   */
  readonly maxPending: number;
}

/** One matrix-vector product of the step. */
export interface Job {
  readonly kind: 'lstm' | 'head';
  /** Layer index; the head's is the last layer. */
  readonly layer: number;
  /** Outputs: 4 * hiddenSize, or classes. */
  readonly outputs: number;
  readonly folds: number;
  /** Operands per fold: the sum of the segments' lengths. */
  readonly k: number;
  readonly segments: readonly Segment[];
  /** Idle cycles before each fold, so that folds end at least `rows` cycles apart. */
  readonly padCycles: number;
  /** Cycles of one fold without stalls: padCycles + k + 1; the last one drains and clears. */
  readonly foldCycles: number;
  /** First word of this job in every weight bank; it takes folds * k words. */
  readonly weightBase: number;
  /** First word of this job in the row-parameter memory; it takes `outputs` words. */
  readonly rowBase: number;
}

/** One memory of the design, for estimates and documentation. */
export interface MemorySpec {
  readonly name: string;
  readonly role: 'weights' | 'rows' | 'tanh' | 'embedding' | 'input' | 'hidden' | 'cell';
  readonly kind: 'rom' | 'ram';
  readonly width: number;
  readonly depth: number;
  /** How many such memories the design has. */
  readonly copies: number;
}

/** Latencies of the pipeline in cycles, named from the cycle in which the array's PE (0,0) drains. */
export interface Pipeline {
  /** From issuing an operand to PE (0,0). */
  readonly issueToPe: number;
  /** From a row's drain to its gate value (or logit) being available. */
  readonly drainToGate: number;
  /** From o's gate value to h being written. */
  readonly gateToHidden: number;
  /** From a head row's drain to its argmax being registered. */
  readonly drainToArgmax: number;
}

export interface Design {
  /** Top module name; a checked Verilog identifier. */
  readonly name: string;
  readonly scheme: Scheme;
  readonly rows: number;
  readonly columns: number;
  /** Signed accumulator width; holds every reachable sum (`accumulatorBound`). */
  readonly accBits: number;
  /** Smallest requantization shift and the number of bits that select a larger one. */
  readonly shiftMin: number;
  readonly shiftBits: number;
  readonly layers: readonly { readonly inputSize: number; readonly hiddenSize: number }[];
  readonly classes: number;
  readonly input:
    | {
        readonly kind: 'tokens';
        readonly vocabSize: number;
        readonly tokenBits: number;
        readonly strideBits: number;
      }
    | { readonly kind: 'dense'; readonly size: number };
  readonly headWhen: 'every-step' | 'last-step';
  readonly jobs: readonly Job[];
  readonly pipeline: Pipeline;
  readonly memories: readonly MemorySpec[];
  readonly model: QuantizedModel;
}

/** Multiply-accumulates one step needs, without and with the head. */
export function macsPerStep(design: Design): { lstm: number; head: number } {
  let lstm = 0;
  let head = 0;
  for (const job of design.jobs) {
    if (job.kind === 'lstm') lstm += job.outputs * job.k;
    else head += job.outputs * job.k;
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
