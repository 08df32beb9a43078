import { expect, test } from 'vitest';
import { indexBits, signedBits } from '../../src/design/bits.js';

test('an index of count values has the fewest bits that number them, at least one', () => {
  for (const count of [
    1,
    2,
    3,
    4,
    5,
    7,
    8,
    9,
    255,
    256,
    257,
    2 ** 22,
    2 ** 31,
    2 ** 31 + 1,
    2 ** 40,
  ]) {
    const bits = indexBits(count);
    expect(2 ** bits).toBeGreaterThanOrEqual(count);
    if (bits > 1) expect(2 ** (bits - 1)).toBeLessThan(count);
  }
});

test('a signed number has the fewest bits that hold both signs of its bound, at least two', () => {
  for (const bound of [0, 1, 1.5, 2, 3, 4, 127, 128, 2 ** 30, 2 ** 31 - 1, 2 ** 31, 2 ** 36 + 1]) {
    const bits = signedBits(bound);
    expect(2 ** (bits - 1) - 1).toBeGreaterThanOrEqual(bound);
    if (bits > 2) expect(2 ** (bits - 2) - 1).toBeLessThan(bound);
  }
});
