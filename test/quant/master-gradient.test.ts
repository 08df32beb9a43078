import { describe, expect, test } from 'vitest';
import { Random } from '../../src/model/random.js';
import {
  type CodedMatrix,
  codeMatrix,
  type MatrixPlan,
  type MatrixSource,
  planLayer,
} from '../../src/quant/code-matrix.js';
import { masterGradient } from '../../src/quant/master-gradient.js';
import { type Scheme, SCHEME_DEFAULTS, uniformWeights } from '../../src/quant/scheme.js';

const SIZES = { inputSize: 5, hiddenSize: 3 };
const COLUMNS = 8;
const ROWS = 12;

interface Case {
  readonly plan: MatrixPlan;
  readonly source: MatrixSource;
  readonly coded: CodedMatrix;
  /** dL/d(scale * effective), slope included. */
  readonly G: Float64Array;
  /** What masterGradient makes of it. */
  readonly masters: Float64Array;
  readonly dGain: Float64Array;
  readonly dScales: Float64Array;
}

function run(weights: Scheme['weights'], rest: Partial<Scheme> = {}, seed = 1): Case {
  const scheme: Scheme = { ...SCHEME_DEFAULTS, name: 'test', weights, head: 'int8', ...rest };
  const plan = planLayer(scheme, 0, SIZES, false);
  const operands = plan.operands.length - 1;
  const random = new Random(seed);
  const draw = (count: number, low: number, high: number) =>
    Float32Array.from({ length: count }, () => random.range(low, high));
  const source = {
    weights: draw(ROWS * COLUMNS, -1, 1),
    bias: draw(ROWS, -1, 1),
    gain: draw(operands * ROWS, 0.5, 2),
    scales: draw(4 * operands * 2, 0.1, 0.9),
  };
  source.weights.fill(0, COLUMNS, COLUMNS + 3);
  const coded = codeMatrix(plan, source);
  const G = Float64Array.from(draw(ROWS * COLUMNS, -1, 1));
  const masters = G.slice();
  const dGain = new Float64Array(operands * ROWS).fill(NaN);
  const dScales = new Float64Array(4 * operands * 2).fill(NaN);
  masterGradient(plan, coded, source, masters, dGain, dScales);
  return { plan, source, coded, G, masters, dGain, dScales };
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const separate = { operandScales: 'separate' } as const;
const normalized = { normalization: 'weight' } as const;

describe('straight through', () => {
  const codings = [
    'int8',
    'twn',
    'bwn',
    'binaryconnect',
    'lat-exact',
    'lat2-exact',
    'bcq-3',
    'laq-log-3',
  ];
  test.each(codings)(
    '%s: the gradient of a master is that of its weight, times the slope',
    (coding) => {
      const plain = run(uniformWeights(coding), separate);
      expect(plain.masters).toEqual(plain.G);
      expect([...plain.dGain, ...plain.dScales].every((v) => v === 0)).toBe(true);
      const sloped = run(uniformWeights(coding), { slope: 3 });
      expect(sloped.masters).toEqual(sloped.G.map((g) => 3 * g));
    },
  );
});

describe('weight normalization', () => {
  /** Real weights of one row and operand as a function of gain and codes, the planes' shares frozen. */
  function rowLoss(c: Case, r: number, s: number) {
    const { plan, coded, G } = c;
    const planes = plan.planeOffsets[r + 1] - plan.planeOffsets[r];
    const { factors } = coded.rows[r];
    const share = (p: number): number =>
      factors.length === 1 ? 1 : factors[s * planes + p] / factors[s * planes];
    const [from, to] = [plan.operands[s], plan.operands[s + 1]];
    const q = Array.from({ length: to - from }, (_, k) =>
      sum(
        Array.from({ length: planes }, (_, p) => {
          return share(p) * coded.codes[(plan.planeOffsets[r] + p) * COLUMNS + from + k];
        }),
      ),
    );
    const loss = (direction: readonly number[], gain: number): number => {
      const norm = Math.hypot(...direction);
      return sum(
        direction.map((v, k) => (plan.slope * gain * v * G[r * COLUMNS + from + k]) / norm),
      );
    };
    return { q, loss, from };
  }

  test.each([
    ['ternary', {}],
    ['ternary', { ...separate, slope: 2 }],
    ['binary', separate],
    ['lat2-exact', separate],
    ['bcq-2', {}],
    ['bcq-3', { ...separate, gates: 'level3' }],
    ['twn', { gates: 'level3', slope: 3 }],
  ] as const)('%s %o: gradients of gain and codes are finite differences', (coding, rest) => {
    const weights = uniformWeights(coding);
    const c = run(weights, { ...rest, normalization: 'weight' });
    const h = 1e-6;
    for (let r = 0; r < ROWS; r++) {
      for (let s = 0; s < c.plan.operands.length - 1; s++) {
        const { q, loss, from } = rowLoss(c, r, s);
        if (q.every((v) => v === 0)) continue;
        const gain = c.source.gain[s * ROWS + r];
        const dGain = (loss(q, gain + h) - loss(q, gain - h)) / (2 * h);
        expect(c.dGain[s * ROWS + r]).toBeCloseTo(dGain, 6);
        // By the scale as the hardware has it: within the rounding of its multiplier or factors.
        const realized = c.coded.codeScale[s * ROWS + r] * Math.hypot(...q);
        const ratio = realized / (c.plan.slope * gain);
        expect(Math.abs(ratio - 1)).toBeLessThan(0.1);
        q.forEach((_, k) => {
          const moved = (by: number) => q.map((v, j) => (j === k ? v + by : v));
          const slope = (loss(moved(h), gain) - loss(moved(-h), gain)) / (2 * h);
          expect(c.masters[r * COLUMNS + from + k]).toBeCloseTo(slope * ratio, 6);
        });
      }
    }
  });

  test('ternary: dv = s (G - t (G.t) / |t|^2), dgain = (G.t) / |t|', () => {
    const { G, coded, masters, dGain } = run(uniformWeights('ternary'), {
      ...normalized,
      gates: 'level3',
    });
    for (let r = 0; r < ROWS; r++) {
      const t = [...coded.codes.subarray(r * COLUMNS, (r + 1) * COLUMNS)];
      const g = [...G.subarray(r * COLUMNS, (r + 1) * COLUMNS)];
      const dot = sum(t.map((v, k) => v * g[k]));
      const nonzeros = t.filter((v) => v !== 0).length;
      expect(dGain[r]).toBeCloseTo(dot / Math.sqrt(nonzeros), 12);
      t.forEach((v, k) => {
        const wanted = coded.scale[r] * (g[k] - (v * dot) / nonzeros);
        expect(masters[r * COLUMNS + k]).toBeCloseTo(wanted, 12);
      });
    }
  });

  test('a row of zeros has no gradient', () => {
    const c = run(uniformWeights('ternary'), { ...normalized, ...separate });
    const source = { ...c.source, weights: new Float32Array(ROWS * COLUMNS) };
    const coded = codeMatrix(c.plan, source);
    const masters = c.G.slice();
    masterGradient(c.plan, coded, source, masters, c.dGain);
    expect([...masters, ...c.dGain].every((v) => Math.abs(v) === 0)).toBe(true);
  });

  test('a row whose factor rounds to 0 still learns its norm', () => {
    const c = run(uniformWeights('ternary'), { ...normalized, ...separate });
    // Unit 0 of each gate is a thousand times as large as the others.
    const gain = c.source.gain.map((_, n) => (n % 3 === 0 ? 2 : 2 ** -9));
    const source = { ...c.source, gain };
    const coded = codeMatrix(c.plan, source);
    expect(coded.rows[2].factors).toEqual([0, 0]);
    masterGradient(c.plan, coded, source, c.G.slice(), c.dGain);
    expect(Math.abs(c.dGain[2])).toBeGreaterThan(0.01);
  });
});

test.each([{}, { ...separate, slope: 2 }])('trained scales (%o): sums over their codes', (rest) => {
  const { plan, source, coded, G, masters, dScales, dGain } = run(uniformWeights('ttq'), rest);
  const operands = plan.operands.length - 1;
  const wanted = new Float64Array(4 * operands * 2);
  for (let r = 0; r < ROWS; r++) {
    const gate = Math.floor(r / SIZES.hiddenSize);
    for (let k = 0; k < COLUMNS; k++) {
      const s = operands === 2 && k >= SIZES.inputSize ? 1 : 0;
      const [alpha, beta] = [0, 1].map((n) => (gate * operands + s) * 2 + n);
      const g = plan.slope * G[r * COLUMNS + k];
      const [positive, negative] = [0, 1].map((p) => coded.codes[(2 * r + p) * COLUMNS + k]);
      if (positive === 1) wanted[alpha] += g;
      if (negative === -1) wanted[beta] -= g;
      const factor =
        positive === 1 ? source.scales![alpha] : negative === -1 ? source.scales![beta] : 1;
      expect(masters[r * COLUMNS + k]).toBe(g * factor);
    }
  }
  wanted.forEach((v, n) => expect(dScales[n]).toBeCloseTo(v, 12));
  expect(dGain.every((v) => v === 0)).toBe(true);
});

test('trained scales without a tensor of them: straight through', () => {
  const c = run(uniformWeights('ttq'));
  const masters = c.G.slice();
  masterGradient(c.plan, c.coded, { ...c.source, scales: undefined }, masters, c.dGain);
  expect(masters).toEqual(c.G);
});

test.each([{}, { ...separate, slope: 2 }])(
  'DoReFa (%o): finite differences of tanh(w) / max',
  (rest) => {
    const { plan, source, G, masters } = run(uniformWeights('dorefa-3'), rest);
    const h = 1e-6;
    plan.groups.forEach(({ begin, end }) => {
      plan.operands.slice(1).forEach((to, s) => {
        const places: number[] = [];
        for (let r = begin; r < end; r++) {
          for (let k = plan.operands[s]; k < to; k++) places.push(r * COLUMNS + k);
        }
        const loss = (w: readonly number[]): number => {
          const t = w.map(Math.tanh);
          const most = Math.max(...t.map(Math.abs));
          return sum(t.map((v, n) => (plan.slope * G[places[n]] * v) / most));
        };
        const w = places.map((at) => source.weights[at]);
        places.forEach((at, n) => {
          const moved = (by: number) => w.map((v, m) => (m === n ? v + by : v));
          expect(masters[at]).toBeCloseTo((loss(moved(h)) - loss(moved(-h))) / (2 * h), 5);
        });
      });
    });
  },
);

test.each([{}, normalized])('masked codings (%o): what is exactly 0 stays so', (rest) => {
  const { masters, source } = run(uniformWeights('bcq-2-masked'), rest);
  masters.forEach((v, k) => expect(v === 0).toBe(source.weights[k] === 0));
});

test('each gate goes by its own coding', () => {
  const gates = { i: 'ternary', f: 'int8', g: 'binary', o: 'bcq-2' };
  const { plan, G, masters, dGain } = run([gates], normalized);
  expect(plan.groups.map((g) => g.normalized)).toEqual([true, false, true, true]);
  const part = (values: Float64Array, gate: number) =>
    values.slice(gate * 3 * COLUMNS, (gate + 1) * 3 * COLUMNS);
  expect(part(masters, 1)).toEqual(part(G, 1));
  expect(part(masters, 0)).not.toEqual(part(G, 0));
  expect([...dGain].map((v) => v !== 0)).toEqual(
    [true, false, true, true].flatMap((is) => [is, is, is]),
  );
});
