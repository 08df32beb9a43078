/**
 * The oracle: LSTM training in plain loops and double precision, slow and clear, for every scheme. Integers
 * come from codeMatrix and cellArithmetic, as in golden.ts. Every other engine is tested against this one.
 */
import {
  type CellArithmetic,
  cellArithmetic,
  INT16_MAX,
  INT16_MIN,
  quantizeActivation,
  requantize,
  saturate,
  tanhFixed,
  ternaryActivation,
  threshold3,
} from '../quant/arithmetic.js';
import { tanhTable } from '../quant/tanh.js';
import { type CodedMatrix, codeMatrix, type MatrixPlan } from '../quant/code-matrix.js';
import { GATE } from '../quant/gates.js';
import { masterGradient } from '../quant/master-gradient.js';
import { decisionsOf, hiddenDecision, matrixPlans } from '../quant/quantize.js';
import { oneHotCode, type RowParameters } from '../quant/quantized-model.js';
import { GAIN_MIN } from '../quant/quantizers.js';
import type { Scheme } from '../quant/scheme.js';
import {
  f32,
  type FloatTensor,
  fromTensors,
  type Model,
  type ModelHead,
  type ModelLayer,
  type Tensor,
  type Tensors,
  toTensors,
} from '../model/model.js';
import {
  type Batch,
  checkBatch,
  type Engine,
  type ForwardResult,
  type GateGradient,
  type HeadRows,
  type LayerTrace,
  masterRule,
  type OptimizerConfig,
  type Session,
  type SessionConfig,
  type StepResult,
  type Units,
  unitsOf,
} from './engine.js';
import { type Magnitudes, trackDecisions } from './host-cells.js';

/** Added to the root of Adam's second moment: curvature is never 0 (arXiv:1802.08635). */
const CURVATURE_MIN = 1e-8;

export function referenceEngine(): Engine {
  return {
    name: 'reference',
    version: `plain TypeScript, node ${process.versions.node}`,
    createSession: (config) => new ReferenceSession(config),
  };
}

/** What a quantized scheme makes of a matrix. */
interface Coded {
  readonly plan: MatrixPlan;
  readonly source: ModelLayer | ModelHead;
  readonly matrix: CodedMatrix;
}

/** A matrix as the forward pass sees it: effective weight (r, k) = scale[r] * codes[r, k]. */
interface Effective {
  readonly columns: number;
  readonly codes: ArrayLike<number>;
  readonly scale: ArrayLike<number>;
  /** Real, times the scheme's slope, as is scale. */
  readonly bias: Float64Array;
  /** Undefined in the float scheme, as is coded. */
  readonly rows: readonly RowParameters[] | undefined;
  readonly coded: Coded | undefined;
}

/** A layer's formats and decisions; undefined in the float scheme. */
interface Cell {
  readonly arithmetic: CellArithmetic;
  /** Values of tanh(z). */
  readonly tanh: readonly number[];
  readonly slope: number;
  readonly hiddenDecision: number;
  /** Ends of c. */
  readonly low: number;
  readonly high: number;
}

/** Parameters as a pass needs them. */
interface Present {
  readonly model: Model;
  readonly layers: readonly Effective[];
  readonly head: Effective;
  readonly cells: readonly (Cell | undefined)[];
}

/** What one layer computed in one step of one lane; gates real, c and h in the scheme's units. */
interface CellRecord {
  readonly x: Float64Array;
  readonly hBefore: Float64Array;
  readonly cBefore: Float64Array;
  readonly gates: Float64Array;
  /** d gate / d z, z real, the scheme's slope in it. */
  readonly slopes: Float64Array;
  /** sigmoid(z), or |tanh(z)| of the candidate. */
  readonly magnitudes: Float64Array;
  readonly c: Float64Array;
  readonly tanhC: Float64Array;
  readonly h: Float64Array;
}

const logistic = (a: number): number => 1 / (1 + Math.exp(-a));

function effective(m: ModelLayer | ModelHead, plan: MatrixPlan | undefined): Effective {
  const columns = m.weights.length / m.bias.length;
  if (plan === undefined) {
    const scale = new Float64Array(m.bias.length).fill(1);
    const bias = Float64Array.from(m.bias);
    return { columns, codes: m.weights, scale, bias, rows: undefined, coded: undefined };
  }
  const matrix = codeMatrix(plan, m);
  return {
    ...{ columns, codes: matrix.effective, scale: matrix.scale, rows: matrix.rows },
    bias: Float64Array.from(m.bias, (b) => b * plan.slope),
    coded: { plan, source: m, matrix },
  };
}

function cellOf(scheme: Scheme, layer: ModelLayer): Cell {
  const high = 2 ** (scheme.cell.bits - 1) - 1;
  return {
    arithmetic: cellArithmetic(scheme),
    tanh: tanhTable(scheme.tanh),
    slope: scheme.slope,
    hiddenDecision: hiddenDecision(decisionsOf(layer)),
    ...{ low: -high - 1, high },
  };
}

function accumulate(m: Effective, row: number, first: Float64Array, second?: Float64Array): number {
  let acc = 0;
  let at = row * m.columns;
  for (const value of first) acc += m.codes[at++] * value;
  if (second) for (const value of second) acc += m.codes[at++] * value;
  return acc;
}

/** A gate's real value and its slope from the row's sum; z is the real pre-activation. */
function gateOf(
  row: RowParameters | undefined,
  gate: number,
  acc: number,
  z: number,
  cell: Cell | undefined,
  units: Units,
  rule: GateGradient,
): { value: number; slope: number } {
  const isCandidate = gate === GATE.g;
  const t = Math.tanh(z);
  const y = logistic(z);
  if (row === undefined || cell === undefined) {
    return isCandidate ? { value: t, slope: 1 - t * t } : { value: y, slope: y * (1 - y) };
  }
  if (row.kind === 'threshold') {
    const level = threshold3(acc, row.low, row.high);
    if (isCandidate) return { value: level - 1, slope: 1 - t * t };
    const q = level * units.gate;
    return { value: q, slope: rule === 'level' ? q * (1 - q) : y * (1 - y) };
  }
  const fixed = requantize(acc, row.multiplier, row.shift, row.bias);
  if (isCandidate) {
    const table = tanhFixed(fixed, cell.tanh) * units.squashed;
    const value = cell.arithmetic.candidate(fixed) * units.candidate;
    return { value, slope: 1 - table * table };
  }
  const table = cell.arithmetic.sigmoid(fixed) * units.gate;
  return { value: table, slope: table * (1 - table) };
}

function runCell(
  m: Effective,
  size: number,
  cell: Cell | undefined,
  units: Units,
  rule: GateGradient,
  x: Float64Array,
  hBefore: Float64Array,
  cBefore: Float64Array,
): CellRecord {
  const [gates, slopes, magnitudes] = [0, 1, 2].map(() => new Float64Array(4 * size));
  for (let row = 0; row < 4 * size; row++) {
    const gate = Math.floor(row / size);
    const acc = accumulate(m, row, x, hBefore);
    const z = acc * m.scale[row] * units.activation + m.bias[row];
    const { value, slope } = gateOf(m.rows?.[row], gate, acc, z, cell, units, rule);
    gates[row] = value;
    slopes[row] = slope;
    magnitudes[row] = gate === GATE.g ? Math.abs(Math.tanh(z)) : logistic(z);
  }
  const [c, tanhC, h] = [0, 1, 2].map(() => new Float64Array(size));
  for (let u = 0; u < size; u++) {
    const [i, f, g, o] = [gates[u], gates[size + u], gates[2 * size + u], gates[3 * size + u]];
    if (cell === undefined) {
      c[u] = f * cBefore[u] + i * g;
      tanhC[u] = Math.tanh(c[u]);
      h[u] = o * tanhC[u];
      continue;
    }
    const { update, squash, hidden } = cell.arithmetic;
    c[u] = update(f / units.gate, cBefore[u], i / units.gate, g / units.candidate);
    tanhC[u] = squash(c[u]) * units.squashed;
    h[u] = hidden(o / units.gate, c[u], cell.hiddenDecision);
  }
  return { x, hBefore, cBefore, gates, slopes, magnitudes, c, tanhC, h };
}

/** Mean magnitudes of one layer over all its records. */
function meanMagnitudes(records: readonly CellRecord[]): Magnitudes {
  const means = { gate: 0, candidate: 0, hidden: 0 };
  for (const { magnitudes, gates, tanhC } of records) {
    const size = tanhC.length;
    const share = 1 / (records.length * size);
    for (let u = 0; u < size; u++) {
      for (const gate of [GATE.i, GATE.f, GATE.o]) {
        means.gate += (magnitudes[gate * size + u] * share) / 3;
      }
      means.candidate += magnitudes[GATE.g * size + u] * share;
      means.hidden += Math.abs(gates[GATE.o * size + u] * tanhC[u]) * share;
    }
  }
  return means;
}

/** Rate of Adam as a multiple of the step's, and the range a parameter stays in. */
interface Rule {
  readonly rate: number;
  readonly low: number;
  readonly high: number;
}

/** Whether a tensor of the model is moved by its gradient. */
function isTrained(name: string): boolean {
  return !/\.(curvature|decisions)$/.test(name);
}

/** Rules by row for masters, one rule for any other tensor. */
function rulesOf(name: string, m: Effective | undefined, config: OptimizerConfig): Rule[] {
  if (name === 'embedding') return [{ rate: 1, low: -1, high: 1 }];
  if (name.endsWith('.gain')) return [{ rate: config.gainRate, low: GAIN_MIN, high: Infinity }];
  if (name.endsWith('.scales')) return [{ rate: 1, low: GAIN_MIN, high: Infinity }];
  if (!name.endsWith('.weights') || m?.coded === undefined) {
    return [{ rate: 1, low: -Infinity, high: Infinity }];
  }
  return m.coded.plan.groups.flatMap(({ begin, end, coding, normalized }) => {
    const { rate, range } = masterRule(coding, normalized, config);
    return new Array<Rule>(end - begin).fill({ rate, low: -range, high: range });
  });
}

/** Gradient accumulators in double, one per tensor of the model. */
type Gradients = Record<string, Float64Array>;

class ReferenceSession implements Session {
  private readonly scheme: Scheme | undefined;
  private readonly units: Units;
  private params: Record<string, FloatTensor>;
  private first: Record<string, FloatTensor>;
  private second: Record<string, FloatTensor>;
  private step = 0;
  /** [layer][lane]. */
  private h: Float64Array[][];
  private c: Float64Array[][];
  private presentParameters: Present | undefined;

  constructor(private readonly config: SessionConfig) {
    const { model, batch } = config;
    if (config.mask || config.dropout) {
      throw new TypeError('the reference engine knows neither masks nor dropout');
    }
    const isBidirectional = model.layers.some((layer) => layer.backward);
    if (isBidirectional || model.input.kind === 'features' || model.head.output === 'value') {
      throw new TypeError('the reference engine runs streams of symbols or channels, to classes');
    }
    this.scheme = model.scheme === 'float' ? undefined : model.scheme;
    this.units = unitsOf(model.scheme);
    this.params = copy(toTensors(model).tensors);
    const trained = Object.entries(this.params).filter(([name]) => isTrained(name));
    this.first = copy(Object.fromEntries(trained), true);
    this.second = copy(Object.fromEntries(trained), true);
    const zeros = () =>
      model.layers.map((l) => Array.from({ length: batch }, () => new Float64Array(l.hiddenSize)));
    this.h = zeros();
    this.c = zeros();
  }

  model(): Model {
    return fromTensors(toTensors(this.config.model).meta, copy(this.params));
  }

  private present(): Present {
    if (this.presentParameters) return this.presentParameters;
    const { scheme } = this;
    const model = fromTensors(toTensors(this.config.model).meta, this.params);
    const plans = scheme && matrixPlans(model, scheme);
    return (this.presentParameters = {
      model,
      layers: model.layers.map((layer, l) => effective(layer, plans?.layers[l])),
      head: effective(model.head, plans?.head),
      cells: model.layers.map((layer) => scheme && cellOf(scheme, layer)),
    });
  }

  /** x of one step of one lane, in units of activation. */
  private input(batch: Batch, t: number, lane: number): Float64Array {
    const { scheme } = this;
    const { input, layers } = this.present().model;
    const size = layers[0].inputSize;
    const at = t * this.config.batch + lane;
    if (input.kind === 'one-hot') {
      const x = new Float64Array(size);
      x[batch.tokens![at]] = scheme ? oneHotCode(scheme) : 1;
      return x;
    }
    const real =
      input.kind === 'tokens'
        ? input.embedding.subarray(batch.tokens![at] * size, (batch.tokens![at] + 1) * size)
        : batch.values!.subarray(at * size, (at + 1) * size);
    if (scheme === undefined) return Float64Array.from(real, (v) => saturate(v, -1, 1));
    return Float64Array.from(
      real,
      scheme.activations === 'ternary' ? ternaryActivation : quantizeActivation,
    );
  }

  /** records[layer][t][lane]; h and c carry over. */
  private run(batch: Batch): CellRecord[][][] {
    checkBatch(this.config.model, this.config, batch);
    const { layers, cells } = this.present();
    const rule = this.config.optimizer?.gateGradient ?? 'sigmoid';
    const records: CellRecord[][][] = layers.map(() => []);
    for (let t = 0; t < batch.timeSteps; t++) {
      for (const layer of records) layer.push([]);
      for (let lane = 0; lane < this.config.batch; lane++) {
        let x = this.input(batch, t, lane);
        layers.forEach((m, l) => {
          const size = this.config.model.layers[l].hiddenSize;
          const [h, c] = [this.h[l][lane], this.c[l][lane]];
          const record = runCell(m, size, cells[l], this.units, rule, x, h, c);
          records[l][t].push(record);
          this.h[l][lane] = record.h;
          this.c[l][lane] = record.c;
          x = record.h;
        });
      }
    }
    // What carries over fits a snapshot's float32, so that a resumed run repeats this one.
    for (const states of [...this.h, ...this.c]) {
      states.forEach((v, lane) => void (states[lane] = Float64Array.from(v, Math.fround)));
    }
    return records;
  }

  /** [t, lane] pairs that have logits, in the order of the rows. */
  private headSites(batch: Batch): [number, number][] {
    const sites: [number, number][] = [];
    const start = this.config.model.head.when === 'every-step' ? 0 : batch.timeSteps - 1;
    for (let t = start; t < batch.timeSteps; t++) {
      for (let lane = 0; lane < this.config.batch; lane++) sites.push([t, lane]);
    }
    return sites;
  }

  private logits(h: Float64Array): Float64Array {
    const { head } = this.present();
    return Float64Array.from({ length: this.config.model.head.classes }, (_, n) => {
      const acc = accumulate(head, n, h);
      const row = head.rows?.[n];
      if (row?.kind !== 'linear') return acc + head.bias[n];
      return requantize(acc, row.multiplier, row.shift, row.bias);
    });
  }

  /** Loss, logits per site and dL/dlogit (real) per site. */
  private headPass(batch: Batch, records: CellRecord[][][]) {
    const top = records[records.length - 1];
    const sites = this.headSites(batch);
    const count = batch.targets?.reduce((n, target) => n + (target >= 0 ? 1 : 0), 0) ?? 0;
    let sum = 0;
    const all: Float64Array[] = [];
    const dLogits: Float64Array[] = [];
    sites.forEach(([t, lane], row) => {
      const logits = this.logits(top[t][lane].h);
      all.push(logits);
      const target = batch.targets?.[row] ?? -1;
      const d = new Float64Array(logits.length);
      dLogits.push(d);
      if (target < 0) return;
      const most = Math.max(...logits);
      const e = logits.map((v) => Math.exp((v - most) * this.units.logit));
      const total = e.reduce((a, b) => a + b, 0);
      sum += Math.log(total) - (logits[target] - most) * this.units.logit;
      for (let n = 0; n < d.length; n++) {
        const saturated = this.scheme && (logits[n] === INT16_MAX || logits[n] === INT16_MIN);
        d[n] = saturated ? 0 : (e[n] / total - (n === target ? 1 : 0)) / count;
      }
    });
    return { loss: sum / count, count, logits: all, dLogits, sites };
  }

  forward(batch: Batch, trace = false): ForwardResult {
    const records = this.run(batch);
    const { loss, count, logits } = this.headPass(batch, records);
    const flat = Float32Array.from(logits.flatMap((row) => [...row]));
    if (!trace) return { loss, count, logits: flat };
    const layers = records.map((steps, l): LayerTrace => {
      const all = steps.flat();
      const size = this.config.model.layers[l].hiddenSize;
      const unit = (k: number): number =>
        Math.floor(k / size) === GATE.g ? this.units.candidate : this.units.gate;
      return {
        gates: Float32Array.from(all.flatMap((r) => [...r.gates].map((v, k) => v / unit(k)))),
        c: Float32Array.from(all.flatMap((r) => [...r.c])),
        h: Float32Array.from(all.flatMap((r) => [...r.h])),
      };
    });
    return { loss, count, logits: flat, layers };
  }

  private differentiate(batch: Batch) {
    if (batch.targets === undefined) throw new TypeError('batch: no targets to train on');
    const { model, layers, head } = this.present();
    const records = this.run(batch);
    const { loss, dLogits, sites } = this.headPass(batch, records);
    const gradients: Gradients = {};
    for (const [name, { data }] of Object.entries(this.first)) {
      gradients[name] = new Float64Array(data.length);
    }
    const { activation } = this.units;
    // dL/dh of the layer at hand: [t][lane].
    let dOutput = records[0].map((lanes, t) =>
      lanes.map((_, lane) => new Float64Array(records[records.length - 1][t][lane].h.length)),
    );
    sites.forEach(([t, lane], row) => {
      const { h } = records[records.length - 1][t][lane];
      for (let n = 0; n < model.head.classes; n++) {
        const d = dLogits[row][n];
        gradients['head.bias'][n] += d;
        for (let k = 0; k < h.length; k++) {
          gradients['head.weights'][n * h.length + k] += d * h[k] * activation;
          dOutput[t][lane][k] += d * head.scale[n] * head.codes[n * h.length + k];
        }
      }
    });
    for (let l = layers.length - 1; l >= 0; l--) {
      dOutput = this.layerBackward(l, records[l], dOutput, gradients);
    }
    if (model.input.kind === 'tokens') {
      const size = model.layers[0].inputSize;
      dOutput.forEach((lanes, t) =>
        lanes.forEach((dx, lane) => {
          const token = batch.tokens![t * this.config.batch + lane];
          for (let j = 0; j < size; j++) gradients['embedding'][token * size + j] += dx[j];
        }),
      );
    }
    layers.forEach((m, l) => void toMasters(m, gradients, `layer${l}`));
    toMasters(head, gradients, 'head');
    return { loss, gradients, records };
  }

  /** Adds the layer's gradients; returns dL/dx, [t][lane]. */
  private layerBackward(
    l: number,
    records: CellRecord[][],
    dOutput: Float64Array[][],
    gradients: Gradients,
  ): Float64Array<ArrayBuffer>[][] {
    const { layers, cells } = this.present();
    const m = layers[l];
    const name = `layer${l}`;
    const { slope, low, high } = cells[l] ?? { slope: 1, low: -Infinity, high: Infinity };
    const { activation, cell } = this.units;
    const { batch, optimizer } = this.config;
    const skipSlope = optimizer?.skipWeight ?? 0;
    const dInput: Float64Array<ArrayBuffer>[][] = records.map(() => []);
    for (let lane = 0; lane < batch; lane++) {
      const size = records[0][lane].h.length;
      let dRecurrent = new Float64Array(size);
      let dCell = new Float64Array(size);
      for (let t = records.length - 1; t >= 0; t--) {
        const r = records[t][lane];
        const dz = new Float64Array(4 * size);
        const dCellBefore = new Float64Array(size);
        for (let u = 0; u < size; u++) {
          const [i, f, g, o] = [0, 1, 2, 3].map((gate) => r.gates[gate * size + u]);
          const skip = (skipSlope / (size * records.length * batch)) * Math.sign(r.h[u]);
          const dh = dOutput[t][lane][u] + dRecurrent[u] + skip;
          const saturated = r.c[u] <= low || r.c[u] >= high;
          const dc = saturated ? 0 : dCell[u] + dh * o * (1 - r.tanhC[u] ** 2) * slope;
          dz[u] = dc * g * r.slopes[u];
          dz[size + u] = dc * r.cBefore[u] * cell * r.slopes[size + u];
          dz[2 * size + u] = dc * i * r.slopes[2 * size + u];
          dz[3 * size + u] = dh * r.tanhC[u] * r.slopes[3 * size + u];
          dCellBefore[u] = dc * f;
        }
        const dx = new Float64Array(r.x.length);
        const dhBefore = new Float64Array(size);
        for (let row = 0; row < 4 * size; row++) {
          const at = row * m.columns;
          gradients[`${name}.bias`][row] += slope * dz[row];
          for (let k = 0; k < r.x.length; k++) {
            gradients[`${name}.weights`][at + k] += dz[row] * r.x[k] * activation;
            dx[k] += dz[row] * m.scale[row] * m.codes[at + k];
          }
          for (let k = 0; k < size; k++) {
            const column = at + r.x.length + k;
            gradients[`${name}.weights`][column] += dz[row] * r.hBefore[k] * activation;
            dhBefore[k] += dz[row] * m.scale[row] * m.codes[column];
          }
        }
        dInput[t][lane] = dx;
        dRecurrent = dhBefore;
        dCell = dCellBefore;
      }
    }
    return dInput;
  }

  gradients(batch: Batch): { loss: number; tensors: Tensors } {
    const { loss, gradients } = this.differentiate(batch);
    const tensors = Object.fromEntries(
      Object.entries(gradients).map(([name, data]) => [
        name,
        f32(this.params[name].shape, Float32Array.from(data)),
      ]),
    );
    return { loss, tensors };
  }

  trainStep(batch: Batch, learningRate: number): StepResult {
    const o = this.config.optimizer;
    if (o === undefined) throw new Error('this session was created without an optimizer');
    const { loss, gradients, records } = this.differentiate(batch);
    let squares = 0;
    for (const g of Object.values(gradients)) for (const v of g) squares += v * v;
    const gradNorm = Math.sqrt(squares);
    if (!Number.isFinite(gradNorm) || !Number.isFinite(loss)) {
      throw new RangeError('training diverged: the loss is not finite; lower the learning rate');
    }
    const clip = gradNorm > o.clip ? o.clip / gradNorm : 1;
    this.step++;
    for (const [name, g] of Object.entries(gradients)) this.adam(name, g, clip, learningRate, o);
    records.forEach((steps, l) => {
      const decisions = this.params[`layer${l}.decisions`];
      if (decisions) trackDecisions(decisions.data, meanMagnitudes(steps.flat()));
    });
    for (const [name, { data }] of Object.entries(this.params)) {
      if (!name.endsWith('.curvature')) continue;
      const { data: v } = this.second[name.replace(/curvature$/, 'weights')];
      for (let k = 0; k < data.length; k++) data[k] = Math.sqrt(v[k]) + CURVATURE_MIN;
    }
    this.presentParameters = undefined;
    return { loss, gradNorm };
  }

  private adam(
    name: string,
    g: Float64Array,
    clip: number,
    learningRate: number,
    o: OptimizerConfig,
  ): void {
    const { layers, head } = this.present();
    const layer = /^layer(\d+)\./.exec(name);
    const matrix = layer ? layers[Number(layer[1])] : name.startsWith('head.') ? head : undefined;
    const rules = rulesOf(name, matrix, o);
    const [values, m, v] = [this.params[name].data, this.first[name].data, this.second[name].data];
    for (let k = 0; k < g.length; k++) {
      const { rate, low, high } = rules[Math.floor((k * rules.length) / g.length)];
      const d = g[k] * clip;
      m[k] = o.beta1 * m[k] + (1 - o.beta1) * d;
      v[k] = o.beta2 * v[k] + (1 - o.beta2) * d * d;
      const mean = m[k] / (1 - o.beta1 ** this.step);
      const spread = Math.sqrt(v[k] / (1 - o.beta2 ** this.step));
      const moved = values[k] - (learningRate * rate * mean) / (spread + o.epsilon);
      values[k] = saturate(moved, low, high);
    }
  }

  reset(lane?: number): void {
    for (const state of [...this.h, ...this.c]) {
      for (let b = 0; b < state.length; b++) {
        if (lane === undefined || b === lane) state[b] = new Float64Array(state[b].length);
      }
    }
  }

  snapshot(): Tensors {
    const tensors: Record<string, Tensor> = copy(this.params);
    if (this.config.optimizer !== undefined) {
      for (const [name, tensor] of Object.entries(copy(this.first))) {
        tensors[`adam.first.${name}`] = tensor;
      }
      for (const [name, tensor] of Object.entries(copy(this.second))) {
        tensors[`adam.second.${name}`] = tensor;
      }
      tensors['adam.step'] = { dtype: 'I32', shape: [1], data: Int32Array.of(this.step) };
    }
    const state = (lanes: Float64Array[]) =>
      f32([lanes.length, lanes[0].length], Float32Array.from(lanes.flatMap((v) => [...v])));
    this.h.forEach((lanes, l) => void (tensors[`state.h${l}`] = state(lanes)));
    this.c.forEach((lanes, l) => void (tensors[`state.c${l}`] = state(lanes)));
    return tensors;
  }

  restore(snapshot: Tensors): void {
    const { meta } = toTensors(this.config.model);
    this.params = copy(toTensors(fromTensors(meta, snapshot)).tensors);
    if (this.config.optimizer !== undefined) {
      const take = (moment: string): Record<string, FloatTensor> =>
        Object.fromEntries(
          Object.keys(this.first).map((name) => {
            const tensor = snapshot[`adam.${moment}.${name}`];
            const { shape } = this.params[name];
            if (tensor?.dtype !== 'F32' || tensor.shape.join() !== shape.join()) {
              throw new TypeError(`snapshot: adam.${moment}.${name} is not [${shape.join(', ')}]`);
            }
            return [name, f32(shape, tensor.data.slice())];
          }),
        );
      this.first = take('first');
      this.second = take('second');
      const step = snapshot['adam.step'];
      if (step === undefined) throw new TypeError('snapshot: adam.step is missing');
      this.step = step.data[0];
    }
    const lanes = (name: string, size: number): Float64Array[] => {
      const data = snapshot[name]?.data;
      if (data?.length !== this.config.batch * size) {
        throw new TypeError(`snapshot: ${name} is not [${this.config.batch}, ${size}]`);
      }
      return Array.from({ length: this.config.batch }, (_, b) =>
        Float64Array.from(data.subarray(b * size, (b + 1) * size)),
      );
    };
    this.config.model.layers.forEach(({ hiddenSize }, l) => {
      this.h[l] = lanes(`state.h${l}`, hiddenSize);
      this.c[l] = lanes(`state.c${l}`, hiddenSize);
    });
    this.presentParameters = undefined;
  }

  private eachHeadRow(
    rows: HeadRows,
    visit: (tensor: FloatTensor, size: number, data: Float32Array, offset: number) => void,
  ): void {
    const size = this.config.model.head.weights.length / this.config.model.head.classes;
    for (const part of ['params', 'first', 'second'] as const) {
      visit(this[part]['head.weights'], size, rows[part], 0);
      visit(this[part]['head.bias'], 1, rows[part], size);
      visit(this[part]['head.gain'], 1, rows[part], size + 1);
    }
  }

  readHead(rows: HeadRows): void {
    const { classes, weights } = this.config.model.head;
    const width = weights.length / classes + 2;
    this.eachHeadRow(rows, ({ data }, size, target, offset) => {
      for (let r = 0; r < classes; r++) {
        target.set(data.subarray(r * size, (r + 1) * size), r * width + offset);
      }
    });
  }

  writeHead(rows: HeadRows): void {
    const { classes, weights } = this.config.model.head;
    const width = weights.length / classes + 2;
    this.eachHeadRow(rows, ({ data }, size, source, offset) => {
      for (let r = 0; r < classes; r++) {
        const from = r * width + offset;
        data.set(source.subarray(from, from + size), r * size);
      }
    });
    this.presentParameters = undefined;
  }

  dispose(): void {
    // Nothing outside the garbage collector's reach.
  }
}

function copy(tensors: Record<string, FloatTensor>, zero = false): Record<string, FloatTensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => [
      name,
      f32(shape, zero ? new Float32Array(data.length) : data.slice()),
    ]),
  );
}

/** dL/d(effective weights) becomes dL/d(masters), and dL/d(norms) and dL/d(trained scales) come with it. */
function toMasters({ coded }: Effective, gradients: Gradients, name: string): void {
  if (coded === undefined) return;
  const part = (tensor: string): Float64Array => gradients[`${name}.${tensor}`];
  const { plan, matrix, source } = coded;
  masterGradient(plan, matrix, source, part('weights'), part('gain'), part('scales'));
}
