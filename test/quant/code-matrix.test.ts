import { describe, expect, test } from 'vitest';
import { Random } from '../../src/model/random.js';
import {
  codeMatrix,
  type CodedMatrix,
  type MatrixPlan,
  type MatrixSource,
  planHead,
  planLayer,
} from '../../src/quant/code-matrix.js';
import { codeLimit, CODINGS, planesOf, type WeightCoding } from '../../src/quant/coding.js';
import { type LinearRow, oneHotCode } from '../../src/quant/quantized-model.js';
import { GAIN_MIN, scaleRows, ternaryCode, ternaryDelta } from '../../src/quant/quantizers.js';
import {
  schemeProblems,
  type Scheme,
  SCHEMES,
  SCHEME_DEFAULTS,
  uniformWeights,
} from '../../src/quant/scheme.js';
import { solve } from '../../src/quant/solve.js';

const SIZES = { inputSize: 5, hiddenSize: 4 };
const COLUMNS = SIZES.inputSize + SIZES.hiddenSize;
const ROWS = 4 * SIZES.hiddenSize;

function schemeOf(coding: string, rest: Partial<Scheme> = {}): Scheme {
  const made = { ...SCHEME_DEFAULTS, name: 'test', weights: uniformWeights(coding), head: coding };
  return { ...made, ...rest };
}

/** Rows of different sizes, some weights zero. */
function randomSource(seed: number, plan: MatrixPlan, size = 0.5): MatrixSource {
  const random = new Random(seed);
  const { rows, columns } = plan;
  const operands = plan.operands.length - 1;
  const weights = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    const most = size * 2 ** random.range(-3, 0);
    for (let k = 0; k < columns; k++) {
      weights[r * columns + k] = random.uniform() < 0.1 ? 0 : random.range(-most, most);
    }
  }
  const positive = (count: number, low: number, high: number) =>
    Float32Array.from({ length: count }, () => 2 ** random.range(low, high));
  return {
    weights,
    bias: Float32Array.from({ length: rows }, () => random.range(-2, 2)),
    gain: positive(operands * rows, -4, 0),
    curvature: positive(rows * columns, -10, 0),
    scales: positive(plan.groups.length * operands * 2, -4, 0),
  };
}

/** Format combinations that make a difference to a row. */
const VARIANTS: [string, Partial<Scheme>][] = [
  ['linear', {}],
  ['levels', { gates: 'level3', candidate: 'ternary' }],
  ['binary gates, ternary activations', { gates: 'binary', activations: 'ternary' }],
  ['ternary activations, slope 2', { activations: 'ternary', slope: 2 }],
  ['levels, slope 3', { gates: 'level3', slope: 3 }],
].flatMap(([name, formats]): [string, Partial<Scheme>][] =>
  (['shared', 'separate'] as const).map((operandScales) => [
    `${name}, ${operandScales}`,
    { ...(formats as Partial<Scheme>), operandScales },
  ]),
);

/** Tests a claim for every coding under every variant; `problem` is called with what contradicts it. */
function testAll(
  claim: string,
  check: (scheme: Scheme, coding: WeightCoding, problem: (text: string) => void) => void,
  only: (scheme: Scheme) => boolean = () => true,
  rest: Partial<Scheme> = {},
): void {
  test.each([...CODINGS])(`${claim}: %s`, (name, coding) => {
    const problems: string[] = [];
    for (const [variant, formats] of VARIANTS) {
      const scheme = schemeOf(name, { ...formats, ...rest });
      if (!only(scheme)) continue;
      check(scheme, coding, (text) => void problems.push(`${variant}: ${text}`));
    }
    expect(problems.slice(0, 10)).toEqual([]);
  });
}

/** The columns of each operand. */
function spans(plan: MatrixPlan): [number, number][] {
  return plan.operands.slice(1).map((to, s) => [plan.operands[s], to]);
}

/** Sum over planes of scale * code, by running the solver on each group of weights apart: [rows, columns]. */
function solverApproximation(plan: MatrixPlan, source: MatrixSource): Float64Array {
  const out = new Float64Array(plan.rows * plan.columns);
  plan.groups.forEach(({ begin, end, coding }, g) => {
    spans(plan).forEach(([from, to], s) => {
      const all = Array.from({ length: end - begin }, (_, n) => begin + n);
      for (const rows of coding.group === 'row' ? all.map((r) => [r]) : [all]) {
        const places: number[] = [];
        for (const r of rows) for (let k = from; k < to; k++) places.push(r * plan.columns + k);
        const take = (values: Float32Array) => Float32Array.from(places, (at) => values[at]);
        const planes = Array.from(
          { length: planesOf(coding.format) },
          () => new Int8Array(places.length),
        );
        let scales = solve(coding, take(source.weights), take(source.curvature!), planes);
        if (coding.solver === 'trained') {
          const at = (g * spans(plan).length + s) * 2;
          scales = [source.scales![at], source.scales![at + 1]];
        }
        places.forEach((at, n) => {
          planes.forEach((plane, p) => (out[at] += scales[p] * plane[n]));
        });
      }
    });
  });
  return out;
}

/** A row's sum as RowParameters says it, from its planes alone. */
function planeSum(plan: MatrixPlan, coded: CodedMatrix, r: number, x: readonly number[]): number {
  const { factors } = coded.rows[r];
  const operands = spans(plan);
  const planes = factors.length / operands.length;
  let sum = 0;
  operands.forEach(([from, to], s) => {
    for (let p = 0; p < planes; p++) {
      let acc = 0;
      for (let k = from; k < to; k++) {
        acc += coded.codes[(plan.planeOffsets[r] + p) * plan.columns + k] * x[k];
      }
      sum += factors[s * planes + p] * acc;
    }
  });
  return sum;
}

function effectiveSum(
  plan: MatrixPlan,
  coded: CodedMatrix,
  r: number,
  x: readonly number[],
): number {
  return x.reduce((sum, v, k) => sum + v * coded.effective[r * plan.columns + k], 0);
}

testAll('effective codes are the planes times their factors', (scheme, { format }, problem) => {
  schemeProblems(scheme).forEach(problem);
  const random = new Random(4);
  const plan = planLayer(scheme, 0, SIZES, false);
  const coded = codeMatrix(plan, randomSource(1, plan));
  const most = plan.activationMax;
  const planes = planesOf(format);
  for (let r = 0; r < ROWS; r++) {
    const { factors } = coded.rows[r];
    if (factors.length !== planes * spans(plan).length) problem(`${factors.length} factors`);
    if (!factors.every((f) => Number.isInteger(f) && f >= 0 && f <= 255)) problem(`${factors}`);
    const x = Array.from({ length: COLUMNS }, () => random.integer(2 * most + 1) - most);
    const [sum, wanted] = [planeSum, effectiveSum].map((of) => of(plan, coded, r, x));
    if (sum !== wanted) problem(`row ${r}: ${sum}, effective ${wanted}`);
    spans(plan).forEach((_, s) => {
      if (coded.codeScale[s * ROWS + r] !== coded.scale[r] * factors[s * planes]) {
        problem(`row ${r}: code scale ${coded.codeScale[s * ROWS + r]}`);
      }
    });
  }
  const limit = codeLimit(format);
  if (!coded.codes.every((code) => Math.abs(code) <= limit)) problem('a code is too large');
});

/** A unit of what a linear row counts in, and of what factors count in else; as a real weight. */
function unitOf(coded: CodedMatrix, r: number): number {
  const row = coded.rows[r];
  return row.kind === 'linear' ? coded.scale[r] / row.multiplier : coded.scale[r];
}

/** Half a unit for every code of an element: what rounding its factors may change. */
function rounding(plan: MatrixPlan, coded: CodedMatrix, r: number, k: number): number {
  let digits = 0;
  for (let p = plan.planeOffsets[r]; p < plan.planeOffsets[r + 1]; p++) {
    digits += Math.abs(coded.codes[p * plan.columns + k]) * (unitOf(coded, r) / 2);
  }
  return digits;
}

testAll(
  'scale * effective is what the solver found, as far as factors and multipliers have digits',
  (scheme, { solver }, problem) => {
    for (let seed = 1; seed <= 3; seed++) {
      const plan = planLayer(scheme, 0, SIZES, false);
      const source = randomSource(seed, plan);
      const coded = codeMatrix(plan, source);
      const byLargest = solver === 'absmax';
      // Where the solver is absmax, codes follow the scale: to the weights themselves.
      const wanted = byLargest ? source.weights : solverApproximation(plan, source);
      for (let r = 0; r < ROWS; r++) {
        const row = coded.rows[r];
        const isExact = row.kind === 'threshold' && row.factors.length === 1;
        spans(plan).forEach(([from, to], s) => {
          for (let k = from; k < to; k++) {
            const real = coded.scale[r] * coded.effective[r * COLUMNS + k];
            const error = Math.abs(real - plan.slope * wanted[r * COLUMNS + k]);
            const half = coded.codeScale[s * ROWS + r] / 2;
            const most = byLargest ? half : isExact ? 0 : rounding(plan, coded, r, k);
            if (error > most * (1 + 1e-9) + 1e-7 * Math.abs(real)) {
              problem(`seed ${seed} row ${r} column ${k}: off by ${error}, at most ${most}`);
            }
          }
        });
      }
    }
  },
);

testAll('multiplier and shift of linear rows are the scale exactly', (scheme, _, problem) => {
  const plan = planLayer(scheme, 0, SIZES, false);
  const coded = codeMatrix(plan, randomSource(2, plan));
  for (const { begin, end, output } of plan.groups) {
    if (output.kind !== 'linear') continue;
    for (let r = begin; r < end; r++) {
      const row = coded.rows[r] as LinearRow;
      const { shift, multiplier, factors } = row;
      if (row.kind !== 'linear' || shift !== (coded.rows[begin] as LinearRow).shift) {
        problem(`row ${r}: ${row.kind}, shift ${shift}`);
      }
      if (shift < (scheme.activations === 'ternary' ? -6 : 1) || shift > 24) problem(`${shift}`);
      if (multiplier < 1 || multiplier > (factors.length > 1 ? 1 : 255)) problem(`${multiplier}`);
      // One unit of the sum, as a real pre-activation and in Q3.12.
      const real = coded.scale[r] * plan.unit;
      if (real * 2 ** 12 !== multiplier / 2 ** shift) problem(`row ${r}: scale ${coded.scale[r]}`);
    }
  }
});

testAll(
  'the level of a sum is the level of the real pre-activation',
  (scheme, _, problem) => {
    const random = new Random(9);
    const decisions = { gate: 0.4, candidate: 0.3, hidden: 0.2 };
    const plan = planLayer(scheme, 0, SIZES, false, decisions);
    const source = randomSource(3, plan);
    const coded = codeMatrix(plan, source);
    const points = (gate: number): [number, number] => {
      if (gate === 2) return [-Math.atanh(0.3), Math.atanh(0.3)];
      if (scheme.gates === 'level3') return [-Math.log(3), Math.log(3)];
      return [Math.log(0.4 / 0.6), Math.log(0.4 / 0.6)];
    };
    const seen = [0, 0, 0];
    for (let r = 0; r < ROWS; r++) {
      const row = coded.rows[r];
      if (row.kind !== 'threshold') continue;
      const [low, high] = points(Math.floor(r / SIZES.hiddenSize));
      for (let n = 0; n < 100; n++) {
        const most = plan.activationMax;
        const x = Array.from({ length: COLUMNS }, () => random.integer(2 * most + 1) - most);
        const sum = effectiveSum(plan, coded, r, x);
        const a = sum * coded.scale[r] * plan.unit + source.bias[r] * scheme.slope;
        // Within rounding of a decision either side will do.
        if ([low, high].some((point) => Math.abs(a - point) < 1e-9)) continue;
        const level = Number(sum >= row.low) + Number(sum >= row.high);
        const wanted = Number(a >= low) + Number(a >= high);
        if (level !== wanted) problem(`row ${r}: level ${level} of ${a}, not ${wanted}`);
        seen[level]++;
      }
    }
    if (seen[0] === 0 || seen[2] === 0) problem(`only levels ${seen}`);
  },
  ({ gates }) => gates !== 'int16',
);

testAll(
  'under weight normalization each operand of a row has the norm that its gain says',
  (scheme, { format }, problem) => {
    const plan = planLayer(scheme, 0, SIZES, false);
    const source = randomSource(5, plan);
    const coded = codeMatrix(plan, source);
    const isInt = format.kind === 'int';
    if (plan.groups.some(({ normalized }) => normalized === isInt)) problem('normalized');
    for (let r = 0; r < ROWS && !isInt; r++) {
      const row = coded.rows[r];
      spans(plan).forEach(([from, to], s) => {
        const values = coded.effective.subarray(r * COLUMNS + from, r * COLUMNS + to);
        const most = Math.hypot(
          ...Array.from(values, (_, n) => rounding(plan, coded, r, from + n)),
        );
        const norm = coded.scale[r] * Math.hypot(...values);
        const wanted = scheme.slope * Math.max(source.gain[s * ROWS + r], GAIN_MIN);
        const isSaturated = row.kind === 'linear' && row.factors.includes(255);
        if (most === 0 || isSaturated || Math.abs(norm - wanted) <= most + 1e-6 * wanted) return;
        problem(`row ${r}: norm ${norm}, not ${wanted}`);
      });
    }
  },
  (scheme) => schemeProblems(scheme).length === 0,
  { normalization: 'weight' },
);

testAll('rows of zeros give numbers', (scheme, _, problem) => {
  const plan = planLayer(scheme, 0, SIZES, false);
  const coded = codeMatrix(plan, {
    weights: new Float32Array(ROWS * COLUMNS),
    bias: new Float32Array(ROWS),
    gain: new Float32Array(2 * ROWS).fill(1),
  });
  if (![...coded.scale, ...coded.codeScale].every(Number.isFinite)) problem('scales');
  for (const row of coded.rows) {
    const numbers = row.kind === 'linear' ? [row.multiplier, row.shift] : [row.low, row.high];
    if (!numbers.every(Number.isInteger)) problem(`${row.kind} ${numbers}`);
  }
});

describe('coding what codes stand for changes nothing', () => {
  const codings = [
    ...['ternary', 'twn', 'hitnet-ternary', 'ternaryconnect', 'lat-exact', 'lat-approximate'],
    ...['lat2-exact', 'lat2-approximate', 'ttq', 'binary', 'bwn', 'binaryconnect', 'lab'],
    ...['bcq-1', 'bcq-2', 'bcq-3', 'bcq-1-masked', 'bcq-2-masked'],
  ];
  test.each(codings)('%s', (coding) => {
    for (const operandScales of ['shared', 'separate'] as const) {
      const plan = planLayer(schemeOf(coding, { operandScales }), 0, SIZES, false);
      const source = randomSource(6, plan);
      const real = ({ effective, scale }: CodedMatrix): Float32Array =>
        Float32Array.from(effective, (v, k) => v * scale[Math.floor(k / COLUMNS)]);
      const weights = real(codeMatrix(plan, source));
      expect(real(codeMatrix(plan, { ...source, weights }))).toEqual(weights);
    }
  });
});

describe('what scaleRows gives kernels is what codeMatrix gives', () => {
  const cases = (['int8', 'ternary'] as const).flatMap((coding) =>
    [false, true].flatMap((oneHot) =>
      (['int16', 'level3', 'binary'] as const).map((gates) => [coding, gates, oneHot] as const),
    ),
  );
  test.each(cases)('%s, %s gates, one-hot %s', (coding, gates, oneHot) => {
    for (let seed = 1; seed <= 10; seed++) {
      const scheme = schemeOf(coding, { gates, normalization: 'weight' });
      const plan = planLayer(scheme, 0, SIZES, oneHot);
      const source = randomSource(seed, plan, 2);
      source.weights.fill(0, COLUMNS, 2 * COLUMNS);
      const coded = codeMatrix(plan, source);
      const row = (r: number) => source.weights.subarray(r * COLUMNS, (r + 1) * COLUMNS);
      const maxAbs = Array.from({ length: ROWS }, (_, r) => Math.max(...row(r).map(Math.abs)));
      const nonzeros = Array.from({ length: ROWS }, (_, r) => {
        const delta = ternaryDelta(
          row(r).reduce((sum, w) => sum + Math.abs(w), 0),
          COLUMNS,
        );
        return row(r).filter((w) => ternaryCode(w, delta) !== 0).length;
      });
      // Any x there is: a symbol and h, or x and h.
      const bound = (r: number): number => {
        const values = Array.from(row(r), (_, k) => Math.abs(coded.effective[r * COLUMNS + k]));
        const x = values.slice(0, SIZES.inputSize);
        const h = values.slice(SIZES.inputSize).reduce((sum, v) => sum + 127 * v, 0);
        return h + (oneHot ? 128 * Math.max(...x) : x.reduce((sum, v) => sum + 127 * v, 0));
      };
      for (const { begin, end, output } of plan.groups) {
        const group = { begin, end, columns: COLUMNS, output };
        scaleRows(
          group,
          coding,
          { ...source, maxAbs, nonzeros },
          {
            linear(r, scale, multiplier, shift, bias, ratio) {
              expect({ kind: 'linear', factors: [1], multiplier, shift, bias }).toEqual(
                coded.rows[r],
              );
              expect([scale, ratio]).toEqual([coded.scale[r], multiplier / 2 ** shift]);
            },
            threshold(r, scale, low, high) {
              const most = bound(r);
              const clamp = (v: number) => Math.max(-most, Math.min(most + 1, v)) + 0;
              const row = { kind: 'threshold', factors: [1], low: clamp(low), high: clamp(high) };
              expect(row, `seed ${seed} row ${r}`).toEqual(coded.rows[r]);
              expect(scale).toBe(coded.scale[r]);
            },
          },
        );
      }
    }
  });
});

describe('sums stay within 32 bits', () => {
  test.each([
    ['laq-linear-8', {}],
    ['laq-linear-8', { gates: 'level3' }],
    ['int8', { gates: 'level3' }],
    ['int8', {}],
    ['bcq-4', {}],
  ] as const)(
    'long rows of %s, separate operands, have coarser factors (%o)',
    (coding, formats) => {
      const sizes = { inputSize: 3000, hiddenSize: 1 };
      const scheme = schemeOf(coding, { ...formats, operandScales: 'separate' });
      const plan = planLayer(scheme, 0, sizes, false);
      const random = new Random(1);
      const source = randomSource(1, plan);
      // Signs of full size, for the largest sums there are.
      const weights = source.weights.map(() => (random.uniform() < 0.5 ? -0.5 : 0.5));
      const coded = codeMatrix(plan, { ...source, weights });
      for (let r = 0; r < plan.rows; r++) {
        const row = coded.effective.subarray(r * plan.columns, (r + 1) * plan.columns);
        expect(row.reduce((sum, v) => sum + 127 * Math.abs(v), 0)).toBeLessThan(2 ** 31);
        // Coarser, not wrong.
        const error = Math.abs(coded.scale[r] * row[0] - weights[r * plan.columns]);
        expect(error).toBeLessThan(0.05);
      }
    },
  );
});

test('a one-hot x stands for 1: its column alone is the weight', () => {
  for (const activations of ['int8', 'ternary'] as const) {
    const scheme = schemeOf('int8', { activations });
    const plan = planLayer(scheme, 0, SIZES, true);
    expect(plan.oneHot).toEqual({ columns: 5, code: oneHotCode(scheme) });
    expect(oneHotCode(scheme) * plan.unit).toBe(1);
  }
});

test('a gate may have a coding of its own', () => {
  const weights = [{ i: 'int4', f: 'bcq-2', g: 'binary', o: 'lat2-exact' }];
  const scheme = schemeOf('int8', { weights });
  const plan = planLayer(scheme, 0, SIZES, false);
  expect([...plan.planeOffsets]).toEqual([
    ...[0, 1, 2, 3, 4, 6, 8, 10, 12, 13, 14, 15, 16, 18, 20, 22, 24],
  ]);
  const coded = codeMatrix(plan, randomSource(1, plan));
  expect(coded.codes.length).toBe(24 * COLUMNS);
  const largest = (from: number, to: number): number =>
    Math.max(...coded.codes.subarray(from * COLUMNS, to * COLUMNS).map(Math.abs));
  expect([largest(0, 4), largest(4, 12), largest(12, 16), largest(16, 24)]).toEqual([7, 1, 1, 1]);
});

test('a head has one operand and no slope', () => {
  const scheme = { ...SCHEMES['hitnet'], head: 'twn' };
  const plan = planHead(scheme, 3, 4);
  expect(plan).toMatchObject({ operands: [0, 4], slope: 1, unit: 1, activationMax: 1 });
  const coded = codeMatrix(plan, randomSource(1, plan));
  expect(coded.rows.map(({ factors }) => factors)).toEqual([[1], [1], [1]]);
});

test('ternary activations: weights far above 2^-5 keep their size, by a left shift', () => {
  const scheme = { ...SCHEMES['hitnet-h'], weights: uniformWeights('ternary') };
  const plan = planLayer(scheme, 0, SIZES, false);
  const source = randomSource(1, plan, 8);
  const coded = codeMatrix(plan, source);
  expect(coded.rows[0]).toMatchObject({ kind: 'linear' });
  expect((coded.rows[0] as { shift: number }).shift).toBeLessThan(0);
  const largest = Math.max(...source.weights.map(Math.abs));
  const effective = coded.effective.map((v, k) => v * coded.scale[Math.floor(k / COLUMNS)]);
  expect(Math.max(...effective.map(Math.abs))).toBeGreaterThan(largest / 2);
});

test('refuses what is not finite', () => {
  for (const coding of ['int8', 'ternary', 'bcq-2', 'lat-exact', 'binaryconnect']) {
    for (const [name, broken] of [
      ['weights', NaN],
      ['bias', Infinity],
    ] as const) {
      const plan = planLayer(schemeOf(coding), 0, SIZES, false);
      const source = randomSource(1, plan);
      source[name][3] = broken;
      expect(() => codeMatrix(plan, source), `${coding} ${name}`).toThrow(
        'lower the learning rate',
      );
    }
  }
});
