/**
 * The schedule of whole sequences in closed form: jobs follow one another, each over all steps of the
 * sequence, and the times of a run of a job follow from those of the runs before it by maxima and sums.
 */
import { beatsPerStep, type Design } from '../src/design/design.js';
import { finishCycles, maxPending, phaseSteps, SEQUENCE_LATENCY } from './timing.js';
import { type ClosedForm, type Counts, HISTORY, noCounts, sumCounts } from './trace.js';
import type { Workload } from './workload.js';

export function simulatePhases(design: Design, workload: Workload): ClosedForm {
  const { jobs } = design;
  const beats = beatsPerStep(design);
  const total = noCounts(jobs);
  const outputCycles: number[] = [];
  const stepStarts: number[] = [];
  /** Cycles in which the latest jobs finished, latest last. */
  const done = new Array<number>(HISTORY).fill(-1);
  let taken = -1;
  /** First cycle in which the input takes a beat of the next sequence. */
  let loader = 0;
  let now = 0;
  let end = 0;
  const firstFree = jobs.findIndex(({ kind, layer }) => kind === 'head' || layer > 0);

  for (const length of workload.sequences) {
    const xReady = loader + length * beats - 1 + SEQUENCE_LATENCY;
    jobs.forEach((job, index) => {
      const runs = phaseSteps(design, job, length);
      const counts = total[index];
      for (let run = 0; run < runs; run++) {
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
              const earlier = done[HISTORY - 1 - maxPending(segment, run === 0)];
              wait('stallDependency', earlier + 1);
            }
            if (job.kind === 'head' && n === segments.length - 1) wait('stallOutput', taken + 1);
            if (pass === 0 && n === 0) {
              if (index === 0) stepStarts.push(now);
              if (index === firstFree && run === 0) loader = now + 1;
            }
            now += segment.length;
          });
          now += 1;
        });
        now += (job.folds - 1) * job.foldCycles;
        counts.mac += job.folds * job.k;
        counts.flush += job.folds * job.passes.length;
        for (const { padCycles } of job.passes) counts.pad += job.folds * padCycles;
        const finish = now - 1 + finishCycles(design, job);
        done.shift();
        done.push(finish);
        end = Math.max(end, finish + 1);
        if (job.kind === 'head') {
          taken = finish + 1;
          outputCycles.push(taken);
          end = Math.max(end, taken + 1);
        }
      }
    });
  }
  const breakdown = sumCounts(total, Math.max(0, end - now));
  return { cycles: end, breakdown, jobs: total, outputCycles, stepStarts };
}
