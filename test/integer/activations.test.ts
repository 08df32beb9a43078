import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  type ActivationFlavour,
  gemmlowpSigmoid,
  gemmlowpTanh,
  SIGMOID_TABLE,
  sigmoidTable,
  tanhTable,
} from '../../src/integer/activations.js';

function hash(table: Int16Array): string {
  const bytes = Buffer.alloc(2 * table.length);
  table.forEach((value, k) => bytes.writeInt16LE(value, 2 * k));
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

/** Steps at which a table goes down. */
function decreases(table: Int16Array): number {
  let count = 0;
  for (let k = 1; k < table.length; k++) if (table[k] < table[k - 1]) count++;
  return count;
}

/** Largest distance to the exact function, in LSB of Q0.15. */
function maxError(table: Int16Array, exact: (raw: number) => number): number {
  let max = 0;
  table.forEach((value, k) => {
    max = Math.max(max, Math.abs(value - 32768 * exact(k - 32768)));
  });
  return max;
}

const exactSigmoid = (raw: number): number => 1 / (1 + Math.exp(-raw / 4096));
const exactTanh = (bits: number) => (raw: number) => Math.tanh(raw * 2 ** (bits - 15));
const at = (table: Int16Array, raw: number): number => table[raw + 32768];

describe('gemmlowp', () => {
  test('sigmoid has the known hash, extremes and sum', () => {
    const table = sigmoidTable('gemmlowp');
    expect(hash(table)).toBe('44168980e98373fc');
    expect([Math.min(...table), Math.max(...table)]).toEqual([11, 32756]);
    expect(table.reduce((sum, value) => sum + value, 0)).toBe(1073692684);
    expect(decreases(table)).toBe(976);
    expect(maxError(table, exactSigmoid)).toBeLessThan(6.45);
  });

  test.each([
    [0, '7dfff607d0ea23f2', 1936, 24964, 11.75],
    [1, 'fb776c014fac7629', 1538, 31596, 12.05],
    [2, 'ad9e4552d55f09f5', 976, 32744, 12.05],
    [3, '6d2c95677d4eb6e2', 602, 32767, 11.85],
    [4, '22e8b026529f3977', 30, 32767, 11.55],
    [5, '4aad698c1ba273d4', 4, 32767, 11.25],
    [6, 'fd771a11c73c2d13', 0, 32767, 11.25],
  ])(
    'tanh of %d integer bits has hash %s and goes down %d times',
    (bits, sha, down, max, error) => {
      const table = tanhTable(bits, 'gemmlowp');
      expect(hash(table)).toBe(sha);
      expect(decreases(table)).toBe(down);
      expect([Math.min(...table), Math.max(...table)]).toEqual([-max, max]);
      expect(table.reduce((sum, value) => sum + value, 0)).toBe(-max);
      expect(maxError(table, exactTanh(bits))).toBeLessThan(error);
    },
  );

  test.each([
    [-20000, 243],
    [-12756, 1387],
    [-4096, 8815],
    [-1, 16383],
    [0, 16384],
    [1, 16384],
    [4096, 23952],
    [12288, 31216],
  ])('sigmoid(%d) is %d', (raw, value) => {
    expect(gemmlowpSigmoid(raw)).toBe(value);
  });

  test.each([
    [3, 1, 8],
    [3, 4096, 24964],
    [3, 12288, 32612],
    [4, 1, 24],
    [4, 2048, 24964],
    [4, -2048, -24964],
  ])('tanh with %d integer bits of %d is %d', (bits, raw, value) => {
    expect(gemmlowpTanh(raw, bits)).toBe(value);
  });
});

describe('lut256', () => {
  test('the table follows from the formula: its first, its odd and its last entries', () => {
    expect([0, 1, 4, 255].map((k) => SIGMOID_TABLE[k])).toEqual([32768, 33451, 35493, 65535]);
    const plain = Uint16Array.from(SIGMOID_TABLE, (_, k) =>
      Math.min(65535, Math.round(65536 / (1 + Math.exp(-k / 24)))),
    );
    const above = SIGMOID_TABLE.filter((value, k) => value === plain[k] + 1).length;
    expect(above).toBe(44);
    expect(SIGMOID_TABLE.filter((value, k) => value !== plain[k])).toHaveLength(above);
  });

  test('sigmoid and tanh of 3 integer bits have the known hashes', () => {
    expect(hash(sigmoidTable('lut256'))).toBe('5e888504031254f7');
    expect(hash(tanhTable(3, 'lut256'))).toBe('e45a877eb31d4a70');
  });

  test('is monotone and within 1.03 LSB (sigmoid) and 2.45 LSB (tanh)', () => {
    expect(decreases(sigmoidTable('lut256'))).toBe(0);
    expect(maxError(sigmoidTable('lut256'), exactSigmoid)).toBeLessThan(1.03);
    for (let bits = 0; bits <= 6; bits++) {
      const table = tanhTable(bits, 'lut256');
      expect(decreases(table)).toBe(0);
      expect(maxError(table, exactTanh(bits))).toBeLessThan(2.45);
    }
  });

  test('tanh is odd while its argument is not shifted right', () => {
    const sums = (bits: number): Set<number> => {
      const table = tanhTable(bits, 'lut256');
      return new Set(Array.from({ length: 32767 }, (_, k) => at(table, k + 1) + at(table, -k - 1)));
    };
    expect(sums(3)).toEqual(new Set([0]));
    expect(sums(0).size).toBeGreaterThan(1);
  });
});

test('tables are made once', () => {
  const flavours: ActivationFlavour[] = ['gemmlowp', 'lut256'];
  for (const flavour of flavours) {
    expect(sigmoidTable(flavour)).toBe(sigmoidTable(flavour));
    expect(tanhTable(2, flavour)).toBe(tanhTable(2, flavour));
  }
});
