/** Design + workload -> SimulationReport: cycles from the closed form, activity counted from the schedule. */
import type { Design } from '../src/design/design.js';
import { simulateClosedForm } from './closed-form.js';
import type { Activity, SimulationReport } from './report.js';
import { needsHead } from './timing.js';
import type { Workload } from './workload.js';

/** Steps of the run that measures the steady state. */
const STEADY_STEPS = 24;

function activity(design: Design, workload: Workload, cycles: number): Activity {
  const { columns, rows, jobs } = design;
  const steps = workload.sequences.reduce((sum, length) => sum + length, 0);
  const heads = needsHead(design, false) ? steps : workload.sequences.length;
  let macs = 0;
  let requantizations = 0;
  let thresholds = 0;
  let cellUpdates = 0;
  let comparisons = 0;
  let inputReads = 0;
  let hiddenReads = 0;
  let hiddenWrites = 0;
  let rowReads = 0;
  let bankReads = 0;
  for (const job of jobs) {
    const runs = job.kind === 'head' ? heads : steps;
    macs += runs * job.outputs * job.k * columns;
    bankReads += runs * job.folds * job.k * rows;
    rowReads += runs * job.outputs;
    for (const segment of job.segments) {
      const reads = runs * job.folds * segment.length * columns;
      if (segment.source === 'input') inputReads += reads;
      else hiddenReads += reads;
    }
    if (job.kind === 'head') {
      requantizations += runs * job.outputs * columns;
      comparisons += runs * job.outputs * columns;
    } else {
      const units = (runs * job.outputs * columns) / 4;
      cellUpdates += units;
      hiddenWrites += units;
      requantizations += design.scheme.gates === 'level3' ? units : 4 * units;
      thresholds += design.scheme.gates === 'level3' ? 3 * units : 0;
    }
  }
  // Tables are read once for every requantized gate and once for tanh(c).
  const tanhReads = requantizations - comparisons + cellUpdates;
  const inputWrites = design.input.kind === 'dense' ? steps * design.input.size * columns : 0;
  const counts: Record<string, { reads: number; writes: number }> = {
    weight_bank: { reads: bankReads, writes: 0 },
    row_parameters: { reads: rowReads, writes: 0 },
    tanh_table: { reads: tanhReads, writes: 0 },
    hidden: { reads: hiddenReads, writes: hiddenWrites },
    cell: { reads: cellUpdates, writes: cellUpdates },
    embedding: { reads: inputReads, writes: 0 },
    input_buffer: { reads: inputReads, writes: inputWrites },
  };
  return {
    macs,
    idlePeCycles: rows * columns * cycles - macs,
    requantizations,
    thresholds,
    cellUpdates,
    comparisons,
    memories: design.memories.map(({ name }) => ({ name, ...counts[name] })),
  };
}

/** Cycles per step and utilization in the steady state of one long sequence. */
function steadyState(design: Design): { cyclesPerStep: number; utilization: number } {
  const { stepStarts } = simulateClosedForm(design, { sequences: [STEADY_STEPS] });
  const from = STEADY_STEPS / 2;
  const to = STEADY_STEPS - 1;
  const cyclesPerStep = (stepStarts[to] - stepStarts[from]) / (to - from);
  let macs = 0;
  for (const job of design.jobs) {
    if (job.kind === 'lstm' || needsHead(design, false)) macs += job.outputs * job.k;
  }
  return { cyclesPerStep, utilization: macs / (design.rows * cyclesPerStep) };
}

/** @throws {RangeError} for a workload without steps. */
export function simulate(design: Design, workload: Workload): SimulationReport {
  const { cycles, breakdown, outputCycles } = simulateClosedForm(design, workload);
  const steps = workload.sequences.reduce((sum, length) => sum + length, 0);
  return {
    cycles,
    steps,
    ...steadyState(design),
    breakdown,
    activity: activity(design, workload, cycles),
    outputCycles,
  };
}
