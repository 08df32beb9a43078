/** How much work a cell is, to order cells and to tell the time left. */
import type { Dataset } from '../model/dataset.js';
import type { PlannedRun } from './plan.js';

/** Multiply-accumulates a second of one core, about: only the ratio of cells matters. */
const SPEED = 4e10;
/** Of the golden integer step of src/integer, which runs one sequence at a time. */
const GOLDEN_SPEED = 3e8;
/** Starting a process and reading the data. */
const START_SECONDS = 1;

/** Symbols, or steps of all cases. */
function symbolsOf(dataset: Dataset, part: 'train' | 'valid' | 'test'): number {
  switch (dataset.kind) {
    case 'text':
      return dataset[part].length;
    case 'tagging':
      return dataset[part].reduce((sum, { tags }) => sum + tags.length, 0);
    default:
      return dataset[part].reduce((sum, { values }) => sum + values.length / dataset.channels, 0);
  }
}

function outputsOf(dataset: Dataset): number {
  switch (dataset.kind) {
    case 'text':
      return dataset.symbols.length;
    case 'series':
      return dataset.classes.length;
    case 'tagging':
      return dataset.tags.length;
    case 'regression':
      return 1;
  }
}

/** About how long a cell takes on one core. */
export function cellSeconds(run: PlannedRun, dataset: Dataset): number {
  const config = run.config(0);
  const { hiddenSizes, bidirectional, retraining } = config;
  const ways = bidirectional ? 2 : 1;
  // Of a text, the lowest layer's input product is made for each distinct symbol only.
  let [macs, inputs] = [0, dataset.kind === 'text' ? 0 : 16];
  for (const hidden of hiddenSizes) {
    macs += ways * 4 * hidden * (inputs + hidden);
    inputs = ways * hidden;
  }
  macs += inputs * outputsOf(dataset);
  const train = symbolsOf(dataset, 'train');
  const perStep = dataset.kind === 'text' ? config.batch * config.timeSteps : 0;
  const steps = retraining ? retraining.rounds * retraining.steps : config.steps;
  const trained = steps !== undefined && perStep > 0 ? steps * perStep : config.epochs * train;
  const validations = retraining ? retraining.rounds + 1 : config.validations;
  const validated = Math.min(symbolsOf(dataset, 'valid'), config.validationLimit) * validations;
  const work = run.isTrained ? 3 * trained + validated : 0;
  const speed = run.integer ? GOLDEN_SPEED : SPEED;
  return START_SECONDS + (macs * (work + symbolsOf(dataset, 'test'))) / speed;
}
