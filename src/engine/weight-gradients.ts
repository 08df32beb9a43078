/** From dL/dz of all steps to gradients of effective weights, biases and the embedding. */
import { floatWord, type Program } from './assembler.js';
import { fineRows, GRADIENT_RUN, type Layout, type Matrix } from './layout.js';
import type { Products } from './products.js';
import { EXACT_PRODUCTS, PANEL } from './program.js';

/** Where the scales of low halves begin, behind those of `rows` rows' runs. */
export const lowScalesOf = (scales: number, rows: number, n: number): number =>
  scales + Math.ceil(rows / GRADIENT_RUN) * n * 4;

/** Mark of a chunk of distinct symbols. */
export const chunkMark = (chunk: number): string => `chunk${chunk}`;

/** A transposed operand of a weight gradient: rows `begin`.. of the matrix, `depth` of them. */
interface Operand {
  readonly at: number;
  readonly row: number;
  readonly begin: number;
  readonly depth: number;
}

export class WeightGradients {
  private readonly unit: number;

  constructor(
    private readonly l: Layout,
    private readonly every: boolean,
    private readonly products: Products,
  ) {
    this.unit = floatWord(l.head.plan?.unit ?? 1);
  }

  /** Gradients of all weights, biases and the embedding from dL/dz; `add` to what is there. */
  write(
    p: Program,
    steps: number,
    { add, head, dropout }: { add: boolean; head: boolean; dropout: boolean },
  ): void {
    const { l } = this;
    const { operand } = this.products;
    const lanes = l.batch;
    const rows = steps * lanes;
    const transpose = this.products.integers ? 'transpose16' : 'transpose32';
    const drops = (site: number): boolean => dropout && this.products.dropProbability(site) > 0;
    const folded = l.symbols && !drops(0);
    p.sync();
    l.buffers.forEach((b, index) => {
      const row = b.units * operand;
      p.op(transpose, b.hidden, row, rows + lanes, b.units, b.transposed, b.transposedRow);
      if (!drops(index + 1)) return;
      p.op(transpose, b.dropped, row, rows, b.units, b.droppedTransposed, b.transposedRow);
    });
    const [m0] = l.layers;
    const x = l.symbols && !folded ? l.expanded : l.input;
    const inputs = [l.inputTransposed, l.inputTransposedRow];
    const at = p.op(transpose, x, l.width * operand, rows, l.width, ...inputs);
    if (folded) {
      p.mark('distinct', at, 3);
      const scatter = p.op('scatterAdd', l.buffers[0].acc, l.slots, rows, m0.n, l.dProjection);
      p.mark('distinct', scatter, 6);
    }
    /** h of a layer as another one or the head takes it, from step `first`. */
    const output = (index: number, first: number): Pick<Operand, 'at' | 'row'> => {
      const b = l.buffers[index];
      if (drops(index + 1)) return { at: b.droppedTransposed, row: b.transposedRow };
      return { at: b.transposed + (first + 1) * lanes * operand, row: b.transposedRow };
    };
    l.layers.forEach((m, index) => {
      const b = l.buffers[index];
      const parts: Operand[] = [{ at: b.transposed, row: b.transposedRow, begin: m.x, depth: m.h }];
      if (index > 0) parts.push({ ...output(index - 1, 0), begin: 0, depth: m.x });
      else if (!folded) {
        const from = { at: l.inputTransposed, row: l.inputTransposedRow };
        parts.push({ ...from, begin: 0, depth: m.x });
      }
      this.gradient(p, m, b.acc, rows, parts, add);
      p.op('columnSums', b.acc, rows, m.n, l.grads + m.bias * 4, add ? 1 : 0);
    });
    if (head) {
      const count = this.every ? steps : 1;
      const from = output(l.layers.length - 1, this.every ? 0 : steps - 1);
      const headRows = count * lanes;
      this.gradient(p, l.head, l.dLogits, headRows, [{ ...from, begin: 0, depth: l.head.h }], add);
      p.op('columnSums', l.dLogits, headRows, l.head.n, l.grads + l.head.bias * 4, add ? 1 : 0);
    }
    if (folded) this.foldedGradient(p, m0, add);
    else if (l.embedding) {
      const scatter = p.op('scatterAdd', l.dInput, l.slots, rows, l.width, l.dDistinct);
      p.mark('distinct', scatter, 6);
      p.sync();
      this.scatter(p, l.dDistinct);
    }
  }

  /** grads = sum over rows of operand^T d, in runs of EXACT_PRODUCTS rows. */
  private gradient(
    p: Program,
    m: Matrix,
    d: number,
    rows: number,
    parts: readonly Operand[],
    add: boolean,
  ): void {
    for (let from = 0; from < rows; from += EXACT_PRODUCTS) {
      const count = Math.min(EXACT_PRODUCTS, rows - from);
      // Panels of another size lie elsewhere: a thread must not write where another one still reads.
      if (from === 0 || count < EXACT_PRODUCTS) p.sync();
      const part = d + from * m.n * 4;
      const fine = this.isFine(m, rows);
      this.gradientRun(p, m, part, count, parts, from, add || from > 0, fine);
    }
  }

  private isFine(m: Matrix, rows: number): boolean {
    return this.products.integers && rows <= fineRows(m);
  }

  private gradientRun(
    p: Program,
    m: Matrix,
    d: number,
    count: number,
    parts: readonly Operand[],
    from: number,
    add: boolean,
    fine: boolean,
  ): { readonly pack: number; readonly products: number[] } {
    const { l } = this;
    const { operand, integers } = this.products;
    const low = fine ? l.lowColumns : 0;
    const rounding = [l.columnScales, this.unit, GRADIENT_RUN, low];
    const pack = integers
      ? p.op('quantizeColumns', d, count, m.n, l.columns, ...rounding)
      : p.op('pack32', d, count, m.n, l.columns);
    const even = (count + 1) & ~1;
    const panel = (integers ? even : count) * PANEL * operand;
    const lowScales = lowScalesOf(l.columnScales, count, m.n);
    const products = parts.flatMap(({ at, row, begin, depth }) => {
      const a = [at + from * operand, row, 0];
      const c = [l.grads + (m.weights + begin * m.n) * 4, m.n * 4, 0];
      const mode = add ? 5 : 4;
      if (!integers) {
        return p.op('gemm32', ...a, l.columns, panel, ...c, 1, depth, count, m.n, mode);
      }
      const size = [1, depth, even / 2, m.n];
      const high = [l.columns, panel, ...c, ...size, mode, l.columnScales, GRADIENT_RUN / 2];
      const rest = [l.lowColumns, panel, ...c, ...size, 5, lowScales, GRADIENT_RUN / 2];
      return [high, ...(fine ? [rest] : [])].map((part) => p.op('gemm16', ...a, ...part));
    });
    return { pack, products };
  }

  /** Through the folded projection: weights of the distinct symbols' rows, then the rows themselves. */
  private foldedGradient(p: Program, m: Matrix, add: boolean): void {
    const { l } = this;
    const { integers } = this.products;
    const operand = { at: l.inputTransposed, row: l.inputTransposedRow, begin: 0, depth: m.x };
    for (let from = 0; from < l.uniqueMax; from += EXACT_PRODUCTS) {
      const d = l.dProjection + from * m.n * 4;
      p.sync();
      // Counts and the panels' stride follow the distinct symbols of the batch; the session sets them.
      const fine = this.isFine(m, l.uniqueMax);
      const run = this.gradientRun(p, m, d, 0, [operand], from, add || from > 0, fine);
      const chunk = chunkMark(from / EXACT_PRODUCTS);
      p.mark(`${chunk}.rows`, run.pack, 2);
      for (const product of run.products) {
        p.mark(`${chunk}.panel`, product, 5);
        p.mark(`${chunk}.depth`, product, 11);
      }
      if (run.products.length > 1) p.mark(`${chunk}.lowScales`, run.products[1], 14);
    }
    if (!l.embedding) return;
    p.sync();
    const d = { at: l.dInput, width: l.width };
    if (integers) {
      const halves = {
        ...{ high: l.dProjectionHigh, low: l.dProjectionLow },
        ...{ highScale: l.dProjectionScale, lowScale: l.dProjectionLowScale },
      };
      const size = { groups: 1, rows: 0 };
      p.mark('distinct', this.products.splitRows(p, m, l.dProjection, halves, size), 9);
      const products = this.products.backProduct(p, m, m.backX, halves, d, size);
      for (const at of products) p.mark('distinct', at, 10);
    } else {
      const a = [l.dProjection, m.n * 4, 0, m.backX, m.n * PANEL * 4];
      const product = p.op('gemm32', ...a, d.at, d.width * 4, 0, 1, 0, m.n, d.width, 0);
      p.mark('distinct', product, 10);
    }
    this.scatter(p, l.dInput);
  }

  /** Rows of the distinct symbols' gradients to their places in the embedding's. */
  private scatter(p: Program, rows: number): void {
    const { unique, width, grads, embedding } = this.l;
    const operands = [unique, 0, width, grads + embedding!.offset * 4];
    p.mark('distinct', p.op('scatterRows', rows, ...operands), 3);
  }
}
