/**
 * NASA C-MAPSS turbofan files (Saxena et al. 2008): train_FD00n.txt, test_FD00n.txt and RUL_FD00n.txt.
 *
 * Columns, apart by blanks, without header: engine, cycle, 3 settings, 21 sensors. Training engines run
 * until they fail; test engines are cut off before, and the RUL file has their remaining cycles.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../errors.js';
import type { RegressionDataset } from '../model/dataset.js';
import { casesOf, channelValues, checkWidth, numberAt, readRows, type Row } from './csv-rows.js';
import type { Loaded } from './loaded.js';
import { readBytes, sha256 } from './read-file.js';
import {
  checkWindow,
  lastWindows,
  type NormalizationName,
  normalizationOf,
  targetScale,
  type TargetSeries,
  windowsOf,
} from './regression.js';
import { at } from './series-file.js';
import { dealParts } from './split.js';

export interface CmapssOptions {
  /** Default 30 cycles. */
  readonly window?: number | undefined;
  readonly stride?: number | undefined;
  /** Remaining lives of training and validation are cut here; default 125. Those of the test part are not. */
  readonly maxLife?: number | undefined;
  /** Part of the training engines held out for validation; default 0.1. */
  readonly validShare?: number | undefined;
  /** Default `range`. */
  readonly normalization?: NormalizationName | undefined;
  /** 1-based columns that become channels; default all from the third on that are not constant in training. */
  readonly columns?: readonly number[] | undefined;
  readonly seed?: number | undefined;
}

const COLUMNS = 26;
const ENGINE = 0;
const CYCLE = 1;
const FIRST_CHANNEL = 2;

const CHANNEL_NAMES: readonly string[] = Array.from({ length: COLUMNS - FIRST_CHANNEL }, (_, k) =>
  k < 3 ? `setting ${k + 1}` : `sensor ${k - 2}`,
);

interface Engines {
  readonly path: string;
  readonly engines: readonly (readonly Row[])[];
}

function readEngines(path: string, bytes: Buffer): Engines {
  const rows = readRows(path, bytes);
  for (const row of rows)
    checkWidth(path, row, COLUMNS, 'a row of engine, cycle, 3 settings and 21 sensors');
  return { path, engines: casesOf(path, rows, ENGINE, CYCLE) };
}

/** The file beside `path` whose name has `name` for `train`, packed or not. */
function sibling(path: string, name: string): string {
  const file = basename(path).replace(/\.gz$/i, '');
  const other = join(dirname(path), file.replace(/^train/i, name));
  if (!/^train/i.test(file)) {
    throw new UserError({
      where: path,
      given: `the file name ${basename(path)}`,
      allowed:
        'must begin with train, as in train_FD001.txt: test_ and RUL_ are looked for beside it',
    });
  }
  return !existsSync(other) && existsSync(`${other}.gz`) ? `${other}.gz` : other;
}

function readLives(path: string, bytes: Buffer, engines: number): number[] {
  const rows = readRows(path, bytes);
  const lives = rows.map((row) => {
    checkWidth(path, row, 1, 'a row of one remaining life');
    const life = numberAt(path, row, 0);
    if (life >= 0) return life;
    throw new UserError({
      where: at(path, row.line),
      given: `${life}`,
      allowed: 'a remaining life is at least 0',
    });
  });
  if (lives.length === engines) return lives;
  throw new UserError({
    where: path,
    given: `${lives.length} remaining lives`,
    allowed: `the test file has ${engines} engines`,
  });
}

/** 0-based columns that become channels. */
function channelColumns(
  { path, engines }: Engines,
  given: readonly number[] | undefined,
): number[] {
  const all = Array.from({ length: COLUMNS - FIRST_CHANNEL }, (_, k) => k + FIRST_CHANNEL);
  if (given === undefined) {
    const [first] = engines[0];
    return all.filter((column) =>
      engines.some((rows) =>
        rows.some((row) => numberAt(path, row, column) !== numberAt(path, first, column)),
      ),
    );
  }
  const wrong = given.find((column) => !all.includes(column - 1));
  if (given.length > 0 && wrong === undefined && new Set(given).size === given.length) {
    return given.map((column) => column - 1);
  }
  throw new UserError({
    where: 'columns',
    given: given.length === 0 ? 'none' : given.join(', '),
    allowed: `one or more of ${FIRST_CHANNEL + 1}..${COLUMNS}, each once`,
  });
}

/** Values and remaining life at every cycle; `after`: cycles that follow the last row. */
function engineSeries(
  path: string,
  rows: readonly Row[],
  columns: readonly number[],
  after: number,
): TargetSeries {
  const last = numberAt(path, rows[rows.length - 1], CYCLE) + after;
  return {
    values: channelValues(path, rows, columns),
    targets: Float64Array.from(rows, (row) => last - numberAt(path, row, CYCLE)),
  };
}

function checkOptions({ maxLife = 125, validShare = 0.1 }: CmapssOptions): void {
  if (!(maxLife > 0)) {
    throw new UserError({ where: 'max-life', given: `${maxLife}`, allowed: 'must be above 0' });
  }
  if (validShare >= 0 && validShare < 1) return;
  throw new UserError({
    where: 'valid-share',
    given: `${validShare}`,
    allowed: 'must be at least 0 and below 1',
  });
}

/** Remaining useful life from windows of cycles; `path` is the training file. */
export function loadCmapss(path: string, options: CmapssOptions = {}): Loaded<RegressionDataset> {
  const { window = 30, stride = 1, maxLife = 125, validShare = 0.1, seed = 1 } = options;
  const { normalization = 'range' } = options;
  checkWindow({ window, stride });
  checkOptions(options);
  const paths = [path, sibling(path, 'test'), sibling(path, 'RUL')];
  const contents = paths.map(readBytes);
  const main = readEngines(path, contents[0]);
  const other = readEngines(paths[1], contents[1]);
  const lives = readLives(paths[2], contents[2], other.engines.length);
  const columns = channelColumns(main, options.columns);
  const channels = columns.length;

  const running = main.engines.map((rows): TargetSeries => {
    const { values, targets } = engineSeries(path, rows, columns, 0);
    return { values, targets: Float64Array.from(targets, (life) => Math.min(life, maxLife)) };
  });
  const cut = other.engines.map((rows, k) => engineSeries(other.path, rows, columns, lives[k]));
  const [trainEngines, validEngines] = dealParts(running, [1 - validShare, validShare, 0], seed);
  const train = windowsOf(trainEngines, channels, { window, stride });
  const valid = windowsOf(validEngines, channels, { window, stride });
  const test = lastWindows(cut, channels, window);
  const { mean, gain } = normalizationOf(trainEngines, channels, normalization);
  const short = cut.filter(({ targets }) => targets.length < window).length;
  const dropped = COLUMNS - FIRST_CHANNEL - channels;
  return {
    dataset: {
      kind: 'regression',
      channels,
      channelNames: columns.map((column) => CHANNEL_NAMES[column - FIRST_CHANNEL]),
      mean,
      gain,
      target: { ...targetScale('remaining life in cycles', train), isLife: true },
      train,
      valid,
      test,
    },
    sha256: sha256(...contents),
    summary:
      `${channels} channels, windows of ${window} cycles every ${stride}; ` +
      `training ${train.length} of ${trainEngines.length} engines, validation ${valid.length} of ` +
      `${validEngines.length}, test the last one of each of ${test.length}`,
    notes: [
      `remaining lives of training and validation are cut at ${maxLife} cycles, those of the test part are not`,
      ...(dropped > 0
        ? [
            `${dropped} of ${COLUMNS - FIRST_CHANNEL} columns are not used${options.columns === undefined ? ': constant in training' : ''}`,
          ]
        : []),
      ...(validEngines.length > 0 ? [`validation engines dealt by seed ${seed}`] : []),
      ...(short > 0 ? [`${short} test engines are shorter than a window and given whole`] : []),
    ],
  };
}
