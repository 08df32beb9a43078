/** Errors of predicted targets, in the target's own unit. */

function check(name: string, predicted: ArrayLike<number>, actual: ArrayLike<number>): void {
  if (predicted.length === actual.length && actual.length > 0) return;
  throw new RangeError(`${name}: ${predicted.length} predictions for ${actual.length} targets`);
}

/** sqrt(mean((predicted - actual)^2)) */
export function rootMeanSquareError(
  predicted: ArrayLike<number>,
  actual: ArrayLike<number>,
): number {
  check('rootMeanSquareError', predicted, actual);
  let sum = 0;
  for (let k = 0; k < actual.length; k++) sum += (predicted[k] - actual[k]) ** 2;
  return Math.sqrt(sum / actual.length);
}

/**
 * The score of the PHM 2008 challenge (Saxena et al. 2008), a sum over the cases with d = predicted - actual:
 *
 *   exp(-d / 13) - 1 where d < 0, else exp(d / 10) - 1
 *
 * Too long a life costs more than too short a one; lower is better.
 */
export function nasaScore(predicted: ArrayLike<number>, actual: ArrayLike<number>): number {
  check('nasaScore', predicted, actual);
  let sum = 0;
  for (let k = 0; k < actual.length; k++) {
    const d = predicted[k] - actual[k];
    sum += Math.exp(d < 0 ? -d / 13 : d / 10) - 1;
  }
  return sum;
}
