// The two matrix products. The inner loops are 2 rows by 4 vectors and not unrolled: eight sums, four
// vectors of B, two splats and one temporary fill V8's fifteen registers; anything larger spills.

import { part, word } from './operands';

// A panel of B of this depth (16 KiB) stays in the first-level cache while rows of A pass.
// @ts-ignore: decorator
@inline
const DEPTH: usize = 256;

// @ts-ignore: decorator
@inline
function dot(sum: v128, x: v128, y: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(x, y));
}

// @ts-ignore: decorator
@inline
function finish(sum: v128, c: usize, scale: v128, mode: i32): void {
  if (mode == 0) v128.store(c, sum);
  else if (mode == 1) v128.store(c, i32x4.add(v128.load(c), sum));
  else {
    const scaled = f32x4.mul(f32x4.convert_i32x4_s(sum), scale);
    v128.store(c, (mode & 1) != 0 ? f32x4.add(v128.load(c), scaled) : scaled);
  }
}

// scale0, scale1: of the rows (modes 2, 3); scale0: of the columns (4, 5).
function finish16(
  s0: v128, s1: v128, s2: v128, s3: v128, c: usize, scale: usize, mode: i32,
): void {
  let v0 = i32x4.splat(0), v1 = v0, v2 = v0, v3 = v0;
  if (mode >= 4) {
    v0 = v128.load(scale); v1 = v128.load(scale, 16); v2 = v128.load(scale, 32); v3 = v128.load(scale, 48);
  } else if (mode >= 2) {
    v0 = v1 = v2 = v3 = v128.load32_splat(scale);
  }
  finish(s0, c, v0, mode);
  finish(s1, c + 16, v1, mode);
  finish(s2, c + 32, v2, mode);
  finish(s3, c + 48, v3, mode);
}

function dots2x16(
  a0: usize, a1: usize, b: usize, c0: usize, c1: usize, pairs: usize,
  scale0: usize, scale1: usize, mode: i32,
): void {
  let s00 = i32x4.splat(0), s01 = s00, s02 = s00, s03 = s00;
  let s10 = s00, s11 = s00, s12 = s00, s13 = s00;
  const end = b + (pairs << 6);
  do {
    const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
    const x0 = v128.load32_splat(a0);
    const x1 = v128.load32_splat(a1);
    s00 = dot(s00, x0, b0); s01 = dot(s01, x0, b1); s02 = dot(s02, x0, b2); s03 = dot(s03, x0, b3);
    s10 = dot(s10, x1, b0); s11 = dot(s11, x1, b1); s12 = dot(s12, x1, b2); s13 = dot(s13, x1, b3);
    a0 += 4;
    a1 += 4;
    b += 64;
  } while (b < end);
  finish16(s00, s01, s02, s03, c0, scale0, mode);
  finish16(s10, s11, s12, s13, c1, scale1, mode);
}

function dots1x16(a: usize, b: usize, c: usize, pairs: usize, scale: usize, mode: i32): void {
  let s0 = i32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  const end = b + (pairs << 6);
  do {
    const x = v128.load32_splat(a);
    s0 = dot(s0, x, v128.load(b)); s1 = dot(s1, x, v128.load(b, 16));
    s2 = dot(s2, x, v128.load(b, 32)); s3 = dot(s3, x, v128.load(b, 48));
    a += 4;
    b += 64;
  } while (b < end);
  finish16(s0, s1, s2, s3, c, scale, mode);
}

// dots2x16 is called in one place, so that it becomes part of this loop nest: as a function of its own
// V8 unrolls its loop, and what it then spills halves the speed.
export function gemm16(p: usize, thread: i32, threads: i32): void {
  const aRow = word(p, 2), aGroup = word(p, 3), bPanel = word(p, 5);
  const cRow = word(p, 7), cGroup = word(p, 8);
  const rows = word(p, 10), pairs = word(p, 11), panels = word(p, 12) >> 4;
  const mode = <i32>word(p, 13), scales = word(p, 14);
  const byRows = mode < 4, exact: usize = mode < 2 ? DEPTH : word(p, 15);
  const r0 = byRows ? part(rows, thread, threads) : <usize>0;
  const mine = (byRows ? part(rows, thread + 1, threads) : rows) - r0;
  const p0 = byRows ? <usize>0 : part(panels, thread, threads);
  const p1 = byRows ? panels : part(panels, thread + 1, threads);
  const total = word(p, 9) * mine;
  if (total == 0) return;
  const scaleRow: usize = byRows ? 4 : 0, scaleBlock: usize = byRows ? 0 : panels << 6;
  // From the last of this thread's rows of a group to the first of the next group.
  const aTurn = aGroup - mine * aRow, cTurn = cGroup - mine * cRow;
  const sTurn: usize = byRows ? (rows - mine) << 2 : 0;
  for (let panel = p0; panel < p1; panel++) {
    for (let k: usize = 0; k < pairs; k += DEPTH) {
      const depth = min(DEPTH, pairs - k), block = min(exact, depth);
      const first = k == 0 ? mode : mode | 1;
      const b = word(p, 4) + panel * bPanel + (k << 6);
      let a = word(p, 1) + r0 * aRow + (k << 2);
      let c = word(p, 6) + r0 * cRow + (panel << 6);
      let scale = scales + (byRows ? r0 << 2 : panel << 6);
      let row: usize = 0;
      for (let i = total >> 1; i > 0; i--) {
        const a0 = a, c0 = c, s0 = scale;
        a += aRow; c += cRow; scale += scaleRow;
        if (++row == mine) { row = 0; a += aTurn; c += cTurn; scale += sTurn; }
        // What two rows write stays in the first-level cache over all blocks.
        let at: usize = 0, away: usize = 0, how = first;
        do {
          const bAt = b + (at << 6), x = at << 2;
          dots2x16(a0 + x, a + x, bAt, c0, c, min(block, depth - at), s0 + away, scale + away, how);
          at += block;
          away += scaleBlock;
          how |= 1;
        } while (at < depth);
        a += aRow; c += cRow; scale += scaleRow;
        if (++row == mine) { row = 0; a += aTurn; c += cTurn; scale += sTurn; }
      }
      if ((total & 1) != 0) {
        let away: usize = 0, how = first;
        for (let at: usize = 0; at < depth; at += block) {
          dots1x16(a + (at << 2), b + (at << 6), c, min(block, depth - at), scale + away, how);
          away += scaleBlock;
          how |= 1;
        }
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function madd(sum: v128, x: v128, y: v128): v128 {
  return f32x4.add(sum, f32x4.mul(x, y));
}

function madds2x16(
  a0: usize, a1: usize, b: usize, c0: usize, c1: usize, k: usize, accumulate: bool,
): void {
  let s00 = f32x4.splat(0), s01 = s00, s02 = s00, s03 = s00;
  let s10 = s00, s11 = s00, s12 = s00, s13 = s00;
  if (accumulate) {
    s00 = v128.load(c0); s01 = v128.load(c0, 16); s02 = v128.load(c0, 32); s03 = v128.load(c0, 48);
    s10 = v128.load(c1); s11 = v128.load(c1, 16); s12 = v128.load(c1, 32); s13 = v128.load(c1, 48);
  }
  const end = b + (k << 6);
  do {
    const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
    const x0 = v128.load32_splat(a0);
    const x1 = v128.load32_splat(a1);
    s00 = madd(s00, x0, b0); s01 = madd(s01, x0, b1); s02 = madd(s02, x0, b2); s03 = madd(s03, x0, b3);
    s10 = madd(s10, x1, b0); s11 = madd(s11, x1, b1); s12 = madd(s12, x1, b2); s13 = madd(s13, x1, b3);
    a0 += 4;
    a1 += 4;
    b += 64;
  } while (b < end);
  v128.store(c0, s00); v128.store(c0, s01, 16); v128.store(c0, s02, 32); v128.store(c0, s03, 48);
  v128.store(c1, s10); v128.store(c1, s11, 16); v128.store(c1, s12, 32); v128.store(c1, s13, 48);
}

function madds1x16(a: usize, b: usize, c: usize, k: usize, accumulate: bool): void {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  if (accumulate) {
    s0 = v128.load(c); s1 = v128.load(c, 16); s2 = v128.load(c, 32); s3 = v128.load(c, 48);
  }
  const end = b + (k << 6);
  do {
    const x = v128.load32_splat(a);
    s0 = madd(s0, x, v128.load(b)); s1 = madd(s1, x, v128.load(b, 16));
    s2 = madd(s2, x, v128.load(b, 32)); s3 = madd(s3, x, v128.load(b, 48));
    a += 4;
    b += 64;
  } while (b < end);
  v128.store(c, s0); v128.store(c, s1, 16); v128.store(c, s2, 32); v128.store(c, s3, 48);
}

export function gemm32(p: usize, thread: i32, threads: i32): void {
  const aRow = word(p, 2), aGroup = word(p, 3), bPanel = word(p, 5);
  const cRow = word(p, 7), cGroup = word(p, 8);
  const rows = word(p, 10), deep = word(p, 11), panels = word(p, 12) >> 4;
  const mode = <i32>word(p, 13);
  const byRows = mode < 4;
  const r0 = byRows ? part(rows, thread, threads) : <usize>0;
  const mine = (byRows ? part(rows, thread + 1, threads) : rows) - r0;
  const p0 = byRows ? <usize>0 : part(panels, thread, threads);
  const p1 = byRows ? panels : part(panels, thread + 1, threads);
  const total = word(p, 9) * mine;
  if (total == 0) return;
  const aTurn = aGroup - mine * aRow, cTurn = cGroup - mine * cRow;
  for (let panel = p0; panel < p1; panel++) {
    for (let k: usize = 0; k < deep; k += DEPTH) {
      const depth = min(DEPTH, deep - k);
      const add = k > 0 || (mode & 1) != 0;
      const b = word(p, 4) + panel * bPanel + (k << 6);
      let a = word(p, 1) + r0 * aRow + (k << 2);
      let c = word(p, 6) + r0 * cRow + (panel << 6);
      let row: usize = 0;
      for (let i = total >> 1; i > 0; i--) {
        const a0 = a, c0 = c;
        a += aRow; c += cRow;
        if (++row == mine) { row = 0; a += aTurn; c += cTurn; }
        madds2x16(a0, a, b, c0, c, depth, add);
        a += aRow; c += cRow;
        if (++row == mine) { row = 0; a += aTurn; c += cTurn; }
      }
      if ((total & 1) != 0) madds1x16(a, b, c, depth, add);
    }
  }
}
