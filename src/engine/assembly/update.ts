// From gradients to new parameters.

import { part, real, word } from './operands';
import { clampReal4 } from './round';

// The even or odd half of four pairs of codes, as f32.
// @ts-ignore: decorator
@inline
function evenCodes(pairs: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.shr_s(i32x4.shl(pairs, 16), 16));
}

// @ts-ignore: decorator
@inline
function oddCodes(pairs: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.shr_s(pairs, 16));
}

// @ts-ignore: decorator
@inline
function addDots(dot: usize, g: usize, row: usize, codes: usize): void {
  const pairs = v128.load(codes);
  const sum = f32x4.add(v128.load(dot), f32x4.mul(v128.load(g), evenCodes(pairs)));
  v128.store(dot, f32x4.add(sum, f32x4.mul(v128.load(g + row), oddCodes(pairs))));
}

// dot / count, or 0 where count is 0.
// @ts-ignore: decorator
@inline
function quotient4(dot: v128, count: v128): v128 {
  return v128.and(f32x4.div(dot, count), f32x4.gt(count, f32x4.splat(0)));
}

// @ts-ignore: decorator
@inline
function counts4(nonzeros: usize): v128 {
  return f32x4.convert_i32x4_s(v128.load(nonzeros));
}

// @ts-ignore: decorator
@inline
function project4(g: usize, code: v128, share: v128, scale: v128): void {
  v128.store(g, f32x4.mul(f32x4.sub(v128.load(g), f32x4.mul(code, share)), scale));
}

// @ts-ignore: decorator
@inline
function projectPairs(
  g: usize, row: usize, codes: usize, dot: usize, nonzeros: usize, scale: usize,
): void {
  const pairs = v128.load(codes), s = v128.load(scale);
  const share = quotient4(v128.load(dot), counts4(nonzeros));
  project4(g, evenCodes(pairs), share, s);
  project4(g + row, oddCodes(pairs), share, s);
}

export function normalizedGradient(p: usize, thread: i32, threads: i32): void {
  const columns = word(p, 2), n = word(p, 3);
  const row = n << 2, panelSize = columns << 5;
  const panel0 = part(n >> 4, thread, threads);
  const at = panel0 << 6, size = (part(n >> 4, thread + 1, threads) << 6) - at;
  const gradient = word(p, 1) + at, packed = word(p, 4) + panel0 * panelSize;
  const nonzeros = word(p, 5) + at, scale = word(p, 6) + at, dots = word(p, 7) + at;
  // By rows: down the panels, rows a power of two apart would drive each other out of the cache.
  for (let j: usize = 0; j < size; j += 16) v128.store(dots + j, i32x4.splat(0));
  for (let k: usize = 0; k < columns; k += 2) {
    const g = gradient + k * row;
    let t = packed + (k << 5);
    for (let j: usize = 0; j < size; j += 64) {
      addDots(dots + j, g + j, row, t);
      addDots(dots + j + 16, g + j + 16, row, t + 16);
      addDots(dots + j + 32, g + j + 32, row, t + 32);
      addDots(dots + j + 48, g + j + 48, row, t + 48);
      t += panelSize;
    }
  }
  for (let k: usize = 0; k < columns; k += 2) {
    const g = gradient + k * row;
    let t = packed + (k << 5);
    for (let j: usize = 0; j < size; j += 64) {
      for (let i = j; i < j + 64; i += 16) {
        projectPairs(g + i, row, t + (i - j), dots + i, nonzeros + i, scale + i);
      }
      t += panelSize;
    }
  }
  for (let j: usize = 0; j < size; j += 16) {
    v128.store(dots + j, quotient4(v128.load(dots + j), f32x4.sqrt(counts4(nonzeros + j))));
  }
}

// @ts-ignore: decorator
@inline
function lowSquares(v: v128): v128 {
  const x = f64x2.promote_low_f32x4(v);
  return f64x2.mul(x, x);
}

// @ts-ignore: decorator
@inline
function highSquares(v: v128): v128 {
  return lowSquares(v128.shuffle<i32>(v, v, 2, 3, 2, 3));
}

function blockSquares(from: usize, end: usize): f64 {
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
  for (; from < end; from += 64) {
    const a = v128.load(from), b = v128.load(from, 16), c = v128.load(from, 32), d = v128.load(from, 48);
    s0 = f64x2.add(s0, lowSquares(a)); s1 = f64x2.add(s1, highSquares(a));
    s2 = f64x2.add(s2, lowSquares(b)); s3 = f64x2.add(s3, highSquares(b));
    s4 = f64x2.add(s4, lowSquares(c)); s5 = f64x2.add(s5, highSquares(c));
    s6 = f64x2.add(s6, lowSquares(d)); s7 = f64x2.add(s7, highSquares(d));
  }
  s0 = f64x2.add(s0, s4); s1 = f64x2.add(s1, s5); s2 = f64x2.add(s2, s6); s3 = f64x2.add(s3, s7);
  const s = f64x2.add(f64x2.add(s0, s2), f64x2.add(s1, s3));
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
}

/** NORM_BLOCK of ../program.ts. */
// @ts-ignore: decorator
@inline
const BLOCK: usize = 4096;

export function sumSquares(p: usize, thread: i32, threads: i32): void {
  const count = word(p, 2);
  const blocks = (count + BLOCK - 1) / BLOCK;
  const b1 = part(blocks, thread + 1, threads);
  for (let b = part(blocks, thread, threads); b < b1; b++) {
    const end = min(count, (b + 1) * BLOCK);
    const squares = blockSquares(word(p, 1) + (b * BLOCK << 2), word(p, 1) + (end << 2));
    store<f64>(word(p, 3) + (b << 3), squares);
  }
}

export function clip(p: usize, thread: i32): void {
  if (thread != 0) return;
  const limit = real(p, 3), result = word(p, 4);
  let sum: f64 = 0;
  for (let b: usize = 0; b < word(p, 2); b++) sum += load<f64>(word(p, 1) + (b << 3));
  const norm = sqrt(sum);
  store<f64>(result, norm);
  let factor: f32 = 1;
  if (!isFinite(norm)) factor = -1;
  else if (norm > <f64>limit) factor = <f32>(<f64>limit / norm);
  store<f32>(result, factor, 8);
}

/** Kingma and Ba 2015; rate and epsilon hold the bias corrections. */
export function adam(p: usize, thread: i32, threads: i32): void {
  const factor = load<f32>(word(p, 6));
  if (factor < 0) return;
  const runs = (word(p, 5) + 15) >> 4;
  const from = part(runs, thread, threads) << 6;
  const end = min(word(p, 5) << 2, part(runs, thread + 1, threads) << 6);
  const values = word(p, 1), gradient = word(p, 2), first = word(p, 3), second = word(p, 4);
  const beta1 = real(p, 8), beta2 = real(p, 9), low = real(p, 11), high = real(p, 12);
  const b1 = f32x4.splat(beta1), b2 = f32x4.splat(beta2);
  const n1 = f32x4.splat(1 - beta1), n2 = f32x4.splat(1 - beta2);
  const scale = f32x4.splat(factor), rate = f32x4.splat(real(p, 7)), epsilon = f32x4.splat(real(p, 10));
  for (let k = from; k < end; k += 16) {
    const g = f32x4.mul(v128.load(gradient + k), scale);
    const m = f32x4.add(f32x4.mul(v128.load(first + k), b1), f32x4.mul(g, n1));
    const v = f32x4.add(f32x4.mul(v128.load(second + k), b2), f32x4.mul(f32x4.mul(g, g), n2));
    v128.store(first + k, m);
    v128.store(second + k, v);
    const move = f32x4.div(f32x4.mul(m, rate), f32x4.add(f32x4.sqrt(v), epsilon));
    v128.store(values + k, clampReal4(f32x4.sub(v128.load(values + k), move), low, high));
  }
}
