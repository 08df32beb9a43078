/** QuantizedModel <-> quantized.json and quantized.safetensors; every integer is checked on the way in. */
import { z } from 'zod';
import { UserError } from '../errors.js';
import { INT16_MAX, INT16_MIN, MULTIPLIER_MAX, SHIFT_MAX, SHIFT_MIN } from '../quant/arithmetic.js';
import { codeLimit, codingOf, planesOf } from '../quant/coding.js';
import { GATE, GATE_NAMES } from '../quant/gates.js';
import {
  activationMax,
  layerPlanes,
  type LinearRow,
  operandCount,
  outputSize,
  type QuantizedLayer,
  type QuantizedModel,
  type RowParameters,
} from '../quant/quantized-model.js';
import { layerWeights, type Scheme } from '../quant/scheme.js';
import { artifact } from './artifact.js';
import { evaluation } from './model-file.js';
import type { StoredTensor, StoredTensors } from './safetensors.js';
import { inputs, quantizedScheme, real, size, text } from './schemas.js';
import { readWithTensors, tensorFile, writeWithTensors } from './tensor-file.js';

const factors = z.array(z.int().min(0).max(MULTIPLIER_MAX)).min(1);
const linearRow = z.strictObject({
  kind: z.literal('linear'),
  factors,
  multiplier: z.int().min(0).max(MULTIPLIER_MAX),
  shift: z.int().min(SHIFT_MIN).max(SHIFT_MAX),
  bias: z.int().min(INT16_MIN).max(INT16_MAX),
});
const anyRow = z.discriminatedUnion('kind', [
  linearRow,
  z.strictObject({ kind: z.literal('threshold'), factors, low: z.int(), high: z.int() }),
]);

const schema = z.strictObject({
  inputs,
  scheme: quantizedScheme,
  /** Whether the model was trained in this scheme, or quantized after training in float. */
  trainedInScheme: z.boolean(),
  input: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.enum(['tokens', 'one-hot']), vocabSize: size }),
    z.strictObject({
      kind: z.literal('features'),
      tables: z.array(z.strictObject({ name: text, count: size, size })).min(1),
    }),
    z.strictObject({
      kind: z.literal('dense'),
      mean: z.array(real).min(1),
      gain: z.array(real).min(1),
    }),
  ]),
  layers: z
    .array(
      z.strictObject({
        inputSize: size,
        hiddenSize: size,
        hiddenDecision: z.int().min(1),
        rows: z.array(anyRow),
        backward: z
          .strictObject({ hiddenDecision: z.int().min(1), rows: z.array(anyRow) })
          .optional(),
      }),
    )
    .min(1),
  head: z.strictObject({
    classes: size,
    when: z.enum(['every-step', 'last-step']),
    output: z.enum(['class', 'value']),
    rows: z.array(linearRow),
  }),
  weightBytes: size,
  evaluation,
  tensors: tensorFile,
});
export type QuantizedFile = z.infer<typeof schema>;

export const QUANTIZED = artifact('quantized', 2, schema);

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

/** Codes of a matrix, row by row of its planes. */
function codes(weights: Int8Array, columns: number): StoredTensor {
  return i8([weights.length / columns, columns], weights);
}

function inputTensors({ input, layers }: QuantizedModel): Record<string, StoredTensor> {
  if (input.kind === 'tokens') {
    return { embedding: i8([input.vocabSize, layers[0].inputSize], input.embedding) };
  }
  if (input.kind !== 'features') return {};
  return Object.fromEntries(
    input.tables.map((table) => [
      `features.${table.name}`,
      i8([table.count, table.size], table.codes),
    ]),
  );
}

function inputMeta(input: QuantizedModel['input']): QuantizedFile['input'] {
  switch (input.kind) {
    case 'dense':
      return { kind: 'dense', mean: [...input.mean], gain: [...input.gain] };
    case 'features':
      return {
        kind: 'features',
        tables: input.tables.map(({ name, count, size: width }) => ({ name, count, size: width })),
      };
    default:
      return { kind: input.kind, vocabSize: input.vocabSize };
  }
}

const plainRow = <R extends RowParameters>(row: R) => ({ ...row, factors: [...row.factors] });

export function writeQuantized(path: string, stored: StoredQuantized): void {
  const { quantized, ...about } = stored;
  const { layers, head } = quantized;
  const tensors: Record<string, StoredTensor> = inputTensors(quantized);
  layers.forEach(({ inputSize, hiddenSize, weights, backward }, l) => {
    const columns = inputSize + hiddenSize;
    tensors[`layer${l}.weights`] = codes(weights, columns);
    if (backward) tensors[`layer${l}.backward.weights`] = codes(backward.weights, columns);
  });
  tensors['head.weights'] = codes(head.weights, outputSize(layers[layers.length - 1]));
  const rowsOf = ({ hiddenDecision, rows }: QuantizedLayer) => ({
    hiddenDecision,
    rows: rows.map(plainRow),
  });
  const body: Omit<QuantizedFile, 'tensors'> = {
    ...about,
    scheme: quantized.scheme,
    input: inputMeta(quantized.input),
    layers: layers.map((layer) => ({
      inputSize: layer.inputSize,
      hiddenSize: layer.hiddenSize,
      ...rowsOf(layer),
      ...(layer.backward && { backward: rowsOf(layer.backward) }),
    })),
    head: {
      classes: head.classes,
      when: head.when,
      output: head.output,
      rows: head.rows.map(plainRow),
    },
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
    factors: readonly number[],
  ): void {
    const { length } = factors;
    if (rows.length !== length) {
      this.all.push(`${name}: ${rows.length} rows, must be ${length}`);
      return;
    }
    const bad = rows.findIndex((item, k) => item.kind !== expected(k));
    if (bad >= 0) this.all.push(`${name}[${bad}]: ${rows[bad].kind}, must be ${expected(bad)}`);
    const wrong = rows.findIndex((item, k) => item.factors.length !== factors[k]);
    if (wrong >= 0) {
      this.all.push(
        `${name}[${wrong}]: ${rows[wrong].factors.length} factors, must be ${factors[wrong]}`,
      );
    }
    const disordered = rows.findIndex((item) => item.kind === 'threshold' && item.low > item.high);
    if (disordered >= 0) this.all.push(`${name}[${disordered}]: low is above high`);
  }
}

/** Whether a gate's rows are compared with decision points, or rescaled. */
function rowKind({ gates, candidate }: Scheme, gate: number): RowParameters['kind'] {
  if (gate === GATE.g) return candidate === 'ternary' ? 'threshold' : 'linear';
  return gates === 'int16' ? 'linear' : 'threshold';
}

/** Largest code of any gate of a layer. */
function layerLimit(scheme: Scheme, layer: number): number {
  const codings = layerWeights(scheme, layer);
  return Math.max(...GATE_NAMES.map((gate) => codeLimit(codingOf(codings[gate]).format)));
}

/** One direction of a layer, checked. */
function readLayer(
  problems: Problems,
  scheme: Scheme,
  l: number,
  name: string,
  sizes: { readonly inputSize: number; readonly hiddenSize: number },
  { hiddenDecision, rows }: Pick<QuantizedLayer, 'hiddenDecision' | 'rows'>,
): QuantizedLayer {
  const { inputSize, hiddenSize } = sizes;
  const planes = layerPlanes(scheme, l, hiddenSize);
  const operands = operandCount(scheme);
  problems.rows(
    `${name.replace(/^layer(\d+)/, 'layers[$1]')}.rows`,
    rows,
    (k) => rowKind(scheme, Math.floor(k / hiddenSize)),
    planes.map((count) => count * operands),
  );
  const shape = [sum(planes), inputSize + hiddenSize];
  const weights = problems.codes(`${name}.weights`, shape, layerLimit(scheme, l));
  return { inputSize, hiddenSize, hiddenDecision, weights, rows };
}

const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);

function readInput(
  problems: Problems,
  scheme: Scheme,
  input: QuantizedFile['input'],
  inputSize: number,
): QuantizedModel['input'] {
  const limit = activationMax(scheme);
  const mustBe = (given: number, what: string): void => {
    if (given !== inputSize) problems.all.push(`input: ${given} ${what}, must be ${inputSize}`);
  };
  switch (input.kind) {
    case 'dense':
      mustBe(input.mean.length, 'means');
      mustBe(input.gain.length, 'gains');
      return input;
    case 'features':
      mustBe(sum(input.tables.map((table) => table.size)), 'columns in all tables');
      return {
        kind: 'features',
        tables: input.tables.map((table) => ({
          ...table,
          codes: problems.codes(`features.${table.name}`, [table.count, table.size], limit),
        })),
      };
    case 'one-hot':
      mustBe(input.vocabSize, 'symbols');
      return { kind: 'one-hot', vocabSize: input.vocabSize };
    case 'tokens': {
      const embedding = problems.codes('embedding', [input.vocabSize, inputSize], limit);
      return { kind: 'tokens', vocabSize: input.vocabSize, embedding };
    }
  }
}

export function readQuantized(path: string): StoredQuantized | undefined {
  const read = readWithTensors(path, QUANTIZED);
  if (read === undefined) return undefined;
  const { scheme, input, layers, head, tensors: _, ...about } = read.body;
  const problems = new Problems(read.tensors);
  const quantizedLayers = layers.map((layer, l): QuantizedLayer => {
    const below = l > 0 ? outputSize(layers[l - 1]) : layer.inputSize;
    if (layer.inputSize !== below) {
      problems.all.push(
        `layers[${l}].inputSize: ${layer.inputSize}, the layer below has ${below} outputs`,
      );
    }
    const { backward } = layer;
    return {
      ...readLayer(problems, scheme, l, `layer${l}`, layer, layer),
      ...(backward && {
        backward: readLayer(problems, scheme, l, `layer${l}.backward`, layer, backward),
      }),
    };
  });
  const { format } = codingOf(scheme.head);
  const headPlanes = new Array<number>(head.classes).fill(planesOf(format));
  problems.rows('head.rows', head.rows, () => 'linear', headPlanes);
  const width = outputSize(layers[layers.length - 1]);
  const quantized: QuantizedModel = {
    scheme,
    input: readInput(problems, scheme, input, layers[0].inputSize),
    layers: quantizedLayers,
    head: {
      ...head,
      weights: problems.codes('head.weights', [sum(headPlanes), width], codeLimit(format)),
      rows: head.rows as LinearRow[],
    },
  };
  if (problems.all.length > 0)
    throw new UserError({ where: path, given: problems.all.slice(0, 5).join('; ') });
  return { ...about, quantized };
}
