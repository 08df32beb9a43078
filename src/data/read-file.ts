import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { fileError, UserError } from '../errors.js';

/** The path without `.gz`: its extension says the format of the content. */
export function unpackedName(path: string): string {
  return path.replace(/\.gz$/i, '');
}

function unpack(path: string, bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes);
  } catch (error) {
    throw new UserError({
      where: path,
      given: `cannot be unpacked (${error instanceof Error ? error.message : String(error)})`,
      allowed: 'a name that ends in .gz must belong to a whole gzip file',
    });
  }
}

/** The content of a file, unpacked where its name ends in `.gz`; it must not be empty. */
export function readBytes(path: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw fileError(path, error);
  }
  if (bytes.length > 0 && unpackedName(path) !== path) bytes = unpack(path, bytes);
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

/** Of the content read: the same for a file and its `.gz`. */
export function sha256(...parts: readonly (Uint8Array | string)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}
