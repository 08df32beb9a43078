import { describe, expect, test } from 'vitest';
import { DesignError, segmentsOf, type Design } from '../../src/design/design.js';
import { identifierProblem } from '../../src/design/identifier.js';
import { indexBits, signedBits } from '../../src/design/bits.js';
import {
  countElements,
  multipliersOfColumn,
  pairsOfColumn,
  recodeAll,
} from '../../src/design/multipliers.js';
import { plan, type PlanOptions } from '../../src/design/plan.js';
import { hiddenSlot } from '../../src/design/sequence-memory.js';
import { Random } from '../../src/model/random.js';
import { accumulatorBound, type QuantizedModel } from '../../src/quant/quantized-model.js';
import { randomModel, type ModelShape } from '../../src/verify/random-model.js';

function modelOf(scheme: string, shape: Partial<ModelShape> = {}): QuantizedModel {
  const sizes = { inputSize: 7, hiddenSizes: [5, 3], classes: 4 };
  return randomModel({ scheme, ...sizes, when: 'last-step', ...shape }, new Random(9));
}

const model = modelOf('ternary-level3');

/** Two features a token, the second of wider rows, and layers in both directions. */
const tagging: Partial<ModelShape> = {
  inputSize: 13,
  features: [
    { count: 3, size: 4 },
    { count: 6, size: 9 },
  ],
  bidirectional: [true, true],
};

describe('plan', () => {
  test('cuts jobs into folds that cover every output once', () => {
    const design = plan(model, { name: 'dut', rows: 3, columns: 2 });
    expect(design.jobs.map(({ kind, outputs, folds, k }) => [kind, outputs, folds, k])).toEqual([
      ['lstm', 20, 7, 12],
      ['lstm', 12, 4, 8],
      ['head', 4, 2, 3],
    ]);
  });

  test('reads what is ready first: x before h, and above layer 0 the old h before the new', () => {
    const { jobs } = plan(model, { name: 'dut', rows: 3, columns: 1 });
    expect(
      jobs.map((job) => segmentsOf(job).map(({ source, layer }) => `${source} ${layer}`)),
    ).toEqual([['input 0', 'previous 0'], ['previous 1', 'current 0'], ['current 1']]);
  });

  test('pads folds shorter than the array is high', () => {
    const { jobs } = plan(model, { name: 'dut', rows: 16, columns: 1 });
    for (const { foldCycles, passes, k } of jobs) {
      expect(foldCycles).toBeGreaterThanOrEqual(16);
      expect(passes).toHaveLength(1);
      expect(foldCycles).toBe(passes[0].padCycles + k + 1);
    }
  });

  test('passes once over each operand with scales of its own, and drains after each', () => {
    const { jobs, combiner } = plan(modelOf('twn'), { name: 'dut', rows: 9, columns: 1 });
    const passes = jobs.map((job) =>
      job.passes.map(({ segments: [{ source }], operand, k, cycles }) => [
        source,
        operand,
        k,
        cycles,
      ]),
    );
    expect(passes).toEqual([
      [
        ['input', 0, 7, 9],
        ['previous', 1, 5, 9],
      ],
      [
        ['previous', 1, 3, 9],
        ['current', 0, 5, 9],
      ],
      [['current', 0, 3, 9]],
    ]);
    expect(combiner).toMatchObject({ passes: 2, factors: 'any', factorsBy: 'place' });
    expect(jobs.map(({ foldCycles }) => foldCycles)).toEqual([18, 18, 9]);
  });

  test('gives every plane of an output a row of the array', () => {
    const { jobs, combiner } = plan(modelOf('bcq-3'), { name: 'dut', rows: 4, columns: 1 });
    // An int8 class is nine signs.
    expect(jobs.map(({ planes, sums, folds }) => [planes, sums, folds])).toEqual([
      [[3, 3, 3, 3], 60, 15],
      [[3, 3, 3, 3], 36, 9],
      [[9], 36, 9],
    ]);
    expect(combiner).toMatchObject({ factorsBy: 'sum', placeBits: 4 });
  });

  test('has no combiner where an output is one sum of the array', () => {
    for (const name of ['int8', 'int8-level3', 'ternary-level3']) {
      const design = plan(modelOf(name), { name: 'dut', rows: 4, columns: 1 });
      expect(design.combiner).toBeUndefined();
      expect(design.accBits).toBe(design.sumBits);
    }
  });

  test('takes no x for one-hot input: its sums wait in a table', () => {
    const shape = { inputSize: 6, vocabSize: 6, isOneHot: true };
    const { jobs, input, memories } = plan(modelOf('int8', shape), {
      name: 'dut',
      rows: 4,
      columns: 2,
    });
    expect(segmentsOf(jobs[0])).toMatchObject([
      { source: 'previous', needsInput: true, column: 6 },
    ]);
    expect(jobs.map(({ isTabled }) => isTabled)).toEqual([true, false, false]);
    // Codes, in units of 1 in Q0.7; 20 outputs in rows of 32.
    expect(input).toMatchObject({ table: { bits: 8, shift: 7 }, strideBits: 5 });
    expect(memories).toContainEqual(
      expect.objectContaining({ role: 'table', width: 8, depth: 6 * 32, copies: 2 }),
    );
  });

  test('tables embeddings where it is asked to', () => {
    const tokens = modelOf('ternary-level3', { vocabSize: 9 });
    const design = (inputTable: boolean): Design =>
      plan(tokens, { name: 'dut', rows: 4, columns: 1, inputTable });
    expect(design(false).jobs[0].k).toBe(12);
    expect(design(true).jobs[0].k).toBe(5);
    expect(design(true).input).toMatchObject({ table: { shift: 0 } });
  });

  test('packs ternary activations into words, and pads each operand to whole ones', () => {
    const { jobs, array } = plan(modelOf('hitnet'), { name: 'dut', rows: 4, columns: 1, pack: 4 });
    expect(array).toEqual({ kind: 'ternary', weightBits: 2, activationBits: 2, pack: 4 });
    expect(jobs.map((job) => segmentsOf(job).map(({ length }) => length))).toEqual([
      [2, 2],
      [1, 2],
      [1],
    ]);
  });

  test('says how many elements multiply only where some have no block for it', () => {
    const sizes = { name: 'dut', rows: 3, columns: 2 };
    const whole = plan(modelOf('int8'), sizes);
    expect(whole.multipliers).toBeUndefined();
    expect(plan(modelOf('int8'), { ...sizes, dsp: 6 })).toEqual(whole);
    expect(plan(modelOf('ternary-level3'), { ...sizes, dsp: 0 }).multipliers).toBeUndefined();
    const some = plan(modelOf('int8'), { ...sizes, dsp: 4 });
    expect(some).toEqual({ ...whole, multipliers: { dsp: 4 } });
    expect([0, 1].map((column) => multipliersOfColumn(some, column))).toEqual([3, 1]);
    expect(countElements(some, 2)).toEqual({ paired: 0, single: 3, recoded: 1 });
    expect(recodeAll(some).multipliers).toEqual({ dsp: 0 });
    expect(recodeAll(plan(model, sizes))).toEqual(plan(model, sizes));
  });

  test('lets two elements of a column share a block', () => {
    const sizes = { name: 'dut', rows: 5, columns: 2, dspPairs: true };
    const whole = plan(modelOf('int8'), sizes);
    // The fifth element of each column is alone.
    expect(whole.multipliers).toEqual({ dsp: 6, isPaired: true });
    expect(countElements(whole)).toEqual({ paired: 8, single: 2, recoded: 0 });
    const some = plan(modelOf('int8'), { ...sizes, dsp: 4 });
    expect([0, 1].map((column) => multipliersOfColumn(some, column))).toEqual([5, 2]);
    expect([0, 1].map((column) => pairsOfColumn(some, column))).toEqual([2, 1]);
    expect(countElements(some)).toEqual({ paired: 6, single: 1, recoded: 3 });
    expect(countElements(some, 1)).toEqual({ paired: 2, single: 0, recoded: 0 });
    expect(plan(modelOf('ternary-level3'), sizes).multipliers).toBeUndefined();
    expect(plan(modelOf('int8'), { ...sizes, rows: 1 }).multipliers).toBeUndefined();
    expect(plan(modelOf('int8'), { ...sizes, rows: 1, dsp: 0 }).multipliers).toEqual({ dsp: 0 });
    expect(recodeAll(some).multipliers).toEqual({ dsp: 0 });
  });

  test('makes the accumulator as wide as the actual weights need and no wider', () => {
    const { accBits } = plan(model, { name: 'dut', rows: 4, columns: 1 });
    const bound = accumulatorBound(model) + 1;
    expect(2 ** (accBits - 1) - 1).toBeGreaterThanOrEqual(bound);
    expect(2 ** (accBits - 2) - 1).toBeLessThan(bound);
  });

  test('runs the directions of layers one after the other, and lays their sequences side by side', () => {
    const design = plan(modelOf('int8', tagging), {
      name: 'dut',
      rows: 4,
      columns: 1,
      maxSteps: 9,
    });
    const reads = design.jobs.map(({ passes: [{ segments }] }) =>
      segments.map(({ source, direction = 'forward', layer, feature, length, column }) =>
        source === 'input'
          ? `x ${feature} ${length}@${column}`
          : `${source} ${layer} ${direction} ${length}@${column}`,
      ),
    );
    const features = ['x 0 4@0', 'x 1 9@4'];
    const below = ['current 0 forward 5@0', 'current 0 backward 5@5'];
    expect(reads).toEqual([
      [...features, 'previous 0 forward 5@13'],
      [...features, 'previous 0 backward 5@13'],
      [...below, 'previous 1 forward 3@10'],
      [...below, 'previous 1 backward 3@10'],
      ['current 1 forward 3@0', 'current 1 backward 3@3'],
    ]);
    expect(design.sequence).toEqual({ maxSteps: 9, inputWords: 2, hiddenWords: 16 });
    const slots = design.jobs.slice(0, 4).map((job) => hiddenSlot(design, job));
    expect(slots).toEqual([0, 5, 10, 13]);
    const depths = Object.fromEntries(design.memories.map(({ name, depth }) => [name, depth]));
    // 6 rows of 16 words, then 3 of 4.
    expect(depths).toMatchObject({ hidden: 9 * 16, cell: 5, tokens: 9 * 2, embedding: 108 });
    expect(design.input).toMatchObject({ tables: [{ base: 96 }, { base: 0 }] });
  });

  test('keeps h of any number of layers in the room of two', () => {
    const sizes = { hiddenSizes: [3, 5, 2, 4], bidirectional: [true, false, true, true] };
    const design = plan(modelOf('int8', sizes), { name: 'dut', rows: 4, columns: 1 });
    expect(design.sequence).toEqual({ maxSteps: 64, inputWords: 7, hiddenWords: 6 + 8 });
  });

  test('reports every problem at once', () => {
    const failure = (): unknown => plan(model, { name: 'module', rows: 0, columns: 65 });
    expect(failure).toThrow(DesignError);
    expect(failure).toThrow(
      [
        '3 problems',
        '  name: "module" is a reserved word of Verilog; choose another',
        '  rows: 0 is not an integer in 1..64',
        '  columns: 65 is not an integer in 1..64',
      ].join('\n'),
    );
  });
});

describe('plan refuses', () => {
  const options = { name: 'dut', rows: 4, columns: 1 };
  const int8 = modelOf('int8');

  test.each<[string, QuantizedModel, Partial<PlanOptions>, string]>([
    [
      'packing what is not ternary',
      int8,
      { pack: 8 },
      'pack: 8 activations in a word, but only ternary ones can be packed; use 1',
    ],
    ['part of a DSP block', modelOf('int8'), { dsp: 1.5 }, 'dsp: 1.5 is not an integer in 0..4096'],
    ['DSP blocks below none', modelOf('int8'), { dsp: -1 }, 'dsp: -1 is not an integer in 0..4096'],
    ['an odd pack', modelOf('hitnet'), { pack: 3 as 4 }, 'pack: 3 is none of 1, 2, 4, 8, 16, 32'],
    [
      'a table of dense input',
      int8,
      { inputTable: true },
      'inputTable: the model takes dense, not tokens; leave it out',
    ],
    [
      'multipliers for ternary activations',
      modelOf('hitnet'),
      { array: 'int' },
      'array: int elements multiply int8 activations, hitnet has ternary ones; use ternary or binary',
    ],
    [
      'an array that there is not',
      int8,
      { array: 'decimal' as 'int' },
      'array: "decimal" is none of binary, ternary, pow2, int',
    ],
    [
      'an enormous table',
      { ...int8, input: { kind: 'one-hot', vocabSize: 1_000_000 } },
      {},
      "vocabulary: a table of 20000000 words, for every token's share of every gate, exceeds 4194304; " +
        'use a smaller vocabulary or an embedding',
    ],
    [
      'a scheme that makes no sense',
      { ...int8, scheme: { ...int8.scheme, slope: 0 } },
      {},
      'scheme int8: slope: 0 is not in (0, 16]',
    ],
    [
      'a layer that does not fit on the one below',
      { ...int8, layers: [{ ...int8.layers[0], backward: int8.layers[0] }, int8.layers[1]] },
      {},
      'layers[1].inputSize: 5, but the layer below has 10 outputs',
    ],
    [
      'a value of several rows',
      { ...int8, head: { ...int8.head, output: 'value' } },
      {},
      'head: a value has one row, not 4; use a head of classes',
    ],
    [
      'features that do not fill x',
      {
        ...int8,
        input: {
          kind: 'features',
          tables: [{ name: 'word', count: 2, size: 3, codes: new Int8Array(6) }],
        },
      },
      {},
      'input: features of 3 values, but layers[0] takes 7',
    ],
    [
      'a table for several features',
      modelOf('int8', { ...tagging, bidirectional: [] }),
      { inputTable: true },
      'inputTable: the model takes several features of a token, not tokens; leave it out',
    ],
    [
      'a length for a model that runs forward alone',
      int8,
      { maxSteps: 9 },
      'maxSteps: 9, but the model runs forward alone and takes sequences of any length; leave it out',
    ],
    [
      'sequences of no steps',
      modelOf('int8', tagging),
      { maxSteps: 0 },
      'maxSteps: 0 is not an integer in 1..65536',
    ],
  ])('%s', (_, refused, more, problem) => {
    expect(() => plan(refused, { ...options, ...more })).toThrow(`1 problem\n  ${problem}`);
  });
});

describe('identifierProblem', () => {
  test.each(['lstm', 'LSTM_2', 'a'])('allows %s', (name) => {
    expect(identifierProblem(name)).toBeUndefined();
  });
  test.each([
    ['2lstm', 'is not a Verilog identifier'],
    ['my-lstm', 'is not a Verilog identifier'],
    ['', 'is not a Verilog identifier'],
    ['a; endmodule', 'is not a Verilog identifier'],
    ['\\escaped ', 'is not a Verilog identifier'],
    ['wire', 'is a reserved word of Verilog'],
    ['logic', 'is a reserved word of Verilog'],
    ['hg_rom', "which halfgate's own modules bear"],
  ])('refuses %j', (name, reason) => {
    expect(identifierProblem(name)).toContain(reason);
  });
});

test('indexBits and signedBits are the narrowest fields', () => {
  expect([1, 2, 3, 4, 5, 256, 257].map(indexBits)).toEqual([1, 1, 2, 2, 3, 8, 9]);
  expect([1, 2, 127, 128].map(signedBits)).toEqual([2, 3, 8, 9]);
});
