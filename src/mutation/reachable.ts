/**
 * What control registers never hold, whatever the inputs: state machines and counters do not use all of their values.
 * Guessed from runs with random inputs, then proved: true after reset, and in the next cycle wherever all of it is
 * true in one (induction; what does not follow is dropped until the rest does).
 */
import { Aig, FALSE, not, TRUE, type Literal } from '../eda/aig.js';
import { cycleOf, stateOf } from '../eda/bit-blast.js';
import type { Circuit } from '../eda/circuit.js';
import { isSatisfiable } from '../eda/satisfiable.js';
import { Random } from '../model/random.js';

/** A register, and all that it holds in any run. */
export interface ReachableValues {
  /** Its bits' places in the circuit's state (stateOf), lowest first. */
  readonly places: readonly number[];
  readonly values: ReadonlySet<number>;
}

export interface ReachableOptions {
  /** Of one proof; default 60. */
  readonly limitSeconds?: number;
  readonly signal?: AbortSignal;
}

/** Wider registers are seldom those of a state machine. */
const MOST_BITS = 6;
const RUNS_AT_ONCE = 32;
const GUESS_CYCLES = 1500;
/** One cycle of so many, as a power of 2, is one of reset. */
const RESETS = 8;

/** That a register holds one of its values. */
export function holds(
  aig: Aig,
  { places, values }: ReachableValues,
  state: readonly Literal[],
): Literal {
  return aig.any(
    [...values].map((value) =>
      aig.all(places.map((place, n) => ((value >> n) & 1 ? state[place] : not(state[place])))),
    ),
  );
}

/**
 * Of a scheduled circuit with a reset rst_i. `afterReset`: for each place what reset leaves there, where that is a
 * constant.
 * @throws EdaError on abort
 */
export async function reachableValues(
  circuit: Circuit,
  afterReset: readonly (0 | 1 | undefined)[],
  { limitSeconds = 60, signal }: ReachableOptions = {},
): Promise<ReachableValues[]> {
  let candidates = guess(circuit, afterReset);
  for (;;) {
    const aig = new Aig();
    const state = stateOf(circuit).map(() => aig.input());
    const inputs = new Map<string, Literal>();
    const { next } = cycleOf(aig, circuit, state, (port, bit) => {
      const key = `${port} ${bit}`;
      if (!inputs.has(key)) inputs.set(key, aig.input());
      return inputs.get(key)!;
    });
    const assumed = aig.all(candidates.map((candidate) => holds(aig, candidate, state)));
    const kept: ReachableValues[] = [];
    for (const candidate of candidates) {
      const breaks = aig.and(assumed, not(holds(aig, candidate, next)));
      const answer = await isSatisfiable(aig, breaks, {
        timeoutSeconds: limitSeconds,
        ...(signal === undefined ? {} : { signal }),
      });
      if (answer === 'never') kept.push(candidate);
    }
    if (kept.length === candidates.length) return kept;
    candidates = kept;
  }
}

/** Control registers that did not hold all of their values in runs with random inputs. */
function guess(circuit: Circuit, afterReset: readonly (0 | 1 | undefined)[]): ReachableValues[] {
  const seen: { places: number[]; values: Set<number> }[] = [];
  let at = 0;
  for (const { word } of circuit.registers) {
    const places = Array.from({ length: word.width }, (_, n) => at + n);
    at += word.width;
    const isControl = places.every((place) => afterReset[place] !== undefined);
    if (!isControl || word.width < 2 || word.width > MOST_BITS) continue;
    seen.push({ places, values: new Set() });
  }
  const aig = new Aig();
  const state = stateOf(circuit).map(() => aig.input());
  const inputs: { node: number; isReset: boolean }[] = [];
  const { next } = cycleOf(aig, circuit, state, (port) => {
    const literal = aig.input();
    inputs.push({ node: literal >> 1, isReset: port === 'rst_i' });
    return literal;
  });
  const nodes = aig.logic(next);
  // A run in every bit.
  const words = new Int32Array((nodes[nodes.length - 1] ?? 0) + state.length + inputs.length + 2);
  const wordOf = (literal: Literal): number => {
    if (literal === FALSE) return 0;
    if (literal === TRUE) return -1;
    return words[literal >> 1] ^ -(literal & 1);
  };
  const random = new Random(1);
  const noise = (): number => (random.integer(2 ** 16) << 16) | random.integer(2 ** 16);
  let contents = afterReset.map((bit) => (bit === undefined ? noise() : -bit));
  for (let cycle = 0; cycle < GUESS_CYCLES; cycle++) {
    for (const { places, values } of seen) {
      for (let run = 0; run < RUNS_AT_ONCE; run++) {
        values.add(
          places.reduce((value, place, n) => value | (((contents[place] >>> run) & 1) << n), 0),
        );
      }
    }
    contents.forEach((word, n) => (words[state[n] >> 1] = word));
    for (const { node, isReset } of inputs) {
      words[node] = noise();
      if (isReset) for (let n = 1; n < RESETS; n++) words[node] &= noise();
    }
    for (const node of nodes) {
      const operands = aig.operands(node);
      if (operands) words[node] = wordOf(operands[0]) & wordOf(operands[1]);
    }
    contents = next.map(wordOf);
  }
  return seen.filter(({ places, values }) => values.size < 2 ** places.length);
}
