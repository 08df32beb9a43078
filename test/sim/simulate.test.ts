import { describe, expect, test } from 'vitest';
import { simulateClosedForm } from '../../sim/closed-form.js';
import { simulate } from '../../sim/simulate.js';
import { simulateStepByStep } from '../../sim/step-by-step.js';
import type { Nonzeros } from '../../sim/workload.js';
import { plan } from '../../src/design/plan.js';
import { type Design, macsPerStep } from '../../src/design/design.js';
import { Random } from '../../src/model/random.js';
import { randomModel, type ModelShape } from '../../src/verify/random-model.js';
import { randomCase } from '../../src/verify/random.js';

function designOf(shape: Partial<ModelShape>, rows: number, columns: number) {
  const full: ModelShape = {
    scheme: 'ternary-level3',
    inputSize: 64,
    hiddenSizes: [64],
    classes: 10,
    when: 'last-step',
    ...shape,
  };
  return plan(randomModel(full, new Random(1)), { name: 'dut', rows, columns });
}

/** Counts of all sizes, none among them, in every step. */
function randomNonzeros(design: Design, sequences: readonly number[], random: Random): Nonzeros {
  const steps = sequences.reduce((sum, length) => sum + length, 0);
  const each = <T>(draw: () => T): T[] => Array.from({ length: steps }, draw);
  const { layers, input } = design;
  return {
    hidden: each(() => layers.map(({ hiddenSize }) => random.integer(hiddenSize + 1))),
    ...(input.kind === 'dense' ? { input: each(() => random.integer(input.size + 1)) } : {}),
  };
}

describe('closed form and step-by-step simulation', () => {
  test.each(Array.from({ length: 150 }, (_, index) => index))(
    'agree on cycles, breakdown and every result (random design %i of seed 3)',
    (index) => {
      const random = new Random(index);
      const { design: drawn, options } = randomCase(3, index);
      const design = drawn.sequence ? plan(drawn.model, { ...options, maxSteps: 12 }) : drawn;
      const sequences = Array.from({ length: 1 + random.integer(4) }, () => 1 + random.integer(12));
      const nonzeros =
        random.integer(2) === 0 ? randomNonzeros(design, sequences, random) : undefined;
      const workload = { sequences, ...(nonzeros && { nonzeros }) };
      const closed = simulateClosedForm(design, workload);
      const trace = simulateStepByStep(design, workload);
      expect(closed.cycles).toBe(trace.cycles);
      expect(closed.breakdown).toEqual(trace.breakdown);
      expect(closed.outputCycles).toEqual(trace.outputCycles);
      expect(closed.stepStarts).toEqual(trace.stepStarts);
    },
  );

  test.each([[false], [true]])(
    'every cycle is accounted for (both directions: %s)',
    (isBidirectional) => {
      const shape = { hiddenSizes: [9, 7], bidirectional: [isBidirectional, isBidirectional] };
      const design = designOf(shape, 5, 3);
      const { cycles, breakdown } = simulateClosedForm(design, { sequences: [7, 3] });
      const sum = Object.values(breakdown).reduce((total: number, n: number) => total + n, 0);
      expect(sum).toBe(cycles);
    },
  );
});

describe('simulate', () => {
  test('keeps a 16-row array at least 90 % busy with one sequence, H = I = 64', () => {
    for (const scheme of ['int8', 'ternary-level3'] as const) {
      expect(
        simulate(designOf({ scheme }, 16, 1), { sequences: [20] }).utilization,
      ).toBeGreaterThan(0.9);
    }
  });

  test.each([
    [1, 0.95],
    [4, 0.98],
  ])('keeps 16 rows and %i columns %d busy or more, H = I = 128', (columns, least) => {
    for (const scheme of ['int8', 'ternary-level3'] as const) {
      for (const when of ['every-step', 'last-step'] as const) {
        const shape = { scheme, when, inputSize: 128, hiddenSizes: [128] };
        const { utilization } = simulate(designOf(shape, 16, columns), { sequences: [20] });
        expect(utilization).toBeGreaterThan(least);
      }
    }
  });

  test('hides the tail of a step behind the x part of the next', () => {
    const design = designOf({}, 16, 1);
    const { cyclesPerStep } = simulate(design, { sequences: [20] });
    expect(cyclesPerStep).toBe(design.jobs[0].folds * design.jobs[0].foldCycles);
  });

  test('counts one multiply-accumulate per weight, step and column', () => {
    const design = designOf({ when: 'every-step', hiddenSizes: [5, 9], inputSize: 3 }, 4, 3);
    const { lstm, head } = macsPerStep(design);
    expect(lstm).toBe(20 * 8 + 36 * 14);
    expect(head).toBe(10 * 9);
    expect(simulate(design, { sequences: [6] }).activity.macs).toBe(6 * 3 * (lstm + head));
  });

  test('a run takes cyclesPerStep more for every further step', () => {
    const design = designOf({ when: 'every-step' }, 8, 2);
    const short = simulate(design, { sequences: [10] });
    const long = simulate(design, { sequences: [1010] });
    expect(long.cycles - short.cycles).toBe(1000 * short.cyclesPerStep);
  });

  test('counts every plane, combination and table read', () => {
    const shape = { inputSize: 6, vocabSize: 6, isOneHot: true, hiddenSizes: [5], classes: 3 };
    const design = designOf({ ...shape, scheme: 'bcq-2', when: 'every-step' }, 4, 3);
    const { activity } = simulate(design, { sequences: [2, 5] });
    const runs = 7 * 3;
    // 20 gates of two planes over h alone; 3 classes of nine signs.
    expect(activity.macs).toBe(runs * (40 * 5 + 27 * 5));
    expect(activity.combinations).toBe(runs * (40 + 27));
    expect(activity.requantizations).toBe(runs * (20 + 3));
    const reads = Object.fromEntries(
      activity.memories.map((memory) => [memory.name, memory.reads]),
    );
    expect(reads).toMatchObject({
      input_table: runs * 20,
      factors: 7 * 67,
      row_parameters: 7 * 23,
    });
  });

  test('counts a word of packed activations as one operation, and its activations as macs', () => {
    const shape = { scheme: 'hitnet', inputSize: 9, hiddenSizes: [5], when: 'every-step' } as const;
    const { activity } = simulate(designOf(shape, 4, 1), { sequences: [3] });
    // Two words of x, one of h; a class is six ternary digits.
    expect(activity.peOperations).toBe(3 * (20 * 3 + 60));
    expect(activity.macs).toBe(3 * (20 * 14 + 60 * 5));
    expect(activity.thresholds).toBe(3 * 20);
    expect(activity.combinations).toBe(3 * (2 * 20 + 60));
    const writes = Object.fromEntries(activity.memories.map(({ name, ...m }) => [name, m.writes]));
    expect(writes).toMatchObject({ hidden: 3, input_buffer: 6, partial_sums: 60, cell: 15 });
  });

  test('waits for h only once the table has spared it x', () => {
    const tabled = designOf({ vocabSize: 20, isOneHot: true, inputSize: 20 }, 16, 1);
    const { breakdown } = simulate(tabled, { sequences: [20] });
    expect(breakdown.stallDependency).toBeGreaterThan(0);
    expect(breakdown.stallInput).toBe(1);
  });

  test('refuses a workload without steps', () => {
    const design = designOf({}, 4, 1);
    expect(() => simulate(design, { sequences: [] })).toThrow(
      'sequences: none given, need at least 1',
    );
    expect(() => simulate(design, { sequences: [3, 0] })).toThrow(
      'sequences[1]: 0 is not a positive integer',
    );
  });
});
