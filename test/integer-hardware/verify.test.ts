/** Emitted Verilog against golden model and simulator, of every variant. */
import { describe, expect, test } from 'vitest';
import { cosimulateInteger } from '../../src/integer-hardware/cosimulate.js';
import { planInteger } from '../../src/integer-hardware/design.js';
import {
  INTEGER_VARIANTS,
  randomIntegerLstm,
  randomSequences,
  variantName,
} from '../../src/integer-hardware/random.js';
import { realisticLayers } from '../../src/integer-hardware/realistic.js';
import { simulateInteger } from '../../src/integer-hardware/simulate.js';
import { verifyIntegerRandom } from '../../src/integer-hardware/verify.js';
import type { Kernel } from '../../src/integer/lstm.js';
import { Random } from '../../src/model/random.js';

const KERNEL: Kernel = {
  arithmetic: 'tflite',
  activation: 'lut256',
  rounding: 'single',
  activationBits: 8,
  peepholeRows: 'cell',
};

describe('emitted Verilog', () => {
  test('equals golden in every bit and the simulator in every cycle: 16 variants of seed 31', async () => {
    const { cases, ...sums } = await verifyIntegerRandom({ count: 16, seed: 31 });
    const wrong = cases.filter(({ result }) => result.firstProblems.length > 0);
    expect(wrong.map(({ description, result }) => [description, ...result.firstProblems])).toEqual(
      [],
    );
    expect([sums.bitMismatches, sums.cycleMismatches]).toEqual([0, 0]);
    expect(sums.statesChecked).toBeGreaterThan(1000);
  });

  test.each([
    { title: 'one row, one unit, one input', rows: 1, input: 1, cell: 1 },
    { title: 'more rows than units', rows: 40, input: 3, cell: 5 },
    { title: 'many inputs, few units', rows: 2, input: 70, cell: 2 },
  ])('$title', async ({ rows, input, cell }) => {
    const random = new Random(17);
    const [plain] = INTEGER_VARIANTS;
    const layer = randomIntegerLstm(random, plain, KERNEL, { input, cell, output: cell });
    const design = planInteger([layer], { name: 'corner', rows });
    const sequences = randomSequences(random, layer, [2, 1]);
    const result = await cosimulateInteger(design, sequences, { randomizeState: 2 });
    expect(result.firstProblems).toEqual([]);
  });

  test('equals golden for layers as quantization leaves them, all extensions on two', async () => {
    const all = INTEGER_VARIANTS[15];
    const layers = realisticLayers(3, [all, all], { input: 6, cell: 10, output: 7 });
    const design = planInteger(layers, { name: 'stack', rows: 3, outputs: 'last-step' });
    const sequences = randomSequences(new Random(4), layers[0], [3, 2]);
    const result = await cosimulateInteger(design, sequences, { randomizeState: 3 });
    expect(result.firstProblems).toEqual([]);
    expect(result.outputsChecked).toBe(14);
  });
});

test('the variants are all 16', () => {
  expect(new Set(INTEGER_VARIANTS.map(variantName)).size).toBe(16);
});

describe('simulateInteger', () => {
  const [layer] = realisticLayers(5, [INTEGER_VARIANTS[0]], { input: 16, cell: 16, output: 16 });

  test('one step of 16 inputs and 16 units on 4 rows takes the cycles of its operations', () => {
    const design = planInteger([layer], { name: 'timed' });
    const { cyclesPerStep, operations, outputCycles, utilization } = simulateInteger(design, {
      sequences: [1],
    });
    expect(operations.reduce((sum, { cycles }) => sum + cycles, 0)).toBe(cyclesPerStep);
    // Four folds of 16 operands and one cycle; the drain of four sums; the pipeline.
    expect(operations[0]).toEqual({ title: 'layer 0, f: W x', cycles: 4 * 17 + 3 + 3 + 12 });
    expect(outputCycles).toHaveLength(16);
    expect(utilization).toBeCloseTo((8 * 16 * 16) / (4 * cyclesPerStep), 12);
  });

  test('input beats of the next step arrive meanwhile: no step waits for them', () => {
    const design = planInteger([layer], { name: 'timed' });
    const { cyclesPerStep, outputCycles } = simulateInteger(design, { sequences: [5] });
    const firsts = [0, 1, 2, 3, 4].map((t) => outputCycles[16 * t]);
    for (let t = 1; t < 5; t++) expect(firsts[t] - firsts[t - 1]).toBe(cyclesPerStep);
  });
});
