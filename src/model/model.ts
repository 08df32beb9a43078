/**
 * A trainable LSTM as plain data: real-valued master weights and what training needs to know about
 * them. `quantize` turns it into a QuantizedModel.
 */
import { codingOf } from '../quant/coding.js';
import { GATE_NAMES } from '../quant/gates.js';
import { isNormalized } from '../quant/code-matrix.js';
import { operandCount, outputSize } from '../quant/quantized-model.js';
import { layerWeights, needsCurvature, type Scheme } from '../quant/scheme.js';
import { Random } from './random.js';

/** `float` is the reference: real sigmoid and tanh, nothing rounded. */
export type ModelScheme = 'float' | Scheme;

export function schemeName(scheme: ModelScheme): string {
  return scheme === 'float' ? 'float' : scheme.name;
}

export interface ModelTokenInput {
  readonly kind: 'tokens';
  readonly vocabSize: number;
  /** [vocabSize, inputSize], trained within [-1, 1]. */
  readonly embedding: Float32Array;
}

/** x is 1 at the symbol's place: W_x has a column for each symbol, and nothing else to train. */
export interface ModelOneHotInput {
  readonly kind: 'one-hot';
  readonly vocabSize: number;
}

/** x is the rows of several tables, one for each categorical feature of a token. */
export interface ModelFeatureInput {
  readonly kind: 'features';
  readonly tables: readonly {
    readonly name: string;
    readonly count: number;
    readonly size: number;
    /** [count, size], trained within [-1, 1]. */
    readonly weights: Float32Array;
  }[];
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
  /** [operands, 4 * hiddenSize]: norms of the rows, above 0; used where a scheme normalizes weights. */
  readonly gain: Float32Array;
  /** [4 * hiddenSize, inputSize + hiddenSize]: curvature of the loss, where a scheme's codings look at it. */
  readonly curvature?: Float32Array | undefined;
  /** [4 gates, operands, 2]: scales of the positive and the negative codes, where they are trained. */
  readonly scales?: Float32Array | undefined;
  /** [3]: where gates, candidate and h turn, as magnitudes; where a scheme tracks them. */
  readonly decisions?: Float32Array | undefined;
  /** The opposite direction, from the last step to the first; the layer's output is then [h, h backward]. */
  readonly backward?: ModelLayer | undefined;
}

export interface ModelHead {
  readonly classes: number;
  /** [classes, hiddenSize of the last layer]. */
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  readonly gain: Float32Array;
  readonly curvature?: Float32Array | undefined;
  readonly when: 'every-step' | 'last-step';
  /** `value`: one row that predicts a real number, not classes. */
  readonly output: 'class' | 'value';
}

export interface Model {
  readonly scheme: ModelScheme;
  readonly input: ModelTokenInput | ModelOneHotInput | ModelFeatureInput | ModelDenseInput;
  readonly layers: readonly ModelLayer[];
  readonly head: ModelHead;
}

export interface ModelConfig {
  readonly scheme: ModelScheme;
  readonly input:
    | { readonly kind: 'tokens'; readonly vocabSize: number; readonly embeddingSize: number }
    | { readonly kind: 'one-hot'; readonly vocabSize: number }
    | {
        readonly kind: 'features';
        readonly features: readonly {
          readonly name: string;
          readonly count: number;
          readonly size: number;
        }[];
      }
    | {
        readonly kind: 'dense';
        readonly mean: readonly number[];
        readonly gain: readonly number[];
      };
  readonly hiddenSizes: readonly number[];
  /** Every layer runs in both directions. */
  readonly bidirectional?: boolean;
  readonly classes: number;
  readonly when: 'every-step' | 'last-step';
  /** Default `class`. */
  readonly output?: 'class' | 'value';
  /** Default `wide`: see widenInput; `plain` starts as float does. */
  readonly start?: 'wide' | 'plain';
}

/**
 * Half-width of the uniform start of masters under weight normalization. The codes ignore their scale;
 * against the learning rate it decides how soon signs change.
 */
export const MASTER_RANGE = 0.1;
/**
 * Normalized rows start this much larger than float ones: a three-level gate answers only beyond +-ln 3.
 * Measured, see docs/training.md: 1 costs up to 0.2 bit per character, 16 does not train.
 */
export const LEVEL_GAIN = 4;
/** Norm of a normalized head's rows at the start. */
export const HEAD_NORM = 6;
/** Trained scales start here. */
export const TRAINED_SCALE = 0.1;

/** Where tracked decisions start: 2/3 of what the means of gates, candidate and h often are at first. */
export function initialDecisions(): Float32Array {
  return Float32Array.of(1 / 3, 1 / 4, 1 / 8);
}

function uniform(size: number, width: number, random: Random): Float32Array {
  return Float32Array.from({ length: size }, () => random.range(-width, width));
}

function checkSize(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new RangeError(`initModel: ${name} is ${value}, must be a positive integer`);
  }
}

function hasTrainedScales(scheme: Scheme, l: number): boolean {
  return Object.values(layerWeights(scheme, l)).some((name) => codingOf(name).solver === 'trained');
}

/**
 * Ternary h is 0 until |tanh(slope c)| reaches 1/2, and as long as it is, nothing is learned but biases: W_x
 * starts so wide that one input of 1 is enough.
 */
function widenInput(
  weights: Float32Array,
  inputSize: number,
  columns: number,
  hiddenSize: number,
  slope: number,
): void {
  const factor = Math.min(1, 1 / slope) * Math.sqrt(hiddenSize);
  for (let n = 0; n < weights.length; n++) if (n % columns < inputSize) weights[n] *= factor;
}

function initLayer(
  { scheme, start = 'wide' }: ModelConfig,
  l: number,
  inputSize: number,
  hiddenSize: number,
  random: Random,
): ModelLayer {
  const columns = inputSize + hiddenSize;
  const operands = scheme === 'float' ? 1 : operandCount(scheme);
  const rows = 4 * hiddenSize;
  const weights = new Float32Array(rows * columns);
  const gain = new Float32Array(operands * rows).fill(1);
  const names = scheme === 'float' ? undefined : layerWeights(scheme, l);
  const codings = GATE_NAMES.map((gate) => names && codingOf(names[gate]));
  codings.forEach((coding, gate) => {
    const normalized = scheme !== 'float' && coding !== undefined && isNormalized(scheme, coding);
    const size = hiddenSize * columns;
    const width = normalized ? MASTER_RANGE : 1 / Math.sqrt(hiddenSize);
    weights.set(uniform(size, width, random), gate * size);
    if (!normalized) return;
    // A float row has norm sqrt(columns / (3 hiddenSize)) on average.
    const widths = operands === 1 ? [columns] : [inputSize, hiddenSize];
    const factor = scheme.gates === 'int16' ? 1 : LEVEL_GAIN;
    widths.forEach((count, s) => {
      const from = s * rows + gate * hiddenSize;
      gain.fill(factor * Math.sqrt(count / (3 * hiddenSize)), from, from + hiddenSize);
    });
  });
  const isTernary = scheme !== 'float' && scheme.activations === 'ternary';
  if (isTernary && scheme.normalization === 'none' && start === 'wide') {
    widenInput(weights, inputSize, columns, hiddenSize, scheme.slope);
  }
  const bias = new Float32Array(rows).fill(1, hiddenSize, 2 * hiddenSize);
  if (scheme === 'float') return { inputSize, hiddenSize, weights, bias, gain };
  return {
    ...{ inputSize, hiddenSize, weights, bias, gain },
    ...(needsCurvature(scheme) && { curvature: new Float32Array(weights.length).fill(1) }),
    ...(hasTrainedScales(scheme, l) && {
      scales: new Float32Array(8 * operands).fill(TRAINED_SCALE),
    }),
    ...(scheme.decisions === 'tracked' && { decisions: initialDecisions() }),
  };
}

function initHead(config: ModelConfig, hiddenSize: number, random: Random): ModelHead {
  const { scheme, classes, when, output = 'class' } = config;
  const coding = scheme === 'float' ? undefined : codingOf(scheme.head);
  const normalized = scheme !== 'float' && coding !== undefined && isNormalized(scheme, coding);
  const width = normalized ? MASTER_RANGE : 1 / Math.sqrt(hiddenSize);
  const weights = uniform(classes * hiddenSize, width, random);
  return {
    ...{ classes, when, output, weights },
    bias: new Float32Array(classes),
    gain: new Float32Array(classes).fill(normalized ? HEAD_NORM : 1),
    ...(scheme !== 'float' &&
      needsCurvature(scheme) && { curvature: new Float32Array(weights.length).fill(1) }),
  };
}

/**
 * A fresh model. Weights start uniform within 1 / sqrt(hiddenSize); masters of normalized weights within
 * MASTER_RANGE, their norms as LEVEL_GAIN and HEAD_NORM say. Forget bias 1.
 */
export function initModel(config: ModelConfig, seed: number): Model {
  const { scheme, input, hiddenSizes, classes } = config;
  if (hiddenSizes.length === 0) throw new RangeError('initModel: hiddenSizes is empty');
  hiddenSizes.forEach((size, l) => checkSize(`hiddenSizes[${l}]`, size));
  checkSize('classes', classes);
  const firstSize = inputSizeOf(input);
  checkSize(input.kind === 'tokens' ? 'embeddingSize' : 'number of inputs', firstSize);
  const random = new Random(seed);
  const modelInput = initInput(scheme, input, random);
  const directions = config.bidirectional === true ? 2 : 1;
  const layers = hiddenSizes.map((hiddenSize, l): ModelLayer => {
    const inputSize = l === 0 ? firstSize : directions * hiddenSizes[l - 1];
    const layer = initLayer(config, l, inputSize, hiddenSize, random);
    if (directions === 1) return layer;
    return { ...layer, backward: initLayer(config, l, inputSize, hiddenSize, random) };
  });
  const head = initHead(config, directions * hiddenSizes[hiddenSizes.length - 1], random);
  return { scheme, input: modelInput, layers, head };
}

function inputSizeOf(input: ModelConfig['input']): number {
  switch (input.kind) {
    case 'tokens':
      return input.embeddingSize;
    case 'one-hot':
      return input.vocabSize;
    case 'features':
      return input.features.reduce((sum, { size }) => sum + size, 0);
    case 'dense':
      return input.mean.length;
  }
}

/** Embeddings start uniform: wide enough that ternary activations see some of them. */
function initInput(
  scheme: ModelScheme,
  input: ModelConfig['input'],
  random: Random,
): Model['input'] {
  const width = scheme !== 'float' && scheme.activations === 'ternary' ? 1 : 0.5;
  switch (input.kind) {
    case 'tokens': {
      const { vocabSize, embeddingSize } = input;
      checkSize('vocabSize', vocabSize);
      const embedding = uniform(vocabSize * embeddingSize, width, random);
      return { kind: 'tokens', vocabSize, embedding };
    }
    case 'features':
      return {
        kind: 'features',
        tables: input.features.map(({ name, count, size }) => {
          checkSize(`size of ${name}`, count * size);
          return { name, count, size, weights: uniform(count * size, width, random) };
        }),
      };
    case 'one-hot':
      return { ...input };
    case 'dense':
      return { kind: 'dense', mean: [...input.mean], gain: [...input.gain] };
  }
}

/** Rows, per operand, whose norms are trained. */
function normalizedRows({ scheme, layers, head }: Model): number {
  if (scheme === 'float') return 0;
  const normalized = (name: string): boolean => isNormalized(scheme, codingOf(name));
  let count = normalized(scheme.head) ? head.classes : 0;
  layers.forEach((layer, l) => {
    const codings = Object.values(layerWeights(scheme, l));
    count += codings.filter(normalized).length * outputSize(layer) * operandCount(scheme);
  });
  return count;
}

/** Trained numbers of a model: embedding, weights, biases, and norms and scales where a scheme has them. */
export function parameterCount(model: Model): number {
  let count = normalizedRows(model);
  for (const [name, tensor] of Object.entries(toTensors(model).tensors)) {
    if (!/\.(gain|curvature|decisions)$/.test(name)) count += tensor.data.length;
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
    | { readonly kind: 'tokens' | 'one-hot'; readonly vocabSize: number }
    | {
        readonly kind: 'features';
        readonly tables: readonly {
          readonly name: string;
          readonly count: number;
          readonly size: number;
        }[];
      }
    | {
        readonly kind: 'dense';
        readonly mean: readonly number[];
        readonly gain: readonly number[];
      };
  readonly layers: readonly {
    readonly inputSize: number;
    readonly hiddenSize: number;
    readonly bidirectional: boolean;
  }[];
  readonly head: {
    readonly classes: number;
    readonly when: 'every-step' | 'last-step';
    readonly output: 'class' | 'value';
  };
}

export function f32(shape: readonly number[], data: Float32Array): FloatTensor {
  return { dtype: 'F32', shape, data };
}

function metaOf({ scheme, input, layers, head }: Model): ModelMeta {
  let metaInput: ModelMeta['input'];
  if (input.kind === 'dense') metaInput = { kind: 'dense', mean: input.mean, gain: input.gain };
  else if (input.kind === 'features') {
    const tables = input.tables.map(({ name, count, size }) => ({ name, count, size }));
    metaInput = { kind: 'features', tables };
  } else metaInput = { kind: input.kind, vocabSize: input.vocabSize };
  return {
    scheme,
    input: metaInput,
    layers: layers.map(({ inputSize, hiddenSize, backward }) => ({
      inputSize,
      hiddenSize,
      bidirectional: backward !== undefined,
    })),
    head: { classes: head.classes, when: head.when, output: head.output },
  };
}

/**
 * Names are `embedding` or `features.<name>`, `layer<l>.weights|bias|gain|curvature|scales|decisions`, the
 * same with `layer<l>.backward.`, and `head.weights|bias|gain|curvature`; data is shared.
 */
export function toTensors(model: Model): { meta: ModelMeta; tensors: Record<string, FloatTensor> } {
  const { input, layers, head } = model;
  const tensors: Record<string, FloatTensor> = {};
  if (input.kind === 'tokens') {
    tensors['embedding'] = f32([input.vocabSize, layers[0].inputSize], input.embedding);
  }
  if (input.kind === 'features') {
    for (const { name, count, size, weights } of input.tables) {
      tensors[`features.${name}`] = f32([count, size], weights);
    }
  }
  const add = (prefix: string, rows: number, m: ModelLayer | ModelHead): void => {
    const shape = [rows, m.weights.length / rows];
    tensors[`${prefix}.weights`] = f32(shape, m.weights);
    tensors[`${prefix}.bias`] = f32([rows], m.bias);
    tensors[`${prefix}.gain`] = f32([m.gain.length], m.gain);
    if (m.curvature) tensors[`${prefix}.curvature`] = f32(shape, m.curvature);
  };
  const addLayer = (prefix: string, layer: ModelLayer): void => {
    const { scales, decisions, backward } = layer;
    add(prefix, 4 * layer.hiddenSize, layer);
    if (scales) tensors[`${prefix}.scales`] = f32([scales.length], scales);
    if (decisions) tensors[`${prefix}.decisions`] = f32([3], decisions);
    if (backward) addLayer(`${prefix}.backward`, backward);
  };
  layers.forEach((layer, l) => void addLayer(`layer${l}`, layer));
  add('head', head.classes, head);
  return { meta: metaOf(model), tensors };
}

/** Takes tensors by name and shape, and remembers what is wrong with them. */
class Taker {
  readonly problems: string[] = [];

  constructor(private readonly tensors: Tensors) {}

  take(name: string, ...shape: number[]): Float32Array {
    const { problems } = this;
    const tensor = this.tensors[name];
    if (tensor === undefined) problems.push(`${name} is missing`);
    else if (tensor.dtype !== 'F32') problems.push(`${name} is ${tensor.dtype}, must be F32`);
    else if (tensor.shape.join() !== shape.join()) {
      problems.push(`${name} is [${tensor.shape.join(', ')}], must be [${shape.join(', ')}]`);
    } else if (!tensor.data.every(Number.isFinite)) {
      problems.push(`${name} holds a value that is not finite`);
    } else return tensor.data;
    return new Float32Array(0);
  }

  matrix(scheme: ModelScheme, prefix: string, rows: number, columns: number, gains: number) {
    return {
      weights: this.take(`${prefix}.weights`, rows, columns),
      bias: this.take(`${prefix}.bias`, rows),
      gain: this.take(`${prefix}.gain`, gains * rows),
      ...(scheme !== 'float' &&
        needsCurvature(scheme) && { curvature: this.take(`${prefix}.curvature`, rows, columns) }),
    };
  }

  layer(
    { scheme }: ModelMeta,
    l: number,
    prefix: string,
    { inputSize, hiddenSize }: ModelMeta['layers'][number],
  ): ModelLayer {
    const operands = scheme === 'float' ? 1 : operandCount(scheme);
    const columns = inputSize + hiddenSize;
    return {
      inputSize,
      hiddenSize,
      ...this.matrix(scheme, prefix, 4 * hiddenSize, columns, operands),
      ...(scheme !== 'float' &&
        hasTrainedScales(scheme, l) && { scales: this.take(`${prefix}.scales`, 8 * operands) }),
      ...(scheme !== 'float' &&
        scheme.decisions === 'tracked' && { decisions: this.take(`${prefix}.decisions`, 3) }),
    };
  }

  input({ input, layers }: ModelMeta): Model['input'] {
    switch (input.kind) {
      case 'dense':
        return { kind: 'dense', mean: input.mean, gain: input.gain };
      case 'one-hot':
        return { kind: 'one-hot', vocabSize: input.vocabSize };
      case 'features':
        return {
          kind: 'features',
          tables: input.tables.map(({ name, count, size }) => ({
            ...{ name, count, size },
            weights: this.take(`features.${name}`, count, size),
          })),
        };
      case 'tokens': {
        const { vocabSize } = input;
        const embedding = this.take('embedding', vocabSize, layers[0].inputSize);
        return { kind: 'tokens', vocabSize, embedding };
      }
    }
  }
}

/** The inverse of toTensors; throws where a tensor is missing or misshapen, naming all of them. */
export function fromTensors(meta: ModelMeta, tensors: Tensors): Model {
  const taker = new Taker(tensors);
  const { scheme } = meta;
  const layers = meta.layers.map((sizes, l): ModelLayer => {
    const layer = taker.layer(meta, l, `layer${l}`, sizes);
    if (!sizes.bidirectional) return layer;
    return { ...layer, backward: taker.layer(meta, l, `layer${l}.backward`, sizes) };
  });
  if (layers.length === 0) throw new TypeError('fromTensors: the model has no layer');
  const input = taker.input(meta);
  const width = outputSize(layers[layers.length - 1]);
  const head = { ...meta.head, ...taker.matrix(scheme, 'head', meta.head.classes, width, 1) };
  const { problems } = taker;
  if (problems.length > 0) throw new TypeError(`fromTensors: ${problems.join('; ')}`);
  return { scheme, input, layers, head };
}
