/** A training run between two steps, in one file so that one rename replaces it whole. */
import { rmSync } from 'node:fs';
import type { Tensors } from '../model/model.js';
import type { TrainState } from '../train/train.js';
import { z } from 'zod';
import { parseJson, parseWith } from './artifact.js';
import { readIfPresent, writeFileAtomic } from './atomic.js';
import { decodeSafetensors, encodeSafetensors, type StoredTensors } from './safetensors.js';
import { retrainingRound, validation } from './model-file.js';
import { count, inputs, type Inputs, real, sameInputs } from './schemas.js';

const KEY = 'halfgate.checkpoint';

const schema = z.strictObject({
  inputs,
  meta: z.strictObject({
    version: z.literal(1),
    step: count,
    runningLoss: real,
    validations: z.array(validation),
    curve: z.array(z.tuple([count, real])),
    best: z.int().min(-1),
    // Compared by the trainer with its own, word for word.
    config: z.record(z.string(), z.unknown()),
    rounds: z.array(retrainingRound).optional(),
  }),
});

export function writeCheckpoint(path: string, made: Inputs, state: TrainState): void {
  const text = JSON.stringify({ inputs: made, meta: state.meta });
  writeFileAtomic(path, encodeSafetensors(state.tensors as StoredTensors, { [KEY]: text }));
}

/** The checkpoint, when there is one and it was made from the same inputs. */
export function readCheckpoint(path: string, wanted: Inputs): TrainState | undefined {
  const bytes = readIfPresent(path);
  if (bytes === undefined) return undefined;
  const { tensors, metadata } = decodeSafetensors(path, bytes);
  const read = parseWith(path, schema, parseJson(path, metadata[KEY] ?? 'null'));
  if (!sameInputs(read.inputs, wanted)) return undefined;
  return { tensors: tensors as Tensors, meta: read.meta as unknown as TrainState['meta'] };
}

export function removeCheckpoint(path: string): void {
  rmSync(path, { force: true });
}
