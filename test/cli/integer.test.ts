import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
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
});
