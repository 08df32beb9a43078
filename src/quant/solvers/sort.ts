/** Sorting magnitudes for the solvers that need them in order. */
import { HIGH_WORD, scratch, SORT } from './group.js';

const LOW_WORD = 1 - HIGH_WORD;
const INSERTION_LENGTH = 48;
const RADIX_BITS = 11;
const counts = new Uint32Array(1 << RADIX_BITS);

export interface SortedPairs {
  readonly keys: Float64Array;
  readonly payload: Float64Array;
}

/**
 * keys[0..length-1] in descending order and payload along with them, in scratch arrays; equal keys
 * stay in index order. Keys must be in [0, 2).
 *
 * Radix sort from the low digit up, on the bits of the doubles, whose order is that of the numbers.
 * Bits 63 and 62 are 0 below 2. Digits end at bit 29, the lowest a float32 sets: keys that were
 * float32 need three passes, others six.
 */
export function sortDescending(
  keys: Float64Array,
  payload: Float64Array,
  length: number,
): SortedPairs {
  if (length <= INSERTION_LENGTH) return insertionSort(keys, payload, length);
  let from = { keys, payload };
  let to = { keys: scratch(SORT, length), payload: scratch(SORT + 1, length) };
  const spare = { keys: scratch(SORT + 2, length), payload: scratch(SORT + 3, length) };
  const lows = new Uint32Array(keys.buffer, keys.byteOffset, 2 * length);
  let low = 0;
  for (let n = LOW_WORD; n < 2 * length; n += 2) low |= lows[n];
  // Each digit: bits highMask of the high word moved by (left - right), bits of the low word right.
  const digits = [
    ...((low & 0x1fffffff) === 0
      ? []
      : [
          [0, 0, 0, 0x3ff, 0],
          [0, 0, 0, 0xffc00, 10],
          [0, 0, 0, 0x1ff00000, 20],
        ]),
    [0xff, 0, 3, -1, 29],
    [0x7ff00, 8, 0, 0, 0],
    [0x3ff80000, 19, 0, 0, 0],
  ];
  for (const [highMask, highRight, highLeft, lowMask, lowRight] of digits) {
    if (!sortDigit(from, to, length, highMask, highRight, highLeft, lowMask, lowRight)) continue;
    const free = from.keys === keys ? spare : from;
    from = to;
    to = free;
  }
  return from;
}

/** One stable pass; false, and nothing moved, where all keys agree in this digit. */
function sortDigit(
  from: SortedPairs,
  to: SortedPairs,
  length: number,
  highMask: number,
  highRight: number,
  highLeft: number,
  lowMask: number,
  lowRight: number,
): boolean {
  const { keys, payload } = from;
  const { keys: sortedKeys, payload: sortedPayload } = to;
  const words = new Uint32Array(keys.buffer, keys.byteOffset, 2 * length);
  counts.fill(0);
  let digit = 0;
  for (let n = 0; n < length; n++) {
    digit =
      (((words[2 * n + HIGH_WORD] & highMask) >>> highRight) << highLeft) |
      ((words[2 * n + LOW_WORD] & lowMask) >>> lowRight);
    counts[digit]++;
  }
  if (counts[digit] === length) return false;
  let begin = 0;
  for (let k = counts.length - 1; k >= 0; k--) {
    const count = counts[k];
    counts[k] = begin;
    begin += count;
  }
  for (let n = 0; n < length; n++) {
    digit =
      (((words[2 * n + HIGH_WORD] & highMask) >>> highRight) << highLeft) |
      ((words[2 * n + LOW_WORD] & lowMask) >>> lowRight);
    const place = counts[digit]++;
    sortedKeys[place] = keys[n];
    sortedPayload[place] = payload[n];
  }
  return true;
}

function insertionSort(keys: Float64Array, payload: Float64Array, length: number): SortedPairs {
  const sorted = { keys: scratch(SORT, length), payload: scratch(SORT + 1, length) };
  for (let n = 0; n < length; n++) {
    let place = n;
    while (place > 0 && sorted.keys[place - 1] < keys[n]) {
      sorted.keys[place] = sorted.keys[place - 1];
      sorted.payload[place] = sorted.payload[place - 1];
      place--;
    }
    sorted.keys[place] = keys[n];
    sorted.payload[place] = payload[n];
  }
  return sorted;
}
