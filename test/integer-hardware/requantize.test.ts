/** hgi_requantize against src/integer/fixed-point.ts. */
import { describe, expect, test } from 'vitest';
import { compileRtl } from '../../src/eda/rtl-sim.js';
import {
  INT32_MAX,
  INT32_MIN,
  requantize,
  requantizeReduced,
  type Rounding,
  roundingShiftRight,
} from '../../src/integer/fixed-point.js';
import {
  reducedScaleOf,
  type Scale,
  scaleOf,
  shiftScale,
} from '../../src/integer-hardware/scale.js';
import { Random } from '../../src/model/random.js';
import { leafFiles, signed } from './leaves.js';

describe('hgi_requantize', () => {
  const LATENCY = 4;
  const EXTREMES = [
    INT32_MIN,
    INT32_MIN + 1,
    -(2 ** 30),
    -3,
    -2,
    -1,
    0,
    1,
    2,
    3,
    2 ** 30,
    INT32_MAX,
  ];

  interface Case {
    readonly scale: Scale;
    readonly xs: readonly number[];
    readonly expected: (x: number) => number;
  }

  /** Values that the module gets wrong; shifts from `shiftMin` on. */
  async function errors(shiftMin: number, cases: readonly Case[]): Promise<number> {
    const rtl = await compileRtl(leafFiles, 'hgi_requantize', {
      parameters: { SHIFT_MIN: shiftMin, SELECT_WIDTH: 6, OUT_WIDTH: 64 - shiftMin },
    });
    let wrong = 0;
    for (const { scale, xs, expected } of cases) {
      rtl.set('multiplier_i', scale.multiplier);
      rtl.set('select_i', scale.shift - shiftMin);
      rtl.set('pre_i', Number(scale.isPreRounded));
      rtl.set('away_i', Number(scale.isTieAway));
      xs.forEach((_, n) => {
        rtl.set('x_i', xs[n]);
        rtl.tick(n === xs.length - 1 ? LATENCY : 1);
        const at = n === xs.length - 1 ? n : n - LATENCY + 1;
        if (at >= 0 && signed(rtl.get('data_o'), 64 - shiftMin) !== expected(xs[at])) wrong++;
      });
    }
    return wrong;
  }

  function randomCases(
    seed: number,
    count: number,
    shifts: readonly [number, number],
    make: (multiplier: number, shift: number) => { scale: Scale; expected: (x: number) => number },
  ): Case[] {
    const random = new Random(seed);
    const multipliers = [0, 2 ** 30, INT32_MAX, 2 ** 30 + 1];
    return Array.from({ length: count }, () => {
      const multiplier =
        random.integer(3) === 0
          ? multipliers[random.integer(multipliers.length)]
          : 2 ** 30 + random.integer(2 ** 30);
      const shift = shifts[0] + random.integer(shifts[1] - shifts[0] + 1);
      // Left shifts need room above x.
      const limit = 2 ** Math.min(31, 36 - Math.max(0, shift));
      const xs = [
        ...EXTREMES.filter((x) => Math.abs(x) <= limit),
        // Near the ties.
        ...Array.from({ length: 20 }, () => random.integer(2 ** 12) - 2 ** 11),
        ...Array.from({ length: 20 }, () => Math.floor((2 * random.uniform() - 1) * limit)),
      ].map((x) => Math.max(INT32_MIN, Math.min(INT32_MAX, x)));
      return { xs, ...make(multiplier, shift) };
    });
  }

  test.each<Rounding>(['single', 'double'])(
    'equals requantize with %s rounding, shifts -31..8',
    async (rounding) => {
      const cases = randomCases(5, 150, [-31, 8], (multiplier, shift) => ({
        scale: scaleOf({ multiplier, shift }, rounding),
        expected: (x) => requantize(x, { multiplier, shift }, rounding),
      }));
      expect(await errors(23, cases)).toBe(0);
    },
  );

  test.each<Rounding>(['single', 'double'])(
    'equals requantize with %s rounding where small shifts do not occur',
    async (rounding) => {
      const cases = randomCases(6, 100, [-31, -7], (multiplier, shift) => ({
        scale: scaleOf({ multiplier, shift }, rounding),
        expected: (x) => requantize(x, { multiplier, shift }, rounding),
      }));
      expect(await errors(38, cases)).toBe(0);
    },
  );

  test('equals requantizeReduced', async () => {
    const cases = randomCases(7, 100, [-16, 5], (multiplier, shift) => ({
      scale: reducedScaleOf({ multiplier, shift }),
      expected: (x) => requantizeReduced(x, { multiplier, shift }),
    }));
    expect(await errors(10, cases)).toBe(0);
  });

  test('equals roundingShiftRight, ties away from zero', async () => {
    const cases = Array.from({ length: 31 }, (_, n): Case => {
      const unit = 2 ** n;
      const ties = [-5, -3, -1, 1, 3, 5].flatMap((k) => [k * unit - 1, k * unit, k * unit + 1]);
      return {
        scale: shiftScale(n + 1),
        xs: [...EXTREMES, ...ties.filter((x) => Math.abs(x) < 2 ** 31)],
        expected: (x) => roundingShiftRight(x, n + 1),
      };
    });
    expect(await errors(31, cases)).toBe(0);
  });
});
