/**
 * The emitted Verilog, cycle by cycle, against the golden model (every c, m and h that is written, every
 * output beat) and against the simulator (every beat's cycle).
 */
import { setImmediate } from 'node:timers/promises';
import { compileRtl, type RtlSimulator } from '../eda/rtl-sim.js';
import { Random } from '../model/random.js';
import type { IntegerDesign } from './design.js';
import { emitInteger } from './emit.js';
import { type Beat, expectedRun, type IntegerSequences, type Write } from './golden.js';
import { CELLS } from './program.js';
import { simulateInteger } from './simulate.js';

export interface IntegerCosimulationOptions {
  /** Fill undefined initial registers and memories from this seed: reset must not depend on them. */
  readonly randomizeState?: number;
  /** Of this design, from `compileInteger`; it starts anew. */
  readonly rtl?: RtlSimulator;
  /** Work for so many cycles first, then reset for a single one: nothing of it may show afterwards. */
  readonly resetAfter?: number;
  /** Withhold beats at random on both streams, from this seed; cycles are then not compared. */
  readonly stallSeed?: number;
  readonly signal?: AbortSignal;
}

export interface IntegerCosimulation {
  readonly design: string;
  readonly cycles: number;
  readonly expectedCycles: number;
  /** Values of c, m and h that were written. */
  readonly statesChecked: number;
  readonly outputsChecked: number;
  /** Values of m_axis, beat by beat. */
  readonly outputs: readonly number[];
  readonly bitMismatches: number;
  readonly cycleMismatches: number;
  readonly firstProblems: readonly string[];
}

const MAX_PROBLEMS = 8;
/** Cycles after the expected end in which nothing more may come out. */
const QUIET_CYCLES = 16;
const PAUSE_CYCLES = 16384;

const signed = (value: number, bits: number): number => (value << (32 - bits)) >> (32 - bits);

/** A beat of m_axis: the number of a class is not signed. */
function resultValue({ head, widths }: IntegerDesign, bits: number): number {
  return head?.output === 'class' ? bits : signed(bits, widths.result);
}

/** Signals to be kept by a compilation that `cosimulateInteger` is to run. */
export const PROBES = [
  'write_gate',
  'write_state',
  'write_index',
  'op_dest',
  'op_write_gate',
  'data',
];

/** The write of this cycle, if it is one of a c, m or h. */
function observedWrite(rtl: RtlSimulator): Omit<Write, 'what'> | undefined {
  const isState = rtl.getNumber('write_state') === 1;
  const region = rtl.getNumber('op_dest');
  if (!isState && (rtl.getNumber('write_gate') === 0 || region < CELLS)) return undefined;
  return {
    memory: isState ? 'states' : 'gates',
    region,
    index: rtl.getNumber('write_index'),
    value: signed(rtl.getNumber('data'), 16),
  };
}

/** The emitted design, to be run more than once. */
export function compileInteger(
  design: IntegerDesign,
  randomizeState?: number,
): Promise<RtlSimulator> {
  const { files, top } = emitInteger(design);
  const seed = randomizeState === undefined ? {} : { randomizeState };
  return compileRtl(files, top, { probes: PROBES, ...seed });
}

/** Reset for 4 cycles, or for one after work. */
function reset(rtl: RtlSimulator, inputs: readonly Beat[], after: number | undefined): void {
  rtl.set('m_axis_tready', 1);
  if (after !== undefined) {
    rtl.set('rst_i', 1);
    rtl.tick();
    rtl.set('rst_i', 0);
    rtl.set('s_axis_tvalid', 1);
    for (let n = 0; n < after; n++) {
      rtl.set('s_axis_tdata', inputs[n % inputs.length].value);
      rtl.tick();
    }
  }
  rtl.set('s_axis_tvalid', 0);
  rtl.set('rst_i', 1);
  rtl.tick(after === undefined ? 4 : 1);
  rtl.set('rst_i', 0);
}

export async function cosimulateInteger(
  design: IntegerDesign,
  sequences: IntegerSequences,
  options: IntegerCosimulationOptions = {},
): Promise<IntegerCosimulation> {
  const rtl = options.rtl ?? (await compileInteger(design, options.randomizeState));
  rtl.restart();
  const { inputs, outputs, writes, workload } = expectedRun(design, sequences);
  const timing = simulateInteger(design, workload);
  const stalls = options.stallSeed === undefined ? undefined : new Random(options.stallSeed);

  const problems: string[] = [];
  let bitMismatches = 0;
  let cycleMismatches = 0;
  const note = (text: string): void => {
    if (problems.length < MAX_PROBLEMS) problems.push(text);
  };

  reset(rtl, inputs, options.resetAfter);

  const taken: number[] = [];
  let input = 0;
  let output = 0;
  let written = 0;
  let lastOutput = -1;
  let isOffered = false;
  const allowance = stalls ? 8 * (inputs.length + outputs.length) : 0;
  const limit = timing.cycles + QUIET_CYCLES + allowance;

  const checkWrite = (cycle: number): void => {
    const got = observedWrite(rtl);
    if (got === undefined) return;
    const want: Write | undefined = writes[written++];
    const isRight =
      want !== undefined &&
      got.memory === want.memory &&
      got.region === want.region &&
      got.index === want.index &&
      got.value === want.value;
    if (isRight) return;
    bitMismatches++;
    const given = `${got.memory} region ${got.region} [${got.index}] = ${got.value}`;
    note(`cycle ${cycle}: ${given}, golden: ${want ? `${want.what} = ${want.value}` : 'nothing'}`);
  };

  const checkOutput = (cycle: number): void => {
    const want: Beat | undefined = outputs[output];
    const value = resultValue(design, rtl.getNumber('m_axis_tdata'));
    const isLast = rtl.getNumber('m_axis_tlast') === 1;
    if (want === undefined || value !== want.value || isLast !== want.isLast) {
      bitMismatches++;
      note(`output ${output}: ${value} last ${isLast}, golden ${want?.value} ${want?.isLast}`);
    }
    if (!stalls && cycle !== timing.outputCycles[output]) {
      cycleMismatches++;
      note(`output ${output}: cycle ${cycle}, simulator says ${timing.outputCycles[output]}`);
    }
    lastOutput = cycle;
    taken.push(value);
    output++;
  };

  for (let cycle = 0; cycle < limit; cycle++) {
    if (cycle % PAUSE_CYCLES === 0) {
      // Lets Ctrl-C be heard.
      await setImmediate();
      options.signal?.throwIfAborted();
    }
    // A beat once offered stays until it is taken.
    isOffered = input < inputs.length && (isOffered || !stalls || stalls.integer(3) > 0);
    const isReady = !stalls || stalls.integer(4) === 0;
    rtl.set('s_axis_tvalid', isOffered ? 1 : 0);
    rtl.set('m_axis_tready', isReady ? 1 : 0);
    if (isOffered) {
      rtl.set('s_axis_tdata', inputs[input].value);
      rtl.set('s_axis_tlast', inputs[input].isLast ? 1 : 0);
    }
    rtl.eval();
    if (isOffered && rtl.getNumber('s_axis_tready') === 1) {
      input++;
      isOffered = false;
    }
    if (isReady && rtl.getNumber('m_axis_tvalid') === 1) checkOutput(cycle);
    checkWrite(cycle);
    rtl.tick();
    if (stalls && output === outputs.length && written === writes.length) break;
  }
  if (output < outputs.length || written < writes.length) {
    bitMismatches += Math.max(0, outputs.length - output) + Math.max(0, writes.length - written);
    note(`${output} of ${outputs.length} outputs, ${written} of ${writes.length} writes`);
  }
  return {
    design: design.name,
    cycles: lastOutput + 1,
    expectedCycles: timing.cycles,
    statesChecked: written,
    outputsChecked: output,
    outputs: taken,
    bitMismatches,
    cycleMismatches,
    firstProblems: problems,
  };
}
