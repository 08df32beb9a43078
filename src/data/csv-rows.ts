/** CSV as rows of cells, separated by comma, semicolon, tab or blanks, whichever the first line has. */
import { UserError } from '../errors.js';
import { readLines } from './read-file.js';
import { at, isMissing, parseNumber, quoted } from './series-file.js';

/** Usual names of columns; the command line has options for others. */
export const ID_NAMES = ['id', 'case', 'series', 'case_id', 'series_id'];
export const LABEL_NAMES = ['label', 'class', 'target'];
export const TIME_NAMES = ['time', 't', 'timestamp', 'step'];

export interface Row {
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

export function readRows(path: string, bytes: Buffer): Row[] {
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

export function numberAt(path: string, row: Row, column: number): number {
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

export function labelAt(path: string, row: Row, column: number): string {
  const cell = row.cells[column];
  if (!isMissing(cell)) return cell;
  throw new UserError({
    where: at(path, row.line, column + 1),
    given: 'the label is missing',
    allowed: 'every case needs one',
  });
}

export function checkWidth(path: string, row: Row, width: number, reference: string): void {
  if (row.cells.length === width) return;
  throw new UserError({
    where: at(path, row.line),
    given: `${row.cells.length} cells`,
    allowed: `${reference} has ${width}`,
  });
}

/** Index of the column called `given`, or by one of the usual names; -1 where there is none. */
export function columnOf(
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

/** The header has words further on than its first cell, which may be a label in words. */
export function isHeader(row: Row): boolean {
  return (
    row.cells.length > 1 &&
    row.cells.slice(1).every((cell) => parseNumber(cell) === undefined && !isMissing(cell))
  );
}

/**
 * Rows of one case after another.
 * @throws {UserError} for a case in two places, and for time that does not increase within one
 */
export function casesOf(
  path: string,
  rows: readonly Row[],
  idColumn: number,
  timeColumn: number,
): Row[][] {
  const cases: Row[][] = [];
  const seen = new Map<string, number>();
  let open: Row[] | undefined;
  for (const row of rows) {
    const id = row.cells[idColumn];
    if (open === undefined || open[0].cells[idColumn] !== id) {
      const before = seen.get(id);
      if (before !== undefined) {
        throw new UserError({
          where: at(path, row.line, idColumn + 1),
          given: `case ${quoted(id)} again, first at line ${before}`,
          allowed: 'rows of a case must follow each other',
        });
      }
      seen.set(id, row.line);
      open = [];
      cases.push(open);
    }
    open.push(row);
  }
  if (timeColumn >= 0) for (const steps of cases) checkTime(path, steps, timeColumn);
  return cases;
}

/** Dates are not numbers, but sort as text in the usual ISO form; only numbers are checked. */
export function checkTime(path: string, rows: readonly Row[], column: number): void {
  let time = -Infinity;
  for (const row of rows) {
    const now = parseNumber(row.cells[column]);
    if (now === undefined) continue;
    if (now <= time) {
      throw new UserError({
        where: at(path, row.line, column + 1),
        given: `time ${now} after ${time}`,
        allowed: 'must increase within a case',
      });
    }
    time = now;
  }
}

/** The channels of rows as float32 [rows, columns]. */
export function channelValues(
  path: string,
  rows: readonly Row[],
  columns: readonly number[],
): Float32Array {
  const values = new Float32Array(rows.length * columns.length);
  rows.forEach((row, t) =>
    columns.forEach((column, c) => {
      values[t * columns.length + c] = numberAt(path, row, column);
    }),
  );
  return values;
}
