// The dense head after its product: logits and the softmax cross-entropy.

import { requantize4 } from './cell';
import { exp4 } from './math';

/** Accumulators [rows, columns] to Q6.9 integers (as f32), in place. */
export function requantizeRows(acc: usize, ratio: usize, bias: usize, rows: i32, columns: i32): void {
  const size = <usize>columns << 2;
  for (let r = 0; r < rows; r++) {
    for (let c: usize = 0; c < size; c += 16) {
      const z = requantize4(v128.load(acc + c), ratio + (c << 1), bias + c);
      v128.store(acc + c, f32x4.convert_i32x4_s(z));
    }
    acc += size;
  }
}

/** Add bias [columns] to every row of acc, in place. */
export function addBias(acc: usize, bias: usize, rows: i32, columns: i32): void {
  const size = <usize>columns << 2;
  for (let r = 0; r < rows; r++) {
    for (let c: usize = 0; c < size; c += 16) {
      v128.store(acc + c, f32x4.add(v128.load(acc + c), v128.load(bias + c)));
    }
    acc += size;
  }
}

/**
 * Sum over rows of -ln softmax(logits * unit)[target], in f64; targets below 0 are skipped. gradient
 * (0: none) receives (softmax - onehot) * weight, 0 in padding and, where `saturates`, at the ends of
 * int16.
 */
export function softmax(
  logits: usize, gradient: usize, targets: usize, rows: i32, classes: i32, columns: i32,
  unit: f32, weight: f32, saturates: bool, scratch: usize,
): f64 {
  const size = <usize>columns << 2;
  const used = <usize>classes << 2;
  let loss: f64 = 0;
  for (let r = 0; r < rows; r++) {
    const target = i32.load(targets);
    if (target < 0) {
      if (gradient) memory.fill(gradient, 0, size);
    } else {
      let most: f32 = f32.load(logits);
      for (let c: usize = 4; c < used; c += 4) most = max(most, f32.load(logits + c));
      const top = f32x4.splat(most), u = f32x4.splat(unit);
      for (let c: usize = 0; c < size; c += 16) {
        v128.store(scratch + c, exp4(f32x4.mul(f32x4.sub(v128.load(logits + c), top), u)));
      }
      for (let c: usize = used; c < size; c += 4) f32.store(scratch + c, 0);
      let low = f32x4.splat(0);
      for (let c: usize = 0; c < size; c += 16) low = f32x4.add(low, v128.load(scratch + c));
      const sum = f32x4.extract_lane(low, 0) + f32x4.extract_lane(low, 1) +
        f32x4.extract_lane(low, 2) + f32x4.extract_lane(low, 3);
      const at = <usize>target << 2;
      loss += Math.log(<f64>sum) - <f64>(f32.load(logits + at) - most) * <f64>unit;
      if (gradient) {
        const share = f32x4.splat(weight / sum);
        for (let c: usize = 0; c < size; c += 16) {
          let d = f32x4.mul(v128.load(scratch + c), share);
          v128.store(scratch + c, d);
        }
        f32.store(scratch + at, f32.load(scratch + at) - weight);
        for (let c: usize = 0; c < size; c += 16) {
          let d = v128.load(scratch + c);
          if (saturates) {
            const q = v128.load(logits + c);
            d = v128.andnot(d, v128.or(
              f32x4.eq(q, f32x4.splat(32767)), f32x4.eq(q, f32x4.splat(-32768)),
            ));
          }
          v128.store(gradient + c, d);
        }
      }
    }
    logits += size;
    targets += 4;
    if (gradient) gradient += size;
  }
  return loss;
}
