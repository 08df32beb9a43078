/** A batch's input into memory: values, or symbols by way of the distinct ones among them. */
import { ternaryActivation } from '../quant/arithmetic.js';
import { oneHotCode } from '../quant/quantized-model.js';
import type { Model } from '../model/model.js';
import type { Placed } from './assembler.js';
import type { Batch } from './engine.js';
import type { Layout } from './layout.js';
import type { Views } from './matrix-coding.js';
import { EXACT_PRODUCTS, PANEL } from './program.js';
import { chunkMark, lowScalesOf } from './weight-gradients.js';

export class Inputs {
  /** By symbol, -1 between batches. */
  private readonly slotOf: Int32Array;
  private readonly unique: Int32Array;
  private distinct = 0;
  /** Symbols whose embedding rows hold gradients. */
  private readonly touched = new Set<number>();

  constructor(
    private readonly views: Views,
    private readonly layout: Layout,
    { input }: Model,
  ) {
    this.slotOf = new Int32Array('vocabSize' in input ? input.vocabSize : 0).fill(-1);
    const from = layout.unique / 4;
    this.unique = views.i32.subarray(from, from + layout.uniqueMax);
  }

  /** Input of `steps` steps from step `from` of the batch into memory. */
  load(batch: Batch, from: number, steps: number): void {
    const { layout } = this;
    const lanes = layout.batch;
    const { tokens, values } = batch;
    if (layout.symbols) this.loadSymbols(tokens!, from * lanes, steps * lanes);
    else {
      const row = lanes * layout.layers[0].inputSize;
      const part = values!.subarray(from * row, (from + steps) * row);
      if (layout.hostInput) this.loadTernary(part);
      else this.views.f32.set(part, layout.values / 4);
    }
  }

  /** Slots of `count` symbols from `begin`, the distinct ones among them, and, where no kernel makes it, x. */
  private loadSymbols(tokens: Int32Array, begin: number, count: number): void {
    const { slotOf, unique, layout } = this;
    const { i32 } = this.views;
    const slots = layout.slots / 4;
    let distinct = 0;
    for (let n = 0; n < count; n++) {
      const token = tokens[begin + n];
      let slot = slotOf[token];
      if (slot < 0) {
        slot = distinct++;
        slotOf[token] = slot;
        unique[slot] = token;
      }
      i32[slots + n] = slot;
    }
    for (let n = 0; n < distinct; n++) slotOf[unique[n]] = -1;
    this.distinct = distinct;
    if (!layout.hostInput) return;
    if (layout.embedding) this.loadTernaryRows();
    else this.loadOneHot();
  }

  private loadOneHot(): void {
    const { unique, distinct } = this;
    const { f32, i16 } = this.views;
    const { input, width, scheme } = this.layout;
    const activations = scheme ? i16 : f32;
    const base = input / (scheme ? 2 : 4);
    activations.fill(0, base, base + distinct * width);
    const code = scheme ? oneHotCode(scheme) : 1;
    for (let n = 0; n < distinct; n++) activations[base + n * width + unique[n]] = code;
  }

  private loadTernaryRows(): void {
    const { unique, distinct } = this;
    const { i16, f32 } = this.views;
    const { input, params, embedding } = this.layout;
    const { offset, width } = embedding!;
    const from = params / 4 + offset;
    for (let n = 0; n < distinct; n++) {
      const row = from + unique[n] * width;
      const to = input / 2 + n * width;
      for (let k = 0; k < width; k++) i16[to + k] = ternaryActivation(f32[row + k]);
    }
  }

  /** values [rows][channels]. */
  private loadTernary(values: Float32Array): void {
    const { i16 } = this.views;
    const { input, width, layers } = this.layout;
    const channels = layers[0].inputSize;
    for (let n = 0, to = input / 2; n < values.length; n += channels, to += width) {
      for (let k = 0; k < channels; k++) i16[to + k] = ternaryActivation(values[n + k]);
    }
  }

  /** What a program must know of the input that was loaded last. */
  mark(program: Placed, backward: boolean): void {
    const { distinct, layout } = this;
    program.set('distinct', distinct);
    if (!layout.symbols || !backward) return;
    this.markChunks(program);
    if (!layout.embedding) return;
    for (let n = 0; n < distinct; n++) this.touched.add(this.unique[n]);
  }

  private markChunks(program: Placed): void {
    const { distinct } = this;
    const { uniqueMax, columnScales, layers } = this.layout;
    for (let from = 0; from < uniqueMax; from += EXACT_PRODUCTS) {
      const count = Math.min(EXACT_PRODUCTS, Math.max(0, distinct - from));
      const rows = this.layout.scheme ? (count + 1) & ~1 : count;
      const mark = chunkMark(from / EXACT_PRODUCTS);
      program.set(`${mark}.rows`, count);
      program.set(`${mark}.panel`, rows * PANEL * (this.layout.scheme ? 2 : 4));
      program.set(`${mark}.depth`, this.layout.scheme ? rows / 2 : rows);
      program.set(`${mark}.lowScales`, lowScalesOf(columnScales, count, layers[0].n));
    }
  }

  /** Embedding rows of the last gradient to 0: the next one adds to what is there. */
  clearGradient(): void {
    const { embedding, grads } = this.layout;
    if (!embedding) return;
    const base = grads / 4 + embedding.offset;
    for (const token of this.touched) {
      const at = base + token * embedding.width;
      this.views.f32.fill(0, at, at + embedding.width);
    }
    this.touched.clear();
  }
}
