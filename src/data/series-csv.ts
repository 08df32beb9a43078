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
import { readLines } from './read-file.js';
import { at, isMissing, parseNumber, quoted, type SeriesFile } from './series-file.js';

export interface CsvOptions {
  readonly labelColumn?: string | undefined;
  readonly idColumn?: string | undefined;
  readonly timeColumn?: string | undefined;
}

const ID_NAMES = ['id', 'case', 'series', 'case_id', 'series_id'];
const LABEL_NAMES = ['label', 'class', 'target'];
const TIME_NAMES = ['time', 't', 'timestamp', 'step'];

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

function separatorOf(line: string): string | RegExp {
  for (const separator of [',', ';', '\t']) if (line.includes(separator)) return separator;
  return /\s+/;
}

/** Cells of a line; a cell in double quotes may hold the separator, and `""` for a quote. */
function splitLine(where: string, line: string, separator: string | RegExp): string[] {
  if (typeof separator !== 'string') return line.trim().split(separator);
  if (!line.includes('"')) return line.split(separator).map((cell) => cell.trim());
  const cells: string[] = [];
  let cell = '';
  let quotedCell = false;
  for (let k = 0; k < line.length; k++) {
    const c = line[k];
    if (quotedCell) {
      if (c !== '"') cell += c;
      else if (line[k + 1] === '"') cell += line[++k];
      else quotedCell = false;
    } else if (c === '"') quotedCell = true;
    else if (c === separator) {
      cells.push(cell.trim());
      cell = '';
    } else cell += c;
  }
  if (quotedCell) {
    throw new UserError({
      where,
      given: 'a quote is not closed',
      allowed: 'cells must end on their line',
    });
  }
  return [...cells, cell.trim()];
}

function readRows(path: string, bytes: Buffer): Row[] {
  const lines = readLines(path, bytes);
  const first = lines.findIndex((line) => line.trim() !== '');
  if (first < 0)
    throw new UserError({ where: path, given: 'only blank lines', allowed: 'needs data' });
  const separator = separatorOf(lines[first]);
  const rows: Row[] = [];
  lines.forEach((line, k) => {
    if (line.trim() !== '')
      rows.push({ line: k + 1, cells: splitLine(at(path, k + 1), line, separator) });
  });
  return rows;
}

function numberAt(path: string, row: Row, column: number): number {
  const cell = row.cells[column];
  const value = parseNumber(cell);
  if (value !== undefined) return value;
  throw new UserError({
    where: at(path, row.line, column + 1),
    given: isMissing(cell) ? `the value is missing (${quoted(cell)})` : quoted(cell),
    allowed: 'must be a number',
    hint: isMissing(cell) ? 'fill gaps before training' : undefined,
  });
}

function labelAt(path: string, row: Row, column: number): string {
  const cell = row.cells[column];
  if (!isMissing(cell)) return cell;
  throw new UserError({
    where: at(path, row.line, column + 1),
    given: 'the label is missing',
    allowed: 'every case needs one',
  });
}

function checkWidth(path: string, row: Row, width: number, reference: string): void {
  if (row.cells.length === width) return;
  throw new UserError({
    where: at(path, row.line),
    given: `${row.cells.length} cells`,
    allowed: `${reference} has ${width}`,
  });
}

/** Index of the column called `given`, or by one of the usual names; -1 where there is none. */
function columnOf(
  path: string,
  header: Row,
  given: string | undefined,
  names: readonly string[],
): number {
  const lower = header.cells.map((cell) => cell.toLowerCase());
  if (given === undefined) return lower.findIndex((cell) => names.includes(cell));
  const column = lower.indexOf(given.toLowerCase());
  if (column >= 0) return column;
  throw new UserError({
    where: at(path, header.line),
    given: `no column ${quoted(given)}`,
    allowed: `the header has ${header.cells.slice(0, 12).join(', ')}${header.cells.length > 12 ? ', ...' : ''}`,
  });
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
  const found: Labelled[] = [];
  const seen = new Map<string, number>();
  let id: string | undefined;
  let label = '';
  let time = -Infinity;
  let values: number[] = [];
  const close = (): void => {
    if (id !== undefined) found.push({ values: Float32Array.from(values), label });
  };
  for (const row of body) {
    checkWidth(path, row, header.cells.length, 'the header');
    const rowId = row.cells[idColumn];
    const rowLabel = labelAt(path, row, labelColumn);
    if (rowId !== id) {
      close();
      const before = seen.get(rowId);
      if (before !== undefined) {
        throw new UserError({
          where: at(path, row.line, idColumn + 1),
          given: `case ${quoted(rowId)} again, first at line ${before}`,
          allowed: 'rows of a case must follow each other',
        });
      }
      seen.set(rowId, row.line);
      [id, label, time, values] = [rowId, rowLabel, -Infinity, []];
    }
    if (rowLabel !== label) {
      throw new UserError({
        where: at(path, row.line, labelColumn + 1),
        given: `label ${quoted(rowLabel)}`,
        allowed: `case ${quoted(rowId)} began with ${quoted(label)}`,
      });
    }
    if (timeColumn >= 0) {
      // Dates are not numbers, but sort as text in the usual ISO form; only numbers are checked.
      const now = parseNumber(row.cells[timeColumn]);
      if (now !== undefined && now <= time) {
        throw new UserError({
          where: at(path, row.line, timeColumn + 1),
          given: `time ${now} after ${time}`,
          allowed: 'must increase within a case',
        });
      }
      time = now ?? time;
    }
    for (const column of channelColumns) values.push(numberAt(path, row, column));
  }
  close();
  return finish(
    path,
    channelColumns.length,
    channelColumns.map((k) => header.cells[k]),
    found,
  );
}

function parseWide(path: string, rows: readonly Row[], options: CsvOptions): SeriesFile {
  const [first] = rows;
  // The first cell may be a label in words; a header has words further on too.
  const hasHeader =
    first.cells.length > 1 &&
    first.cells.slice(1).every((cell) => parseNumber(cell) === undefined && !isMissing(cell));
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
  const isHeader = rows[0].cells.some((cell) => parseNumber(cell) === undefined);
  const idColumn = isHeader ? columnOf(path, rows[0], options.idColumn, ID_NAMES) : -1;
  return idColumn >= 0 ? parseLong(path, rows, idColumn, options) : parseWide(path, rows, options);
}
