// One step of an LSTM cell and its way back, eight units (integers) or four (reals) at a time.

import { exp4, sigmoid4, tanh4 } from './math';
import { BIAS, BIAS_INT, HIGH, LOW, part, SCALE, SLOPE, word } from './operands';
import { inverseOf, larger4, largestLane, quantizeRow, requantize8 } from './round';

// @ts-ignore: decorator
@inline
function entry(table: usize, offsets: usize, lane: usize): usize {
  return table + <usize>load<u16>(offsets + (lane << 1));
}

// Odd table function of eight Q3.12 integers: index (|z| + 2^(shift - 1)) >> shift, at most 511. The
// table holds i32: an entry's low half is the i16. The offsets of the entries pass through `scratch`:
// taking them out of a vector is slower.
// @ts-ignore: decorator
@inline
function oddTable8(z: v128, shift: i32, table: usize, scratch: usize): v128 {
  // |-32768| is 32768 unsigned.
  const magnitude = i16x8.add(i16x8.abs(z), i16x8.splat(<i16>1 << <i16>(shift - 1)));
  const index = i16x8.min_u(i16x8.shr_u(magnitude, shift), i16x8.splat(511));
  v128.store(scratch, i16x8.shl(index, 2));
  let v = v128.load32_zero(entry(table, scratch, 0));
  v = v128.load16_lane(entry(table, scratch, 1), v, 1);
  v = v128.load16_lane(entry(table, scratch, 2), v, 2);
  v = v128.load16_lane(entry(table, scratch, 3), v, 3);
  v = v128.load16_lane(entry(table, scratch, 4), v, 4);
  v = v128.load16_lane(entry(table, scratch, 5), v, 5);
  v = v128.load16_lane(entry(table, scratch, 6), v, 6);
  v = v128.load16_lane(entry(table, scratch, 7), v, 7);
  const sign = i16x8.shr_s(z, 15);
  return i16x8.sub(v128.xor(v, sign), sign);
}

// Eight sums of two i16 products, and of the constant, shifted right and saturated to i16.
// @ts-ignore: decorator
@inline
function dots8(a: v128, x: v128, b: v128, y: v128, half: i32, shift: i32): v128 {
  const low = i32x4.dot_i16x8_s(
    v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11), v128.shuffle<i16>(x, y, 0, 8, 1, 9, 2, 10, 3, 11),
  );
  const high = i32x4.dot_i16x8_s(
    v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15), v128.shuffle<i16>(x, y, 4, 12, 5, 13, 6, 14, 7, 15),
  );
  return i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.add(low, i32x4.splat(half)), shift),
    i32x4.shr_s(i32x4.add(high, i32x4.splat(half)), shift),
  );
}

// @ts-ignore: decorator
@inline
function hidden8(x: v128): v128 {
  return i16x8.max_s(i16x8.min_s(x, i16x8.splat(127)), i16x8.splat(-127));
}

// The passes over one row are separate loops: a chain of two tables in one would leave the processor
// little to do at the same time.

function sigmoids(acc: usize, ratio: usize, bias: usize, q: usize, size: usize, table: usize): void {
  for (let u: usize = 0; u < size; u += 16) {
    const z = requantize8(acc + (u << 1), ratio + (u << 2), bias + (u << 1));
    v128.store(q + u, i16x8.add(oddTable8(z, 6, table, q + u), i16x8.splat(4096)));
  }
}

function tanhs(acc: usize, ratio: usize, bias: usize, q: usize, size: usize, table: usize): void {
  for (let u: usize = 0; u < size; u += 16) {
    const z = requantize8(acc + (u << 1), ratio + (u << 2), bias + (u << 1));
    v128.store(q + u, oddTable8(z, 5, table, q + u));
  }
}

export function cellInt16(p: usize, thread: i32, threads: i32): void {
  const ratio = word(p, 7), table = word(p, 8), size = word(p, 10) << 1;
  const bias = ratio + (size << 1) * BIAS_INT;
  const l1 = part(word(p, 9), thread + 1, threads);
  for (let l = part(word(p, 9), thread, threads); l < l1; l++) {
    const acc = word(p, 1) + l * (size << 3), gates = word(p, 2) + l * (size << 2);
    const cBefore = word(p, 3) + l * size, c = word(p, 4) + l * size;
    const tanhC = word(p, 5) + l * size, h = word(p, 6) + l * size;
    sigmoids(acc, ratio, bias, gates, size * 2, table);
    tanhs(acc + size * 4, ratio + size * 8, bias + size * 4, gates + size * 2, size, table);
    sigmoids(acc + size * 6, ratio + size * 12, bias + size * 6, gates + size * 3, size, table);
    for (let u: usize = 0; u < size; u += 16) {
      const i = v128.load(gates + u), f = v128.load(gates + size + u);
      const g = v128.load(gates + size * 2 + u);
      const after = dots8(f, v128.load(cBefore + u), i, g, 4096, 13);
      v128.store(c + u, after);
      const t = oddTable8(after, 5, table, tanhC + u);
      v128.store(tanhC + u, t);
      const zero = i16x8.splat(0);
      v128.store(h + u, hidden8(dots8(v128.load(gates + size * 3 + u), t, zero, zero, 1 << 17, 18)));
    }
  }
}

// -1 or 0 as i16 where acc reaches the bound.
// @ts-ignore: decorator
@inline
function reaches8(acc: usize, bound: usize): v128 {
  return i16x8.narrow_i32x4_s(
    i32x4.ge_s(v128.load(acc), v128.load(bound)), i32x4.ge_s(v128.load(acc, 16), v128.load(bound, 16)),
  );
}

// A value times a three-level gate given by its two comparisons; the half rounds down.
// @ts-ignore: decorator
@inline
function times3(value: v128, acc: usize, low: usize, high: usize): v128 {
  const half = v128.and(i16x8.shr_s(value, 1), reaches8(acc, low));
  return v128.bitselect(value, half, reaches8(acc, high));
}

export function cellLevel3(p: usize, thread: i32, threads: i32): void {
  const rows = word(p, 7), table = word(p, 8), size = word(p, 10) << 1;
  const l1 = part(word(p, 9), thread + 1, threads);
  const step = size << 1, n = size << 1;
  const ratio = rows + 4 * step, bias = rows + n * BIAS_INT + 2 * step;
  const lows = rows + n * LOW, highs = rows + n * HIGH;
  for (let l = part(word(p, 9), thread, threads); l < l1; l++) {
    const acc = word(p, 1) + l * (size << 3), gates = word(p, 2) + l * size;
    const cBefore = word(p, 3) + l * size, c = word(p, 4) + l * size;
    const tanhC = word(p, 5) + l * size, h = word(p, 6) + l * size;
    for (let u: usize = 0; u < size; u += 16) {
      const v = u << 1, a = acc + v, low = lows + v, high = highs + v;
      const g = oddTable8(requantize8(a + 2 * step, ratio + (u << 2), bias + v), 5, table, gates + u);
      v128.store(gates + u, g);
      const kept = times3(v128.load(cBefore + u), a + step, low + step, high + step);
      const after = i16x8.add_sat_s(kept, times3(g, a, low, high));
      v128.store(c + u, after);
      const t = oddTable8(after, 5, table, tanhC + u);
      v128.store(tanhC + u, t);
      const out = times3(t, a + 3 * step, low + 3 * step, high + 3 * step);
      v128.store(h + u, hidden8(i16x8.shr_s(i16x8.add(out, i16x8.splat(16)), 5)));
    }
  }
}

// Loops with exponentials take four vectors at a time: V8 makes their constants anew in every turn.

// @ts-ignore: decorator
@inline
function sigmoidAt(acc: usize, bias: usize): void {
  v128.store(acc, sigmoid4(f32x4.add(v128.load(acc), v128.load(bias))));
}

function realSigmoids(acc: usize, bias: usize, size: usize): void {
  for (let u: usize = 0; u < size; u += 64) {
    sigmoidAt(acc + u, bias + u);
    sigmoidAt(acc + u + 16, bias + u + 16);
    sigmoidAt(acc + u + 32, bias + u + 32);
    sigmoidAt(acc + u + 48, bias + u + 48);
  }
}

// @ts-ignore: decorator
@inline
function tanhAt(acc: usize, bias: usize): void {
  v128.store(acc, tanh4(f32x4.add(v128.load(acc), v128.load(bias))));
}

function realTanhs(acc: usize, bias: usize, size: usize): void {
  for (let u: usize = 0; u < size; u += 64) {
    tanhAt(acc + u, bias + u);
    tanhAt(acc + u + 16, bias + u + 16);
    tanhAt(acc + u + 32, bias + u + 32);
    tanhAt(acc + u + 48, bias + u + 48);
  }
}

// @ts-ignore: decorator
@inline
function cellAt(gates: usize, size: usize, cBefore: usize, c: usize, tanhC: usize, h: usize): void {
  const i = v128.load(gates), f = v128.load(gates + size), g = v128.load(gates + size * 2);
  const after = f32x4.add(f32x4.mul(f, v128.load(cBefore)), f32x4.mul(i, g));
  v128.store(c, after);
  const t = tanh4(after);
  v128.store(tanhC, t);
  v128.store(h, f32x4.mul(v128.load(gates + size * 3), t));
}

export function cellFloat(p: usize, thread: i32, threads: i32): void {
  const bias = word(p, 6), size = word(p, 8) << 2;
  const l1 = part(word(p, 7), thread + 1, threads);
  for (let l = part(word(p, 7), thread, threads); l < l1; l++) {
    const acc = word(p, 1) + l * (size << 2), cBefore = word(p, 2) + l * size;
    const c = word(p, 3) + l * size, tanhC = word(p, 4) + l * size, h = word(p, 5) + l * size;
    realSigmoids(acc, bias, size * 2);
    realTanhs(acc + size * 2, bias + size * 2, size);
    realSigmoids(acc + size * 3, bias + size * 3, size);
    for (let u: usize = 0; u < size; u += 64) {
      const v = u + 16, w = u + 32, x = u + 48;
      cellAt(acc + u, size, cBefore + u, c + u, tanhC + u, h + u);
      cellAt(acc + v, size, cBefore + v, c + v, tanhC + v, h + v);
      cellAt(acc + w, size, cBefore + w, c + w, tanhC + w, h + w);
      cellAt(acc + x, size, cBefore + x, c + x, tanhC + x, h + x);
    }
  }
}

// Four i16 as reals.
// @ts-ignore: decorator
@inline
function reals4(q: usize, unit: f32): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(v128.load16x4_s(q)), f32x4.splat(unit));
}

// @ts-ignore: decorator
@inline
function total4(dRecurrent: usize, dOutput: usize, offset: usize): v128 {
  const dh = v128.load(dRecurrent + offset);
  return dOutput != 0 ? f32x4.add(dh, v128.load(dOutput + offset)) : dh;
}

// dc = dCell + (dh * o) * (1 - t * t)
// @ts-ignore: decorator
@inline
function throughCell4(dCell: v128, dh: v128, o: v128, t: v128): v128 {
  const slope = f32x4.sub(f32x4.splat(1), f32x4.mul(t, t));
  return f32x4.add(dCell, f32x4.mul(f32x4.mul(dh, o), slope));
}

// 0 where c stands at an end of int16.
// @ts-ignore: decorator
@inline
function inside4(dc: v128, c: usize): v128 {
  const q = v128.load16x4_s(c);
  const end = v128.or(i32x4.eq(q, i32x4.splat(32767)), i32x4.eq(q, i32x4.splat(-32768)));
  return v128.andnot(dc, end);
}

// @ts-ignore: decorator
@inline
function sigmoidSlope4(y: v128): v128 {
  return f32x4.mul(y, f32x4.sub(f32x4.splat(1), y));
}

// @ts-ignore: decorator
@inline
function tanhSlope4(y: v128): v128 {
  return f32x4.sub(f32x4.splat(1), f32x4.mul(y, y));
}

/** Stores dz and returns the largest |dz * scale| so far. */
// @ts-ignore: decorator
@inline
function storeScaled4(dz: v128, to: usize, scale: usize, most: v128): v128 {
  v128.store(to, dz);
  return larger4(most, f32x4.abs(f32x4.mul(dz, v128.load(scale))));
}

// dz * scale of lane l as two int16 each: operands 10 to 13 of the backward cells. size: bytes of one gate.
function quantizeFlow(p: usize, l: usize, dz: usize, scale: usize, size: usize, most: f32): void {
  const half = l * (size << 1), scales = word(p, 12) + (l << 2);
  quantizeRow(dz, scale, word(p, 10) + half, word(p, 11) + half, size, inverseOf(most));
  store<f32>(scales, most / 32767);
  store<f32>(scales + (word(p, 13) << 2), (most / 32767) * <f32>(1.0 / 65536.0));
}

export function backInt16(p: usize, thread: i32, threads: i32): void {
  const units = word(p, 14);
  const half = units << 1, size = units << 2;
  const scale = word(p, 9) + size * SCALE;
  const l1 = part(word(p, 13), thread + 1, threads);
  for (let l = part(word(p, 13), thread, threads); l < l1; l++) {
    const dOutput = word(p, 1) != 0 ? word(p, 1) + l * size : 0;
    const dRecurrent = word(p, 2) + l * size, dCell = word(p, 3) + l * size;
    const gates = word(p, 4) + l * (half << 2), dz = word(p, 5) + l * (size << 2);
    const cBefore = word(p, 6) + l * half, c = word(p, 7) + l * half, tanhC = word(p, 8) + l * half;
    let most = f32x4.splat(0);
    for (let u: usize = 0; u < size; u += 16) {
      const v = u >> 1, uf = size + u, ug = size * 2 + u, uo = size * 3 + u;
      const dh = total4(dRecurrent, dOutput, u);
      const t = reals4(tanhC + v, 1.0 / 4096.0), o = reals4(gates + 3 * half + v, 1.0 / 8192.0);
      most = storeScaled4(
        f32x4.mul(sigmoidSlope4(o), f32x4.mul(dh, t)), dz + uo, scale + uo, most,
      );
      const dc = inside4(throughCell4(v128.load(dCell + u), dh, o, t), c + v);
      const f = reals4(gates + half + v, 1.0 / 8192.0);
      v128.store(dCell + u, f32x4.mul(dc, f));
      const before = reals4(cBefore + v, 1.0 / 4096.0);
      most = storeScaled4(
        f32x4.mul(sigmoidSlope4(f), f32x4.mul(dc, before)), dz + uf, scale + uf, most,
      );
      const i = reals4(gates + v, 1.0 / 8192.0), g = reals4(gates + 2 * half + v, 1.0 / 4096.0);
      most = storeScaled4(f32x4.mul(sigmoidSlope4(i), f32x4.mul(dc, g)), dz + u, scale + u, most);
      most = storeScaled4(f32x4.mul(tanhSlope4(g), f32x4.mul(dc, i)), dz + ug, scale + ug, most);
    }
    quantizeFlow(p, l, dz, scale, size, largestLane(most));
  }
}

// 0, 1 or 2 halves: four three-level gates.
// @ts-ignore: decorator
@inline
function halves4(acc: v128, low: usize, high: usize): v128 {
  const reached = i32x4.add(i32x4.ge_s(acc, v128.load(low)), i32x4.ge_s(acc, v128.load(high)));
  return i32x4.neg(reached);
}

function halves(acc: usize, low: usize, high: usize, q: usize, size: usize): void {
  for (let u: usize = 0; u < size; u += 32) {
    const first = halves4(v128.load(acc + u), low + u, high + u);
    const second = halves4(v128.load(acc + u, 16), low + u + 16, high + u + 16);
    v128.store(q + (u >> 1), i16x8.narrow_i32x4_s(first, second));
  }
}

// The slope of the sigmoid of the real pre-activation, without the cancellation of 1 - y.
// @ts-ignore: decorator
@inline
function slopeAt(acc: usize, slope: usize, bias: usize): void {
  const z = f32x4.convert_i32x4_s(v128.load(acc));
  const a = f32x4.add(f32x4.mul(z, v128.load(slope)), v128.load(bias));
  const e = exp4(f32x4.neg(f32x4.abs(a)));
  const d = f32x4.add(f32x4.splat(1), e);
  v128.store(acc, f32x4.div(e, f32x4.mul(d, d)));
}

/** Accumulators of gates give way to the gates' slopes; q [size / 4] holds the gates in halves. */
function slopes(acc: usize, slope: usize, bias: usize, q: usize, size: usize, narrow: bool): void {
  if (narrow) {
    for (let u: usize = 0; u < size; u += 16) {
      v128.store(acc + u, sigmoidSlope4(reals4(q + (u >> 1), 0.5)));
    }
  } else {
    for (let u: usize = 0; u < size; u += 64) {
      slopeAt(acc + u, slope + u, bias + u);
      slopeAt(acc + u + 16, slope + u + 16, bias + u + 16);
      slopeAt(acc + u + 32, slope + u + 32, bias + u + 32);
      slopeAt(acc + u + 48, slope + u + 48, bias + u + 48);
    }
  }
}

export function backLevel3(p: usize, thread: i32, threads: i32): void {
  const units = word(p, 14), narrow = word(p, 15) != 0;
  const half = units << 1, size = units << 2;
  const rows = word(p, 9), low = rows + size * LOW, high = rows + size * HIGH;
  const slope = rows + size * SLOPE, bias = rows + size * BIAS, scale = rows + size * SCALE;
  const l1 = part(word(p, 13), thread + 1, threads);
  for (let l = part(word(p, 13), thread, threads); l < l1; l++) {
    const dOutput = word(p, 1) != 0 ? word(p, 1) + l * size : 0;
    const dRecurrent = word(p, 2) + l * size, dCell = word(p, 3) + l * size;
    const acc = word(p, 4) + l * (size << 2), candidate = word(p, 5) + l * half;
    const cBefore = word(p, 6) + l * half, c = word(p, 7) + l * half, tanhC = word(p, 8) + l * half;
    // The gates stand where the quantized dz will.
    const gates = word(p, 10) + l * (half << 2);
    const o0 = size * 3;
    halves(acc, low, high, gates, size * 2);
    halves(acc + o0, low + o0, high + o0, gates + half * 3, size);
    slopes(acc, slope, bias, gates, size * 2, narrow);
    slopes(acc + o0, slope + o0, bias + o0, gates + half * 3, size, narrow);
    let most = f32x4.splat(0);
    for (let u: usize = 0; u < size; u += 16) {
      const v = u >> 1, uf = size + u, ug = size * 2 + u, uo = size * 3 + u;
      const dh = total4(dRecurrent, dOutput, u), t = reals4(tanhC + v, 1.0 / 4096.0);
      const o = reals4(gates + half * 3 + v, 0.5);
      most = storeScaled4(
        f32x4.mul(v128.load(acc + uo), f32x4.mul(dh, t)), acc + uo, scale + uo, most,
      );
      const dc = inside4(throughCell4(v128.load(dCell + u), dh, o, t), c + v);
      v128.store(dCell + u, f32x4.mul(dc, reals4(gates + half + v, 0.5)));
      const before = reals4(cBefore + v, 1.0 / 4096.0);
      most = storeScaled4(
        f32x4.mul(v128.load(acc + uf), f32x4.mul(dc, before)), acc + uf, scale + uf, most,
      );
      const g = reals4(candidate + v, 1.0 / 4096.0), i = reals4(gates + v, 0.5);
      most = storeScaled4(f32x4.mul(v128.load(acc + u), f32x4.mul(dc, g)), acc + u, scale + u, most);
      most = storeScaled4(f32x4.mul(tanhSlope4(g), f32x4.mul(dc, i)), acc + ug, scale + ug, most);
    }
    quantizeFlow(p, l, acc, scale, size, largestLane(most));
  }
}

export function backFloat(p: usize, thread: i32, threads: i32): void {
  const size = word(p, 8) << 2;
  const l1 = part(word(p, 7), thread + 1, threads);
  for (let l = part(word(p, 7), thread, threads); l < l1; l++) {
    const dOutput = word(p, 1) != 0 ? word(p, 1) + l * size : 0;
    const dRecurrent = word(p, 2) + l * size, dCell = word(p, 3) + l * size;
    const gates = word(p, 4) + l * (size << 2);
    const cBefore = word(p, 5) + l * size, tanhC = word(p, 6) + l * size;
    for (let u: usize = 0; u < size; u += 16) {
      const uf = size + u, ug = size * 2 + u, uo = size * 3 + u;
      const dh = total4(dRecurrent, dOutput, u), t = v128.load(tanhC + u);
      const i = v128.load(gates + u), f = v128.load(gates + uf);
      const g = v128.load(gates + ug), o = v128.load(gates + uo);
      const dc = throughCell4(v128.load(dCell + u), dh, o, t);
      v128.store(dCell + u, f32x4.mul(dc, f));
      v128.store(gates + u, f32x4.mul(sigmoidSlope4(i), f32x4.mul(dc, g)));
      v128.store(gates + uf, f32x4.mul(sigmoidSlope4(f), f32x4.mul(dc, v128.load(cBefore + u))));
      v128.store(gates + ug, f32x4.mul(tanhSlope4(g), f32x4.mul(dc, i)));
      v128.store(gates + uo, f32x4.mul(sigmoidSlope4(o), f32x4.mul(dh, t)));
    }
  }
}
