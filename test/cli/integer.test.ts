import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkHardwareFlags } from '../../src/cli/commands/integer-hardware.js';
import { readInteger } from '../../src/store/integer-file.js';
import { scratchFolder } from '../scratch.js';
import { halfgate } from './halfgate.js';

const folder = scratchFolder();
const cwd = folder.path;

const options = (text: string): string[] => text.split(' ');
const SMALL = options(
  'integer --text fox.txt --hidden 8 --embedding 4 --steps 40 --batch 4 --steps-per-sequence 10 --qat-steps 10',
);

interface Result {
  readonly hardware?: {
    readonly model: string;
    readonly flow: string;
    readonly maxSteps?: number;
    readonly cyclesPerStep: number;
    readonly project?: { readonly folder: string };
    readonly verification?: { readonly outputsChecked: number; readonly passed: boolean };
  };
  readonly models: readonly {
    readonly model: string;
    readonly isFresh: boolean;
    readonly weightBytes: number;
    readonly evaluation: { readonly loss: number; readonly count: number };
    readonly saturations?: object;
  }[];
}

async function json(args: readonly string[]): Promise<Result> {
  const { code, stdout, stderr } = await halfgate(cwd, [...args, '--json']);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Result;
}

test('options of the hardware belong to those that ask for it', () => {
  const flags = { rows: 3, name: 'lstm', testSteps: 32, engines: [], dsp: true };
  expect(() => checkHardwareFlags(['run', 'rows'], flags)).toThrow(
    '--rows: without --emit, --verify or --synth, belongs to them',
  );
  expect(() => checkHardwareFlags(['testSteps'], flags)).toThrow('--test-steps: without');
  checkHardwareFlags(['rows', 'emit'], { ...flags, emit: true });
});

describe('halfgate integer', () => {
  beforeAll(() => {
    folder.write('fox.txt', 'the quick brown fox jumps over the lazy dog. '.repeat(60));
  });

  const variant = options('--cifg --peephole --layer-norm --projection 6 --cell-clip 8');
  const kernel = options('--activation gemmlowp --rounding double');

  test('trains, quantizes and trains on: one table, three stored models', async () => {
    const { code, stdout, stderr } = await halfgate(cwd, [...SMALL, ...variant, ...kernel]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(
      /^model +loss +bpc +accuracy +to float +bytes +saturated z, c, h +training\n[- ]+\nfloat .*\npost-training .* [+-]0\.\d{4} .*\nqat .*\n\nrun folder: runs\/fox\n$/,
    );
    const stored = readInteger(join(cwd, 'runs/fox/integer/qat.json'))!;
    expect(stored.method).toBe('quantization-aware');
    expect(stored.model.layers[0]).toMatchObject({
      kernel: { arithmetic: 'tflite', activation: 'gemmlowp', rounding: 'double' },
      gates: { i: null },
      outputSize: 6,
    });
    expect(existsSync(join(cwd, 'runs/fox/integer/qat-checkpoint.safetensors'))).toBe(false);
  });

  test('the same again is up to date', async () => {
    const { models } = await json([...SMALL, ...variant, ...kernel]);
    expect(models.map(({ model, isFresh }) => [model, isFresh])).toEqual([
      ['float', false],
      ['post-training', false],
      ['qat', false],
    ]);
    const [float, post] = models;
    expect(Math.abs(post.evaluation.loss - float.evaluation.loss)).toBeLessThan(0.02);
    expect(post.weightBytes).toBeLessThan(float.weightBytes / 2.5);
    expect(post.saturations).toBeDefined();
  });

  test('other formats quantize anew', async () => {
    const { models } = await json([...SMALL, ...variant, '--weight-bits', '4', '--qat-steps', '0']);
    expect(models.map(({ model, isFresh }) => [model, isFresh])).toEqual([
      ['float', false],
      ['post-training', true],
    ]);
  });

  test.each([
    ['--bidirectional', '--bidirectional: with a text, not for text'],
    ['--projection-clip 2', '--projection-clip: 2, belongs to --projection'],
  ])('refuses %s', async (text, message) => {
    const { code, stderr } = await halfgate(cwd, [...SMALL, ...options(text)]);
    expect(stderr).toContain(`halfgate integer: ${message}`);
    expect(code).toBe(2);
  });

  const NPM = options('--verify --engines npm --test-steps 12');

  test('the run of a text goes to Verilog whole, as it is', async () => {
    const { hardware } = await json(options(`integer --run runs/fox ${NPM.join(' ')} --emit rtl`));
    expect(hardware).toMatchObject({
      ...{ model: 'qat', flow: 'steps', project: { folder: 'rtl' } },
      verification: { passed: true, bitMismatches: 0, cycleMismatches: 0, outputsChecked: 24 },
    });
    const top = readFileSync(join(cwd, 'rtl/rtl/lstm.v'), 'utf8');
    expect(top).toContain('// s_axis: the number of a symbol a step');
    expect(top).toContain('// m_axis: the number of the class with the largest sum of');
    expect(existsSync(join(cwd, 'rtl/sim/tb_lstm_results.hex'))).toBe(true);
  });

  test('tags in both directions: trained, then verified', async () => {
    const words = ['Ann', 'went', 'to', 'Rome'];
    const sentence = (n: number): string =>
      words
        .slice(0, 1 + (n % 4))
        .map((word, k) => `${word} ${['B-PER', 'O', 'O', 'B-LOC'][k]}\n`)
        .join('');
    folder.write('tags.conll', Array.from({ length: 40 }, (_, n) => sentence(n)).join('\n'));
    const { hardware, models } = await json([
      ...options('integer --tags tags.conll --bidirectional --hidden 3 --embedding 2 --epochs 1'),
      ...options('--layers 2 --qat-steps 0 --rows 2'),
      ...NPM,
    ]);
    expect(models.map(({ model }) => model)).toEqual(['float', 'post-training']);
    expect(hardware).toMatchObject({
      ...{ model: 'post-training', flow: 'sequences', maxSteps: 4, rows: 2 },
      verification: { passed: true },
    });
    expect(hardware!.cyclesPerStep).toBeGreaterThan(100);
  });

  test.each([
    ['--run runs/fox --emit --hidden 9', '--hidden: without data, belongs to training'],
    ['--run runs/tags --emit --model qat', 'runs/tags: the run has no integer model qat'],
    [
      '--run runs/tags --emit --max-steps 2',
      '--max-steps: 2, with a test sequence of 4 steps, must hold it',
    ],
    ['--run runs/fox --emit runs/fox', 'runs/fox: the folder has files and no files.f'],
  ])('hardware refuses %s', async (text, message) => {
    const { code, stderr } = await halfgate(cwd, ['integer', ...options(text)]);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
    expect(existsSync(join(cwd, 'runs/tags/integer/verilog'))).toBe(false);
  });
});
