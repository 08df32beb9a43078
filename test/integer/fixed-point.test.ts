import { describe, expect, test } from 'vitest';
import {
  checkedLog2,
  effectiveScale,
  highProduct16,
  highProduct32,
  multiplierValue,
  quantizeMultiplier,
  requantize,
  requantizeDouble,
  requantizeReduced,
  requantizeSingle,
  roundingShiftRight,
  shiftLeftSaturating,
  wrap16,
} from '../../src/integer/fixed-point.js';
import { Random } from '../../src/model/random.js';

const SEED = 41;
const CASES = 20_000;

/** Signed, of any magnitude up to 2^bits, extremes included. */
function wide(random: Random, bits: number): number {
  const limit = 2 ** (bits - 1);
  const kind = random.integer(8);
  if (kind === 0) return -limit;
  if (kind === 1) return limit - 1;
  const magnitude = Math.floor(random.uniform() * 2 ** random.integer(bits));
  return random.integer(2) === 0 ? magnitude : 0 - magnitude;
}

const floorShift = (value: bigint, right: number): bigint =>
  right >= 0 ? value >> BigInt(right) : value << BigInt(-right);

function bigHighProduct(a: number, b: number, bits: number): number {
  if (a === -(2 ** (bits - 1)) && b === a) return 2 ** (bits - 1) - 1;
  const product = BigInt(a) * BigInt(b) + (1n << BigInt(bits - 2));
  return Number(product >> BigInt(bits - 1));
}

function bigShiftRight(x: bigint, exponent: number): number {
  const half = exponent === 0 ? 0n : 1n << BigInt(exponent - 1);
  const magnitude = ((x < 0n ? -x : x) + half) >> BigInt(exponent);
  return Number(x < 0n ? -magnitude : magnitude);
}

function bigRequantizeDouble(x: number, multiplier: number, shift: number): number {
  const shifted = BigInt(x) << BigInt(Math.max(shift, 0));
  const high = (shifted * BigInt(multiplier) + (1n << 30n)) >> 31n;
  return bigShiftRight(high, Math.max(-shift, 0));
}

function bigRequantizeSingle(x: number, multiplier: number, shift: number): number {
  const half = 1n << BigInt(30 - shift);
  return Number(floorShift(BigInt(x) * BigInt(multiplier) + half, 31 - shift));
}

function bigReduced(x: number, multiplier: number, shift: number): number {
  const upper = (multiplier + 32768) >> 16;
  const reduced = BigInt(Math.min(upper, 32767));
  const half = 1n << BigInt(14 - shift);
  return Number(floorShift(BigInt(x) * reduced + half, 15 - shift));
}

describe(`against BigInt formulas, seed ${SEED}`, () => {
  test('highProduct32 and highProduct16 are exact, the one overflow saturates', () => {
    const random = new Random(SEED);
    expect(highProduct32(-(2 ** 31), -(2 ** 31))).toBe(2 ** 31 - 1);
    expect(highProduct16(-32768, -32768)).toBe(32767);
    for (let n = 0; n < CASES; n++) {
      const [a, b] = [wide(random, 32), wide(random, 32)];
      expect(highProduct32(a, b), `${a} ${b}`).toBe(bigHighProduct(a, b, 32));
      const [c, d] = [wide(random, 16), wide(random, 16)];
      expect(highProduct16(c, d), `${c} ${d}`).toBe(bigHighProduct(c, d, 16));
    }
  });

  test('roundingShiftRight rounds to nearest, ties away from zero', () => {
    const random = new Random(SEED);
    for (let n = 0; n < CASES; n++) {
      const x = wide(random, 50);
      const exponent = random.integer(50);
      expect(roundingShiftRight(x, exponent), `${x} ${exponent}`).toBe(
        bigShiftRight(BigInt(x), exponent),
      );
    }
  });

  test('requantization is exact in both roundings and in the reduced form', () => {
    const random = new Random(SEED);
    for (let n = 0; n < CASES; n++) {
      const shift = random.integer(40) - 31;
      const x = wide(random, 32 - Math.max(shift, 0));
      const multiplier = 2 ** 30 + random.integer(2 ** 30);
      const name = `${x} ${multiplier} ${shift}`;
      expect(requantizeDouble(x, multiplier, shift), name).toBe(
        bigRequantizeDouble(x, multiplier, shift),
      );
      expect(requantizeSingle(x, multiplier, shift), name).toBe(
        bigRequantizeSingle(x, multiplier, shift),
      );
      const long = wide(random, 53);
      const small = Math.min(shift, -8);
      expect(requantizeReduced(long, { multiplier, shift: small }), `${long} ${name}`).toBe(
        bigReduced(long, multiplier, small),
      );
    }
  });

  test('quantizeMultiplier is the nearest multiplier of 31 bits', () => {
    const random = new Random(SEED);
    for (let n = 0; n < CASES; n++) {
      const value = (0.5 + random.uniform() / 2) * 2 ** (random.integer(50) - 31);
      const found = quantizeMultiplier(value);
      expect(found.multiplier).toBeGreaterThanOrEqual(2 ** 30);
      expect(found.multiplier).toBeLessThan(2 ** 31);
      expect(Math.abs(multiplierValue(found) - value)).toBeLessThanOrEqual(2 ** (found.shift - 32));
    }
  });
});

describe('samples', () => {
  test.each([
    [5, 0.5, 3],
    [-5, 0.5, -2],
    [3, 0.5, 2],
    [-3, 0.5, -1],
    [-1, 0.25, 0],
    [-2, 0.25, -1],
    [2, 0.25, 1],
  ])('%d * %d rounds twice to %d', (x, factor, result) => {
    expect(requantize(x, quantizeMultiplier(factor), 'double')).toBe(result);
  });

  test('rounding once, -2 / 4 is 0', () => {
    expect(requantize(-2, quantizeMultiplier(0.25), 'single')).toBe(0);
  });

  test('the two roundings differ in about one of a thousand results, by 1', () => {
    const random = new Random(SEED);
    const scale = quantizeMultiplier(0.00137);
    let differences = 0;
    for (let n = 0; n < CASES; n++) {
      const x = random.integer(2 ** 24) - 2 ** 23;
      const difference = requantize(x, scale, 'double') - requantize(x, scale, 'single');
      expect(Math.abs(difference)).toBeLessThanOrEqual(1);
      if (difference !== 0) differences++;
    }
    expect(differences / CASES).toBeGreaterThan(0.0002);
    expect(differences / CASES).toBeLessThan(0.005);
  });

  test('multipliers of special values', () => {
    expect(quantizeMultiplier(0)).toEqual({ multiplier: 0, shift: 0 });
    expect(quantizeMultiplier(1)).toEqual({ multiplier: 2 ** 30, shift: 1 });
    expect(quantizeMultiplier(1 - 2 ** -53)).toEqual({ multiplier: 2 ** 30, shift: 1 });
    expect(quantizeMultiplier(2 ** -32)).toEqual({ multiplier: 2 ** 30, shift: -31 });
    expect(quantizeMultiplier(2 ** -32.5)).toEqual({ multiplier: 0, shift: 0 });
    expect(quantizeMultiplier(2 ** -33 * (2 - 2 ** -40))).toEqual({
      multiplier: 2 ** 30,
      shift: -31,
    });
    expect(() => quantizeMultiplier(-1)).toThrow('quantizeMultiplier: -1 is not a finite number');
    expect(() => quantizeMultiplier(NaN)).toThrow(RangeError);
  });

  test('float32 scales round operands and results', () => {
    const { fround } = Math;
    const exact = effectiveScale(0.1, 0.3, 0.7, 'float64');
    const rounded = effectiveScale(0.1, 0.3, 0.7, 'float32');
    expect(exact).toBe((0.1 * 0.3) / 0.7);
    expect(rounded).toBe(fround(fround(fround(0.1) * fround(0.3)) / fround(0.7)));
    expect(quantizeMultiplier(rounded)).not.toEqual(quantizeMultiplier(exact));
  });

  test('a power of two is recognized within a thousandth of an exponent', () => {
    expect(checkedLog2(2 ** -12)).toBe(-12);
    expect(checkedLog2(0.00003051804378628731)).toBe(-15);
    expect(checkedLog2(2 ** -11.998)).toBeUndefined();
  });

  test('left shifts saturate, casts wrap', () => {
    expect(shiftLeftSaturating(-20000, 1, 16)).toBe(-32768);
    expect(shiftLeftSaturating(20000, 1, 16)).toBe(32767);
    expect(shiftLeftSaturating(3, 2, 32)).toBe(12);
    expect(wrap16(32768)).toBe(-32768);
    expect(wrap16(-32769)).toBe(32767);
  });
});
