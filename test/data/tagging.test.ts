import { describe, expect, test } from 'vitest';
import { type ConllSentence, parseConll } from '../../src/data/conll.js';
import { readBytes } from '../../src/data/read-file.js';
import { entitiesOf, type TagScheme, writeTags } from '../../src/data/tag-scheme.js';
import { loadTagging } from '../../src/data/tagging.js';
import { tokenEncoder, wordShape } from '../../src/data/token-features.js';
import type { TaggedSentence, TaggingDataset } from '../../src/model/dataset.js';
import { entityReport } from '../../src/train/entity-f1.js';
import { scratchFolder } from '../scratch.js';
import { describeShared } from './shared-data.js';

const folder = scratchFolder();
const conll = (text: string, options = {}) => parseConll('f.conll', Buffer.from(text), options);
const loadPart = (path: string) => parseConll(path, readBytes(path));
const plain = (sentences: readonly ConllSentence[]): string[] =>
  sentences.map(({ words, tags }) => words.map((word, k) => `${word}/${tags[k]}`).join(' '));
const column = (tags: string): string =>
  tags
    .split(' ')
    .map((tag) => `w ${tag}\n`)
    .join('');

describe('column files', () => {
  test('token first, tag last, apart by blanks or a tab; blank lines may hold a tab', () => {
    const { sentences, tokenColumn, tagColumn } = conll(
      'Ada\tB-PER\n \t\nin\tO\nRome\tB-LOC\n\n\n',
    );
    expect(plain(sentences)).toEqual(['Ada/B-PER', 'in/O Rome/B-LOC']);
    expect(sentences[1].lines).toEqual([3, 4]);
    expect([tokenColumn, tagColumn]).toEqual([1, 2]);
    expect(plain(conll('\uFEFFAda NNP  B-PER\r\nin IN O\r\n').sentences)).toEqual([
      'Ada/B-PER in/O',
    ]);
  });

  test('a column that counts the tokens, and columns after the tag, are passed over', () => {
    const file = conll(
      '# sent_id = 1\n# text = Ada in Rome\n1\tAda\tB-PER\t-\tx\n2\tin\tO\t-\t-\n\n1\tRome\tB-LOC\t-\tx\n',
    );
    expect(plain(file.sentences)).toEqual(['Ada/B-PER in/O', 'Rome/B-LOC']);
    expect([file.tokenColumn, file.tagColumn, file.columns]).toEqual([2, 3, 5]);
  });

  test('columns can be named', () => {
    const text = 'B-PER x Ada\nO x in\n';
    expect(plain(conll(text, { tokenColumn: 3, tagColumn: 1 }).sentences)).toEqual([
      'Ada/B-PER in/O',
    ]);
    expect(() => conll(text, { tagColumn: 4 })).toThrow('tag-column: 4, the file has columns 1..3');
    expect(() => conll(text, { tokenColumn: 0 })).toThrow(
      'token-column: 0, the file has columns 1..3',
    );
  });

  test('# is a token where the line has its columns and a tag', () => {
    const spaced = conll('# a comment\n# words\nsee O\n# O\n#tag I-X\n');
    expect(plain(spaced.sentences)).toEqual(['see/O #/O #tag/I-X']);
    expect(plain(conll('# of\ttab\n#win\tO\nus\tB-X\n').sentences)).toEqual(['#win/O us/B-X']);
  });

  test.each([
    ['before', '-DOCSTART- O\n\na O\n\nb I-X\n-DOCSTART- O\nc O\n', [0, 0, 1]],
    ['after', 'a O\n\nb I-X\n\n-DOCSTART- O\n\nc O\n\n-DOCSTART- O\n', [0, 0, 1]],
    ['as a comment', '# newdoc id = 1\na O\n\n# newdoc\nb I-X\nc O\n', [0, 1]],
  ])('marks of documents %s', (_, text, documents) => {
    const file = conll(text);
    expect(file.sentences.map(({ document }) => document)).toEqual(documents);
    expect(file.documents).toBe(2);
  });

  test('a no-break space is a token', () => {
    expect(plain(conll('a\tB-X\n\u00a0\tO\n').sentences)).toEqual(['a/B-X \u00a0/O']);
  });

  test.each([
    ['another number of columns', 'a O\nb x O\n', 'f.conll:2: 3 columns, line 1 has 2'],
    ['a token alone', 'a\tO\nb\n', 'f.conll:2: 1 column, line 1 has 2'],
    [
      'one column',
      'a\nb\n',
      'f.conll:1: one column, a token line has a token and its tag, apart by a tab or blanks',
    ],
    [
      'a word for a tag',
      'a O\nb PER\n',
      'f.conll:2:2: "PER", a tag is O, or B-, I-, E- or S- with a type; name the column of the tags with --tag-column',
    ],
    [
      'a missing token',
      'a\tx\tO\n\tx\tO\n',
      'f.conll:2:1: the token is missing, every token line needs one',
    ],
    ['no token', '# nothing\n\n', 'f.conll: no token line, needs lines of a token and its tag'],
    ['binary data', 'a\0b', 'f.conll: binary file (byte 1 is 0), must be text'],
  ])('refuses %s', (_, text, message) => expect(() => conll(text)).toThrow(message));
});

describe('tag schemes', () => {
  test.each<[TagScheme, string]>([
    ['IO', 'I-A I-A O I-B I-A'],
    ['IOB1', 'I-A I-A B-A O I-B I-A'],
    ['IOB2', 'B-A I-A B-A O B-B B-A'],
    ['BIOES', 'B-A E-A S-A O S-B B-A I-A E-A'],
  ])('%s is found', (scheme, tags) => expect(conll(column(tags)).scheme).toBe(scheme));

  test.each([
    [
      'B-A I-A O I-A B-B I-B',
      'f.conll:4: I-A after O, the file is nearest to IOB2: every entity begins with B-; 1 such place',
    ],
    [
      'B-A I-B',
      'f.conll:2: I-B after B-A, the file is nearest to IOB2: every entity begins with B-; 1 such place',
    ],
    [
      'I-A B-A O I-A O B-A',
      'f.conll:6: B-A after O, the file is nearest to IOB1: B- stands only directly after an entity of the same type; 1 such place',
    ],
    [
      'B-A O E-A S-A',
      'f.conll:2: O after B-A, the file is nearest to BIOES: entities are S-, or B- I- ... E-; 2 such places',
    ],
    [
      'S-A B-A',
      'f.conll:2: the end of a sentence after B-A, the file is nearest to BIOES: entities are S-, or B- I- ... E-; 1 such place',
    ],
  ])('refuses %s', (tags, message) => expect(() => conll(column(tags))).toThrow(message));

  test('an entity does not go on in the next sentence', () => {
    expect(() => conll('a B-X\n\nb I-X\n')).toThrow('f.conll:3: I-X after the begin of a sentence');
  });

  test.each([
    ['I-A I-A O I-B I-A', 'B-A I-A O B-B B-A', 'B-A E-A O S-B S-A'],
    ['I-A I-A B-A O I-B', 'B-A I-A B-A O B-B', 'B-A E-A S-A O S-B'],
    ['B-A I-A I-A B-A', 'B-A I-A I-A B-A', 'B-A I-A E-A S-A'],
    ['S-A B-A I-A E-A S-B', 'B-A B-A I-A I-A B-B', 'S-A B-A I-A E-A S-B'],
  ])('%s is written as %s and as %s', (from, iob2, bioes) => {
    const tags = from.split(' ');
    const write = (scheme: 'IOB2' | 'BIOES') =>
      writeTags(entitiesOf(tags), tags.length, scheme).join(' ');
    expect([write('IOB2'), write('BIOES')]).toEqual([iob2, bioes]);
  });
});

describe('features of tokens', () => {
  test.each([
    ['Folha', 'Xxx'],
    ['PT', 'XX'],
    ['\u00c9', 'X'],
    ['e\u0301tude', 'xx'],
    ['McDonald\u2019s', 'XxXxx\u2019x'],
    ['1994-95', 'dd-dd'],
    ['.....', '..'],
  ])('the shape of %s is %s', (word, shape) => expect(wordShape(word)).toBe(shape));

  test('an index per feature; values rarer than minCount are 0', () => {
    const { features, encode } = tokenEncoder(
      ['word', 'suffix2', 'prefix3'],
      [
        ['Going', 'going'],
        ['Doing', 'go'],
      ],
      2,
    );
    expect(features).toEqual([
      { name: 'word', size: 2, values: ['<unknown>', 'going'] },
      { name: 'suffix2', size: 2, values: ['<unknown>', 'ng'] },
      { name: 'prefix3', size: 2, values: ['<unknown>', 'goi'] },
    ]);
    expect([...encode(['GOING', 'doing', 'x'])]).toEqual([1, 1, 1, 0, 1, 0, 0, 0, 0]);
  });

  test('letters beyond the basic plane stay whole', () => {
    const { features } = tokenEncoder(['suffix2'], [['a\u{1f600}b']], 1);
    expect(features[0].values).toEqual(['<unknown>', '\u{1f600}b']);
  });
});

const decode = ({ features, tags }: TaggingDataset, sentence: TaggedSentence): string =>
  Array.from(sentence.tags, (tag, k) => {
    const index = sentence.features[k * features.length];
    return `${features[0].values![index]}/${tags[tag]}`;
  }).join(' ');

describe('tagging datasets', () => {
  const train = 'Ada I-PER\nLovelace I-PER\nand O\nAda I-PER\n\nin O\nRome I-LOC\n';

  test('one file per part; types and vocabularies come from training', () => {
    const path = folder.write('train.conll', train);
    const validPath = folder.write('valid.conll', 'Eve\tB-PER\nin\tO\n');
    const testPath = folder.write('test.conll', 'Rome\tB-LOC\nRome\tB-LOC\n');
    const { dataset, notes, summary } = loadTagging(path, { validPath, testPath, minCount: 1 });
    expect(dataset.tags).toEqual(['O', 'B-LOC', 'I-LOC', 'B-PER', 'I-PER']);
    expect(dataset.features.map(({ name }) => name)).toEqual([
      'word',
      'shape',
      'suffix2',
      'suffix3',
      'prefix3',
    ]);
    expect(dataset.train.map((sentence) => decode(dataset, sentence))).toEqual([
      'ada/B-PER lovelace/I-PER and/O ada/B-PER',
      'in/O rome/B-LOC',
    ]);
    expect(decode(dataset, dataset.valid[0])).toBe('<unknown>/B-PER in/O');
    expect(decode(dataset, dataset.test[0])).toBe('rome/B-LOC rome/B-LOC');
    expect(dataset.train[0].features).toHaveLength(4 * 5);
    expect(summary).toMatch(
      /^types LOC, PER in 5 IOB2 tags; word 6, .* test 1 sentences \(2 tokens, 2 entities\)$/,
    );
    expect(notes).toEqual([
      'train.conll: IO tags, columns 1 (token) and 2 (tag) of 2',
      'valid.conll: IOB2 tags, columns 1 (token) and 2 (tag) of 2',
      'test.conll: IOB2 tags, columns 1 (token) and 2 (tag) of 2',
      'IO tags cannot tell adjacent entities of one type apart: they count as one',
    ]);
  });

  test('BIOES where asked for', () => {
    const path = folder.write('bioes.conll', train);
    const { dataset } = loadTagging(path, { testPath: path, scheme: 'BIOES', minCount: 1 });
    expect(dataset.tags).toHaveLength(9);
    expect(decode(dataset, dataset.test[0])).toBe('ada/B-PER lovelace/E-PER and/O ada/S-PER');
  });

  const documents = (count: number): string =>
    Array.from({ length: count }, (_, d) => `-DOCSTART- O\n\nd${d} B-X\n\nd${d} O\n\n`).join('');

  test('one file is dealt by documents, the same way for the same seed', () => {
    const path = folder.write('docs.conll', documents(20));
    const load = (seed: number) => loadTagging(path, { seed, minCount: 1, split: [0.6, 0.2, 0.2] });
    const { dataset, notes } = load(1);
    expect([dataset.train.length, dataset.valid.length, dataset.test.length]).toEqual([24, 8, 8]);
    expect(notes[1]).toBe('split 60/20/20 by document, seed 1');
    // Both sentences of a test document are unknown to training.
    for (const { features } of dataset.test) expect(features[0]).toBe(0);
    expect(load(1).dataset).toEqual(dataset);
    expect(load(2).dataset).not.toEqual(dataset);
    const bySentence = loadTagging(path, { splitBy: 'sentence', split: [0.6, 0.2, 0.2] });
    expect(bySentence.notes[1]).toBe('split 60/20/20 by sentence, seed 1');
  });

  test('with a test file, validation is taken from training', () => {
    const path = folder.write('more.conll', documents(20));
    const { dataset, notes } = loadTagging(path, { testPath: path });
    expect([dataset.train.length, dataset.valid.length, dataset.test.length]).toEqual([36, 4, 40]);
    expect(notes[2]).toBe('validation part: 4 training sentences by document, seed 1');
  });

  test('refuses what cannot be trained', () => {
    const path = folder.write('t.conll', train);
    const other = folder.write('o.conll', 'x O\nUN B-ORG\n');
    expect(() => loadTagging(path, { testPath: other })).toThrow(
      `${other}:2: type ORG, ${path} has LOC, PER`,
    );
    const outside = folder.write('outside.conll', 'a O\n');
    expect(() => loadTagging(outside)).toThrow(
      `${outside}: every tag is O, training needs entities; name the column of the tags with --tag-column`,
    );
    const one = folder.write('one.conll', 'a I-X\n');
    expect(() => loadTagging(one)).toThrow(
      `${one}: 0 sentences for training and 1 for testing, both parts need at least one`,
    );
    expect(() => loadTagging(path, { minCount: 0 })).toThrow(
      'min-count: 0, must be an integer of at least 1',
    );
    expect(() => loadTagging(path, { features: ['word', 'word'] })).toThrow(
      'features: word, word, one or more of word, shape, suffix2, suffix3, prefix3, each once',
    );
  });
});

/** Entity F1 in percent of tagging each word with its most frequent training tag, O where there is none. */
function mostFrequentTagF1(
  train: readonly ConllSentence[],
  other: readonly ConllSentence[],
): number {
  const counts = new Map<string, Map<string, number>>();
  for (const { words, tags } of train) {
    const own = writeTags(entitiesOf(tags), tags.length, 'IOB2');
    words.forEach((word, k) => {
      const seen = counts.get(word) ?? new Map<string, number>();
      counts.set(word, seen.set(own[k], (seen.get(own[k]) ?? 0) + 1));
    });
  }
  const best = (word: string): string =>
    [...(counts.get(word) ?? [['O', 1] as const])].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
  const gold = other.map(({ tags }) => writeTags(entitiesOf(tags), tags.length, 'IOB2'));
  const predicted = other.map(({ words }) => words.map(best));
  const names = [...new Set([...gold, ...predicted].flat())];
  const indices = (part: string[][]) => part.map((tags) => tags.map((tag) => names.indexOf(tag)));
  return 100 * entityReport(indices(gold), indices(predicted), names).f1;
}

const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);

function countsOf(sentences: readonly ConllSentence[]): object {
  const types: Record<string, number> = {};
  for (const { tags } of sentences)
    for (const { type } of entitiesOf(tags)) types[type] = (types[type] ?? 0) + 1;
  return { sentences: sentences.length, tokens: sum(sentences.map((s) => s.words.length)), types };
}

describeShared('uner-pt-bosque', (file) => {
  const part = (name: string): string => file(`pt_bosque-ud-${name}.iob2`);

  test('counts of the three files, and F1 of the most frequent tag per word', () => {
    const [train, dev, own] = ['train', 'dev', 'test'].map((name) => loadPart(part(name)));
    expect([train, dev, own].map(({ scheme, documents }) => [scheme, documents])).toEqual([
      ['IOB2', 234],
      ['IOB2', 40],
      ['IOB2', 39],
    ]);
    expect(countsOf(train.sentences)).toEqual({
      sentences: 7_018,
      tokens: 171_776,
      types: { PER: 2_914, LOC: 2_425, ORG: 2_762 },
    });
    expect(countsOf(dev.sentences)).toEqual({
      sentences: 1_172,
      tokens: 28_447,
      types: { PER: 570, LOC: 414, ORG: 417 },
    });
    expect(countsOf(own.sentences)).toEqual({
      sentences: 1_167,
      tokens: 27_604,
      types: { PER: 442, LOC: 317, ORG: 456 },
    });
    expect(new Set(train.sentences.flatMap(({ words }) => words)).size).toBe(23_808);
    expect(mostFrequentTagF1(train.sentences, dev.sentences)).toBeCloseTo(41.53, 2);
    expect(mostFrequentTagF1(train.sentences, own.sentences)).toBeCloseTo(41.72, 2);
  });

  test('as a dataset: 7 tags, 5 features', () => {
    const { dataset } = loadTagging(part('train'), {
      validPath: part('dev'),
      testPath: part('test'),
    });
    expect(dataset.tags).toHaveLength(7);
    expect(Math.max(...dataset.train.map(({ tags }) => tags.length))).toBe(201);
    expect(dataset.features.map(({ size }) => size)).toEqual([9467, 121, 644, 2019, 2350]);
  });
});

describeShared('wikigold', (file) => {
  test('IO tags, 145 documents, # as a token; the split by document number', () => {
    const { sentences, documents, scheme } = loadPart(file('wikigold.conll.txt'));
    expect([scheme, documents]).toEqual(['IO', 145]);
    expect(countsOf(sentences)).toEqual({
      sentences: 1_696,
      tokens: 39_007,
      types: { LOC: 1_014, PER: 934, ORG: 898, MISC: 712 },
    });
    const part = (...digits: number[]) =>
      sentences.filter(({ document }) => digits.includes(document % 10));
    const [train, dev, own] = [part(0, 1, 2, 3, 4, 5, 6, 7), part(8), part(9)];
    expect([train.length, dev.length, own.length]).toEqual([1_384, 195, 117]);
    expect(mostFrequentTagF1(train, dev)).toBeCloseTo(17.92, 2);
    expect(mostFrequentTagF1(train, own)).toBeCloseTo(15.34, 2);
  });
});

describeShared('wnut17', (file) => {
  test('counts of the three files, with separator lines of one tab', () => {
    const names = ['wnut17train.conll', 'emerging.dev.conll', 'emerging.test.annotated'];
    const counts = names.map((name) => {
      const { sentences } = loadPart(file(name));
      const { types, ...rest } = countsOf(sentences) as { types: Record<string, number> };
      return { ...rest, types: Object.keys(types).length, entities: sum(Object.values(types)) };
    });
    expect(counts).toEqual([
      { sentences: 3_394, tokens: 62_730, types: 6, entities: 1_975 },
      { sentences: 1_009, tokens: 15_733, types: 6, entities: 836 },
      { sentences: 1_287, tokens: 23_394, types: 6, entities: 1_079 },
    ]);
    const [path, validPath, testPath] = names.map(file);
    expect(loadTagging(path, { validPath, testPath }).dataset.tags).toHaveLength(13);
  });
});
