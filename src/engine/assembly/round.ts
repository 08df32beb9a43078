// Rounding, saturation and the row quantizer.

/**
 * 1.5 * 2^23: x + this is x rounded to the nearest even integer, in the low bits of the sum, for
 * |x| < 2^22. V8 spends a dozen instructions on a saturating conversion and one on this.
 */
// @ts-ignore: decorator
@inline
const MAGIC: f32 = 12582912;
// @ts-ignore: decorator
@inline
const MAGIC_BITS: i32 = 0x4b400000;

/** Largest and smallest, the number that is not a NaN second: one instruction each. */
// @ts-ignore: decorator
@inline
export function clampReal4(x: v128, low: f32, high: f32): v128 {
  return f32x4.pmax(f32x4.pmin(x, f32x4.splat(high)), f32x4.splat(low));
}

/** Nearest even integer of x, |x| < 2^22, as i32. */
// @ts-ignore: decorator
@inline
export function nearest4(x: v128): v128 {
  return i32x4.sub(f32x4.add(x, f32x4.splat(MAGIC)), i32x4.splat(MAGIC_BITS));
}

/** The same as f32. */
// @ts-ignore: decorator
@inline
export function nearestReal4(x: v128): v128 {
  return f32x4.sub(f32x4.add(x, f32x4.splat(MAGIC)), f32x4.splat(MAGIC));
}

/** Larger of two non-negative vectors by their bits: a NaN wins. */
// @ts-ignore: decorator
@inline
export function larger4(most: v128, magnitude: v128): v128 {
  return i32x4.max_s(most, magnitude);
}

// @ts-ignore: decorator
@inline
export function largestLane(most: v128): f32 {
  const two = larger4(most, v128.shuffle<i32>(most, most, 2, 3, 2, 3));
  return f32x4.extract_lane(larger4(two, v128.shuffle<i32>(two, two, 1, 1, 1, 1)), 0);
}

/** 2^-100: below it everything rounds to 0, and 32767 / most stays finite. */
// @ts-ignore: decorator
@inline
const LEAST: f32 = 7.888609052210118e-31;

/** The factor that brings `most` to 32767. */
// @ts-ignore: decorator
@inline
export function inverseOf(most: f32): f32 {
  return most >= LEAST ? 32767 / most : 0;
}

// @ts-ignore: decorator
@inline
export function inverse4(most: v128): v128 {
  const some = f32x4.ge(most, f32x4.splat(LEAST));
  return v128.and(f32x4.div(f32x4.splat(32767), most), some);
}

/** An activation, ties away from zero: sign(v) min(127, round(128 |v|)), as i32. */
// @ts-ignore: decorator
@inline
export function activation4(v: v128): v128 {
  const a = f32x4.mul(f32x4.abs(v), f32x4.splat(128));
  const m = f32x4.trunc(a);
  const up = v128.and(f32x4.ge(f32x4.sub(a, m), f32x4.splat(0.5)), f32x4.splat(1));
  const r = nearest4(f32x4.pmin(f32x4.splat(127), f32x4.add(m, up)));
  const sign = i32x4.shr_s(v, 31);
  return i32x4.sub(v128.xor(r, sign), sign);
}

// floor(acc * ratio + 1/2) within +-2^30, in the low half of each f64's bits. The ratio is a multiple of
// 2^-24, so 2^-25 more takes halves up and nothing else when the sum with 1.5 * 2^52 rounds to nearest.
// @ts-ignore: decorator
@inline
function rescale2(acc: v128, ratio: v128): v128 {
  const x = f64x2.mul(f64x2.convert_low_i32x4_s(acc), ratio);
  const bound = f64x2.splat(1073741824);
  const clamped = f64x2.pmax(f64x2.pmin(x, bound), f64x2.neg(bound));
  return f64x2.add(f64x2.add(clamped, f64x2.splat(2.9802322387695312e-8)), f64x2.splat(6755399441055744));
}

/** requantize of ../../quant/arithmetic.ts before it saturates: a narrowing to i16 does that. */
// @ts-ignore: decorator
@inline
export function rescale4(acc: v128, ratio: usize, bias: usize): v128 {
  const low = rescale2(acc, v128.load(ratio));
  const high = rescale2(v128.shuffle<i32>(acc, acc, 2, 3, 2, 3), v128.load(ratio, 16));
  return i32x4.add(v128.shuffle<i32>(low, high, 0, 2, 4, 6), v128.load(bias));
}

/** Eight pre-activations, i16. */
// @ts-ignore: decorator
@inline
export function requantize8(acc: usize, ratio: usize, bias: usize): v128 {
  return i16x8.narrow_i32x4_s(
    rescale4(v128.load(acc), ratio, bias), rescale4(v128.load(acc, 16), ratio + 32, bias + 16),
  );
}

/** Four logits: requantized integers as f32. */
// @ts-ignore: decorator
@inline
export function requantizeReal4(acc: v128, ratio: usize, bias: usize): v128 {
  const z = rescale4(acc, ratio, bias);
  const clamped = i32x4.max_s(i32x4.min_s(z, i32x4.splat(32767)), i32x4.splat(-32768));
  return f32x4.convert_i32x4_s(clamped);
}

/** What rounding t leaves, by 2^16, as i32. */
// @ts-ignore: decorator
@inline
export function rest4(t: v128): v128 {
  const rest = f32x4.mul(f32x4.sub(t, nearestReal4(t)), f32x4.splat(65536));
  return nearest4(clampReal4(rest, -32767, 32767));
}

/** Two i16 per number: high = nearest(t), low = rest(t), t = d * scale * factor. */
export function quantizeRow(
  d: usize, scale: usize, high: usize, low: usize, n: usize, factor: f32,
): void {
  const inverse = f32x4.splat(factor);
  for (let j: usize = 0; j < n << 2; j += 32) {
    const t0 = f32x4.mul(f32x4.mul(v128.load(d + j), v128.load(scale + j)), inverse);
    const t1 = f32x4.mul(f32x4.mul(v128.load(d + j, 16), v128.load(scale + j, 16)), inverse);
    v128.store(high + (j >> 1), i16x8.narrow_i32x4_s(nearest4(t0), nearest4(t1)));
    v128.store(low + (j >> 1), i16x8.narrow_i32x4_s(rest4(t0), rest4(t1)));
  }
}
