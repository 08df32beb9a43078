import { spawn } from 'node:child_process';
import { EdaError } from './errors.js';

export interface RunLimits {
  /** Wall-clock limit; default 600 seconds. */
  readonly timeoutSeconds?: number;
  /** Abort to stop the run and release what it holds. */
  readonly signal?: AbortSignal;
}

export const DEFAULT_TIMEOUT_SECONDS = 600;

export interface ProcessResult {
  readonly exitCode: number;
  /** Standard output and error, in order of arrival. */
  readonly log: string;
}

/**
 * Run a native program to its end, in a process group of its own so that what it starts (a C++
 * compiler, say) ends with it.
 *
 * @throws EdaError on timeout, on abort, or when it cannot be started; not for an exit code.
 */
export function runProcess(
  program: string,
  args: readonly string[],
  { cwd, timeoutSeconds = DEFAULT_TIMEOUT_SECONDS, signal }: RunLimits & { readonly cwd?: string },
): Promise<ProcessResult> {
  const tool = program.split('/').pop() ?? program;
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(new EdaError('aborted', { tool, stage: 'run', cause: signal.reason }));
      return;
    }
    const child = spawn(program, args, {
      ...(cwd === undefined ? {} : { cwd }),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const chunks: Buffer[] = [];
    const log = (): string => Buffer.concat(chunks).toString('utf8');
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    let stopped: string | undefined;
    const stop = (reason: string): void => {
      stopped = reason;
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has just ended by itself.
      }
    };
    const onAbort = (): void => stop('aborted');
    const timer = setTimeout(
      () => stop(`no result within ${timeoutSeconds} seconds`),
      1000 * timeoutSeconds,
    );
    signal?.addEventListener('abort', onAbort);
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    child.on('error', (cause) => {
      finish();
      reject(new EdaError(`cannot start: ${cause.message}`, { tool, stage: 'run', cause }));
    });
    child.on('close', (code, killedBy) => {
      finish();
      if (stopped !== undefined) {
        reject(new EdaError(stopped, { tool, stage: 'run', log: log() }));
      } else {
        const end = killedBy === null ? '' : `\n${tool} was ended by ${killedBy}`;
        resolve({ exitCode: code ?? 128, log: log() + end });
      }
    });
  });
}
