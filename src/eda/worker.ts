import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { EdaError } from './errors.js';
import { toFileTree } from './files.js';
import type { RunLimits } from './process.js';
import { DEFAULT_TIMEOUT_SECONDS } from './process.js';
import { firstError } from './yosys.js';

/** The npm builds of the tools: package, and the function in it. */
const NPM_TOOLS = {
  yosys: { package: '@yowasp/yosys', run: 'runYosys' },
  'nextpnr-ice40': { package: '@yowasp/nextpnr-ice40', run: 'runNextpnrIce40' },
  icepack: { package: '@yowasp/nextpnr-ice40', run: 'runIcepack' },
} as const;

export type NpmTool = keyof typeof NPM_TOOLS;

export interface WorkerRun extends RunLimits {
  readonly tool: NpmTool;
  readonly args: readonly string[];
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** Files to bring back, all in the top folder. */
  readonly outputs: readonly string[];
  /** What the run does, for errors: `synthesize`, `place and route`. */
  readonly stage: string;
}

export interface WorkerResult {
  /** Those of `outputs` that the tool wrote. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly log: string;
  /** Version of the npm package, for example `0.55.944`. */
  readonly version: string;
}

/**
 * A process that is done waits this long for another run of its tool, which then needs not compile
 * 30 MB of WebAssembly again; after that it ends and its memory goes back.
 */
const IDLE_MILLISECONDS = 5000;

/**
 * Runs in the process, as plain text because Node cannot start from a TypeScript source. The tools
 * print bytes; they are sent as they come, so that a run that is stopped leaves its log. A tool keeps
 * its process's event loop busy: a thread watches for it that the parent is still there.
 */
const WORKER_CODE = `
const { Worker } = require('node:worker_threads');
const [url, run] = process.argv.slice(1);
const watch = 'const parent = process.ppid;' +
  'setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, "SIGKILL"); }, 1000);';
new Worker(watch, { eval: true }).unref();
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit());
const print = (bytes) => { if (bytes !== null) process.send({ log: bytes.slice() }); };
process.on('message', async ({ args, files, outputs }) => {
  try {
    const tool = await import(url);
    const options = { stdout: print, stderr: print, decodeASCII: false };
    const tree = await tool[run](args, files, options);
    const result = {};
    for (const name of outputs) {
      const content = tree?.[name];
      if (typeof content === 'string') result[name] = new TextEncoder().encode(content);
      else if (content instanceof Uint8Array) result[name] = content;
    }
    process.send({ result, version: tool.version });
  } catch (error) {
    process.send({ error: String(error) });
  }
});
`;

type WorkerMessage =
  | { readonly log: Uint8Array }
  | { readonly result: Record<string, Uint8Array>; readonly version: string }
  | { readonly error: string };

/** Processes that wait for another run. */
const idle = new Map<NpmTool, { worker: ChildProcess; timer: NodeJS.Timeout }[]>();

/**
 * Run an npm build of a tool in a process of its own: the caller stays free, a run that hangs is
 * ended after its time, and its memory goes back. (Ending a thread in the middle of a large
 * WebAssembly module crashes Node 20 now and then; ending a process does not.)
 *
 * @throws EdaError when the tool fails, on timeout and on abort, with the end of its log.
 */
export async function runInWorker(run: WorkerRun): Promise<WorkerResult> {
  const { tool, stage, signal } = run;
  const timeoutSeconds = run.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  let log = '';
  const failure = (problem: string): EdaError => new EdaError(problem, { tool, stage, log });
  if (signal?.aborted === true) throw failure('aborted');
  const worker = takeWorker(tool);
  const decoder = new TextDecoder();
  let isReusable = false;
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  try {
    return await new Promise<WorkerResult>((resolve, reject) => {
      const stop = (problem: string): void => reject(failure(problem));
      timer = setTimeout(
        () => stop(`no result within ${timeoutSeconds} seconds`),
        1000 * timeoutSeconds,
      );
      onAbort = () => stop('aborted');
      signal?.addEventListener('abort', onAbort);
      worker.on('message', (message: WorkerMessage) => {
        if ('log' in message) {
          log += decoder.decode(message.log, { stream: true });
        } else if ('error' in message) {
          stop(firstError(log) ?? message.error);
        } else {
          isReusable = true;
          resolve({ files: message.result, log, version: message.version });
        }
      });
      worker.on('error', (error) => stop(String(error)));
      worker.on('exit', (code, signalName) => stop(`its process ended: ${code ?? signalName}`));
      const { args, outputs } = run;
      worker.send({ args, files: toFileTree(run.files), outputs });
    });
  } finally {
    clearTimeout(timer);
    if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
    // By name: without one, Node's own listeners would go too.
    for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event);
    if (isReusable) keepWorker(tool, worker);
    else worker.kill('SIGKILL');
  }
}

function takeWorker(tool: NpmTool): ChildProcess {
  const waiting = idle.get(tool)?.pop();
  if (waiting !== undefined) {
    clearTimeout(waiting.timer);
    waiting.worker.removeAllListeners('error');
    waiting.worker.removeAllListeners('exit');
    waiting.worker.ref();
    waiting.worker.channel?.ref();
    return waiting.worker;
  }
  const { package: name, run } = NPM_TOOLS[tool];
  return spawn(process.execPath, ['-e', WORKER_CODE, resolvePackage(name, tool), run], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
}

/** Let a worker wait for another run, without keeping the process alive. */
function keepWorker(tool: NpmTool, worker: ChildProcess): void {
  let waiting = idle.get(tool);
  if (waiting === undefined) idle.set(tool, (waiting = []));
  const list = waiting;
  const forget = (): void => {
    const index = list.findIndex((entry) => entry.worker === worker);
    if (index >= 0) list.splice(index, 1);
  };
  const timer = setTimeout(() => {
    forget();
    worker.kill('SIGKILL');
  }, IDLE_MILLISECONDS);
  timer.unref();
  worker.unref();
  worker.channel?.unref();
  worker.on('error', forget);
  worker.on('exit', forget);
  list.push({ worker, timer });
}

const npmRequire = createRequire(import.meta.url);

function resolvePackage(name: string, tool: NpmTool): string {
  try {
    return pathToFileURL(npmRequire.resolve(name)).href;
  } catch (cause) {
    throw new EdaError(`package ${name} is missing; run npm install`, {
      tool,
      stage: 'load',
      cause,
    });
  }
}
