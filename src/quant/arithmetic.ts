/**
 * The one arithmetic: every rounding, table and saturation that training's forward pass, the golden
 * model, the simulator and the emitted Verilog share. All values are integers held in doubles; every
 * intermediate stays below 2^53, so plain JavaScript arithmetic is exact.
 *
 * Fixed-point formats, written Qm.n (1 sign, m integer, n fraction bits):
 *
 * | value                         | format          | range              |
 * |-------------------------------|-----------------|--------------------|
 * | x, h (activations)            | Q0.7,  int8     | -127..127          |
 * |   where they are ternary      | {-1, 0, +1}     | -1..1              |
 * | z (gate pre-activation)       | Q3.12, int16    | -32768..32767      |
 * | tanh output: g, tanh(c)       | Q0.12           | -4093..4093        |
 * | sigmoid output: i, f, o       | Q0.13, unsigned | 3..8189            |
 * | level3 gate: i, f, o          | {0, 1/2, 1}     | 0, 1, 2 (halves)   |
 * |   binary gate                 | {0, 1}          | 0, 2               |
 * | c (cell state)                | Q3.12, int16, or as the scheme says  |    |
 * | logits                        | Q6.9,  int16    | -32768..32767      |
 *
 * `docs/arithmetic.md` derives each choice.
 */
import {
  TANH_FRACTION,
  TANH_INDEX_SHIFT,
  TANH_TABLE,
  TANH_TABLE_SIZE,
  type TanhForm,
  tanhTable,
} from './tanh.js';

export const ACTIVATION_FRACTION = 7;
export const ACTIVATION_MAX = 127;
export const PREACT_BITS = 16;
export const PREACT_FRACTION = 12;
export const SIGMOID_FRACTION = 13;
export const CELL_BITS = 16;
export const CELL_FRACTION = 12;
export const LOGIT_FRACTION = 9;
/** Bits of the per-row requantization multiplier, unsigned. */
export const MULTIPLIER_BITS = 8;
export const MULTIPLIER_MAX = 2 ** MULTIPLIER_BITS - 1;
/** Largest right shift of a requantization. */
export const SHIFT_MAX = 24;
/**
 * Smallest, a shift to the left: sums of ternary activations count in units 2^7 times as large as those of
 * Q0.7, and become Q3.12 that way where weights are large. With Q0.7 the smallest is 1.
 */
export const SHIFT_MIN = 1 - ACTIVATION_FRACTION;

export const INT16_MIN = -32768;
export const INT16_MAX = 32767;

/** Decision point of a three-level gate: sigmoid(a) = 3/4 at a = ln 3 (arXiv:1905.13568). */
export const LEVEL3_DECISION = Math.log(3);

/** Clamp to [low, high]: hardware saturates, it never wraps. */
export function saturate(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}

export function saturateInt16(value: number): number {
  return saturate(value, INT16_MIN, INT16_MAX);
}

function tableValue(table: readonly number[], magnitude: number, shift: number): number {
  const index = Math.floor((magnitude + 2 ** (shift - 1)) / 2 ** shift);
  return table[index < TANH_TABLE_SIZE ? index : TANH_TABLE_SIZE - 1];
}

/** tanh of a Q3.12 value (z or c), in Q0.12; odd, index rounded to nearest. */
export function tanhFixed(value: number, table: readonly number[] = TANH_TABLE): number {
  return value < 0
    ? -tableValue(table, -value, TANH_INDEX_SHIFT)
    : tableValue(table, value, TANH_INDEX_SHIFT);
}

/** sigmoid of a Q3.12 pre-activation, in unsigned Q0.13: 4096 + tanh(z / 2) in Q0.12. */
export function sigmoidFixed(z: number, table: readonly number[] = TANH_TABLE): number {
  const half = 2 ** (SIGMOID_FRACTION - 1);
  return z < 0
    ? half - tableValue(table, -z, TANH_INDEX_SHIFT + 1)
    : half + tableValue(table, z, TANH_INDEX_SHIFT + 1);
}

/**
 * Rescale an accumulator, add the bias, saturate to int16:
 *
 *   q = saturate(floor((acc * multiplier + 2^(shift-1)) / 2^shift) + bias)
 *
 * multiplier is unsigned and below 2^8, shift in 1..24, or from -6 where activations are ternary: a shift
 * to the left then. Because row scales are chosen as multiplier / 2^shift exactly (quantizers.ts), this
 * rounds once and loses nothing else. Rounds half up, as `requantize.v` does.
 */
export function requantize(acc: number, multiplier: number, shift: number, bias: number): number {
  const scaled = Math.floor((acc * multiplier + 2 ** (shift - 1)) / 2 ** shift);
  return saturateInt16(scaled + bias);
}

/** Three-level gate from the raw accumulator: 0, 1 (one half) or 2 (one). */
export function threshold3(acc: number, low: number, high: number): 0 | 1 | 2 {
  return acc >= high ? 2 : acc >= low ? 1 : 0;
}

/** A three-level gate times a value: nothing, an arithmetic shift (rounding down), or the value. */
export function multiplyLevel3(gate: number, value: number): number {
  return gate === 2 ? value : gate === 1 ? Math.floor(value / 2) : 0;
}

/**
 * What a cell computes under a scheme's formats. Gates are Q0.13 (`int16`) or halves, 0 to 2; the candidate
 * is Q0.12 beside int16 gates, and has c's fraction bits beside gates that only shift.
 */
export interface CellArithmetic {
  /** A candidate of +1. */
  readonly one: number;
  /** c' = saturate(f c + i g). */
  update(f: number, c: number, i: number, g: number): number;
  /** tanh(s c) in Q0.12. */
  squash(c: number): number;
  /** h from o and c; `decision`: |o tanh(s c)| in Q0.12 from which a ternary h is not 0. */
  hidden(o: number, c: number, decision: number): number;
  /** sigmoid of a Q3.12 pre-activation, in Q0.13. */
  sigmoid(z: number): number;
  /** tanh of a Q3.12 pre-activation as the candidate's integer. */
  candidate(z: number): number;
}

/** The formats that cellArithmetic follows. */
export interface CellFormats {
  readonly gates: 'int16' | 'level3' | 'binary';
  readonly activations: 'int8' | 'ternary';
  readonly cell: { readonly bits: number; readonly fraction: number };
  readonly slope: number;
  /** `table` where nothing is said. */
  readonly tanh?: TanhForm | undefined;
}

export function cellArithmetic(formats: CellFormats): CellArithmetic {
  const { gates, activations, cell, slope, tanh } = formats;
  const high = 2 ** (cell.bits - 1) - 1;
  const low = -high - 1;
  const coarse = 2 ** (CELL_FRACTION - cell.fraction);
  const ofZ = tanhTable(tanh);
  const ofC = tanhTable(tanh, slope);
  const squash = (c: number): number => tanhFixed(c * coarse, ofC);
  const sigmoid = (z: number): number => sigmoidFixed(z, ofZ);
  const ternary = (v: number, decision: number): number =>
    Math.abs(v) >= decision ? Math.sign(v) : 0;
  if (gates === 'int16') {
    return {
      one: 2 ** TANH_FRACTION,
      squash,
      sigmoid,
      candidate: (z) => tanhFixed(z, ofZ),
      update: (f, c, i, g) =>
        saturate(
          Math.floor((f * c * coarse + i * g + 2 ** 12 * coarse) / (2 ** 13 * coarse)),
          low,
          high,
        ),
      hidden: (o, c, decision) =>
        activations === 'int8'
          ? saturate(
              Math.floor((o * squash(c) + 2 ** 17) / 2 ** 18),
              -ACTIVATION_MAX,
              ACTIVATION_MAX,
            )
          : ternary(o * squash(c), decision * 2 ** SIGMOID_FRACTION),
    };
  }
  return {
    one: 2 ** cell.fraction,
    squash,
    sigmoid,
    candidate: (z) => Math.floor(tanhFixed(z, ofZ) / coarse + 1 / 2),
    update: (f, c, i, g) => saturate(multiplyLevel3(f, c) + multiplyLevel3(i, g), low, high),
    hidden: (o, c, decision) =>
      activations === 'int8'
        ? saturate(
            Math.floor((multiplyLevel3(o, squash(c)) + 2 ** 4) / 2 ** 5),
            -ACTIVATION_MAX,
            ACTIVATION_MAX,
          )
        : ternary(multiplyLevel3(o, squash(c)), decision),
  };
}

/** A real activation as -1, 0 or +1: its sign where |value| is at least 1/2. */
export function ternaryActivation(value: number): number {
  return Math.abs(value) >= 1 / 2 ? Math.sign(value) : 0;
}

/** A real activation in [-1, 1] as Q0.7: nearest, ties away from zero, saturated at +-127. */
export function quantizeActivation(value: number): number {
  const scaled = Math.abs(value) * 2 ** ACTIVATION_FRACTION;
  const rounded = Math.min(Math.floor(scaled + 0.5), ACTIVATION_MAX);
  return value < 0 ? 0 - rounded : rounded;
}
