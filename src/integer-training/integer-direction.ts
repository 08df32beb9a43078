/**
 * The integer forward pass of one direction over a batch: bit for bit `step` of src/integer/lstm.ts lane by
 * lane, with the products of all lanes together. What it leaves for the gradient are the real numbers that
 * its integers stand for.
 */
import { sigmoidTable, tanhTable } from '../integer/activations.js';
import {
  INT16_MAX,
  powerOfTwo,
  requantize,
  roundingShiftRight,
  saturate,
  saturate16,
  wrap16,
} from '../integer/fixed-point.js';
import { emptyRanges, type GateLetter, type Range, type Ranges } from '../integer/float-lstm.js';
import { layerNorm } from '../integer/layer-norm.js';
import type { IntegerGate, IntegerLstm } from '../integer/lstm.js';
import type { Quantization } from '../integer/quantize.js';
import { product, whole } from './matrix.js';
import type { DirectionShape } from './network-config.js';
import { rescaleSums } from './rescale.js';
import type { DirectionPass, InputRows, Trace } from './trace.js';

/** A layer with what its numbers stand for. */
export interface ScaledLstm {
  readonly layer: IntegerLstm;
  readonly output: Quantization;
  /** Of m, before the projection; that of the output without one. */
  readonly hidden: Quantization;
  /** Real value of one unit of each gate's sum. */
  readonly sumScales: Readonly<Record<GateLetter, number>>;
}

const GATE_UNIT = 2 ** -15;

function widen(range: Range, value: number): void {
  if (value < range.min) range.min = value;
  if (value > range.max) range.max = value;
}

export class IntegerDirection implements DirectionPass {
  readonly codes: Float32Array;
  /** What the last run saw, clipped as real numbers are, before anything saturated; x is not among it. */
  seen: Ranges = emptyRanges();
  private scaled!: ScaledLstm;
  private gates: readonly IntegerGate[] = [];
  private sigmoid!: Int16Array;
  private tanh!: Int16Array;
  private cellTanh!: Int16Array;
  /** Operands: integers as float32. */
  private readonly inputCodes: Float32Array;
  private readonly recurrentCodes: Float32Array;
  private readonly projectionCodes: Float32Array;
  /** [distinct rows, G * H]: accumulators of W x, then their part of the gate sums. */
  private readonly fromInput: Float64Array;
  /** [B, G * H] */
  private readonly acc: Float64Array;
  /** [H]: one gate's recurrent part. */
  private readonly part: Float64Array;
  /** [H] of each gate: its sums, then its values. */
  private readonly values: readonly Int16Array[];
  /** [B, H] */
  private readonly c: Int16Array;
  private readonly m: Float32Array;
  /** [B, N]: accumulators of P m, and the same rescaled. */
  private readonly projectedAcc: Float64Array;
  private readonly projected: Float64Array;

  constructor(
    private readonly shape: DirectionShape,
    private readonly trace: Trace,
    timeSteps: number,
    private readonly batch: number,
    rowsMax: number,
  ) {
    const { gates, cellSize, outputSize, inputSize, variant } = shape;
    const width = gates.length * cellSize;
    const isProjected = variant.projection > 0;
    this.codes = new Float32Array((timeSteps + 1) * batch * outputSize);
    this.inputCodes = new Float32Array(width * inputSize);
    this.recurrentCodes = new Float32Array(width * outputSize);
    this.projectionCodes = new Float32Array(isProjected ? outputSize * cellSize : 0);
    this.fromInput = new Float64Array(rowsMax * width);
    this.acc = new Float64Array(batch * width);
    this.part = new Float64Array(cellSize);
    this.values = gates.map(() => new Int16Array(cellSize));
    this.c = new Int16Array(batch * cellSize);
    this.m = new Float32Array(isProjected ? batch * cellSize : 0);
    this.projectedAcc = new Float64Array(isProjected ? batch * outputSize : 0);
    this.projected = new Float64Array(isProjected ? batch * outputSize : 0);
  }

  /** Compute with this layer from now on. */
  load(scaled: ScaledLstm): void {
    const { layer } = scaled;
    const { cellSize, inputSize, outputSize } = this.shape;
    this.scaled = scaled;
    this.gates = this.shape.gates.map((name) => layer.gates[name]!);
    const { activation } = layer.kernel;
    this.sigmoid = sigmoidTable(activation);
    this.tanh = tanhTable(3, activation);
    this.cellTanh = tanhTable(layer.cell.scaleLog2 + layer.cell.bits - 1, activation);
    this.gates.forEach(({ inputWeights, recurrentWeights }, k) => {
      this.inputCodes.set(inputWeights, k * cellSize * inputSize);
      this.recurrentCodes.set(recurrentWeights, k * cellSize * outputSize);
    });
    if (layer.projection) this.projectionCodes.set(layer.projection.weights);
  }

  run(timeSteps: number, rows: InputRows): void {
    const { shape, batch, codes, acc } = this;
    const { outputSize, cellSize, gates } = shape;
    const width = gates.length * cellSize;
    this.seen = emptyRanges();
    this.start();
    this.multiplyInput(rows);
    for (let t = 0; t < timeSteps; t++) {
      const h = { data: codes, offset: t * batch * outputSize };
      product(acc, 0, h, whole(this.recurrentCodes), batch, width, outputSize, false);
      for (let lane = 0; lane < batch; lane++) {
        const at = t * batch + lane;
        this.step(at, lane, rows.index === null ? at : rows.index[at]);
      }
      if (this.scaled.layer.projection) this.project(t);
    }
  }

  /** The integers of the state in front of the trace. */
  private start(): void {
    const { trace, codes, c, batch, shape } = this;
    const { output, layer } = this.scaled;
    const { cell, kernel } = layer;
    const limit = powerOfTwo(kernel.activationBits - 1);
    for (let k = 0; k < batch * shape.outputSize; k++) {
      const code = Math.round(trace.h[k] / output.scale) + output.zeroPoint;
      codes[k] = saturate(code, -limit, limit - 1);
    }
    const unit = powerOfTwo(-cell.scaleLog2);
    const cellLimit = powerOfTwo(cell.bits - 1);
    for (let k = 0; k < c.length; k++) {
      c[k] = saturate(Math.round(trace.c[k] * unit), -cellLimit, cellLimit - 1);
    }
  }

  /** The input's part of all gate sums, saturated to 16 bits. */
  private multiplyInput({ codes, symbols, count }: InputRows): void {
    const { shape, inputCodes, fromInput, gates } = this;
    const { kernel } = this.scaled.layer;
    const { inputSize, cellSize } = shape;
    const width = gates.length * cellSize;
    if (codes !== null) {
      product(fromInput, 0, codes, whole(inputCodes), count, width, inputSize, false);
    } else {
      // The cold inputs are real zero, so are their codes: one-hot inputs have zero point 0.
      const hot = hotCode(kernel.activationBits);
      for (let r = 0; r < count; r++) {
        for (let k = 0; k < width; k++) {
          fromInput[r * width + k] = hot * inputCodes[k * inputSize + symbols![r]];
        }
      }
    }
    for (let r = 0; r < count; r++) {
      gates.forEach(({ inputBias, inputScale }, k) => {
        const at = r * width + k * cellSize;
        rescaleSums(kernel, fromInput, at, inputBias, inputScale, fromInput, at);
        for (let u = at; u < at + cellSize; u++) fromInput[u] = saturate16(fromInput[u]);
      });
    }
  }

  /** One lane's cells; `at` counts steps and lanes, `row` is that of its x. */
  private step(at: number, lane: number, row: number): void {
    const { shape, values, trace } = this;
    const { cellSize, gates, variant } = shape;
    const width = gates.length * cellSize;
    for (let k = 0; k < gates.length - 1; k++) this.evaluate(k, lane, row, at);
    this.updateCells(at, lane);
    this.evaluate(gates.length - 1, lane, row, at);
    for (let k = 0; k < gates.length; k++) {
      const to = at * width + k * cellSize;
      const value = values[k];
      for (let u = 0; u < cellSize; u++) trace.gates[to + u] = value[u] * GATE_UNIT;
    }
    this.emit(at, lane, variant.projection > 0);
  }

  /** Gate k of a lane into values[k], Q0.15. */
  private evaluate(k: number, lane: number, row: number, at: number): void {
    const { shape, scaled, gates, values, part, acc, fromInput } = this;
    const { cellSize } = shape;
    const { kernel } = scaled.layer;
    const gate = gates[k];
    const z = values[k];
    const width = gates.length * cellSize;
    const from = lane * width + k * cellSize;
    const input = row * width + k * cellSize;
    rescaleSums(kernel, acc, from, gate.recurrentBias, gate.recurrentScale, part, 0);
    const isTflm = kernel.arithmetic === 'tflm';
    let low = Infinity;
    let high = -Infinity;
    for (let u = 0; u < cellSize; u++) {
      const sum = fromInput[input + u] + (isTflm ? saturate16(part[u]) : part[u]);
      z[u] = saturate16(sum);
      if (sum < low) low = sum;
      if (sum > high) high = sum;
    }
    if (gate.peephole !== null) {
      const { weights, scale } = gate.peephole;
      for (let u = 0; u < cellSize; u++) {
        const product = weights[u] * this.c[lane * cellSize + u];
        const sum = z[u] + requantize(product, scale, kernel.rounding);
        z[u] = saturate16(sum);
        if (sum < low) low = sum;
        if (sum > high) high = sum;
      }
    }
    const name = shape.gates[k];
    if (gate.layerNorm !== null) {
      const unit = scaled.sumScales[name];
      widen(this.seen.gateSums[name], low * unit);
      widen(this.seen.gateSums[name], high * unit);
      this.recordNormal(k, z, at);
      layerNorm(z, gate.layerNorm, kernel.rounding);
    }
    const table = name === 'g' ? this.tanh : this.sigmoid;
    for (let u = 0; u < cellSize; u++) z[u] = table[z[u] + 32768];
  }

  /** The normalized sums and 1 / deviation in real numbers. */
  private recordNormal(k: number, z: Int16Array, at: number): void {
    const { shape, trace, scaled } = this;
    const { cellSize, gates } = shape;
    let mean = 0;
    for (let u = 0; u < cellSize; u++) mean += z[u];
    mean /= cellSize;
    let variance = 0;
    for (let u = 0; u < cellSize; u++) variance += (z[u] - mean) ** 2;
    // Where all sums are alike the integers divide by at least 1.
    const inverse = 1 / Math.sqrt(Math.max(1, variance / cellSize));
    trace.steepness[at * gates.length + k] = inverse / scaled.sumScales[gates[k]];
    const to = (at * gates.length + k) * cellSize;
    for (let u = 0; u < cellSize; u++) trace.normal[to + u] = (z[u] - mean) * inverse;
  }

  private updateCells(at: number, lane: number): void {
    const { shape, values, trace, batch, seen } = this;
    const { cell, kernel } = this.scaled.layer;
    const { cellSize, variant } = shape;
    const [f, g] = variant.isCifg ? values : values.slice(1);
    const limit = powerOfTwo(cell.bits - 1);
    const low = cell.clip > 0 ? Math.max(-cell.clip, -limit) : -limit;
    const high = cell.clip > 0 ? Math.min(cell.clip, limit - 1) : limit - 1;
    const unit = powerOfTwo(cell.scaleLog2);
    const isShifted = kernel.arithmetic === 'tflite';
    const isTflm = kernel.arithmetic === 'tflm';
    const { rounding } = kernel;
    const before = at * cellSize;
    const after = before + batch * cellSize;
    const state = lane * cellSize;
    let least = Infinity;
    let most = -Infinity;
    for (let u = 0; u < cellSize; u++) {
      const forget = f[u];
      const input = variant.isCifg ? INT16_MAX - forget : values[0][u];
      const [keeps, enters] = [forget * this.c[state + u], input * g[u]];
      let next: number;
      if (isShifted) {
        next =
          wrap16(roundingShiftRight(keeps, 15)) +
          wrap16(roundingShiftRight(enters, 30 + cell.scaleLog2));
      } else {
        const entered = requantize(enters, cell.inputScale, rounding);
        next =
          saturate16(requantize(keeps, cell.forgetScale, rounding)) +
          (isTflm ? saturate16(entered) : entered);
      }
      const cut = saturate(next, low, high);
      if (next < least) least = next;
      if (next > most) most = next;
      this.c[state + u] = cut;
      trace.isCellFree[before + u] = cut === next ? 1 : 0;
      trace.c[after + u] = cut * unit;
    }
    const clip = variant.cellClip || Infinity;
    widen(seen.c, Math.max(least * unit, -clip));
    widen(seen.c, Math.min(most * unit, clip));
  }

  /** m, or h without a projection. */
  private emit(at: number, lane: number, isProjected: boolean): void {
    const { shape, values, trace, batch, codes, seen, scaled } = this;
    const { hidden, cell, kernel } = scaled.layer;
    const { cellSize } = shape;
    const o = values[values.length - 1];
    const limit = powerOfTwo(kernel.activationBits - 1);
    const toTanh = powerOfTwo(16 - cell.bits);
    const { scale, zeroPoint } = scaled.hidden;
    const before = at * cellSize;
    const after = before + batch * cellSize;
    let least = Infinity;
    let most = -Infinity;
    for (let u = 0; u < cellSize; u++) {
      const squashed = this.cellTanh[this.c[lane * cellSize + u] * toTanh + 32768];
      const code = requantize(o[u] * squashed, hidden.scale, kernel.rounding) + hidden.zeroPoint;
      const cut = saturate(code, -limit, limit - 1);
      if (code < least) least = code;
      if (code > most) most = code;
      trace.squashed[before + u] = squashed * GATE_UNIT;
      const real = (cut - zeroPoint) * scale;
      if (isProjected) {
        this.m[lane * cellSize + u] = cut;
        trace.m[before + u] = real;
      } else {
        codes[after + u] = cut;
        trace.h[after + u] = real;
        trace.isOutputFree[before + u] = cut === code ? 1 : 0;
      }
    }
    const range = isProjected ? seen.m : seen.h;
    widen(range, (least - zeroPoint) * scale);
    widen(range, (most - zeroPoint) * scale);
  }

  /** h = P m + b, saturated and clipped. */
  private project(t: number): void {
    const { shape, trace, batch, codes, projectedAcc, projected, seen, scaled } = this;
    const { kernel, outputZeroPoint } = scaled.layer;
    const { clip, bias, scale } = scaled.layer.projection!;
    const { cellSize, outputSize } = shape;
    product(
      projectedAcc,
      0,
      whole(this.m),
      whole(this.projectionCodes),
      batch,
      outputSize,
      cellSize,
      false,
    );
    for (let lane = 0; lane < batch; lane++) {
      const from = lane * outputSize;
      rescaleSums(kernel, projectedAcc, from, bias, scale, projected, from);
    }
    const limit = powerOfTwo(kernel.activationBits - 1);
    const low = clip > 0 ? Math.max(-clip, -limit) : -limit;
    const high = clip > 0 ? Math.min(clip, limit - 1) : limit - 1;
    const before = t * batch * outputSize;
    const after = before + batch * outputSize;
    const unit = scaled.output.scale;
    let least = Infinity;
    let most = -Infinity;
    for (let k = 0; k < projected.length; k++) {
      const code = projected[k] + outputZeroPoint;
      const cut = saturate(code, low, high);
      if (code < least) least = code;
      if (code > most) most = code;
      codes[after + k] = cut;
      trace.h[after + k] = (cut - outputZeroPoint) * unit;
      trace.isOutputFree[before + k] = cut === code ? 1 : 0;
    }
    const realClip = shape.variant.projectionClip || Infinity;
    widen(seen.h, Math.max((least - outputZeroPoint) * unit, -realClip));
    widen(seen.h, Math.min((most - outputZeroPoint) * unit, realClip));
  }
}

/** The code of 1 in a one-hot input, whose scale is its inverse. */
export function hotCode(activationBits: 8 | 16): number {
  return activationBits === 8 ? 127 : 32767;
}
