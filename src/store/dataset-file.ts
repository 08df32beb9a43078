/** dataset.json: where the run's data comes from, so that later stages load the same. */
import { z } from 'zod';
import type { DatasetSpec } from '../data/dataset-spec.js';
import { TOKEN_FEATURES } from '../data/token-features.js';
import { artifact } from './artifact.js';
import { count, real, sha256, size, text } from './schemas.js';

const split = z.tuple([real, real, real]);
const seed = z.int();
const normalization = z.enum(['range', 'deviation']).optional();
const windows = { window: size.optional(), stride: size.optional() };
const parts = { path: text, validPath: text.optional(), testPath: text.optional() };

const spec: z.ZodType<DatasetSpec> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('text'),
    ...parts,
    mode: z.enum(['auto', 'bytes', 'utf8', 'words', 'symbols']),
    maxSymbols: size,
    split,
  }),
  z.strictObject({ kind: z.literal('corpus'), characters: size, maxSymbols: size, split }),
  z.strictObject({
    kind: z.literal('series'),
    path: text,
    testPath: text.optional(),
    labelColumn: text.optional(),
    idColumn: text.optional(),
    timeColumn: text.optional(),
    split,
    seed,
  }),
  z.strictObject({
    kind: z.literal('mnist'),
    path: text,
    order: z.enum(['rows', 'pixels']),
    validCount: count.optional(),
  }),
  z.strictObject({
    kind: z.literal('ecg5000'),
    path: text,
    testPath: text,
    validShare: real.optional(),
    seed,
  }),
  z.strictObject({ kind: z.literal('strikewatch'), path: text, person: count.optional() }),
  z.strictObject({
    kind: z.literal('tagging'),
    ...parts,
    tokenColumn: size.optional(),
    tagColumn: size.optional(),
    scheme: z.enum(['IOB2', 'BIOES']).optional(),
    minCount: size.optional(),
    features: z.array(z.enum(TOKEN_FEATURES)).min(1).optional(),
    splitBy: z.enum(['document', 'sentence']).optional(),
    split,
    seed,
  }),
  z.strictObject({
    kind: z.literal('cmapss'),
    path: text,
    ...windows,
    maxLife: real.optional(),
    validShare: real.optional(),
    normalization,
    columns: z.array(size).min(1).optional(),
    seed,
  }),
  z.strictObject({
    kind: z.literal('regression'),
    path: text,
    testPath: text.optional(),
    targetColumn: text,
    idColumn: text.optional(),
    timeColumn: text.optional(),
    ...windows,
    normalization,
    split,
    seed,
  }),
]);

const schema = z.strictObject({
  spec,
  name: text,
  /** Of the content read, after unpacking. */
  sha256,
  summary: text,
  notes: z.array(z.string()),
  /** Symbols of a text, classes of series, tags of sentences, the name of a real target. */
  labels: z.array(z.string()).min(1),
});

export type DatasetFile = z.infer<typeof schema>;
export const DATASET = artifact('dataset', 1, schema);
