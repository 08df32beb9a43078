import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Journal } from '../../src/store/journal.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
  path = join(folder, 'journal.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const RECORDS = [{ trial: 0, name: 'é "quoted"\n' }, { trial: 1 }, { trial: 2, list: [1, 2.5] }];

function write(records: readonly object[]): Buffer {
  const journal = Journal.open<object>(path);
  for (const record of records) journal.append(record);
  journal.close();
  return readFileSync(path);
}

test('gives back what was appended, in order, over any number of sessions', () => {
  write(RECORDS.slice(0, 1));
  write(RECORDS.slice(1));
  const journal = Journal.open(path);
  expect(journal.records).toEqual(RECORDS);
  journal.close();
});

test('a journal cut off at any byte keeps its whole records, and goes on to the same bytes', () => {
  const whole = write(RECORDS);
  const ends = [...whole.entries()].flatMap(([n, byte]) => (byte === 10 ? [n + 1] : []));
  for (let length = 0; length <= whole.length; length++) {
    writeFileSync(path, whole.subarray(0, length));
    const journal = Journal.open<object>(path);
    const kept = ends.filter((end) => end <= length).length;
    expect(journal.records).toEqual(RECORDS.slice(0, kept));
    for (const record of RECORDS.slice(kept)) journal.append(record);
    journal.close();
    expect(readFileSync(path).equals(whole)).toBe(true);
  }
});

test.each([
  ['another byte', (text: string) => text.replace('2.5', '2.6'), 3],
  ['a line taken out', (text: string) => text.split('\n').toSpliced(1, 1).join('\n'), 2],
  ['lines swapped', (text: string) => text.split('\n').toSpliced(0, 1).join('\n'), 1],
  ['text of others', (text: string) => `hello\n${text}`, 1],
])('%s is refused with its line, and the file left alone', (_, change, line) => {
  const changed = change(write(RECORDS).toString());
  writeFileSync(path, changed);
  expect(() => Journal.open(path)).toThrow(`${path}:${line}: not a record as it was written`);
  expect(readFileSync(path, 'utf8')).toBe(changed);
  // The lock is given back.
  expect(() => Journal.open(path)).toThrow(/not a record/);
});

test('a second writer is refused while the first runs; one that is gone does not matter', () => {
  const journal = Journal.open<object>(path);
  expect(() => Journal.open(path)).toThrow(`process ${process.pid} has it open`);
  journal.append(RECORDS[1]);
  journal.close();
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  writeFileSync(`${path}.lock`, String(gone));
  const next = Journal.open(path);
  expect(next.records).toEqual([RECORDS[1]]);
  next.close();
});

test('a folder that is not there is one clear complaint', () => {
  expect(() => Journal.open(join(folder, 'no', 'journal.jsonl'))).toThrow(/no such file or folder/);
});
