import { EdaError } from './errors.js';
import type { SourceFiles } from './files.js';
import { verilogFiles } from './files.js';
import type { ProcessResult, RunLimits } from './process.js';
import { DEFAULT_TIMEOUT_SECONDS, runProcess } from './process.js';
import { withTempFolder } from './temp-folder.js';
import type { FoundTool, NativeTool } from './tools.js';
import { findTool } from './tools.js';

export interface TestbenchRun extends RunLimits {
  /** Design, testbench and data files. */
  readonly files: SourceFiles;
  /** The testbench's module. */
  readonly top: string;
  readonly tool: 'verilator' | 'iverilog';
  /** Parameters of the testbench. */
  readonly parameters?: Readonly<Record<string, number>>;
  /** Folder in which the temporary one is made; default the system's. */
  readonly workDir?: string;
  /** Verilator compiles C++: `-O0` compiles fast, `-O3` runs fast; default `-O1`. */
  readonly optimization?: '-O0' | '-O1' | '-O2' | '-O3';
}

export interface TestbenchResult {
  readonly exitCode: number;
  readonly log: string;
  /** True when it printed a line `HALFGATE PASS`, none `HALFGATE FAIL`, and ended with 0. */
  readonly passed: boolean;
  readonly toolVersion: string;
  /** Wall-clock seconds to compile, and to run. */
  readonly compileSeconds: number;
  readonly runSeconds: number;
}

/**
 * Compile and run a self-checking testbench with a native simulator. It is to print `HALFGATE PASS`
 * or `HALFGATE FAIL <why>` and to end with $finish. Files are written to a folder that is removed
 * afterwards and is the current one of the run, so that $readmemh finds its files by name.
 *
 * @throws EdaError when the tool is missing, does not compile the source, or takes too long.
 */
export async function runTestbench(run: TestbenchRun): Promise<TestbenchResult> {
  const tool = await requireTool(run.tool);
  const started = performance.now();
  const secondsLeft = (): number =>
    (run.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) - (performance.now() - started) / 1000;
  return withTempFolder(
    run.files,
    async (cwd) => {
      const limits = (): RunLimits & { cwd: string } => ({
        cwd,
        timeoutSeconds: Math.max(1, secondsLeft()),
        ...(run.signal === undefined ? {} : { signal: run.signal }),
      });
      const sources = verilogFiles(run.files);
      const isVerilator = run.tool === 'verilator';
      const parameters = Object.entries(run.parameters ?? {});
      const compiled = isVerilator
        ? await runProcess(
            tool.path,
            [
              ...['--binary', '--timing', '-Wno-fatal', '-Wno-WIDTH', '-Wno-TIMESCALEMOD'],
              ...['-CFLAGS', run.optimization ?? '-O1', '--top-module', run.top],
              ...['--Mdir', 'obj_dir', '-o', 'simulation', '-j', '2'],
              ...parameters.map(([name, value]) => `-G${name}=${value}`),
              ...sources,
            ],
            limits(),
          )
        : await runProcess(
            tool.path,
            [
              ...['-g2005-sv', '-s', run.top, '-o', 'simulation.vvp'],
              ...parameters.flatMap(([name, value]) => ['-P', `${run.top}.${name}=${value}`]),
              ...sources,
            ],
            limits(),
          );
      if (compiled.exitCode !== 0) {
        throw new EdaError(`exit code ${compiled.exitCode}`, {
          tool: run.tool,
          stage: 'compile',
          log: compiled.log,
        });
      }
      const compileSeconds = (performance.now() - started) / 1000;
      const { exitCode, log } = isVerilator
        ? await runProcess(`${cwd}/obj_dir/simulation`, [], limits())
        : await runProcess((await requireTool('vvp')).path, ['-n', 'simulation.vvp'], limits());
      return {
        exitCode,
        log,
        passed: exitCode === 0 && /^HALFGATE PASS\b/m.test(log) && !/^HALFGATE FAIL\b/m.test(log),
        toolVersion: tool.version,
        compileSeconds,
        runSeconds: (performance.now() - started) / 1000 - compileSeconds,
      };
    },
    run.workDir,
  );
}

export interface LintResult {
  /** True when the tool had nothing to say. */
  readonly clean: boolean;
  readonly log: string;
}

/** `verilator --lint-only -Wall` of a design; waivers in the source count. */
export function lintVerilator(
  files: SourceFiles,
  top: string,
  limits: RunLimits = {},
): Promise<LintResult> {
  return lint('verilator', files, limits, [
    ...['--lint-only', '-Wall', '--top-module', top],
    ...verilogFiles(files),
  ]);
}

/** `iverilog -Wall -t null` of a design, as Verilog-2005. */
export function lintIverilog(
  files: SourceFiles,
  top: string,
  limits: RunLimits = {},
): Promise<LintResult> {
  const generation = verilogFiles(files).some((name) => name.endsWith('.sv')) ? '2012' : '2005';
  return lint('iverilog', files, limits, [
    ...['-Wall', '-Wno-timescale', `-g${generation}`, '-t', 'null', '-s', top],
    ...verilogFiles(files),
  ]);
}

async function lint(
  name: 'verilator' | 'iverilog',
  files: SourceFiles,
  limits: RunLimits,
  args: readonly string[],
): Promise<LintResult> {
  const tool = await requireTool(name);
  const { exitCode, log }: ProcessResult = await withTempFolder(files, (cwd) =>
    runProcess(tool.path, args, { ...limits, cwd }),
  );
  return { clean: exitCode === 0 && log.trim() === '', log };
}

async function requireTool(name: NativeTool): Promise<FoundTool> {
  const tool = await findTool(name);
  if (tool === undefined) {
    throw new EdaError('not on PATH', { tool: name, stage: 'find' });
  }
  return tool;
}
