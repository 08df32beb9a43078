/** What the array does in a step, and in which order: jobs, their passes, what each waits for. */
import { operandCount } from '../quant/quantized-model.js';
import type { Scheme } from '../quant/scheme.js';
import { type Direction, type Job, MIN_PASS_CYCLES, type Pass, type Segment } from './design.js';
import type { Matrix } from './planes.js';
import { isBidirectional } from './sequence-memory.js';

/** What a schedule depends on: sizes, not weights. */
export interface ModelSizes {
  readonly scheme: Pick<Scheme, 'operandScales'>;
  readonly input:
    | { readonly kind: 'tokens' | 'one-hot' | 'dense' }
    | { readonly kind: 'features'; readonly tables: readonly { readonly size: number }[] };
  readonly layers: readonly {
    readonly inputSize: number;
    readonly hiddenSize: number;
    /** Present where the layer also runs backward. */
    readonly backward?: object | undefined;
  }[];
  readonly head: { readonly classes: number };
}

/** A matrix as the schedule sees it (ArrayMatrix). */
export interface MatrixSizes {
  readonly outputs: { readonly length: number };
  readonly planes: readonly number[];
  readonly sums: number;
}

/** A segment that waits for nothing but what is under way. */
function segmentOf(
  source: Segment['source'],
  layer: number,
  elements: number,
  column: number,
  pack: number,
): Segment {
  const length = Math.ceil(elements / pack);
  return { source, layer, length, elements, column, maxPending: 0, needsInput: false };
}

/** x of layer 0: of dense input and of one token a segment, of several features one each. */
function inputSegments({ input, layers }: ModelSizes, pack: number): Segment[] {
  if (input.kind !== 'features') {
    return [{ ...segmentOf('input', 0, layers[0].inputSize, 0, pack), needsInput: true }];
  }
  let column = 0;
  return input.tables.map(({ size }, feature) => {
    const segment = segmentOf('input', 0, size, column, pack);
    column += size;
    return { ...segment, needsInput: true, feature };
  });
}

/** Segments of a layer in a step-serial schedule, those that are ready first in front. */
function stepSegments(
  model: ModelSizes,
  layer: number,
  pack: number,
  isTabled: boolean,
): Segment[] {
  const { inputSize, hiddenSize } = model.layers[layer];
  // x before h in the lowest layer; above it, h of the previous step before h of the layer below, which is
  // still being finished.
  const recurrent: Segment = {
    ...segmentOf('previous', layer, hiddenSize, inputSize, pack),
    maxPending: model.layers.length > 1 ? 1 : 0,
    needsInput: layer === 0 && isTabled,
  };
  if (layer > 0) return [recurrent, segmentOf('current', layer - 1, inputSize, 0, pack)];
  return isTabled ? [recurrent] : [...inputSegments(model, pack), recurrent];
}

/** h of a layer at this step, as a phase of the layer above or of the head reads it: forward, then backward. */
function outputSegments(model: ModelSizes, layer: number, pack: number): Segment[] {
  const { hiddenSize, backward } = model.layers[layer];
  // Within a phase the job before this one is all that can be pending, and it writes none of these.
  const forward = { ...segmentOf('current', layer, hiddenSize, 0, pack), maxPending: 1 };
  return backward === undefined
    ? [forward]
    : [forward, { ...forward, direction: 'backward', column: hiddenSize }];
}

/** Segments of a direction in a layer-serial schedule: what lies below is complete, own h comes last. */
function phaseSegments(
  model: ModelSizes,
  layer: number,
  direction: Direction | undefined,
  pack: number,
  isTabled: boolean,
): Segment[] {
  const { inputSize, hiddenSize } = model.layers[layer];
  const recurrent: Segment = {
    ...segmentOf('previous', layer, hiddenSize, inputSize, pack),
    ...(direction === undefined ? {} : { direction }),
    needsInput: layer === 0 && isTabled,
  };
  if (layer > 0) return [...outputSegments(model, layer - 1, pack), recurrent];
  return isTabled ? [recurrent] : [...inputSegments(model, pack), recurrent];
}

/** The matrices of a model in the order of its jobs: layers, each forward and backward, then the head. */
export function jobMatrices({ layers, head }: ModelSizes): Matrix[] {
  return [
    ...layers.flatMap(({ hiddenSize, backward }, layer): Matrix[] => {
      const forward: Matrix = { kind: 'lstm', layer, outputs: 4 * hiddenSize };
      return backward === undefined ? [forward] : [forward, { ...forward, direction: 'backward' }];
    }),
    { kind: 'head', layer: layers.length - 1, outputs: head.classes },
  ];
}

/** Which of a row's operands a segment multiplies: x, or h. */
function operandOf({ source }: Segment): 0 | 1 {
  return source === 'previous' ? 1 : 0;
}

/** Segments of a job by pass. */
export function segmentGroups(
  model: ModelSizes,
  { kind, layer, direction }: Matrix,
  pack: number,
  isTabled: boolean,
): Segment[][] {
  const isSequence = isBidirectional(model);
  if (kind === 'head') {
    if (isSequence) return [outputSegments(model, layer, pack)];
    return [[segmentOf('current', layer, model.layers[layer].hiddenSize, 0, pack)]];
  }
  const segments = isSequence
    ? phaseSegments(model, layer, direction, pack, isTabled)
    : stepSegments(model, layer, pack, isTabled);
  if (operandCount(model.scheme) === 1) return [segments];
  // Operands in the order in which the first segment of each comes.
  const operands = [...new Set(segments.map(operandOf))];
  return operands.map((operand) => segments.filter((part) => operandOf(part) === operand));
}

export function planJobs(
  model: ModelSizes,
  matrices: readonly MatrixSizes[],
  rows: number,
  pack: number,
  isTabled: boolean,
  isSparse: boolean,
): Job[] {
  const isSeparate = operandCount(model.scheme) === 2;
  let weightBase = 0;
  let rowBase = 0;
  return jobMatrices(model).map((matrix, index) => {
    const { kind, layer, direction } = matrix;
    const { planes, sums, outputs } = matrices[index];
    const groups = segmentGroups(model, matrix, pack, isTabled);
    const passCycles = groups.length > 1 ? Math.max(rows, MIN_PASS_CYCLES) : rows;
    const passes = groups.map((segments): Pass => {
      const k = segments.reduce((sum, segment) => sum + segment.length, 0);
      const padCycles = isSparse ? 0 : Math.max(0, passCycles - (k + 1));
      return {
        segments,
        operand: isSeparate ? operandOf(segments[0]) : 0,
        k,
        padCycles,
        cycles: Math.max(passCycles, k + 1),
      };
    });
    const folds = Math.ceil(sums / rows);
    const k = passes.reduce((sum, pass) => sum + pass.k, 0);
    const job: Job = {
      kind,
      layer,
      ...(direction === undefined ? {} : { direction }),
      outputs: outputs.length,
      planes,
      sums,
      folds,
      passes,
      k,
      foldCycles: passes.reduce((sum, pass) => sum + pass.cycles, 0),
      weightBase,
      rowBase,
      isTabled: isTabled && kind === 'lstm' && layer === 0,
    };
    weightBase += folds * k;
    rowBase += outputs.length;
    return job;
  });
}
