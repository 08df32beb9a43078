import type { Model, ModelHead, ModelLayer } from '../model/model.js';
import { quantizeActivation } from './arithmetic.js';
import {
  type QuantizedHead,
  type QuantizedLayer,
  type QuantizedModel,
  type Scheme,
  type SchemeName,
  SCHEMES,
} from './quantized-model.js';
import { codeRows, gateGroups, headGroups, ternaryCode, ternaryDelta } from './quantizers.js';

/**
 * Gains that a model trained without weight normalization implies: the least-squares scale of the
 * ternary codes is the mean of |w| over the nonzero ones, and gain = scale * sqrt(nonzeros).
 */
function impliedGain(weights: Float32Array, rows: number): Float32Array {
  const columns = weights.length / rows;
  return Float32Array.from({ length: rows }, (_, r) => {
    const row = weights.subarray(r * columns, (r + 1) * columns);
    const delta = ternaryDelta(
      row.reduce((sum, w) => sum + Math.abs(w), 0),
      columns,
    );
    let nonzeros = 0;
    let sum = 0;
    for (const w of row) {
      if (ternaryCode(w, delta) === 0) continue;
      nonzeros++;
      sum += Math.abs(w);
    }
    return nonzeros === 0 ? 1 : sum / Math.sqrt(nonzeros);
  });
}

/** The model with gains that suit `scheme`; the same object where nothing changes. */
export function adaptScheme(model: Model, scheme: Model['scheme']): Model {
  if (model.scheme === scheme) return model;
  const adapt = <M extends ModelLayer | ModelHead>(m: M): M =>
    scheme === 'ternary-level3' ? { ...m, gain: impliedGain(m.weights, m.bias.length) } : m;
  return { ...model, scheme, layers: model.layers.map(adapt), head: adapt(model.head) };
}

/**
 * The integers a model stands for. For a model trained in `scheme` these are the very integers its
 * training used; for another scheme it is post-training quantization, without calibration data
 * (activation ranges are fixed by the formats).
 */
export function quantize(
  model: Model,
  schemeName: SchemeName = model.scheme === 'float' ? 'int8' : model.scheme,
): QuantizedModel {
  const scheme: Scheme = SCHEMES[schemeName];
  const { input, layers, head } = adaptScheme(model, schemeName);
  const quantizedLayers = layers.map((layer): QuantizedLayer => {
    const { inputSize, hiddenSize } = layer;
    const { codes, rows } = codeRows(scheme.weights, gateGroups(scheme, hiddenSize), layer);
    return { inputSize, hiddenSize, weights: codes, rows };
  });
  const coded = codeRows(scheme.weights, headGroups(head.classes), head);
  const headRows = coded.rows as QuantizedHead['rows'];
  return {
    scheme,
    input:
      input.kind === 'tokens'
        ? {
            kind: 'tokens',
            vocabSize: input.vocabSize,
            embedding: Int8Array.from(input.embedding, quantizeActivation),
          }
        : { kind: 'dense', mean: input.mean, gain: input.gain },
    layers: quantizedLayers,
    head: { classes: head.classes, weights: coded.codes, rows: headRows, when: head.when },
  };
}
