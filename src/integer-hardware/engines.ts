/** One design in every simulator that is there, on given sequences: bit for bit, cycle for cycle. */
import { runTestbench } from '../eda/native-sim.js';
import { findTool } from '../eda/tools.js';
import { npmYosysVersion } from '../eda/yosys.js';
import { packageVersion } from '../package-root.js';
import type { EngineVerdict, VerifyEngine } from '../verify/verify.js';
import { compileInteger, cosimulateInteger } from './cosimulate.js';
import type { IntegerDesign } from './design.js';
import { emitInteger } from './emit.js';
import type { IntegerSequences } from './golden.js';
import { emitIntegerTestbench } from './project.js';

export interface IntegerVerification {
  /** Up to the last output beat, without stalls. */
  readonly cycles: number;
  readonly statesChecked: number;
  readonly outputsChecked: number;
  readonly bitMismatches: number;
  readonly cycleMismatches: number;
  /** No engine failed and at least one passed. */
  readonly passed: boolean;
  readonly engines: readonly EngineVerdict[];
}

export interface IntegerVerifyOptions {
  /** Native ones are skipped, with the reason, where they are not installed. */
  readonly engines: readonly VerifyEngine[];
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly onEngine?: (engine: VerifyEngine, done: number) => void;
}

type Counts = Pick<IntegerVerification, 'cycles' | 'statesChecked' | 'outputsChecked'>;

/** At full speed, then after a reset amid work with random stalls. */
async function runNpm(
  design: IntegerDesign,
  sequences: IntegerSequences,
  { seed, signal }: IntegerVerifyOptions,
): Promise<{ readonly verdict: EngineVerdict; readonly counts: Counts }> {
  const rtl = await compileInteger(design, seed);
  const smooth = await cosimulateInteger(design, sequences, { rtl, signal });
  const stalled = await cosimulateInteger(design, sequences, {
    ...{ rtl, signal, stallSeed: seed },
    resetAfter: Math.ceil(smooth.expectedCycles / 3),
  });
  const bitMismatches = smooth.bitMismatches + stalled.bitMismatches;
  const { cycleMismatches } = smooth;
  return {
    verdict: {
      engine: 'npm',
      tool: `halfgate ${packageVersion()} on Yosys ${await npmYosysVersion()} (npm)`,
      status: bitMismatches + cycleMismatches === 0 ? 'passed' : 'failed',
      ...{ bitMismatches, cycleMismatches },
      problems: [
        ...smooth.firstProblems,
        ...stalled.firstProblems.map((text) => `with stalls: ${text}`),
      ],
    },
    counts: {
      cycles: smooth.cycles,
      statesChecked: smooth.statesChecked + stalled.statesChecked,
      outputsChecked: smooth.outputsChecked + stalled.outputsChecked,
    },
  };
}

async function runNative(
  engine: 'iverilog' | 'verilator',
  design: IntegerDesign,
  sequences: IntegerSequences,
  signal: AbortSignal,
): Promise<EngineVerdict> {
  const nothing = { bitMismatches: 0, cycleMismatches: 0, problems: [] };
  if ((await findTool(engine)) === undefined) {
    return { engine, tool: `${engine} is not installed`, status: 'skipped', ...nothing };
  }
  const testbench = emitIntegerTestbench(design, sequences);
  const run = await runTestbench({
    files: { ...emitInteger(design).files, ...testbench.files },
    ...{ top: testbench.top, tool: engine, signal },
  });
  const tool = `${engine} ${run.toolVersion}`;
  if (run.passed) return { engine, tool, status: 'passed', ...nothing };
  const problems = run.log.split('\n').filter((line) => line.startsWith('HALFGATE FAIL'));
  const cycleMismatches = problems.filter((line) => line.includes(', simulator ')).length;
  return {
    ...{ engine, tool, status: 'failed', cycleMismatches },
    bitMismatches: Math.max(1, problems.length - cycleMismatches),
    problems: problems.slice(0, 8),
  };
}

/** @throws EdaError when a tool that was found does not compile or finish. */
export async function verifyInteger(
  design: IntegerDesign,
  sequences: IntegerSequences,
  options: IntegerVerifyOptions,
): Promise<IntegerVerification> {
  const verdicts: EngineVerdict[] = [];
  let counts: Counts = { cycles: 0, statesChecked: 0, outputsChecked: 0 };
  for (const [index, engine] of options.engines.entries()) {
    options.onEngine?.(engine, index / options.engines.length);
    if (engine === 'npm') {
      const result = await runNpm(design, sequences, options);
      counts = result.counts;
      verdicts.push(result.verdict);
    } else verdicts.push(await runNative(engine, design, sequences, options.signal));
  }
  const sum = (key: 'bitMismatches' | 'cycleMismatches'): number =>
    verdicts.reduce((total, verdict) => total + verdict[key], 0);
  return {
    ...counts,
    bitMismatches: sum('bitMismatches'),
    cycleMismatches: sum('cycleMismatches'),
    passed:
      verdicts.every(({ status }) => status !== 'failed') &&
      verdicts.some(({ status }) => status === 'passed'),
    engines: verdicts,
  };
}
