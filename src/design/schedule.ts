/** What the array does in a step, and in which order: jobs, their passes, what each waits for. */
import { operandCount, type QuantizedModel } from '../quant/quantized-model.js';
import type { Job, Pass, Segment } from './design.js';
import type { ArrayMatrix } from './planes.js';

/** Passes of a fold keep at least this far apart, so that the combiner's memory is written when it is read. */
const MIN_PASS_CYCLES = 3;

/** Segments of a job by operand, those that are ready first in front. */
function jobSegments(
  model: QuantizedModel,
  layer: number,
  pack: number,
  isTabled: boolean,
): Segment[] {
  const { inputSize, hiddenSize } = model.layers[layer];
  const words = (elements: number): { length: number; elements: number } => ({
    length: Math.ceil(elements / pack),
    elements,
  });
  // x before h in the lowest layer; above it, h of the previous step before h of the layer below, which is
  // still being finished.
  const recurrent: Segment = {
    source: 'previous',
    layer,
    ...words(hiddenSize),
    column: inputSize,
    maxPending: model.layers.length > 1 ? 1 : 0,
    needsInput: layer === 0 && isTabled,
  };
  if (layer > 0) {
    const input: Segment = {
      source: 'current',
      layer: layer - 1,
      ...words(inputSize),
      column: 0,
      maxPending: 0,
      needsInput: false,
    };
    return [recurrent, input];
  }
  if (isTabled) return [recurrent];
  const input: Segment = {
    source: 'input',
    layer: 0,
    ...words(inputSize),
    column: 0,
    maxPending: 0,
    needsInput: true,
  };
  return [input, recurrent];
}

export function planJobs(
  model: QuantizedModel,
  matrices: readonly ArrayMatrix[],
  rows: number,
  pack: number,
  isTabled: boolean,
): Job[] {
  const isSeparate = operandCount(model.scheme) === 2;
  const jobs: Job[] = [];
  let weightBase = 0;
  let rowBase = 0;
  const add = (kind: Job['kind'], layer: number, groups: readonly Segment[][]): void => {
    const { planes, sums, outputs } = matrices[jobs.length];
    const passCycles = groups.length > 1 ? Math.max(rows, MIN_PASS_CYCLES) : rows;
    const passes = groups.map((segments): Pass => {
      const k = segments.reduce((sum, segment) => sum + segment.length, 0);
      const padCycles = Math.max(0, passCycles - (k + 1));
      // Columns of h lie behind those of x.
      const operand = isSeparate && segments[0].column > 0 ? 1 : 0;
      return { segments, operand, k, padCycles, cycles: padCycles + k + 1 };
    });
    const folds = Math.ceil(sums / rows);
    const k = passes.reduce((sum, pass) => sum + pass.k, 0);
    jobs.push({
      kind,
      layer,
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
    });
    weightBase += folds * k;
    rowBase += outputs.length;
  };
  model.layers.forEach((_, layer) => {
    const segments = jobSegments(model, layer, pack, isTabled);
    add('lstm', layer, isSeparate ? segments.map((segment) => [segment]) : [segments]);
  });
  const layer = model.layers.length - 1;
  const elements = model.layers[layer].hiddenSize;
  const length = Math.ceil(elements / pack);
  add('head', layer, [
    [
      {
        source: 'current',
        layer,
        length,
        elements,
        column: 0,
        maxPending: 0,
        needsInput: false,
      },
    ],
  ]);
  return jobs;
}
