/** One halfgate command in a process of its own, so that several cores work at once. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../package-root.js';
import { Interrupted, StageFailure } from './errors.js';

export interface ChildHooks {
  readonly onProgress: (fraction: number, text: string) => void;
  readonly onNote: (text: string) => void;
  /** Sends the child what Ctrl-C sends, and waits until it has written its checkpoint. */
  readonly signal: AbortSignal;
}

type Message = { readonly note: string } | { readonly fraction: number; readonly text: string };

/** @throws {StageFailure} with the child's last words; {Interrupted} when the signal stopped it. */
export function runChild(
  args: readonly string[],
  { onProgress, onNote, signal }: ChildHooks,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const bin = fileURLToPath(new URL('bin/halfgate.mjs', packageRoot()));
    const child = spawn(process.execPath, [bin, ...args, '--json'], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, HALFGATE_CHILD: '1' },
      // A group of its own: Ctrl-C of the terminal reaches it through us, and only once.
      detached: true,
    });
    let errors = '';
    const stop = (): void => void child.kill('SIGINT');
    signal.addEventListener('abort', stop);
    child.stderr?.on(
      'data',
      (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4000)),
    );
    child.on('message', (message: Message) => {
      if ('note' in message) onNote(message.note);
      else onProgress(message.fraction, message.text);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      signal.removeEventListener('abort', stop);
      if (code === 0) resolve();
      else if (signal.aborted) reject(new Interrupted());
      else
        reject(
          new StageFailure(
            errors.trim().replace(/^halfgate /, '') || `${args[0]} ended with code ${code}`,
          ),
        );
    });
    if (signal.aborted) stop();
  });
}
