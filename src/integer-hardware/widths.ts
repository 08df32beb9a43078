/** Bits and depths of the machine's registers and memories. */
import type { IntegerLstm } from '../integer/lstm.js';
import { directionsOf } from '../integer/model.js';
import type { IntegerDesign, Operation } from './design.js';
import type { Program } from './builder.js';
import { inputDepth } from './input.js';
import { type ProgramSource, regionCounts, sequenceParts } from './program.js';
import { scaledLimit } from './scale.js';

export interface Widths {
  /** Of x and h. */
  readonly data: number;
  /** Of sums in the array, and of those with their bias. */
  readonly acc: number;
  readonly bias: number;
  /** Of a beat of s_axis, and of m_axis. */
  readonly beat: number;
  readonly result: number;
  /** Numbers of cells or of h, of an operation's elements, of operands, rows, operations, memory regions. */
  readonly index: number;
  readonly count: number;
  readonly operand: number;
  readonly input: number;
  readonly row: number;
  readonly pc: number;
  readonly region: number;
  readonly stateRegion: number;
  /** Numbers of steps and addresses in the memories of whole sequences; 1 where there are none. */
  readonly step: number;
  readonly base: number;
  /** Smallest right shift of the requantizer, bits of what is added to it, bits of a result. */
  readonly shiftMin: number;
  readonly select: number;
  readonly out: number;
  readonly activation: ActivationWidths;
}

export interface ActivationWidths {
  /** The table's smallest left shift, how much larger the largest is, and bits of the difference. */
  readonly shiftMin: number;
  readonly shiftSpan: number;
  readonly shift: number;
  /** Bits of gemmlowp's alignment. */
  readonly align: number;
}

/** Left shift to the 3 integer bits of the table. */
export function tableShift({ integerBits, alignment }: Operation): number {
  return integerBits - 3 + alignment;
}

function activationWidths(operations: readonly Operation[]): ActivationWidths {
  const shifts = operations.map(tableShift);
  const shiftMin = Math.min(0, ...shifts);
  const shiftSpan = Math.max(0, ...shifts) - shiftMin;
  const alignment = Math.max(...operations.map((operation) => operation.alignment));
  return { shiftMin, shiftSpan, shift: indexBits(shiftSpan + 1), align: indexBits(alignment + 1) };
}

/** Bits that count 0..n-1, at least 1. */
export function indexBits(n: number): number {
  return Math.max(1, Math.ceil(Math.log2(n)));
}

/** Bits of a signed number of this magnitude, of either sign. */
export function signedBits(magnitude: number): number {
  return Math.floor(Math.log2(Math.max(magnitude, 1))) + 2;
}

/** Largest magnitude of a row's sum, without bias. */
export function rowLimit(weights: Int8Array, row: number, columns: number, bits: number): number {
  let sum = 0;
  for (let k = 0; k < columns; k++) sum += Math.abs(weights[row * columns + k]);
  return sum * 2 ** (bits - 1);
}

interface Matrix {
  readonly weights: Int8Array;
  readonly bias: ArrayLike<number>;
}

/** All matrices of a layer. */
export function matricesOf({ gates, projection }: IntegerLstm): Matrix[] {
  const { i, f, g, o } = gates;
  const ofGates = [i, f, g, o].flatMap((gate) =>
    gate === null
      ? []
      : [
          { weights: gate.inputWeights, bias: gate.inputBias },
          { weights: gate.recurrentWeights, bias: gate.recurrentBias },
        ],
  );
  return projection === null ? ofGates : [...ofGates, projection];
}

/** Largest magnitudes of a matrix' sums, without and with bias. */
export function matrixLimits(
  { weights, bias }: Matrix,
  bits: number,
): { readonly sum: number; readonly total: number } {
  const columns = weights.length / bias.length;
  let sum = 0;
  let total = 0;
  for (let row = 0; row < bias.length; row++) {
    const limit = rowLimit(weights, row, columns, bits);
    sum = Math.max(sum, limit);
    total = Math.max(total, limit + Math.abs(bias[row]));
  }
  return { sum, total };
}

/** 1024 times a centred 16-bit value; a weighted value over 1024. */
const CENTERED_LIMIT = 2 ** 26;
const WEIGHED_LIMIT = 2 ** 21;
/** High products of 32-bit values. */
const HIGH_BITS = 33;
/** Of the inverse deviation. */
const INVERSE_SHIFT_LIMIT = 13;

function resultLimit({ kind, scale }: Operation, sums: number): number {
  switch (kind) {
    case 'matrix':
      return scaledLimit(scale, sums);
    case 'product':
      return scaledLimit(scale, 2 ** 30);
    case 'center':
      return CENTERED_LIMIT;
    case 'weigh':
      return WEIGHED_LIMIT;
    case 'wide':
      return scaledLimit(scale, WEIGHED_LIMIT);
    case 'scalar':
      return 2 ** (HIGH_BITS - 2);
    default:
      return 0;
  }
}

/** Right shifts that an operation needs; whatever the shift, nothing times 0 is 0. */
function shiftsOf({ kind, scale }: Operation): readonly number[] {
  switch (kind) {
    case 'statistics':
    case 'output':
      return [];
    case 'center':
      return [scale.shift, scale.shift + INVERSE_SHIFT_LIMIT];
    case 'scalar':
    case 'weigh':
      return [scale.shift];
    default:
      return scale.multiplier === 0 ? [] : [scale.shift];
  }
}

/** Bits of m_axis: a value of h, the number of a class, or a sum. */
function resultBits({ head }: Pick<IntegerDesign, 'head'>, data: number): number {
  if (head === null) return data;
  return head.output === 'class' ? indexBits(head.classes) : 32;
}

/** Bits of s_axis: an element of x, or the largest number that has a row in a table. */
function beatBits({ input }: Pick<IntegerDesign, 'input'>, data: number): number {
  return input === null ? data : indexBits(inputDepth(input));
}

export function widthsOf(
  source: ProgramSource & Pick<IntegerDesign, 'input' | 'head'>,
  program: Program,
): Widths {
  const { operations, biases } = program;
  const { head, rows, flow, maxSteps } = source;
  const layers = directionsOf(source.layers);
  const [{ kernel, inputSize }] = layers;
  const bits = kernel.activationBits;
  const limits = layers.flatMap(matricesOf).map((matrix) => matrixLimits(matrix, bits));
  const headLimits = head === null ? [] : [matrixLimits(head, bits)];
  const most = (values: readonly number[]): number => Math.max(...values);
  const counts = operations.map(({ count }) => count);
  const states = most(layers.flatMap(({ cellSize, outputSize }) => [cellSize, outputSize]));
  const shifts = operations.flatMap(shiftsOf);
  const shiftMin = shifts.length === 0 ? 31 : Math.min(...shifts);
  const sums = most(limits.map(({ total }) => total));
  const hasNorm = operations.some(({ kind }) => kind === 'scalar');
  const out = signedBits(most(operations.map((operation) => resultLimit(operation, sums))));
  const regions = regionCounts(source);
  const [, , kept] = sequenceParts(source);
  const operand = indexBits(most([...operations.map(({ operands }) => operands), ...counts]));
  return {
    data: bits,
    beat: beatBits(source, bits),
    result: resultBits(source, bits),
    acc: signedBits(most([...limits, ...headLimits].map(({ sum }) => sum))),
    bias: signedBits(most(biases.map((bias) => Math.abs(bias)))),
    index: indexBits(states),
    count: indexBits(most(counts)),
    input: indexBits(inputSize),
    operand,
    row: indexBits(rows),
    pc: indexBits(operations.length),
    region: indexBits(regions.gates),
    stateRegion: regions.states === 1 ? 0 : indexBits(regions.states),
    step: indexBits(maxSteps),
    base:
      flow === 'sequences'
        ? Math.max(operand, indexBits(Math.max(maxSteps * inputSize, kept) + 1))
        : 1,
    shiftMin,
    select: indexBits(most(shifts) - shiftMin + 1),
    out: hasNorm ? Math.max(out, HIGH_BITS) : out,
    activation: activationWidths(operations),
  };
}
