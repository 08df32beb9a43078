import { describe, expect, test } from 'vitest';
import type { WeightAlphabet } from '../../src/design/array.js';
import {
  arrayMatrix,
  effectiveCodes,
  inputTable,
  matrixRow,
  type ArrayMatrix,
} from '../../src/design/planes.js';
import { Random } from '../../src/model/random.js';
import { embed } from '../../src/quant/golden.js';
import {
  activationMax,
  operandCount,
  planeOffsets,
  type QuantizedModel,
  type RowParameters,
} from '../../src/quant/quantized-model.js';
import { randomModel } from '../../src/verify/random-model.js';
import { randomScheme } from '../../src/verify/random.js';

const ARRAYS: readonly WeightAlphabet[] = [
  { kind: 'binary', weightBits: 1 },
  { kind: 'ternary', weightBits: 2 },
  { kind: 'pow2', weightBits: 3 },
  { kind: 'int', weightBits: 3 },
  { kind: 'int', weightBits: 8 },
];
const SIZE = 5;
const UNITS = 4;

/** A row's sum by its definition, straight from the model. */
function definedSum(model: QuantizedModel, row: number, x: ArrayLike<number>): number {
  const { weights, rows } = model.layers[0];
  const operands = operandCount(model.scheme);
  const offsets = planeOffsets(rows, operands);
  const planes = offsets[row + 1] - offsets[row];
  let sum = 0;
  for (let p = 0; p < planes; p++) {
    for (let k = 0; k < x.length; k++) {
      const factor = rows[row].factors[(operands === 2 && k >= SIZE ? planes : 0) + p];
      sum += factor * weights[(offsets[row] + p) * x.length + k] * x[k];
    }
  }
  return sum;
}

/** The same from the array's planes. */
function arraySum(matrix: ArrayMatrix, output: number, x: ArrayLike<number>): number {
  const { codes, columns, outputs } = matrix;
  const { first, factors } = outputs[output];
  let sum = 0;
  factors[0].forEach((_, p) => {
    for (let k = 0; k < columns; k++) {
      const operand = factors.length === 2 && k >= SIZE ? 1 : 0;
      sum += factors[operand][p] * codes[(first + p) * columns + k] * x[k];
    }
  });
  return sum;
}

/** How many times as large the row's sum is in the array: 1 or 2. */
function unitOf(own: RowParameters, inArray: RowParameters): number {
  if (own.kind === 'linear' && inArray.kind === 'linear') return 2 ** (inArray.shift - own.shift);
  if (own.kind === 'threshold' && inArray.kind === 'threshold') {
    expect([1, 2]).toContain(own.high === 0 ? 1 : inArray.high / own.high);
    return inArray.low === own.low && inArray.high === own.high ? 1 : 2;
  }
  throw new Error('rows of different kinds');
}

describe.each(Array.from({ length: 40 }, (_, seed) => seed))('random scheme %i', (seed) => {
  const random = new Random(seed);
  const scheme = randomScheme(random);
  const isOneHot = seed % 2 === 0;
  const model = randomModel(
    {
      scheme,
      inputSize: SIZE,
      hiddenSizes: [UNITS],
      classes: 3,
      vocabSize: SIZE,
      isOneHot,
      when: 'every-step',
    },
    random,
  );
  const job = { kind: 'lstm', layer: 0, outputs: 4 * UNITS } as const;
  const most = activationMax(scheme);

  test.each(ARRAYS)('sums the same in an array of $kind weights of $weightBits bits', (array) => {
    const matrix = arrayMatrix(model, job, array);
    for (let n = 0; n < job.outputs; n++) {
      const row = model.layers[0].rows[matrixRow(job, n)];
      const x = Array.from({ length: SIZE + UNITS }, () => random.integer(2 * most + 1) - most);
      const unit = unitOf(row, matrix.outputs[n].row);
      const sum = arraySum(matrix, n, x);
      // Thresholds at 0 do not show that sums come doubled.
      const units = row.kind === 'threshold' ? [1, 2] : [unit];
      expect(units.map((u) => u * definedSum(model, matrixRow(job, n), x))).toContain(sum);
      const effective = effectiveCodes(matrix, n, SIZE);
      expect(effective.reduce((total, code, k) => total + code * x[k], 0)).toBe(sum);
    }
  });

  test('tables what the tokens add to every sum', () => {
    const matrix = arrayMatrix(model, job, ARRAYS[1]);
    const { values, shift } = inputTable(model, matrix);
    for (let token = 0; token < SIZE; token++) {
      const x = [...embed(model, token), ...new Array<number>(UNITS).fill(0)];
      for (let n = 0; n < job.outputs; n++) {
        expect(values[token * job.outputs + n] * 2 ** shift).toBe(arraySum(matrix, n, x));
      }
    }
  });
});
