/**
 * The weight-stationary schedule in closed form: when each tile starts follows from the tiles, drains and steps
 * before it by a few maxima and sums, and once two steps look alike all later ones do.
 */
import { beatsPerStep } from '../src/design/design.js';
import { groupsOf, groupSums, type StationaryDesign, tilesOf } from '../src/design/stationary.js';
import { needsHead } from './timing.js';
import { type ClosedForm, type Counts, HISTORY, noCounts, sumCounts } from './trace.js';
import type { Workload } from './workload.js';

/** Cycles from a result being known to its beat, if all before it are taken. */
export const RESULT_LATENCY = 2;
/** Groups of sums that a column has room for, one of which may be filling. */
export const GROUPS = 2;

/** Cycles from a group's last sum being read to all that comes of it: the last h is written, or the result is known. */
export function drainLatency({ pipeline }: StationaryDesign, isHead: boolean): number {
  const { drainToGate, gateToHidden, drainToArgmax } = pipeline;
  return isHead ? drainToArgmax : drainToGate + gateToHidden;
}

/** Times that the next step depends on, as absolute cycles. */
interface Frontier {
  /** First cycle in which the next tile can start. */
  begin: number;
  /** Cycles in which the last groups' last sums were read, latest last. */
  readonly drained: number[];
  /** Cycles in which the latest jobs finished, latest last. */
  readonly done: number[];
  /** Cycle in which the last result was taken. */
  taken: number;
  /** Cycle from which each of the two input buffers can be loaded; the next one to load first. */
  readonly free: [number, number];
  /** First cycle in which the input can take a beat of the next step. */
  loader: number;
}

/** What happens outside of the frontier. */
interface Step {
  /** By job. */
  readonly counts: readonly Counts[];
  readonly start: number;
  readonly outputs: readonly number[];
  /** First cycle after all that the step does. */
  readonly end: number;
}

/** Run one step; the frontier moves on. */
function runStep(design: StationaryDesign, frontier: Frontier, isLast: boolean): Step {
  const { sequences, tileCycles, groupBlocks } = design.stationary;
  const jobCounts = noCounts(design.jobs);
  let counts = jobCounts[0];
  const outputs: number[] = [];
  let start = 0;
  let end = 0;
  const xReady = Math.max(frontier.loader, frontier.free[0]) + beatsPerStep(design);
  frontier.loader = xReady;
  let released = 0;
  let now = frontier.begin;
  const wait = (cause: keyof Counts, ready: number): void => {
    counts[cause] += Math.max(0, ready - now);
    now = Math.max(now, ready);
  };
  design.jobs.forEach((job, index) => {
    const isHead = job.kind === 'head';
    counts = jobCounts[index];
    if (isHead && !needsHead(design, isLast)) return;
    const { segments } = job.passes[0];
    const groups = groupsOf(design, index);
    for (let block = 0; block < job.folds; block++) {
      const group = Math.floor(block / groupBlocks[index]);
      const closes = (block + 1) % groupBlocks[index] === 0 || block === job.folds - 1;
      segments.forEach((segment, s) => {
        const tiles = tilesOf(design, segment);
        for (let tile = 0; tile < tiles; tile++) {
          if (segment.source === 'input') wait('stallInput', xReady);
          else {
            const pending = frontier.done[HISTORY - 1 - segment.maxPending];
            wait('stallDependency', pending + 1);
            if (isHead && block === 0 && tile === 0) wait('stallOutput', frontier.taken + 1);
          }
          const isLastTile = s === segments.length - 1 && tile === tiles - 1;
          if (isLastTile) wait('pad', frontier.drained[0] + 1);
          if (index === 0 && block === 0 && s === 0 && tile === 0) start = now;
          if (isLastTile && closes) {
            const sums = groupSums(design, index, group);
            const first = Math.max(now + design.pipeline.issueToDrain, frontier.drained[1] + 1);
            const last = first + sequences * sums - 1;
            frontier.drained.shift();
            frontier.drained.push(last);
            end = Math.max(end, last + drainLatency(design, isHead) + 1);
            if (isHead) {
              for (let n = 1; n <= sequences; n++) {
                const known = first + n * sums - 1 + drainLatency(design, true);
                outputs.push(known + RESULT_LATENCY);
              }
              frontier.taken = outputs[outputs.length - 1];
              end = Math.max(end, frontier.taken + 1);
            }
            if (group === groups - 1) {
              frontier.done.shift();
              frontier.done.push(last + drainLatency(design, isHead));
            }
          }
          counts.mac += sequences;
          counts.pad += tileCycles - sequences;
          now += tileCycles;
          if (segment.source === 'input' && tile === tiles - 1) released = now - 1;
        }
      });
    }
  });
  frontier.begin = now;
  frontier.free.shift();
  frontier.free.push(released + 1);
  return { counts: jobCounts, start, outputs, end };
}

/** The frontier relative to `begin`: equal before two steps means equal steps. */
function shapeOf({ begin, drained, done, taken, free, loader }: Frontier): string {
  return [...drained, ...done, taken, ...free, loader].map((time) => time - begin).join();
}

function shift(times: number[], by: number): void {
  for (let n = 0; n < times.length; n++) times[n] += by;
}

export function simulateStationary(design: StationaryDesign, workload: Workload): ClosedForm {
  const jobs = noCounts(design.jobs);
  jobs[0].pad = design.rows;
  const outputCycles: number[] = [];
  const stepStarts: number[] = [];
  const frontier: Frontier = {
    // The first tile's weights shift in.
    begin: design.rows,
    drained: new Array<number>(GROUPS).fill(-1),
    done: new Array<number>(HISTORY).fill(-1),
    taken: -1,
    free: [0, 0],
    loader: 0,
  };
  let end = 0;
  const add = (counts: readonly Counts[], times: number): void => {
    counts.forEach((own, j) => {
      for (const name of Object.keys(own) as (keyof Counts)[]) jobs[j][name] += times * own[name];
    });
  };
  for (const length of workload.sequences) {
    let before = shapeOf(frontier);
    for (let step = 0; step < length;) {
      const begin = frontier.begin;
      const ran = runStep(design, frontier, step === length - 1);
      step++;
      const after = shapeOf(frontier);
      const period = frontier.begin - begin;
      // The last step may have a head that the others have not.
      const repeats = after === before ? Math.max(0, length - 1 - step) : 0;
      for (let n = 0; n <= repeats; n++) {
        stepStarts.push(ran.start + n * period);
        outputCycles.push(...ran.outputs.map((cycle) => cycle + n * period));
      }
      add(ran.counts, 1 + repeats);
      end = Math.max(end, ran.end + repeats * period);
      if (repeats > 0) {
        const by = repeats * period;
        frontier.begin += by;
        frontier.taken += by;
        frontier.loader += by;
        shift(frontier.drained, by);
        shift(frontier.done, by);
        shift(frontier.free, by);
        step += repeats;
      }
      before = shapeOf(frontier);
    }
  }
  const breakdown = sumCounts(jobs, Math.max(0, end - frontier.begin));
  return { cycles: end, breakdown, jobs, outputCycles, stepStarts };
}
