// The dense head after its product: logits and the softmax cross-entropy.

import { exp4 } from './math';
import { BIAS, BIAS_INT, part, real, word } from './operands';
import { requantizeReal4 } from './round';

// All ones where index + lane < limit.
// @ts-ignore: decorator
@inline
function below4(index: usize, limit: usize): v128 {
  return i32x4.lt_s(
    i32x4.add(i32x4.splat(<i32>index), i32x4(0, 1, 2, 3)), i32x4.splat(<i32>limit),
  );
}

function largest(logits: usize, classes: usize): f32 {
  let most: f32 = load<f32>(logits);
  const whole = classes & ~(<usize>3);
  if (whole > 0) {
    let v = v128.load(logits);
    for (let c: usize = 4; c < whole; c += 4) v = f32x4.pmax(v, v128.load(logits + (c << 2)));
    most = max(
      max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
      max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
    );
  }
  for (let c = whole; c < classes; c++) most = max(most, load<f32>(logits + (c << 2)));
  return most;
}

// All ones in the target's lane.
// @ts-ignore: decorator
@inline
function at4(index: usize, target: usize): v128 {
  return i32x4.eq(
    i32x4.add(i32x4.splat(<i32>index), i32x4(0, 1, 2, 3)), i32x4.splat(<i32>target),
  );
}

/**
 * Sum of exp((logit - top) * unit) over 16 lanes without the target's; the terms go to `keep` unless it
 * is 0, for the target 0.
 */
function exponentials(
  logits: usize, keep: usize, classes: usize, columns: usize, target: usize, top: v128, unit: v128,
): f32 {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (let c: usize = 0; c < columns; c += 16) {
    const at = logits + (c << 2);
    let e0 = exp4(f32x4.mul(f32x4.sub(v128.load(at), top), unit));
    let e1 = exp4(f32x4.mul(f32x4.sub(v128.load(at, 16), top), unit));
    let e2 = exp4(f32x4.mul(f32x4.sub(v128.load(at, 32), top), unit));
    let e3 = exp4(f32x4.mul(f32x4.sub(v128.load(at, 48), top), unit));
    if (c + 16 > classes) {
      e0 = v128.and(e0, below4(c, classes)); e1 = v128.and(e1, below4(c + 4, classes));
      e2 = v128.and(e2, below4(c + 8, classes)); e3 = v128.and(e3, below4(c + 12, classes));
    }
    if (target - c < 16) {
      e0 = v128.andnot(e0, at4(c, target)); e1 = v128.andnot(e1, at4(c + 4, target));
      e2 = v128.andnot(e2, at4(c + 8, target)); e3 = v128.andnot(e3, at4(c + 12, target));
    }
    s0 = f32x4.add(s0, e0); s1 = f32x4.add(s1, e1); s2 = f32x4.add(s2, e2); s3 = f32x4.add(s3, e3);
    if (keep != 0) {
      const to = keep + (c << 2);
      v128.store(to, e0); v128.store(to, e1, 16); v128.store(to, e2, 32); v128.store(to, e3, 48);
    }
  }
  const s = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
  return (f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1)) +
    (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3));
}

export function softmax(p: usize, thread: i32, threads: i32): void {
  const rows = word(p, 5), groups = word(p, 7), lanes = word(p, 8);
  const classes = word(p, 9), columns = word(p, 10), quantized = word(p, 11) != 0;
  const unit = real(p, 12), weight = real(p, 13);
  const biasInt = rows + columns * BIAS_INT, bias = rows + columns * BIAS;
  const size = columns << 2;
  const l0 = part(lanes, thread, threads), l1 = part(lanes, thread + 1, threads);
  for (let g: usize = 0; g < groups; g++) {
    for (let r = g * lanes + l0; r < g * lanes + l1; r++) {
      const acc = word(p, 1) + r * size, logits = word(p, 2) + r * size;
      if (quantized) {
        for (let c: usize = 0; c < size; c += 16) {
          v128.store(logits + c, requantizeReal4(v128.load(acc + c), rows + (c << 1), biasInt + c));
        }
      } else {
        for (let c: usize = 0; c < size; c += 16) {
          v128.store(logits + c, f32x4.add(v128.load(acc + c), v128.load(bias + c)));
        }
      }
      if (word(p, 4) == 0) continue;
      const target = load<i32>(word(p, 4) + (r << 2));
      const gradient = word(p, 3) != 0 ? word(p, 3) + r * size : 0;
      const sums = word(p, 6) + (r << 4);
      if (target < 0) {
        store<f64>(sums, 1);
        store<f64>(sums, 0, 8);
        if (gradient != 0) {
          for (let c: usize = 0; c < size; c += 16) v128.store(gradient + c, i32x4.splat(0));
        }
        continue;
      }
      const top = largest(logits, classes);
      const others = exponentials(
        logits, gradient, classes, columns, <usize>target, f32x4.splat(top), f32x4.splat(unit),
      );
      const at = <usize>target << 2;
      const z = f32x4.splat((load<f32>(logits + at) - top) * unit);
      const sum = others + f32x4.extract_lane(exp4(z), 0);
      store<f64>(sums, <f64>sum);
      store<f64>(sums, <f64>(load<f32>(logits + at) - top) * <f64>unit, 8);
      if (gradient == 0) continue;
      const share = f32x4.splat(weight / sum);
      for (let c: usize = 0; c < size; c += 16) {
        v128.store(gradient + c, f32x4.mul(v128.load(gradient + c), share));
      }
      store<f32>(gradient + at, -(others * (weight / sum)));
      if (!quantized) continue;
      for (let c: usize = 0; c < size; c += 16) {
        const q = v128.load(logits + c);
        const end = v128.or(f32x4.eq(q, f32x4.splat(32767)), f32x4.eq(q, f32x4.splat(-32768)));
        v128.store(gradient + c, v128.andnot(v128.load(gradient + c), end));
      }
    }
  }
}
