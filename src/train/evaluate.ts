/** Accuracy of a model, and proof that the golden integer model has it too. */
import { type Engine, unitsOf } from '../engine/engine.js';
import type {
  Dataset,
  RegressionDataset,
  SeriesDataset,
  Split,
  TaggingDataset,
  TextDataset,
} from '../model/dataset.js';
import type { Model } from '../model/model.js';
import { quantizeActivation, ternaryActivation } from '../quant/arithmetic.js';
import * as golden from '../quant/golden.js';
import type { QuantizedModel } from '../quant/quantized-model.js';
import { quantize } from '../quant/quantize.js';
import {
  checkSeries,
  groupByLength,
  groupSentences,
  regressionBatch,
  seriesBatch,
  taggingBatch,
} from './batches.js';
import { entityReport } from './entity-f1.js';
import { nasaScore, rootMeanSquareError } from './regression-score.js';

export interface Evaluation {
  /** Mean cross-entropy in nats: per symbol, series or tag; of values half the mean square error. */
  readonly loss: number;
  /** loss / ln 2; text only. */
  readonly bitsPerSymbol?: number;
  /** e^loss, per word; texts of words only. */
  readonly perplexity?: number;
  /** Entity F1, 0..1; tagging only. */
  readonly f1?: number;
  /** Root mean square error in the target's unit; values only. */
  readonly rmse?: number;
  /** Score of the PHM 2008 challenge, summed over the cases; remaining lives only. */
  readonly nasaScore?: number;
  /** Part of predictions whose largest logit is the target; 0 for values. */
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
  switch (dataset.kind) {
    case 'text':
      return evaluateText(model, dataset, split, engine, options);
    case 'series':
      return evaluateSeries(model, dataset, split, engine, options);
    case 'tagging':
      return evaluateTagging(model, dataset, split, engine, options);
    case 'regression':
      return evaluateRegression(model, dataset, split, engine, options);
  }
}

/** What one evaluation is chosen by; the lower the better. */
export function demerit({
  loss,
  f1,
  rmse,
}: {
  readonly loss: number;
  readonly f1?: number | undefined;
  readonly rmse?: number | undefined;
}): number {
  return f1 === undefined ? (rmse ?? loss) : -f1;
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
  return {
    ...{ loss, bitsPerSymbol: loss / Math.LN2 },
    ...(dataset.unit === 'word' && { perplexity: Math.exp(loss) }),
    ...{ accuracy, count, goldenSteps: repeated },
  };
}

/** Logits of one series on the golden model, after its last step. */
export function classifyGolden(q: QuantizedModel, values: Float32Array): Int16Array {
  if (q.input.kind !== 'dense') {
    throw new TypeError(`classifyGolden: the model takes ${q.input.kind}`);
  }
  const { mean, gain } = q.input;
  const channels = mean.length;
  const activation = q.scheme.activations === 'ternary' ? ternaryActivation : quantizeActivation;
  const xs: Int8Array[] = [];
  for (let from = 0; from < values.length; from += channels) {
    xs.push(
      Int8Array.from({ length: channels }, (_, c) =>
        // Through float32, as batches carry it.
        activation(Math.fround((values[from + c] - mean[c]) * gain[c])),
      ),
    );
  }
  const outputs = golden.runSequence(q, xs);
  return golden.headLogits(q, outputs[outputs.length - 1]);
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

async function evaluateRegression(
  model: Model,
  dataset: RegressionDataset,
  split: Split,
  engine: Engine,
  { limit = Infinity, goldenSteps = 300, signal }: EvaluateOptions,
): Promise<Evaluation> {
  const cases = dataset[split].slice(0, limit);
  if (cases.length === 0) throw new RangeError(`the ${split} split has no series`);
  const lanes = Math.min(MAX_LANES, cases.length);
  const timeSteps = Math.max(...cases.map((c) => c.values.length / dataset.channels));
  const session = engine.createSession({ model, batch: lanes, timeSteps });
  const quantized = model.scheme === 'float' ? undefined : quantize(model);
  const unit = unitsOf(model.scheme).logit;
  const { mean, gain } = dataset.target;
  const predicted = new Float64Array(cases.length);
  let [squares, repeated] = [0, 0];
  const order = Int32Array.from(cases, (_, n) => n);
  for (const group of groupByLength(cases, order, lanes)) {
    const batch = regressionBatch(dataset, cases, group, lanes);
    session.reset();
    const { logits } = session.forward(batch);
    group.forEach((index, lane) => {
      const value = logits[lane] * unit;
      squares += (value - batch.reals![lane]) ** 2;
      predicted[index] = gain === 0 ? mean : value / gain + mean;
      if (!quantized || repeated >= goldenSteps) return;
      const expected = classifyGolden(quantized, cases[index].values);
      compareLogits(logits.subarray(lane, lane + 1), expected, `${split} series ${index}`);
      repeated += batch.timeSteps;
    });
    await breathe(signal);
  }
  session.dispose();
  const count = cases.length;
  const targets = cases.map(({ target }) => target);
  return {
    loss: squares / (2 * count),
    rmse: rootMeanSquareError(predicted, targets),
    ...(dataset.target.isLife === true && { nasaScore: nasaScore(predicted, targets) }),
    ...{ accuracy: 0, count, goldenSteps: repeated },
  };
}

/** Logits [length * classes] of one sentence on the golden model. */
function tagGolden(q: QuantizedModel, features: Int32Array, length: number): Int16Array {
  const width = features.length / length;
  const xs = Array.from({ length }, (_, t) =>
    golden.embedFeatures(q, features.subarray(t * width, (t + 1) * width)),
  );
  const rows = golden.runSequence(q, xs).map((h) => golden.headLogits(q, h));
  return Int16Array.from(rows.flatMap((row) => [...row]));
}

async function evaluateTagging(
  model: Model,
  dataset: TaggingDataset,
  split: Split,
  engine: Engine,
  { limit = Infinity, goldenSteps = 300, signal }: EvaluateOptions,
): Promise<Evaluation> {
  const sentences = dataset[split].slice(0, limit);
  if (sentences.length === 0) throw new RangeError(`the ${split} split has no sentences`);
  const lanes = Math.min(MAX_LANES, sentences.length);
  const timeSteps = Math.max(...sentences.map(({ tags }) => tags.length));
  const session = engine.createSession({ model, batch: lanes, timeSteps });
  const quantized = model.scheme === 'float' ? undefined : quantize(model);
  const { classes } = model.head;
  const predicted = sentences.map(({ tags }) => new Int32Array(tags.length));
  let [loss, correct, count, repeated] = [0, 0, 0, 0];
  const order = Int32Array.from(sentences, (_, n) => n);
  for (const group of groupSentences(sentences, order, lanes)) {
    const batch = taggingBatch(dataset, sentences, group, lanes);
    session.reset();
    const result = session.forward(batch);
    loss += result.loss * result.count;
    count += result.count;
    group.forEach((index, lane) => {
      const { tags, features } = sentences[index];
      const logits = new Float32Array(tags.length * classes);
      for (let t = 0; t < tags.length; t++) {
        const from = (t * lanes + lane) * classes;
        const row = result.logits.subarray(from, from + classes);
        logits.set(row, t * classes);
        predicted[index][t] = golden.argmax(row);
        if (predicted[index][t] === tags[t]) correct++;
      }
      if (!quantized || repeated >= goldenSteps) return;
      const expected = tagGolden(quantized, features, tags.length);
      compareLogits(logits, expected, `${split} sentence ${index}`);
      repeated += tags.length;
    });
    await breathe(signal);
  }
  session.dispose();
  const { f1 } = entityReport(
    sentences.map(({ tags }) => tags),
    predicted,
    dataset.tags,
  );
  return { loss: loss / count, f1, accuracy: correct / count, count, goldenSteps: repeated };
}
