/** What an experiment compares. */
import type { Dataset } from '../model/dataset.js';

/** The figures of an evaluation (store/model-file.ts) that a metric may be read from. */
export interface Scores {
  /** Mean cross-entropy in nats. */
  readonly loss: number;
  readonly bitsPerSymbol?: number | undefined;
  /** In 0..1. */
  readonly accuracy: number;
  /** Of entities, in 0..1. */
  readonly f1?: number | undefined;
  /** In the target's unit. */
  readonly rmse?: number | undefined;
}

type Kind = Dataset['kind'];
const CLASSES: readonly Kind[] = ['text', 'series', 'tagging'];

export interface Metric {
  /** Of an axis or a column: `test cross-entropy, nats per symbol`. */
  readonly label: string;
  readonly isLowerBetter: boolean;
  /** Digits behind the point in tables. */
  readonly digits: number;
  /** Datasets that it can be measured on. */
  readonly kinds: readonly Kind[];
  /** Undefined where the evaluation has no such figure. */
  readonly value: (scores: Scores) => number | undefined;
}

export const METRIC_NAMES = ['loss', 'bpc', 'perplexity', 'accuracy', 'f1', 'rmse'] as const;
export type MetricName = (typeof METRIC_NAMES)[number];

export const METRICS: Readonly<Record<MetricName, Metric>> = {
  loss: {
    label: 'test cross-entropy, nats',
    isLowerBetter: true,
    digits: 4,
    kinds: CLASSES,
    value: ({ loss }) => loss,
  },
  bpc: {
    label: 'test bits per character',
    isLowerBetter: true,
    digits: 3,
    kinds: ['text'],
    value: ({ bitsPerSymbol }) => bitsPerSymbol,
  },
  perplexity: {
    label: 'test perplexity',
    isLowerBetter: true,
    digits: 2,
    kinds: ['text'],
    value: ({ loss }) => Math.exp(loss),
  },
  accuracy: {
    label: 'test accuracy, %',
    isLowerBetter: false,
    digits: 2,
    kinds: CLASSES,
    value: ({ accuracy }) => 100 * accuracy,
  },
  f1: {
    label: 'test F1 of entities, %',
    isLowerBetter: false,
    digits: 2,
    kinds: ['tagging'],
    value: ({ f1 }) => (f1 === undefined ? undefined : 100 * f1),
  },
  rmse: {
    label: 'test root of the mean squared error',
    isLowerBetter: true,
    digits: 2,
    kinds: ['regression'],
    value: ({ rmse }) => rmse,
  },
};
