/** Pieces of schemas that several artifacts share. */
import { z } from 'zod';
import { type Scheme, schemeProblems } from '../quant/scheme.js';
import { TANH_FORMS } from '../quant/tanh.js';

export const text = z.string().min(1);
export const count = z.int().nonnegative();
export const size = z.int().positive();
/** Any number but NaN and infinities, which JSON cannot hold. */
export const real = z.number();
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits of sha256');
/** The name of a scheme, `float` included. */
export const schemeName = text;

const layerWeights = z.strictObject({ i: text, f: text, g: text, o: text });

/** A scheme as a whole; what makes no sense is refused with the reason. */
export const quantizedScheme: z.ZodType<Scheme> = z
  .strictObject({
    name: text,
    weights: z.array(layerWeights).min(1),
    head: text,
    normalization: z.enum(['none', 'weight']),
    operandScales: z.enum(['shared', 'separate']),
    activations: z.enum(['int8', 'ternary']),
    gates: z.enum(['int16', 'level3', 'binary']),
    candidate: z.enum(['int16', 'ternary']),
    cell: z.strictObject({ bits: z.int(), fraction: z.int() }),
    slope: real,
    decisions: z.enum(['half', 'tracked']),
    tanh: z.enum(TANH_FORMS).optional(),
  })
  .superRefine((scheme, context) => {
    for (const message of schemeProblems(scheme)) context.addIssue({ code: 'custom', message });
  });
export const modelScheme = z.union([z.literal('float'), quantizedScheme]);

/** What an artifact was made from, by name: hashes of files, of options, the version of halfgate. */
export const inputs = z.record(z.string(), z.string());
export type Inputs = z.infer<typeof inputs>;

export function sameInputs(a: Inputs, b: Inputs): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
