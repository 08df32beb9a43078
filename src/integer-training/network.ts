/** A network of LSTM layers over batches: forward in real or integer arithmetic, and its gradient. */
import type { Batch } from '../engine/engine.js';
import { emptyRanges, type Range } from '../integer/float-lstm.js';
import { Head } from './head.js';
import { InputReader } from './input-reader.js';
import { kernelOf } from '../integer/model.js';
import { Layer, type NetworkOptions } from './layer.js';
import { crossEntropy, halfSquares, type Loss } from './loss.js';
import type { Matrix } from './matrix.js';
import type { NetworkConfig } from './network-config.js';
import { type Layout, layoutOf } from './parameters.js';
import type { ModelRanges, QuantizedNetwork } from './quantize-model.js';
import type { InputRows } from './trace.js';

export type { NetworkOptions } from './layer.js';

export interface NetworkResult extends Loss {
  /** [rows, classes] real logits, rows = T * B or, at the last step only, B. */
  readonly logits: Float64Array;
  readonly rows: number;
}

export class Network {
  readonly layout: Layout;
  private readonly reader: InputReader;
  private readonly layers: readonly Layer[];
  private readonly head: Head;
  private readonly top: Layer;
  /** Of the input's rows; empty where no embedding learns. */
  private readonly dInput: Float64Array;
  /** [T, B]: the row of each step of a direction backward. */
  private readonly reversed: Int32Array;
  private quantized: QuantizedNetwork | undefined;
  private inputRange: Range = emptyRanges().x;

  constructor(
    readonly config: NetworkConfig,
    /** [layout.size] */
    readonly params: Float32Array,
    private readonly options: NetworkOptions,
  ) {
    const { batch, timeSteps, isTrained } = options;
    const layout = layoutOf(config);
    const reader = new InputReader(config, layout, timeSteps, batch);
    const steps = timeSteps * batch;
    const reversed = new Int32Array(config.bidirectional ? steps : 0);
    this.layout = layout;
    this.reader = reader;
    this.reversed = reversed;
    this.layers = layout.layers.map(
      (places, l) =>
        new Layer(`layer${l}`, places, params, options, l === 0 ? reader.rowsMax : steps, reversed),
    );
    this.top = this.layers[this.layers.length - 1];
    const rows = config.when === 'last-step' ? batch : steps;
    this.head = new Head(config, layout.head, rows, isTrained);
    const learnsInput = layout.tables.length > 0 && isTrained;
    const inputSize = learnsInput ? layout.layers[0].shape.inputSize : 0;
    this.dInput = new Float64Array(reader.rowsMax * inputSize);
  }

  /** Compute with these integers from now on; for integer arithmetic. */
  load(quantized: QuantizedNetwork): void {
    this.quantized = quantized;
    this.layers.forEach((layer, l) => layer.load(quantized.layers[l]));
    this.head.load(quantized.model.head);
  }

  /** What the integer passes of the last run saw. */
  seen(): ModelRanges {
    return this.layers.map((layer, l) =>
      layer.seen(l === 0 ? { ...this.inputRange } : emptyRanges().x),
    );
  }

  /** The state of one lane, or of all, becomes zero. */
  reset(lane?: number): void {
    if (lane !== undefined) for (const layer of this.layers) layer.reset(lane);
    else for (const state of Object.values(this.states())) state.fill(0);
  }

  /** The carried state: h [B, N] and c [B, H] of every direction by name; views. */
  states(): Record<string, Float32Array> {
    return Object.assign({}, ...this.layers.map((layer) => layer.states()));
  }

  /** Loss and logits of a batch; the states carry over to the next. */
  forward(batch: Batch): NetworkResult {
    const { result } = this.run(batch, null);
    this.carry(batch.timeSteps);
    return result;
  }

  /** The same; `gradient` [layout.size] becomes that of the mean loss. */
  gradient(batch: Batch, gradient: Float64Array): NetworkResult {
    gradient.fill(0);
    const { result, rows } = this.run(batch, this.head.dLogits);
    this.backward(batch.timeSteps, rows, gradient);
    this.carry(batch.timeSteps);
    return result;
  }

  private carry(timeSteps: number): void {
    for (const layer of this.layers) layer.carry(timeSteps);
  }

  private run(
    batch: Batch,
    dLogits: Float32Array | null,
  ): { readonly result: NetworkResult; readonly rows: InputRows } {
    const { timeSteps, lengths, targets, reals } = batch;
    const { config, head, params } = this;
    if (timeSteps > this.options.timeSteps) {
      throw new RangeError(`network: ${timeSteps} steps, made for ${this.options.timeSteps}`);
    }
    if (config.bidirectional) this.reverse(timeSteps, lengths);
    const rows = this.readInput(batch);
    let values = rows;
    for (const layer of this.layers) values = layer.run(timeSteps, values);
    const { skipped, count } = this.headRows(timeSteps);
    head.run(this.after((this.quantized ? values.codes : values.values)!, skipped), count, params);
    const loss =
      config.output === 'value'
        ? halfSquares(head.logits, reals!, count, dLogits)
        : targets
          ? crossEntropy(head.logits, targets, count, config.classes, dLogits)
          : { sum: 0, count: 0 };
    const logits = head.logits.subarray(0, count * config.classes);
    return { result: { ...loss, rows: count, logits }, rows };
  }

  private readInput(batch: Batch): InputRows {
    const { reader, quantized } = this;
    const rows = reader.read(batch, this.params);
    if (quantized === undefined) return rows;
    const { model } = quantized;
    this.inputRange = reader.range();
    return reader.quantize(rows, model.inputQuantization, kernelOf(model).activationBits);
  }

  /** Each lane backward within its length; what pads it stays in place. */
  private reverse(timeSteps: number, lengths: Int32Array | undefined): void {
    const { batch } = this.options;
    for (let t = 0; t < timeSteps; t++) {
      for (let lane = 0; lane < batch; lane++) {
        const length = lengths?.[lane] ?? timeSteps;
        this.reversed[t * batch + lane] = (t < length ? length - 1 - t : t) * batch + lane;
      }
    }
  }

  /** Where the rows begin that the head reads, and how many there are. */
  private headRows(timeSteps: number): { readonly skipped: number; readonly count: number } {
    const { batch } = this.options;
    return this.config.when === 'last-step'
      ? { skipped: (timeSteps - 1) * batch, count: batch }
      : { skipped: 0, count: timeSteps * batch };
  }

  private after({ data, offset }: Matrix, rows: number): Matrix {
    return { data, offset: offset + rows * this.top.width };
  }

  private backward(timeSteps: number, rows: InputRows, gradient: Float64Array): void {
    const { layers, top, head, layout, reader, dInput } = this;
    const weights = this.quantized?.effective ?? this.params;
    const { skipped, count } = this.headRows(timeSteps);
    const h = this.after(top.output(timeSteps).values!, skipped);
    if (skipped > 0) top.dOutput.fill(0);
    head.backward(h, count, weights, gradient, top.dOutput, skipped * top.width);
    for (let l = layers.length - 1; l >= 0; l--) {
      const below = l > 0 ? layers[l - 1] : undefined;
      const taken = below ? below.output(timeSteps) : rows;
      const dTaken = below ? below.dOutput : layout.tables.length > 0 ? dInput : null;
      layers[l].runBackward(timeSteps, taken, weights, gradient, dTaken);
    }
    if (layout.tables.length > 0) reader.spread(dInput, gradient);
  }
}
