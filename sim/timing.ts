/** Fixed delays between the schedule's events, shared by both simulators. */
import type { Design, Job } from '../src/design/design.js';

/** Row of the array that drains last in the job's last fold. */
export function lastRow(design: Design, job: Job): number {
  return (job.sums - 1) % design.rows;
}

/**
 * Cycles from a job's last drain command to the cycle in which its results are there: the last h is
 * written, or the last column's class is registered.
 */
export function finishCycles(design: Design, job: Job): number {
  const { issueToDrain, drainToGate, gateToHidden, drainToArgmax } = design.pipeline;
  const toDrain = issueToDrain + lastRow(design, job) + design.columns - 1;
  return toDrain + (job.kind === 'head' ? drainToArgmax : drainToGate + gateToHidden);
}

/**
 * Cycles from x being needed no more by the first column to its buffer being free: from its last operand
 * on; with an input table from the last drain command of layer 0 on, whose sums read it as they drain.
 */
export function releaseCycles(design: Design): number {
  const [first] = design.jobs;
  const drain = first.isTabled ? design.pipeline.issueToDrain + lastRow(design, first) : 0;
  return drain + design.columns - 1;
}

/** Beats in which one step's x arrives. */
export function beatsPerStep(design: Design): number {
  return design.input.kind === 'tokens' ? 1 : design.input.size;
}

/** Whether the head runs after this step. */
export function needsHead(design: Design, isLastStep: boolean): boolean {
  return design.headWhen === 'every-step' || isLastStep;
}
