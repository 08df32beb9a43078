/** How the cell makes h from c: a table of tanh(s c), or, where that is all h needs, points at which c decides. */
import { cellArithmetic } from '../quant/arithmetic.js';
import type { Scheme } from '../quant/scheme.js';
import { TANH_FRACTION, TANH_TABLE_BITS, TANH_TABLE_SIZE } from '../quant/tanh.js';

/** Bits of |o tanh(c)| from which a ternary h is not 0. */
export const DECISION_BITS = 13;

/** Fraction bits of the table's argument: |c| < 4 in steps of 2^-7. */
const ARGUMENT_FRACTION = TANH_TABLE_BITS - 2;

export interface SquashShape {
  /** Bits of an entry, unsigned: 12, or 13 where tanh(s c) rounds to 1. */
  readonly bits: number;
  readonly depth: number;
  /** Entry n belongs to c = n * 2^shift. */
  readonly shift: number;
}

const shapes = new WeakMap<Scheme, SquashShape>();

/** Of a scheme's table; found once. */
export function squashShape(scheme: Scheme): SquashShape {
  const known = shapes.get(scheme);
  if (known) return known;
  const shape = shapeOf(scheme);
  shapes.set(scheme, shape);
  return shape;
}

function shapeOf(scheme: Scheme): SquashShape {
  const { bits, fraction } = scheme.cell;
  const shift = Math.max(0, fraction - ARGUMENT_FRACTION);
  const arguments4 = fraction >= ARGUMENT_FRACTION ? TANH_TABLE_SIZE : 2 ** (fraction + 2) + 1;
  const depth = Math.min(arguments4, 2 ** (bits - 1 - shift) + 1);
  const largest = cellArithmetic(scheme).squash((depth - 1) * 2 ** shift);
  return { bits: largest === 2 ** TANH_FRACTION ? TANH_FRACTION + 1 : TANH_FRACTION, depth, shift };
}

/** tanh(s c) in Q0.12 for c = 0, 2^shift, 2 * 2^shift, ... */
export function squashTable(scheme: Scheme): number[] {
  const { depth, shift } = squashShape(scheme);
  const { squash } = cellArithmetic(scheme);
  return Array.from({ length: depth }, (_, n) => squash(n * 2 ** shift));
}

/**
 * Magnitudes of c from which a ternary h is not 0, beside gates that only shift: +1 and -1 at o = 1, then +1
 * and -1 at o = 1/2 (a half rounds down, so that the two differ). 2^(bits-1) + 1 says never.
 */
export function cellDecisions(scheme: Scheme, decision: number): readonly number[] {
  const { hidden } = cellArithmetic(scheme);
  const most = 2 ** (scheme.cell.bits - 1);
  return [2, 1].flatMap((level) =>
    [1, -1].map((sign) => {
      // |tanh| grows with |c|, so the first c that decides is the point.
      let [low, high] = [1, most + 1];
      while (low < high) {
        const c = Math.floor((low + high) / 2);
        if (hidden(level, sign * c, decision) === sign) high = c;
        else low = c + 1;
      }
      return low;
    }),
  );
}
