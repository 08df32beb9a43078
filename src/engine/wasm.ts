/**
 * The default engine: fused LSTM training on WASM SIMD kernels (src/engine/assembly). Parameters,
 * moments and activations live in one linear memory; a step is a few hundred kernel calls.
 *
 * Layout: units and inputs are padded to multiples of 4 with zeros, which every kernel keeps zero.
 * Matrices lie transposed, [columns, rows], columns x then h, rows gate-major with padded units.
 */
import { readFileSync } from 'node:fs';
import { TANH_TABLE, quantizeActivation } from '../quant/arithmetic.js';
import { type Scheme, SCHEMES, type RowParameters } from '../quant/quantized-model.js';
import {
  CODE_MAX,
  EXACT_LIMIT,
  GAIN_MIN,
  gateGroups,
  headGroups,
  type RowGroup,
  scaleRows,
  ternaryDelta,
} from '../quant/quantizers.js';
import {
  f32,
  type FloatTensor,
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
  type LayerTrace,
  type OptimizerConfig,
  type Session,
  type SessionConfig,
  type StepResult,
  type Units,
  unitsOf,
} from './engine.js';

type Kernel = (...args: number[]) => number;
type Kernels = Record<
  | 'gemm'
  | 'pack'
  | 'packPairs'
  | 'packTransposed'
  | 'backward'
  | 'forwardFloat'
  | 'forwardInt16'
  | 'forwardLevel3'
  | 'addBias'
  | 'requantizeRows'
  | 'softmax'
  | 'adam'
  | 'codeInt8'
  | 'columnSums'
  | 'gather'
  | 'projectRows'
  | 'rowDots'
  | 'rowStatistics'
  | 'scatterAdd'
  | 'sumSquares'
  | 'ternarize',
  Kernel
>;

let compiled: WebAssembly.Module | undefined;

/** dist/engine/kernel.wasm, seen from src/engine as from dist/src/engine. */
function kernelModule(): WebAssembly.Module {
  if (compiled !== undefined) return compiled;
  const candidates = ['../../dist/engine/kernel.wasm', '../../engine/kernel.wasm'];
  for (const path of candidates) {
    let bytes: Buffer;
    try {
      bytes = readFileSync(new URL(path, import.meta.url));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      throw error;
    }
    compiled = new WebAssembly.Module(new Uint8Array(bytes));
    return compiled;
  }
  throw new Error('dist/engine/kernel.wasm is missing; run `node scripts/build-engine.mjs`');
}

export function wasmEngine(): Engine {
  kernelModule();
  return {
    name: 'wasm',
    version: `wasm simd, node ${process.versions.node}`,
    createSession: (config) => new WasmSession(config),
  };
}

const pad4 = (n: number): number => (n + 3) & ~3;
/** The first 64 KiB belong to the module's own data. */
const HEAP_BASE = 65536;
const PAGE = 65536;

/** Hands out addresses before the memory exists, so that it is made once, with its final size. */
class Arena {
  private top = HEAP_BASE;
  alloc(elements: number, bytesEach = 4): number {
    const address = this.top;
    this.top += Math.ceil((elements * bytesEach) / 64) * 64;
    return address;
  }
  get pages(): number {
    return Math.ceil(this.top / PAGE);
  }
}

/** One weight matrix with its bias and gain: a layer or the head. */
interface Matrix {
  readonly name: string;
  /** Real sizes. */
  readonly rows: number;
  readonly inputSize: number;
  readonly hiddenSize: number;
  /** Padded sizes: columns = x + h. */
  readonly x: number;
  readonly h: number;
  readonly n: number;
  /** Real units per group of rows and its padded stride. */
  readonly units: number;
  readonly stride: number;
  /** Offsets into the flat parameter buffers, in elements. */
  readonly weights: number;
  readonly bias: number;
  readonly gain: number;
  readonly groups: readonly RowGroup[];
  /** Addresses. */
  readonly codes: number;
  readonly packedX: number;
  readonly packedH: number;
  readonly backX: number;
  readonly backH: number;
  readonly ratio: number;
  readonly biasInt: number;
  readonly low: number;
  readonly high: number;
  readonly slopeScale: number;
  readonly scale: number;
  readonly scale64: number;
  readonly sumAbs: number;
  readonly maxAbs: number;
  readonly nonzeros: number;
  readonly dot: number;
  readonly share: number;
  readonly checkBound: boolean;
}

interface LayerBuffers {
  readonly acc: number;
  readonly gates: number;
  /** [timeSteps + 1, batch, h]; slot 0 is the carried state. */
  readonly c: number;
  readonly hidden: number;
  readonly tanhC: number;
  readonly dOutput: number;
}

export class WasmSession implements Session {
  private readonly k: Kernels;
  private readonly memory: WebAssembly.Memory;
  private readonly f32: Float32Array;
  private readonly f64: Float64Array;
  private readonly i32: Int32Array;
  private readonly meta: ModelMeta;
  private readonly template: Model;
  private readonly scheme: Scheme | undefined;
  private readonly units: Units;
  private readonly matrices: Matrix[] = [];
  private readonly buffers: LayerBuffers[] = [];
  private readonly head: Matrix;
  private readonly optimizer: OptimizerConfig | undefined;
  /** Elements of one flat parameter buffer, and the four of them. */
  private size = 0;
  private readonly params: number;
  private readonly grads: number;
  private readonly first: number;
  private readonly second: number;
  private readonly embedding: { offset: number; rows: number; padded: number } | undefined;
  private readonly a: Record<
    | 'table'
    | 'tokens'
    | 'targets'
    | 'unique'
    | 'input'
    | 'projection'
    | 'dProjection'
    | 'packedD'
    | 'pairs'
    | 'dRecurrent'
    | 'dCell'
    | 'dInput'
    | 'logits'
    | 'dLogits'
    | 'scratch',
    number
  >;
  private readonly scratchRows: RowParameters[] = [];
  private slotOf = new Int32Array(0);
  private adamStep = 0;
  /** Whether codes and packed weights follow the present parameters. */
  private packed = false;
  private packedBack = false;

  /** inputGradient: dense input gets a gradient too (see sequenceGradients). */
  constructor(
    private readonly config: SessionConfig,
    private readonly inputGradient = false,
  ) {
    const { model, batch, timeSteps } = config;
    for (const [name, value] of Object.entries({ batch, timeSteps })) {
      if (!Number.isInteger(value) || value < 1)
        throw new RangeError(`session: ${name} is ${value}`);
    }
    this.template = model;
    this.meta = toTensors(model).meta;
    this.optimizer = config.optimizer;
    this.scheme = model.scheme === 'float' ? undefined : SCHEMES[model.scheme];
    this.units = unitsOf(model.scheme);
    const training = config.optimizer !== undefined;
    const arena = new Arena();
    const take = (elements: number): number => {
      const offset = this.size;
      this.size += pad4(elements);
      return offset;
    };
    const rowsTotal = batch * timeSteps;

    if (model.input.kind === 'tokens') {
      const padded = pad4(model.layers[0].inputSize);
      const rows = model.input.vocabSize;
      this.embedding = { offset: take(rows * padded), rows, padded };
    }
    const addMatrix = (
      name: string,
      rows: number,
      inputSize: number,
      hiddenSize: number,
      unitGroups: number,
    ): Matrix => {
      const x = pad4(inputSize);
      const h = pad4(hiddenSize);
      const units = rows / unitGroups;
      const stride = pad4(units);
      const n = stride * unitGroups;
      const columns = x + h;
      const flat = { weights: take(columns * n), bias: take(n), gain: take(n) };
      const scheme = this.scheme;
      const groups =
        scheme === undefined
          ? []
          : (name === 'head' ? headGroups(rows) : gateGroups(scheme, hiddenSize)).map((g, k) => ({
              ...g,
              begin: k * stride,
              end: k * stride + units,
            }));
      const codeLimit = scheme?.weights === 'int8' ? CODE_MAX : 1;
      return {
        name,
        rows,
        inputSize,
        hiddenSize,
        x,
        h,
        n,
        units,
        stride,
        ...flat,
        groups,
        codes: scheme === undefined ? -1 : arena.alloc(columns * n),
        packedX: arena.alloc(x * n),
        packedH: arena.alloc(h * n),
        backX: training ? arena.alloc(x * n) : 0,
        backH: training ? arena.alloc(h * n) : 0,
        ratio: arena.alloc(n, 8),
        biasInt: arena.alloc(n),
        low: arena.alloc(n),
        high: arena.alloc(n),
        slopeScale: arena.alloc(n),
        scale: arena.alloc(n),
        scale64: arena.alloc(n, 8),
        sumAbs: arena.alloc(n, 8),
        maxAbs: arena.alloc(n),
        nonzeros: arena.alloc(n),
        dot: arena.alloc(n),
        share: arena.alloc(n),
        checkBound:
          scheme !== undefined && (inputSize + hiddenSize) * codeLimit * 127 >= EXACT_LIMIT,
      };
    };
    model.layers.forEach(({ inputSize, hiddenSize }, l) => {
      const m = addMatrix(`layer${l}`, 4 * hiddenSize, inputSize, hiddenSize, 4);
      this.matrices.push(m);
      this.buffers.push({
        acc: arena.alloc(rowsTotal * m.n),
        gates: arena.alloc(rowsTotal * m.n),
        c: arena.alloc((timeSteps + 1) * batch * m.h),
        hidden: arena.alloc((timeSteps + 1) * batch * m.h),
        tanhC: arena.alloc(rowsTotal * m.h),
        dOutput: training ? arena.alloc(rowsTotal * m.h) : 0,
      });
    });
    const last = model.layers[model.layers.length - 1].hiddenSize;
    this.head = addMatrix('head', model.head.classes, 0, last, 1);

    const widest = Math.max(...this.matrices.map((m) => m.n));
    const deepest = Math.max(...this.matrices.map((m) => Math.max(m.x, m.h)));
    const headRows = model.head.when === 'every-step' ? rowsTotal : batch;
    const x0 = this.matrices[0].x;
    const n0 = this.matrices[0].n;
    const uniqueMax = this.embedding ? Math.min(this.embedding.rows, rowsTotal) : 0;
    const inputRows = this.embedding ? uniqueMax : rowsTotal;
    const t = training ? 1 : 0;
    this.params = arena.alloc(this.size);
    this.grads = arena.alloc(this.size * t);
    this.first = arena.alloc(this.size * t);
    this.second = arena.alloc(this.size * t);
    this.a = {
      table: arena.alloc(TANH_TABLE.length),
      tokens: arena.alloc(rowsTotal),
      targets: arena.alloc(rowsTotal),
      unique: arena.alloc(uniqueMax),
      input: arena.alloc(inputRows * x0),
      projection: arena.alloc(uniqueMax * n0),
      dProjection: arena.alloc(uniqueMax * n0 * t),
      packedD: arena.alloc(Math.max(rowsTotal * widest, headRows * this.head.n) * t),
      pairs: arena.alloc(rowsTotal * deepest * t),
      dRecurrent: arena.alloc(batch * deepest * t),
      dCell: arena.alloc(batch * deepest * t),
      dInput: arena.alloc(inputRows * x0 * t),
      logits: arena.alloc(headRows * this.head.n),
      dLogits: arena.alloc(headRows * this.head.n * t),
      scratch: arena.alloc(this.head.n),
    };
    this.memory = new WebAssembly.Memory({ initial: arena.pages });
    const { buffer } = this.memory;
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.i32 = new Int32Array(buffer);
    const instance = new WebAssembly.Instance(kernelModule(), { env: { memory: this.memory } });
    this.k = instance.exports as unknown as Kernels;
    this.i32.set(TANH_TABLE, this.a.table >> 2);
    if (this.embedding) this.slotOf = new Int32Array(this.embedding.rows).fill(-1);
    this.load(this.params, toTensors(model).tensors);
  }

  // ---------------------------------------------------------------------------------- parameters

  /** Copy model tensors, optionally under a prefix, into a flat buffer. */
  private load(base: number, tensors: Tensors, prefix = ''): void {
    const at = base >> 2;
    const data = (name: string): Float32Array => tensors[prefix + name].data as Float32Array;
    this.f32.fill(0, at, at + this.size);
    if (this.embedding) {
      const { offset, rows, padded } = this.embedding;
      const size = this.template.layers[0].inputSize;
      const from = data('embedding');
      for (let v = 0; v < rows; v++) {
        this.f32.set(from.subarray(v * size, (v + 1) * size), at + offset + v * padded);
      }
    }
    for (const m of [...this.matrices, this.head]) {
      const weights = data(`${m.name}.weights`);
      const bias = data(`${m.name}.bias`);
      const gain = data(`${m.name}.gain`);
      this.eachWeight(m, (flat, row) => void (this.f32[at + flat] = weights[row]));
      for (let r = 0; r < m.rows; r++) {
        this.f32[at + m.bias + this.rowAt(m, r)] = bias[r];
        this.f32[at + m.gain + this.rowAt(m, r)] = gain[r];
      }
    }
    this.packed = this.packedBack = false;
  }

  private save(base: number): Record<string, FloatTensor> {
    const at = base >> 2;
    const tensors: Record<string, FloatTensor> = {};
    if (this.embedding) {
      const { offset, rows, padded } = this.embedding;
      const size = this.template.layers[0].inputSize;
      const data = new Float32Array(rows * size);
      for (let v = 0; v < rows; v++) {
        const from = at + offset + v * padded;
        data.set(this.f32.subarray(from, from + size), v * size);
      }
      tensors['embedding'] = f32([rows, size], data);
    }
    for (const m of [...this.matrices, this.head]) {
      const weights = new Float32Array(m.rows * (m.inputSize + m.hiddenSize));
      const bias = new Float32Array(m.rows);
      const gain = new Float32Array(m.rows);
      this.eachWeight(m, (flat, row) => void (weights[row] = this.f32[at + flat]));
      for (let r = 0; r < m.rows; r++) {
        bias[r] = this.f32[at + m.bias + this.rowAt(m, r)];
        gain[r] = this.f32[at + m.gain + this.rowAt(m, r)];
      }
      tensors[`${m.name}.weights`] = f32([m.rows, m.inputSize + m.hiddenSize], weights);
      tensors[`${m.name}.bias`] = f32([m.rows], bias);
      tensors[`${m.name}.gain`] = f32([m.rows], gain);
    }
    return tensors;
  }

  /** Padded row of a real one. */
  private rowAt(m: Matrix, row: number): number {
    return Math.floor(row / m.units) * m.stride + (row % m.units);
  }

  /** visit(index in the flat buffer, index in the model's row-major matrix). */
  private eachWeight(m: Matrix, visit: (flat: number, rowMajor: number) => void): void {
    const columns = m.inputSize + m.hiddenSize;
    for (let k = 0; k < columns; k++) {
      const column = k < m.inputSize ? k : m.x + k - m.inputSize;
      for (let r = 0; r < m.rows; r++) {
        visit(m.weights + column * m.n + this.rowAt(m, r), r * columns + k);
      }
    }
  }

  model(): Model {
    return fromTensors(this.meta, this.save(this.params));
  }

  // -------------------------------------------------------------------------------- quantization

  /** Codes, scales and packed matrices from the present masters. */
  private pack(backward: boolean): void {
    if (!this.packed) for (const m of [...this.matrices, this.head]) this.code(m);
    this.packed = true;
    if (!backward || this.packedBack) return;
    for (const m of [...this.matrices, this.head]) {
      const codes = this.codesOf(m);
      const { k } = this;
      if (m.x > 0 && (m !== this.matrices[0] || this.embedding || this.inputGradient)) {
        k.packTransposed(codes, m.n * 4, m.scale, m.backX, m.n, m.x);
      }
      k.packTransposed(codes + m.x * m.n * 4, m.n * 4, m.scale, m.backH, m.n, m.h);
    }
    this.packedBack = true;
  }

  private codesOf(m: Matrix): number {
    return m.codes < 0 ? this.params + m.weights * 4 : m.codes;
  }

  private code(m: Matrix): void {
    const { k } = this;
    const columns = m.x + m.h;
    const scale = this.f32.subarray(m.scale >> 2, (m.scale >> 2) + m.n);
    if (this.scheme === undefined) scale.fill(1);
    else this.codeQuantized(m, this.scheme, scale);
    const codes = this.codesOf(m);
    if (m.x > 0) k.pack(codes, m.n * 4, m.packedX, m.x, m.n);
    k.pack(codes + m.x * m.n * 4, m.n * 4, m.packedH, m.h, m.n);
    if (m.checkBound) this.checkBound(m, columns);
  }

  private codeQuantized(m: Matrix, scheme: Scheme, scale: Float32Array): void {
    const { k } = this;
    const columns = m.x + m.h;
    const real = m.inputSize + m.hiddenSize;
    const masters = this.params + m.weights * 4;
    const view32 = (address: number): Float32Array =>
      this.f32.subarray(address >> 2, (address >> 2) + m.n);
    const view64 = (address: number): Float64Array =>
      this.f64.subarray(address >> 3, (address >> 3) + m.n);
    const sumAbs = view64(m.sumAbs);
    const nonzeros = view32(m.nonzeros);
    k.rowStatistics(masters, m.sumAbs, m.maxAbs, columns, m.n);
    if (scheme.weights === 'ternary') {
      // The sums give way to the thresholds.
      for (let r = 0; r < m.n; r++) sumAbs[r] = ternaryDelta(sumAbs[r], real);
      k.ternarize(masters, m.sumAbs, m.codes, m.nonzeros, columns, m.n);
    }
    const scale64 = view64(m.scale64).fill(1);
    const rows = this.scratchRows;
    const bias = view32(this.params + m.bias * 4);
    const source = {
      maxAbs: view32(m.maxAbs),
      nonzeros,
      gain: view32(this.params + m.gain * 4),
      bias,
    };
    const low = view32(m.low).fill(Infinity);
    const high = view32(m.high).fill(Infinity);
    const slopeScale = view32(m.slopeScale);
    const ratio = view64(m.ratio);
    const biasInt = this.i32.subarray(m.biasInt >> 2, (m.biasInt >> 2) + m.n);
    for (const group of m.groups) {
      scaleRows(group, scheme.weights, source, scale64, rows);
      for (let r = group.begin; r < group.end; r++) {
        const row = rows[r];
        scale[r] = scale64[r];
        slopeScale[r] = scale64[r] * this.units.activation;
        if (row.kind === 'threshold') {
          low[r] = row.low;
          high[r] = row.high;
        } else {
          ratio[r] = row.multiplier * 2 ** -row.shift;
          biasInt[r] = row.bias;
        }
      }
    }
    if (scheme.weights === 'int8') k.codeInt8(masters, m.scale64, m.codes, columns, m.n);
  }

  private checkBound(m: Matrix, columns: number): void {
    const base = m.codes >> 2;
    for (let r = 0; r < m.n; r++) {
      let sum = 0;
      for (let c = 0; c < columns; c++) sum += Math.abs(this.f32[base + c * m.n + r]);
      if (sum * 127 < EXACT_LIMIT) continue;
      throw new RangeError(
        `${m.name}: an accumulator may reach ${sum * 127}, training is exact below 2^24; ` +
          `use fewer inputs than ${m.inputSize + m.hiddenSize} or ternary weights`,
      );
    }
  }

  // ------------------------------------------------------------------------------------- forward

  /** Put tokens (as slots of distinct ones) or values into memory; returns the distinct count. */
  private loadInput(batch: Batch): number {
    const quantized = this.scheme !== undefined;
    const { tokens, values } = batch;
    if (this.embedding) {
      const { offset, padded } = this.embedding;
      const unique: number[] = [];
      const slots = this.a.tokens >> 2;
      const embedding = (this.params >> 2) + offset;
      const input = this.a.input >> 2;
      for (let n = 0; n < tokens!.length; n++) {
        const token = tokens![n];
        let slot = this.slotOf[token];
        if (slot < 0) {
          slot = unique.length;
          this.slotOf[token] = slot;
          unique.push(token);
          for (let j = 0; j < padded; j++) {
            const value = this.f32[embedding + token * padded + j];
            this.f32[input + slot * padded + j] = quantized ? quantizeActivation(value) : value;
          }
        }
        this.i32[slots + n] = slot;
      }
      this.i32.set(unique, this.a.unique >> 2);
      for (const token of unique) this.slotOf[token] = -1;
      return unique.length;
    }
    const channels = this.template.layers[0].inputSize;
    const padded = this.matrices[0].x;
    const rows = values!.length / channels;
    const at = this.a.input >> 2;
    for (let n = 0; n < rows; n++) {
      for (let j = 0; j < channels; j++) {
        const value = values![n * channels + j];
        this.f32[at + n * padded + j] = quantized
          ? quantizeActivation(value)
          : Math.min(1, Math.max(-1, value));
      }
    }
    return 0;
  }

  /** All layers and the head; logits in memory. Returns the number of distinct tokens. */
  private run(batch: Batch, training: boolean): number {
    checkBatch(this.template, this.config, batch);
    this.pack(training);
    const distinct = this.loadInput(batch);
    this.runLayers(batch.timeSteps, distinct, training);
    this.runHead(batch.timeSteps);
    return distinct;
  }

  private runLayers(steps: number, distinct: number, training: boolean): void {
    const { k, a, params } = this;
    const lanes = this.config.batch;
    this.matrices.forEach((m, l) => {
      const bufs = this.buffers[l];
      const rowBytes = m.n * 4;
      const hBytes = m.h * 4;
      if (l === 0 && this.embedding) {
        const xBytes = m.x * 4;
        k.gemm(
          ...[a.input, xBytes, 2 * xBytes, 4, m.packedX, a.projection, rowBytes],
          ...[distinct, m.x, m.n, 0],
        );
        k.gather(a.projection, a.tokens, bufs.acc, steps * lanes, m.n);
      } else {
        const xBytes = m.x * 4;
        const input = l === 0 ? a.input : this.buffers[l - 1].hidden + lanes * xBytes;
        k.gemm(
          ...[input, xBytes, 2 * xBytes, 4, m.packedX, bufs.acc, rowBytes],
          ...[steps * lanes, m.x, m.n, 0],
        );
      }
      const bias = params + m.bias * 4;
      for (let t = 0; t < steps; t++) {
        const acc = bufs.acc + t * lanes * rowBytes;
        const gates = bufs.gates + t * lanes * rowBytes;
        const before = t * lanes * hBytes;
        const after = before + lanes * hBytes;
        k.gemm(
          ...[bufs.hidden + before, hBytes, 2 * hBytes, 4, m.packedH, acc, rowBytes],
          ...[lanes, m.h, m.n, 1],
        );
        const c = bufs.c + after;
        const tanhC = bufs.tanhC + before;
        const h = bufs.hidden + after;
        const common = [acc, gates, bufs.c + before, c, tanhC, h];
        if (this.scheme === undefined) k.forwardFloat(...common, bias, lanes, m.h);
        else if (this.scheme.gates === 'int16') {
          k.forwardInt16(...common, m.ratio, m.biasInt, a.table, lanes, m.h);
        } else {
          const narrow = this.optimizer?.gateGradient === 'level' ? 1 : 0;
          k.forwardLevel3(
            ...[...common, m.ratio, m.biasInt, m.low, m.high, m.slopeScale, bias, a.table],
            ...[lanes, m.h, training ? 1 : 0, narrow],
          );
        }
      }
    });
  }

  private runHead(steps: number): void {
    const { k, a, params, head } = this;
    const { input, rows } = this.headInput(steps);
    const hBytes = head.h * 4;
    k.gemm(
      ...[input, hBytes, 2 * hBytes, 4, head.packedH, a.logits, head.n * 4],
      ...[rows, head.h, head.n, 0],
    );
    if (this.scheme === undefined) k.addBias(a.logits, params + head.bias * 4, rows, head.n);
    else k.requantizeRows(a.logits, head.ratio, head.biasInt, rows, head.n);
  }

  private headInput(steps: number): { input: number; rows: number } {
    const lanes = this.config.batch;
    const { hidden } = this.buffers[this.buffers.length - 1];
    const slot = lanes * this.head.h * 4;
    return this.template.head.when === 'every-step'
      ? { input: hidden + slot, rows: steps * lanes }
      : { input: hidden + steps * slot, rows: lanes };
  }

  /** Mean loss, and with `gradient` its derivative in dLogits. */
  private loss(batch: Batch, gradient: boolean): { loss: number; count: number } {
    const { targets } = batch;
    if (targets === undefined) return { loss: NaN, count: 0 };
    const { k, a, head } = this;
    this.i32.set(targets, a.targets >> 2);
    let count = 0;
    for (const target of targets) if (target >= 0) count++;
    const sum = k.softmax(
      ...[a.logits, gradient ? a.dLogits : 0, a.targets, targets.length, head.rows, head.n],
      ...[this.units.logit, 1 / Math.max(1, count), this.scheme === undefined ? 0 : 1, a.scratch],
    );
    return { loss: sum / count, count };
  }

  /** The last step's h and c become the next call's first. */
  private carry(steps: number): void {
    const lanes = this.config.batch;
    this.matrices.forEach((m, l) => {
      const size = lanes * m.h;
      for (const base of [this.buffers[l].c >> 2, this.buffers[l].hidden >> 2]) {
        this.f32.copyWithin(base, base + steps * size, base + (steps + 1) * size);
      }
    });
  }

  forward(batch: Batch, trace = false): ForwardResult {
    this.run(batch, false);
    const { loss, count } = this.loss(batch, false);
    const { rows } = this.headInput(batch.timeSteps);
    const { head } = this;
    const logits = new Float32Array(rows * head.rows);
    for (let r = 0; r < rows; r++) {
      const from = (this.a.logits >> 2) + r * head.n;
      logits.set(this.f32.subarray(from, from + head.rows), r * head.rows);
    }
    const layers = trace ? this.trace(batch.timeSteps) : undefined;
    this.carry(batch.timeSteps);
    return { loss, count, logits, ...(layers && { layers }) };
  }

  private trace(steps: number): LayerTrace[] {
    const lanes = this.config.batch;
    return this.matrices.map((m, l): LayerTrace => {
      const bufs = this.buffers[l];
      const size = m.hiddenSize;
      const rows = steps * lanes;
      const result = {
        gates: new Float32Array(rows * 4 * size),
        c: new Float32Array(rows * size),
        h: new Float32Array(rows * size),
      };
      for (let r = 0; r < rows; r++) {
        const state = (lanes + r) * m.h;
        const c = (bufs.c >> 2) + state;
        const h = (bufs.hidden >> 2) + state;
        result.c.set(this.f32.subarray(c, c + size), r * size);
        result.h.set(this.f32.subarray(h, h + size), r * size);
        for (let g = 0; g < 4; g++) {
          const unit = g === 2 ? this.units.candidate : this.units.gate;
          const from = (bufs.gates >> 2) + r * m.n + g * m.stride;
          for (let u = 0; u < size; u++) {
            result.gates[(r * 4 + g) * size + u] = this.f32[from + u] / unit;
          }
        }
      }
      return result;
    });
  }

  // ------------------------------------------------------------------------------------ backward

  private backward(steps: number, distinct: number): void {
    this.headBackward(steps);
    this.layersBackward(steps, distinct);
    for (const m of [...this.matrices, this.head]) this.finishGradient(m);
  }

  private headBackward(steps: number): void {
    const { k, a, grads, head } = this;
    const top = this.buffers[this.buffers.length - 1];
    const { input, rows: headRows } = this.headInput(steps);
    k.gemm(
      ...[a.dLogits, head.n * 4, head.n * 8, 4, head.backH, top.dOutput, head.h * 4],
      ...[headRows, head.n, head.h, 0],
    );
    this.weightGradient(head, head.weights, input, head.h, a.dLogits, a.packedD, headRows, true);
    k.columnSums(a.dLogits, grads + head.bias * 4, headRows, head.n);
  }

  /** From dL/dh of the top layer (dOutput) to all gradients below. */
  private layersBackward(steps: number, distinct: number): void {
    const { k, a, grads, units } = this;
    const lanes = this.config.batch;
    const rows = steps * lanes;
    const every = this.template.head.when === 'every-step';
    const saturates = this.scheme === undefined ? 0 : 1;
    for (let l = this.matrices.length - 1; l >= 0; l--) {
      const m = this.matrices[l];
      const bufs = this.buffers[l];
      const rowBytes = m.n * 4;
      const step = lanes * m.h * 4;
      const isTop = l === this.matrices.length - 1;
      this.clear(a.dRecurrent, lanes * m.h);
      this.clear(a.dCell, lanes * m.h);
      for (let t = steps - 1; t >= 0; t--) {
        const dz = bufs.acc + t * lanes * rowBytes;
        let dOutput = 0;
        if (!isTop || every) dOutput = bufs.dOutput + t * step;
        else if (t === steps - 1) dOutput = bufs.dOutput;
        k.backward(
          ...[dOutput, a.dRecurrent, a.dCell, bufs.gates + t * lanes * rowBytes, dz],
          ...[bufs.c + t * step, bufs.c + (t + 1) * step, bufs.tanhC + t * step],
          ...[units.cell, saturates, lanes, m.h],
        );
        if (t > 0) {
          k.gemm(
            ...[dz, rowBytes, 2 * rowBytes, 4, m.backH, a.dRecurrent, m.h * 4],
            ...[lanes, m.n, m.h, 0],
          );
        }
      }
      k.columnSums(bufs.acc, grads + m.bias * 4, rows, m.n);
      const hOffset = m.weights + m.x * m.n;
      this.weightGradient(m, hOffset, bufs.hidden, m.h, bufs.acc, a.packedD, rows, true);
      if (l > 0) {
        const below = this.buffers[l - 1];
        const x = below.hidden + lanes * m.x * 4;
        this.weightGradient(m, m.weights, x, m.x, bufs.acc, a.packedD, rows, false);
        k.gemm(
          ...[bufs.acc, rowBytes, 2 * rowBytes, 4, m.backX, below.dOutput, m.x * 4],
          ...[rows, m.n, m.x, 0],
        );
      } else if (this.embedding) {
        const { offset, rows: vocab, padded } = this.embedding;
        this.clear(a.dProjection, distinct * m.n);
        k.scatterAdd(bufs.acc, a.tokens, a.dProjection, rows, m.n);
        this.weightGradient(m, m.weights, a.input, m.x, a.dProjection, a.packedD, distinct, true);
        k.gemm(
          ...[a.dProjection, rowBytes, 2 * rowBytes, 4, m.backX, a.dInput, m.x * 4],
          ...[distinct, m.n, m.x, 0],
        );
        this.clear(grads + offset * 4, vocab * padded);
        k.scatterAdd(a.dInput, a.unique, grads + offset * 4, distinct, padded);
      } else {
        this.weightGradient(m, m.weights, a.input, m.x, bufs.acc, a.packedD, rows, false);
        if (this.inputGradient) {
          k.gemm(
            ...[bufs.acc, rowBytes, 2 * rowBytes, 4, m.backX, a.dInput, m.x * 4],
            ...[rows, m.n, m.x, 0],
          );
        }
      }
    }
  }

  private finishGradient(m: Matrix): void {
    if (this.scheme?.weights === 'ternary') this.normalizedGradient(m);
    else this.clear(this.grads + m.gain * 4, m.n);
  }

  private clear(address: number, elements: number): void {
    this.f32.fill(0, address >> 2, (address >> 2) + elements);
  }

  /** grads[offset..] [depth, n] = unit * input^T [depth, rows] times d [rows, n]. */
  private weightGradient(
    m: Matrix,
    offset: number,
    input: number,
    depth: number,
    d: number,
    packedD: number,
    rows: number,
    repack: boolean,
  ): void {
    const { k, a } = this;
    if (repack) k.pack(d, m.n * 4, packedD, rows, m.n);
    k.packPairs(input, a.pairs, rows, depth, this.units.activation);
    k.gemm(
      ...[a.pairs, 4, rows * 8, 8, packedD, this.grads + offset * 4, m.n * 4],
      ...[depth, rows, m.n, 0],
    );
  }

  /**
   * From G = dL/d(effective weights) to the masters and gains:
   *
   *   dgain = (G . t) / ||t||      dv = s (G - t (G . t) / ||t||^2)
   */
  private normalizedGradient(m: Matrix): void {
    const { k, grads } = this;
    const columns = m.x + m.h;
    const g = grads + m.weights * 4;
    k.rowDots(g, m.codes, m.dot, columns, m.n);
    const dGain = (grads >> 2) + m.gain;
    for (let r = 0; r < m.n; r++) {
      const nonzeros = this.f32[(m.nonzeros >> 2) + r];
      const dot = this.f32[(m.dot >> 2) + r];
      this.f32[(m.share >> 2) + r] = nonzeros === 0 ? 0 : dot / nonzeros;
      this.f32[dGain + r] = nonzeros === 0 ? 0 : dot / Math.sqrt(nonzeros);
    }
    k.projectRows(g, m.codes, m.scale, m.share, columns, m.n);
  }

  private differentiate(batch: Batch): number {
    if (this.optimizer === undefined)
      throw new Error('this session was created without an optimizer');
    if (batch.targets === undefined) throw new TypeError('batch: no targets to train on');
    const distinct = this.run(batch, true);
    const { loss } = this.loss(batch, true);
    this.backward(batch.timeSteps, distinct);
    return loss;
  }

  gradients(batch: Batch): { loss: number; tensors: Tensors } {
    const loss = this.differentiate(batch);
    this.carry(batch.timeSteps);
    return { loss, tensors: this.save(this.grads) };
  }

  trainStep(batch: Batch, learningRate: number): StepResult {
    const loss = this.differentiate(batch);
    const { k, params, grads, first, second } = this;
    const o = this.optimizer!;
    const gradNorm = Math.sqrt(k.sumSquares(grads, this.size));
    if (!Number.isFinite(gradNorm) || !Number.isFinite(loss)) {
      throw new RangeError('training diverged: the loss is not finite; lower the learning rate');
    }
    const clip = gradNorm > o.clip ? o.clip / gradNorm : 1;
    this.adamStep++;
    const root = Math.sqrt(1 - o.beta2 ** this.adamStep);
    const rate = (learningRate * root) / (1 - o.beta1 ** this.adamStep);
    const update = (
      offset: number,
      elements: number,
      factor: number,
      low: number,
      high: number,
    ): void => {
      const at = offset * 4;
      k.adam(
        ...[params + at, grads + at, first + at, second + at, pad4(elements), clip, rate * factor],
        ...[o.beta1, o.beta2, o.epsilon * root, low, high],
      );
    };
    if (this.embedding) {
      const { offset, rows, padded } = this.embedding;
      update(offset, rows * padded, 1, -1, 1);
    }
    const ternary = this.scheme?.weights === 'ternary';
    for (const m of [...this.matrices, this.head]) {
      const elements = (m.x + m.h) * m.n;
      if (ternary) {
        update(m.weights, elements, o.ternaryRate, -1, 1);
        update(m.gain, m.n, o.gainRate, GAIN_MIN, Infinity);
      } else update(m.weights, elements, 1, -Infinity, Infinity);
      update(m.bias, m.n, 1, -Infinity, Infinity);
    }
    this.packed = this.packedBack = false;
    this.carry(batch.timeSteps);
    return { loss, gradNorm };
  }

  // ------------------------------------------------------------- the layers alone, for other engines

  /** Take the weights, biases and gains of a model of the same shape. */
  setParameters(tensors: Tensors): void {
    this.load(this.params, tensors);
  }

  /** Layers only: values [timeSteps, batch, channels] to the top layer's h, real, same order. */
  sequence(timeSteps: number, values: Float32Array): Float32Array {
    checkBatch(this.template, this.config, { timeSteps, values });
    this.pack(this.optimizer !== undefined);
    this.loadInput({ timeSteps, values });
    this.runLayers(timeSteps, 0, this.optimizer !== undefined);
    const m = this.head;
    const rows = timeSteps * this.config.batch;
    const base = (this.buffers[this.buffers.length - 1].hidden >> 2) + this.config.batch * m.h;
    const out = new Float32Array(rows * m.hiddenSize);
    for (let r = 0; r < rows; r++) {
      for (let u = 0; u < m.hiddenSize; u++) {
        out[r * m.hiddenSize + u] = this.f32[base + r * m.h + u] * this.units.activation;
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
    const top = this.head;
    const rows = timeSteps * this.config.batch;
    const at = this.buffers[this.buffers.length - 1].dOutput >> 2;
    for (let r = 0; r < rows; r++) {
      const row = dH.subarray(r * top.hiddenSize, (r + 1) * top.hiddenSize);
      this.f32.set(row, at + r * top.h);
    }
    this.layersBackward(timeSteps, 0);
    for (const m of this.matrices) this.finishGradient(m);
    const { inputSize, x } = this.matrices[0];
    const dX = new Float32Array(rows * inputSize);
    for (let r = 0; r < rows; r++) {
      const from = (this.a.dInput >> 2) + r * x;
      dX.set(this.f32.subarray(from, from + inputSize), r * inputSize);
    }
    return { tensors: this.save(this.grads), dX };
  }

  // --------------------------------------------------------------------------------------- state

  reset(lane?: number): void {
    const lanes = this.config.batch;
    this.matrices.forEach((m, l) => {
      for (const base of [this.buffers[l].c >> 2, this.buffers[l].hidden >> 2]) {
        const from = base + (lane ?? 0) * m.h;
        this.f32.fill(0, from, lane === undefined ? base + lanes * m.h : from + m.h);
      }
    });
  }

  snapshot(): Tensors {
    const tensors: Record<string, Tensor> = { ...this.save(this.params) };
    if (this.optimizer !== undefined) {
      for (const [name, tensor] of Object.entries(this.save(this.first))) {
        tensors[`adam.first.${name}`] = tensor;
      }
      for (const [name, tensor] of Object.entries(this.save(this.second))) {
        tensors[`adam.second.${name}`] = tensor;
      }
      tensors['adam.step'] = { dtype: 'I32', shape: [1], data: Int32Array.of(this.adamStep) };
    }
    const lanes = this.config.batch;
    this.matrices.forEach((m, l) => {
      for (const [name, base] of Object.entries({
        c: this.buffers[l].c >> 2,
        h: this.buffers[l].hidden >> 2,
      })) {
        const data = new Float32Array(lanes * m.hiddenSize);
        for (let b = 0; b < lanes; b++) {
          const from = base + b * m.h;
          data.set(this.f32.subarray(from, from + m.hiddenSize), b * m.hiddenSize);
        }
        tensors[`state.${name}${l}`] = f32([lanes, m.hiddenSize], data);
      }
    });
    return tensors;
  }

  restore(snapshot: Tensors): void {
    // fromTensors checks the names and shapes of the parameters.
    this.load(this.params, toTensors(fromTensors(this.meta, snapshot)).tensors);
    if (this.optimizer !== undefined) {
      for (const [prefix, base] of [
        ['adam.first.', this.first],
        ['adam.second.', this.second],
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
    this.matrices.forEach((m, l) => {
      for (const [name, base] of Object.entries({
        c: this.buffers[l].c >> 2,
        h: this.buffers[l].hidden >> 2,
      })) {
        const tensor = snapshot[`state.${name}${l}`];
        if (tensor?.data.length !== lanes * m.hiddenSize) {
          throw new TypeError(`snapshot: state.${name}${l} is not [${lanes}, ${m.hiddenSize}]`);
        }
        for (let b = 0; b < lanes; b++) {
          const row = tensor.data.subarray(b * m.hiddenSize, (b + 1) * m.hiddenSize);
          this.f32.set(row, base + b * m.h);
        }
      }
    });
  }

  dispose(): void {
    // Nothing outside the garbage collector's reach.
  }
}
