/** QuantizedModel -> Design: folds, schedule, widths, memories; everything is checked here. */
import {
  ACTIVATION_BITS,
  CELL_BITS,
  MULTIPLIER_BITS,
  PREACT_BITS,
  SHIFT_MAX,
  TANH_FRACTION,
  TANH_TABLE_SIZE,
} from '../quant/arithmetic.js';
import { accumulatorBound, weightBits, type QuantizedModel } from '../quant/quantized-model.js';
import {
  DesignError,
  type Design,
  type Job,
  type MemorySpec,
  type Pipeline,
  type Segment,
} from './design.js';
import { identifierProblem } from './identifier.js';

export const MAX_ROWS = 64;
export const MAX_COLUMNS = 64;

export interface PlanOptions {
  /** Top module name. */
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
}

/** Bits of an unsigned field that holds 0..count-1; at least one. */
export function indexBits(count: number): number {
  return Math.max(1, Math.ceil(Math.log2(count)));
}

/** Bits of the narrowest two's complement number that holds -bound..bound. */
export function signedBits(bound: number): number {
  let bits = 2;
  while (2 ** (bits - 1) - 1 < bound) bits++;
  return bits;
}

/** @throws {DesignError} naming every problem at once. */
export function plan(model: QuantizedModel, options: PlanOptions): Design {
  const { name, rows, columns } = options;
  const problems: string[] = [];
  const identifier = identifierProblem(name);
  if (identifier !== undefined) problems.push(identifier);
  if (!Number.isInteger(rows) || rows < 1 || rows > MAX_ROWS) {
    problems.push(`rows: ${rows} is not an integer in 1..${MAX_ROWS}`);
  }
  if (!Number.isInteger(columns) || columns < 1 || columns > MAX_COLUMNS) {
    problems.push(`columns: ${columns} is not an integer in 1..${MAX_COLUMNS}`);
  }
  if (problems.length > 0) throw new DesignError(problems);

  const jobs = planJobs(model, rows);
  const shifts = linearShifts(model);
  const shiftMin = Math.min(...shifts);
  const shiftMax = Math.max(...shifts);
  if (shiftMin < 1 || shiftMax > SHIFT_MAX) {
    problems.push(`shift: ${shiftMin}..${shiftMax} is not in 1..${SHIFT_MAX}`);
  }
  if (problems.length > 0) throw new DesignError(problems);
  const design = {
    name,
    scheme: model.scheme,
    rows,
    columns,
    // + 1: thresholds reach one past the largest sum, to say "never".
    accBits: signedBits(accumulatorBound(model) + 1),
    shiftMin,
    shiftBits: shiftMax === shiftMin ? 0 : indexBits(shiftMax - shiftMin + 1),
    layers: model.layers.map(({ inputSize, hiddenSize }) => ({ inputSize, hiddenSize })),
    classes: model.head.classes,
    input: planInput(model),
    headWhen: model.head.when,
    jobs,
    pipeline: model.scheme.gates === 'level3' ? LEVEL3_PIPELINE : INT16_PIPELINE,
    model,
  };
  return { ...design, memories: planMemories(design) };
}

/** Latencies of cell_level3.v and cell_int16.v; the cosimulation holds them to it. */
const LEVEL3_PIPELINE: Pipeline = {
  issueToPe: 2,
  drainToGate: 7,
  gateToHidden: 4,
  drainToArgmax: 5,
};
const INT16_PIPELINE: Pipeline = {
  issueToPe: 2,
  drainToGate: 7,
  gateToHidden: 7,
  drainToArgmax: 5,
};

function planInput(model: QuantizedModel): Design['input'] {
  const size = model.layers[0].inputSize;
  if (model.input.kind === 'dense') return { kind: 'dense', size };
  const { vocabSize } = model.input;
  return {
    kind: 'tokens',
    vocabSize,
    tokenBits: indexBits(vocabSize),
    strideBits: indexBits(size),
  };
}

function linearShifts(model: QuantizedModel): number[] {
  const shifts = model.head.rows.map((row) => row.shift);
  for (const layer of model.layers) {
    for (const row of layer.rows) if (row.kind === 'linear') shifts.push(row.shift);
  }
  return shifts;
}

function planJobs(model: QuantizedModel, rows: number): Job[] {
  const jobs: Job[] = [];
  let weightBase = 0;
  let rowBase = 0;
  const add = (kind: Job['kind'], layer: number, outputs: number, segments: Segment[]): void => {
    const k = segments.reduce((sum, segment) => sum + segment.length, 0);
    const folds = Math.ceil(outputs / rows);
    const padCycles = Math.max(0, rows - (k + 1));
    const foldCycles = padCycles + k + 1;
    jobs.push({
      kind,
      layer,
      outputs,
      folds,
      k,
      segments,
      padCycles,
      foldCycles,
      weightBase,
      rowBase,
    });
    weightBase += folds * k;
    rowBase += outputs;
  };
  const stacked = model.layers.length > 1;
  model.layers.forEach(({ inputSize, hiddenSize }, layer) => {
    // The operands that are ready first come first: x before h in the lowest layer; above it, h of the
    // previous step before h of the layer below, which is still being finished.
    const recurrent: Segment = {
      source: 'previous',
      layer,
      length: hiddenSize,
      column: inputSize,
      maxPending: stacked ? 1 : 0,
    };
    const input: Segment =
      layer === 0
        ? { source: 'input', layer: 0, length: inputSize, column: 0, maxPending: 0 }
        : { source: 'current', layer: layer - 1, length: inputSize, column: 0, maxPending: 0 };
    add('lstm', layer, 4 * hiddenSize, layer === 0 ? [input, recurrent] : [recurrent, input]);
  });
  const layer = model.layers.length - 1;
  const length = model.layers[layer].hiddenSize;
  add('head', layer, model.head.classes, [
    { source: 'current', layer, length, column: 0, maxPending: 0 },
  ]);
  return jobs;
}

function planMemories(design: Omit<Design, 'memories'>): MemorySpec[] {
  const { rows, columns, jobs, layers, input, accBits } = design;
  const words = jobs.reduce((sum, job) => sum + job.folds * job.k, 0);
  const hiddenTotal = layers.reduce((sum, layer) => sum + layer.hiddenSize, 0);
  const linearBits = design.shiftBits + MULTIPLIER_BITS + PREACT_BITS;
  const rowBits = design.scheme.gates === 'level3' ? Math.max(2 * accBits, linearBits) : linearBits;
  const memories: MemorySpec[] = [
    {
      name: 'weight_bank',
      role: 'weights',
      kind: 'rom',
      width: weightBits(design.scheme.weights),
      depth: words,
      copies: rows,
    },
    {
      name: 'row_parameters',
      role: 'rows',
      kind: 'rom',
      width: rowBits,
      depth: jobs.reduce((sum, job) => sum + job.outputs, 0),
      copies: 1,
    },
    {
      name: 'tanh_table',
      role: 'tanh',
      kind: 'rom',
      width: TANH_FRACTION,
      depth: TANH_TABLE_SIZE,
      copies: 2 * columns,
    },
    {
      name: 'hidden',
      role: 'hidden',
      kind: 'ram',
      width: ACTIVATION_BITS,
      depth: 2 * hiddenTotal,
      copies: columns,
    },
    {
      name: 'cell',
      role: 'cell',
      kind: 'ram',
      width: CELL_BITS,
      depth: hiddenTotal,
      copies: columns,
    },
  ];
  if (input.kind === 'tokens') {
    memories.push({
      name: 'embedding',
      role: 'embedding',
      kind: 'rom',
      width: ACTIVATION_BITS,
      depth: input.vocabSize * 2 ** input.strideBits,
      copies: columns,
    });
  } else {
    memories.push({
      name: 'input_buffer',
      role: 'input',
      kind: 'ram',
      width: ACTIVATION_BITS,
      depth: 2 * 2 ** indexBits(input.size),
      copies: columns,
    });
  }
  return memories;
}
