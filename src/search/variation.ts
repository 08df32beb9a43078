/** How children come from parents: crossover and mutation of genomes of mixed dimensions. */
import type { Random } from '../model/random.js';
import type { Gene, Genome } from './space.js';

export interface VariationOptions {
  /** Probability that two parents are crossed at all. */
  readonly crossoverRate: number;
  /** Distribution index of simulated binary crossover: the larger, the closer to the parents. */
  readonly crossoverIndex: number;
  /** Probability that a gene mutates; undefined: one gene per child on average. */
  readonly mutationRate?: number;
  /** Distribution index of polynomial mutation. */
  readonly mutationIndex: number;
}

/** The settings of Deb et al. 2002, section IV. */
export const DEFAULT_VARIATION: VariationOptions = {
  crossoverRate: 0.9,
  crossoverIndex: 20,
  mutationIndex: 20,
};

const clamp = (value: number, { low, high }: Gene): number => Math.min(Math.max(value, low), high);

/**
 * Spread of simulated binary crossover towards one end that is `room` (in units of the parents' distance) away (Deb and
 * Agrawal 1995; bounded as in Deb's NSGA-II code).
 */
function spread(room: number, index: number, uniform: number): number {
  const beta = 1 + 2 * room;
  const alpha = 2 - beta ** -(index + 1);
  return uniform <= 1 / alpha
    ? (uniform * alpha) ** (1 / (index + 1))
    : (1 / (2 - uniform * alpha)) ** (1 / (index + 1));
}

/** Two children: ordered genes by simulated binary crossover, half of them; the others from either parent. */
export function cross(
  genes: readonly Gene[],
  a: Genome,
  b: Genome,
  random: Random,
  { crossoverRate, crossoverIndex }: VariationOptions = DEFAULT_VARIATION,
): [Genome, Genome] {
  const [first, second] = [a.slice(), b.slice()];
  if (random.uniform() > crossoverRate) return [first, second];
  genes.forEach((gene, n) => {
    if (random.uniform() > 0.5) return;
    if (!gene.isOrdered) {
      [first[n], second[n]] = [b[n], a[n]];
      return;
    }
    const [low, high] = [Math.min(a[n], b[n]), Math.max(a[n], b[n])];
    const distance = high - low;
    const uniform = random.uniform();
    const isSwapped = random.uniform() < 0.5;
    if (distance < 1e-12) return;
    const towardsLow = spread((low - gene.low) / distance, crossoverIndex, uniform);
    const towardsHigh = spread((gene.high - high) / distance, crossoverIndex, uniform);
    const lower = clamp((low + high - towardsLow * distance) / 2, gene);
    const upper = clamp((low + high + towardsHigh * distance) / 2, gene);
    [first[n], second[n]] = isSwapped ? [upper, lower] : [lower, upper];
  });
  return [first, second];
}

/** A whole number near `moved`, and another than the gene was: a step of its own where it is none. */
function neighbour(before: number, moved: number, gene: Gene): number {
  const [from, to] = [Math.round(before), Math.round(moved)];
  if (to !== from) return to;
  const direction = moved < before ? -1 : 1;
  const next = from + direction;
  return next < gene.low || next > gene.high ? from - direction : next;
}

/** In place: ordered genes by polynomial mutation (Deb 2001, section 4.2), the others by another value. */
export function mutate(
  genes: readonly Gene[],
  genome: Genome,
  random: Random,
  { mutationRate, mutationIndex }: VariationOptions = DEFAULT_VARIATION,
): Genome {
  const rate = mutationRate ?? 1 / genes.length;
  const power = 1 / (mutationIndex + 1);
  genes.forEach((gene, n) => {
    if (random.uniform() >= rate) return;
    const range = gene.high - gene.low;
    if (range <= 0) return;
    if (!gene.isOrdered) {
      // Any of the others.
      const other = random.integer(range);
      genome[n] = other < genome[n] ? other : other + 1;
      return;
    }
    const uniform = random.uniform();
    const below = 1 - (genome[n] - gene.low) / range;
    const above = 1 - (gene.high - genome[n]) / range;
    const step =
      uniform < 0.5
        ? (2 * uniform + (1 - 2 * uniform) * below ** (mutationIndex + 1)) ** power - 1
        : 1 - (2 * (1 - uniform) + 2 * (uniform - 0.5) * above ** (mutationIndex + 1)) ** power;
    const moved = clamp(genome[n] + step * range, gene);
    genome[n] = gene.isDiscrete ? neighbour(genome[n], moved, gene) : moved;
  });
  return genome;
}
