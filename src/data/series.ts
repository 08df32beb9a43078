/** Series files -> dataset: TRAIN/TEST pairs or a seeded split, and statistics of the training part. */
import { existsSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { UserError } from '../errors.js';
import type { SeriesCase, SeriesDataset } from '../model/dataset.js';
import { Random } from '../model/random.js';
import type { Loaded } from './loaded.js';
import { constantNotes, statistics } from './normalization.js';
import { readBytes, sha256, unpackedName } from './read-file.js';
import { type CsvOptions, parseCsv } from './series-csv.js';
import type { SeriesFile } from './series-file.js';
import { parseTs } from './series-ts.js';
import { DEFAULT_SPLIT, splitLengths, type SplitParts, splitText, withoutTest } from './split.js';

export interface SeriesOptions extends CsvOptions {
  /** File of the test part; by default the `_TEST` sibling of a `_TRAIN` file. */
  readonly testPath?: string | undefined;
  /** Parts where there is no test file; with one, valid / (train + valid) of its training file. */
  readonly split?: SplitParts | undefined;
  readonly seed?: number | undefined;
}

/** Fewer validation cases than this choose an epoch by luck. */
const MIN_VALID_CASES = 20;

/** `X_TEST.ts` or `X_TEST.ts.gz` beside `X_TRAIN.ts`, where it exists. */
export function testSibling(path: string): string | undefined {
  const unpacked = unpackedName(path);
  const extension = extname(unpacked);
  const match = /^(.*)([_-])train$/i.exec(basename(unpacked, extension));
  if (match === null) return undefined;
  for (const name of ['TEST', 'test', 'Test']) {
    const sibling = join(dirname(path), `${match[1]}${match[2]}${name}${extension}`);
    if (existsSync(sibling)) return sibling;
    if (existsSync(`${sibling}.gz`)) return `${sibling}.gz`;
  }
  return undefined;
}

function parse(path: string, bytes: Buffer, options: SeriesOptions): SeriesFile {
  return extname(unpackedName(path)).toLowerCase() === '.ts'
    ? parseTs(path, bytes)
    : parseCsv(path, bytes, options);
}

/** Shuffled, then dealt so that every part has its share of every class. */
export function stratify(
  cases: readonly SeriesCase[],
  split: SplitParts,
  seed: number,
): [SeriesCase[], SeriesCase[], SeriesCase[]] {
  const random = new Random(seed);
  const parts: [SeriesCase[], SeriesCase[], SeriesCase[]] = [[], [], []];
  const byClass = new Map<number, SeriesCase[]>();
  for (const item of cases) byClass.set(item.label, [...(byClass.get(item.label) ?? []), item]);
  for (const label of [...byClass.keys()].sort((a, b) => a - b)) {
    const members = byClass.get(label)!;
    const order = random.shuffle(Array.from(members, (_, k) => k));
    const [train, valid] = splitLengths(members.length, split);
    order.forEach((index, k) =>
      parts[k < train ? 0 : k < train + valid ? 1 : 2].push(members[index]),
    );
  }
  return parts;
}

/** Labels of the test file in the numbering of the training file. */
function relabel(test: SeriesFile, train: SeriesFile): SeriesCase[] {
  if (test.channels !== train.channels) {
    throw new UserError({
      where: test.path,
      given: `${test.channels} channels`,
      allowed: `${train.path} has ${train.channels}`,
    });
  }
  return test.cases.map(({ values, label }) => {
    const index = train.classes.indexOf(test.classes[label]);
    if (index >= 0) return { values, label: index };
    throw new UserError({
      where: test.path,
      given: `class ${JSON.stringify(test.classes[label])}`,
      allowed: `${train.path} has ${train.classes.join(', ')}`,
    });
  });
}

function lengthsText(cases: readonly SeriesCase[], channels: number): string {
  const lengths = cases.map(({ values }) => values.length / channels);
  const [shortest, longest] = [
    lengths.reduce((a, b) => Math.min(a, b)),
    lengths.reduce((a, b) => Math.max(a, b)),
  ];
  return shortest === longest ? `${longest} steps` : `${shortest}..${longest} steps`;
}

/** A `.ts` or CSV file, and its test file where there is one, as a dataset. */
export function loadSeries(path: string, options: SeriesOptions = {}): Loaded<SeriesDataset> {
  const { split = DEFAULT_SPLIT, seed = 1 } = options;
  const testPath = options.testPath ?? testSibling(path);
  const bytes = readBytes(path);
  const main = parse(path, bytes, options);
  const notes: string[] = [];
  if (main.classes.length < 2) {
    throw new UserError({
      where: path,
      given: `one class (${main.classes[0]})`,
      allowed: 'classification needs 2 or more',
    });
  }
  let train: SeriesCase[];
  let valid: SeriesCase[];
  let test: SeriesCase[];
  let hash: string;
  if (testPath !== undefined) {
    const testBytes = readBytes(testPath);
    hash = sha256(bytes, testBytes);
    test = relabel(parse(testPath, testBytes, options), main);
    [train, valid] = stratify(main.cases, withoutTest(split), seed);
    if (valid.length < MIN_VALID_CASES) {
      if (split[1] > 0)
        notes.push(
          `no validation part: ${main.cases.length} training series are too few to spare some`,
        );
      [train, valid] = [[...main.cases], []];
    }
    notes.push(`test part from ${basename(testPath)}`);
  } else {
    hash = sha256(bytes);
    [train, valid, test] = stratify(main.cases, split, seed);
    notes.push(`split ${splitText(split)} by class, seed ${seed}`);
  }
  if (train.length === 0 || test.length === 0) {
    throw new UserError({
      where: path,
      given: `${main.cases.length} series give ${train.length} for training and ${test.length} for testing`,
      allowed: 'both parts need at least one',
      hint: 'use more series, another --split, or a test file with --test',
    });
  }
  const { mean, gain } = statistics(train, main.channels);
  notes.push(...constantNotes(gain, main.channelNames));
  const { channels, classes } = main;
  return {
    dataset: { kind: 'series', channels, classes, mean, gain, train, valid, test },
    sha256: hash,
    summary:
      `${channels} channel${channels === 1 ? '' : 's'}, ${lengthsText([...train, ...valid, ...test], channels)}, ` +
      `${classes.length} classes; training ${train.length}, validation ${valid.length}, test ${test.length} series`,
    notes,
  };
}
