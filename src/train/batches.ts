/** Datasets cut into batches; everything follows from the seed and the step, so a run can resume. */
import type { Batch } from '../engine/engine.js';
import type { SeriesCase, SeriesDataset } from '../model/dataset.js';
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
  cases: readonly SeriesCase[],
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

/** One batch of whole series, mean and gain applied; lanes without a case have target -1. */
export function seriesBatch(
  dataset: Pick<SeriesDataset, 'channels' | 'mean' | 'gain'>,
  cases: readonly SeriesCase[],
  group: readonly number[],
  lanes: number,
): Batch {
  const { channels, mean, gain } = dataset;
  const timeSteps = cases[group[0]].values.length / channels;
  const values = new Float32Array(timeSteps * lanes * channels);
  const targets = new Int32Array(lanes).fill(-1);
  group.forEach((index, lane) => {
    const { values: series, label } = cases[index];
    targets[lane] = label;
    for (let t = 0; t < timeSteps; t++) {
      for (let c = 0; c < channels; c++) {
        values[(t * lanes + lane) * channels + c] = (series[t * channels + c] - mean[c]) * gain[c];
      }
    }
  });
  return { timeSteps, values, targets };
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

/** Whole series in an order shuffled anew each epoch. */
export function seriesBatches(dataset: SeriesDataset, lanes: number, seed: number): Batches {
  const cases = dataset.train;
  if (cases.length === 0) throw new RangeError('series: the training split is empty');
  checkSeries(dataset);
  const identity = Int32Array.from(cases, (_, n) => n);
  const stepsPerEpoch = groupByLength(cases, identity, lanes).length;
  const timeSteps = Math.max(...cases.map((c) => c.values.length / dataset.channels));
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
        groups = groupByLength(cases, random.shuffle(identity.slice()), lanes);
        shuffledFor = epoch;
      }
      const group = groups[step % stepsPerEpoch];
      return { batch: seriesBatch(dataset, cases, group, lanes), fresh: every };
    },
  };
}
