/**
 * Verify one design: the emitted Verilog runs in every simulator that is there, and each must equal the
 * golden model bit for bit and the simulator cycle for cycle, at full speed, with stalls, and after resets.
 */
import type { Design } from '../design/design.js';
import { runTestbench } from '../eda/native-sim.js';
import { findTool } from '../eda/tools.js';
import { npmYosysVersion } from '../eda/yosys.js';
import { packageVersion } from '../package-root.js';
import { emit, type Netlist } from '../emit/emit.js';
import { emitTestbench } from '../emit/project.js';
import type { TestVectors } from '../emit/vectors.js';
import { cosimulateAll } from './campaign.js';
import { compileDesign, expectationOf } from './cosimulate.js';
import { goldenRun, testVectors, type BatchInput } from './golden-run.js';

export type VerifyEngine = 'npm' | 'iverilog' | 'verilator';

export interface EngineVerdict {
  readonly engine: VerifyEngine;
  /** Tool and version, or why the engine was skipped. */
  readonly tool: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly bitMismatches: number;
  readonly cycleMismatches: number;
  readonly problems: readonly string[];
}

export interface Verification {
  readonly design: string;
  readonly cycles: number;
  readonly hiddenChecked: number;
  readonly resultsChecked: number;
  readonly bitMismatches: number;
  readonly cycleMismatches: number;
  /** True when no engine failed and at least one passed. */
  readonly passed: boolean;
  readonly engines: readonly EngineVerdict[];
}

export interface VerifyOptions {
  /** Default: all; native ones are skipped, with the reason, where they are not installed. */
  readonly engines?: readonly VerifyEngine[];
  readonly seed?: number;
  readonly onProgress?: (done: number, total: number, note: string) => void;
  readonly signal?: AbortSignal;
}

async function runNative(
  engine: 'iverilog' | 'verilator',
  design: Design,
  netlist: Netlist,
  vectors: TestVectors,
  options: VerifyOptions,
): Promise<EngineVerdict> {
  const nothing = { bitMismatches: 0, cycleMismatches: 0, problems: [] };
  if ((await findTool(engine)) === undefined) {
    return { engine, tool: `${engine} is not installed`, status: 'skipped', ...nothing };
  }
  const testbench = emitTestbench(design, vectors);
  const run = await runTestbench({
    files: { ...netlist.files, ...testbench.files },
    top: testbench.top,
    tool: engine,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const tool = `${engine} ${run.toolVersion}`;
  if (run.passed) return { engine, tool, status: 'passed', ...nothing };
  const problems = run.log.split('\n').filter((line) => line.startsWith('HALFGATE FAIL'));
  const cycleMismatches = problems.filter((line) => line.includes(', simulator ')).length;
  return {
    engine,
    tool,
    status: 'failed',
    bitMismatches: Math.max(1, problems.length - cycleMismatches),
    cycleMismatches,
    problems: problems.slice(0, 8),
  };
}

/** @throws EdaError when a tool that was found does not compile or finish. */
export async function verify(
  design: Design,
  batches: readonly BatchInput[],
  options: VerifyOptions = {},
): Promise<Verification> {
  const engines = options.engines ?? ['npm', 'iverilog', 'verilator'];
  const seed = options.seed ?? 1;
  const signal = options.signal ? { signal: options.signal } : {};
  const netlist = emit(design);
  const expected = goldenRun(design, batches);
  const verdicts: EngineVerdict[] = [];
  let counts = { cycles: 0, hiddenChecked: 0, resultsChecked: 0 };
  for (const [index, engine] of engines.entries()) {
    options.onProgress?.(index, engines.length, engine);
    if (engine !== 'npm') {
      const vectors = testVectors(design, batches, expected);
      verdicts.push(await runNative(engine, design, netlist, vectors, options));
      continue;
    }
    const result = await cosimulateAll(design, netlist, batches, {
      compiled: await compileDesign(design, netlist, { randomizeState: seed }),
      expectation: expectationOf(design, batches, expected),
      seed,
      onProgress: (fraction, run) =>
        options.onProgress?.(index + fraction, engines.length, `${engine}, ${run}`),
      ...signal,
    });
    counts = {
      cycles: result.cycles,
      hiddenChecked: result.hiddenChecked,
      resultsChecked: result.resultsChecked,
    };
    const { bitMismatches, cycleMismatches } = result;
    verdicts.push({
      engine,
      tool: `halfgate ${packageVersion()} on Yosys ${await npmYosysVersion()} (npm)`,
      status: bitMismatches + cycleMismatches === 0 ? 'passed' : 'failed',
      bitMismatches,
      cycleMismatches,
      problems: result.firstProblems,
    });
  }
  options.onProgress?.(engines.length, engines.length, 'done');
  return {
    design: design.name,
    ...counts,
    bitMismatches: verdicts.reduce((sum, { bitMismatches }) => sum + bitMismatches, 0),
    cycleMismatches: verdicts.reduce((sum, { cycleMismatches }) => sum + cycleMismatches, 0),
    passed:
      verdicts.every(({ status }) => status !== 'failed') &&
      verdicts.some(({ status }) => status === 'passed'),
    engines: verdicts,
  };
}
