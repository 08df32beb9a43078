/** Runs over time, batches, stacked and bidirectional layers, all of `step` alone. */
import {
  activationVector,
  initialState,
  type IntegerLstm,
  type LstmState,
  type Saturations,
  step,
} from './lstm.js';

/** A batch's tensors are [timeSteps, batch, n] if time-major, else [batch, timeSteps, n]. */
export interface BatchShape {
  readonly batch: number;
  readonly timeSteps: number;
  readonly isTimeMajor: boolean;
}

export interface BatchStart {
  /** [batch, outputSize] */
  readonly h: ArrayLike<number>;
  /** [batch, cellSize] */
  readonly c: ArrayLike<number>;
}

/** Called after every step of every sequence; `state` is overwritten by the next. */
export type OnStep = (timeStep: number, item: number, state: LstmState) => void;

export interface BatchResult {
  /** Laid out as the input. */
  readonly output: Int8Array | Int16Array;
  /** Of each item. */
  readonly states: readonly LstmState[];
}

/**
 * Run a batch from real zero or from `start`. As in TensorFlow Lite, a time-major batch runs together and
 * a batch-major one item by item: the same results, but for `peepholeRows: 'output'`.
 */
export function runBatch(
  layer: IntegerLstm,
  input: Int8Array | Int16Array,
  { batch, timeSteps, isTimeMajor }: BatchShape,
  start?: BatchStart,
  onStep?: OnStep,
): BatchResult {
  const { inputSize, outputSize, cellSize } = layer;
  const output = activationVector(layer.kernel, batch * timeSteps * outputSize);
  const states = Array.from({ length: batch }, (_, item) => {
    const state = initialState(layer);
    if (start !== undefined) {
      for (let k = 0; k < outputSize; k++) state.h[k] = start.h[item * outputSize + k];
      for (let k = 0; k < cellSize; k++) state.c[k] = start.c[item * cellSize + k];
    }
    return state;
  });
  for (let t = 0; t < timeSteps; t++) {
    for (let item = 0; item < batch; item++) {
      const row = isTimeMajor ? t * batch + item : item * timeSteps + t;
      const x = input.subarray(row * inputSize, (row + 1) * inputSize);
      const lane = isTimeMajor ? { item, items: batch } : undefined;
      step(layer, states[item], x, lane);
      output.set(states[item].h, row * outputSize);
      onStep?.(t, item, states[item]);
    }
  }
  return { output, states };
}

/** One direction, or two whose outputs, of one scale and zero point, stand side by side. */
export type SequenceLayer =
  IntegerLstm | { readonly forward: IntegerLstm; readonly backward: IntegerLstm };

/** Numbers per step that a layer gives. */
export function outputWidth(layer: SequenceLayer): number {
  return 'forward' in layer
    ? layer.forward.outputSize + layer.backward.outputSize
    : layer.outputSize;
}

/** Counters at zero, to be filled by `runSequence`. */
export function noSaturations(): Saturations {
  return { gateSums: 0, cells: 0, outputs: 0 };
}

function addSaturations(total: Saturations, more: Saturations): void {
  total.gateSums += more.gateSums;
  total.cells += more.cells;
  total.outputs += more.outputs;
}

function runDirection(
  layer: IntegerLstm,
  input: Int8Array | Int16Array,
  isBackward: boolean,
  saturations: Saturations,
  write: (timeStep: number, h: Int8Array | Int16Array) => void,
): void {
  const { inputSize } = layer;
  const timeSteps = input.length / inputSize;
  const state = initialState(layer);
  for (let n = 0; n < timeSteps; n++) {
    const t = isBackward ? timeSteps - 1 - n : n;
    step(layer, state, input.subarray(t * inputSize, (t + 1) * inputSize));
    write(t, state.h);
  }
  addSaturations(saturations, state.saturations);
}

function runLayer(
  layer: SequenceLayer,
  input: Int8Array | Int16Array,
  saturations: Saturations,
): Int8Array | Int16Array {
  const isBoth = 'forward' in layer;
  const forward = isBoth ? layer.forward : layer;
  const width = outputWidth(layer);
  const output = activationVector(forward.kernel, (input.length / forward.inputSize) * width);
  runDirection(forward, input, false, saturations, (t, h) => output.set(h, t * width));
  if (isBoth) {
    runDirection(layer.backward, input, true, saturations, (t, h) =>
      output.set(h, t * width + forward.outputSize),
    );
  }
  return output;
}

/**
 * One sequence [timeSteps, inputSize] through stacked layers, from real zero; the last layer's outputs
 * [timeSteps, outputWidth]. Each layer must take the scale and zero point that the one before gives.
 * Adds to `saturations` how often any layer saturated.
 */
export function runSequence(
  layers: readonly SequenceLayer[],
  input: Int8Array | Int16Array,
  saturations: Saturations = noSaturations(),
): Int8Array | Int16Array {
  return layers.reduce((values, layer) => runLayer(layer, values, saturations), input);
}
