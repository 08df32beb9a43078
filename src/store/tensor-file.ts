/**
 * A safetensors file and the JSON beside it that describes it and holds its hash: written as two files,
 * trusted only together.
 */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../errors.js';
import { type ArtifactKind, readArtifact, writeArtifact } from './artifact.js';
import { readIfPresent, writeFileAtomic } from './atomic.js';
import { decodeSafetensors, encodeSafetensors, type StoredTensors } from './safetensors.js';
import { sha256 } from './schemas.js';

export const tensorFile = z.strictObject({ file: z.string(), sha256 });

interface WithTensorFile {
  readonly tensors: z.infer<typeof tensorFile>;
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Writes `path` (JSON) and its tensors beside it as `<name>.safetensors`. */
export function writeWithTensors<T extends WithTensorFile>(
  path: string,
  kind: ArtifactKind<T>,
  body: Omit<T, 'tensors'>,
  tensors: StoredTensors,
): void {
  const file = `${basename(path, '.json')}.safetensors`;
  const bytes = encodeSafetensors(tensors, { format: `halfgate.${kind.name}` });
  // JSON first out, last in: while the tensors change nothing claims to describe them.
  rmSync(path, { force: true });
  writeFileAtomic(join(dirname(path), file), bytes);
  writeArtifact(path, kind, { ...body, tensors: { file, sha256: hashOf(bytes) } } as unknown as T);
}

/** @throws {UserError} where the tensors are missing, damaged, or not the ones described. */
export function readWithTensors<T extends WithTensorFile>(
  path: string,
  kind: ArtifactKind<T>,
): { readonly body: T; readonly tensors: StoredTensors } | undefined {
  const body = readArtifact(path, kind);
  if (body === undefined) return undefined;
  const { file, sha256: wanted } = body.tensors;
  if (file !== basename(file)) {
    throw new UserError({
      where: `${path}: tensors.file`,
      given: JSON.stringify(file),
      allowed: 'must be a file beside it',
    });
  }
  const tensorsPath = join(dirname(path), file);
  const bytes = readIfPresent(tensorsPath);
  if (bytes === undefined) {
    throw new UserError({
      where: tensorsPath,
      given: 'the file is missing',
      allowed: `${path} names it`,
    });
  }
  const { tensors } = decodeSafetensors(tensorsPath, bytes);
  if (hashOf(bytes) !== wanted) {
    throw new UserError({
      where: tensorsPath,
      given: `sha256 ${hashOf(bytes).slice(0, 12)}...`,
      allowed: `${path} says ${wanted.slice(0, 12)}...`,
      hint: 'the files do not belong together; repeat the stage that made them',
    });
  }
  return { body, tensors };
}
