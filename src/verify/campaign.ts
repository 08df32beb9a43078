/**
 * The runs that a design has to pass: full speed, every pattern of stalls on both streams, and resets in the middle
 * of work, with the same inputs, golden values and, where nothing stalls, the simulator's cycles.
 */
import type { Design } from '../design/design.js';
import type { RtlSimulator } from '../eda/rtl-sim.js';
import type { Netlist } from '../emit/emit.js';
import { Random } from '../model/random.js';
import {
  cosimulate,
  type CosimulationExpectation,
  type CosimulationOptions,
  type CosimulationResult,
} from './cosimulate.js';
import type { BatchInput } from './golden-run.js';
import { STALL_PATTERN_NAMES } from './stimuli.js';

export interface CampaignRun {
  readonly name: string;
  readonly options: Pick<
    CosimulationOptions,
    | 'stallSeed'
    | 'stalls'
    | 'weightStallSeed'
    | 'weightSource'
    | 'resets'
    | 'resetAfter'
    | 'refuseBeforeReset'
    | 'weightsGoOn'
  >;
}

/** Resets at work, at the least and the most: one is seldom where it matters, such as in the cycle a job ends in. */
const FEWEST_RESETS = 24;
const MOST_RESETS = 400;
/** What resets at work may take, in runs of the inputs. */
const RESET_RUNS = 8;

/**
 * Cycles of work before each of many resets: in all phases of a step, evenly, if there is time for all of them, and
 * far enough behind the reset before for the first results to show what that left. Every fourth comes right behind
 * another.
 */
export function resetSchedule(random: Random, cycles: number, steps: number): number[] {
  const step = Math.ceil(cycles / Math.max(1, steps));
  const first = Math.ceil(1.25 * step) + 16;
  const affordable = Math.floor((RESET_RUNS * cycles) / (first + step / 2));
  const count = Math.min(MOST_RESETS, Math.max(FEWEST_RESETS, Math.min(step, affordable)));
  const phases = Int32Array.from({ length: count }, (_, n) =>
    Math.floor(((n + 0.5) * step) / count),
  );
  return [...random.shuffle(phases)].flatMap((phase, n) =>
    n % 4 === 3 ? [first + phase, random.integer(4)] : [first + phase],
  );
}

/** The runs of a seed; `cycles` is what the inputs take at full speed, `steps` how many they are. */
export function campaignRuns(seed: number, cycles: number, steps: number): CampaignRun[] {
  const random = new Random(seed);
  const draw = (): number => random.integer(2 ** 31);
  const after = (): number => 1 + random.integer(cycles);
  const stalled = resetSchedule(random, cycles, steps).slice(0, FEWEST_RESETS);
  return [
    { name: 'full speed', options: {} },
    ...STALL_PATTERN_NAMES.map((stalls) => ({
      name: `stalls, ${stalls}`,
      options: { stalls, stallSeed: draw() },
    })),
    { name: 'resets at work', options: { resets: resetSchedule(random, cycles, steps) } },
    {
      name: 'resets at work, stalls',
      options: { resets: stalled.map((length) => 2 * length), stallSeed: draw() },
    },
    {
      name: 'reset while a result waits',
      options: { resetAfter: cycles + after(), refuseBeforeReset: true },
    },
    {
      name: 'reset at work, then stalls',
      options: { resetAfter: after(), stallSeed: draw() },
    },
  ];
}

/** Resets at work after which the source of weights goes on. */
const WEIGHT_RESETS = 6;

/** What streamed weights are there to be tried with besides: their own stalls, a slow source, one that is not reset. */
export function weightRuns(seed: number, cycles: number, portBits: number): CampaignRun[] {
  const random = new Random(seed + 1);
  return [
    { name: 'stalls of weights', options: { weightStallSeed: random.integer(2 ** 31) } },
    {
      name: 'weights at half speed',
      options: {
        weightSource: { bitsPerCycle: 0.5 * portBits, burstBeats: 1 + random.integer(6) },
      },
    },
    ...Array.from({ length: WEIGHT_RESETS }, (_, n) => ({
      name: `reset at work, weights go on ${n + 1}`,
      options: { resetAfter: 1 + random.integer(cycles), weightsGoOn: true },
    })),
  ];
}

export interface CampaignOptions {
  readonly compiled: RtlSimulator;
  readonly expectation: CosimulationExpectation;
  readonly seed: number;
  /** Compare what leaves the design alone. */
  readonly streamsOnly?: boolean;
  /** End with the first problem. */
  readonly stopAtFirst?: boolean;
  readonly onProgress?: (fraction: number, run: string) => void;
  readonly signal?: AbortSignal;
}

export interface CampaignResult extends CosimulationResult {
  /** Names of the runs that were made. */
  readonly runs: readonly string[];
}

/** Results of several runs of a design, added up; cycles are those of the first. */
export function addRuns(
  runs: readonly { readonly name: string; readonly result: CosimulationResult }[],
): CampaignResult {
  const sum = (
    of: 'hiddenChecked' | 'resultsChecked' | 'bitMismatches' | 'cycleMismatches',
  ): number => runs.reduce((total, { result }) => total + result[of], 0);
  return {
    ...runs[0].result,
    runs: runs.map(({ name }) => name),
    hiddenChecked: sum('hiddenChecked'),
    resultsChecked: sum('resultsChecked'),
    bitMismatches: sum('bitMismatches'),
    cycleMismatches: sum('cycleMismatches'),
    firstProblems: runs.flatMap(({ name, result }, n) =>
      result.firstProblems.map((text) => (n === 0 ? text : `${name}: ${text}`)),
    ),
  };
}

/** All runs of a design, added up; cycles are those at full speed. */
export async function cosimulateAll(
  design: Design,
  netlist: Netlist,
  batches: readonly BatchInput[],
  { seed, onProgress, ...options }: CampaignOptions,
): Promise<CampaignResult> {
  const { timing, steps } = options.expectation;
  const { weightStream } = design;
  const runs = [
    ...campaignRuns(seed, timing.cycles, steps),
    ...(weightStream ? weightRuns(seed, timing.cycles, weightStream.bits) : []),
  ];
  const results: { name: string; result: CosimulationResult }[] = [];
  for (const [n, { name, options: own }] of runs.entries()) {
    const result = await cosimulate(design, netlist, batches, {
      ...options,
      ...own,
      onProgress: (cycle, cycles) => onProgress?.((n + cycle / cycles) / runs.length, name),
    });
    results.push({ name, result });
    if (options.stopAtFirst === true && result.firstProblems.length > 0) break;
  }
  return addRuns(results);
}
