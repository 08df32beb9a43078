/**
 * A quantized LSTM as plain integers: what `quantize` makes, the golden model runs, the planner maps
 * and the Verilog computes. Everything is readonly and reloads without loss (see store/quantized-file.ts).
 */
import { codingOf, planesOf, weightBits } from './coding.js';
import { GATE_NAMES } from './gates.js';
import { layerWeights, type Scheme } from './scheme.js';

/**
 * A row's sum over what it multiplies: sum = sum over operands s and planes p of factors[s * planes + p] *
 * acc[s][p], acc[s][p] being the dot product of the plane's codes with operand s. Operands are x and h
 * together, or, where a scheme gives them scales of their own, x and then h.
 */
interface RowSum {
  /** Unsigned, below 2^8; [1] where one plane meets one operand. */
  readonly factors: readonly number[];
}

/** Rows whose sum is rescaled to int16: q = sat16(round(sum * multiplier / 2^shift) + bias). */
export interface LinearRow extends RowSum {
  readonly kind: 'linear';
  /** Unsigned, below 2^8; 1 where there is more than one factor. */
  readonly multiplier: number;
  /**
   * Right shift, the same for all rows of one gate of one layer: 1..24, with ternary activations from -6 on,
   * where 2^shift below 1 is a left shift.
   */
  readonly shift: number;
  /** int16, in the output's format. */
  readonly bias: number;
}

/**
 * Rows whose sum is compared: level 0 below `low`, 1 below `high`, else 2. A three-level gate is level / 2; a
 * binary gate has low = high; a ternary candidate is level - 1.
 */
export interface ThresholdRow extends RowSum {
  readonly kind: 'threshold';
  readonly low: number;
  readonly high: number;
}

export type RowParameters = LinearRow | ThresholdRow;

/** One LSTM layer. Row g * hiddenSize + u of `weights` is gate g (i, f, g, o) of unit u. */
export interface QuantizedLayer {
  readonly inputSize: number;
  readonly hiddenSize: number;
  /** [planes of all rows, inputSize + hiddenSize] row-major, a row's planes together; columns x, then h. */
  readonly weights: Int8Array;
  /** [4 * hiddenSize], gates i, f, g, o. */
  readonly rows: readonly RowParameters[];
  /** Ternary h: |o tanh(c)| in Q0.12 from which it is not 0. Not used by int8 h. */
  readonly hiddenDecision: number;
  /**
   * The same for the opposite direction, from the last step to the first; the layer's output is then
   * [h, h of the backward direction].
   */
  readonly backward?: QuantizedLayer | undefined;
}

/** Dense head on h of the last layer: logits in Q6.9. */
export interface QuantizedHead {
  readonly classes: number;
  /** [planes of all rows, hiddenSize] row-major. */
  readonly weights: Int8Array;
  readonly rows: readonly LinearRow[];
  /** Language models predict after every step, classifiers after the last one. */
  readonly when: 'every-step' | 'last-step';
  /** `value`: one row whose result is not a class but the value itself. */
  readonly output: 'class' | 'value';
}

/** Symbols in, by way of an embedding table: Q0.7, or -1, 0, +1. */
export interface TokenInput {
  readonly kind: 'tokens';
  readonly vocabSize: number;
  /** [vocabSize, inputSize] row-major. */
  readonly embedding: Int8Array;
}

/** Symbols in, x being 1 at the symbol's place and else 0: the layer's W_x has a column for each symbol. */
export interface OneHotInput {
  readonly kind: 'one-hot';
  readonly vocabSize: number;
}

/** Several categorical features of a token in, each by way of a table; x is their rows one after another. */
export interface FeatureInput {
  readonly kind: 'features';
  readonly tables: readonly {
    readonly name: string;
    readonly count: number;
    readonly size: number;
    /** [count, size] row-major. */
    readonly codes: Int8Array;
  }[];
}

/** Real channels in: x = quantizeActivation((value - mean) * gain), done before the accelerator. */
export interface DenseInput {
  readonly kind: 'dense';
  readonly mean: readonly number[];
  readonly gain: readonly number[];
}

export interface QuantizedModel {
  readonly scheme: Scheme;
  readonly input: TokenInput | OneHotInput | FeatureInput | DenseInput;
  readonly layers: readonly QuantizedLayer[];
  readonly head: QuantizedHead;
}

/** Values that a layer hands on: h of its directions. */
export function outputSize(layer: {
  readonly hiddenSize: number;
  readonly backward?: unknown;
}): number {
  return layer.hiddenSize * (layer.backward === undefined ? 1 : 2);
}

/** Operands with scales of their own in a layer's rows. */
export function operandCount(scheme: Pick<Scheme, 'operandScales'>): number {
  return scheme.operandScales === 'separate' ? 2 : 1;
}

/** First plane of every row, and behind them the number of all planes. */
export function planeOffsets(rows: readonly RowParameters[], operands: number): Int32Array {
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach(({ factors }, r) => {
    offsets[r + 1] = offsets[r] + factors.length / operands;
  });
  return offsets;
}

/** Planes of each of a layer's 4 * hiddenSize rows. */
export function layerPlanes(scheme: Scheme, layer: number, hiddenSize: number): number[] {
  const codings = layerWeights(scheme, layer);
  return GATE_NAMES.flatMap((gate) =>
    new Array<number>(hiddenSize).fill(planesOf(codingOf(codings[gate]).format)),
  );
}

/** What the storage of a model depends on: sizes, not weights. */
export interface StoredSizes {
  readonly scheme: Scheme;
  readonly input:
    | { readonly kind: 'one-hot' | 'dense' }
    | { readonly kind: 'tokens'; readonly embedding: { readonly length: number } }
    | {
        readonly kind: 'features';
        readonly tables: readonly { readonly codes: { readonly length: number } }[];
      };
  readonly layers: readonly {
    readonly inputSize: number;
    readonly hiddenSize: number;
    readonly backward?: object | undefined;
  }[];
  readonly head: { readonly classes: number };
}

/** Weight storage in bytes as the hardware packs it, embedding included. */
export function weightBytes(model: StoredSizes): number {
  const { scheme, layers, head, input } = model;
  let bits = 0;
  layers.forEach((layer, l) => {
    const codings = layerWeights(scheme, l);
    const weights = outputSize(layer) * (layer.inputSize + layer.hiddenSize);
    for (const gate of GATE_NAMES) bits += weightBits(codingOf(codings[gate]).format) * weights;
  });
  const last = outputSize(layers[layers.length - 1]);
  bits += weightBits(codingOf(scheme.head).format) * head.classes * last;
  const activationBits = scheme.activations === 'ternary' ? 2 : 8;
  if (input.kind === 'tokens') bits += activationBits * input.embedding.length;
  if (input.kind === 'features') {
    for (const { codes } of input.tables) bits += activationBits * codes.length;
  }
  return Math.ceil(bits / 8);
}

/** Largest magnitude of x and h. */
export function activationMax(scheme: Scheme): number {
  return scheme.activations === 'ternary' ? 1 : 127;
}

/** What a one-hot x holds at its symbol: 1, in units of the activations. */
export function oneHotCode(scheme: Scheme): number {
  return scheme.activations === 'ternary' ? 1 : 128;
}

/**
 * Largest |accumulator| of one plane that any input can cause, from the actual codes: bounds the width of
 * the array's accumulators without overflow.
 */
export function accumulatorBound(model: QuantizedModel): number {
  const { scheme, layers, head, input } = model;
  const most = activationMax(scheme);
  let bound = 0;
  const scan = (weights: Int8Array, columns: number, oneHot: number): void => {
    for (let row = 0; row < weights.length; row += columns) {
      let sum = 0;
      for (let k = oneHot; k < columns; k++) sum += Math.abs(weights[row + k]) * most;
      let largest = 0;
      for (let k = 0; k < oneHot; k++) largest = Math.max(largest, Math.abs(weights[row + k]));
      bound = Math.max(bound, sum + largest * oneHotCode(scheme));
    }
  };
  layers.forEach((layer, l) => {
    const oneHot = l === 0 && input.kind === 'one-hot' ? layer.inputSize : 0;
    for (const { weights, inputSize, hiddenSize } of [layer, layer.backward ?? layer]) {
      scan(weights, inputSize + hiddenSize, oneHot);
    }
  });
  scan(head.weights, outputSize(layers[layers.length - 1]), 0);
  return bound;
}
