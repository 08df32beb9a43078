/** Steps worked out by hand, one for each format. */
import { describe, expect, test } from 'vitest';
import { embed, type GoldenState, initialState, logits, step } from '../../src/quant/golden.js';
import type {
  LinearRow,
  QuantizedHead,
  QuantizedModel,
  RowParameters,
} from '../../src/quant/quantized-model.js';
import { type Scheme, SCHEMES } from '../../src/quant/scheme.js';

const linear = (multiplier: number, shift: number, bias = 0, factors = [1]): LinearRow => ({
  ...{ kind: 'linear', factors, multiplier, shift, bias },
});
const threshold = (low: number, high: number, factors = [1]): RowParameters => ({
  ...{ kind: 'threshold', factors, low, high },
});
const HEAD: QuantizedHead = {
  ...{ classes: 1, when: 'every-step', output: 'class' },
  weights: Int8Array.of(1),
  rows: [linear(1, 1)],
};

/** One unit on one channel; weights are [x, h] of each plane of each row. */
function unit(
  scheme: Scheme,
  weights: readonly number[],
  rows: readonly RowParameters[],
  hiddenDecision = 2048,
): QuantizedModel {
  return {
    scheme,
    input: { kind: 'dense', mean: [0], gain: [1] },
    layers: [
      { inputSize: 1, hiddenSize: 1, weights: Int8Array.from(weights), rows, hiddenDecision },
    ],
    head: HEAD,
  };
}

/** [c, h] after each x. */
function run(model: QuantizedModel, xs: readonly number[]): [number, number][] {
  const state = initialState(model);
  return xs.map((x) => {
    step(model, state, Int8Array.of(x));
    return [state.c[0][0], state.h[0][0]];
  });
}

test('int16 gates', () => {
  // z_i = 8 * 2^-1 * 100 = 400, others 0: sigmoid(0) = 4096.
  const rows = [linear(8, 1), linear(8, 1), linear(200, 1), linear(8, 1)];
  const model = unit(SCHEMES['int8'], [1, 0, 0, 0, 1, 0, 0, 0], rows);
  // i: index (400 + 32) >> 6 = 6, tanh(6/128) 192, i = 4288. g: z = 10000, index 313 = (10000 + 16) >> 5,
  // tanh(313/128) = 4035. c = (4288 * 4035 + 4096) >> 13 = 2112.
  // h: tanh(2112): index 66 = (2112 + 16) >> 5, 1942; (4096 * 1942 + 2^17) >> 18 = 30.
  // Then f = 1/2: (4096 * 2112 + 4096 * 0 + 4096) >> 13 = 1056; index 33, 1033; (4096 * 1033 + 2^17) >> 18 = 16.
  expect(run(model, [100, 0])).toEqual([
    [2112, 30],
    [1056, 16],
  ]);
});

test('three-level gates', () => {
  const rows = [threshold(-10, 10), threshold(-10, 10), linear(255, 1), threshold(-10, 10)];
  const model = unit(SCHEMES['int8-level3'], [1, 0, 1, 0, 1, 0, 1, 0], rows);
  // x = 20 opens all gates. g: z = 2550, index 80, tanh(80/128) = 2272. h: index 71, 2065, (2065 + 16) >> 5.
  // x = 5 opens all by half. z = (1275 + 1) >> 1 = 638, index 20, 635; c = 1136 + 317; index 45, 1382;
  // h = (691 + 16) >> 5. x = -11 shuts all.
  expect(run(model, [20, 5, -11])).toEqual([
    [2272, 65],
    [1453, 22],
    [0, 0],
  ]);
});

test('three-level gates and a c of 8 bits, 6 of them fraction', () => {
  const rows = [threshold(-10, 10), threshold(-10, 10), linear(255, 1), threshold(-10, 10)];
  const scheme = { ...SCHEMES['int8-level3'], cell: { bits: 8, fraction: 6 } };
  const model = unit(scheme, [1, 0, 1, 0, 1, 0, 1, 0], rows);
  // g = 2272 / 64 = 35.5, rounded up. h: c = 36/64, index 72, 2088, (2088 + 16) >> 5 = 65.
  // Then 72 and 108, and 144 saturates.
  expect(run(model, [20, 20, 20, 20]).map(([c]) => c)).toEqual([36, 72, 108, 127]);
  expect(run(model, [20])[0][1]).toBe(65);
  // Half of -36 is -18; g: z = -637, index 20, -635 / 64 = -9.9 to -10, its half -5.
  expect(run(model, [20, -5])[1][0]).toBe(18 - 5);
});

describe('HitNet: binary gates, ternary candidate and h, c a counter', () => {
  const BOTH = [1, 1];
  // i opens from 0 on, f always; g is the sign of x beyond 0; o opens from 0 on.
  const rows = [
    threshold(0, 0, BOTH),
    threshold(-9, -9, BOTH),
    threshold(0, 1, BOTH),
    threshold(0, 0, BOTH),
  ];
  const weights = [1, 0, 0, 0, 1, 0, 0, 1];

  test('counts up and down', () => {
    const model = unit(SCHEMES['hitnet'], weights, rows);
    // x = -1 shuts i. With h = 1 o is open, as with h = 0.
    expect(run(model, [1, 1, 0, -1, 1])).toEqual([
      [1, 1],
      [2, 1],
      [2, 1],
      [2, 1],
      [3, 1],
    ]);
  });

  test('stops at +-127 and -128', () => {
    const up = unit(SCHEMES['hitnet'], weights, rows);
    expect(
      run(up, new Array<number>(130).fill(1))
        .slice(125)
        .map(([c]) => c),
    ).toEqual([126, 127, 127, 127, 127]);
    const shut = [
      threshold(-9, -9, BOTH),
      threshold(-9, -9, BOTH),
      threshold(0, 1, BOTH),
      threshold(-9, -9, BOTH),
    ];
    const down = unit(SCHEMES['hitnet'], weights, shut);
    expect(run(down, new Array<number>(130).fill(-1)).slice(126)).toEqual([
      [-127, -1],
      [-128, -1],
      [-128, -1],
      [-128, -1],
    ]);
  });

  test('h turns where |tanh(s c)| reaches the decision', () => {
    // tanh(1) = 3119 / 4096, tanh(2) = 3949 / 4096.
    for (const [slope, decision, h] of [
      [1, 3119, 1],
      [1, 3120, 0],
      [2, 3949, 1],
      [2, 3950, 0],
    ]) {
      const model = unit({ ...SCHEMES['hitnet'], slope }, weights, rows, decision);
      expect(run(model, [1])).toEqual([[1, h]]);
    }
  });

  test('an o that is shut gives 0', () => {
    const shut = [...rows.slice(0, 3), threshold(1, 1, BOTH)];
    expect(run(unit(SCHEMES['hitnet'], weights, shut), [1])).toEqual([[1, 0]]);
  });
});

test('a ternary candidate beside int16 gates is +-1 in Q0.12', () => {
  const scheme: Scheme = { ...SCHEMES['int8'], candidate: 'ternary' };
  const rows = [linear(8, 1), linear(8, 1), threshold(-50, 50), linear(8, 1)];
  const model = unit(scheme, [0, 0, 0, 0, 1, 0, 0, 0], rows);
  // c = 1/2 of +-4096, plus half of what was; x = 49 adds nothing.
  expect(run(model, [50, -51, 49, -50]).map(([c]) => c)).toEqual([2048, -1024, -512, -256]);
});

test('int16 gates and a c of 12 bits, 8 of them fraction', () => {
  const scheme: Scheme = { ...SCHEMES['int8'], cell: { bits: 12, fraction: 8 } };
  const rows = [linear(8, 1), linear(8, 1), linear(200, 1), linear(8, 1)];
  const model = unit(scheme, [1, 0, 0, 0, 1, 0, 0, 0], rows);
  // As above in units of 2^-8: 4288 * 4035 / 2^17 = 132.003; half of it 66.
  expect(run(model, [100, 0]).map(([c]) => c)).toEqual([132, 66]);
});

test('the slope is that of tanh(s c)', () => {
  const rows = [linear(8, 1), linear(8, 1), linear(200, 1), linear(8, 1)];
  const model = unit({ ...SCHEMES['int8'], slope: 2 }, [1, 0, 0, 0, 1, 0, 0, 0], rows);
  // c = 2112 as above; index 66: tanh(2 * 66 / 128) = 3169; (4096 * 3169 + 2^17) >> 18 = 50.
  expect(run(model, [100])).toEqual([[2112, 50]]);
});

describe('sums', () => {
  /** Accumulated z of the candidate, by way of a linear row that only adds. */
  function sums(
    scheme: Scheme,
    weights: readonly number[],
    factors: number[],
    x: number,
    h: number,
  ) {
    const shut = threshold(
      1,
      2,
      factors.map(() => 0),
    );
    const planes = weights.length / 2;
    const zeros = new Array<number>(2 * planes).fill(0);
    const rows = [shut, shut, threshold(0, 0, factors), shut];
    const model = unit(scheme, [...zeros, ...zeros, ...weights, ...zeros], rows);
    // The sum is where the level turns.
    const at = (low: number): number => {
      const layer = {
        ...model.layers[0],
        rows: [threshold(-1, -1, shut.factors as number[]), shut],
      };
      const open = [...layer.rows, threshold(low, low, factors), shut];
      const state: GoldenState = { h: [Int8Array.of(h)], c: [Int16Array.of(0)] };
      step({ ...model, layers: [{ ...layer, rows: open }] }, state, Int8Array.of(x));
      return state.c[0][0];
    };
    let sum = -100000;
    while (at(sum + 1) > 0) sum++;
    return sum;
  }
  const scheme: Scheme = { ...SCHEMES['int8-level3'], candidate: 'ternary', gates: 'binary' };

  test('planes of one operand share their factors between x and h', () => {
    // 3 (x + h) + 200 (x - h).
    expect(sums(scheme, [1, 1, 1, -1], [3, 200], 7, -5)).toBe(3 * 2 + 200 * 12);
  });

  test('separate operands: first the factors of x, then those of h', () => {
    const separate: Scheme = { ...scheme, operandScales: 'separate' };
    // x: 3 and 200, h: 5 and 7.
    expect(sums(separate, [1, 1, 1, -1], [3, 200, 5, 7], 7, -5)).toBe(203 * 7 - 25 + 35);
    expect(sums(separate, [127, -64], [255, 1], 127, 127)).toBe(255 * 127 * 127 - 64 * 127);
  });
});

test('a head of several planes: logits in Q6.9', () => {
  const model: QuantizedModel = {
    ...unit(SCHEMES['int8'], [0, 0, 0, 0, 0, 0, 0, 0], new Array<LinearRow>(4).fill(linear(1, 1))),
    head: {
      ...{ classes: 2, when: 'every-step', output: 'class' },
      weights: Int8Array.of(1, -1, 1, 1),
      rows: [linear(1, 3, 10, [9, 2]), linear(1, 3, -10, [9, 2])],
    },
  };
  const state: GoldenState = { h: [Int8Array.of(100)], c: [Int16Array.of(0)] };
  // (9 - 2) 100 / 8 = 87.5, (9 + 2) 100 / 8 = 137.5.
  expect([...logits(model, state)]).toEqual([88 + 10, 138 - 10]);
});

describe('embed', () => {
  const base = unit(SCHEMES['int8'], new Array<number>(8).fill(0), []);
  const layers = [{ ...base.layers[0], inputSize: 2 }];

  test('a token is its row of the table', () => {
    const embedding = Int8Array.of(1, 2, 3, 4);
    const model: QuantizedModel = {
      ...base,
      layers,
      input: { kind: 'tokens', vocabSize: 2, embedding },
    };
    expect([...embed(model, 1)]).toEqual([3, 4]);
    expect(() => embed(model, 2)).toThrow('token 2 is not in 0..1');
  });

  test('a one-hot token is 1 at its place, 128 in units of Q0.7', () => {
    const model: QuantizedModel = { ...base, layers, input: { kind: 'one-hot', vocabSize: 2 } };
    expect([...embed(model, 1)]).toEqual([0, 128]);
    expect([...embed({ ...model, scheme: SCHEMES['hitnet'] }, 0)]).toEqual([1, 0]);
  });

  test('dense input has no tokens', () => {
    expect(() => embed(base, 0)).toThrow('dense input');
  });
});
