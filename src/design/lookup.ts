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

type Stores = readonly [tanh: StoredLookup | undefined, squash: StoredLookup | undefined];
const known = new WeakMap<Scheme, Stores>();

/** What a scheme stores; found once. */
function storesOf(scheme: Scheme): Stores {
  const found = known.get(scheme);
  if (found) return found;
  const stores: Stores = [
    stored(scheme, 1, TANH_TABLE, TANH_FRACTION),
    stored(scheme, scheme.slope, squashTable(scheme), squashShape(scheme).bits),
  ];
  known.set(scheme, stores);
  return stores;
}

/** Of tanh(z), z in steps of 2^-7. */
export function tanhStore(scheme: Scheme): StoredLookup | undefined {
  return storesOf(scheme)[0];
}

/** Of tanh(s c), c in steps of `squashShape`. */
export function squashStore(scheme: Scheme): StoredLookup | undefined {
  return storesOf(scheme)[1];
}

/** Whether both store the same. */
export function sharesLookup(scheme: Scheme): boolean {
  return squashStore(scheme)?.words.join() === tanhStore(scheme)?.words.join();
}
