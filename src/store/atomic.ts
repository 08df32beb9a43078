/** Files and folders that appear whole or not at all. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileError, UserError } from '../errors.js';

const UNWRITABLE = 'choose another folder with --run or --out';

/** Leftovers of killed processes are recognised by this prefix and removed by the next write. */
const STAGING = '.halfgate-';

function stagingName(path: string): string {
  return join(
    dirname(path),
    `${STAGING}${process.pid}-${randomBytes(4).toString('hex')}-${basename(path)}`,
  );
}

export function processIsAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = new RegExp(`^\\${STAGING}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !processIsAlive(Number(pid))) {
      rmSync(join(folder, name), { recursive: true, force: true });
    }
  }
}

function writeWhole(path: string, data: Uint8Array | string): void {
  const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
  const file = openSync(path, 'wx');
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    // Without it a power cut could leave the new name on an empty file.
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * A folder that exists from now on; one clear error where it cannot. One level at a time: Node's own
 * recursive mkdir never returns where a parent cannot be made for want of its parent, as in /proc.
 */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at) && dirname(at) !== at; at = dirname(at)) {
    missing.push(at);
  }
  try {
    for (const folder of missing.reverse()) makeOneFolder(folder);
    if (!statSync(path).isDirectory()) mkdirSync(path);
  } catch (error) {
    throw fileError(path, error, UNWRITABLE);
  }
}

/** Another process may have made it meanwhile. */
function makeOneFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Write aside, flush, rename: readers see the old content or the new, never a part. */
export function writeFileAtomic(path: string, data: Uint8Array | string): void {
  makeFolder(dirname(path));
  const staged = stagingName(path);
  try {
    removeLeftovers(dirname(path));
    writeWhole(staged, data);
    renameSync(staged, path);
  } catch (error) {
    throw fileError(path, error, UNWRITABLE);
  } finally {
    rmSync(staged, { force: true });
  }
}

/** True when `path` is absent, empty, or a folder that `marker` in it says we wrote. */
function isOurs(path: string, marker: string): boolean {
  return !existsSync(path) || existsSync(join(path, marker)) || readdirSync(path).length === 0;
}

/**
 * Replace a whole folder by these files (relative name -> content). `marker` is one of them: a folder
 * that has other files and lacks it is the user's, and is refused.
 */
export function writeFolderAtomic(
  path: string,
  files: Readonly<Record<string, Uint8Array | string>>,
  marker: string,
): void {
  makeFolder(dirname(path));
  const staged = stagingName(path);
  const old = stagingName(path);
  try {
    removeLeftovers(dirname(path));
    if (!isOurs(path, marker)) {
      throw new UserError({
        where: path,
        given: `the folder has files and no ${marker}`,
        allowed: 'it was not written by halfgate and will not be replaced',
        hint: 'choose another folder or empty it',
      });
    }
    mkdirSync(staged);
    for (const [name, data] of Object.entries(files)) {
      mkdirSync(dirname(join(staged, name)), { recursive: true });
      writeWhole(join(staged, name), data);
    }
    if (existsSync(path)) renameSync(path, old);
    try {
      renameSync(staged, path);
    } catch (error) {
      if (existsSync(old)) renameSync(old, path);
      throw error;
    }
  } catch (error) {
    throw fileError(path, error, UNWRITABLE);
  } finally {
    rmSync(staged, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
  }
}

/** Content of a file, or undefined where there is none. */
export function readIfPresent(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(path, error);
  }
}
