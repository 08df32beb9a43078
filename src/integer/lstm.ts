/**
 * The integer-only LSTM of arXiv:2101.05453, one layer in every variant (CIFG, peephole, projection, layer
 * normalization) and in the arithmetic of three kernels: TensorFlow Lite's 8x8_16, TensorFlow Lite Micro's
 * and CMSIS-NN's. Integers in, integers out; `step` is the reference for hardware.
 *
 * | value                        | format                                                              |
 * |------------------------------|---------------------------------------------------------------------|
 * | x, h, m (before projection)  | int8 with zero point, or int16                                      |
 * | weights                      | int8, zero point 0                                                  |
 * | z (gate sum)                 | int16, Q3.12; under layer normalization any scale, then Q3.12       |
 * | i, f, g, o, tanh(c)          | int16, Q0.15                                                        |
 * | c (cell state)               | `cell.bits` bits (16 in the kernels), scale 2^scaleLog2             |
 */
import { type ActivationFlavour, sigmoidTable, tanhTable } from './activations.js';
import {
  INT16_MAX,
  type Multiplier,
  powerOfTwo,
  requantize,
  requantizeReduced,
  type Rounding,
  roundingShiftRight,
  saturate,
  saturate16,
  wrap16,
} from './fixed-point.js';
import { type LayerNorm, layerNorm } from './layer-norm.js';

/** What distinguishes one kernel's results from another's. */
export interface Kernel {
  /**
   * - `tflite`: the two cell products are shifted, rounded once each;
   * - `cmsis-nn`: they are requantized with multipliers;
   * - `tflm`: as `cmsis-nn`, and saturates the recurrent part of a gate sum and i * g before adding.
   */
  readonly arithmetic: 'tflite' | 'tflm' | 'cmsis-nn';
  readonly activation: ActivationFlavour;
  /** Of every requantization but those of 16-bit activations' accumulators, which round once. */
  readonly rounding: Rounding;
  /** Of x, h and m. */
  readonly activationBits: 8 | 16;
  /**
   * Which peephole weight a cell gets: `cell` its own; `output` that of TensorFlow Lite, which walks the
   * batch's cells as if rows were outputSize long (see `Lane`). They differ only with a projection.
   */
  readonly peepholeRows: 'cell' | 'output';
}

export interface Peephole {
  /** [cellSize] */
  readonly weights: Int16Array;
  readonly scale: Multiplier;
}

export interface IntegerGate {
  /** [cellSize, inputSize] */
  readonly inputWeights: Int8Array;
  /** [cellSize, outputSize] */
  readonly recurrentWeights: Int8Array;
  /** [cellSize] bias - inputZeroPoint * row sum; without the bias under layer normalization. */
  readonly inputBias: Float64Array;
  /** [cellSize] -outputZeroPoint * row sum. */
  readonly recurrentBias: Float64Array;
  readonly inputScale: Multiplier;
  readonly recurrentScale: Multiplier;
  /** Never for g. */
  readonly peephole: Peephole | null;
  readonly layerNorm: LayerNorm | null;
}

export interface Projection {
  /** [outputSize, cellSize] */
  readonly weights: Int8Array;
  /** [outputSize] bias - hidden.zeroPoint * row sum. */
  readonly bias: Float64Array;
  readonly scale: Multiplier;
  /** Limit of |h| as stored, zero point included; 0 for none. */
  readonly clip: number;
}

/** One layer; readonly plain data. */
export interface IntegerLstm {
  readonly kernel: Kernel;
  readonly inputSize: number;
  readonly cellSize: number;
  /** cellSize unless there is a projection. */
  readonly outputSize: number;
  readonly inputZeroPoint: number;
  readonly outputZeroPoint: number;
  /** i is null under CIFG: 1 - f takes its place. */
  readonly gates: {
    readonly i: IntegerGate | null;
    readonly f: IntegerGate;
    readonly g: IntegerGate;
    readonly o: IntegerGate;
  };
  readonly cell: {
    /** 6..16 */
    readonly bits: number;
    readonly scaleLog2: number;
    /** Limit of |c| as stored; 0 for none. */
    readonly clip: number;
    /** 2^-15, and 2^-30 / scale: unused by `tflite`. */
    readonly forgetScale: Multiplier;
    readonly inputScale: Multiplier;
  };
  /** From o * tanh(c), scale 2^-30, to m, or to h without projection (then zeroPoint = outputZeroPoint). */
  readonly hidden: { readonly scale: Multiplier; readonly zeroPoint: number };
  readonly projection: Projection | null;
}

/** How often a step had to saturate, where the values before would not have fitted. */
export interface Saturations {
  /** Gate sums, before layer normalization. */
  gateSums: number;
  /** Cell states; `cell.clip` counts too. */
  cells: number;
  /** m and h; `projection.clip` counts too. */
  outputs: number;
}

/** One sequence's state, advanced in place, with what the last step computed on the way. */
export interface LstmState {
  /** [outputSize] */
  readonly h: Int8Array | Int16Array;
  /** [cellSize] */
  readonly c: Int16Array;
  /** [cellSize] each, Q0.15. */
  readonly gates: Readonly<Record<'i' | 'f' | 'g' | 'o', Int16Array>>;
  /** [cellSize] before the projection; without one not written. */
  readonly m: Int8Array | Int16Array;
  /** Over all steps. */
  readonly saturations: Saturations;
  /** The layer's functions of all int16 values, at index value + 32768; shared between states. */
  readonly functions: Readonly<Record<'sigmoid' | 'tanh' | 'cellTanh', Int16Array>>;
}

/** Place of a sequence in a batch that runs together: only `peepholeRows: 'output'` looks at it. */
export interface Lane {
  readonly item: number;
  readonly items: number;
}

const ALONE: Lane = { item: 0, items: 1 };

/** A vector of x or h values for the layer's kernel. */
export function activationVector(kernel: Kernel, length: number): Int8Array | Int16Array {
  return kernel.activationBits === 8 ? new Int8Array(length) : new Int16Array(length);
}

/** Real zero: c = 0, h = outputZeroPoint. */
export function initialState(layer: IntegerLstm): LstmState {
  const { kernel, cellSize, cell } = layer;
  const { activation } = kernel;
  const perCell = (): Int16Array => new Int16Array(cellSize);
  return {
    h: activationVector(kernel, layer.outputSize).fill(layer.outputZeroPoint),
    c: perCell(),
    gates: { i: perCell(), f: perCell(), g: perCell(), o: perCell() },
    m: activationVector(kernel, cellSize),
    saturations: { gateSums: 0, cells: 0, outputs: 0 },
    functions: {
      sigmoid: sigmoidTable(activation),
      tanh: tanhTable(3, activation),
      cellTanh: tanhTable(cell.scaleLog2 + cell.bits - 1, activation),
    },
  };
}

/** Columns whose products of 8 and 16 bits sum up within 32 bits. */
const BLOCK = 256;

/** sum of weights[offset + k] * vector[k]; exact for any length. */
function dot(weights: Int8Array, offset: number, vector: Int8Array | Int16Array): number {
  let acc = 0;
  for (let from = 0; from < vector.length; from += BLOCK) {
    const end = Math.min(from + BLOCK, vector.length);
    // In 32 bits throughout, the engine needs no overflow checks.
    let part = 0;
    for (let k = from; k < end; k++) part = (part + Math.imul(weights[offset + k], vector[k])) | 0;
    acc += part;
  }
  return acc;
}

/** A matrix product's accumulator, rescaled. */
function rescale(kernel: Kernel, acc: number, scale: Multiplier): number {
  return kernel.activationBits === 16
    ? requantizeReduced(acc, scale)
    : requantize(acc, scale, kernel.rounding);
}

/** z = sat16(sat16(W x + b) + R h + b'), each product rescaled. */
function sumGate(
  layer: IntegerLstm,
  gate: IntegerGate,
  state: LstmState,
  x: Int8Array | Int16Array,
  z: Int16Array,
): void {
  const { kernel } = layer;
  for (let u = 0; u < z.length; u++) {
    const inputAcc = dot(gate.inputWeights, u * layer.inputSize, x) + gate.inputBias[u];
    const recurrentAcc =
      dot(gate.recurrentWeights, u * layer.outputSize, state.h) + gate.recurrentBias[u];
    const input = rescale(kernel, inputAcc, gate.inputScale);
    const recurrent = rescale(kernel, recurrentAcc, gate.recurrentScale);
    const added = kernel.arithmetic === 'tflm' ? saturate16(recurrent) : recurrent;
    z[u] = saturate16(saturate16(input) + added);
    if (z[u] !== input + recurrent) state.saturations.gateSums++;
  }
}

/** z = sat16(z + rescaled P c), element by element. */
function addPeephole(
  layer: IntegerLstm,
  { weights, scale }: Peephole,
  state: LstmState,
  z: Int16Array,
  lane: Lane,
): void {
  const { kernel, outputSize } = layer;
  const isQuirky = kernel.peepholeRows === 'output';
  const first = isQuirky ? lane.item * z.length : 0;
  const end = isQuirky ? Math.min(z.length, lane.items * outputSize - first) : z.length;
  for (let u = 0; u < end; u++) {
    const weight = weights[isQuirky ? (first + u) % outputSize : u];
    const sum = z[u] + requantize(weight * state.c[u], scale, kernel.rounding);
    z[u] = saturate16(sum);
    if (z[u] !== sum) state.saturations.gateSums++;
  }
}

/** One gate into `value`, Q0.15; a peephole reads the cell state as it stands. */
function evaluateGate(
  layer: IntegerLstm,
  gate: IntegerGate,
  state: LstmState,
  x: Int8Array | Int16Array,
  value: Int16Array,
  activation: Int16Array,
  lane: Lane,
): void {
  sumGate(layer, gate, state, x, value);
  if (gate.peephole !== null) addPeephole(layer, gate.peephole, state, value, lane);
  if (gate.layerNorm !== null) layerNorm(value, gate.layerNorm, layer.kernel.rounding);
  for (let u = 0; u < value.length; u++) value[u] = activation[value[u] + 32768];
}

/** c' = f * c + i * g before saturation, in the arithmetic of the kernel; f, i, g in Q0.15. */
function nextCell(layer: IntegerLstm, f: number, c: number, i: number, g: number): number {
  const { kernel, cell } = layer;
  if (kernel.arithmetic === 'tflite') {
    // The kernel stores both products in 16 bits without saturation; neither can exceed them while the
    // scale is 2^-15 or more.
    const kept = wrap16(roundingShiftRight(f * c, 15));
    return kept + wrap16(roundingShiftRight(i * g, 30 + cell.scaleLog2));
  }
  const kept = saturate16(requantize(f * c, cell.forgetScale, kernel.rounding));
  const entered = requantize(i * g, cell.inputScale, kernel.rounding);
  return kept + (kernel.arithmetic === 'tflm' ? saturate16(entered) : entered);
}

function updateCells(layer: IntegerLstm, state: LstmState): void {
  const { bits, clip } = layer.cell;
  const { c, gates } = state;
  const limit = powerOfTwo(bits - 1);
  const low = clip > 0 ? Math.max(-clip, -limit) : -limit;
  const high = clip > 0 ? Math.min(clip, limit - 1) : limit - 1;
  for (let u = 0; u < c.length; u++) {
    const next = nextCell(layer, gates.f[u], c[u], gates.i[u], gates.g[u]);
    c[u] = saturate(next, low, high);
    if (c[u] !== next) state.saturations.cells++;
  }
}

/** m (or h) = saturate(rescaled o * tanh(c) + zeroPoint). */
function emitHidden(layer: IntegerLstm, state: LstmState, out: Int8Array | Int16Array): void {
  const { kernel, hidden, cell } = layer;
  const { c, gates, functions } = state;
  const limit = powerOfTwo(kernel.activationBits - 1);
  const toTanh = powerOfTwo(16 - cell.bits);
  for (let u = 0; u < c.length; u++) {
    const product = gates.o[u] * functions.cellTanh[c[u] * toTanh + 32768];
    const value = requantize(product, hidden.scale, kernel.rounding) + hidden.zeroPoint;
    out[u] = saturate(value, -limit, limit - 1);
    if (out[u] !== value) state.saturations.outputs++;
  }
}

/** h = saturate(rescaled P m + b + outputZeroPoint), clipped. */
function project(layer: IntegerLstm, projection: Projection, state: LstmState): void {
  const { kernel, cellSize, outputZeroPoint } = layer;
  const { weights, bias, scale, clip } = projection;
  const limit = powerOfTwo(kernel.activationBits - 1);
  const low = clip > 0 ? Math.max(-clip, -limit) : -limit;
  const high = clip > 0 ? Math.min(clip, limit - 1) : limit - 1;
  for (let n = 0; n < state.h.length; n++) {
    const acc = dot(weights, n * cellSize, state.m) + bias[n];
    const value = rescale(kernel, acc, scale) + outputZeroPoint;
    state.h[n] = saturate(value, low, high);
    if (state.h[n] !== value) state.saturations.outputs++;
  }
}

/**
 * Advance one sequence by one step in place: x [inputSize]. Gates i, f and g see the old cell state
 * through their peepholes, o the new one.
 */
export function step(
  layer: IntegerLstm,
  state: LstmState,
  x: Int8Array | Int16Array,
  lane: Lane = ALONE,
): void {
  const { i, f, g, o } = layer.gates;
  const { gates, functions } = state;
  evaluateGate(layer, f, state, x, gates.f, functions.sigmoid, lane);
  if (i !== null) evaluateGate(layer, i, state, x, gates.i, functions.sigmoid, lane);
  // 32767, not 32768: i + f falls short of 1 by 2^-15.
  else for (let u = 0; u < gates.i.length; u++) gates.i[u] = INT16_MAX - gates.f[u];
  evaluateGate(layer, g, state, x, gates.g, functions.tanh, lane);
  updateCells(layer, state);
  evaluateGate(layer, o, state, x, gates.o, functions.sigmoid, lane);
  if (layer.projection === null) return emitHidden(layer, state, state.h);
  emitHidden(layer, state, state.m);
  project(layer, layer.projection, state);
}
