/**
 * What every training engine does, and the numbers it is asked for. An engine's forward pass in a
 * quantized scheme equals the golden integer model bit for bit; its gradients are the same real numbers
 * up to rounding.
 */
import { cellArithmetic, LOGIT_FRACTION, SIGMOID_FRACTION } from '../quant/arithmetic.js';
import { TANH_FRACTION } from '../quant/tanh.js';
import { activationUnit } from '../quant/code-matrix.js';
import { isLossAware, type WeightCoding } from '../quant/coding.js';
import { type Model, type ModelScheme, schemeName, type Tensors } from '../model/model.js';
import type { Scheme } from '../quant/scheme.js';

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
  /** Learning rate of normalized masters (ternary, binary, ...) as a multiple of the step's. */
  readonly ternaryRate: number;
  /** Masters of few-valued codes stay within +-this; see masterRule. */
  readonly masterRange: number;
  /** Learning rate of weight-norm gains as a multiple of the step's. */
  readonly gainRate: number;
  readonly gateGradient: GateGradient;
  /**
   * What an h that is not zero costs: the loss gains skipWeight times the mean of |h|, over units, steps and
   * sequences, of every layer. It is what a sparse design has to do per step, as far as it can be differentiated:
   * |h| = o |tanh(c)| is 0 where the gate o is. 0: nothing. Losses are reported without it.
   */
  readonly skipWeight: number;
}

export const DEFAULT_OPTIMIZER: OptimizerConfig = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  clip: 1,
  ternaryRate: 6,
  masterRange: 1,
  gainRate: 3,
  gateGradient: 'sigmoid',
  skipWeight: 0,
};

/** How Adam moves the masters of a coding: at which multiple of the step's rate, and within +-range. */
export function masterRule(
  coding: WeightCoding,
  normalized: boolean,
  { ternaryRate, masterRange }: OptimizerConfig,
): { readonly rate: number; readonly range: number } {
  if (normalized) return { rate: ternaryRate, range: masterRange };
  const { kind } = coding.format;
  const free = (kind === 'int' || kind === 'multibit') && !isLossAware(coding);
  return { rate: 1, range: free ? Infinity : masterRange };
}

/** Largest probability of dropout: what is kept grows by 1 / (1 - p), and products must stay exact. */
export const DROPOUT_MAX = 0.8;

/**
 * In training steps each element of x of every layer, and of h before the head, is zero with a
 * probability, and else grows by 1 / (1 - p); int16 elements round to the nearest integer, and where
 * activations are ternary the factor does. h as the layer's own next input stays whole.
 */
export interface DropoutConfig {
  /** Probabilities, 0..DROPOUT_MAX. */
  readonly input: number;
  readonly output: number;
  /** What is dropped follows from it, the number of the optimizer's step and the place alone. */
  readonly seed: number;
}

/** [rows, columns] by matrix: weights where it is 0 stay exactly 0, and have no gradient. */
export interface WeightMask {
  readonly layers: readonly (Uint8Array | undefined)[];
  readonly head?: Uint8Array | undefined;
}

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
  readonly mask?: WeightMask | undefined;
  readonly dropout?: DropoutConfig | undefined;
  /**
   * Training draws activations of two or three values as Bernoulli of their magnitudes (HitNet) instead of
   * comparing these with 1/2; what is drawn follows from the seed and the number of the optimizer's step.
   */
  readonly sampling?: { readonly seed: number } | undefined;
}

/** One truncated sequence for every lane; steps come first. */
export interface Batch {
  readonly timeSteps: number;
  /** [timeSteps, batch], for token models. */
  readonly tokens?: Int32Array | undefined;
  /** [timeSteps, batch, features], for models of several features. */
  readonly features?: Int32Array | undefined;
  /** [timeSteps, batch, channels] after mean and gain, for dense models. */
  readonly values?: Float32Array | undefined;
  /** [batch]: steps of each lane where they differ. Only sessions of whole sequences (whole.ts) take it. */
  readonly lengths?: Int32Array | undefined;
  /** [timeSteps, batch] or, for last-step heads, [batch]; below 0 means no target here. */
  readonly targets?: Int32Array | undefined;
  /** [batch]: real targets, for heads that predict a value. */
  readonly reals?: Float32Array | undefined;
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
  /** Gradients of the mean loss by tensor name, unclipped, as the next step has them; h and c carry over. */
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

/** Units of the values a forward pass stores; all 1 for float. */
export interface Units {
  readonly activation: number;
  readonly cell: number;
  readonly gate: number;
  readonly candidate: number;
  /** Of tanh(c). */
  readonly squashed: number;
  readonly logit: number;
}

export function unitsOf(scheme: ModelScheme): Units {
  if (scheme === 'float') {
    return { activation: 1, cell: 1, gate: 1, candidate: 1, squashed: 1, logit: 1 };
  }
  return {
    activation: activationUnit(scheme),
    cell: 2 ** -scheme.cell.fraction,
    gate: scheme.gates === 'int16' ? 2 ** -SIGMOID_FRACTION : 1 / 2,
    candidate: 1 / cellArithmetic(scheme).one,
    squashed: 2 ** -TANH_FRACTION,
    logit: 2 ** -LOGIT_FRACTION,
  };
}

function checkMask(model: Model, { layers, head }: WeightMask): void {
  if (layers.length !== model.layers.length) {
    throw new RangeError(`mask: ${layers.length} layers, the model has ${model.layers.length}`);
  }
  const masks = [...layers.map((mask, l) => [`layer ${l}`, mask, model.layers[l]] as const)];
  for (const [name, mask, { weights }] of [...masks, ['head', head, model.head] as const]) {
    if (mask && mask.length !== weights.length) {
      throw new RangeError(`mask: ${name} has ${weights.length} weights, its mask ${mask.length}`);
    }
  }
}

/** Whether a scheme has binary gates, a ternary candidate or ternary h. */
function drawsActivations({ gates, candidate, activations }: Scheme): boolean {
  return gates === 'binary' || candidate === 'ternary' || activations === 'ternary';
}

/** Throws RangeError unless a session can be made of it. */
export function checkSession(config: SessionConfig): void {
  const { model, batch, timeSteps, checkpointSteps = 1, mask, dropout, sampling } = config;
  for (const [name, value] of Object.entries({ batch, timeSteps, checkpointSteps })) {
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`session: ${name} is ${value}`);
  }
  if (mask) checkMask(model, mask);
  const { scheme } = model;
  if (sampling && (scheme === 'float' || !drawsActivations(scheme))) {
    throw new TypeError(
      `sampling: ${schemeName(scheme)} has no activations of two or three values`,
    );
  }
  if (dropout === undefined) return;
  const { input, output, seed } = dropout;
  for (const [name, value] of Object.entries({ input, output })) {
    if (!(value >= 0 && value <= DROPOUT_MAX)) {
      throw new RangeError(`dropout.${name}: ${value} is not in 0..${DROPOUT_MAX}`);
    }
  }
  if (!Number.isInteger(seed)) throw new RangeError(`dropout.seed: ${seed} is not an integer`);
}

type Fail = (text: string) => never;

/** Symbols within 0..count - 1. Indexed: this runs before every step. */
function checkSymbols(name: string, symbols: Int32Array, count: number, fail: Fail): void {
  for (let n = 0; n < symbols.length; n++) {
    if (!(symbols[n] >= 0 && symbols[n] < count)) {
      fail(`${name} ${symbols[n]} is not in 0..${count - 1}`);
    }
  }
}

function checkInput(model: Model, { tokens, features, values }: Batch, rows: number, fail: Fail) {
  const { input } = model;
  const size = (name: string, array: { readonly length: number } | undefined, each: number) => {
    if (array?.length !== rows * each)
      fail(`${array?.length ?? 'no'} ${name}, must be ${rows * each}`);
  };
  switch (input.kind) {
    case 'dense':
      size('values', values, input.mean.length);
      break;
    case 'features': {
      const width = input.tables.length;
      size('features', features, width);
      input.tables.forEach(({ name, count }, f) => {
        for (let n = f; n < features!.length; n += width) {
          if (features![n] >= 0 && features![n] < count) continue;
          fail(`${name} ${features![n]} is not in 0..${count - 1}`);
        }
      });
      break;
    }
    default:
      size('tokens', tokens, 1);
      checkSymbols('token', tokens!, input.vocabSize, fail);
  }
}

/** Throws unless the batch suits the model and the session. */
export function checkBatch(model: Model, config: SessionConfig, batch: Batch): void {
  const { timeSteps, targets, reals, lengths } = batch;
  const fail: Fail = (text) => {
    throw new RangeError(`batch: ${text}`);
  };
  if (!Number.isInteger(timeSteps) || timeSteps < 1 || timeSteps > config.timeSteps) {
    fail(`timeSteps is ${timeSteps}, must be 1..${config.timeSteps}`);
  }
  const rows = timeSteps * config.batch;
  checkInput(model, batch, rows, fail);
  const wanted = model.head.when === 'every-step' ? rows : config.batch;
  const sizes = [
    ['targets', targets?.length, wanted],
    ['reals', reals?.length, wanted],
    ['lengths', lengths?.length, config.batch],
  ] as const;
  for (const [name, length, most] of sizes) {
    if (length !== undefined && length !== most) fail(`${length} ${name}, must be ${most}`);
  }
  lengths?.forEach((length) => {
    if (!(length >= 0 && length <= timeSteps)) fail(`length ${length} is not in 0..${timeSteps}`);
  });
  for (let n = 0; n < (targets?.length ?? 0); n++) {
    if (targets![n] >= model.head.classes) {
      fail(`target ${targets![n]} is not below ${model.head.classes}`);
    }
  }
}
