/** Widths of fields. */

/** Bits of an unsigned field that holds 0..count-1; at least one. */
export function indexBits(count: number): number {
  return Math.max(1, Math.ceil(Math.log2(count)));
}

/** Bits of the narrowest two's complement number that holds -bound..bound. */
export function signedBits(bound: number): number {
  let bits = 2;
  while (2 ** (bits - 1) - 1 < bound) bits++;
  return bits;
}
