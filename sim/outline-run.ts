/**
 * The closed form once more, in numbers alone: how long a run takes, without a list of its steps or of where its cycles
 * went. What a search asks for each of a million designs; equal to `simulate` (a test holds it to that).
 */
import {
  beatsPerStep,
  drainGap,
  type Job,
  type Segment,
  skipsZeros,
  type Structure,
} from '../src/design/design.js';
import type { Activity } from './report.js';
import { countActivity, type OperandTotals, operationsPerStep, STEADY_STEPS } from './simulate.js';
import { finishCycles, needsHead, phaseSteps, releaseCycles, SEQUENCE_LATENCY } from './timing.js';
import { nonzeroCount } from './workload.js';

/** What `simulate` says of a run, as far as a search asks. */
export interface RunTotals {
  readonly cycles: number;
  readonly steps: number;
  readonly cyclesPerStep: number;
  readonly utilization: number;
  readonly activity: Activity;
}

/** Of two steps, the cycle in which each begins. */
interface Marks {
  readonly from: number;
  readonly to: number;
  fromCycle: number;
  toCycle: number;
}

/** Operands of a segment in a step. */
function operandsAt(
  design: Structure,
  density: number | undefined,
  { source, length }: Segment,
  isFresh: boolean,
): number {
  if (design.dataflow !== 'sparse') return length;
  if (source === 'input' && design.input.kind !== 'dense') return length;
  if (source === 'previous' && isFresh) return 0;
  return density === undefined ? length : nonzeroCount(length, density);
}

/** How far ahead a time is, where it is; what is past keeps nothing waiting. */
const ahead = (cycles: number): number => (cycles > -1 ? cycles : -1);

/** Cycles of step-serial sequences one after the other; the times are those of closed-form.ts. */
function runSteps(
  design: Structure,
  sequences: readonly number[],
  density: number | undefined,
  marks: Marks,
): number {
  const { jobs } = design;
  const beats = beatsPerStep(design);
  const isSparse = design.dataflow === 'sparse';
  const gap = isSparse ? drainGap(design) : 0;
  const release = releaseCycles(design) + 1;
  let begin = 0;
  let lastDrain = -Infinity;
  // Cycles in which the latest jobs finished: the last one, the one before, and the one before that.
  let done0 = -1;
  let done1 = -1;
  let done2 = -1;
  let taken = -1;
  let free0 = 0;
  let free1 = 0;
  let loader = 0;
  let end = 0;
  let stepsBefore = 0;

  for (const length of sequences) {
    let was0 = ahead(done0 - begin);
    let was1 = ahead(done1 - begin);
    let was2 = ahead(done2 - begin);
    let wasDrain = lastDrain - begin;
    let wasTaken = ahead(taken - begin);
    let wasFree0 = free0 - begin;
    let wasFree1 = free1 - begin;
    let wasLoader = loader - begin;
    let step = 0;
    while (step < length) {
      const isFresh = step === 0;
      const isLast = step === length - 1;
      const xReady = Math.max(loader, free0) + beats;
      loader = xReady;
      const started = begin;
      let firstStart = 0;
      let now = begin;
      let released = 0;
      for (let j = 0; j < jobs.length; j++) {
        const job = jobs[j];
        const isHead = job.kind === 'head';
        if (isHead && !needsHead(design, isLast)) continue;
        let foldCycles = 0;
        let foldReleases = 0;
        for (let p = 0; p < job.passes.length; p++) {
          const { padCycles, segments } = job.passes[p];
          now += padCycles;
          let cycles = padCycles;
          for (let s = 0; s < segments.length; s++) {
            const segment = segments[s];
            if (segment.needsInput && xReady > now) now = xReady;
            if (segment.source !== 'input') {
              const waits = segment.maxPending;
              const ready = (waits === 0 ? done0 : waits === 1 ? done1 : done2) + 1;
              if (ready > now) now = ready;
            }
            if (isHead && taken >= now) now = taken + 1;
            if (j === 0 && p === 0 && s === 0) firstStart = now;
            const spent = Math.max(1, operandsAt(design, density, segment, isFresh));
            cycles += spent;
            now += spent;
            if (segment.source === 'input') {
              released = now - 1;
              foldReleases = foldCycles + cycles;
            }
          }
          cycles += 1;
          foldCycles += Math.max(gap, cycles);
          lastDrain = Math.max(now, lastDrain + gap);
          now = lastDrain + 1;
        }
        if (foldReleases > 0 && job.folds > 1) {
          released = lastDrain + (job.folds - 2) * foldCycles + foldReleases;
        }
        lastDrain += (job.folds - 1) * foldCycles;
        now = lastDrain + 1;
        if (job.isTabled) released = now - 1;
        const finish = now - 1 + finishCycles(design, job);
        done2 = done1;
        done1 = done0;
        done0 = finish;
        if (isHead) taken = finish + 1;
        end = Math.max(end, isHead ? finish + 2 : finish + 1);
      }
      free0 = free1;
      free1 = released + release;
      begin = now;

      const index = stepsBefore + step;
      if (index === marks.from) marks.fromCycle = firstStart;
      if (index === marks.to) marks.toCycle = firstStart;
      step++;
      const repeats = length - 1 - step;
      const isPeriodic =
        repeats > 0 &&
        (!isSparse || step > 1) &&
        ahead(done0 - begin) === was0 &&
        ahead(done1 - begin) === was1 &&
        ahead(done2 - begin) === was2 &&
        lastDrain - begin === wasDrain &&
        ahead(taken - begin) === wasTaken &&
        free0 - begin === wasFree0 &&
        free1 - begin === wasFree1 &&
        loader - begin === wasLoader;
      if (isPeriodic) {
        const period = begin - started;
        const { from, to } = marks;
        if (from > index && from <= index + repeats) {
          marks.fromCycle = firstStart + (from - index) * period;
        }
        if (to > index && to <= index + repeats) {
          marks.toCycle = firstStart + (to - index) * period;
        }
        const later = repeats * period;
        begin += later;
        lastDrain += later;
        done0 += later;
        done1 += later;
        done2 += later;
        taken += later;
        free0 += later;
        free1 += later;
        loader += later;
        end += later;
        step += repeats;
      }
      was0 = ahead(done0 - begin);
      was1 = ahead(done1 - begin);
      was2 = ahead(done2 - begin);
      wasDrain = lastDrain - begin;
      wasTaken = ahead(taken - begin);
      wasFree0 = free0 - begin;
      wasFree1 = free1 - begin;
      wasLoader = loader - begin;
    }
    stepsBefore += length;
  }
  return end;
}

/** Cycles of whole sequences, job by job; the times are those of phases.ts. */
function runPhases(design: Structure, sequences: readonly number[], marks: Marks): number {
  const { jobs } = design;
  const beats = beatsPerStep(design);
  const firstFree = jobs.findIndex(({ kind, layer }) => kind === 'head' || layer > 0);
  let done0 = -1;
  let done1 = -1;
  let done2 = -1;
  let taken = -1;
  let loader = 0;
  let now = 0;
  let end = 0;
  let stepsBefore = 0;
  for (const length of sequences) {
    const xReady = loader + length * beats - 1 + SEQUENCE_LATENCY;
    for (let j = 0; j < jobs.length; j++) {
      const job = jobs[j];
      const isHead = job.kind === 'head';
      const runs = phaseSteps(design, job, length);
      const others = (job.folds - 1) * job.foldCycles;
      const finishes = finishCycles(design, job);
      let was0 = NaN;
      let was1 = NaN;
      let was2 = NaN;
      let wasTaken = NaN;
      for (let run = 0; run < runs; run++) {
        const began = now;
        for (let p = 0; p < job.passes.length; p++) {
          const { padCycles, segments } = job.passes[p];
          now += padCycles;
          for (let s = 0; s < segments.length; s++) {
            const segment = segments[s];
            if (segment.needsInput && xReady > now) now = xReady;
            if (segment.source !== 'input') {
              const waits = run === 0 ? 0 : segment.maxPending;
              const ready = (waits === 0 ? done0 : waits === 1 ? done1 : done2) + 1;
              if (ready > now) now = ready;
            }
            if (isHead && s === segments.length - 1 && taken >= now) now = taken + 1;
            if (p === 0 && s === 0) {
              if (j === 0 && stepsBefore + run === marks.from) marks.fromCycle = now;
              if (j === 0 && stepsBefore + run === marks.to) marks.toCycle = now;
              if (j === firstFree && run === 0) loader = now + 1;
            }
            now += segment.length;
          }
          now += 1;
        }
        now += others;
        const finish = now - 1 + finishes;
        done2 = done1;
        done1 = done0;
        done0 = finish;
        if (isHead) taken = finish + 1;
        end = Math.max(end, isHead ? finish + 2 : finish + 1);
        const isPeriodic =
          run > 0 &&
          ahead(done0 - now) === was0 &&
          ahead(done1 - now) === was1 &&
          ahead(done2 - now) === was2 &&
          (!isHead || ahead(taken - now) === wasTaken);
        was0 = ahead(done0 - now);
        was1 = ahead(done1 - now);
        was2 = ahead(done2 - now);
        wasTaken = ahead(taken - now);
        if (isPeriodic && run < runs - 1) {
          // The steps between have no mark: those asked for begin sequences.
          const later = (runs - 1 - run) * (now - began);
          now += later;
          done0 += later;
          done1 += later;
          done2 += later;
          if (isHead) taken += later;
          end += later;
          break;
        }
      }
    }
    stepsBefore += length;
  }
  return end;
}

/** Operands of a segment over all sequences. */
function totals(
  design: Structure,
  sequences: readonly number[],
  steps: number,
  density: number | undefined,
  job: Job,
  segment: Segment,
): OperandTotals {
  const isEvery = job.kind === 'lstm' || needsHead(design, false);
  const runs = isEvery ? steps : sequences.length;
  if (!skipsZeros(design, segment)) {
    const { length, elements } = segment;
    return {
      operands: runs * length,
      elements: runs * (design.dataflow === 'sparse' ? length : elements),
    };
  }
  const fresh = segment.source === 'previous' ? sequences.length : 0;
  const operands = (runs - fresh) * operandsAt(design, density, segment, false);
  return { operands, elements: operands };
}

/**
 * The run of an output-stationary or sparse design over sequences, one after the other.
 *
 * @param density sparse: share of h, and of a dense x, that is not zero; absent: all of it
 */
export function runOutline(
  design: Structure,
  sequences: readonly number[],
  density: number | undefined,
): RunTotals {
  let steps = 0;
  for (const length of sequences) steps += length;
  const { rows, columns, sequence } = design;
  const unmarked: Marks = { from: -1, to: -1, fromCycle: 0, toCycle: 0 };
  const cycles = sequence
    ? runPhases(design, sequences, unmarked)
    : runSteps(design, sequences, density, unmarked);
  const activity = countActivity(design, sequences, cycles, design.jobs, (job, segment) =>
    totals(design, sequences, steps, density, job, segment),
  );
  if (design.dataflow === 'sparse' && density !== undefined) {
    const cyclesPerStep = cycles / steps;
    const utilization = activity.peOperations / (rows * columns * cycles);
    return { cycles, steps, cyclesPerStep, utilization, activity };
  }
  const length = sequence?.maxSteps ?? STEADY_STEPS;
  const marks: Marks = sequence
    ? { from: length, to: 2 * length, fromCycle: 0, toCycle: 0 }
    : { from: length / 2, to: length - 1, fromCycle: 0, toCycle: 0 };
  if (sequence) runPhases(design, [length, length, length], marks);
  else runSteps(design, [length], undefined, marks);
  const cyclesPerStep = (marks.toCycle - marks.fromCycle) / (marks.to - marks.from);
  const utilization = operationsPerStep(design, length) / (rows * cyclesPerStep);
  return { cycles, steps, cyclesPerStep, utilization, activity };
}
