/** A recorded LSTM as an `IntegerLstm`, every tensor's type, shape and range checked. */
import { UserError } from '../../errors.js';
import { type Multiplier, quantizeMultiplier, type Rounding } from '../fixed-point.js';
import type { IntegerGate, IntegerLstm, Kernel, Projection } from '../lstm.js';
import type { LayerNorm } from '../layer-norm.js';
import {
  type GateFile,
  integers,
  type KernelName,
  LARGE,
  type LstmFile,
  type Tensor,
} from './format.js';

export const STATE_TYPE = { 8: 'int8', 16: 'int16' } as const;

export function kernelOf(name: KernelName, rounding: Rounding): Kernel {
  if (name === 'tflite_8x8_16') {
    return {
      arithmetic: 'tflite',
      activation: 'gemmlowp',
      rounding,
      activationBits: 8,
      peepholeRows: 'output',
    };
  }
  return {
    arithmetic: name.startsWith('tflm') ? 'tflm' : 'cmsis-nn',
    activation: 'lut256',
    rounding,
    activationBits: name.endsWith('s16') ? 16 : 8,
    peepholeRows: 'cell',
  };
}

/** Sum of each row of weights [rows, columns]. */
export function rowSums(weights: ArrayLike<number>, rows: number): number[] {
  const columns = weights.length / rows;
  return Array.from({ length: rows }, (_, r) => {
    let sum = 0;
    for (let k = 0; k < columns; k++) sum += weights[r * columns + k];
    return sum;
  });
}

function limited(value: number): number {
  return Math.max(-LARGE, Math.min(LARGE, value));
}

function multiplierOf(
  where: string,
  multiplier: number | undefined,
  shift: number | undefined,
): Multiplier {
  if (multiplier !== undefined && shift !== undefined) return { multiplier, shift };
  throw new UserError({ where, given: 'no multiplier and shift', allowed: 'both are needed' });
}

/**
 * bias - zeroPoint * row sum, compared with the file's own `effective` if it has one.
 */
function effectiveBias(
  where: string,
  bias: readonly number[] | undefined,
  zeroPoint: number,
  weights: ArrayLike<number>,
  effective: Tensor | undefined,
  rows: number,
): Float64Array {
  const sums = rowSums(weights, rows);
  const computed = sums.map((sum, r) => limited((bias?.[r] ?? 0) - zeroPoint * sum));
  if (effective) {
    const given = integers(where, effective, ['int32', 'int64'], [rows]).map(limited);
    const bad = given.findIndex((value, r) => value !== computed[r]);
    // Not every integer above 2^52 is a double that JSON keeps.
    if (bad >= 0 && Math.abs(given[bad]) < LARGE / 2) {
      throw new UserError({
        where: `${where}.data[${bad}]`,
        given: String(given[bad]),
        allowed: `bias - zero point * sum of the row's weights is ${computed[bad]}`,
      });
    }
  }
  return Float64Array.from(computed);
}

interface Sizes {
  readonly input: number;
  readonly cell: number;
  readonly output: number;
}

function layerNormOf(
  where: string,
  file: GateFile,
  bias: readonly number[] | undefined,
  sizes: Sizes,
): LayerNorm | null {
  if (!file.layer_norm_weights) return null;
  if (bias === undefined) {
    throw new UserError({
      where: `${where}.bias`,
      given: 'nothing',
      allowed: 'needed by layer norm',
    });
  }
  const at = `${where}.layer_norm`;
  return {
    weights: Int16Array.from(
      integers(`${at}_weights`, file.layer_norm_weights, ['int16'], [sizes.cell]),
    ),
    bias: Int32Array.from(bias),
    scale: multiplierOf(at, file.layer_norm_multiplier, file.layer_norm_shift),
    varianceGuard: file.layer_norm_variance_guard ?? 1,
  };
}

function gateOf(
  where: string,
  file: GateFile,
  sizes: Sizes,
  zeroPoints: { readonly input: number; readonly output: number },
): IntegerGate {
  const { cell, input, output } = sizes;
  const inputWeights = integers(
    `${where}.input_weights`,
    file.input_weights,
    ['int8'],
    [cell, input],
  );
  const recurrentWeights = integers(
    `${where}.recurrent_weights`,
    file.recurrent_weights,
    ['int8'],
    [cell, output],
  );
  const bias = file.bias
    ? integers(`${where}.bias`, file.bias, ['int32', 'int64'], [cell]).map(limited)
    : undefined;
  const norm = layerNormOf(where, file, bias, sizes);
  return {
    inputWeights: Int8Array.from(inputWeights),
    recurrentWeights: Int8Array.from(recurrentWeights),
    inputBias: effectiveBias(
      `${where}.input_effective_bias`,
      norm === null ? bias : undefined,
      zeroPoints.input,
      inputWeights,
      file.input_effective_bias,
      cell,
    ),
    recurrentBias: effectiveBias(
      `${where}.recurrent_effective_bias`,
      undefined,
      zeroPoints.output,
      recurrentWeights,
      file.recurrent_effective_bias,
      cell,
    ),
    inputScale: { multiplier: file.input_multiplier, shift: file.input_shift },
    recurrentScale: { multiplier: file.recurrent_multiplier, shift: file.recurrent_shift },
    peephole: file.peephole_weights
      ? {
          weights: Int16Array.from(
            integers(`${where}.peephole_weights`, file.peephole_weights, ['int16'], [cell]),
          ),
          scale: multiplierOf(`${where}.peephole`, file.peephole_multiplier, file.peephole_shift),
        }
      : null,
    layerNorm: norm,
  };
}

function projectionOf(file: LstmFile, sizes: Sizes, hiddenZeroPoint: number): Projection | null {
  const { projection } = file;
  if (!projection) return null;
  const { cell, output } = sizes;
  const weights = integers('projection.weights', projection.weights, ['int8'], [output, cell]);
  const bias = projection.bias
    ? integers('projection.bias', projection.bias, ['int32', 'int64'], [output])
    : undefined;
  return {
    weights: Int8Array.from(weights),
    bias: effectiveBias(
      'projection.effective_bias',
      bias,
      hiddenZeroPoint,
      weights,
      projection.effective_bias,
      output,
    ),
    scale: { multiplier: projection.multiplier, shift: projection.shift },
    clip: projection.clip ?? 0,
  };
}

/** Declared variants must be those whose tensors are there. */
function checkVariant(file: LstmFile): void {
  const { forget, cell, input, output } = file.gates;
  const found = {
    cifg: !input,
    peephole: Boolean(forget.peephole_weights),
    projection: Boolean(file.projection),
    layer_norm: Boolean(forget.layer_norm_weights),
  };
  for (const [name, isThere] of Object.entries(found)) {
    const declared = file.variant?.[name as keyof typeof found];
    if (declared !== undefined && declared !== isThere) {
      throw new UserError({
        where: `variant.${name}`,
        given: String(declared),
        allowed: `the file's tensors say ${isThere}`,
      });
    }
  }
  for (const [name, gate] of Object.entries({ input, forget, cell, output })) {
    const wanted = name === 'cell' ? 'tanh' : 'sigmoid';
    if (gate?.activation && gate.activation !== wanted) {
      throw new UserError({
        where: `gates.${name}.activation`,
        given: gate.activation,
        allowed: wanted,
      });
    }
  }
}

/** Declared types must be those of the tensors. */
function checkTypes({ types, input, gates, expected, initial_state }: LstmFile): void {
  const found = {
    activation: input.dtype,
    weights: gates.forget.input_weights.dtype,
    bias: gates.forget.bias?.dtype,
    cell_state: (expected.final_cell_state ?? initial_state?.cell)?.dtype,
  };
  for (const [name, type] of Object.entries(found)) {
    const declared = types?.[name as keyof typeof found];
    if (declared && type !== undefined && declared !== type) {
      throw new UserError({
        where: `types.${name}`,
        given: declared,
        allowed: `the file's tensors are ${type}`,
      });
    }
  }
}

/** What is added to o * tanh(c): TensorFlow Lite subtracts the zero point where a projection follows. */
function hiddenZeroPointOf({ hidden, projection, zero_points }: LstmFile): number {
  const { zero_point, added_after_requantize } = hidden;
  const fromZeroPoint = projection
    ? 0 - (zero_point ?? 0)
    : (zero_point ?? zero_points?.output ?? 0);
  if (added_after_requantize === undefined) return fromZeroPoint;
  if (zero_point !== undefined && added_after_requantize !== fromZeroPoint) {
    throw new UserError({
      where: 'hidden.added_after_requantize',
      given: String(added_after_requantize),
      allowed: `hidden.zero_point says ${fromZeroPoint}`,
    });
  }
  return added_after_requantize;
}

/** The output's zero point stands in two places. */
function checkZeroPoint({ zero_points, projection }: LstmFile, hiddenZeroPoint: number): void {
  const given = zero_points?.output;
  const wanted = projection ? projection.zero_point : hiddenZeroPoint;
  if (given === undefined || wanted === undefined || given === wanted) return;
  const source = projection ? 'projection.zero_point' : 'hidden.zero_point';
  throw new UserError({
    where: 'zero_points.output',
    given: String(given),
    allowed: `${source} says ${wanted}`,
  });
}

/** The layer that the file describes, in the arithmetic of `kernel`; throws a UserError at a contradiction. */
export function layerOf(file: LstmFile, kernel: Kernel): IntegerLstm {
  checkVariant(file);
  checkTypes(file);
  const { dims, gates, cell, hidden, projection } = file;
  const sizes = { input: dims.input, cell: dims.cell, output: dims.output ?? dims.cell };
  if (!projection && sizes.output !== sizes.cell) {
    throw new UserError({
      where: 'dims.output',
      given: String(sizes.output),
      allowed: `${sizes.cell} as dims.cell, without a projection`,
    });
  }
  const hiddenZeroPoint = hiddenZeroPointOf(file);
  const zeroPoints = {
    input: file.zero_points?.input ?? 0,
    output:
      file.zero_points?.output ?? projection?.zero_point ?? (projection ? 0 : hiddenZeroPoint),
  };
  checkZeroPoint(file, hiddenZeroPoint);
  const gate = (name: string, value: GateFile): IntegerGate =>
    gateOf(`gates.${name}`, value, sizes, zeroPoints);
  if (kernel.activation === 'gemmlowp' && (cell.scale_log2 < -15 || cell.scale_log2 > -9)) {
    throw new UserError({
      where: 'cell.scale_log2',
      given: String(cell.scale_log2),
      allowed: '-15..-9 with gemmlowp activations',
    });
  }
  const { forget_multiplier, forget_shift, input_multiplier, input_shift } = cell;
  return {
    kernel,
    inputSize: sizes.input,
    cellSize: sizes.cell,
    outputSize: sizes.output,
    inputZeroPoint: zeroPoints.input,
    outputZeroPoint: zeroPoints.output,
    gates: {
      i: gates.input ? gate('input', gates.input) : null,
      f: gate('forget', gates.forget),
      g: gate('cell', gates.cell),
      o: gate('output', gates.output),
    },
    cell: {
      bits: 16,
      scaleLog2: cell.scale_log2,
      clip: cell.clip ?? 0,
      forgetScale:
        forget_multiplier === undefined
          ? quantizeMultiplier(2 ** -15)
          : multiplierOf('cell.forget', forget_multiplier, forget_shift),
      inputScale:
        input_multiplier === undefined
          ? quantizeMultiplier(2 ** (-30 - cell.scale_log2))
          : multiplierOf('cell.input', input_multiplier, input_shift),
    },
    hidden: {
      scale: { multiplier: hidden.multiplier, shift: hidden.shift },
      zeroPoint: projection ? hiddenZeroPoint : zeroPoints.output,
    },
    projection: projectionOf(file, sizes, hiddenZeroPoint),
  };
}
