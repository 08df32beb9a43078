/**
 * The training step as a program: a list of kernel calls over one linear memory, written once by the
 * session (fused.ts) and run by every kernel set: WASM SIMD (assembly/) and native (native/). What runs
 * when, on which addresses, is decided here and nowhere else; a kernel set only computes.
 *
 * An instruction is 16 words of 4 bytes: the operation, then its operands. Addresses are byte offsets
 * into the memory, multiples of 64 but for scales of rows, of 4; `stride` operands are bytes. Several
 * threads may run one program at once: each runs every instruction on its own part of it, and meets the
 * others at `sync`.
 *
 * Results are the same bits on every kernel set and for every number of threads, except where GEMM32
 * may fuse its multiply-adds: sums run in the order given here, lanes of a sum are fixed at 16, and
 * element-wise arithmetic is single IEEE float32 operations in the order written.
 */

/** Words of one instruction. */
export const WORDS = 16;

/** Units, rows and classes are padded to whole panels of so many columns. */
export const PANEL = 16;

/** Products of an int8 by an int16 that fit one int32 accumulator: 512 * 127 * 32767 < 2^31. */
export const EXACT_PRODUCTS = 512;

/** Pairs of a gemm16's block (modes 2 and 3) whose sum fits an int32, codes being within +-largest. */
export function exactPairs(largest: number): number {
  let pairs = EXACT_PRODUCTS / 2;
  while (2 * pairs * largest * 32767 >= 2 ** 31) pairs /= 2;
  return pairs;
}

/** Floats of one partial sum of `sumSquares`. */
export const NORM_BLOCK = 4096;

/**
 * Notation: T = i16 | i32 | f32 | f64. x[a][b] is row-major, b contiguous. n, h, columns of outputs are
 * multiples of 16 unless stated.
 *
 * Split of the work, part k of `threads` of a range of `count`: [count * k / threads | 0,
 * count * (k + 1) / threads | 0).
 *   by lanes: the lanes (or rows) of every group.      by panels: the n / 16 column panels.
 *   by rows: the rows.                                 by blocks: runs of NORM_BLOCK floats.
 *
 * Packed pairs, "panels16(k, n)": i16 [n / 16][k / 2][16][2]; element (k, n) at panel n / 16, pair k / 2,
 * column n % 16, half k % 2. k even. "panels32(k, n)": f32 [n / 16][k][16].
 *
 * Row block of a matrix with n padded rows (ROW_BLOCK): what its rows need, each array [n].
 *
 * The operations; operand numbers are word numbers.
 */
export const OP = {
  /** Nothing follows. */
  end: 0,

  /** Wait until every thread is here. */
  sync: 1,

  /**
   * rowStatistics w columns n sumAbs maxAbs. By panels. w f32 [columns][n].
   * sumAbs f64 [n] = sum over columns, in order, of f64(|w|); maxAbs f32 [n] = largest |w|.
   */
  rowStatistics: 2,

  /**
   * ternarize w columns n realColumns sumAbs packed nonzeros. By panels. w f32 [columns][n], packed
   * panels16(columns, n), nonzeros i32 [n]. delta = (0.7 * sumAbs) / realColumns in f64;
   * code = w > delta ? 1 : w < -delta ? -1 : 0, compared exactly (w as f64, or delta rounded down to f32).
   */
  ternarize: 3,

  /**
   * code8 w columns n scale64 packed. By panels. scale64 f64 [n] > 0. q = f64(w) / scale;
   * code = sign(q) * min(127, m + (|q| - m >= 0.5 ? 1 : 0)), m = trunc(|q|).
   */
  code8: 4,

  /** pack32 w columns n packed. By panels. panels32(columns, n) of w f32 [columns][n]. */
  pack32: 5,

  /**
   * transpose16Panels packed panelStride firstPair columns n back. Split over ceil(columns / 16) output
   * panels. packed: panels of a panels16 matrix, panelStride bytes apart; the part of it that starts at
   * pair firstPair and is `columns` (even) deep, transposed: back panels16(n, pad16(columns)), so element
   * (k = row of n, column) = code; columns beyond `columns` are 0.
   */
  transpose16Panels: 6,

  /** transpose32Panels w columns n back. Likewise: w f32 [columns][n] to panels32(n, pad16(columns)). */
  transpose32Panels: 7,

  /**
   * embed table unique x count width quantized stride. By rows of `count`. table f32 rows of `stride`
   * bytes; unique i32 [count]. x[r] = table[unique[r]], `width` (multiple of 16) numbers: quantized = 1:
   * i16, activation(v) below, row r at x + r * width * 2; else f32, v.
   *
   * activation(v): a = |v| * 128; m = trunc(a); r = min(127, m + (a - m >= 0.5 ? 1 : 0)) with the sign
   * of v.
   */
  embed: 8,

  /**
   * input values x groups lanes channels width quantized. By lanes. values f32 [groups * lanes][channels],
   * contiguous, 4-byte aligned rows; x rows of `width` (multiple of 16) numbers, zero from `channels` on: i16
   * activation(v), or f32 min(1, max(-1, v)).
   */
  input: 9,

  /** gather source slots acc groups lanes n. By lanes. n (a multiple of 8) 4-byte numbers: acc[g * lanes + l] = source[slots[g * lanes + l]]. */
  gather: 10,

  /** zero address laneBytes lanes. By lanes. laneBytes a multiple of 32. */
  zero: 11,

  /**
   * gemm16 a aRow aGroup b bPanel c cRow cGroup groups rows pairs n mode scale block. Rows of a: group g, row r
   * at a + g * aGroup + r * aRow (only 2-byte aligned), i16, contiguous; b panels16 with panels bPanel
   * bytes apart, `pairs` of each read from its start. sum = i32 sum of products over 2 * pairs. mode:
   *   0 by rows: c i32 [.] = sum.
   *   1 by rows: c i32 += sum.
   *   2 by rows: c f32 = sum over blocks of `block` pairs, a power of two up to 256, in order, of
   *     f32(sum of block) * s, where s = f32 at scale + (g * rows + r) * 4; the first block stores, later
   *     ones add.
   *   3 by rows: like 2, the first block adds to c too.
   *   4 by panels, pairs <= 256: c f32 = sum over blocks of `block` pairs, in order, of f32(sum of block) *
   *     s[block][column], s f32 [blocks][n] at scale.
   *   5 by panels: likewise, the first block adds to c too.
   * c rows: c + g * cGroup + r * cRow, n 4-byte numbers. Nothing where rows or pairs is 0.
   */
  gemm16: 12,

  /**
   * gemm32 a aRow aGroup b bPanel c cRow cGroup groups rows k n mode. As gemm16 with f32 and panels32,
   * sums over k in order (native may fuse and block). mode 0: by rows, store; 1: by rows, add;
   * 4: by panels, store; 5: by panels, add.
   */
  gemm32: 13,

  /**
   * cellInt16 acc gates cBefore c tanhC h rows table lanes units. By lanes. acc i32 [lanes][4][units], gates
   * i16 [lanes][4][units], cBefore c tanhC h i16 [lanes][units]; rows: row block of n = 4 * units. The
   * arithmetic of arithmetic.ts: z = requantize(acc) with ratio = multiplier / 2^shift in f64:
   * floor(f64(acc) * ratio + 0.5), clamped to +-2^30, plus bias, saturated to int16; table i32 [512].
   */
  cellInt16: 14,

  /** cellLevel3 acc g cBefore c tanhC h rows table lanes units. By lanes. g i16 [lanes][units]; gates i f o by low and high, compared to acc as i32; ratio and bias for g only. */
  cellLevel3: 15,

  /**
   * cellFloat acc cBefore c tanhC h bias lanes units. By lanes. All f32; acc holds the products, and then
   * the values of i f g o; bias f32 [4 * units]. With exp of assembly/math.ts: sigmoid(z) = 1 / (1 + exp(-z)),
   * tanh(z) = sign(z) * (1 - e) / (1 + e), e = exp(-2 |z|). c = f * cBefore + i * g; h = o * tanh(c).
   */
  cellFloat: 16,

  /**
   * backInt16 dOutput dRecurrent dCell gates dz cBefore c tanhC rows high low scales lanes units. By lanes.
   * dOutput (0: none) dRecurrent dCell f32 [lanes][units]; dz f32 [lanes][4][units]; high low i16
   * [lanes][4][units]; scales f32 [2][lanes]. Reals: i f o = f32(q) * 2^-13; g, t = tanhC, before = cBefore: f32(q) * 2^-12.
   *   dh = dRecurrent + dOutput
   *   dc = dCell + (dh * o) * (1 - t * t); 0 where c is -32768 or 32767
   *   dCell = dc * f
   *   dz_i = (i * (1 - i)) * (dc * g)         dz_f = (f * (1 - f)) * (dc * before)
   *   dz_g = (1 - g * g) * (dc * i)           dz_o = (o * (1 - o)) * (dh * t)
   * Then dz * scale (row block) as two int16 per number, as quantizeRows does it, of which scales holds
   * highScale [lanes] and lowScale [lanes]. A NaN among v may give anything: the session stops on it.
   */
  backInt16: 17,

  /**
   * backLevel3 dOutput dRecurrent dCell acc g cBefore c tanhC rows high low scales lanes units narrow. By lanes.
   * acc i32 on entry, dz f32 on return. Gates i f o = (acc >= low ? 0.5 : 0) + (acc >= high ? 0.5 : 0).
   * Their slopes: a = f32(acc) * slope + bias; e = exp(-|a|); d = 1 + e; slope = e / (d * d);
   * narrow = 1: q * (1 - q) instead. The rest as backInt16 with these slopes: dz_i = slope_i * (dc * g) ...
   */
  backLevel3: 18,

  /** backFloat dOutput dRecurrent dCell gates cBefore tanhC lanes units. By lanes. As backInt16, reals as they are; gates give way to dz, which is not rounded. */
  backFloat: 19,

  /**
   * softmax acc logits gradient targets rows sums groups lanes classes columns quantized unit weight. By lanes
   * of every group; unit and weight are f32. acc [groups * lanes][columns]: i32 (quantized = 1) or f32.
   * logits f32, same shape: f32(requantize(acc)) or acc + bias. May be the same memory as acc.
   * For a target >= 0: top = largest of the first `classes` logits; e[c] = exp((logit - top) * unit), 0 from
   * `classes` on; lane j of 16 sums e[c], c % 16 = j, in order, without the target's; s[j] for j < 4 =
   * (l[j] + l[4 + j]) + (l[8 + j] + l[12 + j]); others = (s[0] + s[1]) + (s[2] + s[3]);
   * sum = others + e[target]. sums f64 [rows][2] = f64(sum), f64(logit[target] - top) * f64(unit). Where
   * gradient is not 0: share = weight / sum, gradient f32 [rows][columns] = e * share, at the target
   * -(others * share), which keeps its digits where the model is sure; 0 where quantized and the logit is
   * +-int16's end.
   * A target < 0: sums 1, 0; gradient row 0. targets i32 [groups * lanes], 4-byte aligned; targets = 0: only
   * logits. The exponentials may be kept in gradient.
   */
  softmax: 20,

  /**
   * quantizeRows d columns scale high low highScale lowScale groups lanes. By lanes. d f32 rows; high low i16,
   * same shape. v = d * scale[n]; m = max |v|; inverse = m >= 2^-100 ? 32767 / m : 0; t = v * inverse;
   * high = nearest-even(t); low = clamp(nearest-even((t - high) * 65536), +-32767);
   * highScale f32 [rows] = m / 32767, lowScale = highScale * 2^-16.
   */
  quantizeRows: 21,

  /**
   * quantizeColumns d rows columns packed scale unit run low. By panels. d f32 [rows][columns]; unit f32.
   * Per column of each run of `run` (even) rows, the last of which may be shorter: m = max |d|, inverse as in
   * quantizeRows; packed panels16(rows rounded up to even, columns) = nearest-even(d * inverse), 0 in the row
   * added; scale f32 [runs][columns] = (m / 32767) * unit.
   * low (0: none): panels like packed of what is left, as in quantizeRows; their scales, 2^-16 times as large,
   * follow those of packed.
   */
  quantizeColumns: 22,

  /**
   * transpose16 source sourceStride rows columns target targetStride. By rows of the target, 16 at a time.
   * target i16 [columns][rows], row c at target + c * targetStride; columns a multiple of 16; rows any, of
   * which as many as are left to a multiple of 8 count as 0.
   */
  transpose16: 23,

  /** transpose32: as transpose16 for f32, and a multiple of 4. */
  transpose32: 24,

  /** columnSums d rows columns sum add. By panels. sum f32 [columns] = (add ? sum : 0) + d[0] + d[1] + ..., in order. */
  columnSums: 25,

  /** scatterAdd d slots rows n target count. By panels. f32. target [count][n] = 0, then target[slots[r]] += d[r], r in order. */
  scatterAdd: 26,

  /** scatterRows source unique count width target. By rows of `count`. f32 [width]: target[unique[r]] += source[r]. */
  scatterRows: 27,

  /**
   * normalizedGradient gradient columns n packed nonzeros scale dGain. By panels. gradient f32
   * [columns][n], packed panels16(columns, n), nonzeros i32 [n], scale f32 [n]. Per row: dot = sum over
   * columns, in order, of gradient * f32(code); where nonzeros is 0: share = dGain = 0, else
   * share = dot / f32(nonzeros), dGain = dot / sqrt(f32(nonzeros)). gradient = (gradient - code * share) * scale.
   */
  normalizedGradient: 28,

  /**
   * sumSquares values count partial. By blocks. Per block of NORM_BLOCK floats (the last may be shorter;
   * count a multiple of 16): lane j of 16 in f64 sums f64(v)^2, index % 16 = j, in order; then for w = 8, 4, 2,
   * 1: l[j] += l[j + w], j < w; partial f64 [blocks] = l[0].
   */
  sumSquares: 29,

  /**
   * clip partial blocks limit result. Thread 0 only. norm = sqrt(sum of partial, in order) in f64;
   * result f64 [2] = norm, and at +8 as f32: norm > limit ? f32(f64(limit) / norm) : 1; where norm is not
   * finite -1. limit f32.
   */
  clip: 30,

  /**
   * adam values gradient first second count clip rate beta1 beta2 epsilon low high. Split over runs of 16. clip:
   * address of the f32 that `clip` wrote; nothing happens where it is negative. The rest f32.
   *   g = gradient * clip; m = first * beta1 + g * (1 - beta1); v = second * beta2 + (g * g) * (1 - beta2)
   *   value = max(min(value - (m * rate) / (sqrt(v) + epsilon), high), low)
   */
  adam: 31,

  /** copy source target laneBytes lanes. By lanes. laneBytes a multiple of 32. */
  copy: 32,

  /**
   * dropout source target groups lanes width quantized key threshold factor. By lanes of every group.
   * source and target, which may be the same, [groups * lanes][width] i16 (quantized = 1) or f32; factor f32.
   * Element c of row r stays where h = hash(r * width + c + key mod 2^32), as i32, >= threshold:
   * i16 saturate(nearest-even(f32(v) * factor)), f32 v * factor; else it is 0.
   *
   * hash(x): x ^= x >>> 16; x *= 0x7feb352d; x ^= x >>> 15; x *= 0x846ca68b; x ^= x >>> 16, all mod 2^32
   * (C. Wellons, hash prospector, "lowbias32").
   */
  dropout: 33,
} as const;

export type Operation = keyof typeof OP;

/** Byte offsets of a row block's arrays, in units of n; all arrays [n]. */
export const ROW_BLOCK = {
  /** f64: multiplier / 2^shift. */
  ratio: 0,
  /** i32: bias in the output's format. */
  biasInt: 8,
  /** i32: decision points of three-level gates. */
  low: 12,
  high: 16,
  /** f32: real pre-activation per unit of the accumulator. */
  slope: 20,
  /** f32: real bias. */
  bias: 24,
  /** f32: effective row scale s. */
  scale: 28,
  bytes: 32,
} as const;
