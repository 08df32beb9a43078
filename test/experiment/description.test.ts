import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { planExperiment } from '../../src/experiment/plan.js';
import { checkProblem } from '../../src/experiment/results.js';
import { SIZE_NAMES } from '../../src/experiment/description.js';
import { schemeProblems } from '../../src/quant/scheme.js';
import { parseExperiment, readExperimentFile } from '../../src/store/experiment-file.js';
import { description } from './description.js';

const FOLDER = fileURLToPath(new URL('../../experiments/', import.meta.url));
const SHIPPED = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

describe.each(SHIPPED)('%s', (file) => {
  const experiment = readExperimentFile(FOLDER + file);

  test('bears its name', () => {
    expect(file).toBe(`${experiment.name}.json`);
  });

  test('has schemes that make sense', () => {
    for (const { scheme } of experiment.runs) {
      if (scheme !== 'float') expect(schemeProblems(scheme)).toEqual([]);
    }
  });

  test.each(SIZE_NAMES)('has checks that can be evaluated in size %s', (size) => {
    const plan = planExperiment(experiment, size);
    expect(plan.checks.length).toBeGreaterThanOrEqual(size === 'full' ? 1 : 0);
    for (const check of plan.checks) expect(checkProblem(plan, check, 3)).toBeUndefined();
  });
});

test('the description in the README is one', () => {
  const readme = readFileSync(`${FOLDER}README.md`, 'utf8');
  const [, json] = /```json\n([^`]*)```/.exec(readme)!;
  const experiment = parseExperiment('README', JSON.parse(json));
  for (const size of SIZE_NAMES) {
    const plan = planExperiment(experiment, size);
    for (const check of plan.checks) expect(checkProblem(plan, check, 3)).toBeUndefined();
  }
});

describe('a description', () => {
  test('takes schemes by name or described in place, and seeds 1, 2, 3 unless given', () => {
    const { runs, seeds } = parseExperiment('mine.json', description({ seeds: undefined }));
    expect(seeds).toEqual([1, 2, 3]);
    expect(runs.map(({ scheme }) => (scheme === 'float' ? scheme : scheme.name))).toEqual([
      'float',
      'int8-level3',
      'own',
    ]);
  });

  const run = (fields: object) => ({
    runs: [{ name: 'float', label: 'float', scheme: 'float', ...fields }],
    checks: [],
    sizes: undefined,
  });

  const withInteger = (fields: object) => ({
    runs: [
      { name: 'float', label: 'float', scheme: 'float' },
      { name: 'integers', label: 'integers', from: 'float', integer: {}, ...fields },
      { name: 'own', label: 'own', scheme: 'int8' },
    ],
    checks: [],
    sizes: undefined,
  });

  test.each<[string, object, string]>([
    ['a field that is none', { sede: 1 }, 'mine.json: sede: unknown key'],
    [
      'a metric that is none',
      { metric: 'error' },
      'mine.json: metric: given "error", must be "loss" or "bpc" or "perplexity" or "accuracy" or "f1" or "rmse"',
    ],
    ['a training field that is none', run({ epoch: 3 }), 'mine.json: runs[0].epoch: unknown key'],
    [
      'a name that checks cannot read',
      run({ name: 'my-run' }),
      'mine.json: runs[0].name: given "my-run", must be a letter, then letters, digits and _, at most 40 of them',
    ],
    [
      'a scheme that is none',
      run({ scheme: 'int9' }),
      'mine.json: runs[0].scheme: "int9", must be one of float, int8, ',
    ],
    [
      'a described scheme with a coding that is none',
      run({ scheme: { name: 'x', weights: 'int99' } }),
      'mine.json: runs[0].scheme: ',
    ],
    [
      'neither scheme nor integers',
      run({ scheme: undefined }),
      'mine.json: runs[0].scheme: nothing, must be one of float, int8, ',
    ],
    [
      'integers of no run',
      run({ scheme: undefined, integer: {} }),
      'mine.json: runs[0].from: nothing, integer needs a run to start from',
    ],
    [
      'integers beside a scheme',
      withInteger({ scheme: 'int8' }),
      'mine.json: runs[1].scheme: a scheme, none beside integer',
    ],
    [
      'integers that train',
      withInteger({ epochs: 3 }),
      'mine.json: runs[1]: epochs, integer is after training: nothing else can be set',
    ],
    [
      'integers of a model that is not in float',
      withInteger({ from: 'own' }),
      'mine.json: runs[1].from: "own", integer needs a run in float',
    ],
    [
      'integers in a format that is none',
      withInteger({ integer: { cellBits: 5 } }),
      'mine.json: runs[1].integer.cellBits: ',
    ],
    [
      'a run from a run that is none',
      run({ from: 'other' }),
      'mine.json: runs[0].from: "other", must be a run: float',
    ],
    [
      'a run from itself',
      run({ from: 'float' }),
      'mine.json: runs: float starts from float, must not come back to itself',
    ],
    [
      'quantization after training of nothing',
      run({ training: 'none' }),
      'mine.json: runs[0].from: nothing, training none needs a run to start from',
    ],
    [
      'retraining of nothing',
      run({ retraining: { rounds: 1, steps: 1, learningRate: 0.1, sparsity: 0 } }),
      'mine.json: runs[0].from: nothing, retraining needs a run to start from',
    ],
    [
      'a reference that is none',
      { reference: 'int8' },
      'mine.json: reference: "int8", must be a run: float, naive, own',
    ],
    [
      'figures of a run that is none',
      { paper: [{ heading: 'x', source: 'y', values: { z: 1 } }] },
      'mine.json: paper[0].values: "z", must be a run: float, naive, own',
    ],
    [
      'a size of a run that is none',
      { sizes: { quick: { runs: { z: { epochs: 1 } } } } },
      'mine.json: sizes.quick.runs: "z", must be a run: float, naive, own',
    ],
    [
      'a check of a run that is none',
      { checks: [{ claim: 'c', expression: 'naiv > float' }] },
      'mine.json: checks[0].expression: reads naiv, runs are float, naive, own',
    ],
    [
      'a check of no run',
      { checks: [{ claim: 'c', expression: '1 < 2' }] },
      'mine.json: checks[0].expression: "1 < 2", must compare runs: float, naive, own',
    ],
    [
      'data of a kind that is none',
      { data: { kind: 'sound', path: 'a.wav' } },
      'mine.json: data: ',
    ],
    [
      'a size of data with a field that is none',
      { sizes: { full: { data: { maxSymbol: 3 } } } },
      'mine.json: sizes.full.data: maxSymbol: unknown key',
    ],
    [
      'a limit of nothing',
      { sizes: { full: { data: { limit: { train: 0 } } } } },
      'mine.json: sizes.full.data.limit: train: given 0, must be above 0',
    ],
  ])('with %s is refused', (_, fields, message) => {
    expect(() => parseExperiment('mine.json', description(fields))).toThrow(message);
  });

  test('with two runs of one name is refused', () => {
    const one = { name: 'float', label: 'float', scheme: 'float' };
    expect(() =>
      parseExperiment('mine.json', description({ runs: [one, one], checks: [], sizes: undefined })),
    ).toThrow('mine.json: runs[1].name: "float", must differ from those before');
  });
});
