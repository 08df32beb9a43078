/** Random models' shapes as points of a design space. */
import type { DesignPoint, PointInput } from '../../src/design/outline.js';
import type { PlanOptions } from '../../src/design/plan.js';
import { schemeOf, type ModelShape } from '../../src/verify/random-model.js';

function inputOf({ features, vocabSize, isOneHot, inputSize }: ModelShape): PointInput {
  if (features !== undefined) {
    const tables = features.map((table, f) => ({ name: `feature${f}`, ...table }));
    return { kind: 'features', tables };
  }
  if (vocabSize === undefined) return { kind: 'dense', size: inputSize };
  return isOneHot === true
    ? { kind: 'one-hot', vocabSize }
    : { kind: 'tokens', vocabSize, size: inputSize };
}

export function pointOf(shape: ModelShape, { name: _, ...options }: PlanOptions): DesignPoint {
  const { hiddenSizes, bidirectional, classes, output, when } = shape;
  return {
    ...{ scheme: schemeOf(shape), input: inputOf(shape), hiddenSizes, classes, when },
    ...(bidirectional && { bidirectional }),
    ...(output && { output }),
    ...options,
  };
}
