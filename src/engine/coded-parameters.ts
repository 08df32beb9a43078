/**
 * A session's parameters: masters in the flat buffers of its memory, what lies beside them (curvature,
 * decision points, masks), and how they become codes between two programs.
 */
import type { Decisions, MatrixPlan } from '../quant/code-matrix.js';
import { isLossAware } from '../quant/coding.js';
import { decisionsOf, matrixPlans } from '../quant/quantize.js';
import { needsCurvature } from '../quant/scheme.js';
import {
  f32,
  fromTensors,
  type Model,
  type ModelMeta,
  type Tensor,
  type Tensors,
  toTensors,
} from '../model/model.js';
import type { HeadRows, WeightMask } from './engine.js';
import type { Layout, Matrix } from './layout.js';
import {
  HostCoder,
  kernelCoder,
  type MatrixCoder,
  type RowBlock,
  rowBlock,
  type Views,
} from './matrix-coding.js';
import {
  eachWeight,
  paddedRow,
  readHeadRows,
  readParameters,
  weightTensor,
  writeHeadRows,
  writeParameters,
} from './parameters.js';

/** Added to the root of Adam's second moment, so that no curvature is 0 (arXiv:1802.08635). */
const CURVATURE_MIN = 1e-8;

/** Curvature of the loss as Adam's second moments know it, in their place. */
export function curvatures(second: Float32Array): Float32Array {
  for (let k = 0; k < second.length; k++) second[k] = Math.sqrt(second[k]) + CURVATURE_MIN;
  return second;
}

const MOMENTS = ['first', 'second'] as const;

/** One matrix and what codes it. */
interface Coded {
  readonly m: Matrix;
  readonly block: RowBlock;
  readonly coder: MatrixCoder;
}

/** Weights that stay 0: their words in the flat buffers, and where masters' gradients are finished. */
interface Masked {
  readonly offsets: Int32Array;
  readonly gradients: Int32Array;
}

export class CodedParameters {
  /** Steps of the optimizer so far. */
  step = 0;
  private readonly meta: ModelMeta;
  private readonly matrices: readonly Coded[];
  private readonly masked: readonly Masked[];
  private plans: readonly (MatrixPlan | undefined)[];
  /** By tensor name: curvature as loaded, which holds until the first step, and decisions. */
  private readonly beside = new Map<string, Float32Array>();

  constructor(
    private readonly views: Views,
    private readonly layout: Layout,
    private readonly template: Model,
    mask: WeightMask | undefined,
  ) {
    const { meta, tensors } = toTensors(template);
    this.meta = meta;
    const { layers, head } = layout;
    this.matrices = [...layers, head].map((m): Coded => {
      const block = rowBlock(views, m);
      const coder =
        m.coding === 'host'
          ? new HostCoder(views, layout, m, block, () =>
              m.plan!.groups.some(({ coding }) => isLossAware(coding))
                ? this.curvature(m)
                : undefined,
            )
          : kernelCoder(views, layout, m, block);
      return { m, block, coder };
    });
    this.plans = this.matrices.map(({ m }) => m.plan);
    this.masked = [...layers, head].flatMap((m, k) => {
      const kept = k === layers.length ? mask?.head : mask?.layers[k];
      return kept ? [this.maskedWords(m, kept)] : [];
    });
    this.load('params', tensors);
  }

  /** Outside the session's memory. */
  get bytes(): number {
    return this.matrices.reduce((sum, { coder }) => sum + coder.bytes, 0);
  }

  get blocks(): RowBlock[] {
    return this.matrices.map(({ block }) => block);
  }

  private maskedWords(m: Matrix, kept: Uint8Array): Masked {
    const offsets: number[] = [];
    const gradients: number[] = [];
    const columns = m.inputSize + m.hiddenSize;
    eachWeight(m, (flat, rowMajor) => {
      if (kept[rowMajor] !== 0) return;
      offsets.push(flat);
      const k = rowMajor % columns;
      const row = m.rowMajor + paddedRow(m, Math.floor(rowMajor / columns)) * m.rowMajorRow;
      const inRow = row / 4 + (k < m.inputSize ? k : m.x + k - m.inputSize);
      gradients.push(m.coding === 'host' ? inRow : this.layout.grads / 4 + flat);
    });
    return { offsets: Int32Array.from(offsets), gradients: Int32Array.from(gradients) };
  }

  // ------------------------------------------------------------------------------------- tensors

  private flat(part: 'params' | 'grads' | 'first' | 'second'): Float32Array {
    const base = this.layout[part] / 4;
    return this.views.f32.subarray(base, base + this.layout.size);
  }

  /** Tensors may lack curvature and decisions: those of before stay. */
  load(part: 'params' | 'first' | 'second', tensors: Tensors): void {
    const flat = this.flat(part);
    writeParameters(this.layout, this.template, flat, tensors);
    for (const { offsets } of this.masked) for (const at of offsets) flat[at] = 0;
    if (part !== 'params') return;
    for (const [name, { data }] of Object.entries(tensors)) {
      if (/\.(curvature|decisions)$/.test(name)) this.beside.set(name, Float32Array.from(data));
    }
    this.planDecisions();
  }

  /** Once decisions are given, or have moved. */
  planDecisions(): void {
    const { scheme } = this.layout;
    if (scheme?.decisions !== 'tracked') return;
    const layers = this.template.layers.map((layer, l) => ({
      ...layer,
      decisions: this.decisionTensor(l),
    }));
    const plans = matrixPlans({ ...this.template, layers }, scheme);
    this.plans = [...plans.layers, plans.head];
  }

  /** [3], where the scheme tracks them. */
  decisionTensor(layer: number): Float32Array | undefined {
    return this.beside.get(`layer${layer}.decisions`);
  }

  decisionsOf(layer: number): Decisions {
    return decisionsOf({
      ...this.template.layers[layer],
      decisions: this.decisionTensor(layer),
    });
  }

  /** [rows, columns]. */
  private curvature(m: Matrix): Float32Array {
    if (!this.layout.training || this.step === 0) return this.beside.get(`${m.name}.curvature`)!;
    return curvatures(weightTensor(m, this.flat('second')).data);
  }

  private tensors(): Record<string, Tensor> {
    const { scheme, layers, head } = this.layout;
    const tensors: Record<string, Tensor> = this.save('params');
    for (const [name, data] of this.beside) {
      if (name.endsWith('.decisions')) tensors[name] = f32([data.length], data.slice());
    }
    if (scheme === undefined || !needsCurvature(scheme)) return tensors;
    for (const m of [...layers, head]) {
      const shape = [m.rows, m.inputSize + m.hiddenSize];
      tensors[`${m.name}.curvature`] = f32(shape, this.curvature(m).slice());
    }
    return tensors;
  }

  private save(part: 'params' | 'grads' | 'first' | 'second') {
    return readParameters(this.layout, this.template, this.flat(part));
  }

  gradients(): Tensors {
    return this.save('grads');
  }

  model(): Model {
    return fromTensors(this.meta, this.tensors());
  }

  /** Parameters, and Adam's moments and count where there are any. */
  snapshot(): Record<string, Tensor> {
    const tensors = this.tensors();
    if (!this.layout.training) return tensors;
    for (const part of MOMENTS) {
      for (const [name, tensor] of Object.entries(this.save(part))) {
        tensors[`adam.${part}.${name}`] = tensor;
      }
    }
    tensors['adam.step'] = { dtype: 'I32', shape: [1], data: Int32Array.of(this.step) };
    return tensors;
  }

  restore(snapshot: Tensors): void {
    // fromTensors checks names and shapes.
    this.load('params', toTensors(fromTensors(this.meta, snapshot)).tensors);
    if (!this.layout.training) return;
    for (const part of MOMENTS) {
      const prefix = `adam.${part}.`;
      const moments: Record<string, Tensor> = {};
      for (const [name, tensor] of Object.entries(snapshot)) {
        if (name.startsWith(prefix)) moments[name.slice(prefix.length)] = tensor;
      }
      // Norms and scales that another scheme did not train begin without moments.
      for (const [name, { shape, data }] of Object.entries(this.tensors())) {
        const isNew = /\.(gain|scales)$/.test(name) && moments[name]?.shape.join() !== shape.join();
        if (!isNew && this.isTrained(name)) continue;
        moments[name] = f32(shape, new Float32Array(data.length));
      }
      this.load(part, toTensors(fromTensors(this.meta, moments)).tensors);
    }
    const step = snapshot['adam.step'];
    if (step === undefined) throw new TypeError('snapshot: adam.step is missing');
    this.step = step.data[0];
  }

  private isTrained(name: string): boolean {
    if (/\.(curvature|decisions)$/.test(name)) return false;
    if (!name.endsWith('.gain')) return true;
    const { m } = this.matrices.find((coded) => name === `${coded.m.name}.gain`)!;
    return m.plan?.groups.some(({ normalized }) => normalized) ?? false;
  }

  readHead(rows: HeadRows): void {
    readHeadRows(this.layout, this.flat('params'), rows.params);
    for (const part of MOMENTS) readHeadRows(this.layout, this.flat(part), rows[part]);
  }

  writeHead(rows: HeadRows): void {
    writeHeadRows(this.layout, this.flat('params'), rows.params);
    for (const part of MOMENTS) writeHeadRows(this.layout, this.flat(part), rows[part]);
  }

  // -------------------------------------------------------------------------------------- coding

  /** From the statistics of the present masters to what programs code and compute with. */
  code(): void {
    this.matrices.forEach(({ coder }, k) => void coder.code(this.plans[k]!));
  }

  /** visit(matrix, pairs of products that sum up exactly), of matrices that the host codes. */
  eachExact(visit: (m: Matrix, pairs: number) => void): void {
    for (const { m, coder } of this.matrices) if (m.coding === 'host') visit(m, coder.exactPairs);
  }

  /** What kernels leave to do once the gradients of effective weights are there. */
  finishGradients(): void {
    const { f32 } = this.views;
    this.matrices.forEach(({ coder }, k) => void coder.finishGradient?.(this.plans[k]!));
    for (const { gradients } of this.masked) for (const at of gradients) f32[at] = 0;
  }
}
