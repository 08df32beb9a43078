/**
 * The weight-stationary schedule cycle by cycle: a software twin of the generated sequencer, the drain and the
 * stream interfaces, slow and literal. The closed form must agree with it, and it with the Verilog, in every cycle.
 */
import { beatsPerStep } from '../src/design/design.js';
import { groupSums, type StationaryDesign, tilesOf } from '../src/design/stationary.js';
import { drainLatency, GROUPS, RESULT_LATENCY } from './stationary.js';
import { needsHead } from './timing.js';
import {
  type DrainEvent,
  type FoldEvent,
  NONE,
  Schedule,
  SpanRecorder,
  type Trace,
} from './trace.js';
import type { Workload } from './workload.js';

/** A group of sums on its way through the drain. */
interface Group {
  /** First cycle in which its first sum can be read. */
  readonly ready: number;
  /** Per sequence. */
  readonly sums: number;
  readonly isHead: boolean;
  readonly step: number;
  readonly job: number;
  /** First block. */
  readonly fold: number;
  readonly endsJob: boolean;
}

export function traceStationary(design: StationaryDesign, workload: Workload): Trace {
  const { jobs, rows } = design;
  const { sequences, tileCycles, groupBlocks } = design.stationary;
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

  // Sequencer.
  let loading = rows;
  let cycleOfTile = 0;
  let job = 0;
  let block = 0;
  let segment = 0;
  let tile = 0;
  let step = 0;
  let readBuffer = 0;
  let pending = 0;
  let groups = 0;
  let resultBusy = false;
  const done = new Schedule();
  const taken = new Schedule();

  // Drain.
  const waiting: Group[] = [];
  let draining: Group | undefined;
  let read = 0;

  const count = { ...NONE };
  const outputCycles: number[] = [];
  const stepStarts: number[] = [];
  const folds: FoldEvent[] = [];
  const drains: DrainEvent[] = [];
  const recorder = new SpanRecorder();
  let blockStart = 0;
  let lastDone = 0;
  let cycle = 0;

  for (
    ;
    step < steps || draining !== undefined || waiting.length > 0 || cycle <= lastDone;
    cycle++
  ) {
    const loads = loadedSteps < steps && !full[loadBuffer];
    let release = false;
    let jobEnds = false;
    let groupEnds = false;
    let groupDrains = false;
    let headStarts = false;

    recorder.at(step, job, 0, block);

    // The drain reads a sum in every cycle.
    if (draining === undefined && waiting.length > 0 && waiting[0].ready <= cycle) {
      draining = waiting.shift()!;
      read = 0;
      const { step: s, job: j, fold, sums } = draining;
      drains.push({ step: s, job: j, fold, start: cycle, cycles: sequences * sums });
    }
    if (draining !== undefined) {
      const { sums, isHead, endsJob } = draining;
      read++;
      const finish = cycle + drainLatency(design, isHead);
      if (isHead && read % sums === 0) {
        const out = finish + RESULT_LATENCY;
        outputCycles.push(out);
        lastDone = Math.max(lastDone, out);
        if (read === sequences * sums) taken.add(out);
      }
      if (read === sequences * sums) {
        groupDrains = true;
        lastDone = Math.max(lastDone, finish);
        if (endsJob) done.add(finish);
        draining = undefined;
      }
    }

    if (step >= steps) {
      count.tail++;
    } else if (loading > 0) {
      count.pad++;
      loading--;
    } else {
      const current = jobs[job];
      const isHead = current.kind === 'head';
      const { segments } = current.passes[0];
      const part = segments[segment];
      const isFirstTile = segment === 0 && tile === 0;
      const endsBlock = segment === segments.length - 1 && tile === tilesOf(design, part) - 1;
      const endsJob = endsBlock && block === current.folds - 1;
      const endsGroup = endsBlock && (endsJob || (block + 1) % groupBlocks[job] === 0);
      let stall: keyof typeof count | undefined;
      if (cycleOfTile === 0) {
        if (part.source === 'input' && !full[readBuffer]) stall = 'stallInput';
        else if (part.source !== 'input' && pending > part.maxPending) stall = 'stallDependency';
        else if (isHead && isFirstTile && block === 0 && resultBusy) stall = 'stallOutput';
        else if (endsBlock && groups === GROUPS) stall = 'pad';
      }
      if (stall !== undefined) {
        count[stall]++;
      } else {
        if (cycleOfTile === 0) {
          headStarts = isHead;
          if (isFirstTile) blockStart = cycle;
          if (isFirstTile && job === 0 && block === 0) stepStarts.push(cycle);
          if (endsGroup) {
            const group = Math.floor(block / groupBlocks[job]);
            const ready = cycle + design.pipeline.issueToDrain;
            const sums = groupSums(design, job, group);
            const fold = group * groupBlocks[job];
            waiting.push({ ready, sums, isHead, endsJob, step, job, fold });
          }
        }
        if (cycleOfTile < sequences) count.mac++;
        else count.pad++;
        if (++cycleOfTile === tileCycles) {
          cycleOfTile = 0;
          groupEnds = endsGroup;
          jobEnds = endsJob;
          release =
            part.source === 'input' &&
            tile === tilesOf(design, part) - 1 &&
            block === current.folds - 1;
          if (endsBlock) folds.push({ step, job, fold: block, start: blockStart, drain: cycle });
          if (++tile === tilesOf(design, part)) {
            tile = 0;
            if (++segment === segments.length) {
              segment = 0;
              if (++block === current.folds) {
                block = 0;
                const next = jobs[job + 1];
                if (
                  next === undefined ||
                  (next.kind === 'head' && !needsHead(design, lastStepFlags[step]))
                ) {
                  job = 0;
                  step++;
                } else {
                  job++;
                }
              }
            }
          }
        }
      }
    }

    recorder.note(cycle, count);

    // Registers at the end of the cycle.
    if (release) {
      full[readBuffer] = false;
      readBuffer = 1 - readBuffer;
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
    if (groupEnds) groups++;
    if (groupDrains) groups--;
    if (taken.take(cycle)) resultBusy = false;
    else if (headStarts) resultBusy = true;
  }
  const { spans } = recorder;
  return {
    cycles: cycle,
    breakdown: count,
    outputCycles,
    stepStarts,
    folds,
    spans,
    groups: drains,
  };
}
