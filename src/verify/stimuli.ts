/** How the neighbours of a design may behave: when beats are offered to it, and when its own are taken. */
import type { Random } from '../model/random.js';

/** Patterns of stalls, each with what it is there to find. */
export const STALL_PATTERNS = {
  random: 'both streams withheld at random: two beats of three offered, one of four taken',
  'slow input': 'gaps before beats, results taken at once: waits for x in the middle of anything',
  'slow output': 'beats always offered, results refused for long: input full, a result that waits',
  bursts: 'stretches without stalls and stretches without anything, on each stream by itself',
} as const;

export type StallPattern = keyof typeof STALL_PATTERNS;
export const STALL_PATTERN_NAMES = Object.keys(STALL_PATTERNS) as readonly StallPattern[];

/** What happens in a cycle, where nothing else decides it. */
export interface Moves {
  /** Whether another beat is offered; one that is offered stays until it is taken. */
  readonly offers: boolean;
  readonly takes: boolean;
}

/** Goes on for a stretch, then changes; stretches of 1 to `longest` cycles. */
class Stretches {
  #on = false;
  #left = 0;

  constructor(
    readonly random: Random,
    readonly longestOn: number,
    readonly longestOff: number,
  ) {}

  next(): boolean {
    if (this.#left-- === 0) {
      this.#on = !this.#on;
      this.#left = this.random.integer(this.#on ? this.longestOn : this.longestOff);
    }
    return this.#on;
  }
}

/**
 * Cycle after cycle of a pattern. `stepCycles` is about what a step takes: waits last from one cycle to more than
 * that, so that they meet every part of the schedule, and a design that has filled up.
 */
export function stallMoves(pattern: StallPattern, random: Random, stepCycles: number): () => Moves {
  const long = Math.max(4, Math.ceil(1.5 * stepCycles));
  switch (pattern) {
    case 'random':
      return () => ({ offers: random.integer(3) > 0, takes: random.integer(4) === 0 });
    case 'slow input': {
      // Many short gaps and a few long ones.
      let gap = 0;
      return () => {
        const offers = gap-- <= 0;
        if (offers) gap = random.integer(6) === 0 ? random.integer(long) : random.integer(4);
        return { offers, takes: true };
      };
    }
    case 'slow output': {
      const takes = new Stretches(random, 2, 2 * long);
      return () => ({ offers: true, takes: takes.next() });
    }
    case 'bursts': {
      const offers = new Stretches(random, long, long);
      const takes = new Stretches(random, long, long);
      return () => ({ offers: offers.next(), takes: takes.next() });
    }
  }
}

/** The longest that one pattern keeps a design waiting, in cycles. */
export function longestStall(stepCycles: number): number {
  return 2 * Math.max(4, Math.ceil(1.5 * stepCycles)) + 64;
}
