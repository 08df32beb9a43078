/** Accuracy of a model, and proof that the golden integer model has it too. */
import type { Engine } from '../engine/engine.js';
import type { Dataset, SeriesDataset, Split, TextDataset } from '../model/dataset.js';
import type { Model } from '../model/model.js';
import { quantizeActivation } from '../quant/arithmetic.js';
import * as golden from '../quant/golden.js';
import type { QuantizedModel } from '../quant/quantized-model.js';
import { quantize } from '../quant/quantize.js';
import { checkSeries, groupByLength, seriesBatch } from './batches.js';

export interface Evaluation {
  /** Mean cross-entropy in nats: per symbol of text, per series. */
  readonly loss: number;
  /** loss / ln 2; text only. */
  readonly bitsPerSymbol?: number;
  /** Part of predictions whose largest logit is the target. */
  readonly accuracy: number;
  /** Predictions made. */
  readonly count: number;
  /** Steps that the golden model repeated with equal logits; 0 for the float scheme. */
  readonly goldenSteps: number;
}

export interface EvaluateOptions {
  /** Use at most so many symbols or series. */
  readonly limit?: number;
  /** Steps to repeat on the golden model. */
  readonly goldenSteps?: number;
  /** Lets Ctrl-C stop a long evaluation. */
  readonly signal?: AbortSignal | undefined;
}

const TEXT_STEPS = 50;
const MAX_LANES = 64;
/** Lanes start from zero state; shorter ones would weigh that start too much. */
const MIN_LANE_LENGTH = 1000;

/** Let timers and signals through. */
export async function breathe(signal?: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  signal?.throwIfAborted();
}

/**
 * Loss and accuracy on a split. Quantized schemes: from the engine's integer forward pass, whose first
 * steps are repeated on the golden model; throws where they differ, so no figure is reported that the
 * golden model does not reproduce.
 */
export async function evaluate(
  model: Model,
  dataset: Dataset,
  split: Split,
  engine: Engine,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  return dataset.kind === 'text'
    ? evaluateText(model, dataset, split, engine, options)
    : evaluateSeries(model, dataset, split, engine, options);
}

function compareLogits(actual: Float32Array, expected: Int16Array, where: string): void {
  for (let n = 0; n < expected.length; n++) {
    if (actual[n] === expected[n]) continue;
    throw new Error(
      `training and golden model disagree at ${where}: logit ${n} is ${actual[n]}, golden says ` +
        `${expected[n]}; this is a bug in halfgate`,
    );
  }
}

async function evaluateText(
  model: Model,
  dataset: TextDataset,
  split: Split,
  engine: Engine,
  { limit = Infinity, goldenSteps = 300, signal }: EvaluateOptions,
): Promise<Evaluation> {
  const tokens = dataset[split].subarray(0, Math.min(limit + 1, dataset[split].length));
  const predictions = tokens.length - 1;
  if (predictions < 1) {
    throw new RangeError(`the ${split} text has ${tokens.length} symbols, evaluation needs 2`);
  }
  const lanes = Math.max(1, Math.min(MAX_LANES, Math.floor(predictions / MIN_LANE_LENGTH)));
  const laneLength = Math.ceil(predictions / lanes);
  const timeSteps = Math.min(TEXT_STEPS, laneLength);
  const session = engine.createSession({ model, batch: lanes, timeSteps });
  const { classes } = model.head;
  const quantized = model.scheme === 'float' ? undefined : quantize(model);
  const state = quantized && golden.initialState(quantized);
  let [loss, correct, count, repeated] = [0, 0, 0, 0];
  for (let start = 0; start < laneLength; start += timeSteps) {
    const input = new Int32Array(timeSteps * lanes);
    const targets = new Int32Array(timeSteps * lanes).fill(-1);
    for (let t = 0; t < timeSteps && start + t < laneLength; t++) {
      for (let lane = 0; lane < lanes; lane++) {
        const from = lane * laneLength + start + t;
        if (from >= predictions) continue;
        input[t * lanes + lane] = tokens[from];
        targets[t * lanes + lane] = tokens[from + 1];
      }
    }
    const result = session.forward({ timeSteps, tokens: input, targets });
    if (result.count > 0) loss += result.loss * result.count;
    count += result.count;
    for (let row = 0; row < targets.length; row++) {
      if (targets[row] < 0) continue;
      const logits = result.logits.subarray(row * classes, (row + 1) * classes);
      if (golden.argmax(logits) === targets[row]) correct++;
    }
    for (let t = 0; quantized && t < timeSteps && repeated < goldenSteps; t++, repeated++) {
      if (targets[t * lanes] < 0) break;
      golden.step(quantized, state!, golden.embed(quantized, input[t * lanes]));
      const logits = result.logits.subarray(t * lanes * classes, (t * lanes + 1) * classes);
      compareLogits(logits, golden.logits(quantized, state!), `${split} step ${start + t}`);
    }
    await breathe(signal);
  }
  session.dispose();
  loss /= count;
  const accuracy = correct / count;
  return { loss, bitsPerSymbol: loss / Math.LN2, accuracy, count, goldenSteps: repeated };
}

/** Logits of one series on the golden model. */
export function classifyGolden(q: QuantizedModel, values: Float32Array): Int16Array {
  if (q.input.kind !== 'dense') throw new TypeError('classifyGolden: the model takes tokens');
  const { mean, gain } = q.input;
  const channels = mean.length;
  const state = golden.initialState(q);
  for (let from = 0; from < values.length; from += channels) {
    const x = Int8Array.from({ length: channels }, (_, c) =>
      // Through float32, as batches carry it.
      quantizeActivation(Math.fround((values[from + c] - mean[c]) * gain[c])),
    );
    golden.step(q, state, x);
  }
  return golden.logits(q, state);
}

async function evaluateSeries(
  model: Model,
  dataset: SeriesDataset,
  split: Split,
  engine: Engine,
  { limit = Infinity, goldenSteps = 300, signal }: EvaluateOptions,
): Promise<Evaluation> {
  const cases = dataset[split].slice(0, limit);
  if (cases.length === 0) throw new RangeError(`the ${split} split has no series`);
  checkSeries(dataset);
  const lanes = Math.min(MAX_LANES, cases.length);
  const timeSteps = Math.max(...cases.map((c) => c.values.length / dataset.channels));
  const session = engine.createSession({ model, batch: lanes, timeSteps });
  const { classes } = model.head;
  const quantized = model.scheme === 'float' ? undefined : quantize(model);
  let [loss, correct, repeated] = [0, 0, 0];
  const order = Int32Array.from(cases, (_, n) => n);
  for (const group of groupByLength(cases, order, lanes)) {
    const batch = seriesBatch(dataset, cases, group, lanes);
    session.reset();
    const result = session.forward(batch);
    loss += result.loss * result.count;
    group.forEach((index, lane) => {
      const logits = result.logits.subarray(lane * classes, (lane + 1) * classes);
      if (golden.argmax(logits) === cases[index].label) correct++;
      if (!quantized || repeated >= goldenSteps) return;
      const { values } = cases[index];
      compareLogits(logits, classifyGolden(quantized, values), `${split} series ${index}`);
      repeated += batch.timeSteps;
    });
    await breathe(signal);
  }
  session.dispose();
  const count = cases.length;
  return { loss: loss / count, accuracy: correct / count, count, goldenSteps: repeated };
}
