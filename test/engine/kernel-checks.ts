/** Every operation of program.ts, on random sizes and values, against its emulation. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HEAP_BASE, type KernelMemory, type KernelSet } from '../../src/engine/kernels.js';
import { OP, type Operation, ROW_BLOCK, WORDS } from '../../src/engine/program.js';
import { Random } from '../../src/model/random.js';
import { TANH_TABLE } from '../../src/quant/tanh.js';
import { EMULATION, Views } from './kernel-emulation.js';

const MEMORY_BYTES = 3 << 20;
const CASES = 12;

const noise = new Random(0);
const NOISE = Int32Array.from({ length: (MEMORY_BYTES - HEAP_BASE) / 4 }, () => noise.word());

interface Check {
  readonly operation: Exclude<Operation, 'end' | 'sync'>;
  readonly operands: readonly number[];
  /** Floats that may differ by rounding. */
  readonly loose?: { readonly at: number; readonly count: number };
}

/** Hands out addresses and fills them. What lies between is random: nobody may read or write it. */
class Scene {
  readonly views: Views;
  private top = HEAP_BASE + 4 * WORDS * 4;

  constructor(
    buffer: ArrayBufferLike,
    readonly random: Random,
  ) {
    this.views = new Views(buffer);
    this.views.i32.set(NOISE, HEAP_BASE / 4);
  }

  bytes(count: number): number {
    const at = this.top;
    this.top += Math.ceil(count / 64) * 64 + 64;
    if (this.top > MEMORY_BYTES) throw new RangeError(`the memory is too small: ${this.top}`);
    return at;
  }

  f32(count: number, value: () => number = () => this.real()): number {
    const at = this.bytes(4 * count);
    for (let k = 0; k < count; k++) this.views.f32[at / 4 + k] = value();
    return at;
  }

  f64(count: number, value: () => number): number {
    const at = this.bytes(8 * count);
    for (let k = 0; k < count; k++) this.views.f64[at / 8 + k] = value();
    return at;
  }

  i32(count: number, value: () => number): number {
    const at = this.bytes(4 * count);
    for (let k = 0; k < count; k++) this.views.i32[at / 4 + k] = value();
    return at;
  }

  i16(count: number, value: () => number): number {
    const at = this.bytes(2 * count);
    for (let k = 0; k < count; k++) this.views.i16[at / 2 + k] = value();
    return at;
  }

  /** Of any sign and size, and now and then zero. */
  real(): number {
    const { random } = this;
    if (random.integer(16) === 0) return random.integer(2) === 0 ? 0 : -0;
    return random.range(-1, 1) * 2 ** random.range(-12, 2);
  }

  integer(low: number, high: number): number {
    return low + this.random.integer(high - low + 1);
  }

  /** A number of panels' width. */
  panels(most: number): number {
    return 16 * this.integer(1, most);
  }

  rowBlock(n: number): number {
    const at = this.bytes(ROW_BLOCK.bytes * n);
    const { f32, f64, i32 } = this.views;
    const place = (name: keyof typeof ROW_BLOCK): number => at + ROW_BLOCK[name] * n;
    for (let r = 0; r < n; r++) {
      f64[place('ratio') / 8 + r] = this.integer(1, 255) / 2 ** this.integer(1, 24);
      i32[place('biasInt') / 4 + r] = this.integer(-40000, 40000);
      i32[place('low') / 4 + r] = this.integer(-60000, 0);
      i32[place('high') / 4 + r] =
        this.random.integer(8) === 0 ? 0x7fffffff : this.integer(0, 60000);
      f32[place('slope') / 4 + r] = this.random.range(0, 2 ** -13);
      f32[place('bias') / 4 + r] = this.random.range(-2, 2);
      f32[place('scale') / 4 + r] = this.random.range(0, 2);
    }
    return at;
  }

  /** Sums of products: small ones, and some at the ends. */
  accumulator(): number {
    if (this.random.integer(12) === 0) return this.integer(-(2 ** 31), 2 ** 31 - 1);
    return this.integer(-200000, 200000);
  }

  /** An int16, often at its ends. */
  state(): number {
    const k = this.random.integer(12);
    return k === 0 ? -32768 : k === 1 ? 32767 : this.integer(-32768, 32767);
  }

  table(): number {
    let k = 0;
    return this.i32(512, () => TANH_TABLE[k++]);
  }
}

const word = new DataView(new ArrayBuffer(4));
function floatWord(value: number): number {
  word.setFloat32(0, value, true);
  return word.getInt32(0, true);
}

function product16(s: Scene, mode: number): Check {
  const groups = s.integer(1, 3);
  const rows = s.integer(mode > 3 ? 1 : 0, 27);
  const pairs =
    mode > 3
      ? s.integer(1, 256)
      : s.random.integer(3) === 0
        ? s.integer(257, 600)
        : s.integer(1, 70);
  const n = s.panels(pairs > 256 ? 3 : 9);
  // A begins anywhere, even at odd numbers of an int16 row.
  const aRow = 2 * (2 * pairs + s.integer(0, 5));
  const aGroup = s.random.integer(2) === 0 ? aRow * rows : aRow * rows + 2 * s.integer(0, 40);
  const most = pairs > 256 ? 255 : 2047;
  const a =
    s.i16((aGroup * groups) / 2 + 2 * pairs + 8, () => s.integer(-most, most)) +
    2 * s.integer(0, 3);
  const bPanel = 64 * (pairs + s.integer(0, 4));
  const b = s.i16((bPanel * n) / 32, () => s.integer(-127, 127));
  const cRow = 4 * n + 64 * s.integer(0, 2);
  const cGroup = cRow * rows + 64 * s.integer(0, 1);
  const c =
    mode < 2 ? s.i32((cGroup * groups) / 4, () => s.accumulator()) : s.f32((cGroup * groups) / 4);
  const block = mode < 4 ? 2 ** s.integer(0, 8) : s.integer(1, 70);
  const scale = s.f32(mode < 4 ? groups * rows : n * Math.ceil(pairs / block));
  const operands = [a, aRow, aGroup, b, bPanel, c, cRow, cGroup, groups, rows, pairs, n, mode];
  return {
    operation: 'gemm16',
    operands: [...operands, ...(mode < 2 ? [0, 0] : [scale, block])],
  };
}

function product32(s: Scene, mode: number): Check {
  const groups = s.integer(1, 3);
  const rows = s.integer(0, 27);
  const depth = s.random.integer(3) === 0 ? s.integer(257, 400) : s.integer(1, 70);
  const n = s.panels(depth > 256 ? 3 : 9);
  const aRow = 4 * (depth + s.integer(0, 5));
  const aGroup = aRow * rows + 4 * s.integer(0, 20);
  const a = s.f32((aGroup * groups) / 4 + depth, () => s.random.range(0.5, 1));
  const bPanel = 64 * (depth + s.integer(0, 4));
  const b = s.f32((bPanel * n) / 64, () => s.random.range(0.5, 1));
  const cRow = 4 * n + 64 * s.integer(0, 2);
  const cGroup = cRow * rows + 64 * s.integer(0, 1);
  const count = (cGroup * groups) / 4;
  const c = s.f32(count, () => s.random.range(0, 1));
  return {
    operation: 'gemm32',
    operands: [a, aRow, aGroup, b, bPanel, c, cRow, cGroup, groups, rows, depth, n, mode],
    loose: { at: c, count },
  };
}

function back(s: Scene, operation: 'backInt16' | 'backLevel3', narrow: number): Check {
  const lanes = s.integer(1, 9);
  const units = s.panels(5);
  const count = lanes * units;
  const gradients = 2 ** s.integer(-60, 0);
  const d = (): number => s.f32(count, () => s.real() * gradients);
  const dOutput = s.random.integer(3) === 0 ? 0 : d();
  const flow = [dOutput, d(), d()];
  const states = [0, 1].map(() => s.i16(count, () => s.state()));
  const tanhC = s.i16(count, () => s.integer(-4093, 4093));
  const rows = s.rowBlock(4 * units);
  const codes = [s.bytes(8 * count), s.bytes(8 * count), s.bytes(8 * lanes)];
  const end = [...states, tanhC, rows, ...codes, lanes, units];
  if (operation === 'backInt16') {
    const gates = s.i16(4 * count, () => s.integer(-4093, 8189));
    return { operation, operands: [...flow, gates, s.bytes(16 * count), ...end] };
  }
  const acc = s.i32(4 * count, () => s.accumulator());
  const g = s.i16(count, () => s.integer(-4093, 4093));
  return { operation, operands: [...flow, acc, g, ...end, narrow] };
}

function cell(s: Scene, operation: 'cellInt16' | 'cellLevel3'): Check {
  const lanes = s.integer(1, 9);
  const units = s.panels(5);
  const count = lanes * units;
  const acc = s.i32(4 * count, () => s.accumulator());
  const gates = s.bytes((operation === 'cellInt16' ? 8 : 2) * count);
  const cBefore = s.i16(count, () => s.state());
  const outputs = [0, 1, 2].map(() => s.bytes(2 * count));
  const rows = s.rowBlock(4 * units);
  return { operation, operands: [acc, gates, cBefore, ...outputs, rows, s.table(), lanes, units] };
}

/** [columns][n] weights or gradients, columns even. */
function matrix(s: Scene, even = true): { w: number; columns: number; n: number } {
  const columns = even ? 2 * s.integer(1, 40) : s.integer(1, 80);
  const n = s.panels(6);
  return { w: s.f32(columns * n), columns, n };
}

/** Distinct numbers below `most`. */
function distinct(s: Scene, count: number, most: number): number {
  const all = s.random.shuffle(Array.from({ length: most }, (_, k) => k));
  let k = 0;
  return s.i32(count, () => all[k++]);
}

function transposition(s: Scene, bytes: 2 | 4): Check {
  const rows = s.integer(1, 90);
  const columns = s.panels(4);
  const sourceStride = bytes * columns + 64 * s.integer(0, 1);
  const targetStride = bytes * (Math.ceil(rows / 16) * 16) + 64 * s.integer(0, 1);
  const source = s.i32((sourceStride * rows) / 4, () => s.random.word());
  const target = s.bytes(targetStride * columns);
  return {
    operation: bytes === 2 ? 'transpose16' : 'transpose32',
    operands: [source, sourceStride, rows, columns, target, targetStride],
  };
}

function softmax(s: Scene, quantized: 0 | 1): Check {
  const groups = s.integer(1, 3);
  const lanes = s.integer(1, 9);
  const rows = groups * lanes;
  const classes = s.integer(1, 70);
  const columns = Math.ceil(classes / 16) * 16;
  const acc = quantized
    ? s.i32(rows * columns, () => s.accumulator())
    : s.f32(rows * columns, () => s.random.range(-9, 9));
  const logits = s.random.integer(2) === 0 ? acc : s.bytes(4 * rows * columns);
  const gradient = s.random.integer(3) === 0 ? 0 : s.bytes(4 * rows * columns);
  const targets = s.random.integer(5) === 0 ? 0 : s.i32(rows, () => s.integer(-1, classes - 1));
  const block = s.rowBlock(columns);
  const operands = [acc, logits, gradient, targets, block, s.bytes(16 * rows), groups, lanes];
  const unit = floatWord(quantized ? 2 ** -9 : 1);
  return {
    operation: 'softmax',
    operands: [...operands, classes, columns, quantized, unit, floatWord(1 / (3 * rows))],
  };
}

function rowsQuantized(s: Scene): Check {
  const groups = s.integer(1, 3);
  const lanes = s.integer(1, 9);
  const columns = s.panels(6);
  const count = groups * lanes * columns;
  const size = 2 ** s.integer(-60, 3);
  const zeros = s.random.integer(4) === 0;
  const d = s.f32(count, () => (zeros ? 0 : s.real() * size));
  const scale = s.f32(columns, () => s.random.range(0, 2));
  const high = s.bytes(2 * count);
  const low = s.bytes(2 * count);
  const scales = [s.bytes(4 * groups * lanes), s.bytes(4 * groups * lanes)];
  return {
    operation: 'quantizeRows',
    operands: [d, columns, scale, high, low, ...scales, groups, lanes],
  };
}

/** Title of each check: the operation, and of what kind. */
const CHECKS: Record<string, (s: Scene) => Check> = {
  rowStatistics(s) {
    const { w, columns, n } = matrix(s, false);
    return {
      operation: 'rowStatistics',
      operands: [w, columns, n, s.bytes(8 * n), s.bytes(4 * n)],
    };
  },
  ternarize(s) {
    const { w, columns, n } = matrix(s);
    const real = columns - s.integer(0, 1);
    const sumAbs = s.f64(n, () => s.random.range(0, columns));
    // Decision points that are floats, and weights on them.
    for (let r = 0; r < n; r += 3) {
      const delta = Math.fround(s.random.range(0, 1));
      s.views.f64[sumAbs / 8 + r] = (delta * real) / 0.7;
      s.views.f32[w / 4 + r] = delta;
      s.views.f32[w / 4 + n + r] = -delta;
    }
    return {
      operation: 'ternarize',
      operands: [w, columns, n, real, sumAbs, s.bytes(2 * columns * n), s.bytes(4 * n)],
    };
  },
  code8(s) {
    const { w, columns, n } = matrix(s);
    const scale = s.f64(n, () => 2 ** s.integer(-9, 1) * (s.integer(128, 255) / 128));
    // Ties.
    for (let r = 0; r < n; r += 2) {
      s.views.f32[w / 4 + r] = (s.integer(-130, 130) + 0.5) * s.views.f64[scale / 8 + r];
    }
    return { operation: 'code8', operands: [w, columns, n, scale, s.bytes(2 * columns * n)] };
  },
  pack32(s) {
    const { w, columns, n } = matrix(s, false);
    return { operation: 'pack32', operands: [w, columns, n, s.bytes(4 * columns * n)] };
  },
  transpose16Panels(s) {
    const columns = 2 * s.integer(1, 40);
    const firstPair = s.integer(0, 9);
    const n = s.panels(5);
    const stride = 64 * (firstPair + columns / 2 + s.integer(0, 3));
    const packed = s.i16((stride * n) / 32, () => s.integer(-127, 127));
    const back = s.bytes(2 * n * Math.ceil(columns / 16) * 16);
    return {
      operation: 'transpose16Panels',
      operands: [packed, stride, firstPair, columns, n, back],
    };
  },
  transpose32Panels(s) {
    const { w, columns, n } = matrix(s, false);
    const back = s.bytes(4 * n * Math.ceil(columns / 16) * 16);
    return { operation: 'transpose32Panels', operands: [w, columns, n, back] };
  },
  'dropout, int16': (s) => dropped(s, 1),
  'dropout, reals': (s) => dropped(s, 0),
  'embed, int16': (s) => embedding(s, 1),
  'embed, reals': (s) => embedding(s, 0),
  'input, int16': (s) => inputs(s, 1),
  'input, reals': (s) => inputs(s, 0),
  gather(s) {
    const [groups, lanes, n] = [s.integer(1, 4), s.integer(1, 9), 8 * s.integer(1, 8)];
    const source = s.i32(7 * n, () => s.random.word());
    const slots = s.i32(groups * lanes, () => s.integer(0, 6));
    const acc = s.bytes(4 * groups * lanes * n);
    return { operation: 'gather', operands: [source, slots, acc, groups, lanes, n] };
  },
  zero(s) {
    const [laneBytes, lanes] = [32 * s.integer(1, 9), s.integer(1, 9)];
    return { operation: 'zero', operands: [s.bytes(laneBytes * lanes), laneBytes, lanes] };
  },
  copy(s) {
    const [laneBytes, lanes] = [32 * s.integer(1, 9), s.integer(1, 9)];
    const source = s.i32((laneBytes * lanes) / 4, () => s.random.word());
    return { operation: 'copy', operands: [source, s.bytes(laneBytes * lanes), laneBytes, lanes] };
  },
  ...Object.fromEntries(
    [0, 1, 2, 3, 4, 5].map((mode) => [`gemm16, mode ${mode}`, (s: Scene) => product16(s, mode)]),
  ),
  ...Object.fromEntries(
    [0, 1, 4, 5].map((mode) => [`gemm32, mode ${mode}`, (s: Scene) => product32(s, mode)]),
  ),
  cellInt16: (s) => cell(s, 'cellInt16'),
  cellLevel3: (s) => cell(s, 'cellLevel3'),
  cellFloat(s) {
    const lanes = s.integer(1, 9);
    const units = s.panels(5);
    const count = lanes * units;
    const acc = s.f32(4 * count, () => s.real() * 2 ** s.integer(-3, 6));
    const cBefore = s.f32(count, () => s.random.range(-9, 9));
    const outputs = [0, 1, 2].map(() => s.bytes(4 * count));
    return {
      operation: 'cellFloat',
      operands: [acc, cBefore, ...outputs, s.f32(4 * units), lanes, units],
    };
  },
  backInt16: (s) => back(s, 'backInt16', 0),
  'backLevel3, sigmoid slope': (s) => back(s, 'backLevel3', 0),
  'backLevel3, narrow': (s) => back(s, 'backLevel3', 1),
  backFloat(s) {
    const lanes = s.integer(1, 9);
    const units = s.panels(5);
    const count = lanes * units;
    const dOutput = s.random.integer(3) === 0 ? 0 : s.f32(count);
    const flow = [dOutput, s.f32(count), s.f32(count)];
    const gates = s.f32(4 * count, () => s.random.range(0, 1));
    const states = [0, 1].map(() => s.f32(count, () => s.random.range(-1, 1)));
    return { operation: 'backFloat', operands: [...flow, gates, ...states, lanes, units] };
  },
  'softmax, int16': (s) => softmax(s, 1),
  'softmax, reals': (s) => softmax(s, 0),
  quantizeRows: rowsQuantized,
  quantizeColumns(s) {
    const { w, columns: rows, n } = matrix(s, false);
    const size = 2 ** s.integer(-60, 3);
    for (let k = 0; k < rows * n; k++) s.views.f32[w / 4 + k] *= size;
    for (let r = 0; r < rows; r++) s.views.f32[w / 4 + r * n + 5] = 0;
    const packed = s.bytes(2 * (rows + (rows % 2)) * n);
    return {
      operation: 'quantizeColumns',
      operands: [
        ...[w, rows, n, packed, s.bytes(8 * n * rows), floatWord(2 ** -7), 2 * s.integer(1, 40)],
        s.random.integer(2) === 0 ? 0 : s.bytes(2 * (rows + (rows % 2)) * n),
      ],
    };
  },
  transpose16: (s) => transposition(s, 2),
  transpose32: (s) => transposition(s, 4),
  columnSums(s) {
    const { w, columns: rows, n } = matrix(s, false);
    return { operation: 'columnSums', operands: [w, rows, n, s.f32(n), s.integer(0, 1)] };
  },
  scatterAdd(s) {
    const { w, columns: rows, n } = matrix(s, false);
    const count = s.integer(1, 20);
    const slots = s.i32(rows, () => s.integer(0, count - 1));
    const target = s.bytes(4 * count * n);
    return { operation: 'scatterAdd', operands: [w, slots, rows, n, target, count] };
  },
  scatterRows(s) {
    const [count, width] = [s.integer(1, 30), s.panels(3)];
    const unique = distinct(s, count, 30);
    const target = s.f32(30 * width);
    const source = s.f32(count * width);
    return {
      operation: 'scatterRows',
      operands: [source, unique, count, width, target],
    };
  },
  normalizedGradient(s) {
    const { w, columns, n } = matrix(s);
    const packed = s.i16(columns * n, () => s.integer(-1, 1));
    const nonzeros = s.i32(n, () => s.integer(0, columns));
    const scale = s.f32(n);
    return {
      operation: 'normalizedGradient',
      operands: [w, columns, n, packed, nonzeros, scale, s.bytes(4 * n)],
    };
  },
  sumSquares(s) {
    const count = 16 * s.integer(1, s.random.integer(2) === 0 ? 300 : 2000);
    return {
      operation: 'sumSquares',
      operands: [s.f32(count), count, s.bytes(8 * Math.ceil(count / 4096))],
    };
  },
  clip(s) {
    const blocks = s.integer(1, 9);
    const value = s.random.integer(5) === 0 ? NaN : s.random.range(0, 3);
    const partial = s.f64(blocks, () => value);
    return { operation: 'clip', operands: [partial, blocks, floatWord(1.5), s.bytes(16)] };
  },
  adam(s) {
    const count = s.panels(200);
    const clip = s.f32(1, () => (s.random.integer(6) === 0 ? -1 : s.random.range(0, 1)));
    const moments = [s.f32(count), s.f32(count, () => Math.abs(s.real()))];
    const reals = [0.002, 0.9, 0.999, 1e-8, -1, s.random.integer(2) === 0 ? 1 : Infinity];
    return {
      operation: 'adam',
      operands: [s.f32(count), s.f32(count), ...moments, count, clip, ...reals.map(floatWord)],
    };
  },
};

function dropped(s: Scene, quantized: 0 | 1): Check {
  const [groups, lanes, width] = [s.integer(1, 3), s.integer(1, 9), s.panels(4)];
  const count = groups * lanes * width;
  const source = quantized ? s.i16(count, () => s.state()) : s.f32(count);
  const target = s.random.integer(2) === 0 ? source : s.bytes((quantized ? 2 : 4) * count);
  const threshold = s.integer(-(2 ** 31), 2 ** 31 - 1);
  const operands = [groups, lanes, width, quantized, s.random.word() | 0, threshold];
  const factor = floatWord(s.random.range(1, 5));
  return { operation: 'dropout', operands: [source, target, ...operands, factor] };
}

function embedding(s: Scene, quantized: 0 | 1): Check {
  const [count, width] = [s.integer(1, 20), s.panels(4)];
  const stride = 4 * width + 64 * s.integer(0, 1);
  const table = s.f32((20 * stride) / 4, () => activationReal(s));
  const unique = distinct(s, count, 20);
  const x = s.bytes(count * width * (quantized ? 2 : 4));
  return { operation: 'embed', operands: [table, unique, x, count, width, quantized, stride] };
}

function inputs(s: Scene, quantized: 0 | 1): Check {
  const [groups, lanes, channels] = [s.integer(1, 3), s.integer(1, 9), s.integer(1, 50)];
  const width = Math.ceil(channels / 16) * 16;
  const rows = groups * lanes;
  const values = s.f32(rows * channels, () => activationReal(s));
  const x = s.bytes(rows * width * (quantized ? 2 : 4));
  return {
    operation: 'input',
    operands: [values, x, groups, lanes, channels, width, quantized],
  };
}

/** Some are ties, some out of range. */
function activationReal(s: Scene): number {
  const k = s.random.integer(4);
  if (k === 0) return (s.integer(-130, 130) + 0.5) / 128;
  return k === 1 ? s.random.range(-3, 3) : s.real();
}

function differences(actual: Views, expected: Views, check: Check): string[] {
  const { loose } = check;
  if (loose) {
    const from = loose.at / 4;
    for (let k = from; k < from + loose.count; k++) {
      const [a, e] = [actual.f32[k], expected.f32[k]];
      if (Math.abs(a - e) <= 1e-5 * Math.abs(e)) actual.f32[k] = e;
    }
  }
  const found: string[] = [];
  const heap = (v: Views): Uint8Array => v.bytes.subarray(HEAP_BASE);
  if (Buffer.compare(heap(actual), heap(expected)) === 0) return found;
  for (let k = HEAP_BASE / 4; k < actual.i32.length && found.length < 4; k++) {
    if (actual.i32[k] === expected.i32[k]) continue;
    const values = (v: Views): string =>
      `i32 ${v.i32[k]}, i16 ${v.i16[2 * k]} ${v.i16[2 * k + 1]}, f32 ${v.f32[k]}`;
    const place = check.operands.map((o, j) => [k * 4 - o, j + 1]).filter(([o]) => o >= 0);
    const [offset, operand] = place.sort(([a], [b]) => a - b)[0] ?? [0, 0];
    const where = `operand ${operand} + ${offset}`;
    found.push(`${where}: ${values(actual)}; expected ${values(expected)}`);
  }
  return found;
}

/** The tests of a kernel set; `make` is called once they run. */
export function describeKernels(name: string, make: () => KernelSet): void {
  describe(name, () => {
    let memory: KernelMemory;

    beforeAll(() => {
      memory = make().allocate(MEMORY_BYTES);
    });
    afterAll(() => memory.dispose());

    test.each(Object.entries(CHECKS))('%s', (title, create) => {
      for (let seed = 1; seed <= CASES; seed++) {
        const scene = new Scene(memory.buffer, new Random(seed));
        const check = create(scene);
        const { operation, operands } = check;
        const { i32, bytes } = scene.views;
        i32.fill(0, HEAP_BASE / 4, HEAP_BASE / 4 + 4 * WORDS);
        i32.set([OP[operation], ...operands], HEAP_BASE / 4);
        i32[HEAP_BASE / 4 + WORDS] = OP.sync;
        i32[HEAP_BASE / 4 + 2 * WORDS] = OP.end;
        const expected = new Views(new ArrayBuffer(memory.buffer.byteLength));
        expected.bytes.set(bytes);
        EMULATION[operation](expected, ...operands);
        memory.run(HEAP_BASE);
        expect(differences(scene.views, expected, check), `${title}, seed ${seed}`).toEqual([]);
      }
    });

    test('a program of many steps meets at every sync', () => {
      const scene = new Scene(memory.buffer, new Random(1));
      const { i32 } = scene.views;
      // Each step turns all lanes by one: a thread that runs ahead or behind takes what is not yet there,
      // or no longer.
      const [lanes, steps] = [24, 201];
      const areas = [0, 1].map(() => scene.i32(8 * lanes, () => 0));
      const words: number[] = [];
      const op = (...operands: number[]): void => {
        words.push(...operands, ...Array.from({ length: WORDS - operands.length }, () => 0));
      };
      for (let k = 0; k < steps; k++) {
        const [from, to] = k % 2 === 0 ? areas : [areas[1], areas[0]];
        op(OP.copy, from, to + 32, 32, lanes - 1);
        op(OP.copy, from + 32 * (lanes - 1), to, 32, 1);
        op(OP.sync);
      }
      op(OP.end);
      const program = scene.i32(words.length, () => 0);
      i32.set(words, program / 4);
      const lane = (area: number, l: number): number[] => [
        ...i32.subarray(area / 4 + 8 * l).slice(0, 8),
      ];
      for (let round = 1; round < 20; round++) {
        for (let k = 0; k < 8 * lanes; k++) i32[areas[0] / 4 + k] = 1000 * round + (k >> 3);
        memory.run(program);
        for (let l = 0; l < lanes; l++) {
          const first = 1000 * round + ((((l - steps) % lanes) + lanes) % lanes);
          expect(lane(areas[1], l)).toEqual(Array.from({ length: 8 }, () => first));
        }
      }
    });
  });
}
