/**
 * The real-valued LSTM that `quantize.ts` turns into integers, in double precision, every variant; it can
 * record the ranges that calibration needs.
 *
 *   z_g = W_g x + R_g h + P_g c + b_g,   under layer normalization  L_g (z - mean) / deviation + b_g
 *   c'  = f c + i g,   m = o tanh(c'),   h' = P m + b, or m without a projection
 *
 * with i, f, o = sigmoid(z), g = tanh(z), i = 1 - f under CIFG. P_g is diagonal, none for g; o sees c'.
 */

export type Reals = Float32Array | Float64Array;

export interface FloatGate {
  /** [cellSize, inputSize] */
  readonly inputWeights: Reals;
  /** [cellSize, outputSize] */
  readonly recurrentWeights: Reals;
  /** [cellSize]; added after layer normalization. */
  readonly bias: Reals;
  /** [cellSize]; null for g. */
  readonly peephole: Reals | null;
  /** [cellSize] */
  readonly layerNorm: Reals | null;
}

export interface FloatLstm {
  readonly inputSize: number;
  readonly cellSize: number;
  /** cellSize unless there is a projection. */
  readonly outputSize: number;
  /** i is null under CIFG. */
  readonly gates: {
    readonly i: FloatGate | null;
    readonly f: FloatGate;
    readonly g: FloatGate;
    readonly o: FloatGate;
  };
  /** weights [outputSize, cellSize], bias [outputSize] or none. */
  readonly projection: { readonly weights: Reals; readonly bias: Reals | null } | null;
  /** Limit of |c|; 0 for none. */
  readonly cellClip: number;
  /** Limit of |h|; 0 for none. */
  readonly projectionClip: number;
}

export const GATE_LETTERS = ['i', 'f', 'g', 'o'] as const;
export type GateLetter = (typeof GATE_LETTERS)[number];

export interface FloatState {
  /** [outputSize] */
  readonly h: Float64Array;
  /** [cellSize] */
  readonly c: Float64Array;
  /** [cellSize] o * tanh(c), before the projection. */
  readonly m: Float64Array;
  /** [cellSize] each, of the step made last. */
  readonly gates: Readonly<Record<GateLetter, Float64Array>>;
}

/** Smallest and largest value seen. */
export interface Range {
  min: number;
  max: number;
}

/** What calibration knows of a layer. */
export interface Ranges {
  readonly x: Range;
  readonly c: Range;
  readonly m: Range;
  readonly h: Range;
  /** Gate sums as layer normalization gets them. */
  readonly gateSums: Readonly<Record<GateLetter, Range>>;
}

/** Added to a variance, as TensorFlow Lite does where it is 0. */
const VARIANCE_FLOOR = 1e-8;

function emptyRange(): Range {
  return { min: Infinity, max: -Infinity };
}

/** Ranges that nothing was seen of yet. */
export function emptyRanges(): Ranges {
  return {
    x: emptyRange(),
    c: emptyRange(),
    m: emptyRange(),
    h: emptyRange(),
    gateSums: { i: emptyRange(), f: emptyRange(), g: emptyRange(), o: emptyRange() },
  };
}

function widen(range: Range, values: Reals): void {
  for (const value of values) {
    if (value < range.min) range.min = value;
    if (value > range.max) range.max = value;
  }
}

export function initialFloatState({ outputSize, cellSize }: FloatLstm): FloatState {
  const perCell = (): Float64Array => new Float64Array(cellSize);
  return {
    h: new Float64Array(outputSize),
    c: perCell(),
    m: perCell(),
    gates: { i: perCell(), f: perCell(), g: perCell(), o: perCell() },
  };
}

function dot(weights: Reals, offset: number, vector: Reals): number {
  let sum = 0;
  for (let k = 0; k < vector.length; k++) sum += weights[offset + k] * vector[k];
  return sum;
}

function clamp(value: number, limit: number): number {
  return limit > 0 ? Math.max(-limit, Math.min(limit, value)) : value;
}

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

/** Zero mean and variance 1, in place. */
function normalize(z: Float64Array): void {
  const mean = z.reduce((sum, v) => sum + v, 0) / z.length;
  const variance = z.reduce((sum, v) => sum + (v - mean) ** 2, 0) / z.length;
  const inverse = 1 / Math.sqrt(variance + VARIANCE_FLOOR);
  for (let u = 0; u < z.length; u++) z[u] = (z[u] - mean) * inverse;
}

function evaluateGate(
  layer: FloatLstm,
  name: GateLetter,
  gate: FloatGate,
  { h, c, gates }: FloatState,
  x: Reals,
  ranges: Ranges | undefined,
): void {
  const z = gates[name];
  for (let u = 0; u < z.length; u++) {
    const input = dot(gate.inputWeights, u * layer.inputSize, x);
    const recurrent = dot(gate.recurrentWeights, u * layer.outputSize, h);
    z[u] = input + recurrent + (gate.peephole === null ? 0 : gate.peephole[u] * c[u]);
    if (gate.layerNorm === null) z[u] += gate.bias[u];
  }
  if (ranges !== undefined) widen(ranges.gateSums[name], z);
  if (gate.layerNorm !== null) {
    normalize(z);
    for (let u = 0; u < z.length; u++) z[u] = z[u] * gate.layerNorm[u] + gate.bias[u];
  }
  const activation = name === 'g' ? Math.tanh : sigmoid;
  for (let u = 0; u < z.length; u++) z[u] = activation(z[u]);
}

/** Advance one sequence by one step in place, x [inputSize]; widens `ranges` by all that it sees. */
export function floatStep(layer: FloatLstm, state: FloatState, x: Reals, ranges?: Ranges): void {
  const { i, f, g, o } = layer.gates;
  const { h, c, m, gates } = state;
  evaluateGate(layer, 'f', f, state, x, ranges);
  if (i !== null) evaluateGate(layer, 'i', i, state, x, ranges);
  else for (let u = 0; u < c.length; u++) gates.i[u] = 1 - gates.f[u];
  evaluateGate(layer, 'g', g, state, x, ranges);
  for (let u = 0; u < c.length; u++) {
    c[u] = clamp(gates.f[u] * c[u] + gates.i[u] * gates.g[u], layer.cellClip);
  }
  evaluateGate(layer, 'o', o, state, x, ranges);
  for (let u = 0; u < c.length; u++) m[u] = gates.o[u] * Math.tanh(c[u]);
  const { projection, cellSize, projectionClip } = layer;
  for (let n = 0; n < h.length; n++) {
    if (projection === null) h[n] = m[n];
    else {
      const value = dot(projection.weights, n * cellSize, m) + (projection.bias?.[n] ?? 0);
      h[n] = clamp(value, projectionClip);
    }
  }
  if (ranges === undefined) return;
  widen(ranges.x, x);
  widen(ranges.c, c);
  widen(ranges.m, m);
  widen(ranges.h, h);
}

/** One direction, or two whose outputs stand side by side. */
export type FloatSequenceLayer =
  FloatLstm | { readonly forward: FloatLstm; readonly backward: FloatLstm };

/** Numbers per step that a layer takes. */
export function floatInputWidth(layer: FloatSequenceLayer): number {
  return 'forward' in layer ? layer.forward.inputSize : layer.inputSize;
}

/** Numbers per step that a layer gives. */
export function floatOutputWidth(layer: FloatSequenceLayer): number {
  return 'forward' in layer
    ? layer.forward.outputSize + layer.backward.outputSize
    : layer.outputSize;
}

/** Outputs [timeSteps, outputSize] for x [timeSteps, inputSize]; reads from the end if backward. */
export function runFloatDirection(
  layer: FloatLstm,
  x: Reals,
  isBackward = false,
  ranges?: Ranges,
): Float64Array {
  const { inputSize, outputSize } = layer;
  const timeSteps = x.length / inputSize;
  const output = new Float64Array(timeSteps * outputSize);
  const state = initialFloatState(layer);
  for (let n = 0; n < timeSteps; n++) {
    const t = isBackward ? timeSteps - 1 - n : n;
    floatStep(layer, state, x.subarray(t * inputSize, (t + 1) * inputSize), ranges);
    output.set(state.h, t * outputSize);
  }
  return output;
}

/** Two sequences [timeSteps, a] and [timeSteps, b] as one [timeSteps, a + b]. */
function besides(left: Float64Array, right: Float64Array, a: number, b: number): Float64Array {
  const joined = new Float64Array(left.length + right.length);
  for (let t = 0; t * a < left.length; t++) {
    joined.set(left.subarray(t * a, (t + 1) * a), t * (a + b));
    joined.set(right.subarray(t * b, (t + 1) * b), t * (a + b) + a);
  }
  return joined;
}

/** Ranges of a layer: of its one direction, or of both. */
export interface LayerRanges {
  readonly forward: Ranges;
  readonly backward: Ranges;
}

export function runFloatLayer(
  layer: FloatSequenceLayer,
  x: Reals,
  ranges?: LayerRanges,
): Float64Array {
  if (!('forward' in layer)) return runFloatDirection(layer, x, false, ranges?.forward);
  const { forward, backward } = layer;
  return besides(
    runFloatDirection(forward, x, false, ranges?.forward),
    runFloatDirection(backward, x, true, ranges?.backward),
    forward.outputSize,
    backward.outputSize,
  );
}

/** One sequence [timeSteps, inputSize] through stacked layers; the last one's outputs. */
export function runFloatSequence(layers: readonly FloatSequenceLayer[], x: Reals): Reals {
  return layers.reduce((values, layer) => runFloatLayer(layer, values), x);
}

/** Ranges of one layer over sequences [timeSteps, inputSize] each. */
export function calibrate(layer: FloatLstm, sequences: readonly Reals[]): Ranges {
  const ranges = emptyRanges();
  for (const x of sequences) runFloatDirection(layer, x, false, ranges);
  return ranges;
}
