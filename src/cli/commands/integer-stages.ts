/** The three stages of `halfgate integer` on a run folder: train in float, quantize, train through integers. */
import type { Loaded } from '../../data/loaded.js';
import type { DatasetSpec } from '../../data/dataset-spec.js';
import type { Dataset } from '../../model/dataset.js';
import { packageVersion } from '../../package-root.js';
import { calibrateNetwork, type CalibrationOptions } from '../../integer-training/calibrate.js';
import { evaluateInteger, evaluateNetwork } from '../../integer-training/evaluate.js';
import { weightBytes } from '../../integer/model.js';
import { initialParameters, layoutOf } from '../../integer-training/parameters.js';
import {
  type IntegerOptions,
  quantizeNetwork,
  type QuantizedNetwork,
} from '../../integer-training/quantize-model.js';
import type { Learned } from '../../integer-training/session.js';
import {
  type NetworkTraining,
  type NetworkTrainResult,
  trainNetwork,
} from '../../integer-training/train.js';
import { readCheckpoint, removeCheckpoint, writeCheckpoint } from '../../store/checkpoint.js';
import {
  FLOAT_NETWORK,
  INTEGER_MODEL,
  readFloatNetwork,
  readInteger,
  type StoredFloatNetwork,
  type StoredInteger,
  writeFloatNetwork,
  writeInteger,
} from '../../store/integer-file.js';
import type { RunFolder } from '../../store/run-folder.js';
import type { Inputs } from '../../store/schemas.js';
import type { Context } from '../context.js';
import { codeVersion, hashOf, type Staged, type StageOptions, upToDate } from '../stages/cache.js';

export interface IntegerJob extends StageOptions {
  readonly run: RunFolder;
  readonly spec: DatasetSpec;
  readonly loaded: Loaded;
  readonly context: Context;
}

export const FOLDER = 'integer';

/** Training with progress and checkpoints; `name` is that of its files. */
async function trainResumable(
  { run, loaded, context, isForced }: IntegerJob,
  name: string,
  inputs: Inputs,
  config: NetworkTraining,
  start: Learned,
): Promise<NetworkTrainResult> {
  const { dataset } = loaded;
  const checkpoint = run.file(FOLDER, `${name}-checkpoint.safetensors`);
  const resume = isForced ? undefined : readCheckpoint(checkpoint, inputs);
  if (resume) context.progress.note(`${name}: resuming after step ${resume.meta.step}`);
  const result = await trainNetwork(dataset, config, start, {
    ...(resume && { resume }),
    signal: context.signal,
    onCheckpoint: (state) => writeCheckpoint(checkpoint, inputs, state),
    onProgress: ({ step, steps, epoch, loss, etaSeconds, lastValidation }) => {
      const validated = lastValidation ? `, validation ${lastValidation.loss.toFixed(4)}` : '';
      const text = `train ${name}: epoch ${epoch.toFixed(2)}, loss ${loss.toFixed(4)}${validated}`;
      context.progress.update(step / steps, text, etaSeconds);
    },
  });
  context.progress.update(1, `train ${name}: evaluating`, NaN);
  return result;
}

function storedLog({ log }: NetworkTrainResult): StoredFloatNetwork['training'] {
  return {
    ...log,
    validations: [...log.validations],
    curve: log.curve.map(([step, loss]): [number, number] => [step, loss]),
    rounds: undefined,
  };
}

export async function floatStage(
  job: IntegerJob,
  config: NetworkTraining,
): Promise<Staged<StoredFloatNetwork>> {
  const { run, spec, loaded, context, isForced } = job;
  const { network, training } = config;
  const path = run.file(FOLDER, 'float.json');
  const inputs = {
    dataset: loaded.sha256,
    options: hashOf(spec, network, training),
    halfgate: packageVersion(),
  };
  if (!isForced && upToDate(path, FLOAT_NETWORK, inputs)) {
    return { value: readFloatNetwork(path)!, isFresh: false };
  }
  const start = { params: initialParameters(network, training.seed) };
  const result = await trainResumable(job, 'float', inputs, config, start);
  const { params } = result.learned;
  const { signal } = context;
  const evaluation = await evaluateNetwork(network, params, undefined, loaded.dataset, 'test', {
    signal,
  });
  const stored: StoredFloatNetwork = {
    ...{ inputs, network, params, seed: training.seed, training: storedLog(result) },
    evaluation: { split: 'test', ...evaluation },
  };
  writeFloatNetwork(path, stored);
  removeCheckpoint(run.file(FOLDER, 'float-checkpoint.safetensors'));
  return { value: stored, isFresh: true };
}

/** Steps that a test evaluation makes. */
function testSteps(dataset: Dataset): number {
  if (dataset.kind === 'text') return dataset.test.length - 1;
  if (dataset.kind === 'tagging') return dataset.test.reduce((n, { tags }) => n + tags.length, 0);
  const { channels, test } = dataset;
  return (test as readonly { values: Float32Array }[]).reduce(
    (n, { values }) => n + values.length / channels,
    0,
  );
}

async function storeInteger(
  { loaded, context }: IntegerJob,
  path: string,
  about: Pick<StoredInteger, 'inputs' | 'method' | 'training'>,
  { model, warnings }: QuantizedNetwork,
): Promise<StoredInteger> {
  const total = testSteps(loaded.dataset);
  const { saturations, ...evaluation } = await evaluateInteger(model, loaded.dataset, 'test', {
    signal: context.signal,
    onSteps: (steps) =>
      context.progress.update(steps / total, `${about.method}: evaluating in integers`, NaN),
  });
  const stored: StoredInteger = {
    ...about,
    ...{ model, saturations, warnings: [...warnings], weightBytes: weightBytes(model) },
    evaluation: { split: 'test', ...evaluation },
  };
  writeInteger(path, stored);
  return stored;
}

function integerInputs(
  float: StoredFloatNetwork,
  calibration: CalibrationOptions,
  options: IntegerOptions,
): Inputs {
  return {
    float: hashOf(float.inputs, float.training.parametersAtStep),
    options: hashOf(calibration, options),
  };
}

export async function postTrainingStage(
  job: IntegerJob,
  float: StoredFloatNetwork,
  calibration: CalibrationOptions,
  options: IntegerOptions,
): Promise<Staged<StoredInteger>> {
  const { run, loaded, context, isForced } = job;
  const path = run.file(FOLDER, 'post-training.json');
  const inputs = { ...integerInputs(float, calibration, options), halfgate: codeVersion() };
  if (!isForced && upToDate(path, INTEGER_MODEL, inputs)) {
    return { value: readInteger(path)!, isFresh: false };
  }
  context.progress.update(0, 'post-training: calibrating', NaN);
  const { network, params } = float;
  const ranges = calibrateNetwork(network, params, loaded.dataset, calibration);
  const quantized = quantizeNetwork(network, layoutOf(network), params, ranges, options);
  const about = { inputs, method: 'post-training', training: undefined } as const;
  return { value: await storeInteger(job, path, about, quantized), isFresh: true };
}

export async function awareStage(
  job: IntegerJob,
  float: StoredFloatNetwork,
  calibration: CalibrationOptions,
  config: NetworkTraining & { readonly options: IntegerOptions },
): Promise<Staged<StoredInteger>> {
  const { run, loaded, isForced } = job;
  const { network, training, options } = config;
  const path = run.file(FOLDER, 'qat.json');
  const made = integerInputs(float, calibration, options);
  const inputs = { ...made, training: hashOf(training), halfgate: packageVersion() };
  if (!isForced && upToDate(path, INTEGER_MODEL, inputs)) {
    return { value: readInteger(path)!, isFresh: false };
  }
  const { params } = float;
  const ranges = calibrateNetwork(network, params, loaded.dataset, calibration);
  const result = await trainResumable(job, 'qat', inputs, config, { params, ranges });
  const { learned } = result;
  const layout = layoutOf(network);
  const quantized = quantizeNetwork(network, layout, learned.params, learned.ranges!, options);
  const about = { inputs, method: 'quantization-aware', training: storedLog(result) } as const;
  const value = await storeInteger(job, path, about, quantized);
  removeCheckpoint(run.file(FOLDER, 'qat-checkpoint.safetensors'));
  return { value, isFresh: true };
}
