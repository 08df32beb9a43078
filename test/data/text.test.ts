import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { corpusText, loadCorpus } from '../../src/data/corpus.js';
import { unpackedName } from '../../src/data/read-file.js';
import {
  checkTextLength,
  EOS,
  loadText,
  splitLengths,
  textDataset,
  UNKNOWN,
} from '../../src/data/text.js';
import type { TextDataset } from '../../src/model/dataset.js';
import { scratchFolder } from '../scratch.js';
import { describeShared } from './shared-data.js';

const folder = scratchFolder();
const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');

describe('text', () => {
  test('symbols are the distinct code points of the training part, in order', () => {
    const { dataset } = textDataset('t', bytes('baab\u00e9a\u{1f600}bab'.repeat(10)));
    expect(dataset.symbols).toEqual(['a', 'b', '\u00e9', '\u{1f600}']);
    expect([...dataset.train.slice(0, 7)]).toEqual([1, 0, 0, 1, 2, 0, 3]);
    expect([dataset.train.length, dataset.valid.length, dataset.test.length]).toEqual([80, 10, 10]);
  });

  test('bytes mode reads every byte and names unprintable ones', () => {
    const { dataset } = textDataset('t', Buffer.from([0, 255, 65, 10].flatMap((b) => [b, b, b])), {
      mode: 'bytes',
      split: [1, 0, 0],
    });
    expect(dataset.symbols).toEqual(['<0x00>', '<0x0A>', 'A', '<0xFF>']);
  });

  test('auto reads invalid UTF-8 as bytes, and drops a byte order mark of valid UTF-8', () => {
    expect(textDataset('t', Buffer.from([97, 98, 0xff, 97, 98, 97])).dataset.symbols).toContain(
      'b',
    );
    expect(textDataset('t', bytes('\uFEFFabab')).dataset.symbols).toEqual(['a', 'b']);
  });

  test('symbols that training never saw count as the rarest one, and the note says how many', () => {
    const { dataset, notes } = textDataset('t', bytes('aaab'.repeat(4) + 'zz' + 'aa'), {
      split: [0.8, 0.1, 0.1],
    });
    expect([...dataset.valid]).toEqual([1, 1]);
    expect(notes).toEqual([
      '2 of 4 validation and test symbols never occur in training: counted as the rarest training symbol',
    ]);
  });

  test('beyond maxSymbols the rare ones become one unknown symbol', () => {
    const { dataset, notes } = textDataset('t', bytes('aaaabbbccd'.repeat(10)), { maxSymbols: 3 });
    expect(dataset.symbols).toEqual(['a', 'b', UNKNOWN]);
    expect([...dataset.train.slice(0, 10)]).toEqual([0, 0, 0, 0, 1, 1, 1, 2, 2, 2]);
    expect(notes[0]).toBe('24 of 80 training symbols are rarer than the 2 kept: <unknown>');
  });

  test('parts are contiguous and cover the text', () => {
    expect(splitLengths(3258246, [0.8, 0.1, 0.1])).toEqual([2606596, 325824, 325826]);
    expect(splitLengths(7, [1, 0, 0])).toEqual([7, 0, 0]);
  });

  test.each([
    ['empty file', '', {}, 'FILE: the file is empty, needs data'],
    [
      'binary file',
      'ab\0cd',
      {},
      'FILE: binary file (byte 2 is 0), text has no zero bytes; to train on raw bytes add --bytes',
    ],
    [
      'invalid UTF-8',
      Buffer.from([97, 0xff]),
      { mode: 'utf8' },
      'FILE: the file is not valid UTF-8; convert it, or train on its bytes with --bytes',
    ],
    [
      'one symbol',
      'aaaaaaaaaa',
      {},
      'FILE: the training part repeats one symbol ("a"), needs 2 or more distinct symbols',
    ],
    [
      'too short',
      'ab',
      {},
      'FILE: the text has 2 symbols, its training part needs 2 or more; use a longer text',
    ],
    [
      'split that is no whole',
      'abab',
      { split: [0.5, 0.1, 0.1] },
      'split: 50/10/10, three parts that add up to 100, the first above 0; for example 80/10/10',
    ],
    [
      'no room for symbols',
      'abab',
      { maxSymbols: 1 },
      'max-symbols: 1, must be an integer in 2..65536',
    ],
  ] as const)('refuses: %s', (name, content, options, message) => {
    const path = folder.write(`${name}.txt`, content as string);
    expect(() => loadText(path, options as object)).toThrow(message.replace('FILE', path));
  });

  test('refuses a missing file and a folder', () => {
    expect(() => loadText(`${folder.path}/none`)).toThrow(
      `${folder.path}/none: no such file or folder`,
    );
    expect(() => loadText(folder.path)).toThrow(`${folder.path}: is a folder, not a file`);
  });

  test('refuses a text shorter than one sequence per lane', () => {
    const { dataset } = textDataset('t.txt', bytes('abcd'.repeat(25)));
    expect(() => checkTextLength('t.txt', dataset, 2, 39)).not.toThrow();
    expect(() => checkTextLength('t.txt', dataset, 2, 40)).toThrow(
      't.txt: the training part has 80 symbols, 2 lanes of 40 steps need 81; use a longer text, a smaller --batch or fewer --steps-per-sequence',
    );
  });
});

const texts = (dataset: { symbols: readonly string[] }, tokens: ArrayLike<number>): string[] =>
  Array.from(tokens, (id) => dataset.symbols[id]);

describe('words', () => {
  const words = { mode: 'words', split: [1, 0, 0] } as const;

  test('stand between white space; each line ends in <eos>, also a blank one', () => {
    const { dataset } = textDataset('t', bytes(' a  b \r\n\n\tb c'), words);
    expect(dataset.unit).toBe('word');
    expect(dataset.symbols).toEqual(['a', 'b', EOS, 'c']);
    expect(texts(dataset, dataset.train)).toEqual(['a', 'b', EOS, EOS, 'b', 'c', EOS]);
  });

  test('beyond maxSymbols become the <unk> of the corpus, which is always kept', () => {
    const text = 'a a a b b c d <unk>\n'.repeat(2);
    const { dataset, notes } = textDataset('t', bytes(text), { ...words, maxSymbols: 3 });
    expect(dataset.symbols).toEqual(['a', 'b', '<unk>']);
    expect(texts(dataset, dataset.train.slice(5, 9))).toEqual(['<unk>', '<unk>', '<unk>', '<unk>']);
    expect(notes).toEqual(['6 of 18 training words are rarer than the 2 kept: <unk>']);
  });

  test('become <unknown> where the corpus has no <unk>', () => {
    const { dataset, notes } = textDataset('t', bytes('a a a b b c\n'.repeat(4)), {
      ...words,
      maxSymbols: 3,
    });
    expect(dataset.symbols).toEqual(['a', 'b', UNKNOWN]);
    expect(notes).toEqual(['8 of 28 training words are rarer than the 2 kept: <unknown>']);
  });

  test('that training never saw become <unknown>, with the advice to keep fewer', () => {
    const { dataset, notes } = textDataset('t', bytes('a b a b a b a b c d\n'), {
      mode: 'words',
      split: [0.8, 0.1, 0.1],
    });
    expect(dataset.symbols).toEqual(['a', 'b', UNKNOWN]);
    expect(texts(dataset, [...dataset.valid, ...dataset.test])).toEqual([
      UNKNOWN,
      UNKNOWN,
      UNKNOWN,
    ]);
    expect(notes).toEqual([
      '3 of 3 validation and test words never occur in training: counted as <unknown>',
      'training has no <unknown> to learn from; keep fewer with --max-symbols',
    ]);
  });

  test('a line of 200000 words is no problem', () => {
    expect(textDataset('t', bytes('a b '.repeat(100_000)), words).dataset.train).toHaveLength(
      200_001,
    );
  });

  test('must be UTF-8 text', () => {
    expect(() => textDataset('t', Buffer.from([97, 32, 0xff]), words)).toThrow(
      't: the file is not valid UTF-8; convert it to UTF-8',
    );
    expect(() => textDataset('t', bytes('a \0'), words)).toThrow(
      't: binary file (byte 2 is 0), text has no zero bytes; convert it to UTF-8',
    );
  });
});

describe('symbols', () => {
  const symbols = { mode: 'symbols', split: [1, 0, 0] } as const;

  test('stand between spaces, the line break among them; the last empty item is dropped', () => {
    const { dataset, summary } = textDataset('t', bytes('a _ < \n a bc _ \n '), symbols);
    expect(dataset.unit).toBe('symbol');
    expect(dataset.symbols).toEqual(['a', '_', '<', '\n', 'bc']);
    expect(texts(dataset, dataset.train)).toEqual(['a', '_', '<', '\n', 'a', 'bc', '_', '\n']);
    expect(summary).toBe('5 symbols (separated by spaces); training 8, validation 0, test 0');
  });

  test.each([
    [
      'two spaces in a row',
      'a b \n a  b',
      't:2:4: two spaces in a row, one space stands between two symbols; write the space inside a sentence as _',
    ],
    [
      'a line break that hangs on a symbol',
      'a b\nc d\n',
      't:1:3: symbol "b\\nc", a line break is a symbol of its own, with a space on both sides',
    ],
  ])('refuses %s', (_, text, message) => {
    expect(() => textDataset('t', bytes(text), symbols)).toThrow(message);
  });
});

describe('files of text', () => {
  test('characters and bytes say what they are', () => {
    expect(textDataset('t', bytes('abab')).dataset.unit).toBe('character');
    expect(textDataset('t', bytes('abab'), { mode: 'bytes' }).dataset.unit).toBe('byte');
  });

  test('one per part: the vocabulary is that of the training file, the split is not used', () => {
    const path = folder.write('parts/train.txt', 'a b c\n');
    const validPath = folder.write('parts/valid.txt', 'c a\n');
    const testPath = folder.write('parts/test.txt', 'b b z\n');
    const { dataset, notes } = loadText(path, { mode: 'words', validPath, testPath });
    expect(texts(dataset, dataset.train)).toEqual(['a', 'b', 'c', EOS]);
    expect(texts(dataset, dataset.valid)).toEqual(['c', 'a', EOS]);
    expect(texts(dataset, dataset.test)).toEqual(['b', 'b', UNKNOWN, EOS]);
    expect(notes).toContain('validation part from valid.txt, test part from test.txt');
  });

  test('with a test file alone, validation is the end of the training file', () => {
    const path = folder.write('two/train.txt', 'abab'.repeat(9));
    const testPath = folder.write('two/test.txt', 'bb');
    const { dataset } = loadText(path, { testPath });
    expect([dataset.train.length, dataset.valid.length, dataset.test.length]).toEqual([32, 4, 2]);
    expect(() => loadText(path, { validPath: testPath })).toThrow(
      `${testPath}: a validation file without a test file, give both, the test file alone, or neither`,
    );
  });

  test('are read through .gz, with the same sha256', () => {
    const path = folder.write('z/a.txt', 'abcd'.repeat(20));
    const packed = folder.write('z/b.txt.gz', gzipSync('abcd'.repeat(20)));
    expect(loadText(packed)).toEqual(loadText(path));
    expect(unpackedName('a/B.TXT.GZ')).toBe('a/B.TXT');
    const broken = folder.write('z/c.txt.gz', 'abcd');
    expect(() => loadText(broken)).toThrow(
      `${broken}: cannot be unpacked (incorrect header check), a name that ends in .gz must belong to a whole gzip file`,
    );
  });
});

describe('corpus', () => {
  test('is the same printable ASCII every time, cut to size', () => {
    const { text } = corpusText(50_000);
    expect(text).toHaveLength(50_000);
    expect(text).toMatch(/^[\n\x20-\x7e]*$/);
    expect(corpusText(50_000).text).toBe(text);
    expect(loadCorpus(50_000).dataset.train).toHaveLength(40_000);
  });

  test('refuses more characters than there are', () => {
    expect(() => loadCorpus(1e9)).toThrow(
      /^corpus-size: 1000000000, the declarations of typescript \S+ have \d+ characters$/,
    );
  });
});

const lengths = ({ train, valid, test }: TextDataset): number[] =>
  [train, valid, test].map(({ length }) => length);

describeShared('ptb', (file) => {
  test('10,000 words, counts with <eos>, and the perplexity of add-one unigrams', () => {
    const { dataset, notes } = loadText(file('ptb.train.txt.gz'), {
      mode: 'words',
      validPath: file('ptb.valid.txt'),
      testPath: file('ptb.test.txt'),
    });
    expect(lengths(dataset)).toEqual([929_589, 73_760, 82_430]);
    expect(dataset.symbols).toHaveLength(10_000);
    expect(notes).toHaveLength(1);
    const unk = dataset.symbols.indexOf('<unk>');
    const unks = [dataset.train, dataset.valid, dataset.test].map(
      (part) => part.filter((id) => id === unk).length,
    );
    expect(unks).toEqual([45_020, 3_485, 4_794]);
    const counts = new Float64Array(10_000).fill(1);
    for (const id of dataset.train) counts[id]++;
    const perplexity = (part: ArrayLike<number>): number => {
      let loss = 0;
      for (let k = 0; k < part.length; k++) {
        loss -= Math.log(counts[part[k]] / (dataset.train.length + 10_000));
      }
      return Math.exp(loss / part.length);
    };
    expect(perplexity(dataset.valid)).toBeCloseTo(684.7, 1);
    expect(perplexity(dataset.test)).toBeCloseTo(639.8, 1);
  });
});

describeShared('ptb-char', (file) => {
  test('50 symbols, none of validation and test unknown', () => {
    const { dataset, notes } = loadText(file('ptb.char.train.txt.gz'), {
      mode: 'symbols',
      validPath: file('ptb.char.valid.txt'),
      testPath: file('ptb.char.test.txt'),
    });
    expect(lengths(dataset)).toEqual([5_017_482, 393_042, 442_423]);
    expect(dataset.symbols).toHaveLength(50);
    expect(new Set(dataset.test).size).toBe(48);
    expect(notes).toHaveLength(1);
  });
});

describeShared('warpeace', (file) => {
  test('3,258,246 bytes of 87 values', () => {
    const { dataset } = loadText(file('warpeace_input.txt'), { mode: 'bytes', split: [1, 0, 0] });
    expect([dataset.train.length, dataset.symbols.length]).toEqual([3_258_246, 87]);
  });
});

describeShared('tinyshakespeare', (file) => {
  test('1,115,394 characters of 65', () => {
    const { dataset } = loadText(file('input.txt'), { split: [1, 0, 0] });
    expect([dataset.train.length, dataset.symbols.length]).toEqual([1_115_394, 65]);
  });
});
