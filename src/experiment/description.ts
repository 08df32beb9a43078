/** A paper's comparison as plain data: which data, which runs, and what they should show. */
import type { DatasetSpec } from '../data/dataset-spec.js';
import type { OptimizerConfig } from '../engine/engine.js';
import type { CalibrationOptions } from '../integer-training/calibrate.js';
import type { IntegerOptions } from '../integer-training/quantize-model.js';
import type { ModelScheme } from '../model/model.js';
import type { TrainConfig } from '../train/train.js';
import type { DataLimit } from './limit.js';
import type { MetricName } from './metric.js';

export const SIZE_NAMES = ['quick', 'full'] as const;
/** `quick`: minutes on one core; `full`: hours. */
export type SizeName = (typeof SIZE_NAMES)[number];

/** Fields of a training that differ from what suits the scheme (train/train.ts). */
export type TrainOverrides = Partial<Omit<TrainConfig, 'scheme' | 'seed' | 'optimizer'>> & {
  readonly optimizer?: Partial<OptimizerConfig>;
};

/** Paths are relative to the folder of the data. */
export type ExperimentData = DatasetSpec & { readonly limit?: DataLimit | undefined };

/** Columns of the result table beside the metric. */
export const COLUMN_NAMES = ['zeros', 'maxCell'] as const;
export type ColumnName = (typeof COLUMN_NAMES)[number];

/** Quantization of a float model after calibration, by the recipe of arXiv:2101.05453 (docs/integer.md). */
export type IntegerRecipe = Omit<IntegerOptions, 'precision'> & {
  readonly calibration?: Partial<CalibrationOptions> | undefined;
};

export interface ExperimentRun {
  /** An identifier: checks calculate with it, and its folder bears it. */
  readonly name: string;
  readonly label: string;
  readonly scheme: ModelScheme;
  /** The run whose model it starts from. */
  readonly from?: string | undefined;
  /** `none`: the model of `from` in this scheme as it is, quantized after training. */
  readonly training?: 'none' | undefined;
  /** The float model of `from` in these integers; `scheme` is then of no account. */
  readonly integer?: IntegerRecipe | undefined;
  readonly overrides: TrainOverrides;
}

export interface CheckDescription {
  /** What the paper found, in words. */
  readonly claim: string;
  /** See expression.ts. */
  readonly expression: string;
  /** Where it is evaluated; everywhere unless given. */
  readonly sizes?: readonly SizeName[] | undefined;
}

/** Figures of the paper, or of another reference, to print beside ours. */
export interface PaperColumn {
  readonly heading: string;
  /** Where they are from, and how sure that is. */
  readonly source: string;
  /** By name of the run. */
  readonly values: Readonly<Record<string, number>>;
  /** Where they compare with ours; everywhere unless given. */
  readonly sizes?: readonly SizeName[] | undefined;
}

/** What of the metric a plot shows; runs outside get an arrow and their figure. */
export interface Axis {
  readonly low?: number | undefined;
  readonly high?: number | undefined;
}

export interface SizeOverrides {
  /** Fields of `data` that differ, `limit` among them. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly base: TrainOverrides;
  /** By name of the run. */
  readonly runs: Readonly<Record<string, TrainOverrides>>;
  readonly metric?: MetricName | undefined;
  readonly axis?: Axis | undefined;
}

export interface Experiment {
  readonly name: string;
  readonly title: string;
  readonly source: { readonly paper: string; readonly table?: string | undefined };
  readonly data: ExperimentData;
  readonly metric: MetricName;
  /** The run that differences in the table are taken to. */
  readonly reference: string;
  readonly seeds: readonly number[];
  readonly columns: readonly ColumnName[];
  readonly axis?: Axis | undefined;
  readonly base: TrainOverrides;
  readonly sizes: Readonly<Record<SizeName, SizeOverrides>>;
  /** In the order of the table; a run may start from any other. */
  readonly runs: readonly ExperimentRun[];
  readonly checks: readonly CheckDescription[];
  readonly paper: readonly PaperColumn[];
  /** What differs from the paper and must be said. */
  readonly notes: readonly string[];
}
