import { describe, expect, test } from 'vitest';
import { statistics } from '../../src/data/normalization.js';
import { loadSeries, testSibling } from '../../src/data/series.js';
import { parseCsv } from '../../src/data/series-csv.js';
import { parseTs } from '../../src/data/series-ts.js';
import { scratchFolder } from '../scratch.js';

const folder = scratchFolder();
const ts = (text: string) => parseTs('f.ts', Buffer.from(text));
const csv = (text: string, options = {}) => parseCsv('f.csv', Buffer.from(text), options);
const header = '# comment\n@problemName Test\n@univariate false\n@classLabel true up down\n@data\n';

describe('.ts series', () => {
  test('channels are separated by ":", the label stands last, values become [timeSteps, channels]', () => {
    const { channels, classes, cases } = ts(`${header}1,2,3:4,5,6:down\n\n7,8:9,1e-1:up\n`);
    expect([channels, classes]).toEqual([2, ['up', 'down']]);
    expect(cases.map(({ label }) => label)).toEqual([1, 0]);
    expect([...cases[0].values]).toEqual([1, 4, 2, 5, 3, 6]);
    expect(cases[1].values).toHaveLength(4);
  });

  test('headers are read in any case, a byte order mark and CRLF are accepted', () => {
    expect(ts('\uFEFF@CLASSLABEL True a b\r\n@DATA\r\n1,2:a\r\n').cases).toHaveLength(1);
  });

  test.each([
    [
      'a missing value',
      '1,?,3:4,5,6:up',
      'f.ts:6: channel 1, step 2 is missing ("?"), must be a number; fill gaps before training',
    ],
    [
      'NaN',
      '1,2:4,NaN:up',
      'f.ts:6: channel 2, step 2 is missing ("NaN"), must be a number; fill gaps before training',
    ],
    ['a word', '1,two:3,4:up', 'f.ts:6: channel 1, step 2 is "two", must be a number'],
    [
      'ragged channels',
      '1,2,3:4,5:up',
      'f.ts:6: channel 2 has 2 values, channel 1 has 3, all channels of a case must be equally long',
    ],
    ['an unknown label', '1,2:3,4:left', 'f.ts:6: label "left", @classLabel names up, down'],
    ['no label', '1,2:3,4:', 'f.ts:6: the label is missing, every case needs one'],
    [
      'no separator',
      '1,2',
      'f.ts:6: no ":", a case is channels separated by ":", values by ",", its label last',
    ],
    ['another number of channels', '1:2:up\n1:up', 'f.ts:7: 1 channels, the cases before have 2'],
    ['no case', '', 'f.ts: no case after @data, needs at least one'],
  ])('refuses %s', (_, line, message) => {
    expect(() => ts(header + line)).toThrow(message);
  });

  test.each([
    [
      '@classLabel false\n@data\n1:a',
      'f.ts:1: @classLabel false, classification needs a label per case; write @classLabel true and its labels, and a label at the end of each line',
    ],
    [
      '@univariate true\n@data\n1:a',
      'f.ts:2: @data without @classLabel, classification needs class labels',
    ],
    [
      '@timeStamps true\n',
      'f.ts:1: @timeStamps true, only series without time stamps can be read; resample to a fixed rate and drop the time stamps',
    ],
    [
      '@targetLabel true\n',
      'f.ts:1: @targetLabel true (regression), only classification can be trained',
    ],
    ['@dimensions many\n', 'f.ts:1: @dimensions many, must be a positive integer'],
    ['@equalLength maybe\n', 'f.ts:1: @equalLength maybe, must be true or false'],
    ['@classLabel true a a\n@data\n1:a', 'f.ts:2: @classLabel a a, labels must differ'],
    [
      '@univariate true\n@classLabel true a b\n@data\n1:2:a',
      'f.ts:4: 2 channels, @univariate says 1',
    ],
    ['@dimensions 3\n@classLabel true a b\n@data\n1:2:a', 'f.ts:4: 2 channels, @dimensions says 3'],
    [
      '@equalLength true\n@seriesLength 3\n@classLabel true a b\n@data\n1,2:a',
      'f.ts:5: 2 steps, @seriesLength says 3; write @equalLength false where lengths differ',
    ],
    ['1,2,3\n', 'f.ts:1: "1,2,3", before @data only # comments and @ headers'],
    ['@classLabel true a b\n', 'f.ts: no @data line, a .ts file has headers, @data, then cases'],
    ['a\0b', 'f.ts: binary file (byte 1 is 0), must be text'],
  ])('refuses %j', (text, message) => {
    expect(() => ts(text)).toThrow(message);
  });
});

describe('CSV series', () => {
  test('long: one row per step, cases by id, other columns are channels', () => {
    const file = csv('id,time,ax,ay,label\n1,0,1,2,b\n1,1,3,4,b\n2,0,5,6,a\n');
    expect([file.channels, file.channelNames, file.classes]).toEqual([2, ['ax', 'ay'], ['a', 'b']]);
    expect(file.cases.map(({ values, label }) => [[...values], label])).toEqual([
      [[1, 2, 3, 4], 1],
      [[5, 6], 0],
    ]);
  });

  test('long: columns can be named by options, cells quoted', () => {
    const file = csv('"run","x","what"\n"a, b",1,up\n"a, b",2,up\n', {
      idColumn: 'run',
      labelColumn: 'what',
    });
    expect([...file.cases[0].values]).toEqual([1, 2]);
  });

  test('wide: label first, then the values, with any of the usual separators', () => {
    for (const separator of [',', ';', '\t', '  ']) {
      const file = csv(
        ['1.0e+00', '2', '3'].join(separator) + '\n' + ['10', '4', '5'].join(separator),
      );
      expect([file.channels, file.classes]).toEqual([1, ['1', '10']]);
      expect([...file.cases[1].values]).toEqual([4, 5]);
    }
  });

  test('wide: with a header the label column may stand anywhere', () => {
    const file = csv('v1,v2,class\n1,2,cat\n3,4,dog\n');
    expect([...file.cases[1].values, file.classes[file.cases[1].label]]).toEqual([3, 4, 'dog']);
  });

  test.each([
    [
      'a gap',
      'a,1,2\nb,,4',
      'f.csv:2:2: the value is missing (""), must be a number; fill gaps before training',
    ],
    [
      'NaN',
      'a,1,2\nb,3,NaN',
      'f.csv:2:3: the value is missing ("NaN"), must be a number; fill gaps before training',
    ],
    ['a word', 'a,1,2\nb,3,x4', 'f.csv:2:3: "x4", must be a number'],
    ['a ragged row', 'a,1,2\nb,3', 'f.csv:2: 2 cells, the first row has 3'],
    ['a ragged row under a header', 'id,x,label\n1,2', 'f.csv:2: 2 cells, the header has 3'],
    [
      'a label that changes',
      'id,x,label\n1,2,a\n1,2,b',
      'f.csv:3:3: label "b", case "1" began with "a"',
    ],
    [
      'a case in two places',
      'id,x,label\n1,2,a\n2,2,a\n1,2,a',
      'f.csv:4:1: case "1" again, first at line 2, rows of a case must follow each other',
    ],
    [
      'time that stands',
      'id,t,x,label\n1,5,2,a\n1,5,2,a',
      'f.csv:3:2: time 5 after 5, must increase within a case',
    ],
    [
      'no label column',
      'id,x\n1,2',
      'f.csv:1: no label column among id, x, one must be called label, class, target; name it with --label-column',
    ],
    ['an open quote', 'a,"1', 'f.csv:1: a quote is not closed, cells must end on their line'],
    ['only a header', 'id,x,label\n', 'f.csv: a header and no data, needs at least one case'],
    ['one cell', 'a\n', 'f.csv:1: one cell, a row is a label and at least one value'],
    ['blank lines', '\n\n', 'f.csv: only blank lines, needs data'],
  ])('refuses %s', (_, text, message) => {
    expect(() => csv(text)).toThrow(message);
  });

  test('refuses a column that the header has not', () => {
    expect(() => csv('id,x,label\n1,2,a', { labelColumn: 'kind' })).toThrow(
      'f.csv:1: no column "kind", the header has id, x, label',
    );
    expect(() => csv('a,1\nb,2', { labelColumn: 'kind' })).toThrow(
      'f.csv:1: label column "kind", but the file has no header, without a header the first column is the label',
    );
  });
});

describe('series datasets', () => {
  const rows = (count: number): string =>
    Array.from({ length: count }, (_, k) => `${k % 2 === 0 ? 'a' : 'b'},${k},${k + 1}`).join('\n');

  test('mean and gain come from the training part; a constant channel has gain 0', () => {
    const { mean, gain } = statistics([{ values: Float32Array.of(1, 5, 3, 5) }], 2);
    expect(mean).toEqual([2, 5]);
    expect(gain).toEqual([1 / 4, 0]);
  });

  test('finds the TEST file beside a TRAIN file and numbers its classes alike', () => {
    const path = folder.write('X_TRAIN.csv', rows(10));
    const sibling = folder.write('X_TEST.csv', 'b,1,2\nb,3,4');
    expect(testSibling(path)).toBe(sibling);
    const { dataset, notes } = loadSeries(path);
    expect([dataset.train.length, dataset.valid.length, dataset.test.length]).toEqual([10, 0, 2]);
    expect(dataset.test.map(({ label }) => label)).toEqual([1, 1]);
    expect(notes).toContain('test part from X_TEST.csv');
  });

  test('splits one file by class, the same way for the same seed', () => {
    const path = folder.write('all.csv', rows(100));
    const { dataset } = loadSeries(path, { seed: 3 });
    expect([dataset.train.length, dataset.valid.length, dataset.test.length]).toEqual([80, 10, 10]);
    expect(dataset.test.filter(({ label }) => label === 0)).toHaveLength(5);
    expect(loadSeries(path, { seed: 3 }).dataset).toEqual(dataset);
    expect(loadSeries(path, { seed: 4 }).dataset).not.toEqual(dataset);
  });

  test('refuses a class or a channel count that only the test file has', () => {
    const path = folder.write('Y_TRAIN.csv', rows(10));
    const other = folder.write('other.csv', 'c,1,2');
    expect(() => loadSeries(path, { testPath: other })).toThrow(
      `${other}: class "c", ${path} has a, b`,
    );
    const wide = folder.write('long.csv', 'id,x,y,label\n1,1,1,a');
    expect(() => loadSeries(path, { testPath: wide })).toThrow(
      `${wide}: 2 channels, ${path} has 1`,
    );
  });

  test('refuses one class, and too few series to split', () => {
    const one = folder.write('one.csv', 'a,1\na,2');
    expect(() => loadSeries(one)).toThrow(`${one}: one class (a), classification needs 2 or more`);
    const few = folder.write('few.csv', 'a,1\nb,2');
    expect(() => loadSeries(few)).toThrow(/2 series give 0 for training and 2 for testing/);
  });
});
