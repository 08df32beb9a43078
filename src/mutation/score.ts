/**
 * How many of n faults the verification of a design finds: the mutation score. Each fault is put into the emitted
 * Verilog alone, and the checks run on that; a fault that survives counts against the score unless it is proved that
 * the design with it does the same (equivalence.ts).
 */
import type { Design } from '../design/design.js';
import { runTestbench } from '../eda/native-sim.js';
import { compileNetlist, elaborateRtl } from '../eda/rtl-sim.js';
import type { Netlist as Circuit } from '../eda/netlist.js';
import { emit, type Netlist } from '../emit/emit.js';
import { emitTestbench, type Testbench } from '../emit/project.js';
import { EdaError } from '../eda/errors.js';
import { Random } from '../model/random.js';
import { cosimulateAll } from '../verify/campaign.js';
import { expectationOf, probesOf } from '../verify/cosimulate.js';
import { testVectors, type BatchInput } from '../verify/golden-run.js';
import { circuitOf, provedEquivalent, type Equivalence } from './equivalence.js';
import { applyFault, FAULT_KINDS, faultsOf, type Fault, type FaultKind } from './faults.js';

/** npm: the cosimulation; iverilog: the generated testbench. */
export type Check = 'npm' | 'iverilog';

export interface FaultVerdict {
  readonly kind: FaultKind;
  readonly file: string;
  readonly line: number;
  readonly before: string;
  readonly after: string;
  /** Proved to be no fault, and how; looked for only where a check did not find it. */
  readonly isEquivalent: boolean;
  readonly proof?: Equivalence;
  /** What each check said first; undefined where it found nothing. */
  readonly found: Readonly<Partial<Record<Check, string>>>;
}

export interface CheckScore {
  readonly check: Check;
  readonly killed: number;
  readonly survived: number;
  /** killed / (killed + survived); 1 where there were no faults. */
  readonly score: number;
}

export interface MutationReport {
  readonly design: string;
  readonly seed: number;
  readonly faults: readonly FaultVerdict[];
  readonly equivalent: number;
  readonly scores: readonly CheckScore[];
  /** Drawn, but not Verilog that can be simulated (a loop, a latch, a select out of range): others took their place. */
  readonly unusable: number;
  /** Drawn, but in parts that this design does not have: others took their place. */
  readonly absent: number;
}

export interface MutationOptions {
  readonly count: number;
  readonly seed: number;
  readonly checks: readonly Check[];
  /** Seconds of one proof of equivalence; default 60. */
  readonly limitSeconds?: number;
  readonly onFault?: (verdict: FaultVerdict, done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Faults in the order in which they are drawn: kinds in turn, so that rare kinds are not lost among others. */
export function drawFaults(netlist: Netlist, seed: number): Fault[] {
  const random = new Random(seed);
  const all = netlist.sources.flatMap((file) => faultsOf(file, netlist.files[file]));
  const piles = (Object.keys(FAULT_KINDS) as FaultKind[]).map((kind) => {
    const pile = all.filter((fault) => fault.kind === kind);
    const order = random.shuffle(Int32Array.from(pile, (_, n) => n));
    return [...order].map((n) => pile[n]);
  });
  const most = Math.max(...piles.map(({ length }) => length));
  return Array.from({ length: most }, (_, n) =>
    piles.flatMap((pile) => (n < pile.length ? [pile[n]] : [])),
  ).flat();
}

/** Reads Verilog of a fault, or says why that cannot be simulated. */
async function elaborateFaulty(
  files: Netlist['files'],
  top: string,
  probes: readonly string[],
): Promise<Circuit | undefined> {
  try {
    return await elaborateRtl(files, top, { probes });
  } catch (error) {
    if (error instanceof EdaError) return undefined;
    throw error;
  }
}

/** What a circuit is, without where it comes from. */
function shapeOf({ ports, cells, initialBits }: Circuit): string {
  const plain = cells.map(({ type, parameters, connections }) => [type, parameters, connections]);
  return JSON.stringify([ports, plain, [...initialBits]]);
}

class Judge {
  readonly #netlist: Netlist;
  readonly #expectation: ReturnType<typeof expectationOf>;
  readonly #testbench: Testbench;

  constructor(
    readonly design: Design,
    readonly batches: readonly BatchInput[],
    readonly options: MutationOptions,
  ) {
    this.#netlist = emit(design);
    this.#expectation = expectationOf(design, batches);
    const { expected } = this.#expectation;
    this.#testbench = emitTestbench(design, testVectors(design, batches, expected));
  }

  /** The first thing that a check finds wrong; undefined where it finds nothing. */
  async find(check: Check, files: Netlist['files'], circuit: Circuit): Promise<string | undefined> {
    return check === 'npm' ? this.#cosimulate(circuit) : this.#runTestbench(files);
  }

  async #cosimulate(circuit: Circuit): Promise<string | undefined> {
    const { seed, signal } = this.options;
    try {
      const { firstProblems } = await cosimulateAll(this.design, this.#netlist, this.batches, {
        compiled: await compileNetlist(circuit, { randomizeState: seed }),
        expectation: this.#expectation,
        ...{ seed, stopAtFirst: true },
        ...(signal ? { signal } : {}),
      });
      return firstProblems[0];
    } catch (error) {
      if (error instanceof EdaError) return `it cannot be simulated: ${error.message}`;
      throw error;
    }
  }

  async #runTestbench(files: Netlist['files']): Promise<string | undefined> {
    const { top, files: own } = this.#testbench;
    const { passed, log } = await runTestbench({
      ...{ files: { ...files, ...own }, top, tool: 'iverilog' },
      ...(this.options.signal ? { signal: this.options.signal } : {}),
    });
    if (passed) return undefined;
    const fail = /^HALFGATE FAIL.*$/m.exec(log)?.[0] ?? 'it does not end with HALFGATE PASS';
    return fail.replace('HALFGATE FAIL ', '');
  }
}

/**
 * @throws {RangeError} where the design fails a check without any fault, or has too few faults.
 * @throws EdaError on abort, and where a tool fails.
 */
export async function mutationScore(
  design: Design,
  batches: readonly BatchInput[],
  options: MutationOptions,
): Promise<MutationReport> {
  const { count, seed, checks, signal } = options;
  const netlist = emit(design);
  const { top } = netlist;
  const probes = probesOf(design);
  const judge = new Judge(design, batches, options);
  const sound = await elaborateRtl(netlist.files, top, { probes });
  for (const check of checks) {
    const problem = await judge.find(check, netlist.files, sound);
    if (problem !== undefined) throw new RangeError(`${check} finds fault without any: ${problem}`);
  }
  const shape = shapeOf(sound);
  const verdicts: FaultVerdict[] = [];
  let unusable = 0;
  let absent = 0;
  for (const fault of drawFaults(netlist, seed)) {
    if (verdicts.length === count) break;
    signal?.throwIfAborted();
    const files = {
      ...netlist.files,
      [fault.file]: applyFault(netlist.files[fault.file], fault),
    };
    const circuit = await elaborateFaulty(files, top, probes);
    if (circuit === undefined || circuitOf(circuit) === undefined) {
      unusable++;
      continue;
    }
    if (shapeOf(circuit) === shape) {
      absent++;
      continue;
    }
    const found: Partial<Record<Check, string>> = {};
    for (const check of checks) {
      const problem = await judge.find(check, files, circuit);
      if (problem !== undefined) found[check] = problem;
    }
    const isFound = checks.every((check) => found[check] !== undefined);
    const equivalent = isFound ? undefined : await provedEquivalent(sound, circuit, options);
    const { kind, file, line, before, after } = fault;
    const verdict = {
      ...{ kind, file, line, before, after, found },
      isEquivalent: equivalent !== undefined,
      ...(equivalent === undefined ? {} : { proof: equivalent }),
    };
    verdicts.push(verdict);
    options.onFault?.(verdict, verdicts.length, count);
    // Lets signals in: Yosys and the simulator keep the thread.
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (verdicts.length < count) {
    throw new RangeError(`the design has ${verdicts.length} faults to draw from, not ${count}`);
  }
  return {
    design: design.name,
    seed,
    faults: verdicts,
    ...scoresOf(verdicts, checks),
    unusable,
    absent,
  };
}

function scoresOf(
  verdicts: readonly FaultVerdict[],
  checks: readonly Check[],
): Pick<MutationReport, 'equivalent' | 'scores'> {
  const real = verdicts.filter(({ isEquivalent }) => !isEquivalent);
  const scores = checks.map((check): CheckScore => {
    const killed = real.filter(({ found }) => found[check] !== undefined).length;
    const survived = real.length - killed;
    return { check, killed, survived, score: real.length === 0 ? 1 : killed / real.length };
  });
  return { equivalent: verdicts.length - real.length, scores };
}
