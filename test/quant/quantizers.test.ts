import { describe, expect, test } from 'vitest';
import { initModel, type ModelScheme, parameterCount } from '../../src/model/model.js';
import { Random } from '../../src/model/random.js';
import { MULTIPLIER_MAX, SHIFT_MAX } from '../../src/quant/arithmetic.js';
import { codeMatrix, type MatrixPlan, planHead, planLayer } from '../../src/quant/code-matrix.js';
import { adaptScheme, quantize } from '../../src/quant/quantize.js';
import { accumulatorBound, type LinearRow, weightBytes } from '../../src/quant/quantized-model.js';
import {
  decisionPoints,
  intScales,
  linearScales,
  quantizeBias,
  roundHalfAway,
  ternaryDelta,
} from '../../src/quant/quantizers.js';
import { type Scheme, SCHEMES } from '../../src/quant/scheme.js';

/** Exponents of Q3.12 and Q6.9 from Q0.7 activations. */
const GATE_EXPONENT = 5;
const HEAD_EXPONENT = 2;
const INT8 = SCHEMES['int8'];
const TERNARY = SCHEMES['ternary-level3'];

const SEEDS = Array.from({ length: 50 }, (_, n) => n);

/** Rows of very different sizes, some entries zero. */
function randomRows(seed: number, rows: number, columns: number): Float32Array {
  const random = new Random(seed);
  const weights = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    const size = 2 ** random.range(-8, 3);
    for (let k = 0; k < columns; k++) {
      weights[r * columns + k] = random.uniform() < 0.1 ? 0 : random.range(-size, size);
    }
  }
  return weights;
}

function source(seed: number, rows: number, columns: number) {
  const random = new Random(seed + 1000);
  return {
    weights: randomRows(seed, rows, columns),
    bias: Float32Array.from({ length: rows }, () => random.range(-9, 9)),
    gain: Float32Array.from({ length: rows }, () => 2 ** random.range(-6, 4)),
  };
}

test('rounds halves away from zero, never to -0', () => {
  expect([0.5, -0.5, 1.5, -1.5, 0.49, -0.49].map(roundHalfAway)).toEqual([1, -1, 2, -2, 0, 0]);
});

test('biases saturate at int16', () => {
  expect([0, 1, -1, 100, -100].map((b) => quantizeBias(b, 12))).toEqual([
    0, 4096, -4096, 32767, -32768,
  ]);
});

describe('int8', () => {
  test.each(SEEDS)(
    'codes are within half a step of the weights, scales exact (seed %i)',
    (seed) => {
      const [rows, columns] = [8, 13];
      const s = source(seed, rows, columns);
      const plan = planLayer(INT8, 0, { inputSize: columns - 2, hiddenSize: 2 }, false);
      const { codes, scale, rows: parameters } = codeMatrix(plan, s);
      for (let r = 0; r < rows; r++) {
        const row = parameters[r];
        if (row.kind !== 'linear') throw new Error('int8 rows are linear');
        expect(row.multiplier).toBeGreaterThanOrEqual(1);
        expect(row.multiplier).toBeLessThanOrEqual(MULTIPLIER_MAX);
        expect(scale[r]).toBe(row.multiplier / 2 ** (GATE_EXPONENT + row.shift));
        for (let k = r * columns; k < (r + 1) * columns; k++) {
          expect(Math.abs(codes[k])).toBeLessThanOrEqual(127);
          expect(Math.abs(s.weights[k] - scale[r] * codes[k])).toBeLessThanOrEqual(scale[r] / 2);
        }
      }
      // The shift is the largest: one more and the largest row would not fit.
      for (let gate = 0; gate < 4; gate++) {
        const { shift } = parameters[2 * gate] as { shift: number };
        if (shift === SHIFT_MAX) continue;
        const weights = s.weights.subarray(2 * gate * columns, 2 * (gate + 1) * columns);
        const largest = Math.max(...weights.map(Math.abs));
        expect(Math.ceil((largest / 127) * 2 ** (GATE_EXPONENT + shift + 1))).toBeGreaterThan(255);
      }
    },
  );

  test.each(SEEDS)('coding coded weights again changes nothing (seed %i)', (seed) => {
    const s = source(seed, 5, 7);
    const plan = planHead(INT8, 5, 7);
    const first = codeMatrix(plan, s);
    const again = first.codes.map((code) => code);
    const weights = Float32Array.from(
      first.codes,
      (code, k) => code * first.scale[Math.floor(k / 7)],
    );
    const second = codeMatrix(plan, { ...s, weights });
    // Effective weights are reproduced within half a step; equal codes where the scale is the same.
    for (let k = 0; k < again.length; k++) {
      const r = Math.floor(k / 7);
      const value = second.codes[k] * second.scale[r];
      expect(Math.abs(value - weights[k])).toBeLessThanOrEqual(second.scale[r] / 2);
      if (second.scale[r] === first.scale[r]) expect(second.codes[k]).toBe(first.codes[k]);
    }
  });

  test('a row of zeros has multiplier 1 and codes 0', () => {
    const { codes, scale, rows } = codeMatrix(planHead(INT8, 2, 3), {
      weights: Float32Array.of(0, 0, 0, 1, -1, 0.5),
      bias: new Float32Array(2),
      gain: new Float32Array(2),
    });
    expect([...codes.subarray(0, 3)]).toEqual([0, 0, 0]);
    expect(rows[0]).toMatchObject({ multiplier: 1 });
    expect(scale[0]).toBeGreaterThan(0);
  });

  test('all rows zero: the largest shift', () => {
    expect(intScales([0, 0], 5, 127)).toEqual({ shift: 24, multipliers: [1, 1] });
  });

  test.each([600, Infinity, NaN])('refuses a weight of %d', (w) => {
    expect(() => intScales([1, w], 5, 127)).toThrow('lower the learning rate');
  });

  test('coarser multipliers and left shifts where they are asked for', () => {
    expect(intScales([1, 0.5], 5, 127, { most: 127 })).toEqual({ shift: 8, multipliers: [65, 33] });
    expect(() => intScales([8], 12, 127)).toThrow('at most 3.95');
    expect(intScales([8], 12, 127, { shiftMin: -6 })).toEqual({ shift: -1, multipliers: [130] });
  });
});

describe('ternary', () => {
  const plan = planHead(TERNARY, 6, 9);

  test.each(SEEDS)('codes ignore a power-of-two scale of their row (seed %i)', (seed) => {
    const s = source(seed, 6, 9);
    const scaled = s.weights.map((w) => w * 2 ** ((seed % 9) - 4));
    expect(codeMatrix(plan, { ...s, weights: scaled }).codes).toEqual(codeMatrix(plan, s).codes);
  });

  test.each(SEEDS)('coding the codes again changes nothing (seed %i)', (seed) => {
    const s = source(seed, 6, 9);
    const { codes } = codeMatrix(plan, s);
    const again = codeMatrix(plan, { ...s, weights: Float32Array.from(codes) });
    expect(again.codes).toEqual(codes);
  });

  const nonzeros = (codes: Int8Array, { columns }: MatrixPlan, r: number): number =>
    codes.subarray(r * columns, (r + 1) * columns).filter((code) => code !== 0).length;

  test.each(SEEDS)('a row that is not zero keeps a nonzero code (seed %i)', (seed) => {
    const columns = (seed % 5) + 1;
    const weights = randomRows(seed, 1, columns);
    weights[0] = 2 ** (seed - 149 / 2);
    const one = planHead(TERNARY, 1, columns);
    const { codes } = codeMatrix(one, {
      weights,
      bias: new Float32Array(1),
      gain: Float32Array.of(1),
    });
    expect(nonzeros(codes, one, 0)).toBeGreaterThan(0);
  });

  test('equal magnitudes all count', () => {
    const { codes, scale } = codeMatrix(planHead(TERNARY, 1, 4), {
      weights: Float32Array.of(0.1, -0.1, 0.1, -0.1),
      bias: new Float32Array(1),
      gain: Float32Array.of(1),
    });
    expect([...codes]).toEqual([1, -1, 1, -1]);
    expect(scale[0]).toBe(0.5);
  });

  test.each(SEEDS)('linear row scales are exact and within 1..255 (seed %i)', (seed) => {
    const s = source(seed, 6, 9);
    const { codes, scale, rows } = codeMatrix(plan, s);
    const linear = rows as readonly LinearRow[];
    linear.forEach((row, r) => {
      expect(row.multiplier).toBeGreaterThanOrEqual(1);
      expect(row.multiplier).toBeLessThanOrEqual(255);
      expect(scale[r]).toBe(row.multiplier / 2 ** (HEAD_EXPONENT + row.shift));
      const wanted = s.gain[r] / Math.sqrt(nonzeros(codes, plan, r));
      expect(Math.abs(scale[r] - wanted)).toBeLessThanOrEqual(2 ** -(HEAD_EXPONENT + row.shift));
    });
    expect(Math.max(...linear.map(({ multiplier }) => multiplier))).toBeGreaterThan(127);
  });

  test('scales beyond the format saturate', () => {
    expect(linearScales([1e6, 1], 5)).toEqual({ shift: 1, multipliers: [255, 64] });
    expect(linearScales([0, 0], 5)).toEqual({ shift: 24, multipliers: [1, 1] });
    expect(linearScales([1e6, 1], 12, -6)).toEqual({ shift: -6, multipliers: [255, 64] });
  });

  test.each(SEEDS)('thresholds decide as the real pre-activation does (seed %i)', (seed) => {
    const random = new Random(seed);
    const bound = 127 * (1 + random.integer(20));
    const step = 2 ** random.range(-6, 3) / 128;
    const bias = random.range(-4, 4);
    const decisions = [-Math.log(3), Math.log(3)];
    const [low, high] = decisionPoints(decisions, step, bias, bound);
    expect(low).toBeLessThanOrEqual(high);
    expect(low).toBeGreaterThanOrEqual(-bound);
    expect(high).toBeLessThanOrEqual(bound + 1);
    for (let acc = -bound; acc <= bound; acc++) {
      const a = acc * step + bias;
      if (Math.abs(Math.abs(a) - Math.log(3)) < 1e-9) continue;
      expect([acc >= low, acc >= high], `acc ${acc}`).toEqual([
        a >= -Math.log(3),
        a >= Math.log(3),
      ]);
    }
  });

  test.each([
    [-2, 0, [1, 1]],
    [0, 0, [0, 1]],
    [2, 0, [0, 0]],
    [0, 7, [-7, 8]],
    [Math.log(3), 7, [-7, -7]],
  ])('with scale 0 the bias %d alone decides (bound %i)', (bias, bound, points) => {
    expect(decisionPoints([-Math.log(3), Math.log(3)], 0, bias, bound)).toEqual(points);
  });

  test('a row of zeros gives numbers, not NaN', () => {
    const s = {
      weights: new Float32Array(8),
      bias: new Float32Array(4),
      gain: new Float32Array(4).fill(1),
    };
    const coded = codeMatrix(planLayer(TERNARY, 0, { inputSize: 1, hiddenSize: 1 }, false), s);
    expect([...coded.scale].every(Number.isFinite)).toBe(true);
    expect(coded.rows[0]).toEqual({ kind: 'threshold', factors: [1], low: 0, high: 1 });
    const linear = { kind: 'linear', factors: [1], multiplier: 1, shift: 24, bias: 0 };
    expect(coded.rows[2]).toEqual(linear);
    expect(ternaryDelta(0, 2)).toBe(0);
  });

  test('refuses parameters that are not finite', () => {
    const s = {
      weights: new Float32Array(2),
      bias: Float32Array.of(NaN, 0),
      gain: new Float32Array(2),
    };
    expect(() => codeMatrix(planHead(TERNARY, 2, 1), s)).toThrow('not finite');
  });
});

describe('quantize', () => {
  const config = {
    input: { kind: 'tokens', vocabSize: 5, embeddingSize: 3 },
    hiddenSizes: [4, 2],
    classes: 5,
    when: 'every-step',
  } as const;
  const model = (scheme: ModelScheme, seed = 1) => initModel({ ...config, scheme }, seed);
  /** As a file would give it back: equal, not the same object. */
  const reloaded = (scheme: Scheme): Scheme => structuredClone(scheme);

  test.each(['int8', 'ternary-level3'])('%s: shapes, formats, accumulator bound', (name) => {
    const q = quantize(model(SCHEMES[name]));
    expect(q.scheme).toBe(SCHEMES[name]);
    expect(q.layers.map((l) => [l.weights.length, l.rows.length])).toEqual([
      [112, 16],
      [48, 8],
    ]);
    expect(q.layers[0].rows[0].kind).toBe(name === 'int8' ? 'linear' : 'threshold');
    expect(q.layers[0].rows[8].kind).toBe('linear');
    expect(accumulatorBound(q)).toBeLessThan(name === 'int8' ? 2 ** 17 : 2 ** 10);
  });

  test.each(Object.keys(SCHEMES))('%s: a fresh model has integers', (name) => {
    const q = quantize(model(SCHEMES[name]));
    expect(quantize(model(reloaded(SCHEMES[name])))).toEqual(q);
    expect(accumulatorBound(q)).toBeGreaterThan(0);
    expect(weightBytes(q)).toBeGreaterThan(0);
    const factors = q.layers.flatMap(({ rows }) => rows.flatMap((row) => row.factors));
    expect(factors.every((factor) => factor >= 0 && factor <= 255)).toBe(true);
    expect(factors.some((factor) => factor > 0)).toBe(true);
  });

  test('a float model becomes int8 unless told otherwise', () => {
    const float = model('float');
    expect(quantize(float).scheme.name).toBe('int8');
    const ternary = quantize(float, TERNARY);
    expect(ternary.layers[0].weights.every((w) => Math.abs(w) <= 1)).toBe(true);
  });

  test.each(Object.keys(SCHEMES))('float to %s: codes stand for about the same weights', (name) => {
    const float = model('float');
    const scheme = SCHEMES[name];
    const adapted = adaptScheme(float, scheme);
    adapted.layers.forEach((layer, l) => {
      const { inputSize, hiddenSize } = layer;
      const plan = planLayer(scheme, l, { inputSize, hiddenSize }, false);
      const { effective, scale } = codeMatrix(plan, layer);
      let [dot, size, original] = [0, 0, 0];
      effective.forEach((code, k) => {
        const w = (code * scale[Math.floor(k / plan.columns)]) / scheme.slope;
        dot += w * float.layers[l].weights[k];
        size += w * w;
        original += float.layers[l].weights[k] ** 2;
      });
      // TernaryConnect has few codes to choose for weights this small, BinaryConnect no scale.
      if (name === 'ternaryconnect') return;
      expect(dot / Math.sqrt(size * original)).toBeGreaterThan(0.7);
      // DoReFa stretches its levels over +-1.
      if (name !== 'binaryconnect' && name !== 'dorefa-3')
        expect(Math.sqrt(size / original)).toBeCloseTo(1, 0);
    });
  });

  test('an equal scheme changes nothing, whatever object says it', () => {
    const ternary = model(TERNARY);
    expect(adaptScheme(ternary, reloaded(TERNARY))).toBe(ternary);
    expect(quantize(ternary, reloaded(TERNARY))).toEqual(quantize(ternary));
  });

  test('where only formats change, masters and norms stay', () => {
    const before = model(SCHEMES['ternary']);
    const after = adaptScheme(before, { ...SCHEMES['ternary'], name: 'levels', gates: 'level3' });
    expect(after.layers[0].weights).toBe(before.layers[0].weights);
    expect(after.layers[0].gain).toBe(before.layers[0].gain);
  });

  test('normalized weights reach other schemes as the real weights they stand for', () => {
    const before = model(TERNARY);
    const float = adaptScheme(before, 'float');
    const { inputSize, hiddenSize, weights, gain } = before.layers[0];
    const plan = planLayer(TERNARY, 0, { inputSize, hiddenSize }, false);
    const { effective, scale } = codeMatrix(plan, before.layers[0]);
    const wanted = Float32Array.from(effective, (v, k) => v * scale[Math.floor(k / plan.columns)]);
    expect(float.layers[0].weights).toEqual(wanted);
    expect(float.layers[0].gain.every((g) => g === 1)).toBe(true);
    expect(weights).not.toEqual(wanted);
    // And back: the norms are found again, the codes are the same.
    const again = adaptScheme(float, TERNARY);
    expect(codeMatrix(plan, again.layers[0]).codes).toEqual(
      codeMatrix(plan, before.layers[0]).codes,
    );
    again.layers[0].gain.forEach((g, r) => expect(Math.abs(g / gain[r] - 1)).toBeLessThan(0.02));
  });

  test('what a scheme does not need is gone', () => {
    const tracked = model(SCHEMES['hitnet-ttq']);
    expect(tracked.layers[0].decisions).toBeDefined();
    const half = adaptScheme(tracked, SCHEMES['hitnet']);
    expect(half.layers[0].decisions).toBeUndefined();
    expect(quantize(tracked).layers[0].hiddenDecision).toBe(512);
    expect(quantize(tracked, SCHEMES['hitnet']).layers[0].hiddenDecision).toBe(2048);
    const aware = adaptScheme(model('float'), SCHEMES['lat-exact']);
    expect(aware.head.curvature?.every((d) => d === 1)).toBe(true);
    expect(adaptScheme(aware, INT8).layers[0].curvature).toBeUndefined();
  });

  test('scales to train start where their solver puts them, those of other gates at 1', () => {
    const weights = [{ i: 'ttq', f: 'bwn', g: 'ttq', o: 'int8' }];
    const scheme: Scheme = { ...SCHEMES['ttq'], weights };
    const { scales } = adaptScheme(model('float'), scheme).layers[0];
    expect(scales!.length).toBe(16);
    expect([...scales!.subarray(4, 8), ...scales!.subarray(12)]).toEqual(new Array(8).fill(1));
    for (const scale of [...scales!.subarray(0, 4), ...scales!.subarray(8, 12)]) {
      expect(scale).toBeGreaterThan(0.1);
      expect(scale).toBeLessThan(0.5);
    }
  });

  test('embeddings are Q0.7, or -1, 0, +1', () => {
    const q = (name: string) => {
      const { input } = quantize(model(SCHEMES[name]));
      if (input.kind !== 'tokens') throw new Error('an embedding');
      return Array.from(input.embedding, Math.abs);
    };
    expect(Math.max(...q('int8'))).toBeGreaterThan(30);
    expect(new Set(q('hitnet'))).toEqual(new Set([0, 1]));
  });

  test('parameters: norms count for the rows that have them', () => {
    const count = (name: string) => parameterCount(model(SCHEMES[name]));
    const plain = 15 + 112 + 16 + 48 + 8 + 10 + 5;
    expect(count('int8')).toBe(plain);
    expect(count('ternary-level3')).toBe(plain + 16 + 8 + 5);
    // An int8 head has none.
    expect(count('ternary')).toBe(plain + 16 + 8);
    expect(count('ttq')).toBe(plain + 16 + 16);
    expect(count('hitnet-ttq')).toBe(plain);
  });
});
