import { complaintText, type Complaint } from '../errors.js';

/** A profile that cannot be used: every problem found, each with its place in the file. */
export class ProfileError extends Error {
  constructor(readonly problems: readonly Complaint[]) {
    super(
      `${problems.length} problem${problems.length === 1 ? '' : 's'}\n` +
        problems.map((problem) => `  ${complaintText(problem)}`).join('\n'),
    );
    this.name = 'ProfileError';
  }
}

/** One resource of which the device has too little. */
export interface Overflow {
  readonly resource: string;
  readonly needed: number;
  readonly available: number;
  /** What to change so that it fits. */
  readonly hint: string;
}

/** A design that the device of a profile cannot hold; all overflows at once. */
export class CapacityError extends Error {
  constructor(
    readonly profile: string,
    readonly overflows: readonly Overflow[],
  ) {
    super(
      `the design does not fit ${profile}\n` +
        overflows
          .map(
            ({ resource, needed, available, hint }) =>
              `  ${resource}: needs ${needed} (estimated), ${profile} has ${available}; ${hint}`,
          )
          .join('\n'),
    );
    this.name = 'CapacityError';
  }
}
