import { SCHEME_NAMES } from '../../src/cli/scheme-choice.js';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageVersion } from '../../src/package-root.js';
import { scratchFolder } from '../scratch.js';
import { halfgate } from './halfgate.js';

const folder = scratchFolder();
const cwd = folder.path;
const COMMANDS = [
  'train',
  'quantize',
  'simulate',
  'estimate',
  'emit',
  'verify',
  'synth',
  'report',
  'demo',
];

describe('help', () => {
  test.each(COMMANDS)('%s --help has examples and exits with 0', async (command) => {
    const { code, stdout, stderr } = await halfgate(cwd, [command, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: halfgate ${command}`));
    expect(stdout).toMatch(new RegExp(`Examples:\n  halfgate ${command}`));
    expect(stdout).toContain('--json');
  });

  test('the program names every command, and its version', async () => {
    const { stdout } = await halfgate(cwd, ['--help']);
    for (const command of COMMANDS) expect(stdout).toContain(`\n  ${command} `);
    expect((await halfgate(cwd, ['--version'])).stdout.trim()).toBe(packageVersion());
  });

  test('no command at all is bad input', async () => {
    expect((await halfgate(cwd, [])).code).toBe(2);
  });
});

describe('bad input: one line, exit code 2, nothing written', () => {
  const empty = folder.write('data/empty.txt', '');
  const binary = folder.write('data/binary.txt', 'ab\0cd');
  const short = folder.write('data/short.txt', 'to be or not to be');
  const gap = folder.write('data/gap.csv', 'id,x,label\n1,NaN,a\n');
  const ragged = folder.write('data/ragged.csv', 'a,1,2\nb,1\n');
  const file = folder.write('data/file', '');

  test.each([
    [['fly'], "halfgate: unknown command 'fly'; see halfgate --help"],
    [['train', '--xyz'], "halfgate train: unknown option '--xyz'; see halfgate train --help"],
    [
      ['train', '--text'],
      "halfgate train: option '--text <file>' argument missing; see halfgate train --help",
    ],
    [
      ['train'],
      'halfgate train: data: none given, exactly one of --text, --series, --corpus, --tags, --regression, --cmapss, --mnist, --ecg5000, --strikewatch',
    ],
    [
      ['train', '--corpus', '--text', 'x'],
      'halfgate train: data: --text and --corpus, exactly one of --text, --series, --corpus, --tags, --regression, --cmapss, --mnist, --ecg5000, --strikewatch',
    ],
    [
      ['train', '--series', 'x', '--bytes'],
      'halfgate train: --bytes: with --series, belongs to --text',
    ],
    [
      ['train', '--text', 'x', '--epochs', 'many'],
      'halfgate train: --epochs: "many", must be an integer in 1..1000000',
    ],
    [
      ['train', '--text', 'x', '--hidden', '8,0'],
      'halfgate train: --hidden: "0", must be an integer in 1..2048',
    ],
    [
      ['train', '--text', 'x', '--scheme', 'int9'],
      `halfgate train: --scheme: "int9", must be one of ${SCHEME_NAMES.join(', ')}, or a .json file that describes one`,
    ],
    [
      ['train', '--text', 'x', '--split', '80/20'],
      'halfgate train: --split: "80/20", must be three percentages such as 80/10/10',
    ],
    [
      ['train', '--text', 'none.txt'],
      `halfgate train: ${join(cwd, 'none.txt')}: no such file or folder`,
    ],
    [['train', '--text', empty], `halfgate train: ${empty}: the file is empty, needs data`],
    [
      ['train', '--text', binary],
      `halfgate train: ${binary}: binary file (byte 2 is 0), text has no zero bytes; to train on raw bytes add --bytes`,
    ],
    [
      ['train', '--series', gap],
      `halfgate train: ${gap}:2:2: the value is missing ("NaN"), must be a number; fill gaps before training`,
    ],
    [['train', '--series', ragged], `halfgate train: ${ragged}:2: 2 cells, the first row has 3`],
    [
      ['simulate'],
      'halfgate simulate: --run: no run in runs/ yet; make one with: halfgate train, or name its folder',
    ],
    [
      ['report', '--run', 'nowhere'],
      'halfgate report: nowhere: no such run folder; make one with: halfgate train',
    ],
    [
      ['verify', '--random', '2', '--run', 'x'],
      'halfgate verify: --random: with --run, random designs come from the seed alone',
    ],
    [
      ['train', '--corpus', '2000', '--run', join(file, 'run')],
      `halfgate train: ${join(file, 'run/dataset.json')}: a part of the path is a file, not a folder`,
    ],
  ])('%j', async (args, line) => {
    const { code, stdout, stderr } = await halfgate(cwd, args);
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: `${line}\n` });
    expect(existsSync(join(cwd, 'runs'))).toBe(false);
  });

  test('a text shorter than one sequence per lane', async () => {
    const { code, stderr } = await halfgate(cwd, ['train', '--text', short, '--run', 'short']);
    expect(code).toBe(2);
    expect(stderr).toContain(
      'halfgate train: short.txt: the training part has 14 symbols, 20 lanes of 35 steps need 701; use a longer text, a smaller --batch or fewer --steps-per-sequence\n',
    );
    expect(existsSync(join(cwd, 'short'))).toBe(false);
  });

  test('--debug adds where the error arose', async () => {
    const { stderr } = await halfgate(cwd, ['train', '--text', empty, '--debug']);
    expect(stderr).toMatch(/the file is empty, needs data\n.*\n\s+at /);
  });

  test('nothing was written besides the data', () => {
    expect(readdirSync(cwd)).toEqual(['data']);
  });
});
