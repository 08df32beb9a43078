/** The modules of layer normalization against src/integer/layer-norm.ts; the test multiplies for them. */
import { describe, expect, test } from 'vitest';
import { compileRtl, type RtlSimulator } from '../../src/eda/rtl-sim.js';
import { highProduct32, INT32_MAX } from '../../src/integer/fixed-point.js';
import { inverseSqrt } from '../../src/integer/layer-norm.js';
import { Random } from '../../src/model/random.js';
import { leafFiles, signed } from './leaves.js';

describe('hgi_inverse_sqrt', () => {
  /** Multiplies for the module until it is done. */
  function run(rtl: RtlSimulator, value: number): { multiplier: number; shift: number } {
    rtl.set('value_i', value);
    rtl.set('start_i', 1);
    rtl.tick();
    rtl.set('start_i', 0);
    for (let cycle = 0; rtl.getNumber('done_o') === 0; cycle++) {
      if (cycle > 100) throw new Error(`value ${value}: never done`);
      const isAsked = rtl.getNumber('multiply_o') === 1;
      const [x, m] = [signed(rtl.get('x_o'), 32), signed(rtl.get('m_o'), 32)];
      rtl.set('ready_i', isAsked ? 1 : 0);
      rtl.set('high_i', highProduct32(x, m));
      rtl.tick();
    }
    rtl.set('ready_i', 0);
    return {
      multiplier: rtl.getNumber('multiplier_o'),
      shift: 0 - rtl.getNumber('shift_o'),
    };
  }

  test('equals inverseSqrt of small values, powers of two, their neighbours and random ones', async () => {
    const rtl = await compileRtl(leafFiles, 'hgi_inverse_sqrt', { randomizeState: 5 });
    rtl.set('rst_i', 1);
    rtl.tick(2);
    rtl.set('rst_i', 0);
    const random = new Random(11);
    const values = [
      ...Array.from({ length: 70 }, (_, n) => n),
      ...Array.from({ length: 30 }, (_, n) => [-1, 0, 1].map((d) => 2 ** (n + 1) + d)).flat(),
      ...Array.from({ length: 600 }, () => Math.floor(2 ** (31 * random.uniform()))),
      INT32_MAX,
    ];
    for (const value of values)
      expect([value, run(rtl, value)]).toEqual([value, inverseSqrt(value)]);
  });
});

describe('hgi_layer_norm', () => {
  /** Mean and variance as hgi_layer_norm's comment has them. */
  function reference(values: readonly number[], guard: number): { mean: number; variance: number } {
    const n = values.length;
    const mean = Math.trunc((values.reduce((sum, v) => sum + v, 0) * 1024) / n);
    const squares = values.reduce((sum, v) => sum + v * v, 0);
    const variance = Math.trunc((squares * Math.floor(2 ** 20 / n) - mean * mean) / 2 ** 20);
    return { mean, variance: variance < 1 ? guard : variance };
  }

  const SIZE_WIDTH = 9;

  function run(rtl: RtlSimulator, values: readonly number[], guard: number): object {
    const reciprocal = BigInt(Math.floor(2 ** 20 / values.length));
    rtl.set('clear_i', 1);
    rtl.tick();
    rtl.set('clear_i', 0);
    rtl.set('value_valid_i', 1);
    rtl.set('square_valid_i', 1);
    for (const value of values) {
      rtl.set('value_i', value);
      rtl.set('product_i', reciprocal * BigInt(value) * BigInt(value));
      rtl.tick();
    }
    rtl.set('value_valid_i', 0);
    rtl.set('square_valid_i', 0);
    rtl.set('size_i', values.length);
    rtl.set('guard_i', guard);
    rtl.set('start_i', 1);
    rtl.tick();
    rtl.set('start_i', 0);
    for (let cycle = 0; rtl.getNumber('done_o') === 0; cycle++) {
      if (cycle > 200) throw new Error('never done');
      if (rtl.getNumber('multiply_o') === 1) {
        const [x, m] = [signed(rtl.get('x_o'), 32), signed(rtl.get('m_o'), 32)];
        rtl.set('product_i', BigInt.asIntN(52, BigInt(x) * BigInt(m)));
        rtl.set('high_i', highProduct32(x, m));
        rtl.set('product_valid_i', 1);
        rtl.tick();
        rtl.set('product_valid_i', 0);
        rtl.set('high_valid_i', 1);
        rtl.tick();
        rtl.set('high_valid_i', 0);
      } else rtl.tick();
    }
    return {
      mean: signed(rtl.get('mean_o'), 27),
      multiplier: rtl.getNumber('multiplier_o'),
      shift: 0 - rtl.getNumber('shift_o'),
    };
  }

  test('equals mean, guarded variance and its inverse root', async () => {
    const rtl = await compileRtl(leafFiles, 'hgi_layer_norm', {
      parameters: { SIZE_WIDTH },
      randomizeState: 6,
    });
    rtl.set('rst_i', 1);
    rtl.tick(2);
    rtl.set('rst_i', 0);
    const random = new Random(12);
    for (let n = 0; n < 150; n++) {
      const size = 1 + random.integer(n % 10 === 0 ? 511 : 40);
      const middle = n % 4 === 0 ? random.integer(65536) - 32768 : 0;
      const spread = 2 ** random.range(0, 16);
      const values = Array.from({ length: size }, () =>
        Math.max(-32768, Math.min(32767, Math.round(middle + spread * random.range(-1, 1)))),
      );
      const guard = 1 + random.integer(1000);
      const { mean, variance } = reference(values, guard);
      expect([n, run(rtl, values, guard)]).toEqual([n, { mean, ...inverseSqrt(variance) }]);
    }
    // All at one end: the largest mean, the variance least exact.
    for (const value of [-32768, 32767]) {
      const values = new Array<number>(2 ** SIZE_WIDTH - 1).fill(value);
      const { mean, variance } = reference(values, 7);
      expect(run(rtl, values, 7)).toEqual({ mean, ...inverseSqrt(variance) });
    }
  });
});
