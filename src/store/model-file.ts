/** Model <-> model.json and model.safetensors. */
import { z } from 'zod';
import { UserError } from '../errors.js';
import { fromTensors, type Model, type Tensors, toTensors } from '../model/model.js';
import { artifact } from './artifact.js';
import { count, inputs, type Inputs, modelScheme, real, size, text } from './schemas.js';
import { readWithTensors, tensorFile, writeWithTensors } from './tensor-file.js';

const meta = z.strictObject({
  scheme: modelScheme,
  input: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.enum(['tokens', 'one-hot']), vocabSize: size }),
    z.strictObject({
      kind: z.literal('features'),
      tables: z.array(z.strictObject({ name: text, count: size, size })).min(1),
    }),
    z.strictObject({
      kind: z.literal('dense'),
      mean: z.array(real).min(1),
      gain: z.array(real).min(1),
    }),
  ]),
  layers: z
    .array(z.strictObject({ inputSize: size, hiddenSize: size, bidirectional: z.boolean() }))
    .min(1),
  head: z.strictObject({
    classes: size,
    when: z.enum(['every-step', 'last-step']),
    output: z.enum(['class', 'value']),
  }),
});

export const validation = z.strictObject({
  step: count,
  loss: real,
  accuracy: real,
  f1: real.optional(),
  rmse: real.optional(),
});

export const retrainingRound = z.strictObject({ round: count, loss: real, relativeError: real });

/** How a model came to be, for the report. */
export const trainingLog = z.strictObject({
  engine: text,
  engineVersion: text,
  steps: size,
  stepsPerEpoch: size,
  parametersAtStep: count,
  validations: z.array(validation),
  curve: z.array(z.tuple([count, real])),
  seconds: real,
  msPerStep: real,
  memoryBytes: count.optional(),
  /** Of iterative retraining: each round, right after quantizing. */
  rounds: z.array(retrainingRound).optional(),
});
export type StoredTrainingLog = z.infer<typeof trainingLog>;

/** Measured on the test part; for quantized schemes these are the golden integer model's figures. */
export const evaluation = z.strictObject({
  split: z.enum(['train', 'valid', 'test']),
  loss: real,
  bitsPerSymbol: real.optional(),
  perplexity: real.optional(),
  /** Entity F1, 0..1. */
  f1: real.optional(),
  /** In the target's unit. */
  rmse: real.optional(),
  /** Of remaining lives. */
  nasaScore: real.optional(),
  accuracy: real,
  count: size,
  /** Steps repeated on the golden model itself, logits equal. */
  goldenSteps: count,
});
export type StoredEvaluation = z.infer<typeof evaluation>;

const schema = z.strictObject({
  inputs,
  meta,
  parameters: size,
  seed: z.int(),
  training: trainingLog,
  evaluation,
  tensors: tensorFile,
});
export type ModelFile = z.infer<typeof schema>;

export const MODEL = artifact('model', 2, schema);

export interface StoredModel extends Omit<ModelFile, 'meta' | 'tensors'> {
  readonly model: Model;
}

export function writeModel(path: string, { model, ...about }: StoredModel): void {
  const { meta, tensors } = toTensors(model);
  writeWithTensors(path, MODEL, { ...about, meta: meta as ModelFile['meta'] }, tensors);
}

export function readModel(path: string): StoredModel | undefined {
  const read = readWithTensors(path, MODEL);
  if (read === undefined) return undefined;
  const { meta, tensors: _, ...about } = read.body;
  try {
    return { ...about, model: fromTensors(meta, read.tensors as Tensors) };
  } catch (error) {
    throw new UserError({
      where: path,
      given: (error as Error).message.replace('fromTensors: ', ''),
    });
  }
}

export type { Inputs };
