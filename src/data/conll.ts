/**
 * CoNLL column files: one token per line, a blank line between sentences.
 *
 * - Columns are separated by tabs where the first token line has one, else by white space.
 * - A line of blanks or tabs alone is blank.
 * - `-DOCSTART-` in the first column, or `# newdoc`, separates documents.
 * - `#` begins a comment, unless the line has as many columns as the others and a tag: then it is a token.
 */
import { UserError } from '../errors.js';
import { readLines } from './read-file.js';
import { at, quoted } from './series-file.js';
import { detectScheme, parseTag, type TagScheme } from './tag-scheme.js';

export interface ConllOptions {
  /** 1-based; default the first column, or the second where the first counts the tokens. */
  readonly tokenColumn?: number | undefined;
  /** 1-based; default the last column in which the first token has a tag. */
  readonly tagColumn?: number | undefined;
}

export interface ConllSentence {
  readonly words: readonly string[];
  /** In the file's own scheme. */
  readonly tags: readonly string[];
  /** Line of each token, from 1. */
  readonly lines: readonly number[];
  /** Number of its document, from 0; always 0 in a file without marks. */
  readonly document: number;
}

export interface ConllFile {
  readonly path: string;
  readonly scheme: TagScheme;
  readonly documents: number;
  /** 1-based, of `columns`. */
  readonly tokenColumn: number;
  readonly tagColumn: number;
  readonly columns: number;
  readonly sentences: readonly ConllSentence[];
}

interface TokenRow {
  readonly line: number;
  readonly cells: readonly string[];
}

interface RawSentence {
  readonly document: number;
  readonly rows: TokenRow[];
}

interface Layout {
  readonly isTabbed: boolean;
  readonly columns: number;
  readonly line: number;
}

const DOCUMENT_MARK = '-DOCSTART-';

/** Only tabs and plain blanks separate: a no-break space may be a token. */
function cellsOf(line: string, isTabbed: boolean): string[] {
  const trimmed = (text: string): string => text.replace(/^[ \t]+|[ \t]+$/g, '');
  return isTabbed ? line.split('\t').map(trimmed) : trimmed(line).split(/[ \t]+/);
}

function layoutOf(path: string, lines: readonly string[]): Layout {
  const isToken = (line: string): boolean =>
    line.trim() !== '' && !line.startsWith('#') && !line.startsWith(DOCUMENT_MARK);
  const first = lines.findIndex(isToken);
  if (first < 0) {
    throw new UserError({
      where: path,
      given: 'no token line',
      allowed: 'needs lines of a token and its tag',
    });
  }
  const isTabbed = lines[first].includes('\t');
  const columns = cellsOf(lines[first], isTabbed).length;
  if (columns >= 2) return { isTabbed, columns, line: first + 1 };
  throw new UserError({
    where: at(path, first + 1),
    given: 'one column',
    allowed: 'a token line has a token and its tag, apart by a tab or blanks',
  });
}

function isComment(line: string, cells: readonly string[], columns: number): boolean {
  if (!line.startsWith('#')) return false;
  return cells.length !== columns || !cells.some((cell) => parseTag(cell) !== undefined);
}

function readSentences(path: string, lines: readonly string[], layout: Layout): RawSentence[] {
  const { isTabbed, columns } = layout;
  const sentences: RawSentence[] = [];
  let document = 0;
  let open: RawSentence | undefined;
  const nextDocument = (): void => {
    open = undefined;
    if (sentences.length > 0 && sentences[sentences.length - 1].document === document) document++;
  };
  lines.forEach((line, k) => {
    if (line.trim() === '') {
      open = undefined;
      return;
    }
    if (line.startsWith(DOCUMENT_MARK)) return nextDocument();
    const cells = cellsOf(line, isTabbed);
    if (isComment(line, cells, columns)) {
      if (/^#\s*newdoc\b/.test(line)) nextDocument();
      return;
    }
    if (cells.length !== columns) {
      throw new UserError({
        where: at(path, k + 1),
        given: `${cells.length} column${cells.length === 1 ? '' : 's'}`,
        allowed: `line ${layout.line} has ${columns}`,
      });
    }
    if (open === undefined) {
      open = { document, rows: [] };
      sentences.push(open);
    }
    open.rows.push({ line: k + 1, cells });
  });
  return sentences;
}

function columnIndex(name: string, given: number, columns: number): number {
  if (Number.isInteger(given) && given >= 1 && given <= columns) return given - 1;
  throw new UserError({
    where: name,
    given: `${given}`,
    allowed: `the file has columns 1..${columns}`,
  });
}

/** The first column counts the tokens of every sentence from 1. */
function countsTokens(sentences: readonly RawSentence[]): boolean {
  return sentences.every(({ rows }) => rows.every(({ cells }, k) => cells[0] === String(k + 1)));
}

function columnsOf(
  sentences: readonly RawSentence[],
  columns: number,
  options: ConllOptions,
): { token: number; tag: number } {
  const first = sentences[0].rows[0].cells;
  const token =
    options.tokenColumn !== undefined
      ? columnIndex('token-column', options.tokenColumn, columns)
      : columns > 2 && countsTokens(sentences)
        ? 1
        : 0;
  if (options.tagColumn !== undefined) {
    return { token, tag: columnIndex('tag-column', options.tagColumn, columns) };
  }
  const tagged = first.findLastIndex((cell, k) => k !== token && parseTag(cell) !== undefined);
  return { token, tag: tagged < 0 ? columns - 1 : tagged };
}

function readSentence(
  path: string,
  { document, rows }: RawSentence,
  token: number,
  tag: number,
): ConllSentence {
  for (const { line, cells } of rows) {
    if (cells[token] === '') {
      throw new UserError({
        where: at(path, line, token + 1),
        given: 'the token is missing',
        allowed: 'every token line needs one',
      });
    }
    if (parseTag(cells[tag]) === undefined) {
      throw new UserError({
        where: at(path, line, tag + 1),
        given: quoted(cells[tag]),
        allowed: 'a tag is O, or B-, I-, E- or S- with a type',
        hint: 'name the column of the tags with --tag-column',
      });
    }
  }
  return {
    document,
    words: rows.map(({ cells }) => cells[token]),
    tags: rows.map(({ cells }) => cells[tag]),
    lines: rows.map(({ line }) => line),
  };
}

/** @throws {UserError} with file, line and column for ragged lines and for what is no tag or no scheme. */
export function parseConll(path: string, bytes: Buffer, options: ConllOptions = {}): ConllFile {
  const lines = readLines(path, bytes);
  const layout = layoutOf(path, lines);
  const raw = readSentences(path, lines, layout);
  const { token, tag } = columnsOf(raw, layout.columns, options);
  const sentences = raw.map((sentence) => readSentence(path, sentence, token, tag));
  return {
    path,
    scheme: detectScheme(path, sentences),
    documents: new Set(sentences.map(({ document }) => document)).size,
    tokenColumn: token + 1,
    tagColumn: tag + 1,
    columns: layout.columns,
    sentences,
  };
}
