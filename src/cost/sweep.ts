/**
 * The designs that the shipped profiles are fitted to: every kind of element, cell, combiner and table, odd
 * sizes, one to four columns, small enough to be synthesized in minutes. Weights are random, drawn from the
 * seed.
 */
import type { PlanOptions } from '../design/plan.js';
import { SCHEMES, uniformWeights, type Scheme } from '../quant/scheme.js';

export interface SweepDesign {
  readonly scheme: Scheme;
  readonly inputSize: number;
  readonly hiddenSizes: readonly number[];
  readonly classes: number;
  /** Absent for dense input. */
  readonly vocabSize?: number;
  /** Tokens one-hot: inputSize is the vocabulary. */
  readonly isOneHot?: boolean;
  readonly features?: readonly { readonly count: number; readonly size: number }[];
  readonly bidirectional?: readonly boolean[];
  readonly output?: 'value';
  readonly when: 'every-step' | 'last-step';
  readonly seed: number;
  readonly options: Omit<PlanOptions, 'name'>;
}

type Row = readonly [
  scheme: string,
  inputSize: number,
  hiddenSizes: readonly number[],
  classes: number,
  /** 0: dense input; as many as inputSize, and -1: one-hot. */
  vocabSize: number,
  when: 'every-step' | 'last-step',
  rows: number,
  columns: number,
  options?: Partial<PlanOptions>,
  structure?: Pick<SweepDesign, 'features' | 'bidirectional' | 'output'>,
];

/** Directions, features and values: whatever a layer, an input and a head can be. */
const BOTH = { bidirectional: [true] };

/** Schemes of the sweep that have no name of their own. */
const MORE: Readonly<Record<string, Scheme>> = Object.fromEntries(
  [
    { ...SCHEMES['laq-log-3'], name: 'laq-log-4', weights: uniformWeights('laq-log-4') },
    { ...SCHEMES['int8'], name: 'int4', weights: uniformWeights('int4'), head: 'int4' },
    { ...SCHEMES['bwn'], name: 'all-binary', head: 'binary', gates: 'level3' as const },
    { ...SCHEMES['ternary-level3'], name: 'ternary-g', candidate: 'ternary' as const },
    {
      ...SCHEMES['ternary-level3'],
      name: 'short-c',
      gates: 'binary' as const,
      cell: { bits: 10, fraction: 6 },
    },
    {
      ...SCHEMES['hitnet'],
      name: 'hitnet-level3',
      gates: 'level3' as const,
      cell: { bits: 12, fraction: 4 },
    },
  ].map((scheme) => [scheme.name, scheme]),
);

/** Features from their counts and sizes in turn. */
function pairs(...values: readonly number[]): NonNullable<SweepDesign['features']> {
  return Array.from({ length: values.length / 2 }, (_, n) => ({
    count: values[2 * n],
    size: values[2 * n + 1],
  }));
}

const ROWS: readonly Row[] = [
  ['ternary-level3', 16, [16], 10, 30, 'every-step', 4, 1],
  ['int8', 16, [16], 10, 30, 'every-step', 4, 1],
  ['binary-level3', 16, [16], 6, 0, 'last-step', 8, 1],
  ['twn', 14, [12], 9, 0, 'every-step', 6, 1],
  ['bcq-2', 12, [9], 5, 20, 'last-step', 7, 1],
  ['laq-log-3', 10, [16], 8, 0, 'every-step', 6, 1],
  ['hitnet', 20, [24], 6, 0, 'last-step', 4, 1],
  ['hitnet-h', 18, [20], 8, 40, 'every-step', 5, 1, { pack: 4 }],
  ['laq-linear-3', 15, [14], 12, 0, 'last-step', 5, 1],
  ['ternary-level3', 9, [20], 6, 0, 'last-step', 2, 2],
  ['int8', 9, [20], 6, 0, 'last-step', 2, 2],
  ['ternary-level3', 24, [12], 10, -1, 'every-step', 5, 1],
  ['bwn', 30, [10], 12, -1, 'every-step', 9, 1],
  ['ternary', 20, [18], 15, 25, 'every-step', 8, 1],
  ['all-binary', 14, [22], 18, 0, 'every-step', 12, 1],
  ['ternary-g', 12, [20], 7, 30, 'last-step', 6, 2],
  ['short-c', 11, [15], 9, 0, 'every-step', 5, 1],
  ['hitnet-level3', 16, [14], 5, 0, 'every-step', 3, 2, { pack: 16 }],
  ['int4', 18, [16], 11, 0, 'every-step', 6, 1],
  ['laq-log-4', 9, [12], 6, 22, 'last-step', 4, 2],
  ['int8', 24, [32], 40, 40, 'every-step', 8, 1],
  ['ternary-level3', 12, [14, 11], 17, 0, 'every-step', 3, 1],
  ['int8', 12, [14, 11], 17, 0, 'every-step', 3, 1],
  ['ternary-level3', 33, [40], 25, 0, 'every-step', 16, 1],
  ['dorefa-3', 8, [7, 6], 4, 0, 'last-step', 11, 1],
  ['ttq', 11, [13, 9], 10, 16, 'every-step', 7, 2],
  ['hitnet', 32, [16, 16], 10, -1, 'last-step', 8, 1, { pack: 8 }],
  ['hitnet-s1', 13, [11], 4, 0, 'every-step', 4, 1, { array: 'binary', pack: 8 }],
  ['hitnet-h', 12, [32], 9, 0, 'last-step', 6, 1, { pack: 32 }],
  ['bcq-1', 20, [15], 11, 0, 'every-step', 4, 2],
  ['ternary', 30, [16], 20, -1, 'last-step', 12, 1],
  ['int8', 40, [24], 12, 50, 'last-step', 1, 1],
  ['ternary-level3', 7, [10, 18], 5, 22, 'last-step', 5, 3],
  ['int8', 20, [10, 12], 30, 0, 'every-step', 6, 2],
  ['binary', 24, [28], 9, 12, 'every-step', 16, 1],
  ['laq-log-3', 16, [10, 10], 7, 0, 'last-step', 9, 1],
  ['int8-level3', 10, [12], 14, 18, 'every-step', 5, 1],
  ['twn', 25, [20], 16, 20, 'last-step', 10, 1, { inputTable: true }],
  ['bcq-3', 6, [8], 5, 0, 'every-step', 3, 1],
  ['ternary-level3', 40, [48], 30, 60, 'every-step', 12, 1],
  ['int8', 22, [48], 64, 64, 'every-step', 16, 1],
  ['ternary-level3', 28, [25], 300, 60, 'every-step', 1, 1],
  ['binary-level3', 40, [40], 24, 0, 'every-step', 16, 1],
  ['hitnet', 64, [64], 12, 0, 'last-step', 16, 1, { pack: 16 }],
  ['ternary-level3', 9, [8], 6, 0, 'every-step', 4, 1, { maxSteps: 32 }, BOTH],
  ['int8', 12, [10], 9, 20, 'every-step', 6, 1, { maxSteps: 40 }, BOTH],
  ['bcq-2', 8, [6, 5], 5, 0, 'last-step', 5, 1, { maxSteps: 24 }, { bidirectional: [true, true] }],
  ['hitnet', 16, [12], 7, -1, 'every-step', 6, 1, { maxSteps: 50 }, BOTH],
  ['ternary-level3', 18, [14], 8, 0, 'every-step', 5, 1, {}, { features: pairs(20, 12, 9, 6) }],
  ['int8', 10, [12], 1, 0, 'last-step', 4, 1, {}, { output: 'value' }],
  [
    ...(['ternary-level3', 14, [9, 7], 9, 0, 'every-step', 6, 2, { maxSteps: 64 }] as const),
    { features: pairs(12, 7, 30, 4, 5, 3), bidirectional: [true, true] },
  ],
  ['int8', 20, [14], 1, 0, 'last-step', 8, 1, { maxSteps: 30 }, { ...BOTH, output: 'value' }],
];

export const CALIBRATION_SWEEP: readonly SweepDesign[] = ROWS.map(
  (
    [scheme, inputSize, hiddenSizes, classes, vocabSize, when, rows, columns, more, structure],
    index,
  ) => ({
    scheme: SCHEMES[scheme] ?? MORE[scheme],
    ...{ inputSize, hiddenSizes, classes, when },
    ...(vocabSize > 0
      ? { vocabSize }
      : vocabSize < 0
        ? { vocabSize: inputSize, isOneHot: true }
        : {}),
    ...structure,
    seed: 1000 + index,
    options: { rows, columns, ...more },
  }),
);
