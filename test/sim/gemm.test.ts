/** Single products: against counting by hand, and against what SCALE-Sim was recorded to say. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { GEMM_DATAFLOWS, scaleSim, simulateGemm } from '../../sim/gemm.js';
import { gemmResult, readGemmRows, reproduced } from '../../src/cli/gemm-rows.js';

const SMALL = { m: 3, k: 5, n: 4, rows: 2, columns: 2 } as const;

describe('cycles of a product', () => {
  test('one fold: weights in, vectors through, skew', () => {
    // 2 cycles of weights, 1 vector, and the last PE is a row and a column behind the first.
    expect(simulateGemm({ m: 1, k: 2, n: 2, rows: 2, columns: 2, dataflow: 'ws' })).toMatchObject({
      ...{ cycles: 5, folds: 1, stallCycles: 0, mappingEfficiency: 1 },
      utilization: 4 / (5 * 4),
    });
  });

  test.each([
    ['ws', 3 * 2, 2 * 2 + 2 + 3 - 2],
    ['os', 2 * 2, 2 * 2 + 2 + 5 - 2],
    ['is', 3 * 2, 2 * 2 + 2 + 4 - 2],
  ] as const)('%s: %i folds of %i cycles', (dataflow, folds, foldCycles) => {
    const report = simulateGemm({ ...SMALL, dataflow });
    expect(report).toMatchObject({ folds, foldCycles, cycles: folds * foldCycles });
  });

  test.each(GEMM_DATAFLOWS)('%s: accesses, by walking through all folds', (dataflow) => {
    const { m, k, n, rows, columns } = SMALL;
    const [a, b] = { ws: [k, n], os: [m, n], is: [k, m] }[dataflow];
    const streamed = { ws: m, os: k, is: n }[dataflow];
    let stationary = 0;
    const along = { rows: 0, columns: 0 };
    for (let r = 0; r < a; r += rows) {
      for (let c = 0; c < b; c += columns) {
        const [height, width] = [Math.min(rows, a - r), Math.min(columns, b - c)];
        stationary += height * width;
        along.rows += height * streamed;
        along.columns += width * streamed;
      }
    }
    const { reads, writes } = simulateGemm({ ...SMALL, dataflow });
    const counted = {
      ws: { input: along.rows, weight: stationary, output: along.columns },
      os: { input: along.rows, weight: along.columns, output: stationary },
      is: { input: stationary, weight: along.rows, output: along.columns },
    }[dataflow];
    expect({ ...reads, ...writes }).toEqual(counted);
  });

  test('memory that is fast enough or large enough never keeps the array waiting', () => {
    const large = { inputSize: 1000, weightSize: 1000, outputSize: 1000 };
    const small = { inputSize: 4, weightSize: 4, outputSize: 4 };
    const cyclesOf = (memory: object): number =>
      simulateGemm({ ...SMALL, dataflow: 'os', memory: { bandwidth: 1, ...large, ...memory } })
        .cycles;
    const free = simulateGemm({ ...SMALL, dataflow: 'os' }).cycles;
    expect(cyclesOf({})).toBe(free);
    expect(cyclesOf({ ...small, bandwidth: 100 })).toBe(free);
    // 40 words of weights, each fetched for each of two row folds, but for the first two, over 4 folds: 10 a fold of 9 cycles.
    expect(cyclesOf(small)).toBe(free + 4 * (10 - 9));
  });

  test.each([
    [{ m: 0 }, 'm: 0 is not a positive integer'],
    [{ k: 2.5 }, 'k: 2.5 is not a positive integer'],
    [
      { memory: { bandwidth: 0, inputSize: 1, weightSize: 1, outputSize: 1 } },
      'bandwidth: 0 is not',
    ],
  ])('refuses %o', (wrong, message) => {
    expect(() => simulateGemm({ ...SMALL, dataflow: 'ws', ...wrong })).toThrow(message);
  });
});

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const shared = process.env.HALFGATE_SHARED ?? join(root, '..', 'shared');
const recorded = join(shared, 'golden', 'systolic', 'scalesim-gemm.csv');

describe.skipIf(!existsSync(recorded))(`SCALE-Sim as recorded (${recorded})`, () => {
  test('its cycles follow from its rules in every row', () => {
    const rows = readGemmRows(recorded);
    expect(rows.length).toBeGreaterThan(500);
    expect(reproduced(rows)).toEqual({ equal: rows.length, of: rows.length });
  });

  test('ours differ by its two slips alone, and wait no longer', () => {
    for (const row of readGemmRows(recorded)) {
      const { gemm, found } = row;
      const ours = simulateGemm(gemm);
      const slip = 1 + (gemm.dataflow === 'os' ? ours.folds * gemm.rows : 0);
      const theirs = found!.totalCycles - found!.stallCycles;
      expect(ours.cycles - ours.stallCycles, `line ${row.line}`).toBe(theirs + slip);
      expect(gemmResult(row, false).difference, `line ${row.line}`).toBe(String(slip));
      if (gemm.memory) expect(ours.stallCycles).toBeLessThanOrEqual(found!.stallCycles);
      expect(scaleSim(gemm, found!.stallCycles).totalCycles).toBe(found!.totalCycles);
    }
  });
});
