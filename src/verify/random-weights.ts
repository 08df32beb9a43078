/** Random designs whose weights come from off chip: ports and buffers of all sizes. */
import { tableOf } from '../design/design.js';
import { plan, type PlanOptions } from '../design/plan.js';
import { Random } from '../model/random.js';
import type { RandomCase } from './random.js';

/** Ports narrower than a row's share of a line, as wide as several lines, and widths that nothing divides. */
const PORTS = [8, 8, 16, 24, 32, 40, 64, 128, 256, 512];

/** Options of a stream of weights, drawn. */
export function randomWeightStream(
  random: Random,
): Pick<PlanOptions, 'weights' | 'weightStreamBits' | 'weightBuffer'> {
  return {
    weights: 'stream',
    weightStreamBits: PORTS[random.integer(PORTS.length)],
    ...(random.integer(2) === 0 ? { weightBuffer: 1 + random.integer(24) } : {}),
  };
}

/**
 * Every other case that can with its weights off chip; of these some with registers, or with streams that share the
 * core. Drawn apart, so that all else of a case is as it would be.
 */
export function streamedCase(candidate: RandomCase, seed: number): RandomCase {
  const random = new Random(
    (Math.imul(seed + 5, 0x85ebca6b) ^ Math.imul(candidate.index, 0x9e3779b1)) >>> 0,
  );
  const { design, options } = candidate;
  const isPlain =
    design.weights === undefined && design.dataflow === undefined && design.sequence === undefined;
  if (!isPlain || random.integer(2) > 0) return candidate;
  const canShare = tableOf(design) === undefined && design.streams === undefined;
  const streamed: PlanOptions = {
    ...options,
    ...randomWeightStream(random),
    ...(random.integer(4) === 0 ? { control: 'axi-lite' } : {}),
    ...(canShare && random.integer(4) === 0 ? { streams: 2 ** (1 + random.integer(2)) } : {}),
  };
  return { ...candidate, options: streamed, design: plan(design.model, streamed) };
}
