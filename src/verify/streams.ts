/** Steps of several streams, interleaved at random: what the core must do with them, stream by stream. */
import type { Design } from '../design/design.js';
import { hiddenAddress, streamStride } from '../emit/widths.js';
import type { Random } from '../model/random.js';
import { goldenRun, inputBeats, type BatchInput, type HiddenRun } from './golden-run.js';

/** Sequences of each stream: [stream][sequence]. */
export type StreamInput = readonly (readonly BatchInput[])[];

export interface Traffic {
  readonly beats: readonly {
    readonly data: bigint;
    readonly last: boolean;
    readonly stream: number;
  }[];
  readonly expected: {
    /** `word`: where the run's h are written. */
    readonly runs: readonly (HiddenRun & { readonly word: number })[];
    readonly results: readonly {
      readonly values: readonly number[];
      readonly last: boolean;
      readonly stream: number;
    }[];
  };
  /**
   * Steps up to each one that ends a sequence, of whatever stream: what the schedule's cycles depend on.
   * Steps behind the last such one are left out: there are none.
   */
  readonly lengths: readonly number[];
}

/**
 * Draw an order in which the streams' steps come, each stream's own order kept. Each stream is run by the golden
 * model alone, as if there were no other.
 */
export function interleave(design: Design, input: StreamInput, random: Random): Traffic {
  const beats: Traffic['beats'][number][] = [];
  const runs: Traffic['expected']['runs'][number][] = [];
  const results: Traffic['expected']['results'][number][] = [];
  const lengths: number[] = [];
  const state = input.map((batches) => {
    const expected = goldenRun(design, batches);
    const all = inputBeats(design, batches);
    const lasts = batches.flatMap(({ steps }) => steps.map((_, n) => n === steps.length - 1));
    return { expected, all, lasts, step: 0, result: 0 };
  });
  let totalStep = 0;
  let since = 0;
  for (;;) {
    const left = input.map((_, s) => s).filter((s) => state[s].step < state[s].lasts.length);
    if (left.length === 0) break;
    const stream = left[random.integer(left.length)];
    const own = state[stream];
    const { expected, all, lasts, step } = own;
    const perStep = all.length / lasts.length;
    for (const beat of all.slice(step * perStep, (step + 1) * perStep)) {
      beats.push({ ...beat, stream });
    }
    for (const run of expected.runs.filter((candidate) => candidate.totalStep === step)) {
      const word = stream * streamStride(design, 'hidden') + hiddenAddress(design, run.job, step);
      runs.push({ ...run, totalStep, word });
    }
    if (design.headWhen === 'every-step' || lasts[step]) {
      results.push({ ...expected.results[own.result++], stream });
    }
    totalStep++;
    since++;
    if (lasts[step]) {
      lengths.push(since);
      since = 0;
    }
    own.step++;
  }
  return { beats, expected: { runs, results }, lengths };
}
