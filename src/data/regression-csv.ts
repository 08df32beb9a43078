/**
 * CSV with a real target column -> regression dataset. Three layouts:
 *
 * - *Long* (the header names a case column): one row per step, each with its target; the cases are dealt to
 *   the parts by the seed, then cut into windows.
 * - *One series* (a window is asked for, no case column): the rows in the order of time; the parts are
 *   contiguous and no window reaches from one into the next.
 * - *Wide* (neither): a row is a series of one channel and its target.
 */
import { basename } from 'node:path';
import { UserError } from '../errors.js';
import type { RegressionDataset } from '../model/dataset.js';
import {
  casesOf,
  channelValues,
  checkTime,
  checkWidth,
  columnOf,
  ID_NAMES,
  isHeader,
  numberAt,
  readRows,
  type Row,
  TIME_NAMES,
} from './csv-rows.js';
import type { Loaded } from './loaded.js';
import { constantNotes } from './normalization.js';
import { readBytes, sha256 } from './read-file.js';
import {
  checkWindow,
  type NormalizationName,
  normalizationOf,
  targetScale,
  type TargetSeries,
  type WindowOptions,
  windowsOf,
} from './regression.js';
import { at } from './series-file.js';
import {
  checkSplit,
  dealParts,
  DEFAULT_SPLIT,
  splitLengths,
  type SplitParts,
  splitText,
  withoutTest,
} from './split.js';

export interface RegressionCsvOptions extends WindowOptions {
  readonly targetColumn: string;
  readonly idColumn?: string | undefined;
  readonly timeColumn?: string | undefined;
  readonly testPath?: string | undefined;
  /** Default `deviation`. */
  readonly normalization?: NormalizationName | undefined;
  readonly split?: SplitParts | undefined;
  readonly seed?: number | undefined;
}

interface RegressionFile {
  readonly path: string;
  readonly layout: 'long' | 'one series' | 'wide';
  readonly channels: number;
  readonly channelNames: readonly string[] | undefined;
  readonly targetName: string;
  readonly series: readonly TargetSeries[];
}

function readTable(path: string, bytes: Buffer): { header: Row; body: Row[] } {
  const [header, ...body] = readRows(path, bytes);
  if (!isHeader(header)) {
    throw new UserError({
      where: at(path, header.line),
      given: 'no header',
      allowed: 'the first line must name the columns, among them the target',
    });
  }
  if (body.length === 0) {
    throw new UserError({
      where: path,
      given: 'a header and no data',
      allowed: 'needs at least one row',
    });
  }
  for (const row of body) checkWidth(path, row, header.cells.length, 'the header');
  return { header, body };
}

function parseRegression(
  path: string,
  bytes: Buffer,
  options: RegressionCsvOptions,
): RegressionFile {
  const { header, body } = readTable(path, bytes);
  const target = columnOf(path, header, options.targetColumn, []);
  const id = columnOf(path, header, options.idColumn, ID_NAMES);
  const time = columnOf(path, header, options.timeColumn, TIME_NAMES);
  const layout = id >= 0 ? 'long' : options.window === undefined ? 'wide' : 'one series';
  const special = layout === 'wide' ? [target] : [target, id, time];
  const columns = header.cells.map((_, k) => k).filter((k) => !special.includes(k));
  if (columns.length === 0) {
    throw new UserError({
      where: at(path, header.line),
      given: 'no column beside the target',
      allowed: 'needs at least one channel',
    });
  }
  const seriesOf = (rows: readonly Row[]): TargetSeries => ({
    values: channelValues(path, rows, columns),
    targets: Float64Array.from(rows, (row) => numberAt(path, row, target)),
  });
  const common = { path, layout, targetName: header.cells[target] } as const;
  if (layout === 'wide') {
    const series = body.map((row): TargetSeries => {
      const values = channelValues(path, [row], columns);
      const value = numberAt(path, row, target);
      return { values, targets: new Float64Array(values.length).fill(value) };
    });
    return { ...common, channels: 1, channelNames: undefined, series };
  }
  if (layout === 'one series' && time >= 0) checkTime(path, body, time);
  const cases = layout === 'long' ? casesOf(path, body, id, time) : [body];
  return {
    ...common,
    channels: columns.length,
    channelNames: columns.map((k) => header.cells[k]),
    series: cases.map(seriesOf),
  };
}

/** Consecutive parts of one series; a part without steps has no series. */
function cutInTime(
  { values, targets }: TargetSeries,
  channels: number,
  split: SplitParts,
): TargetSeries[][] {
  const lengths = splitLengths(targets.length, split);
  let from = 0;
  return lengths.map((length) => {
    const to = from + length;
    const part = {
      values: values.subarray(from * channels, to * channels),
      targets: Array.prototype.slice.call(targets, from, to) as number[],
    };
    from = to;
    return length === 0 ? [] : [part];
  });
}

function checkAlike(main: RegressionFile, other: RegressionFile): void {
  const text = ({ layout, channels, channelNames }: RegressionFile): string =>
    `${layout} layout, channels ${channelNames?.join(', ') ?? channels}`;
  if (text(other) === text(main)) return;
  throw new UserError({
    where: other.path,
    given: text(other),
    allowed: `${main.path} has ${text(main)}`,
  });
}

/** A CSV file, and its test file where there is one, as a dataset. */
export function loadRegressionCsv(
  path: string,
  options: RegressionCsvOptions,
): Loaded<RegressionDataset> {
  const { testPath, normalization = 'deviation', split = DEFAULT_SPLIT, seed = 1 } = options;
  checkWindow(options);
  checkSplit(split);
  const paths = testPath === undefined ? [path] : [path, testPath];
  const contents = paths.map(readBytes);
  const [main, other] = paths.map((each, k) => parseRegression(each, contents[k], options));
  const { channels } = main;
  const parts = other === undefined ? split : withoutTest(split);
  const isOne = main.layout === 'one series';
  const [trainSeries, validSeries, rest] = isOne
    ? cutInTime(main.series[0], channels, parts)
    : dealParts(main.series, parts, seed);
  if (other !== undefined) checkAlike(main, other);
  const testSeries = other?.series ?? rest;
  const cases = (series: readonly TargetSeries[]) => windowsOf(series, channels, options);
  const [train, valid, test] = [cases(trainSeries), cases(validSeries), cases(testSeries)];
  if (train.length === 0 || test.length === 0) {
    throw new UserError({
      where: path,
      given: `${main.series.length} series give ${train.length} cases for training and ${test.length} for testing`,
      allowed: 'both parts need at least one',
      hint: 'use more series, another --split, or a test file with --test',
    });
  }
  const { mean, gain } = normalizationOf(trainSeries, channels, normalization);
  return {
    dataset: {
      kind: 'regression',
      channels,
      ...(main.channelNames === undefined ? {} : { channelNames: main.channelNames }),
      mean,
      gain,
      target: targetScale(main.targetName, train),
      train,
      valid,
      test,
    },
    sha256: sha256(...contents),
    summary:
      `target ${main.targetName}, ${channels} channel${channels === 1 ? '' : 's'}; ` +
      `training ${train.length}, validation ${valid.length}, test ${test.length} windows`,
    notes: [
      `split ${splitText(parts)} ${isOne ? 'in the order of time' : `of ${main.series.length} series, seed ${seed}`}`,
      ...(testPath === undefined ? [] : [`test part from ${basename(testPath)}`]),
      ...constantNotes(gain, main.channelNames),
    ],
  };
}
