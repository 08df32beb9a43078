/** Files -> units of text as codes: code points, bytes, words or symbols between spaces. */
import { UserError } from '../errors.js';
import type { TextUnit } from '../model/dataset.js';
import { at, quoted } from './series-file.js';

/**
 * - `auto`: UTF-8 where every file is valid UTF-8, else bytes.
 * - `words`: words between white space, EOS after every line (the convention of the Penn Treebank).
 * - `symbols`: the whole file split at each space, a last empty item dropped; a line break is a symbol
 *   like any other (the convention of the character-level Penn Treebank).
 */
export type TextMode = 'auto' | 'bytes' | 'utf8' | 'words' | 'symbols';

/** Ends every line of a text read as words. */
export const EOS = '<eos>';

export interface TextFile {
  /** Names the file in errors. */
  readonly where: string;
  readonly bytes: Buffer;
}

export interface TextUnits {
  readonly unit: TextUnit;
  /** Codes of each file, in the order given. */
  readonly parts: readonly Int32Array[];
  /** The text of a code. */
  readonly name: (code: number) => string;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function checkText({ where, bytes }: TextFile, hint: string): void {
  const nul = bytes.indexOf(0);
  if (nul < 0) return;
  throw new UserError({
    where,
    given: `binary file (byte ${nul} is 0)`,
    allowed: 'text has no zero bytes',
    hint,
  });
}

function decode({ where, bytes }: TextFile, hint: string): string {
  if (!isUtf8(bytes)) throw new UserError({ where, given: 'the file is not valid UTF-8', hint });
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}

function readBytewise(files: readonly TextFile[]): TextUnits {
  return {
    unit: 'byte',
    parts: files.map(({ bytes }) => new Int32Array(bytes)),
    name: (code) =>
      code >= 0x20 && code < 0x7f
        ? String.fromCharCode(code)
        : `<0x${code.toString(16).toUpperCase().padStart(2, '0')}>`,
  };
}

function readCharacters(files: readonly TextFile[]): TextUnits {
  const codes = (file: TextFile): Int32Array =>
    Int32Array.from(decode(file, 'convert it, or train on its bytes with --bytes'), (symbol) =>
      symbol.codePointAt(0)!,
    );
  return { unit: 'character', parts: files.map(codes), name: (code) => String.fromCodePoint(code) };
}

function wordsOf(text: string): string[] {
  const words: string[] = [];
  const lines = text.split(/\r\n|\n|\r/);
  if (lines[lines.length - 1] === '') lines.pop();
  for (const line of lines) {
    for (const word of line.split(/\s+/)) if (word !== '') words.push(word);
    words.push(EOS);
  }
  return words;
}

/** Position of item k of text.split(' '), as line and column. */
function positionOf(where: string, items: readonly string[], k: number): string {
  const before = items.slice(0, k).reduce((text, item) => `${text}${item} `, '');
  const line = before.split('\n').length;
  return at(where, line, before.length - before.lastIndexOf('\n'));
}

function symbolsOf(text: string, where: string): string[] {
  const symbols = text.split(' ');
  if (symbols[symbols.length - 1] === '') symbols.pop();
  const wrong = symbols.findIndex(
    (symbol) => symbol === '' || (symbol.length > 1 && /[\r\n]/.test(symbol)),
  );
  if (wrong < 0) return symbols;
  const isEmpty = symbols[wrong] === '';
  throw new UserError({
    where: positionOf(where, symbols, wrong),
    given: isEmpty ? 'two spaces in a row' : `symbol ${quoted(symbols[wrong])}`,
    allowed: isEmpty
      ? 'one space stands between two symbols'
      : 'a line break is a symbol of its own, with a space on both sides',
    hint: isEmpty ? 'write the space inside a sentence as _' : undefined,
  });
}

/** Each distinct item gets the next code when it first occurs. */
function interned(
  unit: TextUnit,
  files: readonly TextFile[],
  split: (text: string, where: string) => readonly string[],
): TextUnits {
  const codes = new Map<string, number>();
  const names: string[] = [];
  const hint = 'convert it to UTF-8';
  const parts = files.map((file) => {
    checkText(file, hint);
    const items = split(decode(file, hint), file.where);
    const part = new Int32Array(items.length);
    items.forEach((item, k) => {
      let code = codes.get(item);
      if (code === undefined) {
        code = names.length;
        codes.set(item, code);
        names.push(item);
      }
      part[k] = code;
    });
    return part;
  });
  return { unit, parts, name: (code) => names[code] };
}

/** @throws {UserError} for binary files, for invalid UTF-8 and for symbols that are not apart. */
export function readUnits(files: readonly TextFile[], mode: TextMode): TextUnits {
  switch (mode) {
    case 'bytes':
      return readBytewise(files);
    case 'words':
      return interned('word', files, wordsOf);
    case 'symbols':
      return interned('symbol', files, symbolsOf);
  }
  for (const file of files) checkText(file, 'to train on raw bytes add --bytes');
  return mode === 'auto' && !files.every(({ bytes }) => isUtf8(bytes))
    ? readBytewise(files)
    : readCharacters(files);
}
