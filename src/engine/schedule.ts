/** Programs for a layout: which kernel runs when, on what. See program.ts for the operations. */
import { LOGIT_FRACTION } from '../quant/arithmetic.js';
import { GAIN_MIN } from '../quant/quantizers.js';
import { floatWord, type Program } from './assembler.js';
import { masterRule, type OptimizerConfig } from './engine.js';
import { type LayerBuffers, type Layout, type Matrix, padPanel } from './layout.js';
import { halvesOf, Products } from './products.js';
import { NORM_BLOCK, PANEL, ROW_BLOCK } from './program.js';
import { WeightGradients } from './weight-gradients.js';

/** Mark of Adam's rate, a multiple of the step's. */
export const rateMark = (factor: number): string => `rate * ${factor}`;
/** What the host does between two parts of a program. */
export interface HostWork {
  /** Cells of layer `layer` at step t, where no kernel computes them. */
  forwardCells(layer: number, t: number): void;
  /** dOutput: address of dL/dh from above, or 0. */
  backwardCells(layer: number, t: number, dOutput: number): void;
  /** What the h of layer `layer` at step t cost by not being zero, added to dL/dh from later steps. */
  addSkipGradient(layer: number, t: number): void;
  /** What is left to do for gradients of masters; undefined: nothing. */
  readonly finishGradients: (() => void) | undefined;
}

export class Schedule {
  private readonly products: Products;
  private readonly gradients: WeightGradients;

  constructor(
    private readonly l: Layout,
    private readonly every: boolean,
    private readonly optimizer: OptimizerConfig | undefined,
    private readonly host: HostWork,
  ) {
    this.products = new Products(l);
    this.gradients = new WeightGradients(l, every, this.products);
  }

  private get matrices(): Matrix[] {
    return [...this.l.layers, this.l.head];
  }

  // --------------------------------------------------------------------------------- parameters

  /** What coding begins with: sums of the masters, ternary codes, or masters in rows for the host. */
  statistics(p: Program): void {
    const { params } = this.l;
    for (const m of this.matrices) {
      const w = params + m.weights * 4;
      const depth = m.x + m.h;
      if (m.coding === 'host') {
        p.op('transpose32', w, m.n * 4, depth, m.n, m.rowMajor, m.rowMajorRow);
      } else if (m.coding !== 'float') {
        p.op('rowStatistics', w, depth, m.n, m.sumAbs, m.maxAbs);
        if (m.coding !== 'ternary') continue;
        const real = m.inputSize + m.hiddenSize;
        p.op('ternarize', w, depth, m.n, real, m.sumAbs, m.packed, m.nonzeros);
      }
    }
  }

  /** Codes once the scales are known, and transposed panels for the backward pass. */
  coding(p: Program): void {
    const { params, training } = this.l;
    let packs = false;
    for (const m of this.matrices) {
      const w = params + m.weights * 4;
      if (m.coding === 'float') p.op('pack32', w, m.x + m.h, m.n, m.packed);
      else if (m.coding === 'int8') p.op('code8', w, m.x + m.h, m.n, m.scale64, m.packed);
      packs ||= m.coding === 'int8';
    }
    if (training) {
      if (packs) p.sync();
      for (const m of this.matrices) {
        const w = params + m.weights * 4;
        if (this.products.integers) {
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

  // ------------------------------------------------------------------------------------- forward

  /** x in memory, and what the first layer's rows make of it in acc. */
  private firstLayer(p: Program, steps: number, drops: boolean): void {
    const { l } = this;
    const { operand } = this.products;
    const lanes = l.batch;
    const [m] = l.layers;
    const [b] = l.buffers;
    const row = l.width * operand;
    const quantized = this.products.integers ? 1 : 0;
    const columns = { at: m.packed, panel: m.panel, depth: m.x };
    if (l.embedding && !l.hostInput) {
      const { offset, width } = l.embedding;
      const operands = [l.unique, l.input, 0, width, quantized, width * 4];
      p.mark('distinct', p.op('embed', l.params + offset * 4, ...operands), 4);
    } else if (!l.symbols && !l.hostInput) {
      p.op('input', l.values, l.input, steps, lanes, m.inputSize, l.width, quantized);
    }
    if (l.symbols && !drops) {
      // The rows that a thread projects are those that it embedded.
      const product = this.products.product(
        p,
        { at: l.input, row, group: 0 },
        columns,
        { at: l.projection, row: m.n * 4, group: 0 },
        { groups: 1, rows: 0, n: m.n },
        false,
      );
      p.mark('distinct', product, 10);
      p.sync();
      p.op('gather', l.projection, l.slots, b.acc, steps, lanes, m.n);
      return;
    }
    const at = l.symbols ? l.expanded : l.input;
    if (l.symbols) {
      p.sync();
      p.op('gather', l.input, l.slots, at, steps, lanes, row / 4);
    }
    if (drops) {
      const size = { groups: steps, width: l.width, first: 0 };
      this.products.drop(p, 0, { source: at, target: at }, size, false);
    }
    this.products.product(
      p,
      { at, row, group: lanes * row },
      columns,
      { at: b.acc, row: m.n * 4, group: lanes * m.n * 4 },
      { groups: steps, rows: lanes, n: m.n },
      false,
    );
  }

  /** Layer inputs and all layers, for `steps` steps. */
  layers(p: Program, steps: number, dropout: boolean): void {
    const { l } = this;
    const { operand } = this.products;
    const lanes = l.batch;
    l.layers.forEach((m, index) => {
      const b = l.buffers[index];
      const rowN = m.n * 4;
      const drops = dropout && this.products.dropProbability(index) > 0;
      if (index === 0) {
        this.firstLayer(p, steps, drops);
      } else {
        const below = l.buffers[index - 1];
        const row = below.units * operand;
        let at = below.hidden + lanes * row;
        if (drops) {
          const size = { groups: steps, width: below.units, first: 0 };
          this.products.drop(p, index, { source: at, target: below.dropped }, size, false);
          at = below.dropped;
        }
        this.products.product(
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
        this.products.product(
          p,
          { at: b.hidden + t * slot, row, group: 0 },
          { at: m.packed + m.panelX, panel: m.panel, depth: m.h },
          { at: acc, row: rowN, group: 0 },
          { groups: 1, rows: lanes, n: m.n },
          true,
        );
        const states = [b.c + t * slot, b.c + (t + 1) * slot, b.tanhC + t * slot];
        const h = b.hidden + (t + 1) * slot;
        switch (l.cells) {
          case 'float':
            p.op('cellFloat', acc, ...states, h, l.params + m.bias * 4, lanes, b.units);
            break;
          case 'int16': {
            const gates = b.gates + t * lanes * m.n * 2;
            p.op('cellInt16', acc, gates, ...states, h, m.block, l.table, lanes, b.units);
            break;
          }
          case 'level3': {
            const g = b.gates + t * slot;
            p.op('cellLevel3', acc, g, ...states, h, m.block, l.table, lanes, b.units);
            break;
          }
          case 'host':
            p.pause(() => this.host.forwardCells(index, t));
        }
      }
    });
  }

  /** Where the head reads, and how many steps it runs for. */
  private headInput(steps: number): { readonly at: number; readonly slot: number; count: number } {
    const top = this.l.buffers[this.l.buffers.length - 1];
    const slot = this.l.batch * top.units * this.products.operand;
    const first = this.every ? 1 : steps;
    return { at: top.hidden + first * slot, slot, count: this.every ? steps : 1 };
  }

  /** Logits; with targets losses; with `gradient` dL/dlogits and dL/dh of the top layer too. */
  headPass(
    p: Program,
    steps: number,
    { targets, gradient, dropout }: { targets: boolean; gradient: boolean; dropout: boolean },
  ): void {
    const { l } = this;
    const { operand } = this.products;
    const m = l.head;
    const lanes = l.batch;
    const top = l.buffers[l.buffers.length - 1];
    const { at: h, slot, count } = this.headInput(steps);
    const row = top.units * operand;
    const site = l.layers.length;
    const drops = dropout && this.products.dropProbability(site) > 0;
    const at = drops ? top.dropped : h;
    if (drops) {
      const size = { groups: count, width: top.units, first: 0 };
      this.products.drop(p, site, { source: h, target: at }, size, false);
    }
    const rowN = m.n * 4;
    for (let t = 0; t < count; t += l.headSteps) {
      const groups = Math.min(l.headSteps, count - t);
      const logits = l.logits + t * lanes * rowN;
      const dLogits = l.dLogits + t * lanes * rowN;
      this.products.product(
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
        ...[
          this.products.integers ? 1 : 0,
          floatWord(this.products.integers ? 2 ** -LOGIT_FRACTION : 1),
          0,
        ],
      );
      p.mark('weight', softmax, 13);
      if (!gradient) continue;
      const dRow = top.units * 4;
      const dOutput = top.dOutput + t * lanes * dRow;
      if (this.products.integers) {
        const halves = {
          ...{ high: l.headHigh, low: l.headLow },
          ...{ highScale: l.headScale, lowScale: l.lowScale },
        };
        this.products.splitRows(p, m, dLogits, halves, { groups, rows: lanes });
        const d = { at: dOutput, width: top.units };
        this.products.backProduct(p, m, m.backH, halves, d, { groups, rows: lanes });
      } else {
        const c = [dOutput, dRow, lanes * dRow];
        const b = [m.backH, m.n * PANEL * 4];
        p.op('gemm32', dLogits, rowN, lanes * rowN, ...b, ...c, groups, lanes, m.n, top.units, 0);
      }
      if (drops) {
        const size = { groups, width: top.units, first: t * lanes };
        this.products.drop(p, site, { source: dOutput, target: dOutput }, size, true);
      }
    }
  }

  // ------------------------------------------------------------------------------------ backward

  /**
   * From dOutput of the top layer to dL/dz of all. `last`: the sequence ends here, nothing flows in from
   * later steps; `first`: it begins here, so that nothing flows out to earlier ones. dOutputs: at which
   * steps dOutput holds something. skip: with what h that are not zero cost.
   */
  backward(
    p: Program,
    steps: number,
    {
      last,
      first,
      dOutputs,
      dropout,
      skip,
    }: {
      last: boolean;
      first: boolean;
      dOutputs: 'every' | 'last' | 'none';
      dropout: boolean;
      skip: boolean;
    },
  ): void {
    const { l } = this;
    const { operand } = this.products;
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
      const expanded = dropout && l.expanded > 0;
      const dX = below?.dOutput ?? (l.inputGradient || expanded ? l.dInput : 0);
      for (let t = steps - 1; t >= 0; t--) {
        const dz = b.acc + t * lanes * m.n * 4;
        let dOutput = 0;
        if (!isTop || dOutputs === 'every') dOutput = b.dOutput + t * lanes * realRow;
        else if (dOutputs === 'last' && t === steps - 1) dOutput = b.dOutput;
        if (skip) p.pause(() => this.host.addSkipGradient(index, t));
        const flow = [dOutput, b.dRecurrent, b.dCell];
        const c = [b.c + t * slot, b.c + (t + 1) * slot];
        const tanhC = b.tanhC + t * slot;
        const codes = [b.high, b.low, b.scales];
        switch (l.cells) {
          case 'float':
            p.op('backFloat', ...flow, dz, c[0], tanhC, lanes, b.units);
            break;
          case 'int16': {
            const gates = b.gates + t * lanes * m.n * 2;
            p.op('backInt16', ...flow, gates, dz, ...c, tanhC, m.block, ...codes, lanes, b.units);
            break;
          }
          case 'level3': {
            const states = [b.gates + t * slot, ...c, tanhC];
            const size = [lanes, b.units, narrow];
            p.op('backLevel3', ...flow, dz, ...states, m.block, ...codes, ...size);
            break;
          }
          case 'host':
            p.pause(() => this.host.backwardCells(index, t, dOutput));
            this.products.splitRows(p, m, dz, halvesOf(b, lanes), { groups: 1, rows: lanes });
        }
        if (t > 0 || !first) {
          this.stepBack(p, m, b, { dz, back: m.backH }, { at: b.dRecurrent, width: b.units }, true);
        }
        if (dX) {
          const width = below?.units ?? l.width;
          const into = { at: dX + t * lanes * width * 4, width };
          const fine = below !== undefined || l.symbols;
          this.stepBack(p, m, b, { dz, back: m.backX }, into, fine);
          if (!dropout || this.products.dropProbability(index) === 0) continue;
          const size = { groups: 1, width, first: t * lanes };
          this.products.drop(p, index, { source: into.at, target: into.at }, size, true);
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
    m: Matrix,
    buffers: LayerBuffers,
    { dz, back }: { readonly dz: number; readonly back: number },
    d: { readonly at: number; readonly width: number },
    fine: boolean,
  ): void {
    const { batch } = this.l;
    if (this.products.integers) {
      const { low, ...high } = halvesOf(buffers, batch);
      const halves = { ...high, low: fine ? low : 0 };
      this.products.backProduct(p, m, back, halves, d, { groups: 1, rows: batch });
      return;
    }
    const b = [back, m.n * PANEL * this.products.operand];
    p.op('gemm32', dz, m.n * 4, 0, ...b, d.at, d.width * 4, 0, 1, batch, m.n, d.width, 0);
  }

  /** Gradients of all effective weights, biases and the embedding from dL/dz; `add` to what is there. */
  weightGradients(
    p: Program,
    steps: number,
    how: { add: boolean; head: boolean; dropout: boolean },
  ): void {
    this.gradients.write(p, steps, how);
  }

  /** From gradients of effective weights to those of the masters, gains and scales. */
  masters(p: Program): void {
    const { grads } = this.l;
    const hostCoded = this.matrices.filter(({ coding }) => coding === 'host');
    const normalized = this.matrices.filter(({ coding }) => coding === 'ternary');
    const { finishGradients } = this.host;
    if (normalized.length === 0 && finishGradients === undefined) return;
    p.sync();
    for (const m of normalized) {
      const scale = m.block + ROW_BLOCK.scale * m.n;
      const operands = [m.x + m.h, m.n, m.packed, m.nonzeros, scale, grads + m.gain * 4];
      p.op('normalizedGradient', grads + m.weights * 4, ...operands);
    }
    for (const m of hostCoded) {
      const w = grads + m.weights * 4;
      p.op('transpose32', w, m.n * 4, m.x + m.h, m.n, m.rowMajor, m.rowMajorRow);
    }
    if (finishGradients === undefined) return;
    p.pause(finishGradients);
    for (const m of hostCoded) {
      const w = grads + m.weights * 4;
      p.op('transpose32', m.rowMajor, m.rowMajorRow, m.n, padPanel(m.x + m.h), w, m.n * 4);
    }
  }

  /** The states after `steps` steps become the first of the next call. */
  carry(p: Program, steps: number): void {
    const { batch, buffers } = this.l;
    p.sync();
    for (const { c, hidden, units } of buffers) {
      const lane = units * this.products.operand;
      for (const state of [c, hidden])
        p.op('copy', state + steps * batch * lane, state, lane, batch);
    }
  }

  /** Clipping and Adam; returns the multiples of the step's rate, each of which rateMark marks. */
  update(p: Program): readonly number[] {
    const { l } = this;
    const { clip, beta1, beta2, gainRate } = this.optimizer!;
    const blocks = Math.ceil(l.size / NORM_BLOCK);
    p.sync();
    p.op('sumSquares', l.grads, l.size, l.partial);
    p.sync();
    p.op('clip', l.partial, blocks, floatWord(clip), l.clip);
    p.sync();
    const factors = new Set<number>();
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
      p.mark(rateMark(factor), at, 7);
      p.mark('epsilon', at, 10);
      factors.add(factor);
    };
    if (l.embedding) adam(l.embedding.offset, l.embedding.rows * l.width, 1, -1, 1);
    for (const m of this.matrices) {
      this.eachRule(m, (offset, count, { rate, range }) => {
        adam(m.weights + offset, count, rate, -range, range);
      });
      if (m.plan?.groups.some(({ normalized }) => normalized)) {
        adam(m.gain, m.operands * m.n, gainRate, GAIN_MIN, Infinity);
      }
      if (m.scaleCount > 0) adam(m.scales, padPanel(m.scaleCount), 1, GAIN_MIN, Infinity);
      adam(m.bias, m.n, 1, -Infinity, Infinity);
    }
    return [...factors];
  }

  /** Runs of a matrix's weights, [x + h][n], whose masters move by one rule: all, or rows of each column. */
  private eachRule(
    m: Matrix,
    visit: (offset: number, count: number, rule: ReturnType<typeof masterRule>) => void,
  ): void {
    const depth = m.x + m.h;
    const rules = m.plan?.groups.map(({ coding, normalized }) =>
      masterRule(coding, normalized, this.optimizer!),
    ) ?? [{ rate: 1, range: Infinity }];
    const [first] = rules;
    if (rules.every(({ rate, range }) => rate === first.rate && range === first.range)) {
      visit(0, depth * m.n, first);
      return;
    }
    for (let k = 0; k < depth; k++) {
      rules.forEach((rule, g) => void visit(k * m.n + g * m.stride, m.stride, rule));
    }
  }
}
