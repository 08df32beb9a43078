/**
 * The oracle: LSTM training in plain loops and double precision, slow and clear. The integer part of a
 * quantized scheme calls arithmetic.ts directly. Every other engine is tested against this one.
 */
import {
  cellUpdateInt16,
  cellUpdateLevel3,
  hiddenInt16,
  hiddenLevel3,
  INT16_MAX,
  INT16_MIN,
  quantizeActivation,
  requantize,
  saturate,
  sigmoidFixed,
  tanhFixed,
  threshold3,
} from '../quant/arithmetic.js';
import { GATE, type RowParameters, type Scheme, SCHEMES } from '../quant/quantized-model.js';
import { codeRows, GAIN_MIN, gateGroups, headGroups } from '../quant/quantizers.js';
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
  type Session,
  type SessionConfig,
  type StepResult,
  type Units,
  unitsOf,
} from './engine.js';

export function referenceEngine(): Engine {
  return {
    name: 'reference',
    version: `plain TypeScript, node ${process.versions.node}`,
    createSession: (config) => new ReferenceSession(config),
  };
}

/** A matrix as the forward pass sees it: effective weight (r, k) = scale[r] * codes[r, k]. */
interface Effective {
  readonly columns: number;
  readonly codes: ArrayLike<number>;
  readonly scale: ArrayLike<number>;
  readonly nonzeros: ArrayLike<number>;
  /** Undefined in the float scheme. */
  readonly rows: readonly RowParameters[] | undefined;
  readonly bias: Float32Array;
}

/** What one layer computed in one step of one lane; gates real, c and h in the scheme's units. */
interface CellRecord {
  readonly x: Float64Array;
  readonly hBefore: Float64Array;
  readonly cBefore: Float64Array;
  readonly gates: Float64Array;
  /** d gate / d z, z real. */
  readonly slopes: Float64Array;
  readonly c: Float64Array;
  readonly tanhC: Float64Array;
  readonly h: Float64Array;
}

const logistic = (a: number): number => 1 / (1 + Math.exp(-a));

/** The matrix of a layer or head under a scheme. */
function effective(
  m: ModelLayer | ModelHead,
  scheme: Scheme | undefined,
  groups: Parameters<typeof codeRows>[1],
): Effective {
  const columns = m.weights.length / m.bias.length;
  if (scheme === undefined) {
    const ones = new Float64Array(m.bias.length).fill(1);
    return {
      columns,
      codes: m.weights,
      scale: ones,
      nonzeros: ones,
      rows: undefined,
      bias: m.bias,
    };
  }
  const coded = codeRows(scheme.weights, groups, m);
  return { columns, ...coded, bias: m.bias };
}

function accumulate(m: Effective, row: number, first: Float64Array, second?: Float64Array): number {
  let acc = 0;
  let at = row * m.columns;
  for (const value of first) acc += m.codes[at++] * value;
  if (second) for (const value of second) acc += m.codes[at++] * value;
  return acc;
}

/** A gate's real value and its slope from the accumulator. */
function gateOf(
  m: Effective,
  row: number,
  gate: number,
  acc: number,
  units: Units,
  rule: GateGradient,
): { value: number; slope: number } {
  const parameters = m.rows?.[row];
  if (parameters === undefined) {
    const z = acc + m.bias[row];
    if (gate === GATE.g) return { value: Math.tanh(z), slope: 1 - Math.tanh(z) ** 2 };
    const y = logistic(z);
    return { value: y, slope: y * (1 - y) };
  }
  if (parameters.kind === 'threshold') {
    const q = threshold3(acc, parameters.low, parameters.high) * units.gate;
    const y = logistic(acc * m.scale[row] * units.activation + m.bias[row]);
    return { value: q, slope: rule === 'level' ? q * (1 - q) : y * (1 - y) };
  }
  const z = requantize(acc, parameters.multiplier, parameters.shift, parameters.bias);
  if (gate === GATE.g) {
    const t = tanhFixed(z) * units.candidate;
    return { value: t, slope: 1 - t * t };
  }
  const y = sigmoidFixed(z) * units.gate;
  return { value: y, slope: y * (1 - y) };
}

function runCell(
  m: Effective,
  size: number,
  scheme: Scheme | undefined,
  units: Units,
  rule: GateGradient,
  x: Float64Array,
  hBefore: Float64Array,
  cBefore: Float64Array,
): CellRecord {
  const gates = new Float64Array(4 * size);
  const slopes = new Float64Array(4 * size);
  for (let row = 0; row < 4 * size; row++) {
    const gate = Math.floor(row / size);
    const { value, slope } = gateOf(m, row, gate, accumulate(m, row, x, hBefore), units, rule);
    gates[row] = value;
    slopes[row] = slope;
  }
  const c = new Float64Array(size);
  const tanhC = new Float64Array(size);
  const h = new Float64Array(size);
  for (let u = 0; u < size; u++) {
    const [i, f, g, o] = [gates[u], gates[size + u], gates[2 * size + u], gates[3 * size + u]];
    if (scheme === undefined) {
      c[u] = f * cBefore[u] + i * g;
      tanhC[u] = Math.tanh(c[u]);
      h[u] = o * tanhC[u];
      continue;
    }
    const level3 = scheme.gates === 'level3';
    const update = level3 ? cellUpdateLevel3 : cellUpdateInt16;
    c[u] = update(f / units.gate, cBefore[u], i / units.gate, g / units.candidate);
    const squashed = tanhFixed(c[u]);
    tanhC[u] = squashed * units.candidate;
    h[u] = (level3 ? hiddenLevel3 : hiddenInt16)(o / units.gate, squashed);
  }
  return { x, hBefore, cBefore, gates, slopes, c, tanhC, h };
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
  private effectives: { layers: Effective[]; head: Effective } | undefined;

  constructor(private readonly config: SessionConfig) {
    const { model, batch } = config;
    this.scheme = model.scheme === 'float' ? undefined : SCHEMES[model.scheme];
    this.units = unitsOf(model.scheme);
    this.params = copy(toTensors(model).tensors);
    this.first = copy(this.params, true);
    this.second = copy(this.params, true);
    const zeros = () =>
      model.layers.map((l) => Array.from({ length: batch }, () => new Float64Array(l.hiddenSize)));
    this.h = zeros();
    this.c = zeros();
  }

  private current(): Model {
    return fromTensors(toTensors(this.config.model).meta, this.params);
  }

  model(): Model {
    return fromTensors(toTensors(this.config.model).meta, copy(this.params));
  }

  private weights(): { layers: Effective[]; head: Effective } {
    if (this.effectives) return this.effectives;
    const { scheme } = this;
    const model = this.current();
    const layers = model.layers.map((layer) =>
      effective(layer, scheme, scheme ? gateGroups(scheme, layer.hiddenSize) : []),
    );
    const head = effective(model.head, scheme, headGroups(model.head.classes));
    return (this.effectives = { layers, head });
  }

  /** x of one step of one lane, in units of activation. */
  private input(batch: Batch, t: number, lane: number): Float64Array {
    const model = this.current();
    const size = model.layers[0].inputSize;
    const at = t * this.config.batch + lane;
    const real =
      model.input.kind === 'tokens'
        ? model.input.embedding.subarray(batch.tokens![at] * size, (batch.tokens![at] + 1) * size)
        : batch.values!.subarray(at * size, (at + 1) * size);
    return Float64Array.from(real, (v) =>
      this.scheme ? quantizeActivation(v) : saturate(v, -1, 1),
    );
  }

  /** records[layer][t][lane]; h and c carry over. */
  private run(batch: Batch): CellRecord[][][] {
    checkBatch(this.config.model, this.config, batch);
    const { layers } = this.weights();
    const rule = this.config.optimizer?.gateGradient ?? 'sigmoid';
    const records: CellRecord[][][] = layers.map(() => []);
    for (let t = 0; t < batch.timeSteps; t++) {
      for (const layer of records) layer.push([]);
      for (let lane = 0; lane < this.config.batch; lane++) {
        let x = this.input(batch, t, lane);
        layers.forEach((m, l) => {
          const size = this.config.model.layers[l].hiddenSize;
          const [h, c] = [this.h[l][lane], this.c[l][lane]];
          const record = runCell(m, size, this.scheme, this.units, rule, x, h, c);
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
    const { head } = this.weights();
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

  private differentiate(batch: Batch): { loss: number; gradients: Gradients } {
    if (batch.targets === undefined) throw new TypeError('batch: no targets to train on');
    const { layers, head } = this.weights();
    const model = this.current();
    const records = this.run(batch);
    const { loss, dLogits, sites } = this.headPass(batch, records);
    const gradients: Gradients = {};
    for (const [name, { data }] of Object.entries(this.params)) {
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
      dOutput = this.layerBackward(layers[l], records[l], dOutput, gradients, `layer${l}`);
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
    if (this.scheme?.weights === 'ternary') {
      layers.forEach((m, l) => void normalizedGradient(m, gradients, `layer${l}`));
      normalizedGradient(head, gradients, 'head');
    }
    return { loss, gradients };
  }

  /** Adds the layer's gradients; returns dL/dx, [t][lane]. */
  private layerBackward(
    m: Effective,
    records: CellRecord[][],
    dOutput: Float64Array[][],
    gradients: Gradients,
    name: string,
  ): Float64Array<ArrayBuffer>[][] {
    const { activation, cell } = this.units;
    const dInput: Float64Array<ArrayBuffer>[][] = records.map(() => []);
    for (let lane = 0; lane < this.config.batch; lane++) {
      const size = records[0][lane].h.length;
      let dRecurrent = new Float64Array(size);
      let dCell = new Float64Array(size);
      for (let t = records.length - 1; t >= 0; t--) {
        const r = records[t][lane];
        const dz = new Float64Array(4 * size);
        const dCellBefore = new Float64Array(size);
        for (let u = 0; u < size; u++) {
          const [i, f, g, o] = [0, 1, 2, 3].map((gate) => r.gates[gate * size + u]);
          const dh = dOutput[t][lane][u] + dRecurrent[u];
          const saturated = this.scheme && (r.c[u] === INT16_MAX || r.c[u] === INT16_MIN);
          const dc = saturated ? 0 : dCell[u] + dh * o * (1 - r.tanhC[u] ** 2);
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
          gradients[`${name}.bias`][row] += dz[row];
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
    const { loss, gradients } = this.differentiate(batch);
    let squares = 0;
    for (const g of Object.values(gradients)) for (const v of g) squares += v * v;
    const gradNorm = Math.sqrt(squares);
    if (!Number.isFinite(gradNorm) || !Number.isFinite(loss)) {
      throw new RangeError('training diverged: the loss is not finite; lower the learning rate');
    }
    const clip = gradNorm > o.clip ? o.clip / gradNorm : 1;
    this.step++;
    const ternary = this.scheme?.weights === 'ternary';
    for (const [name, g] of Object.entries(gradients)) {
      let rate = learningRate;
      let [low, high] = [-Infinity, Infinity];
      if (name === 'embedding') [low, high] = [-1, 1];
      else if (name.endsWith('.gain')) {
        if (!ternary) continue;
        rate *= o.gainRate;
        low = GAIN_MIN;
      } else if (ternary && name.endsWith('.weights')) {
        rate *= o.ternaryRate;
        [low, high] = [-1, 1];
      }
      const [values, m, v] = [
        this.params[name].data,
        this.first[name].data,
        this.second[name].data,
      ];
      for (let k = 0; k < g.length; k++) {
        const d = g[k] * clip;
        m[k] = o.beta1 * m[k] + (1 - o.beta1) * d;
        v[k] = o.beta2 * v[k] + (1 - o.beta2) * d * d;
        const mean = m[k] / (1 - o.beta1 ** this.step);
        const spread = Math.sqrt(v[k] / (1 - o.beta2 ** this.step));
        values[k] = saturate(values[k] - (rate * mean) / (spread + o.epsilon), low, high);
      }
    }
    this.effectives = undefined;
    return { loss, gradNorm };
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
    const take = (prefix: string) => {
      const named = Object.entries(snapshot).filter(([name]) => name.startsWith(prefix));
      const part = Object.fromEntries(named.map(([name, t]) => [name.slice(prefix.length), t]));
      return copy(toTensors(fromTensors(meta, part)).tensors);
    };
    this.params = take('');
    if (this.config.optimizer !== undefined) {
      this.first = take('adam.first.');
      this.second = take('adam.second.');
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
    this.effectives = undefined;
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
    this.effectives = undefined;
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

/** G = dL/d(effective weights) becomes dv = s (G - t (G . t) / ||t||^2), dgain = (G . t) / ||t||. */
function normalizedGradient(m: Effective, gradients: Gradients, name: string): void {
  const g = gradients[`${name}.weights`];
  for (let r = 0; r < m.bias.length; r++) {
    const begin = r * m.columns;
    let dot = 0;
    for (let k = begin; k < begin + m.columns; k++) dot += g[k] * m.codes[k];
    const n = m.nonzeros[r];
    gradients[`${name}.gain`][r] = n === 0 ? 0 : dot / Math.sqrt(n);
    for (let k = begin; k < begin + m.columns; k++) {
      g[k] = m.scale[r] * (g[k] - (n === 0 ? 0 : (m.codes[k] * dot) / n));
    }
  }
}
