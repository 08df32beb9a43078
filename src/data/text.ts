/** Text -> token ids: symbols are the distinct bytes or code points of the training part. */
import { UserError } from '../errors.js';
import type { TextDataset } from '../model/dataset.js';
import type { Loaded } from './loaded.js';
import { readBytes, sha256 } from './read-file.js';

/** `auto` reads UTF-8 where the file is valid UTF-8, else bytes. */
export type TextMode = 'auto' | 'bytes' | 'utf8';

/** Parts of the text for training, validation and test, in this order; they add up to 1. */
export type SplitParts = readonly [train: number, valid: number, test: number];

export const DEFAULT_SPLIT: SplitParts = [0.8, 0.1, 0.1];
export const DEFAULT_MAX_SYMBOLS = 256;
/** Stands for every symbol beyond the most frequent `maxSymbols - 1` of the training part. */
export const UNKNOWN = '<unknown>';

export interface TextOptions {
  readonly mode?: TextMode | undefined;
  readonly maxSymbols?: number | undefined;
  readonly split?: SplitParts | undefined;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function decode(
  bytes: Buffer,
  mode: TextMode,
  where: string,
): { units: Int32Array; isBytes: boolean } {
  if (mode === 'bytes') return { units: Int32Array.from(bytes), isBytes: true };
  const nul = bytes.indexOf(0);
  if (nul >= 0) {
    throw new UserError({
      where,
      given: `binary file (byte ${nul} is 0)`,
      allowed: 'text has no zero bytes',
      hint: 'to train on raw bytes add --bytes',
    });
  }
  if (!isUtf8(bytes)) {
    if (mode === 'auto') return { units: Int32Array.from(bytes), isBytes: true };
    throw new UserError({
      where,
      given: 'the file is not valid UTF-8',
      hint: 'convert it, or train on its bytes with --bytes',
    });
  }
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  return { units: Int32Array.from(text, (symbol) => symbol.codePointAt(0)!), isBytes: false };
}

function symbolText(unit: number, isBytes: boolean): string {
  if (!isBytes) return String.fromCodePoint(unit);
  const printable = unit >= 0x20 && unit < 0x7f;
  return printable
    ? String.fromCharCode(unit)
    : `<0x${unit.toString(16).toUpperCase().padStart(2, '0')}>`;
}

function checkSplit(split: SplitParts): void {
  const sum = split[0] + split[1] + split[2];
  if (split.some((part) => !(part >= 0)) || split[0] === 0 || Math.abs(sum - 1) > 1e-9) {
    throw new UserError({
      where: 'split',
      given: split.map((part) => `${Math.round(part * 1e4) / 100}`).join('/'),
      allowed: 'three parts that add up to 100, the first above 0',
      hint: 'for example 80/10/10',
    });
  }
}

/** Lengths of the three parts of `count`: floors, and the rest to the test part. */
export function splitLengths(count: number, split: SplitParts): [number, number, number] {
  const train = Math.floor(count * split[0] + 1e-9);
  const valid = Math.floor(count * split[1] + 1e-9);
  return split[2] === 0 ? [count - valid, valid, 0] : [train, valid, count - train - valid];
}

/**
 * Token ids of symbols 0..n-1, by code. Symbols of the validation and test part that training never
 * saw, and all but the most frequent beyond `maxSymbols`, become one other symbol: UNKNOWN where there
 * is one, else the rarest symbol, so that the replacement never flatters the result.
 */
function tokenize(
  units: Int32Array,
  trainLength: number,
  maxSymbols: number,
): { codes: number[]; hasUnknown: boolean; tokens: Uint16Array; replaced: [number, number] } {
  const counts = new Map<number, number>();
  for (let k = 0; k < trainLength; k++) counts.set(units[k], (counts.get(units[k]) ?? 0) + 1);
  const byCount = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  const hasUnknown = byCount.length > maxSymbols;
  const codes = byCount
    .slice(0, hasUnknown ? maxSymbols - 1 : maxSymbols)
    .map(([code]) => code)
    .sort((a, b) => a - b);
  const ids = new Map(codes.map((code, id) => [code, id]));
  const other = hasUnknown ? codes.length : ids.get(byCount[byCount.length - 1][0])!;
  const replaced: [number, number] = [0, 0];
  const tokens = Uint16Array.from(units, (unit, k) => {
    const id = ids.get(unit);
    if (id !== undefined) return id;
    replaced[k < trainLength ? 0 : 1]++;
    return other;
  });
  return { codes, hasUnknown, tokens, replaced };
}

/** The dataset of text already in memory; `where` names it in errors. */
export function textDataset(
  where: string,
  bytes: Buffer,
  options: TextOptions = {},
): Loaded<TextDataset> {
  const { mode = 'auto', maxSymbols = DEFAULT_MAX_SYMBOLS, split = DEFAULT_SPLIT } = options;
  checkSplit(split);
  if (!Number.isInteger(maxSymbols) || maxSymbols < 2 || maxSymbols > 65536) {
    throw new UserError({
      where: 'max-symbols',
      given: `${maxSymbols}`,
      allowed: 'must be an integer in 2..65536',
    });
  }
  const { units, isBytes } = decode(bytes, mode, where);
  const [trainLength, validLength, testLength] = splitLengths(units.length, split);
  if (trainLength < 2) {
    throw new UserError({
      where,
      given: `the text has ${units.length} symbols`,
      allowed: `its training part needs 2 or more`,
      hint: 'use a longer text',
    });
  }
  const { codes, hasUnknown, tokens, replaced } = tokenize(units, trainLength, maxSymbols);
  const symbols = codes.map((code) => symbolText(code, isBytes));
  const notes: string[] = [];
  if (hasUnknown) {
    symbols.push(UNKNOWN);
    notes.push(
      `${replaced[0]} of ${trainLength} training symbols are rarer than the ${maxSymbols - 1} kept: ${UNKNOWN}`,
    );
  }
  if (replaced[1] > 0) {
    notes.push(
      `${replaced[1]} of ${validLength + testLength} validation and test symbols never occur in training: ` +
        `counted as ${hasUnknown ? UNKNOWN : 'the rarest training symbol'}`,
    );
  }
  if (symbols.length < 2) {
    throw new UserError({
      where,
      given: `the training part repeats one symbol (${JSON.stringify(symbols[0])})`,
      allowed: 'needs 2 or more distinct symbols',
    });
  }
  const dataset: TextDataset = {
    kind: 'text',
    symbols,
    train: tokens.slice(0, trainLength),
    valid: tokens.slice(trainLength, trainLength + validLength),
    test: tokens.slice(trainLength + validLength),
  };
  return {
    dataset,
    sha256: sha256(bytes),
    summary:
      `${symbols.length} symbols (${isBytes ? 'bytes' : 'UTF-8 characters'}); ` +
      `training ${trainLength}, validation ${validLength}, test ${testLength}`,
    notes,
  };
}

/** A text file as a dataset. */
export function loadText(path: string, options: TextOptions = {}): Loaded<TextDataset> {
  return textDataset(path, readBytes(path), options);
}

/** Throws unless every lane of a batch holds one sequence of `timeSteps` symbols and its targets. */
export function checkTextLength(
  where: string,
  dataset: TextDataset,
  batch: number,
  timeSteps: number,
): void {
  const needed = batch * timeSteps + 1;
  if (dataset.train.length >= needed) return;
  throw new UserError({
    where,
    given: `the training part has ${dataset.train.length} symbols`,
    allowed: `${batch} lanes of ${timeSteps} steps need ${needed}`,
    hint: 'use a longer text, a smaller --batch or fewer --steps-per-sequence',
  });
}
