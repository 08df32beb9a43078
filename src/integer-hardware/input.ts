/** What comes in where it is not x itself, and the table that makes x of it. */
import { activationVector } from '../integer/lstm.js';
import {
  type Codes,
  directionsOf,
  type IntegerInput,
  type IntegerTable,
  rowsOf,
} from '../integer/model.js';
import type { IntegerDesign } from './design.js';

export type TableInput = NonNullable<IntegerDesign['input']>;

/** Tables, in the order of their numbers in a step; none of a one-hot input. */
export function tablesOf(input: IntegerInput): readonly IntegerTable[] {
  if (input.kind === 'tokens') return [input.table];
  return input.kind === 'features' ? input.tables : [];
}

/** Numbers that a step has at most: 0 .. inputDepth - 1. */
export function inputDepth(input: TableInput): number {
  if (input.kind === 'one-hot') return input.vocabSize;
  return Math.max(...tablesOf(input).map(({ count }) => count));
}

/** Beats of s_axis per step. */
export function beatsPerStep({
  input,
  inputSize,
}: Pick<IntegerDesign, 'input' | 'inputSize'>): number {
  if (input === null) return inputSize;
  return Math.max(1, tablesOf(input).length);
}

/** Elements of x that each beat of a step becomes. */
export function elementsPerBeat({
  input,
  inputSize,
}: Pick<IntegerDesign, 'input' | 'inputSize'>): readonly number[] {
  if (input === null) return new Array<number>(inputSize).fill(1);
  if (input.kind === 'one-hot') return [input.vocabSize];
  return tablesOf(input).map(({ size }) => size);
}

/** x of what comes in at one step. */
export function inputOf({ input, layers }: IntegerDesign, beats: ArrayLike<number>): Codes {
  const [{ kernel, inputSize }] = directionsOf(layers);
  const x = activationVector(kernel, inputSize);
  if (input === null) x.set(beats);
  else rowsOf(input, beats, x);
  return x;
}
