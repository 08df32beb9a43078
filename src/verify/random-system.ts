/** Random designs in a system: weights loaded through registers, several streams on one core. */
import { DesignError, tableOf } from '../design/design.js';
import { plan } from '../design/plan.js';
import { emit } from '../emit/emit.js';
import { Random } from '../model/random.js';
import { addRuns, type CampaignResult } from './campaign.js';
import { compileDesign, cosimulate } from './cosimulate.js';
import { randomInput } from './golden-run.js';
import type { RandomCase } from './random.js';
import { interleave } from './streams.js';

/**
 * Every fourth case with its weights loaded and, of these, those that can with 1, 2 or 4 streams. A case stays as it is
 * where room for any weights takes more than the hardware has.
 */
export function systemCase(candidate: RandomCase, seed: number): RandomCase {
  const random = new Random(
    (Math.imul(seed + 3, 0x9e3779b1) ^ Math.imul(candidate.index, 0x2545f491)) >>> 0,
  );
  if (random.integer(4) > 0) return candidate;
  const { design, options } = candidate;
  const canShare = !design.sequence && !tableOf(design) && design.dataflow === undefined;
  const streams = canShare ? { streams: 2 ** random.integer(3) } : {};
  const loaded = { ...options, ...streams, weights: 'ram', control: 'axi-lite' } as const;
  try {
    return { ...candidate, options: loaded, design: plan(design.model, loaded) };
  } catch (error) {
    if (error instanceof DesignError) return candidate;
    throw error;
  }
}

/** Steps of all streams interleaved, at full speed and with stalls. */
export async function cosimulateStreams(
  { design, lengths }: RandomCase,
  seed: number,
  signal?: AbortSignal,
): Promise<CampaignResult> {
  const netlist = emit(design);
  const compiled = await compileDesign(design, netlist, { randomizeState: seed });
  const random = new Random(seed);
  const inputs = Array.from({ length: design.streams! }, () =>
    randomInput(design, lengths, random),
  );
  const traffic = interleave(design, inputs, random);
  const options = { compiled, traffic, ...(signal ? { signal } : {}) };
  const smooth = await cosimulate(design, netlist, inputs[0], options);
  const stalled = await cosimulate(design, netlist, inputs[0], { ...options, stallSeed: seed + 1 });
  return addRuns([
    { name: 'streams, full speed', result: smooth },
    { name: 'streams, stalls, random', result: stalled },
  ]);
}
