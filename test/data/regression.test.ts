import { describe, expect, test } from 'vitest';
import { loadCmapss } from '../../src/data/cmapss.js';
import { ranges } from '../../src/data/normalization.js';
import {
  lastWindows,
  normalizationOf,
  targetScale,
  type TargetSeries,
  windowsOf,
} from '../../src/data/regression.js';
import { loadRegressionCsv } from '../../src/data/regression-csv.js';
import { nasaScore, rootMeanSquareError } from '../../src/train/regression-score.js';
import type { RegressionCase } from '../../src/model/dataset.js';
import { scratchFolder } from '../scratch.js';
import { describeShared } from './shared-data.js';

const folder = scratchFolder();
const plain = (cases: readonly RegressionCase[]) =>
  cases.map(({ values, target }) => [[...values], target]);

describe('windows', () => {
  const long: TargetSeries = { values: Float32Array.of(1, 2, 3, 4, 5, 6), targets: [9, 8, 7] };
  const short: TargetSeries = { values: Float32Array.of(7, 8), targets: [5] };

  test('begin every stride steps; the target is that of the last step', () => {
    expect(plain(windowsOf([long, short], 2, { window: 2 }))).toEqual([
      [[1, 2, 3, 4], 8],
      [[3, 4, 5, 6], 7],
      [[7, 8], 5],
    ]);
    expect(plain(windowsOf([long], 2, { window: 1, stride: 2 }))).toEqual([
      [[1, 2], 9],
      [[5, 6], 7],
    ]);
    expect(plain(windowsOf([long], 2, {}))).toEqual([[[1, 2, 3, 4, 5, 6], 7]]);
  });

  test('only the last one of each series, a shorter series whole', () => {
    expect(plain(lastWindows([long, short], 2, 2))).toEqual([
      [[3, 4, 5, 6], 7],
      [[7, 8], 5],
    ]);
  });

  test('share the memory of their series', () => {
    const [{ values }] = windowsOf([long], 2, { window: 2 });
    expect(values.buffer).toBe(long.values.buffer);
  });
});

describe('scales', () => {
  const series = [{ values: Float32Array.of(0, 5, 4, 5, 8, 5), targets: [0, 0, 0] }];

  test('range maps training to -1..1; a constant channel has gain 0', () => {
    expect(ranges(series, 2)).toEqual({ mean: [4, 5], gain: [1 / 4, 0] });
    expect(normalizationOf(series, 2, 'range')).toEqual(ranges(series, 2));
  });

  test('deviation has gain 1 / (4 std)', () => {
    const { mean, gain } = normalizationOf(series, 2, 'deviation');
    expect(mean).toEqual([4, 5]);
    expect(gain[0]).toBeCloseTo(1 / (4 * Math.sqrt(32 / 3)), 12);
  });

  test('targets of training become -1..1', () => {
    const cases = [25, 0, 125].map((target) => ({ values: new Float32Array(1), target }));
    expect(targetScale('y', cases)).toEqual({ name: 'y', mean: 62.5, gain: 1 / 62.5 });
    expect(targetScale('y', cases.slice(0, 1))).toEqual({ name: 'y', mean: 25, gain: 0 });
  });
});

describe('errors of predictions', () => {
  test('RMSE', () => {
    expect(rootMeanSquareError([1, 5], [4, 1])).toBeCloseTo(Math.sqrt(12.5), 12);
  });

  test('NASA score: too late costs more than too early', () => {
    expect(nasaScore([10, 20], [10, 20])).toBe(0);
    expect(nasaScore([23], [10])).toBeCloseTo(Math.exp(1.3) - 1, 12);
    expect(nasaScore([10], [23])).toBeCloseTo(Math.E - 1, 12);
    expect(nasaScore([23, 10], [10, 23])).toBeCloseTo(Math.exp(1.3) + Math.E - 2, 12);
  });

  test('refuse other numbers of predictions and none', () => {
    expect(() => rootMeanSquareError([1], [1, 2])).toThrow('1 predictions for 2 targets');
    expect(() => nasaScore([], [])).toThrow('nasaScore: 0 predictions for 0 targets');
  });
});

/** A row of 26 columns as NASA writes it: two blanks at its end. */
const row = (engine: number, cycle: number, sensor: number): string =>
  `${engine} ${cycle} 0.1 ${cycle} 100.0 ${sensor} ${Array.from({ length: 20 }, () => '1.5').join(' ')}  \n`;
const engine = (id: number, cycles: number): string =>
  Array.from({ length: cycles }, (_, k) => row(id, k + 1, 10 * id + k)).join('');

describe('C-MAPSS files', () => {
  const write = (name: string, test = engine(1, 3) + engine(2, 2), lives = '7 \n0 \n'): string => {
    folder.write(`${name}/test_FD001.txt`, test);
    folder.write(`${name}/RUL_FD001.txt`, lives);
    return folder.write(`${name}/train_FD001.txt`, engine(1, 4) + engine(2, 6));
  };

  test('windows of the columns that vary; remaining life cut in training only', () => {
    const { dataset, notes, summary } = loadCmapss(write('a'), {
      window: 3,
      maxLife: 2,
      validShare: 0,
    });
    expect([dataset.channels, dataset.channelNames]).toEqual([2, ['setting 2', 'sensor 1']]);
    expect(plain(dataset.train.slice(0, 2))).toEqual([
      [[1, 10, 2, 11, 3, 12], 1],
      [[2, 11, 3, 12, 4, 13], 0],
    ]);
    expect(dataset.train.map(({ target }) => target)).toEqual([1, 0, 2, 2, 1, 0]);
    expect(plain(dataset.test)).toEqual([
      [[1, 10, 2, 11, 3, 12], 7],
      [[1, 20, 2, 21], 0],
    ]);
    expect([dataset.mean, dataset.gain]).toEqual([
      [3.5, 17.5],
      [1 / 2.5, 1 / 7.5],
    ]);
    expect(dataset.target).toEqual({
      ...{ name: 'remaining life in cycles', mean: 1, gain: 1, isLife: true },
    });
    expect(summary).toBe(
      '2 channels, windows of 3 cycles every 1; training 6 of 2 engines, validation 0 of 0, test the last one of each of 2',
    );
    expect(notes).toEqual([
      'remaining lives of training and validation are cut at 2 cycles, those of the test part are not',
      '22 of 24 columns are not used: constant in training',
      '1 test engines are shorter than a window and given whole',
    ]);
  });

  test('whole engines validate, the same for the same seed; columns can be chosen', () => {
    const path = write('b');
    const { dataset } = loadCmapss(path, { window: 1, validShare: 0.5, columns: [6, 3], seed: 2 });
    expect(dataset.channelNames).toEqual(['sensor 1', 'setting 1']);
    expect([dataset.train.length, dataset.valid.length].sort()).toEqual([4, 6]);
    expect(
      loadCmapss(path, { window: 1, validShare: 0.5, columns: [6, 3], seed: 2 }).dataset,
    ).toEqual(dataset);
  });

  test('refuses files that do not fit', () => {
    const path = write('c', engine(1, 3));
    expect(() => loadCmapss(path)).toThrow(
      /RUL_FD001.txt: 2 remaining lives, the test file has 1 engines$/,
    );
    write('c', engine(1, 3), '-1\n');
    expect(() => loadCmapss(path)).toThrow(/RUL_FD001.txt:1: -1, a remaining life is at least 0$/);
    write('c', '1 2 3\n', '1\n');
    expect(() => loadCmapss(path)).toThrow(
      /test_FD001.txt:1: 3 cells, a row of engine, cycle, 3 settings and 21 sensors has 26$/,
    );
    write('c', row(1, 2, 1) + row(1, 2, 1), '1\n');
    expect(() => loadCmapss(path)).toThrow(
      /test_FD001.txt:2:2: time 2 after 2, must increase within a case$/,
    );
    const named = folder.write('c/other.txt', engine(1, 1));
    expect(() => loadCmapss(named)).toThrow(
      `${named}: the file name other.txt, must begin with train, as in train_FD001.txt: test_ and RUL_ are looked for beside it`,
    );
  });

  test.each([
    [{ window: 0 }, 'window: 0, must be an integer of at least 1'],
    [{ stride: 1.5 }, 'stride: 1.5, must be an integer of at least 1'],
    [{ maxLife: 0 }, 'max-life: 0, must be above 0'],
    [{ validShare: 1 }, 'valid-share: 1, must be at least 0 and below 1'],
    [{ columns: [2] }, 'columns: 2, one or more of 3..26, each once'],
  ])('refuses %j', (options, message) => {
    expect(() => loadCmapss(write('d'), options)).toThrow(message);
  });
});

describe('regression from CSV', () => {
  test('long: cases are dealt to the parts, then cut into windows', () => {
    const rows = Array.from({ length: 10 }, (_, id) =>
      [0, 1, 2].map((t) => `${id},${t},${id + t},5,${10 * id + t}`),
    );
    const path = folder.write('long.csv', `id,time,a,b,y\n${rows.flat().join('\n')}\n`);
    const { dataset, notes } = loadRegressionCsv(path, { targetColumn: 'y', window: 2 });
    expect([dataset.channels, dataset.channelNames, dataset.target.name]).toEqual([
      2,
      ['a', 'b'],
      'y',
    ]);
    expect([dataset.train.length, dataset.valid.length, dataset.test.length]).toEqual([16, 2, 2]);
    const [{ values, target }] = dataset.test;
    expect([...values]).toEqual([(target - 1) / 10, 5, (target - 1) / 10 + 1, 5]);
    expect(notes).toEqual([
      'split 80/10/10 of 10 series, seed 1',
      'channel b is constant and carries nothing',
    ]);
  });

  test('one series: parts in the order of time, no window across their borders', () => {
    const rows = Array.from({ length: 20 }, (_, t) => `${t},${t},${-t}`);
    const path = folder.write('one.csv', `t,x,load\n${rows.join('\n')}\n`);
    const { dataset, notes } = loadRegressionCsv(path, {
      targetColumn: 'load',
      window: 2,
      split: [0.5, 0.25, 0.25],
      normalization: 'range',
    });
    expect(plain(dataset.valid)).toEqual([
      [[10, 11], -11],
      [[11, 12], -12],
      [[12, 13], -13],
      [[13, 14], -14],
    ]);
    expect(dataset.train).toHaveLength(9);
    expect(dataset.test[0].target).toBe(-16);
    expect([dataset.mean, dataset.gain]).toEqual([[4.5], [1 / 4.5]]);
    expect(notes).toEqual(['split 50/25/25 in the order of time']);
  });

  test('wide: a row is a series and its target; a test file is used as such', () => {
    const rows = Array.from({ length: 9 }, (_, k) => `${k},${k + 1},${k / 2}`);
    const path = folder.write('wide.csv', `v1,v2,y\n${rows.join('\n')}\n`);
    const testPath = folder.write('wide-test.csv', 'v1,v2,y\n1,2,3\n');
    const { dataset } = loadRegressionCsv(path, { targetColumn: 'y', testPath });
    expect([dataset.channels, dataset.train.length, dataset.valid.length]).toEqual([1, 8, 1]);
    expect(plain(dataset.test)).toEqual([[[1, 2], 3]]);
  });

  test.each([
    [
      '1,2\n3,4\n',
      'FILE:1: no header, the first line must name the columns, among them the target',
    ],
    ['a,b\n1,2\n', 'FILE:1: no column "y", the header has a, b'],
    ['id,y\n1,2\n', 'FILE:1: no column beside the target, needs at least one channel'],
    ['a,y\n', 'FILE: a header and no data, needs at least one row'],
    ['a,y\n1,x\n', 'FILE:2:2: "x", must be a number'],
    [
      'a,y\n1,\n',
      'FILE:2:2: the value is missing (""), must be a number; fill gaps before training',
    ],
    ['a,y\n1,2,3\n', 'FILE:2: 3 cells, the header has 2'],
    [
      'a,y\n1,2\n',
      'FILE: 1 series give 0 cases for training and 1 for testing, both parts need at least one; use more series, another --split, or a test file with --test',
    ],
  ])('refuses %j', (text, message) => {
    const path = folder.write('bad.csv', text);
    expect(() => loadRegressionCsv(path, { targetColumn: 'y' })).toThrow(
      message.replace('FILE', path),
    );
  });

  test('refuses a test file of other channels', () => {
    const path = folder.write('p.csv', 'id,a,y\n1,2,3\n');
    const testPath = folder.write('q.csv', 'id,b,y\n1,2,3\n');
    expect(() => loadRegressionCsv(path, { targetColumn: 'y', testPath })).toThrow(
      `${testPath}: long layout, channels b, ${path} has long layout, channels a`,
    );
  });
});

describeShared('cmapss-fd001', (file) => {
  test('20,631 training rows, 100 engines; the mean capped life gives RMSE 43.07', () => {
    const { dataset } = loadCmapss(file('train_FD001.txt'), { window: 1, validShare: 0 });
    expect(dataset.train).toHaveLength(20_631);
    expect(dataset.channels).toBe(26 - 2 - 7);
    const targets = dataset.test.map(({ target }) => target);
    expect([targets.length, Math.min(...targets), Math.max(...targets)]).toEqual([100, 7, 145]);
    const mean = dataset.train.reduce((sum, { target }) => sum + target, 0) / dataset.train.length;
    expect(mean).toBeCloseTo(86.8, 1);
    expect(rootMeanSquareError(new Array<number>(100).fill(mean), targets)).toBeCloseTo(43.07, 2);
  });

  test('windows of 30: 90 engines train, 10 validate, no test engine is shorter', () => {
    const { dataset, notes } = loadCmapss(file('train_FD001.txt'), {});
    // 20,631 rows less 29 per engine.
    expect(dataset.train.length + dataset.valid.length).toBe(20_631 - 2_900);
    expect(dataset.valid.filter(({ target }) => target === 0)).toHaveLength(10);
    const lengths = new Set(dataset.test.map(({ values }) => values.length));
    expect([...lengths]).toEqual([30 * 17]);
    expect(notes).toHaveLength(3);
    expect(dataset.target).toMatchObject({ mean: 62.5, gain: 1 / 62.5 });
  });
});
