import { describe, expect, test } from 'vitest';
import { Program } from '../../src/engine/assembler.js';
import { exactPairs, OP, WORDS } from '../../src/engine/program.js';

describe('exactPairs', () => {
  test.each([
    [0, 256],
    [1, 256],
    [127, 256],
    [255, 128],
    [765, 32],
    [16320, 2],
    [32767, 1],
  ])('of codes within +-%i is %i', (largest, pairs) => {
    expect(exactPairs(largest)).toBe(pairs);
    expect(2 * pairs * largest * 32767).toBeLessThan(2 ** 31);
  });
});

test('a program pauses between whole instructions', () => {
  const program = new Program();
  program.op('copy', 64, 128, 32, 1);
  program.pause(() => {});
  program.sync();
  expect(program.pauses.map(({ word }) => word)).toEqual([2 * WORDS]);
  expect([0, 1, 2].map((k) => program.words[k * WORDS])).toEqual([OP.copy, OP.end, OP.sync]);
  expect(() => program.op('copy', ...new Array<number>(WORDS).fill(0))).toThrow(
    'copy: too many operands',
  );
});
