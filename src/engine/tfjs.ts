/**
 * Training through TensorFlow.js: the fused LSTM as a differentiable operator for any tfjs model
 * (FusedLstm), and an engine made of it (tfjsEngine): tfjs keeps the parameters, differentiates,
 * computes embedding, head, loss and Adam on its own backend; the sequence step is ours.
 */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import type * as TF from '@tensorflow/tfjs-core';
import {
  INT16_MAX,
  INT16_MIN,
  quantizeActivation,
  requantize,
  ternaryActivation,
} from '../quant/arithmetic.js';
import { codeMatrix, type MatrixPlan, planHead } from '../quant/code-matrix.js';
import { codingOf } from '../quant/coding.js';
import { masterGradient } from '../quant/master-gradient.js';
import { matrixPlans } from '../quant/quantize.js';
import { checkExact, GAIN_MIN } from '../quant/quantizers.js';
import { needsCurvature, type Scheme, schemeCodings } from '../quant/scheme.js';
import {
  f32,
  type FloatTensor,
  fromTensors,
  initModel,
  type Model,
  type ModelMeta,
  type ModelScheme,
  type Tensor,
  type Tensors,
  toTensors,
} from '../model/model.js';
import {
  type Batch,
  checkBatch,
  DEFAULT_OPTIMIZER,
  type Engine,
  type ForwardResult,
  type LayerTrace,
  masterRule,
  type OptimizerConfig,
  type Session,
  type SessionConfig,
  type StepResult,
  unitsOf,
} from './engine.js';
import { FusedSession } from './fused.js';
import type { KernelSet } from './kernels.js';
import { wasmKernels } from './wasm-kernels.js';
export type TfjsBackend = 'tfjs-node' | 'wasm' | 'cpu';
type Tf = typeof TF;
const require = createRequire(import.meta.url);
/** tfjs packages are CommonJS: some loaders put their exports under `default`. */
async function load<M extends object>(name: string): Promise<M> {
  const loaded = (await import(name)) as M & { default?: M };
  return loaded.default ?? loaded;
}
function packageVersion(name: string): string {
  return (require(`${name}/package.json`) as { version: string }).version;
}
/**
 * A ready tfjs: tfjs-node where it loads (it may be absent, or present without its binary), else the
 * WASM backend, else plain cpu. `why` tells what was passed over.
 */
export async function loadTfjs(
  only?: TfjsBackend,
): Promise<{ tf: Tf; backend: TfjsBackend; version: string; why: string[] }> {
  const why: string[] = [];
  const tf = await load<Tf>('@tensorflow/tfjs-core');
  const candidates: Record<TfjsBackend, () => Promise<string>> = {
    'tfjs-node': async () => {
      // Not a literal: the package is optional, and absent where its download failed.
      await load('@tensorflow/tfjs-node' as string);
      if (!(await tf.setBackend('tensorflow'))) throw new Error('its backend did not start');
      return packageVersion('@tensorflow/tfjs-node');
    },
    wasm: async () => {
      const wasm = await load<{ setWasmPaths(path: string): void }>(
        '@tensorflow/tfjs-backend-wasm',
      );
      wasm.setWasmPaths(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')) + sep);
      if (!(await tf.setBackend('wasm'))) throw new Error('its backend did not start');
      return packageVersion('@tensorflow/tfjs-backend-wasm');
    },
    cpu: async () => {
      await load('@tensorflow/tfjs-backend-cpu');
      if (!(await tf.setBackend('cpu'))) throw new Error('its backend did not start');
      return packageVersion('@tensorflow/tfjs-backend-cpu');
    },
  };
  const names = only ? [only] : (Object.keys(candidates) as TfjsBackend[]);
  for (const backend of names) {
    try {
      const version = await candidates[backend]();
      await tf.ready();
      return { tf, backend, version, why };
    } catch (error) {
      const [line] = String(error instanceof Error ? error.message : error).split('\n');
      why.push(`${backend}: ${line}`);
    }
  }
  throw new Error(`no tfjs backend starts: ${why.join('; ')}`);
}
/** Throws TypeError where a scheme trains more than weights, biases and norms. */
function checkScheme(scheme: ModelScheme): void {
  if (scheme === 'float') return;
  const trained = schemeCodings(scheme).some((name) => codingOf(name).solver === 'trained');
  if (needsCurvature(scheme) || trained || scheme.decisions === 'tracked') {
    throw new TypeError(
      `the tfjs engine trains weights, biases and norms only, not what ${scheme.name} has beside them; ` +
        'use --engine wasm',
    );
  }
}

export interface FusedLstmConfig {
  readonly scheme: ModelScheme;
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly batch: number;
  /** Most steps of one call. */
  readonly timeSteps: number;
  readonly gateGradient?: OptimizerConfig['gateGradient'];
  /** Whether h and c carry over from call to call; otherwise each starts from zero. */
  readonly stateful?: boolean;
}
/**
 * One LSTM layer over a whole sequence as a differentiable tfjs operator: forward and backward run on
 * the fused kernels, gradients reach x, weights, bias and gain. In a quantized scheme the output
 * is exactly the golden model's h_int, times the unit of activations.
 *
 * Differentiate a call before the next one: the layer remembers one sequence.
 */
export class FusedLstm {
  private readonly core: FusedSession;
  private calls = 0;
  private pending = 0;
  constructor(
    private readonly tf: Tf,
    private readonly config: FusedLstmConfig,
    kernels: KernelSet = wasmKernels(),
  ) {
    const { scheme, inputSize, hiddenSize, batch, timeSteps, gateGradient } = config;
    checkScheme(scheme);
    const ones = Array.from({ length: inputSize }, () => 1);
    const model = initModel(
      {
        scheme,
        input: { kind: 'dense', mean: ones.map(() => 0), gain: ones },
        hiddenSizes: [hiddenSize],
        classes: 1,
        when: 'every-step',
      },
      0,
    );
    const optimizer = { ...DEFAULT_OPTIMIZER, ...(gateGradient && { gateGradient }) };
    this.core = new FusedSession(kernels, { model, batch, timeSteps, optimizer }, true);
  }
  /**
   * x [timeSteps, batch, inputSize] within [-1, 1]; weights [4 hiddenSize, inputSize + hiddenSize],
   * bias [4 hiddenSize], gain [operands * 4 hiddenSize], gates i, f, g, o. Returns h [timeSteps, batch, hiddenSize].
   */
  apply(x: TF.Tensor, weights: TF.Tensor, bias: TF.Tensor, gain: TF.Tensor): TF.Tensor {
    const { tf, core } = this;
    const { inputSize, hiddenSize, batch } = this.config;
    const [timeSteps] = x.shape;
    const operator = tf.customGrad((...inputs) => {
      const [xIn, w, b, g] = inputs as TF.Tensor[];
      this.settle();
      core.setParameters({
        'layer0.weights': f32(w.shape, w.dataSync() as Float32Array),
        'layer0.bias': f32(b.shape, b.dataSync() as Float32Array),
        'layer0.gain': f32(g.shape, g.dataSync() as Float32Array),
        'head.weights': f32([1, hiddenSize], new Float32Array(hiddenSize)),
        'head.bias': f32([1], new Float32Array(1)),
        'head.gain': f32([1], new Float32Array(1)),
      });
      const h = core.sequence(timeSteps, xIn.dataSync() as Float32Array);
      const call = ++this.calls;
      this.pending = timeSteps;
      const gradFunc = (dH: TF.Tensor): TF.Tensor[] => {
        if (call !== this.calls || this.pending === 0) {
          throw new Error('FusedLstm: differentiate a call before the next one');
        }
        const { tensors, dX } = core.sequenceGradients(timeSteps, dH.dataSync() as Float32Array);
        const part = (name: string): TF.Tensor => {
          const { data, shape } = tensors[`layer0.${name}`];
          return tf.tensor(data as Float32Array, [...shape]);
        };
        return [
          tf.tensor(dX, [timeSteps, batch, inputSize]),
          part('weights'),
          part('bias'),
          part('gain'),
        ];
      };
      return { value: tf.tensor(h, [timeSteps, batch, hiddenSize]), gradFunc };
    });
    return operator(x, weights, bias, gain);
  }
  /** End the last call, so that h and c carry over; returns its integers where asked for. */
  settle(trace = false): LayerTrace | undefined {
    if (this.pending === 0) return undefined;
    const [layer] = this.core.finishSequence(this.pending, trace);
    this.pending = 0;
    if (this.config.stateful !== true) this.core.reset();
    return layer;
  }
  reset(lane?: number): void {
    this.settle();
    this.core.reset(lane);
  }
  /** h and c as `state.h0` and `state.c0`. */
  state(): Tensors {
    this.settle();
    const snapshot = this.core.snapshot();
    return { 'state.h0': snapshot['state.h0'], 'state.c0': snapshot['state.c0'] };
  }
  setState(state: Tensors): void {
    this.settle();
    this.core.restore({ ...this.core.snapshot(), ...state });
  }
}
/** A real activation as a scheme has it, real again. */
function activationOf(scheme: Scheme | undefined): (v: number) => number {
  if (scheme === undefined) return (v) => v;
  return scheme.activations === 'ternary' ? ternaryActivation : (v) => quantizeActivation(v) / 128;
}

/** Rows of `table` for tokens, each element an activation; the gradient adds up per token, straight through. */
function embed(
  tf: Tf,
  table: TF.Tensor,
  tokens: Int32Array,
  activation: (v: number) => number,
): TF.Tensor {
  const [vocab, size] = table.shape;
  const operator = tf.customGrad((...inputs) => {
    const data = (inputs[0] as TF.Tensor).dataSync();
    const value = new Float32Array(tokens.length * size);
    for (let n = 0; n < tokens.length; n++) {
      for (let j = 0; j < size; j++) value[n * size + j] = activation(data[tokens[n] * size + j]);
    }
    const gradFunc = (dy: TF.Tensor): TF.Tensor => {
      const d = dy.dataSync();
      const sum = new Float32Array(vocab * size);
      for (let n = 0; n < tokens.length; n++) {
        for (let j = 0; j < size; j++) sum[tokens[n] * size + j] += d[n * size + j];
      }
      return tf.tensor(sum, [vocab, size]);
    };
    return { value: tf.tensor(value, [tokens.length, size]), gradFunc };
  });
  return operator(table);
}

/**
 * The quantized head as an operator: h [rows, size] real to logits [rows, classes] real (multiples of
 * 1/512). The product runs on tfjs: integers below 2^24, so any backend is exact.
 */
function quantizedDense(
  tf: Tf,
  scheme: Scheme,
  h: TF.Tensor,
  weights: TF.Tensor,
  bias: TF.Tensor,
  gain: TF.Tensor,
): TF.Tensor {
  const operator = tf.customGrad((...inputs) => {
    const [hIn, w, b, g] = inputs as TF.Tensor[];
    const save = inputs[4] as TF.GradSaveFunc;
    const [classes, columns] = w.shape;
    const plan = planHead(scheme, classes, columns);
    const source = {
      weights: w.dataSync() as Float32Array,
      bias: b.dataSync() as Float32Array,
      gain: g.dataSync() as Float32Array,
    };
    const coded = codeMatrix(plan, source);
    checkExact(coded.effective, columns, plan.activationMax, 'head');
    const codes = tf.tensor(Float32Array.from(coded.effective), [classes, columns]);
    // Transposes are explicit: tfjs' WASM backend multiplies transposed operands very slowly.
    const acc = tf.matMul(tf.div(hIn, plan.unit), tf.transpose(codes)).dataSync();
    const rows = acc.length / classes;
    const logits = new Float32Array(acc.length);
    const inside = new Float32Array(acc.length);
    for (let n = 0; n < acc.length; n++) {
      const row = coded.rows[n % classes];
      if (row.kind !== 'linear') throw new TypeError('head rows are linear');
      const q = requantize(acc[n], row.multiplier, row.shift, row.bias);
      logits[n] = q / 512;
      inside[n] = q === INT16_MAX || q === INT16_MIN ? 0 : 1;
    }
    const scale = tf.tensor(Float32Array.from(coded.scale), [classes, 1]);
    const mask = tf.tensor(inside, [rows, classes]);
    // What the gradient needs must be saved, or tfjs disposes of it with the forward pass.
    save([hIn, codes, scale, mask]);
    const gradFunc = (dy: TF.Tensor, saved: TF.Tensor[]): TF.Tensor[] => {
      const [hSaved, codes, scale, mask] = saved;
      const d = tf.mul(dy, mask);
      const dH = tf.matMul(d, tf.mul(codes, scale));
      const dW = Float32Array.from(tf.matMul(tf.transpose(d), hSaved).dataSync());
      const dGain = new Float32Array(classes);
      masterGradient(plan, coded, source, dW, dGain);
      return [dH, tf.tensor(dW, [classes, columns]), tf.sum(d, 0), tf.tensor(dGain)];
    };
    return { value: tf.tensor(logits, [rows, classes]), gradFunc };
  });
  return operator(h, weights, bias, gain);
}

/** `backend` insists on one; without it the best that starts is taken. */
export async function tfjsEngine(backend?: TfjsBackend): Promise<Engine> {
  const loaded = await loadTfjs(backend);
  const passed = loaded.why.length > 0 ? ` (not ${loaded.why.join('; not ')})` : '';
  return {
    name: 'tfjs',
    version: `${loaded.backend} ${loaded.version}, fused LSTM operator${passed}`,
    createSession: (config) => new TfjsSession(loaded.tf, config),
  };
}
class TfjsSession implements Session {
  private readonly meta: ModelMeta;
  private readonly scheme: Scheme | undefined;
  private readonly layers: FusedLstm[];
  /** By name of the matrix; none in the float scheme. */
  private readonly plans: Map<string, MatrixPlan>;
  private readonly params = new Map<string, TF.Variable>();
  private readonly first = new Map<string, TF.Variable>();
  private readonly second = new Map<string, TF.Variable>();
  private step = 0;
  constructor(
    private readonly tf: Tf,
    private readonly config: SessionConfig,
  ) {
    const { model, batch, timeSteps, optimizer } = config;
    if (optimizer && optimizer.skipWeight > 0) {
      throw new TypeError(
        `skipWeight: ${optimizer.skipWeight}, which this engine does not know; use the native or wasm engine`,
      );
    }
    const { input, layers, head } = model;
    if (input.kind === 'one-hot' || input.kind === 'features' || head.output === 'value') {
      throw new TypeError('the tfjs engine reads embedded tokens or values, and predicts classes');
    }
    if (layers.some(({ backward }) => backward) || config.mask || config.dropout) {
      throw new TypeError('the tfjs engine knows neither backward layers nor masks nor dropout');
    }
    checkScheme(model.scheme);
    this.scheme = model.scheme === 'float' ? undefined : model.scheme;
    const plans = this.scheme && matrixPlans(model, this.scheme);
    this.plans = new Map(plans && [...plans.layers.entries()].map(([l, p]) => [`layer${l}`, p]));
    if (plans) this.plans.set('head', plans.head);
    const { meta, tensors } = toTensors(model);
    this.meta = meta;
    for (const [name, { data, shape }] of Object.entries(tensors)) {
      const value = tf.tensor(data.slice(), [...shape]);
      this.params.set(name, tf.variable(value));
      if (optimizer === undefined) continue;
      this.first.set(name, tf.variable(tf.zerosLike(value), false));
      this.second.set(name, tf.variable(tf.zerosLike(value), false));
    }
    this.layers = model.layers.map(
      ({ inputSize, hiddenSize }) =>
        new FusedLstm(tf, {
          ...{ scheme: model.scheme, inputSize, hiddenSize, batch, timeSteps, stateful: true },
          ...(optimizer && { gateGradient: optimizer.gateGradient }),
        }),
    );
  }
  private value(name: string): TF.Variable {
    return this.params.get(name)!;
  }
  /** Real logits [rows, classes]; to be called inside a tidy. */
  private logits(batch: Batch): TF.Tensor {
    const { tf, scheme, config } = this;
    const { timeSteps } = batch;
    const { model } = config;
    const shape = [timeSteps, config.batch, model.layers[0].inputSize];
    const input: TF.Tensor =
      model.input.kind === 'tokens'
        ? embed(tf, this.value('embedding'), batch.tokens!, activationOf(scheme))
        : tf.tensor(batch.values!);
    let x = tf.reshape(input, shape);
    this.layers.forEach((layer, l) => {
      const [w, b, g] = ['weights', 'bias', 'gain'].map((part) => this.value(`layer${l}.${part}`));
      x = layer.apply(x, w, b, g);
    });
    const size = x.shape[2]!;
    const every = model.head.when === 'every-step';
    const h = every
      ? tf.reshape(x, [timeSteps * config.batch, size])
      : tf.reshape(tf.slice(x, [timeSteps - 1, 0, 0], [1, config.batch, size]), [
          config.batch,
          size,
        ]);
    const [w, b, g] = ['weights', 'bias', 'gain'].map((part) => this.value(`head.${part}`));
    if (scheme) return quantizedDense(tf, scheme, h, w, b, g);
    return tf.add(tf.matMul(h, tf.transpose(w)), b);
  }
  private loss(logits: TF.Tensor, targets: Int32Array): TF.Scalar {
    const { tf } = this;
    const count = targets.reduce((n, target) => n + (target >= 0 ? 1 : 0), 0);
    // Rows of lanes without a target are all zero.
    const wanted = tf.oneHot(tf.tensor1d(targets, 'int32'), logits.shape[1]!);
    const sum = tf.sum(tf.mul(tf.cast(wanted, 'float32'), tf.logSoftmax(logits)));
    return tf.mul(sum, -1 / Math.max(1, count));
  }
  private differentiate(batch: Batch): { loss: number; grads: Record<string, TF.Tensor> } {
    const { targets } = batch;
    if (targets === undefined) throw new TypeError('batch: no targets to train on');
    checkBatch(this.config.model, this.config, batch);
    const names = [...this.params.keys()];
    const { tf } = this;
    const { value, grads } = tf.variableGrads(
      () => this.loss(this.logits(batch), targets),
      names.map((name) => this.value(name)),
    );
    for (const layer of this.layers) layer.settle();
    const byName = Object.fromEntries(
      names.map((name) => [name, grads[this.value(name).name] ?? tf.zerosLike(this.value(name))]),
    );
    return { loss: value.dataSync()[0], grads: byName };
  }
  gradients(batch: Batch): { loss: number; tensors: Tensors } {
    return this.tidy(() => {
      const { loss, grads } = this.differentiate(batch);
      const tensors = Object.fromEntries(
        Object.entries(grads).map(([name, g]) => [
          name,
          f32(g.shape, (g.dataSync() as Float32Array).slice()),
        ]),
      );
      return { loss, tensors };
    });
  }
  /** tf.tidy for callbacks that return plain data. */
  private tidy<T>(run: () => T): T {
    let result: T;
    this.tf.tidy(() => {
      result = run();
    });
    return result!;
  }
  trainStep(batch: Batch, learningRate: number): StepResult {
    const { tf } = this;
    const o = this.config.optimizer;
    if (o === undefined) throw new Error('this session was created without an optimizer');
    return this.tidy(() => {
      const { loss, grads } = this.differentiate(batch);
      let squares = 0;
      for (const g of Object.values(grads)) for (const v of g.dataSync()) squares += v * v;
      const gradNorm = Math.sqrt(squares);
      if (!Number.isFinite(gradNorm) || !Number.isFinite(loss)) {
        throw new RangeError('training diverged: the loss is not finite; lower the learning rate');
      }
      const clip = gradNorm > o.clip ? o.clip / gradNorm : 1;
      this.step++;
      const root = Math.sqrt(1 - o.beta2 ** this.step);
      const base = (learningRate * root) / (1 - o.beta1 ** this.step);
      for (const [name, raw] of Object.entries(grads)) {
        const rule = this.rule(name, o);
        if (rule === undefined) continue;
        const [p, m, v] = [this.value(name), this.first.get(name)!, this.second.get(name)!];
        const g = tf.mul(raw, clip);
        m.assign(tf.add(tf.mul(m, o.beta1), tf.mul(g, 1 - o.beta1)));
        v.assign(tf.add(tf.mul(v, o.beta2), tf.mul(tf.square(g), 1 - o.beta2)));
        const rate = tf.mul(rule.rate, base);
        const move = tf.div(tf.mul(m, rate), tf.add(tf.sqrt(v), o.epsilon * root));
        const next = tf.sub(p, move);
        p.assign(tf.minimum(tf.maximum(next, rule.low), rule.high));
      }
      return { loss, gradNorm };
    });
  }
  /** How Adam moves a tensor: at which multiple of the step's rate, and within what; undefined: not at all. */
  private rule(
    name: string,
    o: OptimizerConfig,
  ): { rate: number | TF.Tensor; low: number | TF.Tensor; high: number | TF.Tensor } | undefined {
    if (name === 'embedding') return { rate: 1, low: -1, high: 1 };
    const groups = this.plans.get(name.split('.')[0])?.groups ?? [];
    if (name.endsWith('.gain')) {
      if (!groups.some(({ normalized }) => normalized)) return undefined;
      return { rate: o.gainRate, low: GAIN_MIN, high: Infinity };
    }
    if (!name.endsWith('.weights') || groups.length === 0) {
      return { rate: 1, low: -Infinity, high: Infinity };
    }
    const rules = groups.map(({ coding, normalized }) => masterRule(coding, normalized, o));
    const rows = (value: (rule: (typeof rules)[number]) => number): TF.Tensor => {
      const all = groups.flatMap(({ begin, end }, g) =>
        new Array<number>(end - begin).fill(value(rules[g])),
      );
      return this.tf.tensor(all, [all.length, 1]);
    };
    return {
      rate: rows(({ rate }) => rate),
      low: rows(({ range }) => -range),
      high: rows(({ range }) => range),
    };
  }
  forward(batch: Batch, trace = false): ForwardResult {
    checkBatch(this.config.model, this.config, batch);
    return this.tidy(() => {
      const { tf } = this;
      const logits = tf.tidy(() => this.logits(batch));
      const layers = this.layers.map((layer) => layer.settle(trace));
      const count = batch.targets?.reduce((n, target) => n + (target >= 0 ? 1 : 0), 0) ?? 0;
      const loss = count > 0 ? this.loss(logits, batch.targets!).dataSync()[0] : NaN;
      const unit = unitsOf(this.config.model.scheme).logit;
      const integers = Float32Array.from(logits.dataSync(), (v) => v / unit);
      return { loss, count, logits: integers, ...(trace && { layers: layers as LayerTrace[] }) };
    });
  }
  reset(lane?: number): void {
    for (const layer of this.layers) layer.reset(lane);
  }
  private read(variables: Map<string, TF.Variable>, prefix = ''): Record<string, FloatTensor> {
    return Object.fromEntries(
      [...variables].map(([name, v]) => [
        prefix + name,
        f32(v.shape, (v.dataSync() as Float32Array).slice()),
      ]),
    );
  }
  model(): Model {
    return fromTensors(this.meta, this.read(this.params));
  }
  snapshot(): Tensors {
    const tensors: Record<string, Tensor> = this.read(this.params);
    if (this.config.optimizer !== undefined) {
      Object.assign(tensors, this.read(this.first, 'adam.first.'));
      Object.assign(tensors, this.read(this.second, 'adam.second.'));
      tensors['adam.step'] = { dtype: 'I32', shape: [1], data: Int32Array.of(this.step) };
    }
    this.layers.forEach((layer, l) => {
      const state = layer.state();
      tensors[`state.h${l}`] = state['state.h0'];
      tensors[`state.c${l}`] = state['state.c0'];
    });
    return tensors;
  }
  restore(snapshot: Tensors): void {
    const { tf } = this;
    const assign = (variables: Map<string, TF.Variable>, prefix: string): void => {
      const named = Object.entries(snapshot).filter(([name]) => name.startsWith(prefix));
      const part = Object.fromEntries(named.map(([name, t]) => [name.slice(prefix.length), t]));
      const { tensors } = toTensors(fromTensors(this.meta, part));
      for (const [name, variable] of variables) {
        tf.tidy(() => {
          variable.assign(tf.tensor(tensors[name].data.slice(), [...tensors[name].shape]));
        });
      }
    };
    assign(this.params, '');
    if (this.config.optimizer !== undefined) {
      assign(this.first, 'adam.first.');
      assign(this.second, 'adam.second.');
      const step = snapshot['adam.step'];
      if (step === undefined) throw new TypeError('snapshot: adam.step is missing');
      this.step = step.data[0];
    }
    this.layers.forEach((layer, l) => {
      layer.setState({ 'state.h0': snapshot[`state.h${l}`], 'state.c0': snapshot[`state.c${l}`] });
    });
  }
  dispose(): void {
    for (const variables of [this.params, this.first, this.second]) {
      for (const variable of variables.values()) variable.dispose();
    }
  }
}
