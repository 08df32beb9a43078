/**
 * An append-only journal: a line for each record, each with a checksum over itself and all before it. What a killed process
 * left half-written at the end is cut off when the journal is opened again; anything else that is not as it was
 * written is refused with its line. One process writes at a time.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { fileError, systemCode, UserError } from '../errors.js';
import { processIsAlive } from './atomic.js';

/** First 16 hex digits of sha256 over the line before and this one. */
function chained(previous: string, text: string): string {
  return createHash('sha256').update(previous).update(text).digest('hex').slice(0, 16);
}

const LINE = /^([0-9a-f]{16}) (.*)$/;

interface Read {
  readonly records: unknown[];
  /** Bytes that hold whole records. */
  readonly bytes: number;
  readonly last: string;
}

/** Whole records of a journal's bytes. @throws {UserError} at a line that is not as it was written. */
function readLines(path: string, data: Buffer): Read {
  const records: unknown[] = [];
  let [bytes, last, line] = [0, '', 0];
  for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, bytes)) {
    line++;
    const text = data.toString('utf8', bytes, end);
    const match = LINE.exec(text);
    if (match?.[1] !== chained(last, match?.[2] ?? '')) {
      throw new UserError({
        where: `${path}:${line}`,
        given: 'not a record as it was written, or records before it are missing',
        allowed: 'nothing but what halfgate appends',
        hint: 'restore the file, or search into another folder',
      });
    }
    records.push(JSON.parse(match[2]));
    [bytes, last] = [end + 1, match[1]];
  }
  return { records, bytes, last };
}

export class Journal<T> {
  private constructor(
    readonly path: string,
    private readonly file: number,
    private readonly all: T[],
    private last: string,
  ) {}

  /**
   * Open a journal, or begin one; the caller closes it.
   * @throws {UserError} where another process has it open, where it cannot be written, or at a line that is not as it
   *   was written.
   */
  static open<T>(path: string): Journal<T> {
    const lock = `${path}.lock`;
    takeLock(path, lock);
    try {
      const data = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
      const { records, bytes, last } = readLines(path, data);
      const file = openSync(path, existsSync(path) ? 'r+' : 'w');
      if (bytes < data.length) {
        ftruncateSync(file, bytes);
        fsyncSync(file);
      }
      closeSync(file);
      return new Journal(path, openSync(path, 'a'), records as T[], last);
    } catch (error) {
      rmSync(lock, { force: true });
      throw fileError(path, error);
    }
  }

  get records(): readonly T[] {
    return this.all;
  }

  /** On the disk when this returns. */
  append(record: T): void {
    const text = JSON.stringify(record);
    const sum = chained(this.last, text);
    const bytes = Buffer.from(`${sum} ${text}\n`);
    for (let at = 0; at < bytes.length;) at += writeSync(this.file, bytes, at);
    fsyncSync(this.file);
    this.last = sum;
    this.all.push(record);
  }

  close(): void {
    closeSync(this.file);
    rmSync(`${this.path}.lock`, { force: true });
  }
}

/** The file of a lock names its process; that of a process that is gone does not count. */
function takeLock(path: string, lock: string): void {
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw fileError(path, error);
    }
    const holder = Number(existsSync(lock) ? readFileSync(lock, 'utf8') : 0);
    if (attempt > 0 || (holder > 0 && processIsAlive(holder))) {
      throw new UserError({
        where: path,
        given: `process ${holder} has it open`,
        allowed: 'one process at a time',
        hint: `wait for it, or remove ${lock} if it runs on no machine`,
      });
    }
    rmSync(lock, { force: true });
  }
}
