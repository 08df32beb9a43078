/**
 * A job's weights as the array holds them: for every sum that it forms a plane of codes, for every pass a
 * factor, and rows whose thresholds and shifts are those of the combined sums.
 */
import { PREACT_BITS } from '../quant/arithmetic.js';
import { codingOf } from '../quant/coding.js';
import { GATE_NAMES } from '../quant/gates.js';
import {
  oneHotCode,
  operandCount,
  planeOffsets,
  type QuantizedLayer,
  type QuantizedModel,
  type RowParameters,
} from '../quant/quantized-model.js';
import { layerWeights } from '../quant/scheme.js';
import { numerals, type Numerals, type WeightAlphabet } from './array.js';
import type { Design, Job } from './design.js';

/** A layer's matrix of one direction, or the head's. */
export type Matrix = Pick<Job, 'kind' | 'layer' | 'direction' | 'outputs'>;

/** The layer of the model that a job computes, in its direction. */
export function directedLayer(
  { layers }: Pick<QuantizedModel, 'layers'>,
  { layer, direction }: Pick<Job, 'layer' | 'direction'>,
): QuantizedLayer {
  const found = direction === undefined ? layers[layer] : layers[layer].backward;
  if (found === undefined) throw new Error(`directedLayer: layers[${layer}] runs forward alone`);
  return found;
}

/** An output of a job as the array forms it. */
export interface OutputPlanes {
  /** First of its sums among those of the job. */
  readonly first: number;
  /** [operands][planes] */
  readonly factors: readonly (readonly number[])[];
  /** Thresholds and shift for the combined sum. */
  readonly row: RowParameters;
}

export interface ArrayRows {
  /** In the order in which they drain: unit by unit, gates i, f, g, o. */
  readonly outputs: readonly OutputPlanes[];
  /** Sums of an output by its gate; of a class. */
  readonly planes: readonly number[];
  readonly sums: number;
}

export interface ArrayMatrix extends ArrayRows {
  /** Columns of the model's matrix: x, then h. */
  readonly columns: number;
  /** [sums, columns] row-major. */
  readonly codes: Int8Array;
}

/** Row of the job's weight matrix that output n multiplies: unit by unit, gates i, f, g, o. */
export function matrixRow(job: Matrix, output: number): number {
  return job.kind === 'head' ? output : (output % 4) * (job.outputs / 4) + Math.floor(output / 4);
}

/** Whether rows of the model have factors of their own, so that its hardware multiplies sums. */
export function hasFactors({ layers, head }: QuantizedModel): boolean {
  const directions = layers.flatMap((layer) => [layer, layer.backward ?? layer]);
  return [...directions, head].some(({ rows }) =>
    rows.some(({ factors }) => factors.length > 1 || factors[0] !== 1),
  );
}

/** The row for a sum that comes `unit` times as large. */
function rowOfUnit(row: RowParameters, unit: 1 | 2): RowParameters {
  if (unit === 1) return row;
  return row.kind === 'threshold'
    ? { ...row, low: 2 * row.low, high: 2 * row.high }
    : { ...row, shift: row.shift + 1 };
}

/** How an array writes the codes of each gate, or of the head. */
function numeralsOf(model: QuantizedModel, matrix: Matrix, array: WeightAlphabet): Numerals[] {
  const { scheme } = model;
  const codings =
    matrix.kind === 'head'
      ? [scheme.head]
      : GATE_NAMES.map((gate) => layerWeights(scheme, matrix.layer)[gate]);
  const multiplies = hasFactors(model);
  return codings.map((coding) => numerals(array, codingOf(coding).format, multiplies));
}

/** What becomes of the rows of a matrix in an array of these weights. */
export function arrayRows(model: QuantizedModel, matrix: Matrix, array: WeightAlphabet): ArrayRows {
  const isHead = matrix.kind === 'head';
  const { rows } = isHead ? model.head : directedLayer(model, matrix);
  const operands = isHead ? 1 : operandCount(model.scheme);
  const systems = numeralsOf(model, matrix, array);
  const outputs: OutputPlanes[] = [];
  let sums = 0;
  for (let n = 0; n < matrix.outputs; n++) {
    const row = rows[matrixRow(matrix, n)];
    const { factors, unit } = systems[n % systems.length];
    const planes = row.factors.length / operands;
    outputs.push({
      first: sums,
      factors: Array.from({ length: operands }, (_, s) =>
        row.factors
          .slice(s * planes, (s + 1) * planes)
          .flatMap((factor) => factors.map((digit) => factor * digit)),
      ),
      row: rowOfUnit(row, unit),
    });
    sums += planes * factors.length;
  }
  const planes = systems.map((_, gate) => outputs[gate].factors[0].length);
  return { outputs, planes, sums };
}

/** The planes of a matrix in an array of these weights. */
export function arrayMatrix(
  model: QuantizedModel,
  matrix: Matrix,
  array: WeightAlphabet,
): ArrayMatrix {
  const isHead = matrix.kind === 'head';
  const { weights, rows } = isHead ? model.head : directedLayer(model, matrix);
  const offsets = planeOffsets(rows, isHead ? 1 : operandCount(model.scheme));
  const columns = weights.length / offsets[rows.length];
  const systems = numeralsOf(model, matrix, array);
  const shape = arrayRows(model, matrix, array);
  const codes = new Int8Array(shape.sums * columns);
  shape.outputs.forEach(({ first }, n) => {
    const { factors, digits } = systems[n % systems.length];
    const r = matrixRow(matrix, n);
    for (let plane = offsets[r]; plane < offsets[r + 1]; plane++) {
      const into = (first + (plane - offsets[r]) * factors.length) * columns;
      for (let k = 0; k < columns; k++) {
        const code = digits(weights[plane * columns + k]);
        for (let d = 0; d < code.length; d++) codes[into + d * columns + k] = code[d];
      }
    }
  });
  return { ...shape, columns, codes };
}

/** A threshold in so many bits: one that no sum reaches, or every one does, may as well be nearer. */
function within(threshold: number, bits: number): number {
  return Math.min(2 ** (bits - 1) - 1, Math.max(-(2 ** (bits - 1)), threshold));
}

/**
 * Words of the row memory, a word for each output in drain order: thresholds {high, low}, or {shift select,
 * multiplier, bias}.
 */
export function rowWords(
  design: Pick<Design, 'sumBits' | 'multiplierBits' | 'shiftMin'>,
  matrices: readonly ArrayRows[],
): bigint[] {
  const { sumBits, multiplierBits, shiftMin } = design;
  return matrices.flatMap(({ outputs }) =>
    outputs.map(({ row }) => {
      if (row.kind === 'threshold') {
        const low = BigInt.asUintN(sumBits, BigInt(within(row.low, sumBits)));
        return (
          low | (BigInt.asUintN(sumBits, BigInt(within(row.high, sumBits))) << BigInt(sumBits))
        );
      }
      const multiplier = multiplierBits > 0 ? BigInt(row.multiplier) : 0n;
      return (
        BigInt.asUintN(PREACT_BITS, BigInt(row.bias)) |
        (multiplier << BigInt(PREACT_BITS)) |
        (BigInt(row.shift - shiftMin) << BigInt(PREACT_BITS + multiplierBits))
      );
    }),
  );
}

/** Sum over planes of factor * code, by column: what an output multiplies each activation by. */
export function effectiveCodes(
  matrix: ArrayMatrix,
  output: number,
  inputSize: number,
): Float64Array {
  const { codes, columns, outputs } = matrix;
  const { first, factors } = outputs[output];
  const effective = new Float64Array(columns);
  for (let p = 0; p < factors[0].length; p++) {
    const at = (first + p) * columns;
    for (let k = 0; k < columns; k++) {
      const operand = factors.length === 1 || k < inputSize ? 0 : 1;
      effective[k] += factors[operand][p] * codes[at + k];
    }
  }
  return effective;
}

/**
 * The input table of a direction of layer 0: [vocabulary, outputs], each token's share of each output's sum,
 * in units of 2^shift.
 */
export function inputTable(
  model: QuantizedModel,
  matrix: ArrayMatrix,
): { readonly values: Int32Array; readonly shift: number } {
  const { input, layers } = model;
  if (input.kind !== 'tokens' && input.kind !== 'one-hot') {
    throw new TypeError(`inputTable: the model takes ${input.kind}`);
  }
  const { inputSize } = layers[0];
  const outputs = matrix.outputs.length;
  const values = new Int32Array(input.vocabSize * outputs);
  for (let n = 0; n < outputs; n++) {
    const effective = effectiveCodes(matrix, n, inputSize);
    for (let token = 0; token < input.vocabSize; token++) {
      let sum = 0;
      if (input.kind === 'one-hot') sum = effective[token];
      else {
        for (let k = 0; k < inputSize; k++) {
          sum += effective[k] * input.embedding[token * inputSize + k];
        }
      }
      values[token * outputs + n] = sum;
    }
  }
  const shift = input.kind === 'one-hot' ? Math.log2(oneHotCode(model.scheme)) : 0;
  return { values, shift };
}
