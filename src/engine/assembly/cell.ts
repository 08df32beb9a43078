// Element-wise halves of an LSTM step. Units are padded to a multiple of 4, gates lie [4][units].
// Gates and tanh(c) are stored as reals (exact: integers over powers of two); h as the integer the
// products need, c in units of 2^-12 (integer schemes) or 1 (float). `slope` holds d gate / d z on the
// way out of a forward step and dL/dz after the backward step.

import { exp4, sigmoid4, tanh4 } from './math';

// @ts-ignore: decorator
@inline
function clamp4(x: v128, low: i32, high: i32): v128 {
  return i32x4.max_s(i32x4.min_s(x, i32x4.splat(high)), i32x4.splat(low));
}

// Requantize four accumulators: saturate(floor(acc * multiplier / 2^shift + 1/2) + bias); `ratio` holds
// multiplier / 2^shift in f64, so product and sum are exact.
// @ts-ignore: decorator
@inline
export function requantize4(acc: v128, ratio: usize, bias: usize): v128 {
  const half = f64x2.splat(0.5);
  const low = f64x2.floor(f64x2.add(f64x2.mul(f64x2.promote_low_f32x4(acc), v128.load(ratio)), half));
  const upper = v128.shuffle<f64>(acc, acc, 1, 1);
  const high = f64x2.floor(
    f64x2.add(f64x2.mul(f64x2.promote_low_f32x4(upper), v128.load(ratio, 16)), half),
  );
  const scaled = v128.shuffle<f64>(
    i32x4.trunc_sat_f64x2_s_zero(low), i32x4.trunc_sat_f64x2_s_zero(high), 0, 2,
  );
  return clamp4(i32x4.add(clamp4(scaled, -0x40000000, 0x3fffffff), v128.load(bias)), -32768, 32767);
}

// @ts-ignore: decorator
@inline
function lookup4(index: v128, table: usize): v128 {
  let v = v128.load32_zero(table + (<usize>i32x4.extract_lane(index, 0) << 2));
  v = v128.load32_lane(table + (<usize>i32x4.extract_lane(index, 1) << 2), v, 1);
  v = v128.load32_lane(table + (<usize>i32x4.extract_lane(index, 2) << 2), v, 2);
  return v128.load32_lane(table + (<usize>i32x4.extract_lane(index, 3) << 2), v, 3);
}

// Odd table function of four Q3.12 integers: index (|z| + 2^(shift - 1)) >> shift, at most 511.
// @ts-ignore: decorator
@inline
function oddTable4(z: v128, shift: i32, table: usize): v128 {
  const sign = i32x4.shr_s(z, 31);
  const magnitude = i32x4.sub(v128.xor(z, sign), sign);
  const index = i32x4.shr_s(i32x4.add(magnitude, i32x4.splat(1 << (shift - 1))), shift);
  const value = lookup4(i32x4.min_s(index, i32x4.splat(511)), table);
  return i32x4.sub(v128.xor(value, sign), sign);
}

// 1 where z is not saturated, else 0.
// @ts-ignore: decorator
@inline
function inside4(z: v128): v128 {
  const saturated = v128.or(
    i32x4.eq(z, i32x4.splat(32767)), i32x4.eq(z, i32x4.splat(-32768)),
  );
  return v128.andnot(f32x4.splat(1), saturated);
}

// @ts-ignore: decorator
@inline
function real4(x: v128, unit: f32): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(x), f32x4.splat(unit));
}

/** One step, int8 scheme. acc [batch, 4 units] turns into slopes; c and h [batch, units]. */
export function forwardInt16(
  acc: usize, gates: usize, cPrevious: usize, c: usize, tanhC: usize, h: usize,
  ratio: usize, bias: usize, table: usize, batch: i32, units: i32,
): void {
  const gate = <usize>units << 2;
  const one = f32x4.splat(1);
  for (let b = 0; b < batch; b++) {
    for (let u: usize = 0; u < gate; u += 16) {
      const zi = requantize4(v128.load(acc + u), ratio + (u << 1), bias + u);
      const zf = requantize4(v128.load(acc + gate + u), ratio + ((gate + u) << 1), bias + gate + u);
      const zg = requantize4(
        v128.load(acc + 2 * gate + u), ratio + ((2 * gate + u) << 1), bias + 2 * gate + u,
      );
      const zo = requantize4(
        v128.load(acc + 3 * gate + u), ratio + ((3 * gate + u) << 1), bias + 3 * gate + u,
      );
      const half = i32x4.splat(4096);
      const i = i32x4.add(half, oddTable4(zi, 6, table));
      const f = i32x4.add(half, oddTable4(zf, 6, table));
      const g = oddTable4(zg, 5, table);
      const o = i32x4.add(half, oddTable4(zo, 6, table));
      const before = i32x4.trunc_sat_f32x4_s(v128.load(cPrevious + u));
      const sum = i32x4.add(i32x4.mul(f, before), i32x4.mul(i, g));
      const after = clamp4(i32x4.shr_s(i32x4.add(sum, half), 13), -32768, 32767);
      const squashed = oddTable4(after, 5, table);
      const product = i32x4.add(i32x4.mul(o, squashed), i32x4.splat(1 << 17));
      v128.store(h + u, f32x4.convert_i32x4_s(clamp4(i32x4.shr_s(product, 18), -127, 127)));
      v128.store(c + u, f32x4.convert_i32x4_s(after));
      v128.store(tanhC + u, real4(squashed, 1.0 / 4096.0));
      const ri = real4(i, 1.0 / 8192.0), rf = real4(f, 1.0 / 8192.0);
      const rg = real4(g, 1.0 / 4096.0), ro = real4(o, 1.0 / 8192.0);
      v128.store(gates + u, ri);
      v128.store(gates + gate + u, rf);
      v128.store(gates + 2 * gate + u, rg);
      v128.store(gates + 3 * gate + u, ro);
      v128.store(acc + u, f32x4.mul(f32x4.mul(ri, f32x4.sub(one, ri)), inside4(zi)));
      v128.store(acc + gate + u, f32x4.mul(f32x4.mul(rf, f32x4.sub(one, rf)), inside4(zf)));
      v128.store(acc + 2 * gate + u, f32x4.mul(f32x4.sub(one, f32x4.mul(rg, rg)), inside4(zg)));
      v128.store(acc + 3 * gate + u, f32x4.mul(f32x4.mul(ro, f32x4.sub(one, ro)), inside4(zo)));
    }
    acc += gate << 2; gates += gate << 2;
    cPrevious += gate; c += gate; tanhC += gate; h += gate;
  }
}

// Value times a three-level gate given by its two comparisons; the half rounds down.
// @ts-ignore: decorator
@inline
function times3(value: v128, aboveLow: v128, aboveHigh: v128): v128 {
  const half = f32x4.floor(f32x4.mul(value, f32x4.splat(0.5)));
  return v128.bitselect(value, v128.and(half, aboveLow), aboveHigh);
}

// @ts-ignore: decorator
@inline
function gate3(aboveLow: v128, aboveHigh: v128): v128 {
  const half = f32x4.splat(0.5);
  return f32x4.add(v128.and(half, aboveLow), v128.and(half, aboveHigh));
}

// y (1 - y) for y = sigmoid(acc * scale + bias), without the cancellation of 1 - y.
// @ts-ignore: decorator
@inline
function sigmoidSlope4(acc: v128, scale: usize, bias: usize): v128 {
  const a = f32x4.add(f32x4.mul(acc, v128.load(scale)), v128.load(bias));
  const e = exp4(f32x4.neg(f32x4.abs(a)));
  const d = f32x4.add(f32x4.splat(1), e);
  return f32x4.div(e, f32x4.mul(d, d));
}

/**
 * One step, three-level gates. low, high, scale (s / 128) and realBias are [4 units] f32; ratio and
 * bias are read for the candidate only. narrow: gradient only where the gate is one half, q (1 - q).
 */
export function forwardLevel3(
  acc: usize, gates: usize, cPrevious: usize, c: usize, tanhC: usize, h: usize,
  ratio: usize, bias: usize, low: usize, high: usize, scale: usize, realBias: usize, table: usize,
  batch: i32, units: i32, training: bool, narrow: bool,
): void {
  const gate = <usize>units << 2;
  const one = f32x4.splat(1);
  for (let b = 0; b < batch; b++) {
    for (let u: usize = 0; u < gate; u += 16) {
      const uf = gate + u, ug = 2 * gate + u, uo = 3 * gate + u;
      const ai = v128.load(acc + u), af = v128.load(acc + uf), ao = v128.load(acc + uo);
      const iLow = f32x4.ge(ai, v128.load(low + u)), iHigh = f32x4.ge(ai, v128.load(high + u));
      const fLow = f32x4.ge(af, v128.load(low + uf)), fHigh = f32x4.ge(af, v128.load(high + uf));
      const oLow = f32x4.ge(ao, v128.load(low + uo)), oHigh = f32x4.ge(ao, v128.load(high + uo));
      const zg = requantize4(v128.load(acc + ug), ratio + (ug << 1), bias + ug);
      const g = f32x4.convert_i32x4_s(oddTable4(zg, 5, table));
      const sum = f32x4.add(
        times3(v128.load(cPrevious + u), fLow, fHigh), times3(g, iLow, iHigh),
      );
      const after = f32x4.max(f32x4.min(sum, f32x4.splat(32767)), f32x4.splat(-32768));
      const squashed = f32x4.convert_i32x4_s(
        oddTable4(i32x4.trunc_sat_f32x4_s(after), 5, table),
      );
      const rounded = f32x4.floor(
        f32x4.mul(f32x4.add(times3(squashed, oLow, oHigh), f32x4.splat(16)), f32x4.splat(1.0 / 32.0)),
      );
      v128.store(h + u, f32x4.max(f32x4.min(rounded, f32x4.splat(127)), f32x4.splat(-127)));
      v128.store(c + u, after);
      v128.store(tanhC + u, f32x4.mul(squashed, f32x4.splat(1.0 / 4096.0)));
      const rg = f32x4.mul(g, f32x4.splat(1.0 / 4096.0));
      const qi = gate3(iLow, iHigh), qf = gate3(fLow, fHigh), qo = gate3(oLow, oHigh);
      v128.store(gates + u, qi);
      v128.store(gates + uf, qf);
      v128.store(gates + ug, rg);
      v128.store(gates + uo, qo);
      if (!training) continue;
      if (narrow) {
        v128.store(acc + u, f32x4.mul(qi, f32x4.sub(one, qi)));
        v128.store(acc + uf, f32x4.mul(qf, f32x4.sub(one, qf)));
        v128.store(acc + uo, f32x4.mul(qo, f32x4.sub(one, qo)));
      } else {
        v128.store(acc + u, sigmoidSlope4(ai, scale + u, realBias + u));
        v128.store(acc + uf, sigmoidSlope4(af, scale + uf, realBias + uf));
        v128.store(acc + uo, sigmoidSlope4(ao, scale + uo, realBias + uo));
      }
      v128.store(acc + ug, f32x4.mul(f32x4.sub(one, f32x4.mul(rg, rg)), inside4(zg)));
    }
    acc += gate << 2; gates += gate << 2;
    cPrevious += gate; c += gate; tanhC += gate; h += gate;
  }
}

/** One step of the float reference; acc excludes the bias. */
export function forwardFloat(
  acc: usize, gates: usize, cPrevious: usize, c: usize, tanhC: usize, h: usize,
  bias: usize, batch: i32, units: i32,
): void {
  const gate = <usize>units << 2;
  const one = f32x4.splat(1);
  for (let b = 0; b < batch; b++) {
    for (let u: usize = 0; u < gate; u += 16) {
      const uf = gate + u, ug = 2 * gate + u, uo = 3 * gate + u;
      const i = sigmoid4(f32x4.add(v128.load(acc + u), v128.load(bias + u)));
      const f = sigmoid4(f32x4.add(v128.load(acc + uf), v128.load(bias + uf)));
      const g = tanh4(f32x4.add(v128.load(acc + ug), v128.load(bias + ug)));
      const o = sigmoid4(f32x4.add(v128.load(acc + uo), v128.load(bias + uo)));
      const after = f32x4.add(f32x4.mul(f, v128.load(cPrevious + u)), f32x4.mul(i, g));
      const squashed = tanh4(after);
      v128.store(h + u, f32x4.mul(o, squashed));
      v128.store(c + u, after);
      v128.store(tanhC + u, squashed);
      v128.store(gates + u, i);
      v128.store(gates + uf, f);
      v128.store(gates + ug, g);
      v128.store(gates + uo, o);
      v128.store(acc + u, f32x4.mul(i, f32x4.sub(one, i)));
      v128.store(acc + uf, f32x4.mul(f, f32x4.sub(one, f)));
      v128.store(acc + ug, f32x4.sub(one, f32x4.mul(g, g)));
      v128.store(acc + uo, f32x4.mul(o, f32x4.sub(one, o)));
    }
    acc += gate << 2; gates += gate << 2;
    cPrevious += gate; c += gate; tanhC += gate; h += gate;
  }
}

/**
 * One step backward. dOutput (0: none) and dRecurrent [batch, units] add up to dL/dh; dCell holds
 * dL/dc and is replaced by dL/dc of the step before; slope turns into dL/dz. cUnit is the real value of
 * one unit of c; `saturates`: no gradient passes where c stands at an end of int16.
 */
export function backward(
  dOutput: usize, dRecurrent: usize, dCell: usize, gates: usize, slope: usize,
  cPrevious: usize, c: usize, tanhC: usize, cUnit: f32, saturates: bool, batch: i32, units: i32,
): void {
  const gate = <usize>units << 2;
  const one = f32x4.splat(1);
  const unit = f32x4.splat(cUnit);
  for (let b = 0; b < batch; b++) {
    for (let u: usize = 0; u < gate; u += 16) {
      const uf = gate + u, ug = 2 * gate + u, uo = 3 * gate + u;
      let dh = v128.load(dRecurrent + u);
      if (dOutput) dh = f32x4.add(dh, v128.load(dOutput + u));
      const t = v128.load(tanhC + u);
      const o = v128.load(gates + uo);
      let dc = f32x4.add(
        v128.load(dCell + u), f32x4.mul(f32x4.mul(dh, o), f32x4.sub(one, f32x4.mul(t, t))),
      );
      if (saturates) {
        const after = v128.load(c + u);
        dc = v128.andnot(dc, v128.or(
          f32x4.eq(after, f32x4.splat(32767)), f32x4.eq(after, f32x4.splat(-32768)),
        ));
      }
      const i = v128.load(gates + u), g = v128.load(gates + ug);
      const before = f32x4.mul(v128.load(cPrevious + u), unit);
      v128.store(dCell + u, f32x4.mul(dc, v128.load(gates + uf)));
      v128.store(slope + u, f32x4.mul(v128.load(slope + u), f32x4.mul(dc, g)));
      v128.store(slope + uf, f32x4.mul(v128.load(slope + uf), f32x4.mul(dc, before)));
      v128.store(slope + ug, f32x4.mul(v128.load(slope + ug), f32x4.mul(dc, i)));
      v128.store(slope + uo, f32x4.mul(v128.load(slope + uo), f32x4.mul(dh, t)));
    }
    if (dOutput) dOutput += gate;
    dRecurrent += gate; dCell += gate;
    gates += gate << 2; slope += gate << 2;
    cPrevious += gate; c += gate; tanhC += gate;
  }
}
