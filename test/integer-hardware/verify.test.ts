/** Emitted Verilog against golden model and simulator, of every variant. */
import { describe, expect, test } from 'vitest';
import { cosimulateInteger, PROBES } from '../../src/integer-hardware/cosimulate.js';
import { compileRtl } from '../../src/eda/rtl-sim.js';
import { planInteger } from '../../src/integer-hardware/design.js';
import { emitInteger } from '../../src/integer-hardware/emit.js';
import { expectedRun } from '../../src/integer-hardware/golden.js';
import {
  INTEGER_VARIANTS,
  randomIntegerLstm,
  randomSequences,
  variantName,
} from '../../src/integer-hardware/random.js';
import { realisticBothWays, realisticLayers } from '../../src/integer-hardware/realistic.js';
import { simulateInteger } from '../../src/integer-hardware/simulate.js';
import { randomIntegerCase, verifyIntegerRandom } from '../../src/integer-hardware/verify.js';
import { activationVector, type Kernel } from '../../src/integer/lstm.js';
import { directionsOf } from '../../src/integer/model.js';
import { runSequence } from '../../src/integer/sequence.js';
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

describe('layers in both directions', () => {
  const SIZES = { input: 5, cell: 6, output: 3 };
  const [plain] = INTEGER_VARIANTS;

  test('equal golden over whole sequences, and runSequence: three layers, all extensions', async () => {
    const all = INTEGER_VARIANTS[15];
    const layers = realisticBothWays(6, [plain, all, plain], SIZES);
    const design = planInteger(layers, { name: 'both', rows: 3, maxSteps: 5 });
    const [{ kernel }] = directionsOf(layers);
    const sequences = randomSequences(new Random(8), directionsOf(layers)[0], [5, 1, 3]);
    const result = await cosimulateInteger(design, sequences, { randomizeState: 5 });
    expect(result.firstProblems).toEqual([]);
    const expected = sequences.map((steps) => {
      const x = activationVector(kernel, steps.length * 5);
      steps.forEach((values, t) => x.set(values, t * 5));
      return Array.from(runSequence(layers, x));
    });
    expect(result.outputs).toEqual(expected.flat());
  });

  test('of which only the last step is asked for read one step backward in the last layer', () => {
    const layers = realisticBothWays(6, [plain, plain], SIZES);
    const plan = (outputs: 'every-step' | 'last-step'): number =>
      simulateInteger(planInteger(layers, { name: 'both', maxSteps: 9, outputs }), {
        sequences: [9],
      }).cycles;
    // Four passes over 9 steps; three, and one step.
    expect(plan('last-step') / plan('every-step')).toBeCloseTo(28 / 36, 1);
  });

  test('refuse a sequence that is too long for the memory', () => {
    const design = planInteger(realisticBothWays(6, [plain], SIZES), { name: 'both', maxSteps: 2 });
    const sequences = randomSequences(new Random(8), directionsOf(design.layers)[0], [2, 3]);
    expect(() => expectedRun(design, sequences)).toThrow('sequence 1 has 3 steps, of 2 at most');
  });
});

/** Cases of seed 31: both directions with a head that gives its sum, and with a table. */
test.each([
  { index: 15, name: 'biases', isLast: true },
  { index: 15, name: 'weights', isLast: true },
  { index: 13, name: 'embedding', isLast: false },
])('a wrong word in the $name shows in the comparison', async ({ index, name, isLast }) => {
  const { design, sequences } = randomIntegerCase(31, index);
  const { files, top } = emitInteger(design);
  const file = `${top}_${name}.hex`;
  const lines = files[file].split('\n');
  const at = isLast ? lines.length - 2 : 1;
  const [digits] = lines[at].split(' ');
  lines[at] = (BigInt(`0x${digits}`) ^ 0x5an).toString(16).padStart(digits.length, '0');
  const rtl = await compileRtl({ ...files, [file]: lines.join('\n') }, top, { probes: PROBES });
  // The table's first row is that of symbol 0.
  const more = isLast ? [] : [[[0]]];
  const { bitMismatches } = await cosimulateInteger(design, [...sequences, ...more], { rtl });
  expect(bitMismatches).toBeGreaterThan(0);
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
