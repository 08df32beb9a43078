import type { ProgressSink } from './progress.js';

/** What every command gets: where to talk, when to stop. */
export interface Context {
  /** Only JSON on stdout. */
  readonly isJson: boolean;
  readonly isDebug: boolean;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly progress: ProgressSink;
  /** The command's result: `value` with --json, else `text`. */
  result(value: object, text: string): void;
}
