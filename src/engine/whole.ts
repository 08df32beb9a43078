/**
 * Training of whole sequences that end at different steps: layers in both directions, several categorical
 * features per token, heads that predict a value. Layers run on the fused kernels, one session for each
 * direction; embeddings, head, loss and Adam run here.
 */
import { requantize } from '../quant/arithmetic.js';
import { codeMatrix, type CodedMatrix, type MatrixPlan } from '../quant/code-matrix.js';
import { codingOf } from '../quant/coding.js';
import { masterGradient } from '../quant/master-gradient.js';
import { headPlan } from '../quant/quantize.js';
import { outputSize } from '../quant/quantized-model.js';
import { GAIN_MIN } from '../quant/quantizers.js';
import { layerWeights, needsCurvature } from '../quant/scheme.js';
import {
  f32,
  type FloatTensor,
  fromTensors,
  type Model,
  type ModelLayer,
  type ModelMeta,
  type Tensor,
  type Tensors,
  toTensors,
} from '../model/model.js';
import {
  type Batch,
  type ForwardResult,
  masterRule,
  type Session,
  type SessionConfig,
  type StepResult,
  type Units,
  unitsOf,
} from './engine.js';
import { FusedSession } from './fused.js';
import type { KernelSet } from './kernels.js';
import { Random } from '../model/random.js';

/** Whether a model needs a session of this kind. */
export function needsWhole({ input, layers, head }: Model): boolean {
  return (
    input.kind === 'features' ||
    head.output === 'value' ||
    layers.some(({ backward }) => backward !== undefined)
  );
}

/** A layer's direction alone, as a model of its own: dense input, a head that nobody asks. */
function directionModel(model: Model, layer: ModelLayer): Model {
  const { inputSize, hiddenSize } = layer;
  return {
    scheme: model.scheme,
    input: {
      kind: 'dense',
      mean: new Array<number>(inputSize).fill(0),
      gain: new Array<number>(inputSize).fill(1),
    },
    layers: [{ ...layer, backward: undefined }],
    head: {
      ...{ classes: 1, when: 'every-step', output: 'class' },
      weights: new Float32Array(hiddenSize),
      bias: new Float32Array(1),
      gain: new Float32Array(1).fill(1),
    },
  };
}

/** One direction of one layer: its session, and the names of its tensors. */
interface Direction {
  readonly session: FusedSession;
  /** `layer0` or `layer0.backward`. */
  readonly name: string;
  readonly isBackward: boolean;
  readonly inputSize: number;
  readonly hiddenSize: number;
}

/** A batch as the layers see it. */
interface Shape {
  readonly timeSteps: number;
  readonly batch: number;
  /** Steps of each lane. */
  readonly lengths: ArrayLike<number>;
}

/** Copies a row; rows are too short, and too many, for `set` and `subarray`. */
function copyRow(
  from: Float32Array,
  at: number,
  to: Float32Array,
  begin: number,
  size: number,
): void {
  for (let k = 0; k < size; k++) to[begin + k] = from[at + k];
}

/** Buffers of a step that the next one takes over: steps of many megabytes are otherwise the collector's. */
class Scratch {
  private readonly buffers = new Map<string, Float32Array>();

  /** Its contents are what they were. */
  take(name: string, size: number): Float32Array {
    const present = this.buffers.get(name);
    if (present && present.length >= size) return present.subarray(0, size);
    const made = new Float32Array(size);
    this.buffers.set(name, made);
    return made;
  }

  zeros(name: string, size: number): Float32Array {
    return this.take(name, size).fill(0);
  }
}

/**
 * [timeSteps, batch, size] with every lane's own steps in the opposite order, into `y`; what lies behind its
 * end stays where it is. Its own inverse.
 */
function reverseInto(
  y: Float32Array,
  x: Float32Array,
  size: number,
  { timeSteps, batch, lengths }: Shape,
): Float32Array {
  for (let lane = 0; lane < batch; lane++) {
    const length = Math.min(lengths[lane], timeSteps);
    for (let t = 0; t < timeSteps; t++) {
      const from = t < length ? length - 1 - t : t;
      copyRow(x, (from * batch + lane) * size, y, (t * batch + lane) * size, size);
    }
  }
  return y;
}

function addInto(sum: Float32Array, x: Float32Array): void {
  for (let n = 0; n < x.length; n++) sum[n] += x[n];
}

/** The head's weights as its products take them. */
interface HeadWeights {
  readonly plan: MatrixPlan | undefined;
  readonly coded: CodedMatrix | undefined;
}

/** A row of the top layer's output that has a target. */
interface Site {
  /** Row of [timeSteps, batch]. */
  readonly at: number;
  /** Row of the targets. */
  readonly target: number;
}

/** Elements from the stretch before up to `end` stay within [low, high]. */
interface Stretch {
  readonly end: number;
  readonly low: number;
  readonly high: number;
}

export class WholeSession implements Session {
  private readonly meta: ModelMeta;
  private readonly units: Units;
  private readonly layers: readonly (readonly Direction[])[];
  private params: Record<string, FloatTensor>;
  private first: Record<string, FloatTensor>;
  private second: Record<string, FloatTensor>;
  private readonly scratch = new Scratch();
  private step = 0;
  /** Whether the layers' sessions hold the present parameters. */
  private loaded = false;

  constructor(
    kernels: KernelSet,
    private readonly config: SessionConfig,
  ) {
    const { model, batch, timeSteps, optimizer } = config;
    if (model.scheme !== 'float' && needsCurvature(model.scheme)) {
      throw new TypeError(
        `${model.scheme.name}: loss-aware codings train on text and series, forward layers only`,
      );
    }
    if (model.scheme !== 'float' && model.scheme.decisions === 'tracked') {
      throw new TypeError(`${model.scheme.name}: tracked decisions are for text and series`);
    }
    if (optimizer && optimizer.skipWeight > 0) {
      throw new TypeError(
        `skipWeight: ${optimizer.skipWeight}, but sequences of several lengths, features and both directions do not skip zeros; use 0`,
      );
    }
    if (config.sampling) throw new TypeError('sampling is for forward layers on text and series');
    if (config.mask) throw new TypeError('masks are for forward layers on text and series');
    this.meta = toTensors(model).meta;
    this.units = unitsOf(model.scheme);
    const direction = (layer: ModelLayer, name: string, isBackward: boolean): Direction => ({
      session: new FusedSession(
        kernels,
        { model: directionModel(model, layer), batch, timeSteps, optimizer },
        true,
      ),
      ...{ name, isBackward, inputSize: layer.inputSize, hiddenSize: layer.hiddenSize },
    });
    this.layers = model.layers.map((layer, l) => [
      direction(layer, `layer${l}`, false),
      ...(layer.backward ? [direction(layer.backward, `layer${l}.backward`, true)] : []),
    ]);
    this.params = copies(toTensors(model).tensors, false);
    this.first = copies(this.params, true);
    this.second = copies(this.params, true);
  }

  model(): Model {
    return fromTensors(this.meta, copies(this.params, false));
  }

  private load(): void {
    if (this.loaded) return;
    for (const { session, name, hiddenSize } of this.layers.flat()) {
      session.setParameters({
        'layer0.weights': this.params[`${name}.weights`],
        'layer0.bias': this.params[`${name}.bias`],
        'layer0.gain': this.params[`${name}.gain`],
        ...(this.params[`${name}.scales`] && { 'layer0.scales': this.params[`${name}.scales`] }),
        'head.weights': f32([1, hiddenSize], new Float32Array(hiddenSize)),
        'head.bias': f32([1], new Float32Array(1)),
        'head.gain': f32([1], new Float32Array(1)),
      });
    }
    this.loaded = true;
  }

  private shapeOf({ timeSteps, lengths }: Batch): Shape {
    const { batch } = this.config;
    return { timeSteps, batch, lengths: lengths ?? new Int32Array(batch).fill(timeSteps) };
  }

  // ------------------------------------------------------------------------------------- forward

  /** x of the lowest layer, real: [timeSteps, batch, inputSize]. */
  private input(batch: Batch): Float32Array {
    const { input, layers } = this.config.model;
    if (input.kind === 'dense') {
      if (batch.values === undefined) throw new RangeError('batch: no values');
      return batch.values;
    }
    if (input.kind !== 'features') throw new TypeError(`whole sequences of ${input.kind}`);
    const width = layers[0].inputSize;
    const rows = batch.timeSteps * this.config.batch;
    const count = input.tables.length;
    if (batch.features?.length !== rows * count) {
      throw new RangeError(
        `batch: ${batch.features?.length ?? 'no'} features, must be ${rows * count}`,
      );
    }
    const x = this.scratch.take('x', rows * width);
    let begin = 0;
    input.tables.forEach(({ name, size }, f) => {
      const { data } = this.params[`features.${name}`];
      for (let r = 0; r < rows; r++) {
        const index = batch.features![r * count + f];
        copyRow(data, index * size, x, r * width + begin, size);
      }
      begin += size;
    });
    return x;
  }

  /** The output of every layer, real: [timeSteps, batch, outputSize]. */
  private runLayers(x: Float32Array, shape: Shape): Float32Array[] {
    this.load();
    const outputs: Float32Array[] = [];
    let below = x;
    this.layers.forEach((directions, l) => {
      const width = outputSize(this.config.model.layers[l]);
      const rows = shape.timeSteps * shape.batch;
      const output = this.scratch.take(`output${l}`, rows * width);
      directions.forEach(({ session, isBackward, inputSize, hiddenSize }, d) => {
        session.reset();
        const own = isBackward ? this.reversed(`below${l}`, below, inputSize, shape) : below;
        const h = session.sequence(shape.timeSteps, own);
        const placed = isBackward ? this.reversed('h', h, hiddenSize, shape) : h;
        for (let r = 0; r < rows; r++) {
          copyRow(placed, r * hiddenSize, output, r * width + d * hiddenSize, hiddenSize);
        }
      });
      outputs.push(output);
      below = output;
    });
    return outputs;
  }

  private reversed(name: string, x: Float32Array, size: number, shape: Shape): Float32Array {
    const y = this.scratch.take(`reversed ${name}`, shape.timeSteps * shape.batch * size);
    return reverseInto(y, x, size, shape);
  }

  /** Rows that the head reads: all, or each lane's last one. */
  private sites({ timeSteps, batch, lengths }: Shape): Site[] {
    if (this.config.model.head.when === 'every-step') {
      return Array.from({ length: timeSteps * batch }, (_, at) => ({ at, target: at }));
    }
    return Array.from({ length: batch }, (_, lane) => ({
      at: (Math.max(1, lengths[lane]) - 1) * batch + lane,
      target: lane,
    }));
  }

  private headWeights(): HeadWeights {
    const { model } = this.config;
    if (model.scheme === 'float') return { plan: undefined, coded: undefined };
    const plan = headPlan(model, model.scheme);
    const source = {
      weights: this.params['head.weights'].data,
      bias: this.params['head.bias'].data,
      gain: this.params['head.gain'].data,
    };
    return { plan, coded: codeMatrix(plan, source) };
  }

  /** Logits of one output row in the scheme's units. */
  private logits(h: Float32Array, { coded }: HeadWeights, logits: Float32Array): void {
    const width = h.length;
    const { data: weights } = this.params['head.weights'];
    const { data: bias } = this.params['head.bias'];
    const codes = coded?.effective ?? weights;
    // Sums of integers below 2^53 and their rescaling by a power of two are exact.
    const unit = coded ? 1 / this.units.activation : 1;
    for (let n = 0; n < logits.length; n++) {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += codes[n * width + k] * h[k];
      sum *= unit;
      const row = coded?.rows[n];
      logits[n] =
        row?.kind === 'linear'
          ? requantize(sum, row.multiplier, row.shift, row.bias)
          : sum + bias[n];
    }
  }

  /** Loss of one row, summed, and dL/dlogit (real) into `d`; undefined where the row has no target. */
  private rowLoss(
    batch: Batch,
    target: number,
    logits: Float32Array,
    d: Float64Array,
  ): number | undefined {
    const unit = this.units.logit;
    if (this.config.model.head.output === 'value') {
      const wanted = batch.reals?.[target] ?? NaN;
      if (Number.isNaN(wanted)) return undefined;
      d[0] = logits[0] * unit - wanted;
      return d[0] ** 2 / 2;
    }
    const label = batch.targets?.[target] ?? -1;
    if (label < 0) return undefined;
    let top = -Infinity;
    for (const logit of logits) top = Math.max(top, logit);
    let total = 0;
    for (let n = 0; n < d.length; n++) {
      d[n] = Math.exp((logits[n] - top) * unit);
      total += d[n];
    }
    for (let n = 0; n < d.length; n++) d[n] = d[n] / total - (n === label ? 1 : 0);
    return Math.log(total) - (logits[label] - top) * unit;
  }

  forward(batch: Batch): ForwardResult {
    const shape = this.shapeOf(batch);
    const outputs = this.runLayers(this.input(batch), shape);
    for (const { session } of this.layers.flat()) session.finishSequence(shape.timeSteps);
    const top = outputs[outputs.length - 1];
    const { classes } = this.config.model.head;
    const width = outputSize(this.config.model.layers[outputs.length - 1]);
    const head = this.headWeights();
    const sites = this.sites(shape);
    const logits = new Float32Array(sites.length * classes);
    const d = new Float64Array(classes);
    let [loss, count] = [0, 0];
    sites.forEach(({ at, target }, row) => {
      const own = logits.subarray(row * classes, (row + 1) * classes);
      this.logits(top.subarray(at * width, (at + 1) * width), head, own);
      const part = this.rowLoss(batch, target, own, d);
      if (part === undefined) return;
      loss += part;
      count++;
    });
    return { loss: count === 0 ? NaN : loss / count, count, logits };
  }

  // ------------------------------------------------------------------------------------ training

  /**
   * The batch as training sees it: dropout of the input replaces features by the unknown one, and numbers
   * by 0 (the others grow).
   */
  private disturbed(batch: Batch): Batch {
    const probability = this.config.dropout?.input ?? 0;
    if (probability === 0) return batch;
    const random = this.randomOf(1);
    const { features, values } = batch;
    const factor = 1 / (1 - probability);
    const drops = (): boolean => random.uniform() < probability;
    return {
      ...batch,
      features: features?.map((index) => (drops() ? 0 : index)),
      values: values?.map((value) => (drops() ? 0 : value * factor)),
    };
  }

  /** Gradients of the mean loss by tensor; the layers' are those of their sessions. */
  private differentiate(given: Batch): { loss: number; gradients: Record<string, Float32Array> } {
    const { model } = this.config;
    const batch = this.disturbed(given);
    const shape = this.shapeOf(batch);
    const x = this.input(batch);
    const outputs = this.runLayers(x, shape);
    const { loss, dTop, gradients } = this.headBackward(batch, shape, outputs[outputs.length - 1]);
    let dOutput = dTop;
    for (let l = this.layers.length - 1; l >= 0; l--) {
      const width = outputSize(model.layers[l]);
      const { inputSize } = model.layers[l];
      const rows = shape.timeSteps * shape.batch;
      const dInput = this.scratch.zeros(`dInput${l}`, rows * inputSize);
      this.layers[l].forEach(({ session, name, isBackward, hiddenSize }, d) => {
        const own = this.scratch.take('dH', rows * hiddenSize);
        for (let r = 0; r < rows; r++) {
          copyRow(dOutput, r * width + d * hiddenSize, own, r * hiddenSize, hiddenSize);
        }
        const dH = isBackward ? this.reversed('dH', own, hiddenSize, shape) : own;
        const { tensors, dX } = session.sequenceGradients(shape.timeSteps, dH);
        session.finishSequence(shape.timeSteps);
        addInto(dInput, isBackward ? this.reversed('dX', dX, inputSize, shape) : dX);
        for (const part of ['weights', 'bias', 'gain', 'scales']) {
          const gradient = tensors[`layer0.${part}`] as Tensor | undefined;
          if (gradient) gradients[`${name}.${part}`] = gradient.data as Float32Array;
        }
      });
      dOutput = dInput;
    }
    this.inputBackward(batch, dOutput, gradients);
    return { loss, gradients };
  }

  private headBackward(
    batch: Batch,
    shape: Shape,
    top: Float32Array,
  ): { loss: number; dTop: Float32Array; gradients: Record<string, Float32Array> } {
    const { model } = this.config;
    const { classes } = model.head;
    const width = outputSize(model.layers[model.layers.length - 1]);
    const head = this.headWeights();
    const { plan, coded } = head;
    const { data: weights } = this.params['head.weights'];
    const dWeights = this.scratch.zeros('dHead', classes * width);
    const dBias = new Float32Array(classes);
    const dGain = new Float32Array(classes);
    const dTop = this.scratch.zeros('dTop', top.length);
    const logits = new Float32Array(classes);
    const d = new Float64Array(classes);
    const keep = this.dropped(top.length);
    const h = new Float32Array(width);
    const codes = coded?.effective ?? weights;
    let [loss, count] = [0, 0];
    for (const { at, target } of this.sites(shape)) {
      const from = at * width;
      for (let k = 0; k < width; k++) h[k] = top[from + k] * keep[from + k];
      this.logits(h, head, logits);
      const part = this.rowLoss(batch, target, logits, d);
      if (part === undefined) continue;
      loss += part;
      count++;
      for (let n = 0; n < classes; n++) {
        if (coded && Math.abs(logits[n]) >= 32767) continue;
        const dLogit = d[n];
        dBias[n] += dLogit;
        const row = n * width;
        const scale = coded ? coded.scale[n] * dLogit : dLogit;
        for (let k = 0; k < width; k++) {
          dWeights[row + k] += dLogit * h[k];
          dTop[from + k] += scale * codes[row + k] * keep[from + k];
        }
      }
    }
    if (count === 0) throw new TypeError('batch: no targets to train on');
    for (const sum of [dWeights, dBias, dTop]) for (let n = 0; n < sum.length; n++) sum[n] /= count;
    if (plan && coded) {
      const source = { weights, bias: dBias, gain: this.params['head.gain'].data };
      masterGradient(plan, coded, source, dWeights, dGain, undefined);
    }
    const gradients = { 'head.weights': dWeights, 'head.bias': dBias, 'head.gain': dGain };
    return { loss: loss / count, dTop, gradients };
  }

  /** What each element of the top layer's output is multiplied by in this step. */
  private dropped(size: number): Float32Array {
    const keep = this.scratch.take('keep', size).fill(1);
    const { dropout } = this.config;
    if (!dropout || dropout.output === 0) return keep;
    const random = this.randomOf(2);
    const factor = 1 / (1 - dropout.output);
    for (let n = 0; n < size; n++) keep[n] = random.uniform() < dropout.output ? 0 : factor;
    return keep;
  }

  /** Random numbers of this step; a resumed run draws them again. */
  private randomOf(purpose: number): Random {
    const seed = (this.config.dropout?.seed ?? 0) + 1;
    return new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(this.step + 1, 0x85ebca6b) ^ purpose);
  }

  private inputBackward(
    batch: Batch,
    dX: Float32Array,
    gradients: Record<string, Float32Array>,
  ): void {
    const { input, layers } = this.config.model;
    if (input.kind !== 'features') return;
    const width = layers[0].inputSize;
    const count = input.tables.length;
    let begin = 0;
    input.tables.forEach(({ name, size }, f) => {
      const sum = this.scratch.zeros(`d ${name}`, this.params[`features.${name}`].data.length);
      for (let r = 0; r * width < dX.length; r++) {
        const at = batch.features![r * count + f] * size;
        for (let k = 0; k < size; k++) sum[at + k] += dX[r * width + begin + k];
      }
      gradients[`features.${name}`] = sum;
      begin += size;
    });
  }

  gradients(batch: Batch): { loss: number; tensors: Tensors } {
    const { loss, gradients } = this.differentiate(batch);
    const tensors = Object.fromEntries(
      Object.entries(gradients).map(([name, data]) => [
        name,
        f32(this.params[name].shape, data.slice()),
      ]),
    );
    return { loss, tensors };
  }

  /** How a tensor moves: multiple of the step's rate, and between which values each run of elements stays. */
  private rule(name: string): { rate: number; stretches: readonly Stretch[] } {
    const { model, optimizer } = this.config;
    const { scheme } = model;
    const end = this.params[name].data.length;
    const within = (low: number, high: number): Stretch[] => [{ end, low, high }];
    if (name.startsWith('features.')) return { rate: 1, stretches: within(-1, 1) };
    if (scheme === 'float' || name.endsWith('.bias')) {
      return { rate: 1, stretches: within(-Infinity, Infinity) };
    }
    if (name.endsWith('.scales')) return { rate: 1, stretches: within(GAIN_MIN, Infinity) };
    if (name.endsWith('.gain')) {
      return { rate: optimizer!.gainRate, stretches: within(GAIN_MIN, Infinity) };
    }
    const layer = /^layer(\d+)/.exec(name);
    const codings = layer ? Object.values(layerWeights(scheme, Number(layer[1]))) : [scheme.head];
    const rules = codings.map((coding) =>
      masterRule(
        codingOf(coding),
        scheme.normalization === 'weight' && codingOf(coding).format.kind !== 'int',
        optimizer!,
      ),
    );
    const stretches = rules.map(({ range }, n) => ({
      end: ((n + 1) * end) / rules.length,
      ...{ low: -range, high: range },
    }));
    return { rate: rules[0].rate, stretches };
  }

  trainStep(batch: Batch, learningRate: number): StepResult {
    const { optimizer } = this.config;
    if (optimizer === undefined) throw new Error('this session was created without an optimizer');
    const { loss, gradients } = this.differentiate(batch);
    let squares = 0;
    for (const data of Object.values(gradients)) squares += sumOfSquares(data);
    const gradNorm = Math.sqrt(squares);
    if (!Number.isFinite(gradNorm) || !Number.isFinite(loss)) {
      throw new RangeError('training diverged: the loss is not finite; lower the learning rate');
    }
    this.step++;
    const { beta1, beta2, epsilon, clip } = optimizer;
    const root = Math.sqrt(1 - beta2 ** this.step);
    const rate = (learningRate * root) / (1 - beta1 ** this.step);
    const factor = gradNorm > clip ? clip / gradNorm : 1;
    for (const [name, gradient] of Object.entries(gradients)) {
      const { rate: multiple, stretches } = this.rule(name);
      const [p, m, v] = [this.params, this.first, this.second].map((of) => of[name].data);
      const step = { factor, beta1, beta2, rate: rate * multiple, epsilon: epsilon * root };
      let begin = 0;
      for (const { end, low, high } of stretches) {
        adam(p, m, v, gradient, { ...step, begin, end, low, high });
        begin = end;
      }
    }
    this.loaded = false;
    return { loss, gradNorm };
  }

  // --------------------------------------------------------------------------------------- state

  /** Whole sequences begin from zero state; nothing is carried. */
  reset(): void {
    for (const { session } of this.layers.flat()) session.reset();
  }

  snapshot(): Tensors {
    const tensors: Record<string, Tensor> = copies(this.params, false);
    for (const [name, tensor] of Object.entries(copies(this.first, false))) {
      tensors[`adam.first.${name}`] = tensor;
    }
    for (const [name, tensor] of Object.entries(copies(this.second, false))) {
      tensors[`adam.second.${name}`] = tensor;
    }
    tensors['adam.step'] = { dtype: 'I32', shape: [1], data: Int32Array.of(this.step) };
    return tensors;
  }

  restore(snapshot: Tensors): void {
    const part = (prefix: string): Record<string, FloatTensor> => {
      const named = Object.fromEntries(
        Object.keys(this.params).map((name) => [name, snapshot[prefix + name]]),
      );
      return copies(toTensors(fromTensors(this.meta, named)).tensors, false);
    };
    this.params = part('');
    this.first = part('adam.first.');
    this.second = part('adam.second.');
    const step = snapshot['adam.step'];
    if (step === undefined) throw new TypeError('snapshot: adam.step is missing');
    this.step = step.data[0];
    this.loaded = false;
  }

  dispose(): void {
    for (const { session } of this.layers.flat()) session.dispose();
  }
}

interface AdamStretch extends Stretch {
  readonly begin: number;
  /** What gradients are multiplied by first. */
  readonly factor: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly rate: number;
  readonly epsilon: number;
}

/** One step of Adam for the elements begin..end of a tensor. */
function adam(
  p: Float32Array,
  m: Float32Array,
  v: Float32Array,
  gradient: Float32Array,
  { begin, end, low, high, factor, beta1, beta2, rate, epsilon }: AdamStretch,
): void {
  for (let n = begin; n < end; n++) {
    const g = gradient[n] * factor;
    m[n] = m[n] * beta1 + g * (1 - beta1);
    v[n] = v[n] * beta2 + g * g * (1 - beta2);
    const moved = p[n] - (m[n] * rate) / (Math.sqrt(v[n]) + epsilon);
    p[n] = Math.max(low, Math.min(high, moved));
  }
}

function sumOfSquares(data: Float32Array): number {
  let sum = 0;
  for (let n = 0; n < data.length; n++) sum += data[n] * data[n];
  return sum;
}

function copies(
  tensors: Readonly<Record<string, FloatTensor>>,
  zero: boolean,
): Record<string, FloatTensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => [
      name,
      f32(shape, zero ? new Float32Array(data.length) : data.slice()),
    ]),
  );
}
