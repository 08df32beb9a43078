/**
 * Areas and energies are kept in steps of 2^-20 um^2 or pJ: sums of such amounts are exact in any order, as long as
 * they stay below 2^33 (8 mJ), so that what is attributed adds up to the last bit.
 */
const STEPS = 2 ** 20;

export function toGrid(amount: number): number {
  return Math.round(amount * STEPS) / STEPS;
}

/**
 * An amount on the grid, divided in proportion to weights that are not negative: each share is within a step of what
 * it should be, and they add up to the amount exactly.
 */
export function shareOut(amount: number, weights: readonly number[]): number[] {
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  let weight = 0;
  let given = 0;
  return weights.map((own) => {
    weight += own;
    const until = all > 0 ? toGrid((amount * weight) / all) : 0;
    const share = until - given;
    given = until;
    return share;
  });
}

/** The same of whole things. */
export function shareOutWhole(count: number, weights: readonly number[]): number[] {
  return shareOut(count / STEPS, weights).map((share) => share * STEPS);
}
