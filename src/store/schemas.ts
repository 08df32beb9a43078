/** Pieces of schemas that several artifacts share. */
import { z } from 'zod';

export const text = z.string().min(1);
export const count = z.int().nonnegative();
export const size = z.int().positive();
/** Any number but NaN and infinities, which JSON cannot hold. */
export const real = z.number();
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits of sha256');
export const modelScheme = z.enum(['float', 'int8', 'ternary-level3']);
export const schemeName = z.enum(['int8', 'ternary-level3']);

/** What an artifact was made from, by name: hashes of files, of options, the version of halfgate. */
export const inputs = z.record(z.string(), z.string());
export type Inputs = z.infer<typeof inputs>;

export function sameInputs(a: Inputs, b: Inputs): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
