/**
 * What every training engine does, and the numbers it is asked for. An engine's forward pass in a
 * quantized scheme equals the golden integer model bit for bit; its gradients are the same real numbers
 * up to rounding.
 */
import { PREACT_FRACTION, SIGMOID_FRACTION, TANH_FRACTION } from '../quant/arithmetic.js';
import type { Model, ModelScheme, Tensors } from '../model/model.js';

export interface Engine {
  readonly name: string;
  /** What computes, for reports: `wasm simd`, `tfjs-node 4.22.0`, ... */
  readonly version: string;
  createSession(config: SessionConfig): Session;
}

/** How the three-level gates pass gradient: y (1 - y) of the sigmoid, or q (1 - q) of its levels. */
export type GateGradient = 'sigmoid' | 'level';

export interface OptimizerConfig {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Largest global norm of the gradient. */
  readonly clip: number;
  /** Learning rate of ternary masters as a multiple of the step's. */
  readonly ternaryRate: number;
  /** Learning rate of weight-norm gains as a multiple of the step's. */
  readonly gainRate: number;
  readonly gateGradient: GateGradient;
}

export const DEFAULT_OPTIMIZER: OptimizerConfig = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  clip: 1,
  ternaryRate: 6,
  gainRate: 3,
  gateGradient: 'sigmoid',
};

export interface SessionConfig {
  /** Copied; the session owns its parameters. */
  readonly model: Model;
  /** Sequences side by side. */
  readonly batch: number;
  /** Most steps of one call. */
  readonly timeSteps: number;
  /**
   * Steps between which activations are kept: longer calls run their forward pass twice, and memory
   * follows this instead of timeSteps. Engines may ignore it.
   */
  readonly checkpointSteps?: number | undefined;
  /** Without it the session only runs forward, and needs less memory. */
  readonly optimizer?: OptimizerConfig | undefined;
}

/** One truncated sequence for every lane; steps come first. */
export interface Batch {
  readonly timeSteps: number;
  /** [timeSteps, batch], for token models. */
  readonly tokens?: Int32Array | undefined;
  /** [timeSteps, batch, channels] after mean and gain, for dense models. */
  readonly values?: Float32Array | undefined;
  /** [timeSteps, batch] or, for last-step heads, [batch]; below 0 means no target here. */
  readonly targets?: Int32Array | undefined;
}

export interface StepResult {
  /** Mean cross-entropy in nats over the targets. */
  readonly loss: number;
  /** Global norm before clipping. */
  readonly gradNorm: number;
}

export interface ForwardResult {
  /** Mean cross-entropy in nats; NaN without targets. */
  readonly loss: number;
  /** Targets counted. */
  readonly count: number;
  /** [rows, classes], rows = timeSteps * batch or batch; Q6.9 integers, or reals in the float scheme. */
  readonly logits: Float32Array;
  /** Only where asked for. */
  readonly layers?: readonly LayerTrace[];
}

/** Integers of the formats in arithmetic.ts, or reals in the float scheme. */
export interface LayerTrace {
  /** [timeSteps, batch, 4, hiddenSize]: i, f, g, o. */
  readonly gates: Float32Array;
  /** [timeSteps, batch, hiddenSize]. */
  readonly c: Float32Array;
  /** [timeSteps, batch, hiddenSize]. */
  readonly h: Float32Array;
}

/** Parameters and Adam's moments of the head, each [classes][hiddenSize weights, bias, gain]. */
export interface HeadRows {
  readonly params: Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
}

export interface Session {
  /** What it holds: parameters, moments, activations. Not every engine knows. */
  readonly memoryBytes?: number | undefined;
  /** One optimizer step; h and c carry over to the next call. */
  trainStep(batch: Batch, learningRate: number): StepResult;
  /** Forward only; h and c carry over to the next call. */
  forward(batch: Batch, trace?: boolean): ForwardResult;
  /** Gradients of the mean loss by tensor name, unclipped; h and c carry over. */
  gradients(batch: Batch): { readonly loss: number; readonly tensors: Tensors };
  /** h and c of all lanes, or of the given one, to zero. */
  reset(lane?: number): void;
  /** A copy of the present parameters. */
  model(): Model;
  /** Everything needed to go on bit for bit: parameters, Adam's moments and count, h and c. */
  snapshot(): Tensors;
  restore(snapshot: Tensors): void;
  /** The head's rows, copied; engines without it cannot train on sampled classes. */
  readHead?(rows: HeadRows): void;
  writeHead?(rows: HeadRows): void;
  /** Gives memory back early; the session is unusable afterwards. */
  dispose(): void;
}

/** Units of the values a forward pass stores, as powers of two; all 1 for float. */
export interface Units {
  readonly activation: number;
  readonly cell: number;
  readonly gate: number;
  readonly candidate: number;
  readonly logit: number;
}

export function unitsOf(scheme: ModelScheme): Units {
  if (scheme === 'float') return { activation: 1, cell: 1, gate: 1, candidate: 1, logit: 1 };
  return {
    activation: 2 ** -7,
    cell: 2 ** -PREACT_FRACTION,
    gate: scheme === 'int8' ? 2 ** -SIGMOID_FRACTION : 1 / 2,
    candidate: 2 ** -TANH_FRACTION,
    logit: 2 ** -9,
  };
}

/** Throws unless the batch suits the model and the session. */
export function checkBatch(model: Model, config: SessionConfig, batch: Batch): void {
  const { timeSteps, tokens, values, targets } = batch;
  const fail = (text: string): never => {
    throw new RangeError(`batch: ${text}`);
  };
  if (!Number.isInteger(timeSteps) || timeSteps < 1 || timeSteps > config.timeSteps) {
    fail(`timeSteps is ${timeSteps}, must be 1..${config.timeSteps}`);
  }
  const rows = timeSteps * config.batch;
  if (model.input.kind === 'tokens') {
    if (tokens?.length !== rows) fail(`${tokens?.length ?? 'no'} tokens, must be ${rows}`);
    // Indexed: these loops run before every step.
    for (let n = 0; n < rows; n++) {
      const token = tokens![n];
      if (!(token >= 0 && token < model.input.vocabSize)) {
        fail(`token ${token} is not in 0..${model.input.vocabSize - 1}`);
      }
    }
  } else if (values?.length !== rows * model.input.mean.length) {
    fail(`${values?.length ?? 'no'} values, must be ${rows * model.input.mean.length}`);
  }
  if (targets === undefined) return;
  const wanted = model.head.when === 'every-step' ? rows : config.batch;
  if (targets.length !== wanted) fail(`${targets.length} targets, must be ${wanted}`);
  for (let n = 0; n < wanted; n++) {
    if (targets[n] >= model.head.classes) {
      fail(`target ${targets[n]} is not below ${model.head.classes}`);
    }
  }
}
