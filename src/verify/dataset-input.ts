/** Real data as the accelerator's input: what a verification on the user's own dataset runs. */
import { sequencesOf, type Design } from '../design/design.js';
import type {
  Dataset,
  RegressionDataset,
  SeriesDataset,
  Split,
  TaggingDataset,
  TextDataset,
} from '../model/dataset.js';
import { quantizeActivation, ternaryActivation } from '../quant/arithmetic.js';
import type { BatchInput, StepInput } from './golden-run.js';

/** Everything but texts, which have no sequences of their own. */
type SequenceDataset = SeriesDataset | RegressionDataset | TaggingDataset;

/** Steps of every sequence of a part. */
export function sequenceLengths(dataset: SequenceDataset, part: Split): number[] {
  if (dataset.kind === 'tagging') return dataset[part].map(({ tags }) => tags.length);
  const { channels } = dataset;
  return dataset[part].map(({ values }) => values.length / channels);
}

/**
 * Text: one sequence per column, `steps` symbols each, taken from equally spaced places; where whole sequences
 * have to be held, in pieces.
 */
function textInput(design: Design, tokens: TextDataset['test'], steps: number): BatchInput[] {
  const { sequence } = design;
  const columns = sequencesOf(design);
  const length = Math.min(steps, tokens.length);
  const piece = sequence?.maxSteps ?? length;
  const start = (column: number): number =>
    Math.floor((column * (tokens.length - length)) / columns);
  return Array.from({ length: Math.ceil(length / piece) }, (_, n) => ({
    steps: Array.from({ length: Math.min(piece, length - n * piece) }, (_, t) =>
      Array.from({ length: columns }, (_, column) => tokens[start(column) + n * piece + t]),
    ),
  }));
}

/** What a step of a sequence gives the accelerator: [sequence, step] -> x. */
function stepReader(
  design: Design,
  dataset: SequenceDataset,
  part: Split,
): (n: number, t: number) => StepInput {
  if (dataset.kind === 'tagging') {
    const width = dataset.features.length;
    return (n, t) => dataset[part][n].features.slice(t * width, (t + 1) * width);
  }
  const { channels, mean, gain } = dataset;
  const quantize = design.scheme.activations === 'ternary' ? ternaryActivation : quantizeActivation;
  return (n, t) => {
    const { values } = dataset[part][n];
    return Int8Array.from({ length: channels }, (_, c) =>
      // Through float32, as batches for training carry it.
      quantize(Math.fround((values[t * channels + c] - mean[c]) * gain[c])),
    );
  };
}

/**
 * Batches of `columns` equally long sequences in the order in which their first ones come, until `steps` steps
 * are reached. Where too few are equally long, some repeat.
 */
function sequenceInput(
  design: Design,
  dataset: SequenceDataset,
  part: Split,
  steps: number,
): BatchInput[] {
  const columns = sequencesOf(design);
  const most = design.sequence?.maxSteps ?? Infinity;
  const lengths = sequenceLengths(dataset, part);
  const read = stepReader(design, dataset, part);
  // Indices of every length that the design holds.
  const byLength = new Map<number, number[]>();
  lengths.forEach((length, n) => {
    if (length > most) return;
    const found = byLength.get(length);
    if (found) found.push(n);
    else byLength.set(length, [n]);
  });
  if (byLength.size === 0) {
    const shortest = lengths.reduce((least, length) => Math.min(least, length), Infinity);
    throw new RangeError(
      `the ${part} part has no sequence of at most ${most} steps, which is what the design holds; ` +
        `plan it with maxSteps ${shortest} or more`,
    );
  }
  const batches: BatchInput[] = [];
  let total = 0;
  const taken = new Set<number>();
  for (let n = 0; n < lengths.length && total < steps; n++) {
    if (lengths[n] > most || taken.has(n)) continue;
    const same = byLength.get(lengths[n])!.splice(0, columns);
    for (const index of same) taken.add(index);
    batches.push({
      steps: Array.from({ length: lengths[n] }, (_, t) =>
        Array.from({ length: columns }, (_, column) => read(same[column % same.length], t)),
      ),
    });
    total += lengths[n];
  }
  return batches;
}

/**
 * About `steps` steps of the test part, as batches for `cosimulate`; of whole sequences those that the design
 * holds.
 * @throws {RangeError} where it holds none
 */
export function datasetInput(design: Design, dataset: Dataset, steps: number): BatchInput[] {
  if (dataset.kind === 'text') {
    return textInput(design, dataset.test.length > 0 ? dataset.test : dataset.train, steps);
  }
  return sequenceInput(design, dataset, 'test', steps);
}
