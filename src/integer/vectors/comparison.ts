/** What was compared, how much differed, and where first. */
export class Comparison {
  compared = 0;
  differences = 0;
  private first: string | undefined;

  /** `where` is asked for only at the first difference. */
  value(where: () => string, computed: number, expected: number): void {
    this.compared++;
    if (computed === expected) return;
    this.differences++;
    this.first ??= `${where()}: computed ${computed}, expected ${expected}`;
  }

  values(
    where: (index: number) => string,
    computed: ArrayLike<number>,
    expected: ArrayLike<number>,
  ): void {
    for (let k = 0; k < expected.length; k++) {
      this.value(() => where(k), computed[k], expected[k]);
    }
  }

  /** The first difference and how many there are; nothing if all is equal. */
  problems(): string[] {
    if (this.first === undefined) return [];
    return [`${this.first} (${this.differences} of ${this.compared} values differ)`];
  }
}

/** What a check of one file, or of a part of it, found. */
export interface Findings {
  readonly compared: number;
  readonly problems: readonly string[];
}

export function joined(findings: readonly Findings[]): Findings {
  return {
    compared: findings.reduce((sum, { compared }) => sum + compared, 0),
    problems: findings.flatMap(({ problems }) => problems),
  };
}
