import { describe, expect, test } from 'vitest';
import { initModel } from '../../src/model/model.js';
import { Random } from '../../src/model/random.js';
import { MULTIPLIER_MAX, SHIFT_MAX } from '../../src/quant/arithmetic.js';
import { quantize } from '../../src/quant/quantize.js';
import { accumulatorBound, SCHEMES } from '../../src/quant/quantized-model.js';
import {
  codeRows,
  decisionPoints,
  GATE_EXPONENT,
  gateGroups,
  HEAD_EXPONENT,
  headGroups,
  int8Scales,
  quantizeBias,
  roundHalfAway,
  ternaryDelta,
  ternaryRowScales,
} from '../../src/quant/quantizers.js';

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
      const { codes, scale, rows: parameters } = codeRows('int8', gateGroups(SCHEMES.int8, 2), s);
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
    const first = codeRows('int8', headGroups(5), s);
    const again = first.codes.map((code) => code);
    const weights = Float32Array.from(
      first.codes,
      (code, k) => code * first.scale[Math.floor(k / 7)],
    );
    const second = codeRows('int8', headGroups(5), { ...s, weights });
    // Effective weights are reproduced within half a step; equal codes where the scale is the same.
    for (let k = 0; k < again.length; k++) {
      const r = Math.floor(k / 7);
      const value = second.codes[k] * second.scale[r];
      expect(Math.abs(value - weights[k])).toBeLessThanOrEqual(second.scale[r] / 2);
      if (second.scale[r] === first.scale[r]) expect(second.codes[k]).toBe(first.codes[k]);
    }
  });

  test('a row of zeros has multiplier 1 and codes 0', () => {
    const { codes, scale, rows } = codeRows('int8', headGroups(2), {
      weights: Float32Array.of(0, 0, 0, 1, -1, 0.5),
      bias: new Float32Array(2),
      gain: new Float32Array(2),
    });
    expect([...codes.subarray(0, 3)]).toEqual([0, 0, 0]);
    expect(rows[0]).toMatchObject({ multiplier: 1 });
    expect(scale[0]).toBeGreaterThan(0);
  });

  test('all rows zero: the largest shift', () => {
    expect(int8Scales([0, 0], 5)).toEqual({ shift: 24, multipliers: [1, 1] });
  });

  test.each([600, Infinity, NaN])('refuses a weight of %d', (w) => {
    expect(() => int8Scales([1, w], 5)).toThrow('lower the learning rate');
  });
});

describe('ternary', () => {
  test.each(SEEDS)('codes ignore a power-of-two scale of their row (seed %i)', (seed) => {
    const s = source(seed, 6, 9);
    const groups = headGroups(6);
    const scaled = s.weights.map((w) => w * 2 ** ((seed % 9) - 4));
    expect(codeRows('ternary', groups, { ...s, weights: scaled }).codes).toEqual(
      codeRows('ternary', groups, s).codes,
    );
  });

  test.each(SEEDS)('coding the codes again changes nothing (seed %i)', (seed) => {
    const s = source(seed, 6, 9);
    const { codes } = codeRows('ternary', headGroups(6), s);
    const again = codeRows('ternary', headGroups(6), { ...s, weights: Float32Array.from(codes) });
    expect(again.codes).toEqual(codes);
  });

  test.each(SEEDS)('a row that is not zero keeps a nonzero code (seed %i)', (seed) => {
    const weights = randomRows(seed, 1, (seed % 5) + 1);
    weights[0] = 2 ** (seed - 149 / 2);
    const { nonzeros } = codeRows('ternary', headGroups(1), {
      weights,
      bias: new Float32Array(1),
      gain: Float32Array.of(1),
    });
    expect(nonzeros[0]).toBeGreaterThan(0);
  });

  test('equal magnitudes all count', () => {
    const { codes, scale } = codeRows('ternary', headGroups(1), {
      weights: Float32Array.of(0.1, -0.1, 0.1, -0.1),
      bias: new Float32Array(1),
      gain: Float32Array.of(1),
    });
    expect([...codes]).toEqual([1, -1, 1, -1]);
    expect(scale[0]).toBe(0.5);
  });

  test.each(SEEDS)('linear row scales are exact and within 1..255 (seed %i)', (seed) => {
    const s = source(seed, 6, 9);
    const { scale, rows, nonzeros } = codeRows('ternary', headGroups(6), s);
    rows.forEach((row, r) => {
      if (row.kind !== 'linear') throw new Error('the head is linear');
      expect(row.multiplier).toBeGreaterThanOrEqual(1);
      expect(row.multiplier).toBeLessThanOrEqual(255);
      expect(scale[r]).toBe(row.multiplier / 2 ** (HEAD_EXPONENT + row.shift));
      const wanted = s.gain[r] / Math.sqrt(nonzeros[r]);
      expect(Math.abs(scale[r] - wanted)).toBeLessThanOrEqual(2 ** -(HEAD_EXPONENT + row.shift));
    });
    expect(
      Math.max(...rows.map((row) => (row as { multiplier: number }).multiplier)),
    ).toBeGreaterThan(127);
  });

  test('scales beyond the format saturate', () => {
    expect(ternaryRowScales([1e6, 1], 5)).toEqual({ shift: 1, multipliers: [255, 64] });
    expect(ternaryRowScales([0, 0], 5)).toEqual({ shift: 24, multipliers: [1, 1] });
  });

  test.each(SEEDS)('thresholds decide as the real pre-activation does (seed %i)', (seed) => {
    const random = new Random(seed);
    const nonzeros = 1 + random.integer(20);
    const scale = 2 ** random.range(-6, 3);
    const bias = random.range(-4, 4);
    const { low, high } = decisionPoints(scale, bias, nonzeros);
    const bound = 127 * nonzeros;
    expect(low).toBeLessThanOrEqual(high);
    expect(low).toBeGreaterThanOrEqual(-bound);
    expect(high).toBeLessThanOrEqual(bound + 1);
    for (let acc = -bound; acc <= bound; acc++) {
      const a = (acc * scale) / 128 + bias;
      if (Math.abs(Math.abs(a) - Math.log(3)) < 1e-9) continue;
      expect([acc >= low, acc >= high], `acc ${acc}`).toEqual([
        a >= -Math.log(3),
        a >= Math.log(3),
      ]);
    }
  });

  test.each([
    [-2, 1, 1],
    [0, 0, 1],
    [2, 0, 0],
  ])('without a nonzero the bias %d alone decides', (bias, low, high) => {
    expect(decisionPoints(0, bias, 0)).toEqual({ low, high });
  });

  test('a row of zeros gives numbers, not NaN', () => {
    const s = {
      weights: new Float32Array(8),
      bias: new Float32Array(4),
      gain: new Float32Array(4).fill(1),
    };
    const coded = codeRows('ternary', gateGroups(SCHEMES['ternary-level3'], 1), s);
    expect([...coded.scale].every(Number.isFinite)).toBe(true);
    expect(coded.rows[0]).toEqual({ kind: 'threshold', low: 0, high: 1 });
    expect(coded.rows[2]).toEqual({ kind: 'linear', multiplier: 1, shift: 24, bias: 0 });
    expect(ternaryDelta(0, 2)).toBe(0);
  });

  test('refuses parameters that are not finite', () => {
    const s = {
      weights: new Float32Array(2),
      bias: Float32Array.of(NaN, 0),
      gain: new Float32Array(2),
    };
    expect(() => codeRows('ternary', headGroups(2), s)).toThrow('not finite');
  });
});

describe('quantize', () => {
  const config = {
    input: { kind: 'tokens', vocabSize: 5, embeddingSize: 3 },
    hiddenSizes: [4, 2],
    classes: 5,
    when: 'every-step',
  } as const;

  test.each(['int8', 'ternary-level3'] as const)(
    '%s: shapes, formats, accumulator bound',
    (scheme) => {
      const q = quantize(initModel({ ...config, scheme }, 1));
      expect(q.scheme).toBe(SCHEMES[scheme]);
      expect(q.layers.map((l) => [l.weights.length, l.rows.length])).toEqual([
        [112, 16],
        [48, 8],
      ]);
      expect(q.layers[0].rows[0].kind).toBe(scheme === 'int8' ? 'linear' : 'threshold');
      expect(q.layers[0].rows[8].kind).toBe('linear');
      expect(accumulatorBound(q)).toBeLessThan(scheme === 'int8' ? 2 ** 17 : 2 ** 10);
    },
  );

  test('a float model becomes int8 unless told otherwise', () => {
    const model = initModel({ ...config, scheme: 'float' }, 1);
    expect(quantize(model).scheme.name).toBe('int8');
    const ternary = quantize(model, 'ternary-level3');
    expect(ternary.layers[0].weights.every((w) => Math.abs(w) <= 1)).toBe(true);
  });
});
