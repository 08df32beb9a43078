/** The real forward pass of one direction over a batch; the equations are in src/integer/float-lstm.ts. */
import { type Matrix, product } from './matrix.js';
import type { DirectionShape } from './network-config.js';
import type { DirectionPlaces } from './parameters.js';
import type { DirectionPass, InputRows, Trace } from './trace.js';

/** Added to a variance, as src/integer/float-lstm.ts does. */
const VARIANCE_FLOOR = 1e-8;

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
/** A third of the time of Math.tanh; its error, 2^-53 of 1, is far below float32. */
const tanh = (z: number): number => 1 - 2 / (1 + Math.exp(2 * z));

export class FloatDirection implements DirectionPass {
  readonly codes = null;
  /** [distinct rows, G * H]: W x */
  private readonly fromInput: Float64Array;
  /** [B, G * H]: all of a gate sum. */
  private readonly sums: Float64Array;
  /** [B, N]: P m */
  private readonly projected: Float64Array;

  constructor(
    private readonly shape: DirectionShape,
    private readonly places: DirectionPlaces,
    private readonly params: Float32Array,
    private readonly trace: Trace,
    private readonly batch: number,
    rowsMax: number,
  ) {
    const width = shape.gates.length * shape.cellSize;
    this.fromInput = new Float64Array(rowsMax * width);
    this.sums = new Float64Array(batch * width);
    this.projected = new Float64Array(shape.variant.projection > 0 ? batch * shape.outputSize : 0);
  }

  run(timeSteps: number, rows: InputRows): void {
    const { shape, batch, trace } = this;
    const { outputSize, cellSize, gates } = shape;
    const width = gates.length * cellSize;
    this.multiplyInput(rows);
    const recurrent = this.matrix(this.places.recurrentWeights);
    for (let t = 0; t < timeSteps; t++) {
      const h = { data: trace.h, offset: t * batch * outputSize };
      product(this.sums, 0, h, recurrent, batch, width, outputSize, false);
      for (let lane = 0; lane < batch; lane++) {
        const at = t * batch + lane;
        this.step(at, lane, rows.index === null ? at : rows.index[at]);
      }
      if (shape.variant.projection > 0) this.project(t);
    }
  }

  private matrix({ offset }: { readonly offset: number }): Matrix {
    return { data: this.params, offset };
  }

  private multiplyInput({ values, symbols, count }: InputRows): void {
    const { inputSize, cellSize, gates } = this.shape;
    const width = gates.length * cellSize;
    const weights = this.matrix(this.places.inputWeights);
    if (values !== null) {
      product(this.fromInput, 0, values, weights, count, width, inputSize, false);
      return;
    }
    for (let r = 0; r < count; r++) {
      const column = weights.offset + symbols![r];
      for (let k = 0; k < width; k++) {
        this.fromInput[r * width + k] = this.params[column + k * inputSize];
      }
    }
  }

  /** One lane's cells; `at` counts steps and lanes, `row` is that of its x. */
  private step(at: number, lane: number, row: number): void {
    this.sumGates(at, lane, row);
    this.updateCells(at, lane);
    this.emit(at, lane);
  }

  /** The sums of all gates; that of o lacks its peephole and normalization. */
  private sumGates(at: number, lane: number, row: number): void {
    const { shape, places, params, sums, fromInput, trace } = this;
    const { cellSize, gates, variant } = shape;
    const width = gates.length * cellSize;
    const from = lane * width;
    const bias = places.bias.offset;
    for (let k = 0; k < width; k++) {
      const own = variant.hasLayerNorm ? 0 : params[bias + k];
      sums[from + k] += fromInput[row * width + k] + own;
    }
    if (places.peephole) {
      const { offset } = places.peephole;
      // Those of i and f, or of f alone, stand first.
      const count = variant.isCifg ? cellSize : 2 * cellSize;
      const before = at * cellSize;
      for (let k = 0; k < count; k++) {
        sums[from + k] += params[offset + k] * trace.c[before + (k % cellSize)];
      }
    }
    if (!variant.hasLayerNorm) return;
    for (let gate = 0; gate < gates.length - 1; gate++) this.normalize(at, lane, gate);
  }

  private updateCells(at: number, lane: number): void {
    const { shape, sums, trace, batch } = this;
    const { cellSize, gates, variant } = shape;
    const { isCifg, cellClip } = variant;
    const width = gates.length * cellSize;
    const from = lane * width;
    const to = at * width;
    const [f, g] = isCifg ? [0, cellSize] : [cellSize, 2 * cellSize];
    const before = at * cellSize;
    const after = before + batch * cellSize;
    const values = trace.gates;
    for (let u = 0; u < cellSize; u++) {
      const forget = sigmoid(sums[from + f + u]);
      const candidate = tanh(sums[from + g + u]);
      const input = isCifg ? 1 - forget : sigmoid(sums[from + u]);
      if (!isCifg) values[to + u] = input;
      values[to + f + u] = forget;
      values[to + g + u] = candidate;
      const next = forget * trace.c[before + u] + input * candidate;
      const cut = cellClip > 0 ? Math.max(-cellClip, Math.min(cellClip, next)) : next;
      trace.isCellFree[before + u] = cut === next ? 1 : 0;
      trace.c[after + u] = cut;
    }
  }

  /** o, and with it m, or h without a projection. */
  private emit(at: number, lane: number): void {
    const { shape, places, params, sums, trace, batch } = this;
    const { cellSize, gates, variant } = shape;
    const o = (gates.length - 1) * cellSize;
    const from = lane * gates.length * cellSize + o;
    const to = at * gates.length * cellSize + o;
    const before = at * cellSize;
    const after = before + batch * cellSize;
    if (places.peephole) {
      const offset = places.peephole.offset + places.peephole.size - cellSize;
      for (let u = 0; u < cellSize; u++) sums[from + u] += params[offset + u] * trace.c[after + u];
    }
    if (variant.hasLayerNorm) this.normalize(at, lane, gates.length - 1);
    const isProjected = variant.projection > 0;
    const m = isProjected ? trace.m : trace.h;
    const mFrom = isProjected ? before : after;
    for (let u = 0; u < cellSize; u++) {
      const output = sigmoid(sums[from + u]);
      const squashed = tanh(trace.c[after + u]);
      trace.gates[to + u] = output;
      trace.squashed[before + u] = squashed;
      m[mFrom + u] = output * squashed;
      if (!isProjected) trace.isOutputFree[before + u] = 1;
    }
  }

  /** One gate's sums, in place: L (z - mean) / deviation + b */
  private normalize(at: number, lane: number, gate: number): void {
    const { shape, places, params, sums, trace } = this;
    const { cellSize, gates } = shape;
    const from = (lane * gates.length + gate) * cellSize;
    const to = (at * gates.length + gate) * cellSize;
    let mean = 0;
    for (let u = 0; u < cellSize; u++) mean += sums[from + u];
    mean /= cellSize;
    let variance = 0;
    for (let u = 0; u < cellSize; u++) variance += (sums[from + u] - mean) ** 2;
    const steepness = 1 / Math.sqrt(variance / cellSize + VARIANCE_FLOOR);
    trace.steepness[at * gates.length + gate] = steepness;
    const weight = places.layerNorm!.offset + gate * cellSize;
    const bias = places.bias.offset + gate * cellSize;
    for (let u = 0; u < cellSize; u++) {
      const normal = (sums[from + u] - mean) * steepness;
      trace.normal[to + u] = normal;
      sums[from + u] = normal * params[weight + u] + params[bias + u];
    }
  }

  /** h = P m + b, clipped. */
  private project(t: number): void {
    const { shape, places, params, trace, batch, projected } = this;
    const { cellSize, outputSize, variant } = shape;
    const m = { data: trace.m, offset: t * batch * cellSize };
    const weights = this.matrix(places.projection!);
    product(projected, 0, m, weights, batch, outputSize, cellSize, false);
    const before = t * batch * outputSize;
    const after = before + batch * outputSize;
    const bias = places.projectionBias!.offset;
    const clip = variant.projectionClip || Infinity;
    for (let k = 0; k < projected.length; k++) {
      const value = projected[k] + params[bias + (k % outputSize)];
      const cut = Math.max(-clip, Math.min(clip, value));
      trace.isOutputFree[before + k] = cut === value ? 1 : 0;
      trace.h[after + k] = cut;
    }
  }
}
