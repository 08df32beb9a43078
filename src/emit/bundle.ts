/** Signals that travel from column to column together, as one vector. */

export interface Field {
  readonly name: string;
  readonly width: number;
}

export interface Bundle {
  readonly width: number;
  /** The signals as a concatenation, the last field first. */
  readonly concat: string;
  /** Bits of each field, by name: `[3]` or `[7:4]`. */
  readonly bits: Readonly<Record<string, string>>;
}

/** Fields from bit 0 up; `prefix` before each name is the signal. */
export function bundle(prefix: string, fields: readonly Field[]): Bundle {
  const bits: Record<string, string> = {};
  let low = 0;
  for (const { name, width } of fields) {
    bits[name] = width === 1 ? `[${low}]` : `[${low + width - 1}:${low}]`;
    low += width;
  }
  const names = fields.map(({ name }) => prefix + name).reverse();
  return { width: low, concat: names.join(', '), bits };
}
