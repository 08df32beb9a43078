import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EdaError } from './errors.js';
import type { RunLimits } from './process.js';
import { runProcess } from './process.js';
import { withTempFolder } from './temp-folder.js';
import type { NativeTool } from './tools.js';
import { findTool } from './tools.js';
import { firstError } from './yosys.js';

export interface NativeRun extends RunLimits {
  readonly tool: NativeTool;
  readonly args: readonly string[];
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** Files to bring back. */
  readonly outputs: readonly string[];
  /** What the run does, for errors: `place and route`. */
  readonly stage: string;
}

/** As of an npm build (WorkerResult), of a tool on PATH in a folder of its own that is removed afterwards. */
export async function runNativeTool(run: NativeRun): Promise<{
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly log: string;
  readonly version: string;
}> {
  const { tool, args, files, outputs, stage, ...limits } = run;
  const native = await findTool(tool);
  if (native === undefined) throw new EdaError('not on PATH', { tool, stage: 'find' });
  return withTempFolder(files, async (cwd) => {
    const { exitCode, log } = await runProcess(native.path, args, { ...limits, cwd });
    if (exitCode !== 0) {
      throw new EdaError(firstError(log) ?? `exit code ${exitCode}`, { tool, stage, log });
    }
    const written = await Promise.all(
      outputs.map(async (name) => [name, new Uint8Array(await readFile(join(cwd, name)))] as const),
    );
    return { files: Object.fromEntries(written), log, version: native.version };
  });
}
