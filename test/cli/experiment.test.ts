import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { description } from '../experiment/description.js';
import { scratchFolder } from '../scratch.js';
import { halfgate } from './halfgate.js';

const folder = scratchFolder();
const cwd = folder.path;
const RUN = join(cwd, 'runs/experiments/tiny-quick');

/** Words in a seeded order: something to learn in a few steps. */
function generatedText(length: number): string {
  const words = ['river', 'stone', 'light', 'window', 'garden', 'winter', 'letter', 'morning'];
  let state = 1;
  let text = '';
  while (text.length < length) {
    state = (1103515245 * state + 12345) % 2 ** 31;
    text += words[(state >> 16) % words.length] + ((state >> 8) % 5 === 0 ? '. ' : ' ');
  }
  return text;
}

function describeTiny(fields: object = {}): void {
  folder.write('tiny.json', JSON.stringify(description(fields)));
}

function experiment(...args: readonly string[]) {
  return halfgate(cwd, ['experiment', 'tiny.json', '--data', 'data', '--jobs', '2', ...args]);
}

interface Told {
  readonly cells: number;
  readonly files: readonly string[];
  readonly results: {
    readonly runs: readonly { readonly name: string; readonly values: readonly number[] }[];
    readonly checks: readonly { readonly status: string }[];
  };
}

function told(stdout: string): Told {
  return JSON.parse(stdout) as Told;
}

const OUTPUTS = ['results.json', 'table.md', 'plot.svg', 'index.html'];
const outputs = (): string[] => OUTPUTS.map((name) => readFileSync(join(RUN, name), 'utf8'));

describe('an experiment', () => {
  beforeAll(async () => {
    folder.write('data/words.txt', generatedText(6000));
    describeTiny();
    const { code, stderr } = await experiment('--out', 'docs');
    expect(code, stderr).toBe(0);
  });

  test('writes its outputs, and a copy for the documents', () => {
    expect(readdirSync(RUN).sort()).toEqual([...OUTPUTS, 'seed1', 'seed2'].sort());
    expect(readdirSync(join(RUN, 'seed1')).sort()).toEqual([
      'dataset.json',
      'float',
      'naive',
      'own',
    ]);
    const [, table, plot] = outputs();
    expect(readFileSync(join(cwd, 'docs/tiny.svg'), 'utf8')).toBe(plot);
    expect(readFileSync(join(cwd, 'docs/tiny.md'), 'utf8')).toBe(
      table.replace('(plot.svg)', '(tiny.svg)'),
    );
    expect(table).toContain('# A tiny comparison');
    expect(table).toContain(
      'used: the first 3000 of training, all of validation, the first 400 of test',
    );
    expect(table).toMatch(/\| float \| \d\.\d{4} \| \d\.\d{4} \| \d\.\d{4} \| 0\.\d{4} \| - \|/);
    expect(table).toMatch(/- \*\*passed\*\*: quantization costs: `naive >= float - 1`, that is /);
    expect(table).toContain(
      'regenerate: `npm run experiment -- tiny.json --size quick --seeds 1,2 --out docs`',
    );
  });

  test('run again does nothing and writes the same bytes', async () => {
    const before = outputs();
    const model = statSync(join(RUN, 'seed1/own/model.json')).mtimeMs;
    const { code, stdout } = await experiment('--out', 'docs', '--json');
    expect(code).toBe(0);
    expect(told(stdout)).toMatchObject({ cells: 0, results: { checks: [{ status: 'passed' }] } });
    expect(outputs()).toEqual(before);
    expect(statSync(join(RUN, 'seed1/own/model.json')).mtimeMs).toBe(model);
  });

  test('runs only what changed, and the models that it starts from where they are gone', async () => {
    const before = told((await experiment('--json')).stdout).results.runs;
    rmSync(join(RUN, 'seed2/naive/cell.json'));
    rmSync(join(RUN, 'seed2/float/model.json'));
    const { stdout } = await experiment('--json');
    expect(told(stdout).cells).toBe(2);
    expect(told(stdout).results.runs.map(({ values }) => values)).toEqual(
      before.map(({ values }) => values),
    );
  });

  test('with --only leaves the others alone, and says what it lacks', async () => {
    const { code, stdout, stderr } = await experiment('--only', 'float', '--seeds', '3', '--json');
    expect(code, stderr).toBe(0);
    const { cells, results } = told(stdout);
    expect(cells).toBe(1);
    expect(results.checks).toMatchObject([{ status: 'not run' }]);
    expect(results.runs.map(({ values }) => values[0] === null)).toEqual([false, true, true]);
    const other = await experiment('--only', 'int4');
    expect([other.code, other.stderr]).toEqual([
      2,
      'halfgate experiment: --only: "int4", runs are float, naive, own\n',
    ]);
  });

  test('takes a float model into integers after training', async () => {
    const runs = [
      { name: 'float', label: 'float', scheme: 'float' },
      { name: 'integers', label: 'integers', from: 'float', integer: { weightBits: 6 } },
    ];
    const checks = [{ claim: 'it is close', expression: 'abs(integers - float) <= 0.1' }];
    describeTiny({ name: 'integers', runs, checks, sizes: undefined });
    const { code, stdout, stderr } = await experiment('--seeds', '1', '--json');
    expect(code, stderr).toBe(0);
    const { cells, results } = told(stdout);
    expect(cells).toBe(2);
    expect(results.checks).toMatchObject([{ status: 'passed' }]);
    const [float, integers] = results.runs.map(({ values }) => values[0]);
    expect(integers).not.toBe(float);
    const folderOf = join(cwd, 'runs/experiments/integers-quick/seed1/integers');
    expect(readdirSync(folderOf).sort()).toEqual([
      'cell.json',
      'integer.json',
      'integer.safetensors',
    ]);
    expect(told((await experiment('--seeds', '1', '--json')).stdout).cells).toBe(0);
  });

  test('stopped by Ctrl-C keeps the checkpoints of its cells', async () => {
    const base = { hiddenSizes: [64], batch: 8, timeSteps: 40, steps: 1_000_000 };
    describeTiny({ name: 'long', base, sizes: undefined });
    const args = ['experiment', 'tiny.json', '--data', 'data', '--only', 'float', '--seeds', '1'];
    const { code, stderr } = await halfgate(cwd, args, (child) => {
      child.stderr!.on('data', (chunk: Buffer) => {
        if (chunk.toString().includes('float: epoch')) child.kill('SIGINT');
      });
    });
    expect(code, stderr).toBe(130);
    expect(stderr).toContain('to go on run the same command again: halfgate experiment tiny.json');
    expect(readdirSync(join(cwd, 'runs/experiments/long-quick'))).toEqual(['seed1']);
    expect(readdirSync(join(cwd, 'runs/experiments/long-quick/seed1/float'))).toEqual([
      'checkpoint.safetensors',
    ]);
  });

  test('ends with code 1 where a check fails, after writing everything', async () => {
    describeTiny({
      checks: [
        { claim: 'right', expression: 'seeds(float) > 0' },
        { claim: 'wrong', expression: 'naive < 0' },
      ],
    });
    const { code, stdout, stderr } = await experiment();
    expect(code).toBe(1);
    expect(stdout).toMatch(/\npassed: right \(\[.*\] > 0\)\nfailed: wrong \(\d.* < 0\)\n/);
    expect(stderr).toMatch(/halfgate experiment: 1 of 2 checks failed\n$/);
    expect(outputs()[1]).toContain('- **failed**: wrong');
  });
});

describe('before anything is written', () => {
  const refused = async (...args: readonly string[]): Promise<string> => {
    const { code, stderr } = await halfgate(cwd, ['experiment', ...args]);
    expect(code, stderr).toBe(2);
    return stderr;
  };

  test('a missing data file is one error', async () => {
    describeTiny({ name: 'absent' });
    const where = join(cwd, 'nowhere/words.txt');
    expect(await refused('tiny.json', '--data', 'nowhere')).toBe(
      `halfgate experiment: ${where}: no such file or folder, absent needs words.txt; ` +
        'name the folder that holds it with --data DIR or in HALFGATE_DATA\n',
    );
    expect(existsSync(join(cwd, 'runs/experiments/absent-quick'))).toBe(false);
  });

  test('a check that could not be evaluated is refused', async () => {
    describeTiny({ checks: [{ claim: 'zeros', expression: 'float.zeros > 0' }] });
    expect(await refused('tiny.json', '--data', 'data')).toBe(
      'halfgate experiment: tiny: check "zeros": reads float.zeros, which the run does not have\n',
    );
  });

  test('a metric that the data does not have is refused', async () => {
    describeTiny({ metric: 'f1' });
    expect(await refused('tiny.json', '--data', 'data')).toBe(
      'halfgate experiment: tiny: metric: f1 of text, it is measured on tagging\n',
    );
  });

  test('a part too short for its batches is refused', async () => {
    describeTiny({ sizes: { quick: { base: { batch: 1000 } } } });
    expect(await refused('tiny.json', '--data', 'data')).toContain(
      'words.txt: the training part has 3000 symbols, 1000 lanes of 10 steps need 10001',
    );
  });

  test('a name that is none is refused with those there are', async () => {
    expect(await refused('gate')).toMatch(
      /^halfgate experiment: experiment: "gate", must be one of gates, hitnet, .*, or a \.json file/,
    );
    expect(await refused()).toContain('no name, must be one of gates, ');
  });
});

test('--list says what there is and what it needs', async () => {
  folder.write('some/warpeace/warpeace_input.txt', 'text');
  const { code, stdout } = await halfgate(cwd, ['experiment', '--list', '--data', 'some']);
  expect(code).toBe(0);
  expect(stdout).toContain(
    'gates: Gates in {0, 1/2, 1}: the quantization loss re-learned\n' +
      '  data: warpeace/warpeace_input.txt (found)\n',
  );
  expect(stdout).toMatch(/ {2}data, full: ptb\/ptb\.train\.txt\.gz, .* \(missing: ptb\/ptb\.train/);
});
