/** Text files -> token ids: the vocabulary is that of the training part. */
import { basename } from 'node:path';
import { UserError } from '../errors.js';
import type { TextDataset, TextUnit } from '../model/dataset.js';
import type { Loaded } from './loaded.js';
import { readBytes, sha256 } from './read-file.js';
import {
  checkPartPaths,
  checkSplit,
  DEFAULT_SPLIT,
  splitLengths,
  type SplitParts,
  withoutTest,
} from './split.js';
import { readUnits, type TextFile, type TextMode } from './text-units.js';
import { CORPUS_UNKNOWN, tokenize, type Tokenized, UNKNOWN } from './vocabulary.js';

export { DEFAULT_SPLIT, type SplitParts, splitLengths } from './split.js';
export { EOS, type TextMode } from './text-units.js';
export { UNKNOWN } from './vocabulary.js';

export const DEFAULT_MAX_SYMBOLS = 256;
/** The vocabulary of the Penn Treebank. */
export const DEFAULT_MAX_WORDS = 10_000;

export interface TextOptions {
  readonly mode?: TextMode | undefined;
  /** Default DEFAULT_MAX_WORDS for words, else DEFAULT_MAX_SYMBOLS. */
  readonly maxSymbols?: number | undefined;
  readonly split?: SplitParts | undefined;
}

export interface TextFileOptions extends TextOptions {
  /** With `testPath` only: then `path` is the training part, and `split` is not used. */
  readonly validPath?: string | undefined;
  /** Without `validPath`, `path` is cut into training and validation in the proportion of `split`. */
  readonly testPath?: string | undefined;
}

const UNIT_NOTES: Readonly<Record<TextUnit, string>> = {
  byte: 'symbols (bytes)',
  character: 'symbols (UTF-8 characters)',
  word: 'words',
  symbol: 'symbols (separated by spaces)',
};

function partLengths(
  parts: readonly Int32Array[],
  split: SplitParts,
): readonly [number, number, number] {
  const [first, second, third] = parts.map(({ length }) => length);
  if (parts.length === 1) return splitLengths(first, split);
  if (parts.length === 3) return [first, second, third];
  const [train, valid] = splitLengths(first, withoutTest(split));
  return [train, valid, second];
}

function concat(parts: readonly Int32Array[]): Int32Array {
  if (parts.length === 1) return parts[0];
  const all = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let from = 0;
  for (const part of parts) {
    all.set(part, from);
    from += part.length;
  }
  return all;
}

function replacementNotes(
  { other, replaced, symbols }: Tokenized,
  noun: string,
  trainLength: number,
  restLength: number,
): string[] {
  const [inTrain, inRest] = replaced;
  const isRarest = other !== UNKNOWN && other !== CORPUS_UNKNOWN;
  const notes: string[] = [];
  if (inTrain > 0) {
    notes.push(
      `${inTrain} of ${trainLength} training ${noun} are rarer than the ${symbols.length - 1} kept: ${other}`,
    );
  }
  if (inRest > 0) {
    const never =
      isRarest || inTrain === 0 ? 'never occur in training' : 'are not among those kept';
    notes.push(
      `${inRest} of ${restLength} validation and test ${noun} ${never}: counted as ` +
        (isRarest ? 'the rarest training symbol' : other),
    );
    if (other === UNKNOWN && inTrain === 0) {
      notes.push(`training has no ${UNKNOWN} to learn from; keep fewer with --max-symbols`);
    }
  }
  return notes;
}

/** `files`: the whole text; or training and test; or training, validation and test. */
function datasetOf(files: readonly TextFile[], options: TextOptions): Loaded<TextDataset> {
  const { mode = 'auto', split = DEFAULT_SPLIT } = options;
  const { maxSymbols = mode === 'words' ? DEFAULT_MAX_WORDS : DEFAULT_MAX_SYMBOLS } = options;
  checkSplit(split);
  if (!Number.isInteger(maxSymbols) || maxSymbols < 2 || maxSymbols > 65536) {
    throw new UserError({
      where: 'max-symbols',
      given: `${maxSymbols}`,
      allowed: 'must be an integer in 2..65536',
    });
  }
  const { where } = files[0];
  const units = readUnits(files, mode);
  const noun = units.unit === 'word' ? 'words' : 'symbols';
  const [trainLength, validLength, testLength] = partLengths(units.parts, split);
  if (trainLength < 2) {
    throw new UserError({
      where,
      given: `the text has ${units.parts[0].length} ${noun}`,
      allowed: `its training part needs 2 or more`,
      hint: 'use a longer text',
    });
  }
  const tokenized = tokenize(units, concat(units.parts), trainLength, maxSymbols);
  const { symbols, tokens } = tokenized;
  if (symbols.length < 2) {
    throw new UserError({
      where,
      given: `the training part repeats one symbol (${JSON.stringify(symbols[0])})`,
      allowed: 'needs 2 or more distinct symbols',
    });
  }
  const dataset: TextDataset = {
    kind: 'text',
    unit: units.unit,
    symbols,
    train: tokens.slice(0, trainLength),
    valid: tokens.slice(trainLength, trainLength + validLength),
    test: tokens.slice(trainLength + validLength),
  };
  return {
    dataset,
    sha256: sha256(...files.map(({ bytes }) => bytes)),
    summary:
      `${symbols.length} ${UNIT_NOTES[units.unit]}; ` +
      `training ${trainLength}, validation ${validLength}, test ${testLength}`,
    notes: replacementNotes(tokenized, noun, trainLength, validLength + testLength),
  };
}

/** The dataset of text already in memory; `where` names it in errors. */
export function textDataset(
  where: string,
  bytes: Buffer,
  options: TextOptions = {},
): Loaded<TextDataset> {
  return datasetOf([{ where, bytes }], options);
}

/** A text file, or one file per part, as a dataset. */
export function loadText(path: string, options: TextFileOptions = {}): Loaded<TextDataset> {
  const { validPath, testPath } = options;
  checkPartPaths(options);
  const others = [validPath, testPath].filter((other) => other !== undefined);
  const files = [path, ...others].map((where) => ({ where, bytes: readBytes(where) }));
  const loaded = datasetOf(files, options);
  if (others.length === 0) return loaded;
  const note =
    validPath === undefined
      ? `test part from ${basename(testPath!)}`
      : `validation part from ${basename(validPath)}, test part from ${basename(testPath!)}`;
  return { ...loaded, notes: [...loaded.notes, note] };
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
