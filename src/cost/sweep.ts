/**
 * The designs that the shipped profiles are fitted to: both schemes, odd sizes, one to three columns,
 * small enough to be synthesized in minutes. Weights are random, drawn from the seed.
 */
import type { SchemeName } from '../quant/quantized-model.js';

export interface SweepDesign {
  readonly scheme: SchemeName;
  readonly inputSize: number;
  readonly hiddenSizes: readonly number[];
  readonly classes: number;
  /** Absent for dense input. */
  readonly vocabSize?: number;
  readonly when: 'every-step' | 'last-step';
  readonly rows: number;
  readonly columns: number;
  readonly seed: number;
}

type Row = readonly [
  scheme: SchemeName,
  inputSize: number,
  hiddenSizes: readonly number[],
  classes: number,
  /** 0: dense input. */
  vocabSize: number,
  when: 'every-step' | 'last-step',
  rows: number,
  columns: number,
];

const ROWS: readonly Row[] = [
  ['ternary-level3', 16, [16], 10, 30, 'every-step', 4, 1],
  ['int8', 16, [16], 10, 30, 'every-step', 4, 1],
  ['ternary-level3', 9, [20], 6, 0, 'last-step', 2, 2],
  ['int8', 9, [20], 6, 0, 'last-step', 2, 2],
  ['ternary-level3', 24, [32], 40, 40, 'every-step', 8, 1],
  ['int8', 24, [32], 40, 40, 'every-step', 8, 1],
  ['ternary-level3', 12, [14, 11], 17, 0, 'every-step', 3, 1],
  ['int8', 12, [14, 11], 17, 0, 'every-step', 3, 1],
  ['ternary-level3', 33, [40], 25, 0, 'every-step', 16, 1],
  ['int8', 40, [24], 12, 50, 'last-step', 1, 1],
  ['ternary-level3', 7, [10, 18], 5, 22, 'last-step', 5, 3],
  ['int8', 20, [10, 12], 30, 0, 'every-step', 6, 2],
  ['ternary-level3', 28, [25], 300, 60, 'every-step', 1, 1],
  ['int8', 5, [36], 8, 15, 'every-step', 5, 1],
  ['ternary-level3', 40, [48], 30, 60, 'every-step', 12, 1],
  ['int8', 30, [40], 20, 0, 'last-step', 10, 1],
  ['ternary-level3', 18, [36], 12, 0, 'every-step', 10, 2],
  ['int8', 14, [22, 9], 9, 33, 'every-step', 2, 3],
  ['ternary-level3', 3, [5], 3, 0, 'every-step', 6, 1],
  ['int8', 3, [5], 3, 0, 'every-step', 3, 1],
  ['ternary-level3', 38, [12, 30], 21, 0, 'last-step', 14, 1],
  ['int8', 36, [33], 61, 64, 'every-step', 12, 1],
  ['ternary-level3', 22, [64], 64, 64, 'every-step', 16, 1],
  ['int8', 22, [48], 64, 64, 'every-step', 16, 1],
  ['ternary-level3', 11, [13], 7, 9, 'every-step', 2, 4],
  ['int8', 25, [17], 40, 0, 'every-step', 7, 1],
  ['ternary-level3', 31, [27, 27], 35, 48, 'every-step', 7, 1],
  ['int8', 10, [28, 16], 14, 20, 'last-step', 4, 1],
  ['ternary-level3', 64, [64], 80, 96, 'every-step', 16, 1],
  ['ternary-level3', 16, [24], 12, 0, 'last-step', 9, 2],
];

export const CALIBRATION_SWEEP: readonly SweepDesign[] = ROWS.map(
  ([scheme, inputSize, hiddenSizes, classes, vocabSize, when, rows, columns], index) => ({
    ...{ scheme, inputSize, hiddenSizes, classes, when, rows, columns },
    ...(vocabSize === 0 ? {} : { vocabSize }),
    seed: 1000 + index,
  }),
);
