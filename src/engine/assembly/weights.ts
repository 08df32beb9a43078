// Masters lie transposed, [columns, rows], so that per-row sums run down the vectors, in column order
// as quantizers.ts states. `rows` is a multiple of 4.

/** Per row: sum of |w| in f64 and largest |w|. */
export function rowStatistics(weights: usize, sumAbs: usize, maxAbs: usize, columns: i32, rows: i32): void {
  for (let r: usize = 0; r < <usize>rows; r += 4) {
    let low = f64x2.splat(0), high = low, most = f32x4.splat(0);
    let w = weights + (r << 2);
    for (let k = 0; k < columns; k++) {
      const a = f32x4.abs(v128.load(w));
      low = f64x2.add(low, f64x2.promote_low_f32x4(a));
      high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<f64>(a, a, 1, 1)));
      most = f32x4.max(most, a);
      w += <usize>rows << 2;
    }
    v128.store(sumAbs + (r << 3), low);
    v128.store(sumAbs + (r << 3), high, 16);
    v128.store(maxAbs + (r << 2), most);
  }
}

/** codes = sign(v) where |v| > delta, compared in f64; counts nonzeros per row (f32). */
export function ternarize(
  weights: usize, delta: usize, codes: usize, nonzeros: usize, columns: i32, rows: i32,
): void {
  const one = f32x4.splat(1);
  for (let r: usize = 0; r < <usize>rows; r += 4) {
    const dLow = v128.load(delta + (r << 3)), dHigh = v128.load(delta + (r << 3), 16);
    let w = weights + (r << 2), to = codes + (r << 2);
    let count = f32x4.splat(0);
    for (let k = 0; k < columns; k++) {
      const v = v128.load(w);
      const a = f32x4.abs(v);
      const low = f64x2.gt(f64x2.promote_low_f32x4(a), dLow);
      const high = f64x2.gt(f64x2.promote_low_f32x4(v128.shuffle<f64>(a, a, 1, 1)), dHigh);
      const unit = v128.and(v128.shuffle<f32>(low, high, 0, 2, 4, 6), one);
      count = f32x4.add(count, unit);
      // The sign of v on a 1, and +0 elsewhere: f32 sums are then the integers' own.
      v128.store(to, v128.or(unit, v128.and(v128.and(v, f32x4.splat(-0.0)), f32x4.gt(unit, f32x4.splat(0)))));
      w += <usize>rows << 2;
      to += <usize>rows << 2;
    }
    v128.store(nonzeros + (r << 2), count);
  }
}

// @ts-ignore: decorator
@inline
function code8(v: v128, scale: v128): v128 {
  const q = f64x2.div(v, scale);
  const m = f64x2.floor(f64x2.add(f64x2.abs(q), f64x2.splat(0.5)));
  return v128.bitselect(q, f64x2.min(m, f64x2.splat(127)), f64x2.splat(-0.0));
}

/** codes = round-half-away(w / scale) within +-127; scale [rows] in f64, above 0. */
export function codeInt8(weights: usize, scale: usize, codes: usize, columns: i32, rows: i32): void {
  for (let r: usize = 0; r < <usize>rows; r += 4) {
    const sLow = v128.load(scale + (r << 3)), sHigh = v128.load(scale + (r << 3), 16);
    let w = weights + (r << 2), to = codes + (r << 2);
    for (let k = 0; k < columns; k++) {
      const v = v128.load(w);
      const low = code8(f64x2.promote_low_f32x4(v), sLow);
      const high = code8(f64x2.promote_low_f32x4(v128.shuffle<f64>(v, v, 1, 1)), sHigh);
      v128.store(to, v128.shuffle<f64>(
        f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2,
      ));
      w += <usize>rows << 2;
      to += <usize>rows << 2;
    }
  }
}

/** dot[r] = sum over columns of gradient * code. */
export function rowDots(gradient: usize, codes: usize, dot: usize, columns: i32, rows: i32): void {
  for (let r: usize = 0; r < <usize>rows; r += 4) {
    let sum = f32x4.splat(0);
    let g = gradient + (r << 2), t = codes + (r << 2);
    for (let k = 0; k < columns; k++) {
      sum = f32x4.add(sum, f32x4.mul(v128.load(g), v128.load(t)));
      g += <usize>rows << 2;
      t += <usize>rows << 2;
    }
    v128.store(dot + (r << 2), sum);
  }
}

/** gradient = scale[r] * (gradient - code * share[r]): the weight-normalized direction. */
export function projectRows(
  gradient: usize, codes: usize, scale: usize, share: usize, columns: i32, rows: i32,
): void {
  const size = <usize>rows << 2;
  for (let k = 0; k < columns; k++) {
    for (let r: usize = 0; r < size; r += 16) {
      const along = f32x4.mul(v128.load(codes + r), v128.load(share + r));
      const rest = f32x4.sub(v128.load(gradient + r), along);
      v128.store(gradient + r, f32x4.mul(rest, v128.load(scale + r)));
    }
    gradient += size;
    codes += size;
  }
}

/** destination [columns] = sum over rows of source [rows, columns]. */
export function columnSums(source: usize, destination: usize, rows: i32, columns: i32): void {
  for (let c: usize = 0; c < <usize>columns; c += 4) {
    let s = f32x4.splat(0);
    let from = source + (c << 2);
    for (let r = 0; r < rows; r++) {
      s = f32x4.add(s, v128.load(from));
      from += <usize>columns << 2;
    }
    v128.store(destination + (c << 2), s);
  }
}

/** destination row index[r] += source row r. */
export function scatterAdd(source: usize, index: usize, destination: usize, rows: i32, columns: i32): void {
  const size = <usize>columns << 2;
  for (let r = 0; r < rows; r++) {
    const to = destination + <usize>i32.load(index + (<usize>r << 2)) * size;
    for (let c: usize = 0; c < size; c += 16) {
      v128.store(to + c, f32x4.add(v128.load(to + c), v128.load(source + c)));
    }
    source += size;
  }
}

/** destination row r = source row index[r]. */
export function gather(source: usize, index: usize, destination: usize, rows: i32, columns: i32): void {
  const size = <usize>columns << 2;
  for (let r = 0; r < rows; r++) {
    memory.copy(destination, source + <usize>i32.load(index + (<usize>r << 2)) * size, size);
    destination += size;
  }
}

/** Sum of squares in f64. */
export function sumSquares(values: usize, count: i32): f64 {
  let low = f64x2.splat(0), high = low;
  const end = values + (<usize>count << 2);
  for (; values < end; values += 16) {
    const v = v128.load(values);
    const a = f64x2.promote_low_f32x4(v), b = f64x2.promote_low_f32x4(v128.shuffle<f64>(v, v, 1, 1));
    low = f64x2.add(low, f64x2.mul(a, a));
    high = f64x2.add(high, f64x2.mul(b, b));
  }
  const s = f64x2.add(low, high);
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
}

/**
 * Adam over flat buffers (Kingma and Ba 2015), gradient scaled by `clip` first; rate and epsilon already
 * hold the bias corrections. Values stay within [low, high].
 */
export function adam(
  values: usize, gradient: usize, first: usize, second: usize, count: i32,
  clip: f32, rate: f32, beta1: f32, beta2: f32, epsilon: f32, low: f32, high: f32,
): void {
  const b1 = f32x4.splat(beta1), b2 = f32x4.splat(beta2);
  const n1 = f32x4.splat(1 - beta1), n2 = f32x4.splat(1 - beta2);
  const scale = f32x4.splat(clip), step = f32x4.splat(rate), eps = f32x4.splat(epsilon);
  const least = f32x4.splat(low), most = f32x4.splat(high);
  const size = <usize>count << 2;
  for (let k: usize = 0; k < size; k += 16) {
    const g = f32x4.mul(v128.load(gradient + k), scale);
    const m = f32x4.add(f32x4.mul(v128.load(first + k), b1), f32x4.mul(g, n1));
    const v = f32x4.add(f32x4.mul(v128.load(second + k), b2), f32x4.mul(f32x4.mul(g, g), n2));
    v128.store(first + k, m);
    v128.store(second + k, v);
    const move = f32x4.div(f32x4.mul(m, step), f32x4.add(f32x4.sqrt(v), eps));
    const next = f32x4.sub(v128.load(values + k), move);
    v128.store(values + k, f32x4.max(f32x4.min(next, most), least));
  }
}
