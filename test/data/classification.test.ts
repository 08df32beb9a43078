import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { loadEcg5000 } from '../../src/data/ecg5000.js';
import { parseIdx } from '../../src/data/idx.js';
import { loadMnist } from '../../src/data/mnist.js';
import { loadSeries } from '../../src/data/series.js';
import { loadStrikeWatch } from '../../src/data/strikewatch.js';
import type { SeriesDataset } from '../../src/model/dataset.js';
import { scratchFolder } from '../scratch.js';
import { describeShared } from './shared-data.js';

const folder = scratchFolder();
const lengths = ({ train, valid, test }: SeriesDataset): number[] =>
  [train, valid, test].map(({ length }) => length);

/** An idx file of the given sizes with bytes 0, 1, 2, ... modulo `modulus`. */
function idx(sizes: readonly number[], modulus = 256): Buffer {
  const header = Buffer.alloc(4 + 4 * sizes.length);
  header.writeUInt32BE(0x800 + sizes.length, 0);
  sizes.forEach((size, k) => header.writeUInt32BE(size, 4 + 4 * k));
  const count = sizes.reduce((product, size) => product * size, 1);
  return Buffer.concat([header, Buffer.from(Array.from({ length: count }, (_, k) => k % modulus))]);
}

describe('MNIST', () => {
  const write = (name: string): string => {
    folder.write(`${name}/train-images-idx3-ubyte.gz`, gzipSync(idx([6, 2, 3])));
    folder.write(`${name}/train-labels-idx1-ubyte`, idx([6], 10));
    folder.write(`${name}/t10k-images.idx3-ubyte`, idx([2, 2, 3]));
    folder.write(`${name}/t10k-labels.idx1-ubyte.gz`, gzipSync(idx([2], 10)));
    return `${folder.path}/${name}`;
  };

  test('rows or pixels; the last training images validate', () => {
    const path = write('mnist');
    const rows = loadMnist(path, { order: 'rows', validCount: 2 });
    expect([rows.dataset.channels, ...lengths(rows.dataset)]).toEqual([3, 4, 2, 2]);
    expect([...rows.dataset.valid[0].values]).toEqual([24, 25, 26, 27, 28, 29]);
    expect(rows.dataset.valid.map(({ label }) => label)).toEqual([4, 5]);
    expect(rows.dataset.gain).toEqual([1 / 255, 1 / 255, 1 / 255]);
    expect(rows.summary).toBe(
      'images by rows: 2 steps of 3 channels; training 4, validation 2, test 2',
    );
    const pixels = loadMnist(path, { order: 'pixels', validCount: 2 });
    expect(pixels.dataset.channels).toBe(1);
    expect(pixels.summary).toMatch(/^images by pixels: 6 steps of 1 channel;/);
    expect(pixels.dataset.train).toEqual(rows.dataset.train);
  });

  test('refuses files that are missing or do not fit', () => {
    const path = write('broken');
    expect(() => loadMnist(path, { order: 'rows' })).toThrow(
      'valid-count: 10000, must be an integer in 0..5, below the number of training images',
    );
    const labels = folder.write('broken/t10k-labels.idx1-ubyte', idx([3], 10));
    expect(() => loadMnist(path, { order: 'rows', validCount: 1 })).toThrow(
      `${labels}: 3 labels, ${path}/t10k-images.idx3-ubyte has 2 images`,
    );
    folder.write(
      'broken/t10k-labels.idx1-ubyte',
      Buffer.concat([idx([1]), Buffer.of(10)]).fill(2, 7, 8),
    );
    expect(() => loadMnist(path, { order: 'rows', validCount: 1 })).toThrow(
      `${labels} (label 2): 10, must be in 0..9`,
    );
    expect(() => loadMnist(folder.path, { order: 'rows' })).toThrow(
      `${folder.path}: no train-images-idx3-ubyte, needs train- and t10k- files`,
    );
  });

  test.each([
    [
      Buffer.from('hello'),
      'f: magic number 1751477356, an idx file of bytes in 1 dimension begins with 2049',
    ],
    [Buffer.from('x'), 'f: 1 bytes, an idx file of bytes in 1 dimension begins with 2049'],
    [idx([4]).subarray(0, 10), 'f: 10 bytes, sizes 4 need 12, and at least one item'],
    [idx([0]), 'f: 8 bytes, sizes 0 need 8, and at least one item'],
  ])('an idx file must be whole: %#', (bytes, message) => {
    expect(() => parseIdx('f', bytes, 1)).toThrow(message);
  });
});

describe('ECG5000', () => {
  const rows = (labels: readonly number[]): string =>
    labels.map((label, k) => `   ${label}.0000000e+00   ${k}.5e-01  -1.0e+00\n`).join('');

  test('class 1 is normal, every other one abnormal', () => {
    const path = folder.write('ecg/train.txt', rows([1, 1, 2, 5, 1, 3, 1, 4]));
    const testPath = folder.write('ecg/test.txt.gz', gzipSync(rows([1, 0, 0])));
    const { dataset, summary } = loadEcg5000(path, { testPath, validShare: 0.25 });
    expect([dataset.channels, dataset.classes]).toEqual([1, ['normal', 'abnormal']]);
    expect(dataset.test.map(({ label }) => label)).toEqual([0, 1, 1]);
    expect([...dataset.test[1].values]).toEqual([Math.fround(0.15), -1]);
    expect(summary).toBe(
      '2 steps of one channel, normal and abnormal; training 6 (3 normal), validation 2 (1 normal), test 3 (1 normal)',
    );
  });

  test('refuses other labels and other lengths', () => {
    const path = folder.write('ecg/a.txt', rows([1, 2, 1, 2]));
    const seven = folder.write('ecg/seven.txt', rows([1, 7]));
    expect(() => loadEcg5000(path, { testPath: seven })).toThrow(
      `${seven}: label 7, must be 1 (normal), or 0 or 2..5 (abnormal)`,
    );
    const short = folder.write('ecg/short.txt', '1 2\n0 3\n');
    expect(() => loadEcg5000(path, { testPath: short })).toThrow(
      `${short}: 1 values in a row, ${path} has 2`,
    );
    expect(() => loadEcg5000(path, { testPath: path, validShare: 1 })).toThrow(
      'valid-share: 1, must be at least 0 and below 1',
    );
  });
});

describe('StrikeWatch', () => {
  const recording = (rows: number, offset: number): string =>
    `x,y,z,a\n${Array.from({ length: rows }, (_, k) => `${k},${offset},${-k},9`).join('\n')}\n`;

  test('windows of every second row, in the order of time, persons as numbers', () => {
    for (const person of [10, 9]) {
      folder.write(`strike/person${person}_heelstrike.csv`, recording(300, person));
      folder.write(`strike/person${person}_forefootstrike.csv`, recording(310, -person));
    }
    const { dataset, notes } = loadStrikeWatch(`${folder.path}/strike`);
    // 210, 30 and 60 rows: 14, 0 and 1 windows per file.
    expect(lengths(dataset)).toEqual([4 * 14, 0, 4]);
    const [first] = dataset.train;
    expect([...first.values.slice(0, 6)]).toEqual([0, -9, 0, 2, -9, -2]);
    expect(first.values).toHaveLength(25 * 3);
    expect(dataset.test.map(({ values, label }) => [values[0], values[1], label])).toEqual([
      [240, -9, 0],
      [240, 9, 1],
      [240, -10, 0],
      [240, 10, 1],
    ]);
    expect(notes).toEqual([
      'every file cut to 300 rows, the length of the shortest, and split 70/10/20 in the order of time',
    ]);
    const one = loadStrikeWatch(`${folder.path}/strike`, { person: 10 });
    expect(one.summary).toBe(
      'person 10, 25 steps of x, y, z; training 28, validation 0, test 2 windows',
    );
    expect(() => loadStrikeWatch(`${folder.path}/strike`, { person: 1 })).toThrow(
      'no person 1, the folder has 9, 10',
    );
  });

  test('refuses folders without recordings, and recordings without axes or too short', () => {
    expect(() => loadStrikeWatch(folder.path)).toThrow(`${folder.path}: no recording`);
    expect(() => loadStrikeWatch(`${folder.path}/none`)).toThrow('no such file or folder');
    const path = folder.write('flat/person1_heelstrike.csv', 'x,y,a\n1,2,3\n');
    expect(() => loadStrikeWatch(`${folder.path}/flat`)).toThrow(
      `${path}:1: no column "z", the header has x, y, a`,
    );
    folder.write('flat/person1_heelstrike.csv', recording(60, 1));
    expect(() => loadStrikeWatch(`${folder.path}/flat`)).toThrow(
      `${path}: 60 rows, the shortest file must have windows of 50 rows in each part of 70/10/20`,
    );
  });
});

describeShared('mnist', (file) => {
  test('60,000 and 10,000 images; the last 10,000 of training validate', () => {
    const { dataset } = loadMnist(file('.'), { order: 'rows' });
    expect(lengths(dataset)).toEqual([50_000, 10_000, 10_000]);
    expect([dataset.channels, dataset.test[0].values.length]).toEqual([28, 784]);
    // The first labels of both parts are well known.
    const labels = (part: SeriesDataset['train']) => part.slice(0, 5).map(({ label }) => label);
    expect(labels(dataset.train)).toEqual([5, 0, 4, 1, 9]);
    expect(labels(dataset.test)).toEqual([7, 2, 1, 0, 4]);
  });
});

describeShared('ecg5000-binary', (file) => {
  test('500 training and 4,500 test rows of 140 values; 292 and 2,627 are normal', () => {
    const { dataset, summary } = loadEcg5000(file('ECG5000_TRAIN.txt'), {
      testPath: file('ECG5000_TEST_binary.txt.gz'),
    });
    expect(lengths(dataset)).toEqual([451, 49, 4_500]);
    const normal = [...dataset.train, ...dataset.valid].filter(({ label }) => label === 0);
    expect(normal).toHaveLength(292);
    expect(summary).toMatch(/^140 steps .* test 4500 \(2627 normal\)$/);
  });
});

describeShared('strikewatch', (file) => {
  test('12 persons; 218, 28 and 60 windows per person and class', () => {
    const { dataset, notes } = loadStrikeWatch(file('.'));
    expect(lengths(dataset)).toEqual([24 * 218, 24 * 28, 24 * 60]);
    expect(notes[0]).toMatch(/^every file cut to 3800 rows/);
    expect(lengths(loadStrikeWatch(file('.'), { person: 3 }).dataset)).toEqual([436, 56, 120]);
  });
});

describeShared('basicmotions', (file) => {
  test('40 and 40 cases, 6 channels of 100 steps, 4 classes', () => {
    const { dataset } = loadSeries(file('BasicMotions_TRAIN.ts'));
    expect(lengths(dataset)).toEqual([40, 0, 40]);
    expect([dataset.channels, dataset.classes.length]).toEqual([6, 4]);
    expect(dataset.train[0].values).toHaveLength(600);
  });
});
