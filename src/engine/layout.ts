/**
 * Where everything lies in a session's memory. Matrices lie transposed, [columns][rows], columns x then
 * h, rows gate-major; units and rows are padded to whole panels, columns to pairs. Padding stays zero.
 */
import type { MatrixPlan } from '../quant/code-matrix.js';
import { codingOf } from '../quant/coding.js';
import { matrixPlans } from '../quant/quantize.js';
import type { Scheme } from '../quant/scheme.js';
import type { Model } from '../model/model.js';
import type { DropoutConfig, SessionConfig } from './engine.js';
import { hasKernel } from './host-cells.js';
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

/**
 * Who codes a matrix: nobody (`float`); kernels, where all rows are coded `int8`, or `ternary` with weight
 * normalization; or the host (code-matrix.ts).
 */
export type CodingKind = 'float' | 'int8' | 'ternary' | 'host';

/** Symbols of one-hot input at most, where it is quantized: each costs a column of W_x in every product. */
export const ONE_HOT_MAX = 1024;

function codingKind(plan: MatrixPlan | undefined, scheme: Scheme | undefined): CodingKind {
  if (plan === undefined || scheme === undefined) return 'float';
  const { groups, operands, oneHot, slope } = plan;
  if (operands.length > 2 || slope !== 1 || scheme.activations !== 'int8') return 'host';
  // Kernels bound sums of decision points by activations of 127; a one-hot one is 128.
  if (oneHot && groups.some(({ output }) => output.kind === 'threshold')) return 'host';
  if (groups.every(({ coding }) => coding === codingOf('int8'))) return 'int8';
  const ternary = groups.every((g) => g.normalized && g.coding === codingOf('ternary'));
  return ternary ? 'ternary' : 'host';
}

/** One weight matrix with its bias and gain: a layer or the head. */
export interface Matrix {
  readonly name: string;
  readonly coding: CodingKind;
  /** How its rows are coded; undefined in the float scheme. Decision points may move later. */
  readonly plan: MatrixPlan | undefined;
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
  /** Offsets into the flat parameter buffers, in elements; gain [operands][n]. */
  readonly weights: number;
  readonly bias: number;
  readonly gain: number;
  readonly operands: number;
  /** Trained scales (ModelLayer.scales), so many of them. */
  readonly scales: number;
  readonly scaleCount: number;
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
  /** For the host's coding: masters, and later their gradient, [n] rows of x + h columns, so many bytes each. */
  readonly rowMajor: number;
  readonly rowMajorRow: number;
}

export interface LayerBuffers {
  /** [steps * batch][4][units]: input products, accumulators, and after the backward pass dL/dz. */
  readonly acc: number;
  /** [steps * batch][4][units]; of level3 kernels the candidate alone, [steps * batch][units]. */
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
  /** What dropout leaves of h for the layer above or the head, [steps * batch][units]; 0: h itself. */
  readonly dropped: number;
  /** The same transposed, [units][steps * batch], rows of transposedRow bytes. */
  readonly droppedTransposed: number;
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

/** Which kernels compute the cells; `host`: none, host-cells.ts does. */
export type CellKind = 'float' | 'int16' | 'level3' | 'host';

function cellKind(scheme: Scheme | undefined, isSampling: boolean): CellKind {
  if (scheme === undefined) return 'float';
  // What tracked decisions follow is seen by the host alone, and only it draws.
  if (!hasKernel(scheme) || scheme.decisions === 'tracked' || isSampling) return 'host';
  return scheme.gates === 'int16' ? 'int16' : 'level3';
}

export interface Layout {
  readonly scheme: Scheme | undefined;
  readonly cells: CellKind;
  readonly dropout: DropoutConfig | undefined;
  readonly training: boolean;
  readonly batch: number;
  /** Most steps that the buffers hold. */
  readonly steps: number;
  readonly layers: readonly Matrix[];
  readonly head: Matrix;
  readonly buffers: readonly LayerBuffers[];
  /** Symbols in: x has a row for each distinct symbol of a batch, `uniqueMax` at most. */
  readonly symbols: boolean;
  /** Trained rows; one-hot symbols have none. */
  readonly embedding: Embedding | undefined;
  /** The host writes x: no kernel makes one-hot or ternary rows. */
  readonly hostInput: boolean;
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
  /** x, [steps * batch] rows, or one for each distinct symbol. */
  readonly input: number;
  /** Where dropout meets symbols: x of each step and lane, [steps * batch] rows; else 0. */
  readonly expanded: number;
  readonly inputTransposed: number;
  readonly inputTransposedRow: number;
  readonly projection: number;
  readonly dProjection: number;
  readonly dProjectionHigh: number;
  readonly dProjectionLow: number;
  readonly dProjectionScale: number;
  readonly dProjectionLowScale: number;
  /** [steps * batch] rows, or one for each distinct symbol; 0 where nothing needs it. */
  readonly dInput: number;
  /** Where x is expanded: sums of dInput over each distinct symbol. */
  readonly dDistinct: number;
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

/** Throws TypeError on models that need more than a session of layers in a row, RangeError on too wide ones. */
function checkModel({ scheme, input, layers, head }: Model): void {
  if (input.kind === 'features' || head.output === 'value' || layers.some((l) => l.backward)) {
    throw new TypeError('a fused session reads symbols or values forward, and predicts classes');
  }
  if (scheme !== 'float' && input.kind === 'one-hot' && input.vocabSize > ONE_HOT_MAX) {
    throw new RangeError(
      `one-hot input of ${input.vocabSize} symbols: a quantized layer takes ${ONE_HOT_MAX} at most; ` +
        'use an embedding',
    );
  }
}

export function createLayout(
  config: SessionConfig,
  steps: number,
  inputGradient: boolean,
  arena: Arena,
): Layout {
  const { model, batch } = config;
  const { input } = model;
  checkModel(model);
  const training = config.optimizer !== undefined;
  const scheme = model.scheme === 'float' ? undefined : model.scheme;
  const integers = scheme !== undefined;
  const dropout = training ? config.dropout : undefined;
  const plans = scheme && matrixPlans(model, scheme);
  const cells = cellKind(scheme, config.sampling !== undefined);
  /** Bytes of an activation or of a weight as products take it. */
  const operand = integers ? 2 : 4;
  const rows = batch * steps;
  let size = 0;
  const take = (elements: number): number => {
    const offset = size;
    size += padPanel(elements);
    return offset;
  };
  const symbols = input.kind === 'tokens' || input.kind === 'one-hot';
  const width = padPanel(model.layers[0].inputSize);
  const embedding =
    input.kind === 'tokens'
      ? { offset: take(input.vocabSize * width), rows: input.vocabSize, width }
      : undefined;

  const matrix = (
    name: string,
    { rows: count, inputSize, hiddenSize }: Pick<Matrix, 'rows' | 'inputSize' | 'hiddenSize'>,
    gates: number,
    plan: MatrixPlan | undefined,
    scaleCount: number,
    wantsInputGradient: boolean,
  ): Matrix => {
    const coding = codingKind(plan, scheme);
    const x = pad2(inputSize);
    const h = pad2(hiddenSize);
    const units = count / gates;
    const stride = padPanel(units);
    const n = stride * gates;
    const operands = plan ? plan.operands.length - 1 : 1;
    // Transposing writes whole panels of columns.
    const columns = coding === 'host' ? padPanel(x + h) : x + h;
    const rowMajorRow = transposedRow(x + h, 4);
    const panelRow = PANEL * operand;
    return {
      ...{ name, coding, plan, rows: count, inputSize, hiddenSize, x, h, n, units, stride },
      ...{ weights: take(columns * n), bias: take(n), gain: take(operands * n), operands },
      ...{ scales: take(scaleCount), scaleCount },
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
      rowMajor: coding === 'host' ? arena.bytes(rowMajorRow * n) : 0,
      rowMajorRow,
    };
  };
  const layers = model.layers.map(({ inputSize, hiddenSize, scales }, l) =>
    matrix(
      ...([`layer${l}`, { rows: 4 * hiddenSize, inputSize, hiddenSize }, 4] as const),
      ...([plans?.layers[l], scales?.length ?? 0] as const),
      l > 0 || embedding !== undefined || inputGradient,
    ),
  );
  const last = model.layers[model.layers.length - 1].hiddenSize;
  const headSize = { rows: model.head.classes, inputSize: 0, hiddenSize: last };
  const head = matrix('head', headSize, 1, plans?.head, 0, false);
  const t = training ? 1 : 0;
  const buffers = layers.map((m, l): LayerBuffers => {
    const units = m.stride;
    const transposed = transposedRow(rows + batch, operand);
    const drops = (l === layers.length - 1 ? dropout?.output : dropout?.input) ?? 0;
    const d = drops > 0 ? 1 : 0;
    return {
      acc: arena.f32(rows * m.n),
      gates: integers ? arena.i16(rows * (cells === 'level3' ? units : m.n)) : 0,
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
      dropped: d && arena.bytes(rows * units * operand),
      droppedTransposed: d && arena.bytes(units * transposed),
    };
  });
  const headRows = model.head.when === 'every-step' ? rows : batch;
  const headSteps = Math.max(1, Math.min(headRows / batch, Math.floor(65536 / (batch * head.n))));
  const uniqueMax = symbols ? Math.min(input.vocabSize, rows) : 0;
  const expands = symbols && dropout !== undefined && dropout.input > 0;
  const xRows = symbols ? uniqueMax : rows;
  const inputRows = expands ? rows : xRows;
  const inputTransposedRow = transposedRow(inputRows, operand);
  const n0 = layers[0].n;
  const hostInput = input.kind === 'one-hot' || scheme?.activations === 'ternary';
  const dRows = embedding || inputGradient ? inputRows : 0;
  const cut = Math.min(EXACT_PRODUCTS, pad2(rows));
  const widest = Math.max(...layers.map((m) => m.n), head.n);
  const fine = [...layers, head].map((m) => pad2(Math.min(cut, fineRows(m))) * m.n);
  return {
    ...{ scheme, cells, dropout, training, batch, steps, layers, head, buffers },
    ...{ symbols, embedding, hostInput, size, width, inputGradient, headSteps, headRows },
    ...{ uniqueMax, inputTransposedRow },
    params: arena.f32(size),
    grads: arena.f32(size * t),
    first: arena.f32(size * t),
    second: arena.f32(size * t),
    table: arena.f32(512),
    slots: arena.f32(symbols ? rows : 0),
    unique: arena.f32(uniqueMax),
    values: arena.f32(symbols || hostInput ? 0 : rows * model.layers[0].inputSize),
    targets: arena.f32(rows),
    input: arena.bytes(xRows * width * operand),
    expanded: expands ? arena.bytes(rows * width * operand) : 0,
    inputTransposed: arena.bytes(width * inputTransposedRow * t),
    projection: arena.f32(uniqueMax * n0),
    dProjection: arena.f32(uniqueMax * n0 * t),
    dProjectionHigh: arena.i16(uniqueMax * n0 * t),
    dProjectionLow: arena.i16(uniqueMax * n0 * t),
    dProjectionScale: arena.f32(uniqueMax * t),
    dProjectionLowScale: arena.f32(uniqueMax * t),
    dInput: dRows > 0 ? arena.f32(dRows * width * t) : 0,
    dDistinct: arena.f32(expands && embedding ? uniqueMax * width : 0),
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
