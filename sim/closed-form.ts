/**
 * The schedule in closed form: the times of one step follow from those of the steps before it by a few
 * maxima and sums (a max-plus recurrence over jobs), and once two steps look alike all later ones do,
 * so that a sequence of any length costs a handful of steps. Where the data say how long a step takes, each
 * is a handful of operations.
 */
import { beatsPerStep, type Design, drainGap } from '../src/design/design.js';
import { isStationary } from '../src/design/stationary.js';
import { simulatePhases } from './phases.js';
import { simulateStreamed } from './streamed.js';
import { simulateStationary } from './stationary.js';
import { finishCycles, needsHead, releaseCycles } from './timing.js';
import { type ClosedForm, type Counts, HISTORY, noCounts, sumCounts } from './trace.js';
import { checkWorkload, operandsOf, type Workload } from './workload.js';

/** Times that the next step depends on, as absolute cycles. */
interface Frontier {
  /** First cycle of the next step's first job. */
  begin: number;
  /** Cycle of the last drain command. */
  drain: number;
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
  if (design.weightStream) return simulateStreamed(design, workload);
  if (isStationary(design)) return simulateStationary(design, workload);
  return design.sequence ? simulatePhases(design, workload) : simulateSteps(design, workload);
}

function simulateSteps(design: Design, workload: Workload): ClosedForm {
  const beats = beatsPerStep(design);
  const total = noCounts(design.jobs);
  const outputCycles: number[] = [];
  const stepStarts: number[] = [];
  const frontier: Frontier = {
    begin: 0,
    drain: -Infinity,
    done: new Array<number>(HISTORY).fill(-1),
    taken: -1,
    free: [0, 0],
    loader: 0,
  };
  let end = 0;
  const isSparse = design.dataflow === 'sparse';
  const gap = isSparse ? drainGap(design) : 0;

  /** Run one step, counted over all sequences; returns where its cycles went, by job. */
  const runStep = (step: number, isFirst: boolean, isLast: boolean): Counts[] => {
    const jobCounts = noCounts(design.jobs);
    const loadStart = Math.max(frontier.loader, frontier.free[0]);
    const xReady = loadStart + beats;
    frontier.loader = xReady;
    let now = frontier.begin;
    let released = 0;
    design.jobs.forEach((job, index) => {
      if (job.kind === 'head' && !needsHead(design, isLast)) return;
      const counts = jobCounts[index];
      // The first fold waits; the others follow without a stall, each `foldCycles` behind the one before.
      let foldCycles = 0;
      let foldReleases = 0;
      job.passes.forEach(({ padCycles, segments }, pass) => {
        now += padCycles;
        counts.pad += job.folds * padCycles;
        let cycles = padCycles;
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
          const operands = operandsOf(design, workload, segment, step, isFirst);
          const taken = Math.max(1, operands);
          counts.mac += job.folds * operands;
          counts.pad += job.folds * (taken - operands);
          cycles += taken;
          now += taken;
          if (segment.source === 'input') {
            released = now - 1;
            foldReleases = foldCycles + cycles;
          }
        });
        cycles += 1;
        const drain = Math.max(now, frontier.drain + gap);
        counts.pad += drain - now + (job.folds - 1) * Math.max(0, gap - cycles);
        counts.flush += job.folds;
        foldCycles += Math.max(gap, cycles);
        frontier.drain = drain;
        now = drain + 1;
      });
      if (foldReleases > 0 && job.folds > 1) {
        released = frontier.drain + (job.folds - 2) * foldCycles + foldReleases;
      }
      frontier.drain += (job.folds - 1) * foldCycles;
      now = frontier.drain + 1;
      if (job.isTabled) released = now - 1;
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
    return jobCounts;
  };

  const add = (counts: readonly Counts[], times: number): void => {
    total.forEach((sum, job) => {
      for (const name of Object.keys(sum) as (keyof Counts)[]) {
        sum[name] += times * counts[job][name];
      }
    });
  };

  /** The frontier relative to `begin`: equal before two steps means equal steps. What is past keeps nothing waiting. */
  const shape = (): string => {
    const { begin, drain, done, taken, free, loader } = frontier;
    const past = [...done, taken].map((time) => Math.max(-1, time - begin));
    return [...past, drain - begin, ...free.map((time) => time - begin), loader - begin].join();
  };

  let stepsBefore = 0;
  for (const length of workload.sequences) {
    let step = 0;
    let before = shape();
    while (step < length) {
      const start = frontier.begin;
      const outputs = outputCycles.length;
      const counts = runStep(stepsBefore + step, step === 0, step === length - 1);
      add(counts, 1);
      step++;
      const after = shape();
      const repeats = length - 1 - step;
      // A sparse design's first step has no h; the others are as their data are.
      const isUsual = !isSparse || (workload.nonzeros === undefined && step > 1);
      if (isUsual && after === before && repeats > 0) {
        const period = frontier.begin - start;
        const firstStart = stepStarts[stepStarts.length - 1];
        const firstOutput = outputCycles[outputs] as number | undefined;
        add(counts, repeats);
        for (let n = 1; n <= repeats; n++) {
          stepStarts.push(firstStart + n * period);
          if (firstOutput !== undefined) outputCycles.push(firstOutput + n * period);
        }
        frontier.begin += repeats * period;
        frontier.drain += repeats * period;
        frontier.taken += repeats * period;
        frontier.loader += repeats * period;
        frontier.free = [frontier.free[0] + repeats * period, frontier.free[1] + repeats * period];
        for (let n = 0; n < HISTORY; n++) frontier.done[n] += repeats * period;
        end += repeats * period;
        step += repeats;
      }
      before = after;
    }
    stepsBefore += length;
  }
  const breakdown = sumCounts(total, Math.max(0, end - frontier.begin));
  return { cycles: end, breakdown, jobs: total, outputCycles, stepStarts };
}
