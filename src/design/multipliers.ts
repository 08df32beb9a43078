/** Which elements of an int array are a `*` for a DSP block, and which recode their weight and add. */
import type { ArrayFormat } from './array.js';
import type { Design, Multipliers } from './design.js';

type Array = Pick<Design, 'rows' | 'columns' | 'array'>;

/** Whether the elements multiply at all: those of signs, shifts and counts have no use for a DSP block. */
export function multiplies({ kind, activationBits }: ArrayFormat): boolean {
  return kind === 'int' && activationBits > 2;
}

/** Blocks of a column with two elements to a block. */
const blocksOfColumn = (rows: number): number => Math.ceil(rows / 2);

/** What a design says of its multipliers: nothing where each element may have one, or none needs any. */
export function planMultipliers(
  { rows, columns, array }: Array,
  dsp: number | undefined,
  isPaired = false,
): Multipliers | undefined {
  if (!multiplies(array)) return undefined;
  // A column of one row has no two elements that could share.
  if (isPaired && rows > 1) {
    const most = blocksOfColumn(rows) * columns;
    return { dsp: Math.min(dsp ?? most, most), isPaired };
  }
  return dsp === undefined || dsp >= rows * columns ? undefined : { dsp };
}

/** Elements of a column that are a `*`: its northernmost ones. */
export function multipliersOfColumn(
  { rows, multipliers }: Pick<Design, 'rows' | 'multipliers'>,
  column: number,
): number {
  if (multipliers === undefined) return rows;
  const { dsp, isPaired = false } = multipliers;
  const blocks = Math.max(0, dsp - column * (isPaired ? blocksOfColumn(rows) : rows));
  return Math.min(rows, isPaired ? 2 * blocks : blocks);
}

/** Pairs of a column's elements that share a block. */
export function pairsOfColumn(
  design: Pick<Design, 'rows' | 'multipliers'>,
  column: number,
): number {
  return design.multipliers?.isPaired ? Math.floor(multipliersOfColumn(design, column) / 2) : 0;
}

/** Elements of the first `used` rows, over all columns: in pairs, with a `*` of their own, recoded. */
export function countElements(
  design: Pick<Design, 'rows' | 'columns' | 'multipliers'>,
  used = design.rows,
): { paired: number; single: number; recoded: number } {
  let [paired, multiplying] = [0, 0];
  for (let column = 0; column < design.columns; column++) {
    paired += Math.min(used, 2 * pairsOfColumn(design, column));
    multiplying += Math.min(used, multipliersOfColumn(design, column));
  }
  return { paired, single: multiplying - paired, recoded: used * design.columns - multiplying };
}

/** The design with all its products in LUTs. */
export function recodeAll(design: Design): Design {
  const { multipliers: _, ...others } = design;
  const multipliers = planMultipliers(design, 0);
  return multipliers === undefined ? others : { ...others, multipliers };
}

/** The design for a device without DSP blocks: as it is where it says itself how many elements are a `*`. */
export function withoutDsp(design: Design): Design {
  const { multipliers } = design;
  return multipliers === undefined || multipliers.isPaired ? recodeAll(design) : design;
}
