/**
 * Networks of `halfgate integer`: real parameters (integer/float.json) and integer models
 * (integer/post-training.json, integer/qat.json), each with its tensors beside it.
 */
import { z } from 'zod';
import { UserError } from '../errors.js';
import { GATE_LETTERS } from '../integer/float-lstm.js';
import type { IntegerGate, IntegerLstm, Kernel } from '../integer/lstm.js';
import type { IntegerInput, IntegerModel, IntegerTable } from '../integer/model.js';
import type { NetworkConfig } from '../integer-training/network-config.js';
import { fromTensors, layoutOf, toTensors } from '../integer-training/parameters.js';
import type { Tensors } from '../model/model.js';
import { artifact } from './artifact.js';
import { evaluation, trainingLog } from './model-file.js';
import type { Dtype, StoredTensor, StoredTensors } from './safetensors.js';
import { count, inputs, real, size, text } from './schemas.js';
import { readWithTensors, tensorFile, writeWithTensors } from './tensor-file.js';

const dense = { mean: z.array(real).min(1), gain: z.array(real).min(1) };
const network: z.ZodType<NetworkConfig> = z.strictObject({
  input: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('tokens'), vocabSize: size, embeddingSize: size }),
    z.strictObject({ kind: z.literal('one-hot'), vocabSize: size }),
    z.strictObject({
      kind: z.literal('features'),
      features: z.array(z.strictObject({ name: text, count: size, size })).min(1),
    }),
    z.strictObject({ kind: z.literal('dense'), ...dense }),
  ]),
  hiddenSizes: z.array(size).min(1),
  bidirectional: z.boolean(),
  variant: z.strictObject({
    isCifg: z.boolean(),
    hasPeephole: z.boolean(),
    hasLayerNorm: z.boolean(),
    projection: count,
    cellClip: real.nonnegative(),
    projectionClip: real.nonnegative(),
  }),
  classes: size,
  when: z.enum(['every-step', 'last-step']),
  output: z.enum(['class', 'value']),
});

const floatSchema = z.strictObject({
  inputs,
  network,
  parameters: size,
  seed: z.int(),
  training: trainingLog,
  evaluation,
  tensors: tensorFile,
});
export type FloatNetworkFile = z.infer<typeof floatSchema>;
export const FLOAT_NETWORK = artifact('integer-float', 1, floatSchema);

export interface StoredFloatNetwork extends Omit<FloatNetworkFile, 'tensors' | 'parameters'> {
  /** As layoutOf(network) places them. */
  readonly params: Float32Array;
}

export function writeFloatNetwork(path: string, stored: StoredFloatNetwork): void {
  const { params, ...about } = stored;
  const tensors = toTensors(layoutOf(stored.network), params);
  writeWithTensors(path, FLOAT_NETWORK, { ...about, parameters: params.length }, tensors);
}

export function readFloatNetwork(path: string): StoredFloatNetwork | undefined {
  const read = readWithTensors(path, FLOAT_NETWORK);
  if (read === undefined) return undefined;
  const { tensors: _, parameters: __, ...about } = read.body;
  try {
    return { ...about, params: fromTensors(layoutOf(about.network), read.tensors as Tensors) };
  } catch (error) {
    throw new UserError({ where: path, given: (error as Error).message });
  }
}

const multiplier = z.strictObject({ multiplier: count, shift: z.int().min(-31).max(31) });
const zeroPoint = z.int().min(-32768).max(32767);
const gate = z.strictObject({
  inputScale: multiplier,
  recurrentScale: multiplier,
  peephole: z.strictObject({ scale: multiplier }).nullable(),
  layerNorm: z.strictObject({ scale: multiplier, varianceGuard: size }).nullable(),
});
const direction = z.strictObject({
  inputSize: size,
  cellSize: size,
  outputSize: size,
  inputZeroPoint: zeroPoint,
  outputZeroPoint: zeroPoint,
  gates: z.strictObject({ i: gate.nullable(), f: gate, g: gate, o: gate }),
  cell: z.strictObject({
    bits: z.int().min(6).max(16),
    scaleLog2: z.int().min(-31).max(0),
    clip: count,
    forgetScale: multiplier,
    inputScale: multiplier,
  }),
  hidden: z.strictObject({ scale: multiplier, zeroPoint }),
  projection: z.strictObject({ scale: multiplier, clip: count }).nullable(),
});
const quantization = z.strictObject({ scale: real.positive(), zeroPoint });
const table = z.strictObject({ name: text, count: size, size });

const schema = z.strictObject({
  inputs,
  /** Ranges by calibration alone, or followed while training went through the integers. */
  method: z.enum(['post-training', 'quantization-aware']),
  kernel: z.strictObject({
    arithmetic: z.enum(['tflite', 'tflm', 'cmsis-nn']),
    activation: z.enum(['gemmlowp', 'lut256']),
    rounding: z.enum(['double', 'single']),
    activationBits: z.union([z.literal(8), z.literal(16)]),
    peepholeRows: z.enum(['cell', 'output']),
  }),
  weightBits: z.int().min(2).max(8),
  input: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('tokens'), table }),
    z.strictObject({ kind: z.literal('one-hot'), vocabSize: size, hot: size }),
    z.strictObject({ kind: z.literal('features'), tables: z.array(table).min(1) }),
    z.strictObject({ kind: z.literal('dense'), ...dense }),
  ]),
  inputQuantization: quantization,
  layers: z.array(z.strictObject({ forward: direction, backward: direction.nullable() })).min(1),
  outputQuantization: quantization,
  head: z.strictObject({
    classes: size,
    scale: real.positive(),
    when: z.enum(['every-step', 'last-step']),
    output: z.enum(['class', 'value']),
  }),
  weightBytes: size,
  /** Ranges that did not fit, in words. */
  warnings: z.array(text),
  /** Of quantization-aware training. */
  training: trainingLog.optional(),
  /** Of the golden integer step. */
  evaluation,
  saturations: z.strictObject({ gateSums: count, cells: count, outputs: count }),
  tensors: tensorFile,
});
export type IntegerFile = z.infer<typeof schema>;
type DirectionMeta = z.infer<typeof direction>;

export const INTEGER_MODEL = artifact('integer', 1, schema);

export interface StoredInteger extends Pick<
  IntegerFile,
  'inputs' | 'method' | 'weightBytes' | 'warnings' | 'training' | 'evaluation' | 'saturations'
> {
  readonly model: IntegerModel;
}

function tensor(data: StoredTensor['data'], ...shape: number[]): StoredTensor {
  const dtype: Dtype =
    data instanceof Int8Array
      ? 'I8'
      : data instanceof Int16Array
        ? 'I16'
        : data instanceof Int32Array
          ? 'I32'
          : 'F64';
  return { dtype, shape, data } as StoredTensor;
}

/** Integers beyond 32 bits, as 16-bit activations have them, need a double. */
function directionTensors(name: string, layer: IntegerLstm): Record<string, StoredTensor> {
  const { cellSize, inputSize, outputSize, projection } = layer;
  const tensors: Record<string, StoredTensor> = {};
  for (const letter of GATE_LETTERS) {
    const from = layer.gates[letter];
    if (from === null) continue;
    const at = `${name}.${letter}`;
    tensors[`${at}.inputWeights`] = tensor(from.inputWeights, cellSize, inputSize);
    tensors[`${at}.recurrentWeights`] = tensor(from.recurrentWeights, cellSize, outputSize);
    tensors[`${at}.inputBias`] = tensor(from.inputBias, cellSize);
    tensors[`${at}.recurrentBias`] = tensor(from.recurrentBias, cellSize);
    if (from.peephole) tensors[`${at}.peephole`] = tensor(from.peephole.weights, cellSize);
    if (from.layerNorm) {
      tensors[`${at}.layerNorm.weights`] = tensor(from.layerNorm.weights, cellSize);
      tensors[`${at}.layerNorm.bias`] = tensor(from.layerNorm.bias, cellSize);
    }
  }
  if (projection) {
    tensors[`${name}.projection.weights`] = tensor(projection.weights, outputSize, cellSize);
    tensors[`${name}.projection.bias`] = tensor(projection.bias, outputSize);
  }
  return tensors;
}

function directionMeta({ kernel: _, gates, projection, ...layer }: IntegerLstm): DirectionMeta {
  const meta = ({ inputScale, recurrentScale, peephole, layerNorm }: IntegerGate) => ({
    ...{ inputScale, recurrentScale },
    peephole: peephole && { scale: peephole.scale },
    layerNorm: layerNorm && { scale: layerNorm.scale, varianceGuard: layerNorm.varianceGuard },
  });
  const { i, f, g, o } = gates;
  return {
    ...layer,
    gates: { i: i && meta(i), f: meta(f), g: meta(g), o: meta(o) },
    projection: projection && { scale: projection.scale, clip: projection.clip },
  };
}

function tableMeta({ name, count: rows, size: columns }: IntegerTable) {
  return { name, count: rows, size: columns };
}

function inputMeta(input: IntegerInput): IntegerFile['input'] {
  switch (input.kind) {
    case 'tokens':
      return { kind: 'tokens', table: tableMeta(input.table) };
    case 'features':
      return { kind: 'features', tables: input.tables.map(tableMeta) };
    case 'dense':
      return { kind: 'dense', mean: [...input.mean], gain: [...input.gain] };
    case 'one-hot':
      return input;
  }
}

function tablesOf(input: IntegerInput): readonly IntegerTable[] {
  return input.kind === 'tokens' ? [input.table] : input.kind === 'features' ? input.tables : [];
}

export function writeInteger(path: string, { model, ...about }: StoredInteger): void {
  const { head, weightBits, inputQuantization, outputQuantization } = model;
  const directions = model.layers.map((layer) =>
    'forward' in layer ? layer : { forward: layer, backward: null },
  );
  const tensors: Record<string, StoredTensor> = {};
  for (const one of tablesOf(model.input)) {
    tensors[`input.${one.name}`] = tensor(one.codes, one.count, one.size);
  }
  directions.forEach(({ forward, backward }, l) => {
    Object.assign(tensors, directionTensors(`layer${l}`, forward));
    if (backward) Object.assign(tensors, directionTensors(`layer${l}.backward`, backward));
  });
  const { classes, scale, when, output, weights, bias } = head;
  tensors['head.weights'] = tensor(weights, classes, weights.length / classes);
  tensors['head.bias'] = tensor(bias, classes);
  const body = {
    ...about,
    ...{ weightBits, inputQuantization, outputQuantization },
    kernel: directions[0].forward.kernel,
    input: inputMeta(model.input),
    layers: directions.map(({ forward, backward }) => ({
      forward: directionMeta(forward),
      backward: backward && directionMeta(backward),
    })),
    head: { classes, scale, when, output },
  };
  writeWithTensors(path, INTEGER_MODEL, body, tensors);
}

/** Takes tensors by name; throws UserError where one is missing or misshapen. */
class Taking {
  constructor(
    private readonly path: string,
    private readonly tensors: StoredTensors,
  ) {}

  private take(name: string, dtype: Dtype, shape: readonly number[]): StoredTensor['data'] {
    const found = this.tensors[name];
    if (found?.dtype === dtype && found.shape.join() === shape.join()) return found.data;
    throw new UserError({
      where: `${this.path}: ${name}`,
      given: found ? `${found.dtype} [${found.shape.join(', ')}]` : 'missing',
      allowed: `must be ${dtype} [${shape.join(', ')}]`,
    });
  }

  int8(name: string, ...shape: number[]): Int8Array {
    return this.take(name, 'I8', shape) as Int8Array;
  }

  int16(name: string, ...shape: number[]): Int16Array {
    return this.take(name, 'I16', shape) as Int16Array;
  }

  int32(name: string, ...shape: number[]): Int32Array {
    return this.take(name, 'I32', shape) as Int32Array;
  }

  /** Integers in doubles. */
  wide(name: string, ...shape: number[]): Float64Array {
    const data = this.take(name, 'F64', shape) as Float64Array;
    if (data.every(Number.isSafeInteger)) return data;
    throw new UserError({ where: `${this.path}: ${name}`, given: 'a number that is no integer' });
  }
}

function directionFrom(
  taking: Taking,
  name: string,
  kernel: Kernel,
  meta: DirectionMeta,
): IntegerLstm {
  const { cellSize, inputSize, outputSize } = meta;
  const gateFrom = (letter: string, from: z.infer<typeof gate>): IntegerGate => {
    const at = `${name}.${letter}`;
    const { inputScale, recurrentScale, peephole, layerNorm } = from;
    return {
      ...{ inputScale, recurrentScale },
      inputWeights: taking.int8(`${at}.inputWeights`, cellSize, inputSize),
      recurrentWeights: taking.int8(`${at}.recurrentWeights`, cellSize, outputSize),
      inputBias: taking.wide(`${at}.inputBias`, cellSize),
      recurrentBias: taking.wide(`${at}.recurrentBias`, cellSize),
      peephole: peephole && { ...peephole, weights: taking.int16(`${at}.peephole`, cellSize) },
      layerNorm: layerNorm && {
        ...layerNorm,
        weights: taking.int16(`${at}.layerNorm.weights`, cellSize),
        bias: taking.int32(`${at}.layerNorm.bias`, cellSize),
      },
    };
  };
  const { i, f, g, o } = meta.gates;
  return {
    ...meta,
    kernel,
    gates: {
      i: i && gateFrom('i', i),
      f: gateFrom('f', f),
      g: gateFrom('g', g),
      o: gateFrom('o', o),
    },
    projection: meta.projection && {
      ...meta.projection,
      weights: taking.int8(`${name}.projection.weights`, outputSize, cellSize),
      bias: taking.wide(`${name}.projection.bias`, outputSize),
    },
  };
}

function inputFrom(taking: Taking, { kernel, input }: IntegerFile): IntegerInput {
  const withCodes = (one: z.infer<typeof table>): IntegerTable => {
    const name = `input.${one.name}`;
    const isWide = kernel.activationBits === 16;
    const codes = isWide
      ? taking.int16(name, one.count, one.size)
      : taking.int8(name, one.count, one.size);
    return { ...one, codes };
  };
  if (input.kind === 'tokens') return { kind: 'tokens', table: withCodes(input.table) };
  if (input.kind === 'features') return { kind: 'features', tables: input.tables.map(withCodes) };
  return input;
}

/** The stored integer model with all that hardware needs; undefined where there is no such file. */
export function readInteger(path: string): StoredInteger | undefined {
  const read = readWithTensors(path, INTEGER_MODEL);
  if (read === undefined) return undefined;
  const { body } = read;
  const taking = new Taking(path, read.tensors);
  const layers = body.layers.map(({ forward, backward }, l) => {
    const one = directionFrom(taking, `layer${l}`, body.kernel, forward);
    if (backward === null) return one;
    const name = `layer${l}.backward`;
    return { forward: one, backward: directionFrom(taking, name, body.kernel, backward) };
  });
  const last = body.layers[body.layers.length - 1];
  const width = (last.backward ? 2 : 1) * last.forward.outputSize;
  const { classes } = body.head;
  const { inputs: from, method, weightBytes, warnings, training, evaluation: figures } = body;
  return {
    ...{ inputs: from, method, weightBytes, warnings, training, evaluation: figures },
    saturations: body.saturations,
    model: {
      input: inputFrom(taking, body),
      inputQuantization: body.inputQuantization,
      layers,
      outputQuantization: body.outputQuantization,
      head: {
        ...body.head,
        weights: taking.int8('head.weights', classes, width),
        bias: taking.wide('head.bias', classes),
      },
      weightBits: body.weightBits,
    },
  };
}
