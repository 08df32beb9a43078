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

/** Sums that drain one a cycle. */
export interface DrainEvent {
  readonly step: number;
  readonly job: number;
  readonly fold: number;
  /** Cycle in which the first is read. */
  readonly start: number;
  readonly cycles: number;
}

export interface Trace {
  readonly cycles: number;
  readonly breakdown: CycleBreakdown;
  readonly outputCycles: readonly number[];
  /** Cycle in which each step's first operand is issued. */
  readonly stepStarts: readonly number[];
  readonly folds: readonly FoldEvent[];
  /** What drained in one go, where that is not a fold each: by the first of its folds. */
  readonly groups?: readonly DrainEvent[];
  /** What the array's issue port did, without gaps, from cycle 0 to the last. */
  readonly spans: readonly Span[];
}

/** Cycles, one after the other, in which the array's issue port did one thing for one fold. */
export interface Span {
  readonly kind: keyof CycleBreakdown;
  /** Of the tail, those of the job that would be next. */
  readonly step: number;
  readonly job: number;
  readonly pass: number;
  readonly fold: number;
  readonly start: number;
  cycles: number;
}

/** Makes spans of what a simulation counts cycle by cycle. */
export class SpanRecorder {
  readonly spans: Span[] = [];
  private step = 0;
  private job = 0;
  private pass = 0;
  private fold = 0;
  private counted: Counts = { ...NONE };

  /** What the cycle that begins is for. */
  at(step: number, job: number, pass: number, fold: number): void {
    this.step = step;
    this.job = job;
    this.pass = pass;
    this.fold = fold;
  }

  /** The cycle was counted as one of these. */
  note(cycle: number, counts: Counts): void {
    const { step, job, pass, fold, counted } = this;
    for (const kind of KINDS) {
      if (counts[kind] === counted[kind]) continue;
      counted[kind] = counts[kind];
      const last = this.spans[this.spans.length - 1] as Span | undefined;
      const goesOn =
        last?.kind === kind &&
        (kind === 'tail' ||
          (last.step === step && last.job === job && last.pass === pass && last.fold === fold));
      if (goesOn) last!.cycles++;
      else this.spans.push({ kind, step, job, pass, fold, start: cycle, cycles: 1 });
    }
  }
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
  stallWeights: 0,
  tail: 0,
};

const KINDS = Object.keys(NONE) as (keyof CycleBreakdown)[];

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
