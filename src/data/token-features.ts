/** Categorical properties of a word, each with the vocabulary of its values in training. */
import type { TokenFeature } from '../model/dataset.js';
import { UNKNOWN } from './vocabulary.js';

export const TOKEN_FEATURES = ['word', 'shape', 'suffix2', 'suffix3', 'prefix3'] as const;
export type TokenFeatureName = (typeof TOKEN_FEATURES)[number];

/** `McDonald's` -> `XxXxx'x`: X upper case, x lower case, d digit; runs are cut to two. */
export function wordShape(word: string): string {
  return word
    .normalize('NFC')
    .replace(/\p{Lu}/gu, 'X')
    .replace(/[\p{L}\p{M}]/gu, (letter) => (letter === 'X' ? 'X' : 'x'))
    .replace(/\p{Nd}/gu, 'd')
    .replace(/(.)\1{2,}/gsu, '$1$1');
}

/** By code point, so that no letter is cut in two. */
function letters(word: string, from: number, to?: number): string {
  return Array.from(word.toLowerCase()).slice(from, to).join('');
}

const VALUE_OF: Readonly<Record<TokenFeatureName, (word: string) => string>> = {
  word: (word) => word.toLowerCase(),
  shape: wordShape,
  suffix2: (word) => letters(word, -2),
  suffix3: (word) => letters(word, -3),
  prefix3: (word) => letters(word, 0, 3),
};

export function featureValue(name: TokenFeatureName, word: string): string {
  return VALUE_OF[name](word);
}

export interface Encoder {
  readonly features: readonly TokenFeature[];
  /** [words.length, features.length] row-major. */
  encode(words: readonly string[]): Int32Array;
}

/** Index 0 is unknown; then values seen at least `minCount` times, the most frequent first. */
function vocabularyOf(
  name: TokenFeatureName,
  words: ReadonlyMap<string, number>,
  minCount: number,
): string[] {
  const counts = new Map<string, number>();
  for (const [word, count] of words) {
    const value = VALUE_OF[name](word);
    counts.set(value, (counts.get(value) ?? 0) + count);
  }
  const kept = [...counts].filter(([, count]) => count >= minCount);
  kept.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return [UNKNOWN, ...kept.map(([value]) => value)];
}

/** The indices of words by the vocabularies of the training sentences. */
export function tokenEncoder(
  names: readonly TokenFeatureName[],
  training: readonly (readonly string[])[],
  minCount: number,
): Encoder {
  const words = new Map<string, number>();
  for (const sentence of training)
    for (const word of sentence) words.set(word, (words.get(word) ?? 0) + 1);
  const features = names.map((name) => {
    const values = vocabularyOf(name, words, minCount);
    return { name, size: values.length, values };
  });
  const indices = features.map(
    ({ values }) => new Map(values.map((value, index) => [value, index])),
  );
  const known = new Map<string, Int32Array>();
  const lookUp = (word: string): Int32Array => {
    const before = known.get(word);
    if (before !== undefined) return before;
    const found = Int32Array.from(names, (name, f) => indices[f].get(VALUE_OF[name](word)) ?? 0);
    known.set(word, found);
    return found;
  };
  return {
    features,
    encode(sentence) {
      const all = new Int32Array(sentence.length * names.length);
      sentence.forEach((word, k) => all.set(lookUp(word), k * names.length));
      return all;
    },
  };
}
