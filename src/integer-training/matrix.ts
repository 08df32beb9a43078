/**
 * The one matrix product of this folder, and what brings operands into its form. Operands are float32, sums
 * double: of integers they are exact up to 2^53.
 */

/** A matrix of `rows` x `columns` from `offset` on, row-major. */
export interface Matrix {
  readonly data: Float32Array;
  readonly offset: number;
}

/** A whole array as a matrix. */
export function whole(data: Float32Array): Matrix {
  return { data, offset: 0 };
}

/** One row against one: sum of a[i + k] * b[j + k]. */
function dot(a: Float32Array, i: number, b: Float32Array, j: number, depth: number): number {
  let sum = 0;
  for (let k = 0; k < depth; k++) sum += a[i + k] * b[j + k];
  return sum;
}

/**
 * c = a b^T, or c += a b^T: a [rows, depth], b [columns, depth], c [rows, columns] from `at` on. Blocks of
 * 4 x 4 sums stay in registers; a quarter of that speed at the right and lower edges.
 */
export function product(
  c: Float64Array,
  at: number,
  { data: a, offset: aFrom }: Matrix,
  { data: b, offset: bFrom }: Matrix,
  rows: number,
  columns: number,
  depth: number,
  adds: boolean,
): void {
  if (!adds) c.fill(0, at, at + rows * columns);
  const evenRows = rows - (rows % 4);
  const evenColumns = columns - (columns % 4);
  for (let r = 0; r < evenRows; r += 4) {
    const a0 = aFrom + r * depth;
    const a1 = a0 + depth;
    const a2 = a1 + depth;
    const a3 = a2 + depth;
    const c0 = at + r * columns;
    const c1 = c0 + columns;
    const c2 = c1 + columns;
    const c3 = c2 + columns;
    for (let n = 0; n < evenColumns; n += 4) {
      const b0 = bFrom + n * depth;
      const b1 = b0 + depth;
      const b2 = b1 + depth;
      const b3 = b2 + depth;
      let [s00, s01, s02, s03] = [0, 0, 0, 0];
      let [s10, s11, s12, s13] = [0, 0, 0, 0];
      let [s20, s21, s22, s23] = [0, 0, 0, 0];
      let [s30, s31, s32, s33] = [0, 0, 0, 0];
      for (let k = 0; k < depth; k++) {
        const y0 = b[b0 + k];
        const y1 = b[b1 + k];
        const y2 = b[b2 + k];
        const y3 = b[b3 + k];
        const x0 = a[a0 + k];
        s00 += x0 * y0;
        s01 += x0 * y1;
        s02 += x0 * y2;
        s03 += x0 * y3;
        const x1 = a[a1 + k];
        s10 += x1 * y0;
        s11 += x1 * y1;
        s12 += x1 * y2;
        s13 += x1 * y3;
        const x2 = a[a2 + k];
        s20 += x2 * y0;
        s21 += x2 * y1;
        s22 += x2 * y2;
        s23 += x2 * y3;
        const x3 = a[a3 + k];
        s30 += x3 * y0;
        s31 += x3 * y1;
        s32 += x3 * y2;
        s33 += x3 * y3;
      }
      c[c0 + n] += s00;
      c[c0 + n + 1] += s01;
      c[c0 + n + 2] += s02;
      c[c0 + n + 3] += s03;
      c[c1 + n] += s10;
      c[c1 + n + 1] += s11;
      c[c1 + n + 2] += s12;
      c[c1 + n + 3] += s13;
      c[c2 + n] += s20;
      c[c2 + n + 1] += s21;
      c[c2 + n + 2] += s22;
      c[c2 + n + 3] += s23;
      c[c3 + n] += s30;
      c[c3 + n + 1] += s31;
      c[c3 + n + 2] += s32;
      c[c3 + n + 3] += s33;
    }
  }
  for (let r = 0; r < rows; r++) {
    const row = aFrom + r * depth;
    for (let n = r < evenRows ? evenColumns : 0; n < columns; n++) {
      c[at + r * columns + n] += dot(a, row, b, bFrom + n * depth, depth);
    }
  }
}

/** [rows, columns] as [columns, rows] into `out`. */
export function transpose(
  { data, offset }: Matrix,
  rows: number,
  columns: number,
  out: Float32Array,
): Matrix {
  for (let r = 0; r < rows; r++) {
    const from = offset + r * columns;
    for (let n = 0; n < columns; n++) out[n * rows + r] = data[from + n];
  }
  return whole(out);
}
