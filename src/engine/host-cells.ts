/**
 * Cell formats that no kernel has, in TypeScript: one time step of all lanes, forward as golden.ts computes
 * it, backward straight through. Arrays are [lanes][4][units] or [lanes][units], gates i, f, g, o; units
 * are padded, and what padding holds is finite and has no gradient.
 */
import {
  ACTIVATION_MAX,
  CELL_FRACTION,
  INT16_MAX,
  INT16_MIN,
  SIGMOID_FRACTION,
} from '../quant/arithmetic.js';
import { GATE } from '../quant/gates.js';
import type { Scheme } from '../quant/scheme.js';
import { TANH_FRACTION, TANH_INDEX_SHIFT, TANH_TABLE_SIZE, tanhTable } from '../quant/tanh.js';
import type { Random } from '../model/random.js';
import type { GateGradient } from './engine.js';

/** What the rows of one layer need, each [4 * units]: views of its row block (program.ts). */
export interface CellRows {
  /** multiplier / 2^shift of linear rows. */
  readonly ratio: Float64Array;
  /** Q3.12. */
  readonly biasInt: Int32Array;
  /** Decision points of threshold rows, on the sum. */
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** Real pre-activation, the scheme's slope in it: sum * slope + bias. */
  readonly slope: Float32Array;
  readonly bias: Float32Array;
}

/** One time step of one layer. */
export interface CellState {
  /** [lanes][4][units]: the rows' sums. */
  readonly acc: Int32Array;
  /** [lanes][4][units]: Q0.13 or levels 0..2; the candidate as an integer of CellArithmetic. */
  readonly gates: Int16Array;
  /** [lanes][units], like all that follow. */
  readonly cBefore: Int16Array;
  readonly c: Int16Array;
  /** tanh(s c) in Q0.12. */
  readonly squashed: Int16Array;
  readonly h: Int16Array;
}

export interface CellGradients {
  /** [lanes][units]: dL/dh from above; undefined: none. */
  readonly dOutput: Float32Array | undefined;
  /** [lanes][units]: dL/dh from the next step. */
  readonly dRecurrent: Float32Array;
  /** [lanes][units]: dL/dc from the next step; on return dL/dc of the step before. */
  readonly dCell: Float32Array;
  /** [lanes][4][units]: dL/dz, z being the slope times the pre-activation. May be the memory of acc. */
  readonly dz: Float32Array;
}

/** Whether kernels compute a scheme's cells (cellInt16, cellLevel3 and their gradients). */
export function hasKernel({ activations, candidate, cell, slope }: Scheme): boolean {
  return (
    activations === 'int8' &&
    candidate === 'int16' &&
    cell.bits === 16 &&
    cell.fraction === CELL_FRACTION &&
    slope === 1
  );
}

const LAST = TANH_TABLE_SIZE - 1;
const SIGMOID_HALF = 2 ** (SIGMOID_FRACTION - 1);
const GATE_UNIT = 2 ** -SIGMOID_FRACTION;
const TANH_UNIT = 2 ** -TANH_FRACTION;

/** A scheme's formats as the loops want them. */
interface Formats {
  /** tanh(k / 128) in Q0.12. */
  readonly tanh: Int32Array;
  /** tanh(slope * k / 128) in Q0.12. */
  readonly squash: Int32Array;
  /** log2 of Q0.12 units in a unit of c. */
  readonly coarse: number;
  /** Ends of c. */
  readonly cLow: number;
  readonly cHigh: number;
  /** A candidate of +1. */
  readonly one: number;
  /** Right shift of tanh in Q0.12 to the candidate's integer, rounding to nearest. */
  readonly candidateShift: number;
}

const formatsOf = new WeakMap<Scheme, Formats>();

function formats(scheme: Scheme): Formats {
  const known = formatsOf.get(scheme);
  if (known) return known;
  const { bits, fraction } = scheme.cell;
  const coarse = CELL_FRACTION - fraction;
  const candidateShift = scheme.gates === 'int16' ? 0 : coarse;
  const made: Formats = {
    tanh: Int32Array.from(tanhTable(scheme.tanh)),
    squash: Int32Array.from(tanhTable(scheme.tanh, scheme.slope)),
    coarse,
    cLow: -(2 ** (bits - 1)),
    cHigh: 2 ** (bits - 1) - 1,
    one: 2 ** (TANH_FRACTION - candidateShift),
    candidateShift,
  };
  formatsOf.set(scheme, made);
  return made;
}

/** What a gate's integers are. */
type GateKind = 'sigmoid' | 'tanh' | 'level' | 'ternary';

function kindOf({ gates, candidate }: Scheme, gate: number): GateKind {
  if (gate === GATE.g) return candidate === 'int16' ? 'tanh' : 'ternary';
  return gates === 'int16' ? 'sigmoid' : 'level';
}

/** Entry of a table for |value| / 2^shift, rounded to nearest, with the sign of an int32 value. */
function oddTable(table: Int32Array, value: number, shift: number): number {
  // Arithmetic on the sign: as often one as the other, it would be guessed wrong.
  const sign = value >> 31;
  const index = ((value ^ sign) - sign + (1 << (shift - 1))) >> shift;
  return (table[Math.min(index, LAST)] ^ sign) - sign;
}

/** Q3.12 pre-activation of a linear row, as kernels compute it. */
function preactivation(acc: number, ratio: number, bias: number): number {
  const z = Math.floor(acc * ratio + 0.5) + bias;
  return Math.max(Math.min(z, INT16_MAX), INT16_MIN) | 0;
}

function sigmoidRow(
  table: Int32Array,
  rows: CellRows,
  row: number,
  at: number,
  units: number,
  state: CellState,
): void {
  const { acc, gates } = state;
  const { ratio, biasInt } = rows;
  const shift = TANH_INDEX_SHIFT + 1;
  for (let u = 0; u < units; u++) {
    const z = preactivation(acc[at + u], ratio[row + u], biasInt[row + u]);
    gates[at + u] = SIGMOID_HALF + oddTable(table, z, shift);
  }
}

/** tanh of a linear row in Q0.12. */
function tanhOf(table: Int32Array, acc: number, ratio: number, bias: number): number {
  return oddTable(table, preactivation(acc, ratio, bias), TANH_INDEX_SHIFT);
}

function tanhRow(
  table: Int32Array,
  { ratio, biasInt }: CellRows,
  row: number,
  at: number,
  units: number,
  { acc, gates }: CellState,
  shift: number,
): void {
  const half = (1 << shift) >> 1;
  for (let u = 0; u < units; u++) {
    gates[at + u] = (tanhOf(table, acc[at + u], ratio[row + u], biasInt[row + u]) + half) >> shift;
  }
}

/** (level - offset) * one. */
function levelRow(
  { low, high }: CellRows,
  row: number,
  at: number,
  units: number,
  { acc, gates }: CellState,
  offset: number,
  one: number,
): void {
  for (let u = 0; u < units; u++) {
    const sum = acc[at + u];
    const level = Number(sum >= low[row + u]) + Number(sum >= high[row + u]);
    gates[at + u] = (level - offset) * one;
  }
}

/** 2^-k. */
const POWERS = Float64Array.from({ length: 64 }, (_, k) => 2 ** -k);

/** exp(-x) for x >= 0 to 1e-8 of it, exp(-43) beyond: several times as fast as Math.exp. */
function expMinus(x: number): number {
  const bounded = Math.min(x, 43);
  const k = (bounded * Math.LOG2E + 0.5) | 0;
  const r = k * Math.LN2 - bounded;
  const tail = 1 / 24 + r * (1 / 120 + r * (1 / 720 + r * (1 / 5040)));
  return POWERS[k] * (1 + r * (1 + r * (1 / 2 + r * (1 / 6 + r * tail))));
}

function sigmoid(a: number): number {
  const e = expMinus(Math.abs(a));
  return (a < 0 ? e : 1) / (1 + e);
}

/** |tanh(a)|. */
function tanhMagnitude(a: number): number {
  const e = expMinus(2 * Math.abs(a));
  return (1 - e) / (1 + e);
}

/** Gates of 0 and 1, drawn (Bernoulli, HitNet). */
function sampleGates(
  { slope, bias }: CellRows,
  row: number,
  at: number,
  units: number,
  { acc, gates }: CellState,
  random: Random,
): void {
  for (let u = 0; u < units; u++) {
    const a = acc[at + u] * slope[row + u] + bias[row + u];
    gates[at + u] = random.uniform() < sigmoid(a) ? 2 : 0;
  }
}

/** Candidates of -1, 0, +1, drawn by their magnitude. */
function sampleCandidates(
  { slope, bias }: CellRows,
  row: number,
  at: number,
  units: number,
  { acc, gates }: CellState,
  one: number,
  random: Random,
): void {
  for (let u = 0; u < units; u++) {
    const a = acc[at + u] * slope[row + u] + bias[row + u];
    gates[at + u] = random.uniform() < tanhMagnitude(a) ? Math.sign(a) * one : 0;
  }
}

function runGates(
  scheme: Scheme,
  rows: CellRows,
  lanes: number,
  units: number,
  state: CellState,
  random: Random | undefined,
): void {
  const { tanh, one, candidateShift } = formats(scheme);
  for (let gate = 0; gate < 4; gate++) {
    const kind = kindOf(scheme, gate);
    const row = gate * units;
    for (let lane = 0; lane < lanes; lane++) {
      const at = (lane * 4 + gate) * units;
      if (kind === 'sigmoid') sigmoidRow(tanh, rows, row, at, units, state);
      else if (kind === 'tanh') tanhRow(tanh, rows, row, at, units, state, candidateShift);
      else if (kind === 'ternary') {
        if (random) sampleCandidates(rows, row, at, units, state, one, random);
        else levelRow(rows, row, at, units, state, 1, one);
      } else if (random && scheme.gates === 'binary') {
        sampleGates(rows, row, at, units, state, random);
      } else levelRow(rows, row, at, units, state, 0, 1);
    }
  }
}

/** c = saturate(f c + i g) of one lane, gates in Q0.13. */
function updateInt16(
  { coarse, cLow, cHigh }: Formats,
  lane: number,
  units: number,
  { gates, cBefore, c }: CellState,
): void {
  const i = 4 * lane * units;
  const [f, g] = [i + units, i + 2 * units];
  const scale = 2 ** coarse;
  const half = 2 ** 12 * scale;
  const unit = 1 / (2 ** 13 * scale);
  const at = lane * units;
  for (let u = 0; u < units; u++) {
    const sum = gates[f + u] * cBefore[at + u] * scale + gates[i + u] * gates[g + u];
    const value = Math.floor((sum + half) * unit);
    c[at + u] = value < cLow ? cLow : value > cHigh ? cHigh : value;
  }
}

/** The same with gates in halves, which round down. */
function updateLevel(
  { cLow, cHigh }: Formats,
  lane: number,
  units: number,
  { gates, cBefore, c }: CellState,
): void {
  const i = 4 * lane * units;
  const [f, g] = [i + units, i + 2 * units];
  const at = lane * units;
  for (let u = 0; u < units; u++) {
    const value = ((gates[f + u] * cBefore[at + u]) >> 1) + ((gates[i + u] * gates[g + u]) >> 1);
    c[at + u] = value < cLow ? cLow : value > cHigh ? cHigh : value;
  }
}

function squashLane(
  { squash, coarse }: Formats,
  lane: number,
  units: number,
  { c, squashed }: CellState,
): void {
  for (let k = lane * units; k < (lane + 1) * units; k++) {
    squashed[k] = oddTable(squash, c[k] << coarse, TANH_INDEX_SHIFT);
  }
}

/** h in Q0.7 from o tanh(s c), which first loses `down` bits, rounding down, and then rounds to Q0.7. */
function hiddenInt8(
  lane: number,
  units: number,
  { gates, squashed, h }: CellState,
  down: number,
  shift: number,
): void {
  const o = (lane * 4 + GATE.o) * units;
  const at = lane * units;
  const half = 1 << (shift - 1);
  for (let u = 0; u < units; u++) {
    const value = (((gates[o + u] * squashed[at + u]) >> down) + half) >> shift;
    h[at + u] =
      value < -ACTIVATION_MAX ? -ACTIVATION_MAX : value > ACTIVATION_MAX ? ACTIVATION_MAX : value;
  }
}

/** h of -1, 0, +1: the sign of o tanh(s c) where its magnitude is at least `decision` > 0, in its units. */
function hiddenTernary(
  lane: number,
  units: number,
  { gates, squashed, h }: CellState,
  down: number,
  decision: number,
): void {
  const o = (lane * 4 + GATE.o) * units;
  const at = lane * units;
  for (let u = 0; u < units; u++) {
    const value = (gates[o + u] * squashed[at + u]) >> down;
    h[at + u] = value >= decision ? 1 : value <= -decision ? -1 : 0;
  }
}

/** h drawn by the magnitude of o tanh(s c); `unit` of their product. */
function hiddenSampled(
  lane: number,
  units: number,
  { gates, squashed, h }: CellState,
  unit: number,
  random: Random,
): void {
  const o = (lane * 4 + GATE.o) * units;
  const at = lane * units;
  for (let u = 0; u < units; u++) {
    const value = gates[o + u] * squashed[at + u] * unit;
    h[at + u] = random.uniform() < Math.abs(value) ? Math.sign(value) : 0;
  }
}

/**
 * Forward, from acc and cBefore. `hiddenDecision`: |o tanh(s c)| in Q0.12 from which a ternary h is not 0.
 * With `sampling` binary and ternary activations are drawn, as HitNet trains: a gate is 1 with
 * probability sigmoid(a), a candidate or h has its sign with probability |tanh(a)|, |o tanh(s c)|, and else
 * is 0. Numbers are taken in the order of gates, lanes and units, then lanes and units of h.
 */
export function forwardCells(
  scheme: Scheme,
  rows: CellRows,
  hiddenDecision: number,
  lanes: number,
  units: number,
  state: CellState,
  sampling?: Random,
): void {
  const made = formats(scheme);
  const int16 = scheme.gates === 'int16';
  const int8 = scheme.activations === 'int8';
  runGates(scheme, rows, lanes, units, state, sampling);
  for (let lane = 0; lane < lanes; lane++) {
    if (int16) updateInt16(made, lane, units, state);
    else updateLevel(made, lane, units, state);
    squashLane(made, lane, units, state);
    if (int8 && int16) hiddenInt8(lane, units, state, 0, 18);
    else if (int8) hiddenInt8(lane, units, state, 1, 5);
    else if (sampling) {
      const unit = TANH_UNIT * (int16 ? GATE_UNIT : 1 / 2);
      hiddenSampled(lane, units, state, unit, sampling);
    } else if (int16) {
      hiddenTernary(lane, units, state, 0, hiddenDecision * 2 ** SIGMOID_FRACTION);
    } else hiddenTernary(lane, units, state, 1, hiddenDecision);
  }
}

/** Slopes [4 * units] of one lane's activations. */
let slopes = new Float64Array(0);

/** y (1 - y) of the sigmoid of real pre-activations. */
function sigmoidSlopes(
  { slope, bias }: CellRows,
  row: number,
  at: number,
  units: number,
  { acc }: CellState,
): void {
  for (let u = 0; u < units; u++) {
    const a = acc[at + u] * slope[row + u] + bias[row + u];
    const e = expMinus(Math.abs(a));
    const d = 1 + e;
    slopes[row + u] = e / (d * d);
  }
}

/** y (1 - y) of gates as computed, `unit` each. */
function valueSlopes(
  row: number,
  at: number,
  units: number,
  { gates }: CellState,
  unit: number,
): void {
  for (let u = 0; u < units; u++) {
    const y = gates[at + u] * unit;
    slopes[row + u] = y * (1 - y);
  }
}

/** 1 - tanh(a)^2 of the table's tanh in Q0.12, before it is rounded to the candidate's integer. */
function tableSlopes(
  table: Int32Array,
  { ratio, biasInt }: CellRows,
  row: number,
  at: number,
  units: number,
  { acc }: CellState,
): void {
  for (let u = 0; u < units; u++) {
    const t = tanhOf(table, acc[at + u], ratio[row + u], biasInt[row + u]) * TANH_UNIT;
    slopes[row + u] = 1 - t * t;
  }
}

/** 1 - tanh(a)^2 of real pre-activations: 4 e / (1 + e)^2 with e = exp(-2 |a|). */
function tanhSlopes(
  { slope, bias }: CellRows,
  row: number,
  at: number,
  units: number,
  { acc }: CellState,
): void {
  for (let u = 0; u < units; u++) {
    const a = acc[at + u] * slope[row + u] + bias[row + u];
    const e = expMinus(2 * Math.abs(a));
    const d = 1 + e;
    slopes[row + u] = (4 * e) / (d * d);
  }
}

function findSlopes(
  scheme: Scheme,
  rows: CellRows,
  rule: GateGradient,
  lane: number,
  units: number,
  state: CellState,
): void {
  for (let gate = 0; gate < 4; gate++) {
    const row = gate * units;
    const at = (lane * 4 + gate) * units;
    const kind = kindOf(scheme, gate);
    if (kind === 'sigmoid') valueSlopes(row, at, units, state, GATE_UNIT);
    else if (kind === 'tanh') tableSlopes(formats(scheme).tanh, rows, row, at, units, state);
    else if (kind === 'ternary') tanhSlopes(rows, row, at, units, state);
    else if (rule === 'level') valueSlopes(row, at, units, state, 1 / 2);
    else sigmoidSlopes(rows, row, at, units, state);
  }
}

/**
 * Backward, from what forwardCells left, straight through every rounding and level. With s the scheme's
 * slope, t = tanh(s c) and the values i, f, g, o, c as computed:
 *
 *   dh = dOutput + dRecurrent
 *   dc = dCell + dh o (1 - t^2) s, 0 where c is at one of its ends;   dCell = dc f
 *   dz_i = i' dc g    dz_f = f' dc cBefore    dz_g = g' dc i    dz_o = o' dh t
 *
 * i', f', o' are y (1 - y): of int16 gates as computed; of levels that of the sigmoid of the real
 * pre-activation, or with rule `level` of the level itself, 0 for binary gates. g' is 1 - y^2: of the tanh
 * in Q0.12, or, of a ternary candidate, of the tanh of the real pre-activation.
 */
export function backwardCells(
  scheme: Scheme,
  rows: CellRows,
  rule: GateGradient,
  lanes: number,
  units: number,
  state: CellState,
  gradients: CellGradients,
): void {
  const { cLow, cHigh, coarse, one } = formats(scheme);
  const { gates, cBefore, c, squashed } = state;
  const { dOutput, dRecurrent, dCell, dz } = gradients;
  const gateUnit = scheme.gates === 'int16' ? GATE_UNIT : 1 / 2;
  const cellUnit = 2 ** (coarse - CELL_FRACTION);
  if (slopes.length < 4 * units) slopes = new Float64Array(4 * units);
  for (let lane = 0; lane < lanes; lane++) {
    findSlopes(scheme, rows, rule, lane, units, state);
    const at = lane * units;
    const i = 4 * at;
    const [f, g, o] = [i + units, i + 2 * units, i + 3 * units];
    for (let u = 0; u < units; u++) {
      const k = at + u;
      const dh = dOutput === undefined ? dRecurrent[k] : dRecurrent[k] + dOutput[k];
      const t = squashed[k] * TANH_UNIT;
      const through = dh * (gates[o + u] * gateUnit) * (1 - t * t) * scheme.slope;
      const dc = c[k] === cLow || c[k] === cHigh ? 0 : dCell[k] + through;
      dCell[k] = dc * (gates[f + u] * gateUnit);
      dz[i + u] = slopes[u] * dc * (gates[g + u] / one);
      dz[f + u] = slopes[units + u] * dc * (cBefore[k] * cellUnit);
      dz[g + u] = slopes[2 * units + u] * dc * (gates[i + u] * gateUnit);
      dz[o + u] = slopes[3 * units + u] * dh * t;
    }
  }
}

/** Mean magnitudes of what becomes two or three values. */
export interface Magnitudes {
  /** Of sigmoid(a), over i, f and o. */
  readonly gate: number;
  /** Of |tanh(a)|. */
  readonly candidate: number;
  /** Of |o tanh(s c)|. */
  readonly hidden: number;
}

/**
 * Means over all lanes and the first `hiddenSize` units of one step, after forwardCells and before
 * backwardCells: what tracked decisions follow.
 */
export function meanMagnitudes(
  scheme: Scheme,
  { slope, bias }: CellRows,
  lanes: number,
  units: number,
  hiddenSize: number,
  { acc, gates, squashed }: CellState,
): Magnitudes {
  const unit = TANH_UNIT * (scheme.gates === 'int16' ? GATE_UNIT : 1 / 2);
  let [gateSum, candidateSum, hiddenSum] = [0, 0, 0];
  for (let lane = 0; lane < lanes; lane++) {
    for (let gate = 0; gate < 4; gate++) {
      const at = (lane * 4 + gate) * units;
      const row = gate * units;
      for (let u = 0; u < hiddenSize; u++) {
        const a = acc[at + u] * slope[row + u] + bias[row + u];
        if (gate === GATE.g) candidateSum += tanhMagnitude(a);
        else gateSum += sigmoid(a);
      }
    }
    const o = (lane * 4 + GATE.o) * units;
    for (let u = 0; u < hiddenSize; u++) {
      hiddenSum += Math.abs(gates[o + u] * squashed[lane * units + u]) * unit;
    }
  }
  const count = lanes * hiddenSize;
  return {
    gate: gateSum / (3 * count),
    candidate: candidateSum / count,
    hidden: hiddenSum / count,
  };
}

/** Share of a training step's means in tracked decisions. */
const TRACKING_RATE = 0.01;
/** A decision as a part of the mean magnitude (HitNet's threshold quantizer). */
const TRACKED_PART = 2 / 3;

/** Moves [3] decisions, of gates, candidate and h, a training step toward 2/3 of its mean magnitudes. */
export function trackDecisions(decisions: Float32Array, means: Magnitudes): void {
  [means.gate, means.candidate, means.hidden].forEach((mean, k) => {
    decisions[k] += TRACKING_RATE * (TRACKED_PART * mean - decisions[k]);
  });
}
