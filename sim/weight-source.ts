/** What streams weights to a design: how fast, and where in their image it begins. */

export interface WeightSource {
  /** Bits a cycle that it can bring in the long run; without, a beat whenever one is taken. */
  readonly bitsPerCycle?: number;
  /** Beats that it has ready at most when it was kept waiting; the default is 1. */
  readonly burstBeats?: number;
  /** Cycles from reset to its first beat; the default is 0. */
  readonly latencyCycles?: number;
  /**
   * Beat of an image with which it begins: after a reset of the core alone, a source goes on where it was. The core
   * drops that image. The default is 0, the first.
   */
  readonly firstBeat?: number;
}

/** @throws {RangeError} for a source that can be none. */
export function checkWeightSource(source: WeightSource, beats: number): void {
  const { bitsPerCycle, burstBeats = 1, latencyCycles = 0, firstBeat = 0 } = source;
  const fail = (what: string): never => {
    throw new RangeError(`weightSource.${what}`);
  };
  if (bitsPerCycle !== undefined && !(bitsPerCycle > 0 && bitsPerCycle < Infinity)) {
    fail(`bitsPerCycle: ${bitsPerCycle} is not a number above 0`);
  }
  if (!Number.isInteger(burstBeats) || burstBeats < 1) {
    fail(`burstBeats: ${burstBeats} is not a positive integer`);
  }
  if (!Number.isInteger(latencyCycles) || latencyCycles < 0) {
    fail(`latencyCycles: ${latencyCycles} is not an integer of 0 or more`);
  }
  if (!Number.isInteger(firstBeat) || firstBeat < 0 || firstBeat >= beats) {
    fail(`firstBeat: ${firstBeat} is not an integer in 0..${beats - 1}`);
  }
}

/**
 * When a source can offer its beats: one every `bits / bitsPerCycle` cycles on average, and as many as burstBeats side
 * by side after it was kept waiting (a leaky bucket, by virtual scheduling).
 */
export class BeatPace {
  /** Cycles that a beat costs the source. */
  readonly #period: number;
  readonly #tolerance: number;
  #due: number;

  constructor(bits: number, { bitsPerCycle, burstBeats = 1, latencyCycles = 0 }: WeightSource) {
    this.#period = bitsPerCycle === undefined ? 0 : bits / bitsPerCycle;
    this.#tolerance = (burstBeats - 1) * this.#period;
    this.#due = latencyCycles + this.#tolerance;
  }

  /** Whether the source is never what beats wait for, but for the first. */
  get isUnlimited(): boolean {
    return this.#period <= 1;
  }

  /** First cycle in which the next beat may be offered, as far as the source goes. */
  earliest(): number {
    return Math.ceil(this.#due - this.#tolerance);
  }

  /** The beat is taken in this cycle. */
  take(cycle: number): void {
    this.#due = Math.max(this.#due, cycle) + this.#period;
  }

  /** What the next beats depend on, relative to a cycle. */
  since(cycle: number): number {
    return this.isUnlimited ? 0 : this.#due - cycle;
  }

  /** As much later as that. */
  shift(cycles: number): void {
    this.#due += cycles;
  }
}
