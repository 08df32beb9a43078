import { describe, expect, test } from 'vitest';
import { DesignError } from '../../src/design/design.js';
import { identifierProblem } from '../../src/design/identifier.js';
import { indexBits, plan, signedBits } from '../../src/design/plan.js';
import { Random } from '../../src/model/random.js';
import { accumulatorBound } from '../../src/quant/quantized-model.js';
import { randomModel } from '../../src/verify/random-model.js';

const model = randomModel(
  { scheme: 'ternary-level3', inputSize: 7, hiddenSizes: [5, 3], classes: 4, when: 'last-step' },
  new Random(9),
);

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
      jobs.map(({ segments }) => segments.map(({ source, layer }) => `${source} ${layer}`)),
    ).toEqual([['input 0', 'previous 0'], ['previous 1', 'current 0'], ['current 1']]);
  });

  test('pads folds shorter than the array is high', () => {
    const { jobs } = plan(model, { name: 'dut', rows: 16, columns: 1 });
    for (const { foldCycles, padCycles, k } of jobs) {
      expect(foldCycles).toBeGreaterThanOrEqual(16);
      expect(foldCycles).toBe(padCycles + k + 1);
    }
  });

  test('makes the accumulator as wide as the actual weights need and no wider', () => {
    const { accBits } = plan(model, { name: 'dut', rows: 4, columns: 1 });
    const bound = accumulatorBound(model) + 1;
    expect(2 ** (accBits - 1) - 1).toBeGreaterThanOrEqual(bound);
    expect(2 ** (accBits - 2) - 1).toBeLessThan(bound);
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
