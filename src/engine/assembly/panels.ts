// Between matrices and the panels the products read; see ../program.ts for the layouts.

import { part, real, word } from './operands';
import { inverse4, larger4, nearest4, rest4 } from './round';

// Where a matrix is walked down its columns, a whole panel goes at a time: a cache line of every row. Rows
// often lie a power of two apart, so that lines would be gone before their next quarter were asked for.

// @ts-ignore: decorator
@inline
function low2(v: v128): v128 {
  return f64x2.promote_low_f32x4(v);
}

// @ts-ignore: decorator
@inline
function high2(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i32>(v, v, 2, 3, 2, 3));
}

export function rowStatistics(p: usize, thread: i32, threads: i32): void {
  const columns = word(p, 2), row = word(p, 3) << 2;
  const panel1 = part(row >> 6, thread + 1, threads);
  for (let panel = part(row >> 6, thread, threads); panel < panel1; panel++) {
    let m0 = f32x4.splat(0), m1 = m0, m2 = m0, m3 = m0;
    let s0 = m0, s1 = m0, s2 = m0, s3 = m0, s4 = m0, s5 = m0, s6 = m0, s7 = m0;
    let w = word(p, 1) + (panel << 6);
    for (let k = columns; k > 0; k--) {
      const a = f32x4.abs(v128.load(w)), b = f32x4.abs(v128.load(w, 16));
      const c = f32x4.abs(v128.load(w, 32)), d = f32x4.abs(v128.load(w, 48));
      m0 = larger4(m0, a); m1 = larger4(m1, b); m2 = larger4(m2, c); m3 = larger4(m3, d);
      s0 = f64x2.add(s0, low2(a)); s1 = f64x2.add(s1, high2(a));
      s2 = f64x2.add(s2, low2(b)); s3 = f64x2.add(s3, high2(b));
      s4 = f64x2.add(s4, low2(c)); s5 = f64x2.add(s5, high2(c));
      s6 = f64x2.add(s6, low2(d)); s7 = f64x2.add(s7, high2(d));
      w += row;
    }
    const sums = word(p, 4) + (panel << 7), largest = word(p, 5) + (panel << 6);
    v128.store(sums, s0); v128.store(sums, s1, 16); v128.store(sums, s2, 32); v128.store(sums, s3, 48);
    v128.store(sums, s4, 64); v128.store(sums, s5, 80); v128.store(sums, s6, 96); v128.store(sums, s7, 112);
    v128.store(largest, m0); v128.store(largest, m1, 16);
    v128.store(largest, m2, 32); v128.store(largest, m3, 48);
  }
}

// (0.7 sumAbs) / columns rounded down to f32: w exceeds one exactly where it exceeds the other.
function threshold(sumAbs: f64, columns: f64): f32 {
  const delta = (0.7 * sumAbs) / columns;
  const rounded = <f32>delta;
  return <f64>rounded > delta ? reinterpret<f32>(reinterpret<i32>(rounded) - 1) : rounded;
}

// @ts-ignore: decorator
@inline
function threshold4(sumAbs: usize, columns: f64): v128 {
  let v = f32x4.splat(threshold(load<f64>(sumAbs), columns));
  v = f32x4.replace_lane(v, 1, threshold(load<f64>(sumAbs, 8), columns));
  v = f32x4.replace_lane(v, 2, threshold(load<f64>(sumAbs, 16), columns));
  return f32x4.replace_lane(v, 3, threshold(load<f64>(sumAbs, 24), columns));
}

/** Pairs of i16 from two vectors of i32. */
// @ts-ignore: decorator
@inline
function pair4(even: v128, odd: v128): v128 {
  return v128.or(v128.and(even, i32x4.splat(0xffff)), i32x4.shl(odd, 16));
}

// @ts-ignore: decorator
@inline
function sign4(w: v128, delta: v128): v128 {
  return i32x4.sub(f32x4.lt(w, f32x4.neg(delta)), f32x4.gt(w, delta));
}

// @ts-ignore: decorator
@inline
function signs4(w: usize, row: usize, delta: v128, to: usize): void {
  v128.store(to, pair4(sign4(v128.load(w), delta), sign4(v128.load(w + row), delta)));
}

export function ternarize(p: usize, thread: i32, threads: i32): void {
  const columns = word(p, 2), n = word(p, 3), real64 = <f64>word(p, 4);
  const row = n << 2;
  const panel1 = part(n >> 4, thread + 1, threads);
  for (let panel = part(n >> 4, thread, threads); panel < panel1; panel++) {
    const sums = word(p, 5) + (panel << 7), packed = word(p, 6) + panel * (columns << 5);
    const d0 = threshold4(sums, real64), d1 = threshold4(sums + 32, real64);
    const d2 = threshold4(sums + 64, real64), d3 = threshold4(sums + 96, real64);
    let w = word(p, 1) + (panel << 6), to = packed;
    for (let k = columns >> 1; k > 0; k--) {
      signs4(w, row, d0, to); signs4(w + 16, row, d1, to + 16);
      signs4(w + 32, row, d2, to + 32); signs4(w + 48, row, d3, to + 48);
      w += row << 1;
      to += 64;
    }
    // The square of a code is 1 where it is not 0.
    let n0 = i32x4.splat(0), n1 = n0, n2 = n0, n3 = n0;
    for (let q = packed; q < to; q += 64) {
      const t0 = v128.load(q), t1 = v128.load(q, 16), t2 = v128.load(q, 32), t3 = v128.load(q, 48);
      n0 = i32x4.add(n0, i32x4.dot_i16x8_s(t0, t0)); n1 = i32x4.add(n1, i32x4.dot_i16x8_s(t1, t1));
      n2 = i32x4.add(n2, i32x4.dot_i16x8_s(t2, t2)); n3 = i32x4.add(n3, i32x4.dot_i16x8_s(t3, t3));
    }
    const count = word(p, 7) + (panel << 6);
    v128.store(count, n0); v128.store(count, n1, 16);
    v128.store(count, n2, 32); v128.store(count, n3, 48);
  }
}

// Ties away from zero, within +-127; the integer is in the low half of each f64's bits.
// @ts-ignore: decorator
@inline
function code2(v: v128, scale: v128): v128 {
  const q = f64x2.div(v, scale);
  const a = f64x2.abs(q);
  const m = f64x2.trunc(a);
  const up = v128.and(f64x2.ge(f64x2.sub(a, m), f64x2.splat(0.5)), f64x2.splat(1));
  const code = f64x2.pmin(f64x2.splat(127), f64x2.add(m, up));
  return f64x2.add(v128.bitselect(q, code, f64x2.splat(-0.0)), f64x2.splat(6755399441055744));
}

// @ts-ignore: decorator
@inline
function code4(w: v128, low: v128, high: v128): v128 {
  return v128.shuffle<i32>(
    code2(f64x2.promote_low_f32x4(w), low),
    code2(f64x2.promote_low_f32x4(v128.shuffle<i32>(w, w, 2, 3, 2, 3)), high),
    0, 2, 4, 6,
  );
}

// @ts-ignore: decorator
@inline
function codes4(w: usize, row: usize, scale: usize, to: usize): void {
  const low = v128.load(scale), high = v128.load(scale, 16);
  v128.store(to, pair4(code4(v128.load(w), low, high), code4(v128.load(w + row), low, high)));
}

export function code8(p: usize, thread: i32, threads: i32): void {
  const columns = word(p, 2), n = word(p, 3);
  const row = n << 2;
  const panel1 = part(n >> 4, thread + 1, threads);
  for (let panel = part(n >> 4, thread, threads); panel < panel1; panel++) {
    const scale = word(p, 4) + (panel << 7);
    let w = word(p, 1) + (panel << 6), to = word(p, 5) + panel * (columns << 5);
    for (let k = columns >> 1; k > 0; k--) {
      codes4(w, row, scale, to); codes4(w + 16, row, scale + 32, to + 16);
      codes4(w + 32, row, scale + 64, to + 32); codes4(w + 48, row, scale + 96, to + 48);
      w += row << 1;
      to += 64;
    }
  }
}

export function pack32(p: usize, thread: i32, threads: i32): void {
  const depth = word(p, 2), n = word(p, 3);
  const panel1 = part(n >> 4, thread + 1, threads);
  for (let panel = part(n >> 4, thread, threads); panel < panel1; panel++) {
    let from = word(p, 1) + (panel << 6), to = word(p, 4) + panel * (depth << 6);
    for (let k = depth; k > 0; k--) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
      v128.store(to, v128.load(from, 32), 32);
      v128.store(to, v128.load(from, 48), 48);
      from += n << 2;
      to += 64;
    }
  }
}

// Pairs (c, c + 1) of rows r..r+3 in x, pairs (c + 2, c + 3) in y, to pairs of rows: two blocks of 2 x 4.
// @ts-ignore: decorator
@inline
function turnPairs(x: v128, y: v128, to: usize): void {
  v128.store(to, v128.shuffle<i16>(x, y, 0, 2, 1, 3, 8, 10, 9, 11));
  v128.store(to + 64, v128.shuffle<i16>(x, y, 4, 6, 5, 7, 12, 14, 13, 15));
}

export function transpose16Panels(p: usize, thread: i32, threads: i32): void {
  const packed = word(p, 1) + (word(p, 3) << 6), panelStride = word(p, 2);
  const columns = word(p, 4), n = word(p, 5);
  const outputs = (columns + 15) >> 4, panels = n >> 4;
  const out1 = part(outputs, thread + 1, threads);
  for (let out = part(outputs, thread, threads); out < out1; out++) {
    let to = word(p, 6) + out * (n << 5);
    const pairs = min<usize>(8, (columns - (out << 4)) >> 1);
    for (let panel: usize = 0; panel < panels; panel++) {
      const from = packed + panel * panelStride + (out << 9);
      for (let j: usize = 0; j < 8; j += 2) {
        const at = from + (j << 6), put = to + (j << 3);
        let x0 = i32x4.splat(0), x1 = x0, x2 = x0, x3 = x0, y0 = x0, y1 = x0, y2 = x0, y3 = x0;
        if (j < pairs) {
          x0 = v128.load(at); x1 = v128.load(at, 16); x2 = v128.load(at, 32); x3 = v128.load(at, 48);
        }
        if (j + 1 < pairs) {
          y0 = v128.load(at, 64); y1 = v128.load(at, 80); y2 = v128.load(at, 96); y3 = v128.load(at, 112);
        }
        turnPairs(x0, y0, put);
        turnPairs(x1, y1, put + 128);
        turnPairs(x2, y2, put + 256);
        turnPairs(x3, y3, put + 384);
      }
      to += 512;
    }
  }
}

// @ts-ignore: decorator
@inline
function turn4(r0: v128, r1: v128, r2: v128, r3: v128, to: usize, stride: usize): void {
  const lo01 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5), hi01 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
  const lo23 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5), hi23 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(lo01, lo23, 0, 2));
  v128.store(to + stride, v128.shuffle<i64>(lo01, lo23, 1, 3));
  v128.store(to + 2 * stride, v128.shuffle<i64>(hi01, hi23, 0, 2));
  v128.store(to + 3 * stride, v128.shuffle<i64>(hi01, hi23, 1, 3));
}

/** Four rows of f32, `have` of them there and the rest 0, four columns, to four rows of the target. */
// @ts-ignore: decorator
@inline
function transpose4(from: usize, row: usize, have: isize, to: usize, stride: usize): void {
  const none = i32x4.splat(0);
  if (have >= 4) {
    turn4(
      v128.load(from), v128.load(from + row), v128.load(from + 2 * row), v128.load(from + 3 * row),
      to, stride,
    );
  } else {
    const r0 = have > 0 ? v128.load(from) : none, r1 = have > 1 ? v128.load(from + row) : none;
    turn4(r0, r1, have > 2 ? v128.load(from + 2 * row) : none, none, to, stride);
  }
}

export function transpose32Panels(p: usize, thread: i32, threads: i32): void {
  const columns = word(p, 2), n = word(p, 3);
  const row = n << 2;
  const outputs = (columns + 15) >> 4;
  const out1 = part(outputs, thread + 1, threads);
  for (let out = part(outputs, thread, threads); out < out1; out++) {
    const from = word(p, 1) + (out << 4) * row, to = word(p, 4) + out * (n << 6);
    for (let r: usize = 0; r < n; r += 4) {
      for (let c: usize = 0; c < 16; c += 4) {
        const have = <isize>columns - <isize>((out << 4) + c);
        transpose4(from + c * row + (r << 2), row, have, to + (r << 6) + (c << 2), 64);
      }
    }
  }
}

export function transpose32(p: usize, thread: i32, threads: i32): void {
  const stride = word(p, 2), rows = word(p, 3), targetStride = word(p, 6);
  const c1 = part(word(p, 4) >> 4, thread + 1, threads) << 4;
  for (let c = part(word(p, 4) >> 4, thread, threads) << 4; c < c1; c += 16) {
    const from = word(p, 1) + (c << 2), to = word(p, 5) + c * targetStride;
    for (let r: usize = 0; r < rows; r += 4) {
      for (let j: usize = 0; j < 16; j += 4) {
        transpose4(
          from + r * stride + (j << 2), stride, <isize>rows - <isize>r,
          to + j * targetStride + (r << 2), targetStride,
        );
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function low16(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

// @ts-ignore: decorator
@inline
function high16(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

// @ts-ignore: decorator
@inline
function low32(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 0, 4, 1, 5);
}

// @ts-ignore: decorator
@inline
function high32(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 2, 6, 3, 7);
}

// @ts-ignore: decorator
@inline
function store2(a: v128, b: v128, to: usize, stride: usize): void {
  v128.store(to, v128.shuffle<i64>(a, b, 0, 2));
  v128.store(to + stride, v128.shuffle<i64>(a, b, 1, 3));
}

// Rows 0..3 and 4..7 of eight columns of i16.
// @ts-ignore: decorator
@inline
function turn8(
  r0: v128, r1: v128, r2: v128, r3: v128, r4: v128, r5: v128, r6: v128, r7: v128,
  to: usize, stride: usize,
): void {
  const a0 = low16(r0, r1), a1 = low16(r2, r3), a2 = low16(r4, r5), a3 = low16(r6, r7);
  const b0 = high16(r0, r1), b1 = high16(r2, r3), b2 = high16(r4, r5), b3 = high16(r6, r7);
  store2(low32(a0, a1), low32(a2, a3), to, stride);
  store2(high32(a0, a1), high32(a2, a3), to + 2 * stride, stride);
  store2(low32(b0, b1), low32(b2, b3), to + 4 * stride, stride);
  store2(high32(b0, b1), high32(b2, b3), to + 6 * stride, stride);
}

function transpose8(from: usize, row: usize, to: usize, stride: usize): void {
  const half = from + 4 * row;
  turn8(
    v128.load(from), v128.load(from + row), v128.load(from + 2 * row), v128.load(from + 3 * row),
    v128.load(half), v128.load(half + row), v128.load(half + 2 * row), v128.load(half + 3 * row),
    to, stride,
  );
}

/** The same with fewer than eight rows; the rest is 0. */
function transposeFew(from: usize, row: usize, have: usize, to: usize, stride: usize): void {
  const none = i32x4.splat(0);
  const r1 = have > 1 ? v128.load(from + row) : none;
  const r2 = have > 2 ? v128.load(from + 2 * row) : none;
  const r3 = have > 3 ? v128.load(from + 3 * row) : none;
  const r4 = have > 4 ? v128.load(from + 4 * row) : none;
  const r5 = have > 5 ? v128.load(from + 5 * row) : none;
  const r6 = have > 6 ? v128.load(from + 6 * row) : none;
  turn8(v128.load(from), r1, r2, r3, r4, r5, r6, none, to, stride);
}

export function transpose16(p: usize, thread: i32, threads: i32): void {
  const stride = word(p, 2), rows = word(p, 3), targetStride = word(p, 6);
  const whole = rows & ~(<usize>7);
  const c1 = part(word(p, 4) >> 4, thread + 1, threads) << 4;
  for (let c = part(word(p, 4) >> 4, thread, threads) << 4; c < c1; c += 16) {
    const to = word(p, 5) + c * targetStride;
    let from = word(p, 1) + (c << 1);
    for (let r: usize = 0; r < whole; r += 8) {
      transpose8(from, stride, to + (r << 1), targetStride);
      transpose8(from + 16, stride, to + 8 * targetStride + (r << 1), targetStride);
      from += stride << 3;
    }
    if (whole < rows) {
      transposeFew(from, stride, rows - whole, to + (whole << 1), targetStride);
      transposeFew(from + 16, stride, rows - whole, to + 8 * targetStride + (whole << 1), targetStride);
    }
  }
}

// @ts-ignore: decorator
@inline
function quantized4(d: usize, inverse: v128): v128 {
  return nearest4(f32x4.mul(v128.load(d), inverse));
}

// @ts-ignore: decorator
@inline
function quantizedPairs(d: usize, row: usize, inverse: v128, to: usize): void {
  v128.store(to, pair4(quantized4(d, inverse), quantized4(d + row, inverse)));
}

// @ts-ignore: decorator
@inline
function columnScale(most: v128, unit: v128, to: usize): v128 {
  v128.store(to, f32x4.mul(f32x4.div(most, f32x4.splat(32767)), unit));
  return inverse4(most);
}

// What rounding left, by 2^16.
// @ts-ignore: decorator
@inline
function restOf4(d: usize, inverse: v128): v128 {
  return rest4(f32x4.mul(v128.load(d), inverse));
}

export function quantizeColumns(p: usize, thread: i32, threads: i32): void {
  const rows = word(p, 2), n = word(p, 3), run = word(p, 7), low = word(p, 8);
  const unit = f32x4.splat(real(p, 6));
  const row = n << 2;
  const lowScales = ((rows + run - 1) / run) * row;
  const panel1 = part(n >> 4, thread + 1, threads);
  for (let panel = part(n >> 4, thread, threads); panel < panel1; panel++) {
    const size = ((rows + 1) >> 1) << 6;
    let to = word(p, 4) + panel * size, toLow = low + panel * size;
    let from = word(p, 1) + (panel << 6);
    let scale = word(p, 5) + (panel << 6);
    for (let r: usize = 0; r < rows; r += run) {
      const count = min(run, rows - r);
      quantizeRun(from, row, count, unit, scale, to, low != 0 ? toLow : 0, lowScales);
      from += count * row;
      to += (count >> 1) << 6;
      toLow += (count >> 1) << 6;
      scale += row;
    }
  }
}

function quantizeRun(
  from: usize, row: usize, rows: usize, unit: v128, scale: usize, to: usize, low: usize, lowScales: usize,
): void {
  let m0 = f32x4.splat(0), m1 = m0, m2 = m0, m3 = m0;
  let d = from;
  for (let r = rows; r > 0; r--) {
    m0 = larger4(m0, f32x4.abs(v128.load(d))); m1 = larger4(m1, f32x4.abs(v128.load(d, 16)));
    m2 = larger4(m2, f32x4.abs(v128.load(d, 32))); m3 = larger4(m3, f32x4.abs(v128.load(d, 48)));
    d += row;
  }
  m0 = columnScale(m0, unit, scale); m1 = columnScale(m1, unit, scale + 16);
  m2 = columnScale(m2, unit, scale + 32); m3 = columnScale(m3, unit, scale + 48);
  d = from;
  for (let r = rows >> 1; r > 0; r--) {
    quantizedPairs(d, row, m0, to); quantizedPairs(d + 16, row, m1, to + 16);
    quantizedPairs(d + 32, row, m2, to + 32); quantizedPairs(d + 48, row, m3, to + 48);
    d += row << 1;
    to += 64;
  }
  if ((rows & 1) != 0) {
    const none = i32x4.splat(0);
    v128.store(to, pair4(quantized4(d, m0), none)); v128.store(to, pair4(quantized4(d + 16, m1), none), 16);
    v128.store(to, pair4(quantized4(d + 32, m2), none), 32);
    v128.store(to, pair4(quantized4(d + 48, m3), none), 48);
  }
  if (low == 0) return;
  for (let c: usize = 0; c < 64; c += 16) {
    const s = f32x4.mul(v128.load(scale + c), f32x4.splat(1.0 / 65536.0));
    v128.store(scale + lowScales + c, s);
  }
  d = from;
  for (let r: usize = 0; r < rows; r += 2) {
    const odd = r + 1 < rows;
    for (let c: usize = 0; c < 64; c += 16) {
      const inverse = c == 0 ? m0 : c == 16 ? m1 : c == 32 ? m2 : m3;
      const second = odd ? restOf4(d + row + c, inverse) : i32x4.splat(0);
      v128.store(low + c, pair4(restOf4(d + c, inverse), second));
    }
    d += row << 1;
    low += 64;
  }
}
