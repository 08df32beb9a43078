/** Instructions that forward and backward passes share: products, halves of gradients, dropout. */
import { floatWord, type Program } from './assembler.js';
import { dropFactor, dropThreshold } from './dropout.js';
import type { LayerBuffers, Layout, Matrix } from './layout.js';
import { EXACT_PRODUCTS, PANEL, ROW_BLOCK } from './program.js';

/** Mark of where the hashes of a place of dropout begin (dropout.ts). */
export const dropMark = (site: number): string => `drop${site}`;
/** Mark of a matrix's exactPairs. */
export const exactMark = ({ name }: Matrix): string => `exact ${name}`;

/** Gradients of rows as two int16, and the scales of the rows: addresses; low 0: the high halves alone. */
export interface Halves {
  readonly high: number;
  readonly low: number;
  readonly highScale: number;
  readonly lowScale: number;
}

export function halvesOf({ high, low, scales }: LayerBuffers, lanes: number): Halves {
  return { high, low, highScale: scales, lowScale: scales + 4 * lanes };
}

export class Products {
  constructor(private readonly l: Layout) {}

  get integers(): boolean {
    return this.l.scheme !== undefined;
  }
  /** Bytes of an operand of a product. */
  get operand(): number {
    return this.integers ? 2 : 4;
  }

  /** c [groups][lanes][n] = a [groups][lanes][depth] times panels; raw sums. */
  product(
    p: Program,
    a: { at: number; row: number; group: number },
    b: { at: number; panel: number; depth: number },
    c: { at: number; row: number; group: number },
    size: { groups: number; rows: number; n: number },
    add: boolean,
  ): number {
    const common = [a.at, a.row, a.group, b.at, b.panel, c.at, c.row, c.group];
    const { groups, rows, n } = size;
    return this.integers
      ? p.op('gemm16', ...common, groups, rows, b.depth / 2, n, add ? 1 : 0, 0)
      : p.op('gemm32', ...common, groups, rows, b.depth, n, add ? 1 : 0);
  }

  /**
   * d [groups][lanes][width] = dL/dz as two int16 times transposed weights, panels `back`; without `low`
   * of the high halves alone.
   */
  backProduct(
    p: Program,
    m: Matrix,
    back: number,
    { high, low, highScale, lowScale }: Halves,
    d: { readonly at: number; readonly width: number },
    { groups, rows }: { readonly groups: number; readonly rows: number },
  ): number[] {
    const a = [m.n * 2, rows * m.n * 2];
    const b = [back, m.n * PANEL * 2];
    const c = [d.at, d.width * 4, rows * d.width * 4];
    const size = [groups, rows, m.n / 2, d.width];
    const halves = [[high, 2, highScale], ...(low ? [[low, 3, lowScale]] : [])];
    return halves.map(([half, mode, scale]) => {
      const at = p.op('gemm16', half, ...a, ...b, ...c, ...size, mode, scale, EXACT_PRODUCTS / 2);
      if (m.coding === 'host') p.mark(exactMark(m), at, 15);
      return at;
    });
  }

  /** Probability that elements of x of layer `site` are dropped, or of h at the head behind the last. */
  dropProbability(site: number): number {
    const { dropout, layers } = this.l;
    return (site === layers.length ? dropout?.output : dropout?.input) ?? 0;
  }

  /** Rows [groups * lanes][width] of a site, from row `first` of the segment; reals where they are gradients. */
  drop(
    p: Program,
    site: number,
    { source, target }: { readonly source: number; readonly target: number },
    { groups, width, first }: { readonly groups: number; readonly width: number; first: number },
    gradient: boolean,
  ): void {
    const probability = this.dropProbability(site);
    const quantized = this.integers && !gradient ? 1 : 0;
    const factor = dropFactor(this.l.scheme ?? 'float', probability);
    const size = [groups, this.l.batch, width, quantized];
    const rule = [0, dropThreshold(probability), floatWord(factor)];
    const at = p.op('dropout', source, target, ...size, ...rule);
    p.mark(dropMark(site), at, 7, first * width);
  }

  /** Gradients of rows' sums, times their scales, as two int16. */
  splitRows(
    p: Program,
    m: Matrix,
    d: number,
    { high, low, highScale, lowScale }: Halves,
    { groups, rows }: { readonly groups: number; readonly rows: number },
  ): number {
    const scale = m.block + ROW_BLOCK.scale * m.n;
    return p.op('quantizeRows', d, m.n, scale, high, low, highScale, lowScale, groups, rows);
  }
}
