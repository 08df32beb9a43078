/**
 * A trainable LSTM as plain data: real-valued master weights and what training needs to know about
 * them. `quantize` turns it into a QuantizedModel.
 */
import type { SchemeName } from '../quant/quantized-model.js';
import { Random } from './random.js';

/** `float` is the reference: real sigmoid and tanh, nothing rounded. */
export type ModelScheme = 'float' | SchemeName;

export interface ModelTokenInput {
  readonly kind: 'tokens';
  readonly vocabSize: number;
  /** [vocabSize, inputSize], trained within [-1, 1]. */
  readonly embedding: Float32Array;
}

/** x = (value - mean) * gain per channel, saturated at [-1, 1]. */
export interface ModelDenseInput {
  readonly kind: 'dense';
  readonly mean: readonly number[];
  readonly gain: readonly number[];
}

export interface ModelLayer {
  readonly inputSize: number;
  readonly hiddenSize: number;
  /** [4 * hiddenSize, inputSize + hiddenSize], gates i, f, g, o, columns x first, then h. */
  readonly weights: Float32Array;
  /** [4 * hiddenSize]. */
  readonly bias: Float32Array;
  /** [4 * hiddenSize], weight-norm gain, above 0; only ternary weights use it. */
  readonly gain: Float32Array;
}

export interface ModelHead {
  readonly classes: number;
  /** [classes, hiddenSize of the last layer]. */
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  readonly gain: Float32Array;
  readonly when: 'every-step' | 'last-step';
}

export interface Model {
  readonly scheme: ModelScheme;
  readonly input: ModelTokenInput | ModelDenseInput;
  readonly layers: readonly ModelLayer[];
  readonly head: ModelHead;
}

export interface ModelConfig {
  readonly scheme: ModelScheme;
  readonly input:
    | { readonly kind: 'tokens'; readonly vocabSize: number; readonly embeddingSize: number }
    | {
        readonly kind: 'dense';
        readonly mean: readonly number[];
        readonly gain: readonly number[];
      };
  readonly hiddenSizes: readonly number[];
  readonly classes: number;
  readonly when: 'every-step' | 'last-step';
}

/**
 * Half-width of the uniform start of ternary masters. The codes ignore their scale; against the learning
 * rate it decides how soon signs change.
 */
export const TERNARY_MASTER_RANGE = 0.1;
/**
 * Ternary rows start this much larger than float ones: a three-level gate answers only beyond +-ln 3.
 * Measured, see docs/training.md: 1 costs up to 0.2 bit per character, 16 does not train.
 */
export const TERNARY_GAIN = 4;
/** Norm of a ternary head's rows at the start. */
export const TERNARY_HEAD_NORM = 6;

function uniform(size: number, width: number, random: Random): Float32Array {
  return Float32Array.from({ length: size }, () => random.range(-width, width));
}

function checkSize(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new RangeError(`initModel: ${name} is ${value}, must be a positive integer`);
  }
}

/**
 * A fresh model. Float and int8 weights start uniform within 1 / sqrt(hiddenSize); ternary masters
 * start uniform, their gains as TERNARY_GAIN says. Forget bias 1.
 */
export function initModel(config: ModelConfig, seed: number): Model {
  const { scheme, input, hiddenSizes, classes } = config;
  if (hiddenSizes.length === 0) throw new RangeError('initModel: hiddenSizes is empty');
  hiddenSizes.forEach((size, l) => checkSize(`hiddenSizes[${l}]`, size));
  checkSize('classes', classes);
  const firstSize = input.kind === 'tokens' ? input.embeddingSize : input.mean.length;
  checkSize(input.kind === 'tokens' ? 'embeddingSize' : 'number of channels', firstSize);
  const random = new Random(seed);
  const ternary = scheme === 'ternary-level3';
  const matrix = (rows: number, columns: number, fan: number) => ({
    weights: uniform(rows * columns, ternary ? TERNARY_MASTER_RANGE : 1 / Math.sqrt(fan), random),
    bias: new Float32Array(rows),
    // A float row has norm sqrt(columns / (3 fan)) on average.
    gain: new Float32Array(rows).fill(ternary ? TERNARY_GAIN * Math.sqrt(columns / (3 * fan)) : 1),
  });
  let modelInput: Model['input'];
  if (input.kind === 'tokens') {
    checkSize('vocabSize', input.vocabSize);
    const embedding = uniform(input.vocabSize * firstSize, 0.5, random);
    modelInput = { kind: 'tokens', vocabSize: input.vocabSize, embedding };
  } else {
    modelInput = { kind: 'dense', mean: [...input.mean], gain: [...input.gain] };
  }
  const layers = hiddenSizes.map((hiddenSize, l): ModelLayer => {
    const inputSize = l === 0 ? firstSize : hiddenSizes[l - 1];
    const layer = matrix(4 * hiddenSize, inputSize + hiddenSize, hiddenSize);
    layer.bias.fill(1, hiddenSize, 2 * hiddenSize);
    return { inputSize, hiddenSize, ...layer };
  });
  const last = hiddenSizes[hiddenSizes.length - 1];
  const head = { classes, when: config.when, ...matrix(classes, last, last) };
  if (ternary) head.gain.fill(TERNARY_HEAD_NORM);
  return { scheme, input: modelInput, layers, head };
}

/** Trained numbers of a model: embedding, weights, biases, and gains where the scheme uses them. */
export function parameterCount(model: Model): number {
  let count = 0;
  for (const [name, tensor] of Object.entries(toTensors(model).tensors)) {
    if (model.scheme === 'ternary-level3' || !name.endsWith('.gain')) count += tensor.data.length;
  }
  return count;
}

export interface FloatTensor {
  readonly dtype: 'F32';
  readonly shape: readonly number[];
  readonly data: Float32Array;
}
export interface IntTensor {
  readonly dtype: 'I32';
  readonly shape: readonly number[];
  readonly data: Int32Array;
}
export type Tensor = FloatTensor | IntTensor;
/** Named tensors: what the store writes as safetensors, and reads back without loss. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** What a model is besides its tensors; JSON. */
export interface ModelMeta {
  readonly scheme: ModelScheme;
  readonly input:
    | { readonly kind: 'tokens'; readonly vocabSize: number }
    | {
        readonly kind: 'dense';
        readonly mean: readonly number[];
        readonly gain: readonly number[];
      };
  readonly layers: readonly { readonly inputSize: number; readonly hiddenSize: number }[];
  readonly head: { readonly classes: number; readonly when: 'every-step' | 'last-step' };
}

export function f32(shape: readonly number[], data: Float32Array): FloatTensor {
  return { dtype: 'F32', shape, data };
}

/** Names are `embedding`, `layer<l>.weights|bias|gain` and `head.weights|bias|gain`; data is shared. */
export function toTensors(model: Model): { meta: ModelMeta; tensors: Record<string, FloatTensor> } {
  const { input, layers, head } = model;
  const tensors: Record<string, FloatTensor> = {};
  if (input.kind === 'tokens') {
    tensors['embedding'] = f32([input.vocabSize, layers[0].inputSize], input.embedding);
  }
  const add = (prefix: string, rows: number, columns: number, m: ModelLayer | ModelHead): void => {
    tensors[`${prefix}.weights`] = f32([rows, columns], m.weights);
    tensors[`${prefix}.bias`] = f32([rows], m.bias);
    tensors[`${prefix}.gain`] = f32([rows], m.gain);
  };
  layers.forEach((layer, l) => {
    add(`layer${l}`, 4 * layer.hiddenSize, layer.inputSize + layer.hiddenSize, layer);
  });
  add('head', head.classes, layers[layers.length - 1].hiddenSize, head);
  const meta: ModelMeta = {
    scheme: model.scheme,
    input:
      input.kind === 'tokens'
        ? { kind: 'tokens', vocabSize: input.vocabSize }
        : { kind: 'dense', mean: input.mean, gain: input.gain },
    layers: layers.map(({ inputSize, hiddenSize }) => ({ inputSize, hiddenSize })),
    head: { classes: head.classes, when: head.when },
  };
  return { meta, tensors };
}

/** The inverse of toTensors; throws where a tensor is missing or misshapen, naming all of them. */
export function fromTensors(meta: ModelMeta, tensors: Tensors): Model {
  const problems: string[] = [];
  const take = (name: string, ...shape: number[]): Float32Array => {
    const tensor = tensors[name];
    if (tensor === undefined) problems.push(`${name} is missing`);
    else if (tensor.dtype !== 'F32') problems.push(`${name} is ${tensor.dtype}, must be F32`);
    else if (tensor.shape.join() !== shape.join()) {
      problems.push(`${name} is [${tensor.shape.join(', ')}], must be [${shape.join(', ')}]`);
    } else if (!tensor.data.every(Number.isFinite)) {
      problems.push(`${name} holds a value that is not finite`);
    } else return tensor.data;
    return new Float32Array(0);
  };
  const matrix = (prefix: string, rows: number, columns: number) => ({
    weights: take(`${prefix}.weights`, rows, columns),
    bias: take(`${prefix}.bias`, rows),
    gain: take(`${prefix}.gain`, rows),
  });
  const layers = meta.layers.map(({ inputSize, hiddenSize }, l): ModelLayer => ({
    inputSize,
    hiddenSize,
    ...matrix(`layer${l}`, 4 * hiddenSize, inputSize + hiddenSize),
  }));
  if (layers.length === 0) throw new TypeError('fromTensors: the model has no layer');
  const last = layers[layers.length - 1];
  const input: Model['input'] =
    meta.input.kind === 'tokens'
      ? {
          kind: 'tokens',
          vocabSize: meta.input.vocabSize,
          embedding: take('embedding', meta.input.vocabSize, layers[0].inputSize),
        }
      : { kind: 'dense', mean: meta.input.mean, gain: meta.input.gain };
  const head = { ...meta.head, ...matrix('head', meta.head.classes, last.hiddenSize) };
  if (problems.length > 0) throw new TypeError(`fromTensors: ${problems.join('; ')}`);
  return { scheme: meta.scheme, input, layers, head };
}
