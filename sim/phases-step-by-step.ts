/** The schedule of whole sequences cycle by cycle: a software twin of its sequencer and its input memory. */
import { beatsPerStep, type Design, type Job, type Segment } from '../src/design/design.js';
import { finishCycles, maxPending, phaseSteps } from './timing.js';
import { type FoldEvent, NONE, Schedule, SpanRecorder, type State, type Trace } from './trace.js';
import type { Workload } from './workload.js';

type Stall = 'stallInput' | 'stallDependency' | 'stallOutput';

export function tracePhases(design: Design, { sequences }: Workload): Trace {
  const { jobs } = design;
  const beats = beatsPerStep(design);
  const firstFree = jobs.findIndex(({ kind, layer }) => kind === 'head' || layer > 0);

  // Input side: one sequence at a time, of which the schedule learns a cycle late.
  let isFull = false;
  let isSeen = false;
  let loading = 0;
  let loaded = 0;

  // Sequencer.
  let pad = jobs[0].passes[0].padCycles;
  let state: State = pad > 0 ? 'pad' : 'mac';
  let sequence = 0;
  let job = 0;
  let run = 0;
  let fold = 0;
  let pass = 0;
  let segment = 0;
  let k = 0;
  let pending = 0;
  let resultBusy = false;
  const done = new Schedule();
  const taken = new Schedule();

  const count = { ...NONE };
  const outputCycles: number[] = [];
  const stepStarts: number[] = [];
  const folds: FoldEvent[] = [];
  const spans = new SpanRecorder();
  let foldStart = 0;
  let stepsBefore = 0;
  let lastDone = 0;
  let cycle = 0;

  const stallOf = (current: Job, part: Segment, isLast: boolean): Stall | undefined => {
    if (part.needsInput && !isSeen) return 'stallInput';
    if (part.source !== 'input' && pending > maxPending(part, run === 0)) return 'stallDependency';
    return current.kind === 'head' && isLast && fold === 0 && resultBusy
      ? 'stallOutput'
      : undefined;
  };

  for (; sequence < sequences.length || cycle <= lastDone; cycle++) {
    spans.at(stepsBefore + run, job, pass, fold);
    let jobEnds = false;
    let headEnds = false;
    let release = false;
    const loads = loading < sequences.length && !isFull;

    if (sequence >= sequences.length) {
      count.tail++;
    } else if (state === 'pad') {
      count.pad++;
      if (--pad === 0) state = 'mac';
    } else if (state === 'mac') {
      const current = jobs[job];
      const { segments } = current.passes[pass];
      const isLast = segment === segments.length - 1;
      const stall = k === 0 ? stallOf(current, segments[segment], isLast) : undefined;
      if (stall !== undefined) {
        count[stall]++;
      } else {
        count.mac++;
        if (pass === 0 && segment === 0 && k === 0) {
          foldStart = cycle;
          if (job === 0 && fold === 0) stepStarts.push(cycle);
          release = job === firstFree && run === 0 && fold === 0;
        }
        if (k < segments[segment].length - 1) {
          k++;
        } else {
          k = 0;
          if (isLast) state = 'flush';
          else segment++;
        }
      }
    } else {
      count.flush++;
      const current = jobs[job];
      const length = sequences[sequence];
      if (pass < current.passes.length - 1) {
        pass++;
      } else {
        const step = stepOf(design, current, run, length);
        folds.push({ step: stepsBefore + step, job, fold, start: foldStart, drain: cycle });
        pass = 0;
        if (fold < current.folds - 1) {
          fold++;
        } else {
          jobEnds = true;
          headEnds = current.kind === 'head';
          const finish = cycle + finishCycles(design, current);
          done.add(finish);
          lastDone = Math.max(lastDone, finish);
          if (headEnds) {
            outputCycles.push(finish + 1);
            taken.add(finish + 1);
            lastDone = Math.max(lastDone, finish + 1);
          }
          fold = 0;
          if (++run === phaseSteps(design, current, length)) {
            run = 0;
            job = (job + 1) % jobs.length;
            if (job === 0) {
              stepsBefore += length;
              sequence++;
            }
          }
        }
      }
      segment = 0;
      pad = jobs[job].passes[pass].padCycles;
      state = pad > 0 ? 'pad' : 'mac';
    }

    spans.note(cycle, count);

    // Registers at the end of the cycle.
    isSeen = isFull && !release;
    if (release) isFull = false;
    if (loads && ++loaded === sequences[loading] * beats) {
      isFull = true;
      loaded = 0;
      loading++;
    }
    if (jobEnds) pending++;
    if (done.take(cycle)) pending--;
    if (taken.take(cycle)) resultBusy = false;
    else if (headEnds) resultBusy = true;
  }
  return { cycles: cycle, breakdown: count, outputCycles, stepStarts, folds, spans: spans.spans };
}

/** Step of the sequence in which a phase is, so many runs after it began. */
function stepOf({ headWhen }: Design, job: Job, run: number, length: number): number {
  if (job.kind === 'head') return headWhen === 'last-step' ? length - 1 : run;
  return job.direction === 'backward' ? length - 1 - run : run;
}
