import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { EdaError } from './errors.js';
import { toFileTree } from './files.js';
import type { RunLimits } from './process.js';
import { DEFAULT_TIMEOUT_SECONDS } from './process.js';
import { firstError } from './yosys.js';

/** The npm builds of the tools: package, and the function in it. */
const NPM_TOOLS = {
  yosys: { package: '@yowasp/yosys', run: 'runYosys' },
  'nextpnr-ice40': { package: '@yowasp/nextpnr-ice40', run: 'runNextpnrIce40' },
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
 * A thread that is done waits this long for another run of its tool, which then needs not compile
 * 30 MB of WebAssembly again; after that it ends and its memory goes back.
 */
const IDLE_MILLISECONDS = 5000;

/**
 * Runs in the worker, as plain text because a worker cannot start from a TypeScript source. The tools
 * print bytes; they are sent as they come, so that a run that is stopped leaves its log.
 */
const WORKER_CODE = `
const { parentPort, workerData } = require('node:worker_threads');
const print = (bytes) => { if (bytes !== null) parentPort.postMessage({ log: bytes.slice() }); };
parentPort.on('message', async ({ args, files, outputs }) => {
  try {
    const tool = await import(workerData.url);
    const options = { stdout: print, stderr: print, decodeASCII: false };
    const tree = await tool[workerData.run](args, files, options);
    const result = {};
    for (const name of outputs) {
      const content = tree?.[name];
      if (typeof content === 'string') result[name] = new TextEncoder().encode(content);
      else if (content instanceof Uint8Array) result[name] = content;
    }
    parentPort.postMessage({ result, version: tool.version });
  } catch (error) {
    parentPort.postMessage({ error: String(error) });
  }
});
`;

type WorkerMessage =
  | { readonly log: Uint8Array }
  | { readonly result: Record<string, Uint8Array>; readonly version: string }
  | { readonly error: string };

/** Threads that wait for another run. */
const idle = new Map<NpmTool, { worker: Worker; timer: NodeJS.Timeout }[]>();

/**
 * Run an npm build of a tool in a thread of its own: the caller's thread stays free, a run that hangs
 * is ended after its time, and its memory goes back.
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
      worker.on('exit', (code) => stop(`the worker ended with code ${code}`));
      const { args, outputs } = run;
      worker.postMessage({ args, files: toFileTree(run.files), outputs });
    });
  } finally {
    clearTimeout(timer);
    if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
    // By name: without one, Node's own listeners would go too.
    for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event);
    if (isReusable) keepWorker(tool, worker);
    else await worker.terminate();
  }
}

function takeWorker(tool: NpmTool): Worker {
  const waiting = idle.get(tool)?.pop();
  if (waiting !== undefined) {
    clearTimeout(waiting.timer);
    waiting.worker.removeAllListeners('error');
    waiting.worker.ref();
    return waiting.worker;
  }
  const { package: name, run } = NPM_TOOLS[tool];
  return new Worker(WORKER_CODE, {
    eval: true,
    workerData: { url: resolvePackage(name, tool), run },
  });
}

/** Let a worker wait for another run, without keeping the process alive. */
function keepWorker(tool: NpmTool, worker: Worker): void {
  let waiting = idle.get(tool);
  if (waiting === undefined) idle.set(tool, (waiting = []));
  const list = waiting;
  const timer = setTimeout(() => {
    const index = list.findIndex((entry) => entry.worker === worker);
    if (index >= 0) list.splice(index, 1);
    void worker.terminate();
  }, IDLE_MILLISECONDS);
  timer.unref();
  worker.unref();
  worker.on('error', () => undefined);
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
