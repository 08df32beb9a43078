/**
 * The schedule in closed form: the times of one step follow from those of the steps before it by a few
 * maxima and sums (a max-plus recurrence over jobs), and once two steps look alike all later ones do,
 * so that a sequence of any length costs a handful of steps.
 */
import { beatsPerStep, type Design } from '../src/design/design.js';
import { simulatePhases } from './phases.js';
import { finishCycles, needsHead, releaseCycles } from './timing.js';
import { type ClosedForm, type Counts, HISTORY, NONE } from './trace.js';
import { checkWorkload, type Workload } from './workload.js';

/** Times that the next step depends on, as absolute cycles. */
interface Frontier {
  /** First cycle of the next step's first job. */
  begin: number;
  /** Cycles in which the latest jobs finished, latest last. */
  readonly done: number[];
  /** Cycle in which the last result was taken. */
  taken: number;
  /** Cycle from which each of the two input buffers can be loaded; the next one to load first. */
  free: [number, number];
  /** First cycle in which the input can take a beat of the next step. */
  loader: number;
}

export function simulateClosedForm(design: Design, workload: Workload): ClosedForm {
  checkWorkload(design, workload);
  return design.sequence ? simulatePhases(design, workload) : simulateSteps(design, workload);
}

function simulateSteps(design: Design, workload: Workload): ClosedForm {
  const beats = beatsPerStep(design);
  const total: Counts = { ...NONE };
  const outputCycles: number[] = [];
  const stepStarts: number[] = [];
  const frontier: Frontier = {
    begin: 0,
    done: new Array<number>(HISTORY).fill(-1),
    taken: -1,
    free: [0, 0],
    loader: 0,
  };
  let end = 0;

  /** Run one step; returns where its cycles went. */
  const runStep = (isLast: boolean): Counts => {
    const counts: Counts = { ...NONE };
    const loadStart = Math.max(frontier.loader, frontier.free[0]);
    const xReady = loadStart + beats;
    frontier.loader = xReady;
    let now = frontier.begin;
    let released = 0;
    design.jobs.forEach((job, index) => {
      if (job.kind === 'head' && !needsHead(design, isLast)) return;
      // The first fold waits; the others follow without a stall.
      job.passes.forEach(({ padCycles, segments }, pass) => {
        now += padCycles;
        segments.forEach((segment, n) => {
          const wait = (cause: keyof Counts, ready: number): void => {
            counts[cause] += Math.max(0, ready - now);
            now = Math.max(now, ready);
          };
          if (segment.needsInput) wait('stallInput', xReady);
          if (segment.source !== 'input') {
            wait('stallDependency', frontier.done[HISTORY - 1 - segment.maxPending] + 1);
          }
          if (job.kind === 'head') wait('stallOutput', frontier.taken + 1);
          if (index === 0 && pass === 0 && n === 0) stepStarts.push(now);
          now += segment.length;
          if (segment.source === 'input') released = now - 1;
        });
        now += 1;
      });
      now += (job.folds - 1) * job.foldCycles;
      if (index === 0) released += (job.folds - 1) * job.foldCycles;
      if (job.isTabled) released = now - 1;
      counts.mac += job.folds * job.k;
      counts.flush += job.folds * job.passes.length;
      for (const { padCycles } of job.passes) counts.pad += job.folds * padCycles;
      const finish = now - 1 + finishCycles(design, job);
      frontier.done.shift();
      frontier.done.push(finish);
      end = Math.max(end, finish + 1);
      if (job.kind === 'head') {
        frontier.taken = finish + 1;
        outputCycles.push(finish + 1);
        end = Math.max(end, finish + 2);
      }
    });
    frontier.free = [frontier.free[1], released + releaseCycles(design) + 1];
    frontier.begin = now;
    return counts;
  };

  const add = (counts: Counts, times: number): void => {
    for (const name of Object.keys(total) as (keyof Counts)[]) total[name] += times * counts[name];
  };

  /** The frontier relative to `begin`: equal before two steps means equal steps. */
  const shape = (): string =>
    [...frontier.done, frontier.taken, ...frontier.free, frontier.loader]
      .map((time) => time - frontier.begin)
      .join();

  for (const length of workload.sequences) {
    let step = 0;
    let before = shape();
    while (step < length) {
      const start = frontier.begin;
      const outputs = outputCycles.length;
      const counts = runStep(step === length - 1);
      add(counts, 1);
      step++;
      const after = shape();
      const repeats = length - 1 - step;
      if (after === before && repeats > 0) {
        const period = frontier.begin - start;
        const firstStart = stepStarts[stepStarts.length - 1];
        const firstOutput = outputCycles[outputs] as number | undefined;
        add(counts, repeats);
        for (let n = 1; n <= repeats; n++) {
          stepStarts.push(firstStart + n * period);
          if (firstOutput !== undefined) outputCycles.push(firstOutput + n * period);
        }
        frontier.begin += repeats * period;
        frontier.taken += repeats * period;
        frontier.loader += repeats * period;
        frontier.free = [frontier.free[0] + repeats * period, frontier.free[1] + repeats * period];
        for (let n = 0; n < HISTORY; n++) frontier.done[n] += repeats * period;
        end += repeats * period;
        step += repeats;
      }
      before = after;
    }
  }
  total.tail = Math.max(0, end - frontier.begin);
  return { cycles: end, breakdown: total, outputCycles, stepStarts };
}
