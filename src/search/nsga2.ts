/**
 * NSGA-II (Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE Trans. Evolutionary Computation
 * 6(2), 2002) over a mixed space: generations are asked for and told, so that whoever evaluates may do so in any order, on
 * any number of workers; the same results give the same next generation.
 */
import { Random } from '../model/random.js';
import { crowdingDistances, dominates, sortFronts } from './dominance.js';
import {
  decode,
  encode,
  genesOf,
  randomGenome,
  type Gene,
  type Genome,
  type Point,
  type Space,
} from './space.js';
import { cross, DEFAULT_VARIATION, mutate, type VariationOptions } from './variation.js';

/** What an evaluation says of a point. */
export interface Outcome {
  /** All to be minimized. */
  readonly objectives: readonly number[];
  /** How far constraints are missed, 0 where all hold; objectives count only then. */
  readonly violation: number;
}

export interface Individual extends Outcome {
  readonly point: Point;
}

export interface Nsga2Options extends Partial<VariationOptions> {
  readonly space: Space;
  readonly seed: number;
  /** Points of a generation, even. */
  readonly population: number;
  /** Points of the first generation that are not drawn. */
  readonly initial?: readonly Point[];
}

interface Member extends Outcome {
  readonly genome: Genome;
  rank: number;
  crowding: number;
}

/** How often another child is tried in place of one that was seen before. */
const ATTEMPTS = 20;

/** Constrained dominance: what violates less is better; of what violates nothing, what dominates. */
export function isBetterOutcome(a: Outcome, b: Outcome): boolean {
  if (a.violation !== b.violation) return a.violation < b.violation;
  return a.violation === 0 && dominates(a.objectives, b.objectives);
}

export class Nsga2 {
  private readonly random: Random;
  private readonly genes: readonly Gene[];
  private readonly variation: VariationOptions;
  private readonly seen = new Set<string>();
  private members: Member[] = [];
  private asked: Genome[] | undefined;

  /** @throws {RangeError} where the population is not even, or below 4. */
  constructor(private readonly options: Nsga2Options) {
    const { space, seed, population } = options;
    if (!Number.isInteger(population) || population < 4 || population % 2 !== 0) {
      throw new RangeError(`population: ${population} is not an even number from 4 on`);
    }
    this.random = new Random(seed);
    this.genes = genesOf(space);
    this.variation = { ...DEFAULT_VARIATION, ...options };
  }

  /** The points to evaluate next; the same ones until they are told. */
  ask(): Point[] {
    this.asked ??= this.members.length === 0 ? this.first() : this.children();
    return this.asked.map((genome) => decode(this.options.space, genome));
  }

  /**
   * What came of the points last asked for, in their order.
   * @throws {RangeError} where it is of another number of points.
   */
  tell(outcomes: readonly Outcome[]): void {
    const { asked } = this;
    if (asked?.length !== outcomes.length) {
      throw new RangeError(`told ${outcomes.length} outcomes of ${asked?.length ?? 0} points`);
    }
    const children = asked.map((genome, n): Member => ({
      ...outcomes[n],
      genome,
      rank: 0,
      crowding: 0,
    }));
    this.asked = undefined;
    this.members = this.survivors([...this.members, ...children]);
  }

  /** The present generation, best fronts first. */
  population(): Individual[] {
    return this.members.map(({ genome, objectives, violation }) => ({
      point: decode(this.options.space, genome),
      ...{ objectives, violation },
    }));
  }

  private key(genome: Genome): string {
    return JSON.stringify(decode(this.options.space, genome));
  }

  /** Whether a point was not asked for before; it counts as seen from now on. */
  private isNew(genome: Genome): boolean {
    const key = this.key(genome);
    if (this.seen.has(key)) return false;
    this.seen.add(key);
    return true;
  }

  private drawn(): Genome {
    const { space } = this.options;
    let genome = randomGenome(space, this.random);
    for (let n = 0; n < ATTEMPTS && !this.isNew(genome); n++) {
      genome = randomGenome(space, this.random);
    }
    return genome;
  }

  private first(): Genome[] {
    const { space, population, initial = [] } = this.options;
    const given = initial.slice(0, population).map((point) => encode(space, point));
    for (const genome of given) this.seen.add(this.key(genome));
    return [...given, ...Array.from({ length: population - given.length }, () => this.drawn())];
  }

  private children(): Genome[] {
    const children: Genome[] = [];
    for (let attempts = 0; children.length < this.options.population; attempts++) {
      const pair = cross(this.genes, this.parent(), this.parent(), this.random, this.variation);
      const mayRepeat = attempts > ATTEMPTS * this.options.population;
      for (const genome of pair) {
        mutate(this.genes, genome, this.random, this.variation);
        const isNew = this.isNew(genome);
        if ((isNew || mayRepeat) && children.length < this.options.population)
          children.push(genome);
      }
    }
    return children;
  }

  /** The better of two that are drawn: by front, then by crowding. */
  private parent(): Genome {
    const { members, random } = this;
    const a = members[random.integer(members.length)];
    const b = members[random.integer(members.length)];
    if (a.rank !== b.rank) return (a.rank < b.rank ? a : b).genome;
    return (a.crowding >= b.crowding ? a : b).genome;
  }

  private survivors(all: Member[]): Member[] {
    const fronts = sortFronts(all.length, (a, b) => isBetterOutcome(all[a], all[b]));
    const kept: Member[] = [];
    for (const [rank, front] of fronts.entries()) {
      const members = front.map((n) => all[n]);
      const distances = crowdingDistances(members.map(({ objectives }) => objectives));
      members.forEach((member, n) => Object.assign(member, { rank, crowding: distances[n] }));
      const room = this.options.population - kept.length;
      if (members.length <= room) kept.push(...members);
      else kept.push(...members.sort((a, b) => b.crowding - a.crowding).slice(0, room));
      if (kept.length === this.options.population) break;
    }
    return kept;
  }
}
