// Matrix product in f32 SIMD. The inner loop is 2 rows by 4 vectors and not unrolled: eight sums, four
// vectors of B, two splats and one temporary fill V8's fifteen registers; anything larger spills.

// K is cut so that a panel of B (K x 16) stays in the first-level cache.
const K_BLOCK: i32 = 256;

// @ts-ignore: decorator
@inline
function madd(sum: v128, x: v128, y: v128): v128 {
  return f32x4.add(sum, f32x4.mul(x, y));
}

function block2x16(
  a0: usize, aRow: usize, aK: usize, b: usize, c0: usize, c1: usize, k: i32, accumulate: bool,
): void {
  let s00 = f32x4.splat(0), s01 = s00, s02 = s00, s03 = s00;
  let s10 = s00, s11 = s00, s12 = s00, s13 = s00;
  if (accumulate) {
    s00 = v128.load(c0); s01 = v128.load(c0, 16); s02 = v128.load(c0, 32); s03 = v128.load(c0, 48);
    s10 = v128.load(c1); s11 = v128.load(c1, 16); s12 = v128.load(c1, 32); s13 = v128.load(c1, 48);
  }
  let a1 = a0 + aRow;
  const end = b + (<usize>k << 6);
  do {
    const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
    const x0 = v128.load32_splat(a0);
    const x1 = v128.load32_splat(a1);
    s00 = madd(s00, x0, b0); s01 = madd(s01, x0, b1); s02 = madd(s02, x0, b2); s03 = madd(s03, x0, b3);
    s10 = madd(s10, x1, b0); s11 = madd(s11, x1, b1); s12 = madd(s12, x1, b2); s13 = madd(s13, x1, b3);
    a0 += aK;
    a1 += aK;
    b += 64;
  } while (b < end);
  v128.store(c0, s00); v128.store(c0, s01, 16); v128.store(c0, s02, 32); v128.store(c0, s03, 48);
  v128.store(c1, s10); v128.store(c1, s11, 16); v128.store(c1, s12, 32); v128.store(c1, s13, 48);
}

function block1x16(a: usize, aK: usize, b: usize, c: usize, k: i32, accumulate: bool): void {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  if (accumulate) {
    s0 = v128.load(c); s1 = v128.load(c, 16); s2 = v128.load(c, 32); s3 = v128.load(c, 48);
  }
  const end = b + (<usize>k << 6);
  do {
    const x = v128.load32_splat(a);
    s0 = madd(s0, x, v128.load(b)); s1 = madd(s1, x, v128.load(b, 16));
    s2 = madd(s2, x, v128.load(b, 32)); s3 = madd(s3, x, v128.load(b, 48));
    a += aK;
    b += 64;
  } while (b < end);
  v128.store(c, s0); v128.store(c, s1, 16); v128.store(c, s2, 32); v128.store(c, s3, 48);
}

function block2x4(
  a0: usize, aRow: usize, aK: usize, b: usize, c0: usize, c1: usize, k: i32, accumulate: bool,
): void {
  let s0 = f32x4.splat(0), s1 = s0;
  if (accumulate) { s0 = v128.load(c0); s1 = v128.load(c1); }
  let a1 = a0 + aRow;
  const end = b + (<usize>k << 4);
  do {
    const x = v128.load(b);
    s0 = madd(s0, v128.load32_splat(a0), x);
    s1 = madd(s1, v128.load32_splat(a1), x);
    a0 += aK;
    a1 += aK;
    b += 16;
  } while (b < end);
  v128.store(c0, s0);
  v128.store(c1, s1);
}

function block1x4(a: usize, aK: usize, b: usize, c: usize, k: i32, accumulate: bool): void {
  let s = f32x4.splat(0);
  if (accumulate) s = v128.load(c);
  const end = b + (<usize>k << 4);
  do {
    s = madd(s, v128.load32_splat(a), v128.load(b));
    a += aK;
    b += 16;
  } while (b < end);
  v128.store(c, s);
}

/**
 * C [m, n] = A [m, k] B, or C += A B. Rows of A come in pairs: element (row, j) lies at
 * a + (row >> 1) * aPair + (row & 1) * aRow + j * aK bytes. B is packed (see pack): n a multiple of 4.
 */
export function gemm(
  a: usize, aRow: usize, aPair: usize, aK: usize, b: usize, c: usize, ldc: usize,
  m: i32, k: i32, n: i32, accumulate: bool,
): void {
  const panels = n >> 4;
  const tails = (n & 15) >> 2;
  const pairs = m >> 1;
  const odd = (m & 1) != 0;
  for (let k0 = 0; k0 < k; k0 += K_BLOCK) {
    const depth = min(K_BLOCK, k - k0);
    const add = accumulate || k0 > 0;
    const ak = a + <usize>k0 * aK;
    for (let p = 0; p < panels; p++) {
      const bp = b + ((<usize>p * k + k0) << 6);
      let cp = c + (<usize>p << 6);
      let ap = ak;
      for (let row = 0; row < pairs; row++) {
        block2x16(ap, aRow, aK, bp, cp, cp + ldc, depth, add);
        ap += aPair;
        cp += ldc << 1;
      }
      if (odd) block1x16(ap, aK, bp, cp, depth, add);
    }
    for (let q = 0; q < tails; q++) {
      const bp = b + ((<usize>panels * k) << 6) + ((<usize>q * k + k0) << 4);
      let cp = c + (<usize>panels << 6) + (<usize>q << 4);
      let ap = ak;
      for (let row = 0; row < pairs; row++) {
        block2x4(ap, aRow, aK, bp, cp, cp + ldc, depth, add);
        ap += aPair;
        cp += ldc << 1;
      }
      if (odd) block1x4(ap, aK, bp, cp, depth, add);
    }
  }
}

/** Pack B [k, n], rows ldb bytes apart, into panels [n / 16][k][16], then [n % 16 / 4][k][4]. */
export function pack(src: usize, ldb: usize, dst: usize, k: i32, n: i32): void {
  const panels = n >> 4;
  for (let p = 0; p < panels; p++) {
    let from = src + (<usize>p << 6);
    for (let j = 0; j < k; j++) {
      v128.store(dst, v128.load(from));
      v128.store(dst, v128.load(from, 16), 16);
      v128.store(dst, v128.load(from, 32), 32);
      v128.store(dst, v128.load(from, 48), 48);
      from += ldb;
      dst += 64;
    }
  }
  for (let q = panels << 2; q < n >> 2; q++) {
    let from = src + (<usize>q << 4);
    for (let j = 0; j < k; j++) {
      v128.store(dst, v128.load(from));
      from += ldb;
      dst += 16;
    }
  }
}

// @ts-ignore: decorator
@inline
function transpose4(src: usize, ld: usize, dst: usize, stride: usize, scale: v128): void {
  const r0 = f32x4.mul(v128.load(src), scale);
  const r1 = f32x4.mul(v128.load(src + ld), scale);
  const r2 = f32x4.mul(v128.load(src + 2 * ld), scale);
  const r3 = f32x4.mul(v128.load(src + 3 * ld), scale);
  const lo01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const hi01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const lo23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const hi23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(dst, v128.shuffle<f64>(lo01, lo23, 0, 2));
  v128.store(dst + stride, v128.shuffle<f64>(lo01, lo23, 1, 3));
  v128.store(dst + 2 * stride, v128.shuffle<f64>(hi01, hi23, 0, 2));
  v128.store(dst + 3 * stride, v128.shuffle<f64>(hi01, hi23, 1, 3));
}

/**
 * Pack B = (scale . S)^T for S [n, k] with rows ld bytes apart and scale [k]: same panels as pack.
 * n and k are multiples of 4.
 */
export function packTransposed(src: usize, ld: usize, scale: usize, dst: usize, k: i32, n: i32): void {
  const panels = n >> 4;
  for (let p = 0; p < panels; p++) {
    const from = src + <usize>(p << 4) * ld;
    for (let j = 0; j < k; j += 4) {
      const s = v128.load(scale + (<usize>j << 2));
      const at = from + (<usize>j << 2);
      transpose4(at, ld, dst, 64, s);
      transpose4(at + 4 * ld, ld, dst + 16, 64, s);
      transpose4(at + 8 * ld, ld, dst + 32, 64, s);
      transpose4(at + 12 * ld, ld, dst + 48, 64, s);
      dst += 256;
    }
  }
  for (let q = panels << 2; q < n >> 2; q++) {
    const from = src + <usize>(q << 2) * ld;
    for (let j = 0; j < k; j += 4) {
      transpose4(from + (<usize>j << 2), ld, dst, 16, v128.load(scale + (<usize>j << 2)));
      dst += 64;
    }
  }
}

/** Pack A = scale * S^T for S [k, m] into pairs of rows [m / 2][k][2]; m is even. */
export function packPairs(src: usize, dst: usize, k: i32, m: i32, scale: f32): void {
  const stride = <usize>k << 3;
  for (let j = 0; j < k; j++) {
    let to = dst + (<usize>j << 3);
    for (let i = 0; i < m; i += 2) {
      f32.store(to, f32.load(src) * scale);
      f32.store(to, f32.load(src, 4) * scale, 4);
      src += 8;
      to += stride;
    }
  }
}
