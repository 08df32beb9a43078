/**
 * Sampled softmax (Jean et al. 2015, arXiv:1412.2007): each step trains the head on its targets and some
 * drawn classes only, for vocabularies where the full head would cost most of the step. A session of any
 * engine whose head has as many rows as are drawn; before each step they are exchanged.
 *
 * A drawn class c gets -ln(1 - (1 - p_c)^draws) added to its logit, p its probability of being drawn.
 * Adam is lazy: rows that are not drawn keep their parameters and moments.
 */
import { Random } from '../model/random.js';
import { curvatures } from './coded-parameters.js';
import { fromTensors, type Model, type Tensor, type Tensors, toTensors } from '../model/model.js';
import type {
  Batch,
  Engine,
  ForwardResult,
  HeadRows,
  Session,
  SessionConfig,
  StepResult,
} from './engine.js';
import { checkBatch } from './engine.js';

export interface SampledConfig {
  /** Classes of one step: more than one batch has distinct targets, fewer than the model has. */
  readonly sampledClasses: number;
  /** How often each class occurs, [classes], above 0; drawn in proportion. */
  readonly frequencies: ArrayLike<number>;
  readonly seed: number;
}

/** Distinct classes of one step, targets first, and the tries that it took to draw the rest. */
export interface ClassSample {
  readonly classes: Int32Array;
  readonly tries: number;
}

/** Draws classes in proportion to frequencies. */
export class ClassSampler {
  private readonly cumulative: Float64Array;
  readonly total: number;

  constructor(frequencies: ArrayLike<number>) {
    this.cumulative = new Float64Array(frequencies.length);
    let sum = 0;
    for (let c = 0; c < frequencies.length; c++) {
      if (!(frequencies[c] > 0)) throw new RangeError(`frequency of class ${c} is not above 0`);
      sum += frequencies[c];
      this.cumulative[c] = sum;
    }
    this.total = sum;
  }

  probability(c: number): number {
    return (this.cumulative[c] - (c > 0 ? this.cumulative[c - 1] : 0)) / this.total;
  }

  private draw(random: Random): number {
    const wanted = random.uniform() * this.total;
    let low = 0;
    let high = this.cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.cumulative[middle] > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** All distinct targets, then drawn classes up to `count`. */
  sample(targets: Int32Array, count: number, random: Random): ClassSample {
    const taken = new Set<number>();
    for (const target of targets) if (target >= 0) taken.add(target);
    if (taken.size > count) {
      throw new RangeError(
        `a batch has ${taken.size} distinct targets, a sample of ${count} classes cannot hold them; ` +
          'use more sampled classes or smaller batches',
      );
    }
    let tries = 0;
    while (taken.size < count) {
      taken.add(this.draw(random));
      tries++;
    }
    return { classes: Int32Array.from(taken), tries };
  }
}

const empty = (length: number): HeadRows => ({
  params: new Float32Array(length),
  first: new Float32Array(length),
  second: new Float32Array(length),
});

const PARTS = [
  ['params', ''],
  ['first', 'adam.first.'],
  ['second', 'adam.second.'],
] as const;

export class SampledSession implements Session {
  private readonly inner: Session;
  private readonly sampler: ClassSampler;
  private readonly full: HeadRows;
  private readonly rows: HeadRows;
  private readonly width: number;
  private readonly slotOf: Int32Array;
  private readonly meta: ReturnType<typeof toTensors>['meta'];
  private step = 0;

  constructor(
    private readonly engine: Engine,
    private readonly config: SessionConfig,
    private readonly sampled: SampledConfig,
  ) {
    const { model } = config;
    const { classes } = model.head;
    const { sampledClasses: count, frequencies } = sampled;
    if (!Number.isInteger(count) || count < 2 || count >= classes) {
      throw new RangeError(`sampled classes: ${count} is not in 2..${classes - 1}`);
    }
    if (config.mask?.head) throw new TypeError('sampled classes: the head takes no mask');
    if (frequencies.length !== classes) {
      throw new RangeError(`sampled classes: ${frequencies.length} frequencies, not ${classes}`);
    }
    this.sampler = new ClassSampler(frequencies);
    this.meta = toTensors(model).meta;
    const size = model.head.weights.length / classes;
    this.width = size + 2;
    this.inner = engine.createSession({ ...config, model: smallHead(model, count) });
    if (!this.inner.readHead || !this.inner.writeHead) {
      throw new TypeError(`the ${engine.name} engine cannot train on sampled classes`);
    }
    this.full = empty(classes * this.width);
    this.rows = empty(count * this.width);
    this.slotOf = new Int32Array(classes);
    this.loadFull('params', toTensors(model).tensors, '');
  }

  private loadFull(part: keyof HeadRows, tensors: Tensors, prefix: string): void {
    const { width } = this;
    const size = width - 2;
    const [weights, bias, gain] = ['weights', 'bias', 'gain'].map(
      (name) => tensors[`${prefix}head.${name}`].data,
    );
    for (let r = 0; r < this.slotOf.length; r++) {
      this.full[part].set(weights.subarray(r * size, (r + 1) * size), r * width);
      this.full[part][r * width + size] = bias[r];
      this.full[part][r * width + size + 1] = gain[r];
    }
  }

  private headTensors(part: keyof HeadRows, prefix: string): Record<string, Tensor> {
    const classes = this.slotOf.length;
    const { width } = this;
    const size = width - 2;
    const take = (from: number, length: number): Float32Array => {
      const data = new Float32Array(classes * length);
      for (let r = 0; r < classes; r++) {
        const at = r * width + from;
        data.set(this.full[part].subarray(at, at + length), r * length);
      }
      return data;
    };
    return {
      [`${prefix}head.weights`]: { dtype: 'F32', shape: [classes, size], data: take(0, size) },
      [`${prefix}head.bias`]: { dtype: 'F32', shape: [classes], data: take(size, 1) },
      [`${prefix}head.gain`]: { dtype: 'F32', shape: [classes], data: take(size + 1, 1) },
    };
  }

  /** The head's present tensors; its curvature, where a scheme has it, before the first step as given. */
  private presentHead(): Record<string, Tensor> {
    const tensors = this.headTensors('params', '');
    const { curvature } = this.config.model.head;
    if (curvature === undefined) return tensors;
    const { shape } = tensors['head.weights'];
    const second = this.headTensors('second', '')['head.weights'].data as Float32Array;
    const data = this.step === 0 ? curvature.slice() : curvatures(second);
    return { ...tensors, 'head.curvature': { dtype: 'F32', shape, data } };
  }

  /** Put this step's classes into the inner head; the batch as the inner session sees it. */
  private begin(batch: Batch): { batch: Batch; sample: ClassSample; before: Float32Array } {
    const { sampledClasses, seed } = this.sampled;
    checkBatch(this.config.model, this.config, batch);
    if (batch.targets === undefined) throw new TypeError('batch: no targets to train on');
    const random = new Random(Math.imul(seed + 1, 0x85ebca6b) ^ this.step);
    const sample = this.sampler.sample(batch.targets, sampledClasses, random);
    const { width } = this;
    const before = new Float32Array(sampledClasses);
    sample.classes.forEach((c, slot) => {
      this.slotOf[c] = slot;
      for (const [part] of PARTS) {
        this.rows[part].set(this.full[part].subarray(c * width, (c + 1) * width), slot * width);
      }
      const expected = -Math.expm1(sample.tries * Math.log1p(-this.sampler.probability(c)));
      // A target that could hardly be drawn would get an endless correction.
      this.rows.params[slot * width + width - 2] -= Math.log(Math.max(expected, 1e-6));
      before[slot] = this.rows.params[slot * width + width - 2];
    });
    this.inner.writeHead!(this.rows);
    const targets = batch.targets.map((target) => (target < 0 ? target : this.slotOf[target]));
    return { batch: { ...batch, targets }, sample, before };
  }

  trainStep(batch: Batch, learningRate: number): StepResult {
    const { batch: small, sample, before } = this.begin(batch);
    const result = this.inner.trainStep(small, learningRate);
    this.inner.readHead!(this.rows);
    const { width } = this;
    sample.classes.forEach((c, slot) => {
      const at = slot * width;
      const bias = this.full.params[c * width + width - 2];
      for (const [part] of PARTS) {
        this.full[part].set(this.rows[part].subarray(at, at + width), c * width);
      }
      const moved = this.rows.params[at + width - 2] - before[slot];
      this.full.params[c * width + width - 2] = bias + moved;
    });
    this.step++;
    return result;
  }

  /** Of the loss over this step's sample; rows that are not in it have gradient 0. */
  gradients(batch: Batch): { readonly loss: number; readonly tensors: Tensors } {
    const { batch: small, sample } = this.begin(batch);
    const { loss, tensors } = this.inner.gradients(small);
    const all: Record<string, Tensor> = { ...tensors };
    for (const [name, { shape }] of Object.entries(this.headTensors('params', ''))) {
      const row = tensors[name].data.length / sample.classes.length;
      const data = new Float32Array(row * this.slotOf.length);
      sample.classes.forEach((c, slot) => {
        data.set(tensors[name].data.subarray(slot * row, (slot + 1) * row), c * row);
      });
      all[name] = { dtype: 'F32', shape, data };
    }
    return { loss, tensors: all };
  }

  /** On all classes. */
  forward(batch: Batch, trace = false): ForwardResult {
    const { optimizer: _, ...rest } = this.config;
    const whole = this.engine.createSession({ ...rest, model: this.model() });
    try {
      whole.restore(this.snapshot());
      const result = whole.forward(batch, trace);
      const states = Object.entries(whole.snapshot()).filter(([name]) => name.startsWith('state.'));
      this.inner.restore({ ...this.inner.snapshot(), ...Object.fromEntries(states) });
      return result;
    } finally {
      whole.dispose();
    }
  }

  get memoryBytes(): number | undefined {
    const { memoryBytes } = this.inner;
    return memoryBytes && memoryBytes + 12 * (this.full.params.length + this.rows.params.length);
  }

  reset(lane?: number): void {
    this.inner.reset(lane);
  }

  model(): Model {
    const { tensors } = toTensors(this.inner.model());
    return fromTensors(this.meta, { ...tensors, ...this.presentHead() });
  }

  snapshot(): Tensors {
    const tensors: Record<string, Tensor> = { ...this.inner.snapshot() };
    for (const [part, prefix] of PARTS) Object.assign(tensors, this.headTensors(part, prefix));
    return { ...tensors, ...this.presentHead() };
  }

  restore(snapshot: Tensors): void {
    const own = this.inner.snapshot();
    const inner = Object.fromEntries(
      Object.entries(snapshot).map(([name, tensor]) =>
        /^(adam\.(first|second)\.)?head\./.test(name) ? [name, own[name]] : [name, tensor],
      ),
    );
    this.inner.restore(inner);
    for (const [part, prefix] of PARTS) this.loadFull(part, snapshot, prefix);
    this.step = snapshot['adam.step'].data[0];
  }

  dispose(): void {
    this.inner.dispose();
  }
}

/** The model with the first `count` rows of its head. */
function smallHead(model: Model, count: number): Model {
  const { head } = model;
  const size = head.weights.length / head.classes;
  return {
    ...model,
    head: {
      ...head,
      classes: count,
      weights: head.weights.slice(0, count * size),
      bias: head.bias.slice(0, count),
      gain: head.gain.slice(0, count),
      curvature: head.curvature?.slice(0, count * size),
    },
  };
}
