import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { runProcess } from './process.js';

export type NativeTool =
  | 'verilator'
  | 'iverilog'
  | 'vvp'
  | 'yosys'
  | 'nextpnr-ice40'
  | 'icepack'
  | 'nextpnr-ecp5'
  | 'ecppack';

export interface FoundTool {
  readonly path: string;
  /** `5.006`, as the tool states it; `unknown` when it states none. */
  readonly version: string;
}

const VERSION_FLAG: Readonly<Record<NativeTool, string>> = {
  verilator: '--version',
  iverilog: '-V',
  vvp: '-V',
  yosys: '-V',
  'nextpnr-ice40': '--version',
  // It has no flag for its version: this one makes it print its usage.
  icepack: '-h',
  'nextpnr-ecp5': '--version',
  ecppack: '--version',
};

const found = new Map<string, Promise<FoundTool | undefined>>();

/** Look for a native tool on PATH and ask its version, once per process and PATH. */
export function findTool(name: NativeTool): Promise<FoundTool | undefined> {
  const key = `${name} ${process.env['PATH'] ?? ''}`;
  let tool = found.get(key);
  if (tool === undefined) found.set(key, (tool = look(name)));
  return tool;
}

async function look(name: NativeTool): Promise<FoundTool | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (folder === '') continue;
    const path = join(folder, name);
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!isThere) continue;
    const { log } = await runProcess(path, [VERSION_FLAG[name]], { timeoutSeconds: 20 });
    return { path, version: versionIn(log) };
  }
  return undefined;
}

/** `0.4-1+b1` from `nextpnr-ice40 -- Next Generation Place and Route (Version 0.4-1+b1)`. */
function versionIn(text: string): string {
  return /\d+\.\d[^\s)]*/.exec(text)?.[0] ?? /version\s+(\d[^\s)]*)/i.exec(text)?.[1] ?? 'unknown';
}
