/** From a batch to the x of all steps, and from their gradients to the embeddings'. */
import type { Batch } from '../engine/engine.js';
import type { Range } from '../integer/float-lstm.js';
import { type Quantization, quantizeActivations } from '../integer/quantize.js';
import { whole } from './matrix.js';
import { inputWidth, type NetworkConfig } from './network-config.js';
import type { Layout } from './parameters.js';
import type { InputRows } from './trace.js';

export class InputReader {
  /** Most rows of one batch. */
  readonly rowsMax: number;
  private readonly width: number;
  /** [rows, width] */
  private readonly values: Float32Array;
  private readonly codes: Float32Array;
  /** Of tokens: row of each symbol in this batch or -1, symbol of each row, row of each step and lane. */
  private readonly rowOf: Int32Array;
  private readonly symbols: Int32Array;
  private readonly index: Int32Array;
  /** Of features: [steps, batch, features] of the batch at hand. */
  private features: Int32Array = new Int32Array(0);
  private count = 0;

  constructor(
    private readonly config: NetworkConfig,
    private readonly layout: Layout,
    timeSteps: number,
    private readonly batch: number,
  ) {
    const { input } = config;
    const steps = timeSteps * batch;
    const hasSymbols = input.kind === 'tokens' || input.kind === 'one-hot';
    const symbols = hasSymbols ? input.vocabSize : 0;
    this.rowsMax = hasSymbols ? Math.min(steps, symbols) : steps;
    this.width = inputWidth(config);
    const size = input.kind === 'one-hot' ? 0 : this.rowsMax * this.width;
    this.values = new Float32Array(size);
    this.codes = new Float32Array(size);
    this.rowOf = new Int32Array(symbols).fill(-1);
    this.symbols = new Int32Array(hasSymbols ? this.rowsMax : 0);
    this.index = new Int32Array(hasSymbols ? steps : 0);
  }

  /** x in real numbers; valid until the next call. */
  read({ timeSteps, tokens, features, values }: Batch, params: Float32Array): InputRows {
    const { config, width } = this;
    const steps = timeSteps * this.batch;
    this.count = steps;
    if (tokens) this.readTokens(tokens.subarray(0, steps), params);
    else if (features) this.readFeatures(features, steps, params);
    else if (values) this.values.set(values.subarray(0, steps * width));
    else throw new TypeError('integer training: the batch has no input');
    const isOneHot = config.input.kind === 'one-hot';
    return {
      count: this.count,
      values: isOneHot ? null : whole(this.values),
      codes: null,
      symbols: isOneHot ? this.symbols : null,
      index: tokens ? this.index : null,
    };
  }

  private readTokens(tokens: Int32Array, params: Float32Array): void {
    const { rowOf, symbols, index, values, width } = this;
    let count = 0;
    for (let k = 0; k < tokens.length; k++) {
      const symbol = tokens[k];
      if (rowOf[symbol] < 0) {
        rowOf[symbol] = count;
        symbols[count++] = symbol;
      }
      index[k] = rowOf[symbol];
    }
    for (let r = 0; r < count; r++) rowOf[symbols[r]] = -1;
    this.count = count;
    if (this.config.input.kind === 'one-hot') return;
    const { offset } = this.layout.tables[0];
    for (let r = 0; r < count; r++) {
      const from = offset + symbols[r] * width;
      for (let k = 0; k < width; k++) values[r * width + k] = params[from + k];
    }
  }

  private readFeatures(features: Int32Array, steps: number, params: Float32Array): void {
    const { tables } = this.layout;
    this.features = features;
    let column = 0;
    tables.forEach(({ offset, shape }, f) => {
      const size = shape[1];
      for (let r = 0; r < steps; r++) {
        const from = offset + features[r * tables.length + f] * size;
        const to = r * this.width + column;
        for (let k = 0; k < size; k++) this.values[to + k] = params[from + k];
      }
      column += size;
    });
  }

  /** Smallest and largest x of the batch at hand. */
  range(): Range {
    const range = { min: Infinity, max: -Infinity };
    for (let k = 0; k < this.count * this.width && k < this.values.length; k++) {
      if (this.values[k] < range.min) range.min = this.values[k];
      if (this.values[k] > range.max) range.max = this.values[k];
    }
    return range;
  }

  /** The same rows in integers; the real values become what those stand for. */
  quantize(rows: InputRows, quantization: Quantization, bits: 8 | 16): InputRows {
    if (rows.values === null) return rows;
    const { values, codes } = this;
    const size = rows.count * this.width;
    codes.set(quantizeActivations(values.subarray(0, size), quantization, bits));
    const { scale, zeroPoint } = quantization;
    for (let k = 0; k < size; k++) values[k] = (codes[k] - zeroPoint) * scale;
    return { ...rows, codes: whole(codes) };
  }

  /** Adds gradients of rows [count, width] to those of the embeddings they came from. */
  spread(dRows: Float64Array, gradient: Float64Array): void {
    const { config, layout, width, count, symbols, features } = this;
    const { tables } = layout;
    if (config.input.kind === 'tokens') {
      for (let r = 0; r < count; r++) {
        const to = tables[0].offset + symbols[r] * width;
        for (let k = 0; k < width; k++) gradient[to + k] += dRows[r * width + k];
      }
      return;
    }
    let column = 0;
    tables.forEach(({ offset, shape }, f) => {
      const size = shape[1];
      for (let r = 0; r < count; r++) {
        const to = offset + features[r * tables.length + f] * size;
        const from = r * width + column;
        for (let k = 0; k < size; k++) gradient[to + k] += dRows[from + k];
      }
      column += size;
    });
  }
}
