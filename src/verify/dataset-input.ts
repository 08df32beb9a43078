/** Real data as the accelerator's input: what a verification on the user's own dataset runs. */
import type { Design } from '../design/design.js';
import type { Dataset, SeriesCase, SeriesDataset, TextDataset } from '../model/dataset.js';
import { quantizeActivation, ternaryActivation } from '../quant/arithmetic.js';
import type { ActivationFormat } from '../quant/scheme.js';
import type { BatchInput } from './golden-run.js';

/** Text: one sequence per column, `steps` symbols each, taken from equally spaced places. */
function textInput(tokens: TextDataset['test'], columns: number, steps: number): BatchInput[] {
  const length = Math.min(steps, tokens.length);
  const start = (column: number): number =>
    Math.floor((column * (tokens.length - length)) / columns);
  return [
    {
      steps: Array.from({ length }, (_, t) =>
        Array.from({ length: columns }, (_, column) => tokens[start(column) + t]),
      ),
    },
  ];
}

/** Series: batches of `columns` cases that are equally long, until `steps` steps are reached. */
function seriesInput(
  dataset: SeriesDataset,
  cases: readonly SeriesCase[],
  columns: number,
  steps: number,
  activations: ActivationFormat,
): BatchInput[] {
  const { channels, mean, gain } = dataset;
  const quantize = activations === 'ternary' ? ternaryActivation : quantizeActivation;
  const vector = ({ values }: SeriesCase, t: number): Int8Array =>
    Int8Array.from({ length: channels }, (_, c) =>
      // Through float32, as batches for training carry it.
      quantize(Math.fround((values[t * channels + c] - mean[c]) * gain[c])),
    );
  const batches: BatchInput[] = [];
  let total = 0;
  for (let k = 0; k < cases.length && total < steps; k += columns) {
    const length = cases[k].values.length / channels;
    const same = cases
      .slice(k, k + columns)
      .filter(({ values }) => values.length / channels === length);
    batches.push({
      steps: Array.from({ length }, (_, t) =>
        Array.from({ length: columns }, (_, column) => vector(same[column % same.length], t)),
      ),
    });
    total += length;
  }
  return batches;
}

/**
 * About `steps` steps of the test part, as batches for `cosimulate`.
 * @throws {TypeError} for a dataset whose models no design takes
 */
export function datasetInput(design: Design, dataset: Dataset, steps: number): BatchInput[] {
  const { columns, scheme } = design;
  switch (dataset.kind) {
    case 'text':
      return textInput(dataset.test.length > 0 ? dataset.test : dataset.train, columns, steps);
    case 'series':
      return seriesInput(dataset, dataset.test, columns, steps, scheme.activations);
    default:
      throw new TypeError(`datasetInput: no design takes ${dataset.kind} data`);
  }
}
