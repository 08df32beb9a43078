import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { recordDataset, reopenDataset } from '../../src/cli/stages/data.js';
import {
  absoluteSpec,
  type DatasetSpec,
  datasetName,
  loadDataset,
  type TaggingSpec,
} from '../../src/data/dataset-spec.js';
import { DATASET } from '../../src/store/dataset-file.js';
import { RunFolder } from '../../src/store/run-folder.js';
import { scratchFolder } from '../scratch.js';

const folder = scratchFolder();
const split = [0.5, 0, 0.5] as const;

const specs: readonly DatasetSpec[] = [
  {
    kind: 'text',
    path: 'a.txt',
    validPath: 'b',
    testPath: 'c',
    mode: 'words',
    maxSymbols: 9,
    split,
  },
  { kind: 'text', path: 'a.txt', mode: 'symbols', maxSymbols: 9, split },
  { kind: 'corpus', characters: 9, maxSymbols: 9, split },
  { kind: 'series', path: 'a.csv', labelColumn: 'y', split, seed: 1 },
  { kind: 'mnist', path: 'mnist', order: 'pixels', validCount: 0 },
  { kind: 'ecg5000', path: 'a.txt', testPath: 'b.txt', validShare: 0.2, seed: 1 },
  { kind: 'strikewatch', path: 'strike', person: 3 },
  {
    kind: 'tagging',
    path: 'a.conll',
    tokenColumn: 1,
    tagColumn: 4,
    scheme: 'BIOES',
    minCount: 2,
    features: ['word', 'shape'],
    splitBy: 'sentence',
    split,
    seed: 1,
  },
  {
    kind: 'cmapss',
    path: 'train_FD001.txt',
    window: 30,
    stride: 1,
    maxLife: 125,
    validShare: 0.1,
    normalization: 'range',
    columns: [3, 4],
    seed: 1,
  },
  { kind: 'regression', path: 'a.csv', targetColumn: 'y', window: 5, split, seed: 1 },
];

describe('specs', () => {
  test.each(specs)('$kind is kept in dataset.json', (spec) => {
    const file = {
      spec,
      name: 'n',
      sha256: 'a'.repeat(64),
      summary: 's',
      notes: [],
      labels: ['l'],
    };
    expect(DATASET.schema.parse(JSON.parse(JSON.stringify(file)))).toEqual(file);
  });

  test('every path becomes absolute', () => {
    expect(absoluteSpec(specs[0])).toEqual({
      ...specs[0],
      path: resolve('a.txt'),
      validPath: resolve('b'),
      testPath: resolve('c'),
    });
    expect(absoluteSpec(specs[2])).toEqual(specs[2]);
    expect('testPath' in absoluteSpec(specs[1])).toBe(false);
  });

  test('are named by their file', () => {
    expect(specs.map(datasetName).slice(3, 7)).toEqual(['a.csv', 'mnist', 'a.txt', 'strike']);
  });
});

describe('loading by spec', () => {
  const text = folder.write('a.txt', 'a b a b \n');
  const images = Buffer.from([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 7, 8]);
  const labels = Buffer.from([0, 0, 8, 1, 0, 0, 0, 2, 1, 2]);
  for (const part of ['train', 't10k']) {
    folder.write(`mnist/${part}-images-idx3-ubyte`, images);
    folder.write(`mnist/${part}-labels-idx1-ubyte`, labels);
  }
  const walk = `x,y,z\n${'1,2,3\n'.repeat(300)}`;
  folder.write('strike/person1_heelstrike.csv', walk);
  const rows = folder.write('ecg.txt', '1 2 3\n0 3 4\n');
  const conll = folder.write('a.conll', 'a I-X\n\nb O\n');
  const engine = Array.from({ length: 26 }, () => '1').join(' ');
  const cmapss = folder.write('train_1.txt', engine);
  folder.write('test_1.txt', engine);
  folder.write('RUL_1.txt', '3');
  const csv = folder.write('a.csv', 'id,x,label\n1,2,0\n2,3,1\n3,4,0\n4,4,1\n');

  test.each<[string, DatasetSpec, string]>([
    ['text', { kind: 'text', path: text, mode: 'words', maxSymbols: 9, split }, 'text'],
    ['corpus', { kind: 'corpus', characters: 1000, maxSymbols: 99, split }, 'text'],
    ['series', { kind: 'series', path: csv, split, seed: 1 }, 'series'],
    [
      'mnist',
      { kind: 'mnist', path: `${folder.path}/mnist`, order: 'rows', validCount: 1 },
      'series',
    ],
    ['ecg5000', { kind: 'ecg5000', path: rows, testPath: rows, validShare: 0, seed: 1 }, 'series'],
    ['strikewatch', { kind: 'strikewatch', path: `${folder.path}/strike` }, 'series'],
    [
      'tagging',
      { kind: 'tagging', path: conll, testPath: conll, split: [1, 0, 0], seed: 1 },
      'tagging',
    ],
    [
      'cmapss',
      { kind: 'cmapss', path: cmapss, columns: [3], validShare: 0, seed: 1 },
      'regression',
    ],
    [
      'regression',
      { kind: 'regression', path: csv, targetColumn: 'label', split, seed: 1 },
      'regression',
    ],
  ])('%s', (_, spec, kind) => expect(loadDataset(spec).dataset.kind).toBe(kind));

  test('a run keeps tagging data and opens it again', () => {
    const spec: TaggingSpec = {
      kind: 'tagging',
      path: conll,
      testPath: conll,
      split: [1, 0, 0],
      seed: 1,
    };
    const run = new RunFolder(`${folder.path}/run`);
    const loaded = loadDataset(spec);
    expect(recordDataset(run, spec, loaded).labels).toEqual(['O', 'B-X', 'I-X']);
    expect(reopenDataset(run)).toEqual(loaded);
  });
});
