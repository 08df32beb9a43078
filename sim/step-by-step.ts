/**
 * The schedule cycle by cycle: a software twin of the generated sequencer and of the stream interfaces,
 * slow and literal. The closed form must agree with it, and it with the Verilog, in every cycle.
 */
import {
  beatsPerStep,
  type Design,
  drainGap,
  type Job,
  type Segment,
} from '../src/design/design.js';
import { isStationary } from '../src/design/stationary.js';
import { tracePhases } from './phases-step-by-step.js';
import { traceStationary } from './stationary-step-by-step.js';
import { finishCycles, isLastInput, needsHead, releaseCycles } from './timing.js';
import { type FoldEvent, NONE, Schedule, SpanRecorder, type State, type Trace } from './trace.js';
import { WeightBuffer } from './weight-buffer.js';
import { checkWorkload, operandsOf, type Workload } from './workload.js';

export function simulateStepByStep(design: Design, workload: Workload): Trace {
  checkWorkload(design, workload);
  if (isStationary(design)) return traceStationary(design, workload);
  return design.sequence ? tracePhases(design, workload) : traceSteps(design, workload);
}

function traceSteps(design: Design, workload: Workload): Trace {
  const { jobs } = design;
  const lastStepFlags = workload.sequences.flatMap((length) =>
    Array.from({ length }, (_, step) => step === length - 1),
  );
  const steps = lastStepFlags.length;
  const beats = beatsPerStep(design);

  // Input side.
  const full = [false, false];
  let loadBuffer = 0;
  let loadIndex = 0;
  let loadedSteps = 0;
  const releases: { cycle: number; buffer: number }[] = [];

  // Sequencer.
  const isSparse = design.dataflow === 'sparse';
  let gap = 0;
  let pad = jobs[0].passes[0].padCycles;
  let phase: State = pad > 0 ? 'pad' : 'mac';
  let job = 0;
  let pass = 0;
  let segment = 0;
  let k = 0;
  let fold = 0;
  let step = 0;
  let readBuffer = 0;
  let pending = 0;
  let resultBusy = false;
  const done = new Schedule();
  const taken = new Schedule();
  const weights = design.weightStream
    ? new WeightBuffer(design, workload.weightSource ?? {})
    : undefined;

  const count = { ...NONE };
  const outputCycles: number[] = [];
  const stepStarts: number[] = [];
  const folds: FoldEvent[] = [];
  const spans = new SpanRecorder();
  let foldStart = 0;
  let lastDone = 0;
  let cycle = 0;

  const stallOf = (
    current: Job,
    part: Segment,
  ): 'stallInput' | 'stallDependency' | 'stallOutput' | undefined => {
    if (part.needsInput && !full[readBuffer]) return 'stallInput';
    if (part.source === 'input') return undefined;
    if (pending > part.maxPending) return 'stallDependency';
    return current.kind === 'head' && fold === 0 && resultBusy ? 'stallOutput' : undefined;
  };

  for (; step < steps || cycle <= lastDone; cycle++) {
    spans.at(step, job, pass, fold);
    let jobEnds = false;
    let headGoes = false;
    let release = false;
    const isFlush = step < steps && phase === 'flush';
    const loads = loadedSteps < steps && !full[loadBuffer];

    if (step >= steps) {
      count.tail++;
    } else if (phase === 'pad') {
      count.pad++;
      if (--pad === 0) phase = 'mac';
    } else if (phase === 'wait') {
      count.pad++;
      if (gap <= 1) phase = 'flush';
    } else if (phase === 'mac') {
      const current = jobs[job];
      const { segments } = current.passes[pass];
      const part = segments[segment];
      const stall =
        (k === 0 ? stallOf(current, part) : undefined) ??
        (weights?.isReady === false ? ('stallWeights' as const) : undefined);
      if (stall !== undefined) {
        count[stall]++;
      } else {
        const isFresh = step === 0 || lastStepFlags[step - 1];
        const operands = operandsOf(design, workload, part, step, isFresh);
        if (operands === 0) count.pad++;
        else count.mac++;
        headGoes = current.kind === 'head';
        weights?.take(segment === segments.length - 1 && k === part.length - 1);
        if (pass === 0 && segment === 0 && k === 0) {
          foldStart = cycle;
          if (job === 0 && fold === 0) stepStarts.push(cycle);
        }
        if (operands === 0 || k === operands - 1) {
          release = isLastInput(design, part) && fold === current.folds - 1;
          k = 0;
          if (segment === segments.length - 1) phase = gap <= 1 ? 'flush' : 'wait';
          else segment++;
        } else {
          k++;
        }
      }
    } else {
      count.flush++;
      const current = jobs[job];
      const isLastPass = pass === current.passes.length - 1;
      if (isLastPass) folds.push({ step, job, fold, start: foldStart, drain: cycle });
      if (!isLastPass) {
        pass++;
      } else if (fold < current.folds - 1) {
        pass = 0;
        fold++;
      } else {
        jobEnds = true;
        release = current.isTabled;
        const finish = cycle + finishCycles(design, current);
        done.add(finish);
        lastDone = Math.max(lastDone, finish);
        if (current.kind === 'head') {
          outputCycles.push(finish + 1);
          taken.add(finish + 1);
          lastDone = Math.max(lastDone, finish + 1);
        }
        pass = 0;
        fold = 0;
        const next = jobs[job + 1];
        if (
          next === undefined ||
          (next.kind === 'head' && !needsHead(design, lastStepFlags[step]))
        ) {
          job = 0;
          step++;
          weights?.endStep();
        } else {
          job++;
        }
      }
      segment = 0;
      pad = jobs[job].passes[pass].padCycles;
      phase = pad > 0 ? 'pad' : 'mac';
    }

    spans.note(cycle, count);

    // Registers at the end of the cycle.
    weights?.tick(cycle);
    if (isFlush && isSparse) gap = drainGap(design) - 1;
    else if (gap > 0) gap--;
    if (release) {
      releases.push({ cycle: cycle + releaseCycles(design), buffer: readBuffer });
      readBuffer = 1 - readBuffer;
    }
    if (releases[0]?.cycle === cycle) {
      full[releases[0].buffer] = false;
      releases.shift();
    }
    if (loads) {
      loadIndex++;
      if (loadIndex === beats) {
        full[loadBuffer] = true;
        loadBuffer = 1 - loadBuffer;
        loadIndex = 0;
        loadedSteps++;
      }
    }
    if (jobEnds) pending++;
    if (done.take(cycle)) pending--;
    if (taken.take(cycle)) resultBusy = false;
    else if (headGoes) resultBusy = true;
  }
  return { cycles: cycle, breakdown: count, outputCycles, stepStarts, folds, spans: spans.spans };
}
