/**
 * Scales of a binary coding without error, for a group of few distinct magnitudes. Alternation finds
 * local minima only; where an exact coding exists it may miss it.
 */

/** Relative to the largest magnitude; float32 keeps values to 6e-8. */
const TOLERANCE = 1e-6;

/**
 * Scales a, of any sign, such that each of the magnitudes, in descending order, is a sum of +-a_j;
 * undefined where none are found.
 *
 * With m <= k distinct magnitudes v_0 > v_1 > .. they always exist: let v_0 be the sum of all, v_j the
 * sum with a_j turned, so a_j = (v_0 - v_j) / 2. For k of 3 and 4 up to 2^(k-1) magnitudes are tried:
 * v_0 is the sum of all, v_1, v_2 and for k = 4 another one get every choice of signs, and the scales that
 * follow must give the remaining magnitudes. Three sign vectors of which none is another or its negative
 * are independent, and at most four such lie in a space of three dimensions, so that for k = 4 either
 * v_3 or v_4 completes a basis.
 */
export function fewValueScales(
  sorted: Float64Array,
  length: number,
  k: number,
): Float64Array | undefined {
  const magnitudes = distinct(sorted, length, k <= 4 ? 1 << (k - 1) : k);
  if (magnitudes === undefined || magnitudes.length === 0) return undefined;
  if (magnitudes.length > k) {
    return k === 3
      ? search(magnitudes, k, [1, 2])
      : (search(magnitudes, k, [1, 2, 3]) ?? search(magnitudes, k, [1, 2, 4]));
  }
  const scales = new Float64Array(k);
  scales[0] = magnitudes[0];
  for (let j = 1; j < magnitudes.length; j++) {
    scales[j] = (magnitudes[0] - magnitudes[j]) / 2;
    scales[0] -= scales[j];
  }
  return scales;
}

/** Of sorted magnitudes; undefined where there are more than `most`. */
function distinct(sorted: Float64Array, length: number, most: number): number[] | undefined {
  const found: number[] = [];
  for (let n = 0; n < length; n++) {
    if (n > 0 && sorted[n] === sorted[n - 1]) continue;
    if (found.length === most) return undefined;
    found.push(sorted[n]);
  }
  return found;
}

/**
 * Scales of which all magnitudes are sums of +-a_j. With T_i the set of scales turned in v_i,
 * sum_{T_i} a_j = (v_0 - v_i) / 2: tries all T_i for the magnitudes of `basis`. The scales may be
 * permuted, so T of the first is a prefix.
 */
function search(magnitudes: number[], k: number, basis: number[]): Float64Array | undefined {
  const all = (1 << k) - 1;
  const rows = [all, ...basis.map(() => 0)];
  const sums = [magnitudes[0], ...basis.map((i) => (magnitudes[0] - magnitudes[i]) / 2)];
  const limit = TOLERANCE * magnitudes[0];
  const choose = (depth: number): Float64Array | undefined => {
    if (depth === k) {
      const scales = solveSubsets(rows, sums);
      return scales !== undefined && explains(scales, magnitudes, limit) ? scales : undefined;
    }
    for (let row = 1; row < all; row = depth === 1 ? 2 * row + 1 : row + 1) {
      rows[depth] = row;
      const scales = choose(depth + 1);
      if (scales !== undefined) return scales;
    }
    return undefined;
  };
  return choose(1);
}

/** Numbers a with sum of a_j over the set bits j of rows[i] = sums[i]; undefined where singular. */
function solveSubsets(rows: readonly number[], sums: readonly number[]): Float64Array | undefined {
  const k = rows.length;
  const matrix = rows.map((row, i) => [
    ...Array.from({ length: k }, (_, j) => (row >> j) & 1),
    sums[i],
  ]);
  for (let column = 0; column < k; column++) {
    let pivot = column;
    for (let i = column + 1; i < k; i++) {
      if (Math.abs(matrix[i][column]) > Math.abs(matrix[pivot][column])) pivot = i;
    }
    // Determinants of 0/1 matrices are integers: a pivot is 0 or far from it.
    if (Math.abs(matrix[pivot][column]) < 0.01) return undefined;
    [matrix[column], matrix[pivot]] = [matrix[pivot], matrix[column]];
    for (let i = 0; i < k; i++) {
      if (i === column) continue;
      const ratio = matrix[i][column] / matrix[column][column];
      for (let j = column; j <= k; j++) matrix[i][j] -= ratio * matrix[column][j];
    }
  }
  return Float64Array.from(matrix, (row, j) => row[k] / row[j]);
}

function explains(scales: Float64Array, magnitudes: readonly number[], limit: number): boolean {
  const levels = new Float64Array(1 << scales.length);
  for (let code = 0; code < levels.length; code++) {
    for (let j = 0; j < scales.length; j++)
      levels[code] += (code >> j) & 1 ? scales[j] : -scales[j];
  }
  return magnitudes.every((v) => levels.some((level) => Math.abs(level - v) <= limit));
}
