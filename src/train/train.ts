/** The training loop: batches, learning-rate schedule, validation, checkpoints. */
import {
  DEFAULT_OPTIMIZER,
  type Engine,
  type OptimizerConfig,
  type Session,
  type SessionConfig,
} from '../engine/engine.js';
import { SampledSession } from '../engine/sampled.js';
import type { Dataset } from '../model/dataset.js';
import {
  fromTensors,
  initModel,
  type Model,
  type ModelScheme,
  type Tensor,
  type Tensors,
  schemeName,
  toTensors,
} from '../model/model.js';
import { codingOf } from '../quant/coding.js';
import { adaptScheme } from '../quant/quantize.js';
import { schemeCodings } from '../quant/scheme.js';
import { batchesOf } from './batches.js';
import { breathe, demerit, evaluate, type Evaluation } from './evaluate.js';
import { modelTask } from './model-task.js';

export interface TrainConfig {
  readonly scheme: ModelScheme;
  readonly hiddenSizes: readonly number[];
  /** Text only; 0: no embedding, W_x has a column for each symbol. */
  readonly embeddingSize: number;
  /** Every layer runs in both directions; not for text, which has no end. */
  readonly bidirectional: boolean;
  /** Length of truncated back-propagation; text only, series are taken whole. */
  readonly timeSteps: number;
  /** Steps between kept activations; longer sequences run forward twice and need less memory. */
  readonly checkpointSteps?: number | undefined;
  /** Train the head on so many classes a step, for large vocabularies (sampled.ts); text only. */
  readonly sampledClasses?: number | undefined;
  /** Steps after which a lane starts from zero state again; text only. */
  readonly restart: number;
  /** Sequences side by side. */
  readonly batch: number;
  readonly epochs: number;
  /**
   * Part of the steps trained without quantization first, then the optimizer goes on in the scheme.
   * int8 follows its float twin closely that way; ternary weights do better from the start.
   */
  readonly floatPart: number;
  /** Stop after so many steps instead of after `epochs`. */
  readonly steps?: number | undefined;
  /** Where in the sequence of batches to begin. */
  readonly firstStep: number;
  /** Train by rounds of quantizing and retraining in float instead (retrain.ts). */
  readonly retraining?: RetrainingConfig | undefined;
  readonly learningRate: number;
  /** Part of the steps at the full rate, before it falls. */
  readonly hold: number;
  /** Last rate as a part of the first; of `plateau`, what the rate is multiplied by each time. */
  readonly finalRate: number;
  /**
   * How the rate falls once it is no longer held: to finalRate times the first on a line, a quarter of a
   * wave or by a constant factor per step; or, `plateau`, after every validation that was not the best.
   */
  readonly decay: 'linear' | 'cosine' | 'exponential' | 'plateau';
  /** Probability that an element of a layer's x, and of h before the head, is zero in a training step. */
  readonly dropout?: { readonly input: number; readonly output: number } | undefined;
  /** Draw two- and three-valued activations in training (HitNet); they are compared with 1/2 otherwise. */
  readonly sampleActivations: boolean;
  /** Weights of x at first; of no account but for ternary activations without weight norm (model.ts). */
  readonly start: 'wide' | 'plain';
  /** Stop after so many validations in a row that were not the best. */
  readonly patience?: number | undefined;
  /** The parameters that are the result: those of the best validation, or the last ones. */
  readonly result: 'best' | 'last';
  readonly seed: number;
  readonly optimizer: OptimizerConfig;
  /** Validations spread over the run. */
  readonly validations: number;
  /** Symbols or series of one validation. */
  readonly validationLimit: number;
}

/** One round, measured right after quantizing; round 0 is quantization after training. */
export interface RetrainingRound {
  readonly round: number;
  /** Mean cross-entropy in nats on the validation part, of the golden integer model. */
  readonly loss: number;
  /** |W - Wq| / |W| over all weights of the layers. */
  readonly relativeError: number;
}

export interface RetrainingConfig {
  readonly rounds: number;
  /** Float steps between two quantizations. */
  readonly steps: number;
  readonly learningRate: number;
  /** Part of each layer's weights that is pruned by magnitude before the first round, and stays 0. */
  readonly sparsity: number;
}

/** Whether a scheme rounds so finely that it follows its float twin: train that one first. */
function isFine(scheme: ModelScheme): boolean {
  if (scheme === 'float' || scheme.gates !== 'int16' || scheme.activations !== 'int8') return false;
  return schemeCodings(scheme).every((name) => {
    const { format } = codingOf(name);
    return format.kind === 'int' && format.bits >= 6;
  });
}

/** Rates that suit a scheme: normalized masters and levels want less than float weights. */
function defaultRate(scheme: ModelScheme): number {
  return scheme === 'float' || isFine(scheme) ? 2e-2 : 1e-2;
}

/** What suits a scheme; any field may be given. */
export function trainConfig(
  given: Partial<Omit<TrainConfig, 'optimizer'>> & {
    readonly scheme: ModelScheme;
    readonly optimizer?: Partial<OptimizerConfig>;
  },
): TrainConfig {
  return {
    hiddenSizes: [32],
    embeddingSize: 16,
    bidirectional: false,
    timeSteps: 35,
    restart: 30,
    batch: 20,
    epochs: 5,
    firstStep: 0,
    floatPart: isFine(given.scheme) ? 0.8 : 0,
    learningRate: defaultRate(given.scheme),
    hold: 0.3,
    finalRate: 0.02,
    decay: 'cosine',
    result: 'best',
    sampleActivations: false,
    start: 'wide',
    seed: 1,
    validations: 10,
    validationLimit: 50_000,
    ...given,
    optimizer: { ...DEFAULT_OPTIMIZER, ...given.optimizer },
  };
}

export interface Validation {
  readonly step: number;
  /** As Evaluation has them. */
  readonly loss: number;
  readonly accuracy: number;
  readonly f1?: number | undefined;
  readonly rmse?: number | undefined;
}

export interface TrainProgress {
  readonly step: number;
  readonly steps: number;
  readonly epoch: number;
  /** Running mean of the training loss in nats. */
  readonly loss: number;
  readonly learningRate: number;
  readonly etaSeconds: number;
  readonly lastValidation?: Validation | undefined;
}

/** A whole run between two steps: tensors for a safetensors file, the rest JSON. */
export interface TrainState {
  readonly tensors: Tensors;
  readonly meta: {
    readonly version: 1;
    readonly step: number;
    readonly runningLoss: number;
    readonly validations: readonly Validation[];
    readonly curve: readonly (readonly [number, number])[];
    /** Index into validations; its parameters are the tensors named `best.*`. */
    readonly best: number;
    /** A run resumes only under the same settings. */
    readonly config: TrainConfig;
    /** Of iterative retraining (retrain.ts). */
    readonly rounds?: readonly RetrainingRound[] | undefined;
  };
}

export interface TrainHooks {
  /** Called about five times a second. */
  readonly onProgress?: (progress: TrainProgress) => void;
  readonly onCheckpoint?: (state: TrainState) => void | Promise<void>;
  readonly checkpointSeconds?: number;
  /** Aborting rejects with the signal's reason, after a last checkpoint. */
  readonly signal?: AbortSignal;
  /** Go on from here. */
  readonly resume?: TrainState;
  /** Start from these parameters instead of random ones; their scheme must be the config's. */
  readonly initial?: Model;
  /** Weights that stay exactly 0. */
  readonly mask?: SessionConfig['mask'];
}

export interface TrainLog {
  readonly engine: string;
  readonly engineVersion: string;
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly parametersAtStep: number;
  readonly validations: readonly Validation[];
  /** [step, running mean loss] at about 200 places. */
  readonly curve: readonly (readonly [number, number])[];
  /** Time this call trained; not what an earlier part of a resumed run took. */
  readonly seconds: number;
  /** Of one step, validations excluded. */
  readonly msPerStep: number;
  /** Most that the training session held, validations excluded. */
  readonly memoryBytes?: number;
  /** Of iterative retraining. */
  readonly rounds?: readonly RetrainingRound[];
}

export interface TrainResult {
  readonly model: Model;
  readonly log: TrainLog;
}

/** Rate of a step: held, then falling; `worse`: validations so far that were not the best (plateau). */
export function learningRateAt(
  config: TrainConfig,
  step: number,
  steps: number,
  worse: number,
): number {
  const { learningRate, hold, finalRate, decay } = config;
  if (decay === 'plateau') return learningRate * finalRate ** worse;
  const begin = hold * steps;
  if (step <= begin) return learningRate;
  const x = (step - begin) / Math.max(1, steps - begin);
  if (decay === 'exponential') return learningRate * finalRate ** x;
  const fall = decay === 'linear' ? 1 - x : (1 + Math.cos(Math.PI * x)) / 2;
  return learningRate * (finalRate + (1 - finalRate) * fall);
}

/** Validations that were not the best when they were made. */
function worseValidations(validations: readonly Validation[]): number {
  let best = Infinity;
  let worse = 0;
  for (const validation of validations) {
    if (demerit(validation) < best) best = demerit(validation);
    else worse++;
  }
  return worse;
}

/** Validations since the best one. */
function sinceBest(validations: readonly Validation[]): number {
  const demerits = validations.map((validation) => demerit(validation));
  return demerits.length - 1 - demerits.indexOf(Math.min(...demerits));
}

/** A fresh model of the sizes that dataset and config ask for. */
export function modelFor(dataset: Dataset, config: TrainConfig): Model {
  const { scheme, hiddenSizes, bidirectional, start, seed } = config;
  return initModel(
    { ...{ scheme, hiddenSizes, bidirectional, start }, ...modelTask(dataset, config) },
    seed,
  );
}

/** How often each symbol follows another one; a symbol that never does counts as one. */
function symbolCounts(tokens: ArrayLike<number>, symbols: number): Float64Array {
  const counts = new Float64Array(symbols);
  for (let n = 1; n < tokens.length; n++) counts[tokens[n]]++;
  return counts.map((count) => Math.max(1, count));
}

const CURVE_POINTS = 200;
const YIELD_MS = 40;
const PROGRESS_MS = 200;

export function prefixed(prefix: string, tensors: Tensors): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, t]) => [prefix + name, t]));
}

/** The tensors whose names begin with the prefix, without it. */
export function unprefixed(prefix: string, tensors: Tensors): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}

/** A session in the model's scheme with the moments of `before`; h and c start from zero. */
function quantizedSession(
  before: Session,
  model: Model,
  sessionFor: (model: Model) => Session,
): Session {
  const session = sessionFor(model);
  const zero = Object.entries(session.snapshot()).filter(([name]) => name.startsWith('state.'));
  session.restore({
    ...before.snapshot(),
    ...toTensors(model).tensors,
    ...Object.fromEntries(zero),
  });
  return session;
}

/**
 * Train on a dataset and return the parameters of the best validation. The same dataset, config and
 * engine give the same result bit for bit, also across a checkpoint and resume.
 */
export async function train(
  dataset: Dataset,
  config: TrainConfig,
  engine: Engine,
  hooks: TrainHooks = {},
): Promise<TrainResult> {
  const { signal, resume } = hooks;
  const batches = batchesOf(dataset, config);
  const steps = config.steps ?? config.epochs * batches.stepsPerEpoch;
  if (!(steps >= 1)) throw new RangeError(`train: ${steps} steps, must be at least 1`);
  const start = hooks.initial ?? modelFor(dataset, config);
  if (schemeName(start.scheme) !== schemeName(config.scheme)) {
    throw new TypeError(
      `train: the initial model is ${schemeName(start.scheme)}, the config ${schemeName(config.scheme)}`,
    );
  }
  const floatSteps = config.scheme === 'float' ? 0 : Math.round(config.floatPart * steps);
  let step = resume?.meta.step ?? 0;
  const { batch, optimizer, checkpointSteps, sampledClasses, seed, dropout } = config;
  let memoryBytes = 0;
  const sessionFor = (model: Model): Session => {
    const session = openSession(model);
    memoryBytes = Math.max(memoryBytes, session.memoryBytes ?? 0);
    return session;
  };
  const openSession = (model: Model): Session => {
    const { timeSteps } = batches;
    const session = {
      ...{ model, batch, timeSteps, optimizer, checkpointSteps },
      ...(dropout && { dropout: { ...dropout, seed } }),
      ...(hooks.mask && { mask: hooks.mask }),
      ...(config.sampleActivations && model.scheme !== 'float' && { sampling: { seed } }),
    };
    if (sampledClasses === undefined) return engine.createSession(session);
    if (dataset.kind !== 'text') throw new TypeError('train: sampled classes are for text');
    const frequencies = symbolCounts(dataset.train, dataset.symbols.length);
    return new SampledSession(engine, session, { sampledClasses, frequencies, seed });
  };
  // A checkpoint at floatSteps itself is still the float session's: the switch comes after it.
  const floatFirst = floatSteps > 0 && step <= floatSteps;
  let session = sessionFor(floatFirst ? { ...start, scheme: 'float' } : start);
  const { meta: modelMeta } = toTensors(start);
  const validations: Validation[] = [];
  const curve: (readonly [number, number])[] = [];
  let best: { model: Model; index: number } | undefined;
  let running = NaN;
  if (resume !== undefined) {
    if (JSON.stringify(resume.meta.config) !== JSON.stringify(config)) {
      throw new TypeError('train: the checkpoint was made under other settings');
    }
    session.restore(resume.tensors);
    running = resume.meta.runningLoss;
    validations.push(...resume.meta.validations);
    curve.push(...resume.meta.curve);
    if (resume.meta.best >= 0) {
      const tensors = unprefixed('best.', resume.tensors);
      best = { model: fromTensors(modelMeta, tensors), index: resume.meta.best };
    }
  }

  const state = (): TrainState => ({
    tensors: {
      ...session.snapshot(),
      ...(best && prefixed('best.', toTensors(best.model).tensors)),
    },
    meta: {
      version: 1,
      step,
      // JSON has no NaN.
      runningLoss: Number.isNaN(running) ? 0 : running,
      validations: [...validations],
      curve: [...curve],
      best: best?.index ?? -1,
      config,
    },
  });
  const validSplit = dataset.valid.length > 1 ? 'valid' : 'train';
  const every = Math.max(1, Math.floor(steps / Math.max(1, config.validations)));
  const validate = async (): Promise<void> => {
    const model = adaptScheme(session.model(), config.scheme);
    const result: Evaluation = await evaluate(model, dataset, validSplit, engine, {
      limit: config.validationLimit,
      goldenSteps: 50,
    });
    const { loss, accuracy, f1, rmse } = result;
    validations.push({
      ...{ step, loss, accuracy },
      ...(f1 !== undefined && { f1 }),
      ...(rmse !== undefined && { rmse }),
    });
    if (best === undefined || demerit(result) < demerit(validations[best.index])) {
      best = { model, index: validations.length - 1 };
    }
  };

  const clock = (): number => performance.now();
  const begun = clock();
  const firstStep = step;
  let validating = 0;
  let yielded = begun;
  let told = -Infinity;
  let saved = begun;
  const checkpointMs = (hooks.checkpointSeconds ?? 10) * 1000;
  const rate = (): number =>
    learningRateAt(
      config,
      step,
      steps,
      config.decay === 'plateau' ? worseValidations(validations) : 0,
    );
  const tell = (): void => {
    const seconds = (clock() - begun) / 1000;
    const done = step - firstStep;
    hooks.onProgress?.({
      step,
      steps,
      epoch: step / batches.stepsPerEpoch,
      loss: running,
      learningRate: rate(),
      etaSeconds: done === 0 ? NaN : (seconds / done) * (steps - step),
      lastValidation: validations[validations.length - 1],
    });
    told = clock();
  };
  const isPatient = (): boolean =>
    config.patience === undefined || sinceBest(validations) < config.patience;
  while (step < steps && isPatient()) {
    if (floatSteps > 0 && step === floatSteps) {
      const before = session;
      session = quantizedSession(before, adaptScheme(before.model(), config.scheme), sessionFor);
      before.dispose();
    }
    const { batch: data, fresh } = batches.at(config.firstStep + step);
    for (const lane of fresh) session.reset(lane);
    const { loss } = session.trainStep(data, rate());
    const weight = Math.min(0.99, step / (step + 1));
    running = step === 0 ? loss : weight * running + (1 - weight) * loss;
    step++;
    if (step % Math.max(1, Math.floor(steps / CURVE_POINTS)) === 0) curve.push([step, running]);
    if (step % every === 0 || step === steps) {
      const before = clock();
      await validate();
      validating += clock() - before;
    }
    if (clock() - told >= PROGRESS_MS) tell();
    if (clock() - yielded >= YIELD_MS) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      yielded = clock();
    }
    const stop = signal?.aborted === true;
    if (hooks.onCheckpoint && (stop || clock() - saved >= checkpointMs)) {
      await hooks.onCheckpoint(state());
      saved = clock();
    }
    if (stop) signal.throwIfAborted();
  }
  if (best === undefined) await validate();
  tell();
  await breathe(signal);
  const last = adaptScheme(session.model(), config.scheme);
  session.dispose();
  const total = clock() - begun;
  return {
    model: config.result === 'best' ? best!.model : last,
    log: {
      engine: engine.name,
      engineVersion: engine.version,
      steps: step,
      stepsPerEpoch: batches.stepsPerEpoch,
      parametersAtStep: config.result === 'best' ? validations[best!.index].step : step,
      validations,
      curve,
      seconds: total / 1000,
      msPerStep: (total - validating) / Math.max(1, step - firstStep),
      ...(memoryBytes > 0 && { memoryBytes }),
    },
  };
}
