/** A network's real parameters: one flat array, and the tensors that are its parts. */
import type {
  FloatGate,
  FloatLstm,
  FloatSequenceLayer,
  GateLetter,
  Reals,
} from '../integer/float-lstm.js';
import { f32, type FloatTensor, type Tensors } from '../model/model.js';
import { Random } from '../model/random.js';
import {
  directionShapes,
  type DirectionShape,
  headWidth,
  type NetworkConfig,
} from './network-config.js';

/** A tensor's place in the flat array. */
export interface Place {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
}

/** One direction of a layer; G gates of H cells each, I inputs, N outputs. */
export interface DirectionPlaces {
  /** [G * H, I] */
  readonly inputWeights: Place;
  /** [G * H, N] */
  readonly recurrentWeights: Place;
  /** [G * H] */
  readonly bias: Place;
  /** [(G - 1) * H], none for g. */
  readonly peephole: Place | undefined;
  /** [G * H] */
  readonly layerNorm: Place | undefined;
  /** [N, H] */
  readonly projection: Place | undefined;
  /** [N] */
  readonly projectionBias: Place | undefined;
}

export interface LayerPlaces {
  readonly shape: DirectionShape;
  readonly forward: DirectionPlaces;
  readonly backward: DirectionPlaces | undefined;
}

export interface Layout {
  readonly size: number;
  /** Without gaps, in order. */
  readonly places: readonly Place[];
  /** Of tokens one [vocabSize, embeddingSize], of features one each; else none. */
  readonly tables: readonly Place[];
  readonly layers: readonly LayerPlaces[];
  /** [classes, headWidth], [classes] */
  readonly head: { readonly weights: Place; readonly bias: Place };
}

class Placing {
  readonly places: Place[] = [];
  size = 0;

  add(name: string, ...shape: number[]): Place {
    const size = shape.reduce((product, n) => product * n, 1);
    const place = { name, shape, offset: this.size, size };
    this.places.push(place);
    this.size += size;
    return place;
  }
}

function placeDirection(placing: Placing, name: string, shape: DirectionShape): DirectionPlaces {
  const { inputSize, cellSize, outputSize, gates, variant } = shape;
  const rows = gates.length * cellSize;
  const { hasPeephole, hasLayerNorm, projection } = variant;
  return {
    inputWeights: placing.add(`${name}.inputWeights`, rows, inputSize),
    recurrentWeights: placing.add(`${name}.recurrentWeights`, rows, outputSize),
    bias: placing.add(`${name}.bias`, rows),
    peephole: hasPeephole ? placing.add(`${name}.peephole`, rows - cellSize) : undefined,
    layerNorm: hasLayerNorm ? placing.add(`${name}.layerNorm`, rows) : undefined,
    projection:
      projection > 0 ? placing.add(`${name}.projection`, outputSize, cellSize) : undefined,
    projectionBias: projection > 0 ? placing.add(`${name}.projectionBias`, outputSize) : undefined,
  };
}

function placeTables(placing: Placing, input: NetworkConfig['input']): Place[] {
  if (input.kind === 'tokens') {
    return [placing.add('embedding', input.vocabSize, input.embeddingSize)];
  }
  if (input.kind !== 'features') return [];
  return input.features.map(({ name, count, size }) =>
    placing.add(`features.${name}`, count, size),
  );
}

export function layoutOf(config: NetworkConfig): Layout {
  const placing = new Placing();
  const tables = placeTables(placing, config.input);
  const layers = directionShapes(config).map((shape, l) => ({
    shape,
    forward: placeDirection(placing, `layer${l}`, shape),
    backward: config.bidirectional
      ? placeDirection(placing, `layer${l}.backward`, shape)
      : undefined,
  }));
  const head = {
    weights: placing.add('head.weights', config.classes, headWidth(config)),
    bias: placing.add('head.bias', config.classes),
  };
  const { places, size } = placing;
  return { size, places, tables, layers, head };
}

export function viewOf(params: Float32Array, { offset, size }: Place): Float32Array {
  return params.subarray(offset, offset + size);
}

function gateView(
  params: Reals,
  { gates, cellSize, inputSize, outputSize }: DirectionShape,
  places: DirectionPlaces,
  name: GateLetter,
): FloatGate {
  const at = gates.indexOf(name);
  const part = (place: Place, index: number, size: number): Reals =>
    params.subarray(place.offset + index * size, place.offset + (index + 1) * size);
  const { inputWeights, recurrentWeights, bias, peephole, layerNorm } = places;
  // Peepholes of i and f, then of o.
  const peepholeAt = name === 'o' ? at - 1 : at;
  return {
    inputWeights: part(inputWeights, at, cellSize * inputSize),
    recurrentWeights: part(recurrentWeights, at, cellSize * outputSize),
    bias: part(bias, at, cellSize),
    peephole: peephole && name !== 'g' ? part(peephole, peepholeAt, cellSize) : null,
    layerNorm: layerNorm ? part(layerNorm, at, cellSize) : null,
  };
}

function floatDirection(params: Reals, shape: DirectionShape, places: DirectionPlaces): FloatLstm {
  const gate = (name: GateLetter): FloatGate => gateView(params, shape, places, name);
  const part = ({ offset, size }: Place): Reals => params.subarray(offset, offset + size);
  const { inputSize, cellSize, outputSize, variant } = shape;
  const { projection, projectionBias } = places;
  return {
    ...{ inputSize, cellSize, outputSize },
    gates: { i: variant.isCifg ? null : gate('i'), f: gate('f'), g: gate('g'), o: gate('o') },
    projection:
      projection && projectionBias
        ? { weights: part(projection), bias: part(projectionBias) }
        : null,
    cellClip: variant.cellClip,
    projectionClip: variant.projectionClip,
  };
}

/** The layers as src/integer has them; views, which follow the parameters. */
export function floatLayers(layout: Layout, params: Reals): FloatSequenceLayer[] {
  return layout.layers.map(({ shape, forward, backward }) => {
    const one = floatDirection(params, shape, forward);
    return backward === undefined
      ? one
      : { forward: one, backward: floatDirection(params, shape, backward) };
  });
}

const EMBEDDING_RANGE = 0.5;

/**
 * Weights uniform within 1 / sqrt(cellSize), of projection and head within 1 / sqrt(columns); embeddings
 * within 0.5; forget bias and layer-norm weights 1, peepholes and other biases 0.
 */
export function initialParameters(config: NetworkConfig, seed: number): Float32Array {
  const layout = layoutOf(config);
  const params = new Float32Array(layout.size);
  const random = new Random(seed);
  const uniform = (place: Place | undefined, width: number): void => {
    if (place === undefined) return;
    const view = viewOf(params, place);
    for (let k = 0; k < view.length; k++) view[k] = random.range(-width, width);
  };
  for (const table of layout.tables) uniform(table, EMBEDDING_RANGE);
  for (const { shape, forward, backward } of layout.layers) {
    const { cellSize, gates } = shape;
    for (const places of [forward, backward]) {
      if (places === undefined) continue;
      uniform(places.inputWeights, 1 / Math.sqrt(cellSize));
      uniform(places.recurrentWeights, 1 / Math.sqrt(cellSize));
      uniform(places.projection, 1 / Math.sqrt(cellSize));
      const forget = gates.indexOf('f') * cellSize;
      viewOf(params, places.bias).fill(1, forget, forget + cellSize);
      if (places.layerNorm) viewOf(params, places.layerNorm).fill(1);
    }
  }
  uniform(layout.head.weights, 1 / Math.sqrt(headWidth(config)));
  return params;
}

/** Parameters by name, copied; `prefix` stands before each name. */
export function toTensors(
  layout: Layout,
  params: Float32Array,
  prefix = '',
): Record<string, FloatTensor> {
  return Object.fromEntries(
    layout.places.map((place) => [
      prefix + place.name,
      f32(place.shape, viewOf(params, place).slice()),
    ]),
  );
}

/** The inverse of `toTensors`; throws TypeError where a tensor is missing or misshapen. */
export function fromTensors(layout: Layout, tensors: Tensors, prefix = ''): Float32Array {
  const params = new Float32Array(layout.size);
  for (const { name, shape, offset } of layout.places) {
    const tensor = tensors[prefix + name];
    if (tensor?.dtype !== 'F32' || tensor.shape.join() !== shape.join()) {
      throw new TypeError(`${prefix}${name}: must be float32 [${shape.join(', ')}]`);
    }
    params.set(tensor.data, offset);
  }
  return params;
}
