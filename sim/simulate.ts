/** Design + workload -> SimulationReport: cycles from the closed form, activity counted from the schedule. */
import {
  beatsPerStep,
  type Design,
  type Job,
  type MemorySpec,
  type Segment,
  type Structure,
} from '../src/design/design.js';
import { isStationary } from '../src/design/stationary.js';
import {
  beatsOfLines,
  beatsPerImage,
  cyclesPerImage,
  jobLines,
} from '../src/design/weight-stream.js';
import { simulateClosedForm } from './closed-form.js';
import type { Activity, JobReport, SimulationReport, WeightSupply } from './report.js';
import type { WeightSource } from './weight-source.js';
import { stationaryActivity } from './stationary-activity.js';
import { needsHead, phaseSteps } from './timing.js';
import { operandsOf, type Workload } from './workload.js';

/** Steps of the run that measures the steady state. */
export const STEADY_STEPS = 24;

/** Gates of a unit that meet thresholds; the others, like logits, are requantized. */
function thresholdGates({ scheme }: Structure): number {
  return (scheme.gates === 'int16' ? 0 : 3) + (scheme.candidate === 'ternary' ? 1 : 0);
}

/** Operands of a segment and the products of one row, over all runs of its job. */
export interface OperandTotals {
  readonly operands: number;
  readonly elements: number;
}

function operandTotals(
  design: Design,
  workload: Workload,
  job: Job,
  segment: Segment,
): OperandTotals {
  const { sequences } = workload;
  const steps = sequences.reduce((sum, length) => sum + length, 0);
  const isEvery = job.kind === 'lstm' || needsHead(design, false);
  if (design.dataflow !== 'sparse') {
    const runs = isEvery ? steps : sequences.length;
    return { operands: runs * segment.length, elements: runs * segment.elements };
  }
  let operands = 0;
  let before = 0;
  for (const length of sequences) {
    for (let step = isEvery ? 0 : length - 1; step < length; step++) {
      operands += operandsOf(design, workload, segment, before + step, step === 0);
    }
    before += length;
  }
  return { operands, elements: operands };
}

/**
 * What a run brings from off chip for the weights of these jobs, and writes into their banks: in every step, whether the
 * head runs or not.
 */
function weightTraffic(
  { weightStream, rows, jobs: all }: Structure,
  jobs: readonly Job[],
  steps: number,
): { writes: number; offChipBits?: number } {
  if (!weightStream) return { writes: 0 };
  const firsts = [...jobLines(all, weightStream), weightStream.lines];
  let lines = 0;
  let beats = 0;
  all.forEach((job, j) => {
    if (!jobs.includes(job)) return;
    lines += firsts[j + 1] - firsts[j];
    const [from, to] = [j, j + 1].map((n) => beatsOfLines(weightStream, rows, firsts[n]));
    beats += to - from;
  });
  return { writes: steps * lines * rows, offChipBits: steps * beats * weightStream.bits };
}

/** What the run's jobs, or some of them, did in so many cycles; `totalsOf` tells of each segment over the run. */
export function countActivity(
  design: Structure,
  sequences: readonly number[],
  cycles: number,
  jobs: readonly Job[],
  totalsOf: (job: Job, segment: Segment) => OperandTotals,
): Activity {
  const { columns, rows, array, combiner } = design;
  // What comes in is the first job's.
  const isFirst = jobs.includes(design.jobs[0]);
  const steps = sequences.reduce((sum, length) => sum + length, 0);
  const heads = needsHead(design, false) ? steps : sequences.length;
  const { writes: weightWrites, offChipBits } = weightTraffic(design, jobs, steps);
  let macs = 0;
  let allMacs = 0;
  let peOperations = 0;
  let sums = 0;
  let units = 0;
  let logits = 0;
  let tableReads = 0;
  let inputReads = 0;
  let tokenReads = 0;
  let hiddenReads = 0;
  let rowReads = 0;
  let bankReads = 0;
  let partialSums = 0;
  for (const job of jobs) {
    const runs = job.kind === 'head' ? heads : steps;
    rowReads += runs * job.outputs;
    sums += runs * job.sums * job.passes.length * columns;
    partialSums += runs * job.sums * (job.passes.length - 1) * columns;
    if (job.isTabled) tableReads += runs * job.outputs * columns;
    // A token is read once for each of its rows in a fold, and with a table once.
    if (job.isTabled) tokenReads += runs * columns;
    for (const { segments } of job.passes) {
      for (const segment of segments) {
        const { operands, elements } = totalsOf(job, segment);
        macs += job.sums * elements * columns;
        allMacs += runs * job.sums * segment.elements * columns;
        peOperations += job.sums * operands * columns;
        bankReads += job.folds * operands * rows;
        const reads = job.folds * operands * columns;
        if (segment.source === 'input') {
          inputReads += reads;
          tokenReads += runs * job.folds * columns;
        } else {
          hiddenReads += reads;
        }
      }
    }
    if (job.kind === 'head') logits += runs * job.outputs * columns;
    else units += (runs * job.outputs * columns) / 4;
  }
  const thresholds = thresholdGates(design) * units;
  const linearGates = 4 * units - thresholds;
  const words = (elements: number): number => Math.ceil(elements / array.pack);
  const hiddenWrites = jobs.reduce(
    (sum, job) => (job.kind === 'head' ? sum : sum + steps * words(job.outputs / 4) * columns),
    0,
  );
  const inputWrites =
    isFirst && design.input.kind === 'dense' ? steps * words(design.input.size) * columns : 0;
  const tokenWrites = isFirst ? steps * beatsPerStep(design) * columns : 0;
  const counts: Record<MemorySpec['role'], { reads: number; writes: number }> = {
    weights: { reads: bankReads, writes: weightWrites },
    rows: { reads: rowReads, writes: 0 },
    factors: { reads: sums / columns, writes: 0 },
    partial: { reads: partialSums, writes: partialSums },
    tanh: { reads: linearGates, writes: 0 },
    squash: { reads: units, writes: 0 },
    hidden: { reads: hiddenReads, writes: hiddenWrites },
    cell: { reads: units, writes: units },
    embedding: { reads: inputReads, writes: 0 },
    table: { reads: tableReads, writes: 0 },
    tokens: { reads: tokenReads, writes: tokenWrites },
    input: { reads: inputReads, writes: inputWrites },
    results: { reads: 0, writes: 0 },
  };
  return {
    macs,
    skippedMacs: allMacs - macs,
    peOperations,
    idlePeCycles: rows * columns * cycles - peOperations,
    combinations: combiner === undefined ? 0 : sums,
    requantizations: linearGates + logits,
    thresholds,
    cellUpdates: units,
    comparisons: logits,
    ...(offChipBits !== undefined && { offChipBits }),
    memories: design.memories.map(({ name, role }) => {
      const { reads, writes } = counts[role];
      return { name, reads, writes };
    }),
  };
}

/** Operand words that a step takes, of rows of the array. */
export function operationsPerStep(design: Structure, length: number): number {
  let operations = 0;
  for (const job of design.jobs) {
    if (design.sequence) {
      operations += (job.sums * job.k * phaseSteps(design, job, length)) / length;
    } else if (job.kind === 'lstm' || needsHead(design, false)) {
      operations += job.sums * job.k;
    }
  }
  return operations;
}

/**
 * Cycles per step and utilization in the steady state: of one long sequence, or, where sequences have to be
 * there as a whole, of several of the longest.
 */
function steadyState(
  design: Design,
  weightSource?: WeightSource,
): { cyclesPerStep: number; utilization: number } {
  const length = design.sequence?.maxSteps ?? STEADY_STEPS;
  const sequences = design.sequence ? [length, length, length] : [length];
  const { stepStarts } = simulateClosedForm(design, {
    sequences,
    ...(weightSource && { weightSource }),
  });
  const [from, to] = design.sequence ? [length, 2 * length] : [length / 2, length - 1];
  const cyclesPerStep = (stepStarts[to] - stepStarts[from]) / (to - from);
  // Of a column; what is weight-stationary shares them out over columns.
  const share = design.stationary ? design.stationary.sequences / design.columns : 1;
  const operations = share * operationsPerStep(design, length);
  return { cyclesPerStep, utilization: operations / (design.rows * cyclesPerStep) };
}

/** How fast weights come, and how long a step takes if they are always there. */
function weightSupply(
  design: Design,
  { bitsPerCycle = Infinity }: WeightSource = {},
): WeightSupply {
  const { weightStream, ...kept } = design;
  const { bits } = weightStream!;
  const bitsPerStep = beatsPerImage(weightStream!, design.rows) * bits;
  const boundCycles = Math.max(
    cyclesPerImage(weightStream!, design.rows),
    bitsPerStep / bitsPerCycle,
  );
  const computeCycles = steadyState(kept).cyclesPerStep;
  const isBound = boundCycles > computeCycles;
  return { bitsPerStep, portBits: bits, boundCycles, computeCycles, isBound };
}

/** @throws {RangeError} for a workload without steps. */
export function simulate(design: Design, workload: Workload): SimulationReport {
  const { cycles, breakdown, jobs, outputCycles } = simulateClosedForm(design, workload);
  const steps = workload.sequences.reduce((sum, length) => sum + length, 0);
  const activity = (spent: number, of: readonly Job[]): Activity =>
    isStationary(design)
      ? stationaryActivity(design, workload.sequences, spent, of)
      : countActivity(design, workload.sequences, spent, of, (job, segment) =>
          operandTotals(design, workload, job, segment),
        );
  const counts = activity(cycles, design.jobs);
  const isCounted = design.dataflow === 'sparse' && workload.nonzeros !== undefined;
  const { rows, columns } = design;
  return {
    cycles,
    steps,
    // What the data say, where they do: over all steps.
    ...(isCounted
      ? {
          cyclesPerStep: cycles / steps,
          utilization: counts.peOperations / (rows * columns * cycles),
        }
      : steadyState(design, workload.weightSource)),
    breakdown,
    activity: counts,
    jobs: jobs.map((part, j): JobReport => {
      const spent = Object.values(part).reduce((sum: number, n: number) => sum + n, 0);
      const did = activity(spent, [design.jobs[j]]);
      return { cycles: spent, breakdown: part, activity: did };
    }),
    outputCycles,
    ...(design.weightStream && { weightSupply: weightSupply(design, workload.weightSource) }),
  };
}
