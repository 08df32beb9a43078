/**
 * The schedule in closed form where weights come from off chip: as in closed-form.ts, and every block of weights is
 * waited for as well. The times of a block follow from those of the blocks before it: it is filled behind the one
 * before, as soon as the one before that has been read.
 */
import { beatsPerStep, type Design, type WeightStream } from '../src/design/design.js';
import { beatsOfLines, beatsPerImage, jobLines } from '../src/design/weight-stream.js';
import { finishCycles, isLastInput, needsHead, releaseCycles } from './timing.js';
import { type ClosedForm, type Counts, HISTORY, noCounts, sumCounts } from './trace.js';
import { BeatPace } from './weight-source.js';
import type { Workload } from './workload.js';

/** When blocks of weights are there, and when they are given back. */
class Blocks {
  readonly #stream: WeightStream;
  readonly #pace: BeatPace;
  /** Of an image. */
  readonly #count: number;
  readonly #rows: number;
  /** Block of the image that is read, or waited for. */
  #block = 0;
  /** First cycle in which it may be read, once it is known. */
  #ready: number | undefined;
  /** Cycle of the last beat that was taken. */
  #filled = -1;
  /** First cycles in which the next half to be filled may be, and the one after it. */
  #free: [number, number] = [0, 0];
  /** First cycle after what a step did not need has been dropped. */
  #from = 0;

  constructor({ weightStream, rows }: Design, { weightSource = {} }: Workload) {
    this.#stream = weightStream!;
    this.#rows = rows;
    this.#pace = new BeatPace(this.#stream.bits, weightSource);
    this.#count = Math.ceil(this.#stream.lines / this.#stream.halfLines);
    const { firstBeat = 0 } = weightSource;
    if (firstBeat > 0) this.#take(beatsPerImage(this.#stream, rows) - firstBeat, 0);
  }

  get #isFinal(): boolean {
    return this.#block === this.#count - 1;
  }

  /** So many beats one after the other, none of them before `room`. */
  #take(beats: number, room: number): void {
    const { linesPerBeat } = this.#stream;
    if (this.#pace.isUnlimited) {
      const first = Math.max(this.#filled + 1, room, this.#pace.earliest());
      this.#filled = first + beats * linesPerBeat - 1;
      return;
    }
    for (let n = 0; n < beats; n++) {
      const first = Math.max(this.#filled + 1, room, this.#pace.earliest());
      this.#filled = first + linesPerBeat - 1;
      this.#pace.take(this.#filled);
    }
  }

  /** First cycle in which an operand can take weights of the block. */
  ready(): number {
    if (this.#ready === undefined) {
      const { halfLines, lines } = this.#stream;
      const own = this.#isFinal ? lines - this.#block * halfLines : halfLines;
      this.#take(beatsOfLines(this.#stream, this.#rows, own), this.#free[0]);
      this.#ready = this.#filled + 1;
    }
    return Math.max(this.#ready, this.#from);
  }

  /** The block is given back in this cycle; the array's last row reads it so much later. */
  #release(cycle: number): void {
    this.#free = [this.#free[1], cycle + this.#rows];
    this.#block = this.#isFinal ? 0 : this.#block + 1;
    this.#ready = undefined;
  }

  /** The last line of the block was read in this cycle; the last block of an image stays until the step ends. */
  leave(cycle: number): void {
    if (!this.#isFinal) this.#release(cycle);
  }

  /** The step ends in this cycle: what is left of its image goes, as it comes. */
  endStep(cycle: number): void {
    let now = cycle;
    for (let isOver = false; !isOver; now++) {
      now = Math.max(now, this.ready());
      isOver = this.#isFinal;
      this.#release(now);
    }
    this.#from = now;
  }

  /** Times that the next step depends on, relative to a cycle. */
  shape(cycle: number): number[] {
    const times = [this.#filled, ...this.#free, this.#from];
    return [...times.map((time) => time - cycle), this.#pace.since(cycle)];
  }

  shift(cycles: number): void {
    this.#filled += cycles;
    this.#free = [this.#free[0] + cycles, this.#free[1] + cycles];
    this.#from += cycles;
    this.#pace.shift(cycles);
  }
}

export function simulateStreamed(design: Design, workload: Workload): ClosedForm {
  const { jobs, weightStream } = design;
  const { perLine, halfLines } = weightStream!;
  const beats = beatsPerStep(design);
  const firstLines = jobLines(jobs, weightStream!);
  const blocks = new Blocks(design, workload);
  const total = noCounts(jobs);
  const outputCycles: number[] = [];
  const stepStarts: number[] = [];
  const done = new Array<number>(HISTORY).fill(-1);
  let taken = -1;
  let free: [number, number] = [0, 0];
  let loader = 0;
  let begin = 0;
  let end = 0;

  /** Run one step; returns where its cycles went, by job. */
  const runStep = (isLast: boolean): Counts[] => {
    const jobCounts = noCounts(jobs);
    const xReady = Math.max(loader, free[0]) + beats;
    loader = xReady;
    let now = begin;
    let released = 0;
    let isFirst = true;
    jobs.forEach((job, index) => {
      if (job.kind === 'head' && !needsHead(design, isLast)) return;
      const counts = jobCounts[index];
      const wait = (cause: keyof Counts, ready: number): void => {
        counts[cause] += Math.max(0, ready - now);
        now = Math.max(now, ready);
      };
      let line = firstLines[index];
      for (let fold = 0; fold < job.folds; fold++) {
        for (const { padCycles, segments, k } of job.passes) {
          now += padCycles;
          counts.pad += padCycles;
          let operand = 0;
          for (const segment of segments) {
            if (segment.needsInput) wait('stallInput', xReady);
            if (segment.source !== 'input') {
              wait('stallDependency', done[HISTORY - 1 - segment.maxPending] + 1);
            }
            if (job.kind === 'head' && fold === 0) wait('stallOutput', taken + 1);
            const segmentEnd = operand + segment.length;
            while (operand < segmentEnd) {
              const at = line + Math.floor(operand / perLine);
              if (operand % perLine === 0 && at % halfLines === 0) {
                wait('stallWeights', blocks.ready());
              }
              if (isFirst) stepStarts.push(now);
              isFirst = false;
              // As far as the block and the segment go.
              const nextBlock = (Math.floor(at / halfLines) + 1) * halfLines;
              const blockEnd = Math.min(k, (nextBlock - line) * perLine);
              const stop = Math.min(segmentEnd, blockEnd);
              counts.mac += stop - operand;
              now += stop - operand;
              operand = stop;
              const isLineEnd = operand % perLine === 0 || operand === k;
              if (isLineEnd && line + Math.ceil(operand / perLine) === nextBlock) {
                blocks.leave(now - 1);
              }
            }
            if (isLastInput(design, segment) && fold === job.folds - 1) released = now - 1;
          }
          line += Math.ceil(k / perLine);
          counts.flush++;
          now++;
        }
      }
      if (job.isTabled) released = now - 1;
      const finish = now - 1 + finishCycles(design, job);
      done.shift();
      done.push(finish);
      end = Math.max(end, finish + 1);
      if (job.kind === 'head') {
        taken = finish + 1;
        outputCycles.push(taken);
        end = Math.max(end, taken + 1);
      }
    });
    blocks.endStep(now - 1);
    free = [free[1], released + releaseCycles(design) + 1];
    begin = now;
    return jobCounts;
  };

  const add = (counts: readonly Counts[], times: number): void => {
    total.forEach((sum, job) => {
      for (const name of Object.keys(sum) as (keyof Counts)[]) {
        sum[name] += times * counts[job][name];
      }
    });
  };

  /** What the next step depends on, relative to its begin: equal before two steps means equal steps. */
  const shape = (): string =>
    [
      ...[...done, taken, ...free, loader].map((time) => time - begin),
      ...blocks.shape(begin),
    ].join();

  for (const length of workload.sequences) {
    let before = shape();
    for (let step = 0; step < length;) {
      const start = begin;
      const outputs = outputCycles.length;
      const counts = runStep(step === length - 1);
      add(counts, 1);
      step++;
      const after = shape();
      const repeats = length - 1 - step;
      if (after === before && repeats > 0) {
        const period = begin - start;
        const firstStart = stepStarts[stepStarts.length - 1];
        const firstOutput = outputCycles[outputs] as number | undefined;
        add(counts, repeats);
        for (let n = 1; n <= repeats; n++) {
          stepStarts.push(firstStart + n * period);
          if (firstOutput !== undefined) outputCycles.push(firstOutput + n * period);
        }
        const later = repeats * period;
        begin += later;
        taken += later;
        loader += later;
        free = [free[0] + later, free[1] + later];
        for (let n = 0; n < HISTORY; n++) done[n] += later;
        blocks.shift(later);
        end += later;
        step += repeats;
      }
      before = after;
    }
  }
  const breakdown = sumCounts(total, Math.max(0, end - begin));
  return { cycles: end, breakdown, jobs: total, outputCycles, stepStarts };
}
