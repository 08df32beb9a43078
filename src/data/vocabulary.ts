/** Units of text -> token ids by a vocabulary of the training part. */
import type { TextUnits } from './text-units.js';

/** Stands for every symbol beyond the most frequent `maxSymbols - 1` of the training part. */
export const UNKNOWN = '<unknown>';
/** What corpora of words write themselves for a word outside their vocabulary. */
export const CORPUS_UNKNOWN = '<unk>';

export interface Tokenized {
  readonly symbols: readonly string[];
  readonly tokens: Uint16Array;
  /** The symbol that the others became. */
  readonly other: string;
  /** How many of the training part, and of the rest, became it. */
  readonly replaced: readonly [train: number, rest: number];
}

interface Counted {
  readonly code: number;
  readonly count: number;
}

/** Codes of the training part, most frequent first, and whether another code follows. */
function countCodes(
  codes: Int32Array,
  trainLength: number,
): { byCount: Counted[]; hasUnseen: boolean; codeLimit: number } {
  const codeLimit = codes.reduce((max, code) => Math.max(max, code), 0) + 1;
  const counts = new Int32Array(codeLimit);
  for (let k = 0; k < trainLength; k++) counts[codes[k]]++;
  const byCount: Counted[] = [];
  counts.forEach((count, code) => {
    if (count > 0) byCount.push({ code, count });
  });
  byCount.sort((a, b) => b.count - a.count || a.code - b.code);
  const hasUnseen = codes.subarray(trainLength).some((code) => counts[code] === 0);
  return { byCount, hasUnseen, codeLimit };
}

/**
 * Token ids 0..n-1 in the order of codes, for at most `maxSymbols` symbols. All other units become
 *
 * - CORPUS_UNKNOWN where words or symbols of the training part have it,
 * - else UNKNOWN where training has more symbols than are kept, or where words or symbols of the other
 *   parts never occur in training,
 * - else (characters, bytes) the rarest training symbol, so that the replacement never flatters the result.
 */
export function tokenize(
  { unit, name }: Pick<TextUnits, 'unit' | 'name'>,
  codes: Int32Array,
  trainLength: number,
  maxSymbols: number,
): Tokenized {
  const { byCount, hasUnseen, codeLimit } = countCodes(codes, trainLength);
  const hasNames = unit === 'word' || unit === 'symbol';
  const own = hasNames ? byCount.findIndex(({ code }) => name(code) === CORPUS_UNKNOWN) : -1;
  const addsUnknown = own < 0 && (byCount.length > maxSymbols || (hasNames && hasUnseen));
  const room = addsUnknown ? maxSymbols - 1 : maxSymbols;
  const kept = byCount.slice(0, room);
  if (own >= room) kept[room - 1] = byCount[own];
  kept.sort((a, b) => a.code - b.code);

  const symbols = kept.map(({ code }) => name(code));
  if (addsUnknown) symbols.push(UNKNOWN);
  const rarest = byCount[byCount.length - 1].code;
  const other = addsUnknown
    ? kept.length
    : kept.findIndex(({ code }) => code === (own < 0 ? rarest : byCount[own].code));
  const ids = new Int32Array(codeLimit).fill(-1);
  kept.forEach(({ code }, id) => (ids[code] = id));

  const replaced: [number, number] = [0, 0];
  const tokens = new Uint16Array(codes.length);
  for (let k = 0; k < codes.length; k++) {
    const id = ids[codes[k]];
    if (id < 0) replaced[k < trainLength ? 0 : 1]++;
    tokens[k] = id < 0 ? other : id;
  }
  return { symbols, tokens, other: symbols[other], replaced };
}
