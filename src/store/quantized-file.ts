/** QuantizedModel <-> quantized.json and quantized.safetensors; every integer is checked on the way in. */
import { z } from 'zod';
import { UserError } from '../errors.js';
import {
  ACTIVATION_MAX,
  INT16_MAX,
  INT16_MIN,
  MULTIPLIER_MAX,
  SHIFT_MAX,
} from '../quant/arithmetic.js';
import {
  GATE,
  type LinearRow,
  type QuantizedModel,
  type RowParameters,
  SCHEMES,
} from '../quant/quantized-model.js';
import { artifact } from './artifact.js';
import { evaluation } from './model-file.js';
import type { StoredTensor, StoredTensors } from './safetensors.js';
import { inputs, real, schemeName, size } from './schemas.js';
import { readWithTensors, tensorFile, writeWithTensors } from './tensor-file.js';

const linearRow = z.strictObject({
  kind: z.literal('linear'),
  multiplier: z.int().min(0).max(MULTIPLIER_MAX),
  shift: z.int().min(1).max(SHIFT_MAX),
  bias: z.int().min(INT16_MIN).max(INT16_MAX),
});
const row = z.discriminatedUnion('kind', [
  linearRow,
  z.strictObject({ kind: z.literal('threshold'), low: z.int(), high: z.int() }),
]);

const schema = z.strictObject({
  inputs,
  scheme: schemeName,
  /** Whether the model was trained in this scheme, or quantized after training in float. */
  trainedInScheme: z.boolean(),
  input: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('tokens'), vocabSize: size }),
    z.strictObject({
      kind: z.literal('dense'),
      mean: z.array(real).min(1),
      gain: z.array(real).min(1),
    }),
  ]),
  layers: z.array(z.strictObject({ inputSize: size, hiddenSize: size, rows: z.array(row) })).min(1),
  head: z.strictObject({
    classes: size,
    when: z.enum(['every-step', 'last-step']),
    rows: z.array(linearRow),
  }),
  weightBytes: size,
  evaluation,
  tensors: tensorFile,
});
export type QuantizedFile = z.infer<typeof schema>;

export const QUANTIZED = artifact('quantized', 1, schema);

export interface StoredQuantized {
  readonly inputs: QuantizedFile['inputs'];
  readonly trainedInScheme: boolean;
  readonly weightBytes: number;
  readonly evaluation: QuantizedFile['evaluation'];
  readonly quantized: QuantizedModel;
}

function i8(shape: readonly number[], data: Int8Array): StoredTensor {
  return { dtype: 'I8', shape, data };
}

export function writeQuantized(path: string, stored: StoredQuantized): void {
  const { quantized, ...about } = stored;
  const { input, layers, head } = quantized;
  const last = layers[layers.length - 1];
  const tensors: Record<string, StoredTensor> = {};
  if (input.kind === 'tokens') {
    tensors['embedding'] = i8([input.vocabSize, layers[0].inputSize], input.embedding);
  }
  layers.forEach(({ inputSize, hiddenSize, weights }, l) => {
    tensors[`layer${l}.weights`] = i8([4 * hiddenSize, inputSize + hiddenSize], weights);
  });
  tensors['head.weights'] = i8([head.classes, last.hiddenSize], head.weights);
  const body: Omit<QuantizedFile, 'tensors'> = {
    ...about,
    scheme: SCHEMES[quantized.scheme.name as keyof typeof SCHEMES].name,
    input:
      input.kind === 'tokens'
        ? { kind: 'tokens', vocabSize: input.vocabSize }
        : { kind: 'dense', mean: [...input.mean], gain: [...input.gain] },
    layers: layers.map(({ inputSize, hiddenSize, rows }) => ({
      inputSize,
      hiddenSize,
      rows: [...rows],
    })),
    head: { classes: head.classes, when: head.when, rows: [...head.rows] },
  };
  writeWithTensors(path, QUANTIZED, body, tensors);
}

class Problems {
  readonly all: string[] = [];

  constructor(private readonly tensors: StoredTensors) {}

  /** Codes of a tensor within -limit..limit. */
  codes(name: string, shape: readonly number[], limit: number): Int8Array {
    const tensor = this.tensors[name];
    if (tensor === undefined) this.all.push(`tensor ${name} is missing`);
    else if (tensor.dtype !== 'I8') this.all.push(`tensor ${name} is ${tensor.dtype}, must be I8`);
    else if (tensor.shape.join() !== shape.join()) {
      this.all.push(
        `tensor ${name} is [${tensor.shape.join(', ')}], must be [${shape.join(', ')}]`,
      );
    } else {
      const bad = tensor.data.findIndex((code) => Math.abs(code) > limit);
      if (bad >= 0)
        this.all.push(
          `tensor ${name}: element ${bad} is ${tensor.data[bad]}, must be in -${limit}..${limit}`,
        );
      return tensor.data;
    }
    return new Int8Array(0);
  }

  rows(
    name: string,
    rows: readonly RowParameters[],
    expected: (row: number) => RowParameters['kind'],
    length: number,
  ): void {
    if (rows.length !== length) {
      this.all.push(`${name}: ${rows.length} rows, must be ${length}`);
      return;
    }
    const bad = rows.findIndex((item, k) => item.kind !== expected(k));
    if (bad >= 0) this.all.push(`${name}[${bad}]: ${rows[bad].kind}, must be ${expected(bad)}`);
    const disordered = rows.findIndex((item) => item.kind === 'threshold' && item.low > item.high);
    if (disordered >= 0) this.all.push(`${name}[${disordered}]: low is above high`);
  }
}

export function readQuantized(path: string): StoredQuantized | undefined {
  const read = readWithTensors(path, QUANTIZED);
  if (read === undefined) return undefined;
  const { scheme: name, input, layers, head, tensors: _, ...about } = read.body;
  const scheme = SCHEMES[name];
  const problems = new Problems(read.tensors);
  const limit = scheme.weights === 'ternary' ? 1 : ACTIVATION_MAX;
  const quantizedLayers = layers.map(({ inputSize, hiddenSize, rows }, l) => {
    if (l > 0 && inputSize !== layers[l - 1].hiddenSize) {
      problems.all.push(
        `layers[${l}].inputSize: ${inputSize}, the layer below has ${layers[l - 1].hiddenSize} units`,
      );
    }
    problems.rows(
      `layers[${l}].rows`,
      rows,
      (k) =>
        scheme.gates === 'level3' && Math.floor(k / hiddenSize) !== GATE.g ? 'threshold' : 'linear',
      4 * hiddenSize,
    );
    const weights = problems.codes(
      `layer${l}.weights`,
      [4 * hiddenSize, inputSize + hiddenSize],
      limit,
    );
    return { inputSize, hiddenSize, weights, rows };
  });
  const { inputSize } = layers[0];
  const { hiddenSize } = layers[layers.length - 1];
  problems.rows('head.rows', head.rows, () => 'linear', head.classes);
  if (
    input.kind === 'dense' &&
    (input.mean.length !== inputSize || input.gain.length !== inputSize)
  ) {
    problems.all.push(
      `input: ${input.mean.length} means and ${input.gain.length} gains, must be ${inputSize}`,
    );
  }
  const quantized: QuantizedModel = {
    scheme,
    input:
      input.kind === 'tokens'
        ? {
            ...input,
            embedding: problems.codes('embedding', [input.vocabSize, inputSize], ACTIVATION_MAX),
          }
        : input,
    layers: quantizedLayers,
    head: {
      classes: head.classes,
      weights: problems.codes('head.weights', [head.classes, hiddenSize], limit),
      rows: head.rows as LinearRow[],
      when: head.when,
    },
  };
  if (problems.all.length > 0)
    throw new UserError({ where: path, given: problems.all.slice(0, 5).join('; ') });
  return { ...about, quantized };
}
