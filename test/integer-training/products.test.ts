import { describe, expect, test } from 'vitest';
import { requantize, requantizeReduced } from '../../src/integer/fixed-point.js';
import type { Kernel } from '../../src/integer/lstm.js';
import { product, transpose, whole } from '../../src/integer-training/matrix.js';
import { rescaleSums } from '../../src/integer-training/rescale.js';
import { Random } from '../../src/model/random.js';

const SEED = 5;

describe('product', () => {
  test.each([
    [1, 1, 1],
    [4, 4, 3],
    [5, 7, 9],
    [8, 3, 2],
    [3, 12, 6],
  ])('[%d, k] by [%d, k], k = %d: exact for integers, also added to', (rows, columns, depth) => {
    const random = new Random(SEED);
    const integers = (n: number): Float32Array =>
      Float32Array.from({ length: n }, () => random.integer(65536) - 32768);
    const [a, b] = [integers(rows * depth + 2), integers(columns * depth + 1)];
    const c = new Float64Array(rows * columns + 3).fill(7);
    product(c, 3, { data: a, offset: 2 }, { data: b, offset: 1 }, rows, columns, depth, false);
    product(c, 3, { data: a, offset: 2 }, { data: b, offset: 1 }, rows, columns, depth, true);
    for (let r = 0; r < rows; r++) {
      for (let n = 0; n < columns; n++) {
        let sum = 0;
        for (let k = 0; k < depth; k++) sum += a[2 + r * depth + k] * b[1 + n * depth + k];
        expect(c[3 + r * columns + n]).toBe(2 * sum);
      }
    }
    expect([...c.subarray(0, 3)]).toEqual([7, 7, 7]);
  });

  test('transpose', () => {
    const { data } = transpose(whole(Float32Array.of(1, 2, 3, 4, 5, 6)), 2, 3, new Float32Array(6));
    expect([...data]).toEqual([1, 4, 2, 5, 3, 6]);
  });
});

describe('rescaleSums equals the requantization of src/integer', () => {
  const EDGES = [0, 1, -1, 2 ** 21 - 1, 2 ** 21, -(2 ** 21) + 1, -(2 ** 21), 2 ** 30, -(2 ** 30)];
  const random = new Random(SEED);
  const sums = Float64Array.from([
    ...EDGES,
    ...Array.from({ length: 400 }, (_, k) => Math.round((random.uniform() - 0.5) * 2 ** (k % 31))),
  ]);
  const bias = Float64Array.from(sums, () => random.integer(9) - 4);
  const multipliers = [2 ** 30, 2 ** 31 - 1, 1717986918, 1200000001];
  const kernel = (rounding: Kernel['rounding'], activationBits: 8 | 16): Kernel => ({
    ...{ arithmetic: 'tflite', activation: 'lut256', peepholeRows: 'cell' },
    ...{ rounding, activationBits },
  });

  test.each([
    ['single', 8],
    ['double', 8],
    ['double', 16],
  ] as const)(`%s rounding, %d bits, shifts -31..1, seed ${SEED}`, (rounding, bits) => {
    const out = new Float64Array(sums.length);
    for (let shift = -31; shift <= 1; shift++) {
      for (const multiplier of multipliers) {
        const scale = { multiplier, shift };
        rescaleSums(kernel(rounding, bits), sums, 0, bias, scale, out, 0);
        const wanted = sums.map((sum, k) =>
          bits === 16
            ? requantizeReduced(sum + bias[k], scale)
            : requantize(sum + bias[k], scale, rounding),
        );
        expect(out).toEqual(wanted);
      }
    }
  });
});
