/**
 * The pipeline on a run folder: each stage reads what the one before wrote, and is skipped when its
 * inputs (hashes, options, version) are those of the result already there.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { UserError } from '../../errors.js';
import { packageRoot, packageVersion } from '../../package-root.js';
import { type ArtifactKind, readArtifact, writeArtifact } from '../../store/artifact.js';
import { type Inputs, sameInputs } from '../../store/schemas.js';

/** `isFresh`: made now, not found up to date. */
export interface Staged<T> {
  readonly value: T;
  readonly isFresh: boolean;
}

export interface StageOptions {
  /** Repeat the stage though nothing changed. */
  readonly isForced: boolean;
}

export function hashOf(...values: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(values)).digest('hex');
}

/** Version, and in a clone a hash of the code: results of older code are not taken for new ones. */
export function codeVersion(): string {
  try {
    const stamp = readFileSync(new URL('dist/build.json', packageRoot()), 'utf8');
    return `${packageVersion()}+${(JSON.parse(stamp) as { sources: string }).sources.slice(0, 8)}`;
  } catch {
    return packageVersion();
  }
}

/** An artifact whose inputs are these; a damaged or older one counts as none. */
export function upToDate<T extends { readonly inputs: Inputs }>(
  path: string,
  kind: ArtifactKind<T>,
  inputs: Inputs,
): T | undefined {
  try {
    const present = readArtifact(path, kind);
    return present !== undefined && sameInputs(present.inputs, inputs) ? present : undefined;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

export async function cached<T extends { readonly inputs: Inputs }>(
  path: string,
  kind: ArtifactKind<T>,
  inputs: Inputs,
  { isForced }: StageOptions,
  work: () => Promise<Omit<T, 'inputs'>> | Omit<T, 'inputs'>,
): Promise<Staged<T>> {
  const present = isForced ? undefined : upToDate(path, kind, inputs);
  if (present !== undefined) return { value: present, isFresh: false };
  const value = { ...(await work()), inputs } as T;
  writeArtifact(path, kind, value);
  return { value, isFresh: true };
}
