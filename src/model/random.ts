/**
 * Seeded random numbers, the same on every machine: xoshiro128** (Blackman and Vigna 2018), seeded by
 * splitmix32. The state is four words, so a run can be resumed at the very next number.
 */
export class Random {
  private readonly s = new Uint32Array(4);

  constructor(seed: number) {
    let x = seed >>> 0;
    for (let k = 0; k < 4; k++) {
      x = (x + 0x9e3779b9) >>> 0;
      let z = x;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      this.s[k] = (z ^ (z >>> 15)) >>> 0;
    }
  }

  /** Uniform 32-bit word. */
  word(): number {
    const s = this.s;
    const x = Math.imul(s[1], 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** Uniform in [0, 1), 32 random bits. */
  uniform(): number {
    return this.word() / 2 ** 32;
  }

  /** Uniform in [low, high). */
  range(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** Uniform integer in 0..n-1; the bias is below n / 2^32. */
  integer(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** Fisher-Yates, in place. */
  shuffle<T extends { length: number; [k: number]: number }>(values: T): T {
    for (let k = values.length - 1; k > 0; k--) {
      const j = this.integer(k + 1);
      const swap = values[k];
      values[k] = values[j];
      values[j] = swap;
    }
    return values;
  }

  state(): Uint32Array {
    return this.s.slice();
  }

  static fromState(state: ArrayLike<number>): Random {
    const random = new Random(0);
    random.s.set(state);
    return random;
  }
}
