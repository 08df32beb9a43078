import { describe, expect, test } from 'vitest';
import { cellDecisions, squashShape, squashTable } from '../../src/design/squash.js';
import { cellArithmetic } from '../../src/quant/arithmetic.js';
import { TANH_TABLE } from '../../src/quant/tanh.js';
import { SCHEMES, type Scheme } from '../../src/quant/scheme.js';

const withCell = (
  bits: number,
  fraction: number,
  slope: number,
  gates: Scheme['gates'],
): Scheme => ({
  ...SCHEMES['hitnet'],
  gates,
  slope,
  cell: { bits, fraction },
});

test('int8 has one table for z and for c', () => {
  expect(squashTable(SCHEMES['int8'])).toEqual(TANH_TABLE);
});

describe.each([
  [16, 12, 1],
  [16, 12, 2],
  [8, 0, 2],
  [4, 2, 1],
  [10, 6, 5],
  [9, 7, 0.5],
  [16, 3, 1],
] as const)('c of %i bits, %i of them fraction, slope %f', (bits, fraction, slope) => {
  const scheme = withCell(bits, fraction, slope, 'level3');
  const { squash, hidden } = cellArithmetic(scheme);
  const most = 2 ** (bits - 1);

  test('every c finds its value in the table, at the index that rounds to nearest', () => {
    const table = squashTable(scheme);
    const { depth, shift, bits: width } = squashShape(scheme);
    expect(table).toHaveLength(depth);
    expect(Math.max(...table)).toBeLessThan(2 ** width);
    const wrong: number[] = [];
    for (let c = 0; c < most; c++) {
      const index = Math.floor(c / 2 ** shift + 1 / 2);
      if (table[Math.min(index, depth - 1)] !== squash(c)) wrong.push(c);
    }
    expect(wrong).toEqual([]);
  });

  test.each([0, 1, 700, 1365, 2048, 4095, 4096, 4097])(
    'the decision at %i / 4096 is one about c',
    (decision) => {
      const points = cellDecisions(scheme, decision);
      const wrong: number[] = [];
      for (let c = -most; c < most; c++) {
        for (const [n, level] of [2, 1].entries()) {
          const decided = c >= points[2 * n] ? 1 : -c >= points[2 * n + 1] ? -1 : 0;
          if (decided !== hidden(level, c, decision) + 0) wrong.push(c);
        }
      }
      expect(wrong).toEqual([]);
    },
  );
});
