/**
 * Whether a design with a fault does the same as without it: proved, or not known.
 *
 * Both run side by side from the same contents, through a reset at power-up, with the same inputs for ever after,
 * resets among them. The claim is about what leaves the design: every output in every cycle, and of m_axis what a beat
 * says while there is one. In turn:
 *
 * - **form**: contents of the same name are taken to be the same, and what becomes of them in a cycle is compared as
 *   it is written, after simplification; those that differ count as two from then on, until no more do. That is an
 *   induction over cycles, whatever power-up left in registers and memories.
 * - **form, from 0**: the same where power-up leaves 0 everywhere. What is 0 then and stays so, with inputs of any
 *   kind, is a constant: states that are never reached do not count.
 * - **cycle**: each cycle ends with the same contents and outputs, from any contents but those that control registers
 *   are proved never to hold (reachable.ts; SAT).
 *
 * A fault that none of them settles counts as one.
 */
import { Aig, FALSE, TRUE, type Latch, type Literal } from '../eda/aig.js';
import { cycleOf, stateOf, type Cycle, type StateBit } from '../eda/bit-blast.js';
import { buildCircuit, type Circuit } from '../eda/circuit.js';
import { EdaError } from '../eda/errors.js';
import { constantLatches } from '../eda/constants.js';
import type { Netlist } from '../eda/netlist.js';
import { holds, reachableValues, type ReachableValues } from './reachable.js';
import { isSatisfiable } from '../eda/satisfiable.js';
import { scheduleCircuit } from '../eda/schedule.js';

export interface EquivalenceOptions {
  /** Of the SAT solver; default 60. */
  readonly limitSeconds?: number;
  readonly signal?: AbortSignal;
}

/** How it was proved; undefined where it was not. */
export type Equivalence = 'form' | 'form, from 0' | 'cycle' | undefined;

/** Cycles of the reset at power-up: as many as the verification's own has. */
const RESET_CYCLES = 4;

/** Outputs that say something only while m_axis_tvalid does. */
const BEAT = /^m_axis_t(data|last|id)$/;

/**
 * `original`, `faulty`: elaborated Verilog (elaborateRtl) with a clock clk_i and a reset rst_i.
 * @throws EdaError on abort
 */
export async function provedEquivalent(
  original: Netlist,
  faulty: Netlist,
  options: EquivalenceOptions = {},
): Promise<Equivalence> {
  const [gold, gate] = [original, faulty].map(circuitOf);
  if (gold === undefined || gate === undefined) return undefined;
  const pair = new Pair(gold, gate);
  if (pair.isSameByForm('any')) return 'form';
  if (pair.isSameByForm('zero')) return 'form, from 0';
  const { aig, differs } = pair.anyCycle(await pair.reachable(original, options));
  const { limitSeconds, signal } = options;
  const answer = await isSatisfiable(aig, differs, {
    ...(limitSeconds === undefined ? {} : { timeoutSeconds: limitSeconds }),
    ...(signal === undefined ? {} : { signal }),
  });
  return answer === 'never' ? 'cycle' : undefined;
}

/** Undefined where a fault makes something that is no synchronous circuit: a latch, a loop. */
export function circuitOf(netlist: Netlist): Circuit | undefined {
  try {
    const circuit = buildCircuit(netlist, 'clk_i');
    scheduleCircuit(circuit);
    return circuit;
  } catch (error) {
    if (error instanceof EdaError) return undefined;
    throw error;
  }
}

const REACHABLE = new WeakMap<Netlist, Promise<readonly ReachableValues[]>>();

type Input = (port: string, bit: number) => Literal;

/** Free values by what they are called. */
class FreeInputs {
  readonly #known = new Map<string, Literal>();

  constructor(readonly aig: Aig) {}

  get(key: string): Literal {
    const known = this.#known.get(key) ?? this.aig.input();
    this.#known.set(key, known);
    return known;
  }

  /** Ports at a time, the reset as given. */
  ports(time: string, reset?: Literal): Input {
    return (port, bit) =>
      port === 'rst_i' && reset !== undefined ? reset : this.get(`${time} ${port} ${bit}`);
  }
}

/** A bit of contents as a latch. */
interface Kept {
  readonly latch: Latch;
  /** A latch is 0 at first: of one that begins with 1 it holds the opposite. */
  readonly flip: Literal;
  readonly value: Literal;
}

/** A design without and with a fault, side by side. */
class Pair {
  readonly #circuits: readonly [Circuit, Circuit];
  readonly #states: readonly (readonly StateBit[])[];
  /** Contents of the first -> those of the same name of the second. */
  readonly #mates: ReadonlyMap<number, number>;

  constructor(gold: Circuit, gate: Circuit) {
    this.#circuits = [gold, gate];
    this.#states = this.#circuits.map(stateOf);
    this.#mates = matchStates(this.#states[0], this.#states[1]);
  }

  /** What control registers of the first hold, found once for each netlist. */
  reachable(netlist: Netlist, options: EquivalenceOptions): Promise<readonly ReachableValues[]> {
    const known = REACHABLE.get(netlist);
    if (known !== undefined) return known;
    const aig = new Aig();
    const [state] = this.#afterReset(aig, new FreeInputs(aig), 'any');
    const constants = state.map((literal) =>
      literal === TRUE ? 1 : literal === FALSE ? 0 : undefined,
    );
    const found = reachableValues(this.#circuits[0], constants, options);
    REACHABLE.set(netlist, found);
    return found;
  }

  /**
   * One cycle from any contents, the same in both, for which `reachable` holds: whether they end with the same, and
   * with the same outputs.
   */
  anyCycle(reachable: readonly ReachableValues[]): { aig: Aig; differs: Literal } {
    const aig = new Aig();
    const free = new FreeInputs(aig);
    const states = this.#powerUp(free, 'any');
    const cycles = this.#run(aig, states, free.ports('any'));
    const contents = [...this.#mates].map(([n, mate]) =>
      aig.xor(cycles[0].next[n], cycles[1].next[mate]),
    );
    const differs = aig.any([...contents, this.#outputsDiffer(aig, cycles)]);
    const assumed = aig.all(reachable.map((values) => holds(aig, values, states[0])));
    return { aig, differs: aig.and(assumed, differs) };
  }

  isSameByForm(contents: 'any' | 'zero'): boolean {
    let alike = new Set(this.#mates.keys());
    // Values of contents that never change, of both designs.
    const constants = [new Map<number, Literal>(), new Map<number, Literal>()];
    for (;;) {
      const aig = new Aig();
      const free = new FreeInputs(aig);
      const initial = this.#afterReset(aig, free, contents);
      const apart = (of: readonly (readonly Literal[])[]): number[] =>
        [...alike].filter((n) => of[0][n] !== of[1][this.#mates.get(n)!]);
      const early = apart(initial);

      const started = aig.latch();
      started.next = TRUE;
      const kept = initial.map((literals) =>
        literals.map((literal): Kept => {
          const latch = aig.latch();
          const flip = literal === TRUE ? TRUE : FALSE;
          const stored = latch.output ^ flip;
          const value = literal > TRUE ? aig.mux(started.output, stored, literal) : stored;
          return { latch, flip, value };
        }),
      );
      for (const n of alike) kept[1][this.#mates.get(n)!] = kept[0][n];
      const values = kept.map((bits, side) =>
        bits.map(({ value }, n) => constants[side].get(n) ?? value),
      );
      const cycles = this.#run(aig, values, free.ports('any'));
      const late = apart(cycles.map(({ next }) => next));
      if (early.length + late.length > 0) {
        for (const n of [...early, ...late]) alike.delete(n);
        continue;
      }
      if (this.#outputsDiffer(aig, cycles) === FALSE) return true;
      if (contents === 'any') return false;

      cycles.forEach(({ next }, side) => {
        kept[side].forEach(({ latch, flip }, n) => (latch.next = next[n] ^ flip));
      });
      const isStill = new Set(
        constantLatches(
          aig,
          kept.flatMap((bits) => bits.map(({ latch }) => latch)),
        ),
      );
      const before = constants.map(({ size }) => size).join();
      kept.forEach((bits, side) => {
        bits.forEach(({ latch, flip }, n) => {
          if (isStill.has(latch) && initial[side][n] <= TRUE) constants[side].set(n, flip);
        });
      });
      if (constants.map(({ size }) => size).join() === before) return false;
      // With what is known now more may be the same.
      alike = new Set(this.#mates.keys());
    }
  }

  /** What registers and memories hold before the first cycle: the same in both. */
  #powerUp(free: FreeInputs, contents: 'any' | 'zero'): Literal[][] {
    const [gold, gate] = this.#states.map((state, side) =>
      state.map(
        ({ initial }, n) =>
          initial ?? (contents === 'zero' ? FALSE : free.get(`${side} holds ${n}`)),
      ),
    );
    for (const [n, mate] of this.#mates) {
      if (this.#states[1][mate].initial === undefined) gate[mate] = gold[n];
    }
    return [gold, gate];
  }

  #afterReset(aig: Aig, free: FreeInputs, contents: 'any' | 'zero'): (readonly Literal[])[] {
    let states: (readonly Literal[])[] = this.#powerUp(free, contents);
    for (let cycle = 0; cycle < RESET_CYCLES; cycle++) {
      states = this.#run(aig, states, free.ports(`reset ${cycle}`, TRUE)).map(({ next }) => next);
    }
    return states;
  }

  #run(aig: Aig, states: readonly (readonly Literal[])[], input: Input): Cycle[] {
    return this.#circuits.map((circuit, side) => cycleOf(aig, circuit, states[side], input));
  }

  #outputsDiffer(aig: Aig, [gold, gate]: readonly Cycle[]): Literal {
    const outputs = this.#circuits[0].netlist.ports.filter(
      ({ direction }) => direction === 'output',
    );
    return aig.any(
      outputs.map(({ name }) => {
        const other = gate.output(name);
        const differs = aig.any(gold.output(name).map((bit, n) => aig.xor(bit, other[n])));
        return BEAT.test(name) ? aig.and(differs, gold.output('m_axis_tvalid')[0]) : differs;
      }),
    );
  }
}

function matchStates(gold: readonly StateBit[], gate: readonly StateBit[]): Map<number, number> {
  const places = new Map<string, number>();
  gate.forEach(({ names }, n) => names.forEach((name) => places.set(name, n)));
  const mates = new Map<number, number>();
  const taken = new Set<number>();
  gold.forEach(({ names }, n) => {
    const place = names.map((name) => places.get(name)).find((at) => at !== undefined);
    if (place === undefined || taken.has(place)) return;
    taken.add(place);
    mates.set(n, place);
  });
  return mates;
}
