/** What the look-ups of tanh(z) and tanh(s c) store, in the form of tanh that the scheme has. */
import type { Scheme } from '../quant/scheme.js';
import { KNOT_BITS, TANH_FRACTION, TANH_TABLE, tanhKnots } from '../quant/tanh.js';
import { squashShape, squashTable } from './squash.js';

export interface StoredLookup {
  /** Bits of a word. */
  readonly bits: number;
  readonly words: readonly bigint[];
}

/**
 * Words for these entries, each of `bits` bits: the entries, or every 16th below what is to be added up to the
 * next; undefined where nothing is stored.
 */
function stored(
  { tanh }: Scheme,
  slope: number,
  entries: readonly number[],
  bits: number,
): StoredLookup | undefined {
  if (tanh === 'piecewise') return undefined;
  if (tanh !== 'interpolated') return { bits, words: entries.map(BigInt) };
  const knots = tanhKnots(slope, ((entries.length - 1) >> KNOT_BITS) + 1);
  const words = knots.map(({ value, delta }) => (BigInt(delta) << BigInt(bits)) + BigInt(value));
  return { bits: 2 * bits, words };
}

/** The same for a scheme, found once. */
function once(
  find: (scheme: Scheme) => StoredLookup | undefined,
): (scheme: Scheme) => StoredLookup | undefined {
  const known = new WeakMap<Scheme, { readonly store: StoredLookup | undefined }>();
  return (scheme) => {
    const found = known.get(scheme) ?? { store: find(scheme) };
    known.set(scheme, found);
    return found.store;
  };
}

/** Of tanh(z), z in steps of 2^-7. */
export const tanhStore = once((scheme) => stored(scheme, 1, TANH_TABLE, TANH_FRACTION));

/** Of tanh(s c), c in steps of `squashShape`. */
export const squashStore = once((scheme) =>
  stored(scheme, scheme.slope, squashTable(scheme), squashShape(scheme).bits),
);

/** Whether both store the same. */
export function sharesLookup(scheme: Scheme): boolean {
  return squashStore(scheme)?.words.join() === tanhStore(scheme)?.words.join();
}
