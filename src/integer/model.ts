/** A whole model in integers: what `halfgate integer` stores, and its one step at a time. */
import {
  activationVector,
  type IntegerLstm,
  initialState,
  type LstmState,
  type Saturations,
  step,
} from './lstm.js';
import { type Quantization, quantizeActivations } from './quantize.js';
import { noSaturations, runSequence, type SequenceLayer } from './sequence.js';

export type Codes = Int8Array | Int16Array;

export interface IntegerTable {
  readonly name: string;
  readonly count: number;
  readonly size: number;
  /** [count, size], in the input's quantization. */
  readonly codes: Codes;
}

/** How x comes about; all x have the model's `inputQuantization`. */
export type IntegerInput =
  /** A row of the one table. */
  | { readonly kind: 'tokens'; readonly table: IntegerTable }
  /** `hot` at the symbol's place, else the zero point, 0. */
  | { readonly kind: 'one-hot'; readonly vocabSize: number; readonly hot: number }
  /** A row of each table, side by side. */
  | { readonly kind: 'features'; readonly tables: readonly IntegerTable[] }
  /** (value - mean) * gain per channel, quantized. */
  | { readonly kind: 'dense'; readonly mean: readonly number[]; readonly gain: readonly number[] };

/** logit = scale * (weights h + bias): the sums themselves decide, nothing is requantized. */
export interface IntegerHead {
  readonly classes: number;
  /** [classes, width] 8 bits, zero point 0. */
  readonly weights: Int8Array;
  /** [classes] int32: bias - outputQuantization.zeroPoint * row sum. */
  readonly bias: Float64Array;
  /** Real value of one unit of the sums. */
  readonly scale: number;
  readonly when: 'every-step' | 'last-step';
  readonly output: 'class' | 'value';
}

export interface IntegerModel {
  readonly input: IntegerInput;
  readonly inputQuantization: Quantization;
  readonly layers: readonly SequenceLayer[];
  /** Of the last layer's h. */
  readonly outputQuantization: Quantization;
  readonly head: IntegerHead;
  /** Of W, R and projections; they are stored as int8. */
  readonly weightBits: number;
}

/** Every direction of every layer. */
export function directionsOf(layers: readonly SequenceLayer[]): IntegerLstm[] {
  return layers.flatMap((layer) =>
    'forward' in layer ? [layer.forward, layer.backward] : [layer],
  );
}

/** The kernel that all layers share. */
export function kernelOf({ layers }: IntegerModel): IntegerLstm['kernel'] {
  return directionsOf(layers)[0].kernel;
}

/** Numbers in x. */
export function inputSizeOf({ layers }: IntegerModel): number {
  return directionsOf(layers)[0].inputSize;
}

/** x [inputSize] of a token, or of a token's features. */
export function embed(model: IntegerModel, ids: ArrayLike<number>): Codes {
  const { input } = model;
  if (input.kind === 'dense') throw new TypeError('embed: the model takes values');
  const x = activationVector(kernelOf(model), inputSizeOf(model));
  rowsOf(input, ids, x);
  return x;
}

/** The rows of these numbers, side by side, into x, which is 0. */
export function rowsOf(
  input: Exclude<IntegerInput, { kind: 'dense' }>,
  ids: ArrayLike<number>,
  x: Codes,
): void {
  if (input.kind === 'one-hot') {
    x[ids[0]] = input.hot;
    return;
  }
  let at = 0;
  (input.kind === 'tokens' ? [input.table] : input.tables).forEach(({ size, codes }, f) => {
    x.set(codes.subarray(ids[f] * size, (ids[f] + 1) * size), at);
    at += size;
  });
}

/** x of values after mean and gain, [steps, channels]. */
export function quantizeValues(model: IntegerModel, values: Float32Array): Codes {
  return quantizeActivations(values, model.inputQuantization, kernelOf(model).activationBits);
}

/** Sums of a head [classes] for the last layer's h. */
export function headSums({ classes, weights, bias }: IntegerHead, h: Codes): Float64Array {
  return Float64Array.from({ length: classes }, (_, n) => {
    let sum = bias[n];
    for (let k = 0; k < h.length; k++) sum += weights[n * h.length + k] * h[k];
    return sum;
  });
}

/** One lane's state in all layers. */
export function initialStates({ layers }: IntegerModel): LstmState[] {
  return layers.map((layer) => {
    if ('forward' in layer) {
      throw new TypeError('a bidirectional model runs whole sequences (runModel)');
    }
    return initialState(layer);
  });
}

/** Advance a lane by one step in place; the last layer's h. */
export function stepModel({ layers }: IntegerModel, states: readonly LstmState[], x: Codes): Codes {
  let input = x;
  layers.forEach((layer, l) => {
    step(layer as IntegerLstm, states[l], input);
    input = states[l].h;
  });
  return input;
}

/** A whole sequence [steps, inputSize] from zero state: the last layer's h of all steps. */
export function runModel(
  { layers }: IntegerModel,
  input: Codes,
  saturations: Saturations = noSaturations(),
): Codes {
  return runSequence(layers, input, saturations);
}

/**
 * Bytes of all parameters: W, R and projections in `weightBits`, embeddings as activations, the head in 8
 * bits, peephole and layer-norm weights in 16, one bias of 32 bits per row.
 */
export function weightBytes(model: IntegerModel): number {
  let bits = 8 * model.head.weights.length + 32 * model.head.classes;
  for (const { gates, projection } of directionsOf(model.layers)) {
    for (const gate of Object.values(gates)) {
      if (gate === null) continue;
      bits += model.weightBits * (gate.inputWeights.length + gate.recurrentWeights.length);
      bits += 32 * gate.inputBias.length;
      bits += 16 * ((gate.peephole?.weights.length ?? 0) + (gate.layerNorm?.weights.length ?? 0));
    }
    if (projection) {
      bits += model.weightBits * projection.weights.length + 32 * projection.bias.length;
    }
  }
  const { input } = model;
  const tables =
    input.kind === 'tokens' ? [input.table] : input.kind === 'features' ? input.tables : [];
  for (const { codes } of tables) bits += kernelOf(model).activationBits * codes.length;
  return Math.ceil(bits / 8);
}
