/**
 * Between two programs: what the products and cells of a matrix need beside its codes, and, where no kernel
 * codes it, its codes and the gradient of its masters.
 */
import { codeMatrix, type CodedMatrix, type MatrixPlan } from '../quant/code-matrix.js';
import { masterGradient } from '../quant/master-gradient.js';
import { type RowSink, scaleRows } from '../quant/quantizers.js';
import type { CellRows } from './host-cells.js';
import type { Layout, Matrix } from './layout.js';
import { paddedRow } from './parameters.js';
import { exactPairs, EXACT_PRODUCTS, PANEL, ROW_BLOCK } from './program.js';

/** A session's memory as numbers. */
export interface Views {
  readonly i16: Int16Array;
  readonly i32: Int32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
}

/** A matrix's row block (program.ts), [n] each. */
export interface RowBlock extends CellRows {
  readonly scale: Float32Array;
}

/** What padded rows compare with never opens a gate, and gives a ternary candidate of 0. */
const NEVER = 0x7fffffff;

export function rowBlock(
  { i32, f32, f64 }: Views,
  { block, n, stride, units, rows }: Matrix,
): RowBlock {
  const at = (offset: number): number => (block + offset * n) / 4;
  const reals = (offset: number): Float32Array => f32.subarray(at(offset), at(offset) + n);
  const ints = (offset: number): Int32Array => i32.subarray(at(offset), at(offset) + n);
  const ratio = at(ROW_BLOCK.ratio) / 2;
  const low = ints(ROW_BLOCK.low).fill(NEVER);
  if (rows > units) low.fill(~NEVER, 2 * stride, 3 * stride);
  return {
    ratio: f64.subarray(ratio, ratio + n),
    biasInt: ints(ROW_BLOCK.biasInt),
    low,
    high: ints(ROW_BLOCK.high).fill(NEVER),
    slope: reals(ROW_BLOCK.slope),
    bias: reals(ROW_BLOCK.bias),
    scale: reals(ROW_BLOCK.scale),
  };
}

/** Parameters or gradients of one matrix in a flat buffer. */
function flatView(f32: Float32Array, base: number, offset: number, count: number): Float32Array {
  return f32.subarray(base / 4 + offset, base / 4 + offset + count);
}

export interface MatrixCoder {
  /** From what the statistics found to the row block, and to codes where kernels do not make them. */
  code(plan: MatrixPlan | undefined): void;
  /** Pairs of dL/dz times codes that sum up exactly (gemm16). */
  readonly exactPairs: number;
  /** From gradients of effective weights to those of masters, where kernels do not do it. */
  finishGradient?(plan: MatrixPlan): void;
  /** Bytes outside the session's memory. */
  readonly bytes: number;
}

/** Rows whose codes kernels make: scales and decision points; of the float scheme biases only. */
export function kernelCoder(views: Views, layout: Layout, m: Matrix, block: RowBlock): MatrixCoder {
  const { f32, f64, i32 } = views;
  const words = (address: number): Float32Array => flatView(f32, address, 0, m.n);
  const bias = flatView(f32, layout.params, m.bias, m.n);
  const source = {
    maxAbs: words(m.maxAbs),
    nonzeros: i32.subarray(m.nonzeros / 4, m.nonzeros / 4 + m.n),
    gain: flatView(f32, layout.params, m.gain, m.n),
    bias,
  };
  const scale64 = f64.subarray(m.scale64 / 8, m.scale64 / 8 + m.n).fill(1);
  const setScale = (row: number, scale: number): void => {
    block.scale[row] = scale;
    scale64[row] = scale;
    block.slope[row] = scale * m.plan!.unit;
  };
  const sink: RowSink = {
    threshold(row, scale, low, high) {
      setScale(row, scale);
      block.low[row] = low;
      block.high[row] = high;
    },
    linear(row, scale, _multiplier, _shift, biasInt, ratio) {
      setScale(row, scale);
      block.ratio[row] = ratio;
      block.biasInt[row] = biasInt;
    },
  };
  return {
    exactPairs: EXACT_PRODUCTS / 2,
    bytes: 0,
    code(plan) {
      block.bias.set(bias);
      plan?.groups.forEach(({ output }, g) => {
        const begin = g * m.stride;
        const rows = { begin, end: begin + m.units, columns: plan.columns, output };
        scaleRows(rows, m.coding === 'ternary' ? 'ternary' : 'int8', source, sink);
      });
    },
  };
}

/** Rows coded by codeMatrix, from masters that the statistics have brought into rows. */
export class HostCoder implements MatrixCoder {
  exactPairs = EXACT_PRODUCTS / 2;
  private readonly columns: number;
  private readonly weights: Float32Array;
  private readonly bias: Float32Array;
  private readonly gain: Float32Array;
  private readonly scales: Float32Array | undefined;
  private readonly gradient: Float32Array;
  private readonly dGain: Float32Array;
  private curvature: Float32Array | undefined;
  private coded: CodedMatrix | undefined;

  /** `findCurvature`: that of the present masters, [rows, columns], where the codings look at it. */
  constructor(
    private readonly views: Views,
    private readonly layout: Layout,
    private readonly m: Matrix,
    private readonly block: RowBlock,
    private readonly findCurvature: () => Float32Array | undefined,
  ) {
    this.columns = m.inputSize + m.hiddenSize;
    this.weights = new Float32Array(m.rows * this.columns);
    this.bias = new Float32Array(m.rows);
    this.gain = new Float32Array(m.operands * m.rows);
    this.gradient = new Float32Array(layout.training ? this.weights.length : 0);
    this.dGain = new Float32Array(this.gain.length);
    if (m.scaleCount > 0) {
      this.scales = flatView(views.f32, layout.params, m.scales, m.scaleCount);
    }
  }

  get bytes(): number {
    return this.weights.byteLength + this.gradient.byteLength;
  }

  private get source() {
    const { weights, bias, gain, curvature, scales } = this;
    return { weights, bias, gain, curvature, scales };
  }

  /** move(index in `weights`, first element of its row in memory, columns of x or h in it). */
  private eachPart(move: (dense: number, inMemory: number, count: number) => void): void {
    const { rowMajor, rowMajorRow, rows, x, inputSize, hiddenSize } = this.m;
    for (let r = 0; r < rows; r++) {
      const from = (rowMajor + paddedRow(this.m, r) * rowMajorRow) / 4;
      const dense = r * this.columns;
      if (x === inputSize) move(dense, from, this.columns);
      else {
        move(dense, from, inputSize);
        move(dense + inputSize, from + x, hiddenSize);
      }
    }
  }

  private load(into: Float32Array): void {
    const { f32 } = this.views;
    this.eachPart((dense, from, count) => {
      into.set(f32.subarray(from, from + count), dense);
    });
  }

  private store(values: Float32Array): void {
    const { f32 } = this.views;
    this.eachPart((dense, to, count) => {
      f32.set(values.subarray(dense, dense + count), to);
    });
  }

  code(plan: MatrixPlan): void {
    const { m, block } = this;
    const { f32 } = this.views;
    const { params } = this.layout;
    this.load(this.weights);
    for (let r = 0; r < m.rows; r++) {
      const row = paddedRow(m, r);
      this.bias[r] = f32[params / 4 + m.bias + row];
      for (let s = 0; s < m.operands; s++) {
        this.gain[s * m.rows + r] = f32[params / 4 + m.gain + s * m.n + row];
      }
    }
    this.curvature = this.findCurvature();
    const coded = codeMatrix(plan, this.source);
    this.coded = coded;
    coded.rows.forEach((parameters, r) => {
      const row = paddedRow(m, r);
      block.scale[row] = coded.scale[r];
      block.slope[row] = coded.scale[r] * plan.unit;
      block.bias[row] = this.bias[r] * plan.slope;
      if (parameters.kind === 'linear') {
        block.ratio[row] = parameters.multiplier / 2 ** parameters.shift;
        block.biasInt[row] = parameters.bias;
      } else {
        block.low[row] = parameters.low;
        block.high[row] = parameters.high;
      }
    });
    this.exactPairs = exactPairs(this.pack(coded.effective));
  }

  /** Codes into panels of pairs; returns the largest magnitude. */
  private pack(effective: Int16Array): number {
    const { m, columns } = this;
    let largest = 0;
    for (let r = 0; r < m.rows; r++) {
      const row = paddedRow(m, r);
      const to = m.packed / 4 + Math.floor(row / PANEL) * (m.panel / 4) + (row % PANEL);
      const x = r * columns;
      const h = x + m.inputSize;
      largest = Math.max(largest, this.packPart(effective, x, h, to));
      largest = Math.max(largest, this.packPart(effective, h, x + columns, to + m.panelX / 4));
    }
    return largest;
  }

  /** Codes `begin` to `end` of a row to words a panel apart; returns the largest magnitude. */
  private packPart(effective: Int16Array, begin: number, end: number, to: number): number {
    const { i32 } = this.views;
    let [low, high] = [0, 0];
    let k = begin;
    for (; k + 1 < end; k += 2, to += PANEL) {
      const even = effective[k];
      const odd = effective[k + 1];
      if (even < low) low = even;
      if (even > high) high = even;
      if (odd < low) low = odd;
      if (odd > high) high = odd;
      i32[to] = (even & 0xffff) | (odd << 16);
    }
    if (k < end) i32[to] = effective[k] & 0xffff;
    const last = k < end ? effective[k] : 0;
    return Math.max(-low, high, Math.abs(last));
  }

  finishGradient(plan: MatrixPlan): void {
    const { m, coded, gradient, dGain } = this;
    const { f32 } = this.views;
    const { grads } = this.layout;
    this.load(gradient);
    const dScales = m.scaleCount > 0 ? flatView(f32, grads, m.scales, m.scaleCount) : undefined;
    masterGradient(plan, coded!, this.source, gradient, dGain, dScales);
    this.store(gradient);
    for (let r = 0; r < m.rows; r++) {
      const row = paddedRow(m, r);
      for (let s = 0; s < m.operands; s++) {
        f32[grads / 4 + m.gain + s * m.n + row] = dGain[s * m.rows + r];
      }
    }
    if (plan.slope === 1) return;
    const bias = flatView(f32, grads, m.bias, m.n);
    for (let r = 0; r < m.n; r++) bias[r] *= plan.slope;
  }
}
