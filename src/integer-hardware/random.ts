/** Random integer layers of every variant: integers as they may come, not as training leaves them. */
import type { Multiplier } from '../integer/fixed-point.js';
import type { LayerNorm } from '../integer/layer-norm.js';
import type { IntegerGate, IntegerLstm, Kernel, Peephole, Projection } from '../integer/lstm.js';
import { activationVector } from '../integer/lstm.js';
import type { IntegerHead, IntegerInput, IntegerTable } from '../integer/model.js';
import type { Random } from '../model/random.js';
import type { IntegerSequences } from './golden.js';
import { inputDepth, tablesOf, type TableInput } from './input.js';

export interface IntegerVariant {
  readonly isCifg: boolean;
  readonly hasPeephole: boolean;
  readonly hasProjection: boolean;
  readonly hasLayerNorm: boolean;
}

/** All 16 of them. */
export const INTEGER_VARIANTS: readonly IntegerVariant[] = Array.from({ length: 16 }, (_, k) => ({
  isCifg: (k & 1) !== 0,
  hasPeephole: (k & 2) !== 0,
  hasProjection: (k & 4) !== 0,
  hasLayerNorm: (k & 8) !== 0,
}));

/** `CIFG, projection`, or `plain`. */
export function variantName(variant: IntegerVariant): string {
  const names = [
    variant.isCifg && 'CIFG',
    variant.hasPeephole && 'peephole',
    variant.hasProjection && 'projection',
    variant.hasLayerNorm && 'layer norm',
  ];
  return names.filter(Boolean).join(', ') || 'plain';
}

export interface IntegerSizes {
  readonly input: number;
  readonly cell: number;
  /** With a projection. */
  readonly output: number;
}

const pick = <T>(random: Random, values: readonly T[]): T => values[random.integer(values.length)];

/** low .. high, and every eighth time one of the two. */
function extreme(random: Random, low: number, high: number): number {
  if (random.integer(8) === 0) return random.integer(2) ? low : high;
  return low + random.integer(high - low + 1);
}

/** A factor near `value`, its multiplier one of the extreme ones now and then. */
function multiplierNear(random: Random, value: number): Multiplier {
  const exact = value * 2 ** random.range(-2, 2);
  const shift = Math.floor(Math.log2(exact)) + 1;
  const most = 2 ** 31 - 1;
  const multiplier = pick(random, [
    ...[2 ** 30, most, 2 ** 30 + 1],
    ...Array.from({ length: 9 }, () => Math.min(most, Math.round((exact / 2 ** shift) * 2 ** 31))),
  ]);
  return { multiplier, shift };
}

/** Weights of [rows, columns], sparse or with many extremes now and then. */
function weightsOf(random: Random, length: number): Int8Array {
  const style = random.integer(4);
  return Int8Array.from({ length }, () => {
    if (style === 0) return extreme(random, -128, 127);
    if (style === 1) return random.integer(3) - 1;
    return random.integer(255) - 127;
  });
}

/** Sums of this size are typical of random operands. */
function typicalSum(columns: number, bits: number): number {
  return 40 * 2 ** (bits - 2) * Math.sqrt(columns);
}

function biasOf(random: Random, rows: number, limit: number): Float64Array {
  const most = Math.floor(limit);
  return Float64Array.from({ length: rows }, () => extreme(random, -most, most));
}

function layerNormOf(random: Random, cell: number): LayerNorm {
  return {
    weights: Int16Array.from({ length: cell }, () => extreme(random, -32767, 32767)),
    bias: Int32Array.from({ length: cell }, () => extreme(random, -(2 ** 26), 2 ** 26)),
    scale: multiplierNear(random, 2 ** -15),
    varianceGuard: 1 + random.integer(pick(random, [1, 100, 2 ** 20])),
  };
}

function gateOf(
  random: Random,
  kernel: Kernel,
  variant: IntegerVariant,
  { input, cell, output }: IntegerSizes,
  isCandidate: boolean,
): IntegerGate {
  const { activationBits: bits } = kernel;
  // Layer normalization also of values that hardly differ.
  const isFlat = variant.hasLayerNorm && random.integer(4) === 0;
  const spread = 2 ** (isFlat ? random.range(-3, 3) : random.range(11, 14));
  const sums = { x: typicalSum(input, bits), h: typicalSum(output, bits) };
  const peephole: Peephole | null =
    variant.hasPeephole && !isCandidate
      ? {
          weights: Int16Array.from({ length: cell }, () => extreme(random, -32768, 32767)),
          scale: multiplierNear(random, 2 ** -15),
        }
      : null;
  return {
    inputWeights: weightsOf(random, cell * input),
    recurrentWeights: weightsOf(random, cell * output),
    inputBias: biasOf(random, cell, sums.x),
    recurrentBias: biasOf(random, cell, sums.h),
    inputScale: multiplierNear(random, spread / sums.x),
    recurrentScale: multiplierNear(random, spread / sums.h),
    peephole,
    layerNorm: variant.hasLayerNorm ? layerNormOf(random, cell) : null,
  };
}

function projectionOf(
  random: Random,
  { activationBits: bits }: Kernel,
  { cell, output }: IntegerSizes,
): Projection {
  const sum = typicalSum(cell, bits);
  const limit = 2 ** (bits - 1);
  return {
    weights: weightsOf(random, output * cell),
    bias: biasOf(random, output, sum),
    scale: multiplierNear(random, limit / sum),
    clip: random.integer(2) === 0 ? 0 : 1 + random.integer(limit - 1),
  };
}

/** One layer; `inputZeroPoint` where the layer before gives one. */
export function randomIntegerLstm(
  random: Random,
  variant: IntegerVariant,
  kernel: Kernel,
  sizes: IntegerSizes,
  inputZeroPoint?: number,
): IntegerLstm {
  const { activationBits } = kernel;
  const { input, cell } = sizes;
  const output = variant.hasProjection ? sizes.output : cell;
  const own = { input, cell, output };
  const limit = 2 ** (activationBits - 1);
  const zeroPoint = (): number => extreme(random, -limit, limit - 1);
  const gate = (isCandidate: boolean): IntegerGate =>
    gateOf(random, kernel, variant, own, isCandidate);
  const bits = random.integer(4) === 0 ? 6 + random.integer(11) : 16;
  const scaleLog2 = random.integer(7) - bits + 1;
  const outputZeroPoint = zeroPoint();
  return {
    kernel,
    inputSize: input,
    cellSize: cell,
    outputSize: output,
    inputZeroPoint: inputZeroPoint ?? zeroPoint(),
    outputZeroPoint,
    gates: {
      i: variant.isCifg ? null : gate(false),
      f: gate(false),
      g: gate(true),
      o: gate(false),
    },
    cell: {
      bits,
      scaleLog2,
      clip: random.integer(2) === 0 ? 0 : 1 + random.integer(2 ** (bits - 1) - 1),
      forgetScale: multiplierNear(random, 2 ** -15),
      inputScale: multiplierNear(random, 2 ** -30 / 2 ** scaleLog2),
    },
    hidden: {
      scale: multiplierNear(random, 2 ** (activationBits - 1 - 30)),
      zeroPoint: variant.hasProjection ? zeroPoint() : outputZeroPoint,
    },
    projection: variant.hasProjection ? projectionOf(random, kernel, own) : null,
  };
}

/** Sequences of the given lengths, with extremes. */
export function randomSequences(
  random: Random,
  { kernel, inputSize }: IntegerLstm,
  lengths: readonly number[],
): IntegerSequences {
  const limit = 2 ** (kernel.activationBits - 1);
  return lengths.map((length) =>
    Array.from({ length }, () => {
      const x = activationVector(kernel, inputSize);
      for (let k = 0; k < inputSize; k++) x[k] = extreme(random, -limit, limit - 1);
      return x;
    }),
  );
}

function randomTable(random: Random, kernel: Kernel, name: string, size: number): IntegerTable {
  const count = 1 + random.integer(20);
  const limit = 2 ** (kernel.activationBits - 1);
  const codes = activationVector(kernel, count * size);
  for (let k = 0; k < codes.length; k++) codes[k] = extreme(random, -limit, limit - 1);
  return { name, count, size, codes };
}

/** Something that makes x of numbers, in half of the cases. */
export function randomInput(
  random: Random,
  kernel: Kernel,
  inputSize: number,
): IntegerInput | undefined {
  switch (random.integer(6)) {
    case 0:
      return { kind: 'tokens', table: randomTable(random, kernel, 'embedding', inputSize) };
    case 1:
      return { kind: 'one-hot', vocabSize: inputSize, hot: 2 ** (kernel.activationBits - 1) - 1 };
    case 2: {
      const tables: IntegerTable[] = [];
      for (let left = inputSize; left > 0; left -= tables[tables.length - 1].size) {
        const size = 1 + random.integer(left);
        tables.push(randomTable(random, kernel, `feature${tables.length}`, size));
      }
      return { kind: 'features', tables };
    }
    default:
      return undefined;
  }
}

/** A head of few or many classes, or of values, its sums near each other or equal now and then. */
export function randomHead(random: Random, width: number, bits: number): IntegerHead {
  const classes = 1 + random.integer(pick(random, [3, 40]));
  const isFlat = random.integer(3) === 0;
  const weights = isFlat
    ? Int8Array.from({ length: classes * width }, () => random.integer(8) >> 2)
    : weightsOf(random, classes * width);
  const limit = isFlat ? 2 : typicalSum(width, bits);
  return {
    ...{ classes, weights, bias: biasOf(random, classes, limit), scale: 1 },
    when: pick(random, ['every-step', 'last-step']),
    output: pick(random, ['class', 'class', 'value']),
  };
}

/** Sequences of the given lengths for an input that makes x of numbers. */
export function randomNumbers(
  random: Random,
  input: TableInput,
  lengths: readonly number[],
): IntegerSequences {
  const counts =
    input.kind === 'one-hot' ? [inputDepth(input)] : tablesOf(input).map(({ count }) => count);
  return lengths.map((length) =>
    Array.from({ length }, () => counts.map((count) => extreme(random, 0, count - 1))),
  );
}
