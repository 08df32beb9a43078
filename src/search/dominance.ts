/** Pareto dominance among points whose objectives are all to be minimized. */

/** Whether a is at least as good as b in every objective, and better in one. */
export function dominates(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  let isBetter = false;
  for (let k = 0; k < a.length; k++) {
    if (a[k] > b[k]) return false;
    if (a[k] < b[k]) isBetter = true;
  }
  return isBetter;
}

/**
 * Indices of the points by fronts: the first that no point dominates, the second that only points of the first do,
 * and so on (Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", 2002, section III A).
 *
 * @param isBetter which of two counts as better; plain dominance where there are no constraints.
 */
export function sortFronts(count: number, isBetter: (a: number, b: number) => boolean): number[][] {
  const dominated: number[][] = Array.from({ length: count }, () => []);
  const better = new Int32Array(count);
  for (let a = 0; a < count; a++) {
    for (let b = a + 1; b < count; b++) {
      if (isBetter(a, b)) {
        dominated[a].push(b);
        better[b]++;
      } else if (isBetter(b, a)) {
        dominated[b].push(a);
        better[a]++;
      }
    }
  }
  const fronts: number[][] = [];
  let front = Array.from({ length: count }, (_, n) => n).filter((n) => better[n] === 0);
  while (front.length > 0) {
    fronts.push(front);
    const next: number[] = [];
    for (const a of front) {
      for (const b of dominated[a]) if (--better[b] === 0) next.push(b);
    }
    front = next.sort((a, b) => a - b);
  }
  return fronts;
}

/** Indices of the points that no other dominates; of equal points the first. */
export function paretoFront(points: readonly ArrayLike<number>[]): number[] {
  return points.flatMap((point, n) => {
    const isBeaten = points.some(
      (other, m) =>
        dominates(other, point) ||
        (m < n && Array.prototype.every.call(other, (value, k) => value === point[k])),
    );
    return isBeaten ? [] : [n];
  });
}

/**
 * Crowding distance of the points of one front, in their order: the sum over objectives of the gap between a point's
 * neighbours, each as a share of the front's range; infinite at an end (Deb et al. 2002, section III B).
 */
export function crowdingDistances(points: readonly ArrayLike<number>[]): number[] {
  const distances = points.map(() => 0);
  if (points.length === 0) return distances;
  for (let k = 0; k < points[0].length; k++) {
    const order = points.map((_, n) => n).sort((a, b) => points[a][k] - points[b][k] || a - b);
    const range = points[order.at(-1)!][k] - points[order[0]][k];
    distances[order[0]] = distances[order.at(-1)!] = Infinity;
    if (range === 0) continue;
    for (let n = 1; n < order.length - 1; n++) {
      distances[order[n]] += (points[order[n + 1]][k] - points[order[n - 1]][k]) / range;
    }
  }
  return distances;
}
