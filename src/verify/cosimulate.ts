/**
 * Whole-design cosimulation with npm-installed tools: the emitted Verilog itself, cycle by cycle, against
 * the golden model (every h written, every result) and against the simulator (every result's cycle).
 */
import { simulateClosedForm } from '../../sim/closed-form.js';
import { simulateStepByStep } from '../../sim/step-by-step.js';
import { beatBits, widths } from '../emit/widths.js';
import type { Netlist } from '../emit/emit.js';
import { jobName, type Design } from '../design/design.js';
import { compileRtl, type RtlSimulator } from '../eda/rtl-sim.js';
import { Random } from '../model/random.js';
import { loadAndStart, startLoaded } from './axi-lite-driver.js';
import {
  goldenRun,
  inputBeats,
  workloadOf,
  type BatchInput,
  type Expectation,
} from './golden-run.js';
import { hiddenWriters } from './hidden-writers.js';
import { longestStall, stallMoves, type StallPattern } from './stimuli.js';
import type { Traffic } from './streams.js';
import { PacedOffers, WeightDriver } from './weight-driver.js';
import type { WeightSource } from '../../sim/weight-source.js';

export interface CosimulationOptions {
  /** Fill undefined initial registers and memories from this seed: reset must not depend on them. */
  readonly randomizeState?: number;
  /** Called now and then with the cycle reached and the cycles expected. */
  readonly onProgress?: (cycle: number, cycles: number) => void;
  readonly signal?: AbortSignal;
  /** Withhold beats on all streams, drawn from this seed; cycles are then not compared. */
  readonly stallSeed?: number;
  /** How they are withheld; the default is 'random'. */
  readonly stalls?: StallPattern;
  /** Withhold beats of streamed weights alone, drawn from this seed. */
  readonly weightStallSeed?: number;
  /** How fast weights are streamed; the default is a beat in every cycle. */
  readonly weightSource?: Omit<WeightSource, 'firstBeat'>;
  /** Work for so many cycles first, then reset for a single one: nothing of it may show afterwards. */
  readonly resetAfter?: number;
  /** The source of streamed weights goes on after that reset where it was, instead of with the first beat. */
  readonly weightsGoOn?: boolean;
  /**
   * Resets of a single cycle, one after the other, each after so many cycles of work. The inputs begin anew after
   * each, and all that is done until the next one is compared.
   */
  readonly resets?: readonly number[];
  /** Called in every cycle, when all its signals have settled. */
  readonly onCycle?: (rtl: RtlSimulator, cycle: number) => void;
  /** Steps of several streams, interleaved, instead of the batches. */
  readonly traffic?: Traffic;
  /** Refuse every result before that reset. */
  readonly refuseBeforeReset?: boolean;
  /** Compare what leaves the design alone, and no h inside: for netlists, which have lost those signals. */
  readonly streamsOnly?: boolean;
  /** End with the first problem: whether there is one is all that is asked. */
  readonly stopAtFirst?: boolean;
  /** What is expected of these inputs (expectationOf), where it is known. */
  readonly expectation?: CosimulationExpectation;
  /** The design compiled before (compileDesign): it is restarted, and randomizeState is that of its compilation. */
  readonly compiled?: RtlSimulator;
}

/** What inputs ask of a design: beats, golden values, the simulators' cycles. */
export interface CosimulationExpectation {
  readonly expected: Expectation;
  readonly beats: Readonly<ReturnType<typeof inputBeats>>;
  readonly timing: ReturnType<typeof simulateStepByStep>;
  readonly closed: ReturnType<typeof simulateClosedForm>;
  /** Of all sequences together. */
  readonly steps: number;
}

/**
 * `expected`: the golden run of these inputs, where it is there.
 * @throws {RangeError} for a sequence that the design cannot hold
 */
export function expectationOf(
  design: Design,
  batches: readonly BatchInput[],
  expected = goldenRun(design, batches),
): CosimulationExpectation {
  const workload = workloadOf(design, batches, expected);
  return {
    expected,
    beats: inputBeats(design, batches),
    timing: simulateStepByStep(design, workload),
    closed: simulateClosedForm(design, workload),
    steps: workload.sequences.reduce((sum, length) => sum + length, 0),
  };
}

/** The same of several streams' steps: their cycles are those of as many steps of one. */
function expectationOfTraffic(
  design: Design,
  { expected, beats, lengths }: Traffic,
): CosimulationExpectation {
  const workload = { sequences: lengths };
  return {
    ...{ expected, beats },
    timing: simulateStepByStep(design, workload),
    closed: simulateClosedForm(design, workload),
    steps: workload.sequences.reduce((sum, length) => sum + length, 0),
  };
}

export interface CosimulationResult {
  readonly design: string;
  readonly cycles: number;
  readonly expectedCycles: number;
  readonly hiddenChecked: number;
  readonly resultsChecked: number;
  /** Values that differ from the golden model's, results missing or too many. */
  readonly bitMismatches: number;
  /** Results in another cycle than the simulator says, and simulators that disagree. */
  readonly cycleMismatches: number;
  readonly firstProblems: readonly string[];
  /** Cycle in which each result was taken, in RTL. */
  readonly resultCycles: readonly number[];
}

const MAX_PROBLEMS = 8;
/** Cycles after the expected end in which nothing more may come out. */
const QUIET_CYCLES = 16;

/** About how long streamed weights are withheld: a few beats' time, again and again. */
const WEIGHT_STALL_CYCLES = 8;

/** The simulators' cycles of so many sequences, with weights from this source. */
function timesFrom(
  design: Design,
  sequences: readonly number[],
  weightSource: WeightSource,
): Pick<CosimulationExpectation, 'timing' | 'closed'> {
  const workload = { sequences, weightSource };
  return {
    timing: simulateStepByStep(design, workload),
    closed: simulateClosedForm(design, workload),
  };
}

/** Signals inside the design that are compared: every h written. */
export function probesOf(design: Design): string[] {
  return hiddenWriters(design).flatMap(({ probes }) => probes);
}

/** The emitted Verilog as a simulator that shows every h written; most of a small design's cosimulation. */
export function compileDesign(
  design: Design,
  netlist: Netlist,
  { randomizeState }: Pick<CosimulationOptions, 'randomizeState'> = {},
): Promise<RtlSimulator> {
  return compileRtl(netlist.files, netlist.top, {
    probes: probesOf(design),
    ...(randomizeState === undefined ? {} : { randomizeState }),
  });
}

export async function cosimulate(
  design: Design,
  netlist: Netlist,
  batches: readonly BatchInput[],
  options: CosimulationOptions = {},
): Promise<CosimulationResult> {
  const rtl = options.compiled ?? (await compileDesign(design, netlist, options));
  rtl.restart();
  const { traffic } = options;
  const given =
    options.expectation ??
    (traffic ? expectationOfTraffic(design, traffic) : expectationOf(design, batches));
  const { expected, beats } = given;
  const weights = design.weightStream ? new WeightDriver(rtl, design) : undefined;

  const problems: string[] = [];
  let bitMismatches = 0;
  let cycleMismatches = 0;
  const note = (text: string): void => {
    if (problems.length < MAX_PROBLEMS) problems.push(text);
  };

  const writers = hiddenWriters(design);
  let hiddenChecked = 0;

  // What lies on the bus while no beat is offered means nothing: the next beat upside down.
  const busWidth = rtl.ports.find(({ name }) => name === 's_axis_tdata')!.width;
  const drive = (n: number, isOffered: boolean): void => {
    const { data, last } = beats[Math.min(n, beats.length - 1)];
    rtl.set('s_axis_tvalid', isOffered ? 1 : 0);
    rtl.set('s_axis_tdata', isOffered ? data : BigInt.asUintN(busWidth, ~data));
    rtl.set('s_axis_tlast', last === isOffered ? 1 : 0);
    if (traffic) {
      const { stream } = traffic.beats[Math.min(n, beats.length - 1)];
      rtl.set('s_axis_tid', isOffered ? stream : design.streams! - 1 - stream);
    }
  };
  rtl.set('rst_i', 1);
  drive(0, false);
  weights?.drive(false);
  rtl.set('m_axis_tready', 1);
  if (options.resetAfter === undefined) {
    rtl.tick(4);
  } else {
    rtl.set('rst_i', 0);
    rtl.set('m_axis_tready', options.refuseBeforeReset === true ? 0 : 1);
    for (let n = 0; n < options.resetAfter; n++) {
      drive(n % beats.length, true);
      weights?.drive(true);
      rtl.eval();
      weights?.settle();
      rtl.tick();
    }
    rtl.set('rst_i', 1);
    drive(0, false);
    if (options.weightsGoOn !== true) weights?.restart();
    weights?.drive(options.weightsGoOn === true);
    rtl.eval();
    weights?.settle();
    rtl.tick();
  }
  rtl.set('rst_i', 0);
  rtl.set('s_axis_tvalid', 0);
  const begin = (load: () => void): void => {
    try {
      load();
    } catch (error) {
      bitMismatches++;
      note(`loading: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  begin(() => loadAndStart(rtl, design, options.stallSeed));

  const weightSource = { ...options.weightSource, firstBeat: weights?.next ?? 0 };
  const isUsual = options.weightSource === undefined && weightSource.firstBeat === 0;
  const { timing, closed } = isUsual
    ? given
    : timesFrom(design, traffic?.lengths ?? batches.map(({ steps }) => steps.length), weightSource);
  if (
    closed.cycles !== timing.cycles ||
    closed.outputCycles.join() !== timing.outputCycles.join() ||
    JSON.stringify(closed.breakdown) !== JSON.stringify(timing.breakdown)
  ) {
    cycleMismatches++;
    note(`simulators disagree: closed form ${closed.cycles} cycles, step by step ${timing.cycles}`);
  }

  const field = beatBits(widths(design).class);
  const isValue = design.headOutput === 'value';
  const stepCycles = Math.ceil(timing.cycles / Math.max(1, expected.runs.length));
  const stalls =
    options.stallSeed === undefined
      ? undefined
      : stallMoves(options.stalls ?? 'random', new Random(options.stallSeed), stepCycles);
  // Streamed weights are withheld for a few cycles at a time, or at the pace of their source.
  const weightSeed = options.weightStallSeed ?? options.stallSeed;
  const weightStalls =
    weightSeed === undefined
      ? undefined
      : stallMoves(options.stalls ?? 'random', new Random(weightSeed + 1), WEIGHT_STALL_CYCLES);
  const isTimed = stalls === undefined && (weights === undefined || weightStalls === undefined);
  let resultCycles: number[] = [];
  let result = 0;
  // Without stalls the end is known; with them the run is over when nothing has moved for longer than any stall.
  const limit = isTimed ? timing.cycles + QUIET_CYCLES : Infinity;
  const longest = timing.cycles + longestStall(stepCycles);
  /** From the first beat on, for so many cycles; how many h were written. */
  const work = (most: number): number => {
    // The next h that is written in each place: of which run of a job, and its number there.
    const next = writers.map((writer) => ({ writer, run: 0, n: 0 }));
    const pace = weights && new PacedOffers(design, weightSource);
    let written = 0;
    let beat = 0;
    let cycle = 0;
    let offered = false;
    let movedAt = 0;
    let end = Math.min(limit, most);
    result = 0;
    resultCycles = [];
    // An output beat that was refused, to be seen again.
    let refused: { readonly data: bigint; readonly last: number } | undefined;
    for (; cycle < end && cycle - movedAt <= longest; cycle++) {
      if (options.stopAtFirst === true && bitMismatches + cycleMismatches > 0) break;
      const moves = stalls?.() ?? { offers: true, takes: true };
      // A beat once offered stays until it is taken.
      offered = beat < beats.length && (offered || moves.offers);
      const ready = moves.takes;
      drive(beat, offered);
      rtl.set('m_axis_tready', ready ? 1 : 0);
      weights?.drive(weightStalls?.().offers ?? pace!.offers(cycle));
      rtl.eval();
      if (weights?.settle() === true) pace!.taken(cycle);
      if (offered && rtl.getNumber('s_axis_tready') === 1) {
        beat++;
        offered = false;
        movedAt = cycle;
      }
      const isValid = rtl.getNumber('m_axis_tvalid') === 1;
      if (refused !== undefined) {
        const [data, last] = [rtl.get('m_axis_tdata'), rtl.getNumber('m_axis_tlast')];
        if (!isValid || data !== refused.data || last !== refused.last) {
          bitMismatches++;
          note(`cycle ${cycle}: result ${result} changed while it waited`);
        }
      }
      refused =
        isValid && !ready
          ? { data: rtl.get('m_axis_tdata'), last: rtl.getNumber('m_axis_tlast') }
          : undefined;
      if (ready && isValid) {
        resultCycles.push(cycle);
        const want = expected.results[result];
        if (want === undefined) {
          bitMismatches++;
          note(`cycle ${cycle}: a result that no step asks for`);
        } else {
          movedAt = cycle;
          const data = rtl.get('m_axis_tdata');
          const values = want.values.map((_, column) => {
            const bits = data >> BigInt(column * field);
            return Number(isValue ? BigInt.asIntN(field, bits) : BigInt.asUintN(field, bits));
          });
          const last = rtl.getNumber('m_axis_tlast') === 1;
          if (values.join() !== want.values.join() || last !== want.last) {
            bitMismatches++;
            note(
              `result ${result}: ${values.join()} last ${last}, golden ${want.values.join()} ${want.last}`,
            );
          }
          const stream = traffic?.expected.results[result].stream;
          if (stream !== undefined && rtl.getNumber('m_axis_tid') !== stream) {
            bitMismatches++;
            note(`result ${result}: of stream ${rtl.getNumber('m_axis_tid')}, not ${stream}`);
          }
          if (isTimed && cycle !== timing.outputCycles[result]) {
            cycleMismatches++;
            note(`result ${result}: cycle ${cycle}, simulator says ${timing.outputCycles[result]}`);
          }
        }
        result++;
        if (!isTimed && result === expected.results.length)
          end = Math.min(most, cycle + longestStall(stepCycles));
      }
      for (const at of options.streamsOnly === true ? [] : next) {
        const { writer } = at;
        const write = writer.read(rtl);
        if (write === undefined) continue;
        written++;
        if (at.run >= expected.runs.length) {
          bitMismatches++;
          note(`cycle ${cycle}: ${writer.name} writes an h that no step asks for`);
          continue;
        }
        movedAt = cycle;
        const run = expected.runs[at.run];
        const want = writer.expected(run, at.n, traffic?.expected.runs[at.run].word);
        if (write.value !== want.value || write.address !== want.address) {
          bitMismatches++;
          note(
            `cycle ${cycle}: ${writer.name} step ${run.totalStep} ${jobName(run.job)} h[${at.n}] = ${write.value} at ` +
              `${write.address}, golden ${want.value} at ${want.address}`,
          );
        }
        if (++at.n === writer.count(run)) {
          at.run++;
          at.n = 0;
        }
      }
      options.onCycle?.(rtl, cycle);
      rtl.tick();
      if ((cycle & 1023) === 0) {
        options.signal?.throwIfAborted();
        options.onProgress?.(Math.min(cycle, timing.cycles), timing.cycles);
      }
    }
    const due = timing.outputCycles[result];
    if (isTimed && due !== undefined && due < cycle) {
      bitMismatches++;
      note(`cycle ${cycle}: result ${result} has not come, simulator says cycle ${due}`);
    }
    return written;
  };
  const isDone = (): boolean => options.stopAtFirst === true && bitMismatches + cycleMismatches > 0;
  for (const [n, cycles] of (options.resets ?? []).entries()) {
    const before = problems.length;
    hiddenChecked += work(cycles);
    for (let p = before; p < problems.length; p++) problems[p] = `after reset ${n}: ${problems[p]}`;
    if (isDone()) break;
    rtl.set('rst_i', 1);
    weights?.restart();
    weights?.drive(false);
    rtl.eval();
    weights?.settle();
    rtl.tick();
    rtl.set('rst_i', 0);
    rtl.set('s_axis_tvalid', 0);
    begin(() => startLoaded(rtl, design));
  }
  const hiddenInEnd = isDone() ? 0 : work(Infinity);
  hiddenChecked += hiddenInEnd;

  const missingResults = expected.results.length - Math.min(result, expected.results.length);
  if (missingResults > 0) {
    bitMismatches += missingResults;
    note(`${missingResults} of ${expected.results.length} results never came`);
  }
  const hiddenExpected =
    options.streamsOnly === true
      ? 0
      : expected.runs.reduce((sum, { hidden }) => sum + hidden.length * hidden[0].length, 0);
  if (hiddenInEnd !== hiddenExpected) {
    bitMismatches += Math.abs(hiddenExpected - hiddenInEnd);
    note(`${hiddenInEnd} h written, golden has ${hiddenExpected}`);
  }
  const expectedCycles = timing.cycles;
  // A last result that needs no h afterwards ends the run; without one the last h does.
  const cycles = result > 0 ? resultCycles[result - 1] + 1 : expectedCycles;
  if (isTimed && cycles !== expectedCycles) {
    cycleMismatches++;
    note(`run: ${cycles} cycles, simulator says ${expectedCycles}`);
  }
  return {
    design: design.name,
    cycles,
    expectedCycles,
    hiddenChecked,
    resultsChecked: result,
    bitMismatches,
    cycleMismatches,
    firstProblems: problems,
    resultCycles,
  };
}
