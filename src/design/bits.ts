/** Widths of fields. */

/** Bits of an unsigned field that holds 0..count-1; at least one. */
export function indexBits(count: number): number {
  if (count <= 2) return 1;
  return count < 2 ** 31 ? 32 - Math.clz32(count - 1) : Math.ceil(Math.log2(count));
}

/** Bits of the narrowest two's complement number that holds -bound..bound. */
export function signedBits(bound: number): number {
  let bits = bound < 2 ** 31 ? Math.max(2, 33 - Math.clz32(bound)) : 32;
  while (2 ** (bits - 1) - 1 < bound) bits++;
  return bits;
}
