/**
 * Series in CSV; cells separated by comma, semicolon, tab or blanks, whichever the first line has.
 *
 * - *Long*: a header names a case column (`id`, `case` or `series`, or as given). One row per time
 *   step; rows of a case follow each other and share its label (`label`, `class` or `target`). A `time`
 *   column must increase within a case and is not a channel; every other column is one.
 * - *Wide*: anything else. One row per case of one channel, as in the UCR archive: the label (the column
 *   named so in the header, else the first), then the values.
 */
import { UserError } from '../errors.js';
import type { SeriesCase } from '../model/dataset.js';
import {
  casesOf,
  channelValues,
  checkWidth,
  columnOf,
  ID_NAMES,
  isHeader,
  LABEL_NAMES,
  labelAt,
  numberAt,
  readRows,
  type Row,
  TIME_NAMES,
} from './csv-rows.js';
import { at, parseNumber, quoted, type SeriesFile } from './series-file.js';

export interface CsvOptions {
  readonly labelColumn?: string | undefined;
  readonly idColumn?: string | undefined;
  readonly timeColumn?: string | undefined;
}

/** Labels by first appearance would depend on the order of rows; numbers sort as numbers. */
function sortedClasses(labels: Iterable<string>): string[] {
  const distinct = [...new Set(labels)];
  const numeric = distinct.every((label) => parseNumber(label) !== undefined);
  return distinct.sort((a, b) => (numeric ? Number(a) - Number(b) : a < b ? -1 : 1));
}

interface Labelled {
  readonly values: Float32Array;
  readonly label: string;
}

function finish(
  path: string,
  channels: number,
  channelNames: readonly string[] | undefined,
  found: readonly Labelled[],
): SeriesFile {
  if (found.length === 0) {
    throw new UserError({
      where: path,
      given: 'a header and no data',
      allowed: 'needs at least one case',
    });
  }
  const classes = sortedClasses(found.map(({ label }) => label));
  const index = new Map(classes.map((name, k) => [name, k]));
  const cases = found.map(({ values, label }): SeriesCase => ({
    values,
    label: index.get(label)!,
  }));
  return { path, channels, channelNames, classes, cases };
}

function parseLong(
  path: string,
  rows: readonly Row[],
  idColumn: number,
  options: CsvOptions,
): SeriesFile {
  const [header, ...body] = rows;
  const labelColumn = columnOf(path, header, options.labelColumn, LABEL_NAMES);
  const timeColumn = columnOf(path, header, options.timeColumn, TIME_NAMES);
  if (labelColumn < 0) {
    throw new UserError({
      where: at(path, header.line),
      given: `no label column among ${header.cells.slice(0, 12).join(', ')}`,
      allowed: `one must be called ${LABEL_NAMES.join(', ')}`,
      hint: 'name it with --label-column',
    });
  }
  const special = [idColumn, labelColumn, timeColumn];
  const channelColumns = header.cells.map((_, k) => k).filter((k) => !special.includes(k));
  if (channelColumns.length === 0) {
    throw new UserError({
      where: at(path, header.line),
      given: 'no channel column',
      allowed: 'needs at least one',
    });
  }
  body.forEach((row) => checkWidth(path, row, header.cells.length, 'the header'));
  const found = casesOf(path, body, idColumn, timeColumn).map((steps): Labelled => {
    const label = labelAt(path, steps[0], labelColumn);
    for (const row of steps) {
      const other = labelAt(path, row, labelColumn);
      if (other === label) continue;
      throw new UserError({
        where: at(path, row.line, labelColumn + 1),
        given: `label ${quoted(other)}`,
        allowed: `case ${quoted(row.cells[idColumn])} began with ${quoted(label)}`,
      });
    }
    return { values: channelValues(path, steps, channelColumns), label };
  });
  return finish(
    path,
    channelColumns.length,
    channelColumns.map((k) => header.cells[k]),
    found,
  );
}

function parseWide(path: string, rows: readonly Row[], options: CsvOptions): SeriesFile {
  const [first] = rows;
  const hasHeader = isHeader(first);
  if (options.labelColumn !== undefined && !hasHeader) {
    throw new UserError({
      where: at(path, first.line),
      given: `label column ${quoted(options.labelColumn)}, but the file has no header`,
      allowed: 'without a header the first column is the label',
    });
  }
  const named = hasHeader ? columnOf(path, first, options.labelColumn, LABEL_NAMES) : 0;
  const labelColumn = Math.max(0, named);
  const width = first.cells.length;
  if (width < 2) {
    throw new UserError({
      where: at(path, first.line),
      given: 'one cell',
      allowed: 'a row is a label and at least one value',
    });
  }
  const found = (hasHeader ? rows.slice(1) : rows).map((row): Labelled => {
    checkWidth(path, row, width, hasHeader ? 'the header' : 'the first row');
    const values: number[] = [];
    row.cells.forEach((_, k) => {
      if (k !== labelColumn) values.push(numberAt(path, row, k));
    });
    const label = labelAt(path, row, labelColumn);
    const number = parseNumber(label);
    // UCR files write class 1 as 1.0000000e+00.
    return {
      values: Float32Array.from(values),
      label: number === undefined ? label : String(number),
    };
  });
  return finish(path, 1, undefined, found);
}

/** @throws {UserError} with file, line and cell for ragged rows, gaps and cells that are no numbers. */
export function parseCsv(path: string, bytes: Buffer, options: CsvOptions = {}): SeriesFile {
  const rows = readRows(path, bytes);
  const hasWords = rows[0].cells.some((cell) => parseNumber(cell) === undefined);
  const idColumn = hasWords ? columnOf(path, rows[0], options.idColumn, ID_NAMES) : -1;
  return idColumn >= 0 ? parseLong(path, rows, idColumn, options) : parseWide(path, rows, options);
}
