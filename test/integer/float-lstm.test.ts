import { describe, expect, test } from 'vitest';
import {
  calibrate,
  type FloatLstm,
  floatInputWidth,
  floatOutputWidth,
  type Reals,
  runFloatDirection,
  runFloatSequence,
} from '../../src/integer/float-lstm.js';
import { Random } from '../../src/model/random.js';
import { randomFloatLstm, randomReals, variantName, VARIANTS } from './random-float.js';

const SIZES = { input: 3, cell: 5, output: 4 };
const SEED = 51;

type Matrix = readonly (readonly number[])[];

/** Row-major values as rows. */
function rows(values: Reals, count: number): Matrix {
  const width = values.length / count;
  return Array.from({ length: count }, (_, r) => [...values.slice(r * width, (r + 1) * width)]);
}

const times = (m: Matrix, v: readonly number[]): number[] =>
  m.map((row) => row.reduce((sum, w, k) => sum + w * v[k], 0));
const map2 = (
  a: readonly number[],
  b: readonly number[],
  f: (x: number, y: number) => number,
): number[] => a.map((x, k) => f(x, b[k]));
const plus = (a: readonly number[], b: readonly number[]): number[] => map2(a, b, (x, y) => x + y);
const by = (a: readonly number[], b: readonly number[]): number[] => map2(a, b, (x, y) => x * y);
const logistic = (z: number): number => (1 + Math.tanh(z / 2)) / 2;

/** The equations on lists, once more: all h, all c of a sequence. */
function reference(layer: FloatLstm, x: Reals): { h: number[][]; c: number[][] } {
  const { gates, projection, cellClip, projectionClip } = layer;
  const value = (
    name: 'i' | 'f' | 'g' | 'o',
    input: readonly number[],
    h: readonly number[],
    c: readonly number[],
  ): number[] => {
    const gate = gates[name]!;
    const n = gate.bias.length;
    let z = plus(
      times(rows(gate.inputWeights, n), input),
      times(rows(gate.recurrentWeights, n), h),
    );
    if (gate.peephole) z = plus(z, by([...gate.peephole], c));
    if (gate.layerNorm) {
      const mean = z.reduce((a, b) => a + b) / n;
      const variance = z.reduce((sum, v) => sum + v * v, 0) / n - mean * mean;
      z = by(
        z.map((v) => (v - mean) / Math.sqrt(variance)),
        [...gate.layerNorm],
      );
    }
    z = plus(z, [...gate.bias]);
    return z.map(name === 'g' ? Math.tanh : logistic);
  };
  const limit = (v: number, clip: number): number =>
    clip > 0 ? Math.min(clip, Math.max(-clip, v)) : v;
  let h = new Array<number>(layer.outputSize).fill(0);
  let c = new Array<number>(layer.cellSize).fill(0);
  const all = { h: [] as number[][], c: [] as number[][] };
  for (const input of rows(x, x.length / layer.inputSize)) {
    const f = value('f', input, h, c);
    const i = gates.i ? value('i', input, h, c) : f.map((v) => 1 - v);
    const g = value('g', input, h, c);
    c = plus(by(f, c), by(i, g)).map((v) => limit(v, cellClip));
    const m = by(value('o', input, h, c), c.map(Math.tanh));
    h = projection
      ? plus(times(rows(projection.weights, h.length), m), [...(projection.bias ?? [])]).map((v) =>
          limit(v, projectionClip),
        )
      : m;
    all.h.push(h);
    all.c.push(c);
  }
  return all;
}

describe.each(VARIANTS.map((variant, k) => ({ name: variantName(variant), variant, k })))(
  '$name',
  ({ variant, k }) => {
    const layer = randomFloatLstm(SEED + k, variant, SIZES);
    const x = randomReals(new Random(SEED), 12 * SIZES.input, 2);

    test(`equals the equations on lists, seed ${SEED + k}`, () => {
      const { h } = reference(layer, x);
      const output = runFloatDirection(layer, x);
      h.flat().forEach((value, n) => expect(Math.abs(output[n] - value)).toBeLessThan(1e-6));
      expect(output).toHaveLength(h.flat().length);
    });

    test('clips', () => {
      const clipped = { ...layer, cellClip: 0.3, projectionClip: 0.2 };
      const { h } = reference(clipped, x);
      const output = runFloatDirection(clipped, x);
      h.flat().forEach((value, n) => expect(Math.abs(output[n] - value)).toBeLessThan(1e-6));
      expect(h.flat()).not.toEqual(reference(layer, x).h.flat());
    });

    test('records what it sees', () => {
      const ranges = calibrate(layer, [x]);
      const { h, c } = reference(layer, x);
      expect([ranges.x.min, ranges.x.max]).toEqual([Math.min(...x), Math.max(...x)]);
      expect(ranges.h.min).toBeCloseTo(Math.min(...h.flat()), 6);
      expect(ranges.h.max).toBeCloseTo(Math.max(...h.flat()), 6);
      expect(ranges.c.max).toBeCloseTo(Math.max(...c.flat()), 6);
      expect(ranges.gateSums.f.max).toBeGreaterThan(ranges.gateSums.f.min);
      expect(ranges.gateSums.i.max).toBe(variant.isCifg ? -Infinity : ranges.gateSums.i.max);
    });
  },
);

test('layers stack, directions stand side by side', () => {
  const [forward, backward] = [1, 2].map((seed) => randomFloatLstm(seed, VARIANTS[0], SIZES));
  const upper = randomFloatLstm(3, VARIANTS[0], { input: 10, cell: 2, output: 2 });
  const x = randomReals(new Random(SEED), 4 * SIZES.input, 1);
  const both = { forward, backward };
  expect([floatInputWidth(both), floatOutputWidth(both), floatOutputWidth(upper)]).toEqual([
    3, 10, 2,
  ]);
  const lower = runFloatSequence([both], x);
  expect([...lower.subarray(30, 35)]).toEqual([...runFloatDirection(forward, x).subarray(15)]);
  expect([...lower.subarray(35)]).toEqual([
    ...runFloatDirection(backward, x.subarray(9), false).subarray(0, 5),
  ]);
  expect([...runFloatSequence([both, upper], x)]).toEqual([...runFloatDirection(upper, lower)]);
});
