/**
 * Exact timing of the machine: the program, operation by operation, for sequences whose beats are always
 * offered and always taken. Cycle 0 is the first one without reset.
 */
import type { IntegerDesign, Operation } from './design.js';
import {
  ACTIVATION_TIMING,
  DRAIN_LATENCY,
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
  /** Cycles of a step once x is there. */
  readonly cyclesPerStep: number;
  /** Products that are needed over those that the array could make in a step: 0..1. */
  readonly utilization: number;
  /** Cycles of each operation in a step. */
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

export function simulateInteger(
  design: IntegerDesign,
  { sequences }: IntegerWorkload,
): IntegerTiming {
  const { inputSize, operations, outputs, rows } = design;
  const cycles = operations.map((operation) => operationCycles(operation, design));
  const outputCycles: number[] = [];
  /** Last beat of x of each step, and the cycle in which its buffer is released. */
  const loaded: number[] = [];
  const released: number[] = [];
  let start = 1;
  for (const length of sequences) {
    for (let t = 0; t < length; t++) {
      const step = loaded.length;
      const first = Math.max((loaded[step - 1] ?? -1) + 1, (released[step - 2] ?? -1) + 1);
      loaded.push(first + inputSize - 1);
      start = Math.max(start, loaded[step] + 1);
      operations.forEach((operation, n) => {
        const isSkipped =
          operation.kind === 'output' && outputs === 'last-step' && t !== length - 1;
        if (operation.kind === 'output' && !isSkipped) {
          for (let k = 0; k < operation.count; k++) outputCycles.push(start + OUTPUT_LATENCY + k);
        }
        start += isSkipped ? SKIP_CYCLES : cycles[n];
        // The buffer is free in the operation's last cycle but two.
        if (operation.isReleasing) released.push(start - 2);
      });
    }
  }
  const products = operations.reduce((sum, { count, operands }) => sum + count * operands, 0);
  const cyclesPerStep = cycles.reduce((sum, n) => sum + n, 0);
  const last = outputCycles[outputCycles.length - 1];
  return {
    cycles: last === undefined ? start : last + 1,
    outputCycles,
    cyclesPerStep,
    utilization: products / (rows * cyclesPerStep),
    operations: operations.map(({ title }, n) => ({ title, cycles: cycles[n] })),
  };
}
