/** Datasets cut into batches; everything follows from the seed and the step, so a run can resume. */
import type { Batch } from '../engine/engine.js';
import type {
  Dataset,
  RegressionDataset,
  SeriesCase,
  SeriesDataset,
  TaggedSentence,
  TaggingDataset,
} from '../model/dataset.js';
import { Random } from '../model/random.js';

export interface Batches {
  readonly stepsPerEpoch: number;
  /** Longest batch. */
  readonly timeSteps: number;
  /** h and c of the lanes in `fresh` start from zero. */
  at(step: number): { readonly batch: Batch; readonly fresh: readonly number[] };
}

/**
 * Lanes of consecutive text; each batch goes on where the last one stopped, an epoch starts anew.
 *
 * Every `restart` steps a lane starts from zero state, each lane at its own time. Without this a model
 * sees zero state once an epoch, learns to live far from it (the float cell state grows to hundreds) and
 * predicts badly for the first thousands of symbols of a new stream.
 */
export function textBatches(
  tokens: ArrayLike<number>,
  lanes: number,
  timeSteps: number,
  restart = Infinity,
): Batches {
  const laneLength = Math.floor((tokens.length - 1) / lanes);
  const stepsPerEpoch = Math.floor(laneLength / timeSteps);
  if (stepsPerEpoch < 1) {
    throw new RangeError(
      `the training text has ${tokens.length} symbols, one step takes ${lanes * timeSteps + 1} ` +
        `(batch ${lanes} x timeSteps ${timeSteps}); use a longer text or smaller batches`,
    );
  }
  return {
    stepsPerEpoch,
    timeSteps,
    at(step) {
      const position = step % stepsPerEpoch;
      const input = new Int32Array(timeSteps * lanes);
      const targets = new Int32Array(timeSteps * lanes);
      for (let t = 0; t < timeSteps; t++) {
        for (let lane = 0; lane < lanes; lane++) {
          const from = lane * laneLength + position * timeSteps + t;
          input[t * lanes + lane] = tokens[from];
          targets[t * lanes + lane] = tokens[from + 1];
        }
      }
      const fresh: number[] = [];
      for (let lane = 0; lane < lanes; lane++) {
        const due = (step + Math.floor((lane * restart) / lanes)) % restart === 0;
        if (position === 0 || due) fresh.push(lane);
      }
      return { batch: { timeSteps, tokens: input, targets }, fresh };
    },
  };
}

/** Index lists of at most `lanes` cases, all of one length each. */
export function groupByLength(
  cases: readonly { readonly values: { readonly length: number } }[],
  order: ArrayLike<number>,
  lanes: number,
): number[][] {
  const open = new Map<number, number[]>();
  const groups: number[][] = [];
  for (let k = 0; k < order.length; k++) {
    const { length } = cases[order[k]].values;
    const group = open.get(length) ?? [];
    if (group.length === 0) groups.push(group);
    group.push(order[k]);
    if (group.length === lanes) open.delete(length);
    else open.set(length, group);
  }
  return groups;
}

interface Normalization {
  readonly channels: number;
  readonly mean: readonly number[];
  readonly gain: readonly number[];
}

/** x of whole series side by side, mean and gain applied: [timeSteps, lanes, channels]. */
function seriesValues(
  { channels, mean, gain }: Normalization,
  cases: readonly { readonly values: Float32Array }[],
  group: readonly number[],
  lanes: number,
): { readonly timeSteps: number; readonly values: Float32Array } {
  const timeSteps = cases[group[0]].values.length / channels;
  const values = new Float32Array(timeSteps * lanes * channels);
  group.forEach((index, lane) => {
    const { values: series } = cases[index];
    for (let t = 0; t < timeSteps; t++) {
      for (let c = 0; c < channels; c++) {
        values[(t * lanes + lane) * channels + c] = (series[t * channels + c] - mean[c]) * gain[c];
      }
    }
  });
  return { timeSteps, values };
}

/** One batch of whole series; lanes without a case have target -1. */
export function seriesBatch(
  dataset: Normalization,
  cases: readonly SeriesCase[],
  group: readonly number[],
  lanes: number,
): Batch {
  const targets = new Int32Array(lanes).fill(-1);
  group.forEach((index, lane) => void (targets[lane] = cases[index].label));
  return { ...seriesValues(dataset, cases, group, lanes), targets };
}

/** One batch of whole series; lanes without a case have a target that is not a number. */
export function regressionBatch(
  dataset: RegressionDataset,
  cases: RegressionDataset['train'],
  group: readonly number[],
  lanes: number,
): Batch {
  const { mean, gain } = dataset.target;
  const reals = new Float32Array(lanes).fill(NaN);
  group.forEach((index, lane) => void (reals[lane] = (cases[index].target - mean) * gain));
  return { ...seriesValues(dataset, cases, group, lanes), reals };
}

/** Sentences side by side, padded at their ends; padding has target -1. */
export function taggingBatch(
  dataset: Pick<TaggingDataset, 'features'>,
  sentences: readonly TaggedSentence[],
  group: readonly number[],
  lanes: number,
): Batch {
  const width = dataset.features.length;
  const timeSteps = Math.max(...group.map((index) => sentences[index].tags.length));
  const features = new Int32Array(timeSteps * lanes * width);
  const targets = new Int32Array(timeSteps * lanes).fill(-1);
  const lengths = new Int32Array(lanes);
  group.forEach((index, lane) => {
    const sentence = sentences[index];
    lengths[lane] = sentence.tags.length;
    for (let t = 0; t < sentence.tags.length; t++) {
      const at = t * lanes + lane;
      targets[at] = sentence.tags[t];
      features.set(sentence.features.subarray(t * width, (t + 1) * width), at * width);
    }
  });
  return { timeSteps, features, targets, lengths };
}

/** Sentences of about one length together: at most `lanes` a group. */
export function groupSentences(
  sentences: readonly TaggedSentence[],
  order: ArrayLike<number>,
  lanes: number,
): number[][] {
  const groups: number[][] = [];
  // Sorting runs of the order, not all of it, keeps batches mixed from epoch to epoch.
  const run = 20 * lanes;
  for (let from = 0; from < order.length; from += run) {
    const part = Array.from(
      { length: Math.min(run, order.length - from) },
      (_, n) => order[from + n],
    );
    part.sort((a, b) => sentences[a].tags.length - sentences[b].tags.length || a - b);
    for (let k = 0; k < part.length; k += lanes) groups.push(part.slice(k, k + lanes));
  }
  return groups;
}

/** Throws unless every case is whole steps of finite values and has a known label. */
export function checkSeries(dataset: SeriesDataset): void {
  const { channels, classes, mean, gain } = dataset;
  if (mean.length !== channels || gain.length !== channels) {
    throw new RangeError(`series: mean and gain must have ${channels} entries`);
  }
  for (const split of ['train', 'valid', 'test'] as const) {
    dataset[split].forEach(({ values, label }, n) => {
      const where = `series ${split}[${n}]`;
      if (values.length === 0 || values.length % channels !== 0) {
        throw new RangeError(
          `${where}: ${values.length} values are not whole steps of ${channels}`,
        );
      }
      if (!values.every(Number.isFinite)) throw new RangeError(`${where}: a value is not finite`);
      if (!(Number.isInteger(label) && label >= 0 && label < classes.length)) {
        throw new RangeError(`${where}: label ${label} is not in 0..${classes.length - 1}`);
      }
    });
  }
}

/** Groups of whole cases in an order shuffled anew each epoch. */
function shuffledBatches(
  count: number,
  timeSteps: number,
  lanes: number,
  seed: number,
  groupsOf: (order: Int32Array, random: Random) => number[][],
  batchOf: (group: readonly number[]) => Batch,
): Batches {
  const identity = Int32Array.from({ length: count }, (_, n) => n);
  const stepsPerEpoch = groupsOf(identity, new Random(seed)).length;
  const every = Array.from({ length: lanes }, (_, lane) => lane);
  let shuffledFor = -1;
  let groups: number[][] = [];
  return {
    stepsPerEpoch,
    timeSteps,
    at(step) {
      const epoch = Math.floor(step / stepsPerEpoch);
      if (epoch !== shuffledFor) {
        const random = new Random(Math.imul(seed + 1, 0x9e3779b1) ^ epoch);
        groups = groupsOf(random.shuffle(identity.slice()), random);
        shuffledFor = epoch;
      }
      return { batch: batchOf(groups[step % stepsPerEpoch]), fresh: every };
    },
  };
}

/** Whole series; see shuffledBatches. */
export function seriesBatches(dataset: SeriesDataset, lanes: number, seed: number): Batches {
  const cases = dataset.train;
  if (cases.length === 0) throw new RangeError('series: the training split is empty');
  checkSeries(dataset);
  return shuffledBatches(
    cases.length,
    Math.max(...cases.map((c) => c.values.length / dataset.channels)),
    lanes,
    seed,
    (order) => groupByLength(cases, order, lanes),
    (group) => seriesBatch(dataset, cases, group, lanes),
  );
}

export function regressionBatches(
  dataset: RegressionDataset,
  lanes: number,
  seed: number,
): Batches {
  const cases = dataset.train;
  if (cases.length === 0) throw new RangeError('regression: the training split is empty');
  return shuffledBatches(
    cases.length,
    Math.max(...cases.map((c) => c.values.length / dataset.channels)),
    lanes,
    seed,
    (order) => groupByLength(cases, order, lanes),
    (group) => regressionBatch(dataset, cases, group, lanes),
  );
}

export function taggingBatches(dataset: TaggingDataset, lanes: number, seed: number): Batches {
  const sentences = dataset.train;
  if (sentences.length === 0) throw new RangeError('tagging: the training split is empty');
  return shuffledBatches(
    sentences.length,
    Math.max(...sentences.map(({ tags }) => tags.length)),
    lanes,
    seed,
    (order, random) => {
      const groups = groupSentences(sentences, order, lanes);
      return Array.from(random.shuffle(Int32Array.from(groups.keys())), (n) => groups[n]);
    },
    (group) => taggingBatch(dataset, sentences, group, lanes),
  );
}

/** The batches of a dataset's training part. */
export function batchesOf(
  dataset: Dataset,
  sizes: {
    readonly batch: number;
    readonly timeSteps: number;
    readonly restart: number;
    readonly seed: number;
  },
): Batches {
  const { batch, timeSteps, restart, seed } = sizes;
  switch (dataset.kind) {
    case 'text':
      return textBatches(dataset.train, batch, timeSteps, restart);
    case 'series':
      return seriesBatches(dataset, batch, seed);
    case 'tagging':
      return taggingBatches(dataset, batch, seed);
    case 'regression':
      return regressionBatches(dataset, batch, seed);
  }
}
