/**
 * Weight codings by name: how the weights of a gate become integers, and how those are chosen. A coding's
 * format says what the hardware stores and multiplies by; its solver is the algorithm of a paper.
 */

/** What a coded weight may be. A plane is a matrix of small codes with scales of its own. */
export type WeightFormat =
  /** -(2^(bits-1) - 1) .. 2^(bits-1) - 1. */
  | { readonly kind: 'int'; readonly bits: number }
  /** -1, 0, +1. */
  | { readonly kind: 'ternary' }
  /** -1, +1. */
  | { readonly kind: 'binary' }
  /** -beta, 0, +alpha: two planes, the positive and the negative codes. */
  | { readonly kind: 'ternary2' }
  /** Sum of `planes` signs, each with its scale; with `masked`, weights that are exactly 0 stay 0. */
  | { readonly kind: 'multibit'; readonly planes: number; readonly masked: boolean }
  /** 0, +-1, +-2, .. +-2^(2^(bits-1) - 2). */
  | { readonly kind: 'pow2'; readonly bits: number };

export type Solver =
  /** Largest magnitude to the largest code. */
  | 'absmax'
  /** No scale: BinaryConnect, TernaryConnect. */
  | 'scale-free'
  /** Mean of |w| (arXiv:1603.05279), and its ternary form (arXiv:1605.04711). */
  | 'mean'
  /** Threshold 2/3 of the mean of |w| instead of 0.7 (HitNet, NeurIPS 2018). */
  | 'hitnet'
  /** Loss-aware (arXiv:1611.01600, arXiv:1802.08635). */
  | 'loss-aware'
  | 'loss-aware-approximate'
  /** Trained scales (arXiv:1612.01064). */
  | 'trained'
  /** Uniform levels of tanh(w) (arXiv:1606.06160). */
  | 'dorefa'
  /** Multi-bit binary codes (arXiv:1805.11233, arXiv:1802.00150). */
  | 'greedy'
  | 'refined'
  | 'alternating';

export interface WeightCoding {
  readonly format: WeightFormat;
  readonly solver: Solver;
  /** What shares a scale: a row, or all rows of a gate (per operand, where operands have their own). */
  readonly group: 'row' | 'matrix';
}

const ternary = (solver: Solver, group: WeightCoding['group']): WeightCoding => ({
  format: { kind: 'ternary' },
  solver,
  group,
});
const binary = (solver: Solver, group: WeightCoding['group']): WeightCoding => ({
  format: { kind: 'binary' },
  solver,
  group,
});
const twoScales = (solver: Solver): WeightCoding => ({
  format: { kind: 'ternary2' },
  solver,
  group: 'matrix',
});

const FIXED: Readonly<Record<string, WeightCoding>> = {
  ternary: ternary('mean', 'row'),
  twn: ternary('mean', 'matrix'),
  'hitnet-ternary': ternary('hitnet', 'matrix'),
  ternaryconnect: ternary('scale-free', 'matrix'),
  'lat-exact': ternary('loss-aware', 'matrix'),
  'lat-approximate': ternary('loss-aware-approximate', 'matrix'),
  'lat2-exact': twoScales('loss-aware'),
  'lat2-approximate': twoScales('loss-aware-approximate'),
  ttq: twoScales('trained'),
  binary: binary('mean', 'row'),
  bwn: binary('mean', 'matrix'),
  binaryconnect: binary('scale-free', 'matrix'),
  lab: binary('loss-aware', 'matrix'),
};

/** Codings with a number in their name: pattern, smallest and largest number, and what they are. */
const NUMBERED: readonly {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly make: (n: number) => WeightCoding;
}[] = [
  {
    name: 'int#',
    from: 2,
    to: 8,
    make: (bits) => ({ format: { kind: 'int', bits }, solver: 'absmax', group: 'row' }),
  },
  {
    name: 'laq-linear-#',
    from: 3,
    to: 8,
    make: (bits) => ({ format: { kind: 'int', bits }, solver: 'loss-aware', group: 'matrix' }),
  },
  {
    name: 'laq-log-#',
    from: 3,
    to: 4,
    make: (bits) => ({ format: { kind: 'pow2', bits }, solver: 'loss-aware', group: 'matrix' }),
  },
  {
    name: 'dorefa-#',
    from: 2,
    to: 4,
    make: (planes) => ({
      format: { kind: 'multibit', planes, masked: false },
      solver: 'dorefa',
      group: 'matrix',
    }),
  },
  ...(['greedy', 'refined', 'alternating'] as const).flatMap((solver) =>
    [false, true].map((masked) => ({
      name: `bcq-#${solver === 'alternating' ? '' : `-${solver}`}${masked ? '-masked' : ''}`,
      from: 1,
      to: 4,
      make: (planes: number): WeightCoding => ({
        format: { kind: 'multibit', planes, masked },
        solver,
        group: 'row',
      }),
    })),
  ),
];

/** Every coding there is. */
export const CODINGS: ReadonlyMap<string, WeightCoding> = new Map([
  ...Object.entries(FIXED),
  ...NUMBERED.flatMap(({ name, from, to, make }) =>
    Array.from({ length: to - from + 1 }, (_, k): [string, WeightCoding] => [
      name.replace('#', String(from + k)),
      make(from + k),
    ]),
  ),
]);

/** Throws RangeError where there is no such coding. */
export function codingOf(name: string): WeightCoding {
  const coding = CODINGS.get(name);
  if (coding === undefined) throw new RangeError(`there is no weight coding '${name}'`);
  return coding;
}

/** Planes that a row of this format takes. */
export function planesOf(format: WeightFormat): number {
  if (format.kind === 'multibit') return format.planes;
  return format.kind === 'ternary2' ? 2 : 1;
}

/** Largest magnitude of a code in one plane. */
export function codeLimit(format: WeightFormat): number {
  if (format.kind === 'int') return 2 ** (format.bits - 1) - 1;
  return format.kind === 'pow2' ? 2 ** (2 ** (format.bits - 1) - 2) : 1;
}

/** Bits that one weight takes in a memory. */
export function weightBits(format: WeightFormat): number {
  switch (format.kind) {
    case 'int':
    case 'pow2':
      return format.bits;
    case 'ternary':
    case 'ternary2':
      return 2;
    case 'binary':
      return 1;
    case 'multibit':
      return format.planes + (format.masked ? 1 : 0);
  }
}

/** Whether the solver looks at the curvature of the loss. */
export function isLossAware({ solver }: WeightCoding): boolean {
  return solver === 'loss-aware' || solver === 'loss-aware-approximate';
}
