/**
 * A quantized LSTM as plain integers: what `quantize` makes, the golden model runs, the planner maps
 * and the Verilog computes. Everything is readonly and reloads without loss (see store.ts).
 */

export const GATE_NAMES = ['i', 'f', 'g', 'o'] as const;
/** Index of a gate in every gate-major array: input, forget, candidate, output. */
export const GATE = { i: 0, f: 1, g: 2, o: 3 } as const;

/** How weights are coded: `int8` -127..127, `ternary` -1, 0, +1. */
export type WeightFormat = 'int8' | 'ternary';
/** How i, f and o are represented: table sigmoid in Q0.13, or thresholds to {0, 1/2, 1}. */
export type GateFormat = 'int16' | 'level3';

/** A named choice of formats; DESIGN's schemes are values of this type. */
export interface Scheme {
  readonly name: string;
  readonly weights: WeightFormat;
  readonly gates: GateFormat;
}

export const SCHEMES = {
  int8: { name: 'int8', weights: 'int8', gates: 'int16' },
  'ternary-level3': { name: 'ternary-level3', weights: 'ternary', gates: 'level3' },
} as const satisfies Record<string, Scheme>;
export type SchemeName = keyof typeof SCHEMES;

/** Rows whose accumulator is rescaled to int16: q = sat16(round(acc * multiplier / 2^shift) + bias). */
export interface LinearRow {
  readonly kind: 'linear';
  /** Unsigned, below 2^8. */
  readonly multiplier: number;
  /** Right shift, 1..24, the same for all rows of one gate of one layer. */
  readonly shift: number;
  /** int16, in the output's format. */
  readonly bias: number;
}

/** Rows whose accumulator is compared: 0 below `low`, 1/2 below `high`, else 1. */
export interface ThresholdRow {
  readonly kind: 'threshold';
  readonly low: number;
  readonly high: number;
}

export type RowParameters = LinearRow | ThresholdRow;

/** One LSTM layer. Row g * hiddenSize + u of `weights` is gate g (i, f, g, o) of unit u. */
export interface QuantizedLayer {
  readonly inputSize: number;
  readonly hiddenSize: number;
  /** [4 * hiddenSize, inputSize + hiddenSize] row-major, columns x first, then h. */
  readonly weights: Int8Array;
  /** [4 * hiddenSize], gates i, f, g, o. */
  readonly rows: readonly RowParameters[];
}

/** Dense head on h of the last layer: logits in Q6.9. */
export interface QuantizedHead {
  readonly classes: number;
  /** [classes, hiddenSize] row-major. */
  readonly weights: Int8Array;
  readonly rows: readonly LinearRow[];
  /** Language models predict after every step, classifiers after the last one. */
  readonly when: 'every-step' | 'last-step';
}

/** Symbols in, by way of an embedding table in Q0.7. */
export interface TokenInput {
  readonly kind: 'tokens';
  readonly vocabSize: number;
  /** [vocabSize, inputSize] row-major, -127..127. */
  readonly embedding: Int8Array;
}

/** Real channels in: x = quantizeActivation((value - mean) * gain), done before the accelerator. */
export interface DenseInput {
  readonly kind: 'dense';
  readonly mean: readonly number[];
  readonly gain: readonly number[];
}

export interface QuantizedModel {
  readonly scheme: Scheme;
  readonly input: TokenInput | DenseInput;
  readonly layers: readonly QuantizedLayer[];
  readonly head: QuantizedHead;
}

/** Weight storage in bytes as the hardware packs it: 8 bits for int8, 2 for ternary, embedding 8. */
export function weightBytes(model: QuantizedModel): number {
  const bits = weightBits(model.scheme.weights);
  const codes =
    model.layers.reduce((sum, layer) => sum + layer.weights.length, 0) + model.head.weights.length;
  const embedding = model.input.kind === 'tokens' ? model.input.embedding.length : 0;
  return Math.ceil((codes * bits) / 8) + embedding;
}

/** Bits that one weight takes in a memory. */
export function weightBits(format: WeightFormat): number {
  return format === 'ternary' ? 2 : 8;
}

/**
 * Largest |accumulator| any input can cause, from the actual weights: max over rows of
 * sum |w| * 127 (activations never reach -128). Bounds the accumulator's width without overflow.
 */
export function accumulatorBound(model: QuantizedModel): number {
  let bound = 0;
  const scan = (weights: Int8Array, columns: number): void => {
    for (let row = 0; row < weights.length; row += columns) {
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += Math.abs(weights[row + k]);
      bound = Math.max(bound, sum * 127);
    }
  };
  for (const layer of model.layers) scan(layer.weights, layer.inputSize + layer.hiddenSize);
  const last = model.layers[model.layers.length - 1];
  scan(model.head.weights, last.hiddenSize);
  return bound;
}
