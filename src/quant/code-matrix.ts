/**
 * Real weights to a matrix of integer rows: codes by a solver, scales, then multipliers and decision points.
 * Training calls it before a step, `quantize` once; both get the same integers.
 *
 * A coded row stands for real weights scale * effective, effective = sum over planes of factor * code. Its
 * sum over x and h (RowParameters) times scale and the unit of the activations is the real pre-activation.
 */
import {
  ACTIVATION_FRACTION,
  LOGIT_FRACTION,
  MULTIPLIER_MAX,
  PREACT_FRACTION,
  SHIFT_MAX,
  SHIFT_MIN,
} from './arithmetic.js';
import { codeLimit, codingOf, planesOf, type WeightCoding } from './coding.js';
import { GATE, GATE_NAMES } from './gates.js';
import {
  activationMax,
  layerPlanes,
  oneHotCode,
  operandCount,
  type RowParameters,
} from './quantized-model.js';
import {
  decisionPoints,
  GAIN_MIN,
  intCode,
  intScales,
  linearScales,
  quantizeBias,
  roundHalfAway,
} from './quantizers.js';
import { layerWeights, type Scheme } from './scheme.js';
import { solve } from './solve.js';

/** What becomes of a row's sum. */
export type RowOutput =
  /** An int16 with `biasFraction` fraction bits. */
  | { readonly kind: 'linear'; readonly biasFraction: number }
  /** A level by two decision points, real pre-activations. */
  | { readonly kind: 'threshold'; readonly low: number; readonly high: number };

/** Rows that share a coding, an output and a shift: one gate of a layer, or the head. */
export interface RowGroup {
  readonly begin: number;
  readonly end: number;
  readonly coding: WeightCoding;
  /** Weight normalization: rows have norm `gain`. */
  readonly normalized: boolean;
  readonly output: RowOutput;
}

/** A matrix of a scheme: its shape and its groups of rows. */
export interface MatrixPlan {
  readonly rows: number;
  readonly columns: number;
  /** First column of each operand, and behind them the number of columns. */
  readonly operands: readonly number[];
  readonly groups: readonly RowGroup[];
  /** First plane of each row, and behind them the number of planes. */
  readonly planeOffsets: Int32Array;
  /** Real value of one unit of x and h. */
  readonly unit: number;
  /** Largest |x| and |h|; of a one-hot operand, what stands at its symbol. */
  readonly activationMax: number;
  readonly oneHot: { readonly columns: number; readonly code: number } | undefined;
  readonly slope: number;
}

/** Where two- and three-valued activations turn, as magnitudes of the activation. */
export interface Decisions {
  readonly gate: number;
  readonly candidate: number;
  readonly hidden: number;
}

export const HALF_DECISIONS: Decisions = { gate: 1 / 2, candidate: 1 / 2, hidden: 1 / 2 };

/** A row whose pre-activation becomes a level: sigmoid(a) = 1/4, 3/4; sigmoid(a) = d; |tanh(a)| = d. */
function gateOutput(scheme: Scheme, gate: number, decisions: Decisions): RowOutput {
  const linear: RowOutput = { kind: 'linear', biasFraction: PREACT_FRACTION };
  if (gate === GATE.g) {
    if (scheme.candidate === 'int16') return linear;
    const high = Math.atanh(decisions.candidate);
    return { kind: 'threshold', low: -high, high };
  }
  if (scheme.gates === 'int16') return linear;
  if (scheme.gates === 'level3') {
    return { kind: 'threshold', low: -Math.log(3), high: Math.log(3) };
  }
  const point = Math.log(decisions.gate / (1 - decisions.gate));
  return { kind: 'threshold', low: point, high: point };
}

/** Whether rows of this coding have norms of their own to train. */
export function isNormalized(scheme: Scheme, coding: WeightCoding): boolean {
  return scheme.normalization === 'weight' && coding.format.kind !== 'int';
}

export function activationUnit(scheme: Scheme): number {
  return scheme.activations === 'ternary' ? 1 : 2 ** -ACTIVATION_FRACTION;
}

function offsetsOf(planes: readonly number[]): Int32Array {
  const offsets = new Int32Array(planes.length + 1);
  planes.forEach((count, r) => void (offsets[r + 1] = offsets[r] + count));
  return offsets;
}

export function planLayer(
  scheme: Scheme,
  layer: number,
  { inputSize, hiddenSize }: { readonly inputSize: number; readonly hiddenSize: number },
  oneHot: boolean,
  decisions: Decisions = HALF_DECISIONS,
): MatrixPlan {
  const columns = inputSize + hiddenSize;
  const codings = layerWeights(scheme, layer);
  return {
    rows: 4 * hiddenSize,
    columns,
    operands: operandCount(scheme) === 2 ? [0, inputSize, columns] : [0, columns],
    groups: GATE_NAMES.map((name, gate) => {
      const coding = codingOf(codings[name]);
      return {
        begin: gate * hiddenSize,
        end: (gate + 1) * hiddenSize,
        coding,
        normalized: isNormalized(scheme, coding),
        output: gateOutput(scheme, gate, decisions),
      };
    }),
    planeOffsets: offsetsOf(layerPlanes(scheme, layer, hiddenSize)),
    unit: activationUnit(scheme),
    activationMax: activationMax(scheme),
    oneHot: oneHot ? { columns: inputSize, code: oneHotCode(scheme) } : undefined,
    slope: scheme.slope,
  };
}

export function planHead(scheme: Scheme, classes: number, hiddenSize: number): MatrixPlan {
  const coding = codingOf(scheme.head);
  return {
    rows: classes,
    columns: hiddenSize,
    operands: [0, hiddenSize],
    groups: [
      {
        begin: 0,
        end: classes,
        coding,
        normalized: isNormalized(scheme, coding),
        output: { kind: 'linear', biasFraction: LOGIT_FRACTION },
      },
    ],
    planeOffsets: offsetsOf(new Array<number>(classes).fill(planesOf(coding.format))),
    unit: activationUnit(scheme),
    activationMax: activationMax(scheme),
    oneHot: undefined,
    slope: 1,
  };
}

/** Real parameters of a matrix. */
export interface MatrixSource {
  /** [rows, columns]. */
  readonly weights: Float32Array;
  /** [rows]. */
  readonly bias: Float32Array;
  /** [operands, rows]: norms of normalized rows. */
  readonly gain: Float32Array;
  /** [rows, columns]: curvature of the loss, for loss-aware codings. */
  readonly curvature?: Float32Array | undefined;
  /** [groups, operands, 2]: trained scales of the positive and the negative codes. */
  readonly scales?: Float32Array | undefined;
}

export interface CodedMatrix {
  /** [planes of all rows, columns]. */
  readonly codes: Int8Array;
  readonly rows: readonly RowParameters[];
  /** [rows, columns]: sum over planes of factor * code. */
  readonly effective: Int16Array;
  /** [rows]: real weight per unit of `effective`, times the plan's slope. */
  readonly scale: Float64Array;
  /** [operands, rows]: scale * factor of the first plane. */
  readonly codeScale: Float64Array;
}

/** Buffers that calls share; they grow. */
const scratch = { w: new Float32Array(0), d: new Float32Array(0), planes: [] as Int8Array[] };

function reserve(size: number, planes: number): void {
  if (scratch.w.length < size) {
    scratch.w = new Float32Array(size);
    scratch.d = new Float32Array(size);
    scratch.planes = [];
  }
  while (scratch.planes.length < planes) scratch.planes.push(new Int8Array(scratch.w.length));
}

/** Solve the rows `begin` to `end` over the columns `from` to `to` as one group; codes in place. */
function solveBlock(
  plan: MatrixPlan,
  coding: WeightCoding,
  source: MatrixSource,
  codes: Int8Array,
  begin: number,
  end: number,
  from: number,
  to: number,
): number[] {
  const { columns, planeOffsets } = plan;
  const width = to - from;
  const size = (end - begin) * width;
  const count = planesOf(coding.format);
  reserve(size, count);
  const { weights, curvature } = source;
  for (let r = begin; r < end; r++) {
    const at = r * columns;
    const into = (r - begin) * width;
    scratch.w.set(weights.subarray(at + from, at + to), into);
    if (curvature) scratch.d.set(curvature.subarray(at + from, at + to), into);
  }
  const planes = scratch.planes.slice(0, count).map((plane) => plane.subarray(0, size));
  const d = curvature ? scratch.d.subarray(0, size) : undefined;
  const scales = solve(coding, scratch.w.subarray(0, size), d, planes);
  for (let r = begin; r < end; r++) {
    const into = (r - begin) * width;
    for (let p = 0; p < count; p++) {
      const at = (planeOffsets[r] + p) * columns + from;
      codes.set(planes[p].subarray(into, into + width), at);
    }
  }
  return scales;
}

/**
 * Codes of a group by its solver; the real scale of every plane is in
 * result[(row * operands + operand) * planes + plane].
 */
function solveGroup(
  plan: MatrixPlan,
  group: RowGroup,
  groupIndex: number,
  source: MatrixSource,
  codes: Int8Array,
): Float64Array {
  const { begin, end, coding } = group;
  const operands = plan.operands.length - 1;
  const planes = planesOf(coding.format);
  const scales = new Float64Array((end - begin) * operands * planes);
  for (let s = 0; s < operands; s++) {
    const [from, to] = [plan.operands[s], plan.operands[s + 1]];
    const step = coding.group === 'row' ? 1 : end - begin;
    for (let r = begin; r < end; r += step) {
      let found = solveBlock(plan, coding, source, codes, r, r + step, from, to);
      if (coding.solver === 'trained' && source.scales) {
        const at = (groupIndex * operands + s) * 2;
        found = [0, 1].map((p) => Math.max(source.scales![at + p], GAIN_MIN));
      }
      for (let n = r; n < r + step; n++) {
        for (let p = 0; p < planes; p++) {
          scales[((n - begin) * operands + s) * planes + p] = found[p];
        }
      }
    }
  }
  return scales;
}

/** Per group, what solveGroup finds. */
export function solveScales(plan: MatrixPlan, source: MatrixSource): Float64Array[] {
  const codes = new Int8Array(plan.planeOffsets[plan.rows] * plan.columns);
  return plan.groups.map((group, index) => solveGroup(plan, group, index, source, codes));
}

/** Scales that give every row of the group the norm that its gain says, per operand. */
function normalize(
  plan: MatrixPlan,
  { begin, end, coding }: RowGroup,
  source: MatrixSource,
  codes: Int8Array,
  scales: Float64Array,
): void {
  const { columns, rows } = plan;
  const operands = plan.operands.length - 1;
  const planes = planesOf(coding.format);
  for (let r = begin; r < end; r++) {
    for (let s = 0; s < operands; s++) {
      const at = ((r - begin) * operands + s) * planes;
      const relative = planes === 1 ? [1] : [...scales.subarray(at, at + planes)];
      let energy = 0;
      for (let k = plan.operands[s]; k < plan.operands[s + 1]; k++) {
        let value = 0;
        for (let p = 0; p < planes; p++) {
          value += relative[p] * codes[(plan.planeOffsets[r] + p) * columns + k];
        }
        energy += value * value;
      }
      const gain = Math.max(source.gain[s * rows + r], GAIN_MIN);
      for (let p = 0; p < planes; p++) {
        scales[at + p] = energy === 0 ? 0 : relative[p] * (gain / Math.sqrt(energy));
      }
    }
  }
}

/** Largest factor of a row with several. */
const FACTOR_MAX = MULTIPLIER_MAX;
/** Sums stay below this in magnitude, so that every engine and the hardware hold them in 32 bits. */
const SUM_LIMIT = 2 ** 31;

class Coder {
  readonly codes: Int8Array;
  readonly effective: Int16Array;
  readonly scale: Float64Array;
  readonly codeScale: Float64Array;
  readonly rows: RowParameters[];
  private readonly operandCount: number;

  constructor(
    private readonly plan: MatrixPlan,
    private readonly source: MatrixSource,
  ) {
    const { rows, columns, planeOffsets } = plan;
    this.operandCount = plan.operands.length - 1;
    this.codes = new Int8Array(planeOffsets[rows] * columns);
    this.effective = new Int16Array(rows * columns);
    this.scale = new Float64Array(rows);
    this.codeScale = new Float64Array(this.operandCount * rows);
    this.rows = new Array<RowParameters>(rows);
  }

  group(group: RowGroup, index: number): void {
    const { coding } = group;
    if (coding.format.kind === 'int' && coding.solver === 'absmax') {
      this.absmaxRows(group, codeLimit(coding.format));
      return;
    }
    const scales = solveGroup(this.plan, group, index, this.source, this.codes);
    if (group.normalized) normalize(this.plan, group, this.source, this.codes, scales);
    for (let n = 0; n < scales.length; n++) scales[n] *= this.plan.slope;
    if (this.operandCount * planesOf(coding.format) === 1) this.singleRows(group, scales);
    else this.factoredRows(group, scales);
  }

  /** Exponent that turns units of the sum times the scale into units of the output. */
  private exponent({ output }: RowGroup): number {
    return output.kind === 'linear' ? output.biasFraction + Math.log2(this.plan.unit) : 0;
  }

  /** Smallest shift of a linear row: scales have the same range whatever the unit of the activations. */
  private shiftMin(): number {
    return SHIFT_MIN - Math.log2(this.plan.unit);
  }

  private bias(r: number): number {
    return this.source.bias[r] * this.plan.slope;
  }

  /** int codes by the largest weight of a row, or of its part of an operand: they follow the scale as the hardware has it. */
  private absmaxRows(group: RowGroup, limit: number): void {
    const { columns, operands, slope } = this.plan;
    const { weights } = this.source;
    const { begin, end } = group;
    const count = this.operandCount;
    const largest = new Float64Array((end - begin) * count);
    for (let r = begin; r < end; r++) {
      for (let s = 0; s < count; s++) {
        const at = (r - begin) * count + s;
        for (let k = r * columns + operands[s]; k < r * columns + operands[s + 1]; k++) {
          largest[at] = Math.max(largest[at], Math.abs(weights[k]));
        }
        largest[at] *= slope;
      }
    }
    if (count > 1) this.fit((most) => this.absmaxFactored(group, largest, limit, most));
    else if (group.output.kind === 'linear') {
      const exponent = this.exponent(group);
      const shiftMin = this.shiftMin();
      const { shift, multipliers } = intScales(largest, exponent, limit, { shiftMin });
      const unit = 2 ** -(exponent + shift);
      for (let r = begin; r < end; r++) {
        const multiplier = multipliers[r - begin];
        this.codeRow(r, 0, multiplier * unit, limit);
        this.finish(group, r, [1], multiplier * unit, multiplier, shift);
      }
    } else {
      for (let r = begin; r < end; r++) {
        const scale = largest[r - begin] === 0 ? 1 : largest[r - begin] / limit;
        this.codeRow(r, 0, scale, limit);
        this.finish(group, r, [1], scale, undefined, 0);
      }
    }
  }

  /** absmaxRows where each operand has a factor: rounded up, so that codes stay within the limit. */
  private absmaxFactored(
    group: RowGroup,
    largest: Float64Array,
    limit: number,
    most: number,
  ): number {
    const { begin, end, output } = group;
    const count = this.operandCount;
    const exponent = this.exponent(group);
    const found =
      output.kind === 'linear'
        ? intScales(largest, exponent, limit, { shiftMin: this.shiftMin(), most })
        : undefined;
    let bound = 0;
    for (let r = begin; r < end; r++) {
      const at = (r - begin) * count;
      const wanted = largest.subarray(at, at + count);
      const top = Math.max(...wanted);
      const unit = found ? 2 ** -(exponent + found.shift) : top === 0 ? 1 : top / limit / most;
      const factors = found
        ? found.multipliers.slice(at, at + count)
        : Array.from(wanted, (v) => Math.min(most, Math.max(1, Math.ceil(v / limit / unit))));
      factors.forEach((factor, s) => void this.codeRow(r, s, unit * factor, limit));
      this.finish(group, r, factors, unit, found && 1, found?.shift ?? 0);
      bound = Math.max(bound, this.sumBound(r));
    }
    return bound;
  }

  /** int codes of one row's part of an operand. */
  private codeRow(r: number, s: number, scale: number, limit: number): void {
    const { columns, operands, planeOffsets, slope } = this.plan;
    const from = planeOffsets[r] * columns;
    for (let k = operands[s]; k < operands[s + 1]; k++) {
      const weight = this.source.weights[r * columns + k] * slope;
      this.codes[from + k] = intCode(weight, scale, limit);
    }
  }

  /** One plane for all operands: the requantizer's multiplier is the scale. */
  private singleRows(group: RowGroup, scales: Float64Array): void {
    const { begin, end, output } = group;
    const exponent = this.exponent(group);
    const found =
      output.kind === 'linear' ? linearScales(scales, exponent, this.shiftMin()) : undefined;
    for (let r = begin; r < end; r++) {
      const multiplier = found?.multipliers[r - begin];
      const scale =
        found === undefined ? scales[r - begin] : multiplier! * 2 ** -(exponent + found.shift);
      this.finish(group, r, [1], scale, multiplier, found?.shift ?? 0);
    }
  }

  /** Several planes or operands: their factors hold the scales. */
  private factoredRows(group: RowGroup, scales: Float64Array): void {
    const { begin, end, output } = group;
    const perRow = scales.length / (end - begin);
    const exponent = this.exponent(group);
    const linear = output.kind === 'linear';
    const largest = scales.reduce((top, s) => Math.max(top, s), 0);
    const shiftMin = linear ? this.shiftMin() : 0;
    this.fit((most) => {
      let shift = linear ? SHIFT_MAX : 0;
      while (shift > shiftMin && roundHalfAway(largest * 2 ** (exponent + shift)) > most) shift--;
      let bound = 0;
      for (let r = begin; r < end; r++) {
        const wanted = scales.subarray((r - begin) * perRow, (r - begin + 1) * perRow);
        const unit = linear ? 2 ** -(exponent + shift) : Math.max(...wanted) / most;
        const factors = Array.from(wanted, (s) =>
          unit === 0 ? 0 : Math.min(most, roundHalfAway(s / unit)),
        );
        this.finish(group, r, factors, unit, linear ? 1 : undefined, shift);
        bound = Math.max(bound, this.sumBound(r));
      }
      return bound;
    });
  }

  /**
   * Factors up to `most`: 255, or less where rows are so long that their sums would not fit 32 bits. `attempt`
   * codes a group and returns the largest |sum|.
   */
  private fit(attempt: (most: number) => number): void {
    for (let most = FACTOR_MAX; most >= 1; most >>= 1) if (attempt(most) < SUM_LIMIT) return;
    throw new RangeError('a row is too long for sums of 32 bits');
  }

  /** Effective codes and the parameters of one row. */
  private finish(
    group: RowGroup,
    r: number,
    factors: readonly number[],
    scale: number,
    multiplier: number | undefined,
    shift: number,
  ): void {
    const { columns, planeOffsets, operands, rows } = this.plan;
    const planes = planeOffsets[r + 1] - planeOffsets[r];
    const whole = factors.length === 1;
    for (let s = 0; s < this.operandCount; s++) {
      this.codeScale[s * rows + r] = scale * factors[s * planes];
      for (let k = operands[s]; k < operands[s + 1]; k++) {
        let value = 0;
        for (let p = 0; p < planes; p++) {
          value +=
            (whole ? 1 : factors[s * planes + p]) * this.codes[(planeOffsets[r] + p) * columns + k];
        }
        this.effective[r * columns + k] = value;
      }
    }
    this.scale[r] = scale;
    const bias = this.bias(r);
    if (!Number.isFinite(bias) || !Number.isFinite(scale)) {
      throw new RangeError('a weight is not finite; training diverged: lower the learning rate');
    }
    if (group.output.kind === 'linear') {
      const biasInt = quantizeBias(bias, group.output.biasFraction);
      this.rows[r] = { kind: 'linear', factors, multiplier: multiplier!, shift, bias: biasInt };
    } else {
      const { low, high } = group.output;
      const step = scale * this.plan.unit;
      const points = decisionPoints([low, high], step, bias, this.sumBound(r));
      this.rows[r] = { kind: 'threshold', factors, low: points[0], high: points[1] };
    }
  }

  /** Largest |sum| that the row can reach. */
  private sumBound(r: number): number {
    const { columns, oneHot, activationMax: most } = this.plan;
    const row = r * columns;
    let largest = 0;
    const begin = oneHot?.columns ?? 0;
    for (let k = 0; k < begin; k++) largest = Math.max(largest, Math.abs(this.effective[row + k]));
    let sum = largest * (oneHot?.code ?? 0);
    for (let k = begin; k < columns; k++) sum += Math.abs(this.effective[row + k]) * most;
    return sum;
  }
}

/** Throws RangeError where a weight is not finite or too large. */
export function codeMatrix(plan: MatrixPlan, source: MatrixSource): CodedMatrix {
  const coder = new Coder(plan, source);
  plan.groups.forEach((group, index) => void coder.group(group, index));
  const { codes, rows, effective, scale, codeScale } = coder;
  return { codes, rows, effective, scale, codeScale };
}
