/**
 * The operations of program.ts one by one, scalar and in the order written there: what every kernel set
 * must compute. Operands are those of the instruction; the result lies in the memory.
 */
import { type Operation, ROW_BLOCK } from '../../src/engine/program.js';
import {
  cellArithmetic,
  INT16_MAX,
  INT16_MIN,
  saturate,
  saturateInt16,
  threshold3,
} from '../../src/quant/arithmetic.js';

import { SCHEME_DEFAULTS } from '../../src/quant/scheme.js';

const f = Math.fround;
const INT16_CELL = cellArithmetic(SCHEME_DEFAULTS);
const LEVEL3_CELL = cellArithmetic({ ...SCHEME_DEFAULTS, gates: 'level3' });
const LANES = 16;
const bits = new DataView(new ArrayBuffer(4));

export class Views {
  readonly i16: Int16Array;
  readonly i32: Int32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly bytes: Uint8Array;

  constructor(readonly buffer: ArrayBufferLike) {
    this.i16 = new Int16Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.bytes = new Uint8Array(buffer);
  }
}

export function wordFloat(word: number): number {
  bits.setInt32(0, word, true);
  return bits.getFloat32(0, true);
}

/** To an integer, nearest, ties to even. */
export function nearestEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** A float to int16 by conversions that saturate, as WASM has them. */
function toInt16(x: number): number {
  return Number.isNaN(x) ? 0 : saturateInt16(x);
}

/** exp4 of assembly/math.ts. */
export function expOf(value: number): number {
  const x = Math.max(Math.min(value, 88), -87);
  const n = nearestEven(f(x * f(1.4426950408889634)));
  let r = f(x - f(n * f(0.693359375)));
  r = f(r + f(n * f(2.1219444005e-4)));
  let p = f(1 / 5040);
  for (const c of [1 / 720, 1 / 120, 1 / 24, 1 / 6, 0.5, 1, 1]) p = f(f(p * r) + f(c));
  return f(p * 2 ** n);
}

function sigmoidOf(z: number): number {
  return f(1 / f(1 + expOf(-z)));
}

function tanhOf(z: number): number {
  const e = expOf(f(Math.abs(z) * -2));
  const magnitude = f(f(1 - e) / f(1 + e));
  return z < 0 || Object.is(z, -0) ? -magnitude : magnitude;
}

function activation(v: number): number {
  const a = f(Math.abs(v) * 128);
  const m = Math.trunc(a);
  const r = Math.min(127, m + (a - m >= 0.5 ? 1 : 0));
  return v < 0 ? -r : r;
}

function tableValue(m: Views, table: number, magnitude: number, shift: number): number {
  const index = Math.floor((magnitude + 2 ** (shift - 1)) / 2 ** shift);
  return m.i32[table / 4 + Math.min(index, 511)];
}

function tanhFixed(m: Views, table: number, v: number): number {
  const t = tableValue(m, table, Math.abs(v), 5);
  return v < 0 ? -t : t;
}

function sigmoidFixed(m: Views, table: number, z: number): number {
  const t = tableValue(m, table, Math.abs(z), 6);
  return z < 0 ? 4096 - t : 4096 + t;
}

/** Element `index` of an array of a row block of n rows. */
function rowBlock(m: Views, rows: number, n: number) {
  return {
    ratio: (r: number) => m.f64[(rows + ROW_BLOCK.ratio * n) / 8 + r],
    biasInt: (r: number) => m.i32[(rows + ROW_BLOCK.biasInt * n) / 4 + r],
    low: (r: number) => m.i32[(rows + ROW_BLOCK.low * n) / 4 + r],
    high: (r: number) => m.i32[(rows + ROW_BLOCK.high * n) / 4 + r],
    slope: (r: number) => m.f32[(rows + ROW_BLOCK.slope * n) / 4 + r],
    bias: (r: number) => m.f32[(rows + ROW_BLOCK.bias * n) / 4 + r],
    scale: (r: number) => m.f32[(rows + ROW_BLOCK.scale * n) / 4 + r],
  };
}

function requantize(acc: number, ratio: number, bias: number): number {
  return saturateInt16(saturate(Math.floor(acc * ratio + 0.5), -(2 ** 30), 2 ** 30) + bias);
}

/** Index of the int16 of element (k, n) in panels16, and of the float in panels32; `depth` of k. */
function panel16(packed: number, depth: number, k: number, n: number): number {
  const pair = Math.floor(n / 16) * (depth / 2) + Math.floor(k / 2);
  return packed / 2 + pair * 32 + (n % 16) * 2 + (k % 2);
}

function panel32(packed: number, depth: number, k: number, n: number): number {
  return packed / 4 + (Math.floor(n / 16) * depth + k) * 16 + (n % 16);
}

const padPanel = (n: number): number => Math.ceil(n / 16) * 16;

/** v[0..count) to int16 by the largest; q and what is left. Returns the scale. */
function quantizeRow(
  v: (n: number) => number,
  count: number,
  set: (n: number, high: number, low: number) => void,
): number {
  let m = 0;
  for (let n = 0; n < count; n++) m = Math.max(m, Math.abs(v(n)));
  const inverse = m >= 2 ** -100 ? f(32767 / m) : 0;
  for (let n = 0; n < count; n++) {
    const t = f(v(n) * inverse);
    const high = toInt16(nearestEven(t));
    const rest = nearestEven(f(f(t - high) * 65536));
    set(n, high, saturate(rest, -INT16_MAX, INT16_MAX));
  }
  return f(m / 32767);
}

interface Flow {
  readonly dOutput: number;
  readonly dRecurrent: number;
  readonly dCell: number;
}

interface Unit {
  readonly i: number;
  readonly f: number;
  readonly g: number;
  readonly o: number;
  readonly before: number;
  readonly t: number;
  readonly slopes: readonly [number, number, number];
  readonly open: boolean;
}

/** dL/dz of the gates i, f, g, o of one unit. */
function backUnit(m: Views, flow: Flow, index: number, u: Unit): number[] {
  const recurrent = m.f32[flow.dRecurrent / 4 + index];
  const dh = flow.dOutput === 0 ? recurrent : f(recurrent + m.f32[flow.dOutput / 4 + index]);
  const at = flow.dCell / 4 + index;
  const through = f(f(dh * u.o) * f(1 - f(u.t * u.t)));
  const dc = u.open ? f(m.f32[at] + through) : 0;
  m.f32[at] = f(dc * u.f);
  return [
    f(u.slopes[0] * f(dc * u.g)),
    f(u.slopes[1] * f(dc * u.before)),
    f(f(1 - f(u.g * u.g)) * f(dc * u.i)),
    f(u.slopes[2] * f(dh * u.t)),
  ];
}

const ownSlope = (q: number): number => f(q * f(1 - q));

function quantizeDz(
  m: Views,
  [dz, rows, high, low, scales]: readonly number[],
  lane: number,
  [lanes, units]: readonly number[],
): void {
  const n = 4 * units;
  const block = rowBlock(m, rows, n);
  const s = quantizeRow(
    (k) => f(m.f32[dz / 4 + lane * n + k] * block.scale(k)),
    n,
    (k, q, rest) => {
      m.i16[high / 2 + lane * n + k] = q;
      m.i16[low / 2 + lane * n + k] = rest;
    },
  );
  m.f32[scales / 4 + lane] = s;
  m.f32[scales / 4 + lanes + lane] = s * 2 ** -16;
}

/** As i32. */
function hash(index: number): number {
  let x = index | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

type Emulation = (m: Views, ...operands: number[]) => void;

export const EMULATION: Record<Exclude<Operation, 'end' | 'sync'>, Emulation> = {
  rowStatistics(m, w, columns, n, sumAbs, maxAbs) {
    for (let r = 0; r < n; r++) {
      let sum = 0;
      let top = 0;
      for (let c = 0; c < columns; c++) {
        const v = Math.abs(m.f32[w / 4 + c * n + r]);
        sum += v;
        top = Math.max(top, v);
      }
      m.f64[sumAbs / 8 + r] = sum;
      m.f32[maxAbs / 4 + r] = top;
    }
  },

  ternarize(m, w, columns, n, realColumns, sumAbs, packed, nonzeros) {
    for (let r = 0; r < n; r++) {
      const delta = (0.7 * m.f64[sumAbs / 8 + r]) / realColumns;
      let count = 0;
      for (let c = 0; c < columns; c++) {
        const v = m.f32[w / 4 + c * n + r];
        const code = v > delta ? 1 : v < -delta ? -1 : 0;
        count += Math.abs(code);
        m.i16[panel16(packed, columns, c, r)] = code;
      }
      m.i32[nonzeros / 4 + r] = count;
    }
  },

  code8(m, w, columns, n, scale64, packed) {
    for (let r = 0; r < n; r++) {
      for (let c = 0; c < columns; c++) {
        const q = m.f32[w / 4 + c * n + r] / m.f64[scale64 / 8 + r];
        const trunc = Math.trunc(Math.abs(q));
        const code = Math.min(127, trunc + (Math.abs(q) - trunc >= 0.5 ? 1 : 0));
        m.i16[panel16(packed, columns, c, r)] = Math.sign(q) * code;
      }
    }
  },

  pack32(m, w, columns, n, packed) {
    for (let r = 0; r < n; r++) {
      for (let c = 0; c < columns; c++) {
        m.f32[panel32(packed, columns, c, r)] = m.f32[w / 4 + c * n + r];
      }
    }
  },

  transpose16Panels(m, packed, panelStride, firstPair, columns, n, back) {
    for (let c = 0; c < padPanel(columns); c++) {
      for (let r = 0; r < n; r++) {
        const pair = firstPair + Math.floor(c / 2);
        const from = packed + Math.floor(r / 16) * panelStride + pair * 64;
        const code = c < columns ? m.i16[from / 2 + (r % 16) * 2 + (c % 2)] : 0;
        m.i16[panel16(back, n, r, c)] = code;
      }
    }
  },

  transpose32Panels(m, w, columns, n, back) {
    for (let c = 0; c < padPanel(columns); c++) {
      for (let r = 0; r < n; r++) {
        m.f32[panel32(back, n, r, c)] = c < columns ? m.f32[w / 4 + c * n + r] : 0;
      }
    }
  },

  embed(m, table, unique, x, count, width, quantized, stride) {
    for (let r = 0; r < count; r++) {
      const from = (table + m.i32[unique / 4 + r] * stride) / 4;
      for (let c = 0; c < width; c++) {
        if (quantized) m.i16[x / 2 + r * width + c] = activation(m.f32[from + c]);
        else m.f32[x / 4 + r * width + c] = m.f32[from + c];
      }
    }
  },

  input(m, values, x, groups, lanes, channels, width, quantized) {
    for (let r = 0; r < groups * lanes; r++) {
      for (let c = 0; c < width; c++) {
        const v = c < channels ? m.f32[values / 4 + r * channels + c] : 0;
        if (quantized) m.i16[x / 2 + r * width + c] = activation(v);
        else m.f32[x / 4 + r * width + c] = saturate(v, -1, 1);
      }
    }
  },

  gather(m, source, slots, acc, groups, lanes, n) {
    for (let r = 0; r < groups * lanes; r++) {
      const from = source / 4 + m.i32[slots / 4 + r] * n;
      m.i32.copyWithin(acc / 4 + r * n, from, from + n);
    }
  },

  zero(m, address, laneBytes, lanes) {
    m.bytes.fill(0, address, address + laneBytes * lanes);
  },

  gemm16(m, ...operands) {
    const [a, aRow, aGroup, b, bPanel, c, cRow, cGroup] = operands;
    const [groups, rows, pairs, n, mode, scale, block] = operands.slice(8);
    if (pairs === 0) return;
    for (let g = 0; g < groups; g++) {
      for (let r = 0; r < rows; r++) {
        for (let j = 0; j < n; j++) {
          const at = (c + g * cGroup + r * cRow) / 4 + j;
          const sumOf = (begin: number, end: number): number => {
            let sum = 0;
            for (let k = 2 * begin; k < 2 * end; k++) {
              const line = b + Math.floor(j / 16) * bPanel + Math.floor(k / 2) * 64;
              const code = m.i16[line / 2 + (j % 16) * 2 + (k % 2)];
              sum = (sum + m.i16[(a + g * aGroup + r * aRow) / 2 + k] * code) | 0;
            }
            return sum;
          };
          if (mode < 2) m.i32[at] = ((mode === 1 ? m.i32[at] : 0) + sumOf(0, pairs)) | 0;
          else if (mode < 4) {
            const s = m.f32[scale / 4 + g * rows + r];
            for (let k = 0; k < pairs; k += block) {
              const v = f(f(sumOf(k, Math.min(pairs, k + block))) * s);
              m.f32[at] = k === 0 && mode === 2 ? v : f(m.f32[at] + v);
            }
          } else {
            for (let k = 0; k < pairs; k += block) {
              const s = m.f32[scale / 4 + (k / block) * n + j];
              const v = f(f(sumOf(k, Math.min(pairs, k + block))) * s);
              m.f32[at] = k === 0 && mode === 4 ? v : f(m.f32[at] + v);
            }
          }
        }
      }
    }
  },

  /** In doubles: kernel sets may fuse, and differ from this by rounding. */
  gemm32(m, a, aRow, aGroup, b, bPanel, c, cRow, cGroup, groups, rows, depth, n, mode) {
    if (depth === 0) return;
    for (let g = 0; g < groups; g++) {
      for (let r = 0; r < rows; r++) {
        for (let j = 0; j < n; j++) {
          const at = (c + g * cGroup + r * cRow) / 4 + j;
          let sum = mode % 4 === 1 ? m.f32[at] : 0;
          for (let k = 0; k < depth; k++) {
            const line = b + Math.floor(j / 16) * bPanel + k * 64;
            sum += m.f32[(a + g * aGroup + r * aRow) / 4 + k] * m.f32[line / 4 + (j % 16)];
          }
          m.f32[at] = sum;
        }
      }
    }
  },

  cellInt16(m, acc, gates, cBefore, c, tanhC, h, rows, table, lanes, units) {
    const block = rowBlock(m, rows, 4 * units);
    for (let l = 0; l < lanes; l++) {
      for (let u = 0; u < units; u++) {
        const [i, fg, g, o] = [0, 1, 2, 3].map((gate) => {
          const k = gate * units + u;
          const z = requantize(
            m.i32[acc / 4 + l * 4 * units + k],
            block.ratio(k),
            block.biasInt(k),
          );
          const q = gate === 2 ? tanhFixed(m, table, z) : sigmoidFixed(m, table, z);
          return (m.i16[gates / 2 + l * 4 * units + k] = q);
        });
        const at = l * units + u;
        const cell = INT16_CELL.update(fg, m.i16[cBefore / 2 + at], i, g);
        m.i16[c / 2 + at] = cell;
        const t = tanhFixed(m, table, cell);
        m.i16[tanhC / 2 + at] = t;
        m.i16[h / 2 + at] = INT16_CELL.hidden(o, cell, 0);
      }
    }
  },

  cellLevel3(m, acc, gAt, cBefore, c, tanhC, h, rows, table, lanes, units) {
    const block = rowBlock(m, rows, 4 * units);
    for (let l = 0; l < lanes; l++) {
      for (let u = 0; u < units; u++) {
        const value = (gate: number): number => m.i32[acc / 4 + (4 * l + gate) * units + u];
        const level = (gate: number): number => {
          const k = gate * units + u;
          return threshold3(value(gate), block.low(k), block.high(k));
        };
        const k = 2 * units + u;
        const g = tanhFixed(m, table, requantize(value(2), block.ratio(k), block.biasInt(k)));
        const at = l * units + u;
        m.i16[gAt / 2 + at] = g;
        const cell = LEVEL3_CELL.update(level(1), m.i16[cBefore / 2 + at], level(0), g);
        m.i16[c / 2 + at] = cell;
        const t = tanhFixed(m, table, cell);
        m.i16[tanhC / 2 + at] = t;
        m.i16[h / 2 + at] = LEVEL3_CELL.hidden(level(3), cell, 0);
      }
    }
  },

  cellFloat(m, acc, cBefore, c, tanhC, h, bias, lanes, units) {
    for (let l = 0; l < lanes; l++) {
      for (let u = 0; u < units; u++) {
        const [i, fg, g, o] = [0, 1, 2, 3].map((gate) => {
          const at = acc / 4 + (4 * l + gate) * units + u;
          const z = f(m.f32[at] + m.f32[bias / 4 + gate * units + u]);
          return (m.f32[at] = gate === 2 ? tanhOf(z) : sigmoidOf(z));
        });
        const at = l * units + u;
        const cell = f(f(fg * m.f32[cBefore / 4 + at]) + f(i * g));
        m.f32[c / 4 + at] = cell;
        const t = tanhOf(cell);
        m.f32[tanhC / 4 + at] = t;
        m.f32[h / 4 + at] = f(o * t);
      }
    }
  },

  backInt16(m, ...operands) {
    const [dOutput, dRecurrent, dCell, gates, dz, cBefore, c, tanhC] = operands;
    const [rows, high, low, scales, lanes, units] = operands.slice(8);
    for (let l = 0; l < lanes; l++) {
      for (let u = 0; u < units; u++) {
        const at = l * units + u;
        const gate = (k: number, unit: number): number =>
          f(m.i16[gates / 2 + (4 * l + k) * units + u] * unit);
        const [i, fg, g, o] = [2 ** -13, 2 ** -13, 2 ** -12, 2 ** -13].map((s, k) => gate(k, s));
        const cell = m.i16[c / 2 + at];
        const results = backUnit(m, { dOutput, dRecurrent, dCell }, at, {
          ...{ i, f: fg, g, o },
          before: f(m.i16[cBefore / 2 + at] * 2 ** -12),
          t: f(m.i16[tanhC / 2 + at] * 2 ** -12),
          slopes: [ownSlope(i), ownSlope(fg), ownSlope(o)],
          open: cell !== INT16_MIN && cell !== INT16_MAX,
        });
        results.forEach((v, k) => void (m.f32[dz / 4 + (4 * l + k) * units + u] = v));
      }
      quantizeDz(m, [dz, rows, high, low, scales], l, [lanes, units]);
    }
  },

  backLevel3(m, ...operands) {
    const [dOutput, dRecurrent, dCell, acc, gAt, cBefore, c, tanhC] = operands;
    const [rows, high, low, scales, lanes, units, narrow] = operands.slice(8);
    const block = rowBlock(m, rows, 4 * units);
    for (let l = 0; l < lanes; l++) {
      for (let u = 0; u < units; u++) {
        const at = l * units + u;
        const gate = (k: number): { q: number; slope: number } => {
          const v = m.i32[acc / 4 + (4 * l + k) * units + u];
          const row = k * units + u;
          const q = (v >= block.low(row) ? 0.5 : 0) + (v >= block.high(row) ? 0.5 : 0);
          if (narrow) return { q, slope: ownSlope(q) };
          const e = expOf(-Math.abs(f(f(f(v) * block.slope(row)) + block.bias(row))));
          const d = f(1 + e);
          return { q, slope: f(e / f(d * d)) };
        };
        const [i, fg, o] = [gate(0), gate(1), gate(3)];
        const cell = m.i16[c / 2 + at];
        const results = backUnit(m, { dOutput, dRecurrent, dCell }, at, {
          ...{ i: i.q, f: fg.q, o: o.q },
          g: f(m.i16[gAt / 2 + at] * 2 ** -12),
          before: f(m.i16[cBefore / 2 + at] * 2 ** -12),
          t: f(m.i16[tanhC / 2 + at] * 2 ** -12),
          slopes: [i.slope, fg.slope, o.slope],
          open: cell !== INT16_MIN && cell !== INT16_MAX,
        });
        results.forEach((v, k) => void (m.f32[acc / 4 + (4 * l + k) * units + u] = v));
      }
      quantizeDz(m, [acc, rows, high, low, scales], l, [lanes, units]);
    }
  },

  backFloat(m, dOutput, dRecurrent, dCell, gates, cBefore, tanhC, lanes, units) {
    for (let l = 0; l < lanes; l++) {
      for (let u = 0; u < units; u++) {
        const at = l * units + u;
        const place = (k: number): number => gates / 4 + (4 * l + k) * units + u;
        const [i, fg, g, o] = [0, 1, 2, 3].map((k) => m.f32[place(k)]);
        const results = backUnit(m, { dOutput, dRecurrent, dCell }, at, {
          ...{ i, f: fg, g, o },
          before: m.f32[cBefore / 4 + at],
          t: m.f32[tanhC / 4 + at],
          slopes: [ownSlope(i), ownSlope(fg), ownSlope(o)],
          open: true,
        });
        results.forEach((v, k) => void (m.f32[place(k)] = v));
      }
    }
  },

  softmax(m, acc, logits, gradient, targets, rows, sums, ...rest) {
    const [groups, lanes, classes, columns, quantized, unitWord, weightWord] = rest;
    const unit = wordFloat(unitWord);
    const weight = wordFloat(weightWord);
    const block = rowBlock(m, rows, columns);
    for (let r = 0; r < groups * lanes; r++) {
      const z = logits / 4 + r * columns;
      for (let c = 0; c < columns; c++) {
        const at = acc / 4 + r * columns + c;
        m.f32[z + c] = quantized
          ? requantize(m.i32[at], block.ratio(c), block.biasInt(c))
          : f(m.f32[at] + block.bias(c));
      }
      if (targets === 0) continue;
      const target = m.i32[targets / 4 + r];
      const d = gradient / 4 + r * columns;
      if (target < 0) {
        m.f64.set([1, 0], sums / 8 + 2 * r);
        if (gradient) m.f32.fill(0, d, d + columns);
        continue;
      }
      let top = -Infinity;
      for (let c = 0; c < classes; c++) top = Math.max(top, m.f32[z + c]);
      const e = Array.from({ length: columns }, (_, c) =>
        c < classes ? expOf(f(f(m.f32[z + c] - top) * unit)) : 0,
      );
      const l = new Float32Array(LANES);
      e.forEach((v, c) => void (l[c % LANES] += c === target ? 0 : v));
      const s = [0, 1, 2, 3].map((j) => f(f(l[j] + l[4 + j]) + f(l[8 + j] + l[12 + j])));
      const others = f(f(s[0] + s[1]) + f(s[2] + s[3]));
      const sum = f(others + e[target]);
      m.f64.set([sum, f(m.f32[z + target] - top) * unit], sums / 8 + 2 * r);
      if (!gradient) continue;
      const share = f(weight / sum);
      e.forEach((v, c) => {
        const q = m.f32[z + c];
        const full = c === target ? -f(others * share) : f(v * share);
        m.f32[d + c] = quantized && (q === INT16_MIN || q === INT16_MAX) ? 0 : full;
      });
    }
  },

  quantizeRows(m, d, columns, scale, high, low, highScale, lowScale, groups, lanes) {
    for (let r = 0; r < groups * lanes; r++) {
      const at = r * columns;
      const s = quantizeRow(
        (n) => f(m.f32[d / 4 + at + n] * m.f32[scale / 4 + n]),
        columns,
        (n, q, rest) => {
          m.i16[high / 2 + at + n] = q;
          m.i16[low / 2 + at + n] = rest;
        },
      );
      m.f32[highScale / 4 + r] = s;
      m.f32[lowScale / 4 + r] = s * 2 ** -16;
    }
  },

  quantizeColumns(m, d, rows, columns, packed, scale, unitWord, run, low) {
    const runs = Math.ceil(rows / run);
    const depth = rows + (rows % 2);
    for (let c = 0; c < columns; c++) {
      for (let from = 0; from < rows; from += run) {
        const s = quantizeRow(
          (r) => (from + r < rows ? m.f32[d / 4 + (from + r) * columns + c] : 0),
          Math.min(run, depth - from),
          (r, q, rest) => {
            m.i16[panel16(packed, depth, from + r, c)] = q;
            if (low) m.i16[panel16(low, depth, from + r, c)] = rest;
          },
        );
        const at = scale / 4 + (from / run) * columns + c;
        m.f32[at] = s * wordFloat(unitWord);
        if (low) m.f32[at + runs * columns] = m.f32[at] * 2 ** -16;
      }
    }
  },

  transpose16(m, source, sourceStride, rows, columns, target, targetStride) {
    const whole = Math.ceil(rows / 8) * 8;
    for (let c = 0; c < columns; c++) {
      for (let r = 0; r < whole; r++) {
        const value = r < rows ? m.i16[(source + r * sourceStride) / 2 + c] : 0;
        m.i16[(target + c * targetStride) / 2 + r] = value;
      }
    }
  },

  transpose32(m, source, sourceStride, rows, columns, target, targetStride) {
    const whole = Math.ceil(rows / 4) * 4;
    for (let c = 0; c < columns; c++) {
      for (let r = 0; r < whole; r++) {
        const value = r < rows ? m.i32[(source + r * sourceStride) / 4 + c] : 0;
        m.i32[(target + c * targetStride) / 4 + r] = value;
      }
    }
  },

  columnSums(m, d, rows, columns, sum, add) {
    for (let c = 0; c < columns; c++) {
      let s = add ? m.f32[sum / 4 + c] : 0;
      for (let r = 0; r < rows; r++) s = f(s + m.f32[d / 4 + r * columns + c]);
      m.f32[sum / 4 + c] = s;
    }
  },

  scatterAdd(m, d, slots, rows, n, target, count) {
    m.f32.fill(0, target / 4, target / 4 + count * n);
    for (let r = 0; r < rows; r++) {
      const to = target / 4 + m.i32[slots / 4 + r] * n;
      for (let c = 0; c < n; c++) m.f32[to + c] += m.f32[d / 4 + r * n + c];
    }
  },

  scatterRows(m, source, unique, count, width, target) {
    for (let r = 0; r < count; r++) {
      const to = target / 4 + m.i32[unique / 4 + r] * width;
      for (let c = 0; c < width; c++) {
        m.f32[to + c] += m.f32[source / 4 + r * width + c];
      }
    }
  },

  normalizedGradient(m, gradient, columns, n, packed, nonzeros, scale, dGain) {
    for (let r = 0; r < n; r++) {
      let dot = 0;
      for (let c = 0; c < columns; c++) {
        const code = m.i16[panel16(packed, columns, c, r)];
        dot = f(dot + f(m.f32[gradient / 4 + c * n + r] * code));
      }
      const count = f(m.i32[nonzeros / 4 + r]);
      const share = count === 0 ? 0 : f(dot / count);
      m.f32[dGain / 4 + r] = count === 0 ? 0 : f(dot / f(Math.sqrt(count)));
      for (let c = 0; c < columns; c++) {
        const at = gradient / 4 + c * n + r;
        const code = m.i16[panel16(packed, columns, c, r)];
        m.f32[at] = f(f(m.f32[at] - f(code * share)) * m.f32[scale / 4 + r]);
      }
    }
  },

  sumSquares(m, values, count, partial) {
    for (let block = 0; block * 4096 < count; block++) {
      const l = new Float64Array(LANES);
      for (let k = 4096 * block; k < Math.min(count, 4096 * (block + 1)); k++) {
        l[k % LANES] += m.f32[values / 4 + k] ** 2;
      }
      for (let w = 8; w >= 1; w /= 2) for (let j = 0; j < w; j++) l[j] += l[j + w];
      m.f64[partial / 8 + block] = l[0];
    }
  },

  clip(m, partial, blocks, limitWord, result) {
    let sum = 0;
    for (let b = 0; b < blocks; b++) sum += m.f64[partial / 8 + b];
    const norm = Math.sqrt(sum);
    const limit = wordFloat(limitWord);
    m.f64[result / 8] = norm;
    m.f32[result / 4 + 2] = !Number.isFinite(norm) ? -1 : norm > limit ? limit / norm : 1;
  },

  adam(m, values, gradient, first, second, count, clipAt, ...words) {
    const clip = m.f32[clipAt / 4];
    if (clip < 0) return;
    const [rate, beta1, beta2, epsilon, low, high] = words.map(wordFloat);
    for (let k = 0; k < count; k++) {
      const g = f(m.f32[gradient / 4 + k] * clip);
      const mean = f(f(m.f32[first / 4 + k] * beta1) + f(g * f(1 - beta1)));
      const square = f(f(m.f32[second / 4 + k] * beta2) + f(f(g * g) * f(1 - beta2)));
      m.f32[first / 4 + k] = mean;
      m.f32[second / 4 + k] = square;
      const step = f(f(mean * rate) / f(f(Math.sqrt(square)) + epsilon));
      m.f32[values / 4 + k] = Math.max(Math.min(f(m.f32[values / 4 + k] - step), high), low);
    }
  },

  copy(m, source, target, laneBytes, lanes) {
    m.bytes.copyWithin(target, source, source + laneBytes * lanes);
  },

  dropout(m, source, target, groups, lanes, width, quantized, key, threshold, factorWord) {
    const factor = wordFloat(factorWord);
    for (let r = 0; r < groups * lanes; r++) {
      for (let c = 0; c < width; c++) {
        const stays = hash(r * width + c + key) >= threshold;
        const at = r * width + c;
        if (quantized) {
          const v = nearestEven(f(m.i16[source / 2 + at] * factor));
          m.i16[target / 2 + at] = stays ? saturateInt16(v) : 0;
        } else m.f32[target / 4 + at] = stays ? f(m.f32[source / 4 + at] * factor) : 0;
      }
    }
  },
};
