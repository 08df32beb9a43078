import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EdaError } from './errors.js';
import type { SourceFiles } from './files.js';
import { verilogFiles } from './files.js';
import type { RunLimits } from './process.js';
import { runProcess } from './process.js';
import { withTempFolder } from './temp-folder.js';
import { findTool } from './tools.js';

export interface TraceRun extends RunLimits {
  readonly files: SourceFiles;
  /** The testbench's module. */
  readonly top: string;
  /** The instance in it whose signals are recorded, with all below it. */
  readonly dut: string;
  /** Of the testbench. */
  readonly parameters?: Readonly<Record<string, number>>;
}

const TRACE = 'halfgate_trace';

/**
 * Run a testbench in Icarus Verilog and record its waves as FST.
 * @throws EdaError when Icarus is missing, does not compile the source, or takes too long.
 */
export async function traceIcarus({
  files,
  top,
  dut,
  parameters = {},
  ...limits
}: TraceRun): Promise<{ readonly waves: Uint8Array; readonly log: string }> {
  const [iverilog, vvp] = await Promise.all([findTool('iverilog'), findTool('vvp')]);
  if (iverilog === undefined || vvp === undefined) {
    const problem = 'not on PATH: FST takes Icarus Verilog; --vcd needs nothing installed';
    throw new EdaError(problem, { tool: 'iverilog', stage: 'find' });
  }
  const trace =
    `module ${TRACE};\n  initial begin\n    $dumpfile("waves.fst");\n` +
    `    $dumpvars(0, ${top}.${dut});\n  end\nendmodule\n`;
  return withTempFolder({ ...files, [`${TRACE}.v`]: trace }, async (cwd) => {
    const sources = [...verilogFiles(files), `${TRACE}.v`];
    const compile = [
      ...['-g2005-sv', '-s', top, '-s', TRACE, '-o', 'simulation.vvp'],
      ...Object.entries(parameters).flatMap(([name, value]) => ['-P', `${top}.${name}=${value}`]),
      ...sources,
    ];
    const compiled = await runProcess(iverilog.path, compile, { ...limits, cwd });
    if (compiled.exitCode !== 0) {
      const details = { tool: 'iverilog', stage: 'compile', log: compiled.log };
      throw new EdaError(`exit code ${compiled.exitCode}`, details);
    }
    const { log } = await runProcess(vvp.path, ['-n', 'simulation.vvp', '-fst'], {
      ...limits,
      cwd,
    });
    return { waves: new Uint8Array(await readFile(join(cwd, 'waves.fst'))), log };
  });
}
