/** The loss of a head's outputs and its gradient. */

export interface Loss {
  /** Summed over the rows that count. */
  sum: number;
  count: number;
}

/**
 * Cross-entropy in nats of logits [rows, classes]; rows with a target below 0 do not count. `gradient`, if
 * given, becomes that of the mean, [rows, classes].
 */
export function crossEntropy(
  logits: Float64Array,
  targets: Int32Array,
  rows: number,
  classes: number,
  gradient: Float32Array | null,
): Loss {
  let sum = 0;
  let count = 0;
  for (let r = 0; r < rows; r++) if (targets[r] >= 0) count++;
  for (let r = 0; r < rows; r++) {
    const from = r * classes;
    const target = targets[r];
    if (target < 0) {
      gradient?.fill(0, from, from + classes);
      continue;
    }
    let max = -Infinity;
    for (let n = from; n < from + classes; n++) if (logits[n] > max) max = logits[n];
    let total = 0;
    for (let n = from; n < from + classes; n++) total += Math.exp(logits[n] - max);
    sum += Math.log(total) + max - logits[from + target];
    if (gradient === null) continue;
    const part = 1 / (total * count);
    for (let n = from; n < from + classes; n++) gradient[n] = Math.exp(logits[n] - max) * part;
    gradient[from + target] -= 1 / count;
  }
  return { sum, count };
}

/** Half the square error of values [rows]; targets that are no numbers do not count. */
export function halfSquares(
  values: Float64Array,
  targets: Float32Array,
  rows: number,
  gradient: Float32Array | null,
): Loss {
  let sum = 0;
  let count = 0;
  for (let r = 0; r < rows; r++) if (!Number.isNaN(targets[r])) count++;
  for (let r = 0; r < rows; r++) {
    const error = Number.isNaN(targets[r]) ? 0 : values[r] - targets[r];
    sum += (error * error) / 2;
    if (gradient !== null) gradient[r] = error / count;
  }
  return { sum, count };
}
