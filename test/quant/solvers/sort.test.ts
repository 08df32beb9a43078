import { expect, test } from 'vitest';
import { Random } from '../../../src/model/random.js';
import { sortDescending } from '../../../src/quant/solvers/sort.js';

const KINDS: Record<string, (random: Random) => number> = {
  'doubles below 2': (random) => random.range(0, 2),
  float32: (random) => Math.fround(random.range(0, 1.9)),
  'many octaves': (random) => 2 ** random.range(-1074, 1),
  'few values': (random) => random.integer(5) / 3,
  'low bits only': (random) => 1 + random.integer(2 ** 20) * 2 ** -52,
  equal: () => 1.25,
  zero: () => 0,
};

test.each(Object.keys(KINDS))('sorts like a stable comparison: %s', (kind) => {
  for (const length of [0, 1, 2, 47, 48, 49, 50, 1000, 5000]) {
    const random = new Random(length);
    const keys = Float64Array.from({ length: length + 3 }, () => KINDS[kind](random));
    const payload = Float64Array.from(keys.keys());
    const before = keys.slice();
    const sorted = sortDescending(keys, payload, length);
    const order = Array.from(payload.subarray(0, length)).sort(
      (a, b) => keys[b] - keys[a] || a - b,
    );
    expect(Array.from(sorted.payload.subarray(0, length)), `${length}`).toEqual(order);
    expect(Array.from(sorted.keys.subarray(0, length))).toEqual(order.map((n) => keys[n]));
    expect(keys).toEqual(before);
  }
});
