// Rows of numbers: what enters the products, and what moves.

import { part, real, word } from './operands';
import {
  activation4, clampReal4, inverseOf, larger4, largestLane, nearest4, quantizeRow,
} from './round';

export function embed(p: usize, thread: i32, threads: i32): void {
  const width = word(p, 5), stride = word(p, 7);
  const quantized = word(p, 6) != 0;
  const r1 = part(word(p, 4), thread + 1, threads);
  for (let r = part(word(p, 4), thread, threads); r < r1; r++) {
    const from = word(p, 1) + <usize>load<u32>(word(p, 2) + (r << 2)) * stride;
    if (quantized) {
      const to = word(p, 3) + r * (width << 1);
      for (let j: usize = 0; j < width << 2; j += 32) {
        const low = activation4(v128.load(from + j)), high = activation4(v128.load(from + j, 16));
        v128.store(to + (j >> 1), i16x8.narrow_i32x4_s(low, high));
      }
    } else {
      move(from, word(p, 3) + r * (width << 2), width << 2);
    }
  }
}

/** `size`, a multiple of 32, bytes. */
// @ts-ignore: decorator
@inline
function move(from: usize, to: usize, size: usize): void {
  for (let j: usize = 0; j < size; j += 32) {
    const low = v128.load(from + j), high = v128.load(from + j, 16);
    v128.store(to + j, low);
    v128.store(to + j, high, 16);
  }
}

// @ts-ignore: decorator
@inline
function clear(to: usize, size: usize): void {
  for (let j: usize = 0; j < size; j += 32) {
    v128.store(to + j, i32x4.splat(0));
    v128.store(to + j, i32x4.splat(0), 16);
  }
}

// @ts-ignore: decorator
@inline
function loadPart(from: usize, have: isize): v128 {
  if (have >= 4) return v128.load(from);
  let v = i32x4.splat(0);
  if (have > 0) v = v128.load32_lane(from, v, 0);
  if (have > 1) v = v128.load32_lane(from + 4, v, 1);
  if (have > 2) v = v128.load32_lane(from + 8, v, 2);
  return v;
}

export function input(p: usize, thread: i32, threads: i32): void {
  const groups = word(p, 3), lanes = word(p, 4), channels = word(p, 5), width = word(p, 6);
  const quantized = word(p, 7) != 0;
  const l0 = part(lanes, thread, threads), l1 = part(lanes, thread + 1, threads);
  for (let g: usize = 0; g < groups; g++) {
    for (let r = g * lanes + l0; r < g * lanes + l1; r++) {
      const from = word(p, 1) + r * (channels << 2);
      const to = word(p, 2) + r * (width << (quantized ? 1 : 2));
      for (let j: usize = 0; j < width; j += 8) {
        const have = <isize>channels - <isize>j;
        const low = loadPart(from + (j << 2), have), high = loadPart(from + (j << 2) + 16, have - 4);
        if (quantized) {
          v128.store(to + (j << 1), i16x8.narrow_i32x4_s(activation4(low), activation4(high)));
        } else {
          v128.store(to + (j << 2), clampReal4(low, -1, 1));
          v128.store(to + (j << 2), clampReal4(high, -1, 1), 16);
        }
      }
    }
  }
}

export function gather(p: usize, thread: i32, threads: i32): void {
  const groups = word(p, 4), lanes = word(p, 5), size = word(p, 6) << 2;
  const l0 = part(lanes, thread, threads), l1 = part(lanes, thread + 1, threads);
  for (let g: usize = 0; g < groups; g++) {
    for (let r = g * lanes + l0; r < g * lanes + l1; r++) {
      const slot = <usize>load<u32>(word(p, 2) + (r << 2));
      move(word(p, 1) + slot * size, word(p, 3) + r * size, size);
    }
  }
}

export function zero(p: usize, thread: i32, threads: i32): void {
  const size = word(p, 2), lanes = word(p, 3);
  const l0 = part(lanes, thread, threads), l1 = part(lanes, thread + 1, threads);
  clear(word(p, 1) + l0 * size, (l1 - l0) * size);
}

export function copy(p: usize, thread: i32, threads: i32): void {
  const size = word(p, 3), lanes = word(p, 4);
  const l0 = part(lanes, thread, threads), l1 = part(lanes, thread + 1, threads);
  move(word(p, 1) + l0 * size, word(p, 2) + l0 * size, (l1 - l0) * size);
}

// All bits where a number stays: its hash, as i32, is at least the threshold.
// @ts-ignore: decorator
@inline
function stays4(index: v128, threshold: v128): v128 {
  let x = v128.xor(index, i32x4.shr_u(index, 16));
  x = i32x4.mul(x, i32x4.splat(0x7feb352d));
  x = v128.xor(x, i32x4.shr_u(x, 15));
  x = i32x4.mul(x, i32x4.splat(0x846ca68b));
  return i32x4.ge_s(v128.xor(x, i32x4.shr_u(x, 16)), threshold);
}

// @ts-ignore: decorator
@inline
function grown4(v: v128, factor: v128): v128 {
  return nearest4(f32x4.mul(f32x4.convert_i32x4_s(v), factor));
}

export function dropout(p: usize, thread: i32, threads: i32): void {
  const groups = word(p, 3), lanes = word(p, 4), width = word(p, 5);
  const quantized = word(p, 6) != 0;
  const key = <u32>word(p, 7);
  const threshold = i32x4.splat(<i32>word(p, 8)), factor = f32x4.splat(real(p, 9));
  const l0 = part(lanes, thread, threads), l1 = part(lanes, thread + 1, threads);
  const size = width << (quantized ? 1 : 2);
  const step = i32x4.splat(4);
  for (let g: usize = 0; g < groups; g++) {
    for (let r = g * lanes + l0; r < g * lanes + l1; r++) {
      const from = word(p, 1) + r * size, to = word(p, 2) + r * size;
      const begin = <u32>r * <u32>width + key;
      let index = i32x4.add(i32x4.splat(begin), i32x4(0, 1, 2, 3));
      for (let j: usize = 0; j < size; j += 16) {
        const v = v128.load(from + j);
        if (quantized) {
          const low = v128.and(grown4(i32x4.extend_low_i16x8_s(v), factor), stays4(index, threshold));
          index = i32x4.add(index, step);
          const high = v128.and(grown4(i32x4.extend_high_i16x8_s(v), factor), stays4(index, threshold));
          v128.store(to + j, i16x8.narrow_i32x4_s(low, high));
        } else {
          v128.store(to + j, v128.and(f32x4.mul(v, factor), stays4(index, threshold)));
        }
        index = i32x4.add(index, step);
      }
    }
  }
}

export function quantizeRows(p: usize, thread: i32, threads: i32): void {
  const columns = word(p, 2), scale = word(p, 3);
  const groups = word(p, 8), lanes = word(p, 9);
  const l0 = part(lanes, thread, threads), l1 = part(lanes, thread + 1, threads);
  const size = columns << 2;
  for (let g: usize = 0; g < groups; g++) {
    for (let r = g * lanes + l0; r < g * lanes + l1; r++) {
      const d = word(p, 1) + r * size, high = word(p, 4) + r * (columns << 1);
      let largest = f32x4.splat(0);
      for (let j: usize = 0; j < size; j += 16) {
        const v = f32x4.mul(v128.load(d + j), v128.load(scale + j));
        largest = larger4(largest, f32x4.abs(v));
      }
      const most = largestLane(largest);
      quantizeRow(d, scale, high, word(p, 5) + r * (columns << 1), columns, inverseOf(most));
      store<f32>(word(p, 6) + (r << 2), most / 32767);
      store<f32>(word(p, 7) + (r << 2), (most / 32767) * <f32>(1.0 / 65536.0));
    }
  }
}

export function columnSums(p: usize, thread: i32, threads: i32): void {
  const rows = word(p, 2), columns = word(p, 3);
  const row = columns << 2;
  const c1 = part(columns >> 4, thread + 1, threads) << 6;
  for (let c = part(columns >> 4, thread, threads) << 6; c < c1; c += 64) {
    const sum = word(p, 4) + c;
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    if (word(p, 5) != 0) {
      s0 = v128.load(sum); s1 = v128.load(sum, 16); s2 = v128.load(sum, 32); s3 = v128.load(sum, 48);
    }
    let d = word(p, 1) + c;
    for (let r = rows; r > 0; r--) {
      s0 = f32x4.add(s0, v128.load(d)); s1 = f32x4.add(s1, v128.load(d, 16));
      s2 = f32x4.add(s2, v128.load(d, 32)); s3 = f32x4.add(s3, v128.load(d, 48));
      d += row;
    }
    v128.store(sum, s0); v128.store(sum, s1, 16); v128.store(sum, s2, 32); v128.store(sum, s3, 48);
  }
}

export function scatterAdd(p: usize, thread: i32, threads: i32): void {
  const rows = word(p, 3), row = word(p, 4) << 2, count = word(p, 6);
  const c0 = part(row >> 6, thread, threads) << 6, size = (part(row >> 6, thread + 1, threads) << 6) - c0;
  const target = word(p, 5) + c0;
  for (let r: usize = 0; r < count; r++) clear(target + r * row, size);
  let d = word(p, 1) + c0;
  for (let r: usize = 0; r < rows; r++) {
    const to = target + <usize>load<u32>(word(p, 2) + (r << 2)) * row;
    for (let j: usize = 0; j < size; j += 32) {
      const low = f32x4.add(v128.load(to + j), v128.load(d + j));
      const high = f32x4.add(v128.load(to + j, 16), v128.load(d + j, 16));
      v128.store(to + j, low);
      v128.store(to + j, high, 16);
    }
    d += row;
  }
}

export function scatterRows(p: usize, thread: i32, threads: i32): void {
  const size = word(p, 4) << 2;
  const r1 = part(word(p, 3), thread + 1, threads);
  for (let r = part(word(p, 3), thread, threads); r < r1; r++) {
    const from = word(p, 1) + r * size;
    const to = word(p, 5) + <usize>load<u32>(word(p, 2) + (r << 2)) * size;
    for (let j: usize = 0; j < size; j += 16) {
      v128.store(to + j, f32x4.add(v128.load(to + j), v128.load(from + j)));
    }
  }
}
