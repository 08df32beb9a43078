/** A float model of src/model as a network here: the fused kernels train, this arithmetic quantizes. */
import { GATE_NAMES } from '../quant/gates.js';
import type { Model, ModelLayer } from '../model/model.js';
import { type NetworkConfig, PLAIN } from './network-config.js';
import { type DirectionPlaces, layoutOf, type Place } from './parameters.js';

function inputOf({ input }: Model): NetworkConfig['input'] {
  switch (input.kind) {
    case 'tokens': {
      const { vocabSize, embedding } = input;
      return { kind: 'tokens', vocabSize, embeddingSize: embedding.length / vocabSize };
    }
    case 'one-hot':
      return { kind: 'one-hot', vocabSize: input.vocabSize };
    case 'features':
      return {
        kind: 'features',
        features: input.tables.map(({ name, count, size }) => ({ name, count, size })),
      };
    case 'dense':
      return { kind: 'dense', mean: input.mean, gain: input.gain };
  }
}

/** [4H, I + H] becomes [4H, I] and [4H, H]; gates are in the same order. */
function putDirection(
  params: Float32Array,
  places: DirectionPlaces,
  { inputSize, hiddenSize, weights, bias }: ModelLayer,
): void {
  const columns = inputSize + hiddenSize;
  for (let row = 0; row < GATE_NAMES.length * hiddenSize; row++) {
    const from = row * columns;
    const x = weights.subarray(from, from + inputSize);
    params.set(x, places.inputWeights.offset + row * inputSize);
    const h = weights.subarray(from + inputSize, from + columns);
    params.set(h, places.recurrentWeights.offset + row * hiddenSize);
  }
  params.set(bias, places.bias.offset);
}

/** @throws {TypeError} for a model in another scheme than float: its masters are no weights. */
export function networkOfModel(model: Model): {
  readonly network: NetworkConfig;
  readonly params: Float32Array;
} {
  if (model.scheme !== 'float') {
    throw new TypeError(`networkOfModel: the scheme is ${model.scheme.name}, must be float`);
  }
  const { input, layers, head } = model;
  const { classes, when, output } = head;
  const network: NetworkConfig = {
    input: inputOf(model),
    hiddenSizes: layers.map(({ hiddenSize }) => hiddenSize),
    bidirectional: layers[0].backward !== undefined,
    variant: PLAIN,
    ...{ classes, when, output },
  };
  const layout = layoutOf(network);
  const params = new Float32Array(layout.size);
  const put = (place: Place, values: Float32Array): void => params.set(values, place.offset);
  if (input.kind === 'tokens') put(layout.tables[0], input.embedding);
  if (input.kind === 'features') input.tables.forEach((t, f) => put(layout.tables[f], t.weights));
  layout.layers.forEach(({ forward, backward }, l) => {
    putDirection(params, forward, layers[l]);
    if (backward) putDirection(params, backward, layers[l].backward!);
  });
  put(layout.head.weights, head.weights);
  put(layout.head.bias, head.bias);
  return { network, params };
}
