/**
 * Retraining-based iterative quantization (arXiv:1805.11233): quantize the weights, go on training in float
 * from the quantized values, quantize again. No quantizer is ever in the graph; what counts is each round's
 * score right after quantizing.
 */
import type { Engine, SessionConfig } from '../engine/engine.js';
import type { Dataset } from '../model/dataset.js';
import {
  fromTensors,
  type Model,
  type ModelHead,
  type ModelLayer,
  schemeName,
  toTensors,
} from '../model/model.js';
import { codeMatrix, isNormalized, type MatrixPlan } from '../quant/code-matrix.js';
import { codingOf } from '../quant/coding.js';
import { adaptScheme, matrixPlans } from '../quant/quantize.js';
import { type Scheme, schemeCodings } from '../quant/scheme.js';
import { magnitudeMask } from '../quant/solvers/pruning.js';
import { evaluate } from './evaluate.js';
import {
  prefixed,
  type RetrainingConfig,
  type RetrainingRound,
  train,
  type TrainConfig,
  type TrainHooks,
  type TrainLog,
  type TrainResult,
  type TrainState,
  unprefixed,
  type Validation,
} from './train.js';

/** Real weights that a matrix's codes stand for. */
function dequantized(plan: MatrixPlan, m: ModelLayer | ModelHead): Float32Array {
  const { effective, scale } = codeMatrix(plan, m);
  return Float32Array.from(
    effective,
    (code, n) => (code * scale[Math.floor(n / plan.columns)]) / plan.slope,
  );
}

function squares(values: ArrayLike<number>): number {
  let sum = 0;
  for (let n = 0; n < values.length; n++) sum += values[n] * values[n];
  return sum;
}

/** The float model whose weights are those of `model` as quantized, and how far they were. */
function snap(
  model: Model,
  scheme: Scheme,
): { readonly model: Model; readonly relativeError: number } {
  const plans = matrixPlans(model, scheme);
  let [error, norm] = [0, 0];
  const layers = model.layers.map((layer, l) => {
    const weights = dequantized(plans.layers[l], layer);
    error += squares(weights.map((w, n) => w - layer.weights[n]));
    norm += squares(layer.weights);
    return { ...layer, weights };
  });
  const head = { ...model.head, weights: dequantized(plans.head, model.head) };
  return { model: { ...model, layers, head }, relativeError: Math.sqrt(error / norm) };
}

/** Masks of the smallest weights of each layer; the head keeps all of its own. */
function pruningMask(model: Model, sparsity: number): SessionConfig['mask'] {
  if (sparsity === 0) return undefined;
  const layers = model.layers.map(({ weights }) => {
    const kept = new Uint8Array(weights.length);
    magnitudeMask(weights, sparsity, kept);
    return kept;
  });
  return { layers };
}

function applyMask(model: Model, mask: SessionConfig['mask']): Model {
  if (mask === undefined) return model;
  const layers = model.layers.map((layer, l) => {
    const kept = mask.layers[l];
    return kept ? { ...layer, weights: layer.weights.map((w, n) => (kept[n] ? w : 0)) } : layer;
  });
  return { ...model, layers };
}

/** Throws where a scheme cannot be trained this way. */
function checkScheme(scheme: TrainConfig['scheme']): asserts scheme is Scheme {
  if (scheme === 'float') throw new TypeError('retraining: the float scheme quantizes nothing');
  const normalized = schemeCodings(scheme).find((name) => isNormalized(scheme, codingOf(name)));
  if (normalized !== undefined) {
    throw new TypeError(
      `retraining: ${schemeName(scheme)} has norms to train beside its codes; use a scheme without`,
    );
  }
}

type Config = TrainConfig & { readonly retraining: RetrainingConfig };
type Hooks = Pick<TrainHooks, 'signal' | 'onProgress' | 'onCheckpoint' | 'resume'>;

/** Where rounds stand: float weights to quantize next, and the best ones so far before quantizing. */
class Retraining {
  private readonly mask: SessionConfig['mask'];
  private readonly scheme: Scheme;
  private model: Model;
  private best: { readonly model: Model; readonly round: number } | undefined;
  private readonly rounds: RetrainingRound[] = [];
  private last: TrainLog | undefined;
  private firstStep = 0;

  constructor(
    private readonly dataset: Dataset,
    private readonly config: Config,
    private readonly engine: Engine,
    start: Model,
    private readonly hooks: Hooks,
  ) {
    checkScheme(config.scheme);
    this.scheme = config.scheme;
    const float = adaptScheme(start, 'float');
    this.mask = pruningMask(float, config.retraining.sparsity);
    this.model = applyMask(float, this.mask);
  }

  async run(): Promise<TrainResult> {
    const { retraining } = this.config;
    const begun = performance.now();
    if (this.hooks.resume) this.restore(this.hooks.resume);
    else if (this.mask) await this.trainOn();
    for (let round = this.rounds.length; round <= retraining.rounds; round++) {
      const snapped = await this.quantize(round);
      if (round === retraining.rounds) break;
      this.model = applyMask(snapped, this.mask);
      await this.trainOn();
      await this.hooks.onCheckpoint?.(this.state());
    }
    return { model: this.best!.model, log: this.log((performance.now() - begun) / 1000) };
  }

  /** Score the weights as quantized; returns the float model of what they became. */
  private async quantize(round: number): Promise<Model> {
    const { model, scheme, rounds } = this;
    const quantized = adaptScheme(model, scheme);
    const { loss } = await evaluate(quantized, this.dataset, 'valid', this.engine, {
      limit: this.config.validationLimit,
      goldenSteps: 50,
      signal: this.hooks.signal,
    });
    const snapped = snap(model, scheme);
    if (this.best === undefined || loss < rounds[this.best.round].loss) {
      this.best = { model: quantized, round };
    }
    rounds.push({ round, loss, relativeError: snapped.relativeError });
    return snapped.model;
  }

  /** The steps of one round in plain float. */
  private async trainOn(): Promise<void> {
    const { config, mask, hooks, firstStep } = this;
    const { steps, learningRate, rounds } = config.retraining;
    const float: TrainConfig = {
      ...config,
      ...{ scheme: 'float', steps, learningRate, floatPart: 0, hold: 1, validations: 1 },
      ...{ result: 'last', validationLimit: 1000, patience: undefined, firstStep },
    };
    const { model, log } = await train(this.dataset, float, this.engine, {
      initial: this.model,
      ...(mask && { mask }),
      ...(hooks.signal && { signal: hooks.signal }),
      onProgress: (progress) =>
        hooks.onProgress?.({
          ...progress,
          step: firstStep + progress.step,
          steps: steps * (rounds + (mask ? 1 : 0)),
        }),
    });
    this.model = model;
    this.last = log;
    this.firstStep += steps;
  }

  private validations(): Validation[] {
    const { steps } = this.config.retraining;
    return this.rounds.map(({ round, loss }) => ({ step: round * steps, loss, accuracy: 0 }));
  }

  /** Between two rounds: the weights to quantize next, and the best ones. */
  private state(): TrainState {
    const { model, best, config, rounds, firstStep } = this;
    return {
      tensors: {
        ...toTensors(model).tensors,
        ...prefixed('best.', toTensors(best!.model).tensors),
      },
      meta: {
        ...{ version: 1, step: firstStep, runningLoss: 0, curve: [], best: best!.round, config },
        validations: this.validations(),
        rounds: [...rounds],
      },
    };
  }

  private restore({ tensors, meta }: TrainState): void {
    if (JSON.stringify(meta.config) !== JSON.stringify(this.config) || !meta.rounds) {
      throw new TypeError('retraining: the checkpoint was made under other settings');
    }
    const ownMeta = toTensors(this.model).meta;
    this.model = fromTensors(ownMeta, tensors);
    const best = fromTensors({ ...ownMeta, scheme: this.scheme }, unprefixed('best.', tensors));
    this.best = { model: best, round: meta.best };
    this.rounds.push(...meta.rounds);
    this.firstStep = meta.step;
  }

  private log(seconds: number): TrainLog {
    const { engine, rounds, last, best, firstStep } = this;
    return {
      ...{ engine: engine.name, engineVersion: engine.version },
      stepsPerEpoch: last?.stepsPerEpoch ?? 1,
      steps: firstStep,
      parametersAtStep: best!.round * this.config.retraining.steps,
      validations: this.validations(),
      ...{ curve: [], seconds, msPerStep: last?.msPerStep ?? 0, rounds },
    };
  }
}

/**
 * Rounds of quantize and retrain from a trained float model. The result holds the weights of the round
 * whose quantized score was best, as they were before quantizing. The optimizer starts anew each round;
 * checkpoints are made between rounds.
 */
export async function retrain(
  dataset: Dataset,
  config: Config,
  engine: Engine,
  start: Model,
  hooks: Hooks = {},
): Promise<TrainResult> {
  return new Retraining(dataset, config, engine, start, hooks).run();
}
