import { defineFlags } from './hidden-cells.js';
import type { FileTree, SourceFiles } from './files.js';
import { toFileTree, verilogFiles } from './files.js';
import { EdaError } from './errors.js';

export interface YosysRun {
  /** Every file in the run's folder afterwards, inputs included. */
  readonly files: FileTree;
  readonly log: string;
}

/**
 * Run a Yosys script (commands separated by `;` or newlines) in a folder of its own that holds `files`,
 * with the WebAssembly build from npm. It is loaded on first use and its module compiled once per
 * process; memory of a run goes back when the run ends. The run itself blocks the thread.
 *
 * @throws EdaError when Yosys stops with an error, with the end of its log.
 */
export async function runYosysScript(
  script: string,
  files: Readonly<Record<string, string | Uint8Array>>,
  stage = 'run',
): Promise<YosysRun> {
  const { runYosys } = await loadYosys();
  const log = new LogCollector();
  try {
    const tree = await runYosys(['-p', script], toFileTree(files), {
      stdout: log.write,
      stderr: log.write,
      decodeASCII: false,
    });
    return { files: (tree ?? {}) as FileTree, log: log.text() };
  } catch (cause) {
    throw new EdaError(firstError(log.text()) ?? String(cause), {
      tool: 'yosys',
      stage,
      log: log.text(),
      cause,
    });
  }
}

/** Version of the npm build, for example `0.55.944`. */
export async function npmYosysVersion(): Promise<string> {
  return (await loadYosys()).version;
}

/** The commands that read all Verilog of a project; `hierarchy` must follow. */
export function readVerilogCommands(
  files: SourceFiles,
  defines: Readonly<Record<string, string>> = {},
): string {
  const flags = defineFlags(defines);
  return verilogFiles(files)
    .map((name) => {
      const sv = name.endsWith('.sv') ? '-sv ' : '';
      return `read_verilog -defer ${sv}${flags}"${name}"`;
    })
    .join('; ');
}

/** Gathers what a tool prints. */
export class LogCollector {
  readonly #chunks: string[] = [];
  readonly #decoder = new TextDecoder();

  readonly write = (bytes: Uint8Array | null): void => {
    if (bytes !== null) this.#chunks.push(this.#decoder.decode(bytes, { stream: true }));
  };

  text(): string {
    return this.#chunks.join('');
  }
}

async function loadYosys(): Promise<typeof import('@yowasp/yosys')> {
  try {
    return await import('@yowasp/yosys');
  } catch (cause) {
    throw new EdaError('package @yowasp/yosys is missing; run npm install', {
      tool: 'yosys',
      stage: 'load',
      cause,
    });
  }
}

/** The line that Yosys or nextpnr prints before it stops. */
export function firstError(log: string): string | undefined {
  return /^(?:.*: )?ERROR: .*$/m.exec(log)?.[0];
}
