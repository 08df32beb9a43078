/** What a search chooses from: dimensions by name, a point one value of each. */
import type { Random } from '../model/random.js';

/** Values without an order between them: schemes, dataflows. */
export interface ChoiceDimension {
  readonly kind: 'choice';
  readonly values: readonly (string | number | boolean)[];
}

/** Values with an order, by their place: 8, 16, 32, 64. */
export interface OrdinalDimension {
  readonly kind: 'ordinal';
  readonly values: readonly number[];
}

/** A number between two others, both included; `log`: equal ratios are equally far apart. */
export interface RangeDimension {
  readonly kind: 'integer' | 'real';
  readonly low: number;
  readonly high: number;
  readonly scale?: 'linear' | 'log';
}

export type Dimension = ChoiceDimension | OrdinalDimension | RangeDimension;
export type Space = Readonly<Record<string, Dimension>>;

export type Value = string | number | boolean;
export type Point = Readonly<Record<string, Value>>;

/** What is wrong with a space, each with its place. */
export function spaceProblems(space: Space): string[] {
  const problems: string[] = [];
  if (Object.keys(space).length === 0) problems.push('no dimension given');
  for (const [name, dimension] of Object.entries(space)) {
    if ('values' in dimension) {
      if (dimension.values.length === 0) problems.push(`${name}: no values given`);
      if (new Set(dimension.values).size < dimension.values.length) {
        problems.push(`${name}: a value is given twice`);
      }
      if (
        dimension.kind === 'ordinal' &&
        dimension.values.some((v, n, all) => n > 0 && v <= all[n - 1])
      ) {
        problems.push(
          `${name}: ordinal values must rise; use a choice for values without an order`,
        );
      }
      continue;
    }
    const { kind, low, high, scale } = dimension;
    if (!(low <= high)) problems.push(`${name}: low ${low} is above high ${high}`);
    if (scale === 'log' && !(low > 0))
      problems.push(`${name}: a log scale needs low above 0, not ${low}`);
    if (kind === 'integer' && !(Number.isInteger(low) && Number.isInteger(high))) {
      problems.push(`${name}: low ${low} and high ${high} of an integer must be integers`);
    }
  }
  return problems;
}

/** How many points a space has; infinite with a real dimension. */
export function spaceSize(space: Space): number {
  return Object.values(space).reduce((product, dimension) => {
    if ('values' in dimension) return product * dimension.values.length;
    const { kind, low, high } = dimension;
    if (kind === 'real') return low === high ? product : Infinity;
    return product * (high - low + 1);
  }, 1);
}

/**
 * A point as numbers, which variation works on: of a choice and of ordinals the place of the value, of a range the value, its
 * logarithm on a log scale.
 */
export type Genome = Float64Array;

/** Ends of a gene; a choice has no order, whatever its ends. */
export interface Gene {
  readonly low: number;
  readonly high: number;
  readonly isOrdered: boolean;
  /** Values lie a whole number apart. */
  readonly isDiscrete: boolean;
}

export function genesOf(space: Space): Gene[] {
  return Object.values(space).map((dimension): Gene => {
    if ('values' in dimension) {
      const isOrdered = dimension.kind === 'ordinal';
      return { low: 0, high: dimension.values.length - 1, isOrdered, isDiscrete: true };
    }
    const { kind, low, high, scale } = dimension;
    if (scale === 'log') {
      return { low: Math.log(low), high: Math.log(high), isOrdered: true, isDiscrete: false };
    }
    return { low, high, isOrdered: true, isDiscrete: kind === 'integer' };
  });
}

function valueOf(dimension: Dimension, gene: number): Value {
  if ('values' in dimension) return dimension.values[Math.round(gene)];
  const value = dimension.scale === 'log' ? Math.exp(gene) : gene;
  const whole = dimension.kind === 'integer' ? Math.round(value) : value;
  return Math.min(Math.max(whole, dimension.low), dimension.high);
}

/** The point of a genome: rounded to what the space has. */
export function decode(space: Space, genome: Genome): Point {
  return Object.fromEntries(
    Object.entries(space).map(([name, dimension], n) => [name, valueOf(dimension, genome[n])]),
  );
}

/**
 * The genome of a point.
 * @throws {RangeError} where it is not one of the space.
 */
export function encode(space: Space, point: Point): Genome {
  return Float64Array.from(Object.entries(space), ([name, dimension]) => {
    const value = point[name];
    if ('values' in dimension) {
      const place = (dimension.values as readonly Value[]).indexOf(value);
      if (place < 0) {
        throw new RangeError(
          `${name}: ${JSON.stringify(value)} is none of ${dimension.values.join(', ')}`,
        );
      }
      return place;
    }
    const { low, high, scale } = dimension;
    if (typeof value !== 'number' || !(value >= low && value <= high)) {
      throw new RangeError(`${name}: ${JSON.stringify(value)} is not in ${low}..${high}`);
    }
    return scale === 'log' ? Math.log(value) : value;
  });
}

/** Drawn evenly from the space. */
export function randomGenome(space: Space, random: Random): Genome {
  return Float64Array.from(Object.values(space), (dimension) => {
    if ('values' in dimension) return random.integer(dimension.values.length);
    const { kind, low, high, scale } = dimension;
    if (scale === 'log') return random.range(Math.log(low), Math.log(high));
    return kind === 'integer' ? low + random.integer(high - low + 1) : random.range(low, high);
  });
}
