/** Fixed delays between the schedule's events, shared by both simulators. */
import type { Design, Job, Segment, Structure } from '../src/design/design.js';

/** Row of the array that drains last in the job's last fold. */
export function lastRow(design: Pick<Design, 'rows'>, job: Job): number {
  return (job.sums - 1) % design.rows;
}

/**
 * Cycles from a job's last drain command to the cycle in which its results are there: the last h is
 * written, or the last column's class is registered.
 */
export function finishCycles(design: Structure, job: Job): number {
  const { issueToDrain, drainToGate, gateToHidden, drainToArgmax } = design.pipeline;
  const toDrain = issueToDrain + lastRow(design, job) + design.columns - 1;
  return toDrain + (job.kind === 'head' ? drainToArgmax : drainToGate + gateToHidden);
}

/**
 * Cycles from x being needed no more by the first column to its buffer being free: from its last operand
 * on; with an input table from the last drain command of layer 0 on, whose sums read it as they drain.
 */
export function releaseCycles(design: Structure): number {
  const [first] = design.jobs;
  const drain = first.isTabled ? design.pipeline.issueToDrain + lastRow(design, first) : 0;
  return drain + design.columns - 1;
}

/** Whether a segment is the last of its fold that reads x. */
export function isLastInput({ input }: Design, { source, feature }: Segment): boolean {
  const last = input.kind === 'features' ? input.tables.length - 1 : undefined;
  return source === 'input' && feature === last;
}

/** Whether the head runs after this step. */
export function needsHead(design: Pick<Design, 'headWhen'>, isLastStep: boolean): boolean {
  return design.headWhen === 'every-step' || isLastStep;
}

/**
 * Steps in which a job of a design that runs whole sequences is at work, of a sequence of so many: all of
 * them, but for a head that sees the last one alone.
 */
export function phaseSteps(design: Pick<Design, 'headWhen'>, job: Job, length: number): number {
  return job.kind === 'head' && design.headWhen === 'last-step' ? 1 : length;
}

/** Most earlier jobs that may be unfinished when a segment begins. */
export function maxPending(segment: Segment, isFirstStep: boolean): number {
  return isFirstStep ? 0 : segment.maxPending;
}

/** Cycles from a sequence's last beat to the first in which the schedule sees that it is complete. */
export const SEQUENCE_LATENCY = 2;
