/**
 * Integer operations that quantized kernels are made of, bit for bit those of TensorFlow Lite, TensorFlow
 * Lite Micro and CMSIS-NN (arXiv:2101.05453; names there in brackets). All values are integers held in
 * doubles. A product of two 32-bit values needs 62 bits, so it is made in two parts that a double holds
 * exactly; only `requantizeReduced` falls back to BigInt, for accumulators beyond 2^38.
 */

/** How a requantization rounds: twice (high half of the product, then the shift), or once. */
export type Rounding = 'double' | 'single';

/** A positive real number as multiplier * 2^(shift - 31), multiplier in 2^30..2^31-1, or 0 and 0. */
export interface Multiplier {
  readonly multiplier: number;
  readonly shift: number;
}

const { fround } = Math;

export const INT8_MIN = -128;
export const INT8_MAX = 127;
export const INT16_MIN = -32768;
export const INT16_MAX = 32767;
export const INT32_MIN = -(2 ** 31);
export const INT32_MAX = 2 ** 31 - 1;

/** 2^k at index k + 64, k = -64..64: quicker than `**` and exact. */
const POWERS = Float64Array.from({ length: 129 }, (_, k) => 2 ** (k - 64));

/** 2^exponent, exponent an integer in -64..64. */
export function powerOfTwo(exponent: number): number {
  return POWERS[exponent + 64];
}

export function saturate(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}

export function saturate8(value: number): number {
  return value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value;
}

export function saturate16(value: number): number {
  return value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value;
}

/** The low 16 bits as a signed number: what a cast to int16 keeps. */
export function wrap16(value: number): number {
  return (value << 16) >> 16;
}

/**
 * High half of a doubled product [SRDHM32]: floor((a * b + 2^30) / 2^31), ties up; the one overflow, both
 * -2^31, gives 2^31 - 1. Exact for |a| up to 2^37 and b of 32 bits.
 */
export function highProduct32(a: number, b: number): number {
  if (a === INT32_MIN && b === INT32_MIN) return INT32_MAX;
  const high = Math.floor(a / 2 ** 16);
  const low = a - high * 2 ** 16;
  return Math.floor((high * b + Math.floor((low * b + 2 ** 30) / 2 ** 16)) / 2 ** 15);
}

/** The same for 16 bits [SRDHM16]: floor((a * b + 2^14) / 2^15), 32767 for two -32768. */
export function highProduct16(a: number, b: number): number {
  if (a === INT16_MIN && b === INT16_MIN) return INT16_MAX;
  return Math.floor((a * b + 2 ** 14) / 2 ** 15);
}

/** x / 2^exponent to the nearest integer, ties away from zero [RDivPOT]; |x| below 2^52, exponent 0..63. */
export function roundingShiftRight(x: number, exponent: number): number {
  if (exponent === 0) return x;
  const half = POWERS[exponent + 63];
  return Math.floor((x + half - (x < 0 ? 1 : 0)) * POWERS[64 - exponent]);
}

/** x * 2^exponent saturated to `bits` bits [SatShl, gemmlowp's SaturatingRoundingMultiplyByPOT]. */
export function shiftLeftSaturating(x: number, exponent: number, bits: 16 | 32): number {
  const limit = bits === 16 ? 2 ** 15 : 2 ** 31;
  return saturate(x * POWERS[exponent + 64], -limit, limit - 1);
}

/**
 * x * multiplier * 2^(shift - 31) rounded twice [MBQM]: `highProduct32`, ties up, then a right shift, ties
 * away from zero. A positive shift goes first; x * 2^shift must fit 32 bits wherever the result has to
 * equal that of 32-bit hardware.
 */
export function requantizeDouble(x: number, multiplier: number, shift: number): number {
  return shift > 0
    ? highProduct32(x * POWERS[shift + 64], multiplier)
    : roundingShiftRight(highProduct32(x, multiplier), -shift);
}

/** x * multiplier * 2^(shift - 31) rounded once, ties up: floor((x * multiplier + 2^(30-shift)) / 2^(31-shift)). */
export function requantizeSingle(x: number, multiplier: number, shift: number): number {
  const high = Math.floor(x / 2 ** 16);
  const low = x - high * 2 ** 16;
  const right = 31 - shift;
  if (right < 17) {
    const rest = Math.floor((low * multiplier + POWERS[right + 63]) * POWERS[64 - right]);
    return high * multiplier * POWERS[80 - right] + rest;
  }
  const carry = Math.floor((low * multiplier) / 2 ** 16);
  return Math.floor((high * multiplier + carry + POWERS[right + 47]) * POWERS[80 - right]);
}

/** x * multiplier * 2^(shift - 31), x of 32 bits. */
export function requantize(
  x: number,
  { multiplier, shift }: Multiplier,
  rounding: Rounding,
): number {
  return rounding === 'double'
    ? requantizeDouble(x, multiplier, shift)
    : requantizeSingle(x, multiplier, shift);
}

/** The 16-bit multiplier of `requantizeReduced`: the multiplier's upper half, rounded, at most 32767. */
export function reducedMultiplier(multiplier: number): number {
  return Math.min(Math.floor((multiplier + 2 ** 15) / 2 ** 16), INT16_MAX);
}

/**
 * The same for 64-bit accumulators of 16-bit activations: with r the multiplier cut to 16 bits,
 * floor((x * r + 2^(14-shift)) / 2^(15-shift)). One rounding, ties up. |x| up to 2^53.
 */
export function requantizeReduced(x: number, { multiplier, shift }: Multiplier): number {
  const reduced = reducedMultiplier(multiplier);
  const right = 15 - shift;
  if (Math.abs(x) > 2 ** 37 && right > 0) {
    const scaled = (BigInt(x) * BigInt(reduced) + (1n << BigInt(right - 1))) >> BigInt(right);
    return Number(scaled);
  }
  return Math.floor((x * reduced + POWERS[right + 63]) * POWERS[64 - right]);
}

/**
 * A real factor as multiplier and shift: value = f * 2^shift with f in [0.5, 1), multiplier =
 * round(f * 2^31), ties up. Zero for values below 2^-32 and for zero itself. Pass a value rounded by
 * `effectiveScale` where kernels compute in float32.
 */
export function quantizeMultiplier(value: number): Multiplier {
  if (!(value >= 0 && value < Infinity)) {
    throw new RangeError(`quantizeMultiplier: ${value} is not a finite number of 0 or more`);
  }
  if (value < 2 ** -34) return { multiplier: 0, shift: 0 };
  let shift = Math.floor(Math.log2(value)) + 1;
  // log2 is rounded: right below a power of two it may give the power.
  if (value * 2 ** -shift >= 1) shift++;
  if (value * 2 ** -shift < 0.5) shift--;
  let multiplier = Math.round(value * 2 ** -shift * 2 ** 31);
  if (multiplier === 2 ** 31) {
    multiplier /= 2;
    shift++;
  }
  return shift < -31 ? { multiplier: 0, shift: 0 } : { multiplier, shift };
}

/** The real number that a multiplier and shift stand for. */
export function multiplierValue({ multiplier, shift }: Multiplier): number {
  return multiplier * 2 ** (shift - 31);
}

/** Number format in which a kernel's set-up computes effective scales. */
export type ScalePrecision = 'float32' | 'float64';

/** a * b / c in the precision: for float32 the operands and each result are rounded. */
export function effectiveScale(a: number, b: number, c: number, precision: ScalePrecision): number {
  if (precision === 'float64') return (a * b) / c;
  return fround(fround(fround(a) * fround(b)) / fround(c));
}

/** k if the scale is 2^k within a thousandth of k, as the kernels accept it; else undefined. */
export function checkedLog2(scale: number): number | undefined {
  const exact = Math.log2(scale);
  const rounded = Math.round(exact);
  return Math.abs(exact - rounded) < 1e-3 ? rounded : undefined;
}
