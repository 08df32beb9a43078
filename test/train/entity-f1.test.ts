import { describe, expect, test } from 'vitest';
import { Random } from '../../src/model/random.js';
import { chunksOf, type Chunk, entityReport } from '../../src/train/entity-f1.js';

const words = (text: string): string[] => text.split(' ');
const spans = (text: string): string[] =>
  chunksOf(words(text)).map(({ start, end, type }) => `${start}-${end} ${type}`);

/** Counts of sentences given as text. */
function report(gold: readonly string[], predicted: readonly string[]) {
  const tags = [...new Set([...gold, ...predicted].flatMap(words))];
  const indices = (sentence: string): Int32Array =>
    Int32Array.from(words(sentence), (tag) => tags.indexOf(tag));
  return entityReport(gold.map(indices), predicted.map(indices), tags);
}

describe('entities of a sentence', () => {
  test.each([
    ['O O', []],
    ['B-PER I-PER O B-LOC', ['0-2 PER', '3-4 LOC']],
    ['B-PER B-PER', ['0-1 PER', '1-2 PER']],
    ['I-PER I-PER O I-LOC', ['0-2 PER', '3-4 LOC']],
    ['I-PER B-PER I-PER', ['0-1 PER', '1-3 PER']],
    ['B-PER I-PER E-PER S-LOC', ['0-3 PER', '3-4 LOC']],
  ])('%s', (tags, expected) => expect(spans(tags)).toEqual(expected));

  test.each([
    ['I after O begins one', 'O I-PER I-PER', ['1-3 PER']],
    ['another type begins one', 'B-PER I-LOC I-LOC', ['0-1 PER', '1-3 LOC']],
    ['an end without begin is one', 'O E-PER E-PER', ['1-2 PER', '2-3 PER']],
    ['a begin without end closes at O', 'B-PER O', ['0-1 PER']],
    [
      'nothing goes on after E or S',
      'B-PER E-PER I-PER S-PER I-PER',
      ['0-2 PER', '2-3 PER', '3-4 PER', '4-5 PER'],
    ],
    ['a single one breaks an open one', 'B-PER S-PER E-PER', ['0-1 PER', '1-2 PER', '2-3 PER']],
  ])('%s', (_, tags, expected) => expect(spans(tags)).toEqual(expected));
});

describe('precision, recall and F1', () => {
  test('a hand-worked case, in total and by type', () => {
    const gold = ['B-PER I-PER O B-LOC', 'B-ORG I-ORG I-ORG O O', 'O B-LOC B-LOC'];
    const predicted = ['B-PER I-PER O B-ORG', 'B-ORG I-ORG O O O', 'O B-LOC I-LOC'];
    // Gold: PER 0-2, LOC 3-4, ORG 0-3, LOC 1-2, LOC 2-3. Predicted: PER 0-2, ORG 3-4, ORG 0-2, LOC 1-3.
    const { types, ...all } = report(gold, predicted);
    expect(all).toEqual({
      gold: 5,
      predicted: 4,
      correct: 1,
      precision: 1 / 4,
      recall: 1 / 5,
      f1: 2 / 9,
      tokens: 12,
      tokenAccuracy: 9 / 12,
    });
    expect(
      types.map(({ type, gold, predicted, correct }) => [type, gold, predicted, correct]),
    ).toEqual([
      ['LOC', 3, 1, 0],
      ['ORG', 1, 2, 0],
      ['PER', 1, 1, 1],
    ]);
  });

  test('an entity cut short, or of another type, counts as missed and as wrong', () => {
    expect(report(['B-A I-A O'], ['B-A O O'])).toMatchObject({ correct: 0, f1: 0 });
    expect(report(['B-A I-A O'], ['B-B I-B O'])).toMatchObject({ correct: 0, f1: 0 });
    expect(report(['B-A I-A O'], ['I-A I-A O'])).toMatchObject({ correct: 1, f1: 1 });
  });

  test('nothing predicted, nothing to find, and neither', () => {
    expect(report(['B-A'], ['O'])).toMatchObject({ precision: 0, recall: 0, f1: 0, gold: 1 });
    expect(report(['O'], ['B-A'])).toMatchObject({ precision: 0, recall: 0, f1: 0, predicted: 1 });
    expect(report(['O'], ['O'])).toMatchObject({ f1: 0, tokenAccuracy: 1, types: [] });
  });

  test('refuses sentences that do not belong together', () => {
    expect(() => entityReport([[0]], [], ['O'])).toThrow('1 sentences, 0 predicted');
    expect(() => entityReport([[0]], [[0, 0]], ['O'])).toThrow(
      'sentence 0 has 1 tags, 2 predicted',
    );
  });
});

/** The two tables of conlleval.pl, line by line, with S added as Python ports do. */
function conlleval(tags: readonly string[]): Chunk[] {
  const chunks: Chunk[] = [];
  let [lastPrefix, lastType, begin] = ['O', '', -1];
  [...tags, 'O'].forEach((tag, k) => {
    const [prefix, type = ''] = tag.split('-');
    const pair = lastPrefix + prefix;
    const isTypeChange = type !== lastType;
    const ends = /^(B[BSO]|I[BSO]|E.|S.)$/.test(pair) || (lastPrefix !== 'O' && isTypeChange);
    const begins = /^(.[BS]|[ES][EI]|O[EI])$/.test(pair) || (prefix !== 'O' && isTypeChange);
    if (ends) chunks.push({ start: begin, end: k, type: lastType });
    if (begins) begin = k;
    [lastPrefix, lastType] = [prefix, type];
  });
  return chunks;
}

describe('random sequences against the tables of conlleval', () => {
  const tags = ['O', 'B-A', 'I-A', 'E-A', 'S-A', 'B-B', 'I-B', 'E-B', 'S-B'];

  test.each([1, 2, 3])('seed %i', (seed) => {
    const random = new Random(seed);
    const sentences = (): number[][] =>
      Array.from({ length: 300 }, (_, n) =>
        Array.from({ length: n % 12 }, () => random.integer(9)),
      );
    const [gold, predicted] = [sentences(), sentences()];
    let [wanted, found, correct] = [0, 0, 0];
    gold.forEach((sentence, n) => {
      const names = (indices: number[]): string[] => indices.map((k) => tags[k]);
      const a = conlleval(names(sentence));
      const b = conlleval(names(predicted[n]));
      expect(chunksOf(names(sentence))).toEqual(a);
      const keys = new Set(a.map((chunk) => JSON.stringify(chunk)));
      wanted += a.length;
      found += b.length;
      correct += b.filter((chunk) => keys.has(JSON.stringify(chunk))).length;
    });
    expect(correct).toBeGreaterThan(20);
    expect(entityReport(gold, predicted, tags)).toMatchObject({
      gold: wanted,
      predicted: found,
      correct,
      precision: correct / found,
      recall: correct / wanted,
    });
  });
});
