/**
 * Sigmoid and tanh of 16-bit fixed-point values, in two flavours:
 *
 * - `gemmlowp`: exp by Taylor series and barrel shifter, reciprocal by Newton (TensorFlow Lite); about 13
 *   multiplications, within 12 LSB, not monotone;
 * - `lut256`: linear interpolation in a table of 256 entries (TensorFlow Lite Micro, CMSIS-NN); one
 *   multiplication, within 2.5 LSB, monotone.
 *
 * Sigmoid takes Q3.12, tanh takes `integerBits` integer bits and 15 - integerBits fraction bits; both give
 * Q0.15. Every value below is an int16 unless its comment says more.
 */
import {
  highProduct16,
  INT16_MAX,
  roundingShiftRight,
  saturate16,
  shiftLeftSaturating,
  wrap16,
} from './fixed-point.js';

export type ActivationFlavour = 'gemmlowp' | 'lut256';

/** A constant of 32 bits (Q0.31 and so on) in 16 bits. */
const from32 = (value: number): number => roundingShiftRight(value, 16);

const EXP_MINUS_EIGHTH = from32(1895147668);
const THIRD = from32(715827883);
/** exp(-2^e) in Q0.15, e = -2..4. */
const EXP_POWERS = [
  [-2, from32(1672461947)],
  [-1, from32(1302514674)],
  [0, from32(790015084)],
  [1, from32(290630308)],
  [2, from32(39332535)],
  [3, from32(720401)],
  [4, from32(242)],
] as const;
/** 48/17 and -32/17 in Q2.13: the line Newton's division starts from. */
const NEWTON_OFFSET = from32(1515870810);
const NEWTON_SLOPE = from32(-1010580540);

/** exp(a) for a in [-1/4, 0), Q0.15 in and out: Taylor series to the fourth order around -1/8. */
export function expQuarter(a: number): number {
  const x = a + 2 ** 12;
  const x2 = highProduct16(x, x);
  const x3 = highProduct16(x2, x);
  const x4 = highProduct16(x2, x2);
  const tail = roundingShiftRight(
    wrap16(highProduct16(wrap16(roundingShiftRight(x4, 2) + x3), THIRD) + x2),
    1,
  );
  return saturate16(EXP_MINUS_EIGHTH + highProduct16(EXP_MINUS_EIGHTH, wrap16(x + tail)));
}

/** exp(a) for a <= 0 with `integerBits` integer bits, as Q0.15: a quarter's rest, then one factor per bit. */
export function expNegative(a: number, integerBits: number): number {
  if (a === 0) return INT16_MAX;
  const quarter = 2 ** (13 - integerBits);
  const rest = (a & (quarter - 1)) - quarter;
  let y = expQuarter(shiftLeftSaturating(rest, integerBits, 16));
  const quarters = rest - a;
  for (const [exponent, factor] of EXP_POWERS) {
    if (integerBits > exponent && ((quarters >> (15 - integerBits + exponent)) & 1) === 1) {
      y = highProduct16(y, factor);
    }
  }
  return integerBits > 5 && a < -(2 ** (20 - integerBits)) ? 0 : y;
}

/** 2 / (1 + y) for y in (0, 1), Q0.15 in, Q2.13 out: three Newton steps. */
export function twoOverOnePlus(y: number): number {
  const divisor = Math.trunc((y + INT16_MAX + 1) / 2);
  let x = wrap16(NEWTON_OFFSET + highProduct16(divisor, NEWTON_SLOPE));
  for (let k = 0; k < 3; k++) {
    const residue = wrap16(2 ** 13 - highProduct16(divisor, x));
    x = wrap16(x + shiftLeftSaturating(highProduct16(x, residue), 2, 16));
  }
  return x;
}

/** Sigmoid by gemmlowp's method; TensorFlow Lite's LSTM uses 3 integer bits. */
export function gemmlowpSigmoid(z: number, integerBits = 3): number {
  if (z === 0) return 2 ** 14;
  const y = twoOverOnePlus(expNegative(-Math.abs(z), integerBits));
  const positive = shiftLeftSaturating(y, 1, 16);
  return z > 0 ? positive : INT16_MAX - positive;
}

/** Tanh by gemmlowp's method, integerBits 0..6. */
export function gemmlowpTanh(x: number, integerBits: number): number {
  if (x === 0) return 0;
  // The same bits with one more integer bit are twice the value: exp(-2|x|).
  const y = twoOverOnePlus(expNegative(-Math.abs(x), integerBits + 1));
  const positive = shiftLeftSaturating(wrap16(y - 2 ** 13), 2, 16);
  return x > 0 ? positive : -positive;
}

/**
 * Entry k is about 65536 * sigmoid(k / 24): half of the error that linear interpolation has in the middle
 * of the following interval is added, so that the error is centred; the last entry is 1, saturated.
 */
export const SIGMOID_TABLE: Uint16Array = Uint16Array.from({ length: 256 }, (_, k) => {
  if (k === 255) return 65535;
  const exact = (at: number): number => 65536 / (1 + Math.exp(-at / 24));
  const middleError = exact(k + 0.5) - (exact(k) + exact(k + 1)) / 2;
  return Math.round(exact(k) + middleError / 2);
});

/** 2^bits * (table value at magnitude / 2^bits), for an index below 255. */
function interpolate(magnitude: number, bits: number): number {
  const index = magnitude >> bits;
  const fraction = magnitude & (2 ** bits - 1);
  const from = SIGMOID_TABLE[index];
  return from * 2 ** bits + fraction * (SIGMOID_TABLE[index + 1] - from);
}

/** 3 x * 2^leftShift, ties up: the table's step is 1/24, so this counts fractions of a step. */
function tableSteps(x: number, leftShift: number): number {
  if (leftShift >= 0) return 3 * x * 2 ** leftShift;
  return Math.floor((3 * x + 2 ** (-leftShift - 1)) / 2 ** -leftShift);
}

/** Sigmoid by table, of a value with 3 + leftShift integer bits. */
export function lutSigmoid(x: number, leftShift = 0): number {
  const steps = tableSteps(x, leftShift);
  const magnitude = Math.abs(steps);
  // 25 fraction bits.
  const y = magnitude >= 255 * 2 ** 9 ? INT16_MAX * 2 ** 10 : interpolate(magnitude, 9);
  return steps >= 0 ? (y + 512) >> 10 : (2 ** 25 - y + 511) >> 10;
}

/** Tanh by table as 2 sigmoid(2x) - 1, of a value with 3 + leftShift integer bits. */
export function lutTanh(x: number, leftShift: number): number {
  const steps = tableSteps(x, leftShift);
  const magnitude = Math.abs(steps);
  // 24 fraction bits.
  const y = magnitude >= 255 * 2 ** 8 ? 65535 * 2 ** 8 : interpolate(magnitude, 8);
  return steps >= 0 ? (y - 2 ** 23 + 128) >> 8 : (2 ** 23 - y + 127) >> 8;
}

/** Sigmoid of Q3.12 as Q0.15. */
export function sigmoid(z: number, flavour: ActivationFlavour): number {
  return flavour === 'lut256' ? lutSigmoid(z) : gemmlowpSigmoid(z);
}

/** Tanh of a value with `integerBits` integer bits as Q0.15. */
export function tanh(x: number, integerBits: number, flavour: ActivationFlavour): number {
  return flavour === 'lut256' ? lutTanh(x, integerBits - 3) : gemmlowpTanh(x, integerBits);
}

const tables = new Map<string, Int16Array>();

function tabulate(name: string, value: (x: number) => number): Int16Array {
  let table = tables.get(name);
  if (table === undefined) {
    table = Int16Array.from({ length: 65536 }, (_, k) => value(k - 32768));
    tables.set(name, table);
  }
  return table;
}

/** `sigmoid` of all int16 values, at index z + 32768; made once. */
export function sigmoidTable(flavour: ActivationFlavour): Int16Array {
  return tabulate(`sigmoid ${flavour}`, (z) => sigmoid(z, flavour));
}

/** `tanh` of all int16 values, at index x + 32768; made once. */
export function tanhTable(integerBits: number, flavour: ActivationFlavour): Int16Array {
  return tabulate(`tanh ${flavour} ${integerBits}`, (x) => tanh(x, integerBits, flavour));
}
