/** Programs for a layout: which kernel runs when, on what. See program.ts for the operations. */
import type { OptimizerConfig } from './engine.js';
import { fineRows, GRADIENT_RUN, type LayerBuffers, type Layout, type Matrix } from './layout.js';
import {
  EXACT_PRODUCTS,
  NORM_BLOCK,
  OP,
  type Operation,
  PANEL,
  ROW_BLOCK,
  WORDS,
} from './program.js';
import { ACTIVATION_FRACTION } from '../quant/arithmetic.js';
import { GAIN_MIN } from '../quant/quantizers.js';

const bits = new DataView(new ArrayBuffer(4));

/** A float operand as the word that holds it. */
export function floatWord(value: number): number {
  bits.setFloat32(0, value, true);
  return bits.getInt32(0, true);
}

/** A program under construction; `mark` names a word that changes from run to run. */
export class Program {
  readonly words: number[] = [];
  readonly marks: { readonly name: string; readonly word: number }[] = [];

  op(operation: Operation, ...operands: number[]): number {
    const at = this.words.length;
    if (operands.length >= WORDS) throw new RangeError(`${operation}: too many operands`);
    this.words.push(OP[operation], ...operands);
    while (this.words.length < at + WORDS) this.words.push(0);
    return at;
  }

  /** The operand of that number of the instruction at `instruction` changes from run to run. */
  mark(name: string, instruction: number, operand: number): void {
    this.marks.push({ name, word: instruction + operand });
  }

  sync(): void {
    this.op('sync');
  }
}

const UNIT = floatWord(2 ** -ACTIVATION_FRACTION);

/** Where the scales of low halves begin, behind those of `rows` rows' runs. */
export const lowScalesOf = (scales: number, rows: number, n: number): number =>
  scales + Math.ceil(rows / GRADIENT_RUN) * n * 4;

/** Number of a distinct-token chunk's mark. */
export const chunkMark = (chunk: number): string => `chunk${chunk}`;

export class Schedule {
  constructor(
    private readonly l: Layout,
    private readonly every: boolean,
    private readonly optimizer: OptimizerConfig | undefined,
  ) {}

  private get integers(): boolean {
    return this.l.scheme !== undefined;
  }
  /** Bytes of an operand of a product. */
  private get operand(): number {
    return this.integers ? 2 : 4;
  }
  private get matrices(): Matrix[] {
    return [...this.l.layers, this.l.head];
  }

  // --------------------------------------------------------------------------------- parameters

  /** What the row scales are chosen from: sums of the masters, and ternary codes. */
  statistics(p: Program): void {
    const { params, scheme } = this.l;
    for (const m of this.matrices) {
      const w = params + m.weights * 4;
      p.op('rowStatistics', w, m.x + m.h, m.n, m.sumAbs, m.maxAbs);
      if (scheme?.weights !== 'ternary') continue;
      const real = m.inputSize + m.hiddenSize;
      p.op('ternarize', w, m.x + m.h, m.n, real, m.sumAbs, m.packed, m.nonzeros);
    }
  }

  /** Codes once the scales are known, and transposed panels for the backward pass. */
  coding(p: Program): void {
    const { params, scheme, training } = this.l;
    for (const m of this.matrices) {
      const w = params + m.weights * 4;
      if (scheme === undefined) p.op('pack32', w, m.x + m.h, m.n, m.packed);
      else if (scheme.weights === 'int8') p.op('code8', w, m.x + m.h, m.n, m.scale64, m.packed);
    }
    if (training) {
      if (scheme?.weights !== 'ternary') p.sync();
      for (const m of this.matrices) {
        const w = params + m.weights * 4;
        if (this.integers) {
          if (m.backX) p.op('transpose16Panels', m.packed, m.panel, 0, m.x, m.n, m.backX);
          p.op('transpose16Panels', m.packed, m.panel, m.x / 2, m.h, m.n, m.backH);
        } else {
          if (m.backX) p.op('transpose32Panels', w, m.x, m.n, m.backX);
          p.op('transpose32Panels', w + m.x * m.n * 4, m.h, m.n, m.backH);
        }
      }
    }
    p.sync();
  }

  // ------------------------------------------------------------------------------------ products

  /** c [groups][lanes][n] = a [groups][lanes][depth] times panels; raw sums. */
  private product(
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

  // ------------------------------------------------------------------------------------- forward

  /** Layer inputs and all layers, for `steps` steps. */
  layers(p: Program, steps: number): void {
    const { l, operand } = this;
    const lanes = l.batch;
    const [m0] = l.layers;
    if (l.embedding) {
      const { offset, width } = l.embedding;
      const row = width * operand;
      const operands = [l.unique, l.input, 0, width, this.integers ? 1 : 0, width * 4];
      const at = p.op('embed', l.params + offset * 4, ...operands);
      p.mark('distinct', at, 4);
      // The rows that a thread projects are those that it embedded.
      const product = this.product(
        p,
        { at: l.input, row, group: 0 },
        { at: m0.packed, panel: m0.panel, depth: m0.x },
        { at: l.projection, row: m0.n * 4, group: 0 },
        { groups: 1, rows: 0, n: m0.n },
        false,
      );
      p.mark('distinct', product, 10);
      p.sync();
    } else {
      const channels = m0.inputSize;
      p.op('input', l.values, l.input, steps, lanes, channels, l.width, this.integers ? 1 : 0);
    }
    l.layers.forEach((m, index) => {
      const b = l.buffers[index];
      const rowN = m.n * 4;
      if (index === 0 && l.embedding) {
        p.op('gather', l.projection, l.slots, b.acc, steps, lanes, m.n);
      } else {
        const below = index > 0 ? l.buffers[index - 1] : undefined;
        const row = (below?.units ?? l.width) * operand;
        const at = below ? below.hidden + lanes * row : l.input;
        this.product(
          p,
          { at, row, group: lanes * row },
          { at: m.packed, panel: m.panel, depth: m.x },
          { at: b.acc, row: rowN, group: lanes * rowN },
          { groups: steps, rows: lanes, n: m.n },
          false,
        );
      }
      const row = b.units * operand;
      const slot = lanes * row;
      for (let t = 0; t < steps; t++) {
        const acc = b.acc + t * lanes * rowN;
        this.product(
          p,
          { at: b.hidden + t * slot, row, group: 0 },
          { at: m.packed + m.panelX, panel: m.panel, depth: m.h },
          { at: acc, row: rowN, group: 0 },
          { groups: 1, rows: lanes, n: m.n },
          true,
        );
        const states = [b.c + t * slot, b.c + (t + 1) * slot, b.tanhC + t * slot];
        const h = b.hidden + (t + 1) * slot;
        if (l.scheme === undefined) {
          const bias = l.params + m.bias * 4;
          p.op('cellFloat', acc, ...states, h, bias, lanes, b.units);
        } else if (l.scheme.gates === 'int16') {
          const gates = b.gates + t * lanes * m.n * 2;
          p.op('cellInt16', acc, gates, ...states, h, m.block, l.table, lanes, b.units);
        } else {
          const g = b.gates + t * slot;
          p.op('cellLevel3', acc, g, ...states, h, m.block, l.table, lanes, b.units);
        }
      }
    });
  }

  /** Where the head reads, and how many steps it runs for. */
  private headInput(steps: number): { readonly at: number; readonly slot: number; count: number } {
    const top = this.l.buffers[this.l.buffers.length - 1];
    const slot = this.l.batch * top.units * this.operand;
    const first = this.every ? 1 : steps;
    return { at: top.hidden + first * slot, slot, count: this.every ? steps : 1 };
  }

  /** Logits; with targets losses; with `gradient` dL/dlogits and dL/dh of the top layer too. */
  headPass(p: Program, steps: number, targets: boolean, gradient: boolean): void {
    const { l, operand } = this;
    const m = l.head;
    const lanes = l.batch;
    const top = l.buffers[l.buffers.length - 1];
    const { at, slot, count } = this.headInput(steps);
    const row = top.units * operand;
    const rowN = m.n * 4;
    for (let t = 0; t < count; t += l.headSteps) {
      const groups = Math.min(l.headSteps, count - t);
      const logits = l.logits + t * lanes * rowN;
      const dLogits = l.dLogits + t * lanes * rowN;
      this.product(
        p,
        { at: at + t * slot, row, group: slot },
        { at: m.packed, panel: m.panel, depth: m.h },
        { at: logits, row: rowN, group: lanes * rowN },
        { groups, rows: lanes, n: m.n },
        false,
      );
      const softmax = p.op(
        'softmax',
        ...[logits, logits, gradient ? dLogits : 0],
        ...[targets ? l.targets + t * lanes * 4 : 0, m.block],
        ...[l.sums + t * lanes * 16, groups, lanes, m.rows, m.n],
        ...[this.integers ? 1 : 0, floatWord(this.integers ? 2 ** -9 : 1), 0],
      );
      p.mark('weight', softmax, 13);
      if (!gradient) continue;
      const dRow = top.units * 4;
      const dOutput = top.dOutput + t * lanes * dRow;
      if (!this.integers) {
        const c = [dOutput, dRow, lanes * dRow];
        const b = [m.backH, m.n * PANEL * 4];
        p.op('gemm32', dLogits, rowN, lanes * rowN, ...b, ...c, groups, lanes, m.n, top.units, 0);
        continue;
      }
      const scale = m.block + ROW_BLOCK.scale * m.n;
      const codes = [l.headHigh, l.headLow, l.headScale, l.lowScale];
      p.op('quantizeRows', dLogits, m.n, scale, ...codes, groups, lanes);
      for (const [a, s, mode] of [
        [l.headHigh, l.headScale, 2],
        [l.headLow, l.lowScale, 3],
      ]) {
        const b = [m.backH, m.n * PANEL * 2];
        const c = [dOutput, dRow, lanes * dRow];
        const size = [groups, lanes, m.n / 2, top.units];
        p.op('gemm16', a, m.n * 2, lanes * m.n * 2, ...b, ...c, ...size, mode, s);
      }
    }
  }

  // ------------------------------------------------------------------------------------ backward

  /**
   * From dOutput of the top layer to dL/dz of all. `last`: the sequence ends here, nothing flows in from
   * later steps; `first`: it begins here, so that nothing flows out to earlier ones. dOutputs: at which
   * steps dOutput holds something.
   */
  backward(
    p: Program,
    steps: number,
    {
      last,
      first,
      dOutputs,
    }: { last: boolean; first: boolean; dOutputs: 'every' | 'last' | 'none' },
  ): void {
    const { l, operand } = this;
    const lanes = l.batch;
    const narrow = this.optimizer?.gateGradient === 'level' ? 1 : 0;
    for (let index = l.layers.length - 1; index >= 0; index--) {
      const m = l.layers[index];
      const b = l.buffers[index];
      const isTop = index === l.layers.length - 1;
      const stateRow = b.units * operand;
      const slot = lanes * stateRow;
      const realRow = b.units * 4;
      if (last) {
        p.op('zero', b.dRecurrent, realRow, lanes);
        p.op('zero', b.dCell, realRow, lanes);
      }
      const below = index > 0 ? l.buffers[index - 1] : undefined;
      const dX = below?.dOutput ?? (l.inputGradient ? l.dInput : 0);
      for (let t = steps - 1; t >= 0; t--) {
        const dz = b.acc + t * lanes * m.n * 4;
        let dOutput = 0;
        if (!isTop || dOutputs === 'every') dOutput = b.dOutput + t * lanes * realRow;
        else if (dOutputs === 'last' && t === steps - 1) dOutput = b.dOutput;
        const flow = [dOutput, b.dRecurrent, b.dCell];
        const c = [b.c + t * slot, b.c + (t + 1) * slot];
        const tanhC = b.tanhC + t * slot;
        const codes = [b.high, b.low, b.scales];
        if (l.scheme === undefined) {
          p.op('backFloat', ...flow, dz, c[0], tanhC, lanes, b.units);
        } else if (l.scheme.gates === 'int16') {
          const gates = b.gates + t * lanes * m.n * 2;
          p.op('backInt16', ...flow, gates, dz, ...c, tanhC, m.block, ...codes, lanes, b.units);
        } else {
          const g = b.gates + t * slot;
          p.op(
            'backLevel3',
            ...flow,
            dz,
            g,
            ...c,
            tanhC,
            m.block,
            ...codes,
            lanes,
            b.units,
            narrow,
          );
        }
        if (t > 0 || !first) this.stepBack(p, b, dz, m.n, m.backH, b.dRecurrent, b.units, true);
        if (dX) {
          const width = below?.units ?? l.width;
          const into = dX + t * lanes * width * 4;
          this.stepBack(p, b, dz, m.n, m.backX, into, width, below !== undefined);
        }
      }
    }
  }

  /**
   * d [batch][width] = dL/dz of one step [batch][n] times transposed weights. `fine`: with the low halves,
   * for gradients that flow on: rounding to int16 alone adds up over the steps that follow.
   */
  private stepBack(
    p: Program,
    { high, low, scales }: LayerBuffers,
    dz: number,
    n: number,
    back: number,
    d: number,
    width: number,
    fine: boolean,
  ): void {
    const { batch } = this.l;
    const b = [back, n * PANEL * this.operand];
    const c = [d, width * 4, 0];
    if (!this.integers) {
      p.op('gemm32', dz, n * 4, 0, ...b, ...c, 1, batch, n, width, 0);
      return;
    }
    p.op('gemm16', high, n * 2, 0, ...b, ...c, 1, batch, n / 2, width, 2, scales);
    if (!fine) return;
    p.op('gemm16', low, n * 2, 0, ...b, ...c, 1, batch, n / 2, width, 3, scales + 4 * batch);
  }

  /** Gradients of all weights, biases and the embedding from dL/dz; `add` to what is there. */
  weightGradients(p: Program, steps: number, add: boolean, head: boolean): void {
    const { l, operand } = this;
    const lanes = l.batch;
    const rows = steps * lanes;
    const transpose = this.integers ? 'transpose16' : 'transpose32';
    p.sync();
    for (const b of l.buffers) {
      const row = b.units * operand;
      p.op(transpose, b.hidden, row, rows + lanes, b.units, b.transposed, b.transposedRow);
    }
    const [m0] = l.layers;
    const inputs = [l.inputTransposed, l.inputTransposedRow];
    const at = p.op(transpose, l.input, l.width * operand, rows, l.width, ...inputs);
    if (l.embedding) {
      p.mark('distinct', at, 3);
      const scatter = p.op('scatterAdd', ...[l.buffers[0].acc, l.slots, rows, m0.n, l.dProjection]);
      p.mark('distinct', scatter, 6);
    }
    l.layers.forEach((m, index) => {
      const b = l.buffers[index];
      const parts: Operand[] = [{ at: b.transposed, row: b.transposedRow, begin: m.x, depth: m.h }];
      if (index > 0) {
        const below = l.buffers[index - 1];
        const from = below.transposed + lanes * operand;
        parts.push({ at: from, row: below.transposedRow, begin: 0, depth: m.x });
      } else if (!l.embedding) {
        const from = l.inputTransposed;
        parts.push({ at: from, row: l.inputTransposedRow, begin: 0, depth: m.x });
      }
      this.gradient(p, m, b.acc, rows, parts, add);
      p.op('columnSums', b.acc, rows, m.n, l.grads + m.bias * 4, add ? 1 : 0);
    });
    if (head) {
      const top = l.buffers[l.buffers.length - 1];
      const { count } = this.headInput(steps);
      const skipped = (this.every ? 1 : steps) * lanes * operand;
      const from = { at: top.transposed + skipped, row: top.transposedRow };
      const headRows = count * lanes;
      this.gradient(p, l.head, l.dLogits, headRows, [{ ...from, begin: 0, depth: l.head.h }], add);
      p.op('columnSums', l.dLogits, headRows, l.head.n, l.grads + l.head.bias * 4, add ? 1 : 0);
    }
    if (l.embedding) this.embeddingGradient(p, m0, add);
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
      this.gradientRun(
        p,
        m,
        d + from * m.n * 4,
        count,
        parts,
        from,
        add || from > 0,
        this.isFine(m, rows),
      );
    }
  }

  private isFine(m: Matrix, rows: number): boolean {
    return this.integers && rows <= fineRows(m);
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
    const { l, operand, integers } = this;
    const low = fine ? l.lowColumns : 0;
    const pack = integers
      ? p.op('quantizeColumns', d, count, m.n, l.columns, l.columnScales, UNIT, GRADIENT_RUN, low)
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

  /** Through the folded projection: weights of the distinct tokens' rows, then the rows themselves. */
  private embeddingGradient(p: Program, m: Matrix, add: boolean): void {
    const { l, integers } = this;
    const { offset, width } = l.embedding!;
    const operand = { at: l.inputTransposed, row: l.inputTransposedRow, begin: 0, depth: m.x };
    for (let from = 0; from < l.uniqueMax; from += EXACT_PRODUCTS) {
      const d = l.dProjection + from * m.n * 4;
      p.sync();
      // Counts and the panels' stride follow the distinct tokens of the batch; the session sets them.
      const { uniqueMax } = l;
      const parts = [operand];
      const run = this.gradientRun(
        p,
        m,
        d,
        0,
        parts,
        from,
        add || from > 0,
        this.isFine(m, uniqueMax),
      );
      const chunk = chunkMark(from / EXACT_PRODUCTS);
      p.mark(`${chunk}.rows`, run.pack, 2);
      for (const product of run.products) {
        p.mark(`${chunk}.panel`, product, 5);
        p.mark(`${chunk}.depth`, product, 11);
      }
      if (run.products.length > 1) p.mark(`${chunk}.lowScales`, run.products[1], 14);
    }
    p.sync();
    const c = [l.dInput, width * 4, 0];
    if (integers) {
      const scale = m.block + ROW_BLOCK.scale * m.n;
      const split = [
        l.dProjectionHigh,
        l.dProjectionLow,
        l.dProjectionScale,
        l.dProjectionLowScale,
      ];
      const quantize = p.op('quantizeRows', l.dProjection, m.n, scale, ...split, 1, 0);
      p.mark('distinct', quantize, 9);
      for (const [a, s, mode] of [
        [l.dProjectionHigh, l.dProjectionScale, 2],
        [l.dProjectionLow, l.dProjectionLowScale, 3],
      ]) {
        const from = [a, m.n * 2, 0, m.backX, m.n * PANEL * 2];
        p.mark('distinct', p.op('gemm16', ...from, ...c, 1, 0, m.n / 2, width, mode, s), 10);
      }
    } else {
      const a = [l.dProjection, m.n * 4, 0, m.backX, m.n * PANEL * 4];
      const product = p.op('gemm32', ...a, ...c, 1, 0, m.n, width, 0);
      p.mark('distinct', product, 10);
    }
    const rows = [l.unique, 0, width, l.grads + offset * 4];
    p.mark('distinct', p.op('scatterRows', l.dInput, ...rows), 3);
  }

  /** From gradients of effective weights to those of the masters and gains. */
  normalized(p: Program): void {
    if (this.l.scheme?.weights !== 'ternary') return;
    p.sync();
    for (const m of this.matrices) {
      const { grads } = this.l;
      const scale = m.block + ROW_BLOCK.scale * m.n;
      const operands = [m.x + m.h, m.n, m.packed, m.nonzeros, scale, grads + m.gain * 4];
      p.op('normalizedGradient', grads + m.weights * 4, ...operands);
    }
  }

  /** The states after `steps` steps become the first of the next call. */
  carry(p: Program, steps: number): void {
    const { batch, buffers } = this.l;
    p.sync();
    for (const { c, hidden, units } of buffers) {
      const lane = units * this.operand;
      for (const state of [c, hidden])
        p.op('copy', state + steps * batch * lane, state, lane, batch);
    }
  }

  /** Clipping and Adam; the rates are marked `rate`, with their factors in `rateFactors`. */
  update(p: Program): readonly number[] {
    const { l } = this;
    const { clip, beta1, beta2, ternaryRate, gainRate } = this.optimizer!;
    const blocks = Math.ceil(l.size / NORM_BLOCK);
    p.sync();
    p.op('sumSquares', l.grads, l.size, l.partial);
    p.sync();
    p.op('clip', l.partial, blocks, floatWord(clip), l.clip);
    p.sync();
    const factors: number[] = [];
    const adam = (
      offset: number,
      count: number,
      factor: number,
      low: number,
      high: number,
    ): void => {
      const at = p.op(
        'adam',
        ...[l.params, l.grads, l.first, l.second].map((base) => base + offset * 4),
        ...[count, l.clip + 8, 0, floatWord(beta1), floatWord(beta2), 0],
        ...[floatWord(low), floatWord(high)],
      );
      p.mark(`rate${factors.length}`, at, 7);
      p.mark('epsilon', at, 10);
      factors.push(factor);
    };
    if (l.embedding) adam(l.embedding.offset, l.embedding.rows * l.width, 1, -1, 1);
    const ternary = l.scheme?.weights === 'ternary';
    for (const m of this.matrices) {
      const elements = (m.x + m.h) * m.n;
      if (ternary) {
        adam(m.weights, elements, ternaryRate, -1, 1);
        adam(m.gain, m.n, gainRate, GAIN_MIN, Infinity);
      } else adam(m.weights, elements, 1, -Infinity, Infinity);
      adam(m.bias, m.n, 1, -Infinity, Infinity);
    }
    return factors;
  }
}

/** A transposed operand of a weight gradient: rows `begin`.. of the matrix, `depth` of them. */
interface Operand {
  readonly at: number;
  readonly row: number;
  readonly begin: number;
  readonly depth: number;
}
