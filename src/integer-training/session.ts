/** One training run between two steps: parameters, optimizer, ranges, carried states. */
import type { Batch } from '../engine/engine.js';
import { f32, type Tensors } from '../model/model.js';
import { Adam, type AdamConfig } from './adam.js';
import { Network } from './network.js';
import type { NetworkConfig } from './network-config.js';
import { fromTensors, toTensors } from './parameters.js';
import {
  type IntegerOptions,
  type ModelRanges,
  quantizeNetwork,
  type QuantizedNetwork,
} from './quantize-model.js';
import { followRanges, rangesFromArray, rangesToArray } from './ranges.js';

/** The numbers that training changes. */
export interface Learned {
  /** [layout.size] */
  readonly params: Float32Array;
  /** Of quantization-aware training. */
  readonly ranges?: ModelRanges | undefined;
}

export interface TrainingSessionConfig {
  readonly network: NetworkConfig;
  readonly batch: number;
  readonly timeSteps: number;
  readonly optimizer: AdamConfig;
  /** Train through the integers of these formats. */
  readonly options?: IntegerOptions | undefined;
}

const RANGES = 'ranges';

export class TrainingSession {
  private readonly network: Network;
  private readonly params: Float32Array;
  private ranges: ModelRanges | undefined;
  private readonly adam: Adam;
  private readonly gradient: Float64Array;

  /** Starts from a copy of `start`; its ranges are needed with `options`. */
  constructor(
    private readonly config: TrainingSessionConfig,
    start: Learned,
  ) {
    const { network, batch, timeSteps, optimizer, options } = config;
    this.params = start.params.slice();
    this.setRanges(start.ranges);
    if (options && !this.ranges) throw new TypeError('integer training: ranges are missing');
    this.network = new Network(network, this.params, {
      ...{ batch, timeSteps, isTrained: true },
      arithmetic: options ? 'integer' : 'float',
    });
    this.adam = new Adam(this.params, optimizer);
    this.gradient = new Float64Array(this.params.length);
  }

  /** A copy through float32, as a snapshot holds them: a resumed run must not differ. */
  private setRanges(ranges: ModelRanges | undefined): void {
    this.ranges = ranges && rangesFromArray(rangesToArray(ranges), ranges.length);
  }

  /** The present parameters as integers; undefined when training in float. */
  quantized(): QuantizedNetwork | undefined {
    const { config, network, params, ranges } = this;
    if (config.options === undefined || ranges === undefined) return undefined;
    return quantizeNetwork(config.network, network.layout, params, ranges, config.options);
  }

  reset(lane?: number): void {
    this.network.reset(lane);
  }

  /** One step of the optimizer; states carry over. The mean loss in nats. */
  trainStep(batch: Batch, rate: number): number {
    const { network, adam, gradient, ranges } = this;
    const quantized = this.quantized();
    if (quantized) network.load(quantized);
    const { sum, count } = network.gradient(batch, gradient);
    adam.step(gradient, rate);
    if (ranges) followRanges(ranges, network.seen());
    return count === 0 ? 0 : sum / count;
  }

  /** A copy of what was learned so far. */
  learned(): Learned {
    const { params, ranges } = this;
    return {
      params: params.slice(),
      ranges: ranges && rangesFromArray(rangesToArray(ranges), ranges.length),
    };
  }

  /** Everything needed to go on bit for bit. */
  snapshot(): Tensors {
    const { network, adam } = this;
    const { layout } = network;
    const states = Object.entries(network.states());
    return {
      ...learnedTensors(network, this.learned()),
      ...toTensors(layout, adam.first, 'adam.first.'),
      ...toTensors(layout, adam.second, 'adam.second.'),
      'adam.count': { dtype: 'I32', shape: [1], data: Int32Array.of(adam.count) },
      ...Object.fromEntries(states.map(([name, s]) => [name, f32([s.length], s.slice())])),
    };
  }

  restore(tensors: Tensors): void {
    const { network, adam, params } = this;
    const { layout } = network;
    const { params: stored, ranges } = learnedFrom(network, tensors);
    params.set(stored);
    if (ranges) this.ranges = ranges;
    adam.first.set(fromTensors(layout, tensors, 'adam.first.'));
    adam.second.set(fromTensors(layout, tensors, 'adam.second.'));
    adam.count = tensors['adam.count'].data[0];
    for (const [name, state] of Object.entries(network.states())) state.set(tensors[name].data);
  }

  /** `learned` as named tensors, and back. */
  toTensors(learned: Learned, prefix: string): Tensors {
    return learnedTensors(this.network, learned, prefix);
  }

  fromTensors(tensors: Tensors, prefix: string): Learned {
    return learnedFrom(this.network, tensors, prefix);
  }
}

function learnedTensors({ layout }: Network, { params, ranges }: Learned, prefix = ''): Tensors {
  const numbers = ranges && rangesToArray(ranges);
  return {
    ...toTensors(layout, params, prefix),
    ...(numbers && { [prefix + RANGES]: f32([numbers.length], numbers) }),
  };
}

function learnedFrom({ layout }: Network, tensors: Tensors, prefix = ''): Learned {
  const ranges = tensors[prefix + RANGES];
  return {
    params: fromTensors(layout, tensors, prefix),
    ranges: ranges && rangesFromArray(ranges.data, layout.layers.length),
  };
}
