/** What the closed form and the simulation cycle by cycle say about a run, and what they count it with. */
import type { CycleBreakdown } from './report.js';

export interface ClosedForm {
  readonly cycles: number;
  readonly breakdown: CycleBreakdown;
  /** By job: what of the breakdown is its own; no job has the tail. */
  readonly jobs: readonly CycleBreakdown[];
  readonly outputCycles: readonly number[];
  readonly stepStarts: readonly number[];
}

/** One fold on the array, for timelines. */
export interface FoldEvent {
  readonly step: number;
  readonly job: number;
  readonly fold: number;
  /** Cycle in which its first operand is issued. */
  readonly start: number;
  /** Cycle of its last drain command. */
  readonly drain: number;
}

export interface Trace {
  readonly cycles: number;
  readonly breakdown: CycleBreakdown;
  readonly outputCycles: readonly number[];
  /** Cycle in which each step's first operand is issued. */
  readonly stepStarts: readonly number[];
  readonly folds: readonly FoldEvent[];
}

/** What the sequencer does in a cycle. */
export type State = 'pad' | 'mac' | 'wait' | 'flush';

/** Pulses that reach the sequencer at the end of a known cycle. */
export class Schedule {
  private readonly cycles: number[] = [];
  add(cycle: number): void {
    this.cycles.push(cycle);
  }
  /** Whether a pulse is due in this cycle; pulses come in the order in which they were added. */
  take(cycle: number): boolean {
    if (this.cycles[0] !== cycle) return false;
    this.cycles.shift();
    return true;
  }
}

/** Cycles by what they went into, being counted. */
export type Counts = { -readonly [name in keyof CycleBreakdown]: number };

export const NONE: Counts = {
  mac: 0,
  flush: 0,
  pad: 0,
  stallInput: 0,
  stallDependency: 0,
  stallOutput: 0,
  tail: 0,
};

/** A count of nothing for each job. */
export function noCounts(jobs: readonly unknown[]): Counts[] {
  return jobs.map(() => ({ ...NONE }));
}

/** Their sum, and the cycles behind the last job. */
export function sumCounts(jobs: readonly Counts[], tail: number): Counts {
  const total: Counts = { ...NONE, tail };
  for (const counts of jobs) {
    for (const name of Object.keys(total) as (keyof Counts)[]) total[name] += counts[name];
  }
  return total;
}

/** How many finished jobs a segment can look back at. */
export const HISTORY = 3;
