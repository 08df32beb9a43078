/** The training loop: batches, learning-rate schedule, validation, checkpoints. */
import {
  DEFAULT_OPTIMIZER,
  type Engine,
  type OptimizerConfig,
  type Session,
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
  toTensors,
} from '../model/model.js';
import { adaptScheme } from '../quant/quantize.js';
import { type Batches, seriesBatches, textBatches } from './batches.js';
import { breathe, evaluate, type Evaluation } from './evaluate.js';

export interface TrainConfig {
  readonly scheme: ModelScheme;
  readonly hiddenSizes: readonly number[];
  /** Text only. */
  readonly embeddingSize: number;
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
  readonly learningRate: number;
  /** Part of the steps at the full rate, before it falls. */
  readonly hold: number;
  /** Last rate as a part of the first. */
  readonly finalRate: number;
  readonly decay: 'linear' | 'cosine';
  readonly seed: number;
  readonly optimizer: OptimizerConfig;
  /** Validations spread over the run; the best one's parameters are the result. */
  readonly validations: number;
  /** Symbols or series of one validation. */
  readonly validationLimit: number;
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
    timeSteps: 35,
    restart: 30,
    batch: 20,
    epochs: 5,
    floatPart: given.scheme === 'int8' ? 0.8 : 0,
    learningRate: given.scheme === 'ternary-level3' ? 1e-2 : 2e-2,
    hold: 0.3,
    finalRate: 0.02,
    decay: 'cosine',
    seed: 1,
    validations: 10,
    validationLimit: 50_000,
    ...given,
    optimizer: { ...DEFAULT_OPTIMIZER, ...given.optimizer },
  };
}

export interface Validation {
  readonly step: number;
  /** Mean cross-entropy in nats. */
  readonly loss: number;
  readonly accuracy: number;
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
}

export interface TrainResult {
  readonly model: Model;
  readonly log: TrainLog;
}

/** Rate of a step: held, then falling to finalRate times the first. */
export function learningRateAt(config: TrainConfig, step: number, steps: number): number {
  const { learningRate, hold, finalRate, decay } = config;
  const begin = hold * steps;
  if (step <= begin) return learningRate;
  const x = (step - begin) / Math.max(1, steps - begin);
  const fall = decay === 'linear' ? 1 - x : (1 + Math.cos(Math.PI * x)) / 2;
  return learningRate * (finalRate + (1 - finalRate) * fall);
}

/** A fresh model of the sizes that dataset and config ask for. */
export function modelFor(dataset: Dataset, config: TrainConfig): Model {
  const { scheme, hiddenSizes, embeddingSize, seed } = config;
  return dataset.kind === 'text'
    ? initModel(
        {
          scheme,
          input: { kind: 'tokens', vocabSize: dataset.symbols.length, embeddingSize },
          hiddenSizes,
          classes: dataset.symbols.length,
          when: 'every-step',
        },
        seed,
      )
    : initModel(
        {
          scheme,
          input: { kind: 'dense', mean: dataset.mean, gain: dataset.gain },
          hiddenSizes,
          classes: dataset.classes.length,
          when: 'last-step',
        },
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

function prefixed(prefix: string, tensors: Tensors): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, t]) => [prefix + name, t]));
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
  const batches: Batches =
    dataset.kind === 'text'
      ? textBatches(dataset.train, config.batch, config.timeSteps, config.restart)
      : seriesBatches(dataset, config.batch, config.seed);
  const steps = config.steps ?? config.epochs * batches.stepsPerEpoch;
  if (!(steps >= 1)) throw new RangeError(`train: ${steps} steps, must be at least 1`);
  const start = hooks.initial ?? modelFor(dataset, config);
  if (start.scheme !== config.scheme) {
    throw new TypeError(`train: the initial model is ${start.scheme}, the config ${config.scheme}`);
  }
  const floatSteps = config.scheme === 'float' ? 0 : Math.round(config.floatPart * steps);
  let step = resume?.meta.step ?? 0;
  const { batch, optimizer, checkpointSteps, sampledClasses, seed } = config;
  let memoryBytes = 0;
  const sessionFor = (model: Model): Session => {
    const session = openSession(model);
    memoryBytes = Math.max(memoryBytes, session.memoryBytes ?? 0);
    return session;
  };
  const openSession = (model: Model): Session => {
    const { timeSteps } = batches;
    const session = { model, batch, timeSteps, optimizer, checkpointSteps };
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
      const tensors = Object.fromEntries(
        Object.entries(resume.tensors)
          .filter(([name]) => name.startsWith('best.'))
          .map(([name, tensor]) => [name.slice('best.'.length), tensor]),
      );
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
    validations.push({ step, loss: result.loss, accuracy: result.accuracy });
    if (best === undefined || result.loss < validations[best.index].loss) {
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
  const tell = (): void => {
    const seconds = (clock() - begun) / 1000;
    const done = step - firstStep;
    hooks.onProgress?.({
      step,
      steps,
      epoch: step / batches.stepsPerEpoch,
      loss: running,
      learningRate: learningRateAt(config, step, steps),
      etaSeconds: done === 0 ? NaN : (seconds / done) * (steps - step),
      lastValidation: validations[validations.length - 1],
    });
    told = clock();
  };
  while (step < steps) {
    if (floatSteps > 0 && step === floatSteps) {
      const before = session;
      session = quantizedSession(before, adaptScheme(before.model(), config.scheme), sessionFor);
      before.dispose();
    }
    const { batch: data, fresh } = batches.at(step);
    for (const lane of fresh) session.reset(lane);
    const { loss } = session.trainStep(data, learningRateAt(config, step, steps));
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
  session.dispose();
  const total = clock() - begun;
  return {
    model: best!.model,
    log: {
      engine: engine.name,
      engineVersion: engine.version,
      steps,
      stepsPerEpoch: batches.stepsPerEpoch,
      parametersAtStep: validations[best!.index].step,
      validations,
      curve,
      seconds: total / 1000,
      msPerStep: (total - validating) / Math.max(1, step - firstStep),
      ...(memoryBytes > 0 && { memoryBytes }),
    },
  };
}
