import { describe, expect, test } from 'vitest';
import { corpusText, loadCorpus } from '../../src/data/corpus.js';
import {
  checkTextLength,
  loadText,
  splitLengths,
  textDataset,
  UNKNOWN,
} from '../../src/data/text.js';
import { scratchFolder } from '../scratch.js';

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
