/** Small designs with control, and other weights for them. */
import { plan, type PlanOptions } from '../../src/design/plan.js';
import type { Design } from '../../src/design/design.js';
import { Random } from '../../src/model/random.js';
import type { QuantizedModel } from '../../src/quant/quantized-model.js';
import { randomModel, type ModelShape } from '../../src/verify/random-model.js';

const SIZES = { inputSize: 5, hiddenSizes: [6], classes: 4, when: 'every-step' } as const;

export type Made = Partial<ModelShape & PlanOptions>;

export function modelOf(more: Made, seed: number): QuantizedModel {
  return randomModel({ scheme: 'ternary-level3', ...SIZES, ...more }, new Random(seed));
}

export function loadable(more: Made = {}, seed = 3): Design {
  const options = {
    name: 'dut',
    rows: 5,
    columns: 2,
    weights: 'ram',
    control: 'axi-lite',
  } as const;
  return plan(modelOf(more, seed), { ...options, ...more });
}

/** The same model with other signs: what thresholds of h a random one has built in stays as it is. */
export function negated(model: QuantizedModel): QuantizedModel {
  return {
    ...model,
    layers: model.layers.map((layer) => ({
      ...layer,
      weights: layer.weights.map((code, n) => (n % 3 === 0 ? -code : code)),
    })),
  };
}
