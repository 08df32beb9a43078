import { describe, expect, test } from 'vitest';
import {
  backwardCells,
  type CellGradients,
  type CellRows,
  type CellState,
  forwardCells,
  hasKernel,
  meanMagnitudes,
  trackDecisions,
} from '../../src/engine/host-cells.js';
import { unitsOf } from '../../src/engine/engine.js';
import { Random } from '../../src/model/random.js';
import { cellArithmetic, sigmoidFixed, tanhFixed, requantize } from '../../src/quant/arithmetic.js';
import { GATE } from '../../src/quant/gates.js';
import * as golden from '../../src/quant/golden.js';
import type { QuantizedModel, RowParameters } from '../../src/quant/quantized-model.js';
import { schemeProblems, type Scheme, SCHEMES } from '../../src/quant/scheme.js';

const CELLS = [
  { bits: 16, fraction: 12 },
  { bits: 12, fraction: 8 },
  { bits: 8, fraction: 6 },
  { bits: 8, fraction: 0 },
  { bits: 4, fraction: 0 },
  { bits: 16, fraction: 0 },
];

/** Every combination of formats that makes sense, with slopes 1 and 2. */
const FORMATS: Scheme[] = [];
for (const gates of ['int16', 'level3', 'binary'] as const) {
  for (const candidate of ['int16', 'ternary'] as const) {
    for (const activations of ['int8', 'ternary'] as const) {
      for (const cell of CELLS) {
        const slope = FORMATS.length % 2 === 0 ? 1 : 2;
        const scheme = { ...SCHEMES['int8'], gates, candidate, activations, cell, slope };
        if (schemeProblems(scheme).length === 0) FORMATS.push(scheme);
      }
    }
  }
}
const title = ({ gates, candidate, activations, cell, slope }: Scheme): string =>
  `gates ${gates}, candidate ${candidate}, h ${activations}, c ${cell.bits}.${cell.fraction}, slope ${slope}`;
const named = FORMATS.map((scheme) => [title(scheme), scheme] as const);

interface Case {
  readonly lanes: number;
  readonly units: number;
  readonly hiddenSize: number;
  readonly hiddenDecision: number;
  readonly rows: CellRows;
  /** [4 * hiddenSize]. */
  readonly parameters: RowParameters[];
  readonly state: CellState;
}

function emptyState(lanes: number, units: number): CellState {
  const size = lanes * units;
  return {
    acc: new Int32Array(4 * size),
    gates: new Int16Array(4 * size),
    cBefore: new Int16Array(size),
    c: new Int16Array(size),
    squashed: new Int16Array(size),
    h: new Int16Array(size),
  };
}

function emptyRows(units: number): CellRows {
  const n = 4 * units;
  return {
    ratio: new Float64Array(n),
    biasInt: new Int32Array(n),
    low: new Int32Array(n),
    high: new Int32Array(n),
    slope: new Float32Array(n),
    bias: new Float32Array(n),
  };
}

/** Random rows, sums and states; sums up to 2^10, now and then far beyond. */
function randomCase(scheme: Scheme, seed: number, lanes = 5, units = 16, hiddenSize = 13): Case {
  const random = new Random(seed);
  const rows = emptyRows(units);
  const state = emptyState(lanes, units);
  const parameters: RowParameters[] = [];
  for (let gate = 0; gate < 4; gate++) {
    const linear = (gate === GATE.g ? scheme.candidate : scheme.gates) === 'int16';
    const shift = scheme.activations === 'ternary' ? random.integer(30) - 6 : 1 + random.integer(7);
    for (let u = 0; u < hiddenSize; u++) {
      const r = gate * units + u;
      const slope = 2 ** random.range(-11, -7);
      const bias = random.range(-2, 2);
      rows.slope[r] = slope;
      rows.bias[r] = bias;
      if (linear) {
        const multiplier = 1 + random.integer(255);
        const row = { factors: [1], multiplier, shift, bias: Math.round(bias * 4096) };
        parameters.push({ kind: 'linear', ...row });
        rows.ratio[r] = multiplier / 2 ** shift;
        rows.biasInt[r] = row.bias;
      } else {
        const low = random.integer(400) - 200;
        const high = scheme.gates === 'binary' && gate !== GATE.g ? low : low + random.integer(300);
        parameters.push({ kind: 'threshold', factors: [1], low, high });
        rows.low[r] = low;
        rows.high[r] = high;
      }
    }
  }
  for (let lane = 0; lane < lanes; lane++) {
    for (let u = 0; u < hiddenSize; u++) {
      for (let gate = 0; gate < 4; gate++) {
        const size = random.uniform() < 0.1 ? 2 ** 24 : 2 ** 10;
        state.acc[(lane * 4 + gate) * units + u] = random.integer(2 * size) - size;
      }
      const most = 2 ** (scheme.cell.bits - 1);
      const size = random.uniform() < 0.3 ? most : Math.min(most, 2 ** (scheme.cell.fraction + 1));
      state.cBefore[lane * units + u] = random.integer(2 * size) - size;
    }
  }
  return {
    lanes,
    units,
    hiddenSize,
    hiddenDecision: 1 + random.integer(3000),
    rows,
    parameters,
    state,
  };
}

/** golden.ts on sums: a layer of one column whose only weight is 1, x being the sum. */
function goldenStep(scheme: Scheme, c: Case, lane: number, u: number): { h: number; c: number } {
  const { units, hiddenSize, parameters, state, hiddenDecision } = c;
  // x holds the four sums; row g takes its own, h none.
  const weights = new Int8Array(4 * 5);
  for (let gate = 0; gate < 4; gate++) weights[gate * 5 + gate] = 1;
  const rows = [0, 1, 2, 3].map((gate) => parameters[gate * hiddenSize + u]);
  const model: QuantizedModel = {
    scheme,
    input: { kind: 'dense', mean: [0, 0, 0, 0], gain: [1, 1, 1, 1] },
    layers: [{ inputSize: 4, hiddenSize: 1, weights, rows, hiddenDecision }],
    head: { classes: 1, weights: new Int8Array(1), rows: [], when: 'every-step', output: 'class' },
  };
  const goldenState = golden.initialState(model);
  goldenState.c[0][0] = state.cBefore[lane * units + u];
  const sums = [0, 1, 2, 3].map((gate) => state.acc[(lane * 4 + gate) * units + u]);
  golden.step(model, goldenState, sums as unknown as Int16Array);
  return { h: goldenState.h[0][0], c: goldenState.c[0][0] };
}

describe('forward equals golden bit for bit', () => {
  test.each(named)('%s', (_, scheme) => {
    for (let seed = 1; seed <= 6; seed++) {
      const c = randomCase(scheme, seed);
      forwardCells(scheme, c.rows, c.hiddenDecision, c.lanes, c.units, c.state);
      const { squash } = cellArithmetic(scheme);
      for (let lane = 0; lane < c.lanes; lane++) {
        for (let u = 0; u < c.hiddenSize; u++) {
          const at = lane * c.units + u;
          const actual = { h: c.state.h[at], c: c.state.c[at] };
          expect(actual, `seed ${seed} lane ${lane} unit ${u}`).toEqual(
            goldenStep(scheme, c, lane, u),
          );
          expect(c.state.squashed[at]).toBe(squash(c.state.c[at]) + 0);
        }
      }
    }
  });
});

test('c saturates at its ends, h at its own', () => {
  const scheme: Scheme = {
    ...SCHEMES['hitnet'],
    cell: { bits: 4, fraction: 0 },
  };
  const rows = emptyRows(1);
  const state = emptyState(1, 1);
  // All gates open, candidate +1: c counts up and stops at 7.
  for (let step = 1; step <= 12; step++) {
    forwardCells(scheme, rows, 2048, 1, 1, state);
    expect(state.c[0]).toBe(Math.min(step, 7));
    expect(state.h[0]).toBe(1);
    state.cBefore.set(state.c);
  }
});

/** What backwardCells says it computes, from real values of one unit, by the letter. */
function expectedGradients(
  scheme: Scheme,
  rule: 'sigmoid' | 'level',
  c: Case,
  lane: number,
  u: number,
) {
  const { units, hiddenSize, rows, state, parameters } = c;
  const at = lane * units + u;
  const unit = unitsOf(scheme);
  const acc = (gate: number): number => state.acc[(lane * 4 + gate) * units + u];
  const value = (gate: number): number =>
    state.gates[(lane * 4 + gate) * units + u] * (gate === GATE.g ? unit.candidate : unit.gate);
  const slope = (gate: number): number => {
    const row = parameters[gate * hiddenSize + u];
    const a = acc(gate) * rows.slope[gate * units + u] + rows.bias[gate * units + u];
    if (row.kind === 'linear') {
      const z = requantize(acc(gate), row.multiplier, row.shift, row.bias);
      if (gate === GATE.g) return 1 - (tanhFixed(z) / 4096) ** 2;
      return (sigmoidFixed(z) / 8192) * (1 - sigmoidFixed(z) / 8192);
    }
    if (gate === GATE.g) return 1 / Math.cosh(a) ** 2;
    if (rule === 'level') return value(gate) * (1 - value(gate));
    return 1 / (2 + Math.exp(a) + Math.exp(-a));
  };
  const [i, f, g, o] = [0, 1, 2, 3].map(value);
  const t = state.squashed[at] / 4096;
  const most = 2 ** (scheme.cell.bits - 1);
  const isSaturated = state.c[at] === most - 1 || state.c[at] === -most;
  return (dh: number, dCell: number) => {
    const dc = isSaturated ? 0 : dCell + dh * o * (1 - t * t) * scheme.slope;
    return {
      dz: [
        dc * g * slope(0),
        dc * state.cBefore[at] * unit.cell * slope(1),
        dc * i * slope(2),
        dh * t * slope(3),
      ],
      dCell: dc * f,
    };
  };
}

describe('backward is the formulas', () => {
  test.each(named)('%s', (_, scheme) => {
    for (const rule of ['sigmoid', 'level'] as const) {
      for (const fromAbove of [true, false]) {
        const c = randomCase(scheme, 11);
        const { lanes, units, hiddenSize, rows } = c;
        forwardCells(scheme, rows, c.hiddenDecision, lanes, units, c.state);
        const random = new Random(3);
        const draw = () => {
          const v = new Float32Array(lanes * units);
          for (let lane = 0; lane < lanes; lane++) {
            for (let u = 0; u < hiddenSize; u++) v[lane * units + u] = random.range(-1, 1);
          }
          return v;
        };
        const [dOutput, dRecurrent, dCell] = [fromAbove ? draw() : undefined, draw(), draw()];
        const before = dCell.slice();
        const expected = [];
        for (let lane = 0; lane < lanes; lane++) {
          for (let u = 0; u < hiddenSize; u++) {
            const at = lane * units + u;
            const dh = dRecurrent[at] + (dOutput?.[at] ?? 0);
            expected.push(expectedGradients(scheme, rule, c, lane, u)(dh, before[at]));
          }
        }
        // dz takes the place of the sums.
        const dz = new Float32Array(c.state.acc.buffer);
        const gradients: CellGradients = { dOutput, dRecurrent, dCell, dz };
        backwardCells(scheme, rows, rule, lanes, units, c.state, gradients);
        for (let lane = 0; lane < lanes; lane++) {
          for (let u = 0; u < units; u++) {
            const at = lane * units + u;
            const actual = [0, 1, 2, 3].map((gate) => dz[(lane * 4 + gate) * units + u]);
            if (u >= hiddenSize) {
              expect([...actual, dCell[at]].map(Math.abs)).toEqual([0, 0, 0, 0, 0]);
              continue;
            }
            const wanted = expected[lane * hiddenSize + u];
            wanted.dz.forEach((v, gate) => {
              expect(Math.abs(actual[gate] - v)).toBeLessThanOrEqual(1e-6 * Math.abs(v) + 1e-12);
            });
            expect(dCell[at]).toBeCloseTo(wanted.dCell, 6);
          }
        }
      }
    }
  });

  test('rule level: binary gates pass nothing, half-open ones a quarter', () => {
    for (const [gates, passes] of [
      ['binary', 0],
      ['level3', 1 / 4],
    ] as const) {
      const scheme: Scheme = { ...SCHEMES['hitnet'], gates, cell: { bits: 8, fraction: 4 } };
      const rows = emptyRows(1);
      // Sums are 0: half open, but with equal decision points open.
      rows.high.fill(gates === 'level3' ? 1 : 0);
      const state = emptyState(1, 1);
      state.cBefore[0] = 16;
      forwardCells(scheme, rows, 2048, 1, 1, state);
      const dz = new Float32Array(4);
      const [dRecurrent, dCell] = [new Float32Array(1), Float32Array.of(1)];
      backwardCells(scheme, rows, 'level', 1, 1, state, {
        dOutput: undefined,
        dRecurrent,
        dCell,
        dz,
      });
      expect(dz[GATE.f]).toBe(passes);
    }
  });
});

describe('sampling', () => {
  const lanes = 4000;

  function sampled(scheme: Scheme, slope: number, bias: number, seed = 1): CellState {
    const rows = emptyRows(1);
    rows.slope.fill(slope);
    rows.bias.fill(bias);
    rows.ratio.fill(1);
    const state = emptyState(lanes, 1);
    state.acc.fill(100);
    forwardCells(scheme, rows, 2048, lanes, 1, state, new Random(seed));
    return state;
  }
  const gate = ({ gates }: CellState, which: number): number[] =>
    Array.from({ length: lanes }, (_, lane) => gates[lane * 4 + which]);
  const mean = (values: ArrayLike<number>): number =>
    Array.from(values).reduce((sum, v) => sum + v, 0) / values.length;

  test('a binary gate is 1 with probability sigmoid(a), a candidate has its sign with |tanh(a)|', () => {
    const a = -0.4;
    const state = sampled(SCHEMES['hitnet'], 0.006, -1);
    for (const which of [GATE.i, GATE.f, GATE.o]) {
      expect(new Set(gate(state, which))).toEqual(new Set([0, 2]));
      expect(mean(gate(state, which)) / 2).toBeCloseTo(1 / (1 + Math.exp(-a)), 1);
    }
    expect(new Set(gate(state, GATE.g))).toEqual(new Set([0, -1]));
    expect(mean(gate(state, GATE.g))).toBeCloseTo(Math.tanh(a), 1);
  });

  test('h has the sign of o tanh(s c) with its magnitude', () => {
    const state = sampled(SCHEMES['hitnet-h'], 0, 0);
    const value = (gate(state, GATE.o)[0] / 8192) * (state.squashed[0] / 4096);
    expect(value).toBeGreaterThan(0.01);
    expect(new Set(state.h)).toEqual(new Set([0, 1]));
    expect(mean(state.h)).toBeCloseTo(value, 1);
  });

  test('int16 and three-level activations are not drawn', () => {
    for (const name of ['int8', 'ternary-level3']) {
      const scheme = SCHEMES[name];
      const c = randomCase(scheme, 4);
      const again = { ...c, state: structuredClone(c.state) };
      forwardCells(scheme, c.rows, 2048, c.lanes, c.units, c.state);
      forwardCells(scheme, again.rows, 2048, c.lanes, c.units, again.state, new Random(5));
      expect(again.state).toEqual(c.state);
    }
  });

  test('the same numbers give the same draw', () => {
    const scheme = SCHEMES['hitnet'];
    expect(sampled(scheme, 0.006, -1, 7)).toEqual(sampled(scheme, 0.006, -1, 7));
    expect(sampled(scheme, 0.006, -1, 7)).not.toEqual(sampled(scheme, 0.006, -1, 8));
  });
});

test.each(named)('mean magnitudes are those of the real values: %s', (_, scheme) => {
  const { rows, state, lanes, units, hiddenSize, hiddenDecision } = randomCase(scheme, 2);
  forwardCells(scheme, rows, hiddenDecision, lanes, units, state);
  const { gate: gateUnit } = unitsOf(scheme);
  let [gates, candidate, hidden] = [0, 0, 0];
  for (let lane = 0; lane < lanes; lane++) {
    for (let u = 0; u < hiddenSize; u++) {
      const a = (gate: number): number =>
        state.acc[(lane * 4 + gate) * units + u] * rows.slope[gate * units + u] +
        rows.bias[gate * units + u];
      for (const gate of [GATE.i, GATE.f, GATE.o]) gates += 1 / (1 + Math.exp(-a(gate))) / 3;
      candidate += Math.abs(Math.tanh(a(GATE.g)));
      const o = state.gates[(lane * 4 + GATE.o) * units + u] * gateUnit;
      hidden += Math.abs(o * state.squashed[lane * units + u]) / 4096;
    }
  }
  const count = lanes * hiddenSize;
  const means = meanMagnitudes(scheme, rows, lanes, units, hiddenSize, state);
  expect(means.gate).toBeCloseTo(gates / count, 9);
  expect(means.candidate).toBeCloseTo(candidate / count, 9);
  expect(means.hidden).toBeCloseTo(hidden / count, 9);
});

test('tracked decisions move a hundredth of the way to 2/3 of the means', () => {
  const decisions = Float32Array.of(0.3, 0.2, 0.1);
  trackDecisions(decisions, { gate: 0.6, candidate: 0.3, hidden: 0 });
  expect([...decisions].map((v) => Number(v.toFixed(6)))).toEqual([0.301, 0.2, 0.099]);
});

test('kernels compute the formats of int8 and of levels beside an int16 candidate, nothing else', () => {
  const cell = { bits: 16, fraction: 12 };
  for (const gates of ['int16', 'level3', 'binary'] as const) {
    expect(hasKernel({ ...SCHEMES['int8'], gates })).toBe(true);
    expect(hasKernel({ ...SCHEMES['int8'], gates, candidate: 'ternary' })).toBe(false);
    expect(hasKernel({ ...SCHEMES['int8'], gates, activations: 'ternary' })).toBe(false);
    expect(hasKernel({ ...SCHEMES['int8'], gates, slope: 2 })).toBe(false);
    expect(hasKernel({ ...SCHEMES['int8'], gates, cell: { ...cell, bits: 12 } })).toBe(false);
    expect(hasKernel({ ...SCHEMES['int8'], gates, cell: { ...cell, fraction: 11 } })).toBe(false);
  }
});
