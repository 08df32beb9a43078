/** Least squares with coefficients that are not negative: costs never are, and bigger is never cheaper. */
import { create, lusolveDependencies, multiplyDependencies, transposeDependencies } from 'mathjs';

const { lusolve, multiply, transpose } = create({
  lusolveDependencies,
  multiplyDependencies,
  transposeDependencies,
});

/** So small beside the columns' own squares that it only settles what the data leaves open. */
const RIDGE = 1e-9;

/**
 * min |A x - b|, x >= 0, by the active set method of Lawson and Hanson (1974, chapter 23).
 *
 * @param rows A, one row per observation
 */
export function nonNegativeLeastSquares(
  rows: readonly (readonly number[])[],
  b: readonly number[],
): number[] {
  const n = rows[0]?.length ?? 0;
  const x = new Array<number>(n).fill(0);
  if (n === 0) return x;
  const a = rows.map((row) => [...row]);
  const at = transpose(a);
  const gram = multiply(at, a) as number[][];
  const target = multiply(at, [...b]) as number[];
  const scale = Math.max(...target.map(Math.abs), 1);
  const passive = new Set<number>();
  for (let round = 0; round < 10 * n + 10; round++) {
    const gradient = target.map(
      (value, j) => value - gram[j].reduce((sum, g, k) => sum + g * x[k], 0),
    );
    let next = -1;
    for (let j = 0; j < n; j++) {
      if (!passive.has(j) && gram[j][j] > 0 && gradient[j] > 1e-9 * scale) {
        if (
          next < 0 ||
          gradient[j] / Math.sqrt(gram[j][j]) > gradient[next] / Math.sqrt(gram[next][next])
        )
          next = j;
      }
    }
    if (next < 0) return x;
    passive.add(next);
    for (;;) {
      const free = [...passive].sort((p, q) => p - q);
      const z = solve(free, gram, target);
      if (z.every((value) => value > 0)) {
        x.fill(0);
        free.forEach((j, k) => (x[j] = z[k]));
        break;
      }
      let step = 1;
      free.forEach((j, k) => {
        if (z[k] <= 0) step = Math.min(step, x[j] === z[k] ? 0 : x[j] / (x[j] - z[k]));
      });
      free.forEach((j, k) => {
        x[j] += step * (z[k] - x[j]);
        if (x[j] <= 1e-12 * scale && z[k] <= 0) {
          x[j] = 0;
          passive.delete(j);
        }
      });
      if (passive.size === 0) break;
    }
  }
  return x;
}

function solve(
  free: readonly number[],
  gram: readonly (readonly number[])[],
  target: readonly number[],
): number[] {
  const matrix = free.map((j) => free.map((k) => gram[j][k] * (j === k ? 1 + RIDGE : 1)));
  const solved = lusolve(
    matrix,
    free.map((j) => target[j]),
  ) as number[][];
  return solved.map(([value]) => value);
}
