/**
 * Logic as an and-inverter graph: what provers work on. A literal is a number: 2 n is what node n says, 2 n + 1 its
 * opposite; 0 is false and 1 true. Nodes that say the same by their form are made once.
 */
export type Literal = number;

export const FALSE: Literal = 0;
export const TRUE: Literal = 1;

export const not = (a: Literal): Literal => a ^ 1;

/** A bit that is kept from one cycle to the next: 0 at first. */
export interface Latch {
  readonly output: Literal;
  /** What it holds in the next cycle; set once that is known. */
  next: Literal;
}

/** Keys of pairs of literals are exact up to 2^26 of these. */
const MOST_LITERALS = 2 ** 26;

export class Aig {
  /** Operands of each node: literals of a gate, -1 of inputs and latches. */
  readonly #left: number[] = [-1];
  readonly #right: number[] = [-1];
  readonly #known = new Map<number, Literal>();
  readonly #latches = new Map<number, Latch>();

  /** A value that is free in every cycle. */
  input(): Literal {
    return this.#node(-1, -1);
  }

  latch(): Latch {
    const output = this.#node(-1, -1);
    const latch: Latch = { output, next: FALSE };
    this.#latches.set(output >> 1, latch);
    return latch;
  }

  and(a: Literal, b: Literal): Literal {
    if (a > b) return this.and(b, a);
    if (a === FALSE || a === not(b)) return FALSE;
    if (a === TRUE || a === b) return b;
    const key = a * MOST_LITERALS + b;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = this.#node(a, b);
    this.#known.set(key, made);
    return made;
  }

  or(a: Literal, b: Literal): Literal {
    return not(this.and(not(a), not(b)));
  }

  xor(a: Literal, b: Literal): Literal {
    return this.or(this.and(a, not(b)), this.and(not(a), b));
  }

  /** `select` ? a : b */
  mux(select: Literal, a: Literal, b: Literal): Literal {
    return a === b ? a : this.or(this.and(select, a), this.and(not(select), b));
  }

  all(literals: readonly Literal[]): Literal {
    return literals.reduce((a, b) => this.and(a, b), TRUE);
  }

  any(literals: readonly Literal[]): Literal {
    return literals.reduce((a, b) => this.or(a, b), FALSE);
  }

  /** Operands of a gate; undefined for inputs and latches. */
  operands(node: number): readonly [Literal, Literal] | undefined {
    return this.#left[node] < 0 ? undefined : [this.#left[node], this.#right[node]];
  }

  /** The latch that a node is. */
  latchOf(node: number): Latch | undefined {
    return this.#latches.get(node);
  }

  /** Nodes that literals depend on in this cycle, operands before what reads them. */
  logic(literals: readonly Literal[]): number[] {
    return this.#reach(literals, false);
  }

  /** The same in this cycle and, through latches, in those before. */
  cone(literals: readonly Literal[]): number[] {
    return this.#reach(literals, true);
  }

  #reach(literals: readonly Literal[], throughLatches: boolean): number[] {
    const found = new Set<number>();
    const open = literals.map((literal) => literal >> 1);
    while (open.length > 0) {
      const node = open.pop()!;
      if (node === 0 || found.has(node)) continue;
      found.add(node);
      const latch = this.#latches.get(node);
      if (throughLatches && latch !== undefined) open.push(latch.next >> 1);
      for (const operand of this.operands(node) ?? []) open.push(operand >> 1);
    }
    return [...found].sort((a, b) => a - b);
  }

  #node(left: number, right: number): Literal {
    const node = this.#left.length;
    if (2 * node >= MOST_LITERALS) throw new RangeError('a circuit of too many gates to prove');
    this.#left.push(left);
    this.#right.push(right);
    return 2 * node;
  }
}
