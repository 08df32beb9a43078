/**
 * Where everything lies in a session's memory. Matrices lie transposed, [columns][rows], columns x then
 * h, rows gate-major; units and rows are padded to whole panels, columns to pairs. Padding stays zero.
 */
import { gateGroups, headGroups, type RowGroup } from '../quant/quantizers.js';
import { type Scheme, SCHEMES } from '../quant/quantized-model.js';
import { f32, type FloatTensor, type Model, type Tensors } from '../model/model.js';
import type { SessionConfig } from './engine.js';
import { HEAP_BASE } from './kernels.js';
import { EXACT_PRODUCTS, NORM_BLOCK, PANEL, ROW_BLOCK } from './program.js';

export const pad2 = (n: number): number => (n + 1) & ~1;
export const padPanel = (n: number): number => Math.ceil(n / PANEL) * PANEL;

/**
 * Rows of dL/dz whose columns share a scale for the weight gradients. The fewer, the less the largest of
 * them costs the others.
 */
export const GRADIENT_RUN = 64;

/** Multiply-adds up to which a weight gradient takes dL/dz as two int16. */
const FINE_GRADIENT = 2 ** 20;

/**
 * Rows up to which a matrix's gradient takes two int16: of few rows, rounding to one hardly averages out,
 * and there the product costs next to nothing.
 */
export function fineRows({ x, h, n }: { x: number; h: number; n: number }): number {
  return Math.floor(FINE_GRADIENT / ((x + h) * n));
}

/** Hands out addresses before the memory exists, so that it is made once, with its final size. */
export class Arena {
  private top = HEAP_BASE;
  bytes(count: number): number {
    const address = this.top;
    this.top += Math.ceil(count / 64) * 64;
    return address;
  }
  f32(count: number): number {
    return this.bytes(4 * count);
  }
  f64(count: number): number {
    return this.bytes(8 * count);
  }
  i16(count: number): number {
    return this.bytes(2 * count);
  }
  get size(): number {
    return this.top;
  }
}

/** One weight matrix with its bias and gain: a layer or the head. */
export interface Matrix {
  readonly name: string;
  /** Real sizes. */
  readonly rows: number;
  readonly inputSize: number;
  readonly hiddenSize: number;
  /** Columns of the two parts, in pairs. */
  readonly x: number;
  readonly h: number;
  /** Padded rows, real units per group of rows, and the padded stride of a group. */
  readonly n: number;
  readonly units: number;
  readonly stride: number;
  /** Offsets into the flat parameter buffers, in elements. */
  readonly weights: number;
  readonly bias: number;
  readonly gain: number;
  readonly groups: readonly RowGroup[];
  /** Panels of the codes (or float weights), [x + h][n]; bytes of one panel, and of its x part. */
  readonly packed: number;
  readonly panel: number;
  readonly panelX: number;
  /** Panels of the transposed parts; backX is 0 where dL/dx is not wanted. */
  readonly backX: number;
  readonly backH: number;
  /** The row block (program.ts). */
  readonly block: number;
  readonly scale64: number;
  readonly sumAbs: number;
  readonly maxAbs: number;
  readonly nonzeros: number;
}

export interface LayerBuffers {
  /** [steps * batch][4][units]: input products, accumulators, and after the backward pass dL/dz. */
  readonly acc: number;
  /** int16 gates: [steps * batch][4][units]; level3: the candidate alone, [steps * batch][units]. */
  readonly gates: number;
  /** [steps + 1][batch][units]; slot 0 is the carried state. */
  readonly c: number;
  readonly hidden: number;
  /** [steps][batch][units]. */
  readonly tanhC: number;
  readonly dOutput: number;
  readonly dRecurrent: number;
  readonly dCell: number;
  readonly units: number;
  /** dL/dz of one step as two int16 [batch][n], and the scales of their rows [2][batch]. */
  readonly high: number;
  readonly low: number;
  readonly scales: number;
  /** hidden transposed: [units][(steps + 1) * batch], bytes of one row. */
  readonly transposed: number;
  readonly transposedRow: number;
}

export interface Embedding {
  readonly offset: number;
  readonly rows: number;
  /** Numbers of one row. */
  readonly width: number;
}

/** Bytes of a row of so many numbers that is read along and across: never a power of two apart. */
function transposedRow(count: number, bytesEach: number): number {
  return Math.ceil((padPanel(count) * bytesEach) / 64) * 64 + 64;
}

export interface Layout {
  readonly scheme: Scheme | undefined;
  readonly training: boolean;
  readonly batch: number;
  /** Most steps that the buffers hold. */
  readonly steps: number;
  readonly layers: readonly Matrix[];
  readonly head: Matrix;
  readonly buffers: readonly LayerBuffers[];
  readonly embedding: Embedding | undefined;
  /** Floats of one flat parameter buffer, and the addresses of the four. */
  readonly size: number;
  readonly params: number;
  readonly grads: number;
  readonly first: number;
  readonly second: number;
  /** Numbers of one row of the first layer's input. */
  readonly width: number;
  readonly inputGradient: boolean;
  /** Steps whose head gradients are split at a time. */
  readonly headSteps: number;
  readonly headRows: number;
  readonly table: number;
  /** Raw input: slots of tokens [steps * batch] and distinct tokens; or values. */
  readonly slots: number;
  readonly unique: number;
  readonly uniqueMax: number;
  readonly values: number;
  readonly targets: number;
  readonly input: number;
  readonly inputTransposed: number;
  readonly inputTransposedRow: number;
  readonly projection: number;
  readonly dProjection: number;
  readonly dProjectionHigh: number;
  readonly dProjectionLow: number;
  readonly dProjectionScale: number;
  readonly dProjectionLowScale: number;
  readonly dInput: number;
  /** Head rows as two int16 [headSteps * batch][n] with the scales of their rows. */
  readonly headHigh: number;
  readonly headLow: number;
  readonly headScale: number;
  readonly lowScale: number;
  /** Panels of quantized gradient columns and the scales of their runs, one set at a time. */
  readonly columns: number;
  readonly lowColumns: number;
  readonly columnScales: number;
  readonly logits: number;
  readonly dLogits: number;
  readonly sums: number;
  readonly partial: number;
  readonly clip: number;
}

export function createLayout(
  config: SessionConfig,
  steps: number,
  inputGradient: boolean,
  arena: Arena,
): Layout {
  const { model, batch } = config;
  const training = config.optimizer !== undefined;
  const scheme = model.scheme === 'float' ? undefined : SCHEMES[model.scheme];
  const integers = scheme !== undefined;
  /** Bytes of an activation or of a weight as products take it. */
  const operand = integers ? 2 : 4;
  const rows = batch * steps;
  let size = 0;
  const take = (elements: number): number => {
    const offset = size;
    size += padPanel(elements);
    return offset;
  };
  const tokens = model.input.kind === 'tokens' ? model.input : undefined;
  const width = padPanel(model.layers[0].inputSize);
  const embedding = tokens && {
    offset: take(tokens.vocabSize * width),
    rows: tokens.vocabSize,
    width,
  };

  const matrix = (
    name: string,
    count: number,
    inputSize: number,
    hiddenSize: number,
    gates: number,
    wantsInputGradient: boolean,
  ): Matrix => {
    const x = pad2(inputSize);
    const h = pad2(hiddenSize);
    const units = count / gates;
    const stride = padPanel(units);
    const n = stride * gates;
    const groups =
      scheme === undefined ? [] : gates === 1 ? headGroups(count) : gateGroups(scheme, hiddenSize);
    const panelRow = PANEL * operand;
    return {
      ...{ name, rows: count, inputSize, hiddenSize, x, h, n, units, stride },
      ...{ weights: take((x + h) * n), bias: take(n), gain: take(n) },
      groups: groups.map((g, k) => ({ ...g, begin: k * stride, end: k * stride + units })),
      packed: arena.bytes((x + h) * n * operand),
      panel: (x + h) * panelRow,
      panelX: x * panelRow,
      backX: training && wantsInputGradient ? arena.bytes(padPanel(x) * n * operand) : 0,
      backH: training ? arena.bytes(padPanel(h) * n * operand) : 0,
      block: arena.bytes(ROW_BLOCK.bytes * n),
      scale64: arena.f64(n),
      sumAbs: arena.f64(n),
      maxAbs: arena.f32(n),
      nonzeros: arena.f32(n),
    };
  };
  const layers = model.layers.map(({ inputSize, hiddenSize }, l) =>
    matrix(
      ...([`layer${l}`, 4 * hiddenSize, inputSize, hiddenSize, 4] as const),
      l > 0 || tokens !== undefined || inputGradient,
    ),
  );
  const last = model.layers[model.layers.length - 1].hiddenSize;
  const head = matrix('head', model.head.classes, 0, last, 1, false);
  const t = training ? 1 : 0;
  const buffers = layers.map((m): LayerBuffers => {
    const units = m.stride;
    const transposed = transposedRow(rows + batch, operand);
    return {
      acc: arena.f32(rows * m.n),
      gates: integers ? arena.i16(rows * (scheme.gates === 'level3' ? units : m.n)) : 0,
      c: arena.bytes((rows + batch) * units * operand),
      hidden: arena.bytes((rows + batch) * units * operand),
      tanhC: arena.bytes(rows * units * operand),
      dOutput: arena.f32(rows * units * t),
      dRecurrent: arena.f32(batch * units * t),
      dCell: arena.f32(batch * units * t),
      units,
      high: arena.i16(integers ? batch * m.n * t : 0),
      low: arena.i16(integers ? batch * m.n * t : 0),
      scales: arena.f32(2 * batch * t),
      transposed: arena.bytes(units * transposed * t),
      transposedRow: transposed,
    };
  });
  const headRows = model.head.when === 'every-step' ? rows : batch;
  const headSteps = Math.max(1, Math.min(headRows / batch, Math.floor(65536 / (batch * head.n))));
  const uniqueMax = embedding ? Math.min(embedding.rows, rows) : 0;
  const inputRows = embedding ? uniqueMax : rows;
  const inputTransposedRow = transposedRow(inputRows, operand);
  const n0 = layers[0].n;
  const wantsDInput = embedding !== undefined || inputGradient;
  const cut = Math.min(EXACT_PRODUCTS, pad2(rows));
  const widest = Math.max(...layers.map((m) => m.n), head.n);
  const fine = [...layers, head].map((m) => pad2(Math.min(cut, fineRows(m))) * m.n);
  return {
    ...{ scheme, training, batch, steps, layers, head, buffers, embedding },
    ...{ size, width, inputGradient, headSteps, headRows, uniqueMax, inputTransposedRow },
    params: arena.f32(size),
    grads: arena.f32(size * t),
    first: arena.f32(size * t),
    second: arena.f32(size * t),
    table: arena.f32(512),
    slots: arena.f32(embedding ? rows : 0),
    unique: arena.f32(uniqueMax),
    values: arena.f32(embedding ? 0 : rows * model.layers[0].inputSize),
    targets: arena.f32(rows),
    input: arena.bytes(inputRows * width * operand),
    inputTransposed: arena.bytes(width * inputTransposedRow * t),
    projection: arena.f32(uniqueMax * n0),
    dProjection: arena.f32(uniqueMax * n0 * t),
    dProjectionHigh: arena.i16(uniqueMax * n0 * t),
    dProjectionLow: arena.i16(uniqueMax * n0 * t),
    dProjectionScale: arena.f32(uniqueMax * t),
    dProjectionLowScale: arena.f32(uniqueMax * t),
    dInput: arena.f32(wantsDInput ? inputRows * width * t : 0),
    headHigh: arena.i16(headSteps * batch * head.n * t),
    headLow: arena.i16(headSteps * batch * head.n * t),
    headScale: arena.f32(headSteps * batch * t),
    lowScale: arena.f32(headSteps * batch * t),
    columns: arena.bytes(cut * widest * operand * t),
    lowColumns: arena.i16(integers ? Math.max(...fine) * t : 0),
    columnScales: arena.f32(integers ? 2 * Math.ceil(cut / GRADIENT_RUN) * widest * t : 0),
    logits: arena.f32(headRows * head.n),
    dLogits: arena.f32(headRows * head.n * t),
    sums: arena.f64(headRows * 2),
    partial: arena.f64(Math.ceil(size / NORM_BLOCK) * t),
    clip: arena.f64(2),
  };
}

/** visit(index in a flat parameter buffer, index in the model's row-major matrix). */
function eachWeight(m: Matrix, visit: (flat: number, rowMajor: number) => void): void {
  const columns = m.inputSize + m.hiddenSize;
  for (let k = 0; k < columns; k++) {
    const column = k < m.inputSize ? k : m.x + k - m.inputSize;
    for (let r = 0; r < m.rows; r++) {
      visit(m.weights + column * m.n + paddedRow(m, r), r * columns + k);
    }
  }
}

function paddedRow(m: Matrix, row: number): number {
  return Math.floor(row / m.units) * m.stride + (row % m.units);
}

/** A model's tensors into a flat buffer. */
export function writeParameters(
  layout: Layout,
  model: Model,
  flat: Float32Array,
  tensors: Tensors,
): void {
  const data = (name: string): Float32Array => tensors[name].data as Float32Array;
  flat.fill(0);
  if (layout.embedding) {
    const { offset, rows, width } = layout.embedding;
    const size = model.layers[0].inputSize;
    const from = data('embedding');
    for (let v = 0; v < rows; v++) {
      flat.set(from.subarray(v * size, (v + 1) * size), offset + v * width);
    }
  }
  for (const m of [...layout.layers, layout.head]) {
    const weights = data(`${m.name}.weights`);
    const bias = data(`${m.name}.bias`);
    const gain = data(`${m.name}.gain`);
    eachWeight(m, (at, rowMajor) => void (flat[at] = weights[rowMajor]));
    for (let r = 0; r < m.rows; r++) {
      flat[m.bias + paddedRow(m, r)] = bias[r];
      flat[m.gain + paddedRow(m, r)] = gain[r];
    }
  }
}

export function readParameters(
  layout: Layout,
  model: Model,
  flat: Float32Array,
): Record<string, FloatTensor> {
  const tensors: Record<string, FloatTensor> = {};
  if (layout.embedding) {
    const { offset, rows, width } = layout.embedding;
    const size = model.layers[0].inputSize;
    const data = new Float32Array(rows * size);
    for (let v = 0; v < rows; v++) {
      const from = offset + v * width;
      data.set(flat.subarray(from, from + size), v * size);
    }
    tensors['embedding'] = f32([rows, size], data);
  }
  for (const m of [...layout.layers, layout.head]) {
    const weights = new Float32Array(m.rows * (m.inputSize + m.hiddenSize));
    const bias = new Float32Array(m.rows);
    const gain = new Float32Array(m.rows);
    eachWeight(m, (at, rowMajor) => void (weights[rowMajor] = flat[at]));
    for (let r = 0; r < m.rows; r++) {
      bias[r] = flat[m.bias + paddedRow(m, r)];
      gain[r] = flat[m.gain + paddedRow(m, r)];
    }
    tensors[`${m.name}.weights`] = f32([m.rows, m.inputSize + m.hiddenSize], weights);
    tensors[`${m.name}.bias`] = f32([m.rows], bias);
    tensors[`${m.name}.gain`] = f32([m.rows], gain);
  }
  return tensors;
}

/** The head between a flat buffer and [classes][hiddenSize weights, bias, gain]. */
export function readHeadRows(layout: Layout, flat: Float32Array, rows: Float32Array): void {
  const { hiddenSize, n, weights, bias, gain, rows: classes } = layout.head;
  const width = hiddenSize + 2;
  for (let k = 0; k < hiddenSize; k++) {
    const from = weights + k * n;
    for (let r = 0; r < classes; r++) rows[r * width + k] = flat[from + r];
  }
  for (let r = 0; r < classes; r++) {
    rows[r * width + hiddenSize] = flat[bias + r];
    rows[r * width + hiddenSize + 1] = flat[gain + r];
  }
}

export function writeHeadRows(layout: Layout, flat: Float32Array, rows: Float32Array): void {
  const { hiddenSize, n, weights, bias, gain, rows: classes } = layout.head;
  const width = hiddenSize + 2;
  for (let k = 0; k < hiddenSize; k++) {
    const to = weights + k * n;
    for (let r = 0; r < classes; r++) flat[to + r] = rows[r * width + k];
  }
  for (let r = 0; r < classes; r++) {
    flat[bias + r] = rows[r * width + hiddenSize];
    flat[gain + r] = rows[r * width + hiddenSize + 1];
  }
}
