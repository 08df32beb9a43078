/** What Yosys found to break a property: the values of the specification's signals, cycle by cycle. */

export interface Counterexample {
  readonly cycles: readonly {
    readonly cycle: number;
    readonly values: Readonly<Record<string, string>>;
  }[];
}

/** `0`, `-5`, `17`; as the specification declares the signal. */
function valueText(bits: string, isSigned: boolean): string {
  if (!/^[01]+$/.test(bits)) return bits;
  const value = BigInt(`0b${bits}`);
  return String(isSigned ? BigInt.asIntN(bits.length, value) : value);
}

/** Read the table that `sat` prints; signals of the unit inside, which have dots in their names, are left out. */
export function parseCounterexample(log: string, signed: ReadonlySet<string>): Counterexample {
  const cycles = new Map<number, Record<string, string>>();
  // The last column is all bits; the two before it say -- where numbers are long. Without registers there is no time.
  for (const [, time, name, bits] of log.matchAll(
    /^ +(?:(\d+) +)?\\(\S+) +(?:-?\d+|--) +(?:[0-9a-f]+|--) +([01x]+)$/gm,
  )) {
    if (name.includes('.') || name === 'clk_i') continue;
    const at = Number(time ?? 1);
    if (!cycles.has(at)) cycles.set(at, {});
    cycles.get(at)![name] = valueText(bits, signed.has(name));
  }
  return {
    cycles: [...cycles.entries()]
      .sort(([a], [b]) => a - b)
      .map(([cycle, values]) => ({ cycle, values })),
  };
}

/** `cycle 2: acc_i = 5, expected = 0` of each cycle, oldest first. */
export function counterexampleText({ cycles }: Counterexample): string[] {
  return cycles.map(({ cycle, values }) => {
    const parts = Object.entries(values).map(([name, value]) => `${name} = ${value}`);
    return `cycle ${cycle}: ${parts.join(', ')}`;
  });
}
