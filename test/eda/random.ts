/** Seeded integers for tests. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x2545f491) | 1;
  }

  /** 0..limit-1 */
  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return Math.floor(((this.#state >>> 0) / 2 ** 32) * limit);
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)];
  }

  /** A value of `width` bits, often extreme: 0, 1, all ones, the sign bit, a few low bits. */
  bits(width: number): bigint {
    const all = (1n << BigInt(width)) - 1n;
    switch (this.below(8)) {
      case 0:
        return 0n;
      case 1:
        return all;
      case 2:
        return 1n << BigInt(width - 1);
      case 3:
        return BigInt(this.below(8)) & all;
      case 4:
        return all ^ (BigInt(this.below(8)) & all);
      default: {
        let value = 0n;
        for (let low = 0; low < width; low += 24) {
          value = (value << 24n) | BigInt(this.below(2 ** 24));
        }
        return value & all;
      }
    }
  }
}
