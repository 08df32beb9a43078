/**
 * The golden integer LSTM: what the emitted Verilog must equal, bit for bit. Integers in, integers out,
 * no floating-point value inside; reported accuracy is always this model's.
 */
import { type CellArithmetic, cellArithmetic, requantize, threshold3 } from './arithmetic.js';
import { GATE } from './gates.js';
import {
  oneHotCode,
  operandCount,
  planeOffsets,
  type QuantizedLayer,
  type QuantizedModel,
  type RowParameters,
} from './quantized-model.js';

/** State of one sequence: h and c of every layer; all zero when a sequence begins. */
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

/** The x vector of a token: its row of the embedding table, or 1 at its place. */
export function embed(model: QuantizedModel, token: number): Int16Array {
  const { input } = model;
  if (input.kind === 'dense' || input.kind === 'features') {
    throw new TypeError(`embed: the model takes ${input.kind} input`);
  }
  if (!Number.isInteger(token) || token < 0 || token >= input.vocabSize) {
    throw new RangeError(`embed: token ${token} is not in 0..${input.vocabSize - 1}`);
  }
  const size = model.layers[0].inputSize;
  if (input.kind === 'tokens') {
    return Int16Array.from(input.embedding.subarray(token * size, (token + 1) * size));
  }
  const x = new Int16Array(size);
  x[token] = oneHotCode(model.scheme);
  return x;
}

/** The x vector of a token given by its features: their tables' rows one after another. */
export function embedFeatures(model: QuantizedModel, features: ArrayLike<number>): Int16Array {
  const { input } = model;
  if (input.kind !== 'features')
    throw new TypeError(`embedFeatures: the model takes ${input.kind}`);
  const x = new Int16Array(model.layers[0].inputSize);
  let at = 0;
  input.tables.forEach(({ name, count, size, codes }, f) => {
    const index = features[f];
    if (!Number.isInteger(index) || index < 0 || index >= count) {
      throw new RangeError(`embedFeatures: ${name} ${index} is not in 0..${count - 1}`);
    }
    x.set(codes.subarray(index * size, (index + 1) * size), at);
    at += size;
  });
  return x;
}

/** What x and h may be held in. */
type Codes = Int8Array | Int16Array;

function dot(weights: Int8Array, offset: number, vector: Codes): number {
  let acc = 0;
  for (let k = 0; k < vector.length; k++) acc += weights[offset + k] * vector[k];
  return acc;
}

/** A row's sum (RowParameters) over its planes, which begin at `plane`. */
function rowSum(
  weights: Int8Array,
  { factors }: RowParameters,
  plane: number,
  x: Codes,
  h: Codes,
  operands: number,
): number {
  const columns = x.length + h.length;
  const planes = factors.length / operands;
  let sum = 0;
  for (let p = 0; p < planes; p++) {
    const from = (plane + p) * columns;
    const ofX = dot(weights, from, x);
    const ofH = dot(weights, from + x.length, h);
    sum += factors[p] * ofX + factors[(operands - 1) * planes + p] * ofH;
  }
  return sum;
}

function gateValue(row: RowParameters, sum: number, gate: number, cell: CellArithmetic): number {
  if (row.kind === 'threshold') {
    const level = threshold3(sum, row.low, row.high);
    return gate === GATE.g ? (level - 1) * cell.one : level;
  }
  const z = requantize(sum, row.multiplier, row.shift, row.bias);
  return gate === GATE.g ? cell.candidate(z) : cell.sigmoid(z);
}

/** Advance one layer by one step in place: x [inputSize], h [hiddenSize], c [hiddenSize]. */
function stepLayer(
  layer: QuantizedLayer,
  cell: CellArithmetic,
  operands: number,
  x: Codes,
  h: Int8Array,
  c: Int16Array,
): void {
  const { hiddenSize, weights, rows } = layer;
  const planes = planeOffsets(rows, operands);
  const next = new Int8Array(hiddenSize);
  const gate = [0, 0, 0, 0];
  for (let u = 0; u < hiddenSize; u++) {
    for (let g = 0; g < 4; g++) {
      const row = g * hiddenSize + u;
      const sum = rowSum(weights, rows[row], planes[row], x, h, operands);
      gate[g] = gateValue(rows[row], sum, g, cell);
    }
    c[u] = cell.update(gate[GATE.f], c[u], gate[GATE.i], gate[GATE.g]);
    next[u] = cell.hidden(gate[GATE.o], c[u], layer.hiddenDecision);
  }
  h.set(next);
}

/** Advance all layers by one step in place; not for models that also run backward. */
export function step(model: QuantizedModel, state: GoldenState, x: Codes): void {
  if (model.layers.some(({ backward }) => backward !== undefined)) {
    throw new TypeError('step: a bidirectional model runs whole sequences (runSequence)');
  }
  let input = x;
  const cell = cellArithmetic(model.scheme);
  model.layers.forEach((layer, l) => {
    stepLayer(layer, cell, operandCount(model.scheme), input, state.h[l], state.c[l]);
    input = state.h[l];
  });
}

/** h of one direction after every step of `xs`, from zero state. */
function runDirection(
  layer: QuantizedLayer,
  cell: CellArithmetic,
  operands: number,
  xs: readonly Codes[],
): Int8Array[] {
  const h = new Int8Array(layer.hiddenSize);
  const c = new Int16Array(layer.hiddenSize);
  return xs.map((x) => {
    stepLayer(layer, cell, operands, x, h, c);
    return h.slice();
  });
}

/** h of a layer's directions after every step of a sequence; `backward` where the layer has it. */
export interface LayerRun {
  readonly forward: readonly Int8Array[];
  readonly backward?: readonly Int8Array[];
}

/** Every layer over a whole sequence, from zero state; any model. */
export function runLayers(model: QuantizedModel, xs: readonly Codes[]): LayerRun[] {
  const cell = cellArithmetic(model.scheme);
  const operands = operandCount(model.scheme);
  let input: readonly Codes[] = xs;
  return model.layers.map((layer): LayerRun => {
    const forward = runDirection(layer, cell, operands, input);
    if (!layer.backward) {
      input = forward;
      return { forward };
    }
    const reversed = [...input].reverse();
    const backward = runDirection(layer.backward, cell, operands, reversed).reverse();
    input = forward.map((h, t) => Int8Array.of(...h, ...backward[t]));
    return { forward, backward };
  });
}

/** The top layer's output after every step of a whole sequence, from zero state; any model. */
export function runSequence(model: QuantizedModel, xs: readonly Codes[]): Int8Array[] {
  const { forward, backward } = runLayers(model, xs)[model.layers.length - 1];
  return forward.map((h, t) => (backward ? Int8Array.of(...h, ...backward[t]) : h));
}

const NO_INPUT = new Int8Array(0);

/** Logits [classes] in Q6.9 from the last layer's h. */
export function logits(model: QuantizedModel, state: GoldenState): Int16Array {
  return headLogits(model, state.h[state.h.length - 1]);
}

/** Logits [classes] in Q6.9 from the top layer's output. */
export function headLogits(model: QuantizedModel, h: Int8Array): Int16Array {
  const { classes, weights, rows } = model.head;
  const planes = planeOffsets(rows, 1);
  const out = new Int16Array(classes);
  for (let n = 0; n < classes; n++) {
    const { multiplier, shift, bias } = rows[n];
    const sum = rowSum(weights, rows[n], planes[n], NO_INPUT, h, 1);
    out[n] = requantize(sum, multiplier, shift, bias);
  }
  return out;
}

/** Index of the largest logit; the lowest index wins a tie. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let n = 1; n < values.length; n++) if (values[n] > values[best]) best = n;
  return best;
}
