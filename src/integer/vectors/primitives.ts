/** Replays recorded calls of single operations. */
import { z } from 'zod';
import { UserError } from '../../errors.js';
import { parseWith } from '../../store/artifact.js';
import {
  expNegative,
  expQuarter,
  gemmlowpSigmoid,
  gemmlowpTanh,
  lutSigmoid,
  lutTanh,
  twoOverOnePlus,
} from '../activations.js';
import {
  highProduct16,
  highProduct32,
  INT16_MAX,
  quantizeMultiplier,
  requantize,
  requantizeDouble,
  requantizeReduced,
  requantizeSingle,
  roundingShiftRight,
  saturate,
  saturate16,
  saturate8,
  shiftLeftSaturating,
  wrap16,
} from '../fixed-point.js';
import { inverseSqrt, layerNorm } from '../layer-norm.js';
import { Comparison, type Findings } from './comparison.js';
import type { PrimitivesFile } from './format.js';

/** Each list of recorded results with the computed one. */
type Results = readonly (readonly [
  name: string,
  computed: ArrayLike<number>,
  expected: number[],
])[];

interface Operation {
  readonly arguments: z.ZodObject;
  readonly run: (entry: unknown) => Results;
}

const integer = z.union([
  z.int(),
  z
    .string()
    .regex(/^-?\d+$/)
    .transform(Number),
]);
const list = z.array(integer);
const shift = z.int().min(-31).max(30);
/** Keys of any entry. */
const COMMON = ['op', 'name', 'note', 'integer_only'];

function operation<T extends z.ZodRawShape>(
  shape: T,
  run: (entry: z.infer<z.ZodObject<T>>) => Results,
): Operation {
  return {
    arguments: z.object(shape),
    run: (entry) => run(entry as z.infer<z.ZodObject<T>>),
  };
}

function equalLengths(lists: Readonly<Record<string, ArrayLike<unknown>>>): number {
  const [[first, { length }], ...others] = Object.entries(lists);
  for (const [name, values] of others) {
    if (values.length !== length) {
      throw new UserError({
        where: name,
        given: `${values.length} values`,
        allowed: `${length} as ${first}`,
      });
    }
  }
  return length;
}

/** One result per element of the lists. */
function elementwise(
  expected: number[],
  lists: Readonly<Record<string, ArrayLike<unknown>>>,
  value: (k: number) => number,
): Results {
  const length = equalLengths({ expected, ...lists });
  return [['expected', Array.from({ length }, (_, k) => value(k)), expected]];
}

/** One list in, one out, and one parameter or none. */
function unary<T extends z.ZodRawShape>(
  shape: T,
  value: (x: number, entry: z.infer<z.ZodObject<T>>) => number,
): Operation {
  return operation({ ...shape, input: list, expected: list }, (entry) => {
    const { input, expected } = entry as unknown as { input: number[]; expected: number[] };
    return elementwise(expected, { input }, (k) =>
      value(input[k], entry as unknown as z.infer<z.ZodObject<T>>),
    );
  });
}

const rescaled = { x: list, multiplier: list, shift: z.array(shift), expected: list };
const pair = { input1: list, input2: list, expected: list };
const size = z.int().positive();
const outputTypes = { int8: saturate8, int16: saturate16 } as const;

const matrix = {
  batch: size,
  cols: size,
  rows: size,
  multiplier: z.int(),
  shift,
  output_zero_point: integer.optional(),
  output_type: z.enum(['int8', 'int16']),
  input: list,
  weights: list,
  bias: list.optional(),
  expected: list,
};
type MatrixEntry = z.infer<z.ZodObject<typeof matrix>>;

/** bias + sum(weights * (input - inputZeroPoint)) of each [batch, rows], handed to `finish`. */
function matrixResults(
  entry: MatrixEntry,
  inputZeroPoint: number,
  finish: (acc: number, index: number) => number,
): Results {
  const { batch, cols, rows, input, weights, bias, expected } = entry;
  const check = (name: string, given: number, allowed: number): void => {
    if (given !== allowed)
      throw new UserError({ where: name, given: `${given} values`, allowed: `${allowed}` });
  };
  check('input', input.length, batch * cols);
  check('weights', weights.length, rows * cols);
  check('expected', expected.length, batch * rows);
  if (bias) check('bias', bias.length, rows);
  const computed = expected.map((_, k) => {
    const item = Math.floor(k / rows);
    const row = k % rows;
    let acc = bias?.[row] ?? 0;
    for (let c = 0; c < cols; c++) {
      acc += weights[row * cols + c] * (input[item * cols + c] - inputZeroPoint);
    }
    return finish(acc, k);
  });
  return [['expected', computed, expected]];
}

const norm = {
  batch: size,
  cols: size,
  multiplier: z.int(),
  shift,
  input: list,
  weights: list,
  bias: list,
  expected: list,
};

function checkNorm(entry: z.infer<z.ZodObject<typeof norm>>): void {
  const { batch, cols, input, weights, bias, expected } = entry;
  equalLengths({ 'batch * cols': { length: batch * cols }, input, expected });
  equalLengths({ cols: { length: cols }, weights, bias });
}

function layerNormResults(
  entry: z.infer<z.ZodObject<typeof norm>> & { readonly variance_guard: number },
): Results {
  checkNorm(entry);
  const { batch, cols, multiplier, input, expected } = entry;
  const computed: number[] = [];
  for (let b = 0; b < batch; b++) {
    const row = Int16Array.from(input.slice(b * cols, (b + 1) * cols));
    const parameters = {
      weights: Int16Array.from(entry.weights),
      bias: Int32Array.from(entry.bias),
      scale: { multiplier, shift: entry.shift },
      varianceGuard: entry.variance_guard,
    };
    layerNorm(row, parameters, 'double');
    computed.push(...row);
  }
  return [['expected', computed, expected]];
}

const { fround } = Math;
const roundAwayFromZero = (x: number): number => Math.sign(x) * Math.floor(Math.abs(x) + 0.5);

/** Layer normalization in float32, every operation rounded, as TensorFlow Lite's 8x8_8 kernel has it. */
function floatNormResults(entry: z.infer<z.ZodObject<typeof norm>>): Results {
  checkNorm(entry);
  const { batch, cols, input, weights, bias, expected } = entry;
  const scale = fround(entry.multiplier * 2 ** (entry.shift - 31));
  const biasScale = fround(2 ** -10 * scale);
  const computed: number[] = [];
  for (let b = 0; b < batch; b++) {
    const row = input.slice(b * cols, (b + 1) * cols);
    let sum = 0;
    let squares = 0;
    for (const v of row) {
      sum = fround(sum + v);
      squares = fround(squares + fround(v * v));
    }
    const mean = fround(sum / cols);
    const variance = fround(fround(squares / cols) - fround(mean * mean));
    const inverse = fround(1 / fround(Math.sqrt(variance === 0 ? 1e-8 : variance)));
    row.forEach((v, k) => {
      const normal = fround(fround(v - mean) * inverse);
      const weighted = fround(fround(normal * weights[k]) * scale);
      const shifted = fround(weighted + fround(bias[k] * biasScale));
      computed.push(saturate16(roundAwayFromZero(fround(shifted * 2 ** 12))));
    });
  }
  return [['expected', computed, expected]];
}

/** A float32 function of a fixed-point value, cut (not rounded) to Q0.15. */
function floatActivation(x: number, scaleLog2: number, value: (x: number) => number): number {
  return saturate16(Math.trunc(fround(value(fround(x * 2 ** scaleLog2)) * 2 ** 15)));
}

const sigmoid32 = (x: number): number => fround(1 / fround(1 + fround(Math.exp(-x))));
const tanh32 = (x: number): number => fround(Math.tanh(x));

const OPERATIONS: Readonly<Record<string, Operation>> = {
  requantize_double: operation(rescaled, ({ x, multiplier, shift, expected }) =>
    elementwise(expected, { x, multiplier, shift }, (k) =>
      requantizeDouble(x[k], multiplier[k], shift[k]),
    ),
  ),
  requantize_single: operation(rescaled, ({ x, multiplier, shift, expected }) =>
    elementwise(expected, { x, multiplier, shift }, (k) =>
      requantizeSingle(x[k], multiplier[k], shift[k]),
    ),
  ),
  requantize_64bit: operation(rescaled, ({ x, multiplier, shift, expected }) =>
    elementwise(expected, { x, multiplier, shift }, (k) =>
      requantizeReduced(x[k], { multiplier: multiplier[k], shift: shift[k] }),
    ),
  ),
  rounding_shift_right: operation(
    { x: list, exponent: z.array(z.int().min(0).max(31)), expected: list },
    ({ x, exponent, expected }) =>
      elementwise(expected, { x, exponent }, (k) => roundingShiftRight(x[k], exponent[k])),
  ),
  saturating_shift_left: operation(
    {
      x: list,
      exponent: z.array(z.int().min(0).max(31)),
      bits: z.literal([16, 32]),
      expected: list,
    },
    ({ x, exponent, bits, expected }) =>
      elementwise(expected, { x, exponent }, (k) => shiftLeftSaturating(x[k], exponent[k], bits)),
  ),
  saturating_rounding_doubling_high_mul: operation(
    { a: list, b: list, expected: list },
    ({ a, b, expected }) => elementwise(expected, { a, b }, (k) => highProduct32(a[k], b[k])),
  ),
  saturating_rounding_doubling_high_mul_16: operation(
    { a: list, b: list, expected: list },
    ({ a, b, expected }) => elementwise(expected, { a, b }, (k) => highProduct16(a[k], b[k])),
  ),
  quantize_multiplier: operation(
    { value: z.array(z.number()), multiplier: list, shift: z.array(z.int()) },
    ({ value, multiplier, shift }) => {
      equalLengths({ value, multiplier, shift });
      const computed = value.map(quantizeMultiplier);
      return [
        ['multiplier', computed.map((one) => one.multiplier), multiplier],
        ['shift', computed.map((one) => one.shift), shift],
      ];
    },
  ),
  inverse_sqrt_multiplier: operation(
    { x: list, multiplier: list, shift: z.array(z.int()) },
    ({ x, multiplier, shift }) => {
      equalLengths({ x, multiplier, shift });
      const computed = x.map(inverseSqrt);
      return [
        ['multiplier', computed.map((one) => one.multiplier), multiplier],
        ['shift', computed.map((one) => one.shift), shift],
      ];
    },
  ),
  layer_norm: operation({ ...norm, variance_guard: z.int() }, layerNormResults),
  layer_norm_float32: operation(norm, floatNormResults),
  matmul_accumulate: operation({ ...matrix, initial_output: list }, (entry) => {
    const { initial_output: initial, output_type, output_zero_point, expected } = entry;
    equalLengths({ expected, initial_output: initial });
    return matrixResults(entry, 0, (acc, k) =>
      outputTypes[output_type](
        requantize(acc, entry, 'double') + (output_zero_point ?? 0) + initial[k],
      ),
    );
  }),
  matmul_zero_point: operation({ ...matrix, input_zero_point: integer }, (entry) =>
    matrixResults(entry, entry.input_zero_point, (acc) =>
      outputTypes[entry.output_type](
        requantize(acc, entry, 'double') + (entry.output_zero_point ?? 0),
      ),
    ),
  ),
  matmul_16x8_8: operation({ ...matrix, input_zero_point: integer.optional() }, (entry) =>
    matrixResults(entry, entry.input_zero_point ?? 0, (acc) =>
      outputTypes[entry.output_type](
        requantizeReduced(acc, entry) + (entry.output_zero_point ?? 0),
      ),
    ),
  ),
  row_sum_accumulate: operation(
    {
      rows: size,
      cols: size,
      scalar: integer,
      weights: list,
      initial_output: list,
      expected: list,
    },
    ({ rows, cols, scalar, weights, initial_output, expected }) => {
      equalLengths({ 'rows * cols': { length: rows * cols }, weights });
      return elementwise(expected, { initial_output }, (r) => {
        const row = weights.slice(r * cols, (r + 1) * cols);
        return initial_output[r] + scalar * row.reduce((sum, w) => sum + w, 0);
      });
    },
  ),
  tanh_gemmlowp: unary({ integer_bits: z.int().min(0).max(6) }, (x, { integer_bits }) =>
    gemmlowpTanh(x, integer_bits),
  ),
  sigmoid_gemmlowp: unary(
    { integer_bits: z.int().min(0).max(6).optional() },
    (x, { integer_bits }) => gemmlowpSigmoid(x, integer_bits ?? 3),
  ),
  exp_quarter_gemmlowp: unary({}, expQuarter),
  exp_negative_gemmlowp: unary({ integer_bits: z.int().min(0).max(7) }, (x, { integer_bits }) =>
    expNegative(x, integer_bits),
  ),
  reciprocal_gemmlowp: unary({}, twoOverOnePlus),
  tanh_lut: unary({ left_shift: z.int().min(-15).max(15).optional() }, (x, { left_shift }) =>
    lutTanh(x, left_shift ?? 0),
  ),
  sigmoid_lut: unary({ left_shift: z.int().min(-15).max(15).optional() }, (x, { left_shift }) =>
    lutSigmoid(x, left_shift ?? 0),
  ),
  tanh_float32: unary({ input_log2_scale: z.int().optional() }, (x, { input_log2_scale }) =>
    floatActivation(x, input_log2_scale ?? -12, tanh32),
  ),
  sigmoid_float32: unary({ input_log2_scale: z.int().optional() }, (x, { input_log2_scale }) =>
    floatActivation(x, input_log2_scale ?? -12, sigmoid32),
  ),
  mul_shift: operation({ ...pair, shift: z.int().min(0).max(31) }, (entry) => {
    const { input1, input2, expected } = entry;
    return elementwise(expected, { input1, input2 }, (k) =>
      wrap16(roundingShiftRight(input1[k] * input2[k], entry.shift)),
    );
  }),
  mul_requantize_int8: operation(
    { ...pair, multiplier: z.int(), shift, added: integer },
    (entry) => {
      const { input1, input2, added, expected } = entry;
      return elementwise(expected, { input1, input2 }, (k) =>
        saturate8(requantize(input1[k] * input2[k], entry, 'double') + added),
      );
    },
  ),
  add_saturating: operation(pair, ({ input1, input2, expected }) =>
    elementwise(expected, { input1, input2 }, (k) => saturate16(input1[k] + input2[k])),
  ),
  two_gate_add: operation(
    {
      ...pair,
      zero_point1: integer,
      multiplier1: z.int(),
      shift1: shift,
      zero_point2: integer,
      multiplier2: z.int(),
      shift2: shift,
    },
    (entry) => {
      const { input1, input2, expected } = entry;
      const scale1 = { multiplier: entry.multiplier1, shift: entry.shift1 };
      const scale2 = { multiplier: entry.multiplier2, shift: entry.shift2 };
      return elementwise(expected, { input1, input2 }, (k) =>
        saturate16(
          requantize(input1[k] - entry.zero_point1, scale1, 'double') +
            requantize(input2[k] - entry.zero_point2, scale2, 'double'),
        ),
      );
    },
  ),
  clip: unary({ limit: integer }, (x, { limit }) => saturate(x, -limit, limit)),
  one_minus: unary({}, (x) => INT16_MAX - x),
};

/** An argument that changes nothing here may be why results differ. */
function unusedText(entry: Readonly<Record<string, unknown>>, known: Operation): string {
  const used = [...COMMON, ...Object.keys(known.arguments.shape)];
  const unused = Object.keys(entry).filter((key) => !used.includes(key));
  return unused.length === 0 ? '' : `; not looked at: ${unused.join(', ')}`;
}

export function checkPrimitives(file: PrimitivesFile): Findings {
  let compared = 0;
  const problems: string[] = [];
  file.entries.forEach((entry, n) => {
    const where = `entries[${n}] (${entry.op}${entry.name ? `, ${entry.name}` : ''})`;
    const known = OPERATIONS[entry.op];
    if (known === undefined) {
      problems.push(`${where}: unknown operation`);
      return;
    }
    const comparison = new Comparison();
    try {
      for (const [name, computed, expected] of known.run(
        parseWith(where, known.arguments, entry),
      )) {
        comparison.values((k) => `${where}.${name}[${k}]`, computed, expected);
      }
      compared += comparison.compared;
      problems.push(...comparison.problems().map((text) => text + unusedText(entry, known)));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(error.message.startsWith(where) ? error.message : `${where}.${error.message}`);
    }
  });
  return { compared, problems };
}
