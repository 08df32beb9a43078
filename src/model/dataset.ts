/** Datasets in memory, as the loaders make them and the trainer takes them. */

/** Text as token ids 0..symbols.length-1. */
export interface TextDataset {
  readonly kind: 'text';
  /** The symbol of every token id: a character, or a byte written as `<0x0A>`. */
  readonly symbols: readonly string[];
  readonly train: Uint16Array | Int32Array;
  readonly valid: Uint16Array | Int32Array;
  readonly test: Uint16Array | Int32Array;
}

/** One labelled series: values [timeSteps, channels] row-major, in the channels' own units. */
export interface SeriesCase {
  readonly values: Float32Array;
  /** Index into the dataset's classes. */
  readonly label: number;
}

export interface SeriesDataset {
  readonly kind: 'series';
  readonly channels: number;
  readonly classes: readonly string[];
  /** Per channel; (value - mean) * gain should lie within [-1, 1] nearly always, it saturates beyond. */
  readonly mean: readonly number[];
  readonly gain: readonly number[];
  readonly train: readonly SeriesCase[];
  /** Chooses the best epoch; where empty, the training loss does. */
  readonly valid: readonly SeriesCase[];
  readonly test: readonly SeriesCase[];
}

export type Dataset = TextDataset | SeriesDataset;
export type Split = 'train' | 'valid' | 'test';
