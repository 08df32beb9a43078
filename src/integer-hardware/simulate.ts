/**
 * Exact timing of the machine: the program, operation by operation, for sequences whose beats are always
 * offered and always taken. Cycle 0 is the first one without reset.
 */
import type { IntegerDesign, Operation } from './design.js';
import { elementsPerBeat } from './input.js';
import {
  ACTIVATION_TIMING,
  DRAIN_LATENCY,
  INPUT_LATENCY,
  INVERSE_SQRT_PRODUCTS,
  NEXT,
  OUTPUT_LATENCY,
  PRODUCT_CYCLES,
  SCALAR_REST,
  SKIP_CYCLES,
  VECTOR_LATENCY,
} from './timing.js';

/** Lengths of the sequences, one after the other. */
export interface IntegerWorkload {
  readonly sequences: readonly number[];
}

export interface IntegerTiming {
  /** Up to the last output beat, or to the end of the last step if there is none. */
  readonly cycles: number;
  /** Cycle in which each beat of m_axis is taken. */
  readonly outputCycles: readonly number[];
  /** Cycles of a step, or of a sequence's mean one, once x is there. */
  readonly cyclesPerStep: number;
  /** Products that are needed over those that the array could make meanwhile: 0..1. */
  readonly utilization: number;
  /** Cycles of each operation, once. */
  readonly operations: readonly { readonly title: string; readonly cycles: number }[];
}

/** From its start to the issue of its last element; an activation takes a new one every `interval` cycles. */
function lastIssue(
  { kind, count, operands, activation }: Operation,
  design: IntegerDesign,
): number {
  const interval = activation === 'none' ? 1 : ACTIVATION_TIMING[design.activation].interval;
  if (kind !== 'matrix') return 1 + (count - 1) * interval;
  const { rows } = design;
  let end = 0;
  let issue = -Infinity;
  for (let first = 0; first < count; first += rows) {
    end = Math.max(end + operands + 1, issue + 1);
    const sums = Math.min(rows, count - first);
    issue = Math.max(end + DRAIN_LATENCY, issue + interval) + (sums - 1) * interval;
  }
  return issue;
}

/** Of the mean, the variance and the inverse deviation. */
function scalarCycles({ widths }: IntegerDesign): number {
  const divisionDigits = 27 + widths.index;
  return divisionDigits + SCALAR_REST + INVERSE_SQRT_PRODUCTS * PRODUCT_CYCLES;
}

/** From its start to that of the next operation. */
function operationCycles(operation: Operation, design: IntegerDesign): number {
  const { kind, count, activation } = operation;
  if (kind === 'output') return count + OUTPUT_LATENCY + 2;
  if (kind === 'scalar') return scalarCycles(design);
  const extra = activation === 'none' ? 0 : ACTIVATION_TIMING[design.activation].latency;
  return lastIssue(operation, design) + VECTOR_LATENCY + extra + NEXT;
}

/** A run of one operation: it ends its step's, or sequence's, use of x if `isReleasing`. */
interface Turn {
  readonly index: number;
  readonly isSkipped: boolean;
  readonly isReleasing: boolean;
}

/** The operations of a sequence of `length` steps in their order, those of a step or of all together. */
function turnsOf({ flow, operations, outputs }: IntegerDesign, length: number): Turn[][] {
  if (flow === 'steps') {
    return Array.from({ length }, (_, t) =>
      operations.map(({ kind, writes, isReleasing }, index) => {
        const isEnd = kind === 'output' || writes === 'result';
        return {
          index,
          isReleasing,
          isSkipped: isEnd && outputs === 'last-step' && t < length - 1,
        };
      }),
    );
  }
  const turns: Turn[] = [];
  for (let first = 0; first < operations.length;) {
    const end = operations.findIndex(({ isPhaseEnd }, n) => n >= first && isPhaseEnd) + 1;
    const walked = operations[first].phase.walk === 'once' ? 1 : length;
    for (let n = 0; n < walked; n++) {
      for (let index = first; index < end; index++) {
        const isReleasing = operations[index].isReleasing && n === walked - 1;
        turns.push({ index, isReleasing, isSkipped: false });
      }
    }
    first = end;
  }
  return [turns];
}

/**
 * Cycle in which the last element of x is loaded: of a step, or of `steps` steps that are kept whole. The
 * first beat may be taken from cycle `first` on; elements wait until `isFree`.
 */
function lastLoaded(design: IntegerDesign, first: number, isFree: number, steps: number): number {
  const { input, inputSize } = design;
  if (input === null) return Math.max(first, isFree) + steps * inputSize - 1;
  const latency = INPUT_LATENCY[input.kind === 'one-hot' ? 'one-hot' : 'table'];
  let next = first;
  for (let n = 0; n < steps; n++) {
    for (const elements of elementsPerBeat(design)) {
      next = Math.max(next + latency, isFree) + elements;
    }
  }
  return next - 1;
}

export function simulateInteger(
  design: IntegerDesign,
  { sequences }: IntegerWorkload,
): IntegerTiming {
  const { operations, rows, flow } = design;
  const isWhole = flow === 'sequences';
  const cycles = operations.map((operation) => operationCycles(operation, design));
  const outputCycles: number[] = [];
  /** Last element of x of each step, or sequence, and the cycle in which its room is released. */
  const loaded: number[] = [];
  const released: number[] = [];
  const rooms = isWhole ? 1 : 2;
  let start = 1;
  let busy = 0;
  let products = 0;
  let steps = 0;
  for (const length of sequences) {
    steps += length;
    for (const turns of turnsOf(design, length)) {
      const n = loaded.length;
      const isFree = (released[n - rooms] ?? -1) + 1;
      loaded.push(lastLoaded(design, (loaded[n - 1] ?? -1) + 1, isFree, isWhole ? length : 1));
      start = Math.max(start, loaded[n] + 1);
      const begun = start;
      for (const { index, isSkipped, isReleasing } of turns) {
        const { kind, count, operands } = operations[index];
        if (kind === 'output' && !isSkipped) {
          for (let k = 0; k < count; k++) outputCycles.push(start + OUTPUT_LATENCY + k);
        }
        if (!isSkipped) products += count * operands;
        start += isSkipped ? SKIP_CYCLES : cycles[index];
        // The room is free in the operation's last cycle but two.
        if (isReleasing) released.push(start - 2);
      }
      busy += start - begun;
    }
  }
  const last = outputCycles[outputCycles.length - 1];
  return {
    cycles: last === undefined ? start : last + 1,
    outputCycles,
    cyclesPerStep: busy / steps,
    utilization: products / (rows * busy),
    operations: operations.map(({ title }, n) => ({ title, cycles: cycles[n] })),
  };
}
