/** What the requantizer (hgi_requantize.v) multiplies and shifts by. */
import { type Multiplier, reducedMultiplier, type Rounding } from '../integer/fixed-point.js';

/** p = x * multiplier; floor((p + 2^(shift-1)) / 2^shift). */
export interface Scale {
  /** 0..2^31-1 */
  readonly multiplier: number;
  /** 1..62 */
  readonly shift: number;
  /** p is first rounded to a multiple of 2^31, ties up. */
  readonly isPreRounded: boolean;
  /** Ties away from zero instead of up. */
  readonly isTieAway: boolean;
}

export const SHIFT_LIMITS = { min: 1, max: 62 } as const;

/**
 * `requantize` of 32-bit values. A positive shift leaves one rounding: the high product's, of bits below the
 * binary point.
 */
export function scaleOf({ multiplier, shift }: Multiplier, rounding: Rounding): Scale {
  const isTwice = rounding === 'double' && shift <= 0;
  return { multiplier, shift: 31 - shift, isPreRounded: isTwice, isTieAway: isTwice };
}

/** `requantizeReduced`: accumulators of 16-bit activations. */
export function reducedScaleOf({ multiplier, shift }: Multiplier): Scale {
  return {
    multiplier: reducedMultiplier(multiplier),
    shift: 15 - shift,
    isPreRounded: false,
    isTieAway: false,
  };
}

/** `roundingShiftRight` by 1 or more. */
export function shiftScale(exponent: number): Scale {
  return { multiplier: 2 ** 30, shift: 30 + exponent, isPreRounded: false, isTieAway: true };
}

/** 0, whatever x is. */
export const ZERO_SCALE: Scale = { ...scaleOf({ multiplier: 0, shift: 0 }, 'single') };

/** Largest magnitude of a result for |x| up to `limit`. */
export function scaledLimit({ multiplier, shift }: Scale, limit: number): number {
  return Math.floor(limit * multiplier * 2 ** -shift) + 1;
}
