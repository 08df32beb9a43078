/**
 * ECG5000 as normal (class 1) against abnormal: UCR text rows of a label and 140 values. The label of an
 * abnormal row may be 2..5, as in the archive, or 0.
 */
import { basename } from 'node:path';
import { UserError } from '../errors.js';
import type { SeriesCase, SeriesDataset } from '../model/dataset.js';
import type { Loaded } from './loaded.js';
import { statistics } from './normalization.js';
import { readBytes, sha256 } from './read-file.js';
import { stratify } from './series.js';
import { parseCsv } from './series-csv.js';

export interface EcgOptions {
  readonly testPath: string;
  /** Part of the training rows that validates, dealt by class; default 0.1. */
  readonly validShare?: number | undefined;
  readonly seed?: number | undefined;
}

const CLASSES = ['normal', 'abnormal'];

interface EcgFile {
  readonly steps: number;
  readonly cases: SeriesCase[];
}

function parseEcg(path: string, bytes: Buffer): EcgFile {
  const { classes, cases } = parseCsv(path, bytes);
  const wrong = classes.find((name) => !/^[0-5]$/.test(name));
  if (wrong !== undefined) {
    throw new UserError({
      where: path,
      given: `label ${wrong}`,
      allowed: 'must be 1 (normal), or 0 or 2..5 (abnormal)',
    });
  }
  return {
    steps: cases[0].values.length,
    cases: cases.map(({ values, label }) => ({ values, label: classes[label] === '1' ? 0 : 1 })),
  };
}

function countText(cases: readonly SeriesCase[]): string {
  return `${cases.length} (${cases.filter(({ label }) => label === 0).length} normal)`;
}

export function loadEcg5000(path: string, options: EcgOptions): Loaded<SeriesDataset> {
  const { testPath, validShare = 0.1, seed = 1 } = options;
  if (!(validShare >= 0 && validShare < 1)) {
    throw new UserError({
      where: 'valid-share',
      given: `${validShare}`,
      allowed: 'must be at least 0 and below 1',
    });
  }
  const contents = [readBytes(path), readBytes(testPath)];
  const main = parseEcg(path, contents[0]);
  const other = parseEcg(testPath, contents[1]);
  if (other.steps !== main.steps) {
    throw new UserError({
      where: testPath,
      given: `${other.steps} values in a row`,
      allowed: `${path} has ${main.steps}`,
    });
  }
  const [train, valid] = stratify(main.cases, [1 - validShare, validShare, 0], seed);
  const test = other.cases;
  return {
    dataset: {
      kind: 'series',
      channels: 1,
      classes: CLASSES,
      ...statistics(train, 1),
      train,
      valid,
      test,
    },
    sha256: sha256(...contents),
    summary:
      `${main.steps} steps of one channel, ${CLASSES.join(' and ')}; ` +
      `training ${countText(train)}, validation ${countText(valid)}, test ${countText(test)}`,
    notes: [`validation part dealt by class, seed ${seed}`, `test part from ${basename(testPath)}`],
  };
}
