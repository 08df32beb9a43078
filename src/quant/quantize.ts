import { isDeepStrictEqual } from 'node:util';
import {
  initialDecisions,
  type Model,
  type ModelHead,
  type ModelLayer,
  type ModelScheme,
} from '../model/model.js';
import { quantizeActivation, ternaryActivation } from './arithmetic.js';
import { TANH_FRACTION } from './tanh.js';
import {
  codeMatrix,
  type Decisions,
  HALF_DECISIONS,
  type MatrixPlan,
  planHead,
  planLayer,
  solveScales,
} from './code-matrix.js';
import {
  type LinearRow,
  outputSize,
  type QuantizedLayer,
  type QuantizedModel,
} from './quantized-model.js';
import { needsCurvature, SCHEMES, type Scheme } from './scheme.js';

/** Does `change` to a layer and to its backward direction. */
function bothDirections(layer: ModelLayer, change: (layer: ModelLayer) => ModelLayer): ModelLayer {
  const changed = change(layer);
  return layer.backward ? { ...changed, backward: change(layer.backward) } : changed;
}

export function decisionsOf(layer: ModelLayer): Decisions {
  if (layer.decisions === undefined) return HALF_DECISIONS;
  const [gate, candidate, hidden] = layer.decisions;
  return { gate, candidate, hidden };
}

/** |o tanh(c)| in Q0.12 from which a ternary h is not 0; at least 1. */
export function hiddenDecision({ hidden }: Decisions): number {
  return Math.max(1, Math.ceil(hidden * 2 ** TANH_FRACTION));
}

/** The plan of a layer's matrix; a backward direction has its own. */
export function layerPlan(
  { input }: Pick<Model, 'input'>,
  scheme: Scheme,
  l: number,
  layer: ModelLayer,
): MatrixPlan {
  return planLayer(scheme, l, layer, l === 0 && input.kind === 'one-hot', decisionsOf(layer));
}

export function headPlan(model: Pick<Model, 'layers' | 'head'>, scheme: Scheme): MatrixPlan {
  const { layers, head } = model;
  return planHead(scheme, head.classes, outputSize(layers[layers.length - 1]));
}

/** The plans of each layer's matrix, forward direction, and of the head's. */
export function matrixPlans(
  model: Pick<Model, 'input' | 'layers' | 'head'>,
  scheme: Scheme,
): { layers: MatrixPlan[]; head: MatrixPlan } {
  return {
    layers: model.layers.map((layer, l) => layerPlan(model, scheme, l, layer)),
    head: headPlan(model, scheme),
  };
}

type Matrix = ModelLayer | ModelHead;

/** Real weights of a matrix: masters of normalized rows are only directions. */
function realWeights(m: Matrix, plan: MatrixPlan | undefined): Float32Array {
  if (!plan?.groups.some(({ normalized }) => normalized)) return m.weights;
  const { effective, scale } = codeMatrix({ ...plan, slope: 1 }, m);
  const weights = m.weights.slice();
  for (const { begin, end, normalized } of plan.groups) {
    for (let k = begin * plan.columns; normalized && k < end * plan.columns; k++) {
      weights[k] = effective[k] * scale[Math.floor(k / plan.columns)];
    }
  }
  return weights;
}

/** Norms that real weights imply: those of their rows as the scheme's solver approximates them. */
function impliedGain(m: Matrix, plan: MatrixPlan): Float32Array {
  const operands = plan.operands.length - 1;
  const gain = new Float32Array(operands * plan.rows).fill(1);
  const groups = plan.groups.map((group) => ({ ...group, normalized: false }));
  const { effective, scale } = codeMatrix({ ...plan, slope: 1, groups }, m);
  for (const { begin, end, normalized } of plan.groups) {
    for (let r = begin; normalized && r < end; r++) {
      for (let s = 0; s < operands; s++) {
        let energy = 0;
        for (let k = plan.operands[s]; k < plan.operands[s + 1]; k++) {
          energy += effective[r * plan.columns + k] ** 2;
        }
        gain[s * plan.rows + r] = energy === 0 ? 1 : scale[r] * Math.sqrt(energy);
      }
    }
  }
  return gain;
}

/** Scales that are going to be trained, as their solver finds them; undefined where none are. */
function impliedScales(m: Matrix, plan: MatrixPlan): Float32Array | undefined {
  const trained = plan.groups.map(({ coding }) => coding.solver === 'trained');
  if (!trained.includes(true)) return undefined;
  const perGroup = (plan.operands.length - 1) * 2;
  const scales = new Float32Array(plan.groups.length * perGroup).fill(1);
  const solved = solveScales(plan, { ...m, scales: undefined });
  solved.forEach((found, g) => {
    if (trained[g]) scales.set(found.subarray(0, perGroup), g * perGroup);
  });
  return scales;
}

/** Whether masters mean the same under both plans, their norms and trained scales too. */
function codesAlike(a: MatrixPlan, b: MatrixPlan): boolean {
  const coding = ({ operands, groups }: MatrixPlan) => [
    operands,
    groups.map((group) => [group.coding, group.normalized]),
  ];
  return isDeepStrictEqual(coding(a), coding(b));
}

/** A matrix as another scheme starts from it. */
function adapt<M extends Matrix>(m: M, before: MatrixPlan | undefined, after: MatrixPlan): M {
  if (before && codesAlike(before, after)) return m;
  const source = { ...m, weights: realWeights(m, before), scales: undefined };
  const gain = impliedGain(source, after);
  const scales = 'classes' in m ? undefined : impliedScales(source, after);
  return { ...source, gain, scales };
}

/**
 * The model as `scheme` starts from it: with norms, curvature and scales. The same where nothing changes;
 * where only formats do, weights and all that belongs to them stay.
 */
export function adaptScheme(model: Model, scheme: ModelScheme): Model {
  if (isDeepStrictEqual(model.scheme, scheme)) return model;
  const { scheme: old } = model;
  const plansOf = (layer: ModelLayer, l: number, of: ModelScheme): MatrixPlan | undefined =>
    of === 'float' ? undefined : layerPlan(model, of, l, layer);
  const oldHead = old === 'float' ? undefined : headPlan(model, old);
  if (scheme === 'float') {
    const plain = <M extends Matrix>(m: M, plan: MatrixPlan | undefined): M => ({
      ...m,
      weights: realWeights(m, plan),
      gain: new Float32Array(m.bias.length).fill(1),
      curvature: undefined,
      scales: undefined,
      decisions: undefined,
    });
    const layers = model.layers.map((layer, l) =>
      bothDirections(layer, (one) => plain(one, plansOf(one, l, old))),
    );
    return { ...model, scheme, layers, head: plain(model.head, oldHead) };
  }
  const curvature = (m: Matrix): Float32Array | undefined =>
    needsCurvature(scheme)
      ? (m.curvature ?? new Float32Array(m.weights.length).fill(1))
      : undefined;
  const adaptLayer = (layer: ModelLayer, l: number): ModelLayer => ({
    ...adapt(layer, plansOf(layer, l, old), layerPlan(model, scheme, l, layer)),
    curvature: curvature(layer),
    decisions: scheme.decisions === 'tracked' ? (layer.decisions ?? initialDecisions()) : undefined,
  });
  const head = adapt(model.head, oldHead, headPlan(model, scheme));
  return {
    ...model,
    scheme,
    layers: model.layers.map((layer, l) => bothDirections(layer, (one) => adaptLayer(one, l))),
    head: { ...head, curvature: curvature(model.head) },
  };
}

function quantizeInput(input: Model['input'], scheme: Scheme): QuantizedModel['input'] {
  const activation = scheme.activations === 'ternary' ? ternaryActivation : quantizeActivation;
  switch (input.kind) {
    case 'tokens': {
      const embedding = Int8Array.from(input.embedding, activation);
      return { kind: 'tokens', vocabSize: input.vocabSize, embedding };
    }
    case 'features':
      return {
        kind: 'features',
        tables: input.tables.map(({ name, count, size, weights }) => ({
          ...{ name, count, size },
          codes: Int8Array.from(weights, activation),
        })),
      };
    default:
      return input;
  }
}

/**
 * The integers a model stands for. For a model trained in `scheme` these are the very integers its
 * training used; for another scheme it is post-training quantization, without calibration data
 * (activation ranges are fixed by the formats).
 */
export function quantize(
  model: Model,
  scheme: Scheme = model.scheme === 'float' ? SCHEMES['int8'] : model.scheme,
): QuantizedModel {
  const adapted = adaptScheme(model, scheme);
  const { input, layers, head } = adapted;
  const quantizeLayer = (layer: ModelLayer, l: number): QuantizedLayer => {
    const { inputSize, hiddenSize, backward } = layer;
    const { codes, rows } = codeMatrix(layerPlan(adapted, scheme, l, layer), layer);
    return {
      ...{ inputSize, hiddenSize, weights: codes, rows },
      hiddenDecision: hiddenDecision(decisionsOf(layer)),
      ...(backward && { backward: quantizeLayer(backward, l) }),
    };
  };
  const coded = codeMatrix(headPlan(adapted, scheme), head);
  return {
    scheme,
    input: quantizeInput(input, scheme),
    layers: layers.map(quantizeLayer),
    head: {
      classes: head.classes,
      weights: coded.codes,
      rows: coded.rows as readonly LinearRow[],
      when: head.when,
      output: head.output,
    },
  };
}
