/**
 * Files of schema `int8-lstm-golden/1`: recorded results of integer LSTM kernels. A key that is null counts
 * as missing (the reader leaves it out); keys that only describe are not looked at.
 */
import { z } from 'zod';
import { UserError } from '../../errors.js';

const INTEGER_RANGES = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2 ** 63), 2 ** 63],
} as const;

type IntegerType = keyof typeof INTEGER_RANGES;

/**
 * Numbers beyond this stand for themselves in a sum that is rescaled and saturated to 16 bits: even the
 * smallest multiplier, 2^-32, leaves more than 16 bits of it.
 */
export const LARGE = 2 ** 52;

const integer = z.int();
const shift = integer.min(-31).max(30);
const multiplier = integer.min(0).max(2 ** 31 - 1);
/** int64 values may be written as text, or with more digits than a double holds. */
const element = z.union([z.number(), z.string().regex(/^-?\d+$/, 'must be an integer')]);

const tensor = z
  .object({
    dtype: z.enum(['int8', 'uint8', 'int16', 'uint16', 'int32', 'int64', 'float32', 'float64']),
    shape: z.array(z.int().nonnegative()),
    data: z.array(element),
  })
  .transform(({ dtype, shape, data }) => ({ dtype, shape, data: data.map(Number) }));

/** Row-major. */
export type Tensor = z.infer<typeof tensor>;

const gate = z.object({
  activation: z.enum(['sigmoid', 'tanh']).optional(),
  input_multiplier: multiplier,
  input_shift: shift,
  recurrent_multiplier: multiplier,
  recurrent_shift: shift,
  peephole_multiplier: multiplier.optional(),
  peephole_shift: shift.optional(),
  layer_norm_multiplier: multiplier.optional(),
  layer_norm_shift: shift.optional(),
  layer_norm_variance_guard: z.int().positive().optional(),
  input_weights: tensor,
  recurrent_weights: tensor,
  bias: tensor.optional(),
  input_effective_bias: tensor.optional(),
  recurrent_effective_bias: tensor.optional(),
  peephole_weights: tensor.optional(),
  layer_norm_weights: tensor.optional(),
});
export type GateFile = z.infer<typeof gate>;

/** A scale alone or with its zero point. */
const scale = z.union([
  z.number().positive(),
  z.object({ scale: z.number().positive() }).transform((value) => value.scale),
]);
const gateScales = z.object({
  input: scale.optional(),
  recurrent: scale.optional(),
  peephole: scale.optional(),
  layer_norm: scale.optional(),
  gate_before_layer_norm: scale.optional(),
});
const gateNames = ['input', 'forget', 'cell', 'output'] as const;
export const GATE_NAMES = gateNames;
export type GateName = (typeof gateNames)[number];

/** Two spellings: nested by gate, or one flat record of tensor names (`forget.input_weights`). */
const scales = z.union([
  z.object({
    weights: z.object({
      input: gateScales.optional(),
      forget: gateScales.optional(),
      cell: gateScales.optional(),
      output: gateScales.optional(),
    }),
    input: scale.optional(),
    output: scale.optional(),
    cell: scale.optional(),
    hidden_before_projection: scale.optional(),
    projection_weights: scale.optional(),
    cell_clip: z.number().nonnegative().optional(),
    projection_clip: z.number().nonnegative().optional(),
  }),
  z.looseObject({ weights: z.undefined().optional() }).transform(fromFlatScales),
]);
export type Scales = z.infer<typeof scales>;

function fromFlatScales(flat: Record<string, unknown>) {
  const at = (name: string): number | undefined => scale.safeParse(flat[name]).data;
  const intermediates = z.array(scale).safeParse(flat['intermediates']).data ?? [];
  const gates = gateNames.map((name, k) => [
    name,
    {
      input: at(`${name}.input_weights`),
      recurrent: at(`${name}.recurrent_weights`),
      peephole: at(`${name}.peephole_weights`),
      layer_norm: at(`${name}.layer_norm_weights`),
      gate_before_layer_norm: intermediates[k],
    },
  ]);
  return {
    weights: Object.fromEntries(gates) as Record<GateName, z.infer<typeof gateScales>>,
    input: at('input'),
    output: at('output_state'),
    cell: at('cell_state'),
    hidden_before_projection: intermediates[4],
    projection_weights: at('projection_weights'),
    cell_clip: undefined,
    projection_clip: undefined,
  };
}

const head = z.object({
  input_zero_point: integer.optional(),
  output_zero_point: integer.optional(),
  multiplier,
  shift,
  weights: tensor,
  bias: tensor.optional(),
  expected_logits: tensor.optional(),
  expected_softmax: tensor.optional(),
  labels: z.array(integer).optional(),
});
export type HeadFile = z.infer<typeof head>;

/** Strict: what is not compared must not look as if it were. */
const expected = z.strictObject({
  output: tensor.optional(),
  final_output_state: tensor.optional(),
  final_cell_state: tensor.optional(),
  cell_state_per_step: tensor.optional(),
  input_gate_per_step: tensor.optional(),
  forget_gate_per_step: tensor.optional(),
  cell_gate_per_step: tensor.optional(),
  output_gate_per_step: tensor.optional(),
  note: z.string().optional(),
});

const floatReference = z.object({
  tolerance: z.object({ output: z.number().optional(), cell: z.number().optional() }).optional(),
  expected_output: tensor.optional(),
  expected_final_output_state: tensor.optional(),
  expected_final_cell_state: tensor.optional(),
});

const KERNELS = ['cmsis_nn_s8', 'cmsis_nn_s16', 'tflm_s8', 'tflm_s16', 'tflite_8x8_16'] as const;
const kernelName = z.enum(KERNELS);
export type KernelName = z.infer<typeof kernelName>;
const rounding = z.enum(['double', 'single']);

export const lstmFile = z.object({
  kernel: kernelName,
  also_exact_for: z.array(kernelName).optional(),
  requantize_rounding: rounding.optional(),
  single_rounding_gives_same_output: z.boolean().optional(),
  double_rounding_gives_same_output: z.boolean().optional(),
  origin: z.object({ kind: z.string().optional() }).optional(),
  dims: z.object({
    batch: z.int().positive(),
    time: z.int().positive(),
    input: z.int().positive(),
    cell: z.int().positive(),
    output: z.int().positive().optional(),
  }),
  time_major: z.boolean(),
  variant: z
    .object({
      cifg: z.boolean().optional(),
      peephole: z.boolean().optional(),
      projection: z.boolean().optional(),
      layer_norm: z.boolean().optional(),
    })
    .optional(),
  types: z
    .object({
      activation: z.string().optional(),
      weights: z.string().optional(),
      bias: z.string().optional(),
      cell_state: z.string().optional(),
    })
    .optional(),
  zero_points: z.object({ input: integer.optional(), output: integer.optional() }).optional(),
  scales: scales.optional(),
  gates: z.object({ input: gate.optional(), forget: gate, cell: gate, output: gate }),
  cell: z.object({
    scale_log2: integer.min(-20).max(0),
    clip: z.int().nonnegative().optional(),
    forget_multiplier: multiplier.optional(),
    forget_shift: shift.optional(),
    input_multiplier: multiplier.optional(),
    input_shift: shift.optional(),
  }),
  hidden: z.object({
    multiplier,
    shift,
    zero_point: integer.optional(),
    added_after_requantize: integer.optional(),
  }),
  projection: z
    .object({
      multiplier,
      shift,
      zero_point: integer.optional(),
      clip: z.int().nonnegative().optional(),
      weights: tensor,
      bias: tensor.optional(),
      effective_bias: tensor.optional(),
    })
    .optional(),
  initial_state: z.object({ output: tensor.optional(), cell: tensor.optional() }).optional(),
  input: tensor,
  expected,
  head: head.optional(),
  float_reference: floatReference.optional(),
});
export type LstmFile = z.infer<typeof lstmFile>;

export const activationFile = z.object({
  function: z.enum(['sigmoid', 'tanh']),
  implementation: z.enum(['lut', 'gemmlowp']),
  integer_bits: integer.min(0).max(6).optional(),
  left_shift: integer.min(-15).max(15).optional(),
  input: z.literal('all int16 values from -32768 to 32767 in increasing order').optional(),
  encoding: z.literal('base64 of little-endian int16'),
  output: z.base64(),
});
export type ActivationFile = z.infer<typeof activationFile>;

export const tableFile = z.object({
  name: z.literal('sigmoid_table_uint16'),
  data: z.array(z.number()),
});
export type TableFile = z.infer<typeof tableFile>;

export const primitivesFile = z.object({
  entries: z.array(z.looseObject({ op: z.string(), name: z.string().optional() })).min(1),
});
export type PrimitivesFile = z.infer<typeof primitivesFile>;

export const header = z.object({
  schema: z.literal('int8-lstm-golden/1'),
  kind: z.enum(['lstm', 'primitives', 'activation_exhaustive', 'table']),
});

/** The data of an integer tensor; refuses another type, another shape, and values outside the type. */
export function integers(
  where: string,
  { dtype, shape, data }: Tensor,
  types: readonly IntegerType[],
  wantedShape: readonly number[],
): readonly number[] {
  if (!types.includes(dtype as IntegerType)) {
    throw new UserError({ where: `${where}.dtype`, given: dtype, allowed: types.join(' or ') });
  }
  checkShape(where, shape, wantedShape, data.length);
  const [low, high] = INTEGER_RANGES[dtype as IntegerType];
  const bad = data.findIndex((v) => !Number.isInteger(v) || v < low || v > high);
  if (bad >= 0) {
    throw new UserError({
      where: `${where}.data[${bad}]`,
      given: String(data[bad]),
      allowed: `an integer in ${low}..${high}`,
    });
  }
  return data;
}

export function checkShape(
  where: string,
  shape: readonly number[],
  wanted: readonly number[],
  length: number,
): void {
  const text = (dims: readonly number[]): string => `[${dims.join(', ')}]`;
  if (text(shape) !== text(wanted)) {
    throw new UserError({ where: `${where}.shape`, given: text(shape), allowed: text(wanted) });
  }
  const size = wanted.reduce((product, n) => product * n, 1);
  if (length !== size) {
    throw new UserError({ where: `${where}.data`, given: `${length} values`, allowed: `${size}` });
  }
}
