/**
 * Post-training quantization of a real LSTM by the recipe of arXiv:2101.05453 as TensorFlow Lite has it
 * (operator_property.cc, lstm.cc):
 *
 * | tensor                     | scale                                              | zero point |
 * |----------------------------|----------------------------------------------------|------------|
 * | x, m, h (8 bits)           | (max - min) / 255, range widened to hold 0          | yes        |
 * | x, m, h (16 bits)          | absmax / 32767                                      | 0          |
 * | W, R, P (projection)       | absmax / 127; fewer bits: least squared error       | 0          |
 * | peephole, layer norm       | absmax / 32767                                      | 0          |
 * | bias                       | S_x S_W; layer norm S_L 2^-10; projection S_P S_m   | 0          |
 * | c                          | 2^(n - cellBits + 1), 2^n >= absmax, n = 0..6       | 0          |
 * | gate sum                   | 2^-12; under layer norm absmax / 32768              | 0          |
 */
import type { ActivationFlavour } from './activations.js';
import {
  effectiveScale,
  INT32_MAX,
  INT32_MIN,
  type Multiplier,
  quantizeMultiplier,
  type Rounding,
  saturate,
  type ScalePrecision,
} from './fixed-point.js';
import {
  emptyRanges,
  type FloatGate,
  type FloatLstm,
  type FloatSequenceLayer,
  GATE_LETTERS,
  type GateLetter,
  type LayerRanges,
  type Range,
  type Ranges,
  type Reals,
  runFloatLayer,
} from './float-lstm.js';
import type { LayerNorm } from './layer-norm.js';
import type { IntegerGate, IntegerLstm, Kernel, Peephole, Projection } from './lstm.js';
import type { SequenceLayer } from './sequence.js';

/** real = scale * (q - zeroPoint) */
export interface Quantization {
  readonly scale: number;
  readonly zeroPoint: number;
}

export interface QuantizeOptions {
  /** 2..8 */
  readonly weightBits?: number;
  /** 6..16 */
  readonly cellBits?: number;
  readonly activationBits?: 8 | 16;
  readonly activation?: ActivationFlavour;
  readonly rounding?: Rounding;
  readonly arithmetic?: Kernel['arithmetic'];
  /** Of scales, as the kernels' set-up has it: `float32` by default. */
  readonly precision?: ScalePrecision;
  /** Instead of the calibrated ones: what the layer before gives, what other layers give too. */
  readonly input?: Quantization;
  readonly output?: Quantization;
}

type Settings = Required<Omit<QuantizeOptions, 'input' | 'output'>>;

/** Integers are compared with these where nothing is asked for. */
const DEFAULTS: Settings = {
  weightBits: 8,
  cellBits: 16,
  activationBits: 8,
  activation: 'lut256',
  rounding: 'single',
  arithmetic: 'tflite',
  precision: 'float32',
};

export interface GateScales {
  readonly input: number;
  readonly recurrent: number;
}

export interface QuantizedLstm {
  readonly layer: IntegerLstm;
  readonly input: Quantization;
  readonly output: Quantization;
  /** Of m, before the projection; that of the output without one. */
  readonly hidden: Quantization;
  /** Real values of one unit of the weights. */
  readonly weightScales: {
    /** As layer.gates: null where there is none. */
    readonly gates: Readonly<Record<GateLetter, GateScales | null>>;
    readonly projection: number | null;
  };
  /** Ranges that do not fit, in words; empty if all do. */
  readonly warnings: readonly string[];
}

/** Largest integer bits that the tanh of the cell state has. */
const MAX_CELL_LOG2 = 6;
const GATE_SUM_SCALE = 2 ** -12;
const LAYER_NORM_FRACTION = 2 ** -10;

/** Nearest integer, ties away from zero. */
function roundAway(x: number): number {
  return x < 0 ? 0 - Math.floor(0.5 - x) : Math.floor(x + 0.5);
}

function inPrecision(value: number, precision: ScalePrecision): number {
  return precision === 'float32' ? Math.fround(value) : value;
}

/** Scale and zero point of an activation that was seen in `range`. */
export function activationQuantization(
  { min, max }: Range,
  bits: 8 | 16,
  precision: ScalePrecision = 'float32',
): Quantization {
  const low = Math.min(min, 0);
  const high = Math.max(max, 0);
  if (!(high - low > 0 && high - low < Infinity)) {
    // Nothing was seen but zero.
    return { scale: 1, zeroPoint: 0 };
  }
  if (bits === 16) {
    return { scale: inPrecision(Math.max(-low, high) / 32767, precision), zeroPoint: 0 };
  }
  const scale = inPrecision((high - low) / 255, precision);
  return { scale, zeroPoint: saturate(roundAway(-128 - low / scale), -128, 127) };
}

/**
 * q = saturate(round(real / scale) + zeroPoint), ties away from zero; TensorFlow Lite divides in float32.
 */
export function quantizeActivations(
  values: Reals,
  { scale, zeroPoint }: Quantization,
  bits: 8 | 16,
  precision: ScalePrecision = 'float32',
): Int8Array | Int16Array {
  const limit = 2 ** (bits - 1);
  const quantized = bits === 8 ? new Int8Array(values.length) : new Int16Array(values.length);
  for (let k = 0; k < values.length; k++) {
    const steps = roundAway(effectiveScale(values[k], 1, scale, precision));
    quantized[k] = saturate(steps + zeroPoint, -limit, limit - 1);
  }
  return quantized;
}

export function dequantize(
  values: ArrayLike<number>,
  { scale, zeroPoint }: Quantization,
): Float64Array {
  return Float64Array.from(values, (q) => scale * (q - zeroPoint));
}

function absMax(values: Reals): number {
  let max = 0;
  for (const value of values) max = Math.max(max, Math.abs(value));
  return max;
}

/** Parts of the largest magnitude at which narrow weights are tried to end. */
const CLIPS = Array.from({ length: 17 }, (_, n) => 1 - n / 20);

/** Squared error of rounding to multiples of `scale` up to `limit` of them. */
function roundingError(values: Reals, scale: number, limit: number): number {
  let sum = 0;
  for (let k = 0; k < values.length; k++) {
    const code = saturate(roundAway(values[k] / scale), -limit, limit);
    sum += (values[k] - code * scale) ** 2;
  }
  return sum;
}

/**
 * Of 8-bit and wider weights the largest magnitude is the largest code's, as in the kernels. Narrower ones
 * are cut where the squared error is least: an outlier would leave the others two or three codes.
 */
export function weightScale(values: Reals, bits: number, precision: ScalePrecision): number {
  const limit = 2 ** (bits - 1) - 1;
  const most = absMax(values);
  const widest = inPrecision(most / limit, precision) || 1;
  if (bits >= 8 || most === 0) return widest;
  let [best, least] = [widest, Infinity];
  for (const clip of CLIPS) {
    const scale = inPrecision((clip * most) / limit, precision) || widest;
    const error = roundingError(values, scale, limit);
    if (error < least) [best, least] = [scale, error];
  }
  return best;
}

/** Weights with zero point 0 in -(2^(bits-1) - 1)..2^(bits-1) - 1; all zero have scale 1. */
export function quantizeWeights(
  values: Reals,
  bits: number,
  precision: ScalePrecision = 'float32',
): { readonly scale: number; readonly data: Int16Array } {
  const limit = 2 ** (bits - 1) - 1;
  const scale = weightScale(values, bits, precision);
  const data = Int16Array.from(values, (v) => saturate(roundAway(v / scale), -limit, limit));
  return { scale, data };
}

function rowSum(weights: ArrayLike<number>, row: number, columns: number): number {
  let sum = 0;
  for (let k = 0; k < columns; k++) sum += weights[row * columns + k];
  return sum;
}

/** Smallest n in 0..6 with 2^n >= the range. */
function cellLog2(range: Range, warnings: string[]): number {
  const limit = Math.max(Math.abs(range.min), Math.abs(range.max));
  const exact = limit > 0 && limit < Infinity ? Math.ceil(Math.log2(limit)) : 0;
  if (exact > MAX_CELL_LOG2) {
    warnings.push(
      `cell: states up to ${limit.toPrecision(4)} saturate at ${2 ** MAX_CELL_LOG2}; train with a cell clip`,
    );
  }
  return saturate(exact, 0, MAX_CELL_LOG2);
}

/** Real bias / scale as integers; int32 for 8-bit activations. */
function quantizeBias(
  where: string,
  bias: Reals | null,
  scale: number,
  rows: number,
  isWide: boolean,
  warnings: string[],
): Float64Array {
  const exact = Float64Array.from({ length: rows }, (_, r) => roundAway((bias?.[r] ?? 0) / scale));
  if (isWide) return exact;
  if (exact.some((b) => b < INT32_MIN || b > INT32_MAX)) {
    warnings.push(`${where}: bias beyond 32 bits, cut; the scale ${scale} is too small`);
  }
  return exact.map((b) => saturate(b, INT32_MIN, INT32_MAX));
}

/**
 * A positive shift is applied before the multiplier: a row's accumulator, at most sum |w| * 2^(bits-1) +
 * |bias|, must have room for it in 32 bits.
 */
function checkRoom(
  where: string,
  { shift }: Multiplier,
  weights: Int8Array,
  bias: Float64Array,
  settings: Settings,
  warnings: string[],
): void {
  if (shift <= 0 || settings.activationBits === 16) return;
  const columns = weights.length / bias.length;
  const bounds = Array.from(bias, (b, r) => {
    const row = weights.subarray(r * columns, (r + 1) * columns);
    return Math.abs(b) + 128 * row.reduce((sum, w) => sum + Math.abs(w), 0);
  });
  if (Math.max(...bounds) * 2 ** shift >= 2 ** 31) {
    warnings.push(`${where}: accumulators may exceed 32 bits when shifted left by ${shift}`);
  }
}

/** What all gates of a layer share. */
interface GateContext {
  readonly settings: Settings;
  readonly warnings: string[];
  readonly input: Quantization;
  readonly output: Quantization;
  readonly cellScale: number;
  readonly ranges: Ranges;
}

function scaleOf(a: number, b: number, c: number, { precision }: Settings): Multiplier {
  return quantizeMultiplier(effectiveScale(a, b, c, precision));
}

function quantizeLayerNorm(
  where: string,
  gate: FloatGate,
  { settings, warnings }: GateContext,
): LayerNorm | null {
  if (gate.layerNorm === null) return null;
  const { scale, data } = quantizeWeights(gate.layerNorm, 16, settings.precision);
  const rows = data.length;
  const unit = scale * LAYER_NORM_FRACTION;
  return {
    weights: data,
    bias: Int32Array.from(quantizeBias(where, gate.bias, unit, rows, false, warnings)),
    scale: quantizeMultiplier(scale),
    varianceGuard: Math.max(1, Math.trunc(10000 * scale)),
  };
}

function quantizePeephole(
  gate: FloatGate,
  gateScale: number,
  { settings, cellScale }: GateContext,
): Peephole | null {
  if (gate.peephole === null) return null;
  const { scale, data } = quantizeWeights(gate.peephole, 16, settings.precision);
  return { weights: data, scale: scaleOf(scale, cellScale, gateScale, settings) };
}

interface QuantizedGate {
  readonly gate: IntegerGate;
  readonly scales: GateScales;
}

function quantizeGate(name: GateLetter, gate: FloatGate, context: GateContext): QuantizedGate {
  const { settings, warnings, input, output, ranges } = context;
  const { weightBits, precision } = settings;
  const rows = gate.bias.length;
  const where = `gates.${name}`;
  const hasNorm = gate.layerNorm !== null;
  const sums = ranges.gateSums[name];
  const sumLimit = Math.max(Math.abs(sums.min), Math.abs(sums.max));
  const isSeen = sumLimit > 0 && sumLimit < Infinity;
  const gateScale = hasNorm && isSeen ? inPrecision(sumLimit / 32768, precision) : GATE_SUM_SCALE;
  const w = quantizeWeights(gate.inputWeights, weightBits, precision);
  const r = quantizeWeights(gate.recurrentWeights, weightBits, precision);
  const inputWeights = Int8Array.from(w.data);
  const recurrentWeights = Int8Array.from(r.data);
  const isWide = settings.activationBits === 16;
  const biasScale = input.scale * w.scale;
  const bias = quantizeBias(where, hasNorm ? null : gate.bias, biasScale, rows, isWide, warnings);
  const [inputColumns, recurrentColumns] = [w.data.length / rows, r.data.length / rows];
  const inputBias = bias.map((b, u) => b - input.zeroPoint * rowSum(w.data, u, inputColumns));
  const recurrentBias = bias.map(
    (_, u) => 0 - output.zeroPoint * rowSum(r.data, u, recurrentColumns),
  );
  const inputScale = scaleOf(w.scale, input.scale, gateScale, settings);
  const recurrentScale = scaleOf(r.scale, output.scale, gateScale, settings);
  checkRoom(`${where}, input`, inputScale, inputWeights, inputBias, settings, warnings);
  checkRoom(
    `${where}, recurrent`,
    recurrentScale,
    recurrentWeights,
    recurrentBias,
    settings,
    warnings,
  );
  return {
    gate: {
      inputWeights,
      recurrentWeights,
      inputBias,
      recurrentBias,
      inputScale,
      recurrentScale,
      peephole: quantizePeephole(gate, gateScale, context),
      layerNorm: quantizeLayerNorm(where, gate, context),
    },
    scales: { input: w.scale, recurrent: r.scale },
  };
}

function quantizeProjection(
  layer: FloatLstm,
  hidden: Quantization,
  { settings, warnings, output }: GateContext,
): { readonly projection: Projection; readonly scale: number } | null {
  if (layer.projection === null) return null;
  const { outputSize, cellSize, projectionClip } = layer;
  const p = quantizeWeights(layer.projection.weights, settings.weightBits, settings.precision);
  const isWide = settings.activationBits === 16;
  const where = 'projection';
  const unit = p.scale * hidden.scale;
  const bias = quantizeBias(where, layer.projection.bias, unit, outputSize, isWide, warnings);
  const effective = bias.map((b, n) => b - hidden.zeroPoint * rowSum(p.data, n, cellSize));
  const weights = Int8Array.from(p.data);
  const scale = scaleOf(p.scale, hidden.scale, output.scale, settings);
  checkRoom(where, scale, weights, effective, settings, warnings);
  if (projectionClip > 0 && output.zeroPoint !== 0) {
    warnings.push(
      `projection: the kernels clip stored values, so the clip is off by the zero point ${output.zeroPoint}`,
    );
  }
  const limit = 2 ** (settings.activationBits - 1) - 1;
  const clip = Math.min(Math.trunc(projectionClip / output.scale), limit);
  return { projection: { weights, bias: effective, scale, clip }, scale: p.scale };
}

function check(options: Settings): void {
  const { weightBits, cellBits } = options;
  const isIn = (v: number, low: number, high: number): boolean =>
    Number.isInteger(v) && v >= low && v <= high;
  if (!isIn(weightBits, 2, 8)) throw new RangeError(`weightBits: ${weightBits} is not in 2..8`);
  if (!isIn(cellBits, 6, 16)) throw new RangeError(`cellBits: ${cellBits} is not in 6..16`);
}

/** From o * tanh(c), scale 2^-30; each kernel's set-up rounds in its own order. */
function hiddenScaleOf({ scale }: Quantization, { arithmetic, precision }: Settings): Multiplier {
  if (arithmetic !== 'tflite') return quantizeMultiplier(2 ** -30 / inPrecision(scale, precision));
  const first = inPrecision(2 ** -15 / scale, precision);
  return quantizeMultiplier(inPrecision(first * 2 ** -15, precision));
}

/** A layer as integers, from what calibration saw of it. */
export function quantizeLstm(
  layer: FloatLstm,
  ranges: Ranges,
  options: QuantizeOptions = {},
): QuantizedLstm {
  const settings: Settings = { ...DEFAULTS, ...options };
  check(settings);
  const { activationBits, precision, cellBits } = settings;
  const warnings: string[] = [];
  const seen = (range: Range): Quantization =>
    activationQuantization(range, activationBits, precision);
  const input = options.input ?? seen(ranges.x);
  const output = options.output ?? seen(ranges.h);
  const hidden = layer.projection === null ? output : seen(ranges.m);
  const scaleLog2 = cellLog2(ranges.c, warnings) - cellBits + 1;
  const cellScale = 2 ** scaleLog2;
  const context = { settings, warnings, input, output, cellScale, ranges };
  const [i, f, g, o] = GATE_LETTERS.map((name) => {
    const gate = layer.gates[name];
    return gate === null ? null : quantizeGate(name, gate, context);
  });
  const projected = quantizeProjection(layer, hidden, context);
  return {
    layer: {
      kernel: {
        arithmetic: settings.arithmetic,
        activation: settings.activation,
        rounding: settings.rounding,
        activationBits,
        peepholeRows: 'cell',
      },
      inputSize: layer.inputSize,
      cellSize: layer.cellSize,
      outputSize: layer.outputSize,
      inputZeroPoint: input.zeroPoint,
      outputZeroPoint: output.zeroPoint,
      gates: { i: i?.gate ?? null, f: f!.gate, g: g!.gate, o: o!.gate },
      cell: {
        bits: cellBits,
        scaleLog2,
        clip: Math.min(Math.trunc(layer.cellClip / cellScale), 2 ** (cellBits - 1) - 1),
        forgetScale: quantizeMultiplier(2 ** -15),
        inputScale: quantizeMultiplier(2 ** -30 / cellScale),
      },
      hidden: { scale: hiddenScaleOf(hidden, settings), zeroPoint: hidden.zeroPoint },
      projection: projected?.projection ?? null,
    },
    ...{ input, output, hidden },
    weightScales: {
      gates: { i: i?.scales ?? null, f: f!.scales, g: g!.scales, o: o!.scales },
      projection: projected?.scale ?? null,
    },
    warnings,
  };
}

export interface QuantizedStack {
  readonly layers: readonly SequenceLayer[];
  /** Of the first layer's input and of the last one's output. */
  readonly input: Quantization;
  readonly output: Quantization;
  /** With the layer's number in front. */
  readonly warnings: readonly string[];
}

function joinedRange(a: Range, b: Range): Range {
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
}

/**
 * Stacked, one- or two-directional layers, calibrated by running `sequences` [timeSteps, inputSize] through
 * the real ones. Each layer takes what the one before gives; two directions share the output's scale.
 */
export function quantizeStack(
  layers: readonly FloatSequenceLayer[],
  sequences: readonly Reals[],
  options: QuantizeOptions = {},
): QuantizedStack {
  const settings: Settings = { ...DEFAULTS, ...options };
  const integerLayers: SequenceLayer[] = [];
  const warnings: string[] = [];
  let values = sequences;
  let first = options.input;
  let before = options.input;
  layers.forEach((layer, n) => {
    const ranges: LayerRanges = { forward: emptyRanges(), backward: emptyRanges() };
    values = values.map((x) => runFloatLayer(layer, x, ranges));
    const h = joinedRange(ranges.forward.h, ranges.backward.h);
    const isLast = n === layers.length - 1;
    const output =
      (isLast ? options.output : undefined) ??
      activationQuantization(h, settings.activationBits, settings.precision);
    const own = { ...options, output, ...(before === undefined ? {} : { input: before }) };
    const quantized = (one: FloatLstm, seen: Ranges): QuantizedLstm => {
      const result = quantizeLstm(one, seen, own);
      warnings.push(...result.warnings.map((text) => `layer ${n}: ${text}`));
      first ??= result.input;
      return result;
    };
    integerLayers.push(
      'forward' in layer
        ? {
            forward: quantized(layer.forward, ranges.forward).layer,
            backward: quantized(layer.backward, ranges.backward).layer,
          }
        : quantized(layer, ranges.forward).layer,
    );
    before = output;
  });
  if (first === undefined || before === undefined) throw new RangeError('quantizeStack: no layers');
  return { layers: integerLayers, input: first, output: before, warnings };
}
