/** The training loop, of float networks and through integers; after src/train/train.ts. */
import { packageVersion } from '../package-root.js';
import type { Dataset } from '../model/dataset.js';
import { batchesOf } from '../train/batches.js';
import { breathe, demerit, type Evaluation } from '../train/evaluate.js';
import {
  learningRateAt,
  type TrainConfig,
  type TrainHooks,
  type TrainLog,
  type TrainState,
  type Validation,
} from '../train/train.js';
import { evaluateNetwork } from './evaluate.js';
import type { NetworkConfig } from './network-config.js';
import type { IntegerOptions } from './quantize-model.js';
import { type Learned, TrainingSession } from './session.js';

/**
 * Of `training` the loop follows sizes, batches, steps, the learning rate but `plateau`, the optimizer's
 * Adam and clip, validations and the seed; schemes, dropout and patience belong to `halfgate train`.
 */
export interface NetworkTraining {
  readonly network: NetworkConfig;
  readonly training: TrainConfig;
  /** Quantization-aware, in these formats. */
  readonly options?: IntegerOptions | undefined;
}

export type NetworkTrainHooks = Pick<
  TrainHooks,
  'onProgress' | 'onCheckpoint' | 'checkpointSeconds' | 'signal' | 'resume'
>;

export interface NetworkTrainResult {
  /** Of the best validation. */
  readonly learned: Learned;
  readonly log: TrainLog;
}

const CURVE_POINTS = 200;
const YIELD_MS = 40;
const PROGRESS_MS = 200;
const CHECKPOINT_SECONDS = 10;
const BEST = 'best.';

/** A run between two steps, but for the session's own tensors. */
class Progress {
  step = 0;
  running = 0;
  readonly validations: Validation[] = [];
  readonly curve: (readonly [number, number])[] = [];
  best: { readonly learned: Learned; readonly index: number } | undefined;

  note(loss: number, steps: number): void {
    const weight = Math.min(0.99, this.step / (this.step + 1));
    this.running = this.step === 0 ? loss : weight * this.running + (1 - weight) * loss;
    this.step++;
    const every = Math.max(1, Math.floor(steps / CURVE_POINTS));
    if (this.step % every === 0) this.curve.push([this.step, this.running]);
  }

  state(session: TrainingSession, config: TrainConfig): TrainState {
    const { step, running, validations, curve, best } = this;
    return {
      tensors: { ...session.snapshot(), ...(best && session.toTensors(best.learned, BEST)) },
      meta: {
        ...{ version: 1, step, runningLoss: running, config },
        ...{ validations: [...validations], curve: [...curve], best: best?.index ?? -1 },
      },
    };
  }

  resume(session: TrainingSession, { tensors, meta }: TrainState): void {
    session.restore(tensors);
    this.step = meta.step;
    this.running = meta.runningLoss;
    this.validations.push(...meta.validations);
    this.curve.push(...meta.curve);
    if (meta.best >= 0) {
      this.best = { learned: session.fromTensors(tensors, BEST), index: meta.best };
    }
  }
}

/** Of equals, such as an F1 of 0 at first, the one of lower loss. */
function isBetter(a: Evaluation, b: Validation): boolean {
  const difference = demerit(a) - demerit(b);
  return difference === 0 ? a.loss < b.loss : difference < 0;
}

/**
 * Train from `start`; the learned numbers of the best validation. The same dataset, config and start give
 * the same result bit for bit, also across a checkpoint and resume.
 */
export async function trainNetwork(
  dataset: Dataset,
  config: NetworkTraining,
  start: Learned,
  hooks: NetworkTrainHooks = {},
): Promise<NetworkTrainResult> {
  const { network, training, options } = config;
  const { signal, resume } = hooks;
  if (training.decay === 'plateau') throw new TypeError('integer training: no plateau schedule');
  const batches = batchesOf(dataset, training);
  const steps = training.steps ?? training.epochs * batches.stepsPerEpoch;
  if (!(steps >= 1)) throw new RangeError(`integer training: ${steps} steps, must be at least 1`);
  const { batch, optimizer } = training;
  const session = new TrainingSession(
    { network, batch, timeSteps: batches.timeSteps, optimizer, options },
    start,
  );
  const whole = { ...training, network, options };
  const progress = new Progress();
  if (resume !== undefined) {
    if (JSON.stringify(resume.meta.config) !== JSON.stringify(whole)) {
      throw new TypeError('integer training: the checkpoint was made under other settings');
    }
    progress.resume(session, resume);
  }
  const split = dataset.valid.length > 1 ? 'valid' : 'train';
  const validate = async (): Promise<void> => {
    const learned = session.learned();
    const quantized = session.quantized();
    const limit = training.validationLimit;
    const result = await evaluateNetwork(network, learned.params, quantized, dataset, split, {
      ...{ limit, signal },
    });
    const { loss, accuracy, f1, rmse } = result;
    const { validations, step, best } = progress;
    validations.push({
      ...{ step, loss, accuracy },
      ...(f1 !== undefined && { f1 }),
      ...(rmse !== undefined && { rmse }),
    });
    if (best === undefined || isBetter(result, validations[best.index])) {
      progress.best = { learned, index: validations.length - 1 };
    }
  };

  const clock = (): number => performance.now();
  const begun = clock();
  const firstStep = progress.step;
  const every = Math.max(1, Math.floor(steps / Math.max(1, training.validations)));
  const checkpointMs = (hooks.checkpointSeconds ?? CHECKPOINT_SECONDS) * 1000;
  let [validating, yielded, told, saved] = [0, begun, -Infinity, begun];
  const tell = (): void => {
    const { step, running, validations } = progress;
    const done = step - firstStep;
    hooks.onProgress?.({
      ...{ step, steps, loss: running },
      epoch: step / batches.stepsPerEpoch,
      learningRate: learningRateAt(training, step, steps, 0),
      etaSeconds: done === 0 ? NaN : ((clock() - begun) / 1000 / done) * (steps - step),
      lastValidation: validations[validations.length - 1],
    });
    told = clock();
  };
  const timedValidation = async (): Promise<void> => {
    const before = clock();
    await validate();
    validating += clock() - before;
  };
  // What training starts from counts too: a quantized model cannot end worse than it began.
  if (options && progress.step === 0) await timedValidation();
  while (progress.step < steps) {
    const { batch: data, fresh } = batches.at(training.firstStep + progress.step);
    for (const lane of fresh) session.reset(lane);
    const rate = learningRateAt(training, progress.step, steps, 0);
    progress.note(session.trainStep(data, rate), steps);
    if (progress.step % every === 0 || progress.step === steps) await timedValidation();
    if (clock() - told >= PROGRESS_MS) tell();
    if (clock() - yielded >= YIELD_MS) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      yielded = clock();
    }
    const isStopped = signal?.aborted === true;
    if (hooks.onCheckpoint && (isStopped || clock() - saved >= checkpointMs)) {
      await hooks.onCheckpoint(progress.state(session, whole));
      saved = clock();
    }
    if (isStopped) signal.throwIfAborted();
  }
  tell();
  await breathe(signal);
  const total = clock() - begun;
  const { best, validations, curve, step } = progress;
  return {
    learned: best!.learned,
    log: {
      ...{ engine: 'typescript', engineVersion: packageVersion() },
      ...{ steps: step, stepsPerEpoch: batches.stepsPerEpoch, validations, curve },
      parametersAtStep: validations[best!.index].step,
      seconds: total / 1000,
      msPerStep: (total - validating) / Math.max(1, step - firstStep),
    },
  };
}
