/** Which elements a training step drops, as operands of the kernels' `dropout` (program.ts). */
import type { ModelScheme } from '../model/model.js';
import { Random } from '../model/random.js';

/** An element stays where its hash, as int32, is at least this. */
export function dropThreshold(probability: number): number {
  return Math.round(probability * 2 ** 32) - 2 ** 31;
}

/** What an element that stays is multiplied by: a whole number where activations are -1, 0 or +1. */
export function dropFactor(scheme: ModelScheme, probability: number): number {
  const factor = 1 / (1 - probability);
  return scheme !== 'float' && scheme.activations === 'ternary' ? Math.round(factor) : factor;
}

/** Where the hashes of a step begin at one place of the network: x of layer `site`, or h at the head. */
export function dropKey(seed: number, step: number, site: number): number {
  const mixed = Math.imul(seed, 0x9e3779b1) + Math.imul(step, 0x85ebca6b) + site;
  return new Random(mixed).word() | 0;
}
