/**
 * StrikeWatch (Ling et al. 2025, arXiv:2510.24738): a folder of personK_heelstrike.csv and
 * personK_forefootstrike.csv with columns x, y, z (and others, not used), one class per file.
 *
 * As its authors do: every file cut to the length of the shortest, 70/10/20 in the order of time, then
 * windows of 50 rows every 12 rows, of which every second row is kept: 25 steps of 3 channels. Unlike them,
 * x, y and z are each scaled by one mean and deviation, not by one for each step of the window.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileError, UserError } from '../errors.js';
import type { SeriesCase, SeriesDataset } from '../model/dataset.js';
import { channelValues, checkWidth, columnOf, readRows } from './csv-rows.js';
import type { Loaded } from './loaded.js';
import { statistics } from './normalization.js';
import { readBytes, sha256 } from './read-file.js';
import { splitLengths, type SplitParts } from './split.js';

export interface StrikeWatchOptions {
  /** Data of this person only; default all persons, each split in time. */
  readonly person?: number | undefined;
}

const CLASSES = ['forefootstrike', 'heelstrike'];
const AXES = ['x', 'y', 'z'];
const WINDOW = 50;
const STRIDE = 12;
const KEEP_EVERY = 2;
const SPLIT: SplitParts = [0.7, 0.1, 0.2];

interface Recording {
  readonly path: string;
  readonly person: number;
  readonly label: number;
}

/** By person as a number, so that 10 comes after 9, then by class. */
function recordingsIn(folder: string): Recording[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    throw fileError(folder, error);
  }
  const found = names.flatMap((name): Recording[] => {
    const match = /^person(\d+)_(forefootstrike|heelstrike)\.csv(\.gz)?$/.exec(name);
    if (match === null) return [];
    return [
      { path: join(folder, name), person: Number(match[1]), label: CLASSES.indexOf(match[2]) },
    ];
  });
  if (found.length > 0) return found.sort((a, b) => a.person - b.person || a.label - b.label);
  throw new UserError({
    where: folder,
    given: 'no recording',
    allowed: 'needs files personK_forefootstrike.csv and personK_heelstrike.csv',
  });
}

/** [rows, 3] */
function readAxes(path: string, bytes: Buffer): Float32Array {
  const [header, ...rows] = readRows(path, bytes);
  for (const row of rows) checkWidth(path, row, header.cells.length, 'the header');
  return channelValues(
    path,
    rows,
    AXES.map((axis) => columnOf(path, header, axis, [])),
  );
}

/** Windows of rows `from` to before `to`. */
function windows(axes: Float32Array, label: number, from: number, to: number): SeriesCase[] {
  const cases: SeriesCase[] = [];
  const steps = WINDOW / KEEP_EVERY;
  for (let begin = from; begin + WINDOW <= to; begin += STRIDE) {
    const values = new Float32Array(steps * AXES.length);
    for (let t = 0; t < steps; t++) {
      const row = (begin + t * KEEP_EVERY) * AXES.length;
      values.set(axes.subarray(row, row + AXES.length), t * AXES.length);
    }
    cases.push({ values, label });
  }
  return cases;
}

function chosen(
  folder: string,
  recordings: readonly Recording[],
  person: number | undefined,
): number[] {
  const persons = [...new Set(recordings.map((recording) => recording.person))];
  if (person === undefined) return persons;
  if (persons.includes(person)) return [person];
  throw new UserError({
    where: folder,
    given: `no person ${person}`,
    allowed: `the folder has ${persons.join(', ')}`,
  });
}

export function loadStrikeWatch(
  folder: string,
  options: StrikeWatchOptions = {},
): Loaded<SeriesDataset> {
  const recordings = recordingsIn(folder);
  const persons = chosen(folder, recordings, options.person);
  const contents = recordings.map(({ path }) => readBytes(path));
  const axes = recordings.map(({ path }, k) => readAxes(path, contents[k]));
  const rows = Math.min(...axes.map(({ length }) => length / AXES.length));
  const [trainRows, validRows] = splitLengths(rows, SPLIT);
  const borders = [0, trainRows, trainRows + validRows, rows];
  const part = (k: number): SeriesCase[] =>
    recordings.flatMap(({ person, label }, n) =>
      persons.includes(person) ? windows(axes[n], label, borders[k], borders[k + 1]) : [],
    );
  const [train, valid, test] = [part(0), part(1), part(2)];
  if (train.length === 0 || test.length === 0) {
    const shortest = recordings[axes.findIndex(({ length }) => length === rows * AXES.length)];
    throw new UserError({
      where: shortest.path,
      given: `${rows} rows`,
      allowed: `the shortest file must have windows of ${WINDOW} rows in each part of 70/10/20`,
    });
  }
  return {
    dataset: {
      kind: 'series',
      channels: AXES.length,
      classes: CLASSES,
      ...statistics(train, AXES.length),
      train,
      valid,
      test,
    },
    sha256: sha256(...contents),
    summary:
      `${persons.length === 1 ? `person ${persons[0]}` : `${persons.length} persons`}, ` +
      `${WINDOW / KEEP_EVERY} steps of x, y, z; training ${train.length}, validation ${valid.length}, test ${test.length} windows`,
    notes: [
      `every file cut to ${rows} rows, the length of the shortest, and split 70/10/20 in the order of time`,
    ],
  };
}
