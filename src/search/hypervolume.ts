/** Hypervolume: how much of the space in front of a reference point a set of points dominates. */
import { dominates, paretoFront } from './dominance.js';

/**
 * Exact hypervolume of points whose objectives are minimized, in front of `reference`; points that are not better
 * than it in every objective count nothing. Two objectives by a sweep, more by exclusive volumes (While, Bradstreet,
 * Barone, "A fast way of calculating exact hypervolumes", 2012). For fronts of up to some hundred points and four
 * objectives.
 *
 * @throws {RangeError} where a point has another number of objectives than the reference, or NaN.
 */
export function hypervolume(
  points: readonly ArrayLike<number>[],
  reference: ArrayLike<number>,
): number {
  points.forEach((point, n) => {
    if (point.length !== reference.length) {
      throw new RangeError(
        `hypervolume: point ${n} has ${point.length} objectives, the reference ${reference.length}`,
      );
    }
    if (Array.prototype.some.call(point, Number.isNaN)) {
      throw new RangeError(`hypervolume: point ${n} has an objective that is NaN`);
    }
  });
  const inside = points.filter((point) =>
    Array.prototype.every.call(point, (value, k) => value < reference[k]),
  );
  return volume(
    paretoFront(inside).map((n) => inside[n]),
    reference,
  );
}

type Point = ArrayLike<number>;

function boxVolume(point: Point, reference: Point): number {
  let product = 1;
  for (let k = 0; k < reference.length; k++) product *= reference[k] - point[k];
  return product;
}

/** Of points of which none dominates another. */
function volume(front: readonly Point[], reference: Point): number {
  if (front.length === 0) return 0;
  if (reference.length === 1) return boxVolume(front[0], reference);
  // The worst in the last objective first: what the others of it leave shrinks soonest.
  const last = reference.length - 1;
  const sorted = [...front].sort((a, b) => b[last] - a[last]);
  if (reference.length === 2) {
    let sum = 0;
    let right = reference[0];
    // From the lowest second objective upwards.
    for (const point of sorted.reverse()) {
      if (point[0] < right) {
        sum += (right - point[0]) * (reference[1] - point[1]);
        right = point[0];
      }
    }
    return sum;
  }
  return sorted.reduce(
    (sum, point, n) => sum + exclusive(point, sorted.slice(n + 1), reference),
    0,
  );
}

/** What a point dominates and the others do not. */
function exclusive(point: Point, others: readonly Point[], reference: Point): number {
  const limited = others.map((other) =>
    Float64Array.from({ length: reference.length }, (_, k) => Math.max(point[k], other[k])),
  );
  const front = limited.filter(
    (a, n) =>
      !limited.some((b, m) => dominates(b, a) || (m < n && b.every((value, k) => value === a[k]))),
  );
  return boxVolume(point, reference) - volume(front, reference);
}
