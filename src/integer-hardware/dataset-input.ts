/** Test data as what comes in at s_axis: symbols, features, or quantized values. */
import { type IntegerModel, quantizeValues } from '../integer/model.js';
import type { Dataset, RegressionCase, SeriesCase } from '../model/dataset.js';
import type { IntegerSequences } from './golden.js';

/** Values [steps, channels] after mean and gain, through float32 as batches of training carry them. */
function valueSteps(
  model: IntegerModel,
  { values }: SeriesCase | RegressionCase,
  { channels, mean, gain }: { channels: number; mean: readonly number[]; gain: readonly number[] },
): ArrayLike<number>[] {
  const real = values.map((v, k) => (v - mean[k % channels]) * gain[k % channels]);
  const codes = quantizeValues(model, real);
  return Array.from({ length: codes.length / channels }, (_, t) =>
    codes.subarray(t * channels, (t + 1) * channels),
  );
}

/** Whole sequences until there are `steps` steps; of a text one, from its start. */
export function datasetSequences(
  model: IntegerModel,
  dataset: Dataset,
  steps: number,
): IntegerSequences {
  if (dataset.kind === 'text') {
    const { test, train } = dataset;
    const tokens = test.length > 0 ? test : train;
    return [Array.from(tokens.subarray(0, steps), (token) => [token])];
  }
  const sequences: ArrayLike<number>[][] = [];
  let left = steps;
  const add = (sequence: ArrayLike<number>[]): boolean => {
    if (sequence.length > 0) sequences.push(sequence);
    left -= sequence.length;
    return left > 0;
  };
  if (dataset.kind === 'tagging') {
    const { length: count } = dataset.features;
    dataset.test.every(({ features, tags }) =>
      add(Array.from(tags, (_, t) => features.subarray(t * count, (t + 1) * count))),
    );
  } else {
    for (const one of dataset.test) if (!add(valueSteps(model, one, dataset))) break;
  }
  return sequences;
}

/** Steps of the longest sequence of all parts; a text is one without end: 0. */
export function longestSequence(dataset: Dataset): number {
  if (dataset.kind === 'text') return 0;
  const lengths =
    dataset.kind === 'tagging'
      ? [dataset.train, dataset.valid, dataset.test].flat().map(({ tags }) => tags.length)
      : [dataset.train, dataset.valid, dataset.test]
          .flat()
          .map(({ values }) => values.length / dataset.channels);
  return lengths.reduce((most, length) => Math.max(most, length), 0);
}
