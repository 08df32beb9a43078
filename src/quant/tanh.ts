/**
 * tanh as hardware has it: 512 values at equal steps, an odd function, and from it sigmoid. All forms are such a list of
 * values; what differs is whether hardware stores it or computes it.
 */

export const TANH_FRACTION = 12;
/** Entries of the list: arguments k / 128, k = 0..511, so |argument| < 4. */
export const TANH_TABLE_BITS = 9;
export const TANH_TABLE_SIZE = 2 ** TANH_TABLE_BITS;
/** Right shift from Q3.12 to an index for tanh(z); sigmoid(z) = (1 + tanh(z / 2)) / 2 uses one more. */
export const TANH_INDEX_SHIFT = 5;

/**
 * How tanh's values come about:
 *
 * - `table`: stored, each rounded to nearest;
 * - `interpolated`: every 16th is stored, straight lines between them;
 * - `piecewise`: three lines whose slopes are powers of two, then 1: shifts and an addition, nothing stored. PLAN (Amin,
 *   Curtis, Hayes-Gill, IEE Proc. Circuits, Devices and Systems 144(6), 1997), of whose sigmoid y it is 2 y(2 x) - 1; but
 *   the second line ends where the third meets it, not at y's 2.375, behind which tanh would fall.
 */
export const TANH_FORMS = ['table', 'interpolated', 'piecewise'] as const;
export type TanhForm = (typeof TANH_FORMS)[number];

/** Values from one stored value to the next, log2. */
export const KNOT_BITS = 4;

/** Of the lines of `piecewise`: first index, log2 of the slope in Q0.12 per index, value that the line has at index 0. */
export const LINES: readonly { from: number; slope: number; offset: number }[] = [
  { from: 0, slope: 5, offset: 0 },
  { from: 64, slope: 4, offset: 1024 },
  { from: 150, slope: 2, offset: 2816 },
];
/** From here on a `piecewise` tanh is 1, less the last place. */
export const LINES_END = 320;

/** round(4096 tanh(slope k / 128)) */
function rounded(slope: number, k: number): number {
  return Math.round(Math.tanh((slope * k) / 128) * 2 ** TANH_FRACTION);
}

/** What `interpolated` stores: the values at k = 0, 16, .., and what is added up to the next. */
export function tanhKnots(slope: number, count: number): { value: number; delta: number }[] {
  return Array.from({ length: count }, (_, j) => {
    const value = rounded(slope, j << KNOT_BITS);
    return { value, delta: rounded(slope, (j + 1) << KNOT_BITS) - value };
  });
}

function interpolated(slope: number): number[] {
  const knots = tanhKnots(slope, TANH_TABLE_SIZE >> KNOT_BITS);
  const step = 2 ** KNOT_BITS;
  return Array.from({ length: TANH_TABLE_SIZE }, (_, k) => {
    const { value, delta } = knots[k >> KNOT_BITS];
    return value + Math.floor((delta * (k % step) + step / 2) / step);
  });
}

function piecewise(k: number): number {
  if (k >= LINES_END) return 2 ** TANH_FRACTION - 1;
  const { slope, offset } = LINES.findLast(({ from }) => k >= from)!;
  return k * 2 ** slope + offset;
}

const range = Array.from({ length: TANH_TABLE_SIZE }, (_, k) => k);
/** tanh(k / 128) in Q0.12, rounded to nearest. */
export const TANH_TABLE: readonly number[] = range.map((k) => rounded(1, k));
const INTERPOLATED = interpolated(1);
const PIECEWISE = range.map(piecewise);

/** tanh(slope k / 128) in Q0.12 for k = 0..511; `piecewise` has slope 1 alone. */
export function tanhTable(form: TanhForm = 'table', slope = 1): readonly number[] {
  if (form === 'piecewise') {
    if (slope !== 1) throw new RangeError(`a piecewise tanh of slope ${slope}`);
    return PIECEWISE;
  }
  if (form === 'interpolated') return slope === 1 ? INTERPOLATED : interpolated(slope);
  return slope === 1 ? TANH_TABLE : range.map((k) => rounded(slope, k));
}
