/**
 * Fused LSTM training: forward, head, loss, backward and Adam of a whole sequence as one program
 * (schedule.ts) that a kernel set runs. What is decided row by row, scales and decision points, comes
 * from quantizers.ts, between two programs.
 */
import { TANH_TABLE } from '../quant/arithmetic.js';
import { type RowSink, scaleRows } from '../quant/quantizers.js';
import {
  f32,
  fromTensors,
  type Model,
  type ModelMeta,
  type Tensor,
  type Tensors,
  toTensors,
} from '../model/model.js';
import {
  type Batch,
  checkBatch,
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
import { HEAP_BASE, type KernelMemory, type KernelSet } from './kernels.js';
import {
  Arena,
  createLayout,
  type Layout,
  type Matrix,
  readHeadRows,
  readParameters,
  writeHeadRows,
  writeParameters,
} from './layout.js';
import { EXACT_PRODUCTS, PANEL, ROW_BLOCK } from './program.js';
import { chunkMark, floatWord, lowScalesOf, Program, Schedule } from './schedule.js';

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
}

/** A program in memory and the words of it that change. */
class Placed {
  private readonly marks = new Map<string, number[]>();

  constructor(
    program: Program,
    readonly address: number,
    private readonly i32: Int32Array,
  ) {
    program.op('end');
    i32.set(program.words, address >> 2);
    for (const { name, word } of program.marks) {
      const words = this.marks.get(name) ?? [];
      words.push((address >> 2) + word);
      this.marks.set(name, words);
    }
  }

  set(name: string, value: number): void {
    const words = this.marks.get(name);
    if (words) for (const word of words) this.i32[word] = value;
  }
}

/** What turns one matrix's statistics into its row block. */
interface Coder {
  readonly m: Matrix;
  readonly source: Parameters<typeof scaleRows>[2];
  /** The row block's real biases. */
  readonly real: Float32Array;
  readonly sink: RowSink;
}

const PROGRAMS = 4;

export class FusedSession implements Session {
  readonly memoryBytes: number;
  private readonly layout: Layout;
  private readonly schedule: Schedule;
  private readonly memory: KernelMemory;
  private readonly f32: Float32Array;
  private readonly f64: Float64Array;
  private readonly i32: Int32Array;
  /** Activations: int16, or reals in the float scheme. */
  private readonly activations: Int16Array | Float32Array;
  private readonly operand: number;
  private readonly meta: ModelMeta;
  private readonly units: Units;
  private readonly template: Model;
  private readonly statistics: Placed;
  private readonly coding: Placed;
  private readonly normalizing: Placed;
  private readonly updating: Placed;
  /** Programs of segments; the address of each slot is fixed, the oldest one gives way. */
  private readonly segments = new Map<string, Placed>();
  private readonly slots: number[];
  private readonly slotBytes: number;
  private readonly rateFactors: readonly number[] = [];
  private readonly coders: readonly Coder[];
  private slotOf: Int32Array;
  private readonly unique: Int32Array;
  private distinct = 0;
  /** Tokens whose embedding rows hold gradients. */
  private readonly touched = new Set<number>();
  private adamStep = 0;
  /** Whether statistics, and whether codes and panels, follow the present parameters. */
  private measured = false;
  private coded = false;

  /**
   * inputGradient: dense input gets a gradient too (see sequenceGradients). Throws RangeError where the
   * sizes are not positive integers or need more than 4 GiB.
   */
  constructor(
    kernels: KernelSet,
    private readonly config: SessionConfig,
    inputGradient = false,
  ) {
    const { model, batch, timeSteps, checkpointSteps } = config;
    for (const [name, value] of Object.entries({
      batch,
      timeSteps,
      checkpointSteps: checkpointSteps ?? 1,
    })) {
      if (!Number.isInteger(value) || value < 1)
        throw new RangeError(`session: ${name} is ${value}`);
    }
    this.template = model;
    this.meta = toTensors(model).meta;
    this.units = unitsOf(model.scheme);
    this.operand = model.scheme === 'float' ? 4 : 2;
    const arena = new Arena();
    const steps = Math.min(timeSteps, checkpointSteps ?? timeSteps);
    const layout = createLayout(config, steps, inputGradient, arena);
    this.layout = layout;
    const every = model.head.when === 'every-step';
    this.schedule = new Schedule(layout, every, config.optimizer);
    const statistics = new Program();
    this.schedule.statistics(statistics);
    const coding = new Program();
    this.schedule.coding(coding);
    const normalizing = new Program();
    this.schedule.normalized(normalizing);
    const updating = new Program();
    if (layout.training) this.rateFactors = this.schedule.update(updating);
    const fixed = [statistics, coding, normalizing, updating];
    const at = fixed.map((program) => arena.bytes(4 * program.words.length + 64));
    const longest = this.program({
      ...BACKWARD,
      ...{ steps, head: true, backward: layout.training, whole: layout.training },
      first: checkpointSteps === undefined,
    });
    this.slotBytes = 4 * longest.words.length + 64;
    this.slots = Array.from({ length: PROGRAMS }, () => arena.bytes(this.slotBytes));
    this.memoryBytes = arena.size - HEAP_BASE;
    this.memory = kernels.allocate(arena.size);
    const { buffer } = this.memory;
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.activations = layout.scheme ? new Int16Array(buffer) : this.f32;
    const placed = fixed.map((program, n) => new Placed(program, at[n], this.i32));
    [this.statistics, this.coding, this.normalizing, this.updating] = placed;
    this.i32.set(TANH_TABLE, layout.table >> 2);
    this.slotOf = new Int32Array(layout.embedding?.rows ?? 0).fill(-1);
    this.unique = this.i32.subarray(layout.unique >> 2, (layout.unique >> 2) + layout.uniqueMax);
    this.coders = [...layout.layers, layout.head].map((m) => this.coder(m));
    this.load(layout.params, toTensors(model).tensors);
  }

  // ---------------------------------------------------------------------------------- parameters

  private flat(base: number): Float32Array {
    return this.f32.subarray(base >> 2, (base >> 2) + this.layout.size);
  }

  private load(base: number, tensors: Tensors): void {
    writeParameters(this.layout, this.template, this.flat(base), tensors);
    if (base === this.layout.params) this.measured = this.coded = false;
  }

  private save(base: number): Tensors {
    return readParameters(this.layout, this.template, this.flat(base));
  }

  model(): Model {
    return fromTensors(this.meta, this.save(this.layout.params));
  }

  private coder(m: Matrix): Coder {
    const view = (address: number): Float32Array =>
      this.f32.subarray(address >> 2, (address >> 2) + m.n);
    const { params } = this.layout;
    const source = {
      maxAbs: view(m.maxAbs),
      nonzeros: this.i32.subarray(m.nonzeros >> 2, (m.nonzeros >> 2) + m.n),
      gain: view(params + m.gain * 4),
      bias: view(params + m.bias * 4),
    };
    return { m, source, real: view(m.block + ROW_BLOCK.bias * m.n), sink: this.rowSink(m) };
  }

  /** Writes a matrix's row block. */
  private rowSink(m: Matrix): RowSink {
    const words = (offset: number): number => (m.block + offset * m.n) >> 2;
    const from = words(ROW_BLOCK.ratio) >> 1;
    const ratio = this.f64.subarray(from, from + m.n);
    const scale64 = this.f64.subarray(m.scale64 >> 3, (m.scale64 >> 3) + m.n).fill(1);
    const ints = (offset: number): Int32Array =>
      this.i32.subarray(words(offset), words(offset) + m.n);
    const reals = (offset: number): Float32Array =>
      this.f32.subarray(words(offset), words(offset) + m.n);
    const biasInt = ints(ROW_BLOCK.biasInt);
    const low = ints(ROW_BLOCK.low).fill(0x7fffffff);
    const high = ints(ROW_BLOCK.high).fill(0x7fffffff);
    const slope = reals(ROW_BLOCK.slope);
    const scale = reals(ROW_BLOCK.scale);
    const { activation } = this.units;
    return {
      threshold(row, s, lowPoint, highPoint) {
        scale[row] = s;
        slope[row] = s * activation;
        low[row] = lowPoint;
        high[row] = highPoint;
      },
      linear(row, s, _multiplier, _shift, bias, rowRatio) {
        scale[row] = s;
        scale64[row] = s;
        slope[row] = s * activation;
        ratio[row] = rowRatio;
        biasInt[row] = bias;
      },
    };
  }

  /** Row scales and decision points from what the statistics found. */
  private scale(): void {
    const { scheme } = this.layout;
    for (const { m, source, real, sink } of this.coders) {
      real.set(source.bias);
      if (scheme === undefined) continue;
      for (const group of m.groups) scaleRows(group, scheme.weights, source, sink);
    }
  }

  /** Up to what `coding` needs; `whole` segments go on with it themselves. */
  private measure(): void {
    if (this.layout.scheme && !this.measured) this.memory.run(this.statistics.address);
    this.measured = true;
    this.scale();
  }

  private code(): void {
    if (this.coded) return;
    this.measure();
    this.memory.run(this.coding.address);
    this.coded = true;
  }

  // ------------------------------------------------------------------------------------ programs

  private program(s: Segment): Program {
    const p = new Program();
    const { schedule } = this;
    const every = this.template.head.when === 'every-step';
    if (s.whole) schedule.coding(p);
    if (s.layers) schedule.layers(p, s.steps);
    if (s.head) schedule.headPass(p, s.steps, s.targets, s.backward);
    if (!s.backward) return p;
    const dOutputs = s.given || (s.head && every) ? 'every' : s.head ? 'last' : 'none';
    schedule.backward(p, s.steps, { last: s.last, first: s.first, dOutputs });
    schedule.weightGradients(p, s.steps, s.add, s.head);
    if (s.whole) {
      schedule.normalized(p);
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
    if (4 * program.words.length + 64 > this.slotBytes) {
      throw new Error(`a program of ${program.words.length} words does not fit; a bug in halfgate`);
    }
    const placed = new Placed(program, address, this.i32);
    this.segments.set(key, placed);
    return placed;
  }

  /** Input of `steps` steps from step `from` of the batch into memory. */
  private loadInput(batch: Batch, from: number, steps: number): void {
    const { layout } = this;
    const lanes = this.config.batch;
    const { tokens, values } = batch;
    if (!layout.embedding) {
      const row = lanes * this.template.layers[0].inputSize;
      this.f32.set(values!.subarray(from * row, (from + steps) * row), layout.values >> 2);
      return;
    }
    const { slotOf, unique, i32 } = this;
    const slots = layout.slots >> 2;
    let distinct = 0;
    const begin = from * lanes;
    for (let n = 0; n < steps * lanes; n++) {
      const token = tokens![begin + n];
      let slot = slotOf[token];
      if (slot < 0) {
        slot = distinct++;
        slotOf[token] = slot;
        unique[slot] = token;
      }
      i32[slots + n] = slot;
    }
    for (let n = 0; n < distinct; n++) slotOf[unique[n]] = -1;
    this.distinct = distinct;
  }

  private loadTargets(batch: Batch, from: number, steps: number): void {
    const lanes = this.config.batch;
    const every = this.template.head.when === 'every-step';
    const targets = every
      ? batch.targets!.subarray(from * lanes, (from + steps) * lanes)
      : batch.targets!;
    this.i32.set(targets, this.layout.targets >> 2);
  }

  /** Run one segment; its input must be loaded. */
  private run(segment: Segment, weight: number, rate = 0): void {
    const program = this.placed(segment);
    const { distinct } = this;
    program.set('distinct', distinct);
    program.set('weight', floatWord(weight));
    const { embedding, uniqueMax } = this.layout;
    if (embedding && segment.backward) {
      for (let from = 0; from < uniqueMax; from += EXACT_PRODUCTS) {
        const count = Math.min(EXACT_PRODUCTS, Math.max(0, distinct - from));
        const rows = this.operand === 2 ? (count + 1) & ~1 : count;
        const mark = chunkMark(from / EXACT_PRODUCTS);
        program.set(`${mark}.rows`, count);
        program.set(`${mark}.panel`, rows * PANEL * this.operand);
        program.set(`${mark}.depth`, this.operand === 2 ? rows / 2 : rows);
        const { columnScales, layers } = this.layout;
        program.set(`${mark}.lowScales`, lowScalesOf(columnScales, count, layers[0].n));
      }
      for (let n = 0; n < distinct; n++) this.touched.add(this.unique[n]);
    }
    if (segment.whole) this.setRates(program, rate);
    this.memory.run(program.address);
  }

  private clearEmbedding(): void {
    const { embedding, grads } = this.layout;
    if (!embedding) return;
    const base = (grads >> 2) + embedding.offset;
    for (const token of this.touched) {
      const at = base + token * embedding.width;
      this.f32.fill(0, at, at + embedding.width);
    }
    this.touched.clear();
  }

  // ------------------------------------------------------------------------------------- forward

  /** Sum of losses over the rows of the last head pass: from sums of exponentials and distances. */
  private lossOf(rows: number): number {
    const at = this.layout.sums >> 3;
    let loss = 0;
    // One logarithm for eight rows: a sum of exponentials is at most its number of classes.
    for (let from = 0; from < rows; from += 8) {
      let product = 1;
      for (let r = from; r < Math.min(rows, from + 8); r++) {
        product *= this.f64[at + 2 * r];
        loss -= this.f64[at + 2 * r + 1];
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
      this.loadInput(batch, from, steps);
      const head = every || from + steps === batch.timeSteps;
      if (head && batch.targets) this.loadTargets(batch, from, steps);
      this.run({ ...FORWARD, steps, head, targets: batch.targets !== undefined }, 0);
      if (head) {
        const rows = every ? steps * lanes : lanes;
        if (batch.targets) loss += this.lossOf(rows);
        const start = every ? from * lanes : 0;
        for (let r = 0; r < rows; r++) {
          const at = (layout.logits >> 2) + r * layout.head.n;
          logits.set(this.f32.subarray(at, at + classes), (start + r) * classes);
        }
      }
      if (trace) traces.push(this.trace(steps));
      this.carry(steps);
    }
    const layers = trace ? joinTraces(traces) : undefined;
    return { loss: batch.targets ? loss / count : NaN, count, logits, ...(layers && { layers }) };
  }

  private trace(steps: number): LayerTrace[] {
    const lanes = this.config.batch;
    const rows = steps * lanes;
    const { scheme, layers, buffers } = this.layout;
    return layers.map((m, l): LayerTrace => {
      const b = buffers[l];
      const size = m.hiddenSize;
      const gates = new Float32Array(rows * 4 * size);
      const c = new Float32Array(rows * size);
      const h = new Float32Array(rows * size);
      const { activations, operand, i32 } = this;
      const words = (offset: number): number => (m.block + offset * m.n) >> 2;
      for (let r = 0; r < rows; r++) {
        const state = (lanes + r) * b.units;
        for (let u = 0; u < size; u++) {
          c[r * size + u] = activations[b.c / operand + state + u];
          h[r * size + u] = activations[b.hidden / operand + state + u];
        }
        for (let g = 0; g < 4; g++) {
          for (let u = 0; u < size; u++) {
            const row = g * b.units + u;
            const acc = (b.acc >> 2) + r * m.n + row;
            let value: number;
            if (scheme === undefined) value = this.f32[acc];
            else if (scheme.gates === 'int16') value = activations[b.gates / 2 + r * m.n + row];
            else if (g === 2) value = activations[b.gates / 2 + r * b.units + u];
            else {
              const above = (offset: number): number =>
                i32[acc] >= i32[words(offset) + row] ? 1 : 0;
              value = above(ROW_BLOCK.low) + above(ROW_BLOCK.high);
            }
            gates[(r * 4 + g) * size + u] = value;
          }
        }
      }
      return { gates, c, h };
    });
  }

  // ------------------------------------------------------------------------------------ training

  /** Gradients of the mean loss in memory, those of ternary weights not yet normalized. */
  private differentiate(batch: Batch, weight: number): number {
    this.code();
    this.clearEmbedding();
    const cuts = this.cuts(batch.timeSteps);
    const every = this.template.head.when === 'every-step';
    const lanes = this.config.batch;
    const only = cuts.length === 1;
    // First the states at which the runs begin; then the runs again, from the last one.
    const begins = [];
    for (const { from, steps } of cuts.slice(0, -1)) {
      begins.push(this.states(0));
      this.loadInput(batch, from, steps);
      this.run({ ...FORWARD, steps }, 0);
      this.carry(steps);
    }
    let loss = 0;
    let end: (Int16Array | Float32Array)[] = [];
    for (let n = cuts.length - 1; n >= 0; n--) {
      const { from, steps } = cuts[n];
      const last = n === cuts.length - 1;
      if (!last) this.setStates(begins[n]);
      this.loadInput(batch, from, steps);
      const head = every || last;
      if (head) this.loadTargets(batch, from, steps);
      const flow = { last, first: n === 0, add: !last };
      this.run({ ...BACKWARD, ...flow, steps, head }, weight);
      if (head) loss += this.lossOf(every ? steps * lanes : lanes);
      if (last && !only) end = this.states(steps);
    }
    if (only) this.carry(batch.timeSteps);
    else this.setStates(end);
    return loss;
  }

  private checkTraining(batch: Batch): number {
    if (this.config.optimizer === undefined)
      throw new Error('this session was created without an optimizer');
    if (batch.targets === undefined) throw new TypeError('batch: no targets to train on');
    checkBatch(this.template, this.config, batch);
    return countTargets(batch.targets);
  }

  gradients(batch: Batch): { loss: number; tensors: Tensors } {
    const count = this.checkTraining(batch);
    const loss = this.differentiate(batch, 1 / count) / count;
    this.memory.run(this.normalizing.address);
    return { loss, tensors: this.save(this.layout.grads) };
  }

  private setRates(program: Placed, learningRate: number): void {
    const o = this.config.optimizer!;
    const root = Math.sqrt(1 - o.beta2 ** this.adamStep);
    const rate = (learningRate * root) / (1 - o.beta1 ** this.adamStep);
    this.rateFactors.forEach((factor, n) => {
      program.set(`rate${n}`, floatWord(rate * factor));
    });
    program.set('epsilon', floatWord(o.epsilon * root));
  }

  trainStep(batch: Batch, learningRate: number): StepResult {
    const count = this.checkTraining(batch);
    const { timeSteps } = batch;
    this.adamStep++;
    let loss: number;
    if (timeSteps <= this.layout.steps) {
      this.clearEmbedding();
      this.measure();
      this.loadInput(batch, 0, timeSteps);
      this.loadTargets(batch, 0, timeSteps);
      const segment = { ...BACKWARD, steps: timeSteps, head: true, whole: true };
      this.run(segment, 1 / count, learningRate);
      const every = this.template.head.when === 'every-step';
      loss = this.lossOf(every ? timeSteps * this.config.batch : this.config.batch);
    } else {
      loss = this.differentiate(batch, 1 / count);
      this.memory.run(this.normalizing.address);
      this.setRates(this.updating, learningRate);
      this.memory.run(this.updating.address);
      this.measured = false;
    }
    loss /= count;
    const gradNorm = this.f64[this.layout.clip >> 3];
    if (!Number.isFinite(gradNorm) || !Number.isFinite(loss)) {
      throw new RangeError('training diverged: the loss is not finite; lower the learning rate');
    }
    this.coded = false;
    return { loss, gradNorm };
  }

  // ------------------------------------------------------------- the layers alone, for other engines

  /** Take the weights, biases and gains of a model of the same shape. */
  setParameters(tensors: Tensors): void {
    this.load(this.layout.params, tensors);
  }

  /** Layers only: values [timeSteps, batch, channels] to the top layer's h, real, same order. */
  sequence(timeSteps: number, values: Float32Array): Float32Array {
    checkBatch(this.template, this.config, { timeSteps, values });
    this.code();
    this.loadInput({ timeSteps, values }, 0, timeSteps);
    this.run({ ...FORWARD, steps: timeSteps }, 0);
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
    const top = buffers[buffers.length - 1];
    const rows = timeSteps * this.config.batch;
    for (let r = 0; r < rows; r++) {
      const row = dH.subarray(r * head.hiddenSize, (r + 1) * head.hiddenSize);
      this.f32.set(row, (top.dOutput >> 2) + r * top.units);
    }
    this.run({ ...BACKWARD, layers: false, steps: timeSteps, given: true }, 0);
    this.memory.run(this.normalizing.address);
    const { inputSize } = this.layout.layers[0];
    const dX = new Float32Array(rows * inputSize);
    for (let r = 0; r < rows; r++) {
      const from = (dInput >> 2) + r * width;
      dX.set(this.f32.subarray(from, from + inputSize), r * inputSize);
    }
    return { tensors: this.save(this.layout.grads), dX };
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
    const { params, first, second } = this.layout;
    const tensors: Record<string, Tensor> = { ...this.save(params) };
    if (this.config.optimizer !== undefined) {
      for (const [name, tensor] of Object.entries(this.save(first))) {
        tensors[`adam.first.${name}`] = tensor;
      }
      for (const [name, tensor] of Object.entries(this.save(second))) {
        tensors[`adam.second.${name}`] = tensor;
      }
      tensors['adam.step'] = { dtype: 'I32', shape: [1], data: Int32Array.of(this.adamStep) };
    }
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
    const { params, first, second } = this.layout;
    // fromTensors checks the names and shapes of the parameters.
    this.load(params, toTensors(fromTensors(this.meta, snapshot)).tensors);
    if (this.config.optimizer !== undefined) {
      for (const [prefix, base] of [
        ['adam.first.', first],
        ['adam.second.', second],
      ] as const) {
        const moments = Object.fromEntries(
          Object.entries(snapshot)
            .filter(([name]) => name.startsWith(prefix))
            .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
        );
        this.load(base, toTensors(fromTensors(this.meta, moments)).tensors);
      }
      const step = snapshot['adam.step'];
      if (step === undefined) throw new TypeError('snapshot: adam.step is missing');
      this.adamStep = step.data[0];
    }
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
    const { params, first, second } = this.layout;
    readHeadRows(this.layout, this.flat(params), rows.params);
    readHeadRows(this.layout, this.flat(first), rows.first);
    readHeadRows(this.layout, this.flat(second), rows.second);
  }

  writeHead(rows: HeadRows): void {
    const { params, first, second } = this.layout;
    writeHeadRows(this.layout, this.flat(params), rows.params);
    writeHeadRows(this.layout, this.flat(first), rows.first);
    writeHeadRows(this.layout, this.flat(second), rows.second);
    this.measured = this.coded = false;
  }

  dispose(): void {
    this.memory.dispose();
  }
}

const FORWARD: Segment = {
  ...{ steps: 0, layers: true, head: false, targets: false, backward: false },
  ...{ last: false, first: false },
  ...{ add: false, given: false, whole: false },
};

const BACKWARD: Segment = { ...FORWARD, targets: true, backward: true, last: true, first: true };

function countTargets(targets: Int32Array | undefined): number {
  let count = 0;
  const length = targets?.length ?? 0;
  for (let n = 0; n < length; n++) if (targets![n] >= 0) count++;
  return count;
}

function joinTraces(parts: readonly LayerTrace[][]): LayerTrace[] {
  const join = (arrays: readonly Float32Array[]): Float32Array => {
    const all = new Float32Array(arrays.reduce((n, a) => n + a.length, 0));
    let at = 0;
    for (const array of arrays) {
      all.set(array, at);
      at += array.length;
    }
    return all;
  };
  return parts[0].map((_, l) => ({
    gates: join(parts.map((p) => p[l].gates)),
    c: join(parts.map((p) => p[l].c)),
    h: join(parts.map((p) => p[l].h)),
  }));
}
