/**
 * The gradient through one direction of a layer, back through time, from what a forward pass left. With
 * D the derivative of the loss,
 *
 *   Dm = P^T Dh,  Do = Dm tanh(c),  Dc = Dm o (1 - tanh(c)^2) + f' Dc' + (peepholes' part)
 *   Df = Dc c_before,  Di = Dc g,  Dg = Dc i,  under CIFG  Df = Dc (c_before - g)
 *   Dz = D gate * derivative,  under layer normalization then  s (v - mean(v) - n mean(v n)),  v = L Dz
 *
 * n being the normalized sum and s 1 / deviation. Nothing flows back where c or h was cut to its limits.
 */
import { type Matrix, product, transpose, whole } from './matrix.js';
import type { DirectionShape } from './network-config.js';
import type { DirectionPlaces } from './parameters.js';
import type { InputRows, Trace } from './trace.js';

/** The gradient of a layer's output: [T, B, stride], this direction's part from `column` on. */
export interface OutputGradient {
  readonly data: Float64Array;
  readonly stride: number;
  readonly column: number;
  /** [T, B]: row of each step of this direction; null: row t * B + b. */
  readonly index: Int32Array | null;
}

export class DirectionGradient {
  /** [T, B, G * H] */
  private readonly dSums: Float32Array;
  /** [B, H]: of c, from the step after. */
  private readonly dCell: Float64Array;
  /** [B, N]: of h, from the step after. */
  private readonly dRecurrent: Float64Array;
  /** [T, B, N]: of P m. */
  private readonly dProjected: Float32Array;
  /** [B, H]: of o tanh(c). */
  private readonly dHidden: Float64Array;
  /** [distinct rows, G * H] */
  private readonly dRows: Float32Array;
  /** Transposed operands. */
  private readonly left: Float32Array;
  private readonly right: Float32Array;
  private readonly recurrentT: Float32Array;
  private readonly projectionT: Float32Array;
  private readonly inputT: Float32Array;

  constructor(
    private readonly shape: DirectionShape,
    private readonly places: DirectionPlaces,
    private readonly trace: Trace,
    timeSteps: number,
    private readonly batch: number,
    rowsMax: number,
  ) {
    const { gates, cellSize, outputSize, inputSize, variant } = shape;
    const width = gates.length * cellSize;
    const steps = timeSteps * batch;
    const isProjected = variant.projection > 0;
    this.dSums = new Float32Array(steps * width);
    this.dCell = new Float64Array(batch * cellSize);
    this.dRecurrent = new Float64Array(batch * outputSize);
    this.dProjected = new Float32Array(isProjected ? steps * outputSize : 0);
    this.dHidden = new Float64Array(batch * cellSize);
    this.dRows = new Float32Array(rowsMax * width);
    this.left = new Float32Array(Math.max(steps, rowsMax) * width);
    this.right = new Float32Array(
      Math.max(steps, rowsMax) * Math.max(cellSize, outputSize, inputSize),
    );
    this.recurrentT = new Float32Array(width * outputSize);
    this.projectionT = new Float32Array(isProjected ? cellSize * outputSize : 0);
    this.inputT = new Float32Array(width * inputSize);
  }

  /**
   * Adds to `gradient` [parameters], and to `dInput` [rows.count, inputSize] unless it is null. `weights`
   * are the parameters as the forward pass used them, [parameters].
   */
  run(
    timeSteps: number,
    rows: InputRows,
    dOutput: OutputGradient,
    weights: Float32Array,
    gradient: Float64Array,
    dInput: Float64Array | null,
  ): void {
    const { shape, places, batch, trace, dSums } = this;
    const { gates, cellSize, outputSize } = shape;
    const width = gates.length * cellSize;
    const at = ({ offset }: { readonly offset: number }): Matrix => ({ data: weights, offset });
    const recurrentT = transpose(at(places.recurrentWeights), width, outputSize, this.recurrentT);
    const projectionT =
      places.projection && transpose(at(places.projection), outputSize, cellSize, this.projectionT);
    this.dCell.fill(0);
    this.dRecurrent.fill(0);
    for (let t = timeSteps - 1; t >= 0; t--) {
      this.receive(t, dOutput);
      if (projectionT) {
        const dP = { data: this.dProjected, offset: t * batch * outputSize };
        product(this.dHidden, 0, dP, projectionT, batch, cellSize, outputSize, false);
      }
      for (let lane = 0; lane < batch; lane++) this.step(t, lane, weights, gradient);
      const dZ = { data: dSums, offset: t * batch * width };
      product(this.dRecurrent, 0, dZ, recurrentT, batch, outputSize, width, false);
    }
    const steps = timeSteps * batch;
    this.addProduct(
      gradient,
      places.recurrentWeights.offset,
      whole(dSums),
      width,
      whole(trace.h),
      outputSize,
      steps,
    );
    if (!shape.variant.hasLayerNorm) addColumns(gradient, places.bias.offset, dSums, steps, width);
    if (places.projection) {
      const { dProjected } = this;
      this.addProduct(
        gradient,
        places.projection.offset,
        whole(dProjected),
        outputSize,
        whole(trace.m),
        cellSize,
        steps,
      );
      addColumns(gradient, places.projectionBias!.offset, dProjected, steps, outputSize);
    }
    this.intoInput(steps, rows, weights, gradient, dInput);
  }

  /** The gradient of h at step t, cut where h was: into dProjected, or into dHidden without a projection. */
  private receive(t: number, { data, stride, column, index }: OutputGradient): void {
    const { batch, shape, trace, dRecurrent, dProjected, dHidden } = this;
    const { outputSize } = shape;
    const isProjected = shape.variant.projection > 0;
    for (let lane = 0; lane < batch; lane++) {
      const row = t * batch + lane;
      const from = (index === null ? row : index[row]) * stride + column;
      for (let n = 0; n < outputSize; n++) {
        const k = lane * outputSize + n;
        const at = t * batch * outputSize + k;
        const sum = trace.isOutputFree[at] === 0 ? 0 : data[from + n] + dRecurrent[k];
        if (isProjected) dProjected[at] = sum;
        else dHidden[k] = sum;
      }
    }
  }

  /** One lane's cells back by one step. */
  private step(t: number, lane: number, weights: Float32Array, gradient: Float64Array): void {
    const at = t * this.batch + lane;
    this.throughOutput(at, lane, weights, gradient);
    this.throughCells(at, lane);
    const { hasLayerNorm, hasPeephole } = this.shape.variant;
    const last = this.shape.gates.length - 1;
    for (let gate = 0; hasLayerNorm && gate < last; gate++) {
      this.throughNorm(at, gate, weights, gradient);
    }
    if (hasPeephole) this.throughPeepholes(at, lane, weights, gradient);
  }

  /** The gate o: its sums, and the new cell state through its peephole. */
  private throughOutput(
    at: number,
    lane: number,
    weights: Float32Array,
    gradient: Float64Array,
  ): void {
    const { shape, places, trace, batch, dSums, dCell, dHidden } = this;
    const { cellSize, gates } = shape;
    const last = gates.length - 1;
    const o = (at * gates.length + last) * cellSize;
    const before = at * cellSize;
    const state = lane * cellSize;
    for (let u = 0; u < cellSize; u++) {
      const output = trace.gates[o + u];
      dSums[o + u] = dHidden[state + u] * trace.squashed[before + u] * output * (1 - output);
    }
    if (shape.variant.hasLayerNorm) this.throughNorm(at, last, weights, gradient);
    if (!places.peephole) return;
    const offset = places.peephole.offset + places.peephole.size - cellSize;
    const after = before + batch * cellSize;
    for (let u = 0; u < cellSize; u++) {
      dCell[state + u] += dSums[o + u] * weights[offset + u];
      gradient[offset + u] += dSums[o + u] * trace.c[after + u];
    }
  }

  /** The cell state, and the gates i, f and g behind their sums. */
  private throughCells(at: number, lane: number): void {
    const { shape, trace, dSums, dCell, dHidden } = this;
    const { cellSize, gates, variant } = shape;
    const { isCifg } = variant;
    const from = at * gates.length * cellSize;
    const f = from + (isCifg ? 0 : cellSize);
    const g = f + cellSize;
    const o = g + cellSize;
    const before = at * cellSize;
    const state = lane * cellSize;
    const values = trace.gates;
    for (let u = 0; u < cellSize; u++) {
      const tanh = trace.squashed[before + u];
      const all = dCell[state + u] + dHidden[state + u] * values[o + u] * (1 - tanh * tanh);
      const dC = trace.isCellFree[before + u] === 0 ? 0 : all;
      const forget = values[f + u];
      const candidate = values[g + u];
      const input = isCifg ? 1 - forget : values[from + u];
      const dForget = dC * (trace.c[before + u] - (isCifg ? candidate : 0));
      if (!isCifg) dSums[from + u] = dC * candidate * input * (1 - input);
      dSums[f + u] = dForget * forget * (1 - forget);
      dSums[g + u] = dC * input * (1 - candidate * candidate);
      dCell[state + u] = dC * forget;
    }
  }

  /** The old cell state through the peepholes of i and f. */
  private throughPeepholes(
    at: number,
    lane: number,
    weights: Float32Array,
    gradient: Float64Array,
  ): void {
    const { shape, places, trace, dSums, dCell } = this;
    const { cellSize, gates, variant } = shape;
    const from = at * gates.length * cellSize;
    const { offset } = places.peephole!;
    const count = variant.isCifg ? cellSize : 2 * cellSize;
    for (let k = 0; k < count; k++) {
      const u = k % cellSize;
      dCell[lane * cellSize + u] += dSums[from + k] * weights[offset + k];
      gradient[offset + k] += dSums[from + k] * trace.c[at * cellSize + u];
    }
  }

  /** One gate's dSums from behind its layer normalization to before it. */
  private throughNorm(
    at: number,
    gate: number,
    weights: Float32Array,
    gradient: Float64Array,
  ): void {
    const { shape, places, trace, dSums } = this;
    const { cellSize, gates } = shape;
    const from = (at * gates.length + gate) * cellSize;
    const weight = places.layerNorm!.offset + gate * cellSize;
    const bias = places.bias.offset + gate * cellSize;
    const { normal } = trace;
    let mean = 0;
    let along = 0;
    for (let u = 0; u < cellSize; u++) {
      const d = dSums[from + u];
      gradient[weight + u] += d * normal[from + u];
      gradient[bias + u] += d;
      const v = d * weights[weight + u];
      mean += v;
      along += v * normal[from + u];
    }
    mean /= cellSize;
    along /= cellSize;
    const steepness = trace.steepness[at * gates.length + gate];
    for (let u = 0; u < cellSize; u++) {
      const v = dSums[from + u] * weights[weight + u];
      dSums[from + u] = steepness * (v - mean - normal[from + u] * along);
    }
  }

  /** gradient += a^T b: a [depth, rows], b [depth, columns]. */
  private addProduct(
    gradient: Float64Array,
    at: number,
    a: Matrix,
    rows: number,
    b: Matrix,
    columns: number,
    depth: number,
  ): void {
    const left = transpose(a, depth, rows, this.left);
    const right = transpose(b, depth, columns, this.right);
    product(gradient, at, left, right, rows, columns, depth, true);
  }

  private intoInput(
    steps: number,
    { values, symbols, index, count }: InputRows,
    weights: Float32Array,
    gradient: Float64Array,
    dInput: Float64Array | null,
  ): void {
    const { shape, places } = this;
    const { gates, cellSize, inputSize } = shape;
    const width = gates.length * cellSize;
    const dRows = index === null ? this.dSums : this.gather(steps, index, count, width);
    const { offset } = places.inputWeights;
    if (values === null) {
      for (let r = 0; r < count; r++) {
        for (let k = 0; k < width; k++) {
          gradient[offset + k * inputSize + symbols![r]] += dRows[r * width + k];
        }
      }
      return;
    }
    this.addProduct(gradient, offset, whole(dRows), width, values, inputSize, count);
    if (dInput === null) return;
    const inputT = transpose({ data: weights, offset }, width, inputSize, this.inputT);
    product(dInput, 0, whole(dRows), inputT, count, inputSize, width, true);
  }

  /** Sums of dSums over the steps that share a row. */
  private gather(steps: number, index: Int32Array, count: number, width: number): Float32Array {
    const { dRows, dSums } = this;
    dRows.fill(0, 0, count * width);
    for (let r = 0; r < steps; r++) {
      const to = index[r] * width;
      for (let k = 0; k < width; k++) dRows[to + k] += dSums[r * width + k];
    }
    return dRows;
  }
}

/** gradient += the sums of each column of [rows, columns]. */
export function addColumns(
  gradient: Float64Array,
  at: number,
  values: Float32Array,
  rows: number,
  columns: number,
): void {
  for (let r = 0; r < rows; r++) {
    for (let n = 0; n < columns; n++) gradient[at + n] += values[r * columns + n];
  }
}
