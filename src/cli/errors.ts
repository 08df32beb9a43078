/** How a failure looks on the terminal and which exit code it has. */
import { BoardError } from '../board/board.js';
import { CapacityError, ProfileError } from '../cost/errors.js';
import { DesignError } from '../design/design.js';
import { complaintText } from '../errors.js';
import { UserError } from '../errors.js';

export const EXIT = { ok: 0, failure: 1, badInput: 2, interrupted: 130 } as const;

/** Ctrl-C or SIGTERM; stages stop at the next safe point and leave a checkpoint. */
export class Interrupted extends Error {
  constructor() {
    super('interrupted');
    this.name = 'Interrupted';
  }
}

/** A result that is not what it should be, such as a mismatch found by `verify`: shown without a stack. */
export class StageFailure extends Error {
  override readonly name = 'StageFailure';
}

function isInterruption(error: unknown, signal: AbortSignal): boolean {
  // Tools report an abort in their own words.
  return error instanceof Interrupted || (signal.aborted && error instanceof Error);
}

export interface Told {
  readonly code: number;
  readonly text: string;
}

/** One line for what a user can mend, more only for lists of problems and tools' last words. */
export function tellError(
  command: string,
  error: unknown,
  signal: AbortSignal,
  isDebug: boolean,
): Told {
  const prefix = `halfgate ${command}`;
  if (isInterruption(error, signal))
    return { code: EXIT.interrupted, text: `${prefix}: interrupted` };
  const stack = isDebug && error instanceof Error ? `\n${error.stack ?? ''}` : '';
  if (error instanceof UserError)
    return { code: EXIT.badInput, text: `${prefix}: ${error.message}${stack}` };
  if (error instanceof DesignError) {
    const { problems } = error;
    const text = problems.length === 1 ? `design: ${problems[0]}` : `design: ${error.message}`;
    return { code: EXIT.badInput, text: `${prefix}: ${text}${stack}` };
  }
  if (error instanceof ProfileError || error instanceof BoardError) {
    const { problems } = error;
    const text = problems.length === 1 ? complaintText(problems[0]) : error.message;
    return { code: EXIT.badInput, text: `${prefix}: ${text}${stack}` };
  }
  if (error instanceof CapacityError) {
    return { code: EXIT.badInput, text: `${prefix}: ${error.message}${stack}` };
  }
  const message = error instanceof Error ? error.message : String(error);
  const known =
    error instanceof StageFailure || (error instanceof Error && error.name === 'EdaError');
  const hint = known || isDebug ? '' : '; --debug shows where';
  return { code: EXIT.failure, text: `${prefix}: ${message}${hint}${stack}` };
}
