import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileError, UserError } from '../errors.js';

/** The bytes of a file that must not be empty. */
export function readBytes(path: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw fileError(path, error);
  }
  if (bytes.length === 0) {
    throw new UserError({ where: path, given: 'the file is empty', allowed: 'needs data' });
  }
  return bytes;
}

/** Lines of a text file, without their ends; a byte order mark is dropped. */
export function readLines(path: string, bytes: Buffer): string[] {
  const nul = bytes.indexOf(0);
  if (nul >= 0) {
    throw new UserError({
      where: path,
      given: `binary file (byte ${nul} is 0)`,
      allowed: 'must be text',
    });
  }
  return bytes
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/);
}

export function sha256(...parts: readonly (Uint8Array | string)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}
