/** Datasets in memory, as the loaders make them and the trainer takes them. */

/** What one token of a text is: decides between bits per character and perplexity in reports. */
export type TextUnit = 'character' | 'byte' | 'word' | 'symbol';

/** Text as token ids 0..symbols.length-1. */
export interface TextDataset {
  readonly kind: 'text';
  /** Absent in texts made by hand: `character`. */
  readonly unit?: TextUnit;
  /** The symbol of every token id: a character, a word, or a byte written as `<0x0A>`. */
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

/** One series with a real target: values as in SeriesCase. */
export interface RegressionCase {
  readonly values: Float32Array;
  /** In the target's own unit. */
  readonly target: number;
}

export interface RegressionDataset {
  readonly kind: 'regression';
  readonly channels: number;
  readonly channelNames?: readonly string[] | undefined;
  /** As in SeriesDataset. */
  readonly mean: readonly number[];
  readonly gain: readonly number[];
  /** The model learns (target - mean) * gain, which lies within [-1, 1] over the training part. */
  readonly target: {
    readonly name: string;
    readonly mean: number;
    readonly gain: number;
    /** Targets are remaining lives in cycles: scored as in the PHM 2008 challenge too. */
    readonly isLife?: boolean | undefined;
  };
  readonly train: readonly RegressionCase[];
  readonly valid: readonly RegressionCase[];
  readonly test: readonly RegressionCase[];
}

/** One categorical property of a token: an embedding of `size` rows. */
export interface TokenFeature {
  readonly name: string;
  /** Number of indices; index 0 stands for every value that training did not keep. */
  readonly size: number;
  /** [size], the value behind each index; loaders always say it. */
  readonly values?: readonly string[];
}

export interface TaggedSentence {
  /** [length, features.length] row-major, each within its feature's size. */
  readonly features: Int32Array;
  /** [length], indices into the dataset's tags. */
  readonly tags: Int32Array;
}

/** How tags mark the borders of entities; see src/data/tag-scheme.ts. */
export type TargetTagScheme = 'IOB2' | 'BIOES';

/** Sentences with one tag per token, such as named entities. */
export interface TaggingDataset {
  readonly kind: 'tagging';
  readonly scheme: TargetTagScheme;
  /** `O` first, then all tags of one type after another: `B-LOC`, `I-LOC`, `B-PER`, ... */
  readonly tags: readonly string[];
  /** The model's input is made of one embedding per feature. */
  readonly features: readonly TokenFeature[];
  readonly train: readonly TaggedSentence[];
  readonly valid: readonly TaggedSentence[];
  readonly test: readonly TaggedSentence[];
}

export type Dataset = TextDataset | SeriesDataset | TaggingDataset | RegressionDataset;
export type Split = 'train' | 'valid' | 'test';
