/** Which elements of an int array are a `*` for a DSP block, and which recode their weight and add. */
import type { ArrayFormat } from './array.js';
import type { Design, Multipliers } from './design.js';

type Array = Pick<Design, 'rows' | 'columns' | 'array'>;

/** Whether the elements multiply at all: those of signs, shifts and counts have no use for a DSP block. */
export function multiplies({ kind, activationBits }: ArrayFormat): boolean {
  return kind === 'int' && activationBits > 2;
}

/** What a design says of its multipliers: nothing where each element may have one, or none needs any. */
export function planMultipliers(
  { rows, columns, array }: Array,
  dsp: number | undefined,
): Multipliers | undefined {
  return dsp === undefined || dsp >= rows * columns || !multiplies(array) ? undefined : { dsp };
}

/** Elements of a column that are a `*`: its northernmost ones. */
export function multipliersOfColumn(
  { rows, multipliers }: Pick<Design, 'rows' | 'multipliers'>,
  column: number,
): number {
  if (multipliers === undefined) return rows;
  return Math.min(rows, Math.max(0, multipliers.dsp - column * rows));
}

/** How many of the first `used` rows' elements are a `*`, over all columns. */
export function countMultipliers(design: Design, used: number): number {
  let count = 0;
  for (let column = 0; column < design.columns; column++) {
    count += Math.min(used, multipliersOfColumn(design, column));
  }
  return count;
}

/** The design with all its products in LUTs. */
export function recodeAll(design: Design): Design {
  const { multipliers: _, ...others } = design;
  const multipliers = planMultipliers(design, 0);
  return multipliers === undefined ? others : { ...others, multipliers };
}

/** The design for a device without DSP blocks: as it is where it says itself how many to use. */
export function withoutDsp(design: Design): Design {
  return design.multipliers === undefined ? recodeAll(design) : design;
}
