/** Magnitude pruning (Han et al. 2015, arXiv:1506.02626): which weights of a group stay. */
import { checkLength, load } from './group.js';

/**
 * Writes the mask, 1 kept and 0 pruned: the round(sparsity * n) smallest |w| are pruned, halves up, and
 * of equal magnitudes those at higher indices first. Returns the number of weights kept.
 */
export function magnitudeMask(w: ArrayLike<number>, sparsity: number, mask: Uint8Array): number {
  if (!(sparsity >= 0 && sparsity <= 1)) {
    throw new RangeError(`sparsity ${sparsity} is not in 0..1`);
  }
  checkLength('mask', mask, w.length);
  const { length, values } = load(w, undefined);
  const magnitudes = values.slice(0, length).map(Math.abs).sort();
  const pruned = Math.round(sparsity * length);
  const limit = pruned === length ? Infinity : magnitudes[pruned];
  let room = length - pruned;
  for (let n = 0; n < length; n++) if (Math.abs(values[n]) > limit) room--;
  for (let n = 0; n < length; n++) {
    const magnitude = Math.abs(values[n]);
    mask[n] = magnitude > limit || (magnitude === limit && room-- > 0) ? 1 : 0;
  }
  return length - pruned;
}
