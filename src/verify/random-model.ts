/** Random quantized models for verification: every code, factor, threshold and bias drawn from a seed. */
import {
  INT16_MAX,
  LEVEL3_DECISION,
  LOGIT_FRACTION,
  MULTIPLIER_MAX,
  PREACT_FRACTION,
  SHIFT_MAX,
  SHIFT_MIN,
} from '../quant/arithmetic.js';
import { TANH_FRACTION } from '../quant/tanh.js';
import { codeLimit, codingOf, planesOf, type WeightCoding } from '../quant/coding.js';
import { GATE, GATE_NAMES } from '../quant/gates.js';
import {
  activationMax,
  oneHotCode,
  operandCount,
  outputSize,
  type LinearRow,
  type QuantizedLayer,
  type QuantizedModel,
  type RowParameters,
  type ThresholdRow,
} from '../quant/quantized-model.js';
import { layerWeights, SCHEMES, type Scheme } from '../quant/scheme.js';
import type { Random } from '../model/random.js';

export interface ModelShape {
  /** A scheme, or the name of one (SCHEMES). */
  readonly scheme: Scheme | string;
  readonly inputSize: number;
  readonly hiddenSizes: readonly number[];
  readonly classes: number;
  /** Vocabulary of a token input; absent for dense input. */
  readonly vocabSize?: number;
  /** Tokens come one-hot, not by way of an embedding: inputSize is the vocabulary. */
  readonly isOneHot?: boolean;
  /** Features of a token, of inputSize together. */
  readonly features?: readonly { readonly count: number; readonly size: number }[];
  /** Layers that also run backward. */
  readonly bidirectional?: readonly boolean[];
  /** The head gives a value; classes is 1. */
  readonly output?: 'value';
  readonly when: 'every-step' | 'last-step';
}

/** @throws {RangeError} for a name that no scheme has. */
export function schemeOf({ scheme }: Pick<ModelShape, 'scheme'>): Scheme {
  if (typeof scheme !== 'string') return scheme;
  if (!Object.hasOwn(SCHEMES, scheme)) throw new RangeError(`there is no scheme '${scheme}'`);
  return SCHEMES[scheme];
}

/** One column of a row: its code in every plane. */
function randomCodes(random: Random, { format }: WeightCoding): number[] {
  const sign = (): number => (random.integer(2) === 0 ? 1 : -1);
  switch (format.kind) {
    case 'int': {
      const limit = codeLimit(format);
      const kind = random.integer(8);
      return [kind < 2 ? limit * sign() : random.integer(2 * limit + 1) - limit];
    }
    case 'ternary':
      return [random.integer(3) - 1];
    case 'binary':
      return [sign()];
    case 'ternary2':
      return [
        [0, 0],
        [1, 0],
        [0, -1],
      ][random.integer(3)];
    case 'multibit': {
      const isZero = format.masked && random.integer(3) === 0;
      return Array.from({ length: format.planes }, () => (isZero ? 0 : sign()));
    }
    case 'pow2': {
      const exponent = random.integer(Math.log2(codeLimit(format)) + 2) - 1;
      return [exponent < 0 ? 0 : sign() * 2 ** exponent];
    }
  }
}

/** What a row's sums depend on. */
interface RowShape {
  readonly columns: number;
  /** First column of each operand, and behind them the number of columns. */
  readonly operands: readonly number[];
  /** Leading columns of which just one holds anything, and what it holds. */
  readonly oneHot: { readonly columns: number; readonly code: number };
  readonly activationMax: number;
}

/** Codes, factors and what sums they make, of one row. */
class RandomRow {
  /** [planes][columns] */
  readonly codes: number[][];
  /** Root of the sum of squares of the effective codes, times what activations usually are. */
  readonly typical: number;
  /** Largest sum. */
  readonly bound: number;

  constructor(
    random: Random,
    coding: WeightCoding,
    readonly factors: readonly number[],
    shape: RowShape,
  ) {
    const planes = planesOf(coding.format);
    const { columns, operands, oneHot, activationMax: most } = shape;
    const drawn = Array.from({ length: columns }, () => randomCodes(random, coding));
    this.codes = Array.from({ length: planes }, (_, p) => drawn.map((codes) => codes[p]));
    let square = 0;
    let bound = 0;
    let largest = 0;
    drawn.forEach((codes, k) => {
      const operand = operands.length > 2 && k >= operands[1] ? 1 : 0;
      const effective = Math.abs(
        codes.reduce((sum, code, p) => sum + factors[operand * planes + p] * code, 0),
      );
      if (k < oneHot.columns) {
        largest = Math.max(largest, effective);
      } else {
        square += effective ** 2;
        bound += effective * most;
      }
    });
    this.bound = bound + largest * oneHot.code;
    this.typical = Math.max(
      1,
      Math.hypot(Math.sqrt(square) * (most === 1 ? 0.6 : 40), (largest * oneHot.code) / 2),
    );
  }
}

/** Factors of the rows of a gate, by row or all alike; rows with one plane and one operand have none. */
function randomFactors(
  random: Random,
  coding: WeightCoding,
  operands: number,
  rows: number,
): number[][] {
  const count = operands * planesOf(coding.format);
  const draw = (): number[] =>
    Array.from({ length: count }, () =>
      random.integer(12) === 0 ? random.integer(2) * 255 : 1 + random.integer(255),
    );
  if (count === 1) return Array.from({ length: rows }, () => [1]);
  const common = draw();
  return Array.from({ length: rows }, () => (coding.group === 'row' ? draw() : common));
}

/** Multipliers and a common shift that bring typical sums to a few units of the output format. */
function randomLinear(
  random: Random,
  rows: readonly RandomRow[],
  fraction: number,
  shiftMin: number,
): LinearRow[] {
  const targets = rows.map(
    ({ typical }) => (2 ** fraction * (0.3 + 3 * random.uniform())) / typical,
  );
  const isFactored = rows[0].factors.length > 1;
  const largest = Math.max(...targets);
  const most = isFactored ? 1 : MULTIPLIER_MAX;
  const shift = Math.min(
    SHIFT_MAX,
    Math.max(shiftMin, Math.floor(Math.log2(most / largest)) - random.integer(3)),
  );
  return rows.map(({ factors }, n) => ({
    kind: 'linear',
    factors,
    multiplier: Math.min(most, Math.max(1, Math.round(targets[n] * 2 ** shift))),
    shift,
    bias: Math.round((random.uniform() * 2 - 1) * Math.min(INT16_MAX, 2 ** fraction)),
  }));
}

/** Decision points about the typical sum, sometimes out of reach; `isSingle`: the two are one. */
function randomThreshold(random: Random, row: RandomRow, isSingle: boolean): ThresholdRow {
  const { bound, typical, factors } = row;
  const clamp = (value: number): number => Math.max(-bound, Math.min(bound + 1, Math.round(value)));
  const width = Math.max(1, 1.5 * typical) * (0.2 + random.uniform());
  const centre = (random.uniform() * 2 - 1) * width;
  const never = random.integer(16);
  if (isSingle) {
    const point = never === 0 ? bound + 1 : clamp(centre / 2);
    return { kind: 'threshold', factors, low: point, high: point };
  }
  const half = (width * LEVEL3_DECISION) / 2;
  return {
    kind: 'threshold',
    factors,
    low: never === 0 ? bound + 1 : clamp(centre - half),
    high: never <= 1 ? bound + 1 : clamp(centre + half),
  };
}

interface RandomMatrix {
  readonly weights: Int8Array;
  readonly rows: RowParameters[];
}

/** Rows of several gates, one after the other; `toParameters` draws what becomes of a gate's sums. */
function randomMatrix(
  random: Random,
  codings: readonly WeightCoding[],
  rowsPerGate: number,
  shape: RowShape,
  toParameters: (rows: readonly RandomRow[], gate: number) => readonly RowParameters[],
): RandomMatrix {
  const planes: number[][] = [];
  const rows: RowParameters[] = [];
  codings.forEach((coding, gate) => {
    const factors = randomFactors(random, coding, shape.operands.length - 1, rowsPerGate);
    const drawn = factors.map((own) => new RandomRow(random, coding, own, shape));
    for (const { codes } of drawn) planes.push(...codes);
    rows.push(...toParameters(drawn, gate));
  });
  return { weights: Int8Array.from(planes.flat()), rows };
}

/** |o tanh(c)| from which a ternary h is not 0: mostly about a half, now and then at an end. */
function randomDecision(random: Random): number {
  const one = 2 ** TANH_FRACTION;
  const ends = [1, one - 1, one, one + 1];
  if (random.integer(40) === 0) return ends[random.integer(ends.length)];
  return random.integer(2) === 0 ? one / 2 : 1 + random.integer(Math.floor(0.7 * one));
}

/** A random model of the shape; its gates and cells visit their whole range, saturation included. */
export function randomModel(shape: ModelShape, random: Random): QuantizedModel {
  const scheme = schemeOf(shape);
  const most = activationMax(scheme);
  const shiftMin = scheme.activations === 'ternary' ? SHIFT_MIN : 1;
  const isSeparate = operandCount(scheme) === 2;
  const isOneHot = shape.isOneHot === true;
  let inputSize = shape.inputSize;
  const direction = (hiddenSize: number, l: number): QuantizedLayer => {
    const columns = inputSize + hiddenSize;
    const names = layerWeights(scheme, l);
    const matrix = randomMatrix(
      random,
      GATE_NAMES.map((gate) => codingOf(names[gate])),
      hiddenSize,
      {
        columns,
        operands: isSeparate ? [0, inputSize, columns] : [0, columns],
        oneHot: { columns: isOneHot && l === 0 ? inputSize : 0, code: oneHotCode(scheme) },
        activationMax: most,
      },
      (rows, gate) => {
        const isThreshold =
          gate === GATE.g ? scheme.candidate === 'ternary' : scheme.gates !== 'int16';
        if (!isThreshold) return randomLinear(random, rows, PREACT_FRACTION, shiftMin);
        const isSingle = gate !== GATE.g && scheme.gates === 'binary';
        return rows.map((row) => randomThreshold(random, row, isSingle));
      },
    );
    return { inputSize, hiddenSize, ...matrix, hiddenDecision: randomDecision(random) };
  };
  const layers = shape.hiddenSizes.map((hiddenSize, l): QuantizedLayer => {
    const forward = direction(hiddenSize, l);
    const layer =
      shape.bidirectional?.[l] === true
        ? { ...forward, backward: direction(hiddenSize, l) }
        : forward;
    inputSize = outputSize(layer);
    return layer;
  });
  const { weights, rows } = randomMatrix(
    random,
    [codingOf(scheme.head)],
    shape.classes,
    {
      columns: inputSize,
      operands: [0, inputSize],
      oneHot: { columns: 0, code: 0 },
      activationMax: most,
    },
    (drawn) => randomLinear(random, drawn, LOGIT_FRACTION, shiftMin),
  );
  return {
    scheme,
    input: randomInputOf(shape, most, random),
    layers,
    head: {
      classes: shape.classes,
      weights,
      rows: rows as LinearRow[],
      when: shape.when,
      output: shape.output ?? 'class',
    },
  };
}

function randomInputOf(shape: ModelShape, most: number, random: Random): QuantizedModel['input'] {
  const { vocabSize, inputSize, isOneHot, features } = shape;
  const codes = (count: number): Int8Array =>
    Int8Array.from({ length: count }, () => random.integer(2 * most + 1) - most);
  if (features !== undefined) {
    const tables = features.map(({ count, size }, f) => ({
      name: `feature${f}`,
      ...{ count, size },
      codes: codes(count * size),
    }));
    return { kind: 'features', tables };
  }
  if (vocabSize === undefined) {
    const fill = (value: number): number[] => new Array<number>(inputSize).fill(value);
    return { kind: 'dense', mean: fill(0), gain: fill(1) };
  }
  if (isOneHot === true) return { kind: 'one-hot', vocabSize };
  return { kind: 'tokens', vocabSize, embedding: codes(vocabSize * inputSize) };
}
