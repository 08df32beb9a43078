/**
 * Fused LSTM training: forward, head, loss, backward and Adam of a whole sequence as one program
 * (schedule.ts) that a kernel set runs. Between programs and parts of one the host decides scales and decision
 * points, and codes and computes what no kernel does (coded-parameters.ts, cell-steps.ts).
 */
import { tanhTable } from '../quant/tanh.js';
import { f32, type Model, type Tensors } from '../model/model.js';
import { floatWord, Placed, Program } from './assembler.js';
import { Random } from '../model/random.js';
import { CellSteps } from './cell-steps.js';
import { CodedParameters } from './coded-parameters.js';
import { dropKey } from './dropout.js';
import {
  type Batch,
  checkBatch,
  checkSession,
  type Engine,
  type ForwardResult,
  type HeadRows,
  type LayerTrace,
  type Session,
  type SessionConfig,
  type StepResult,
  type Units,
  unitsOf,
} from './engine.js';
import { Inputs } from './inputs.js';
import { HEAP_BASE, type KernelMemory, type KernelSet } from './kernels.js';
import { Arena, createLayout, type Layout } from './layout.js';
import type { Views } from './matrix-coding.js';
import { dropMark, exactMark } from './products.js';
import { rateMark, Schedule } from './schedule.js';
import { joinTraces, traceLayers } from './trace.js';

export function fusedEngine(kernels: KernelSet): Engine {
  return {
    name: kernels.name,
    version: `${kernels.version}, node ${process.versions.node}`,
    createSession: (config) => new FusedSession(kernels, config),
  };
}

/** What one run of a segment of the sequence does. */
interface Segment {
  readonly steps: number;
  /** Whether the layers run forward; not where they have just done so. */
  readonly layers: boolean;
  /** Whether the head runs: for a last-step head only in the last segment. */
  readonly head: boolean;
  /** Whether the head has targets to compare with. */
  readonly targets: boolean;
  readonly backward: boolean;
  /** Nothing flows in from later steps; nothing flows out to earlier ones. */
  readonly last: boolean;
  readonly first: boolean;
  /** Gradients add to those of later segments. */
  readonly add: boolean;
  /** dOutput was given by the caller. */
  readonly given: boolean;
  /** Code the weights first; carry the states; end with Adam and the statistics of the new weights. */
  readonly whole: boolean;
  readonly dropout: boolean;
  /** Two- and three-valued activations are drawn. */
  readonly sampling: boolean;
}

/** How far the way from parameters to codes has been gone. */
enum Stage {
  /** Masters are new. */
  stale,
  /** Statistics follow them. */
  measured,
  /** Row blocks do, and codes that the host makes. */
  scaled,
  /** Panels do. */
  coded,
}

const PROGRAMS = 4;

export class FusedSession implements Session {
  readonly memoryBytes: number;
  private readonly layout: Layout;
  private readonly schedule: Schedule;
  private readonly memory: KernelMemory;
  private readonly views: Views;
  private readonly parameters: CodedParameters;
  private readonly inputs: Inputs;
  /** Step of the batch from which the present run draws its activations. */
  private drawnFrom: number | undefined;
  /** By layer, where no kernel computes the cells. */
  private readonly cells: readonly CellSteps[];
  /** Activations: int16, or reals in the float scheme. */
  private readonly activations: Int16Array | Float32Array;
  private readonly operand: number;
  private readonly units: Units;
  private readonly template: Model;
  private readonly statistics: Placed;
  private readonly coding: Placed;
  private readonly finishing: Placed;
  private readonly updating: Placed;
  /** Programs of segments; the address of each slot is fixed, the oldest one gives way. */
  private readonly segments = new Map<string, Placed>();
  private readonly slots: number[];
  private readonly slotBytes: number;
  private readonly rateFactors: readonly number[] = [];
  private stage = Stage.stale;
  /** Steps times sequences of the batch being trained on. */
  private trainedRows = 0;

  /**
   * inputGradient: dense input gets a gradient too (see sequenceGradients). Throws RangeError where the
   * sizes are not positive integers or need more than 4 GiB, TypeError where the model has what a session
   * does not know.
   */
  constructor(
    kernels: KernelSet,
    private readonly config: SessionConfig,
    inputGradient = false,
  ) {
    checkSession(config);
    const { model, timeSteps, checkpointSteps } = config;
    this.template = model;
    this.units = unitsOf(model.scheme);
    this.operand = model.scheme === 'float' ? 4 : 2;
    const arena = new Arena();
    const steps = Math.min(timeSteps, checkpointSteps ?? timeSteps);
    const layout = createLayout(config, steps, inputGradient, arena);
    this.layout = layout;
    const every = model.head.when === 'every-step';
    const hostCodes = [...layout.layers, layout.head].some(({ coding }) => coding === 'host');
    this.schedule = new Schedule(layout, every, config.optimizer, {
      forwardCells: (layer, t) => this.cells[layer].forward(t, this.drawing(layer, t)),
      backwardCells: (layer, t, dOutput) => this.cells[layer].backward(t, dOutput),
      addSkipGradient: (layer, t) => this.addSkipGradient(layer, t),
      finishGradients:
        hostCodes || config.mask ? () => this.parameters.finishGradients() : undefined,
    });
    const statistics = new Program();
    this.schedule.statistics(statistics);
    const coding = new Program();
    this.schedule.coding(coding);
    const finishing = new Program();
    const updating = new Program();
    if (layout.training) {
      this.schedule.masters(finishing);
      this.rateFactors = this.schedule.update(updating);
    }
    const fixed = [statistics, coding, finishing, updating];
    const at = fixed.map((program) => arena.bytes(program.bytes));
    const longest = this.program({
      ...BACKWARD,
      ...{ steps, head: true, backward: layout.training, whole: layout.training },
      first: checkpointSteps === undefined,
      dropout: layout.dropout !== undefined,
    });
    this.slotBytes = longest.bytes;
    this.slots = Array.from({ length: PROGRAMS }, () => arena.bytes(this.slotBytes));
    this.memory = kernels.allocate(arena.size);
    const { buffer } = this.memory;
    this.views = {
      f32: new Float32Array(buffer),
      f64: new Float64Array(buffer),
      i32: new Int32Array(buffer),
      i16: new Int16Array(buffer),
    };
    const { i16, i32, f32 } = this.views;
    this.activations = layout.scheme ? i16 : f32;
    const placed = fixed.map((program, n) => new Placed(program, at[n], i32));
    [this.statistics, this.coding, this.finishing, this.updating] = placed;
    i32.set(tanhTable(layout.scheme?.tanh), layout.table / 4);
    this.inputs = new Inputs(this.views, layout, model);
    this.parameters = new CodedParameters(this.views, layout, model, config.mask);
    this.memoryBytes = arena.size - HEAP_BASE + this.parameters.bytes;
    this.cells = layout.cells === 'host' ? this.cellSteps() : [];
  }

  private cellSteps(): CellSteps[] {
    const { layout, views, parameters } = this;
    const rule = this.config.optimizer?.gateGradient ?? 'sigmoid';
    return layout.layers.map((_, l) => {
      const decisions = () => parameters.decisionsOf(l);
      return new CellSteps(views, layout, l, parameters.blocks[l], rule, decisions);
    });
  }

  // ---------------------------------------------------------------------------------- parameters

  model(): Model {
    return this.parameters.model();
  }

  /** Up to what `coding` needs; `whole` segments go on with it themselves. */
  private scale(): void {
    if (this.stage < Stage.measured) this.statistics.run(this.memory);
    if (this.stage < Stage.scaled) {
      this.parameters.code();
      this.stage = Stage.scaled;
    }
  }

  private code(): void {
    if (this.stage === Stage.coded) return;
    this.scale();
    this.coding.run(this.memory);
    this.stage = Stage.coded;
  }

  // ------------------------------------------------------------------------------------ programs

  private program(s: Segment): Program {
    const p = new Program();
    const { schedule } = this;
    const every = this.template.head.when === 'every-step';
    const { dropout, add, head } = s;
    if (s.whole) schedule.coding(p);
    if (s.layers) schedule.layers(p, s.steps, dropout);
    if (head) {
      schedule.headPass(p, s.steps, { targets: s.targets, gradient: s.backward, dropout });
    }
    if (!s.backward) return p;
    const dOutputs = s.given || (head && every) ? 'every' : head ? 'last' : 'none';
    const skip = !s.given && this.config.optimizer!.skipWeight > 0;
    schedule.backward(p, s.steps, { last: s.last, first: s.first, dOutputs, dropout, skip });
    schedule.weightGradients(p, s.steps, { add, head, dropout });
    if (s.whole) {
      schedule.masters(p);
      schedule.carry(p, s.steps);
      schedule.update(p);
      // Of the new parameters, for the next step: that saves it waking the threads twice.
      if (this.layout.scheme) {
        p.sync();
        schedule.statistics(p);
      }
    }
    return p;
  }

  private placed(segment: Segment): Placed {
    const key = Object.values(segment).join();
    const found = this.segments.get(key);
    if (found) return found;
    const program = this.program(segment);
    const [oldest] = this.segments.keys();
    let address = this.slots[this.segments.size];
    if (this.segments.size === PROGRAMS) {
      address = this.segments.get(oldest)!.address;
      this.segments.delete(oldest);
    }
    if (program.bytes > this.slotBytes) {
      throw new Error(`a program of ${program.words.length} words does not fit; a bug in halfgate`);
    }
    const placed = new Placed(program, address, this.views.i32);
    this.segments.set(key, placed);
    return placed;
  }

  private loadTargets(batch: Batch, from: number, steps: number): void {
    const lanes = this.config.batch;
    const every = this.template.head.when === 'every-step';
    const targets = every
      ? batch.targets!.subarray(from * lanes, (from + steps) * lanes)
      : batch.targets!;
    this.views.i32.set(targets, this.layout.targets / 4);
  }

  /** Run one segment from step `from` of the batch; its input must be loaded. */
  private run(segment: Segment, from: number, weight: number, rate = 0): void {
    const program = this.placed(segment);
    this.inputs.mark(program, segment.backward);
    program.set('weight', floatWord(weight));
    this.parameters.eachExact((m, pairs) => void program.set(exactMark(m), pairs));
    if (segment.dropout) this.setDropout(program, from);
    this.drawnFrom = segment.sampling ? from : undefined;
    if (segment.whole) this.setRates(program, rate);
    program.run(this.memory);
  }

  /** What a step draws is a matter of its number, the layer and the time step `t` of the present run. */
  private drawing(layer: number, t: number): Random | undefined {
    const { sampling } = this.config;
    if (this.drawnFrom === undefined || sampling === undefined) return undefined;
    const key = dropKey(sampling.seed, this.parameters.step, layer);
    return new Random(key ^ Math.imul(this.drawnFrom + t + 1, 0x9e3779b1));
  }

  /** What a step drops is a matter of its number, the same however its batch is cut. */
  private setDropout(program: Placed, from: number): void {
    const { layers, buffers, width, batch, dropout } = this.layout;
    const every = this.template.head.when === 'every-step';
    for (let site = 0; site <= layers.length; site++) {
      const row = site === 0 ? width : buffers[site - 1].units;
      // A head at the last step has rows of its own.
      const before = site < layers.length || every ? from * batch * row : 0;
      const key = dropKey(dropout!.seed, this.parameters.step, site);
      program.set(dropMark(site), key + before);
    }
  }

  // ------------------------------------------------------------------------------------- forward

  /** Sum of losses over the rows of the last head pass: from sums of exponentials and distances. */
  private lossOf(rows: number): number {
    const { f64 } = this.views;
    const at = this.layout.sums / 8;
    let loss = 0;
    // One logarithm for eight rows: a sum of exponentials is at most its number of classes.
    for (let from = 0; from < rows; from += 8) {
      let product = 1;
      for (let r = from; r < Math.min(rows, from + 8); r++) {
        product *= f64[at + 2 * r];
        loss -= f64[at + 2 * r + 1];
      }
      loss += Math.log(product);
    }
    return loss;
  }

  /** [from, steps] of the runs that a batch of so many steps is cut into. */
  private cuts(timeSteps: number): { from: number; steps: number }[] {
    const { steps } = this.layout;
    const cuts = [];
    for (let from = 0; from < timeSteps; from += steps) {
      cuts.push({ from, steps: Math.min(steps, timeSteps - from) });
    }
    return cuts;
  }

  /** The state after `steps` steps becomes the next run's first. */
  private carry(steps: number): void {
    const lanes = this.config.batch;
    const { activations, operand } = this;
    for (const { c, hidden, units } of this.layout.buffers) {
      const size = lanes * units;
      for (const base of [c / operand, hidden / operand]) {
        activations.copyWithin(base, base + steps * size, base + (steps + 1) * size);
      }
    }
  }

  /** Copies of h and c as they stand in the given slot. */
  private states(slot: number): (Int16Array | Float32Array)[] {
    const lanes = this.config.batch;
    return this.layout.buffers.flatMap(({ c, hidden, units }) =>
      [c, hidden].map((base) => {
        const from = base / this.operand + slot * lanes * units;
        return this.activations.slice(from, from + lanes * units);
      }),
    );
  }

  private setStates(states: readonly (Int16Array | Float32Array)[]): void {
    this.layout.buffers.forEach(({ c, hidden }, l) => {
      this.activations.set(states[2 * l], c / this.operand);
      this.activations.set(states[2 * l + 1], hidden / this.operand);
    });
  }

  forward(batch: Batch, trace = false): ForwardResult {
    checkBatch(this.template, this.config, batch);
    this.code();
    const { layout } = this;
    const lanes = this.config.batch;
    const { classes, when } = this.template.head;
    const every = when === 'every-step';
    const count = countTargets(batch.targets);
    const logits = new Float32Array((every ? batch.timeSteps : 1) * lanes * classes);
    const traces: LayerTrace[][] = [];
    let loss = 0;
    for (const { from, steps } of this.cuts(batch.timeSteps)) {
      this.inputs.load(batch, from, steps);
      const head = every || from + steps === batch.timeSteps;
      if (head && batch.targets) this.loadTargets(batch, from, steps);
      this.run({ ...FORWARD, steps, head, targets: batch.targets !== undefined }, from, 0);
      if (head) {
        const rows = every ? steps * lanes : lanes;
        if (batch.targets) loss += this.lossOf(rows);
        const start = every ? from * lanes : 0;
        for (let r = 0; r < rows; r++) {
          const at = layout.logits / 4 + r * layout.head.n;
          logits.set(this.views.f32.subarray(at, at + classes), (start + r) * classes);
        }
      }
      if (trace) traces.push(this.trace(steps));
      this.carry(steps);
    }
    const layers = trace ? joinTraces(traces) : undefined;
    return { loss: batch.targets ? loss / count : NaN, count, logits, ...(layers && { layers }) };
  }

  private trace(steps: number): LayerTrace[] {
    return traceLayers(this.views, this.layout, this.parameters.blocks, steps);
  }

  // ------------------------------------------------------------------------------------ training

  /** Gradients of the mean loss in memory, of effective weights, not yet of their masters. */
  private differentiate(batch: Batch, weight: number): number {
    this.code();
    this.inputs.clearGradient();
    const cuts = this.cuts(batch.timeSteps);
    const every = this.template.head.when === 'every-step';
    const lanes = this.config.batch;
    const only = cuts.length === 1;
    const dropout = this.layout.dropout !== undefined;
    const sampling = this.config.sampling !== undefined;
    // First the states at which the runs begin; then the runs again, from the last one.
    const begins = [];
    for (const { from, steps } of cuts.slice(0, -1)) {
      begins.push(this.states(0));
      this.inputs.load(batch, from, steps);
      this.run({ ...FORWARD, steps, dropout, sampling }, from, 0);
      this.carry(steps);
    }
    let loss = 0;
    let end: (Int16Array | Float32Array)[] = [];
    for (let n = cuts.length - 1; n >= 0; n--) {
      const { from, steps } = cuts[n];
      const last = n === cuts.length - 1;
      if (!last) this.setStates(begins[n]);
      this.inputs.load(batch, from, steps);
      const head = every || last;
      if (head) this.loadTargets(batch, from, steps);
      const flow = { last, first: n === 0, add: !last };
      this.run({ ...BACKWARD, ...flow, steps, head, dropout, sampling }, from, weight);
      if (head) loss += this.lossOf(every ? steps * lanes : lanes);
      if (last && !only) end = this.states(steps);
    }
    if (only) this.carry(batch.timeSteps);
    else this.setStates(end);
    return loss;
  }

  /** d (skipWeight * mean |h|) / dh, beside what flows in from later steps. */
  private addSkipGradient(layer: number, t: number): void {
    const { buffers, layers, batch } = this.layout;
    const { hidden, dRecurrent, units } = buffers[layer];
    const slope = this.config.optimizer!.skipWeight / (this.trainedRows * layers[layer].hiddenSize);
    const size = batch * units;
    const from = hidden / this.operand + (t + 1) * size;
    const h = this.activations.subarray(from, from + size);
    const d = this.views.f32.subarray(dRecurrent / 4, dRecurrent / 4 + size);
    for (let k = 0; k < size; k++) d[k] += slope * Math.sign(h[k]);
  }

  private checkTraining(batch: Batch): number {
    if (this.config.optimizer === undefined)
      throw new Error('this session was created without an optimizer');
    if (batch.targets === undefined) throw new TypeError('batch: no targets to train on');
    checkBatch(this.template, this.config, batch);
    this.trainedRows = batch.timeSteps * this.config.batch;
    return countTargets(batch.targets);
  }

  gradients(batch: Batch): { loss: number; tensors: Tensors } {
    const count = this.checkTraining(batch);
    const { parameters } = this;
    this.code();
    // What is dropped is what the next step drops.
    parameters.step++;
    const loss = this.differentiate(batch, 1 / count) / count;
    parameters.step--;
    this.finishing.run(this.memory);
    for (const cells of this.cells) cells.forget();
    return { loss, tensors: parameters.gradients() };
  }

  private setRates(program: Placed, learningRate: number): void {
    const o = this.config.optimizer!;
    const { step } = this.parameters;
    const root = Math.sqrt(1 - o.beta2 ** step);
    const rate = (learningRate * root) / (1 - o.beta1 ** step);
    for (const factor of this.rateFactors) program.set(rateMark(factor), floatWord(rate * factor));
    program.set('epsilon', floatWord(o.epsilon * root));
  }

  trainStep(batch: Batch, learningRate: number): StepResult {
    const count = this.checkTraining(batch);
    const { timeSteps } = batch;
    const { parameters, layout } = this;
    const whole = timeSteps <= layout.steps;
    if (whole) this.scale();
    else this.code();
    parameters.step++;
    let loss: number;
    if (whole) {
      this.inputs.clearGradient();
      this.inputs.load(batch, 0, timeSteps);
      this.loadTargets(batch, 0, timeSteps);
      const dropout = layout.dropout !== undefined;
      const sampling = this.config.sampling !== undefined;
      const parts = { head: true, whole: true, dropout, sampling };
      const segment = { ...BACKWARD, steps: timeSteps, ...parts };
      this.run(segment, 0, 1 / count, learningRate);
      const every = this.template.head.when === 'every-step';
      loss = this.lossOf(every ? timeSteps * this.config.batch : this.config.batch);
      this.stage = Stage.measured;
    } else {
      loss = this.differentiate(batch, 1 / count);
      this.finishing.run(this.memory);
      this.setRates(this.updating, learningRate);
      this.updating.run(this.memory);
      this.stage = Stage.stale;
    }
    loss /= count;
    const gradNorm = this.views.f64[layout.clip / 8];
    if (!Number.isFinite(gradNorm) || !Number.isFinite(loss)) {
      throw new RangeError('training diverged: the loss is not finite; lower the learning rate');
    }
    this.trackDecisions();
    return { loss, gradNorm };
  }

  private trackDecisions(): void {
    if (this.layout.scheme?.decisions !== 'tracked') return;
    const { parameters } = this;
    this.cells.forEach((cells, l) => void cells.track(parameters.decisionTensor(l)!));
    parameters.planDecisions();
  }

  // ------------------------------------------------------------- the layers alone, for other engines

  /** Take the weights, biases and gains of a model of the same shape. */
  setParameters(tensors: Tensors): void {
    this.parameters.load('params', tensors);
    this.stage = Stage.stale;
  }

  /** Layers only: values [timeSteps, batch, channels] to the top layer's h, real, same order. */
  sequence(timeSteps: number, values: Float32Array): Float32Array {
    checkBatch(this.template, this.config, { timeSteps, values });
    this.code();
    this.inputs.load({ timeSteps, values }, 0, timeSteps);
    this.run({ ...FORWARD, steps: timeSteps }, 0, 0);
    const { hiddenSize } = this.layout.head;
    const top = this.layout.buffers[this.layout.buffers.length - 1];
    const rows = timeSteps * this.config.batch;
    const base = top.hidden / this.operand + this.config.batch * top.units;
    const out = new Float32Array(rows * hiddenSize);
    for (let r = 0; r < rows; r++) {
      for (let u = 0; u < hiddenSize; u++) {
        out[r * hiddenSize + u] =
          this.activations[base + r * top.units + u] * this.units.activation;
      }
    }
    return out;
  }

  /** Integers of the last sequence, then h and c carry over; once per sequence, gradients first. */
  finishSequence(timeSteps: number, trace = false): LayerTrace[] {
    const layers = trace ? this.trace(timeSteps) : [];
    this.carry(timeSteps);
    return layers;
  }

  /** After sequence: from dL/dh of the top layer to parameter gradients and dL/dx (real). */
  sequenceGradients(timeSteps: number, dH: Float32Array): { tensors: Tensors; dX: Float32Array } {
    const { buffers, head, width, dInput } = this.layout;
    const { f32 } = this.views;
    const top = buffers[buffers.length - 1];
    const rows = timeSteps * this.config.batch;
    for (let r = 0; r < rows; r++) {
      const row = dH.subarray(r * head.hiddenSize, (r + 1) * head.hiddenSize);
      f32.set(row, top.dOutput / 4 + r * top.units);
    }
    this.run({ ...BACKWARD, layers: false, steps: timeSteps, given: true }, 0, 0);
    this.finishing.run(this.memory);
    for (const cells of this.cells) cells.forget();
    const { inputSize } = this.layout.layers[0];
    const dX = new Float32Array(rows * inputSize);
    for (let r = 0; r < rows; r++) {
      const from = dInput / 4 + r * width;
      dX.set(f32.subarray(from, from + inputSize), r * inputSize);
    }
    return { tensors: this.parameters.gradients(), dX };
  }

  // --------------------------------------------------------------------------------------- state

  reset(lane?: number): void {
    const lanes = this.config.batch;
    for (const { c, hidden, units } of this.layout.buffers) {
      for (const base of [c / this.operand, hidden / this.operand]) {
        const from = base + (lane ?? 0) * units;
        this.activations.fill(0, from, lane === undefined ? base + lanes * units : from + units);
      }
    }
  }

  /** [name, first element, real size, padded size] of the carried states. */
  private stateViews(): [string, number, number, number][] {
    const { buffers, layers } = this.layout;
    return buffers.flatMap(({ c, hidden, units }, l): [string, number, number, number][] => [
      [`state.c${l}`, c / this.operand, layers[l].hiddenSize, units],
      [`state.h${l}`, hidden / this.operand, layers[l].hiddenSize, units],
    ]);
  }

  snapshot(): Tensors {
    const tensors = this.parameters.snapshot();
    const lanes = this.config.batch;
    for (const [name, base, size, units] of this.stateViews()) {
      const data = new Float32Array(lanes * size);
      for (let b = 0; b < lanes; b++) {
        const from = base + b * units;
        data.set(this.activations.subarray(from, from + size), b * size);
      }
      tensors[name] = f32([lanes, size], data);
    }
    return tensors;
  }

  restore(snapshot: Tensors): void {
    this.parameters.restore(snapshot);
    this.stage = Stage.stale;
    const lanes = this.config.batch;
    for (const [name, base, size, units] of this.stateViews()) {
      const tensor = snapshot[name];
      if (tensor?.data.length !== lanes * size) {
        throw new TypeError(`snapshot: ${name} is not [${lanes}, ${size}]`);
      }
      for (let b = 0; b < lanes; b++) {
        this.activations.set(tensor.data.subarray(b * size, (b + 1) * size), base + b * units);
      }
    }
  }

  readHead(rows: HeadRows): void {
    this.parameters.readHead(rows);
  }

  writeHead(rows: HeadRows): void {
    this.parameters.writeHead(rows);
    this.stage = Stage.stale;
  }

  dispose(): void {
    this.memory.dispose();
  }
}

const FORWARD: Segment = {
  ...{ steps: 0, layers: true, head: false, targets: false, backward: false },
  ...{ last: false, first: false },
  ...{ add: false, given: false, whole: false, dropout: false, sampling: false },
};

const BACKWARD: Segment = { ...FORWARD, targets: true, backward: true, last: true, first: true };

function countTargets(targets: Int32Array | undefined): number {
  let count = 0;
  const length = targets?.length ?? 0;
  for (let n = 0; n < length; n++) if (targets![n] >= 0) count++;
  return count;
}
