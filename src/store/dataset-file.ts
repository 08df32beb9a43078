/** dataset.json: where the run's data comes from, so that later stages load the same. */
import { z } from 'zod';
import type { DatasetSpec } from '../data/dataset-spec.js';
import { artifact } from './artifact.js';
import { real, sha256, size, text } from './schemas.js';

const split = z.tuple([real, real, real]);

const spec: z.ZodType<DatasetSpec> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('text'),
    path: text,
    mode: z.enum(['auto', 'bytes', 'utf8']),
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
    seed: z.int(),
  }),
]);

const schema = z.strictObject({
  spec,
  name: text,
  /** Of the files read. */
  sha256,
  summary: text,
  notes: z.array(z.string()),
  /** Symbols of a text, classes of series. */
  labels: z.array(z.string()).min(1),
});

export type DatasetFile = z.infer<typeof schema>;
export const DATASET = artifact('dataset', 1, schema);
