/** What the passes through one direction of a layer hand to each other. T steps of B lanes, steps first. */
import type { Matrix } from './matrix.js';
import type { DirectionShape } from './network-config.js';

/** x of all steps: distinct rows, and which of them every step and lane takes. */
export interface InputRows {
  readonly count: number;
  /** [count, inputSize]; null where x is one-hot. */
  readonly values: Matrix | null;
  /** The same as integers, zero point included; null in float arithmetic and where x is one-hot. */
  readonly codes: Matrix | null;
  /** [count]: where each row's one is; null unless x is one-hot. */
  readonly symbols: Int32Array | null;
  /** [T, B], row of each; null: row t * B + b. */
  readonly index: Int32Array | null;
}

/**
 * Left by a forward pass for the gradient, in real numbers; integer arithmetic leaves what its integers
 * stand for. G gates of H cells, N outputs.
 */
export interface Trace {
  /** [T, B, G * H], in the order of shape.gates. */
  readonly gates: Float32Array;
  /** [T + 1, B, H], the state before the first step in front. */
  readonly c: Float32Array;
  /** [T, B, H]: tanh(c) */
  readonly squashed: Float32Array;
  /** [T, B, H]: o tanh(c); empty without a projection. */
  readonly m: Float32Array;
  /** [T + 1, B, N], the state before the first step in front. */
  readonly h: Float32Array;
  /** [T, B, G * H], gate sums of zero mean and variance 1; empty without layer normalization. */
  readonly normal: Float32Array;
  /** [T, B, G]: 1 / deviation; empty without layer normalization. */
  readonly steepness: Float32Array;
  /** [T, B, H] and [T, B, N]: 0 where c, or h, was cut to its limits, else 1. */
  readonly isCellFree: Uint8Array;
  readonly isOutputFree: Uint8Array;
}

export function createTrace(shape: DirectionShape, timeSteps: number, batch: number): Trace {
  const { gates, cellSize, outputSize, variant } = shape;
  const steps = timeSteps * batch;
  const sums = variant.hasLayerNorm ? steps * gates.length : 0;
  return {
    gates: new Float32Array(steps * gates.length * cellSize),
    c: new Float32Array((steps + batch) * cellSize),
    squashed: new Float32Array(steps * cellSize),
    m: new Float32Array(variant.projection > 0 ? steps * cellSize : 0),
    h: new Float32Array((steps + batch) * outputSize),
    normal: new Float32Array(sums * cellSize),
    steepness: new Float32Array(sums),
    isCellFree: new Uint8Array(steps * cellSize),
    isOutputFree: new Uint8Array(steps * outputSize),
  };
}

/** The state after `timeSteps` steps becomes the one before the next batch. */
export function carryState(
  { h, c }: Trace,
  shape: DirectionShape,
  timeSteps: number,
  batch: number,
): void {
  const { cellSize, outputSize } = shape;
  h.copyWithin(0, timeSteps * batch * outputSize, (timeSteps + 1) * batch * outputSize);
  c.copyWithin(0, timeSteps * batch * cellSize, (timeSteps + 1) * batch * cellSize);
}

/** The state of one lane before the next batch is zero. */
export function resetState({ h, c }: Trace, shape: DirectionShape, lane: number): void {
  const { cellSize, outputSize } = shape;
  h.fill(0, lane * outputSize, (lane + 1) * outputSize);
  c.fill(0, lane * cellSize, (lane + 1) * cellSize);
}

/** One direction of a layer in some arithmetic. */
export interface DirectionPass {
  /** From the state at the trace's front. */
  run(timeSteps: number, rows: InputRows): void;
  /** [T + 1, B, N]: h as integers, like trace.h; null in float arithmetic. */
  readonly codes: Float32Array | null;
}
