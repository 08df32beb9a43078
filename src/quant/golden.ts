/**
 * The golden integer LSTM: what the emitted Verilog must equal, bit for bit. Integers in, integers out,
 * no floating-point value inside; reported accuracy is always this model's.
 */
import {
  cellUpdateInt16,
  cellUpdateLevel3,
  hiddenInt16,
  hiddenLevel3,
  requantize,
  sigmoidFixed,
  tanhFixed,
  threshold3,
} from './arithmetic.js';
import {
  GATE,
  type QuantizedLayer,
  type QuantizedModel,
  type RowParameters,
} from './quantized-model.js';

/** State of one sequence: h (Q0.7) and c (Q3.12) of every layer; all zero when a sequence begins. */
export interface GoldenState {
  readonly h: readonly Int8Array[];
  readonly c: readonly Int16Array[];
}

export function initialState(model: QuantizedModel): GoldenState {
  return {
    h: model.layers.map((layer) => new Int8Array(layer.hiddenSize)),
    c: model.layers.map((layer) => new Int16Array(layer.hiddenSize)),
  };
}

/** The x vector of a token: its row of the embedding table. */
export function embed(model: QuantizedModel, token: number): Int8Array {
  if (model.input.kind !== 'tokens') throw new TypeError('embed: the model takes dense input');
  const size = model.layers[0].inputSize;
  if (!Number.isInteger(token) || token < 0 || token >= model.input.vocabSize) {
    throw new RangeError(`embed: token ${token} is not in 0..${model.input.vocabSize - 1}`);
  }
  return model.input.embedding.subarray(token * size, (token + 1) * size);
}

function dot(weights: Int8Array, offset: number, vector: Int8Array): number {
  let acc = 0;
  for (let k = 0; k < vector.length; k++) acc += weights[offset + k] * vector[k];
  return acc;
}

function gateValue(row: RowParameters, acc: number, gate: number): number {
  if (row.kind === 'threshold') return threshold3(acc, row.low, row.high);
  const z = requantize(acc, row.multiplier, row.shift, row.bias);
  return gate === GATE.g ? tanhFixed(z) : sigmoidFixed(z);
}

/** Advance one layer by one step in place: x [inputSize] Q0.7, h [hiddenSize] Q0.7, c [hiddenSize] Q3.12. */
function stepLayer(layer: QuantizedLayer, x: Int8Array, h: Int8Array, c: Int16Array): void {
  const { inputSize, hiddenSize, weights, rows } = layer;
  const columns = inputSize + hiddenSize;
  const next = new Int8Array(hiddenSize);
  const gate = [0, 0, 0, 0];
  const level3 = rows[0].kind === 'threshold';
  for (let u = 0; u < hiddenSize; u++) {
    for (let g = 0; g < 4; g++) {
      const row = g * hiddenSize + u;
      const acc = dot(weights, row * columns, x) + dot(weights, row * columns + inputSize, h);
      gate[g] = gateValue(rows[row], acc, g);
    }
    const update = level3 ? cellUpdateLevel3 : cellUpdateInt16;
    c[u] = update(gate[GATE.f], c[u], gate[GATE.i], gate[GATE.g]);
    next[u] = (level3 ? hiddenLevel3 : hiddenInt16)(gate[GATE.o], tanhFixed(c[u]));
  }
  h.set(next);
}

/** Advance all layers by one step in place. */
export function step(model: QuantizedModel, state: GoldenState, x: Int8Array): void {
  let input = x;
  model.layers.forEach((layer, l) => {
    stepLayer(layer, input, state.h[l], state.c[l]);
    input = state.h[l];
  });
}

/** Logits [classes] in Q6.9 from the last layer's h. */
export function logits(model: QuantizedModel, state: GoldenState): Int16Array {
  const h = state.h[state.h.length - 1];
  const { classes, weights, rows } = model.head;
  const out = new Int16Array(classes);
  for (let n = 0; n < classes; n++) {
    const { multiplier, shift, bias } = rows[n];
    out[n] = requantize(dot(weights, n * h.length, h), multiplier, shift, bias);
  }
  return out;
}

/** Index of the largest logit; the lowest index wins a tie. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let n = 1; n < values.length; n++) if (values[n] > values[best]) best = n;
  return best;
}
