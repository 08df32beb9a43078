/** What the accelerator is given to do. */
import type { Design } from '../src/design/design.js';

export interface Workload {
  /**
   * Length in steps of each batch of sequences, one after the other; `columns` sequences run side by
   * side. x is offered as fast as it is taken, results are taken at once.
   */
  readonly sequences: readonly number[];
}

/** @throws {RangeError} for a workload without steps, or of sequences that the design cannot hold. */
export function checkWorkload({ sequence }: Pick<Design, 'sequence'>, workload: Workload): void {
  if (workload.sequences.length === 0)
    throw new RangeError('sequences: none given, need at least 1');
  workload.sequences.forEach((length, n) => {
    if (!Number.isInteger(length) || length < 1) {
      throw new RangeError(`sequences[${n}]: ${length} is not a positive integer`);
    }
    if (sequence && length > sequence.maxSteps) {
      throw new RangeError(
        `sequences[${n}]: ${length} steps, but the design holds ${sequence.maxSteps}; plan it with maxSteps ${length} or more`,
      );
    }
  });
}
