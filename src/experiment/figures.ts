/** What a trained model tells beside its score. */
import { type Engine, unitsOf } from '../engine/engine.js';
import type { Dataset } from '../model/dataset.js';
import type { Model, ModelLayer } from '../model/model.js';
import { codeMatrix } from '../quant/code-matrix.js';
import { layerPlan } from '../quant/quantize.js';
import { textBatches } from '../train/batches.js';

/** Part of the layers' weights that are 0 once coded; undefined for the float scheme. */
export function zeroShare(model: Model): number | undefined {
  const { scheme, layers } = model;
  if (scheme === 'float') return undefined;
  let [zeros, all] = [0, 0];
  const scan = (layer: ModelLayer, l: number): void => {
    const { effective } = codeMatrix(layerPlan(model, scheme, l, layer), layer);
    all += effective.length;
    for (let n = 0; n < effective.length; n++) if (effective[n] === 0) zeros++;
    if (layer.backward) scan(layer.backward, l);
  };
  layers.forEach(scan);
  return zeros / all;
}

const LANES = 20;
const STEPS = 50;
const SYMBOLS = 20_000;

/** Largest |c| of all layers over the first 20,000 symbols of the test part; text only. */
export function largestCell(model: Model, dataset: Dataset, engine: Engine): number | undefined {
  if (dataset.kind !== 'text') return undefined;
  const test = dataset.test.subarray(0, SYMBOLS);
  const lanes = Math.max(1, Math.min(LANES, Math.floor((test.length - 1) / STEPS)));
  const timeSteps = Math.min(STEPS, Math.floor((test.length - 1) / lanes));
  if (timeSteps < 1) return undefined;
  const batches = textBatches(test, lanes, timeSteps);
  const session = engine.createSession({ model, batch: lanes, timeSteps });
  let largest = 0;
  for (let step = 0; step < batches.stepsPerEpoch; step++) {
    const { layers = [] } = session.forward(batches.at(step).batch, true);
    for (const { c } of layers) {
      for (let n = 0; n < c.length; n++) largest = Math.max(largest, Math.abs(c[n]));
    }
  }
  session.dispose();
  return largest * unitsOf(model.scheme).cell;
}
